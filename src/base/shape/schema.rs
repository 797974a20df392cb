//! Types as JSON Schema, draft 2020-12.

use serde_json::{Map, Value as Json, json};

use super::{Bounds, Object, Shape};

impl Shape {
    /// The schema of this type, as other programs read it. An absent value is left out or `null`.
    pub fn to_json_schema(&self) -> Json {
        match self {
            Self::Any => json!({}),
            Self::Unit => json!({ "type": "null" }),
            Self::Bool => json!({ "type": "boolean" }),
            Self::Int(bounds) => bounded(json!({ "type": "integer" }), *bounds, ["minimum", "maximum"]),
            Self::Float(bounds) => bounded(json!({ "type": "number" }), *bounds, ["minimum", "maximum"]),
            Self::Text(bounds, pattern) => {
                let mut schema = bounded(json!({ "type": "string" }), *bounds, ["minLength", "maxLength"]);
                if let Some(pattern) = pattern {
                    schema["pattern"] = (**pattern).into();
                }
                schema
            }
            Self::Email => text_format("email"),
            Self::Url => text_format("uri"),
            Self::Uuid => text_format("uuid"),
            Self::Date => text_format("date"),
            Self::DateTime => text_format("date-time"),
            Self::Duration => json!({
                "type": "string",
                "pattern": "^([0-9]+(ms|s|m|h|d|w))+$",
                "examples": ["30s", "1h30m"],
            }),
            Self::Bytes => json!({ "type": "string", "contentEncoding": "base64" }),
            Self::Secret => json!({ "type": "string", "format": "password", "writeOnly": true }),
            Self::List(item, bounds) => {
                bounded(json!({ "type": "array", "items": item.to_json_schema() }), *bounds, ["minItems", "maxItems"])
            }
            Self::Set(item, bounds) => bounded(
                json!({ "type": "array", "items": item.to_json_schema(), "uniqueItems": true }),
                *bounds,
                ["minItems", "maxItems"],
            ),
            Self::Map(item, bounds) => bounded(
                json!({ "type": "object", "additionalProperties": item.to_json_schema() }),
                *bounds,
                ["minProperties", "maxProperties"],
            ),
            Self::Object(object) => object.to_json_schema(),
            Self::OneOf(values) => json!({ "enum": values.iter().map(|value| value.to_json()).collect::<Vec<_>>() }),
            Self::Union(members) => json!({ "anyOf": members.iter().map(Self::to_json_schema).collect::<Vec<_>>() }),
            Self::Optional(inner) => match inner.to_json_schema() {
                Json::Object(mut schema) if schema.get("type").is_some_and(Json::is_string) => {
                    let kind = schema["type"].clone();
                    schema.insert("type".to_owned(), json!([kind, "null"]));
                    Json::Object(schema)
                }
                Json::Object(schema) if schema.is_empty() => Json::Object(schema),
                other => json!({ "anyOf": [other, { "type": "null" }] }),
            },
        }
    }
}

impl Object {
    /// The schema of an object: other fields are refused, as they are by [`Shape::check`].
    pub fn to_json_schema(&self) -> Json {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in &self.fields {
            let mut schema = field.shape.to_json_schema();
            if let Some(doc) = &field.doc {
                schema["description"] = (**doc).into();
            }
            if let Some(default) = &field.default {
                schema["default"] = default.to_json();
            } else if !field.shape.may_be_absent() {
                required.push(Json::from(&*field.name));
            }
            properties.insert(field.name.to_string(), schema);
        }
        let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
        if let Some(name) = &self.name {
            schema["title"] = (**name).into();
        }
        if !required.is_empty() {
            schema["required"] = required.into();
        }
        schema
    }
}

fn text_format(format: &str) -> Json {
    json!({ "type": "string", "format": format })
}

fn bounded(mut schema: Json, bounds: Bounds, names: [&str; 2]) -> Json {
    for (name, bound) in names.into_iter().zip([bounds.min, bounds.max]) {
        let Some(bound) = bound else { continue };
        schema[name] = if bound.fract() == 0.0 && bound.abs() < 9e15 { (bound as i64).into() } else { bound.into() };
    }
    schema
}
