//! Documents of Serverless Workflow 1.0, of the CNCF.
//!
//! Tasks stand in a row and hand one value to each other, which jq looks at and changes. They become statements in the same order;
//! where a task jumps, the jump becomes an `if` up to where the ways meet again, or a loop. The value is followed along the way
//! ([`value`]), so that `.order.id` becomes the name of what is there: `input.order?.id`.

mod auth;
mod author;
mod call;
mod each;
mod error;
mod event;
mod expression;
mod fork;
mod function;
mod graph;
mod input;
mod jq;
mod run;
mod schedule;
mod switch;
mod task;
mod value;
mod wait;
mod walk;

use serde_json::Value as Json;

use super::draft::Draft;
use super::source::{Source, Unusable};
use super::term::Term;
use author::{Author, Frame};
use expression::Scope;
use input::Reads;
use value::Value;

/// Writes the program that a document describes.
pub fn write(source: &Source<'_>, draft: &mut Draft) -> Result<(), Unusable> {
    if source.document["do"].is_null() {
        return Err(Unusable::new("the document has no `do`, under which its tasks are"));
    }
    let about = &source.document["document"];
    let title = about["name"].as_str().unwrap_or(&draft.title).to_owned();
    let name = draft.name(&title);
    let schedule = &source.document["schedule"];
    let is_by_clock = ["cron", "every", "after"].iter().any(|field| !schedule[*field].is_null());
    let reads = Reads::of(schema(source.document), is_by_clock);
    // What of the input is read is known when all is written; then it is written again with that known.
    let mut rehearsal = draft.clone();
    let reads = workflow(source, &mut rehearsal, &name, reads)?;
    workflow(source, draft, &name, reads.again())?;
    Ok(())
}

/// The schema of the input, if the document holds it.
fn schema(document: &Json) -> &Json {
    &document["input"]["schema"]["document"]
}

fn workflow(source: &Source<'_>, draft: &mut Draft, name: &str, reads: Reads) -> Result<Reads, Unusable> {
    let (document, about) = (source.document, &source.document["document"]);
    // Closures are called with `it`: nothing else is called so.
    for kept in ["it", "it_2", "it_3", "context"] {
        draft.name(kept);
    }
    let title = about["title"].as_str().map(|title| format!("{name} {}", Term::text(title).value()));
    draft.begin(title.as_deref().unwrap_or(name), about["summary"].as_str());
    if let Some(version) = about["version"].as_str() {
        draft.line(&format!("version {}", Term::text(version).value()));
    }
    let tags: Vec<String> = about["tags"].as_object().into_iter().flatten().map(|(name, it)| tag(name, it)).collect();
    if !tags.is_empty() {
        draft.line(&format!("tags [{}]", tags.join(", ")));
    }
    let mut author = Author::new(source, draft, reads);
    let timeout = match document["timeout"].as_str() {
        Some(name) => author.shared("timeouts", name).unwrap_or(&Json::Null),
        None => &document["timeout"],
    };
    if let Some(deadline) = wait::duration(&timeout["after"]) {
        author.draft.line(&format!("deadline {deadline}"));
    }
    if document["input"]["schema"].is_object() && schema(document).is_null() {
        author.later("the schema of the input lies elsewhere: declare under `input` what it says");
    }
    if let Some(Json::Array(extensions)) = document["use"].get("extensions")
        && !extensions.is_empty()
    {
        author.later("extensions run before and after tasks: nothing here does so by itself");
    }
    author.settle();
    author.schedule();
    let place = author.draft.place();
    let frame = Frame::default();
    let taken = match document["input"].get("from") {
        Some(said) => author.transformed(said, &Scope::new(&Value::input(), &frame)),
        None => Value::input(),
    };
    let taken = author.bound("taken", taken);
    if let Some(value) = author.tasks(&document["do"], taken, &frame, true)? {
        author.task.clear();
        let output = author.output(&value, &frame);
        author.settle();
        author.draft.line("");
        let term = output.term(&mut author.reads);
        author.draft.statement("output", &term);
    }
    let head = author.reads.declarations(&author.variables);
    let reads = author.reads;
    draft.insert(place, &head);
    draft.end();
    Ok(reads)
}

/// A tag: its name, with its value where that says more.
fn tag(name: &str, value: &Json) -> String {
    match value.as_str() {
        Some(value) if !value.is_empty() => Term::text(&format!("{name}={value}")).value(),
        _ => Term::text(name).value(),
    }
}
