//! Names, texts, expressions, objects and lists.

use std::sync::Arc;

use crate::base::span::Span;

/// A single word, or a quoted key.
#[derive(Clone, Debug)]
pub struct Name {
    /// The word, without quotes.
    pub text: Arc<str>,
    /// Where it stands, quotes included.
    pub span: Span,
}

/// A dotted name, such as `slack.post_message` or `vars.cursor`; never empty.
#[derive(Clone, Debug)]
pub struct Path {
    /// Its parts in order.
    pub parts: Vec<Name>,
    /// All of it.
    pub span: Span,
}

impl Path {
    /// The parts joined by dots.
    pub fn dotted(&self) -> String {
        self.parts.iter().map(|part| &*part.text).collect::<Vec<_>>().join(".")
    }
}

/// A plain string: titles, cron lines, paths, header and event names. Nothing is interpolated.
#[derive(Clone, Debug)]
pub struct Text {
    /// What it says, escapes resolved.
    pub text: Arc<str>,
    /// Where it stands, quotes included.
    pub span: Span,
}

/// A Rhai expression, verbatim; see [`Expr::hole`] for one that could not be read.
#[derive(Clone, Debug)]
pub struct Expr {
    /// Its text, trimmed.
    pub source: Arc<str>,
    /// Where the trimmed text stands.
    pub span: Span,
}

impl Expr {
    /// What could not be read, which has been reported: nothing is known of its value, and nothing more is to be said of it.
    pub fn hole(span: Span) -> Self {
        Self { source: "".into(), span }
    }
}

/// Rhai statements: what stands between the braces of `script`, `fn` and persona bodies.
#[derive(Clone, Debug)]
pub struct Code {
    /// The text between the braces, verbatim.
    pub source: Arc<str>,
    /// Where that text stands.
    pub span: Span,
}

/// What stands after `key:`.
#[derive(Clone, Debug)]
pub enum Value {
    /// A Rhai expression.
    Expr(Expr),
    /// `{ key: value }`
    Object(Object),
    /// `[ value, value ]`
    List(List),
}

impl Value {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Self::Expr(expr) => expr.span,
            Self::Object(object) => object.span,
            Self::List(list) => list.span,
        }
    }
}

/// `{ key: value }`
#[derive(Clone, Debug)]
pub struct Object {
    /// Its fields in order.
    pub fields: Vec<Field>,
    /// Braces included.
    pub span: Span,
}

/// `key: value`, or `key` alone for `key: key`.
#[derive(Clone, Debug)]
pub struct Field {
    /// The key.
    pub key: Name,
    /// The value; where the short form was written, the key again, as an expression.
    pub value: Value,
    /// Whether the short form was written.
    pub short: bool,
    /// Key and value.
    pub span: Span,
}

/// `[ value, value ]`
#[derive(Clone, Debug)]
pub struct List {
    /// Its items in order.
    pub items: Vec<Value>,
    /// Brackets included.
    pub span: Span,
}

/// The parameter of a clause: a number, a duration, a string, a path, a call, something in brackets, a percentage or `all`.
#[derive(Clone, Debug)]
pub enum Arg {
    /// All but the following.
    Expr(Expr),
    /// `5%`
    Percent(f64, Span),
    /// `all`, after `tolerate`
    All(Span),
}

impl Arg {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Self::Expr(expr) => expr.span,
            Self::Percent(_, span) | Self::All(span) => *span,
        }
    }
}
