//! Proving who asks: the first `auth` whose values are all there, put into the request.

use base64::Engine as _;

use super::client::{Bounds, Broken, Clients};
use super::draft::{Draft, Proof};
use super::home;
use super::oauth::{Asker, Issued};
use super::plain;
use super::scope::Scope;
use super::template::library;
use crate::base::failure::{Failure, Kind};
use crate::connect::credentials::Credentials;
use crate::connect::registry::Call;
use crate::lang::plan::connector::Auth;
use crate::lang::plan::{Root, With};

/// What a request of `call` proves itself with; `None` where nothing asks for a proof.
///
/// # Errors
/// `auth_error` where a proof is asked for and no alternative has all its values.
pub fn credentials(call: &Call) -> Result<Option<Credentials>, Failure> {
    if let Some(given) = Credentials::from_value(&call.act.auth) {
        return if given.is_complete() { Ok(Some(given)) } else { Err(missing(call)) };
    }
    let own = &call.act.operation.shaping.auth;
    let alternatives = if own.is_empty() { &call.connector.connector.auth } else { own };
    let mut unsigned = None;
    for auth in alternatives {
        let evaluated = evaluate(call, auth)?;
        if evaluated.is_complete() {
            if !evaluated.needs_login() || is_signed_in(call, &evaluated) {
                return Ok(Some(evaluated));
            }
            unsigned.get_or_insert(evaluated);
        }
    }
    // It will say that somebody must sign in.
    if alternatives.is_empty() || unsigned.is_some() { Ok(unsigned) } else { Err(missing(call)) }
}

fn evaluate(call: &Call, auth: &Auth) -> Result<Credentials, Failure> {
    // By the settings alone: who asks is the same one wherever its token says that the connector lives.
    let roots = With { root: Root::Config, value: &call.connector.config, others: &Scope::new(call) };
    Credentials::of(auth, library(&call.connector.connector), &roots)
}

fn is_signed_in(call: &Call, credentials: &Credentials) -> bool {
    let vault = call.environment.vault.as_ref();
    vault.is_some_and(|vault| vault.holds(&credentials.name(&call.connector.connector.name)))
}

fn missing(call: &Call) -> Failure {
    let connector = &call.connector.connector.name;
    Failure::new(
        Kind::AuthError,
        format!("no credentials for `{connector}`: none of its `auth` lines has all its values"),
    )
}

/// Puts `credentials` into `draft`, and gives the token where it is one that was fetched. `stale` is the token that was refused with a 401.
///
/// # Errors
/// What comes of fetching a token; nothing has been asked of the service itself then.
pub async fn apply(
    call: &Call,
    credentials: &Credentials,
    draft: &mut Draft,
    clients: &Clients,
    bounds: &Bounds,
    stale: Option<&str>,
) -> Result<Option<Issued>, Broken> {
    if &*credentials.scheme == "none" {
        return Ok(None);
    }
    let mask = &call.environment.mask;
    let value = |name, place| credentials.value(name, Some(place)).unwrap_or_default();
    let issued = match &*credentials.scheme {
        "bearer" => {
            draft.header("authorization", &format!("Bearer {}", value("token", 0))).map_err(Broken::definite)?;
            None
        }
        "basic" => {
            let pair = format!("{}:{}", value("user", 0), value("password", 1));
            let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
            mask.learn(&encoded);
            draft.header("authorization", &format!("Basic {encoded}")).map_err(Broken::definite)?;
            None
        }
        "header" => {
            draft.header(&value("name", 0), &value("value", 1)).map_err(Broken::definite)?;
            None
        }
        "query" => {
            draft.url.query_pairs_mut().append_pair(&value("name", 0), &value("value", 1));
            None
        }
        "oauth2" | "jwt" => {
            let asker =
                Asker { connector: &call.connector, credentials, clients, bounds, environment: &call.environment };
            let issued = call.connector.http.tokens.current(&asker, stale).await?;
            home::follow(call, &issued, &mut draft.url).map_err(Broken::definite)?;
            draft.header("authorization", &format!("Bearer {}", issued.access)).map_err(Broken::definite)?;
            Some(issued)
        }
        other => {
            let message = format!("`auth {other}` is no scheme");
            return Err(Broken::definite(Failure::new(Kind::AuthError, message)));
        }
    };
    // Where it goes is known only now: a new token may say that the connector has moved.
    plain::check(&call.connector, &bounds.allowed, &draft.url).map_err(Broken::definite)?;
    draft.proof = Proof::Head;
    Ok(issued)
}
