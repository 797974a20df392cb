//! Expressions of jq, as far as workflows use them: read here, put into Rhai in `expression.rs` beside.

mod read;
mod token;

pub use read::read;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Jq {
    /// `.`
    Dot,
    /// `.name`
    Field(Box<Jq>, String),
    /// `.[0]`, `.["name"]`
    Index(Box<Jq>, Box<Jq>),
    /// `.[1:3]`
    Slice(Box<Jq>, Option<Box<Jq>>, Option<Box<Jq>>),
    /// `.[]`
    Each(Box<Jq>),
    /// `$name`
    Variable(String),
    /// A number, `true`, `null`.
    Constant(serde_json::Value),
    /// `"a \(b)"`
    Text(Vec<Piece>),
    /// `[ ... ]`
    List(Option<Box<Jq>>),
    /// `{ a, "b": 1, (c): 2 }`
    Object(Vec<(Jq, Jq)>),
    /// `a | b`
    Pipe(Box<Jq>, Box<Jq>),
    /// `a, b`
    Comma(Box<Jq>, Box<Jq>),
    /// `a + b`, `a == b`, `a and b`, `a // b`
    Both(Box<Jq>, &'static str, Box<Jq>),
    /// `-a`
    Negative(Box<Jq>),
    /// `if a then b else c end`
    If(Box<Jq>, Box<Jq>, Box<Jq>),
    /// `a as $name | b`
    Bind(Box<Jq>, String, Box<Jq>),
    /// `name`, `name(a; b)`, `@name`
    Call(String, Vec<Jq>),
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// As it stands.
    Plain(String),
    /// `\( ... )`
    Made(Jq),
}
