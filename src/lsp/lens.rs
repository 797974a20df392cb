//! What can be done with a declaration: run a workflow, draw it, play a test.

use serde_json::{Value, json};

use super::outline::Kind;
use super::place::Place;

/// The commands over workflows and tests; the editor's extension carries them out.
pub fn lenses(place: &Place<'_>) -> Value {
    let listing = place.listing();
    let uri = place.desk.uri(&place.path).0;
    let lines = place.lines();
    let mut found = Vec::new();
    for entry in &listing.outline.entries {
        let commands: &[(&str, &str)] = match entry.kind {
            Kind::Workflow => &[("▶ run", "flow.run"), ("graph", "flow.graph")],
            Kind::Test => &[("▶ test", "flow.test")],
            _ => continue,
        };
        for (title, command) in commands {
            found.push(json!({
                "range": lines.range(listing.written(entry.place)),
                "command": { "title": title, "command": command, "arguments": [uri, entry.name] },
            }));
        }
    }
    json!(found)
}
