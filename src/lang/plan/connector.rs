//! Connectors as data: what `connect` needs to carry out an operation.

use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::formula::{Formula, Script};
use super::source::Source;
use super::workflow::Functions;
use crate::base::failure;
use crate::base::id::Digest;
use crate::base::shape::Field;
use crate::base::span::Span;
use crate::base::time::Duration;
use crate::base::value::{Map, Value};
use crate::lang::catalog::{BASE_URL, Signature};

/// The status of an example's answer where it states none.
pub const STATUS_DEFAULT: u16 = 200;

/// A connector.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Connector {
    /// Its name.
    pub name: Arc<str>,
    /// Its title.
    pub title: Option<Arc<str>>,
    /// What it is for.
    pub doc: Option<Arc<str>>,
    /// Its fingerprint.
    pub digest: Digest,
    /// What must or may be set, with defaults that may read `env` and `secret`.
    pub config: Vec<(Field, Option<Formula>)>,
    /// How it proves who asks; the first whose values are all there is taken.
    pub auth: Vec<Auth>,
    /// What every operation does unless it says otherwise.
    pub defaults: Shaping,
    /// Its operations.
    pub operations: IndexMap<Arc<str>, Arc<Operation>>,
    /// The operation that proves the credentials.
    pub check: Option<Arc<str>>,
    /// Its triggers.
    pub sources: Vec<Source>,
    /// The `fn`s of the file it is declared in.
    pub functions: Functions,
}

/// The environment variable that sets a field of a connector: what no shell can set in a name is `_`, such as the dot of `house.crm`.
pub fn variable(connector: &str, field: &str) -> String {
    let word = |name: &str| -> String {
        name.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect::<String>().to_uppercase()
    };
    format!("FLOW_CONNECTOR_{}_{}", word(connector), word(field))
}

impl Connector {
    /// The operation that its trigger `source` asks by, if it asks by one.
    pub fn polled(&self, source: &str) -> Option<&Arc<Operation>> {
        let source = self.sources.iter().find(|known| *known.name == *source)?;
        self.operations.get(source.poll()?.calls()?)
    }
}

/// An operation: its signature and how it is carried out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Operation {
    /// What it takes, gives, and what repeating it means.
    pub signature: Arc<Signature>,
    /// What comes before the request, by name, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ahead: Vec<(Arc<str>, Ahead)>,
    /// The request; `None` where the body is in Rust.
    pub request: Option<Request>,
    /// What shapes this request and reads its answer.
    pub shaping: Shaping,
    /// Contract, mock and documentation in one.
    pub examples: Vec<Example>,
}

/// What comes before the request that counts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Ahead {
    /// A request; its answer is kept.
    Request(Request),
    /// A file, by its path; its name and length are kept.
    File(Formula),
}

impl Operation {
    /// The requests in order; the one that counts comes last.
    pub fn requests(&self) -> impl Iterator<Item = &Request> {
        let ahead = self.ahead.iter().filter_map(|(_, ahead)| match ahead {
            Ahead::Request(request) => Some(request),
            Ahead::File(_) => None,
        });
        ahead.chain(&self.request)
    }
}

/// The request of a declared operation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// The method.
    pub method: Arc<str>,
    /// The path, or a whole URL.
    pub url: Url,
    /// `query headers body form multipart raw related as save`, as far as written.
    pub fields: IndexMap<Arc<str>, Formula>,
}

/// A path made of fixed text and of values that are escaped into it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Url {
    /// In order.
    pub pieces: Vec<UrlPiece>,
}

/// A piece of a path.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum UrlPiece {
    /// As it is.
    Text(Arc<str>),
    /// Escaped as one segment, except at the very start of the URL, where it is taken as it is.
    Value(Formula),
}

/// What shapes a request and reads its answer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Shaping {
    /// Query parameters for every request, an object.
    pub query: Option<Formula>,
    /// Headers for every request, an object.
    pub headers: Option<Formula>,
    /// Where credentials may go beside `base_url`: `host`, `host:port`, `*.domain`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<Arc<str>>,
    /// How it proves who asks, where it differs.
    pub auth: Vec<Auth>,
    /// How many in how long.
    pub limit: Option<(u64, Duration)>,
    /// Where the answer says how long to wait.
    pub retry_after: Option<RetryAfter>,
    /// The header with how many calls are left, and where the answer says when there will be more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining: Option<(Arc<str>, RetryAfter)>,
    /// Which answers are failures, and which are none although their status says so; the first that holds counts.
    #[serde(rename = "fails")]
    pub rules: Vec<Rule>,
    /// How the next page is asked for.
    pub paginate: Option<Paginate>,
    /// What the operation gives; the body where absent.
    pub output: Option<Formula>,
    /// Bound on one attempt.
    pub timeout: Option<Duration>,
}

/// Where an answer says how long to wait.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum RetryAfter {
    /// In a header, in seconds or as a moment.
    Header(Arc<str>),
    /// In a header, in milliseconds.
    Millis(Arc<str>),
}

/// `fail TYPE "text" when expr`, `accept when expr`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rule {
    /// The type of the failure; `None` where the answer is none.
    pub kind: Option<failure::Kind>,
    /// The message.
    pub message: Option<Formula>,
    /// When this is true.
    pub when: Option<Script>,
}

/// `paginate KIND { ... }`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Paginate {
    /// How.
    pub kind: PageKind,
    /// The part of the request that carries the cursor or number: `query.cursor`, `body.start`.
    pub send: Option<(Arc<str>, Arc<str>)>,
    /// The next cursor or URL, from `response`; `()` or an empty text ends it.
    pub next: Option<Script>,
    /// The items of a page, from `response`.
    pub items: Script,
    /// How many items a page has, where the kind counts them.
    pub size: Option<Formula>,
    /// How many items are wanted; all of them where it is `()`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Formula>,
    /// How many pages at most.
    pub max: Option<u64>,
    /// Whether the last answer is wanted beside the items of all pages: `{ items, response }`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
}

/// How pages are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PageKind {
    /// The answer names the next one.
    Cursor,
    /// They are numbered.
    Page,
    /// By how many items came before.
    Offset,
    /// The answer has a `Link` header or a URL.
    Link,
}

/// `auth SCHEME ...`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Auth {
    /// `bearer basic header query oauth2 jwt none`
    pub scheme: Arc<str>,
    /// What follows on the line.
    pub args: Vec<Formula>,
    /// What stands in its braces, an object.
    pub fields: Vec<(Arc<str>, Formula)>,
    /// Where it stands.
    pub span: Span,
}

impl Auth {
    /// Whether a person must sign in for it.
    pub fn needs_login(&self) -> bool {
        let is_login =
            |formula: &Formula| matches!(formula, Formula::Constant(grant) if grant.as_text() == Some(LOGIN));
        &*self.scheme == "oauth2" && self.fields.iter().any(|(name, field)| &**name == "grant" && is_login(field))
    }

    /// Where the connector lives, as the answer says that brings a token.
    pub fn base_url(&self) -> Option<&Formula> {
        self.fields.iter().find(|(name, _)| &**name == BASE_URL).map(|(_, formula)| formula)
    }
}

/// The grant for which a person signs in, in a browser.
pub const LOGIN: &str = "authorization_code";

/// `example OPERATION params gets answer gives output`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Example {
    /// With what.
    pub params: Value,
    /// The answers of what is asked ahead, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ahead: Vec<Answer>,
    /// The status of the answer of the request that counts.
    pub status: u16,
    /// Its headers.
    pub headers: Value,
    /// Its body.
    pub gets: Value,
    /// What the operation makes of it.
    pub gives: Option<Value>,
    /// The failure it makes of it.
    pub fails: Option<failure::Kind>,
    /// Where it stands.
    pub span: Span,
}

impl Example {
    /// The answers in the order of the requests; that of the one that counts comes last.
    pub fn answers(&self) -> impl Iterator<Item = Answer> {
        let counts = Answer { status: self.status, headers: self.headers.clone(), body: self.gets.clone() };
        self.ahead.iter().cloned().chain([counts])
    }
}

/// The answer of one request, in an example.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: Value,
    /// Its body.
    pub body: Value,
}

impl Answer {
    /// As the connector's expressions see an answer: `{ status, headers, body }`.
    pub fn to_value(&self) -> Value {
        Value::map([
            ("status", Value::Int(self.status.into())),
            ("headers", self.headers.clone()),
            ("body", self.body.clone()),
        ])
    }
}

impl Default for Answer {
    fn default() -> Self {
        Self { status: STATUS_DEFAULT, headers: Value::from(Map::new()), body: Value::Unit }
    }
}
