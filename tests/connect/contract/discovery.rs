//! Google's discovery documents, in the form of OpenAPI.

use serde_json::{Map, Value as Json, json};

/// The same operations and schemas, as far as requests and answers are checked against them.
pub fn as_openapi(document: &Json) -> Json {
    let mut paths = Map::new();
    resources(document, document, &mut paths);
    let schemas = referring(&document["schemas"]);
    json!({ "paths": paths, "components": { "schemas": schemas } })
}

fn resources(document: &Json, inside: &Json, paths: &mut Map<String, Json>) {
    for resource in inside["resources"].as_object().into_iter().flat_map(Map::values) {
        resource["methods"].as_object().into_iter().flat_map(Map::values).for_each(|it| method(document, it, paths));
        resources(document, resource, paths);
    }
}

fn method(document: &Json, method: &Json, paths: &mut Map<String, Json>) {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let parameters = [&document["parameters"], &method["parameters"]].into_iter().filter_map(Json::as_object).flatten();
    let mut parameters: Vec<Json> = parameters
        .map(|(name, it)| {
            let schema = json!({ "type": it["type"], "enum": it["enum"] });
            json!({ "name": name, "in": it["location"], "required": it["required"], "schema": schema })
        })
        .collect();
    let verb = text(&method["httpMethod"]).to_lowercase();
    let mut operation = json!({
        "parameters": parameters,
        "responses": { "200": { "content": { "application/json": { "schema": referring(&method["response"]) } } } },
    });
    if method["request"].is_object() {
        let schema = referring(&method["request"]);
        operation["requestBody"] = json!({ "content": { "application/json": { "schema": schema } } });
    }
    let path = format!("/{}{}", text(&document["servicePath"]), text(&method["path"]));
    let item = paths.entry(path).or_insert_with(|| json!({}));
    item[&verb] = operation.clone();
    // The same with the content of a file.
    let Some(upload) = method["mediaUpload"]["protocols"]["simple"]["path"].as_str() else { return };
    parameters.push(json!({ "name": "uploadType", "in": "query", "schema": { "type": "string" } }));
    operation["parameters"] = json!(parameters);
    operation["requestBody"]["content"]["*/*"] = json!({});
    paths.entry(upload.to_owned()).or_insert_with(|| json!({}))[&verb] = operation;
}

/// With references as OpenAPI writes them.
fn referring(schema: &Json) -> Json {
    match schema {
        Json::Object(map) => map
            .iter()
            .map(|(name, value)| match value.as_str().filter(|_| name == "$ref") {
                Some(target) => (name.clone(), format!("#/components/schemas/{target}").into()),
                None => (name.clone(), referring(value)),
            })
            .collect(),
        Json::Array(items) => items.iter().map(referring).collect(),
        other => other.clone(),
    }
}
