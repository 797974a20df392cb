//! One field of a form: from a type to what a page asks for, and from what was typed to a value.

use crate::base::shape::{Field, Misfit, Object, Shape};
use crate::base::value::{Map, Value};

/// From how many characters on a text gets more than one line.
const LONG_TEXT: f64 = 120.0;

/// How a page asks for a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Asks {
    /// One line, of this type of HTML's.
    Line(&'static str),
    /// Several lines.
    Lines,
    /// One text on each line.
    List,
    /// Yes or no.
    Tick,
    /// One of these.
    OneOf(Vec<Value>),
    /// Any of these.
    SomeOf(Vec<Value>),
    /// JSON, where nothing simpler would do.
    Json,
}

impl Asks {
    /// How a page asks for a value of this type.
    pub fn of(shape: &Shape) -> Self {
        match shape.present() {
            Shape::Bool => Self::Tick,
            Shape::Int(_) | Shape::Float(_) => Self::Line("number"),
            Shape::Email => Self::Line("email"),
            Shape::Url => Self::Line("url"),
            Shape::Date => Self::Line("date"),
            Shape::Secret => Self::Line("password"),
            Shape::Text(bounds, None) if bounds.max.is_some_and(|max| max > LONG_TEXT) => Self::Lines,
            Shape::Text(..) | Shape::Uuid | Shape::DateTime | Shape::Duration => Self::Line("text"),
            Shape::OneOf(values) => Self::OneOf(values.to_vec()),
            Shape::List(item, _) | Shape::Set(item, _) => match &**item {
                Shape::OneOf(values) => Self::SomeOf(values.to_vec()),
                item if is_line(item) => Self::List,
                _ => Self::Json,
            },
            Shape::Any
            | Shape::Unit
            | Shape::Bytes
            | Shape::Map(..)
            | Shape::Object(_)
            | Shape::Union(_)
            | Shape::Optional(_) => Self::Json,
        }
    }
}

/// Whether a value of this type is one line of text.
fn is_line(shape: &Shape) -> bool {
    matches!(Asks::of(shape), Asks::Line(_)) && !matches!(shape, Shape::Optional(_))
}

/// The texts of an empty form: what is left out has its default.
pub fn defaults(input: &Object) -> Vec<(String, String)> {
    let given = |field: &Field| Some((field.name.to_string(), field.default.clone()?));
    input.fields.iter().filter_map(given).flat_map(|(name, value)| written(&name, &value)).collect()
}

/// A value as it stands in a form.
fn written(name: &str, value: &Value) -> Vec<(String, String)> {
    let text = match value {
        Value::Unit | Value::Null => return Vec::new(),
        Value::Bool(truth) => return if *truth { vec![(name.to_owned(), "true".to_owned())] } else { Vec::new() },
        Value::List(items) => items.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        other => other.to_string(),
    };
    vec![(name.to_owned(), text)]
}

/// The body that a form was sent with, and what was typed and cannot be read, by field. Whether the rest fits the type is found
/// out later.
pub fn read(input: &Object, pairs: &[(String, String)]) -> (Value, Vec<Misfit>) {
    let (mut body, mut faults) = (Map::new(), Vec::new());
    for field in &input.fields {
        let texts: Vec<&str> =
            pairs.iter().filter(|(name, _)| **name == *field.name).map(|(_, text)| text.as_str()).collect();
        match value(&field.shape, &texts) {
            // What was left empty was left out.
            Ok(Value::Unit) => {}
            Ok(value) => drop(body.insert(field.name.clone(), value)),
            Err(message) => faults.push(Misfit { path: field.name.to_string(), message }),
        }
    }
    (body.into(), faults)
}

fn value(shape: &Shape, texts: &[&str]) -> Result<Value, String> {
    let typed = texts.last().copied().unwrap_or_default();
    Ok(match Asks::of(shape) {
        Asks::Tick => Value::Bool(matches!(typed, "true" | "on")),
        Asks::SomeOf(choices) => {
            Value::list(choices.iter().filter(|choice| texts.contains(&choice.to_string().as_str())).cloned())
        }
        _ if typed.trim().is_empty() => Value::Unit,
        Asks::OneOf(choices) => {
            choices.into_iter().find(|choice| choice.to_string() == typed).unwrap_or_else(|| typed.into())
        }
        Asks::List => {
            let item = shape.item().unwrap_or_default();
            let lines = typed.lines().map(str::trim).filter(|line| !line.is_empty());
            Value::list(lines.map(|line| line_value(&item, line)).collect::<Result<Vec<_>, _>>()?)
        }
        Asks::Json => {
            serde_json::from_str(typed).map(Value::from_json).map_err(|error| format!("is no JSON: {error}"))?
        }
        // Browsers end lines as the mail of old did.
        Asks::Lines => typed.replace("\r\n", "\n").into(),
        Asks::Line(_) => line_value(shape, typed)?,
    })
}

fn line_value(shape: &Shape, typed: &str) -> Result<Value, String> {
    Ok(match shape.present() {
        Shape::Int(_) => typed.trim().parse().map(Value::Int).map_err(|_| "must be a whole number".to_owned())?,
        Shape::Float(_) => {
            let number = typed.trim().replace(',', ".").parse().ok().filter(|number: &f64| number.is_finite());
            Value::Float(number.ok_or("must be a number")?)
        }
        // A secret and a free text are as they were typed.
        Shape::Text(..) | Shape::Secret => typed.into(),
        _ => typed.trim().into(),
    })
}
