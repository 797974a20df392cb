//! From state to state: chains, loops, ends.

use serde_json::Value as Json;

use super::document::Document;
use super::graph::Graph;
use super::machine::{Machine, Query};
use crate::lang::foreign::source::Unusable;
use crate::lang::foreign::term::Term;
use crate::lang::layout;

/// How deep blocks may stand in each other.
const DEPTH_MAX: usize = 24;
/// How often a loop may turn: as often as the history of a state machine allows.
const TURNS_MAX: &str = "10_000";
/// How much a document may consist of that has no name.
const SIZE_MAX: usize = 40;
/// A variable of any type.
const ANY: &str = "any = ()";
/// How many states may be written before all ways were tried.
const TRIES_MAX: usize = 100_000;

/// Why a machine cannot be written.
#[derive(Debug)]
pub enum Stop {
    /// It breaks the rules of its language.
    Unusable(Unusable),
    /// The ways through its states meet as no blocks do, or stand too deep in each other.
    Tangled,
}

impl From<Unusable> for Stop {
    fn from(unusable: Unusable) -> Self {
        Self::Unusable(unusable)
    }
}

/// What lies around the states that are being written.
#[derive(Clone, Debug)]
pub struct Around {
    /// The state at which the block ends; it stands behind the block.
    pub stop: usize,
    /// The state behind the loop around, and the variable that holds its document.
    pub leave: Option<(usize, String)>,
    /// The loops around, by their first states.
    pub heads: Vec<usize>,
    /// Whether the run may end here.
    pub returns: bool,
    /// Where ways meet as no blocks do: the variables that say which state is next, and hold its document.
    pub jump: Option<Jump>,
    /// How deep the block stands.
    pub depth: usize,
}

/// The variables of a machine that goes from state to state, one each turn.
#[derive(Clone, Debug)]
pub struct Jump {
    /// The name of the next state, or an empty text.
    pub state: String,
    /// Its document.
    pub document: String,
}

impl Around {
    /// The states at which a way ends here.
    pub fn walls(&self, graph: &Graph<'_>) -> Vec<usize> {
        let mut walls = vec![self.stop, graph.end()];
        walls.extend(self.leave.as_ref().map(|(leave, _)| *leave));
        walls.extend(&self.heads);
        walls
    }

    /// One block further in.
    pub fn within(&self, stop: usize) -> Self {
        Self { stop, depth: self.depth + 1, ..self.clone() }
    }
}

/// A state that is being written, and what lies around it.
#[derive(Clone, Copy)]
pub struct Here<'a> {
    /// The states, and the ways between them.
    pub graph: &'a Graph<'a>,
    /// What it is called.
    pub name: &'a str,
    /// What is said of it.
    pub state: &'a Json,
    /// What it is handed.
    pub document: &'a Document,
    /// The blocks that it stands in.
    pub around: &'a Around,
}

/// Where a way through states has come to.
pub enum Way {
    /// On to another state.
    On(usize, Document),
    /// To where nothing follows.
    Over,
}

impl Machine<'_> {
    /// Writes all states of a machine that is a workflow; the document at its end, if it has one.
    pub fn body(&mut self, graph: &Graph<'_>, document: Document) -> Result<Option<Document>, Stop> {
        self.body_at(graph, document, 0)
    }

    /// The same of a machine inside of so many others.
    pub fn body_at(&mut self, graph: &Graph<'_>, document: Document, depth: usize) -> Result<Option<Document>, Stop> {
        for name in graph.lost() {
            self.draft.part();
            self.draft.todo(&format!("no way leads to the state `{name}`: it is left out"));
        }
        let around = Around { stop: graph.end(), leave: None, heads: Vec::new(), returns: true, jump: None, depth };
        let before = self.snapshot();
        match self.walk(graph, graph.start, document.clone(), &around) {
            Err(Stop::Tangled) => {
                self.restore(before);
                self.turn_by_turn(graph, &document, depth)
            }
            written => written,
        }
    }

    /// Writes the states each by itself: a loop looks which is next.
    fn turn_by_turn(&mut self, graph: &Graph<'_>, document: &Document, depth: usize) -> Result<Option<Document>, Stop> {
        let jump =
            Jump { state: self.new_variable("next", "string = \"\""), document: self.new_variable("document", ANY) };
        let around = Around {
            stop: graph.end(),
            leave: None,
            heads: Vec::new(),
            returns: true,
            jump: Some(jump.clone()),
            depth,
        };
        let here = Document::Path(format!("vars.{}", jump.document));
        self.draft.comment("The ways through these states meet as no blocks do: each turn of the loop is one state.");
        self.jump(graph, &jump, graph.start, document);
        self.draft.open(&format!("while vars.{} != \"\" max {TURNS_MAX}", jump.state));
        self.draft.open(&format!("match vars.{}", jump.state));
        for at in graph.ways.reach(graph.start, &[graph.end()]).into_iter().filter(|at| *at != graph.end()) {
            self.draft.open(&format!("{} =>", layout::text(graph.states[at].0)));
            if let Way::On(next, then) = self.state(graph, at, &here, &around)? {
                self.jump(graph, &jump, next, &then);
            }
            self.draft.close("");
        }
        self.draft.line("_ => {}");
        self.draft.close("");
        self.draft.close("");
        Ok(Some(here))
    }

    /// Says which state is next, and what its document is.
    fn jump(&mut self, graph: &Graph<'_>, jump: &Jump, to: usize, document: &Document) {
        self.keep(&jump.document, document);
        let name = graph.states.get(to).map_or("", |(name, _)| *name);
        self.draft.line(&format!("set vars.{} = {}", jump.state, layout::text(name)));
    }

    /// Writes the states from one on, up to where the block ends; the document there, unless nothing comes so far.
    pub fn walk(
        &mut self,
        graph: &Graph<'_>,
        from: usize,
        document: Document,
        around: &Around,
    ) -> Result<Option<Document>, Stop> {
        self.go(graph, from, document, around, false)
    }

    /// The same; the head of a loop, at which its body ends, is also where it `begins`.
    fn go(
        &mut self,
        graph: &Graph<'_>,
        from: usize,
        document: Document,
        around: &Around,
        begins: bool,
    ) -> Result<Option<Document>, Stop> {
        if let Some(jump) = &around.jump {
            self.jump(graph, jump, from, &document);
            return Ok(None);
        }
        let (mut at, mut document, mut begins) = (from, document, begins);
        loop {
            if !begins {
                if at == around.stop {
                    return Ok(Some(document));
                }
                if let Some((leave, variable)) = &around.leave
                    && *leave == at
                {
                    self.keep(variable, &document);
                    self.draft.line("until true");
                    return Ok(None);
                }
                if at == graph.end() {
                    if !around.returns {
                        return Err(Stop::Tangled);
                    }
                    let term = document.term(&mut self.reads);
                    self.draft.statement("return", &term);
                    return Ok(None);
                }
                if around.heads.contains(&at) {
                    return Err(Stop::Tangled);
                }
                let circle = graph.ways.circle(at, &around.walls(graph));
                if !circle.is_empty() {
                    (at, document) = self.turns(graph, at, &circle, &document, around)?;
                    continue;
                }
            }
            begins = false;
            match self.state(graph, at, &document, around)? {
                Way::On(next, then) => (at, document) = (next, self.short(then)),
                Way::Over => return Ok(None),
            }
        }
    }

    /// Writes one state, and what lies between it and where its ways meet again.
    fn state(&mut self, graph: &Graph<'_>, at: usize, document: &Document, around: &Around) -> Result<Way, Stop> {
        let Some((name, state)) = graph.states.get(at).copied() else { return Ok(Way::Over) };
        name.clone_into(&mut self.state);
        self.draft.part();
        if self.draft.tried() > TRIES_MAX {
            let message = format!("the machines inside of `{name}` and around it cannot be put in order");
            return Err(Unusable::new(message).hint("import them one by one").into());
        }
        if let Some(about) = state["Comment"].as_str() {
            self.draft.comment(about);
        }
        self.speaks = Query::of(state, self.query);
        if !around.returns && assigns(state) {
            // Its variables are its own: it becomes a workflow.
            return Err(Stop::Tangled);
        }
        let next = graph.next(state);
        let here = Here { graph, name, state, document, around };
        match state["Type"].as_str().unwrap_or_default() {
            "Pass" => Ok(Way::On(next, self.pass(name, state, document))),
            "Wait" => Ok(Way::On(next, self.wait(state, document))),
            "Succeed" => Ok(Way::On(graph.end(), self.succeed(state, document))),
            "Fail" => {
                self.fail(state, document);
                Ok(Way::Over)
            }
            "Choice" => self.choice(&here),
            "Task" => self.task(&here),
            "Parallel" => self.parallel(&here),
            _ => self.map(&here),
        }
    }

    fn succeed(&mut self, state: &Json, document: &Document) -> Document {
        let chosen = self.taken_in(state, document);
        let then = self.given_on(state, document, chosen);
        self.settle();
        then
    }

    /// Writes a loop; the state behind it, and the document there.
    fn turns(
        &mut self,
        graph: &Graph<'_>,
        head: usize,
        circle: &[usize],
        document: &Document,
        around: &Around,
    ) -> Result<(usize, Document), Stop> {
        let (name, _) = graph.states[head];
        name.clone_into(&mut self.state);
        if !around.returns || !graph.ways.has_one_door(circle, head) || around.depth >= DEPTH_MAX {
            return Err(Stop::Tangled);
        }
        let walls = around.walls(graph);
        let exits = graph.ways.exits(circle);
        // The way on is the longest one; the others end inside of the loop.
        let leave = exits.iter().copied().filter(|exit| !graph.fails(*exit)).max_by_key(|exit| {
            (graph.ways.reach(*exit, &walls).len(), std::cmp::Reverse(exits.iter().position(|own| own == exit)))
        });
        let variable = self.new_variable("document", ANY);
        self.keep(&variable, document);
        self.draft.open(&format!("while true max {TURNS_MAX}"));
        let mut heads = around.heads.clone();
        heads.push(head);
        let inner = Around {
            stop: head,
            leave: leave.map(|leave| (leave, variable.clone())),
            heads,
            returns: true,
            jump: None,
            depth: around.depth + 1,
        };
        let here = Document::Path(format!("vars.{variable}"));
        if let Some(then) = self.go(graph, head, here.clone(), &inner, true)? {
            self.keep(&variable, &then);
        }
        self.draft.close("");
        Ok((leave.unwrap_or(around.stop), here))
    }

    /// A document under a name, where it has become too long to be written out wherever it is read.
    fn short(&mut self, document: Document) -> Document {
        if document.size() <= SIZE_MAX {
            return document;
        }
        let term = document.term(&mut self.reads);
        let own = self.draft.name("document");
        self.draft.statement(&format!("let {own}: any ="), &term);
        Document::Path(own)
    }

    /// Keeps a document in a variable.
    fn keep(&mut self, variable: &str, document: &Document) {
        let term = document.term(&mut self.reads);
        if term != Term::Path(format!("vars.{variable}")) {
            self.draft.statement(&format!("set vars.{variable} ="), &term);
        }
    }

    /// Refuses to go deeper than a reader follows.
    pub fn bounded(&self, around: &Around) -> Result<(), Stop> {
        if around.depth < DEPTH_MAX { Ok(()) } else { Err(Stop::Tangled) }
    }
}

/// Whether a state assigns variables, in whatever way.
fn assigns(state: &Json) -> bool {
    let has = |json: &Json| json["Assign"].is_object();
    let parts = ["Choices", "Catch"].map(|field| state[field].as_array().into_iter().flatten());
    has(state) || parts.into_iter().flatten().any(has)
}
