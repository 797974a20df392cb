//! The tree of a run as people watch it: the fold of its records over its plan.
//!
//! In: the records of a run as they come. Out: lines for a terminal, notes for whoever has none. Never: a decision, or a
//! look at anything but records and plan (held by the signature of [`Tree::fold`]).

mod item;
mod lines;
mod note;
mod rewound;
mod step;
mod turns;
mod waits;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use item::{Item, ItemId, Part};
use note::Notes;
use rewound::Was;

pub use item::State;
pub use lines::Line;
pub use note::{Note, Tone};
pub use waits::{clock, first_line};

use super::elapsed::elapsed;
use crate::base::failure::Failure;
use crate::base::secret::Mask;
use crate::base::time::{Duration, Timestamp};
use crate::base::value::Value;
use crate::lang::plan::Plan;
use crate::run::event::{Alarm, Answer, Event, Outcome, Record, Role, UnitId};

/// The tree of one run.
#[derive(Debug)]
pub struct Tree {
    plan: Arc<Plan>,
    /// Covers what programs and services say, before it is cut.
    mask: Mask,
    items: BTreeMap<ItemId, Item>,
    /// The lines of units that have not ended.
    units: HashMap<UnitId, ItemId>,
    /// What there was of units that have ended, where they may stand open again.
    was: Option<HashMap<UnitId, Was>>,
    root: Option<ItemId>,
    next: u64,
    /// The steps that wait for a person's decision, in order, with their names and errors.
    parked: Vec<(UnitId, String, String)>,
}

impl Tree {
    /// The tree of a run of `plan` that has not begun.
    pub fn new(plan: Arc<Plan>, mask: Mask) -> Self {
        Self {
            plan,
            mask,
            items: BTreeMap::new(),
            units: HashMap::new(),
            root: None,
            next: 0,
            was: Some(HashMap::new()),
            parked: Vec::new(),
        }
    }

    /// The same, of a run that nobody rewinds while it is looked at: a loop may have more turns than there is memory for.
    pub fn of_new(plan: Arc<Plan>, mask: Mask) -> Self {
        Self { was: None, ..Self::new(plan, mask) }
    }

    /// The steps that were parked since the last call: unit, name, error.
    pub fn take_parked(&mut self) -> Vec<(UnitId, String, String)> {
        std::mem::take(&mut self.parked)
    }

    /// Takes in one record; tells what is worth a plain line.
    pub fn fold(&mut self, record: &Record) -> Vec<Note> {
        let at = record.at;
        let mut notes = Notes { at, told: Vec::new() };
        match &record.event {
            Event::Accepted(accepted) => {
                let name = accepted.workflow.to_string();
                let path = name.clone();
                let root = self.add(at, None, Item::new(name, path, Part::Run, at));
                self.root = Some(root);
                self.units.insert(UnitId::RUN, root);
                notes.busy(&accepted.workflow, format!("started, run {}", accepted.run));
            }
            Event::Opened { unit, parent, node, role, given } => {
                self.opened(at, *unit, *parent, *node, *role);
                if let (Role::Undo, Some(place)) = (role, given.get("place").and_then(Value::as_text))
                    && let Some(item) = self.item_mut(*unit)
                {
                    // It runs under what is discarded, but belongs to the step whose effect it takes back.
                    item.name = format!("undo {place}");
                    item.path = format!("{place}/undo");
                }
            }
            Event::Began { unit, begin, .. } => self.began(*unit, begin, &mut notes),
            Event::Attempted { unit, attempt, .. } => self.attempted(*unit, *attempt, &mut notes),
            Event::Raised { unit, failure, .. } => {
                let trouble = self.trouble(failure);
                if let Some(item) = self.item_mut(*unit) {
                    item.trouble = Some(trouble);
                }
            }
            Event::Chose { unit, choice, .. } => self.chose(*unit, choice, &mut notes),
            Event::Closing { unit, then } => self.closing(*unit, then),
            Event::Ended { unit, outcome } => self.ended(*unit, outcome, &mut notes),
            Event::Computed { unit, node, .. } => self.computed(at, *unit, *node, &mut notes),
            Event::Paused { unit, until } => self.paused(*unit, *until, &mut notes),
            Event::Woke { unit, alarm: Alarm::Due } => {
                if let Some(item) = self.item_mut(*unit)
                    && (matches!(item.state, State::Retrying { .. }) || matches!(item.part, Part::Loop(_)))
                {
                    item.state = State::Running;
                }
            }
            Event::Answered { unit, answer, .. } => {
                let trouble = match answer {
                    Answer::Failed { failure, .. } => Some(self.trouble(failure)),
                    _ => None,
                };
                if let Some(item) = self.item_mut(*unit) {
                    if matches!(item.state, State::Waiting(_)) {
                        item.state = State::Running;
                    }
                    item.trouble = trouble.or_else(|| item.trouble.take());
                }
            }
            Event::Renewed { unit } => self.renewed(*unit, &mut notes),
            Event::Launched { unit, workflow, run, .. } => {
                notes.unless_quiet(self.item(*unit), Tone::Busy, format!("started {workflow}, run {run}"));
            }
            Event::Emitted { unit, topic, .. } => {
                notes.unless_quiet(self.item(*unit), Tone::Busy, format!("emitted {topic:?}"));
            }
            Event::Replied { unit, status, .. } => {
                notes.unless_quiet(self.item(*unit), Tone::Busy, format!("replied {status}"));
            }
            Event::Signalled { name, .. } => notes.busy(&self.plan.name, format!("got the signal {name:?}")),
            Event::Arrived { topic, .. } => notes.busy(&self.plan.name, format!("got the event {topic:?}")),
            Event::Unparked { unit, by, .. } => {
                if let Some(item) = self.item_mut(*unit) {
                    item.state = State::Running;
                    notes.say(item.path.clone(), Tone::Busy, format!("decided by {by}"));
                }
            }
            Event::CancelAsked { by } => {
                notes.say(self.plan.name.to_string(), Tone::Doubtful, format!("cancelled by {by}"))
            }
            Event::MoveAsked { plan, .. } => {
                notes.busy(&self.plan.name, format!("is to go on under plan {} when it may", plan.short()));
            }
            Event::Moved { plan, .. } => notes.busy(&self.plan.name, format!("goes on under plan {}", plan.short())),
            Event::PauseAsked { by } => {
                notes.say(self.plan.name.to_string(), Tone::Doubtful, format!("paused by {by}"))
            }
            Event::Resumed { by } => notes.busy(&self.plan.name, format!("resumed by {by}")),
            Event::Killed { by } => notes.say(self.plan.name.to_string(), Tone::Bad, format!("killed by {by}")),
            Event::Problem(problem) => {
                notes.say(
                    problem.place.to_string(),
                    Tone::Bad,
                    format!("problem: {}: {}", problem.kind, problem.message),
                );
            }
            Event::Decided { outcome } => self.decided(at, outcome, &mut notes),
            Event::Rested => self.rested(at),
            Event::Rewound(rewinding) => self.rewound(rewinding, &mut notes),
            // What only computes, and what only the machine needs to know, is not worth a line.
            Event::Collected { .. }
            | Event::Gathered(_)
            | Event::Delayed { .. }
            | Event::TurnedAway { .. }
            | Event::Started { .. }
            | Event::Set { .. }
            | Event::Assigned { .. }
            | Event::Passed { .. }
            | Event::Broke { .. }
            | Event::Scheduled { .. }
            | Event::Ignored { .. }
            | Event::Asked { .. }
            | Event::Joined { .. }
            | Event::Enough { .. }
            | Event::UnwindAsked
            | Event::RewindAsked(_)
            | Event::Dismissed { .. }
            | Event::Interrupted { .. }
            | Event::Woke { .. }
            | Event::Took { .. } => {}
        }
        notes.told
    }

    fn add(&mut self, at: Timestamp, parent: Option<ItemId>, mut item: Item) -> ItemId {
        let id = ItemId(self.next);
        self.next += 1;
        item.parent = parent;
        item.started = at;
        if let Some(parent) = parent.and_then(|parent| self.items.get_mut(&parent)) {
            parent.children.insert(id);
        }
        self.items.insert(id, item);
        id
    }

    fn item(&self, unit: UnitId) -> Option<&Item> {
        self.items.get(self.units.get(&unit)?)
    }

    fn item_mut(&mut self, unit: UnitId) -> Option<&mut Item> {
        self.items.get_mut(self.units.get(&unit)?)
    }

    /// Takes a line out with all under it.
    fn remove(&mut self, id: ItemId) {
        let mut rest = vec![id];
        while let Some(id) = rest.pop() {
            rest.extend(self.items.remove(&id).into_iter().flat_map(|item| item.children));
        }
    }

    /// What went wrong, in one line.
    fn trouble(&self, failure: &Failure) -> String {
        first_line(&self.mask.cover(&failure.to_string()))
    }

    fn decided(&mut self, at: Timestamp, outcome: &Outcome, notes: &mut Notes) {
        let trouble = match outcome {
            Outcome::Failed { failure } => Some(self.trouble(failure)),
            _ => None,
        };
        let Some(root) = self.root.and_then(|root| self.items.get_mut(&root)) else { return };
        let took = elapsed(Duration::between(root.started, at));
        root.ended = Some(at);
        let (state, tone) = match outcome {
            Outcome::Completed { .. } => (State::Completed, Tone::Good),
            Outcome::Skipped { .. } => (State::Skipped, Tone::Faint),
            Outcome::Failed { .. } => (State::Failed, Tone::Bad),
            Outcome::Cancelled => (State::Cancelled, Tone::Doubtful),
        };
        root.state = state;
        root.trouble = trouble.or_else(|| root.trouble.take());
        let path = root.path.clone();
        notes.say(path, tone, format!("{} {took}", outcome.word()));
    }

    fn rested(&mut self, at: Timestamp) {
        if let Some(root) = self.root.and_then(|root| self.items.get_mut(&root)) {
            root.ended = Some(at);
        }
    }
}

#[cfg(test)]
mod tests;
