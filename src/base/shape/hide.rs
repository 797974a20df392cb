//! What of a value its type keeps out of sight.

use std::sync::Arc;

use super::Shape;
use crate::base::value::{Map, Value};

impl Shape {
    /// Whether the type calls anything `secret`.
    pub fn has_secret(&self) -> bool {
        match self {
            Self::Secret => true,
            Self::List(item, _) | Self::Set(item, _) | Self::Map(item, _) | Self::Optional(item) => item.has_secret(),
            Self::Object(object) => object.fields.iter().any(|field| field.shape.has_secret()),
            Self::Union(members) => members.iter().any(Self::has_secret),
            _ => false,
        }
    }

    /// The value, with all of it hidden that the type calls `secret`. What is not of the type stays as it is.
    #[must_use]
    pub fn hide(&self, value: Value) -> Value {
        if !self.has_secret() {
            return value;
        }
        match (self, value) {
            (Self::Secret, value) => value.hidden(),
            (Self::Optional(inner), value) => inner.hide(value),
            (Self::Union(members), value) => members.iter().fold(value, |value, member| match (member, &value) {
                // What one member hides, another may show: it is a text either way.
                (Self::Secret, Value::Text(_)) | (Self::Object(_) | Self::List(..) | Self::Map(..), _) => {
                    member.hide(value)
                }
                _ => value,
            }),
            (Self::List(item, _), Value::List(items)) => Value::list(items.iter().map(|one| item.hide(one.clone()))),
            (Self::Set(item, _), Value::List(items)) => Value::list(items.iter().map(|one| item.hide(one.clone()))),
            (Self::Set(item, _), Value::Set(set)) => {
                Value::Set(Arc::new(set.iter().map(|one| item.hide(one.clone())).collect()))
            }
            (Self::Map(item, _), Value::Map(map)) => {
                Value::map(map.iter().map(|(name, one)| (name.clone(), item.hide(one.clone()))))
            }
            (Self::Object(object), Value::Map(map)) => {
                let hide = |name: &Arc<str>, value: &Value| {
                    let field = object.fields.iter().find(|field| field.name == *name);
                    field.map_or_else(|| value.clone(), |field| field.shape.hide(value.clone()))
                };
                map.iter().map(|(name, value)| (name.clone(), hide(name, value))).collect::<Map>().into()
            }
            (_, value) => value,
        }
    }
}
