//! `Parallel` and `Map`: machines inside of a machine.

use serde_json::Value as Json;

use super::document::{self, Document, Reads};
use super::graph::Graph;
use super::help;
use super::jsonata::Seen;
use super::machine::{Item, Machine, Query};
use super::walk::{Around, Here, Stop, Way};
use crate::lang::foreign::source::Unusable;
use crate::lang::foreign::term::Term;

/// How long the expression of a list may be to stand there twice.
const LIST_MAX: usize = 40;

impl Machine<'_> {
    /// Writes branches that run at once; what they give is a list.
    pub fn parallel(&mut self, here: &Here<'_>) -> Result<Way, Stop> {
        let Here { name, state, document, around, .. } = *here;
        self.bounded(around)?;
        let taken = self.taken_in(state, document);
        let clauses = self.handlers(state);
        self.settle();
        let step = self.draft.name(name);
        self.draft.open(&format!("step {step} = parallel"));
        let mut outputs = Vec::new();
        for branch in state["Branches"].as_array().into_iter().flatten() {
            let inner = Graph::of(self.source, branch).map_err(|unusable| inside(name, unusable))?;
            let branch = self.draft.name(&format!("{step} {}", outputs.len() + 1));
            self.draft.open(&format!("step {branch} = sequence"));
            self.inner(&branch, &inner, taken.clone(), around)?;
            self.draft.close("");
            outputs.push(Term::Path(branch));
        }
        self.draft.statement("output", &Term::List(outputs));
        self.end_block(name, state, &clauses);
        let output = Document::Path(step.clone());
        self.behind(here, &step, output)
    }

    /// Writes a machine that runs for each item of a list; what it gives is a list.
    pub fn map(&mut self, here: &Here<'_>) -> Result<Way, Stop> {
        let Here { name, state, document, around, .. } = *here;
        self.bounded(around)?;
        let machine = if state["ItemProcessor"].is_null() { &state["Iterator"] } else { &state["ItemProcessor"] };
        let inner = Graph::of(self.source, machine).map_err(|unusable| inside(name, unusable))?;
        let chosen = if self.speaks == Query::Jsonata { document.clone() } else { self.chosen(state, document) };
        let read = self.item_reader(name, state, document);
        let list = match (self.speaks, state.get("Items")) {
            _ if read.is_some() => read.unwrap_or_else(Document::empty),
            (Query::Jsonata, Some(items)) => self.evaluated(items, &Seen::of(document)),
            (Query::Jsonata, None) => document.clone(),
            (Query::Path, _) => self.read(state["ItemsPath"].as_str().unwrap_or("$"), &chosen),
        };
        let list = match list.term(&mut self.reads) {
            Term::Path(code) if code.starts_with("found(") => Term::Path(self.as_list(code)),
            list => list,
        };
        let counts = state.to_string().contains("Map.Item.Index");
        let template = [state.get("ItemSelector"), state.get("Parameters")].into_iter().flatten().next();
        let size = state["ItemBatcher"]["MaxItemsPerBatch"].as_u64().filter(|size| *size > 0 && template.is_none());
        let list = match size {
            Some(size) => Term::Path(format!("chunks({}, {size})", list.expression())),
            None => list,
        };
        if !state["ItemBatcher"].is_null() && size.is_none() {
            self.later(
                "`ItemBatcher`: put `chunks(LIST, N)` around the list, and a `for` inside for the items of one batch"
                    .to_owned(),
            );
        }
        if !state["ResultWriter"].is_null() {
            self.later(format!(
                "`ResultWriter`: the results are the list `{name}` here; a step behind it can put them into S3, and the state gave only \
                 where they lie"
            ));
        }
        let clauses = self.handlers(state);
        self.settle();
        let step = self.draft.name(name);
        let list = match list {
            list @ Term::Path(_) if !counts || list.expression().len() < LIST_MAX => list,
            list => {
                let own = self.draft.name(&format!("{name} items"));
                self.draft.statement(&format!("let {own}: any ="), &list);
                Term::Path(own)
            }
        };
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
            self.items.push(Item { index: String::new(), value: Document::Path(item.clone()) });
        }
        let given = match template {
            Some(template) if self.speaks == Query::Jsonata => self.evaluated(template, &Seen::of(document)),
            Some(template) => self.template(template, &chosen),
            None if size.is_some() => {
                let shared = &state["ItemBatcher"]["BatchInput"];
                let shared = match self.speaks {
                    Query::Jsonata => self.evaluated(shared, &Seen::of(document)),
                    Query::Path => self.template(shared, &chosen),
                };
                let fields = [("BatchInput".to_owned(), shared), ("Items".to_owned(), Document::Path(item))];
                Document::Made(None, fields.into_iter().collect())
            }
            None => Document::Path(item),
        };
        self.settle();
        let query = self.query;
        self.query = Query::of(machine, query);
        self.inner(&step, &inner, given, around)?;
        self.query = query;
        self.items.pop();
        self.end_block(name, state, &clauses);
        let output = Document::Path(step.clone());
        self.behind(here, &step, output)
    }

    /// Writes the step that reads the items of a map from elsewhere: what it gives is the list of them.
    fn item_reader(&mut self, name: &str, state: &Json, document: &Document) -> Option<Document> {
        let reader = state.get("ItemReader").filter(|reader| reader.is_object())?;
        let resource = reader["Resource"].as_str().unwrap_or_default();
        let action = resource.split(':').next_back().unwrap_or_default();
        let arguments = if reader["Arguments"].is_null() { &reader["Parameters"] } else { &reader["Arguments"] };
        let request = match self.speaks {
            Query::Jsonata => self.evaluated(arguments, &Seen::of(document)),
            Query::Path => self.template(arguments, document),
        };
        let kind = reader["ReaderConfig"]["InputType"].as_str().unwrap_or("objects");
        self.later(format!("`ItemReader`: the operation has to give the {kind} that it reads as a list of items"));
        let request = request.term(&mut self.reads);
        self.settle();
        let operation = self.posted("s3", "AWS s3", action);
        let step = self.draft.name(&format!("{name} items"));
        self.draft.step(&step, &operation, &[("request".to_owned(), request)], &[]);
        let most = reader["ReaderConfig"]["MaxItems"].as_u64().filter(|most| *most > 0);
        Some(Document::Path(match most {
            Some(most) => {
                self.draft.function("slice", help::SLICE);
                format!("slice({step}, 0, {most})")
            }
            None => step,
        }))
    }

    /// Writes a machine inside of a block, and what it gives: where it stands, or as a workflow of its own if it has loops,
    /// variables or several ends.
    fn inner(&mut self, name: &str, graph: &Graph<'_>, document: Document, around: &Around) -> Result<(), Stop> {
        let depth = around.depth + 1;
        let inside = Around { stop: graph.end(), leave: None, heads: Vec::new(), returns: false, jump: None, depth };
        let before = self.snapshot();
        match self.walk(graph, graph.start, document.clone(), &inside) {
            Ok(Some(document)) => {
                let term = document.term(&mut self.reads);
                self.draft.statement("output", &term);
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(Stop::Tangled) => {
                self.restore(before);
                self.child(name, graph, &document, depth)
            }
            Err(stop) => Err(stop),
        }
    }

    /// Writes a machine as a workflow of its own, and its call.
    fn child(&mut self, name: &str, graph: &Graph<'_>, document: &Document, depth: usize) -> Result<(), Stop> {
        let workflow = self.draft.name(&format!("{name} flow"));
        self.draft.begin(&workflow, Some(&format!("What `{name}` does.")));
        let place = self.draft.place();
        let outer = self.assigned_names();
        let mut machine = Machine::new(self.source, self.draft, Reads::default());
        machine.outer = Some(outer);
        machine.query = self.query;
        machine.input_is_near = false;
        let given = Document::Path("input.document".to_owned());
        let index = self.items.last().map(|item| item.index.clone()).filter(|index| !index.is_empty());
        if index.is_some() {
            machine.items = vec![Item { index: "input.index".to_owned(), value: given.clone() }];
        }
        if let Some(document) = machine.body_at(graph, given, depth)? {
            let output = document.term(&mut machine.reads);
            machine.draft.line("");
            machine.draft.statement("output", &output);
        }
        let (variables, passed) = (machine.variables, machine.passed);
        let mut fields = vec!["document".to_owned()];
        fields.extend(index.iter().map(|_| "index".to_owned()));
        fields.extend(passed.values().cloned());
        let head = document::declared(&fields, &variables);
        self.draft.insert(place, &head);
        self.draft.end();
        let mut params = vec![("document".to_owned(), document.term(&mut self.reads))];
        params.extend(index.map(|index| ("index".to_owned(), Term::Path(index))));
        for (name, field) in passed {
            let value = self.assigned(&name);
            params.push((field, Term::Path(value)));
        }
        let step = self.draft.name(&format!("{name} one"));
        self.draft.step(&step, &workflow, &params, &[]);
        self.draft.statement("output", &Term::Path(step));
        Ok(())
    }

    /// Ends the block of a state, with its handlers; what stood in it was written in between.
    fn end_block(&mut self, name: &str, state: &Json, clauses: &[String]) {
        name.clone_into(&mut self.state);
        self.speaks = Query::of(state, self.query);
        if !clauses.is_empty() {
            self.draft.otherwise("with");
            clauses.iter().for_each(|clause| self.draft.line(clause));
        }
        self.draft.close("");
    }
}

/// What is wrong with a machine inside of a state.
fn inside(name: &str, unusable: Unusable) -> Unusable {
    Unusable { message: format!("inside of `{name}`: {}", unusable.message), ..unusable }
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
