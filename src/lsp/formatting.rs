//! The text in the style of `flow fmt`, as edits of what differs from it.

use serde_json::{Value, json};

use super::place::Place;
use crate::base::span::Source;

/// The edits that put the whole text into the style; none where it cannot be read, which its diagnostics say.
pub fn whole(place: &Place<'_>) -> Value {
    edits(place, 0..place.text().len())
}

/// The same, of those that lie in a range: with any of them the program stays what it is.
pub fn part(place: &Place<'_>) -> Value {
    let lines = place.lines();
    let at = |end: &str| lines.offset(serde_json::from_value(place.params["range"][end].clone()).unwrap_or_default());
    edits(place, at("start")..at("end"))
}

fn edits(place: &Place<'_>, within: std::ops::Range<usize>) -> Value {
    let lines = place.lines();
    let source = Source::new(&*place.path, place.text());
    let found = crate::lang::format_edits(&source, &mut place.desk.kept.borrow_mut());
    let wanted = found.iter().filter(|edit| within.start <= edit.place.start && edit.place.end <= within.end);
    json!(
        wanted
            .map(|edit| json!({ "range": lines.range(edit.place.clone()), "newText": edit.text }))
            .collect::<Vec<Value>>()
    )
}
