//! `http.get`, `.head`, `.post`, `.put`, `.patch`, `.delete`, `.request`: any address.

use jiff::fmt::rfc2822::{self, DateTimePrinter};
use reqwest::StatusCode;
use reqwest::header::{
    ETAG, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE, LAST_MODIFIED,
};

use crate::run::world::BoxFuture;

use super::answer::As;
use super::client::{Answer, Broken};
use super::draft::Parts;
use super::exchange::{Exchange, Manner, bounds};
use super::template::extend;
use crate::base::failure::{Failure, Kind};
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::connect::registry::{Call, Native, Natives};
use crate::run::world::Outcome;

/// What asks for an answer only if something has changed, or has not.
const CONDITIONS: [(&str, HeaderName); 4] = [
    ("if_none_match", IF_NONE_MATCH),
    ("if_modified_since", IF_MODIFIED_SINCE),
    ("if_match", IF_MATCH),
    ("if_unmodified_since", IF_UNMODIFIED_SINCE),
];

/// Binds the operations of the standard library's `http`.
pub fn register(natives: &mut Natives) {
    for method in ["get", "head", "post", "put", "patch", "delete"] {
        natives.bind(format!("http.{method}"), Generic(Some(method)));
    }
    natives.bind("http.request", Generic(None));
}

/// A request with this method, or with the one that the call names.
struct Generic(Option<&'static str>);

impl Native for Generic {
    fn call(&self, call: Call) -> BoxFuture<'static, Outcome> {
        let method = self.0;
        Box::pin(async move {
            match send(&call, method).await {
                Ok(value) => Outcome::done(value),
                Err(Broken { failure, certain }) => Outcome { certain, ..Outcome::failed(failure) },
            }
        })
    }
}

async fn send(call: &Call, method: Option<&'static str>) -> Result<Value, Broken> {
    let parts = parts(call, method).map_err(Broken::definite)?;
    let reading = As::named(&call.param("as")).map_err(Broken::definite)?;
    let exchange = Exchange::new(call, bounds(call)).map_err(Broken::definite)?;
    let (answer, response) = exchange.send(&parts, Manner { reading, trusted: true, counts: true }).await?;
    Ok(with_version(&answer, response))
}

/// An answer, and what it says of the version of what lies there.
fn with_version(answer: &Answer, response: Value) -> Value {
    let header = |name| answer.headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let etag = header(ETAG).map(|etag| ("etag", etag.into()));
    let modified = header(LAST_MODIFIED).and_then(|text| rfc2822::parse(text).ok());
    let modified = modified.map(|modified| ("modified", Value::moment(modified.timestamp())));
    let unchanged = (answer.status == StatusCode::NOT_MODIFIED).then(|| ("not_modified", true.into()));
    let mut version = etag.into_iter().chain(modified).chain(unchanged).peekable();
    if version.peek().is_none() {
        return response;
    }
    let mut fields = response.as_map().cloned().unwrap_or_default();
    fields.extend(version.map(|(name, value)| (name.into(), value)));
    fields.into()
}

fn parts(call: &Call, method: Option<&'static str>) -> Result<Parts, Failure> {
    let method = match method {
        Some(method) => method.into(),
        None => call.text("method")?,
    };
    let mut parts = Parts {
        method: method.to_string(),
        url: call.text("url")?.to_string(),
        body: call.param("body"),
        form: call.param("form"),
        multipart: call.param("multipart"),
        raw: call.param("raw"),
        save: call.param("save"),
        ..Parts::default()
    };
    extend(&mut parts.query, "query", call.param("query"))?;
    extend(&mut parts.headers, "headers", call.param("headers"))?;
    for (name, header) in CONDITIONS {
        let value = match call.param(name) {
            Value::Unit => continue,
            Value::DateTime(moment) => date(moment.timestamp())?,
            text => match text.as_text().and_then(|text| text.parse().ok()) {
                Some(moment) => date(moment)?,
                None => text,
            },
        };
        parts.headers.insert(header.as_str().into(), value);
    }
    Ok(parts)
}

/// A moment as headers say it.
fn date(moment: Timestamp) -> Result<Value, Failure> {
    let text = DateTimePrinter::new().timestamp_to_rfc9110_string(&moment);
    text.map(Value::from).map_err(|error| Failure::new(Kind::ValidationError, error.to_string()))
}
