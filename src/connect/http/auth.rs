//! Proving who asks: the first `auth` whose values are all there, put into the request.

use std::sync::Arc;

use base64::Engine as _;

use super::client::{Bounds, Broken, Clients};
use super::draft::Draft;
use super::oauth::Asker;
use super::scope::Scope;
use super::template::library;
use crate::base::failure::{Failure, Kind};
use crate::base::value::{Map, Value};
use crate::connect::credentials::Credentials;
use crate::connect::registry::Call;
use crate::lang::plan::connector::Auth;

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

fn evaluate(call: &Call, auth: &Auth) -> Result<Credentials, Failure> {
    let (scope, library) = (Scope::new(call), library(&call.connector.connector));
    let args: Result<Vec<Value>, Failure> = auth.args.iter().map(|arg| arg.evaluate(library, &scope)).collect();
    let fields: Result<Map, Failure> =
        auth.fields.iter().map(|(name, field)| Ok((name.clone(), field.evaluate(library, &scope)?))).collect();
    Ok(Credentials { scheme: auth.scheme.clone(), args: args?, fields: fields? })
}

/// Puts `credentials` into `draft`. `stale` is the token that was refused with a 401.
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
) -> Result<Option<Arc<str>>, Broken> {
    let mask = &call.environment.mask;
    let value = |name, place| credentials.value(name, Some(place)).unwrap_or_default();
    match &*credentials.scheme {
        "none" => Ok(None),
        "bearer" => {
            draft.header("authorization", &format!("Bearer {}", value("token", 0))).map_err(Broken::definite)?;
            Ok(None)
        }
        "basic" => {
            let pair = format!("{}:{}", value("user", 0), value("password", 1));
            let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
            mask.learn(&encoded);
            draft.header("authorization", &format!("Basic {encoded}")).map_err(Broken::definite)?;
            Ok(None)
        }
        "header" => {
            draft.header(&value("name", 0), &value("value", 1)).map_err(Broken::definite)?;
            Ok(None)
        }
        "query" => {
            draft.url.query_pairs_mut().append_pair(&value("name", 0), &value("value", 1));
            Ok(None)
        }
        "oauth2" | "jwt" => {
            let asker = Asker {
                connector: &call.connector.connector.name,
                credentials,
                clients,
                bounds,
                environment: &call.environment,
            };
            let token = call.connector.http.tokens.current(&asker, stale).await?;
            draft.header("authorization", &format!("Bearer {token}")).map_err(Broken::definite)?;
            Ok(Some(token))
        }
        other => Err(Broken::definite(Failure::new(Kind::AuthError, format!("`auth {other}` is no scheme")))),
    }
}
