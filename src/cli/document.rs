//! A document that somebody else wrote: JSON, or YAML.

use std::fmt;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value as Json};

use super::exit::Refusal;
use crate::disk;

/// How large a document may be, in bytes.
const BYTES_MAX: usize = 64 * 1024 * 1024;
/// How many things of a YAML document are read.
const NODES_MAX: usize = 5_000_000;

/// The text of a file.
///
/// # Errors
/// A file that is not there, too large, or no UTF-8.
pub fn read(path: &Path) -> Result<String, Refusal> {
    disk::read_up_to(path, BYTES_MAX)
        .map_err(|fault| Refusal::new(format!("`{}` cannot be read: {fault}", path.display())))
}

/// JSON, or else YAML, of which JSON is a part but for its speed.
///
/// # Errors
/// A text that is neither; the message says where.
pub fn parsed(source: &str, text: &str) -> Result<Json, Refusal> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('{') {
        let wrong = |error: serde_json::Error| Refusal::new(format!("{source}: this is no JSON: {error}"));
        return serde_json::from_str(text).map(|Single(read)| read).map_err(wrong);
    }
    // `y`, `on` and the like are words in YAML 1.2.
    let options = serde_saphyr::options! { strict_booleans: true, budget: serde_saphyr::budget! { max_nodes: NODES_MAX, max_events: 4 * NODES_MAX } };
    let read: Result<Json, _> = serde_saphyr::from_str_with_options(text, options);
    read.map_err(|error| {
        let said = error.to_string();
        let first = said.lines().next().unwrap_or_default().trim_start_matches("error: ");
        Refusal::new(format!("{source}: this is neither JSON nor YAML: {first}"))
    })
}

/// A document in which no object says a name twice: of two states of one name nobody can say which is meant. YAML refuses that itself.
struct Single(Json);

impl<'de> Deserialize<'de> for Single {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, it: bool) -> Result<Json, E> {
        Ok(it.into())
    }

    fn visit_i64<E: Error>(self, it: i64) -> Result<Json, E> {
        Ok(it.into())
    }

    fn visit_u64<E: Error>(self, it: u64) -> Result<Json, E> {
        Ok(it.into())
    }

    fn visit_f64<E: Error>(self, it: f64) -> Result<Json, E> {
        Ok(it.into())
    }

    fn visit_str<E: Error>(self, it: &str) -> Result<Json, E> {
        Ok(it.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(Single(item)) = from.next_element()? {
            items.push(item);
        }
        Ok(items.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Json, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = from.next_key::<String>()? {
            if fields.contains_key(&name) {
                return Err(Error::custom(format!("`{name}` stands twice in one object")));
            }
            let Single(value) = from.next_value()?;
            fields.insert(name, value);
        }
        Ok(fields.into())
    }
}
