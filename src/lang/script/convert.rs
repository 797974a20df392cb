//! Values to Rhai and back.

use std::sync::Arc;

use rhai::Dynamic;

use crate::base::limit;
use crate::base::time::Duration;
use crate::base::value::{Map, Set, Value};

/// A `null` that is really sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Null;

/// A moment with its zone.
pub(super) type Moment = Arc<jiff::Zoned>;

/// A day.
pub(super) type Day = jiff::civil::Date;

/// A set, shared until it is changed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Members(pub Arc<Set>);

impl IntoIterator for Members {
    type Item = Dynamic;
    type IntoIter = std::vec::IntoIter<Dynamic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(to_rhai).collect::<Vec<_>>().into_iter()
    }
}

/// What cannot leave a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It is nested deeper than values may be.
    Deep,
    /// It is a range with too many numbers to be written out.
    Long,
    /// It is no value: a function, say.
    Kind(String),
}

/// A value as Rhai has it. Rhai has no shared values that cannot be written to, so trees are copied; which is why an
/// expression binds only what it reads.
pub(super) fn to_rhai(value: &Value) -> Dynamic {
    match value {
        Value::Unit => Dynamic::UNIT,
        Value::Null => Dynamic::from(Null),
        Value::Bool(truth) => (*truth).into(),
        Value::Int(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::Text(text) => Dynamic::from(rhai::ImmutableString::from(&**text)),
        Value::Bytes(bytes) => Dynamic::from_blob(bytes.to_vec()),
        Value::DateTime(moment) => Dynamic::from(moment.clone()),
        Value::Date(date) => Dynamic::from(*date),
        Value::Duration(duration) => Dynamic::from(*duration),
        Value::List(items) => Dynamic::from_array(items.iter().map(to_rhai).collect()),
        Value::Set(set) => Dynamic::from(Members(set.clone())),
        // A script computes with it; what comes of that is hidden again.
        Value::Secret(hidden) => to_rhai(hidden.open()),
        Value::Map(map) => {
            Dynamic::from_map(map.iter().map(|(key, value)| (key.as_ref().into(), to_rhai(value))).collect())
        }
    }
}

/// A value of Rhai as ours.
pub(super) fn from_rhai(value: &Dynamic) -> Result<Value, Unfit> {
    at_depth(value, 0)
}

fn at_depth(value: &Dynamic, depth: usize) -> Result<Value, Unfit> {
    if depth > limit::VALUE_DEPTH_MAX {
        return Err(Unfit::Deep);
    }
    if value.is_unit() {
        return Ok(Value::Unit);
    }
    if let Ok(truth) = value.as_bool() {
        return Ok(Value::Bool(truth));
    }
    if let Ok(number) = value.as_int() {
        return Ok(Value::Int(number));
    }
    if let Ok(number) = value.as_float() {
        return Ok(Value::Float(number));
    }
    if let Ok(text) = value.as_immutable_string_ref() {
        return Ok(Value::Text(text.as_str().into()));
    }
    if let Ok(items) = value.as_array_ref() {
        return Ok(Value::list(items.iter().map(|item| at_depth(item, depth + 1)).collect::<Result<Vec<_>, _>>()?));
    }
    if let Ok(map) = value.as_map_ref() {
        let entries: Result<Map, Unfit> =
            map.iter().map(|(key, value)| Ok((Arc::from(key.as_str()), at_depth(value, depth + 1)?))).collect();
        return Ok(Value::from(entries?));
    }
    if let Ok(c) = value.as_char() {
        return Ok(Value::from(c.to_string()));
    }
    if let Ok(blob) = value.as_blob_ref() {
        return Ok(Value::Bytes(Arc::from(blob.as_slice())));
    }
    special(value)
}

/// Values of types that Rhai does not bring with it.
fn special(value: &Dynamic) -> Result<Value, Unfit> {
    if let Some(moment) = value.read_lock::<Moment>() {
        return Ok(Value::DateTime(moment.clone()));
    }
    if let Some(date) = value.read_lock::<Day>() {
        return Ok(Value::Date(*date));
    }
    if let Some(duration) = value.read_lock::<Duration>() {
        return Ok(Value::Duration(*duration));
    }
    if let Some(set) = value.read_lock::<Members>() {
        return Ok(Value::Set(set.0.clone()));
    }
    if value.is::<Null>() {
        return Ok(Value::Null);
    }
    if let Some(range) = value.read_lock::<std::ops::Range<i64>>() {
        return numbers(range.clone());
    }
    if let Some(range) = value.read_lock::<std::ops::RangeInclusive<i64>>() {
        return numbers(range.clone());
    }
    Err(Unfit::Kind(value.type_name().to_owned()))
}

/// A range as the list of its numbers.
fn numbers(range: impl Iterator<Item = i64>) -> Result<Value, Unfit> {
    let mut items = Vec::new();
    for number in range {
        if items.len() >= limit::SCRIPT_MAP_ENTRIES_MAX {
            return Err(Unfit::Long);
        }
        items.push(Value::Int(number));
    }
    Ok(Value::list(items))
}

/// What programs call the type of a value of Rhai.
pub(super) fn type_name(value: &Dynamic) -> String {
    called(value.type_name()).to_owned()
}

/// What programs call a type that Rhai calls `name`.
pub(super) fn called(name: &str) -> &str {
    match name {
        "i64" => "int",
        "f64" => "float",
        "array" => "list",
        "blob" => "bytes",
        "Fn" => "function",
        "ImmutableString" | "&str" | "String" => "string",
        "char" => "character",
        _ if name.contains("ImmutableString") => "string",
        _ if name.ends_with("Zoned>") => "datetime",
        _ if name.ends_with("civil::date::Date") || name.ends_with("::Date") => "date",
        _ if name.ends_with("time::Duration") => "duration",
        _ if name.ends_with("::Members") => "set",
        _ if name.ends_with("::Null") => "null",
        _ if name.starts_with("core::ops::range") || name.contains("range") => "range",
        other => other,
    }
}
