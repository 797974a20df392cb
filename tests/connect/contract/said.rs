//! What vendors' own pages say and their descriptions do not, in a few words of ours: a request, and below it what it may
//! carry and what it is answered with, as types of the language.
//!
//! ```text
//! # Where it is written.
//! POST /things/{id}
//!     query { dry: bool? }
//!     body { name: string }
//!     answer { id: string }
//! ```

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::super::declared::package;
use super::strict::deref;

/// One thing that is said of a request.
struct Said<'t> {
    method: String,
    path: &'t str,
    what: &'t str,
    kind: String,
}

/// A page as an OpenAPI document.
pub fn as_openapi(page: &str) -> Json {
    let (types, said) = read(page);
    let mut program = types;
    program.push_str("\nworkflow page {\n input {\n");
    for (place, said) in said.iter().enumerate() {
        let _ = writeln!(program, "  f{place}: {}", said.kind);
    }
    program.push_str(" }\n}\n");
    let package = package(&program);
    let plan = package.plans.values().next().expect("a workflow");
    let mut paths = json!({});
    for (said, field) in said.iter().zip(&plan.input.fields) {
        let operation = &mut paths[said.path][&said.method];
        if operation.is_null() {
            *operation = json!({ "parameters": [], "responses": {} });
        }
        add(operation, said.what, field.shape.to_json_schema());
    }
    json!({ "paths": paths, "components": {} })
}

/// The types that a page names, and what it says of each request.
fn read(page: &str) -> (String, Vec<Said<'_>>) {
    let (mut types, mut said): (String, Vec<Said>) = Default::default();
    let mut request = ("", "");
    for line in page.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        match word {
            "type" => types.push_str(line),
            "query" | "body" | "form" | "multipart" | "file" | "answer" => {
                let (method, path) = request;
                said.push(Said { method: method.to_lowercase(), path, what: word, kind: rest.to_owned() });
            }
            _ if !line.starts_with(' ') => {
                request = (word, rest);
                said.push(Said { method: word.to_lowercase(), path: rest, what: "", kind: "any?".to_owned() });
            }
            // A type goes on.
            _ => match said.last_mut().filter(|it| !it.what.is_empty()) {
                Some(last) => last.kind.extend(["\n", line]),
                None => types.push_str(line),
            },
        }
        types.push('\n');
    }
    (types, said)
}

fn add(operation: &mut Json, what: &str, schema: Json) {
    let media = |media: &str| json!({ "content": { media: { "schema": schema } } });
    match what {
        "query" => {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let fields = schema["properties"].as_object().into_iter().flatten();
            let parameters = fields.map(|(name, schema)| {
                let required = required.contains(&json!(name));
                json!({ "name": name, "in": "query", "required": required, "schema": schema })
            });
            operation["parameters"] = parameters.collect();
        }
        "body" => operation["requestBody"] = media("application/json"),
        "form" => operation["requestBody"] = media("application/x-www-form-urlencoded"),
        "multipart" => operation["requestBody"] = media("multipart/form-data"),
        "file" => operation["requestBody"] = media("*/*"),
        "answer" => operation["responses"]["200"] = media("application/json"),
        _ => {}
    }
}

/// A vendor's description, and beside it what a page says.
pub fn beside(mut description: Json, page: &Json) -> Json {
    for (path, item) in page["paths"].as_object().into_iter().flatten() {
        let known = description["paths"].as_object().and_then(|all| all.keys().find(|known| same(known, path)));
        let known = known.cloned().unwrap_or_else(|| path.clone());
        for (method, said) in item.as_object().into_iter().flatten() {
            let described = description["paths"][&known][method].take();
            let described = if described.is_null() { said.clone() } else { both(&description, described, said) };
            description["paths"][&known][method] = described;
        }
    }
    description
}

/// Whether two paths differ at most in how their gaps are called.
fn same(one: &str, other: &str) -> bool {
    let gap = |part: &str| part.starts_with('{') && part.ends_with('}');
    let (one, other) = (one.split('/').collect::<Vec<_>>(), other.split('/').collect::<Vec<_>>());
    one.len() == other.len() && one.iter().zip(&other).all(|(one, other)| one == other || gap(one) && gap(other))
}

fn both(document: &Json, described: Json, said: &Json) -> Json {
    let mut out = described.clone();
    let all = [&described["parameters"], &said["parameters"]].into_iter().filter_map(Json::as_array).flatten();
    out["parameters"] = all.cloned().collect();
    for part in ["requestBody", "responses"] {
        let within = |it: &Json| {
            let it = deref(document, if part == "responses" { &it[part]["200"] } else { &it[part] });
            it["content"].clone()
        };
        let (known, said) = (within(&described), within(said));
        let mut content = known.as_object().cloned().unwrap_or_default();
        for (media, it) in said.as_object().into_iter().flatten() {
            content.insert(
                media.clone(),
                json!({ "schema": more(deref(document, &known[media]["schema"]), &it["schema"]) }),
            );
        }
        match part {
            _ if content.is_empty() => {}
            "responses" => out[part]["200"] = json!({ "content": content }),
            _ => {
                let required = deref(document, &described[part])["required"].clone();
                out[part] = json!({ "content": content, "required": required });
            }
        }
    }
    out
}

/// A type with what is said of it besides: further fields, better ones, and that a field is not required after all.
fn more(known: &Json, said: &Json) -> Json {
    if known.is_null() {
        return said.clone();
    }
    let (mut known, mut said) = (known.clone(), said.clone());
    let needed = said["required"].clone();
    let mentioned = |name: &Json| said["properties"].get(name.as_str().unwrap_or_default()).is_some();
    if let Some(required) = known["required"].as_array() {
        let kept =
            required.iter().filter(|name| !mentioned(name) || needed.as_array().is_some_and(|it| it.contains(name)));
        known["required"] = kept.cloned().collect();
    }
    // What is said to be anything stays what it is known to be.
    if let Some(fields) = said["properties"].as_object_mut() {
        fields.retain(|name, field| {
            known["properties"].get(name).is_none() || field.as_object().is_none_or(|it| !it.is_empty())
        });
    }
    json!({ "allOf": [known, said] })
}
