//! Another name for a thing, at all its places at once: refused where the programs would no longer mean the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lsp_types::TextEdit;
use serde_json::{Value, json};

use super::definition::{self, Found, Spot};
use super::look::Look;
use super::place::{PROGRAM, Place};
use super::position::Lines;
use crate::base::diagnostic::Diagnostic;
use crate::lang::check::Named;
use crate::lang::script;

/// Whether the name at a place can be changed, and where it stands.
///
/// # Errors
/// Why it cannot.
pub fn prepare(place: &Place<'_>) -> Result<Value, String> {
    let found = renamable(place)?;
    let (span, _) = place.look().index().at(PROGRAM, place.offset).ok_or("there is no name here")?;
    debug_assert!(!found.uses.is_empty(), "what is named stands somewhere");
    let written = place.look().study.sources.text(span);
    Ok(json!({ "range": place.look().range(span, place.desk.encoding), "placeholder": written }))
}

/// The edits that give the thing at a place another name.
///
/// # Errors
/// Why it cannot have this name.
pub fn rename(place: &Place<'_>) -> Result<Value, String> {
    let wanted = place.params["newName"].as_str().unwrap_or_default().trim().to_owned();
    let begins = wanted.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
    if !begins || !wanted.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
        return Err(format!("`{wanted}` is no name: letters, digits and `_`, a letter first"));
    }
    let found = renamable(place)?;
    readable(place, &found)?;
    let texts = renamed(place, &found, &wanted)?;
    harmless(place, &texts)?;
    distinct(place, &found, &texts)?;
    let mut changes = serde_json::Map::new();
    for path in texts.keys() {
        let text = place.desk.text(path).and_then(Result::ok).ok_or("a text has gone")?;
        let lines = Lines::new(&text, place.desk.encoding);
        let own = found.uses.iter().filter(|(other, ..)| other == path);
        let edits: Vec<TextEdit> = own
            .map(|(_, start, end)| TextEdit {
                range: lines.range(*start as usize..*end as usize),
                new_text: wanted.clone(),
            })
            .collect();
        changes.insert(place.desk.uri(path).0, json!(edits));
    }
    Ok(json!({ "changes": changes }))
}

/// The thing at a place, if its name is the program's own and stands nowhere but in programs.
fn renamable(place: &Place<'_>) -> Result<Found, String> {
    let look = place.look();
    let (_, mention) = look.index().at(PROGRAM, place.offset).ok_or("there is no name here")?;
    match mention.named {
        Named::Workflow
        | Named::Function
        | Named::Handler
        | Named::Type
        | Named::Step
        | Named::Local
        | Named::Variable => {}
        Named::Connector | Named::Operation | Named::Persona => {
            return Err("settings and examples name it, too: change it by hand".to_owned());
        }
        Named::Parameter | Named::Field => {
            return Err("whoever calls from outside names it, too: change it by hand".to_owned());
        }
        Named::File => return Err("a file is renamed where it lies: `use \"...\" as NAME`".to_owned()),
        Named::Scope => return Err("this is a word of the language".to_owned()),
    }
    if mention.declared.is_empty() {
        return Err("the language brings this name".to_owned());
    }
    if mention.declared.iter().any(|span| look.is_standard(span.file)) {
        return Err("the standard library brings this name".to_owned());
    }
    let found = definition::everywhere(place).ok_or("there is no name here")?;
    if let Some(unnamed) = found.declared.iter().find(|spot| !found.uses.contains(*spot)) {
        let (path, start, end) = unnamed;
        let text = place.desk.text(path).and_then(Result::ok).unwrap_or_default();
        let written = text.get(*start as usize..*end as usize).unwrap_or_default();
        return Err(format!("the step has no name of its own: write `step NAME = {written} {{ ... }}` first"));
    }
    Ok(found)
}

/// Whether the name stands nowhere that cannot be read yet: whether it means the same thing there, nobody can say.
fn readable(place: &Place<'_>, found: &Found) -> Result<(), String> {
    let Some((path, start, end)) = found.uses.first() else { return Ok(()) };
    let text = place.desk.text(path).and_then(Result::ok).unwrap_or_default();
    let name = text.get(*start as usize..*end as usize).unwrap_or_default();
    let paths: BTreeSet<&String> = found.uses.iter().map(|(path, ..)| path).collect();
    for path in paths {
        let Some(look) = place.desk.look(path) else { continue };
        let unread = faults(&look).into_iter().find(|fault| fault.primary.span.file == PROGRAM && is_unread(fault));
        let (Some(fault), text) = (unread, look.text(PROGRAM)) else { continue };
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
        let unknown = text.match_indices(name).find(|(at, _)| {
            let whole = !text[..*at].ends_with(is_part) && !text[at + name.len()..].starts_with(is_part);
            whole && look.index().at(PROGRAM, at + 1).is_none()
        });
        if let Some((at, _)) = unknown {
            let line = text[..at].matches('\n').count() + 1;
            let file = path.rsplit('/').next().unwrap_or_default();
            let why = &fault.message;
            return Err(format!("`{name}` in line {line} of `{file}` cannot be read yet: {why}; put that right first"));
        }
    }
    Ok(())
}

/// Whether a fault keeps a part of the text from being read.
fn is_unread(fault: &Diagnostic) -> bool {
    fault.code == script::code::SYNTAX || fault.code.0.starts_with("F01")
}

/// The texts with the new name in them, by path.
fn renamed(place: &Place<'_>, found: &Found, wanted: &str) -> Result<BTreeMap<String, Arc<str>>, String> {
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    let mut spots: Vec<&Spot> = found.uses.iter().collect();
    // From the end, so that the places before stay where they are.
    spots.reverse();
    for (path, start, end) in spots {
        if !texts.contains_key(path) {
            let text = place.desk.text(path).and_then(Result::ok).ok_or("a text has gone")?;
            texts.insert(path.clone(), text.to_string());
        }
        let Some(text) = texts.get_mut(path) else { continue };
        let range = *start as usize..*end as usize;
        if text.get(range.clone()).is_some() {
            text.replace_range(range, wanted);
        }
    }
    Ok(texts.into_iter().map(|(path, text)| (path, text.into())).collect())
}

/// Whether every program that one of the texts takes part in has the faults it had, and no other.
fn harmless(place: &Place<'_>, texts: &BTreeMap<String, Arc<str>>) -> Result<(), String> {
    for path in place.desk.programs() {
        let Some(before) = place.desk.look(&path) else { continue };
        if !texts.contains_key(&path) && !texts.keys().any(|text| before.asked.contains(text)) {
            continue;
        }
        let Some(after) = place.desk.look_with(&path, texts) else { continue };
        let (had, has) = (faults(&before), faults(&after));
        if has.len() > had.len() {
            let known: Vec<&str> = had.iter().map(|fault| fault.code.0).collect();
            let fresh = has.iter().find(|fault| !known.contains(&fault.code.0)).or(has.last());
            let why = fresh.map_or_else(String::new, |fault| format!(": {}", fault.message));
            let file = path.rsplit('/').next().unwrap_or_default();
            return Err(format!("with this name `{file}` would not be what it was{why}"));
        }
    }
    Ok(())
}

/// Whether the thing still has all its places, and no other: a variable of a script may hide what stands outside of it.
fn distinct(place: &Place<'_>, found: &Found, texts: &BTreeMap<String, Arc<str>>) -> Result<(), String> {
    let own: Vec<&Spot> = found.uses.iter().filter(|(path, ..)| *path == place.path).collect();
    let (Some((_, first, _)), Some(after)) = (own.first(), place.desk.look_with(&place.path, texts)) else {
        return Ok(());
    };
    // Nothing changed before the first place.
    let named = after
        .index()
        .at(PROGRAM, *first as usize + 1)
        .map(|(_, mention)| after.index().declarations(&mention.declared));
    let named = named.unwrap_or_default();
    let places = after.index().of_file(PROGRAM);
    let count = places.filter(|(_, mention)| mention.declared.iter().any(|span| named.contains(span))).count();
    match count == own.len() {
        true => Ok(()),
        false => Err("something else has this name already".to_owned()),
    }
}

fn faults(look: &Look) -> Vec<&Diagnostic> {
    look.study.diagnostics.iter().collect()
}
