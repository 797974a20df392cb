//! A request as it came and what is answered, whatever carries them.

use std::net::IpAddr;
use std::sync::Arc;

use crate::base::shape::Misfit;
use crate::base::time::Timestamp;
use crate::base::value::{Map, Value};

/// Headers that prove who somebody is: no run gets to see them.
const SECRET_HEADERS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "x-api-key"];

/// A request, with its whole body.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `GET`, `POST` and so on.
    pub method: String,
    /// The path as it was sent, percent signs and all.
    pub path: String,
    /// What follows `?`.
    pub query: String,
    /// Names in lower case, with their values.
    pub headers: Vec<(String, String)>,
    /// The body, byte by byte.
    pub body: Vec<u8>,
    /// From where it came, if that is known.
    pub from: Option<IpAddr>,
    /// Who has proved to have sent it.
    pub caller: Option<Arc<str>>,
}

impl Request {
    /// The first header of this name, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let all = self.headers.iter().filter(|(known, _)| known == "cookie").flat_map(|(_, value)| value.split(';'));
        all.filter_map(|pair| pair.trim().split_once('=')).find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Its whole address as the sender wrote it, as far as that can be told: a proxy before the server says by which scheme and
    /// host it was asked.
    pub fn url(&self) -> String {
        let first = |name: &str| self.header(name)?.split(',').next().map(str::trim).filter(|text| !text.is_empty());
        let host = first("x-forwarded-host").or_else(|| self.header("host")).unwrap_or_default();
        let is_here = host.starts_with("localhost") || host.starts_with("127.") || host.starts_with("[::1]");
        let scheme = first("x-forwarded-proto").unwrap_or(if is_here { "http" } else { "https" });
        let mark = if self.query.is_empty() { "" } else { "?" };
        format!("{scheme}://{host}{}{mark}{}", self.path, self.query)
    }

    /// The fields of the query, or of a form, in their order.
    pub fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
        url::form_urlencoded::parse(encoded).into_owned().collect()
    }

    /// What the body is, by its content type.
    ///
    /// # Errors
    /// Where it says that it is JSON, and is none.
    pub fn content(&self) -> Result<Value, Refusal> {
        let media = self.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default();
        let media = media.trim().to_ascii_lowercase();
        if self.body.is_empty() {
            return Ok(Value::Unit);
        }
        let is_json = media == "application/json" || media.ends_with("+json");
        let may_be_json = media.is_empty() && matches!(self.body.trim_ascii_start().first(), Some(b'{' | b'['));
        if is_json || may_be_json {
            let json = serde_json::from_slice(&self.body);
            return json
                .map(Value::from_json)
                .map_err(|error| Refusal::new(400, format!("the body is no JSON: {error}")));
        }
        if media == "application/x-www-form-urlencoded" {
            return Ok(gathered(Self::pairs(&self.body)));
        }
        Ok(match std::str::from_utf8(&self.body) {
            Ok(text) => text.into(),
            Err(_) => Value::Bytes(self.body.as_slice().into()),
        })
    }

    /// What `trigger` is to a workflow that a request starts: all but what proves who sent it.
    pub fn to_trigger(&self, kind: &str, parts: &Map, body: Value, now: Timestamp) -> Map {
        let mut headers = Map::new();
        for (name, value) in self.headers.iter().filter(|(name, _)| !SECRET_HEADERS.contains(&name.as_str())) {
            let joined = match headers.get(name.as_str()) {
                Some(before) => format!("{before}, {value}"),
                None => value.clone(),
            };
            headers.insert(name.as_str().into(), joined.into());
        }
        let raw = std::str::from_utf8(&self.body).map_or(Value::Unit, Into::into);
        let host = self.header("host").map_or(Value::Unit, Into::into);
        let mark = if self.query.is_empty() { "" } else { "?" };
        Map::from_iter([
            ("type".into(), kind.into()),
            ("method".into(), self.method.as_str().into()),
            ("url".into(), format!("{}{mark}{}", self.path, self.query).into()),
            ("host".into(), host),
            ("path".into(), parts.clone().into()),
            ("received_at".into(), Value::moment(now)),
            ("query".into(), gathered(Self::pairs(self.query.as_bytes()))),
            ("headers".into(), headers.into()),
            ("body".into(), body),
            ("raw".into(), raw),
            ("ip".into(), self.from.map_or(Value::Unit, |from| from.to_string().into())),
            ("caller".into(), self.caller.clone().map_or(Value::Unit, Into::into)),
        ])
    }
}

/// Fields by name; what is there more than once is a list.
fn gathered(pairs: Vec<(String, String)>) -> Value {
    let mut all: Map = Map::new();
    for (name, text) in pairs {
        let value = match all.get(name.as_str()) {
            None => text.into(),
            Some(Value::List(before)) => Value::list(before.iter().cloned().chain([text.into()])),
            Some(before) => Value::list([before.clone(), text.into()]),
        };
        all.insert(name.into(), value);
    }
    all.into()
}

/// What is answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Headers, `content-type` among them.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Nothing but a status.
    pub fn empty(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// What is answered to whoever asks whether anybody is there, if they asked for something.
    pub fn to_challenge(value: &Value) -> Option<Self> {
        match value {
            Value::Unit | Value::Null | Value::Bool(false) => None,
            Value::Text(text) => Some(Self::typed(200, "text/plain; charset=utf-8", text.as_bytes().to_vec())),
            other => Some(Self::json(200, other)),
        }
    }

    /// A value as JSON.
    pub fn json(status: u16, value: &Value) -> Self {
        Self::typed(status, "application/json", value.to_json().to_string().into_bytes())
    }

    /// A page.
    pub fn page(status: u16, html: String) -> Self {
        Self::typed(status, "text/html; charset=utf-8", html.into_bytes())
    }

    /// A body of some type.
    pub fn typed(status: u16, media: &str, body: Vec<u8>) -> Self {
        Self { status, headers: vec![("content-type".to_owned(), media.to_owned())], body }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// Why a request is not answered as it was meant: what goes into a problem document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// What is wrong, for people.
    pub detail: String,
    /// What does not fit, by path.
    pub faults: Vec<Misfit>,
    /// What else is known: the run, the type of its error.
    pub more: Map,
    /// Headers that go with it.
    pub headers: Vec<(String, String)>,
}

impl Refusal {
    /// A refusal with its reason.
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), ..Self::default() }
    }

    /// With one more thing that is known.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.into(), value.into());
        self
    }
}
