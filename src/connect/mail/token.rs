//! Tokens in place of passwords.

use std::sync::Arc;

use crate::base::failure::Failure;
use crate::connect::registry::Call;

/// What the credentials are known by that a token for `call` is got with; `None` where the settings have none.
#[cfg(feature = "http")]
pub fn name(call: &Call) -> Option<String> {
    crate::connect::http::token_credentials(call).map(|credentials| credentials.name(&call.connector.connector.name))
}

/// A token by which `call` signs in; `None` where the settings have nothing that leads to one. `stale` is one that was refused.
///
/// # Errors
/// What comes of asking for one.
#[cfg(feature = "http")]
pub async fn current(call: &Call, stale: Option<&str>) -> Result<Option<Arc<str>>, Failure> {
    crate::connect::http::token(call, stale).await
}

/// Tokens come over HTTP.
#[cfg(not(feature = "http"))]
pub fn name(_: &Call) -> Option<String> {
    None
}

/// Tokens come over HTTP.
#[cfg(not(feature = "http"))]
pub async fn current(_: &Call, _: Option<&str>) -> Result<Option<Arc<str>>, Failure> {
    Ok(None)
}
