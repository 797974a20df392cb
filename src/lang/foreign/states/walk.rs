//! From state to state: chains, loops, ends.

use serde_json::Value as Json;

use super::document::Document;
use super::graph::Graph;
use super::machine::Machine;
use crate::lang::foreign::source::Unusable;
use crate::lang::foreign::term::Term;

/// How deep blocks may stand in each other.
const DEPTH_MAX: usize = 24;
/// How often a loop may turn: as often as the history of a state machine allows.
const TURNS_MAX: &str = "10_000";

/// Why a machine cannot be written.
#[derive(Debug)]
pub enum Stop {
    /// It breaks the rules of its language.
    Unusable(Unusable),
    /// The ways through its states meet as no blocks do; near this one.
    Tangled(String),
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
    /// How deep the block stands.
    pub depth: usize,
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

/// Where a way through states has come to.
pub enum Way {
    /// On to another state.
    On(usize, Document),
    /// To where nothing follows.
    Over,
}

impl Machine<'_> {
    /// Writes all states of a machine; the document at its end, if it has one.
    pub fn body(&mut self, graph: &Graph<'_>, document: Document) -> Result<Option<Document>, Stop> {
        let around = Around { stop: graph.end(), leave: None, heads: Vec::new(), returns: true, depth: 0 };
        self.walk(graph, graph.start, document, &around)
    }

    /// Writes the states from one on, up to where the block ends; the document there, unless nothing comes so far.
    pub fn walk(
        &mut self,
        graph: &Graph<'_>,
        from: usize,
        document: Document,
        around: &Around,
    ) -> Result<Option<Document>, Stop> {
        let (mut at, mut document) = (from, document);
        // The head of a loop is where its body begins and ends.
        let mut begins = around.heads.last() == Some(&from) && around.stop == from;
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
                        return Err(self.tangled());
                    }
                    let term = document.term(&mut self.reads);
                    self.draft.statement("return", &term);
                    return Ok(None);
                }
                if around.heads.contains(&at) {
                    return Err(self.tangled());
                }
                let circle = graph.circle(at, &around.walls(graph));
                if !circle.is_empty() {
                    (at, document) = self.turns(graph, at, &circle, &document, around)?;
                    continue;
                }
            }
            begins = false;
            match self.state(graph, at, &document, around)? {
                Way::On(next, then) => (at, document) = (next, then),
                Way::Over => return Ok(None),
            }
        }
    }

    /// Writes one state, and what lies between it and where its ways meet again.
    fn state(&mut self, graph: &Graph<'_>, at: usize, document: &Document, around: &Around) -> Result<Way, Stop> {
        let Some((name, state)) = graph.states.get(at).copied() else { return Ok(Way::Over) };
        name.clone_into(&mut self.state);
        self.draft.part();
        if let Some(about) = state["Comment"].as_str() {
            self.draft.comment(about);
        }
        let next = graph.next(state);
        match state["Type"].as_str().unwrap_or_default() {
            "Pass" => Ok(Way::On(next, self.pass(name, state, document))),
            "Wait" => Ok(Way::On(next, self.wait(state, document))),
            "Succeed" => Ok(Way::On(graph.end(), self.succeed(state, document))),
            "Fail" => {
                self.fail(state, document);
                Ok(Way::Over)
            }
            "Choice" => self.choice(graph, name, state, document, around),
            "Task" => self.task(graph, name, state, document, around),
            "Parallel" => self.parallel(graph, name, state, document, around),
            _ => self.map(graph, name, state, document, around),
        }
    }

    fn succeed(&mut self, state: &Json, document: &Document) -> Document {
        let chosen = self.taken_in(state, document);
        self.given_on(state, document, chosen)
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
        if !around.returns || !graph.has_one_door(circle, head) || around.depth >= DEPTH_MAX {
            return Err(self.tangled());
        }
        let walls = around.walls(graph);
        let exits = graph.exits(circle);
        // The way on is the longest one; the others end inside of the loop.
        let leave = exits.iter().copied().filter(|exit| !graph.fails(*exit)).max_by_key(|exit| {
            (graph.reach(*exit, &walls).len(), std::cmp::Reverse(exits.iter().position(|own| own == exit)))
        });
        let variable = self.new_variable("document");
        self.keep(&variable, document);
        self.draft.open(&format!("while true max {TURNS_MAX}"));
        let mut heads = around.heads.clone();
        heads.push(head);
        let inner = Around {
            stop: head,
            leave: leave.map(|leave| (leave, variable.clone())),
            heads,
            returns: true,
            depth: around.depth + 1,
        };
        let here = Document::Path(format!("vars.{variable}"));
        if let Some(then) = self.walk(graph, head, here.clone(), &inner)? {
            self.keep(&variable, &then);
        }
        self.draft.close("");
        Ok((leave.unwrap_or(around.stop), here))
    }

    /// Keeps a document in a variable.
    fn keep(&mut self, variable: &str, document: &Document) {
        let term = document.term(&mut self.reads);
        if term != Term::Path(format!("vars.{variable}")) {
            self.draft.statement(&format!("set vars.{variable} ="), &term);
        }
    }

    /// The ways near this state meet as no blocks do.
    pub fn tangled(&self) -> Stop {
        Stop::Tangled(self.state.clone())
    }

    /// Refuses to go deeper than a reader follows.
    pub fn bounded(&self, around: &Around) -> Result<(), Stop> {
        if around.depth < DEPTH_MAX { Ok(()) } else { Err(self.tangled()) }
    }
}
