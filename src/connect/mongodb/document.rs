//! Documents from values and back: what the language has no type for goes as extended JSON, `{ "$oid": "..." }`.

use ::mongodb::bson::oid::ObjectId;
use ::mongodb::bson::spec::BinarySubtype;
use ::mongodb::bson::{Binary, Bson, DateTime, Document};

use crate::base::failure::{Failure, Kind};
use crate::base::value::{Map, Value};
use crate::run::world::Act;

/// What an object of extended JSON has as its first name; everything else that begins with `$` is an operator.
const EXTENDED: [&str; 16] = [
    "$oid",
    "$date",
    "$numberDecimal",
    "$numberLong",
    "$numberInt",
    "$numberDouble",
    "$binary",
    "$uuid",
    "$regularExpression",
    "$timestamp",
    "$minKey",
    "$maxKey",
    "$code",
    "$symbol",
    "$dbPointer",
    "$undefined",
];

/// What becomes of fields that are `()`.
#[derive(Clone, Copy, PartialEq)]
enum Absent {
    /// They are left out, as everywhere.
    LeftOut,
    /// They are refused: without them a filter would fit more than was meant.
    Refused,
}

fn invalid(message: String) -> Failure {
    Failure::new(Kind::ValidationError, message)
}

/// A document that is stored: fields that are `()` are left out.
///
/// # Errors
/// `validation_error` for what is no document.
pub fn of(name: &str, value: &Value) -> Result<Document, Failure> {
    document(name, value, Absent::LeftOut)
}

/// A document that selects others; absent, it selects all.
///
/// # Errors
/// `validation_error` for what is no document, and for a field that is `()`.
pub fn filter(name: &str, value: &Value) -> Result<Document, Failure> {
    if value.is_unit() {
        return Ok(Document::new());
    }
    document(name, value, Absent::Refused)
}

/// What changes, by operators.
///
/// # Errors
/// `validation_error` where something else than an operator stands in it.
pub fn update(value: &Value) -> Result<Document, Failure> {
    let update = of("update", value)?;
    match update.keys().find(|name| !name.starts_with('$')) {
        Some(name) => Err(invalid(format!(
            "an update is made of operators, and `{name}` is none: write `update: {{ \"$set\": {{ {name}: ... }} }}`"
        ))),
        None => Ok(update),
    }
}

/// The stages of a pipeline that reads.
///
/// # Errors
/// `validation_error` for a stage that is no document or writes.
pub fn pipeline(value: &Value) -> Result<Vec<Document>, Failure> {
    let stages = value.as_list().ok_or_else(|| invalid("`pipeline` must be a list of stages".to_owned()))?;
    let stage = |(index, stage): (usize, &Value)| {
        let stage = document(&format!("pipeline[{index}]"), stage, Absent::Refused)?;
        match stage.keys().find(|name| matches!(name.as_str(), "$out" | "$merge")) {
            Some(name) => Err(invalid(format!(
                "`mongodb.aggregate` only reads, and may do so twice: what `{name}` would write goes by `mongodb.insert` or `mongodb.update`"
            ))),
            None => Ok(stage),
        }
    };
    stages.iter().enumerate().map(stage).collect()
}

fn document(name: &str, value: &Value, absent: Absent) -> Result<Document, Failure> {
    let Some(map) = value.as_map() else {
        return Err(invalid(format!("`{name}` must be an object, is of type {}", value.type_name())));
    };
    fields(name, map, absent)
}

fn fields(name: &str, map: &Map, absent: Absent) -> Result<Document, Failure> {
    let mut document = Document::new();
    for (field, value) in map {
        let name = format!("{name}.{field}");
        match (value, absent) {
            (Value::Unit, Absent::LeftOut) => {}
            (Value::Unit, Absent::Refused) => {
                return Err(invalid(format!(
                    "`{name}` is `()`: without it more documents would fit than are meant; write `null` for those that lack it"
                )));
            }
            _ => {
                document.insert(&**field, bson(&name, value, absent)?);
            }
        }
    }
    Ok(document)
}

fn bson(name: &str, value: &Value, absent: Absent) -> Result<Bson, Failure> {
    Ok(match value {
        Value::Unit | Value::Null => Bson::Null,
        Value::Bool(truth) => Bson::Boolean(*truth),
        Value::Int(number) => i32::try_from(*number).map_or(Bson::Int64(*number), Bson::Int32),
        Value::Float(number) => Bson::Double(*number),
        Value::Text(text) => Bson::String(text.to_string()),
        Value::Bytes(bytes) => Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes: bytes.to_vec() }),
        Value::DateTime(moment) => Bson::DateTime(DateTime::from_millis(moment.timestamp().as_millisecond())),
        // A day has no type of its own there; as a text it sorts and compares as a day does.
        Value::Date(_) | Value::Duration(_) => Bson::String(value.to_string()),
        Value::List(items) => Bson::Array(array(name, items.iter(), absent)?),
        Value::Set(items) => Bson::Array(array(name, items.iter(), absent)?),
        Value::Map(map) => match map.keys().next() {
            Some(first) if EXTENDED.contains(&&**first) => extended(name, value)?,
            _ => Bson::Document(fields(name, map, absent)?),
        },
        Value::Secret(hidden) => bson(name, hidden.open(), absent)?,
    })
}

fn array<'a>(name: &str, items: impl Iterator<Item = &'a Value>, absent: Absent) -> Result<Vec<Bson>, Failure> {
    items.enumerate().map(|(index, item)| bson(&format!("{name}[{index}]"), item, absent)).collect()
}

fn extended(name: &str, value: &Value) -> Result<Bson, Failure> {
    Bson::try_from(value.to_json()).map_err(|error| invalid(format!("`{name}` is no extended JSON: {error}")))
}

/// A document as programs see it.
pub fn shown(document: Document) -> Value {
    Value::map(document.into_iter().map(|(name, value)| (name, shown_value(value))))
}

/// A value as programs see it: of its own type where the language has one, else extended JSON.
pub fn shown_value(value: Bson) -> Value {
    match value {
        Bson::Double(number) => Value::Float(number),
        Bson::String(text) => text.into(),
        Bson::Array(items) => Value::list(items.into_iter().map(shown_value)),
        Bson::Document(document) => shown(document),
        Bson::Boolean(truth) => Value::Bool(truth),
        Bson::Null | Bson::Undefined => Value::Unit,
        Bson::Int32(number) => Value::Int(number.into()),
        Bson::Int64(number) => Value::Int(number),
        Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes }) => Value::Bytes(bytes.into()),
        Bson::DateTime(moment) => match jiff::Timestamp::from_millisecond(moment.timestamp_millis()) {
            Ok(moment) => Value::moment(moment),
            Err(_) => Value::from_json(Bson::DateTime(moment).into_canonical_extjson()),
        },
        other => Value::from_json(other.into_relaxed_extjson()),
    }
}

/// The id of the document at `index` of an insert: the same one in every attempt. It begins with the time of the run where its
/// name tells it, and sorts in the order of the documents.
pub fn id_of_key(act: &Act, index: usize) -> ObjectId {
    let chance = *blake3::hash(act.key.as_bytes()).as_bytes();
    let mut bytes = [0; 12];
    bytes[..11].copy_from_slice(&chance[..11]);
    let time = uuid::Uuid::parse_str(&act.run.0).ok().and_then(|id| id.get_timestamp());
    if let Some(seconds) = time.and_then(|time| u32::try_from(time.to_unix().0).ok()) {
        bytes[..4].copy_from_slice(&seconds.to_be_bytes());
    }
    let count = u32::try_from(index).unwrap_or(u32::MAX).to_be_bytes();
    bytes[9..].copy_from_slice(&count[1..]);
    ObjectId::from_bytes(bytes)
}

/// Whether the id of `document` was made by [`id_of_key`].
pub fn is_made_of_key(document: &Document, act: &Act) -> bool {
    let Some(Bson::ObjectId(id)) = document.get("_id") else { return false };
    id.bytes()[..9] == id_of_key(act, 0).bytes()[..9]
}
