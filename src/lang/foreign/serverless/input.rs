//! The input of a workflow: what a schema says of it, and what its tasks read.

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::value::{Shape, Value};
use crate::lang::foreign::term::{Term, field};
use crate::lang::layout;

/// How deep a schema is followed; what lies deeper may be anything.
const DEPTH_MAX: usize = 12;

/// What is read of the input, and what is known of it.
#[derive(Clone, Debug, Default)]
pub struct Reads {
    /// Fields that a schema declares: their types, and what is known of their values.
    declared: IndexMap<String, (String, Shape)>,
    /// Fields that are read and not declared.
    fields: Vec<String>,
    /// Whether it is read as a whole.
    is_whole: bool,
    /// Whether it is one field, `data`: known from having written the workflow once.
    is_data: bool,
}

impl Reads {
    /// What a schema declares; a clock brings none of it.
    pub fn of(schema: &Json, is_by_clock: bool) -> Self {
        let mut declared = IndexMap::new();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let is_named = schema["required"].as_array().is_some_and(|names| names.iter().any(|own| own == name));
            let is_required = is_named && !is_by_clock;
            let default = property.get("default").filter(|default| !default.is_null());
            let mut kind = kind(property, 0);
            let mut shape = if is_required || default.is_some() { known(property) } else { Shape::Any };
            match default {
                Some(default) if is_plain(default) => kind = format!("{kind} = {}", Term::of(default).value()),
                _ if is_required => {}
                // Where jq reads what is absent, it goes on with nothing: a closer type would have each such place say so.
                _ => kind = "any?".to_owned(),
            }
            if kind == "any" || kind.starts_with("any?") {
                shape = Shape::Any;
            }
            declared.insert(name.clone(), (kind, shape));
        }
        Self { declared, ..Self::default() }
    }

    /// For writing the workflow again, with what is known now.
    pub fn again(&self) -> Self {
        let is_data = self.is_whole && self.declared.is_empty();
        Self { declared: self.declared.clone(), fields: Vec::new(), is_whole: false, is_data }
    }

    /// Whether a schema says which fields the input has.
    pub fn is_declared(&self) -> bool {
        !self.declared.is_empty()
    }

    /// The input as a whole.
    pub fn whole(&mut self) -> String {
        self.is_whole = true;
        if self.is_data { "input.data" } else { "input" }.to_owned()
    }

    /// A field of the input.
    pub fn field(&mut self, name: &str) -> Value {
        if self.is_data {
            return Value::path(format!("input.data?{}", field(name)));
        }
        let path = format!("input{}", field(name));
        if let Some((_, shape)) = self.declared.get(name) {
            return Value::of(Term::Path(path), shape.clone());
        }
        if !self.fields.iter().any(|own| own == name) {
            self.fields.push(name.to_owned());
        }
        Value::path(path)
    }

    /// What the workflow declares of its input and its variables.
    pub fn declarations(&self, variables: &[String]) -> String {
        let mut text = String::new();
        if self.is_data {
            text.push_str("    /// What the first task is given.\n    input { data: any? }\n");
        } else if !self.declared.is_empty() || !self.fields.is_empty() {
            text.push_str("    input {\n");
            let declared = self.declared.iter().map(|(name, (kind, _))| (name, kind.as_str()));
            let read = self.fields.iter().map(|name| (name, "any?"));
            for (name, kind) in declared.chain(read) {
                text.push_str(&format!("        {}: {kind}\n", layout::key(name)));
            }
            text.push_str("    }\n");
        }
        if !variables.is_empty() {
            let fields: Vec<String> = variables.iter().map(|name| format!("{name}: any = ()")).collect();
            text.push_str(&format!("    vars {{ {} }}\n", fields.join(", ")));
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text
    }
}

/// Whether a default can stand in a declaration.
fn is_plain(default: &Json) -> bool {
    !default.is_object() && !default.is_array()
}

/// What a schema lets us know of a value that is there.
fn known(schema: &Json) -> Shape {
    match schema["type"].as_str() {
        Some("string") => Shape::Text,
        Some("integer" | "number") => Shape::Number,
        Some("boolean") => Shape::Truth,
        Some("array") => Shape::List,
        _ => Shape::Any,
    }
}

/// A schema as a type.
fn kind(schema: &Json, depth: usize) -> String {
    if depth > DEPTH_MAX {
        return "any".to_owned();
    }
    if let Some(options) = schema["enum"].as_array() {
        let texts: Vec<String> = options.iter().filter_map(Json::as_str).map(layout::text).collect();
        return if texts.len() == options.len() && !texts.is_empty() { texts.join(" | ") } else { "any".to_owned() };
    }
    match schema["type"].as_str() {
        Some("string") => match schema["format"].as_str() {
            Some("email") => "email",
            Some("uuid") => "uuid",
            Some("uri") => "url",
            _ => "string",
        }
        .to_owned(),
        Some("integer") => "int".to_owned(),
        Some("number") => "int | float".to_owned(),
        Some("boolean") => "bool".to_owned(),
        Some("array") => {
            let items = kind(&schema["items"], depth + 1);
            format!("list<{items}>")
        }
        // What else the objects inside hold is read too: their fields are not held to what is declared.
        _ => "any".to_owned(),
    }
}
