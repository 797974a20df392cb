//! Connectors and personas as declared.

use super::block::{Declarations, Fail, Output};
use super::trigger::TriggerClause;
use super::types::{Declare, Type};
use super::value::{Arg, Code, Expr, Field, Name, Object, Text, Value};
use crate::base::span::Span;

/// `connector NAME "Title" { ... }`
#[derive(Clone, Debug)]
pub struct Connector {
    /// The `///` above it.
    pub doc: Option<Text>,
    /// Its name.
    pub name: Name,
    /// Its title.
    pub title: Option<Text>,
    /// In order.
    pub items: Vec<ConnectorItem>,
    /// All of it.
    pub span: Span,
}

/// What may stand in a connector.
#[derive(Clone, Debug)]
pub enum ConnectorItem {
    /// `config { ... }`
    Config(Declarations),
    /// What holds for every operation.
    Default(RequestItem),
    /// `read operation list(...) -> T { ... }`
    Operation(Box<Operation>),
    /// `check list_channels`
    Check(Name),
    /// `example post_message { ... } gets 200 { ... } gives { ... }`
    Example(Box<Example>),
    /// `webhook message -> Message { ... }`, `poll changes(...) -> Change every 5m { ... }`
    Source(Box<Source>),
    /// `verify` and `challenge`, for every webhook that does not say otherwise.
    Hook(TriggerClause),
}

/// `read operation NAME(params) -> type { request and clauses }`
#[derive(Clone, Debug)]
pub struct Operation {
    /// The `///` above it.
    pub doc: Option<Text>,
    /// What repeating it means; the checker asks for it where it is missing.
    pub effect: Option<Effect>,
    /// Whether its body is in Rust.
    pub native: bool,
    /// Its name.
    pub name: Name,
    /// What it takes.
    pub params: Vec<Declare>,
    /// What it gives.
    pub result: Option<Type>,
    /// What comes before it, in order.
    pub ahead: Vec<Ahead>,
    /// The request, absent where native.
    pub request: Option<Request>,
    /// What else stands in its braces, in order.
    pub items: Vec<RequestItem>,
    /// All of it.
    pub span: Span,
}

/// `read`, `keyed "Idempotency-Key" for 24h`, `once`
#[derive(Clone, Debug)]
pub enum Effect {
    /// May be repeated.
    Read(Span),
    /// May be repeated with the same key.
    Keyed {
        /// The header or field that carries the key; absent where the request is its own key.
        carrier: Option<Text>,
        /// How long the far side remembers.
        keep: Option<Arg>,
        /// All of it.
        span: Span,
    },
    /// Must not be repeated.
    Once(Span),
}

/// `let ticket = POST "/path" { ... }`: what comes before the request that counts.
#[derive(Clone, Debug)]
pub struct Ahead {
    /// The name of what comes of it.
    pub name: Name,
    /// What it is.
    pub kind: AheadKind,
}

/// What comes before the request that counts.
#[derive(Clone, Debug)]
pub enum AheadKind {
    /// A request; its answer is kept.
    Request(Request),
    /// `file path`: its name and length.
    File(Expr),
}

/// `POST "/path" { body: { ... } }`
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Name,
    /// The path, or a whole URL: a string in which `${}` and `{name}` may stand.
    pub url: Expr,
    /// `query headers body form multipart raw as`
    pub fields: Vec<Field>,
    /// All of it.
    pub span: Span,
}

/// `header "Retry-After"`
#[derive(Clone, Debug)]
pub struct HeaderOf {
    /// `header`, or `milliseconds` where it counts those.
    pub unit: Name,
    /// Which header.
    pub name: Text,
}

/// What shapes a request or reads its answer.
#[derive(Clone, Debug)]
pub enum RequestItem {
    /// `auth bearer config.token`
    Auth(Auth),
    /// `limit 50 per 1m`
    Limit {
        /// How many.
        count: Arg,
        /// In how long.
        per: Arg,
        /// All of it.
        span: Span,
    },
    /// `retry_after header "Retry-After"`
    RetryAfter(HeaderOf),
    /// `remaining header "X-RateLimit-Remaining" reset header "X-RateLimit-Reset"`
    Remaining {
        /// Where it says how many calls are left.
        left: HeaderOf,
        /// Where it says when there will be more.
        reset: HeaderOf,
    },
    /// `fail not_found when ...`
    Fail(Fail),
    /// `accept when ...`
    Accept(Expr),
    /// `paginate cursor { send: query.cursor, next: ..., items: ... }`
    Paginate {
        /// `cursor`, `page`, `offset`, `link`.
        kind: Name,
        /// `send next items size max` and so on.
        fields: Vec<Field>,
        /// All of it.
        span: Span,
    },
    /// `output { ... }`
    Output(Output),
    /// `timeout 30s`
    Timeout(Arg),
    /// `headers: { ... }`, `query: { ... }`
    Field(Field),
}

/// `auth SCHEME args { fields }`
#[derive(Clone, Debug)]
pub struct Auth {
    /// `bearer basic header query oauth2 jwt none`
    pub scheme: Name,
    /// What follows on the line.
    pub args: Vec<Arg>,
    /// What stands in its braces.
    pub fields: Vec<Field>,
    /// All of it.
    pub span: Span,
}

/// `example post_message { ... } gets 200 { ... } gives { ... }`
#[derive(Clone, Debug)]
pub struct Example {
    /// Which operation.
    pub operation: Name,
    /// With what.
    pub params: Object,
    /// The answers that come, in order; those of requests ahead have their names.
    pub gets: Vec<Gets>,
    /// What the operation makes of it; absent where it fails.
    pub gives: Option<Value>,
    /// `fails not_found`: the error it makes of the answer.
    pub fails: Option<Name>,
    /// All of it.
    pub span: Span,
}

/// `gets 200 { ok: true }`, `gets ticket 200 { id: "1" }`
#[derive(Clone, Debug)]
pub struct Gets {
    /// The name of the request ahead that it answers; absent for the request that counts.
    pub name: Option<Name>,
    /// The status of the answer.
    pub status: Option<Arg>,
    /// The headers of the answer.
    pub headers: Option<Object>,
    /// Its body.
    pub body: Option<Value>,
    /// All of it.
    pub span: Span,
}

/// A trigger that a connector declares.
#[derive(Clone, Debug)]
pub struct Source {
    /// The `///` above it.
    pub doc: Option<Text>,
    /// `webhook` or `poll`.
    pub kind: Name,
    /// Its name.
    pub name: Name,
    /// What it takes.
    pub params: Vec<Declare>,
    /// What it gives.
    pub item_type: Option<Type>,
    /// `every 5m`, for a poll.
    pub every: Option<Arg>,
    /// The request of a poll.
    pub request: Option<Request>,
    /// The operation that a poll asks by, in place of a request.
    pub call: Option<SourceCall>,
    /// `verify`, `challenge`, `where`.
    pub clauses: Vec<TriggerClause>,
    /// `items expr`: what one delivery or answer brings, a list.
    pub each: Option<Expr>,
    /// `item value`: what is made of each.
    pub item: Option<Value>,
    /// `by expr`: what makes two items the same.
    pub by: Option<Expr>,
    /// `state value`: what a poll keeps.
    pub state: Option<Value>,
    /// `start value`, `start GET "/path"`: where a poll stands before it has asked.
    pub start: Option<Start>,
    /// `anew value when expr`
    pub anew: Vec<Anew>,
    /// `paginate` and so on.
    pub items: Vec<RequestItem>,
    /// All of it.
    pub span: Span,
}

/// `list_new { folder, after: state }`
#[derive(Clone, Debug)]
pub struct SourceCall {
    /// The operation.
    pub name: Name,
    /// With what.
    pub params: Object,
}

/// Where a poll stands before it has asked for anything.
#[derive(Clone, Debug)]
pub enum Start {
    /// There.
    Value(Value),
    /// Where the answer of this request says.
    Request(Request),
}

/// `anew value when expr`: for which answers a poll begins anew, and where.
#[derive(Clone, Debug)]
pub struct Anew {
    /// What is kept from then on; nothing where absent.
    pub state: Option<Value>,
    /// For which answers.
    pub when: Expr,
}

/// `persona NAME "Title" { ... }`
#[derive(Clone, Debug)]
pub struct Persona {
    /// The `///` above it.
    pub doc: Option<Text>,
    /// Its name.
    pub name: Name,
    /// Its title.
    pub title: Option<Text>,
    /// In order.
    pub items: Vec<PersonaItem>,
    /// All of it.
    pub span: Span,
}

/// What may stand in a persona.
#[derive(Clone, Debug)]
pub enum PersonaItem {
    /// `about "..."`
    About(Text),
    /// `intent NAME { says: [...] }`
    Intent {
        /// Its name.
        name: Name,
        /// `says` and so on.
        fields: Vec<Field>,
        /// All of it.
        span: Span,
    },
    /// `on ask(question, context) { rhai }`
    On {
        /// `ask`, `update`.
        event: Name,
        /// The names of what it is given.
        params: Vec<Name>,
        /// What it does.
        body: Code,
        /// All of it.
        span: Span,
    },
}
