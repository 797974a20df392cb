//! Documents of version 2 in the form of version 3, so that there is one form to read.

use serde_json::{Map, Value as Json, json};

/// What a parameter of version 2 says of its values.
const OF_SCHEMA: [&str; 12] = [
    "type",
    "format",
    "enum",
    "items",
    "default",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "x-example",
    "example",
    "x-nullable",
];

/// The methods of a path.
const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

/// `two` as a document of version 3.
pub fn as_three(two: &Json) -> Json {
    let mut paths = Map::new();
    for (path, item) in two["paths"].as_object().into_iter().flatten() {
        let shared = parameters(two, &item["parameters"]);
        let there = METHODS.into_iter().filter(|method| item[*method].is_object());
        let operations = there.map(|method| (method.to_owned(), operation(two, &item[method], &shared)));
        paths.insert(path.clone(), operations.collect::<Map<_, _>>().into());
    }
    let schemes = two["securityDefinitions"].as_object().into_iter().flatten();
    let schemes: Map<String, Json> = schemes.map(|(name, scheme)| (name.clone(), self::scheme(scheme))).collect();
    let mut three = json!({
        "openapi": "3.0.3",
        "info": two["info"],
        "servers": servers(two),
        "paths": paths,
        "components": { "schemas": two["definitions"], "securitySchemes": schemes },
    });
    if two["security"].is_array() {
        three["security"] = two["security"].clone();
    }
    repoint(&mut three);
    three
}

fn servers(two: &Json) -> Json {
    let Some(host) = two["host"].as_str() else { return json!([]) };
    let schemes: Vec<&str> = two["schemes"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    let scheme = if schemes.contains(&"http") && !schemes.contains(&"https") { "http" } else { "https" };
    let base = two["basePath"].as_str().unwrap_or_default().trim_end_matches('/');
    json!([{ "url": format!("{scheme}://{host}{base}") }])
}

/// The parameters of a list, with what they refer to in place of the references.
fn parameters(two: &Json, list: &Json) -> Vec<Json> {
    let list = list.as_array().into_iter().flatten();
    list.map(|parameter| referred(two, parameter).clone()).filter(Json::is_object).collect()
}

fn referred<'d>(two: &'d Json, thing: &'d Json) -> &'d Json {
    let target = thing["$ref"].as_str().and_then(|target| two.pointer(target.trim_start_matches('#')));
    target.unwrap_or(thing)
}

fn operation(two: &Json, own: &Json, shared: &[Json]) -> Json {
    let media = |name: &str| -> Vec<String> {
        let list = [&own[name], &two[name]].into_iter().find_map(Json::as_array).cloned().unwrap_or_default();
        list.iter().filter_map(Json::as_str).map(str::to_owned).collect()
    };
    let (consumes, produces) = (media("consumes"), media("produces"));
    let mine = parameters(two, &own["parameters"]);
    let is_mine = |other: &&Json| mine.iter().any(|it| it["name"] == other["name"] && it["in"] == other["in"]);
    let all: Vec<Json> = mine.iter().cloned().chain(shared.iter().filter(|it| !is_mine(it)).cloned()).collect();
    let mut operation = own.clone();
    let plain = all.iter().filter(|it| !matches!(it["in"].as_str(), Some("body" | "formData")));
    operation["parameters"] = plain.map(parameter).collect::<Vec<_>>().into();
    if let Some(body) = all.iter().find(|it| it["in"] == "body") {
        let kind = consumes.first().map_or("application/json", String::as_str);
        operation["requestBody"] =
            json!({ "required": body["required"], "content": { kind: { "schema": body["schema"] } } });
    }
    let fields: Vec<&Json> = all.iter().filter(|it| it["in"] == "formData").collect();
    if !fields.is_empty() {
        operation["requestBody"] = form(&fields, &consumes);
    }
    let answers = own["responses"].as_object().into_iter().flatten();
    let answers = answers.map(|(status, it)| (status.clone(), answer(referred(two, it), &produces)));
    operation["responses"] = answers.collect::<Map<_, _>>().into();
    operation
}

/// A parameter whose type stands beside its name.
fn parameter(two: &Json) -> Json {
    let mut three = two.clone();
    three["schema"] = schema(two);
    if two["type"] == "array" {
        three["explode"] = (two["collectionFormat"] == "multi").into();
    }
    three
}

fn schema(two: &Json) -> Json {
    let said = OF_SCHEMA.into_iter().filter(|word| !two[*word].is_null());
    let mut schema: Map<String, Json> = said.map(|word| (word.to_owned(), two[word].clone())).collect();
    if two["type"] == "file" {
        schema = Map::from_iter([("type".to_owned(), json!("string")), ("format".to_owned(), json!("binary"))]);
    }
    schema.into()
}

fn form(fields: &[&Json], consumes: &[String]) -> Json {
    let is_multipart =
        fields.iter().any(|it| it["type"] == "file") || consumes.iter().any(|media| media.starts_with("multipart/"));
    let kind = if is_multipart { "multipart/form-data" } else { "application/x-www-form-urlencoded" };
    let property = |field: &&Json| {
        let mut schema = schema(field);
        schema["description"] = field["description"].clone();
        Some((field["name"].as_str()?.to_owned(), schema))
    };
    let properties: Map<String, Json> = fields.iter().filter_map(property).collect();
    let required: Vec<&Json> = fields.iter().filter(|it| it["required"] == true).map(|it| &it["name"]).collect();
    let schema = json!({ "type": "object", "properties": properties, "required": required });
    json!({ "required": true, "content": { kind: { "schema": schema } } })
}

fn answer(two: &Json, produces: &[String]) -> Json {
    let mut three = json!({ "description": two["description"], "headers": two["headers"] });
    if two["schema"].is_object() {
        let is_file = two["schema"]["type"] == "file";
        let kind = produces.iter().find(|media| media.contains("json")).or(produces.first());
        let kind = if is_file { "application/octet-stream" } else { kind.map_or("application/json", String::as_str) };
        let example = two["examples"].as_object().and_then(|all| all.get(kind)).cloned().unwrap_or_default();
        three["content"] = json!({ kind: { "schema": two["schema"], "example": example } });
    }
    three
}

fn scheme(two: &Json) -> Json {
    match two["type"].as_str() {
        Some("basic") => json!({ "type": "http", "scheme": "basic" }),
        Some("oauth2") => {
            let flow = match two["flow"].as_str() {
                Some("accessCode") => "authorizationCode",
                Some("application") => "clientCredentials",
                Some(other) => other,
                None => "",
            };
            let said = json!({
                "authorizationUrl": two["authorizationUrl"], "tokenUrl": two["tokenUrl"], "scopes": two["scopes"],
            });
            json!({ "type": "oauth2", "flows": { flow: said } })
        }
        _ => two.clone(),
    }
}

/// Lets references lead where version 3 keeps what they name.
fn repoint(thing: &mut Json) {
    match thing {
        Json::Object(map) => map.iter_mut().for_each(|(name, value)| match value {
            Json::String(target) if name == "$ref" => {
                *target = target.replacen("#/definitions/", "#/components/schemas/", 1);
            }
            value => repoint(value),
        }),
        Json::Array(items) => items.iter_mut().for_each(repoint),
        _ => {}
    }
}
