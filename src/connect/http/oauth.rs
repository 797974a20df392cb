//! `auth oauth2` and `auth jwt`: tokens are fetched once for all waiting calls, kept until shortly before they expire, and renewed
//! when a service refuses one. What the far side gave in place of what the settings say, a refresh token that it rotates above
//! all, lies in the vault before it is used.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::client::{Bounds, Broken, Clients};
use super::grant;
use crate::base::failure::{Failure, Kind};
use crate::base::time::{Duration, Timestamp};
use crate::base::value::{Map, Value};
use crate::connect::connectors::{Configured, Environment};
use crate::connect::credentials::Credentials;
use crate::connect::vault::{Held, Vault, VaultError};

/// How long before its end a token counts as expired, so that none expires on its way.
const EARLY: Duration = Duration::seconds(60);

/// The tokens of one connector, by who asks where.
#[derive(Debug, Default)]
pub struct Tokens {
    known: Mutex<HashMap<String, Arc<tokio::sync::Mutex<State>>>>,
}

#[derive(Debug, Default)]
struct State {
    issued: Option<Issued>,
    /// Whether it waits for the vault: nothing of it is used before it is there.
    unkept: bool,
    /// How long before its end it counts as expired, where that is less than for others: one that lasts no longer is used at all.
    early: Option<Duration>,
    /// When none was given, and why.
    refused: Option<(Instant, Failure)>,
}

/// What the far side gave.
#[derive(Clone)]
pub struct Issued {
    /// The token that requests carry.
    pub access: Arc<str>,
    /// When it expires; `None` where the far side does not say.
    pub until: Option<Timestamp>,
    /// What the next one is asked for with, where it takes the place of the one in the settings.
    pub refresh: Option<Arc<str>>,
    /// Where the connector lives, where the far side was to say so.
    pub base_url: Option<Arc<str>>,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issued").field("until", &self.until).finish_non_exhaustive()
    }
}

impl Issued {
    /// As the vault keeps it.
    pub fn to_value(&self) -> Value {
        let mut kept = Map::new();
        kept.insert("access_token".into(), self.access.clone().into());
        if let Some(until) = self.until {
            kept.insert("until".into(), until.to_string().into());
        }
        if let Some(refresh) = &self.refresh {
            kept.insert("refresh_token".into(), refresh.clone().into());
        }
        if let Some(base_url) = &self.base_url {
            kept.insert("base_url".into(), base_url.clone().into());
        }
        kept.into()
    }

    fn from_value(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_text);
        Some(Self {
            access: text("access_token")?.into(),
            until: text("until").and_then(|until| until.parse().ok()),
            refresh: text("refresh_token").map(Arc::from),
            base_url: text("base_url").map(Arc::from),
        })
    }
}

/// Who asks for a token, and with what.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// The connector.
    pub connector: &'a Configured,
    /// Its `auth` with its values.
    pub credentials: &'a Credentials,
    /// What connections there are.
    pub clients: &'a Clients,
    /// How long it may take, and where it may go.
    pub bounds: &'a Bounds,
    /// Where it runs.
    pub environment: &'a Environment,
}

impl Tokens {
    /// A token that should be good. `stale` is one that was refused: unless it has been replaced meanwhile, a new one is
    /// fetched.
    ///
    /// # Errors
    /// `auth_error` where the far side gives none or the vault cannot be used, or what the connection does.
    pub async fn current(&self, asker: &Asker<'_>, stale: Option<&str>) -> Result<Issued, Broken> {
        let name = asker.credentials.name(&asker.connector.connector.name);
        let state = {
            // Whoever held the lock did not leave half a change behind.
            let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            known.entry(name.clone()).or_default().clone()
        };
        let came = Instant::now();
        // Held while the token is fetched: the others wait for this one instead of fetching their own.
        let mut state = state.lock().await;
        // They are told what this one is told, too: who asks again and again with what is refused is locked out.
        if let Some((_, failure)) = state.refused.as_ref().filter(|(at, _)| *at > came) {
            return Err(Broken::definite(failure.clone()));
        }
        // Nothing has been asked of the service itself, whatever comes of this.
        let renewed = state.renew(asker, &name, stale).await;
        renewed.map_err(|broken| {
            state.refused = Some((Instant::now(), broken.failure.clone()));
            Broken::definite(broken.failure)
        })
    }
}

impl State {
    /// What was given, if it serves still.
    fn good(&self, asker: &Asker<'_>, stale: Option<&str>) -> Option<&Issued> {
        let early = self.early.unwrap_or(EARLY);
        self.issued.as_ref().filter(|issued| {
            // One that was kept before the connector asked where it lives does not say so.
            let says_where = issued.base_url.is_some() || asker.credentials.base_url.is_none();
            let lasts = issued.until.is_none_or(|until| until > early.after(Timestamp::now()));
            says_where && lasts && Some(&*issued.access) != stale
        })
    }

    async fn renew(&mut self, asker: &Asker<'_>, name: &str, stale: Option<&str>) -> Result<Issued, Broken> {
        self.keep(asker, name)?;
        if let Some(issued) = self.good(asker, stale) {
            return Ok(issued.clone());
        }
        let vault = asker.environment.vault.as_ref().filter(|_| asker.credentials.is_renewed_by_what_came());
        // Other processes renew the same credential: none asks with a refresh token that another has just used.
        let _held = match vault {
            Some(vault) => Some(hold(vault, name, asker.bounds).await?),
            None => None,
        };
        if let Some(kept) = vault.map(|vault| vault.read(name)).transpose().map_err(unusable)?.flatten() {
            (self.issued, self.early) = (Issued::from_value(&kept), None);
        }
        let known = self.issued.iter().flat_map(|issued| [Some(&issued.access), issued.refresh.as_ref()]).flatten();
        known.for_each(|secret| asker.environment.mask.learn(secret));
        if let Some(issued) = self.good(asker, stale) {
            return Ok(issued.clone());
        }
        let before = self.issued.take();
        let fetched = grant::fetch(asker, before.as_ref().and_then(|before| before.refresh.as_deref())).await;
        let fetched = fetched.inspect_err(|_| self.issued.clone_from(&before))?;
        let known = before.as_ref().and_then(|before| before.base_url.clone());
        let moved = before.is_some() && fetched.base_url.is_some() && fetched.base_url != known;
        self.unkept = vault.is_some() && (fetched.refresh.is_some() || moved);
        let refresh = fetched.refresh.clone().or(before.and_then(|before| before.refresh));
        let issued = Issued { refresh, base_url: fetched.base_url.clone().or(known), ..fetched };
        let lasts = issued.until.map(|until| Duration::between(Timestamp::now(), until));
        self.early = lasts.map(|lasts| Duration(lasts.0 / 2).min(EARLY));
        self.issued = Some(issued.clone());
        self.keep(asker, name)?;
        Ok(issued)
    }

    /// Puts into the vault what is not there yet.
    fn keep(&mut self, asker: &Asker<'_>, name: &str) -> Result<(), Broken> {
        if let (true, Some(vault), Some(issued)) = (self.unkept, &asker.environment.vault, &self.issued) {
            vault.keep(name, &issued.to_value()).map_err(unusable)?;
            self.unkept = false;
        }
        Ok(())
    }
}

async fn hold(vault: &Arc<Vault>, name: &str, bounds: &Bounds) -> Result<Held, Broken> {
    let (own, credential) = (vault.clone(), name.to_owned());
    let holding = tokio::task::spawn_blocking(move || own.hold(&credential));
    match tokio::time::timeout(bounds.left(), holding).await {
        Ok(Ok(held)) => held.map_err(unusable),
        _ => {
            let message = format!("another process has been renewing `{name}` for longer than {}", bounds.timeout);
            Err(Broken::definite(Failure::new(Kind::Timeout, message)))
        }
    }
}

fn unusable(error: VaultError) -> Broken {
    Broken::definite(Failure::new(Kind::AuthError, error.to_string()))
}
