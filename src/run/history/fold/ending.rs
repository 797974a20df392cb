//! Units end: their records, what can be undone of them, and what their end means for the unit around.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::Run;
use super::super::frame::{More, StepRecord, error_value};
use super::super::unit::{Awaits, Entry, Step, Task, Unit};
use super::{fall, gathers, mark};
use crate::base::failure::{Failure, Kind as FailureKind};
use crate::base::time::Timestamp;
use crate::base::value::{Map, Value};
use crate::lang::catalog::Effect;
use crate::lang::plan::node::{Race, Runners};
use crate::lang::plan::{Gather, Kind, NodeId, Plan, Slot};
use crate::run::event::{Outcome, Role, Then, UnitId};

impl Run {
    pub(super) fn closing(&mut self, plan: &Plan, id: UnitId, then: &Then) {
        if matches!(then, Then::Discard { .. } | Then::Anew { .. }) {
            self.give_up_own(plan, id);
        }
        let Some(unit) = self.unit_mut(id) else { return };
        if gives_up_stand_in(then) {
            let kept = std::mem::take(&mut unit.kept);
            pour(&mut unit.undo, kept);
        }
        unit.closing = Some(Box::new(then.clone()));
        unit.fallen = None;
        let mut inside = unit.children.clone();
        if let (role, Some(parent), Then::Discard { outcome }) = (unit.role, unit.parent, then)
            && let Some(above) = self.unit_mut(parent)
        {
            absorb(above, role, outcome);
        }
        while let Some(id) = inside.pop() {
            // An undo that has begun is finished, with all it needs for that (semantics 30).
            if let Some(unit) = self.unit_mut(id).filter(|unit| unit.role != Role::Undo) {
                unit.resting = true;
                inside.extend(unit.children.iter().copied());
                self.wake(id);
            }
        }
        self.wake(id);
    }

    pub(super) fn ended(&mut self, plan: &Plan, at: Timestamp, id: UnitId, outcome: &Outcome) {
        let Some(mut unit) = self.units.take(id) else { return };
        if let Some(wish) = &mut self.wish {
            wish.due = true;
        }
        self.forget_alarms(&unit);
        self.untouch(&unit);
        self.listens_no_more(id);
        self.answers_no_more(id);
        let Some(parent) = unit.parent else { return };
        if let Some(above) = self.unit_mut(parent) {
            above.children.swap_remove(unit.seat);
            if let Some(moved) = above.children.get(unit.seat).copied()
                && let Some(moved) = self.unit_mut(moved)
            {
                moved.seat = unit.seat;
            }
        }
        let good = matches!(outcome, Outcome::Completed { .. });
        if unit.role == Role::Main {
            self.record(plan, at, &unit, outcome);
        }
        self.hand_up(plan, parent, &mut unit, outcome, good);
        if unit.resting
            && *outcome == Outcome::Cancelled
            && let Some(above) = self.unit_mut(parent)
        {
            // What was raised while all came to rest is told where the first error is (semantics 25).
            above.also.append(&mut unit.also);
        }
        let before = self.unit(parent).is_some_and(is_decided);
        self.settle_parent(plan, at, parent, &unit, outcome);
        self.frames.release(unit.frame);
        // Only once: those that come to rest because of it are looked at together.
        if !before && self.unit(parent).is_some_and(is_decided) {
            self.wake_first(parent);
        } else {
            self.wake(parent);
        }
    }

    /// Hands what can be undone, and the variables that were set, to the unit around.
    fn hand_up(&mut self, plan: &Plan, parent: UnitId, unit: &mut Unit, outcome: &Outcome, good: bool) {
        self.note_doubt(plan, unit);
        let own = self.entry(plan, unit, &outcome.output());
        if matches!(unit.role, Role::Undo | Role::Notify(_) | Role::Lifecycle(..)) {
            // What handlers did in their stead is a fact, as they are (semantics 39, 40).
            let entries = [std::mem::take(&mut unit.undo), std::mem::take(&mut unit.kept)];
            entries.iter().flat_map(BTreeMap::values).for_each(|entry| self.frames.release(entry.frame));
        }
        let stands_in = matches!(unit.role, Role::Alternate(_));
        let Some(above) = self.unit_mut(parent) else { return };
        let stays = stands_in && !above.closing.as_deref().is_some_and(gives_up_stand_in);
        let entries = if stays { &mut above.kept } else { &mut above.undo };
        pour(entries, std::mem::take(&mut unit.undo));
        pour(entries, std::mem::take(&mut unit.kept));
        entries.extend(own);
        // What a skipped or failed unit had set is forgotten (semantics 40); so is what the one had set that is replaced.
        if stands_in
            && good
            && let Some(view) = &mut above.view
        {
            *view = unit.view.take().unwrap_or_default();
        } else if let Some(view) = unit.view.as_ref().filter(|_| good) {
            let mut next = Some(parent);
            while let Some(above) = next.and_then(|id| self.unit_mut(id)) {
                if let Some(outer) = &mut above.view {
                    outer.merge(view);
                    break;
                }
                next = above.parent;
            }
        }
    }

    /// What can be undone of a step that has ended, if anything can.
    fn entry(&mut self, plan: &Plan, unit: &Unit, output: &Value) -> Option<(u32, Entry)> {
        // What is done after the outcome is decided is not undone (semantics 39).
        if self.outcome.is_some() {
            return None;
        }
        let node = (unit.role == Role::Main).then(|| plan.node(unit.node))?;
        let child = matches!(node.kind, Kind::Child { .. });
        if node.clauses.undo.is_none() && !child {
            return None;
        }
        let Task::Act(act) = &unit.task else { return None };
        let happened = act.output.is_some();
        if !happened && !unit.doubt {
            return None;
        }
        // A child without an undo of its own is undone by its own entries; without any, there is nothing to do.
        if node.clauses.undo.is_none() && !act.next.is_true() {
            return None;
        }
        self.completions += 1;
        self.frames.retain(unit.frame);
        let entry = Entry {
            step: unit.node,
            frame: unit.frame,
            output: act.output.clone().unwrap_or_else(|| output.clone()),
            key: match unit.child_run().filter(|_| child) {
                Some(run) => run.0,
                None => act.key.clone(),
            },
            doubt: !happened,
            place: self.place_of_gone(plan, unit, true).into(),
        };
        Some((self.completions, entry))
    }

    /// A step that is given up itself: what it has done, or may have done, is undone with it (semantics 3, 35).
    fn give_up_own(&mut self, plan: &Plan, id: UnitId) {
        let Some(mut unit) = self.units.take(id) else { return };
        if let Some((order, entry)) = self.entry(plan, &unit, &Value::Unit) {
            self.note_doubt(plan, &unit);
            unit.undo.insert(order, entry);
            unit.doubt = false;
            if let Task::Act(act) = &mut unit.task {
                act.output = None;
            }
        }
        self.units.put(unit);
    }

    /// Remembers the key of a `keyed` step that may have happened without our knowing, for when it is decided anew.
    fn note_doubt(&mut self, plan: &Plan, unit: &Unit) {
        let Task::Act(act) = &unit.task else { return };
        let Kind::Call { operation, .. } = &plan.node(unit.node).kind else { return };
        let keyed = plan
            .operations
            .get(operation)
            .is_some_and(|operation| matches!(operation.signature.effect, Effect::Keyed { .. }));
        if !keyed || (!unit.doubt && self.doubts.is_empty()) {
            return;
        }
        // What was undone gets a new key.
        let clauses = &plan.node(unit.node).clauses;
        if clauses.undo.is_some() && clauses.undo_is_static {
            return;
        }
        let place = self.place_of_gone(plan, unit, false);
        if unit.doubt && act.output.is_none() {
            self.doubts.insert(place, (act.params.clone(), act.key.clone()));
        } else {
            self.doubts.remove(&place);
        }
    }

    /// The place of a unit that is in the table no more, with its generations or without.
    fn place_of_gone(&self, plan: &Plan, unit: &Unit, generations: bool) -> String {
        let above = unit.parent.map(|parent| self.place_with(plan, parent, generations)).unwrap_or_default();
        let separator = if above.is_empty() { "" } else { "." };
        let own = if generations && unit.generation > 0 { format!("~{}", unit.generation) } else { String::new() };
        format!("{above}{separator}{}{own}", plan.node(unit.node).label)
    }

    /// The record of a step that has ended, put where others read it.
    fn record(&mut self, plan: &Plan, at: Timestamp, unit: &Unit, outcome: &Outcome) {
        let node = plan.node(unit.node);
        let Some(slot) = node.slot else { return };
        let mut more = More::default();
        let failure = match outcome {
            Outcome::Failed { failure } => Some(failure),
            Outcome::Skipped { failure, .. } => failure.as_ref(),
            Outcome::Completed { .. } | Outcome::Cancelled => None,
        };
        if let Some(failure) = failure {
            let step = node.name.clone().unwrap_or_else(|| node.label.clone());
            more.error = Some(error_value(failure, &step, unit.attempts));
        }
        match &unit.task {
            Task::Race(race) => {
                let name = |index: u32| match &node.kind {
                    Kind::Race(Race { runners: Runners::Branches(branches), .. }) => {
                        branches.get(index as usize).map_or(Value::Unit, |branch| Value::Text(branch.name.clone()))
                    }
                    _ => Value::Int(index.into()),
                };
                more.winner = race.winners.first().map(|(index, _)| name(*index));
                if race.wins > 1 {
                    more.winners = Some(Value::list(race.winners.iter().map(|(index, _)| name(*index))));
                }
            }
            Task::Loop(turns) => {
                let mut failed: Vec<_> = turns.failed.each.iter().flatten().collect();
                failed.sort_by_key(|(index, _)| *index);
                more.failed = Some(Value::list(failed.into_iter().map(|(index, failure)| {
                    Value::map([("index", Value::Int((*index).into())), ("error", Value::from(failure.to_value()))])
                })));
            }
            Task::Act(act) => more.by = act.by.clone().map(|by| by_value(by, at)),
            Task::Listen(listen) => more.by = listen.by.clone().map(|by| by_value(by, at)),
            Task::None | Task::Sleep { .. } | Task::Body(_) | Task::Gate(_) => {}
        }
        let has_more = more.error.is_some() || more.winner.is_some() || more.failed.is_some() || more.by.is_some();
        let record = StepRecord {
            status: outcome.word(),
            output: outcome.output(),
            attempts: match outcome {
                Outcome::Skipped { failure: None, .. } => unit.attempts,
                _ => unit.attempts.max(1),
            },
            started: unit.opened,
            ended: at,
            more: has_more.then(|| Box::new(more)),
        };
        self.frames.write(unit.frame, slot, Some(record));
    }

    /// What the end of a unit means for the one around it.
    fn settle_parent(&mut self, plan: &Plan, at: Timestamp, parent: UnitId, unit: &Unit, outcome: &Outcome) {
        let gathered = self.gathered(plan, unit, outcome);
        if unit.role == Role::Main && matches!(unit.task, Task::Loop(_) | Task::Race(_)) {
            self.write_gathers(plan, at, unit, outcome);
        }
        let Some(above) = self.unit_mut(parent) else { return };
        match unit.role {
            Role::Main => {
                statement_ended(plan, above, unit, outcome);
                self.tell_origin(plan, parent);
            }
            Role::Turn(index) => {
                turn_ended(above, index, unit, outcome, gathered);
                self.let_next(at, parent);
            }
            Role::Branch(index) => {
                branch_ended(above, index, unit, outcome, gathered);
                self.let_next(at, parent);
            }
            Role::Notify(_) => {
                if let Some(trouble) = &mut above.trouble {
                    trouble.awaits = Awaits::Nothing;
                }
            }
            Role::Alternate(_) => {
                if let Some(trouble) = &mut above.trouble {
                    trouble.awaits = Awaits::Answered(Box::new(outcome.clone()));
                }
            }
            Role::Run | Role::Undo | Role::Meanwhile(_) | Role::Lifecycle(..) => {}
        }
    }

    /// Where a unit has failed that only groups, the one round it fails, by what failed in there (semantics 27).
    fn tell_origin(&mut self, plan: &Plan, group: UnitId) {
        let Some(origin) = self.unit(group).filter(|unit| unit.fallen.is_some()).and_then(|unit| unit.origin) else {
            return;
        };
        let round = self.nearest_unit(plan, group);
        let goes_on = |unit: &&mut Unit| {
            unit.fallen.is_none() && unit.trouble.is_none() && unit.closing.is_none() && !unit.resting
        };
        if let Some(unit) = self.unit_mut(round).filter(goes_on) {
            unit.origin.get_or_insert(origin);
        }
    }

    /// What a turn or branch has for those who read its steps outside, one value for each gather.
    fn gathered(&self, plan: &Plan, unit: &Unit, outcome: &Outcome) -> Vec<Value> {
        if !matches!(unit.role, Role::Turn(_) | Role::Branch(_)) {
            return Vec::new();
        }
        let good = matches!(outcome, Outcome::Completed { .. });
        let slots = &self.frames.get(unit.frame).slots;
        let value = |gather: &Gather| {
            let record = slots.get(gather.inner.index as usize).and_then(Option::as_ref).filter(|_| good);
            record.map_or(Value::Unit, |record| record.output.clone())
        };
        gathers(&plan.node(unit.node).kind).iter().map(value).collect()
    }

    /// Steps inside a loop or race that are read outside it.
    fn write_gathers(&mut self, plan: &Plan, at: Timestamp, unit: &Unit, outcome: &Outcome) {
        let kind = &plan.node(unit.node).kind;
        let values: Vec<(Slot, Value)> = match &unit.task {
            Task::Loop(turns) => {
                let read = gathers(kind).iter().zip(&turns.gathered);
                read.map(|(gather, outputs)| (gather.outer, outputs.value(turns.next))).collect()
            }
            Task::Race(race) => {
                gathers(kind).iter().zip(&race.gathered).map(|(gather, value)| (gather.outer, value.clone())).collect()
            }
            _ => Vec::new(),
        };
        for (slot, value) in values {
            let mut record = StepRecord::of(value, at);
            record.status = outcome.word();
            self.frames.write(unit.frame, slot, Some(record));
        }
    }
}

/// A statement of a body has ended.
fn statement_ended(plan: &Plan, above: &mut Unit, unit: &Unit, outcome: &Outcome) {
    // A page of a stream hands its items to the loop.
    if let (Task::Loop(turns), Task::Act(act)) = (&mut above.task, &unit.task) {
        turns.take_page(outcome.output().spread(), act.next.clone());
    }
    mark(plan, above, unit.node, Step::Done);
    match outcome {
        Outcome::Failed { failure } => fall(above, failure.clone(), origin(unit)),
        // Only a unit that comes to rest cancels what is in it; otherwise others cancelled it.
        Outcome::Cancelled if !above.resting && above.closing.is_none() => {
            fall(above, Arc::new(Failure::new(FailureKind::Cancelled, "it was cancelled")), origin(unit));
        }
        Outcome::Completed { .. } | Outcome::Skipped { .. } | Outcome::Cancelled => {}
    }
}

/// The statement that failed first in a unit that has failed; itself, if nothing in it did.
fn origin(unit: &Unit) -> NodeId {
    unit.origin.unwrap_or(unit.node)
}

/// A turn of a loop has ended.
fn turn_ended(above: &mut Unit, index: u32, unit: &Unit, outcome: &Outcome, gathered: Vec<Value>) {
    let Task::Loop(turns) = &mut above.task else { return };
    turns.outputs.put(index, outcome.output());
    for (outputs, value) in turns.gathered.iter_mut().zip(gathered) {
        outputs.put(index, value);
    }
    turns.enough |= unit.progress().is_some_and(|progress| progress.enough);
    if let Outcome::Failed { failure } = outcome {
        turns.failed.put(index, failure);
        if !is_absorbed(unit) {
            fall(above, failure.clone(), origin(unit));
        }
    }
}

/// A branch of a race has ended.
fn branch_ended(above: &mut Unit, index: u32, unit: &Unit, outcome: &Outcome, gathered: Vec<Value>) {
    let Task::Race(race) = &mut above.task else { return };
    match outcome {
        Outcome::Completed { output } => {
            if race.winners.is_empty() {
                race.gathered = gathered;
            }
            race.winners.push((index, output.clone()));
        }
        Outcome::Skipped { failure, .. } => {
            race.failed += 1;
            let left = u64::from(race.runners.saturating_sub(race.failed));
            if let Some(failure) = failure.as_ref().filter(|_| left < race.wins) {
                fall(above, failure.clone(), origin(unit));
            }
        }
        Outcome::Failed { failure } => {
            race.failed += 1;
            if !is_absorbed(unit) {
                fall(above, failure.clone(), origin(unit));
            }
        }
        Outcome::Cancelled => {}
    }
}

/// Whether the loop or race around lets a failed turn or branch be.
fn is_absorbed(unit: &Unit) -> bool {
    matches!(unit.closing.as_deref(), Some(Then::Discard { outcome: Outcome::Failed { .. } }))
}

/// Whether a unit is given up together with what a handler has done in its stead: that stays only where it is what the
/// unit is completed with (semantics 21).
fn gives_up_stand_in(then: &Then) -> bool {
    match then {
        Then::Discard { outcome } => !matches!(outcome, Outcome::Completed { .. }),
        Then::Anew { .. } => true,
        Then::End { .. } | Then::Raise { .. } => false,
    }
}

/// Whether what else is under way in a unit comes to nothing: something in it has failed, or a race has its winners
/// (semantics 27, 28).
fn is_decided(unit: &Unit) -> bool {
    unit.fallen.is_some() || matches!(&unit.task, Task::Race(race) if race.winners.len() as u64 >= race.wins)
}

/// Counts a turn or branch that is given up, before it is undone: others may fail meanwhile (semantics 24).
fn absorb(above: &mut Unit, role: Role, outcome: &Outcome) {
    match (&mut above.task, role, outcome) {
        (Task::Loop(turns), Role::Turn(_), Outcome::Failed { .. }) => turns.absorbed += 1,
        (Task::Race(race), Role::Branch(_), Outcome::Failed { .. } | Outcome::Skipped { .. }) => race.lost += 1,
        _ => {}
    }
}

fn by_value(by: Arc<str>, at: Timestamp) -> Value {
    let mut map = Map::new();
    map.insert("name".into(), Value::Text(by));
    map.insert("at".into(), Value::moment(at));
    map.into()
}

/// Adds `more` to `entries`, at a cost that grows with the smaller of the two only: a loop pours one turn after the other
/// into what its turns before have left.
fn pour(entries: &mut BTreeMap<u32, Entry>, mut more: BTreeMap<u32, Entry>) {
    if more.len() > entries.len() {
        std::mem::swap(entries, &mut more);
    }
    entries.extend(more);
}
