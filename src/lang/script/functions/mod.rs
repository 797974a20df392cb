//! The fixed functions: what expressions can call beside Rhai's own. Each is declared once, with its types, its
//! documentation and an example, and bound to Rhai in the file of its subject.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rhai::{Dynamic, Engine, EvalAltResult, Position};

use crate::base::shape::{Bounds, Shape};
use crate::base::value::Value;

mod compare;
mod data;
mod list;
mod method;
mod operator;
mod rhai_own;
mod tamed;
mod text;
mod time;

pub use method::{Method, method_named, methods, subject};
pub(super) use rhai_own::{forbidden, is_rhai};
pub(super) use time::property;

/// What a function of Rhai gives back that may fail.
type Outcome<T> = Result<T, Box<EvalAltResult>>;

/// What a fixed function is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// Texts.
    Text,
    /// Lists, sets and maps.
    List,
    /// Moments, days and durations.
    Time,
    /// Formats, digests, chance.
    Data,
}

/// One parameter of a fixed function.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Its type; [`Shape::Optional`] where it may be left out.
    pub shape: Shape,
}

/// One function that is there in every expression.
#[derive(Clone, Debug)]
pub struct FixedFunction {
    /// What it is about.
    pub about: About,
    /// Its name.
    pub name: &'static str,
    /// How it is called, such as `join(list: list<any>, separator: string?) -> string`.
    pub signature: &'static str,
    /// What it takes; the first can stand before a dot: `list.join(", ")`.
    pub params: Vec<Parameter>,
    /// What it gives.
    pub result: Shape,
    /// What it means.
    pub doc: &'static str,
    /// An expression, and one with the same value.
    pub example: (&'static str, &'static str),
}

impl FixedFunction {
    /// How many arguments it takes, at least and at most.
    pub fn arity(&self) -> (usize, usize) {
        let least = self.params.iter().filter(|param| !matches!(param.shape, Shape::Optional(_))).count();
        (least, self.params.len())
    }
}

/// A declaration: signature, meaning, example.
type Declared = (&'static str, &'static str, &'static str, &'static str);

static FUNCTIONS: LazyLock<Vec<FixedFunction>> = LazyLock::new(|| {
    declared(&[
        (About::Text, text::DECLARED),
        (About::List, list::DECLARED),
        (About::Time, time::DECLARED),
        (About::Data, data::DECLARED),
    ])
});

static BY_NAME: LazyLock<BTreeMap<&'static str, usize>> =
    LazyLock::new(|| FUNCTIONS.iter().enumerate().map(|(at, function)| (function.name, at)).collect());

/// Every fixed function, by subject.
pub fn functions() -> &'static [FixedFunction] {
    &FUNCTIONS
}

/// The fixed function of this name.
pub fn fixed(name: &str) -> Option<&'static FixedFunction> {
    BY_NAME.get(name).map(|at| &FUNCTIONS[*at])
}

/// The names of all functions that are there without being declared: fixed ones first, then Rhai's.
pub fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|function| function.name).chain(rhai_own::NAMES.iter().copied())
}

/// Binds everything to the engine.
pub(super) fn register(engine: &mut Engine) {
    operator::register(engine);
    tamed::register(engine);
    text::register(engine);
    list::register(engine);
    time::register(engine);
    data::register(engine);
}

fn declared(subjects: &[(About, &'static [Declared])]) -> Vec<FixedFunction> {
    let of = |(about, declared): &(About, &'static [Declared])| {
        let about = *about;
        declared.iter().map(move |found| declare(about, found))
    };
    subjects.iter().flat_map(of).collect()
}

/// Reads a signature: `name(param: type, ...) -> type`.
fn declare(about: About, (signature, doc, example, result): &Declared) -> FixedFunction {
    let (head, gives) = signature.split_once(" -> ").unwrap_or((signature, "any"));
    let (name, params) = head.split_once('(').unwrap_or((head, ")"));
    let mut found = Vec::new();
    let mut depth = 0;
    for param in params.trim_end_matches(')').split(|c| {
        match c {
            '<' => depth += 1,
            '>' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    }) {
        if let Some((name, shape)) = param.trim().split_once(": ") {
            found.push(Parameter { name, shape: shape_named(shape) });
        }
    }
    FixedFunction { about, name, signature, params: found, result: shape_named(gives), doc, example: (example, result) }
}

/// The type a signature calls `text`.
fn shape_named(text: &str) -> Shape {
    if let Some(inner) = text.strip_suffix('?') {
        return Shape::Optional(shape_named(inner).into());
    }
    let inner = |prefix: &str| text.strip_prefix(prefix).and_then(|rest| rest.strip_suffix('>'));
    if let Some(item) = inner("list<") {
        return Shape::List(shape_named(item).into(), Bounds::default());
    }
    if let Some(item) = inner("map<") {
        return Shape::Map(shape_named(item).into(), Bounds::default());
    }
    match text {
        "string" => Shape::Text(Bounds::default(), None),
        "int" => Shape::Int(Bounds::default()),
        "float" => Shape::Float(Bounds::default()),
        "number" => Shape::Union([Shape::Int(Bounds::default()), Shape::Float(Bounds::default())].into()),
        "bool" => Shape::Bool,
        "bytes" => Shape::Bytes,
        "date" => Shape::Date,
        "datetime" => Shape::DateTime,
        "duration" => Shape::Duration,
        "uuid" => Shape::Uuid,
        _ => Shape::Any,
    }
}

/// An error with our words; Rhai adds the place.
fn fail<T>(message: impl Into<String>) -> Outcome<T> {
    Err(EvalAltResult::ErrorRuntime(Dynamic::from(message.into()), Position::NONE).into())
}

/// A value as ours.
fn ours(value: &Dynamic) -> Outcome<Value> {
    super::convert::from_rhai(value).or_else(|found| {
        let broken = super::broken::unfit(&found, None);
        fail(broken.message)
    })
}

/// A value of Rhai in words: `an int`, `()`.
fn described(value: &Dynamic) -> String {
    super::broken::with_article(&super::convert::type_name(value))
}
