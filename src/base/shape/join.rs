//! The type of a value that is of the one type or of the other.

use std::sync::Arc;

use super::{Bounds, Field, Fit, Object, Shape};

impl Shape {
    /// The closest type that takes both in.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) => Self::Any,
            (one, other) if one == other => one.clone(),
            (Self::Unit, other) | (other, Self::Unit) => other.clone().optional(),
            (Self::Optional(one), other) | (other, Self::Optional(one)) => one.join(other.present()).optional(),
            (Self::Int(one), Self::Int(other)) => Self::Int(one.join(*other)),
            (Self::Int(one) | Self::Float(one), Self::Int(other) | Self::Float(other)) => Self::Float(one.join(*other)),
            (Self::Text(one, _), Self::Text(other, _)) => Self::Text(one.join(*other), None),
            (Self::List(one, a), Self::List(other, b)) => Self::List(one.join(other).into(), a.join(*b)),
            (Self::Set(one, a), Self::Set(other, b)) => Self::Set(one.join(other).into(), a.join(*b)),
            (Self::Map(one, a), Self::Map(other, b)) => Self::Map(one.join(other).into(), a.join(*b)),
            (Self::Object(one), Self::Object(other)) => Self::Object(join_objects(one, other).into()),
            (Self::OneOf(one), Self::OneOf(other)) => {
                let mut values = one.to_vec();
                values.extend(other.iter().filter(|value| !one.contains(value)).cloned());
                Self::OneOf(values.into())
            }
            (one, other) if one.accepts(other) == Fit::Surely => one.clone(),
            (one, other) if other.accepts(one) == Fit::Surely => other.clone(),
            (one, other) => {
                let mut members: Vec<Self> = Vec::new();
                for shape in [one, other] {
                    match shape {
                        Self::Union(shapes) => members.extend(shapes.iter().cloned()),
                        plain => members.push(plain.clone()),
                    }
                }
                members.dedup();
                Self::Union(members.into())
            }
        }
    }
}

impl Bounds {
    /// The bounds that hold of both.
    fn join(self, other: Self) -> Self {
        Self {
            min: self.min.zip(other.min).map(|(one, other)| one.min(other)),
            max: self.max.zip(other.max).map(|(one, other)| one.max(other)),
        }
    }
}

/// A field that only one of the two has may be absent.
fn join_objects(one: &Arc<Object>, other: &Arc<Object>) -> Object {
    let mut fields: Vec<Field> = Vec::new();
    for field in &one.fields {
        let shape = match other.fields.iter().find(|candidate| candidate.name == field.name) {
            Some(twin) => field.shape.join(&twin.shape),
            None => field.shape.clone().optional(),
        };
        fields.push(Field { shape, ..field.clone() });
    }
    for field in &other.fields {
        if !fields.iter().any(|known| known.name == field.name) {
            fields.push(Field { shape: field.shape.clone().optional(), ..field.clone() });
        }
    }
    Object { name: one.name.clone().filter(|name| other.name.as_ref() == Some(name)), fields }
}
