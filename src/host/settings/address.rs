//! Where a connector is sent by its settings: an address that requests can be built on, and one on which nobody reads credentials.

use url::Url;

use super::code;
use super::configure::is_address;
use crate::base::diagnostic::Diagnostic;
use crate::base::shape::Field;
use crate::base::span::Span;
use crate::base::value::Value;
use crate::connect::http::plain;
use crate::lang::catalog::{BASE_URL, base_url_fault};
use crate::lang::plan::connector::Connector;

/// Reports what is wrong with `value`, the setting `field` of `connector`, if it is an address.
pub(super) fn check(
    connector: &Connector,
    field: &Field,
    value: &Value,
    span: Span,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Some(text) = value.as_text().filter(|_| is_address(field)) else { return };
    let name = format!("{}.{}", connector.name, field.name);
    let asks = connector.operations.values().any(|operation| operation.request.is_some());
    if &*field.name == BASE_URL
        && asks
        && let Some((fault, hint)) = base_url_fault(text)
    {
        diagnostics.push(Diagnostic::error(code::MISFIT, span, format!("`{name}` {fault}")).hint(hint));
    }
    let Ok(url) = Url::parse(text) else { return };
    let proves = connector.auth.iter().any(|auth| &*auth.scheme != "none");
    if url.scheme() == "http" && proves && !plain::is_here(&url) {
        let host = url.host_str().unwrap_or_default();
        let message =
            format!("`{name}` says `http://{host}`: credentials of `{}` go there unencrypted", connector.name);
        let hint = format!("write `https://{host}` if it can; whoever is on the way reads them otherwise");
        diagnostics.push(Diagnostic::warning(code::PLAIN, span, message).hint(hint));
    }
}
