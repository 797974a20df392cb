//! One operation: its parameters, its request, what comes of it.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json};

use super::access::Access;
use super::answer::{self, Answer};
use super::document::{Document, Entry};
use super::payload::{self, Payload};
use super::schema::{Schemas, Side};
use super::{naming, sample, types, wording};
use crate::base::letter::is_header_name;
use crate::base::shape::Shape;
use crate::base::value::Value;
use crate::lang::layout;
use crate::lang::layout::{End, Example, Gets};

/// The header by which services know a request again.
const KEY_HEADER: &str = "idempotency-key";

/// Headers that are not the caller's: by the standard, a description that names them is not to be heeded.
const OWN_HEADERS: [&str; 3] = ["accept", "content-type", "authorization"];

/// Where a parameter goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Into the path.
    Path,
    /// Behind the `?`.
    Query,
    /// Into the head.
    Header,
    /// Into the object that is the body or the form.
    Body,
    /// Into the form, as a file by its path.
    File,
    /// It is the body.
    Whole,
}

impl Place {
    /// As `paginate` calls it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Query | Self::Path => "query",
            Self::Header => "headers",
            Self::Body | Self::File | Self::Whole => "body",
        }
    }
}

/// A parameter of an operation.
#[derive(Clone, Debug)]
pub struct Param {
    /// Where it goes.
    pub place: Place,
    /// Its name on the wire.
    pub wire: String,
    /// Its name in programs.
    pub name: String,
    /// Its type.
    pub shape: Shape,
    /// What it is where it is left out.
    pub default: Option<Json>,
    /// What it means.
    pub doc: Option<String>,
    /// One that shows what it may be.
    pub sample: Json,
    /// How several values go into one: by this between them. Otherwise each goes by itself.
    joined: Option<&'static str>,
}

impl Param {
    pub fn new(place: Place, wire: &str, shape: Shape, doc: Option<String>, sample: Json) -> Self {
        let name = naming::parameter(wire);
        Self { place, wire: wire.to_owned(), name, shape, default: None, doc, sample, joined: None }
    }

    /// That it may be left out: of `any`, too, a `?` says so to readers.
    pub fn may_be_left_out(shape: Shape) -> Shape {
        if shape == Shape::Any { Shape::Optional(Shape::Any.into()) } else { shape.optional() }
    }

    /// With the default that the schema `own` states, where it is one of the type.
    #[must_use]
    pub fn with_default(mut self, own: &Json) -> Self {
        let stated = Some(&own["default"]).filter(|it| it.is_string() || it.is_number() || it.is_boolean());
        self.default = stated.filter(|it| self.shape.check(&Value::from_json((*it).clone())).is_ok()).cloned();
        if self.default.is_some() {
            self.shape = self.shape.present().clone();
        }
        self
    }

    /// Whether a call must give it.
    pub fn is_required(&self) -> bool {
        self.default.is_none() && !matches!(self.shape, Shape::Optional(_))
    }

    /// `name: type = default`
    fn declared(&self) -> String {
        let default =
            self.default.as_ref().map(|default| format!(" = {}", layout::value(&value(default)))).unwrap_or_default();
        format!("{}: {}{default}", self.name, types::shape(&self.shape))
    }

    /// As a field of the request.
    fn field(&self) -> String {
        let absent = if self.is_required() || self.default.is_some() { "" } else { "?" };
        let value = match (self.place, self.joined) {
            (Place::File, _) => format!("{{ path: {} }}", self.name),
            (_, Some(by)) => format!("{}{absent}.join({})", self.name, layout::text(by)),
            _ if self.wire == self.name => return self.name.clone(),
            _ => self.name.clone(),
        };
        format!("{}: {value}", layout::key(&self.wire))
    }
}

/// An operation as it is written.
#[derive(Debug)]
pub struct Operation {
    name: String,
    shown: String,
    doc: Option<String>,
    effect: String,
    method: String,
    path: String,
    params: Vec<Param>,
    /// Fields that are the same in every call.
    fixed: Vec<(Place, String)>,
    payload: Payload,
    answer: Answer,
    is_open: bool,
    left: Vec<String>,
    /// Whether it answers 200 and `ok: false` to what went wrong.
    pub says_ok: bool,
}

impl Operation {
    /// What `entry` says, under `name`.
    pub fn of<'d>(
        document: &'d Document,
        entry: &Entry<'d>,
        name: String,
        access: &Access,
        schemas: &mut Schemas<'d>,
    ) -> Self {
        let (mut left, mut fixed, mut params, mut carrier) = (Vec::new(), Vec::new(), Vec::new(), None);
        for said in document.parameters(entry) {
            let wire = said["name"].as_str().unwrap_or_default();
            match said["in"].as_str() {
                Some("header") if wire.eq_ignore_ascii_case(KEY_HEADER) => carrier = Some(wire.to_owned()),
                Some("header") if !is_header_name(wire) => {
                    left.push(format!(
                        "`{}` is asked for in a header, and no header is called so",
                        wording::line(wire)
                    ));
                }
                Some("header") if OWN_HEADERS.contains(&wire.to_lowercase().as_str()) => {}
                Some("cookie") => left.push(format!("the cookie `{}` is not sent", wording::line(wire))),
                Some(place @ ("path" | "query" | "header")) => match only_value(document, said) {
                    Some(only) if place != "path" => {
                        let place = if place == "query" { Place::Query } else { Place::Header };
                        fixed.push((place, format!("{}: {}", layout::key(wire), layout::value(&value(&only)))));
                    }
                    _ => params.extend(parameter(document, said, schemas, &mut left)),
                },
                _ => {}
            }
        }
        let path = path(entry.path, &mut params);
        params
            .retain(|param: &Param| param.place != Place::Path || entry.path.contains(&format!("{{{}}}", param.wire)));
        let mut payload = payload::of(document, entry, schemas);
        params.append(&mut payload.params);
        if let Some(media) = &payload.media {
            fixed.push((Place::Header, format!("\"Content-Type\": {}", layout::text(media))));
        }
        name_apart(&mut params);
        let answer = answer::of(document, entry, &params, schemas, &name);
        if let Some((place, wire)) = &answer.sent {
            params.retain(|param| param.place != *place || param.wire != *wire);
        }
        if let Some((wire, first)) = &answer.first {
            fixed.push((Place::Query, format!("{}: {first}", layout::key(wire))));
        }
        if answer.pages {
            params.iter_mut().for_each(|param| param.name = naming::beside_pages(&param.name));
        }
        params.extend(answer.path.clone());
        name_apart(&mut params);
        // Who must be given stands before who may be.
        params.sort_by_key(|param| !param.is_required());
        left.extend(payload.left.iter().chain(&answer.left).cloned());
        let text = |name: &str| entry.json[name].as_str().unwrap_or_default();
        Self {
            doc: wording::sentences(text("summary")).or_else(|| wording::sentences(text("description"))),
            effect: effect(entry.method, carrier.as_deref()),
            method: entry.method.to_uppercase(),
            shown: entry.shown(),
            is_open: !access.is_open() && entry.json["security"].as_array().is_some_and(Vec::is_empty),
            says_ok: answer.says_ok,
            name,
            path,
            params,
            fixed,
            payload,
            answer,
            left,
        }
    }

    /// What could not be said, each with its name.
    pub fn left(&self) -> Vec<String> {
        self.left.iter().map(|left| format!("{} ({}): {left}", self.name, wording::line(&self.shown))).collect()
    }

    /// As it stands in the connector.
    pub fn write(&self, out: &mut String) {
        types::doc(
            out,
            4,
            &self.doc.clone().unwrap_or_else(|| format!("{} {}.", self.method, wording::line(&self.path))),
        );
        out.push_str(&self.head());
        for left in &self.left {
            let _ = writeln!(out, "        // TODO: {left}");
        }
        if self.is_open {
            out.push_str("        auth none\n");
        }
        let _ = writeln!(out, "        {}", self.request());
        for line in &self.answer.lines {
            let _ = writeln!(out, "        {line}");
        }
        out.push_str("    }\n");
    }

    /// `read operation get_task(...) -> Task {`
    fn head(&self) -> String {
        let result = match &self.answer.result {
            Shape::Any if self.answer.lines.iter().any(|line| line == "output ()") => String::new(),
            result => format!(" -> {}", types::shape(result)),
        };
        let head = format!("    {} operation {}(", self.effect, self.name);
        let declared: Vec<String> = self.params.iter().map(Param::declared).collect();
        let line = format!("{head}{}){result} {{\n", declared.join(", "));
        if self.params.iter().all(|param| param.doc.is_none()) && line.chars().count() <= layout::WIDTH {
            return line;
        }
        let mut out = format!("{head}\n");
        for (place, (param, declared)) in self.params.iter().zip(&declared).enumerate() {
            param.doc.iter().for_each(|doc| types::doc(&mut out, 8, doc));
            let comma = if place + 1 < self.params.len() { "," } else { "" };
            let _ = writeln!(out, "        {declared}{comma}");
        }
        let _ = writeln!(out, "    ){result} {{");
        out
    }

    /// `GET "/tasks/{id}" { query: { limit } }`
    fn request(&self) -> String {
        let of = |place: Place| -> Vec<String> {
            let fixed = self.fixed.iter().filter(|(of, _)| *of == place).map(|(_, field)| field.clone());
            fixed.chain(self.params.iter().filter(|param| param.place == place).map(Param::field)).collect()
        };
        let part = |open: &str, fields: Vec<String>, close: &str| {
            (!fields.is_empty()).then(|| layout::bracketed(open, &fields, close, 12, 12))
        };
        let body: Vec<String> = [of(Place::Body), of(Place::File)].concat();
        let body = match (&self.payload.around, self.payload.whole) {
            (Some((open, close)), _) => part(open, body, close),
            (None, Some(field)) => {
                let whole = self.params.iter().find(|param| param.place == Place::Whole);
                whole.map(
                    |param| if param.name == field { field.to_owned() } else { format!("{field}: {}", param.name) },
                )
            }
            (None, None) => None,
        };
        let query = part("query: { ", of(Place::Query), " }");
        let headers = part("headers: { ", of(Place::Header), " }");
        let parts: Vec<String> = [query, headers, body, self.answer.reading.clone()].into_iter().flatten().collect();
        let head = format!("{} {}", self.method, layout_path(&self.path));
        if parts.is_empty() {
            return head;
        }
        let line = format!("{head} {{ {} }}", parts.join(", "));
        if line.chars().count() + 8 <= layout::WIDTH && !line.contains('\n') {
            return line;
        }
        format!("{head} {{\n{}        }}", parts.iter().map(|part| format!("            {part}\n")).collect::<String>())
    }

    /// `example get_task { id: "1" } gets 200 { ... } gives { ... }`
    pub fn write_example(&self, out: &mut String) {
        let (status, headers, body) = &self.answer.gets;
        let example = Example {
            operation: &self.name,
            params: value(&payload::samples(&self.params).into()),
            gets: vec![Gets {
                name: None,
                status: *status,
                headers: headers.as_ref().map(value).unwrap_or_default(),
                body: value(body),
            }],
            end: End::Gives(value(&self.answer.gives)),
        };
        out.push_str(&example.to_string());
    }
}

/// As programs know it: what is `null` there is absent.
fn value(json: &Json) -> Value {
    Value::from_json(json.clone()).without_absent()
}

/// The operation that proves the credentials: one that reads and asks for nothing, best of all one that says who asks.
pub fn check(operations: &[Operation]) -> Option<&str> {
    const OF_ONESELF: [&str; 9] =
        ["me", "myself", "whoami", "self", "current", "user", "profile", "account", "authenticated"];
    let is_fit = |operation: &&Operation| {
        operation.effect == "read" && !operation.is_open && !operation.params.iter().any(Param::is_required)
    };
    let fit: Vec<&Operation> = operations.iter().filter(is_fit).collect();
    let rank = |operation: &Operation| {
        let last = operation.path.rsplit('/').next().unwrap_or_default().to_lowercase();
        let words = naming::words(&operation.name);
        OF_ONESELF
            .iter()
            .position(|word| last == *word || words.iter().any(|own| own == word))
            .unwrap_or(OF_ONESELF.len())
    };
    fit.into_iter()
        .min_by_key(|operation| (rank(operation), operation.params.len()))
        .map(|operation| operation.name.as_str())
}

/// What repeating it means, by its method.
fn effect(method: &str, carrier: Option<&str>) -> String {
    match (method, carrier) {
        ("get" | "head" | "options", _) => "read".to_owned(),
        (_, Some(header)) => format!("keyed {}", layout::text(header)),
        ("put" | "delete", None) => "keyed".to_owned(),
        (_, None) => "once".to_owned(),
    }
}

/// The value of a parameter that can have no other.
fn only_value(document: &Document, said: &Json) -> Option<Json> {
    let own = document.resolved(&said["schema"]);
    let all = own["enum"].as_array().filter(|all| all.len() == 1)?;
    (said["required"] == true).then(|| all[0].clone())
}

fn parameter<'d>(
    document: &'d Document,
    said: &'d Json,
    schemas: &mut Schemas<'d>,
    left: &mut Vec<String>,
) -> Option<Param> {
    let wire = said["name"].as_str()?;
    let place = match said["in"].as_str() {
        Some("path") => Place::Path,
        Some("header") => Place::Header,
        _ => Place::Query,
    };
    let content = said["content"].as_object().and_then(|all| all.values().next()).map(|media| &media["schema"]);
    let schema = content.unwrap_or(&said["schema"]);
    let own = document.resolved(schema);
    let shape = schemas.shape(schema, Side::Given);
    let is_required = said["required"] == true || place == Place::Path;
    let shape = if is_required { shape.present().clone() } else { Param::may_be_left_out(shape) };
    let doc = wording::sentences(said["description"].as_str().or(own["description"].as_str()).unwrap_or_default());
    let shown = [&said["example"], &said["x-example"]].into_iter().find(|it| it.is_string() || it.is_number());
    let fits = |it: &&Json| shape.check(&Value::from_json((*it).clone())).is_ok() && it.to_string().len() < 80;
    let example = shown.filter(fits).cloned().unwrap_or_else(|| sample::of(document, schema, wire, Side::Given));
    let mut param = Param::new(place, wire, shape, doc, example).with_default(own);
    match param.shape.present() {
        Shape::List(..) if said["explode"] == false || place != Place::Query => {
            param.joined = Some(match said["style"].as_str() {
                Some("spaceDelimited") => " ",
                Some("pipeDelimited") => "|",
                _ => ",",
            });
        }
        Shape::Map(..) | Shape::Object(_) if content.is_none() => {
            left.push(format!("`{}` is an object in the {}: write its fields out", wording::line(wire), place.word()));
            return is_required.then_some(param);
        }
        _ => {}
    }
    Some(param)
}

/// The path with the names of the parameters in it, as those of programs.
fn path(written: &str, params: &mut Vec<Param>) -> String {
    let mut path = String::new();
    let mut rest = written;
    while let Some((before, inside)) = rest.split_once('{') {
        let Some((wire, tail)) = inside.split_once('}') else { break };
        let known = params
            .iter()
            .find(|param| param.place == Place::Path && param.wire == wire)
            .map(|param| param.name.clone());
        let name = known.unwrap_or_else(|| {
            // A description may forget it in its list.
            let param = Param::new(Place::Path, wire, Shape::text(), None, "1".into());
            let name = param.name.clone();
            params.push(param);
            name
        });
        let _ = write!(path, "{before}{{{name}}}");
        rest = tail;
    }
    path + rest
}

/// The path as a text of a program; the gaps in it are no part of the text.
fn layout_path(path: &str) -> String {
    layout::text(&path.split(['?', '#']).next().unwrap_or_default().replace(' ', "%20").replace("${", "%24{"))
}

/// Parameters of the same name get names of their own: where they go stands before it. Those of the path keep theirs.
fn name_apart(params: &mut [Param]) {
    let mut taken: Map<String, Json> = Map::new();
    for param in params.iter_mut() {
        if taken.contains_key(&param.name) {
            let word = match param.place {
                Place::Header => "header",
                Place::Body | Place::File | Place::Whole => "new",
                Place::Path | Place::Query => "query",
            };
            param.name = naming::unique(format!("{word}_{}", param.name), |name| taken.contains_key(name));
        }
        taken.insert(param.name.clone(), Json::Null);
    }
}
