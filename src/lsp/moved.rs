//! Files that are about to have another name or place: the `use` lines that lead to them, and their own, follow.

use lsp_types::{TextEdit, Uri};
use serde_json::{Map, Value, json};

use super::desk::Desk;
use super::path;
use crate::lang::beside;
use crate::lang::catalog::tree::{alias_of, stem_of};
use crate::lang::syntax::ast::Use;

/// The edits that keep every `use` of the folders what it is when files, or folders with all that is in them, have moved.
pub fn edits(desk: &Desk, params: &Value) -> Value {
    let files = params["files"].as_array().map_or(&[][..], Vec::as_slice);
    let path_of = |file: &Value, key: &str| file[key].as_str().map(|uri| path::of_uri(&Uri(uri.to_owned())));
    let moves: Vec<(String, String)> =
        files.iter().filter_map(|file| Some((path_of(file, "oldUri")?, path_of(file, "newUri")?))).collect();
    let mut changes = Map::new();
    for program in desk.programs() {
        let found = edits_of(desk, &program, &moves);
        if !found.is_empty() {
            changes.insert(desk.uri(&program).0, json!(found));
        }
    }
    if changes.is_empty() { Value::Null } else { json!({ "changes": changes }) }
}

/// The edits of one program.
fn edits_of(desk: &Desk, program: &str, moves: &[(String, String)]) -> Vec<TextEdit> {
    let Some(listing) = desk.listing(program) else { return Vec::new() };
    let from = moved(program, moves);
    let follow = |used: &Use| {
        let target = beside(program, &used.path.text);
        let to = moved(&target, moves);
        if beside(&from, &used.path.text) == to {
            return None;
        }
        let written = if used.path.text.starts_with('/') { to.clone() } else { towards(&from, &to) };
        let mut new_text = format!("\"{written}\"");
        // Where no name is written, it is the file's: what the program says of it goes on by the old one.
        let named = alias_of(used);
        if used.alias.is_none() && stem_of(&to) != &*named && is_name(&named) {
            new_text = format!("{new_text} as {named}");
        }
        Some(TextEdit { range: listing.range(used.path.span, desk.encoding), new_text })
    };
    listing.uses.iter().filter_map(follow).collect()
}

/// Where a file lies afterwards.
fn moved(file: &str, moves: &[(String, String)]) -> String {
    let to = moves.iter().find_map(|(old, new)| match file.strip_prefix(&**old) {
        Some("") => Some(new.clone()),
        Some(rest) if path::is_below(file, old) => {
            Some(format!("{}/{}", new.trim_end_matches('/'), rest.trim_start_matches('/')))
        }
        _ => None,
    });
    to.unwrap_or_else(|| file.to_owned())
}

/// What a program calls a file, beginning where the program lies.
fn towards(program: &str, file: &str) -> String {
    let folder = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
    let (mut from, to) = (folder(program), folder(file));
    from.pop();
    // Never the file's own name, even where a folder is called like it.
    let shared = from.iter().zip(&to[..to.len() - 1]).take_while(|(one, other)| one == other).count();
    let up = std::iter::repeat_n("..", from.len() - shared);
    up.chain(to[shared..].iter().map(String::as_str)).collect::<Vec<_>>().join("/")
}

/// Whether a program can say it: what cannot be said nobody has said.
fn is_name(text: &str) -> bool {
    text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}
