//! What a request carries: its body in one of the forms of the language.

use serde_json::{Map, Value as Json};

use super::document::{Document, Entry};
use super::operation::{Param, Place};
use super::sample;
use super::schema::{Schemas, Side, kind};
use crate::lang::layout;

/// How many fields of a body become parameters; a larger one is given as it is.
const FIELDS_MAX: usize = 24;

/// The body of a request.
#[derive(Debug, Default)]
pub struct Payload {
    /// Parameters that the body takes.
    pub params: Vec<Param>,
    /// `body: {`, and the `}` behind the fields, for an object that is made of parameters.
    pub around: Option<(String, String)>,
    /// The field of the request where one parameter is all of it: `raw`, `body`.
    pub whole: Option<&'static str>,
    /// The media type, where the form does not say it.
    pub media: Option<String>,
    /// What could not be said.
    pub left: Vec<String>,
}

/// The body that `entry` sends.
pub fn of<'d>(document: &'d Document, entry: &Entry<'d>, schemas: &mut Schemas<'d>) -> Payload {
    let body = document.deref(&entry.json["requestBody"]);
    let Some((media, schema)) = best(body) else { return Payload::default() };
    let is_required = body["required"] == true;
    match media {
        _ if media.contains("json") => json(document, schema, is_required, schemas),
        "application/x-www-form-urlencoded" => fields(document, schema, "form", schemas),
        _ if media.starts_with("multipart/") => {
            let mut payload = fields(document, schema, "multipart", schemas);
            if media != "multipart/form-data" {
                payload.left.push(format!("the body is `{media}`; it is sent as a form"));
            }
            payload
        }
        _ => raw(media),
    }
}

/// The media type that is sent where there are several: JSON before forms, forms before anything else.
fn best(body: &Json) -> Option<(&str, &Json)> {
    let rank = |media: &str| match media {
        "application/json" => 0,
        _ if media.contains("json") => 1,
        "application/x-www-form-urlencoded" => 2,
        _ if media.starts_with("multipart/") => 3,
        _ => 4,
    };
    let all = body["content"]
        .as_object()?
        .iter()
        .map(|(media, said)| (media.split(';').next().unwrap_or_default().trim(), &said["schema"]));
    all.min_by_key(|(media, _)| rank(media))
}

fn json<'d>(document: &'d Document, schema: &'d Json, is_required: bool, schemas: &mut Schemas<'d>) -> Payload {
    let own = document.resolved(schema);
    let known = document.fields(own);
    // `{ "data": { ... } }`: what is inside is what is given.
    if let (Some((name, inner)), 1) = (known.properties.first(), known.properties.len()) {
        let inner = document.resolved(inner);
        if kind(inner) == Some("object") && may_be_flat(document, inner) {
            let mut payload = fields(document, inner, "body", schemas);
            payload.around = Some((format!("body: {{ {}: {{ ", layout::key(name)), " } }".to_owned()));
            return payload;
        }
    }
    if kind(own) == Some("object") && may_be_flat(document, own) {
        return fields(document, own, "body", schemas);
    }
    let shape = schemas.shape(schema, Side::Given);
    let shape = if is_required { shape.present().clone() } else { Param::may_be_left_out(shape) };
    let doc = "What is sent, as the service has it.".to_owned();
    let param = Param::new(Place::Whole, "body", shape, Some(doc), sample::of(document, schema, "body", Side::Given));
    Payload { params: vec![param], whole: Some("body"), ..Payload::default() }
}

/// Whether the fields of an object are few enough to be parameters.
fn may_be_flat(document: &Document, own: &Json) -> bool {
    let known = document.fields(own);
    let given = known.properties.values().filter(|schema| !Side::Given.lacks(document.deref(schema))).count();
    (1..=FIELDS_MAX).contains(&given) && own["oneOf"].is_null() && own["anyOf"].is_null()
}

/// A body whose fields are parameters.
fn fields<'d>(document: &'d Document, schema: &'d Json, form: &'static str, schemas: &mut Schemas<'d>) -> Payload {
    let known = document.fields(document.resolved(schema));
    let mut payload = Payload { around: Some((format!("{form}: {{ "), " }".to_owned())), ..Payload::default() };
    for (name, property) in &known.properties {
        let own = document.resolved(property);
        if Side::Given.lacks(document.deref(property)) || Side::Given.lacks(own) || name.is_empty() {
            continue;
        }
        let is_file = form == "multipart" && own["format"] == "binary";
        let shape = if is_file { crate::base::shape::Shape::text() } else { schemas.shape(property, Side::Given) };
        let shape = if known.required.contains(name) { shape.present().clone() } else { Param::may_be_left_out(shape) };
        let doc = super::wording::sentences(own["description"].as_str().unwrap_or_default());
        let doc = if is_file { Some("The path of a file.".to_owned()) } else { doc };
        let place = if is_file { Place::File } else { Place::Body };
        let example =
            if is_file { Json::from("report.pdf") } else { sample::of(document, property, name, Side::Given) };
        payload.params.push(Param::new(place, name, shape, doc, example).with_default(own));
    }
    if form != "body" && payload.params.is_empty() {
        payload.left.push("the fields of the form are not described".to_owned());
    }
    payload
}

/// A body that is a file or a text of its own kind.
fn raw(media: &str) -> Payload {
    let doc = "A text, or a file by its path: `{ path: \"report.pdf\" }`.".to_owned();
    let param = Param::new(Place::Whole, "content", crate::base::shape::Shape::Any, Some(doc), Json::from("hello"));
    let is_plain = media.contains('*') || media == "application/octet-stream";
    let media = (!is_plain).then(|| media.to_owned());
    Payload { params: vec![param], whole: Some("raw"), media, ..Payload::default() }
}

/// The object that the samples of `params` make, of those that must be given.
pub fn samples(params: &[Param]) -> Map<String, Json> {
    params.iter().filter(|param| param.is_required()).map(|param| (param.name.clone(), param.sample.clone())).collect()
}
