//! Paths into what stands outside of an expression: `input.lines[0].price`. They are walked by us, not by Rhai.

use std::sync::Arc;

use crate::base::span::Span;
use crate::base::value::Value;

/// One step of a path.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// The field or the item it goes to.
    pub key: Key,
    /// Whether it is `?.` or `?[`: absence before it, or of the field itself, gives `()`.
    pub optional: bool,
    /// Its place, without the dot.
    pub span: Span,
}

/// Where a step of a path goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A field by its name.
    Field(Arc<str>),
    /// An item by its number; negative ones count from the end.
    Item(i64),
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Field(name) if is_plain(name) => write!(f, ".{name}"),
            Self::Field(name) => write!(f, "[{name:?}]"),
            Self::Item(number) => write!(f, "[{number}]"),
        }
    }
}

/// Whether a name can stand behind a dot.
pub(super) fn is_plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A path as people write it, up to and without segment `upto`.
pub(super) fn written(root: &str, path: &[Segment], upto: usize) -> String {
    let mut text = root.to_owned();
    for segment in &path[..upto.min(path.len())] {
        text.push_str(&segment.key.to_string());
    }
    text
}

/// Where a path does not lead on: the segment, and what to say.
pub(super) struct Dead {
    pub segment: usize,
    pub message: String,
}

/// Follows a path from the value of its root.
pub(super) fn follow(root: &str, value: &Value, path: &[Segment]) -> Result<Value, Dead> {
    let mut here = value.open();
    // A part of what is hidden is hidden.
    let mut hidden = matches!(value, Value::Secret(_));
    // What is no part of a value but computed from it: the year of a moment, a character of a text.
    let mut computed: Value;
    for (at, segment) in path.iter().enumerate() {
        let next = match (here, &segment.key) {
            (Value::Map(map), Key::Field(name)) => map.get(name),
            (Value::List(items), Key::Item(number)) => item(items.len(), *number).map(|index| &items[index]),
            (Value::Unit, _) if segment.optional => return Ok(Value::Unit),
            (Value::Unit, _) => return Err(Dead { segment: at, message: absent(root, path, at) }),
            _ => None,
        };
        if let Some(next) = next {
            hidden |= matches!(next, Value::Secret(_));
            here = next.open();
            continue;
        }
        match part(here, &segment.key) {
            Some(part) => {
                computed = part;
                here = &computed;
            }
            None if segment.optional => return Ok(Value::Unit),
            None if hidden => {
                return Err(Dead { segment: at, message: missing(root, path, at, &here.clone().hidden()) });
            }
            None => return Err(Dead { segment: at, message: missing(root, path, at, here) }),
        }
    }
    Ok(if hidden { here.clone().hidden() } else { here.clone() })
}

/// What is computed from a value that has no such part.
fn part(value: &Value, key: &Key) -> Option<Value> {
    match (value, key) {
        (Value::Text(text), Key::Item(number)) => {
            let index = item(text.chars().count(), *number)?;
            text.chars().nth(index).map(|c| Value::from(c.to_string()))
        }
        (Value::Bytes(bytes), Key::Item(number)) => Some(Value::Int(bytes[item(bytes.len(), *number)?].into())),
        (Value::Map(_) | Value::List(_), Key::Item(_)) => None,
        (_, Key::Field(name)) => super::functions::property(value, name),
        _ => None,
    }
}

fn absent(root: &str, path: &[Segment], at: usize) -> String {
    let before = written(root, path, at);
    let key = &path[at].key;
    format!("`{before}` is `()`, so it has no `{}`; `{before}?{key}` gives `()` then", name(key))
}

/// The place of item `number` in a list of `length`.
pub(super) fn item(length: usize, number: i64) -> Option<usize> {
    let index = if number < 0 { i64::try_from(length).ok()?.checked_add(number)? } else { number };
    usize::try_from(index).ok().filter(|index| *index < length)
}

fn name(key: &Key) -> String {
    match key {
        Key::Field(name) => name.to_string(),
        Key::Item(number) => format!("[{number}]"),
    }
}

fn missing(root: &str, path: &[Segment], at: usize, here: &Value) -> String {
    let before = written(root, path, at);
    match (&path[at].key, here) {
        (Key::Field(name), Value::Map(map)) => {
            let near = crate::base::diagnostic::nearest(name, map.keys().map(|key| &**key));
            let advice = near.map_or_else(
                || format!("`{before}?{}` gives `()` where it is missing", path[at].key),
                |near| format!("did you mean `{near}`?"),
            );
            format!("`{before}` has no field `{name}`; {advice}")
        }
        (Key::Field(name), other) => format!("`{before}` is {}, which has no field `{name}`", a(other)),
        (Key::Item(number), Value::List(items)) => {
            format!("`{before}` has {} items, none at [{number}]; `{before}?[{number}]` gives `()` then", items.len())
        }
        (Key::Item(number), other) => format!("`{before}` is {}, which has no item [{number}]", a(other)),
    }
}

/// A value with its article, as it stands in messages: ``the string "x"``, `a list`.
pub(super) fn a(value: &Value) -> String {
    match value {
        Value::Unit => "`()`".to_owned(),
        Value::Text(text) if text.chars().count() <= 40 => format!("the string {text:?}"),
        Value::Int(number) => format!("the int {number}"),
        Value::Float(number) => format!("the float {number:?}"),
        Value::Bool(truth) => format!("the bool `{truth}`"),
        other => super::broken::with_article(other.type_name()),
    }
}
