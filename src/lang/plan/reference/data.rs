//! The same as data, for tools: types as JSON Schema, too.

use serde_json::{Value as Json, json};

use super::{effect, raised, title, way};
use crate::base::shape::{Field, Shape};
use crate::lang::plan::connector::{Connector, Operation};
use crate::lang::plan::source::{Source, SourceKind};

/// `connector` as data.
pub fn as_json(connector: &Connector) -> Json {
    let config = connector.config.iter().map(|(field, default)| {
        let mut json = field_as_json(field);
        json["variable"] = super::variable(&connector.name, &field.name).into();
        json["default"] = default.as_ref().map(ToString::to_string).into();
        json
    });
    let operations = connector.operations.values().map(|operation| operation_as_json(operation));
    json!({
        "name": connector.name,
        "title": title(connector),
        "doc": connector.doc,
        "config": config.collect::<Vec<_>>(),
        "auth": connector.auth.iter().map(way).collect::<Vec<_>>(),
        "check": connector.check,
        "operations": operations.collect::<Vec<_>>(),
        "triggers": connector.sources.iter().map(source_as_json).collect::<Vec<_>>(),
    })
}

/// `operation` as data.
pub fn operation_as_json(operation: &Operation) -> Json {
    let signature = &operation.signature;
    let examples = operation.examples.iter().map(|example| {
        json!({
            "params": example.params.to_json(),
            "gives": example.gives.as_ref().map(|gives| gives.to_json()),
            "fails": example.fails.as_ref().map(ToString::to_string),
        })
    });
    json!({
        "name": signature.name,
        "full_name": signature.full_name(),
        "doc": signature.doc,
        "effect": effect(&signature.effect),
        "streams": signature.streams,
        "params": signature.params.iter().map(field_as_json).collect::<Vec<_>>(),
        "result": shape_as_json(&signature.result),
        "fails": raised(operation),
        "examples": examples.collect::<Vec<_>>(),
    })
}

fn source_as_json(source: &Source) -> Json {
    let kind = match &source.kind {
        SourceKind::Webhook => "webhook",
        SourceKind::Poll(_) => "poll",
    };
    json!({
        "name": source.name,
        "kind": kind,
        "doc": source.doc,
        "params": source.params.iter().map(field_as_json).collect::<Vec<_>>(),
        "item": shape_as_json(&source.item_shape),
    })
}

fn field_as_json(field: &Field) -> Json {
    let mut json = shape_as_json(&field.shape);
    json["name"] = (*field.name).into();
    json["doc"] = field.doc.as_deref().into();
    json["required"] = (field.default.is_none() && !field.shape.may_be_absent()).into();
    json["default"] = field.default.as_ref().map(|default| default.to_json()).into();
    json
}

/// `{ type, schema }`: as a program writes it, and as other programs read it.
fn shape_as_json(shape: &Shape) -> Json {
    json!({ "type": shape.to_string(), "schema": shape.to_json_schema() })
}
