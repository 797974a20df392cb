//! Types of values: what a program declares, what an operation promises, what a form asks for.
//!
//! In: a type, and a value or another type. Out: whether and how they fit, what lies along a path, the type as JSON Schema
//! and as a program writes it. Never: where a type is written or used (held by `tests/architecture.rs`).

mod check;
mod display;
mod example;
mod field;
mod fit;
mod format;
mod hide;
mod join;
mod of;
mod schema;

use std::sync::Arc;

pub use field::Lookup;
pub use fit::Fit;

use serde::{Deserialize, Serialize};

use super::value::Value;

/// The type of a value. Named types are written out; `name` of an object remembers what it was called.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Shape {
    /// Anything: nothing is known, nothing is checked.
    #[default]
    Any,
    /// Only `()`: what a body without `output` yields.
    Unit,
    /// `bool`
    Bool,
    /// `int`, `int(0..)`
    Int(Bounds),
    /// `float`
    Float(Bounds),
    /// `string`, `string(1..80)`, `string(/^[A-Z]{3}$/)`
    Text(Bounds, Option<Arc<str>>),
    /// `email`
    Email,
    /// `url`
    Url,
    /// `uuid`
    Uuid,
    /// `date`
    Date,
    /// `datetime`
    DateTime,
    /// `duration`
    Duration,
    /// `bytes`
    Bytes,
    /// `secret`: a text that must not leave
    Secret,
    /// `list<T>`, `list<T>(..100)`
    List(Arc<Shape>, Bounds),
    /// `set<T>`
    Set(Arc<Shape>, Bounds),
    /// `map<T>`: any names, values of one type
    Map(Arc<Shape>, Bounds),
    /// `{ field: T }`
    Object(Arc<Object>),
    /// `"a" | "b"`: one of these values
    OneOf(Arc<[Value]>),
    /// `A | B` of types
    Union(Arc<[Shape]>),
    /// `T?`: may be absent
    Optional(Arc<Shape>),
}

/// Lower and upper bound, both inclusive: of a number, or of a length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// At least this.
    pub min: Option<f64>,
    /// At most this.
    pub max: Option<f64>,
}

/// An object type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Object {
    /// What the program calls it, if it has a name.
    pub name: Option<Arc<str>>,
    /// Its fields in order.
    pub fields: Vec<Field>,
}

/// One field of an object type, or one parameter of an operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Its name.
    pub name: Arc<str>,
    /// Its type; [`Shape::Optional`] where it may be left out.
    pub shape: Shape,
    /// What it is when left out.
    pub default: Option<Value>,
    /// What it means, from the `///` above it.
    pub doc: Option<Arc<str>>,
}

/// One way in which a value does not fit a type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misfit {
    /// Where in the value: `lines[3].price`; empty for the value itself.
    pub path: String,
    /// What is wrong, such as "must be an int, is the string \"x\"".
    pub message: String,
}

impl Misfit {
    /// The same, where the value is the field `name` of another.
    #[must_use]
    pub fn inside(self, name: &str) -> Self {
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        Self { path: format!("{name}{separator}{}", self.path), ..self }
    }
}

impl std::fmt::Display for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.path.is_empty() {
            return f.write_str(&self.message);
        }
        write!(f, "`{}` {}", self.path, self.message)
    }
}
