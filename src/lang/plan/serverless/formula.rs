//! Values and expressions.

use serde_json::{Map, Value as Json, json};

use super::writer::Writer;
use crate::base::shape::Field;
use crate::base::time::Duration;
use crate::base::value::Value;
use crate::lang::plan::{Formula, Root, Script};
use crate::lang::script::{Key, Read};

/// What stands for `.` until it is known whether something stands between; no text of a program that became JSON has it.
const HERE: char = '\u{1}';

impl Writer<'_> {
    /// A value: what is known stands as it is, what is computed in `${ }`.
    pub fn value(&mut self, formula: &Formula) -> Json {
        match formula {
            Formula::Constant(value) => self.constant(value),
            Formula::Script(script) => match self.jq(script) {
                Some(jq) => format!("${{ {jq} }}").into(),
                None => {
                    self.later(format!("jq has no equal of: {}", script.source.trim()));
                    "${ null }".into()
                }
            },
            Formula::Object(fields) => {
                let fields = fields.iter().map(|(name, value)| (name.to_string(), self.value(value)));
                Json::Object(fields.collect::<Map<_, _>>())
            }
            Formula::List(items) => items.iter().map(|item| self.value(item)).collect::<Vec<_>>().into(),
        }
    }

    /// A value as one expression, if all of it has an equal.
    pub fn whole(&self, formula: &Formula) -> Option<String> {
        match formula {
            Formula::Constant(value) => Some(value.to_json().to_string()),
            Formula::Script(script) => self.jq(script),
            Formula::Object(fields) => {
                let field = |(name, value): &(std::sync::Arc<str>, Formula)| Some(entry(name, &self.whole(value)?));
                let fields: Option<Vec<String>> = fields.iter().map(field).collect();
                Some(format!("{{ {} }}", fields?.join(", ")))
            }
            Formula::List(items) => {
                let items: Option<Vec<String>> = items.iter().map(|item| self.whole(item)).collect();
                Some(format!("[{}]", items?.join(", ")))
            }
        }
    }

    fn constant(&mut self, value: &Value) -> Json {
        match value {
            Value::Text(text) if text.contains("${") => {
                let quoted = Json::from(&**text).to_string().replace("${", "$\\u007b");
                format!("${{ {quoted} }}").into()
            }
            value => value.to_json(),
        }
    }

    /// A condition in `${ }`; one that cannot be said holds.
    pub fn condition(&mut self, script: &Script) -> Json {
        match self.jq(script) {
            Some(jq) => format!("${{ {jq} }}").into(),
            None => {
                self.later(format!("jq has no equal of the condition: {}", script.source.trim()));
                "${ true }".into()
            }
        }
    }

    /// An expression in jq, if it has an equal there.
    pub fn jq(&self, script: &Script) -> Option<String> {
        let library = self.called.as_ref().map_or(&self.plan.functions, |called| &called.connector.functions).library();
        let outside = |read: usize, found: &Read| self.outside(script.roots.get(read)?, found);
        let text = script.compiled(library).to_jq(&outside)?;
        // What `.` is here it is no more behind a `|`.
        Some(if !text.contains(HERE) {
            text
        } else if text.contains('|') {
            format!(". as $here | {}", text.replace(HERE, "$here"))
        } else {
            text.replace(&format!("{HERE}."), ".").replace(HERE, ".")
        })
    }

    /// What a path outside of a script begins with, and how many of its segments that takes in.
    fn outside(&self, root: &Root, found: &Read) -> Option<(String, usize)> {
        let first = match found.path.first().map(|segment| &segment.key) {
            Some(Key::Field(name)) => Some(&**name),
            _ => None,
        };
        let at = |text: &str, taken: usize| Some((text.to_owned(), taken));
        match root {
            Root::Input => {
                match first.and_then(|name| self.plan.input.fields.iter().find(|field| &*field.name == name)) {
                    Some(Field { name, default: Some(default), .. }) => {
                        at(&otherwise(&format!("$workflow.input.{name}"), default), 1)
                    }
                    _ => at("$workflow.input", 0),
                }
            }
            Root::Vars => at("$context.vars", 0),
            Root::Slot(_) if self.items.contains(&found.root) => at(&format!("${}", found.root), 0),
            Root::Slot(_) => at(&format!("$context.{}", found.root), 0),
            Root::Event => at(&HERE.to_string(), 0),
            Root::Error => match first? {
                "type" => at("$error.type", 1),
                "message" => at("$error.detail", 1),
                "status" => at("$error.status", 1),
                _ => None,
            },
            Root::Run => match first? {
                "id" => at("$workflow.id", 1),
                "workflow" => at("$workflow.definition.document.name", 1),
                "started_at" => at("$workflow.startedAt.iso8601", 1),
                _ => None,
            },
            Root::Param(name) => {
                let field =
                    self.called.as_ref()?.operation.signature.params.iter().find(|field| field.name == *name)?;
                let text = format!("$input.{name}");
                match &field.default {
                    Some(default) => at(&otherwise(&text, default), 0),
                    None => at(&text, 0),
                }
            }
            Root::Params => at("$input", 0),
            Root::Config => self.configured(first?).map(|text| (text, 1)),
            Root::Response => match first {
                Some("body") => at(&format!("{HERE}.content"), 1),
                Some("status") => at(&format!("{HERE}.statusCode"), 1),
                Some("headers") => at(&format!("{HERE}.headers"), 1),
                _ => None,
            },
            _ => None,
        }
    }

    /// A bound of time.
    pub fn time(&mut self, formula: &Formula) -> Json {
        match formula {
            Formula::Constant(Value::Duration(time)) => duration(*time),
            other => {
                self.later(format!("a time that is computed: {other}"));
                json!({ "seconds": 1 })
            }
        }
    }
}

/// Words of jq that no field is called without quotes.
const WORDS: [&str; 17] = [
    "and", "as", "catch", "def", "elif", "else", "end", "foreach", "if", "import", "include", "label", "not", "or",
    "reduce", "then", "try",
];

/// A field of an object in jq.
pub(super) fn entry(name: &str, jq: &str) -> String {
    let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !WORDS.contains(&name);
    let name = if is_plain { name.to_owned() } else { Json::from(name).to_string() };
    if jq.contains(' ') { format!("{name}: ({jq})") } else { format!("{name}: {jq}") }
}

/// A value, or another where it is not there.
fn otherwise(jq: &str, default: &Value) -> String {
    // `//` gives way where `false` stands on its left, too.
    match default {
        Value::Bool(true) => format!("(if {jq} == null then true else {jq} end)"),
        default => format!("({jq} // {})", default.to_json()),
    }
}

/// A duration as an object: `{ minutes: 15 }`.
pub(super) fn duration(duration: Duration) -> Json {
    let mut left = u64::try_from(duration.to_std().as_millis()).unwrap_or(u64::MAX);
    let mut parts = Map::new();
    for (name, size) in
        [("days", 86_400_000), ("hours", 3_600_000), ("minutes", 60_000), ("seconds", 1_000), ("milliseconds", 1)]
    {
        if left >= size {
            parts.insert(name.to_owned(), (left / size).into());
            left %= size;
        }
    }
    if parts.is_empty() {
        parts.insert("seconds".to_owned(), 0.into());
    }
    parts.into()
}
