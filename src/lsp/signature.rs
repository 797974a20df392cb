//! What a call takes, while it is written.

use serde_json::{Value, json};

use super::outline::Called;
use super::place::{PROGRAM, Place};
use super::wording;
use crate::base::shape::{Field, Shape};
use crate::lang::check::Callee;
use crate::lang::script::functions;

/// How far back the bracket of a function call is looked for, in bytes.
const REACH: usize = 2_000;

/// What the call around a place takes.
pub fn help(place: &Place<'_>) -> Value {
    of_function(place).or_else(|| of_step(place)).unwrap_or(Value::Null)
}

/// A function whose bracket is open before the place.
fn of_function(place: &Place<'_>) -> Option<Value> {
    let before = place.text().get(..place.offset)?;
    let start = before.len().saturating_sub(REACH);
    let start = (start..=before.len()).find(|at| before.is_char_boundary(*at))?;
    let (mut depth, mut commas) = (0usize, 0usize);
    for (at, letter) in before[start..].char_indices().rev() {
        match letter {
            ')' | ']' | '}' => depth += 1,
            '(' if depth == 0 => {
                let head = &before[..start + at];
                let name = head.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
                // What stands before a dot is the first argument.
                let method = head[..head.len() - name.len()].ends_with('.');
                let Some(known) = functions::fixed(name) else { return of_own(place, name, commas) };
                let params: Vec<Value> = known.params.iter().map(|param| json!({ "label": param.name })).collect();
                return Some(json!({
                    "signatures": [{
                        "label": known.signature,
                        "documentation": { "kind": "markdown", "value": known.doc },
                        "parameters": params,
                    }],
                    "activeSignature": 0,
                    "activeParameter": commas + usize::from(method),
                }));
            }
            '(' | '[' | '{' if depth == 0 => return None,
            '(' | '[' | '{' => depth -= 1,
            ',' if depth == 0 => commas += 1,
            '\n' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// A `fn` of the program.
fn of_own(place: &Place<'_>, name: &str, commas: usize) -> Option<Value> {
    let look = place.look();
    let known = look.study.checked.modules.first()?.functions.iter().find(|known| *known.name == *name)?;
    let doc = look.entry(known.name_span).and_then(|entry| entry.doc.as_ref());
    let names: Vec<&str> = known.params.iter().map(|param| &**param).collect();
    let params: Vec<Value> = names.iter().map(|name| json!({ "label": name })).collect();
    Some(json!({
        "signatures": [{
            "label": format!("fn {name}({})", names.join(", ")),
            "documentation": { "kind": "markdown", "value": doc.map(|doc| &*doc.text).unwrap_or_default() },
            "parameters": params,
        }],
        "activeSignature": 0,
        "activeParameter": commas,
    }))
}

/// The operation or workflow in whose braces the place is.
fn of_step(place: &Place<'_>) -> Option<Value> {
    let study = &place.look().study;
    let called = around(place)?;
    let (label, doc, params) = match study.checked.callees.get(&called.callee)? {
        Callee::Operation(signature) => {
            (signature.full_name().to_string(), signature.doc.clone(), signature.params.clone())
        }
        Callee::Workflow(name) => (name.to_string(), None, input_of(place, called)),
        Callee::Step(_) => return None,
    };
    let names: Vec<String> = params.iter().map(wording::field).collect();
    let offset = u32::try_from(place.offset).ok()?;
    let key = called.fields.iter().find(|(span, _)| {
        let span = study.written(*span);
        span.start <= offset && offset <= span.end
    });
    let active = key.and_then(|(_, key)| params.iter().position(|param| *param.name == **key));
    let shown: Vec<Value> = params
        .iter()
        .zip(&names)
        .map(|(param, label)| json!({ "label": label, "documentation": param.doc.as_deref().unwrap_or_default() }))
        .collect();
    Some(json!({
        "signatures": [{
            "label": format!("{label} {{ {} }}", names.join(", ")),
            "documentation": { "kind": "markdown", "value": doc.as_deref().unwrap_or_default() },
            "parameters": shown,
        }],
        "activeSignature": 0,
        "activeParameter": active.unwrap_or(names.len()),
    }))
}

/// The innermost call whose braces are around a place.
pub fn around<'p>(place: &'p Place<'_>) -> Option<&'p Called> {
    let offset = u32::try_from(place.offset).ok()?;
    let calls = place.look().outline(PROGRAM)?.calls.iter();
    let inside = calls.filter(|called| {
        let (whole, callee) = (place.look().study.written(called.span), place.look().study.written(called.callee));
        callee.end < offset && offset < whole.end
    });
    inside.min_by_key(|called| called.span.end - called.span.start)
}

/// What a workflow takes, as its name says where it is called.
fn input_of(place: &Place<'_>, called: &Called) -> Vec<Field> {
    let study = &place.look().study;
    let named = study.checked.notes.mentions.range(..).find(|(span, mention)| {
        called.callee.file == span.file && called.callee.end == span.end && !mention.declared.is_empty()
    });
    let declared = named.and_then(|(_, mention)| mention.declared.first());
    let declared = declared.and_then(|place| study.checked.notes.mentions.get(place));
    match declared.map(|mention| &mention.shape) {
        Some(Shape::Object(object)) => object.fields.clone(),
        _ => Vec::new(),
    }
}
