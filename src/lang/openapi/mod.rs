//! A service's own description to the text of a connector.
//!
//! In: an OpenAPI document (3.0, 3.1, or Swagger 2.0) as JSON, and which part of it is wanted. Out: the text of a connector that
//! checks, and what could not be said in it. Never: I/O (held by `tests/architecture.rs`), a panic, whatever the document says.

mod access;
mod answer;
mod document;
pub mod naming;
mod operation;
mod payload;
mod sample;
mod schema;
mod swagger;
mod types;
pub(super) mod wording;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value as Json;

use crate::base::diagnostic::nearest;
use crate::lang::layout;
use access::Access;
use document::{Document, Entry};
use operation::Operation;
use schema::Schemas;

/// Which part of a document is wanted. Where nothing is named, all of it; otherwise what any of these names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// What the connector is to be called.
    pub name: String,
    /// Operations with one of these tags.
    pub tags: Vec<String>,
    /// Operations whose paths begin so.
    pub paths: Vec<String>,
    /// Operations with these ids.
    pub operations: Vec<String>,
}

/// A connector that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its text.
    pub text: String,
    /// How many operations it has.
    pub operations: usize,
    /// How many the document has.
    pub described: usize,
    /// What could not be said, each with the operation it is about; the text has a `TODO` there.
    pub left: Vec<String>,
}

/// Why no connector can be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It is something else.
    #[error("this is no OpenAPI document: {0}")]
    Foreign(String),
    /// It describes no operation.
    #[error("the document describes no operation: its `paths` are empty")]
    Empty,
    /// Nothing in it is called so.
    #[error("the document has no {what} `{name}`")]
    Unknown {
        /// `tag`, `operation`, `path that begins with`.
        what: &'static str,
        /// What was asked for.
        name: String,
        /// What was probably meant, or all there is.
        known: Vec<String>,
    },
}

/// The connector that `document` describes, as far as it is `wanted`.
///
/// # Errors
/// A document of another kind, and a part that it does not have.
pub fn connector(document: Json, wanted: &Wanted) -> Result<Made, Unusable> {
    let document = Document::new(document)?;
    let entries = document.entries();
    if entries.is_empty() {
        return Err(Unusable::Empty);
    }
    let chosen = chosen(&entries, wanted)?;
    let access = Access::of(&document, &chosen, &wanted.name);
    let mut schemas = Schemas::new(&document);
    let names = naming::operations(&chosen, &wanted.name);
    let mut operations: Vec<Operation> = Vec::new();
    for (entry, name) in chosen.iter().zip(names) {
        operations.push(Operation::of(&document, entry, name, &access, &mut schemas));
    }
    let left: Vec<String> = access.left.iter().cloned().chain(operations.iter().flat_map(Operation::left)).collect();
    let text = text(&document, wanted, &access, &schemas, &operations);
    Ok(Made { text, operations: operations.len(), described: entries.len(), left })
}

/// The tags of a document with how many operations each has, the largest first: what one can choose by.
pub fn tags(document: Json) -> Vec<(String, usize)> {
    let Ok(document) = Document::new(document) else { return Vec::new() };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    document.entries().iter().flat_map(Entry::tags).for_each(|tag| *counts.entry(tag.to_owned()).or_default() += 1);
    let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

/// The entries that are wanted, in the order of the document.
fn chosen<'e, 'd>(entries: &'e [Entry<'d>], wanted: &Wanted) -> Result<Vec<&'e Entry<'d>>, Unusable> {
    let all = [&wanted.tags, &wanted.paths, &wanted.operations].iter().all(|part| part.is_empty());
    let has_tag = |entry: &Entry<'_>, tag: &str| entry.tags().any(|own| own.eq_ignore_ascii_case(tag));
    let begins = |entry: &Entry<'_>, path: &str| entry.path.starts_with(path);
    let is_called = |entry: &Entry<'_>, id: &str| entry.id().is_some_and(|own| own == id);
    let unknown = |what: &'static str, name: &String, known: Vec<String>| {
        let near = nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
        let known = near.map_or(known, |near| vec![near]);
        Err(Unusable::Unknown { what, name: name.clone(), known })
    };
    let listed = |of: &dyn Fn(&Entry<'_>) -> Vec<String>| {
        let mut names: Vec<String> = entries.iter().flat_map(of).collect();
        names.sort();
        names.dedup();
        names
    };
    if let Some(tag) = wanted.tags.iter().find(|tag| !entries.iter().any(|entry| has_tag(entry, tag))) {
        return unknown("tag", tag, listed(&|entry| entry.tags().map(str::to_owned).collect()));
    }
    if let Some(path) = wanted.paths.iter().find(|path| !entries.iter().any(|entry| begins(entry, path))) {
        return unknown("path that begins with", path, listed(&|entry| vec![entry.path.to_owned()]));
    }
    if let Some(id) = wanted.operations.iter().find(|id| !entries.iter().any(|entry| is_called(entry, id))) {
        return unknown("operation", id, listed(&|entry| entry.id().map(str::to_owned).into_iter().collect()));
    }
    let is_wanted = |entry: &&Entry<'_>| {
        all || wanted.tags.iter().any(|tag| has_tag(entry, tag))
            || wanted.paths.iter().any(|path| begins(entry, path))
            || wanted.operations.iter().any(|id| is_called(entry, id))
    };
    Ok(entries.iter().filter(is_wanted).collect())
}

/// The whole file: the types, then the connector.
fn text(
    document: &Document,
    wanted: &Wanted,
    access: &Access,
    schemas: &Schemas<'_>,
    operations: &[Operation],
) -> String {
    let (title, version) = (wording::line(document.title()), wording::line(document.version()));
    let mut out = format!("// Written from the description of {title} {version}: yours to change.\n\n");
    for (name, object) in schemas.types() {
        types::declaration(&mut out, name, object);
    }
    types::doc(&mut out, 0, &wording::sentences(document.description()).unwrap_or_else(|| title.clone()));
    let _ = writeln!(out, "connector {} {} {{", wanted.name, layout::text(&wording::title(&title)));
    access.write(&mut out);
    if operations.iter().any(|operation| operation.says_ok) {
        out.push_str("\n    // It answers 200 to what went wrong, too.\n");
        out.push_str(
            "    fail validation_error \"${response.body?.error ?? \"refused\"}\" when response.body?.ok == false\n",
        );
    }
    for operation in operations {
        out.push('\n');
        operation.write(&mut out);
    }
    out.push('\n');
    if !access.is_open()
        && let Some(name) = operation::check(operations)
    {
        let _ = writeln!(out, "    check {name}");
    }
    operations.iter().for_each(|operation| operation.write_example(&mut out));
    out.push_str("}\n");
    out
}
