//! Values made up by type: an input to try a program with, an answer of something that has no example.

use std::sync::Arc;

use super::{Bounds, Field, Object, Shape, format};
use crate::base::time::Duration;
use crate::base::value::{Map, Set, Value};

impl Shape {
    /// A value of this type; the same one each time. What may be absent is there all the same, so that one sees all there is;
    /// what has a default has its default. A text says the name of its field. A text that must match a pattern is only found
    /// where the pattern is simple; otherwise it may not fit.
    pub fn example(&self) -> Value {
        self.example_named("text")
    }

    fn example_named(&self, name: &str) -> Value {
        match self {
            Self::Any => name.replace('_', " ").into(),
            Self::Unit => Value::Unit,
            Self::Bool => true.into(),
            Self::Int(bounds) => Value::Int(bounds.nearest(1.0).round() as i64),
            Self::Float(bounds) => Value::Float(bounds.nearest(1.5)),
            Self::Text(bounds, None) => sized(&name.replace('_', " "), *bounds).into(),
            Self::Text(bounds, Some(pattern)) => {
                matching(pattern).unwrap_or_else(|| sized(&name.replace('_', " "), *bounds)).into()
            }
            Self::Email => "somebody@example.com".into(),
            Self::Url => "https://example.com/".into(),
            Self::Uuid => "00000000-0000-4000-8000-000000000000".into(),
            Self::Date => read(self, "2026-03-02"),
            Self::DateTime => read(self, "2026-03-02T09:00:00Z"),
            Self::Duration => Value::Duration(Duration::seconds(60)),
            Self::Bytes => Value::Bytes(name.as_bytes().into()),
            Self::Secret => "secret".into(),
            Self::List(item, bounds) => Value::list((0..bounds.count()).map(|_| item.example_named(name))),
            // More than one member cannot be told apart by type alone.
            Self::Set(item, _) => Value::Set(Arc::new(Set::from_iter([item.example_named(name)]))),
            Self::Map(item, _) => Value::map([(name, item.example_named(name))]),
            Self::Object(object) => object.example().into(),
            Self::OneOf(values) => values.first().cloned().unwrap_or_default(),
            Self::Union(members) => members.first().map_or(Value::Unit, |member| member.example_named(name)),
            Self::Optional(inner) => inner.example_named(name),
        }
    }
}

impl Object {
    fn example(&self) -> Map {
        let value = |field: &Field| match &field.default {
            Some(default) => default.clone(),
            None => field.shape.example_named(&field.name),
        };
        self.fields.iter().map(|field| (field.name.clone(), value(field))).collect()
    }
}

impl Bounds {
    /// The number within the bounds that is nearest to `wanted`.
    fn nearest(self, wanted: f64) -> f64 {
        let raised = self.min.map_or(wanted, |min| wanted.max(min));
        self.max.map_or(raised, |max| raised.min(max))
    }

    /// How many items an example has: two, where that is allowed.
    fn count(self) -> usize {
        self.nearest(2.0).max(0.0) as usize
    }
}

/// `text`, repeated or cut until its length is within the bounds.
fn sized(text: &str, bounds: Bounds) -> String {
    let length = text.chars().count() as f64;
    let wanted = bounds.nearest(length) as usize;
    text.chars().chain(" and so on".chars().cycle()).take(wanted).collect()
}

fn read(shape: &Shape, text: &str) -> Value {
    format::read(shape, &text.into()).unwrap_or_default()
}

/// A text that matches a simple pattern: letters, classes, groups and how often each comes. `None` for anything cleverer.
fn matching(pattern: &str) -> Option<String> {
    let mut letters: Vec<char> = pattern.trim_start_matches('^').trim_end_matches('$').chars().rev().collect();
    let mut text = String::new();
    while let Some(letter) = letters.pop() {
        let one = match letter {
            '\\' => match letters.pop()? {
                'd' => '1',
                'w' => 'a',
                's' => ' ',
                escaped if escaped.is_alphanumeric() => return None,
                escaped => escaped,
            },
            '[' => {
                let first = letters.pop()?;
                if matches!(first, '^' | '[' | '\\' | ']') {
                    return None;
                }
                while letters.pop()? != ']' {}
                first
            }
            '.' => 'a',
            '(' | ')' | '|' | '*' | '+' | '?' | '{' | '^' | '$' => return None,
            plain => plain,
        };
        let times = match letters.last() {
            Some('+' | '*' | '?') => {
                letters.pop();
                1
            }
            Some('{') => {
                letters.pop();
                let count: String = std::iter::from_fn(|| letters.pop().filter(|letter| *letter != '}')).collect();
                count.split(',').next()?.parse().ok()?
            }
            _ => 1usize,
        };
        // A pattern may ask for more than anybody wants to read.
        text.extend(std::iter::repeat_n(one, times.min(1_000)));
    }
    let fits = regex::Regex::new(pattern).is_ok_and(|regex| regex.is_match(&text));
    fits.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_fit_their_types() {
        let bounded = |min, max| Bounds { min, max };
        for shape in [
            Shape::Bool,
            Shape::int(),
            Shape::Int(bounded(Some(10.0), None)),
            Shape::Int(bounded(None, Some(-3.0))),
            Shape::Float(bounded(Some(0.0), Some(0.5))),
            Shape::text(),
            Shape::Text(bounded(Some(40.0), None), None),
            Shape::Text(bounded(None, Some(2.0)), None),
            Shape::Text(Bounds::NONE, Some("^[A-Z]{3}$".into())),
            Shape::Text(Bounds::NONE, Some(r"^\d{4}-[a-z]+\.csv$".into())),
            Shape::Email,
            Shape::Url,
            Shape::Uuid,
            Shape::Date,
            Shape::DateTime,
            Shape::Duration,
            Shape::Bytes,
            Shape::Secret,
            Shape::List(Shape::int().into(), bounded(Some(3.0), None)),
            Shape::OneOf([Value::from("a"), Value::from("b")].into()),
            Shape::object([("first_name", Shape::text()), ("age", Shape::int().optional())]),
        ] {
            let example = shape.example();
            assert!(shape.check(&example).is_ok(), "{shape}: {example}");
        }
    }

    #[test]
    fn a_clever_pattern_has_no_example() {
        assert_eq!(matching("^(a|b)$"), None);
    }
}
