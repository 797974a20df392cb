//! What is shown over a name, or over a word of the language.

use serde_json::{Value, json};

use super::completion;
use super::place::{PROGRAM, Place};
use super::wording;

/// What is said of the name or word at a place.
pub fn hover(place: &Place<'_>) -> Value {
    let look = place.look();
    let named = look.index().at(PROGRAM, place.offset).and_then(|(span, mention)| {
        let text = wording::mention(look, look.study.sources.text(span), mention)?;
        Some((look.range(span, place.desk.encoding), text))
    });
    let said = || completion::meaning(place).map(|(range, text)| (place.lines().range(range), text));
    match named.or_else(said) {
        Some((range, text)) => json!({ "contents": { "kind": "markdown", "value": text }, "range": range }),
        None => Value::Null,
    }
}
