//! State machines of AWS Step Functions, written in Amazon States Language.
//!
//! A state machine is a graph whose states hand one document to each other. It becomes statements: chains follow each other, what a
//! state chooses between is an `if` up to the state where the ways meet again, states that come back are a loop. The document is
//! followed along the way ([`document`]), so that a path such as `$.order.id` becomes the name of what is there: `input.order.id`,
//! `charge.id`.

mod choice;
mod document;
mod error;
mod filter;
mod fork;
mod graph;
mod help;
mod intrinsic;
mod jsonata;
mod machine;
mod parallel;
mod pass;
mod path;
mod payload;
mod task;
mod wait;
mod walk;

use super::draft::Draft;
use super::source::{Source, Unusable};
use super::time;
use document::{Document, Reads};
use graph::Graph;
use machine::{Machine, Query};
use walk::Stop;

/// Names of functions that a program may be given, and of what they are given.
const KEPT: [&str; 20] = [
    "it",
    "it_2",
    "it_3",
    "it_4",
    "array_range",
    "string_split",
    "base64_decode",
    "slice",
    "items",
    "found",
    "fields",
    "truthy",
    "divided",
    "whole",
    "number",
    "text_after",
    "reversed",
    "rest",
    "kind_of",
    "raised",
];

/// Writes the program that a state machine describes.
pub fn write(source: &Source<'_>, draft: &mut Draft) -> Result<(), Unusable> {
    let graph = Graph::of(source, source.document)?;
    draft.keep(&KEPT);
    let name = draft.name(&draft.title.clone());
    // What of the input is read is known when all is written; then it is written again with that known.
    let mut rehearsal = draft.clone();
    let reads = workflow(source, &mut rehearsal, &graph, &name, Reads::default())?;
    workflow(source, draft, &graph, &name, reads.known())?;
    Ok(())
}

fn workflow(
    source: &Source<'_>,
    draft: &mut Draft,
    graph: &Graph<'_>,
    name: &str,
    reads: Reads,
) -> Result<Reads, Unusable> {
    draft.begin(name, source.document["Comment"].as_str());
    if let Some(seconds) = source.document["TimeoutSeconds"].as_u64() {
        draft.line(&format!("deadline {}", time::seconds(seconds)));
    }
    let place = draft.place();
    let mut machine = Machine::new(source, draft, reads);
    machine.query = Query::of(source.document, Query::Path);
    let ended = match machine.body(graph, Document::Input) {
        Ok(ended) => ended,
        Err(Stop::Unusable(unusable)) => return Err(unusable),
        Err(Stop::Tangled) => return Err(Unusable::new("the states stand too deep in each other")),
    };
    if let Some(document) = ended {
        let output = document.term(&mut machine.reads);
        machine.draft.line("");
        machine.draft.statement("output", &output);
    }
    let reads = machine.reads;
    let head = reads.declarations(&machine.variables);
    draft.insert(place, &head);
    draft.end();
    Ok(reads)
}
