//! Types as programs write them.

use std::fmt;

use super::{Bounds, Field, Shape};

impl Shape {
    /// The type with its article, for messages: "an int", `a list<string>`, "one of ...".
    pub fn described(&self) -> String {
        match self {
            Self::Any => "anything".to_owned(),
            Self::Unit => "`()`".to_owned(),
            Self::Optional(inner) => inner.described(),
            Self::Object(object) if object.name.is_none() => "an object".to_owned(),
            Self::OneOf(_) | Self::Union(_) => self.to_string(),
            named => {
                let text = named.to_string();
                let article = if text.starts_with(['a', 'e', 'i', 'o', 'A', 'E', 'I', 'O']) { "an" } else { "a" };
                format!("{article} {text}")
            }
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Unit => f.write_str("()"),
            Self::Bool => f.write_str("bool"),
            Self::Int(bounds) => write!(f, "int{bounds}"),
            Self::Float(bounds) => write!(f, "float{bounds}"),
            Self::Text(bounds, None) => write!(f, "string{bounds}"),
            Self::Text(_, Some(pattern)) => write!(f, "string(/{}/)", pattern.replace('/', "\\/")),
            Self::Email => f.write_str("email"),
            Self::Url => f.write_str("url"),
            Self::Uuid => f.write_str("uuid"),
            Self::Date => f.write_str("date"),
            Self::DateTime => f.write_str("datetime"),
            Self::Duration => f.write_str("duration"),
            Self::Bytes => f.write_str("bytes"),
            Self::Secret => f.write_str("secret"),
            Self::List(item, bounds) => write!(f, "list<{item}>{bounds}"),
            Self::Set(item, bounds) => write!(f, "set<{item}>{bounds}"),
            Self::Map(item, bounds) => write!(f, "map<{item}>{bounds}"),
            Self::Object(object) => match &object.name {
                Some(name) => f.write_str(name),
                None => write_fields(&object.fields, f),
            },
            Self::OneOf(values) => {
                for (index, value) in values.iter().enumerate() {
                    let bar = if index == 0 { "" } else { " | " };
                    match value.as_text() {
                        Some(text) => write!(f, "{bar}{text:?}")?,
                        None => write!(f, "{bar}{value}")?,
                    }
                }
                Ok(())
            }
            Self::Union(members) => {
                for (index, member) in members.iter().enumerate() {
                    let bar = if index == 0 { "" } else { " | " };
                    write!(f, "{bar}{member}")?;
                }
                Ok(())
            }
            Self::Optional(inner) => write!(f, "{inner}?"),
        }
    }
}

fn write_fields(fields: &[Field], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if fields.is_empty() {
        return f.write_str("{}");
    }
    f.write_str("{ ")?;
    for (index, field) in fields.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        write!(f, "{comma}{}: {}", field.name, field.shape)?;
    }
    f.write_str(" }")
}

impl fmt::Display for Bounds {
    /// As behind a type: `(1..80)`, `(5)`, nothing where there are none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.min, self.max) {
            (None, None) => Ok(()),
            (Some(min), Some(max)) if min == max => write!(f, "({min})"),
            (Some(min), Some(max)) => write!(f, "({min}..{max})"),
            (Some(min), None) => write!(f, "({min}..)"),
            (None, Some(max)) => write!(f, "(..{max})"),
        }
    }
}
