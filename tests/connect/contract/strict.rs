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

/// What is wrong with `value` at `place`.
pub fn fits(document: &Json, schema: &Json, value: &Json, strictness: Strictness, place: &str) -> Vec<String> {
    let schema = deref(document, schema);
    if value.is_null() {
        return Vec::new();
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
        Json::Array(items) if schema["type"] == "array" => {
            let items = items.iter().enumerate();
            let each = |(at, it)| fits(document, &schema["items"], it, strictness, &format!("{place}[{at}]"));
            items.flat_map(each).collect()
        }
        value => plain(schema, value, strictness, place).into_iter().collect(),
    }
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

fn plain(schema: &Json, value: &Json, strictness: Strictness, place: &str) -> Option<String> {
    let fits = match schema["type"].as_str() {
        _ if strictness.texts => true,
        Some("integer") => value.is_i64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => true,
    };
    let known = schema["enum"].as_array().is_none_or(|all| all.contains(value));
    match (fits, known) {
        (false, _) => Some(format!("{place}: {value} is no {}", schema["type"].as_str().unwrap_or_default())),
        (true, false) => Some(format!("{place}: {value} is none of {}", schema["enum"])),
        (true, true) => None,
    }
}
