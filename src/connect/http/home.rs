//! Where a connector lives: what its settings say, otherwise what the answer said that brought its token.

use std::sync::Arc;

use reqwest::Url;

use super::auth;
use super::client::{Bounds, Broken};
use super::draft::address;
use super::oauth::{Asker, Issued};
use crate::base::failure::{Failure, Kind};
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::connect::connectors::{Configured, Environment};
use crate::connect::registry::Call;
use crate::lang::catalog::base_url_fault;
use crate::lang::plan::{Root, Roots, With};

/// Finds out where the connector of `call` lives, where only its token can tell.
///
/// # Errors
/// What comes of fetching the token; nothing has been asked of the service itself then.
pub async fn find(call: &mut Call, bounds: &Bounds) -> Result<(), Broken> {
    if call.base_url().is_some() {
        return Ok(());
    }
    let Some(credentials) = auth::credentials(call).map_err(Broken::definite)? else { return Ok(()) };
    if credentials.base_url.is_none() {
        return Ok(());
    }
    let clients = call.connector.http.clients(&call.connector, &call.environment).map_err(Broken::definite)?;
    let asker = Asker {
        connector: &call.connector,
        credentials: &credentials,
        clients: &clients,
        bounds,
        environment: &call.environment,
    };
    let issued = call.connector.http.tokens.current(&asker, None).await?;
    if issued.base_url.is_none() {
        return Err(Broken::definite(silent(&call.connector)));
    }
    call.found = issued.base_url;
    Ok(())
}

/// Sends a request of `call` to where `issued` says that the connector lives now, if that has changed since its address was made.
pub fn follow(call: &Call, issued: &Issued, url: &mut Url) -> Result<(), Failure> {
    let (Some(before), Some(now)) = (&call.found, &issued.base_url) else { return Ok(()) };
    if before != now
        && let Some(rest) = url.as_str().strip_prefix(before.trim_end_matches('/'))
    {
        *url = address(&format!("{}{rest}", now.trim_end_matches('/')))?;
    }
    Ok(())
}

/// Where the connector lives by `response`, the answer of `token_url` that brings a token.
///
/// # Errors
/// `auth_error` where what is said there is no address, or one less guarded than that of the token.
pub fn stated(asker: &Asker<'_>, token_url: &Url, response: &Value) -> Result<Option<Arc<str>>, Failure> {
    let Some(formula) = &asker.credentials.base_url else { return Ok(None) };
    let library = asker.connector.connector.functions.library();
    let own = Own { connector: asker.connector, environment: asker.environment };
    // An answer without it says nothing.
    let stated = formula.evaluate(library, &With { root: Root::Response, value: response, others: &own });
    let stated = stated.unwrap_or_default();
    let Some(text) = stated.as_text().filter(|text| !text.is_empty()) else { return Ok(None) };
    let url = address(text).map_err(|failure| Failure { kind: Kind::AuthError, ..failure })?;
    if token_url.scheme() == "https" && url.scheme() != "https" {
        let name = &asker.connector.connector.name;
        let message = format!("the answer with the token says that `{name}` lives at {text}, which is not `https:`");
        return Err(Failure::new(Kind::AuthError, message));
    }
    if let Some((fault, _)) = base_url_fault(text) {
        let name = &asker.connector.connector.name;
        let message = format!("the answer with the token says that `{name}` lives at {text}, which {fault}");
        return Err(Failure::new(Kind::AuthError, message));
    }
    Ok(Some(text.trim_end_matches('/').into()))
}

fn silent(connector: &Configured) -> Failure {
    let name = &connector.connector.name;
    let variable = format!("FLOW_CONNECTOR_{}_BASE_URL", name.to_uppercase());
    let message = format!("the answer with the token does not say where `{name}` lives: set {variable}");
    Failure::new(Kind::AuthError, message)
}

/// What a connector's expressions see where nothing has been called.
struct Own<'a> {
    connector: &'a Configured,
    environment: &'a Environment,
}

impl Roots for Own<'_> {
    fn root(&self, root: &Root) -> Option<Value> {
        matches!(root, Root::Config).then(|| self.connector.config.clone())
    }
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
    fn draw(&self) -> u64 {
        0
    }
    fn print(&self, _: &str) {}
    fn env(&self, name: &str) -> Option<Value> {
        self.environment.settings.env(name)
    }
    fn secret(&self, name: &str) -> Option<Value> {
        self.environment.settings.secret(name)
    }
}
