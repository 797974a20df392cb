//! An answer as programs see it, and the failure it stands for.

use std::sync::Arc;

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};

use super::client::{Answer, shown};
use crate::base::failure::{Failure, Kind};
use crate::base::time::{Duration, Timestamp};
use crate::base::value::{Map, Value};
use crate::lang::plan::connector::RetryAfter;

/// How long what the far side says may get in a message.
const COMPLAINT_CHARS_MAX: usize = 300;
/// A year, and the least number that is a moment in seconds since 1970.
const YEAR_MILLIS: f64 = 31_536_000_000.0;
const EPOCH_SECONDS_MIN: f64 = 1_000_000_000.0;
/// Headers in which services name a request, for their support.
const REQUEST_IDS: [&str; 5] = ["x-request-id", "request-id", "x-slack-req-id", "x-arequestid", "x-amzn-requestid"];

/// How a body is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum As {
    /// By its content type.
    Declared,
    /// As JSON, whatever it says.
    Json,
    /// As text.
    Text,
    /// As it is.
    Bytes,
}

impl As {
    /// From the parameter `as`.
    ///
    /// # Errors
    /// `validation_error` for another word.
    pub fn named(word: &Value) -> Result<Self, Failure> {
        Ok(match word {
            Value::Unit => Self::Declared,
            word => match word.as_text() {
                Some("json") => Self::Json,
                Some("text") => Self::Text,
                Some("bytes") => Self::Bytes,
                _ => {
                    let message = format!("`as` must be \"json\", \"text\" or \"bytes\", is {word}");
                    return Err(Failure::new(Kind::ValidationError, message));
                }
            },
        })
    }
}

/// `{ status, headers, body }`
///
/// # Errors
/// `validation_error` where a body that was to be JSON is none.
pub fn value(answer: &Answer, reading: As) -> Result<Value, Failure> {
    let body = match (&answer.saved, reading) {
        (Some(saved), _) => with_type(saved.to_value(), media_type(answer).0),
        (None, As::Declared) => by_content_type(answer),
        // There is none where the status says so: `204` to a DELETE, above all.
        (None, As::Json) if answer.body.is_empty() && is_bodiless(answer.status) => Value::Unit,
        (None, As::Json) => serde_json::from_slice(json(&answer.body)).map(Value::from_json).map_err(|error| {
            Failure::new(Kind::ValidationError, format!("the answer of {} is no JSON: {error}", shown(&answer.url)))
        })?,
        (None, As::Text) => text(&answer.body, media_type(answer).1).into(),
        (None, As::Bytes) => Value::Bytes(answer.body.clone().into()),
    };
    Ok(Value::map([
        ("status", Value::Int(answer.status.as_u16().into())),
        ("headers", headers(&answer.headers)),
        ("body", body),
    ]))
}

/// What is told of a file, with its media type where the far side says one.
fn with_type(file: Value, media: String) -> Value {
    let mut file = file.as_map().cloned().unwrap_or_default();
    file.insert("type".into(), if media.is_empty() { Value::Unit } else { media.into() });
    file.into()
}

/// The JSON in a body: some services put a mark of UTF-8 before it, which JSON does not know.
fn json(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)
}

/// Whether an answer of this status has no body.
fn is_bodiless(status: StatusCode) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED)
}

/// Names in lower case; several of one name are joined by commas.
fn headers(headers: &HeaderMap) -> Value {
    let mut map = Map::new();
    for (name, value) in headers {
        let text = String::from_utf8_lossy(value.as_bytes());
        let joined = match map.get(name.as_str()) {
            Some(before) => format!("{before}, {text}"),
            None => text.into_owned(),
        };
        map.insert(name.as_str().into(), joined.into());
    }
    map.into()
}

fn by_content_type(answer: &Answer) -> Value {
    if answer.body.is_empty() {
        return Value::Unit;
    }
    let (media, charset) = media_type(answer);
    let is_json = media == "application/json" || media.ends_with("+json") || media == "text/json";
    let may_be_json = media.is_empty() && matches!(json(&answer.body).trim_ascii_start().first(), Some(b'{' | b'['));
    if (is_json || may_be_json)
        && let Ok(json) = serde_json::from_slice(json(&answer.body))
    {
        return Value::from_json(json);
    }
    let is_text = is_json
        || media.starts_with("text/")
        || media.ends_with("xml")
        || media.ends_with("javascript")
        || media == "application/x-www-form-urlencoded"
        || media == "application/x-ndjson";
    if is_text || (media.is_empty() && std::str::from_utf8(&answer.body).is_ok()) {
        return text(&answer.body, charset).into();
    }
    Value::Bytes(answer.body.clone().into())
}

/// The media type of an answer in lower case, and the charset where one is stated: `text/csv; charset=iso-8859-1`.
fn media_type(answer: &Answer) -> (String, Option<&str>) {
    let stated = answer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = stated.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default().to_ascii_lowercase();
    let charset = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    });
    (media, charset)
}

/// The text that a body is, in the charset it is stated in; UTF-8 where none is stated, or one that nobody knows.
fn text(body: &[u8], charset: Option<&str>) -> String {
    let encoding = charset.and_then(|label| encoding_rs::Encoding::for_label(label.as_bytes()));
    encoding.unwrap_or(encoding_rs::UTF_8).decode(body).0.into_owned()
}

/// The failure that `answer` stands for: `kind` was found by a rule or by the status.
pub fn failure(kind: Kind, message: Option<Arc<str>>, operation: &str, answer: &Answer, response: &Value) -> Failure {
    let body = response.get("body").cloned().unwrap_or_default();
    let status = answer.status;
    let message = message.unwrap_or_else(|| {
        let status = match status.canonical_reason() {
            Some(reason) => format!("{} {reason}", status.as_u16()),
            None => status.as_u16().to_string(),
        };
        match complaint(&body) {
            Some(complaint) => format!("{operation}: {} answered {status}: {complaint}", shown(&answer.url)).into(),
            None => format!("{operation}: {} answered {status}", shown(&answer.url)).into(),
        }
    });
    let mut failure = Failure::new(kind, message);
    failure.status = Some(status.as_u16());
    failure.body = body;
    let id = REQUEST_IDS.iter().find_map(|name| answer.headers.get(*name)?.to_str().ok());
    if let Some(id) = id {
        failure = failure.detail("request_id", id);
    }
    failure.detail("url", Value::Text(shown(&answer.url)))
}

/// What the far side says is wrong, where it says so in one of the usual places.
fn complaint(body: &Value) -> Option<String> {
    let text = match body {
        Value::Text(text) => {
            let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
            // A page for browsers says nothing to the reader of an error.
            (!line.starts_with('<')).then(|| line.to_owned())?
        }
        Value::List(items) => items.iter().find_map(complaint)?,
        Value::Map(map) => {
            let plain = ["message", "error_description", "detail", "title", "error", "reason"];
            let named = plain.iter().find_map(|name| map.get(*name)?.as_text().map(ToOwned::to_owned));
            let listed = || {
                let texts = map.get("errorMessages")?.as_list()?.iter().map(ToString::to_string);
                let fields = map.get("errors").and_then(Value::as_map).into_iter().flatten();
                let all: Vec<String> = texts.chain(fields.map(|(field, text)| format!("{field}: {text}"))).collect();
                (!all.is_empty()).then(|| all.join("; "))
            };
            let nested = || complaint(map.get("error")?);
            let several = || complaint(map.get("errors")?);
            named.or_else(listed).or_else(nested).or_else(several)?
        }
        _ => return None,
    };
    let short: String = text.chars().take(COMPLAINT_CHARS_MAX).collect();
    (!short.is_empty()).then_some(short)
}

/// How long the far side asks to wait: by the header that is declared, or by `Retry-After`.
pub fn retry_after(headers: &HeaderMap, declared: Option<&RetryAfter>, now: Timestamp) -> Option<Duration> {
    match declared {
        Some(declared) => pause(headers, declared, now),
        None => pause(headers, &RetryAfter::Header(RETRY_AFTER.as_str().into()), now),
    }
}

/// How long the far side asks to wait where it says that no call is left.
pub fn used_up(headers: &HeaderMap, left: &str, reset: &RetryAfter, now: Timestamp) -> Option<Duration> {
    let left: f64 = headers.get(left)?.to_str().ok()?.trim().parse().ok()?;
    if left > 0.0 { None } else { pause(headers, reset, now) }
}

/// What a header says: a number of seconds or milliseconds, or a moment, as a number since 1970 or as a date.
fn pause(headers: &HeaderMap, declared: &RetryAfter, now: Timestamp) -> Option<Duration> {
    let (name, scale) = match declared {
        RetryAfter::Header(name) => (name, 1_000.0),
        RetryAfter::Millis(name) => (name, 1.0),
    };
    let text = headers.get(&**name)?.to_str().ok()?.trim();
    let moment = match text.parse::<f64>() {
        // Beyond a year nobody means a pause; the casts cannot overflow below that.
        Ok(number) if (0.0..YEAR_MILLIS / scale).contains(&number) => {
            return Some(Duration((number * scale).ceil() as i64));
        }
        Ok(number) if (EPOCH_SECONDS_MIN..EPOCH_SECONDS_MIN * 1_000.0).contains(&number) => {
            Timestamp::from_second(number as i64).ok()?
        }
        Ok(number) if number >= EPOCH_SECONDS_MIN * 1_000.0 => Timestamp::from_millisecond(number as i64).ok()?,
        Ok(_) => return None,
        Err(_) => match jiff::fmt::rfc2822::parse(text) {
            Ok(date) => date.timestamp(),
            Err(_) => text.parse().ok()?,
        },
    };
    Some(Duration(Duration::between(now, moment).0.max(0)))
}
