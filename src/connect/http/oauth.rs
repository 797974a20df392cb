//! `auth oauth2`: tokens are fetched once for all waiting calls, kept until shortly before they expire, and renewed when a
//! service refuses one. A refresh token that the far side rotates takes the place of the one from the settings.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use reqwest::Url;

use super::answer::{self, As};
use super::client::{Bounds, Broken, Clients, send, shown};
use super::draft::Parts;
use crate::base::failure::{Failure, Kind};
use crate::base::value::{Map, Value};
use crate::connect::connectors::Environment;
use crate::connect::credentials::Credentials;

/// How long before its end a token counts as expired, so that none expires on its way.
const EARLY: Duration = Duration::from_secs(60);

/// The tokens of one connector, by who asks where.
#[derive(Debug, Default)]
pub struct Tokens {
    known: Mutex<HashMap<String, Arc<tokio::sync::Mutex<State>>>>,
}

#[derive(Debug, Default)]
struct State {
    access: Option<Access>,
    /// The refresh token that the far side gave last.
    refresh: Option<String>,
}

#[derive(Debug)]
struct Access {
    token: String,
    /// `None` where the far side does not say when it ends.
    until: Option<Instant>,
}

impl Tokens {
    /// A token that should be good. `stale` is one that was refused: unless it has been replaced meanwhile, a new one is
    /// fetched.
    ///
    /// # Errors
    /// `auth_error` where the far side gives none, or what the connection to it does.
    pub async fn current(
        &self,
        credentials: &Credentials,
        url: Url,
        clients: &Clients,
        bounds: &Bounds,
        environment: &Environment,
        stale: Option<&str>,
    ) -> Result<String, Broken> {
        let id = ["client_id", "refresh_token", "scope"].map(|name| credentials.value(name, None).unwrap_or_default());
        let state = {
            // Whoever held the lock did not leave half a change behind.
            let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            known.entry(format!("{url} {id:?}")).or_default().clone()
        };
        // Held while the token is fetched: the others wait for this one instead of fetching their own.
        let mut state = state.lock().await;
        if let Some(access) = &state.access
            && Some(access.token.as_str()) != stale
            && access.until.is_none_or(|until| until > Instant::now())
        {
            return Ok(access.token.clone());
        }
        let fetched = fetch(credentials, state.refresh.as_deref(), url, clients, bounds, environment).await;
        // Nothing has been asked of the service itself, whatever came of this.
        let (access, refresh) = fetched.map_err(|broken| Broken::definite(broken.failure))?;
        let token = access.token.clone();
        state.access = Some(access);
        if refresh.is_some() {
            state.refresh = refresh;
        }
        Ok(token)
    }
}

async fn fetch(
    credentials: &Credentials,
    rotated: Option<&str>,
    url: Url,
    clients: &Clients,
    bounds: &Bounds,
    environment: &Environment,
) -> Result<(Access, Option<String>), Broken> {
    let field = |name: &str| credentials.value(name, None);
    let grant = credentials.grant();
    let mut form = Map::new();
    form.insert("grant_type".into(), grant.as_str().into());
    if grant == "refresh_token" {
        let refresh = rotated.map(ToOwned::to_owned).or_else(|| field("refresh_token")).unwrap_or_default();
        form.insert("refresh_token".into(), refresh.into());
    }
    for name in ["scope", "audience", "resource"] {
        if let Some(value) = field(name) {
            form.insert(name.into(), value.into());
        }
    }
    let (client, secret) = (field("client_id").unwrap_or_default(), field("client_secret"));
    let mut headers = Map::new();
    headers.insert("accept".into(), "application/json".into());
    match secret {
        Some(secret) if field("client_auth").as_deref() == Some("basic") => {
            let pair = base64::engine::general_purpose::STANDARD.encode(format!("{client}:{secret}"));
            environment.mask.learn(&pair);
            headers.insert("authorization".into(), format!("Basic {pair}").into());
        }
        secret => {
            form.insert("client_id".into(), client.into());
            if let Some(secret) = secret {
                form.insert("client_secret".into(), secret.into());
            }
        }
    }
    let parts = Parts { method: "POST".into(), url: url.to_string(), headers, form: form.into(), ..Parts::default() };
    let asked = Instant::now();
    let answer = send(clients, parts.draft(environment).map_err(Broken::definite)?, bounds).await?;
    let response =
        answer::value(&answer, As::Json).or_else(|_| answer::value(&answer, As::Declared)).map_err(Broken::definite)?;
    let body = response.get("body").cloned().unwrap_or_default();
    let token = body.get("access_token").and_then(Value::as_text);
    match (Kind::from_status(answer.status.as_u16()), token) {
        (None, Some(token)) => {
            environment.mask.learn(token);
            let seconds = body.get("expires_in").and_then(|seconds| seconds.to_string().parse::<f64>().ok());
            let lifetime = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            let refresh = body.get("refresh_token").and_then(Value::as_text).map(ToOwned::to_owned);
            if let Some(refresh) = &refresh {
                environment.mask.learn(refresh);
            }
            let until = lifetime.and_then(|lifetime| asked.checked_add(lifetime.saturating_sub(EARLY)));
            Ok((Access { token: token.to_owned(), until }, refresh))
        }
        (None, None) => {
            let message = format!("{} gave no token", shown(&url));
            Err(Broken::definite(Failure::new(Kind::AuthError, message)))
        }
        (Some(kind), _) => {
            // A token that is refused for any reason of ours is a matter of credentials (`invalid_grant` is a 400).
            let kind = match kind {
                kind @ (Kind::ServerError | Kind::RateLimited | Kind::Timeout) => kind,
                _ => Kind::AuthError,
            };
            let mut failure = answer::failure(kind, None, "oauth2", &answer, &response);
            failure.body = body.get("error").cloned().unwrap_or_default();
            Err(Broken::definite(failure))
        }
    }
}
