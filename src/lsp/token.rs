//! The colours of names, by what they mean.

use serde_json::{Value, json};

use super::place::{PROGRAM, Place};
use crate::lang::check::Named;

/// The kinds of tokens, in the order of their numbers.
pub const TYPES: [&str; 9] =
    ["namespace", "type", "function", "method", "variable", "parameter", "property", "keyword", "class"];
/// What may be said of a token beside its kind.
pub const MODIFIERS: [&str; 2] = ["declaration", "defaultLibrary"];

/// The names of a text, each with what it is, in the numbers of the protocol.
pub fn tokens(place: &Place<'_>) -> Value {
    let lines = place.lines();
    let (mut line, mut column) = (0, 0);
    let mut data: Vec<u32> = Vec::new();
    for (span, mention) in place.look().index().of_file(PROGRAM) {
        let range = lines.range(span.range());
        let ahead = (range.start.line, range.start.character) < (line, column);
        if range.start.line != range.end.line || range.end.character <= range.start.character || ahead {
            continue;
        }
        let down = range.start.line - line;
        let along = if down == 0 { range.start.character - column } else { range.start.character };
        let declares = mention.declared.contains(&span);
        let foreign = mention.declared.first().is_some_and(|declared| place.look().is_standard(declared.file));
        let modifiers = u32::from(declares) | u32::from(foreign) << 1;
        let length = range.end.character - range.start.character;
        data.extend([down, along, length, number(mention.named), modifiers]);
        // The next one begins behind this one.
        (line, column) = (range.start.line, range.start.character);
    }
    json!({ "data": data })
}

fn number(named: Named) -> u32 {
    match named {
        Named::File | Named::Connector => 0,
        Named::Type | Named::Handler => 1,
        Named::Function => 2,
        Named::Operation => 3,
        Named::Step | Named::Local => 4,
        Named::Parameter => 5,
        Named::Variable | Named::Field => 6,
        Named::Scope => 7,
        Named::Workflow | Named::Persona => 8,
    }
}
