//! The secrets that a document reads: it has to name them.

use std::collections::BTreeSet;

use serde_json::Value as Json;

/// How an expression reads one.
const READ: &str = "$secrets.";

/// The names of the secrets that are read anywhere in these, each once.
pub fn read<'a>(parts: impl Iterator<Item = &'a Json>) -> Vec<String> {
    let mut names = BTreeSet::new();
    parts.for_each(|part| collect(part, &mut names));
    names.into_iter().collect()
}

fn collect(part: &Json, names: &mut BTreeSet<String>) {
    match part {
        Json::String(text) => names.extend(named(text)),
        Json::Array(items) => items.iter().for_each(|item| collect(item, names)),
        Json::Object(fields) => fields.values().for_each(|value| collect(value, names)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// The names in one text; notes and plain texts hold no expression.
fn named(text: &str) -> Vec<String> {
    if !text.contains("${") {
        return Vec::new();
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let ends = |behind: &str| behind.find(|c| !is_part(c)).unwrap_or(behind.len());
    text.match_indices(READ)
        .map(|(at, _)| &text[at + READ.len()..])
        .map(|behind| behind[..ends(behind)].to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}
