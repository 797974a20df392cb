//! The ways out that diagnostics know, as edits.

use serde_json::{Value, json};

use super::place::{PROGRAM, Place};

/// The edits that mend what is wrong in a range.
pub fn actions(place: &Place<'_>) -> Value {
    let lines = place.lines();
    let at = |end: &str| {
        let position = serde_json::from_value(place.params["range"][end].clone()).unwrap_or_default();
        lines.offset(position)
    };
    let (start, end) = (at("start"), at("end"));
    let Some(document) = place.desk.open.get(&place.path) else { return Value::Null };
    let mut found = Vec::new();
    for diagnostic in &place.look().study.diagnostics {
        let own = diagnostic.primary.span;
        if own.file != PROGRAM || (own.end as usize) < start || end < own.start as usize {
            continue;
        }
        let edits = diagnostic.hints.iter().filter_map(|hint| hint.edit.as_ref().map(|edit| (hint, edit)));
        for (hint, (span, text)) in edits.filter(|(_, (span, _))| span.file == PROGRAM) {
            let edit = json!({ "range": lines.range(span.range()), "newText": text });
            found.push(json!({
                "title": title(&hint.text, text),
                "kind": "quickfix",
                "isPreferred": diagnostic.hints.first() == Some(hint),
                "diagnostics": [super::diagnostic::shown(diagnostic, place.look(), place.desk.encoding)],
                "edit": { "changes": { document.uri.0.clone(): [edit] } },
            }));
        }
    }
    json!(found)
}

/// What an edit is called: the advice, and what is put in where the advice does not say it.
fn title(advice: &str, text: &str) -> String {
    let text = text.trim();
    match text.contains(char::is_alphanumeric) && !text.contains('\n') && !advice.contains(text) {
        true => format!("{advice}: `{text}`"),
        false => advice.to_owned(),
    }
}
