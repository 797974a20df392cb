//! Values and expressions.

use serde_json::{Map, Value as Json, json};

use super::writer::Writer;
use crate::base::time::Duration;
use crate::base::value::Value;
use crate::lang::plan::{Formula, Root, Script};
use crate::lang::script::{Key, Read};

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
                let field = |(name, value): &(std::sync::Arc<str>, Formula)| {
                    Some(format!("{}: ({})", Json::from(&**name), self.whole(value)?))
                };
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
        let outside = |read: usize, found: &Read| {
            let first = || match found.path.first().map(|segment| &segment.key) {
                Some(Key::Field(name)) => Some(name.to_string()),
                _ => None,
            };
            let at = |text: &str, taken: usize| Some((text.to_owned(), taken));
            match script.roots.get(read)? {
                Root::Input => at("$workflow.input", 0),
                Root::Vars => at("$context.vars", 0),
                Root::Slot(_) if self.items.contains(&found.root) => at(&format!("${}", found.root), 0),
                Root::Slot(_) => at(&format!("$context.{}", found.root), 0),
                Root::Event => at(".", 0).filter(|_| found.path.is_empty()).or_else(|| at("", 0)),
                Root::Error => match first()?.as_str() {
                    "type" => at("$error.type", 1),
                    "message" => at("$error.detail", 1),
                    "status" => at("$error.status", 1),
                    _ => None,
                },
                Root::Run => match first()?.as_str() {
                    "id" => at("$workflow.id", 1),
                    "workflow" => at("$workflow.definition.document.name", 1),
                    _ => None,
                },
                _ => None,
            }
        };
        script.compiled(self.plan.functions.library()).to_jq(&outside)
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
