//! The request of a declared operation, filled in.

use super::draft::Parts;
use super::scope::Scope;
use crate::base::failure::{Failure, Kind};
use crate::base::value::{Map, Value};
use crate::connect::registry::Call;
use crate::lang::plan::connector::{Request, UrlPiece};
use crate::lang::plan::{Connector, Formula};
use crate::lang::script::Library;

/// The functions that the connector's expressions may call.
pub fn library(connector: &Connector) -> &Library {
    connector.functions.library()
}

/// The parts of the request that `request` describes.
///
/// # Errors
/// `script_error` of an expression, `validation_error` where the parts do not fit together.
pub fn fill(call: &Call, request: &Request) -> Result<Parts, Failure> {
    let connector = &*call.connector.connector;
    let scope = Scope::new(call);
    let library = library(connector);
    let value = |formula: &Formula| Ok::<_, Failure>(formula.evaluate(library, &scope)?.without_absent());
    let field = |name: &str| request.fields.get(name).map_or(Ok(Value::Unit), &value);
    let shaping = &call.act.operation.shaping;
    let mut parts = Parts { method: request.method.to_string(), url: address(call, request)?, ..Parts::default() };
    for formula in [&connector.defaults.query, &shaping.query].into_iter().flatten() {
        extend(&mut parts.query, "query", value(formula)?)?;
    }
    for formula in [&connector.defaults.headers, &shaping.headers].into_iter().flatten() {
        extend(&mut parts.headers, "headers", value(formula)?)?;
    }
    extend(&mut parts.query, "query", field("query")?)?;
    extend(&mut parts.headers, "headers", field("headers")?)?;
    parts.body = field("body")?;
    parts.form = field("form")?;
    parts.multipart = field("multipart")?;
    parts.raw = field("raw")?;
    parts.related = field("related")?;
    parts.save = field("save")?;
    Ok(parts)
}

/// Puts the entries of `value` over those of `map`.
pub fn extend(map: &mut Map, name: &str, value: Value) -> Result<(), Failure> {
    match value {
        Value::Unit => {}
        Value::Map(entries) => {
            for (key, value) in entries.iter() {
                map.insert(key.clone(), value.clone());
            }
        }
        other => {
            let message = format!("`{name}` must be an object, is of type {}", other.type_name());
            return Err(Failure::new(Kind::ValidationError, message));
        }
    }
    Ok(())
}

/// The whole address: the connector's `base_url` before a path, values escaped.
fn address(call: &Call, request: &Request) -> Result<String, Failure> {
    let connector = &*call.connector.connector;
    let (scope, library) = (Scope::new(call), library(connector));
    let pieces = &request.url.pieces;
    let mut text = String::new();
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            UrlPiece::Text(piece) => text.push_str(piece),
            UrlPiece::Value(formula) => {
                let value = formula.evaluate(library, &scope)?;
                if index == 0 {
                    text.push_str(&value.to_string());
                    continue;
                }
                let opens = text.ends_with('/');
                let closes = match pieces.get(index + 1) {
                    None => true,
                    Some(UrlPiece::Text(next)) => next.starts_with(['/', '?', '#']),
                    Some(UrlPiece::Value(_)) => false,
                };
                let segment = escaped(&value.to_string());
                // An empty segment, or one that climbs, would ask for something else than was meant.
                if value.is_unit() || (opens && closes && matches!(segment.as_str(), "" | "." | "..")) {
                    let operation = call.act.operation.signature.full_name();
                    let message = format!("{operation}: the address needs a value where {} stands", shown(&value));
                    return Err(Failure::new(Kind::ValidationError, message));
                }
                text.push_str(&segment);
            }
        }
    }
    if text.starts_with("http://") || text.starts_with("https://") {
        return Ok(text);
    }
    match call.base_url() {
        Some(base) => Ok(format!("{}/{}", base.trim_end_matches('/'), text.trim_start_matches('/'))),
        None => Err(Failure::new(
            Kind::ValidationError,
            format!(
                "the connector `{0}` has no `base_url`: set FLOW_CONNECTOR_{1}_BASE_URL",
                connector.name,
                connector.name.to_uppercase()
            ),
        )),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Unit => "()".to_owned(),
        other => format!("{:?}", other.to_string()),
    }
}

/// A value as one segment of a path: everything but unreserved characters is escaped.
fn escaped(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
