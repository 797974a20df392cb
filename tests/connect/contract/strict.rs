//! Whether a value is what a schema says, and nothing beside it.

use serde_json::Value as Json;

/// How strictly a value is looked at. What no schema names is always a fault.
#[derive(Clone, Copy)]
pub struct Strictness {
    /// Whether what is required must be there.
    pub whole: bool,
    /// Whether every value is a text, as in a form.
    pub texts: bool,
}

/// What a `$ref` leads to, or the thing itself.
pub fn deref<'d>(document: &'d Json, mut thing: &'d Json) -> &'d Json {
    while let Some(target) = thing["$ref"].as_str() {
        thing = document.pointer(target.trim_start_matches('#')).expect("a reference leads somewhere");
    }
    thing
}

/// The same without "or nothing", which is said in three ways.
pub fn present<'d>(document: &'d Json, schema: &'d Json) -> &'d Json {
    let schema = deref(document, schema);
    let choices = ["anyOf", "oneOf"].iter().find_map(|word| schema[word].as_array());
    let mut others = choices.into_iter().flatten().filter(|choice| choice["type"] != "null");
    match (others.next(), others.next()) {
        (Some(only), None) => present(document, only),
        _ => schema,
    }
}

/// What is wrong with `value` at `place`.
pub fn fits(document: &Json, schema: &Json, value: &Json, strictness: Strictness, place: &str) -> Vec<String> {
    let schema = deref(document, schema);
    if value.is_null() {
        let known = !strictness.whole || may_be_null(document, schema);
        return (!known).then(|| format!("{place}: nothing is said of null")).into_iter().collect();
    }
    for word in ["anyOf", "oneOf"] {
        let Some(choices) = schema[word].as_array() else { continue };
        let tried = choices.iter().map(|choice| fits(document, choice, value, strictness, place));
        return tried.min_by_key(Vec::len).unwrap_or_default();
    }
    let fields = fields(document, schema);
    match value {
        Json::Object(map) if !fields.is_empty() => {
            let mut faults = Vec::new();
            for (name, value) in map {
                match fields.iter().rev().find(|(known, _)| *known == name) {
                    // Notes on a field, in the manner of OData.
                    None if name.contains('@') => {}
                    None if schema["additionalProperties"].is_object() => {
                        let each = &schema["additionalProperties"];
                        faults.extend(fits(document, each, value, strictness, &format!("{place}.{name}")));
                    }
                    None => faults.push(format!("{place}: there is no `{name}`")),
                    Some((_, schema)) => {
                        faults.extend(fits(document, schema, value, strictness, &format!("{place}.{name}")));
                    }
                }
            }
            if strictness.whole {
                let missing = required(document, schema).into_iter().filter(|name| !map.contains_key(*name));
                faults.extend(missing.map(|name| format!("{place}: `{name}` is missing")));
            }
            faults
        }
        Json::Object(map) => {
            let each = &schema["additionalProperties"];
            let entries = map.iter().filter(|_| each.is_object());
            entries.flat_map(|(name, it)| fits(document, each, it, strictness, &format!("{place}.{name}"))).collect()
        }
        Json::Array(items) if kinds(schema).any(|kind| kind == "array") => {
            let items = items.iter().enumerate();
            let each = |(at, it)| fits(document, &schema["items"], it, strictness, &format!("{place}[{at}]"));
            items.flat_map(each).collect()
        }
        value => plain(schema, value, strictness, place).into_iter().collect(),
    }
}

/// Whether a schema allows nothing to be there.
fn may_be_null(document: &Json, schema: &Json) -> bool {
    let schema = deref(document, schema);
    let choices = ["anyOf", "oneOf", "allOf"].iter().filter_map(|word| schema[word].as_array()).flatten();
    let mut choices = choices.peekable();
    let says_nothing = schema["type"].is_null() && choices.peek().is_none();
    says_nothing
        || schema["nullable"] == true
        || kinds(schema).any(|kind| kind == "null")
        || choices.any(|choice| may_be_null(document, choice))
}

/// The fields of an object, those of its parts too.
fn fields<'d>(document: &'d Json, schema: &'d Json) -> Vec<(&'d String, &'d Json)> {
    let schema = deref(document, schema);
    let parts = schema["allOf"].as_array().into_iter().flatten().flat_map(|part| fields(document, part));
    parts.chain(schema["properties"].as_object().into_iter().flatten()).collect()
}

fn required<'d>(document: &'d Json, schema: &'d Json) -> Vec<&'d str> {
    let schema = deref(document, schema);
    let parts = schema["allOf"].as_array().into_iter().flatten().flat_map(|part| required(document, part));
    let own = schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str);
    // What only the far side sets need not be sent.
    let sent = |name: &&str| schema["properties"][*name]["readOnly"] != true && !name.contains('@');
    parts.chain(own.filter(sent)).collect()
}

/// The types that a schema allows; none where it says nothing of them.
pub fn kinds(schema: &Json) -> impl Iterator<Item = &str> {
    let several = schema["type"].as_array().into_iter().flatten().filter_map(Json::as_str);
    schema["type"].as_str().into_iter().chain(several)
}

fn plain(schema: &Json, value: &Json, strictness: Strictness, place: &str) -> Option<String> {
    let is = |kind: &str| match kind {
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => false,
        _ => true,
    };
    let mut kinds = kinds(schema).peekable();
    let named = kinds.peek().copied().unwrap_or_default();
    let fits = strictness.texts || kinds.peek().is_none() || kinds.any(is);
    let known = schema["enum"].as_array().is_none_or(|all| all.contains(value));
    let known = known && (schema["const"].is_null() || schema["const"] == *value);
    match (fits, known) {
        (false, _) => Some(format!("{place}: {value} is no {named}")),
        (true, false) => Some(format!("{place}: {value} is none of {}{}", schema["enum"], schema["const"])),
        (true, true) => None,
    }
}
