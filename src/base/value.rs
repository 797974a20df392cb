//! The values programs compute with: immutable trees that are shared, never copied.

mod hidden;

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::secret::MASK;
use super::time::Duration;
pub use hidden::{Hidden, with_secrets_written_out};

/// The entries of an object, in the order they were written.
pub type Map = IndexMap<Arc<str>, Value>;

/// One value. Cloning costs at most a count.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Absent: `()` in programs; left out of what an operation sends, `null` in lists and in the output of a run.
    #[default]
    Unit,
    /// A `null` that is really sent.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// A text.
    Text(Arc<str>),
    /// Bytes; base64 in JSON.
    Bytes(Arc<[u8]>),
    /// A moment with its zone; RFC 3339 in JSON, UTC as `Z`.
    DateTime(Arc<jiff::Zoned>),
    /// A day; `2026-03-29` in JSON.
    Date(jiff::civil::Date),
    /// A length of time; written as in programs in JSON.
    Duration(Duration),
    /// Values in order.
    List(Arc<Vec<Value>>),
    /// Values that are there once, in the order they came; a list in JSON.
    Set(Arc<Set>),
    /// Values by name, in the order they came.
    Map(Arc<Map>),
    /// A value that is not shown; `***` in JSON.
    Secret(Hidden),
}

/// The members of a set, by their canonical text, so that membership is one look-up.
#[derive(Clone, Default)]
pub struct Set {
    members: IndexMap<String, Value>,
}

impl Set {
    /// Takes `value` in; whether it is new.
    pub fn insert(&mut self, value: Value) -> bool {
        let key = value.canonical();
        if self.members.contains_key(&key) {
            return false;
        }
        self.members.insert(key, value);
        true
    }

    /// Takes `value` out; whether it was there.
    pub fn remove(&mut self, value: &Value) -> bool {
        self.members.shift_remove(&value.canonical()).is_some()
    }

    /// Whether `value` is a member.
    pub fn contains(&self, value: &Value) -> bool {
        self.members.contains_key(&value.canonical())
    }

    /// The members in the order they came.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.members.values()
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

impl fmt::Debug for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl FromIterator<Value> for Set {
    fn from_iter<I: IntoIterator<Item = Value>>(values: I) -> Self {
        let mut set = Self::default();
        for value in values {
            set.insert(value);
        }
        set
    }
}

impl PartialEq for Set {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.members.keys().all(|key| other.members.contains_key(key))
    }
}

impl Value {
    /// A list of values.
    pub fn list(values: impl IntoIterator<Item = Self>) -> Self {
        Self::List(Arc::new(values.into_iter().collect()))
    }

    /// An object from names and values.
    pub fn map<K: Into<Arc<str>>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Map(Arc::new(entries.into_iter().map(|(key, value)| (key.into(), value)).collect()))
    }

    /// A moment in UTC.
    pub fn moment(moment: jiff::Timestamp) -> Self {
        Self::DateTime(Arc::new(moment.to_zoned(jiff::tz::TimeZone::UTC)))
    }

    /// What programs call its type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Unit => "()",
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Text(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::DateTime(_) => "datetime",
            Self::Date(_) => "date",
            Self::Duration(_) => "duration",
            Self::List(_) => "list",
            Self::Set(_) => "set",
            Self::Map(_) => "map",
            Self::Secret(_) => "secret",
        }
    }

    /// Whether it is `()`.
    pub fn is_unit(&self) -> bool {
        matches!(self, Self::Unit)
    }

    /// Whether it is `true`.
    pub fn is_true(&self) -> bool {
        matches!(self, Self::Bool(true))
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number, if it is one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The entries, if it is an object.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The items, if it is a list.
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    /// The field `name` of an object; `None` where it is no object or has no such field.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_map().and_then(|map| map.get(name))
    }

    /// About how many bytes it takes up.
    pub fn weight(&self) -> usize {
        /// What any value takes up.
        const SELF: usize = 16;
        SELF + match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::List(items) => items.iter().map(Self::weight).sum(),
            Self::Set(members) => members.iter().map(Self::weight).sum(),
            Self::Map(map) => map.iter().map(|(name, value)| name.len() + value.weight()).sum(),
            Self::Secret(hidden) => hidden.open().weight(),
            Self::Unit | Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) => 0,
            Self::DateTime(_) | Self::Date(_) | Self::Duration(_) => 0,
        }
    }

    /// The value from JSON; `null` becomes `()`.
    pub fn from_json(json: serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Unit,
            serde_json::Value::Bool(truth) => Self::Bool(truth),
            serde_json::Value::Number(number) => number
                .as_i64()
                .map(Self::Int)
                .or_else(|| number.as_f64().map(Self::Float))
                .unwrap_or_else(|| Self::Text(number.to_string().into())),
            serde_json::Value::String(text) => Self::Text(text.into()),
            serde_json::Value::Array(items) => Self::list(items.into_iter().map(Self::from_json)),
            serde_json::Value::Object(entries) => {
                Self::map(entries.into_iter().map(|(key, value)| (key, Self::from_json(value))))
            }
        }
    }

    /// The value as JSON for people and other programs; see `language.md`, Values. `()` becomes `null`.
    pub fn to_json(&self) -> serde_json::Value {
        use base64::Engine as _;
        match self {
            Self::Unit | Self::Null => serde_json::Value::Null,
            Self::Bool(truth) => (*truth).into(),
            Self::Int(number) => (*number).into(),
            Self::Float(number) => serde_json::Number::from_f64(*number).map_or(serde_json::Value::Null, Into::into),
            Self::Text(text) => (**text).into(),
            Self::Bytes(bytes) => base64::engine::general_purpose::STANDARD.encode(bytes).into(),
            Self::DateTime(moment) => rfc3339(moment).into(),
            Self::Date(date) => date.to_string().into(),
            Self::Duration(duration) => duration.to_string().into(),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Set(set) => set.iter().map(Self::to_json).collect(),
            Self::Map(map) => {
                serde_json::Value::Object(map.iter().map(|(key, value)| (key.to_string(), value.to_json())).collect())
            }
            Self::Secret(_) => MASK.into(),
        }
    }

    /// The value without the fields that are `()`, all the way down: what an operation sends.
    #[must_use]
    pub fn without_absent(&self) -> Self {
        match self {
            Self::Map(map) => Self::map(
                map.iter()
                    .filter(|(_, value)| !value.is_unit())
                    .map(|(key, value)| (key.clone(), value.without_absent())),
            ),
            Self::List(items) => Self::list(items.iter().map(Self::without_absent)),
            Self::Secret(_) => self.clone().inside(|value| value.without_absent()),
            other => other.clone(),
        }
    }

    /// The value as whoever receives it finds it: a `null` that was sent is `()`, as it is when JSON is read.
    #[must_use]
    pub fn received(self) -> Self {
        match self {
            Self::Null => Self::Unit,
            Self::Map(_) | Self::List(_) if !self.holds_null() => self,
            Self::Map(map) => Self::map(map.iter().map(|(key, value)| (key.clone(), value.clone().received()))),
            Self::List(items) => Self::list(items.iter().map(|item| item.clone().received())),
            hidden @ Self::Secret(_) => hidden.inside(Self::received),
            other => other,
        }
    }

    fn holds_null(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Map(map) => map.values().any(Self::holds_null),
            Self::List(items) => items.iter().any(Self::holds_null),
            _ => false,
        }
    }

    /// A text that two values share exactly when they are equal; objects with their names sorted. It is not for people: what is
    /// hidden stands in it.
    pub fn canonical(&self) -> String {
        let mut text = String::new();
        write_canonical(self, &mut text);
        text
    }
}

fn write_canonical(value: &Value, text: &mut String) {
    use fmt::Write as _;
    match value {
        Value::Float(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            let _ = write!(text, "{}", *number as i64);
        }
        Value::List(items) => {
            text.push('[');
            for item in items.iter() {
                write_canonical(item, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::Map(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            text.push('{');
            for (key, value) in entries {
                let _ = write!(text, "{key:?}:");
                write_canonical(value, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Secret(hidden) => write_canonical(hidden.open(), text),
        Value::Unit => text.push_str("()"),
        plain @ (Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_)) => {
            let _ = write!(text, "{}", plain.to_json());
        }
        special @ (Value::Bytes(_) | Value::DateTime(_) | Value::Date(_) | Value::Duration(_) | Value::Set(_)) => {
            let _ = write!(text, "{}{}", special.type_name(), special.to_json());
        }
    }
}

/// RFC 3339, UTC as `Z`, without the zone's name.
fn rfc3339(moment: &jiff::Zoned) -> String {
    if moment.offset() == jiff::tz::Offset::UTC {
        return moment.timestamp().to_string();
    }
    moment.timestamp().display_with_offset(moment.offset()).to_string()
}

impl fmt::Display for Value {
    /// As it appears inside a text: texts bare, everything else as JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::DateTime(moment) => f.write_str(&rfc3339(moment)),
            Self::Date(date) => write!(f, "{date}"),
            Self::Duration(duration) => write!(f, "{duration}"),
            Self::Secret(_) => f.write_str(MASK),
            other => write!(f, "{}", other.to_json()),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Arc<str>> for Value {
    fn from(text: Arc<str>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(Arc::new(map))
    }
}

/// The name that marks, in stored form, a value that JSON alone could not tell apart.
const TAG: &str = "$flow";

impl Serialize for Value {
    /// The stored form: JSON that gives the same value back, unlike [`Value::to_json`]. What is hidden stays so, unless it is
    /// [written out](with_secrets_written_out).
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap as _;
        let tagged = |serializer: S, value: serde_json::Value| {
            let mut map = serializer.serialize_map(Some(2))?;
            map.serialize_entry(TAG, self.type_name())?;
            map.serialize_entry("value", &value)?;
            map.end()
        };
        match self {
            Self::Unit => serializer.serialize_unit(),
            Self::Bool(truth) => serializer.serialize_bool(*truth),
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::Float(number) if number.is_finite() => serializer.serialize_f64(*number),
            Self::Float(number) => tagged(serializer, number.to_string().into()),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items.iter()),
            Self::Map(map) if map.contains_key(TAG) => {
                let mut outer = serializer.serialize_map(Some(2))?;
                outer.serialize_entry(TAG, "map")?;
                outer.serialize_entry("value", &map.iter().collect::<Vec<_>>())?;
                outer.end()
            }
            Self::Map(map) => serializer.collect_map(map.iter()),
            Self::Set(set) => {
                let mut outer = serializer.serialize_map(Some(2))?;
                outer.serialize_entry(TAG, "set")?;
                outer.serialize_entry("value", &set.iter().collect::<Vec<_>>())?;
                outer.end()
            }
            Self::Secret(hidden) if hidden::is_written_out() => {
                let mut outer = serializer.serialize_map(Some(2))?;
                outer.serialize_entry(TAG, self.type_name())?;
                outer.serialize_entry("value", hidden.open())?;
                outer.end()
            }
            Self::Secret(_) => serializer.serialize_str(MASK),
            Self::DateTime(moment) => tagged(serializer, moment.to_string().into()),
            Self::Duration(duration) => tagged(serializer, duration.0.into()),
            Self::Null | Self::Bytes(_) | Self::Date(_) => tagged(serializer, self.to_json()),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        stored(serde_json::Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Reads the stored form.
fn stored(json: serde_json::Value) -> Result<Value, String> {
    use base64::Engine as _;
    Ok(match json {
        serde_json::Value::Object(mut entries) if entries.contains_key(TAG) => {
            let value = entries.remove("value").unwrap_or_default();
            let text = value.as_str().unwrap_or_default();
            match entries[TAG].as_str().unwrap_or_default() {
                "null" => Value::Null,
                "float" => Value::Float(text.parse().map_err(|_| "a number was expected")?),
                "bytes" => Value::Bytes(
                    base64::engine::general_purpose::STANDARD.decode(text).map_err(|error| error.to_string())?.into(),
                ),
                "date" => Value::Date(text.parse().map_err(|error: jiff::Error| error.to_string())?),
                "datetime" => Value::DateTime(Arc::new(text.parse().map_err(|error: jiff::Error| error.to_string())?)),
                "duration" => Value::Duration(Duration(value.as_i64().ok_or("a duration is a number")?)),
                "set" => match stored(value)? {
                    Value::List(items) => Value::Set(Arc::new(items.iter().cloned().collect())),
                    _ => return Err("a set is a list".into()),
                },
                "map" => {
                    let pairs: Vec<(Arc<str>, serde_json::Value)> =
                        serde_json::from_value(value).map_err(|error| error.to_string())?;
                    let entries: Result<Map, String> =
                        pairs.into_iter().map(|(key, value)| Ok((key, stored(value)?))).collect();
                    Value::from(entries?)
                }
                "secret" => stored(value)?.hidden(),
                other => return Err(format!("unknown kind of value `{other}`")),
            }
        }
        serde_json::Value::Object(entries) => {
            let entries: Result<Map, String> =
                entries.into_iter().map(|(key, value)| Ok((Arc::from(key), stored(value)?))).collect();
            Value::from(entries?)
        }
        serde_json::Value::Array(items) => {
            Value::List(Arc::new(items.into_iter().map(stored).collect::<Result<_, _>>()?))
        }
        plain => Value::from_json(plain),
    })
}
