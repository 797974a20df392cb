//! What is shown over a name.

use serde_json::{Value, json};

use super::place::{PROGRAM, Place};
use super::wording;

/// What is said of the name at a place.
pub fn hover(place: &Place<'_>) -> Value {
    let look = place.look();
    let Some((span, mention)) = look.index().at(PROGRAM, place.offset) else { return Value::Null };
    let written = look.study.sources.text(span);
    match wording::mention(look, written, mention) {
        Some(text) => json!({
            "contents": { "kind": "markdown", "value": text },
            "range": look.range(span, place.desk.encoding),
        }),
        None => Value::Null,
    }
}
