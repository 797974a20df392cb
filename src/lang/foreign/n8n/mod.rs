//! Workflows of n8n.
//!
//! A document is a graph of nodes that hand items to each other. It becomes statements: chains follow each other, a node that
//! chooses is an `if` up to the node where its ways meet, a list is gone through by `for`, nodes that lead back are a loop. What a
//! node gives is followed along the way ([`data`]), so that `$json.email` becomes the name of what is there: `input.body.email`,
//! `customer.email`. [`javascript`] reads the expressions, [`node`] has the nodes by their families.

mod data;
mod document;
mod fork;
mod javascript;
mod machine;
mod node;
mod trigger;
mod walk;

use serde_json::Value as Json;

use super::draft::Draft;
use super::source::{Source, Unusable};
use super::term::Term;
use data::{Data, Items, Reads};
use document::Graph;
use machine::Machine;
use trigger::Start;
use walk::{Arrival, Scope};

/// How deep workflows may stand in each other.
const WITHIN_MAX: usize = 4;

/// Writes the program that a document describes.
pub fn write(source: &Source<'_>, draft: &mut Draft) -> Result<(), Unusable> {
    let title =
        source.document["name"].as_str().filter(|name| !name.trim().is_empty()).unwrap_or(&draft.title).to_owned();
    workflows(source, source.document, draft, &title, 0)
}

/// Writes the workflows of a document: one for each way in which its runs begin.
fn workflows(
    source: &Source<'_>,
    document: &Json,
    draft: &mut Draft,
    title: &str,
    within: usize,
) -> Result<(), Unusable> {
    let graph = Graph::of(source, document)?;
    let starts = Start::all(&graph);
    let mut written = vec![false; graph.nodes.len()];
    let mut called = Vec::new();
    for (at, start) in starts.iter().enumerate() {
        let wanted = match (at, start.triggers.first()) {
            (0, _) | (_, None) => title.to_owned(),
            (_, Some(trigger)) => format!("{title} {}", graph.nodes[*trigger].name),
        };
        let name = draft.name(&wanted);
        // What of the input is read is known when all is written; then it is written again with that known.
        let mut rehearsal = draft.clone();
        let mut seen = written.clone();
        let plan = Plan { graph: &graph, start, name: &name, title, is_first: at == 0, is_called: false };
        let first = workflow(&mut rehearsal, &plan, Reads::default(), &mut seen);
        let reads = Reads { is_item: first.reads.whole && start.is_open(&graph), ..Reads::default() };
        called.extend(workflow(draft, &plan, reads, &mut written).called);
    }
    for (name, inside) in called {
        sub_workflow(source, draft, &name, &inside, within)?;
    }
    Ok(())
}

/// A workflow that is to be written.
struct Plan<'a> {
    graph: &'a Graph<'a>,
    start: &'a Start,
    name: &'a str,
    title: &'a str,
    /// Whether what stands beside the nodes is said here.
    is_first: bool,
    /// Whether another workflow calls it.
    is_called: bool,
}

/// What came of writing a workflow.
struct Done {
    reads: Reads,
    called: Vec<(String, String)>,
}

fn workflow(draft: &mut Draft, plan: &Plan<'_>, reads: Reads, written: &mut Vec<bool>) -> Done {
    let Plan { graph, start, name, title, is_first, is_called } = *plan;
    draft.begin(name, Some(title).filter(|title| *title != name));
    let place = draft.place();
    let mut machine = Machine::new(draft, graph, reads);
    machine.written = std::mem::take(written);
    if is_first {
        machine.beside(graph);
    }
    let data = machine.started(start);
    let scope = Scope { is_tail: is_called || start.is_asked(graph), ..Scope::default() };
    let items = Items::One(data);
    start.triggers.iter().for_each(|trigger| {
        machine.known.insert(*trigger, items.clone());
    });
    let arrive = |(at, input): &document::Way| Arrival { at: *at, input: *input, items: items.clone(), maybe: false };
    let walked = machine.walk(start.ways.iter().map(arrive).collect(), &scope);
    let last = walked.last.or(is_called.then_some(Items::One(Data::Input)));
    if let Some(last) = last.filter(|_| scope.is_tail) {
        let all = last.term(&mut machine.reads);
        let gives_first = machine.answers_last && !start.answers_all(graph) && matches!(last, Items::Many(_));
        let term = if gives_first { Term::Path(format!("first({})", all.expression())) } else { all };
        machine.draft.line("");
        if machine.answers_last {
            machine.draft.statement("reply 200", &Term::Object(vec![("body".to_owned(), term)]));
        } else {
            machine.draft.statement("output", &term);
        }
    }
    machine.settle();
    let body = machine.draft.cut(place);
    let head = machine.declarations(start, &body);
    machine.draft.paste(&body);
    let (reads, called) = (machine.reads, machine.called.into_iter().collect());
    *written = machine.written;
    draft.insert(place, &head);
    draft.end();
    Done { reads, called }
}

/// A workflow that is called: the one the document holds, or a place for it.
fn sub_workflow(
    source: &Source<'_>,
    draft: &mut Draft,
    name: &str,
    inside: &str,
    within: usize,
) -> Result<(), Unusable> {
    let held = serde_json::from_str::<Json>(inside).ok().filter(|held| held["nodes"].is_array() && within < WITHIN_MAX);
    if let Some(held) = held {
        return workflows_as(source, &held, draft, name, within + 1);
    }
    draft.begin(name, None);
    draft.line("input { item: any }");
    draft.todo(&format!("`{name}` is a workflow of its own in n8n: import it, and put it here"));
    draft.line("fail not_imported \"the workflow is not imported yet\"");
    draft.line("output input.item");
    draft.end();
    Ok(())
}

/// A workflow in a workflow, under the name it is called by.
fn workflows_as(
    source: &Source<'_>,
    held: &Json,
    draft: &mut Draft,
    name: &str,
    within: usize,
) -> Result<(), Unusable> {
    let graph = Graph::of(source, held)?;
    let starts = Start::all(&graph);
    let Some(start) = starts.first() else { return Ok(()) };
    let reads = Reads { is_item: true, ..Reads::default() };
    let mut written = vec![false; graph.nodes.len()];
    let plan = Plan { graph: &graph, start, name, title: name, is_first: true, is_called: true };
    let done = workflow(draft, &plan, reads, &mut written);
    for (name, inside) in done.called {
        sub_workflow(source, draft, &name, &inside, within)?;
    }
    Ok(())
}
