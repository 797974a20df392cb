//! What two types have in common, and what lies in a type.

use crate::base::shape::{Bounds, Field, Object, Shape};
use crate::base::value::Value;

use super::{FLOAT, INT, TEXT, is_text};

/// The type of a value that has one of two types; bounds that differ are forgotten.
pub fn joined(a: Shape, b: Shape) -> Shape {
    if a == b {
        return a;
    }
    match (a, b) {
        (Shape::Any, _) | (_, Shape::Any) => Shape::Any,
        (Shape::Unit, Shape::Optional(inner)) | (Shape::Optional(inner), Shape::Unit) => Shape::Optional(inner),
        (Shape::Unit, other) | (other, Shape::Unit) => Shape::Optional(other.into()),
        (Shape::Optional(a), Shape::Optional(b)) => optional_of(joined((*a).clone(), (*b).clone())),
        (Shape::Optional(a), b) | (b, Shape::Optional(a)) => optional_of(joined((*a).clone(), b)),
        (Shape::Int(_), Shape::Int(_)) => INT,
        (Shape::Float(_), Shape::Float(_)) => FLOAT,
        (Shape::Int(_), Shape::Float(_)) | (Shape::Float(_), Shape::Int(_)) => Shape::Union([INT, FLOAT].into()),
        (Shape::List(a, _), Shape::List(b, _)) => {
            Shape::List(joined((*a).clone(), (*b).clone()).into(), Bounds::default())
        }
        (Shape::Set(a, _), Shape::Set(b, _)) => {
            Shape::Set(joined((*a).clone(), (*b).clone()).into(), Bounds::default())
        }
        (Shape::Map(a, _), Shape::Map(b, _)) => {
            Shape::Map(joined((*a).clone(), (*b).clone()).into(), Bounds::default())
        }
        (Shape::Object(a), Shape::Object(b)) => objects(&a, &b),
        (a, b) if is_text(&a) && is_text(&b) => TEXT,
        _ => Shape::Any,
    }
}

fn optional_of(shape: Shape) -> Shape {
    match shape {
        Shape::Any | Shape::Optional(_) | Shape::Unit => shape,
        other => Shape::Optional(other.into()),
    }
}

/// Objects with the same fields have their fields in common; of others nothing is known.
fn objects(a: &Object, b: &Object) -> Shape {
    let same =
        a.fields.len() == b.fields.len() && a.fields.iter().all(|field| b.fields.iter().any(|b| b.name == field.name));
    if !same {
        return Shape::Any;
    }
    let fields = a.fields.iter().filter_map(|field| {
        let other = b.fields.iter().find(|other| other.name == field.name)?;
        let shape = joined(field.shape.clone(), other.shape.clone());
        Some(Field { name: field.name.clone(), shape, default: None, doc: None })
    });
    Shape::Object(Object { name: None, fields: fields.collect() }.into())
}

/// The type of a value that is known to be there.
pub(super) fn present(shape: Shape) -> Shape {
    match shape {
        Shape::Optional(inner) => present((*inner).clone()),
        other => other,
    }
}

/// The type of the field `name` of a value of this type, such as the `year` of a date or the `len` of a list; `None` where
/// it has none, or nothing is known.
pub fn field(shape: &Shape, name: &str) -> Option<Shape> {
    match shape {
        Shape::Object(object) => {
            let found = object.fields.iter().find(|field| &*field.name == name)?;
            // A default stands where the field was left out.
            Some(if found.default.is_some() { present(found.shape.clone()) } else { found.shape.clone() })
        }
        Shape::Map(value, _) => Some((**value).clone()),
        Shape::Date | Shape::DateTime => Some(match name {
            "weekday_name" | "zone" => TEXT,
            "date" => Shape::Date,
            _ => INT,
        }),
        Shape::Duration => Some(INT),
        Shape::List(..) | Shape::Set(..) | Shape::Bytes => length(name),
        text if is_text(text) => length(name),
        _ => None,
    }
}

fn length(name: &str) -> Option<Shape> {
    match name {
        "len" => Some(INT),
        "is_empty" => Some(Shape::Bool),
        _ => None,
    }
}

/// The type of the items.
pub(super) fn item(shape: &Shape) -> Shape {
    match shape {
        Shape::List(item, _) | Shape::Set(item, _) | Shape::Map(item, _) => (**item).clone(),
        Shape::Bytes => INT,
        Shape::OneOf(values) if values.iter().all(|value| matches!(value, Value::Text(_))) => TEXT,
        text if is_text(text) => TEXT,
        _ => Shape::Any,
    }
}
