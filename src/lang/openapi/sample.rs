//! Values that show what a schema means: its own examples, otherwise something made up.

use serde_json::{Map, Value as Json};

use super::document::Document;
use super::schema::{Side, kind};

/// How deep they go.
const DEPTH_MAX: usize = 8;
/// How many fields are shown that need not be there.
const OPTIONAL_MAX: usize = 4;
/// How long a text may be that is shown.
const CHARS_MAX: usize = 60;

/// A value of what `schema` says, for a field called `name`, as it is given or answered; what need not be there is left out but for
/// a few plain fields.
pub fn of(document: &Document, schema: &Json, name: &str, side: Side) -> Json {
    at(document, schema, name, side, 0)
}

fn at(document: &Document, schema: &Json, name: &str, side: Side, depth: usize) -> Json {
    let own = document.resolved(schema);
    let kind = kind(own);
    if let Some(shown) = shown(own).filter(|shown| is_plain(shown, kind)) {
        return shown.clone();
    }
    if let Some(first) = own["enum"].as_array().and_then(|all| all.iter().find(|it| is_plain(it, kind))) {
        return first.clone();
    }
    if !own["const"].is_null() {
        return own["const"].clone();
    }
    if let Some(first) = own["oneOf"].as_array().or_else(|| own["anyOf"].as_array()).and_then(|all| all.first())
        && depth < DEPTH_MAX
    {
        return at(document, first, name, side, depth + 1);
    }
    match kind {
        Some("object") => object(document, own, side, depth).into(),
        Some("array") if depth < DEPTH_MAX && own["items"].is_object() => {
            vec![at(document, &own["items"], name, side, depth + 1)].into()
        }
        Some("array") => Json::Array(Vec::new()),
        Some(kind) => scalar(kind, own, name),
        None => Json::Object(Map::new()),
    }
}

fn object(document: &Document, own: &Json, side: Side, depth: usize) -> Map<String, Json> {
    let fields = document.fields(own);
    let mut shown = Map::new();
    let mut optional = 0;
    for (name, schema) in &fields.properties {
        let is_required = fields.required.contains(name);
        let resolved = document.resolved(schema);
        if side.lacks(document.deref(schema)) || side.lacks(resolved) {
            continue;
        }
        let is_scalar = matches!(kind(resolved), Some("string" | "integer" | "number" | "boolean"));
        let is_shown = is_scalar && optional < OPTIONAL_MAX && resolved["format"] != "binary";
        if (is_required && depth < DEPTH_MAX) || (is_shown && depth < 3) {
            optional += usize::from(!is_required);
            shown.insert((*name).to_owned(), at(document, schema, name, side, depth + 1));
        }
    }
    shown
}

/// What a schema itself shows.
fn shown(own: &Json) -> Option<&Json> {
    let first = own["examples"].as_array().and_then(|all| all.first());
    [Some(&own["example"]), Some(&own["x-example"]), first, Some(&own["default"])]
        .into_iter()
        .flatten()
        .find(|it| !it.is_null())
}

/// Whether a value is what it is said to be, and short.
fn is_plain(value: &Json, kind: Option<&str>) -> bool {
    match (value, kind) {
        (Json::String(text), Some("string")) => text.chars().count() <= CHARS_MAX && !text.is_empty(),
        (Json::Number(number), Some("integer")) => number.is_i64(),
        (Json::Number(_), Some("number")) | (Json::Bool(_), Some("boolean")) => true,
        _ => false,
    }
}

fn scalar(kind: &str, own: &Json, name: &str) -> Json {
    let words = super::naming::words(name);
    match (kind, own["format"].as_str().unwrap_or_default()) {
        ("string", "date-time") => "2026-03-02T09:00:00Z".into(),
        ("string", "date") => "2026-03-02".into(),
        ("string", "email") => "ada@example.com".into(),
        ("string", "uuid") => "00000000-0000-4000-8000-000000000000".into(),
        ("string", "uri" | "url") => "https://example.com/".into(),
        ("string", _) if words.last().is_some_and(|last| matches!(last.as_str(), "id" | "gid")) => "1".into(),
        ("string", _) if words.is_empty() => "text".into(),
        ("string", _) => words.join(" ").into(),
        ("integer", _) => {
            let bound = |word: &str| own[word].as_i64();
            let raised = bound("minimum").map_or(1, |min| min.max(1));
            bound("maximum").map_or(raised, |max| raised.min(max)).into()
        }
        ("number", _) => 1.5.into(),
        ("boolean", _) => true.into(),
        _ => Json::Object(Map::new()),
    }
}
