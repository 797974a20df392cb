//! What a request carries, read with a bound on its size and its time.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::limit::Limits;
use super::problem::Problem;
use super::server::Server;
use crate::base::value::Value;

/// JSON that was sent, as a value; `()` for an empty body.
pub struct Sent(pub Value);

impl Sent {
    /// What was sent, where it is an object that says something, or nothing at all.
    ///
    /// # Errors
    /// If it is anything else, or says something that is not asked for.
    pub fn read<T: DeserializeOwned + Default>(self) -> Result<T, Problem> {
        match self.0.to_json() {
            _ if self.0.is_unit() => Ok(T::default()),
            json @ Json::Object(_) => serde_json::from_value(json)
                .map_err(|error| Problem::bad_request(format!("the body does not say what is asked for: {error}"))),
            _ => Err(Problem::bad_request("the body must be a JSON object, or empty")),
        }
    }
}

impl FromRequest<Server> for Sent {
    type Rejection = Problem;

    async fn from_request(request: Request, server: &Server) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read(&parts.headers, body, server.limits()).await?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(Value::Unit));
        }
        must_be_json(&parts.headers)?;
        let json = serde_json::from_slice(&bytes)
            .map_err(|error| Problem::bad_request(format!("the body is no JSON: {error}")))?;
        Ok(Self(Value::from_json(json)))
    }
}

/// All of a body. What is announced as too large is not read at all.
///
/// # Errors
/// If it is larger than allowed, takes too long, or the connection breaks.
pub(super) async fn read(headers: &HeaderMap, body: Body, limits: Limits) -> Result<Bytes, Problem> {
    let Limits { body_bytes: most, patience, .. } = limits;
    let too_large = || Problem::too_large(format!("{most} bytes are the most that is read (`--body-bytes`)"));
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > most as u64) {
        return Err(too_large());
    }
    match tokio::time::timeout(patience, to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_bound(&error) => Err(too_large()),
        Ok(Err(error)) => Err(Problem::bad_request(format!("the body broke off: {error}"))),
        Err(_) => Err(Problem::too_slow(format!("a body must be there within {patience:?}"))),
    }
}

/// Whether reading ended because of the bound.
fn is_bound(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<http_body_util::LengthLimitError>())
}

fn must_be_json(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(given) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let given = given.to_str().unwrap_or_default();
    let kind = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind == "application/json" || kind.starts_with("application/") && kind.ends_with("+json") {
        return Ok(());
    }
    Err(Problem::unsupported(format!("the body is `{given}`; send JSON, with `Content-Type: application/json`")))
}
