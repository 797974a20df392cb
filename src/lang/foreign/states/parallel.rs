//! `Parallel` and `Map`: machines inside of a machine.

use serde_json::Value as Json;

use super::document::Document;
use super::graph::Graph;
use super::machine::{Item, Machine};
use super::walk::{Around, Stop, Way};
use crate::lang::foreign::term::Term;

impl Machine<'_> {
    /// Writes branches that run at once; what they give is a list.
    pub fn parallel(
        &mut self,
        graph: &Graph<'_>,
        name: &str,
        state: &Json,
        document: &Document,
        around: &Around,
    ) -> Result<Way, Stop> {
        self.bounded(around)?;
        let taken = self.taken_in(state, document);
        let clauses = self.handlers(state);
        self.settle();
        let step = self.draft.name(name);
        self.draft.open(&format!("step {step} = parallel"));
        let mut outputs = Vec::new();
        for branch in state["Branches"].as_array().into_iter().flatten() {
            let inner = Graph::of(self.source, branch)?;
            let branch = self.draft.name(&format!("{step} {}", outputs.len() + 1));
            self.draft.open(&format!("step {branch} = sequence"));
            self.inner(&inner, taken.clone(), around)?;
            self.draft.close("");
            outputs.push(Term::Path(branch));
        }
        self.draft.statement("output", &Term::List(outputs));
        self.end_block(graph, name, state, document, &step, &clauses, around)
    }

    /// Writes a machine that runs for each item of a list; what it gives is a list.
    pub fn map(
        &mut self,
        graph: &Graph<'_>,
        name: &str,
        state: &Json,
        document: &Document,
        around: &Around,
    ) -> Result<Way, Stop> {
        self.bounded(around)?;
        let machine = if state["ItemProcessor"].is_null() { &state["Iterator"] } else { &state["ItemProcessor"] };
        let inner = Graph::of(self.source, machine)?;
        let chosen = match state.get("InputPath") {
            Some(Json::Null) => Document::empty(),
            Some(Json::String(path)) => self.read(path, document),
            _ => document.clone(),
        };
        let list = self.read(state["ItemsPath"].as_str().unwrap_or("$"), &chosen).term(&mut self.reads);
        for field in ["ItemReader", "ItemBatcher", "ResultWriter"] {
            if !state[field].is_null() {
                self.later(format!("`{field}` is not carried over"));
            }
        }
        let clauses = self.handlers(state);
        self.settle();
        let step = self.draft.name(name);
        let template = [state.get("ItemSelector"), state.get("Parameters")].into_iter().flatten().next();
        let counts = template.is_some_and(|template| template.to_string().contains("$$.Map.Item.Index"));
        let limits = limits(state);
        let kind = if state["MaxConcurrency"] == 1 { "for" } else { "parallel for" };
        let item = self.draft.name("item");
        if counts {
            let index = self.draft.name("index");
            self.draft.open(&format!("step {step} = {kind} {index} in 0..{}.len(){limits}", list.tight()));
            self.draft.line(&format!("let {item}: any = {}[{index}]", list.tight()));
            self.items.push(Item { index, value: Document::Path(item.clone()) });
        } else {
            self.draft.open(&format!("step {step} = {kind} {item} in {}{limits}", list.tight()));
            self.items.push(Item { index: "0".to_owned(), value: Document::Path(item.clone()) });
        }
        let given = match template {
            Some(template) => self.template(template, &chosen),
            None => Document::Path(item),
        };
        self.settle();
        self.inner(&inner, given, around)?;
        self.items.pop();
        self.end_block(graph, name, state, document, &step, &clauses, around)
    }

    /// Writes a machine inside of a block, and what it gives.
    fn inner(&mut self, graph: &Graph<'_>, document: Document, around: &Around) -> Result<(), Stop> {
        let inside =
            Around { stop: graph.end(), leave: None, heads: Vec::new(), returns: false, depth: around.depth + 1 };
        if let Some(document) = self.walk(graph, graph.start, document, &inside)? {
            let term = document.term(&mut self.reads);
            self.draft.statement("output", &term);
        }
        Ok(())
    }

    /// Ends the block of a state, with its handlers, and goes on behind it.
    fn end_block(
        &mut self,
        graph: &Graph<'_>,
        name: &str,
        state: &Json,
        document: &Document,
        step: &str,
        clauses: &[String],
        around: &Around,
    ) -> Result<Way, Stop> {
        name.clone_into(&mut self.state);
        if clauses.is_empty() {
            self.draft.close("");
        } else {
            self.draft.otherwise("with");
            clauses.iter().for_each(|clause| self.draft.line(clause));
            self.draft.close("");
        }
        let then = self.given_on(state, document, Document::Path(step.to_owned()));
        let arms = self.caught(graph, state, step, document, then.clone());
        self.settle();
        if arms.len() == 1 {
            return Ok(Way::On(graph.next(state), then));
        }
        self.fork(graph, name, arms, around)
    }
}

/// How many run at once, and how many may fail.
fn limits(state: &Json) -> String {
    let most = match state["MaxConcurrency"].as_u64() {
        Some(most) if most > 1 => format!(" max {most}"),
        _ => String::new(),
    };
    let percent = state["ToleratedFailurePercentage"].as_f64().filter(|percent| *percent > 0.0);
    let tolerated = match (state["ToleratedFailureCount"].as_u64(), percent) {
        (Some(count), _) if count > 0 => format!(" tolerate {count}"),
        (_, Some(percent)) if percent >= 100.0 => " tolerate all".to_owned(),
        (_, Some(percent)) => format!(" tolerate {percent}%"),
        _ => String::new(),
    };
    format!("{most}{tolerated}")
}
