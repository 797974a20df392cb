//! What the text does not say and the program does: for whom a step in `parallel` waits.

use serde_json::{Value, json};

use super::place::{PROGRAM, Place};

/// The hints of a text.
pub fn hints(place: &Place<'_>) -> Value {
    let study = &place.look().study;
    let Some(outline) = place.look().outline(PROGRAM) else { return Value::Null };
    let lines = place.lines();
    let mut found = Vec::new();
    for block in &outline.blocks {
        let Some(order) = study.checked.orders.get(&block.span) else { continue };
        for (item, waits) in block.items.iter().zip(order) {
            let name = |at: &usize| block.items.get(*at)?.as_ref().and_then(|(step, _)| study.checked.names.get(step));
            let names: Vec<&str> = waits.iter().filter_map(name).map(|name| &**name).collect();
            if let (Some((_, head)), false) = (item, names.is_empty()) {
                let end = study.written(*head).range().end;
                let line = lines.line(end.saturating_sub(1));
                // Behind the line in which the step begins, where nothing is in the way.
                let at = lines.start(line + 1).saturating_sub(1).max(end);
                let at = lines.text().get(..at).map_or(at, |text| text.trim_end_matches(['\n', '\r']).len().max(end));
                found.push(json!({
                    "position": lines.position(at),
                    "label": format!("waits for {}", names.join(", ")),
                    "paddingLeft": true,
                }));
            }
        }
    }
    json!(found)
}
