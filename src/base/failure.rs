//! What went wrong while a program ran: the `error` that handlers see.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::span::Span;
use super::time::Duration;
use super::value::{Map, Value};

/// The type of a failure: what `on TYPE` matches.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The far side could not be reached, or the connection broke.
    ConnectionError,
    /// It took longer than allowed.
    Timeout,
    /// The far side asks for a slower pace.
    RateLimited,
    /// Credentials are missing, wrong or worn out.
    AuthError,
    /// Credentials are right but do not suffice.
    PermissionDenied,
    /// What was asked for is not there.
    NotFound,
    /// What was asked for contradicts the state of the far side.
    Conflict,
    /// What was sent, or came back, has not the agreed form.
    ValidationError,
    /// The far side failed.
    ServerError,
    /// It may or may not have happened, and nobody can know.
    OutcomeUnknown,
    /// A bound of the language or of the program was met.
    LimitExceeded,
    /// An expression could not be computed.
    ScriptError,
    /// A child run or a question was withdrawn by others.
    Cancelled,
    /// A type the program made up with `fail` or `throw`.
    #[serde(untagged)]
    Own(Arc<str>),
}

/// The built-in kinds with their names in programs.
pub const KINDS: [(&str, Kind); 13] = [
    ("connection_error", Kind::ConnectionError),
    ("timeout", Kind::Timeout),
    ("rate_limited", Kind::RateLimited),
    ("auth_error", Kind::AuthError),
    ("permission_denied", Kind::PermissionDenied),
    ("not_found", Kind::NotFound),
    ("conflict", Kind::Conflict),
    ("validation_error", Kind::ValidationError),
    ("server_error", Kind::ServerError),
    ("outcome_unknown", Kind::OutcomeUnknown),
    ("limit_exceeded", Kind::LimitExceeded),
    ("script_error", Kind::ScriptError),
    ("cancelled", Kind::Cancelled),
];

impl Kind {
    /// The kind a program calls `name`; a name that is not built in is the program's own.
    pub fn named(name: &str) -> Self {
        let known = KINDS.into_iter().find(|(word, _)| *word == name);
        known.map_or_else(|| Self::Own(name.into()), |(_, kind)| kind)
    }

    /// Its name in programs.
    pub fn name(&self) -> &str {
        match self {
            Self::Own(name) => name,
            built_in => built_in.built_in().unwrap_or("error"),
        }
    }

    /// The name of a kind that is built in.
    pub fn built_in(&self) -> Option<&'static str> {
        KINDS.iter().find(|(_, kind)| kind == self).map(|(name, _)| *name)
    }

    /// Whether the short form of `retry` tries again after it: what passes by itself, and is known not to have happened.
    pub fn is_worth_retrying(&self) -> bool {
        matches!(self, Self::ConnectionError | Self::Timeout | Self::RateLimited | Self::ServerError)
    }

    /// The kind that stands for an HTTP status; `None` for a status that is no failure.
    pub fn from_status(status: u16) -> Option<Self> {
        Some(match status {
            ..=399 => return None,
            401 => Self::AuthError,
            403 => Self::PermissionDenied,
            404 | 410 => Self::NotFound,
            408 => Self::Timeout,
            409 | 412 | 423 => Self::Conflict,
            429 => Self::RateLimited,
            400..=499 => Self::ValidationError,
            _ => Self::ServerError,
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One failure, as far as it is known where it happens. The machine adds which step and which attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// Its type.
    pub kind: Kind,
    /// What happened, for people.
    pub message: Arc<str>,
    /// The HTTP status or the like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What the far side said.
    #[serde(default)]
    pub body: Value,
    /// Whatever else is known, by name.
    #[serde(default)]
    pub details: Map,
    /// The failure that led to this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Arc<Failure>>,
    /// How long the far side asks to wait before another attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<Duration>,
    /// The place in the program that broke, where it is known more closely than the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<Span>,
}

impl Failure {
    /// A failure of which only type and message are known.
    pub fn new(kind: Kind, message: impl Into<Arc<str>>) -> Self {
        Self {
            kind,
            message: message.into(),
            status: None,
            body: Value::Unit,
            details: Map::new(),
            cause: None,
            retry_after: None,
            span: None,
        }
    }

    /// An expression that could not be computed.
    pub fn script(message: impl Into<Arc<str>>) -> Self {
        Self::new(Kind::ScriptError, message)
    }

    /// Adds a detail.
    #[must_use]
    pub fn detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.into(), value.into());
        self
    }

    /// Names the place in the program that broke.
    #[must_use]
    pub fn at(self, span: Span) -> Self {
        Self { span: Some(span), ..self }
    }

    /// Names the failure that led here.
    #[must_use]
    pub fn because(mut self, cause: Self) -> Self {
        self.cause = Some(Arc::new(cause));
        self
    }

    /// As programs see it: `error.type`, `error.message` and so on. `step` and `attempt` are added by who knows them.
    pub fn to_value(&self) -> Map {
        let mut map = Map::new();
        map.insert("type".into(), self.kind.name().into());
        map.insert("message".into(), Value::Text(self.message.clone()));
        map.insert("status".into(), self.status.map_or(Value::Unit, |status| Value::Int(status.into())));
        map.insert("body".into(), self.body.clone());
        map.insert("details".into(), Value::from(self.details.clone()));
        map.insert("cause".into(), self.cause.as_ref().map_or(Value::Unit, |cause| Value::from(cause.to_value())));
        map
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)
    }
}
