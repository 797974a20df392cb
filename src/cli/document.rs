//! A document that somebody else wrote: JSON, or YAML.

use std::path::Path;

use serde_json::Value as Json;

use super::exit::Refusal;

/// How large a document may be, in bytes.
const BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How many things of a YAML document are read.
const NODES_MAX: usize = 5_000_000;

/// The text of a file.
///
/// # Errors
/// A file that is not there, too large, or no UTF-8.
pub fn read(path: &Path) -> Result<String, Refusal> {
    let refused = |reason: String| Refusal::new(format!("`{}` cannot be read: {reason}", path.display()));
    let about = std::fs::metadata(path).map_err(|error| refused(error.to_string()))?;
    if about.len() > BYTES_MAX {
        return Err(refused(format!("it has {} bytes, {} MiB are the most", about.len(), BYTES_MAX >> 20)));
    }
    let bytes = std::fs::read(path).map_err(|error| refused(error.to_string()))?;
    String::from_utf8(bytes).map_err(|_| refused("it is no UTF-8".to_owned()))
}

/// JSON, or else YAML, of which JSON is a part but for its speed.
///
/// # Errors
/// A text that is neither; the message says where.
pub fn parsed(source: &str, text: &str) -> Result<Json, Refusal> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('{') {
        let wrong = |error: serde_json::Error| Refusal::new(format!("{source}: this is no JSON: {error}"));
        return serde_json::from_str(text).map_err(wrong);
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
