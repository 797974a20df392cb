//! The type that a value shows.

use super::{Field, Object, Shape};
use crate::base::value::Value;

impl Shape {
    /// The closest type of `value`, without bounds. Of `()` nothing is known.
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Unit | Value::Null => Self::Any,
            Value::Bool(_) => Self::Bool,
            Value::Int(_) => Self::int(),
            Value::Float(_) => Self::float(),
            Value::Text(_) => Self::text(),
            Value::Bytes(_) => Self::Bytes,
            Value::DateTime(_) => Self::DateTime,
            Value::Date(_) => Self::Date,
            Value::Duration(_) => Self::Duration,
            Value::Secret(_) => Self::Secret,
            Value::List(items) => Self::list(of_all(items.iter())),
            Value::Set(items) => Self::Set(of_all(items.iter()).into(), super::Bounds::NONE),
            Value::Map(entries) => {
                let fields = entries.iter().map(|(name, value)| Field {
                    name: name.clone(),
                    shape: Self::of(value),
                    default: None,
                    doc: None,
                });
                Self::Object(Object { name: None, fields: fields.collect() }.into())
            }
        }
    }

    /// How many parts the type has when everything it names is written out.
    pub fn parts(&self) -> usize {
        match self {
            Self::List(item, _) | Self::Set(item, _) | Self::Map(item, _) | Self::Optional(item) => {
                item.parts().saturating_add(1)
            }
            Self::Object(object) => object.fields.iter().fold(1, |sum, field| sum.saturating_add(field.shape.parts())),
            Self::Union(members) => members.iter().fold(1, |sum, member| sum.saturating_add(member.parts())),
            Self::OneOf(values) => values.len(),
            _ => 1,
        }
    }

    /// How many levels the type has when everything it names is written out.
    pub fn depth(&self) -> usize {
        match self {
            Self::List(item, _) | Self::Set(item, _) | Self::Map(item, _) | Self::Optional(item) => item.depth() + 1,
            Self::Object(object) => 1 + object.fields.iter().map(|field| field.shape.depth()).max().unwrap_or(0),
            Self::Union(members) => 1 + members.iter().map(Self::depth).max().unwrap_or(0),
            _ => 1,
        }
    }
}

fn of_all<'v>(values: impl Iterator<Item = &'v Value>) -> Shape {
    values.map(Shape::of).reduce(|one, other| one.join(&other)).unwrap_or(Shape::Any)
}
