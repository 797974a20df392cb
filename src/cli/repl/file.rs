//! Files that are taken into a session, and the file it is saved to.

use std::path::Path;

use super::form::{Form, words};
use super::session::{Said, Session};
use crate::base::span::{FileId, Source};
use crate::lang::syntax::{ast, read};
use crate::lang::{format, layout};

/// A text that was read from `path`, in which other files are named from where the session is.
pub fn from_here(path: &Path, text: &str) -> String {
    let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) else {
        return text.to_owned();
    };
    let source = Source::new("", text);
    let mut moved = source.text.to_string();
    let reading = read(FileId(0), &source);
    // What is wrong with it is said at its places as they are.
    if !reading.diagnostics.is_empty() {
        return text.to_owned();
    }
    let uses: Vec<ast::Use> = reading
        .program
        .declarations
        .into_iter()
        .filter_map(|declaration| match declaration {
            ast::Declaration::Use(used) => Some(used),
            _ => None,
        })
        .collect();
    for used in uses.iter().rev().filter(|used| !used.path.text.starts_with('/')) {
        let path = layout::text(&directory.join(&*used.path.text).display().to_string());
        moved.replace_range(used.path.span.range(), &path);
    }
    moved
}

/// A session as a program: what it declares, and a workflow of what was said in it, as far as that still stands.
pub fn program_of(session: &Session) -> String {
    let mut text = String::new();
    for declaration in session.declarations.iter() {
        text.push_str(&format!("{}\n\n", declaration.text()));
    }
    let lines: Vec<String> = standing(&session.said).into_iter().map(line).collect();
    if !lines.is_empty() {
        let name = super::body::free_name(&session.declarations);
        text.push_str(&format!("workflow {name} {{\n{}\n}}\n", lines.join("\n")));
    }
    // What cannot be laid out is written as it was said.
    format(&Source::new("session", &text)).unwrap_or(text)
}

/// What was said and was not said otherwise later: what names anew stands in the place of what named first. Of expressions, those
/// that are read.
fn standing(said: &[Said]) -> Vec<&Said> {
    let mut standing: Vec<&Said> = Vec::new();
    for (at, one) in said.iter().enumerate() {
        if one.form == Form::Expression && !is_read(&said[at + 1..]) {
            continue;
        }
        let same = |other: &&Said| !one.names.is_empty() && other.names == one.names;
        match standing.iter().position(same) {
            Some(before) if !reads_own(one) => standing[before] = one,
            _ => standing.push(one),
        }
    }
    standing
}

/// Whether it reads what it names anew: it needs what was there before.
fn reads_own(said: &Said) -> bool {
    said.names.iter().any(|name| words(&said.text).filter(|(_, word)| *word == &**name).count() > 1)
}

/// Whether `it` is read before it is another.
fn is_read(later: &[Said]) -> bool {
    let reads = |said: &Said| words(&said.text).any(|(_, word)| word == super::body::IT);
    let next = later.iter().position(|said| said.names.iter().any(|name| &**name == super::body::IT));
    later[..next.map_or(later.len(), |next| next + 1)].iter().any(reads)
}

/// What was said, as it stands in a workflow.
fn line(said: &Said) -> String {
    let it = super::body::IT;
    match said.form {
        Form::Expression => format!("let {it} = {}", said.text),
        Form::Script => format!("step {it} = script {{\n{}\n}}", said.text),
        Form::Statement | Form::Declarations => said.text.clone(),
    }
}
