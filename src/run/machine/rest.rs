//! Coming to rest (semantics 30), and what comes after: an end, an undoing, a new beginning.

use super::{Action, Machine, Word};
use crate::base::failure;
use crate::base::value::Value;
use crate::lang::catalog::Effect;
use crate::lang::plan::Kind;
use crate::run::event::{Event, Outcome, Role, Then, UnitId};
use crate::run::history::unit::Task;

impl Machine<'_> {
    /// A unit inside something that comes to rest: it ends as soon as nothing in it is under way.
    pub(super) fn rest(&mut self, id: UnitId) {
        let Some(unit) = self.run.unit(id) else { return };
        if !unit.children.is_empty() {
            return;
        }
        let attempt = unit.attempts;
        if let Task::Act(act) = &unit.task {
            if let Some(failure) = unit.trouble.as_ref().filter(|_| !act.in_flight).map(|t| t.failure.clone()) {
                // A child run that ended because this one told it to has not failed.
                let outcome = match failure.kind {
                    failure::Kind::Cancelled => Outcome::Cancelled,
                    _ => Outcome::Failed { failure },
                };
                return self.end(id, outcome);
            }
            if let Some(output) = act.output.clone() {
                // It happened: a fact, with its undo.
                return self.end(id, Outcome::Completed { output });
            }
            if act.in_flight {
                match unit.node(self.plan).map(|node| &node.kind) {
                    Some(Kind::Child { .. }) if unit.has_joined() => {}
                    // Child runs are cancelled and awaited.
                    Some(Kind::Child { .. }) if !unit.unwinds_child() => {
                        let cancel = unit.child_run().map(|run| Action::TellChild { run, word: Word::Cancel });
                        return self.actions.extend(cancel);
                    }
                    Some(Kind::Ask(_)) => {}
                    Some(Kind::Call { .. }) if self.effect(unit) == Effect::Read => {}
                    // Tearing it off would make a doubt out of a fact.
                    _ => return,
                }
                self.actions.push(Action::Abandon { unit: id, attempt });
            }
        }
        self.end(id, Outcome::Cancelled);
    }

    /// Gives a unit up in the midst of its work, unless that has been done: a discard that has begun is finished.
    pub(super) fn give_up(&mut self, id: UnitId, outcome: Outcome) {
        match self.run.unit(id).map(|unit| unit.closing.as_deref()) {
            None | Some(Some(Then::Discard { .. })) => {}
            Some(None | Some(Then::End { .. } | Then::Anew { .. } | Then::Raise { .. })) => {
                self.record(Event::Closing { unit: id, then: Then::Discard { outcome } });
            }
        }
    }

    /// Lets a unit end in the midst of its work; what was done in it stays, unless its discard has begun.
    pub(super) fn cut_short(&mut self, id: UnitId) {
        let outcome = Outcome::Completed { output: Value::Unit };
        match self.run.unit(id).map(|unit| unit.closing.as_deref()) {
            None | Some(Some(Then::Discard { .. } | Then::End { .. })) => {}
            Some(Some(Then::Anew { .. })) => {
                let outcome = Outcome::Skipped { output: Value::Unit, failure: None };
                self.record(Event::Closing { unit: id, then: Then::Discard { outcome } });
            }
            Some(None | Some(Then::Raise { .. })) => {
                self.record(Event::Closing { unit: id, then: Then::End { outcome } });
            }
        }
    }

    /// A unit that is given up, or is to begin anew: when all in it rests, what comes after.
    pub(super) fn close(&mut self, id: UnitId) {
        let Some(unit) = self.run.unit(id) else { return };
        let Some(then) = unit.closing.as_deref().cloned() else { return };
        if !unit.children.is_empty() || self.still_acting(id) {
            return;
        }
        let Some(unit) = self.run.unit(id) else { return };
        let (is_run, resting) = (unit.role == Role::Run, unit.resting);
        match then {
            Then::End { outcome } | Then::Discard { outcome } if is_run => self.decide_outcome(outcome),
            Then::End { outcome } => self.end(id, outcome),
            Then::Discard { outcome } => {
                if !self.undo_next(id) {
                    self.end(id, outcome);
                }
            }
            Then::Anew { at } => {
                if self.undo_next(id) {
                    return;
                }
                let due = self.run.unit(id).and_then(|unit| unit.due);
                if resting {
                    self.end(id, Outcome::Cancelled);
                } else if self.now >= at {
                    let lock = match self.run.unit(id).map(|unit| &unit.task) {
                        Some(Task::Gate(gate)) => Some(gate.key.clone()),
                        _ => None,
                    };
                    self.record(Event::Renewed { unit: id });
                    if let Some(key) = lock {
                        self.actions.push(Action::LeaveLock { unit: id, key });
                    }
                } else if due.is_none() {
                    self.record(Event::Paused { unit: id, until: at });
                }
            }
            Then::Raise { failure, .. } if resting => self.end(id, Outcome::Failed { failure }),
            Then::Raise { failure, inner } => {
                let chain = self.own_chain(id);
                let step = match failure.details.get("step").and_then(Value::as_text) {
                    Some(step) if inner => step.into(),
                    _ => self.run.step_name(self.plan, id),
                };
                self.record(Event::Raised { unit: id, chain, inner, failure, step });
            }
        }
    }

    /// Whether the unit itself, not something in it, has an act under way that must be awaited.
    fn still_acting(&mut self, id: UnitId) -> bool {
        let Some(unit) = self.run.unit(id) else { return false };
        let Task::Act(act) = &unit.task else { return false };
        if !act.in_flight {
            return false;
        }
        let attempt = unit.attempts;
        match unit.node(self.plan).map(|node| &node.kind) {
            Some(Kind::Child { .. }) if unit.unwinds_child() => true,
            Some(Kind::Child { .. }) if unit.has_joined() => false,
            Some(Kind::Child { .. }) => {
                let cancel = unit.child_run().map(|run| Action::TellChild { run, word: Word::Cancel });
                self.actions.extend(cancel);
                true
            }
            Some(Kind::Call { .. }) if self.effect(unit) != Effect::Read => true,
            _ => {
                self.actions.push(Action::Abandon { unit: id, attempt });
                false
            }
        }
    }
}
