//! Records of a journal as others see them: values as plain JSON, without the marks that the store needs.

use serde_json::Value as Json;

use crate::base::value::Value;
use crate::run::event::Record;

/// The mark of values that JSON has no form for.
const TAG: &str = "$flow";

/// What an event says under a name that every event has.
const OWN: &str = "number";

/// `{ "number", "at", "event", ... }`; `index` records came before it. Numbers begin with 1, as people count.
pub(super) fn shown(index: u64, record: &Record) -> Json {
    let mut shown = serde_json::Map::new();
    shown.insert(OWN.to_owned(), (index + 1).into());
    shown.insert("at".to_owned(), record.at.to_string().into());
    if let Ok(Json::Object(fields)) = serde_json::to_value(&record.event) {
        // Which of the signals or events that came was taken.
        let name = |name: String| if name == OWN { "taken".to_owned() } else { name };
        shown.extend(fields.into_iter().map(|(field, value)| (name(field), plain(value))));
    }
    shown.into()
}

fn plain(json: Json) -> Json {
    match json {
        Json::Object(fields) if fields.contains_key(TAG) => {
            let value: Result<Value, _> = serde_json::from_value(Json::Object(fields));
            value.map_or(Json::Null, |value| value.to_json())
        }
        Json::Object(fields) => fields.into_iter().map(|(name, value)| (name, plain(value))).collect(),
        Json::Array(items) => items.into_iter().map(plain).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => json,
    }
}
