//! What was done in a run, step by step, with its times: read off the journal.
//!
//! In: a plan and the records of a run. Out: steps in the order in which they were opened, each with its attempts. Never: a
//! guess; what is not in the journal is not told (held by the signature of `steps`).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::event::{Answer, Event, Outcome, Record, Role, UnitId};
use super::history::Fold;
use crate::base::failure::Failure;
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::lang::plan::node::{Race, Runners};
use crate::lang::plan::{Kind, Node, Plan};

/// One step as it stands, in one of its generations.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its place: `orders~1[3].reserve`.
    pub place: String,
    /// Its name, if it has one.
    pub name: Option<Arc<str>>,
    /// Of a turn or a branch that stands for an item: what the program calls that, and what it is.
    pub item: Option<(Arc<str>, Value)>,
    /// The place of the step it is part of; absent where that is the run.
    pub parent: Option<String>,
    /// What it does: the operation it calls, the workflow it runs, or its kind.
    pub does: Arc<str>,
    /// How it stands: `running`, or how it ended: `completed skipped failed cancelled`.
    pub status: &'static str,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// The number of the record that says so; the first of the run has 0.
    pub opened_with: u64,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The number of the record that says how it ended; the first of the run has 0.
    pub ended_with: Option<u64>,
    /// Each time it was tried to act.
    pub attempts: Vec<Attempt>,
    /// Its output, if it has one.
    pub output: Value,
    /// The failure it ended with, or after which it was given up.
    pub failure: Option<Arc<Failure>>,
}

/// One time it was tried to act.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// When the intent was written down.
    pub began_at: Timestamp,
    /// When the answer was.
    pub ended_at: Option<Timestamp>,
    /// The failure it was answered with.
    pub failure: Option<Arc<Failure>>,
}

/// The steps of a run with this journal; none if that has no beginning. What was done again is told again.
pub fn steps(plan: &Plan, records: &[Record]) -> Vec<Step> {
    let Some((first, rest)) = records.split_first() else { return Vec::new() };
    let Ok(fold) = Fold::begin(plan, first) else { return Vec::new() };
    let mut reading = Reading { plan, fold, steps: Vec::new(), open: BTreeMap::new() };
    for (number, record) in (1..).zip(rest) {
        reading.before(number, record);
        reading.fold.take(record);
        reading.after(number, record);
    }
    reading.steps
}

struct Reading<'a> {
    plan: &'a Plan,
    fold: Fold<'a>,
    steps: Vec<Step>,
    /// Where the steps are that have not ended.
    open: BTreeMap<UnitId, usize>,
}

impl Reading<'_> {
    /// What can be known only as long as a unit is there.
    fn before(&mut self, number: u64, record: &Record) {
        match &record.event {
            Event::Ended { unit, outcome } => {
                if let Some(step) = self.open.remove(unit).and_then(|at| self.steps.get_mut(at)) {
                    step.end(record.at, outcome);
                    step.ended_with = Some(number);
                }
            }
            Event::Computed { unit, node, value } => {
                let node = self.plan.node(*node);
                if node.name.is_some() {
                    let above = self.fold.run().place(self.plan, *unit);
                    let place =
                        if above.is_empty() { node.label.to_string() } else { format!("{above}.{}", node.label) };
                    let mut step = Step::new(place, above, does(node), (number, record.at));
                    step.name.clone_from(&node.name);
                    step.end(record.at, &Outcome::Completed { output: value.clone() });
                    step.ended_with = Some(number);
                    self.steps.push(step);
                }
            }
            _ => {}
        }
    }

    /// What is known only when a unit is there.
    fn after(&mut self, number: u64, record: &Record) {
        match &record.event {
            Event::Opened { unit, parent, node, role, given } => {
                let is_step = match role {
                    Role::Main => self.plan.node(*node).unit || self.plan.node(*node).name.is_some(),
                    _ => true,
                };
                if is_step {
                    let does = if *role == Role::Main { does(self.plan.node(*node)) } else { role_word(*role).into() };
                    let (place, above) =
                        (self.fold.run().place(self.plan, *unit), self.fold.run().place(self.plan, *parent));
                    self.open.insert(*unit, self.steps.len());
                    let mut step = Step::new(place, above, does, (number, record.at));
                    match role {
                        Role::Main => step.name.clone_from(&self.plan.node(*node).name),
                        Role::Turn(_) | Role::Branch(_) => {
                            let name = item_name(self.plan.node(*node));
                            step.item = name.map(|name| (name.clone(), given.clone()));
                        }
                        // No statement stands for a body at the end of the run.
                        _ => {}
                    }
                    self.steps.push(step);
                }
            }
            Event::Renewed { unit } => {
                // The generation before has come to its end; another one begins.
                if let Some(at) = self.open.get(unit).copied() {
                    let (place, step) = (self.fold.run().place(self.plan, *unit), &mut self.steps[at]);
                    step.end(record.at, &Outcome::Cancelled);
                    let above = step.parent.clone().unwrap_or_default();
                    let (name, item) = (step.name.clone(), step.item.clone());
                    let next = Step::new(place, above, step.does.clone(), (number, record.at));
                    self.open.insert(*unit, self.steps.len());
                    self.steps.push(Step { name, item, ..next });
                }
            }
            Event::Attempted { unit, attempt, .. } => {
                if let Some(step) = self.open_step(*unit) {
                    step.attempts.push(Attempt {
                        number: *attempt,
                        began_at: record.at,
                        ended_at: None,
                        failure: None,
                    });
                }
            }
            Event::Answered { unit, attempt, answer } => {
                let Some(step) = self.open_step(*unit) else { return };
                let Some(tried) = step.attempts.iter_mut().rev().find(|tried| tried.number == *attempt) else { return };
                tried.ended_at = Some(record.at);
                if let Answer::Failed { failure, .. } = answer {
                    tried.failure = Some(failure.clone());
                }
            }
            _ => {}
        }
    }

    fn open_step(&mut self, unit: UnitId) -> Option<&mut Step> {
        let at = self.open.get(&unit).copied()?;
        self.steps.get_mut(at)
    }
}

impl Step {
    fn new(place: String, parent: String, does: Arc<str>, (opened_with, opened_at): (u64, Timestamp)) -> Self {
        Self {
            place,
            name: None,
            item: None,
            parent: (!parent.is_empty()).then_some(parent),
            does,
            status: "running",
            opened_at,
            opened_with,
            ended_at: None,
            ended_with: None,
            attempts: Vec::new(),
            output: Value::Unit,
            failure: None,
        }
    }

    fn end(&mut self, at: Timestamp, outcome: &Outcome) {
        self.status = outcome.word();
        self.ended_at = Some(at);
        match outcome {
            Outcome::Completed { output } => self.output = output.clone(),
            Outcome::Skipped { output, failure } => {
                self.output = output.clone();
                self.failure.clone_from(failure);
            }
            Outcome::Failed { failure } => self.failure = Some(failure.clone()),
            Outcome::Cancelled => {}
        }
    }
}

fn does(node: &Node) -> Arc<str> {
    match &node.kind {
        Kind::Call { operation, .. } => operation.clone(),
        Kind::Child { workflow, .. } => format!("run {workflow}").into(),
        Kind::Start { workflow, .. } => format!("start {workflow}").into(),
        other => crate::lang::plan::written::head(other).into(),
    }
}

/// What the program calls the items of a node that has a turn or a branch for each.
fn item_name(node: &Node) -> Option<&Arc<str>> {
    match &node.kind {
        Kind::For(each) => Some(&each.name),
        Kind::Race(Race { runners: Runners::Items { name, .. }, .. }) => Some(name),
        _ => None,
    }
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::Run => "run",
        Role::Main => "step",
        Role::Turn(_) => "turn",
        Role::Branch(_) => "branch",
        Role::Alternate(_) => "alternate",
        Role::Notify(_) => "notify",
        Role::Undo => "undo",
        Role::Meanwhile(_) => "meanwhile",
        Role::Lifecycle(moment, _) => moment.word(),
    }
}
