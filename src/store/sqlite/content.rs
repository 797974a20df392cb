//! Large values, kept once however many records hold them: an output, the items of the loop over it, what a child was given.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::base::id::Digest;

/// From which size on a part of a record is kept by itself, in bytes of JSON.
const LARGE_BYTES: usize = 16 * 1024;

/// The name that marks where a large part was; no value of a program has it in stored form.
const TAG: &str = "$flow";

/// How that looks in JSON.
const MARK: &str = r#"{"$flow":"content","#;

/// A part of a record, in JSON, in which smaller ones may have been taken out already.
pub(super) struct Content {
    pub digest: Digest,
    pub bytes: Vec<u8>,
}

/// Records as JSON, and the large parts that were taken out of them.
///
/// # Errors
/// If the records are no data, which would be a fault in this program.
pub(super) fn write<T: Serialize>(records: &[T]) -> serde_json::Result<(Vec<u8>, Vec<Content>)> {
    let (mut json, mut contents) = (vec![b'['], Vec::new());
    for record in records {
        if json.len() > 1 {
            json.push(b',');
        }
        let start = json.len();
        serde_json::to_writer(&mut json, record)?;
        // Only a record that is large itself can have a part that is; most are not, and are written in one go.
        if json.len() - start >= LARGE_BYTES {
            let mut whole: Json = parse(&json[start..])?;
            shrink(&mut whole, true, &mut contents)?;
            json.truncate(start);
            serde_json::to_writer(&mut json, &whole)?;
        }
    }
    json.push(b']');
    Ok((json, contents))
}

/// Reads records, the large parts put back; `find` gives each.
///
/// # Errors
/// What `find` says, or if something is not what was written.
pub(super) fn read<T: DeserializeOwned>(
    records: &[u8],
    mut find: impl FnMut(&str) -> Result<Vec<u8>, Fault>,
) -> Result<T, Fault> {
    // Most records have no large parts, and are read in one go.
    if !std::str::from_utf8(records).is_ok_and(|text| text.contains(MARK)) {
        return Ok(parse(records)?);
    }
    let mut json: Json = parse(records)?;
    put_back(&mut json, &mut find)?;
    Ok(T::deserialize(json)?)
}

fn put_back(json: &mut Json, find: &mut impl FnMut(&str) -> Result<Vec<u8>, Fault>) -> Result<(), Fault> {
    if let Some(digest) = taken(json) {
        *json = parse(&find(digest)?)?;
    }
    match json {
        Json::Array(items) => items.iter_mut().try_for_each(|item| put_back(item, find)),
        Json::Object(entries) => entries.values_mut().try_for_each(|value| put_back(value, find)),
        _ => Ok(()),
    }
}

/// JSON that this program wrote: how deep it may be nested was seen to before.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    json.disable_recursion_limit();
    T::deserialize(&mut json)
}

/// Takes the large parts out of `json`, the smallest first, and `json` itself if it is large still, unless it is a whole
/// record. About how many bytes are left.
fn shrink(json: &mut Json, whole: bool, contents: &mut Vec<Content>) -> serde_json::Result<usize> {
    let mut size = 8;
    match json {
        Json::String(text) => size += text.len(),
        Json::Array(items) => {
            for item in items {
                size += shrink(item, false, contents)?;
            }
        }
        Json::Object(entries) => {
            for (name, value) in entries {
                size += name.len() + shrink(value, false, contents)?;
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
    if whole || size < LARGE_BYTES {
        return Ok(size);
    }
    let bytes = serde_json::to_vec(json)?;
    let digest = Digest::of(&bytes);
    *json = serde_json::json!({ TAG: "content", "value": digest.to_string() });
    contents.push(Content { digest, bytes });
    Ok(64)
}

/// The digest of the part that was where `json` is now.
fn taken(json: &Json) -> Option<&str> {
    let entries = json.as_object().filter(|entries| entries.len() == 2)?;
    (entries.get(TAG)?.as_str()? == "content").then_some(entries.get("value")?.as_str()?)
}

/// Why records cannot be read.
pub(super) struct Fault(pub String);

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.to_string())
    }
}
