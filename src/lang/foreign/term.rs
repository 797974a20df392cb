//! Values of a program that is being written, and how they are laid out.

use serde_json::Value as Json;

use crate::lang::layout;

/// How long a line may be before a value is put on several.
const WIDTH: usize = 100;
/// How deep the brackets of a constant may stand in each other before it is written as JSON.
const DEPTH_MAX: usize = 60;

/// A value: an expression, or an object or a list of such.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// An expression, as it stands.
    Code(String),
    /// A value that binds as tightly as a name: `input.order`, `a.b[0]`, `f(x)`.
    Path(String),
    /// `{ name: value }`; `#{ name: value }` inside of expressions.
    Object(Vec<(String, Term)>),
    /// `[a, b]`
    List(Vec<Term>),
    /// A map with fields put over its own: `base + #{ name: value }`.
    Over(Box<Term>, Vec<(String, Term)>),
}

/// Where a value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Behind `key:`, where `{` opens an object.
    Value,
    /// Inside of an expression.
    Expression,
}

impl Term {
    /// A constant.
    pub fn of(json: &Json) -> Self {
        if depth(json) > DEPTH_MAX {
            return Self::Path(format!("parse_json({})", layout::text(&json.to_string())));
        }
        match json {
            Json::Null => Self::Path("()".to_owned()),
            Json::Bool(truth) => Self::Path(truth.to_string()),
            Json::Number(number) => Self::number(number),
            Json::String(text) => Self::text(text),
            Json::Array(items) => Self::List(items.iter().map(Self::of).collect()),
            Json::Object(fields) => {
                Self::Object(fields.iter().map(|(name, value)| (name.clone(), Self::of(value))).collect())
            }
        }
    }

    /// A text.
    pub fn text(text: &str) -> Self {
        Self::Path(layout::text(text))
    }

    /// A number.
    fn number(number: &serde_json::Number) -> Self {
        let written = match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.to_string(),
            (None, Some(float)) => format!("{float:?}"),
            (None, None) => "()".to_owned(),
        };
        if written.starts_with('-') { Self::Code(written) } else { Self::Path(written) }
    }

    /// The value as part of an expression that goes on: in brackets where it would otherwise be read as another.
    pub fn tight(&self) -> String {
        match self {
            Self::Code(_) | Self::Over(..) => format!("({})", self.expression()),
            Self::Path(_) | Self::Object(_) | Self::List(_) => self.expression(),
        }
    }

    /// The value as an expression, on one line.
    pub fn expression(&self) -> String {
        self.line(Place::Expression)
    }

    /// The value where a value stands, on one line.
    pub fn value(&self) -> String {
        self.line(Place::Value)
    }

    /// The value where a value stands, behind `before` letters of a line that is `indent` deep.
    pub fn laid_out(&self, indent: usize, before: usize) -> String {
        self.over_lines(Place::Value, indent, before)
    }

    fn line(&self, place: Place) -> String {
        match self {
            Self::Code(code) | Self::Path(code) => code.clone(),
            Self::Object(fields) => {
                let open = if place == Place::Value { "{" } else { "#{" };
                let fields: Vec<String> =
                    fields.iter().map(|(name, it)| format!("{}: {}", layout::key(name), it.line(place))).collect();
                if fields.is_empty() { format!("{open}}}") } else { format!("{open} {} }}", fields.join(", ")) }
            }
            Self::List(items) => {
                format!("[{}]", items.iter().map(|it| it.line(place)).collect::<Vec<_>>().join(", "))
            }
            Self::Over(base, fields) => {
                format!("{} + {}", base.tight(), Self::Object(fields.clone()).line(Place::Expression))
            }
        }
    }

    fn over_lines(&self, place: Place, indent: usize, before: usize) -> String {
        let line = self.line(place);
        if before + line.chars().count() <= WIDTH {
            return line;
        }
        let (inner, outer) = (" ".repeat(indent + 4), " ".repeat(indent));
        match self {
            Self::Object(fields) if !fields.is_empty() => {
                let open = if place == Place::Value { "{" } else { "#{" };
                // In an expression only a comma parts two fields.
                let comma = if place == Place::Value { "" } else { "," };
                let fields = fields.iter().map(|(name, it)| {
                    let name = layout::key(name);
                    let value = it.over_lines(place, indent + 4, indent + 6 + name.chars().count());
                    format!("{inner}{name}: {value}{comma}\n")
                });
                format!("{open}\n{}{outer}}}", fields.collect::<String>())
            }
            Self::List(items) if !items.is_empty() => {
                let items: Vec<String> =
                    items.iter().map(|it| format!("{inner}{}", it.over_lines(place, indent + 4, indent + 4))).collect();
                format!("[\n{}\n{outer}]", items.join(",\n"))
            }
            Self::Over(base, fields) => {
                let fields = Self::Object(fields.clone()).over_lines(Place::Expression, indent, WIDTH);
                format!("{} + {fields}", base.tight())
            }
            _ => line,
        }
    }
}

/// How deep the brackets of a constant stand in each other.
fn depth(json: &Json) -> usize {
    match json {
        Json::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Json::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => 0,
    }
}

/// A field of something, as it is read: `.name`, `["a name"]`.
pub fn field(name: &str) -> String {
    let key = layout::key(name);
    if key == name { format!(".{name}") } else { format!("[{key}]") }
}
