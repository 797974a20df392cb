//! Where a credential may go without encryption: to this machine itself, and where somebody wrote `http://`, in the settings or in
//! the connector. A host that may be asked is none of these for that alone.

use reqwest::Url;
use url::Host;

use super::client::shown;
use super::guard::Allowed;
use crate::base::failure::{Failure, Kind};
use crate::base::value::Value;
use crate::connect::connectors::Configured;
use crate::lang::plan::Connector;

/// Whether credentials of `connector` may go to `url`. `allowed` are the hosts that the settings name.
///
/// # Errors
/// `auth_error` with what to write where it is meant.
pub fn check(connector: &Configured, allowed: &Allowed, url: &Url) -> Result<(), Failure> {
    if url.scheme() == "https" || is_here(url) || allowed.names_plainly(url) || is_written(connector, url) {
        return Ok(());
    }
    let (host, name) = (url.host_str().unwrap_or_default(), &connector.connector.name);
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let message = format!(
        "credentials of `{name}` would go to {} unencrypted, where others can read them: ask `https://{host}`; where it is \
         meant, set `http.allow_hosts = [\"http://{host}{port}\"]`",
        shown(url)
    );
    Err(Failure::new(Kind::AuthError, message).detail("host", host))
}

/// Whether `url` leads no further than this machine.
pub fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(v4)) => v4.is_loopback(),
        Some(Host::Ipv6(v6)) => v6.to_canonical().is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Whether a setting of the connector, or the connector itself, says `http://` and this origin.
fn is_written(connector: &Configured, url: &Url) -> bool {
    let settings = connector.config.as_map().into_iter().flatten().filter_map(|(_, value)| value.as_text());
    let is_it =
        |text: &str| text.starts_with("http://") && Url::parse(text).is_ok_and(|it| it.origin() == url.origin());
    let declared = &connector.connector;
    settings.chain(addresses(declared)).any(is_it)
        || Allowed::new(declared.defaults.hosts.iter().cloned()).names_plainly(url)
}

/// The addresses that stand in the `auth` lines of a connector as they are.
fn addresses(connector: &Connector) -> impl Iterator<Item = &str> {
    let own = connector.operations.values().flat_map(|operation| &operation.shaping.auth);
    let fields = connector.auth.iter().chain(own).flat_map(|auth| &auth.fields);
    fields.filter_map(|(_, field)| field.constant().and_then(Value::as_text))
}
