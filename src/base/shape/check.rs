//! Whether a value has a type, and what it becomes when it has.

use std::collections::BTreeMap;
use std::sync::Arc;

use regex::Regex;

use super::{Bounds, Misfit, Object, Shape, format};
use crate::base::diagnostic::nearest;
use crate::base::limit::MISFITS_MAX;
use crate::base::value::{Map, Set, Value};

/// How long a value may be in a message before it is cut.
const SHOWN_CHARS_MAX: usize = 60;

impl Shape {
    /// The value as this type wants it: defaults filled in, absent `T?` fields there as `()`, texts turned into the moments,
    /// durations and bytes they stand for. Fields the type does not name are refused.
    ///
    /// # Errors
    /// Everything in which the value does not fit, at once, by path.
    pub fn check(&self, value: &Value) -> Result<Value, Vec<Misfit>> {
        Examination::new(false).run(self, value)
    }

    /// Like [`Shape::check`], but an object may carry more than the type names, and keeps it: what the world answers is
    /// richer than what a program asks of it.
    ///
    /// # Errors
    /// Everything in which the value does not fit, at once, by path.
    pub fn check_answer(&self, value: &Value) -> Result<Value, Vec<Misfit>> {
        Examination::new(true).run(self, value)
    }
}

/// One pass over one value.
struct Examination {
    /// Whether fields the type does not name are kept.
    open: bool,
    misfits: Vec<Misfit>,
    /// The way down to the value at hand.
    path: Vec<Step>,
    /// Compiled once for a whole list of texts.
    patterns: BTreeMap<Arc<str>, Option<Regex>>,
    /// Whether the value at hand is not shown: then it is not said what it is.
    hidden: bool,
}

enum Step {
    Field(Arc<str>),
    Index(usize),
}

impl Examination {
    fn new(open: bool) -> Self {
        Self { open, misfits: Vec::new(), path: Vec::new(), patterns: BTreeMap::new(), hidden: false }
    }

    fn run(mut self, shape: &Shape, value: &Value) -> Result<Value, Vec<Misfit>> {
        let checked = self.value(shape, value);
        if self.misfits.is_empty() { Ok(checked) } else { Err(self.misfits) }
    }

    fn wrong(&mut self, message: impl Into<String>) {
        if self.misfits.len() < MISFITS_MAX {
            self.misfits.push(Misfit { path: written(&self.path), message: message.into() });
        }
    }

    /// What the value must be, and what it is.
    fn amiss(&mut self, must: &str, is: &str) {
        self.wrong(if self.hidden { must.to_owned() } else { format!("{must}, {is}") });
    }

    fn mismatch(&mut self, shape: &Shape, value: &Value) -> Value {
        self.amiss(&format!("must be {}", shape.described()), &format!("is {}", described(value)));
        Value::Unit
    }

    fn within(&mut self, step: Step, shape: &Shape, value: &Value) -> Value {
        self.path.push(step);
        let checked = self.value(shape, value);
        self.path.pop();
        checked
    }

    fn value(&mut self, shape: &Shape, value: &Value) -> Value {
        match (shape, value) {
            (Shape::Any, value) => value.clone(),
            (shape, Value::Secret(hidden)) => self.unsaid(|this| this.value(shape, hidden.open())).hidden(),
            (Shape::Unit | Shape::Optional(_), Value::Unit | Value::Null) => Value::Unit,
            (Shape::Optional(inner), value) => self.value(inner, value),
            (Shape::Bool, Value::Bool(_)) => value.clone(),
            (Shape::Int(bounds), Value::Int(number)) => self.number(value.clone(), *number as f64, *bounds),
            // JSON does not tell 3.0 from 3.
            (Shape::Int(bounds), Value::Float(number)) if number.fract() == 0.0 && number.abs() < 9e15 => {
                self.number(Value::Int(*number as i64), *number, *bounds)
            }
            (Shape::Float(bounds), Value::Float(number)) => self.number(value.clone(), *number, *bounds),
            (Shape::Float(bounds), Value::Int(number)) => {
                self.number(Value::Float(*number as f64), *number as f64, *bounds)
            }
            (Shape::Text(bounds, pattern), Value::Text(text)) => {
                self.length(text.chars().count(), "characters", *bounds);
                self.pattern(text, pattern.as_ref());
                value.clone()
            }
            // As in JSON, where moments and durations are texts.
            (Shape::Text(..), Value::DateTime(_) | Value::Date(_) | Value::Duration(_)) => {
                self.value(shape, &Value::from(value.to_string()))
            }
            (Shape::Secret, Value::Text(_)) => value.clone().hidden(),
            (Shape::Secret, value) if !matches!(value, Value::Unit | Value::Null) => {
                self.unsaid(|this| this.mismatch(shape, value))
            }
            (Shape::DateTime, Value::DateTime(_))
            | (Shape::Date, Value::Date(_))
            | (Shape::Duration, Value::Duration(_))
            | (Shape::Bytes, Value::Bytes(_)) => value.clone(),
            (
                Shape::Email
                | Shape::Url
                | Shape::Uuid
                | Shape::Date
                | Shape::DateTime
                | Shape::Duration
                | Shape::Bytes,
                Value::Text(text),
            ) => match format::read(shape, text) {
                Ok(read) => read,
                Err(reason) => {
                    let is = format!("is {}: {reason}", described(value));
                    self.amiss(&format!("must be {}", shape.described()), &is);
                    Value::Unit
                }
            },
            (Shape::List(item, bounds), Value::List(items)) => {
                self.length(items.len(), "items", *bounds);
                self.items(item, items.iter()).into_list()
            }
            (Shape::List(item, bounds), Value::Set(items)) => {
                self.length(items.len(), "items", *bounds);
                self.items(item, items.iter()).into_list()
            }
            (Shape::Set(item, bounds), Value::List(items)) => {
                let members = self.items(item, items.iter()).into_set();
                self.length(members.len(), "members", *bounds);
                Value::Set(Arc::new(members))
            }
            (Shape::Set(item, bounds), Value::Set(items)) => {
                let members = self.items(item, items.iter()).into_set();
                self.length(members.len(), "members", *bounds);
                Value::Set(Arc::new(members))
            }
            (Shape::Map(item, bounds), Value::Map(entries)) => {
                self.length(entries.len(), "entries", *bounds);
                let checked: Map = entries
                    .iter()
                    .map(|(key, value)| (key.clone(), self.within(Step::Field(key.clone()), item, value)))
                    .collect();
                Value::from(checked)
            }
            (Shape::Object(object), Value::Map(entries)) => self.object(object, entries),
            (Shape::OneOf(values), value) => match values.iter().find(|known| same(known, value)) {
                Some(known) => known.clone(),
                None => self.none_of(shape, values, value),
            },
            (Shape::Union(shapes), value) => self.union(shape, shapes, value),
            (
                Shape::Unit
                | Shape::Bool
                | Shape::Int(_)
                | Shape::Float(_)
                | Shape::Text(..)
                | Shape::Email
                | Shape::Url
                | Shape::Uuid
                | Shape::Date
                | Shape::DateTime
                | Shape::Duration
                | Shape::Bytes
                | Shape::Secret
                | Shape::List(..)
                | Shape::Set(..)
                | Shape::Map(..)
                | Shape::Object(_),
                value,
            ) => self.mismatch(shape, value),
        }
    }

    /// What is not shown is checked as anything else is, and nothing of it is said.
    fn unsaid(&mut self, check: impl FnOnce(&mut Self) -> Value) -> Value {
        let before = std::mem::replace(&mut self.hidden, true);
        let checked = check(self);
        self.hidden = before;
        checked
    }

    fn number(&mut self, value: Value, number: f64, bounds: Bounds) -> Value {
        if let Some(min) = bounds.min
            && number < min
        {
            self.amiss(&format!("must be at least {min}"), &format!("is {number}"));
        } else if let Some(max) = bounds.max
            && number > max
        {
            self.amiss(&format!("must be at most {max}"), &format!("is {number}"));
        }
        value
    }

    fn length(&mut self, length: usize, what: &str, bounds: Bounds) {
        if let Some(min) = bounds.min
            && (length as f64) < min
        {
            self.amiss(&format!("must have at least {min} {what}"), &format!("has {length}"));
        } else if let Some(max) = bounds.max
            && length as f64 > max
        {
            self.amiss(&format!("must have at most {max} {what}"), &format!("has {length}"));
        }
    }

    fn pattern(&mut self, text: &Arc<str>, pattern: Option<&Arc<str>>) {
        let Some(pattern) = pattern else { return };
        let compiled = self.patterns.entry(pattern.clone()).or_insert_with(|| Regex::new(pattern).ok());
        // A pattern that does not compile was reported where it is written.
        if compiled.as_ref().is_some_and(|regex| !regex.is_match(text)) {
            self.amiss(&format!("must match /{pattern}/"), &format!("is {}", described(&Value::Text(text.clone()))));
        }
    }

    fn items<'v>(&mut self, shape: &Shape, items: impl Iterator<Item = &'v Value>) -> Items {
        Items(items.enumerate().map(|(index, item)| self.within(Step::Index(index), shape, item)).collect())
    }

    fn object(&mut self, object: &Object, entries: &Map) -> Value {
        let mut checked = Map::with_capacity(object.fields.len());
        for field in &object.fields {
            let value = match (entries.get(&field.name), &field.default) {
                (Some(value), None) => self.within(Step::Field(field.name.clone()), &field.shape, value),
                (Some(Value::Unit | Value::Null) | None, Some(default)) => default.clone(),
                (Some(value), Some(_)) => self.within(Step::Field(field.name.clone()), &field.shape, value),
                (None, None) if field.shape.may_be_absent() => Value::Unit,
                (None, None) => {
                    self.path.push(Step::Field(field.name.clone()));
                    self.wrong(format!("is missing: {} is required", field.shape.described()));
                    self.path.pop();
                    Value::Unit
                }
            };
            checked.insert(field.name.clone(), value);
        }
        for (key, value) in entries {
            if object.fields.iter().any(|field| field.name == *key) {
                continue;
            }
            if self.open {
                checked.insert(key.clone(), value.clone());
                continue;
            }
            let known = object.fields.iter().map(|field| &*field.name);
            let advice = match nearest(key, known.clone()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if object.fields.is_empty() => "no fields are".to_owned(),
                None => format!("known are {}", known.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
            };
            self.path.push(Step::Field(key.clone()));
            self.wrong(format!("is not known here: {advice}"));
            self.path.pop();
        }
        Value::from(checked)
    }

    fn none_of(&mut self, shape: &Shape, values: &[Value], value: &Value) -> Value {
        let known = values.iter().filter_map(Value::as_text);
        let near = value.as_text().and_then(|text| nearest(text, known));
        let advice = near.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
        self.amiss(&format!("must be {shape}"), &format!("is {}{advice}", described(value)));
        Value::Unit
    }

    /// The first member that fits; where none does, what is wrong with the one that comes nearest.
    fn union(&mut self, shape: &Shape, members: &[Shape], value: &Value) -> Value {
        let before = self.misfits.len();
        let mut nearest: Option<Vec<Misfit>> = None;
        let depth = self.path.len();
        for member in members {
            let checked = self.value(member, value);
            if self.misfits.len() == before && before < MISFITS_MAX {
                return checked;
            }
            let misfits = self.misfits.split_off(before);
            // A member is near if the value has its form and something inside it is wrong.
            let is_inside = misfits.iter().all(|misfit| misfit.path != written(&self.path[..depth]));
            if is_inside && nearest.as_ref().is_none_or(|best| misfits.len() < best.len()) {
                nearest = Some(misfits);
            }
        }
        match nearest {
            Some(misfits) => {
                self.misfits.extend(misfits);
                Value::Unit
            }
            None => self.mismatch(shape, value),
        }
    }
}

struct Items(Vec<Value>);

impl Items {
    fn into_list(self) -> Value {
        Value::list(self.0)
    }

    fn into_set(self) -> Set {
        self.0.into_iter().collect()
    }
}

/// Whether a value is the one a type names: numbers compare as numbers.
pub(super) fn same(known: &Value, value: &Value) -> bool {
    match (known, value) {
        (Value::Int(known), Value::Float(value)) => *known as f64 == *value,
        (Value::Float(known), Value::Int(value)) => *known == *value as f64,
        (known, value) => known == value,
    }
}

/// A path as programs write it: `lines[3].price`, `headers["X-Trace"]`.
fn written(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Index(index) => text.push_str(&format!("[{index}]")),
            Step::Field(name) if format::is_word(name) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(name);
            }
            Step::Field(name) => text.push_str(&format!("[{name:?}]")),
        }
    }
    text
}

/// A value in a message: its kind and, where it is short, itself.
pub(super) fn described(value: &Value) -> String {
    let kind = match value {
        Value::Unit | Value::Null => return "absent".to_owned(),
        Value::Bool(truth) => return truth.to_string(),
        Value::Map(_) => return "an object".to_owned(),
        Value::List(items) => return format!("a list of {}", items.len()),
        Value::Set(items) => return format!("a set of {}", items.len()),
        Value::Bytes(bytes) => return format!("{} bytes", bytes.len()),
        Value::Int(_) | Value::Float(_) => "the number",
        Value::Text(_) => "the string",
        Value::DateTime(_) => "the datetime",
        Value::Date(_) => "the date",
        Value::Duration(_) => "the duration",
        Value::Secret(_) => return "a secret".to_owned(),
    };
    let shown = match value {
        Value::Text(text) => format!("{:?}", cut(text)),
        other => other.to_string(),
    };
    format!("{kind} {shown}")
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
