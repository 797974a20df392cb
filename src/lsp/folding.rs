//! What can be folded.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::place::Place;

/// Blocks, objects and lists of several lines, and runs of comments.
pub fn folds(place: &Place<'_>) -> Value {
    let lines = place.lines();
    let listing = place.listing();
    // Of several that begin in one line, the longest.
    let mut folds: BTreeMap<usize, usize> = BTreeMap::new();
    for span in &listing.outline.folds {
        let range = listing.written(*span);
        let (first, last) = (lines.line(range.start), lines.line(range.end.saturating_sub(1).max(range.start)));
        // The line with the closing bracket stays.
        let closes = lines.text().get(..range.end).is_some_and(|text| text.ends_with(['}', ']', ')']));
        let last = if closes { last.saturating_sub(1) } else { last };
        if last > first {
            let known = folds.entry(first).or_insert(last);
            *known = last.max(*known);
        }
    }
    let mut all: Vec<Value> =
        folds.iter().map(|(first, last)| json!({ "startLine": first, "endLine": last })).collect();
    all.extend(
        comments(place)
            .into_iter()
            .map(|(first, last)| json!({ "startLine": first, "endLine": last, "kind": "comment" })),
    );
    json!(all)
}

/// Runs of comments on lines of their own.
fn comments(place: &Place<'_>) -> Vec<(usize, usize)> {
    let lines = place.lines();
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for comment in &place.listing().comments {
        let range = place.listing().written(*comment);
        let (first, last) = (lines.line(range.start), lines.line(range.end.saturating_sub(1).max(range.start)));
        match runs.last_mut() {
            Some((_, end)) if first <= *end + 1 => *end = last.max(*end),
            _ => runs.push((first, last)),
        }
    }
    runs.retain(|(first, last)| last > first);
    runs
}
