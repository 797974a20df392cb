//! Tokens for what does not itself speak HTTP: the same credentials, got and renewed in the same way.

use std::sync::Arc;

use super::oauth::Asker;
use super::{auth, exchange};
use crate::base::failure::Failure;
use crate::connect::credentials::Credentials;
use crate::connect::registry::Call;

/// With what a token for `call` is got; `None` where no `auth` line that leads to one has all its values.
pub fn token_credentials(call: &Call) -> Option<Credentials> {
    let credentials = auth::credentials(call).ok().flatten()?;
    matches!(&*credentials.scheme, "bearer" | "oauth2" | "jwt").then_some(credentials)
}

/// A token that should be good. `stale` is one that was refused; where there is no other, there is none.
///
/// # Errors
/// What comes of asking for one.
pub async fn token(call: &Call, stale: Option<&str>) -> Result<Option<Arc<str>>, Failure> {
    let Some(credentials) = token_credentials(call) else { return Ok(None) };
    if &*credentials.scheme == "bearer" {
        let given = credentials.value("token", Some(0)).map(Arc::from);
        return Ok(given.filter(|token: &Arc<str>| Some(&**token) != stale));
    }
    let clients = call.connector.http.clients(&call.connector, &call.environment)?;
    let bounds = exchange::bounds(call);
    let asker = Asker {
        connector: &call.connector,
        credentials: &credentials,
        clients: &clients,
        bounds: &bounds,
        environment: &call.environment,
    };
    let token = call.connector.http.tokens.current(&asker, stale).await;
    token.map(|issued| Some(issued.access)).map_err(|broken| broken.failure)
}
