//! The texts that stand for something: how an address, a moment, a duration looks.

use std::sync::Arc;

use base64::Engine as _;

use super::Shape;
use crate::base::time::Duration;
use crate::base::value::Value;

/// The value that `text` stands for as a `shape`, which is one of the checked texts.
pub(super) fn read(shape: &Shape, text: &Arc<str>) -> Result<Value, String> {
    match shape {
        Shape::Email => email(text).map(|()| Value::Text(text.clone())),
        Shape::Url => url::Url::parse(text)
            .map(|_| Value::Text(text.clone()))
            .map_err(|error| format!("{error}; a url begins with its scheme, such as `https://`")),
        Shape::Uuid => uuid::Uuid::parse_str(text)
            .map(|_| Value::Text(text.clone()))
            .map_err(|_| "a uuid looks like `67e55044-10b1-426f-9247-bb680e5fe0c8`".to_owned()),
        Shape::Date => {
            text.parse().map(Value::Date).map_err(|_: jiff::Error| "a date looks like `2026-03-29`".to_owned())
        }
        Shape::DateTime => datetime(text),
        Shape::Duration => text.parse::<Duration>().map(Value::Duration),
        Shape::Bytes => base64::engine::general_purpose::STANDARD
            .decode(text.as_bytes())
            .map(|bytes| Value::Bytes(bytes.into()))
            .map_err(|_| "bytes are written in base64".to_owned()),
        _ => unreachable!("only the checked texts are read"),
    }
}

fn email(text: &str) -> Result<(), String> {
    let wrong = || Err("an address looks like `ada@example.com`".to_owned());
    let Some((local, domain)) = text.rsplit_once('@') else { return wrong() };
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '<' | '>' | ',' | ';' | '@' | '"');
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let fits = !local.is_empty()
        && local.chars().all(plain)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && domain.split('.').all(is_label);
    if fits { Ok(()) } else { wrong() }
}

/// RFC 3339, or with the name of a zone in brackets behind it.
fn datetime(text: &str) -> Result<Value, String> {
    if let Ok(zoned) = text.parse::<jiff::Zoned>() {
        return Ok(Value::DateTime(Arc::new(zoned)));
    }
    let wrong = "a datetime looks like `2026-03-29T10:30:00Z`, with a zone or an offset";
    let pieces = jiff::fmt::temporal::Pieces::parse(text).map_err(|_| wrong.to_owned())?;
    let offset = match pieces.offset() {
        Some(jiff::fmt::temporal::PiecesOffset::Numeric(offset)) => offset.offset(),
        Some(_) => jiff::tz::Offset::UTC,
        None => return Err(wrong.to_owned()),
    };
    let moment = text.parse::<jiff::Timestamp>().map_err(|_| wrong.to_owned())?;
    Ok(Value::DateTime(Arc::new(moment.to_zoned(jiff::tz::TimeZone::fixed(offset)))))
}

/// Whether a name can be written without quotes.
pub(super) fn is_word(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_') && chars.all(|c| c.is_alphanumeric() || c == '_')
}
