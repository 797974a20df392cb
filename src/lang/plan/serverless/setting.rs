//! Settings of connectors that are no secrets: nothing but the document can say them there, and its first task does.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

/// Where expressions find them.
const ROOT: &str = "$context.settings_of";

/// A setting in jq.
pub fn read(connector: &str, name: &str) -> String {
    format!("{ROOT}.{}.{}", word(connector), word(name))
}

/// The settings of a connector that are read in a task, each once.
pub fn names(task: &Json, connector: &str) -> BTreeSet<String> {
    let begin = format!("{ROOT}.{}.", word(connector));
    let text = task.to_string();
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let names = text.match_indices(&begin).map(|(at, _)| &text[at + begin.len()..]);
    names.map(|behind| behind.split(|c| !is_part(c)).next().unwrap_or_default().to_owned()).collect()
}

/// A name that is one word in jq.
pub fn word(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// The task that says what they are.
pub fn task(settings: Map<String, Json>) -> Map<String, Json> {
    let mut task = Map::new();
    task.insert("set".to_owned(), settings.into());
    task.insert("export".to_owned(), json!({ "as": "${ $context + { settings_of: . } }" }));
    task
}
