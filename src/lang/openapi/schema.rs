//! Schemas as types of the language, only as deep as reads well.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::document::Document;
use super::naming;
use crate::base::shape::{Bounds, Field, Object, Shape};
use crate::base::value::Value;

/// How deep objects are written out within each other; what lies deeper is `any`.
const DEPTH_MAX: usize = 3;
/// How many fields an object may have without a name.
const INLINE_FIELDS_MAX: usize = 4;
/// How many fields of a type are written: who reads others writes them.
const FIELDS_MAX: usize = 40;
/// How many values are written out as `"a" | "b"`.
const VALUES_MAX: usize = 12;
/// How many schemas may lie round one that is still read.
const AROUND_MAX: usize = 24;
/// How deep `allOf` may go.
const PARTS_MAX: usize = 16;

/// For whom a type is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Who calls gives it: as narrow as the service wants it.
    Given,
    /// The service answers it: as wide as it may become.
    Answered,
}

impl Side {
    /// Whether a value of `own` is none of its affairs: what only the service sets is not given, what it only takes is not answered.
    pub fn lacks(self, own: &Json) -> bool {
        let other = if self == Self::Given { &own["readOnly"] } else { &own["writeOnly"] };
        *other == true
    }
}

/// An object with the parts of its `allOf`.
#[derive(Debug, Default)]
pub struct Fields<'d> {
    /// Its properties, by name.
    pub properties: IndexMap<&'d str, &'d Json>,
    /// Those that must be there.
    pub required: BTreeSet<&'d str>,
    /// What further names lead to, where it says.
    pub others: Option<&'d Json>,
}

/// Reads schemas, and collects the types that get names.
#[derive(Debug)]
pub struct Schemas<'d> {
    document: &'d Document,
    /// By name, with how deep they were written from.
    types: IndexMap<String, (usize, Object)>,
    /// The names of the document with those of the types.
    names: BTreeMap<String, String>,
    /// What is being written.
    open: Vec<String>,
    /// How many schemas lie round the one that is read.
    around: usize,
}

impl<'d> Schemas<'d> {
    pub fn new(document: &'d Document) -> Self {
        Self { document, types: IndexMap::new(), names: BTreeMap::new(), open: Vec::new(), around: 0 }
    }

    /// The types with names, in the order in which they were met.
    pub fn types(&self) -> impl Iterator<Item = (&String, &Object)> {
        self.types.iter().map(|(name, (_, object))| (name, object))
    }

    /// The type of what a schema says.
    pub fn shape(&mut self, schema: &'d Json, side: Side) -> Shape {
        self.at(schema, side, 0)
    }

    /// The same, inside others. However schemas lead to each other, it comes to an end.
    fn at(&mut self, schema: &'d Json, side: Side, depth: usize) -> Shape {
        if self.around > AROUND_MAX {
            return Shape::Any;
        }
        let (first, own) = (self.document.deref(schema), self.document.resolved(schema));
        let is_null = |schema: &Json| {
            schema["nullable"] == true || schema["x-nullable"] == true || kinds(schema).any(|kind| kind == "null")
        };
        self.around += 1;
        let shape = self.present(schema, own, side, depth);
        self.around -= 1;
        if is_null(first) || is_null(own) { shape.optional() } else { shape }
    }

    fn present(&mut self, schema: &'d Json, own: &'d Json, side: Side, depth: usize) -> Shape {
        if let Some(shape) = values(own, side) {
            return shape;
        }
        if let Some(shape) = self.union(own, side, depth) {
            return shape;
        }
        match kind(own) {
            Some("array") => match depth < DEPTH_MAX {
                true => Shape::list(self.at(&own["items"], side, depth)),
                false => Shape::list(Shape::Any),
            },
            Some("object") => self.object(schema, own, side, depth),
            Some(plain) => scalar(plain, own, side),
            None => Shape::Any,
        }
    }

    fn object(&mut self, schema: &'d Json, own: &'d Json, side: Side, depth: usize) -> Shape {
        let fields = self.document.fields(own);
        if fields.properties.is_empty() {
            let each = fields.others.filter(|others| others.is_object() && depth < DEPTH_MAX);
            let each = each.map_or(Shape::Any, |each| self.at(each, side, depth + 1));
            return Shape::Map(each.present().clone().into(), Bounds::NONE);
        }
        let few = fields.properties.len() <= INLINE_FIELDS_MAX;
        let name = schema["$ref"].as_str().and_then(|target| target.rsplit('/').next());
        match (name, side) {
            (Some(name), Side::Answered) if !few => self.named(name, &fields, depth),
            _ if depth >= DEPTH_MAX || (!few && (side == Side::Given || depth > 0)) => {
                Shape::Map(Shape::Any.into(), Bounds::NONE)
            }
            _ => Shape::Object(Object { name: None, fields: self.written(&fields, side, depth + 1) }.into()),
        }
    }

    /// A type that has a name in the document, and gets one in the program.
    fn named(&mut self, name: &str, fields: &Fields<'d>, depth: usize) -> Shape {
        let any = || Shape::Map(Shape::Any.into(), Bounds::NONE);
        if depth >= DEPTH_MAX {
            return any();
        }
        let known = self.names.get(name).cloned();
        let ours = known.unwrap_or_else(|| {
            naming::unique(naming::type_name(name), |taken| self.names.values().any(|ours| ours == taken))
        });
        self.names.insert(name.to_owned(), ours.clone());
        if self.open.contains(&ours) {
            return any();
        }
        if self.types.get(&ours).is_none_or(|(from, _)| *from > depth) {
            // Its place among the others, before those that it names.
            self.types.entry(ours.clone()).or_default();
            self.open.push(ours.clone());
            let fields = self.written(fields, Side::Answered, depth + 1);
            self.open.pop();
            self.types.insert(ours.clone(), (depth, Object { name: Some(ours.as_str().into()), fields }));
        }
        // One that was written before may lead back to what is being written: a type cannot hold itself.
        if self.leads_back(&ours) {
            return any();
        }
        let object = self.types.get(&ours).map(|(_, object)| object.clone()).unwrap_or_default();
        Shape::Object(object.into())
    }

    /// Whether the type `from` names one that is being written, by way of others or at once.
    fn leads_back(&self, from: &str) -> bool {
        let (mut open, mut seen) = (vec![from.to_owned()], BTreeSet::new());
        while let Some(name) = open.pop() {
            if self.open.contains(&name) {
                return true;
            }
            if seen.insert(name.clone())
                && let Some((_, object)) = self.types.get(&name)
            {
                object.fields.iter().for_each(|field| named_in(&field.shape, &mut open));
            }
        }
        false
    }

    /// Gives an object a name where it has none and is too large to be written in place.
    pub fn name(&mut self, shape: Shape, name: &str) -> Shape {
        match shape {
            Shape::List(item, bounds) => Shape::List(self.name((*item).clone(), name).into(), bounds),
            Shape::Optional(inner) => self.name((*inner).clone(), name).optional(),
            Shape::Object(object) if object.name.is_none() && object.fields.len() > INLINE_FIELDS_MAX => {
                let taken = |name: &str| self.types.contains_key(name) || self.names.values().any(|ours| ours == name);
                let ours = naming::unique(naming::type_name(name), taken);
                let object = Object { name: Some(ours.as_str().into()), fields: object.fields.clone() };
                self.types.insert(ours, (0, object.clone()));
                Shape::Object(object.into())
            }
            other => other,
        }
    }

    fn written(&mut self, fields: &Fields<'d>, side: Side, depth: usize) -> Vec<Field> {
        let wanted =
            |(name, schema): &(&&'d str, &&'d Json)| !name.is_empty() && !side.lacks(self.document.deref(schema));
        let chosen: Vec<(&'d str, &'d Json)> =
            fields.properties.iter().filter(wanted).take(FIELDS_MAX).map(|(name, schema)| (*name, *schema)).collect();
        let field = |(name, schema): (&'d str, &'d Json)| {
            let shape = self.at(schema, side, depth);
            let shape = if fields.required.contains(name) { shape } else { shape.optional() };
            // What may be anything may also be absent: a `?` says so to readers.
            let shape = if shape == Shape::Any { Shape::Optional(Shape::Any.into()) } else { shape };
            Field { name: name.into(), shape, default: None, doc: None }
        };
        chosen.into_iter().map(field).collect()
    }

    /// One of several plain types.
    fn union(&mut self, own: &'d Json, side: Side, depth: usize) -> Option<Shape> {
        let choices = own["oneOf"].as_array().or_else(|| own["anyOf"].as_array())?;
        let mut members: Vec<Shape> = Vec::new();
        for choice in choices {
            let shape = self.at(choice, side, depth.max(DEPTH_MAX)).present().clone();
            let is_plain = matches!(shape, Shape::Text(..) | Shape::Int(_) | Shape::Float(_) | Shape::Bool);
            match is_plain {
                true if members.contains(&shape) => {}
                true => members.push(shape),
                // A value and an object cannot be told apart by reading; whoever reads it looks.
                false => return Some(Shape::Any),
            }
        }
        Some(match members.len() {
            0 => Shape::Any,
            1 => members.remove(0),
            _ => Shape::Union(members.into()),
        })
    }
}

impl Document {
    /// An object with the parts of its `allOf`; without properties where it is none.
    pub fn fields<'d>(&'d self, schema: &'d Json) -> Fields<'d> {
        let mut fields = Fields::default();
        self.gather(schema, &mut fields, 0);
        fields
    }

    fn gather<'d>(&'d self, schema: &'d Json, fields: &mut Fields<'d>, depth: usize) {
        if depth > PARTS_MAX {
            return;
        }
        let schema = self.deref(schema);
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.gather(part, fields, depth + 1);
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            fields.properties.insert(name, property);
        }
        fields.required.extend(schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str));
        if !schema["additionalProperties"].is_null() {
            fields.others = Some(&schema["additionalProperties"]);
        }
    }

    /// The variant that is meant where all others say that something went wrong, or nothing.
    pub fn variant<'d>(&'d self, own: &'d Json) -> Option<&'d Json> {
        let choices = own["oneOf"].as_array().or_else(|| own["anyOf"].as_array())?;
        let is_meant = |choice: &&Json| {
            let choice = self.deref(choice);
            let fields = self.fields(choice);
            let ok = fields.properties.get("ok").map(|ok| self.deref(ok));
            let says_no =
                ok.is_some_and(|ok| ok["enum"].as_array().is_some_and(|all| all.iter().all(|it| it == false)));
            let is_error = fields.required.contains("error") && !fields.properties.contains_key("data");
            kind(choice) != Some("null") && !says_no && !is_error
        };
        let mut meant = choices.iter().filter(is_meant);
        let first = meant.next()?;
        meant.next().is_none().then_some(first)
    }

    /// What a schema says a value is, references and variants followed.
    pub fn resolved<'d>(&'d self, schema: &'d Json) -> &'d Json {
        let mut own = self.deref(schema);
        for _ in 0..PARTS_MAX {
            match self.variant(own) {
                Some(only) => own = self.deref(only),
                None => break,
            }
        }
        own
    }
}

/// The types that a shape names.
fn named_in(shape: &Shape, names: &mut Vec<String>) {
    match shape {
        Shape::List(inner, _) | Shape::Map(inner, _) | Shape::Optional(inner) => named_in(inner, names),
        Shape::Object(object) => match &object.name {
            Some(name) => names.push(name.to_string()),
            None => object.fields.iter().for_each(|field| named_in(&field.shape, names)),
        },
        _ => {}
    }
}

/// The words of `type`: one, or several since version 3.1.
fn kinds(schema: &Json) -> impl Iterator<Item = &str> {
    let one = schema["type"].as_str().into_iter();
    one.chain(schema["type"].as_array().into_iter().flatten().filter_map(Json::as_str))
}

/// What a schema says a value is, or means by its other words.
pub fn kind(schema: &Json) -> Option<&str> {
    let said = kinds(schema).find(|kind| *kind != "null");
    said.or_else(|| {
        let has = |word: &str| !schema[word].is_null();
        if has("properties") || has("allOf") || schema["additionalProperties"].is_object() {
            Some("object")
        } else if has("items") {
            Some("array")
        } else if kinds(schema).next().is_some() {
            Some("null")
        } else {
            None
        }
    })
}

/// `"a" | "b"`, where the values are written out and few.
fn values(schema: &Json, side: Side) -> Option<Shape> {
    let all: Vec<&Json> = match schema["enum"].as_array() {
        Some(all) => all.iter().collect(),
        None if !schema["const"].is_null() => vec![&schema["const"]],
        None => return None,
    };
    let all: Vec<&Json> = all.into_iter().filter(|it| !it.is_null()).collect();
    let are_texts = !all.is_empty() && all.iter().all(|it| it.is_string());
    // A service may learn new words; what it answers is read as a text.
    if side == Side::Answered || all.len() > VALUES_MAX || !are_texts {
        return None;
    }
    let values: Vec<Value> = all.into_iter().map(|it| Value::from_json(it.clone())).collect();
    Some(Shape::OneOf(values.into()))
}

fn scalar(kind: &str, schema: &Json, side: Side) -> Shape {
    let given = side == Side::Given;
    match (kind, schema["format"].as_str().unwrap_or_default()) {
        ("string", "date-time") => Shape::DateTime,
        ("string", "date") => Shape::Date,
        ("string", "binary") => Shape::Any,
        ("string", "email") if given => Shape::Email,
        ("string", "uuid") if given => Shape::Uuid,
        ("string", _) => Shape::text(),
        ("integer", _) => Shape::Int(if given { bounds(schema) } else { Bounds::NONE }),
        ("number", _) => Shape::Float(Bounds::NONE),
        ("boolean", _) => Shape::Bool,
        _ => Shape::Any,
    }
}

/// The bounds of a whole number, where they say something.
fn bounds(schema: &Json) -> Bounds {
    let bound = |word: &str| schema[word].as_f64().filter(|it| it.fract() == 0.0 && it.abs() < 1e9);
    let (min, max) = (bound("minimum"), bound("maximum"));
    match (min, max) {
        (Some(min), Some(max)) if min > max => Bounds::NONE,
        _ => Bounds { min, max },
    }
}
