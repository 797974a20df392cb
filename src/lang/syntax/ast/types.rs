//! Types as written, and the declarations that carry them.

use std::sync::Arc;

use super::value::{Arg, Name, Path, Text, Value};
use crate::base::span::Span;

/// A type.
#[derive(Clone, Debug)]
pub struct Type {
    /// What it is, without `?`.
    pub kind: TypeKind,
    /// Whether a `?` follows.
    pub optional: bool,
    /// All of it.
    pub span: Span,
}

/// The forms of a type.
#[derive(Clone, Debug)]
pub enum TypeKind {
    /// `string`, `list<Line>`, `int(0..)`, `alerts.Level`
    Named {
        /// The name.
        name: Path,
        /// What stands between `<` and `>`.
        arguments: Vec<Type>,
        /// What stands between `(` and `)`.
        bounds: Option<Bounds>,
    },
    /// `{ id: string }`
    Object(Vec<Declare>),
    /// `"a" | "b"`, `Card | Cash`
    Union(Vec<Type>),
    /// `"a"`, `3`, `true` as a type of one value
    Literal(super::value::Expr),
}

/// Bounds behind a type.
#[derive(Clone, Debug)]
pub enum Bounds {
    /// `(1..80)`, `(0..)`, `(..100)`, `(5)`; both inclusive
    Range {
        /// At least.
        min: Option<f64>,
        /// At most.
        max: Option<f64>,
        /// Brackets included.
        span: Span,
    },
    /// `(/^[A-Z]+$/)`
    Pattern {
        /// The regular expression between the slashes, `\/` resolved.
        pattern: Arc<str>,
        /// Brackets included.
        span: Span,
    },
}

/// `name: type = value`: a field of a type, of `input`, `vars`, `state`, `config`, of an operation's parameters or of a typed `output`.
#[derive(Clone, Debug)]
pub struct Declare {
    /// The `///` above it.
    pub doc: Option<Text>,
    /// Its name.
    pub name: Name,
    /// Its type, where written.
    pub ty: Option<Type>,
    /// Its value or default, where written.
    pub value: Option<Value>,
    /// `for 30d`, in `state`.
    pub keep: Option<Arg>,
    /// All of it.
    pub span: Span,
}
