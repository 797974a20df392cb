//! A run as it stood at one of its events: what its names stood for then, and what an expression would have given.

use std::sync::Arc;

use super::rehearse::steps;
use crate::base::diagnostic::Diagnostic;
use crate::base::failure::Failure;
use crate::base::span::Span;
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::lang::plan::Plan;
use crate::lang::script::{self, Form};
use crate::run::event::{Outcome, Record, UnitId};
use crate::run::history::{Fold, Run};
use crate::run::timeline;

/// A run with what was recorded of it, up to one of its events.
#[derive(Clone, Debug)]
pub struct Stood {
    plan: Arc<Plan>,
    records: Arc<[Record]>,
    /// How many of them have happened; at least one.
    at: usize,
}

/// Why an expression gives nothing.
#[derive(Clone, Debug)]
pub enum Unanswered {
    /// It is wrong.
    Wrong(Vec<Diagnostic>),
    /// It broke.
    Broken(Failure),
}

impl Stood {
    /// The run at its last event; `None` if nothing was recorded of it.
    pub fn new(plan: Arc<Plan>, records: Vec<Record>) -> Option<Self> {
        let at = records.len();
        let stood = Self { plan, records: records.into(), at };
        stood.run().is_some().then_some(stood)
    }

    /// What it is a run of.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// How many events there are.
    pub fn events(&self) -> usize {
        self.records.len()
    }

    /// At which event it is looked at, from 1.
    pub fn event(&self) -> usize {
        self.at
    }

    /// Looks at another event: the nearest there is.
    pub fn go(&mut self, event: usize) {
        self.at = event.clamp(1, self.records.len());
    }

    /// What has happened.
    pub fn records(&self) -> &[Record] {
        &self.records[..self.at]
    }

    /// When that was.
    pub fn now(&self) -> Timestamp {
        self.records[self.at - 1].at
    }

    /// The event, in the word of the journal, and the place it is about; empty where that is the run.
    pub fn told(&self) -> (String, String) {
        let event = &self.records[self.at - 1].event;
        let json = serde_json::to_value(event).unwrap_or_default();
        let word = json.get("event").and_then(|word| word.as_str()).unwrap_or_default().to_owned();
        // A unit that opens is there after the event, one that ends before it.
        let place_in = |run: Option<Run>| {
            let (run, unit) = (run?, event.unit()?);
            run.unit(unit).map(|_| run.place(&self.plan, unit))
        };
        let before = || place_in(run_of(&self.plan, &self.records[..self.at - 1]));
        let place = place_in(self.run()).or_else(before).unwrap_or_default();
        match event.statement() {
            Some((_, node)) if place.is_empty() => (word, self.plan.node(node).label.to_string()),
            Some((_, node)) => (word, format!("{place}.{}", self.plan.node(node).label)),
            None => (word, place),
        }
    }

    /// The run as it stood.
    fn run(&self) -> Option<Run> {
        run_of(&self.plan, self.records())
    }

    /// What an expression would have given; `span` is where it stands.
    ///
    /// # Errors
    /// What is wrong with it, or why it gives nothing.
    pub fn value_of(&self, text: &str, span: Span) -> Result<Value, Unanswered> {
        let expr = script::compile(text, span, Form::Expression, self.plan.functions.library());
        let expr = expr.map_err(Unanswered::Wrong)?;
        let roots = expr.reads().iter().map(|read| self.name(&read.root)).collect();
        expr.evaluate(&Names { roots, now: self.now() }).map_err(|broken| Unanswered::Broken(Failure::from(broken)))
    }

    /// What a name stood for.
    pub fn name(&self, name: &str) -> Option<Value> {
        let (run, now) = (self.run()?, self.now());
        Some(match name {
            "input" => run.accepted.input.clone(),
            "vars" => run.vars(UnitId::RUN),
            "state" => run.state_at(now),
            "trigger" => run.accepted.trigger.clone(),
            "run" => run.to_value(&self.plan, now),
            "error" => run.error().unwrap_or_default(),
            "steps" => steps::of(&self.plan, &run, self.records()),
            "output" => match &run.outcome {
                Some(Outcome::Completed { output }) => output.clone(),
                _ => Value::Unit,
            },
            _ => return self.made(name),
        })
    }

    /// What a step or a `let` of this name has given last.
    fn made(&self, name: &str) -> Option<Value> {
        let steps = timeline::steps(&self.plan, self.records());
        let ended = steps.into_iter().rev().find(|step| step.name.as_deref() == Some(name) && step.ended_at.is_some());
        ended.map(|step| step.output)
    }

    /// The names of steps and `let`s that have a value.
    pub fn names(&self) -> Vec<Arc<str>> {
        let mut names: Vec<Arc<str>> = Vec::new();
        for step in timeline::steps(&self.plan, self.records()).into_iter().filter(|step| step.ended_at.is_some()) {
            names.extend(step.name.filter(|name| !names.contains(name)));
        }
        names
    }
}

fn run_of(plan: &Plan, records: &[Record]) -> Option<Run> {
    let (first, rest) = records.split_first()?;
    let mut fold = Fold::begin(plan, first).ok()?;
    rest.iter().for_each(|record| fold.take(record));
    Some(fold.run().clone())
}

/// The names of one expression.
struct Names {
    roots: Vec<Option<Value>>,
    now: Timestamp,
}

impl script::Scope for Names {
    fn root(&self, read: usize) -> Option<Value> {
        self.roots.get(read).cloned().flatten()
    }
    fn now(&self) -> Timestamp {
        self.now
    }
    fn draw(&self) -> u64 {
        0
    }
    fn print(&self, _: &str) {}
    fn env(&self, _: &str) -> Option<Value> {
        None
    }
    fn secret(&self, _: &str) -> Option<Value> {
        None
    }
}
