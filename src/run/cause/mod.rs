//! Why a step stands as it does: what led there, event by event, and what it waits for now.
//!
//! In: a plan and the records of a run. Out: causes in the order of the journal, in words. Never: a guess; what is not in the
//! journal is not told (held by the signature of `account`).

mod told;
mod waits;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::event::{Event, Outcome, Record, Role, UnitId};
use super::history::{Fold, Run};
use crate::base::diagnostic::nearest;
use crate::base::id::RunId;
use crate::base::time::Timestamp;
use crate::lang::plan::{Kind, Node, NodeId, Plan};

pub use waits::{gates_before, waits_for};

/// What led to how a step stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Account {
    /// Its place, with generations: `orders~1[3].reserve`.
    pub place: String,
    /// How it stands: `not begun`, `running`, `waiting`, or how it ended.
    pub status: &'static str,
    /// What led there, in the order of the journal.
    pub causes: Vec<Cause>,
    /// What it waits for now.
    pub waits: Vec<String>,
    /// The gates before which it stands, as far as this process lets runs through them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Queued>,
    /// How many other places of the run fit what was asked for.
    pub others: usize,
}

/// A gate before which a run, or a step of it, stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Queued {
    /// The lock, or the places of a workflow's runs.
    pub gate: Arc<str>,
    /// How many may be inside.
    pub places: u64,
    /// Who waits: the place of the step; empty for the run.
    pub place: String,
    /// The runs that are inside, in the order in which they entered.
    pub inside: Vec<RunId>,
    /// How many wait before it.
    pub ahead: usize,
}

impl Account {
    /// Takes in how it stands at the gates before which it stands.
    pub fn at_gates(&mut self, gates: Vec<Queued>) {
        self.waits.extend(gates.iter().map(waits::queued));
        self.gates = gates;
    }
}

/// One event of the journal, and what it meant for the step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cause {
    /// The number of the event in the journal of the run, from 1.
    pub event: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What it meant.
    pub text: String,
}

/// Nothing in the plan has this name, and nothing in the run this place.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the run has no step `{step}`{}", .near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
pub struct NoSuchStep {
    /// What was asked for.
    pub step: String,
    /// What is there with a similar name.
    pub near: Option<String>,
}

impl NoSuchStep {
    /// With the name in the plan that is near to what was asked for.
    pub fn of(plan: &Plan, step: &str) -> Self {
        let names = plan.nodes.iter().filter_map(|node| node.name.as_deref());
        Self { step: step.to_owned(), near: nearest(step, names).map(str::to_owned) }
    }
}

/// What led to how `step` stands in the run with this journal: a place (`orders[3].reserve`) or a name, then the place of this
/// name that was opened last.
///
/// # Errors
/// If there is no such step.
pub fn account(plan: &Plan, records: &[Record], step: &str) -> Result<Account, NoSuchStep> {
    let unknown = || NoSuchStep::of(plan, step);
    let (first, rest) = records.split_first().ok_or_else(unknown)?;
    let fold = Fold::begin(plan, first).map_err(|_| unknown())?;
    let mut witness = Witness {
        plan,
        step,
        fold,
        number: 1,
        stories: BTreeMap::new(),
        before: BTreeMap::new(),
        reopened: BTreeMap::new(),
    };
    for record in rest {
        witness.take(record);
    }
    witness.account().ok_or_else(unknown)
}

/// What a run as a whole waits for, and how it ended.
pub fn account_of_run(plan: &Plan, run: &Run) -> Account {
    let error = run.outcome.as_ref().and_then(|outcome| match outcome {
        Outcome::Failed { failure } => Some(format!("it failed: {failure}")),
        Outcome::Completed { .. } | Outcome::Skipped { .. } | Outcome::Cancelled => None,
    });
    let problems =
        run.problems.iter().map(|problem| format!("`{}`: {}: {}", problem.place, problem.kind, problem.message));
    let at = run.rested_at.unwrap_or(run.accepted_at);
    let causes = error.into_iter().chain(problems).map(|text| Cause { event: run.events, at, text });
    Account {
        place: plan.name.to_string(),
        status: run.status().word(),
        causes: causes.collect(),
        waits: waits_for(plan, run, UnitId::RUN),
        others: 0,
        gates: Vec::new(),
    }
}

/// Watches the records of a run for one step.
struct Witness<'a> {
    plan: &'a Plan,
    step: &'a str,
    fold: Fold<'a>,
    /// Of the record that is being looked at.
    number: u64,
    /// What happened to what fits, in the order in which it was opened.
    stories: BTreeMap<Teller, Story>,
    /// By unit: which statement of it ended last.
    before: BTreeMap<UnitId, NodeId>,
    /// Units that stand open again since the run was rewound, with by whose word.
    reopened: BTreeMap<UnitId, String>,
}

/// What is told of: a unit, or a statement in a unit that never was one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Teller {
    opened: u64,
    unit: UnitId,
}

struct Story {
    place: String,
    status: &'static str,
    causes: Vec<Cause>,
}

impl<'a> Witness<'a> {
    fn run(&self) -> &Run {
        self.fold.run()
    }

    fn take(&mut self, record: &'a Record) {
        self.number += 1;
        let leaving = match &record.event {
            Event::Ended { unit, .. } => self.run().unit(*unit).and_then(|it| Some((it.parent?, it.node, it.role))),
            _ => None,
        };
        // What an event means for a unit that ends with it can only be told before; for one that begins with it, only after.
        let told_before = told::of_unit(self.plan, self.run(), &record.event);
        self.fold.take(record);
        if let Event::Opened { unit, parent, node, role, .. } = &record.event {
            self.opened(record.at, *unit, *parent, *node, *role);
        }
        if let Some((unit, text)) = told_before {
            self.tell(unit, record.at, text);
        }
        match &record.event {
            Event::Ended { unit, outcome } => self.end(*unit, outcome.word()),
            Event::Computed { unit, node, .. } | Event::Assigned { unit, node, .. } => {
                self.statement(record.at, *unit, *node, "completed", "it was computed".to_owned());
            }
            Event::Passed { unit, node } => {
                let text = "it was passed over: its condition was false, or what it stands in was not for it";
                self.statement(record.at, *unit, *node, "skipped", text.to_owned());
            }
            Event::Broke { unit, node, failure } => {
                self.statement(record.at, *unit, *node, "failed", format!("it could not be computed: {failure}"));
            }
            Event::Renewed { unit } => self.renewed(*unit),
            Event::Rewound(rewinding) => {
                let said = told::rewound(rewinding);
                self.before.retain(|unit, _| !rewinding.open.contains(unit));
                self.reopened.extend(rewinding.open.iter().map(|unit| (*unit, said.clone())));
            }
            _ => {}
        }
        if let Some((parent, node, Role::Main)) = leaving {
            self.before.insert(parent, node);
        }
    }

    /// Whether what was asked for is this place, or this name.
    fn is_meant(&self, place: &str, bare: &str, name: Option<&str>) -> bool {
        self.step == place || self.step == bare || Some(self.step) == name
    }

    fn opened(&mut self, at: Timestamp, unit: UnitId, parent: UnitId, node: NodeId, role: Role) {
        let (place, bare) = (self.run().place(self.plan, unit), self.run().place_with(self.plan, unit, false));
        let name = (role == Role::Main).then(|| &*self.plan.node(node).label);
        let is_group = role == Role::Main && !self.plan.node(node).unit && self.plan.node(node).name.is_none();
        if is_group || !self.is_meant(&place, &bare, name) {
            return;
        }
        let text = match role {
            Role::Main => self.turn_of_statement(parent, node),
            _ => told::opening(self.plan, self.run(), unit, role),
        };
        let story = Story { place, status: "running", causes: vec![Cause { event: self.number, at, text }] };
        self.stories.insert(Teller { opened: self.number, unit }, story);
    }

    /// Why a statement is opened now.
    fn turn_of_statement(&self, parent: UnitId, node: NodeId) -> String {
        let plan = self.plan;
        let around = |unit: UnitId| match self.run().place(plan, unit) {
            place if place.is_empty() => "the run".to_owned(),
            place => format!("`{place}`"),
        };
        let Some(above) = self.run().unit(parent) else { return "it was opened".to_owned() };
        let names = |nodes: &[u32]| -> Vec<String> {
            let body = above.body(plan).map(|body| body.statements.as_slice()).unwrap_or_default();
            let nodes = nodes.iter().filter_map(|place| body.get(*place as usize));
            nodes.map(|node| format!("`{}`", plan.node(*node).label)).collect()
        };
        // What is done first there is done because somebody has said so.
        if let Some(said) = self.reopened.get(&parent).filter(|_| !self.before.contains_key(&parent)) {
            return said.clone();
        }
        if above.is_parallel(plan) {
            return match names(&plan.node(node).waits) {
                waits if waits.is_empty() => format!("everything in {} starts at once", around(parent)),
                waits => format!("what it refers to had ended: {}", waits.join(", ")),
            };
        }
        match self.before.get(&parent) {
            Some(before) => format!("its turn had come: `{}` had ended", plan.node(*before).label),
            None => format!("its turn had come: no step stands before it in {}", around(parent)),
        }
    }

    fn story(&mut self, unit: UnitId) -> Option<&mut Story> {
        let found = self.stories.iter_mut().rev().find(|(teller, story)| teller.unit == unit && !story.is_over());
        found.map(|(_, story)| story)
    }

    fn tell(&mut self, unit: UnitId, at: Timestamp, text: String) {
        let event = self.number;
        if let Some(story) = self.story(unit) {
            story.causes.push(Cause { event, at, text });
        }
    }

    fn end(&mut self, unit: UnitId, status: &'static str) {
        if let Some(story) = self.story(unit) {
            story.status = status;
        }
        self.before.remove(&unit);
    }

    fn renewed(&mut self, unit: UnitId) {
        let place = self.run().place(self.plan, unit);
        if let Some(story) = self.story(unit) {
            story.place = place;
        }
        self.before.remove(&unit);
    }

    /// Something happened to a statement that is no unit of its own.
    fn statement(&mut self, at: Timestamp, unit: UnitId, node: NodeId, status: &'static str, text: String) {
        self.before.insert(unit, node);
        let Some(label) = self.plan.nodes.get(node.0 as usize).map(|node| &*node.label) else { return };
        let around = self.run().place(self.plan, unit);
        let place = if around.is_empty() { label.to_owned() } else { format!("{around}.{label}") };
        if self.is_meant(&place, &place, Some(label)) {
            let story = Story { place, status, causes: vec![Cause { event: self.number, at, text }] };
            // The unit round it is told of under another number.
            self.stories.insert(Teller { opened: self.number, unit }, story);
        }
    }

    fn account(self) -> Option<Account> {
        let others = self.stories.len().saturating_sub(1);
        if let Some((teller, story)) = self.stories.iter().next_back() {
            let waits = if story.is_over() { Vec::new() } else { waits_for(self.plan, self.run(), teller.unit) };
            let status = if story.is_over() || waits.is_empty() { story.status } else { "waiting" };
            return Some(Account {
                place: story.place.clone(),
                status,
                causes: story.causes.clone(),
                waits,
                gates: Vec::new(),
                others,
            });
        }
        let node = self.plan.nodes.iter().find(|node| &*node.label == self.step || is_last_part(self.step, node))?;
        let waits = self.not_begun(node);
        Some(Account {
            place: node.label.to_string(),
            status: "not begun",
            causes: Vec::new(),
            waits,
            gates: Vec::new(),
            others,
        })
    }

    /// What a step that was never opened waits for, or why it never will be.
    fn not_begun(&self, node: &Node) -> Vec<String> {
        if self.run().is_at_rest() {
            let end = self.run().status();
            return vec![format!("the run came to rest ({end}) before its turn had come")];
        }
        let Some(holder) = self.plan.nodes.iter().find(|other| holds(&other.kind, node.id)) else {
            return waits_for(self.plan, self.run(), UnitId::RUN);
        };
        match self.run().units().find(|unit| unit.role == Role::Main && unit.node == holder.id) {
            Some(unit) => waits_for(self.plan, self.run(), unit.id),
            None => vec![format!("it stands in `{}`, which has not begun or has gone another way", holder.label)],
        }
    }
}

impl Story {
    fn is_over(&self) -> bool {
        self.status != "running"
    }
}

/// Whether `node` stands in a body of a block.
fn holds(kind: &Kind, node: NodeId) -> bool {
    kind.bodies().iter().any(|body| body.statements.contains(&node))
}

/// Whether the last part of a place is the name of `node`.
fn is_last_part(place: &str, node: &Node) -> bool {
    place.rsplit('.').next().is_some_and(|last| last.split(['[', '~', '/']).next() == Some(&*node.label))
}
