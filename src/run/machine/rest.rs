//! Coming to rest (semantics 30), and what comes after: an end, an undoing, a new beginning.

use super::step::child_run;
use super::{Action, Machine};
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
            if let Some(output) = act.output.clone() {
                // It happened: a fact, with its undo.
                return self.end(id, Outcome::Completed { output });
            }
            if act.in_flight {
                let key = act.key.clone();
                match unit.node(self.plan).map(|node| &node.kind) {
                    // Child runs are cancelled and awaited.
                    Some(Kind::Child { .. }) if unit.role != Role::Undo => {
                        return self.actions.push(Action::CancelChild { run: child_run(&key) });
                    }
                    Some(Kind::Ask(_)) => {}
                    Some(Kind::Call { .. }) if self.effect(unit) == Effect::Read => {}
                    // Tearing it off would make a doubt out of a fact.
                    _ => return,
                }
                self.actions.push(Action::Abandon { unit: id, attempt });
            } else if let Some(trouble) = &unit.trouble {
                let failure = trouble.failure.clone();
                return self.end(id, Outcome::Failed { failure });
            }
        }
        self.end(id, Outcome::Cancelled);
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
                    self.record(Event::Renewed { unit: id });
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
            Some(Kind::Child { .. }) => {
                let run = child_run(&act.key);
                self.actions.push(Action::CancelChild { run });
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
