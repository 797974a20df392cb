//! In what two values are not the same, by path.

use std::collections::BTreeSet;

use regex::Regex;

use crate::base::shape::Shape;
use crate::base::value::{Map, Value};
use crate::host::settings::SETTING_STAND_IN;
use crate::lang::layout;

/// How many differences are told.
const TOLD_MAX: usize = 8;
/// How long a value may be shown.
const SHOWN_CHARS_MAX: usize = 200;

/// In what `came` is not `said`, a line each. Fields that `shape` does not name need not be said, and where nobody says where the service
/// lives, its address may be any.
pub fn between(said: &Value, came: &Value, shape: &Shape) -> Vec<String> {
    let mut lines = Vec::new();
    compare("", (said, came), shape, &mut lines);
    if lines.len() > TOLD_MAX {
        let more = lines.len() - TOLD_MAX;
        lines.truncate(TOLD_MAX);
        lines.push(format!("and {more} more"));
    }
    lines
}

fn compare(path: &str, (said, came): (&Value, &Value), shape: &Shape, lines: &mut Vec<String>) {
    let name = if path.is_empty() { "the result".to_owned() } else { format!("`{path}`") };
    match (said, came) {
        (Value::Map(one), Value::Map(other)) => {
            let names: BTreeSet<_> = one.keys().chain(other.keys()).collect();
            for field in names {
                let below = if path.is_empty() { layout::key(field) } else { format!("{path}.{}", layout::key(field)) };
                // What is absent may be written so, or left out.
                let there = |map: &Map| map.get(field).filter(|it| !matches!(it, Value::Unit | Value::Null)).cloned();
                match (there(one), there(other)) {
                    (Some(said), Some(came)) => compare(&below, (&said, &came), inside(shape, field), lines),
                    (Some(said), None) => {
                        lines.push(format!("`{below}` is missing, the example says {}", shown(&said)));
                    }
                    (None, Some(came)) if is_named(shape, field) => {
                        lines.push(format!("`{below}` is {}, the example does not name it", shown(&came)));
                    }
                    (None, _) => {}
                }
            }
        }
        (Value::List(one), Value::List(other)) if one.len() == other.len() => {
            for (place, (said, came)) in one.iter().zip(other.iter()).enumerate() {
                compare(&format!("{path}[{place}]"), (said, came), item(shape), lines);
            }
        }
        (Value::Text(one), Value::Text(other)) if is_but_for_the_address(one, other) => {}
        _ if said == came => {}
        _ => lines.push(format!("{name} is {}, the example says {}", shown(came), shown(said))),
    }
}

/// The type of a field of `shape`.
fn inside<'s>(shape: &'s Shape, name: &str) -> &'s Shape {
    match shape.present() {
        Shape::Object(object) => {
            object.fields.iter().find(|field| *field.name == *name).map_or(&Shape::Any, |field| &field.shape)
        }
        Shape::Map(inner, _) => inner,
        _ => &Shape::Any,
    }
}

/// The type of an item of `shape`.
fn item(shape: &Shape) -> &Shape {
    match shape.present() {
        Shape::List(inner, _) => inner,
        _ => &Shape::Any,
    }
}

/// Whether programs can read the field `name`.
fn is_named(shape: &Shape, name: &str) -> bool {
    match shape.present() {
        Shape::Object(object) => object.fields.iter().any(|field| *field.name == *name),
        _ => true,
    }
}

/// Whether `came` is `said`, with the address of the stand-in where that has another one.
fn is_but_for_the_address(said: &str, came: &str) -> bool {
    if !came.contains(SETTING_STAND_IN) {
        return false;
    }
    let parts: Vec<String> = came.split(SETTING_STAND_IN).map(regex::escape).collect();
    let pattern = format!("^{}$", parts.join(r"https?://[^\s/]+(?:/[^\s]*?)??"));
    Regex::new(&pattern).is_ok_and(|pattern| pattern.is_match(said))
}

fn shown(value: &Value) -> String {
    let text = layout::value(value);
    let cut = text.chars().count() > SHOWN_CHARS_MAX;
    if cut { format!("{}…", text.chars().take(SHOWN_CHARS_MAX).collect::<String>()) } else { text }
}
