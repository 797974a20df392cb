//! From task to task: rows, loops, ends.

use serde_json::Value as Json;

use super::author::{Author, Frame};
use super::expression::Scope;
use super::graph::Graph;
use super::value::Value;
use crate::lang::foreign::source::Unusable;

/// How deep blocks may stand in each other.
const DEPTH_MAX: usize = 20;
/// How often a loop of jumps may turn.
const TURNS_MAX: &str = "10_000";
/// How many tasks are written at most, where one stands in several places.
const WRITTEN_MAX: usize = 2_000;

/// Why a document cannot be written: it breaks the rules of its language.
pub type Stop = Unusable;

/// What lies around the tasks of a `do` that are being written.
#[derive(Clone, Debug)]
pub struct Around {
    /// The task at which the block ends; it stands behind the block.
    pub stop: usize,
    /// The task behind the loop around, and the variable that holds what it is given.
    leave: Option<(usize, String)>,
    /// The loops around, by their first tasks.
    heads: Vec<usize>,
    /// What lies around the `do`.
    pub frame: Frame,
}

impl Around {
    /// The tasks at which a way ends here.
    pub fn walls(&self, graph: &Graph<'_>) -> Vec<usize> {
        let mut walls = vec![self.stop, graph.exit(), graph.end()];
        walls.extend(self.leave.as_ref().map(|(leave, _)| *leave));
        walls.extend(&self.heads);
        walls
    }

    /// One block further in.
    pub fn within(&self, stop: usize) -> Self {
        Self { stop, frame: self.frame.within(), ..self.clone() }
    }
}

/// Where a way has come to.
pub enum Way {
    /// On to another task, with what it is given.
    On(usize, Value),
    /// To where nothing follows.
    Over,
}

impl Author<'_> {
    /// Writes the tasks of a `do`; what the last one gives, if anything comes behind it.
    pub fn tasks(&mut self, tasks: &Json, value: Value, frame: &Frame, is_whole: bool) -> Result<Option<Value>, Stop> {
        let graph = Graph::of(self.source, tasks, is_whole)?;
        let around = Around { stop: graph.exit(), leave: None, heads: Vec::new(), frame: frame.clone() };
        self.walk(&graph, 0, value, &around)
    }

    /// Writes the tasks from one on, up to where the block ends; what comes of them there, unless nothing comes so far.
    pub fn walk(
        &mut self,
        graph: &Graph<'_>,
        from: usize,
        value: Value,
        around: &Around,
    ) -> Result<Option<Value>, Stop> {
        self.row(graph, from, value, around, false)
    }

    /// The same; the head of a loop, where its body begins, is where it ends, too.
    fn row(
        &mut self,
        graph: &Graph<'_>,
        from: usize,
        value: Value,
        around: &Around,
        mut begins: bool,
    ) -> Result<Option<Value>, Stop> {
        let (mut at, mut value) = (from, value);
        loop {
            if !begins {
                if at == around.stop {
                    return Ok(Some(value));
                }
                if let Some((leave, variable)) = &around.leave
                    && *leave == at
                {
                    self.keep(variable, &value);
                    self.draft.line("until true");
                    return Ok(None);
                }
                if at == graph.end() {
                    self.ends(&value, &around.frame);
                    return Ok(None);
                }
                if at >= graph.exit() || around.heads.contains(&at) || self.written > WRITTEN_MAX {
                    return Ok(Some(self.tangled(value)));
                }
                let circle = graph.ways.circle(at, &around.walls(graph));
                if !circle.is_empty() {
                    if around.frame.depth >= DEPTH_MAX {
                        return Ok(Some(self.tangled(value)));
                    }
                    (at, value) = self.turns(graph, at, &circle, &value, around)?;
                    continue;
                }
            }
            begins = false;
            let Some((name, task)) = graph.tasks.get(at).copied() else { return Ok(Some(value)) };
            self.begin(name);
            if !task["switch"].is_null() && task["if"].is_null() {
                match self.switch(graph, at, value, around)? {
                    Way::On(next, then) => (at, value) = (next, then),
                    Way::Over => return Ok(None),
                }
                continue;
            }
            match self.task(name, task, value, &around.frame)? {
                Some(then) => (at, value) = (graph.next(at, task), then),
                None => return Ok(None),
            }
        }
    }

    /// Begins another task.
    fn begin(&mut self, name: &str) {
        name.clone_into(&mut self.task);
        self.written += 1;
        self.draft.part();
    }

    /// The workflow ends here.
    fn ends(&mut self, value: &Value, frame: &Frame) {
        let output = self.output(value, frame);
        let term = output.term(&mut self.reads);
        self.settle();
        self.draft.statement("return", &term);
    }

    /// What the workflow gives of what its last task gave.
    pub fn output(&mut self, value: &Value, frame: &Frame) -> Value {
        match self.source.document["output"].get("as") {
            Some(said) => {
                let scope = Scope::new(value, frame).with("input", &Value::input());
                self.transformed(said, &scope)
            }
            None => value.clone(),
        }
    }

    /// Writes a loop; the task behind it, and what that is given.
    fn turns(
        &mut self,
        graph: &Graph<'_>,
        head: usize,
        circle: &[usize],
        value: &Value,
        around: &Around,
    ) -> Result<(usize, Value), Stop> {
        let (name, _) = graph.tasks[head];
        name.clone_into(&mut self.task);
        let walls = around.walls(graph);
        // The way on is the longest one; the others end inside of the loop.
        let exits = graph.ways.exits(circle);
        let leave = exits.iter().copied().filter(|exit| *exit != graph.end() || graph.end() == graph.exit());
        let leave = leave.max_by_key(|exit| (graph.ways.reach(*exit, &walls).len(), std::cmp::Reverse(*exit)));
        let variable = self.draft.name(&format!("{name} data"));
        self.variables.push(variable.clone());
        self.keep(&variable, value);
        self.draft.open(&format!("while true max {TURNS_MAX}"));
        let mut heads = around.heads.clone();
        heads.push(head);
        let leave = leave.map(|leave| (leave, variable.clone()));
        let inner = Around { stop: head, leave: leave.clone(), heads, frame: around.frame.within() };
        let here = Value::path(format!("vars.{variable}"));
        if let Some(then) = self.row(graph, head, here.clone(), &inner, true)? {
            self.keep(&variable, &then);
        }
        self.draft.close("");
        Ok((leave.map_or(around.stop, |(leave, _)| leave), here))
    }

    /// Keeps a value in a variable.
    pub fn keep(&mut self, variable: &str, value: &Value) {
        if *value != Value::path(format!("vars.{variable}")) {
            self.assign(variable, value);
        }
    }

    /// Says that the ways near this task meet as no blocks do; the value goes on as it is.
    pub fn tangled(&mut self, value: Value) -> Value {
        self.later("it goes on to a task that no block leads to: write the way from here by hand");
        self.settle();
        value
    }

    /// Whether blocks stand deeper than a reader follows.
    pub fn is_deep(&self, frame: &Frame) -> bool {
        frame.depth >= DEPTH_MAX
    }
}
