//! Values made up by type: an input to try a program with, an answer of something that has no example.

use std::sync::Arc;

use super::{Bounds, Field, Object, Shape, format};
use crate::base::time::Duration;
use crate::base::value::{Map, Set, Value};

impl Shape {
    /// A value of this type; the same one each time. What may be absent is there all the same, so that one sees all there is;
    /// what has a default has its default. A text says the name of its field. A text that must match a pattern is not found
    /// where the pattern is clever; then it does not fit.
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

/// A text that matches a pattern: the first of alternatives, each part as seldom as it may come. `None` for what is too clever
/// for that.
fn matching(pattern: &str) -> Option<String> {
    let mut reader = Reader { letters: pattern.chars().rev().collect(), depth: 0 };
    let text = reader.alternatives()?;
    let fits = reader.letters.is_empty() && regex::Regex::new(pattern).is_ok_and(|regex| regex.is_match(&text));
    fits.then_some(text)
}

/// How deep groups may be nested in a pattern that is read.
const GROUPS_MAX: usize = 16;
/// How long a text may grow that is made up: nobody wants to read more.
const TEXT_CHARS_MAX: usize = 1_000;

/// A pattern on its way from left to right.
struct Reader {
    /// What is still to be read, last letter first.
    letters: Vec<char>,
    depth: usize,
}

impl Reader {
    /// The first of the alternatives up to the end of the group; the others are read over.
    fn alternatives(&mut self) -> Option<String> {
        let first = self.sequence()?;
        while self.take('|') {
            self.sequence()?;
        }
        Some(first)
    }

    fn take(&mut self, letter: char) -> bool {
        self.letters.pop_if(|next| *next == letter).is_some()
    }

    fn sequence(&mut self) -> Option<String> {
        let mut text = String::new();
        while !matches!(self.letters.last(), None | Some('|' | ')')) {
            let part = self.part()?;
            let times = self.times()?;
            if times.checked_mul(part.len())?.checked_add(text.len())? > TEXT_CHARS_MAX {
                return None;
            }
            text.push_str(&part.repeat(times));
        }
        Some(text)
    }

    fn part(&mut self) -> Option<String> {
        Some(match self.letters.pop()? {
            '^' | '$' => String::new(),
            '.' => "a".to_owned(),
            '\\' => match self.letters.pop()? {
                'd' => "1".to_owned(),
                'w' => "a".to_owned(),
                's' => " ".to_owned(),
                'b' => String::new(),
                escaped if escaped.is_alphanumeric() => return None,
                escaped => escaped.to_string(),
            },
            '[' => {
                let first = match self.letters.pop()? {
                    '^' | '[' | ']' => return None,
                    '\\' => match self.letters.pop()? {
                        'd' => '1',
                        'w' => 'a',
                        escaped if escaped.is_alphanumeric() => return None,
                        escaped => escaped,
                    },
                    plain => plain,
                };
                while let letter = self.letters.pop()?
                    && letter != ']'
                {
                    if letter == '\\' {
                        self.letters.pop()?;
                    }
                }
                first.to_string()
            }
            '(' => {
                if self.take('?') && !self.take(':') {
                    return None;
                }
                self.depth += 1;
                let inner = if self.depth > GROUPS_MAX { None } else { self.alternatives() };
                self.depth -= 1;
                if !self.take(')') {
                    return None;
                }
                inner?
            }
            '*' | '+' | '?' | '{' => return None,
            plain => plain.to_string(),
        })
    }

    /// How often the part before comes at least: once where it may also be left out, so that one sees what it is.
    fn times(&mut self) -> Option<usize> {
        let times = match self.letters.last() {
            Some('+' | '*' | '?') => {
                self.letters.pop();
                1
            }
            Some('{') => {
                self.letters.pop();
                let mut count = String::new();
                while let letter = self.letters.pop()?
                    && letter != '}'
                {
                    count.push(letter);
                }
                count.split(',').next()?.parse().ok()?
            }
            _ => return Some(1),
        };
        // A lazy repetition comes as often.
        self.take('?');
        Some(times)
    }
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
            Shape::Text(Bounds::NONE, Some("^[0-9]{4}-(0[1-9]|1[0-2])$".into())),
            Shape::Text(Bounds::NONE, Some(r"^(?:\+\d{2,})?[\w.]+?$".into())),
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
        for pattern in [r"^\p{L}+$", "[^a]", "(?i)a", "a{1000000}", "(", "*"] {
            assert_eq!(matching(pattern), None, "{pattern}");
        }
        assert_eq!(matching(&"(".repeat(100_000)), None);
    }
}
