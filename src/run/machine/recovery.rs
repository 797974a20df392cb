//! Taking a run up again that the end of a process has cut off (semantics 48, 49).

use super::{Action, Machine, Word};
use crate::base::failure::{Failure, Kind as FailureKind};
use crate::base::limit;
use crate::base::time::{Duration, Timestamp};
use crate::base::value::Value;
use crate::lang::catalog::Effect;
use crate::lang::plan::{Kind, Plan};
use crate::run::event::{Event, UnitId};
use crate::run::history::Run;
use crate::run::history::unit::{Task, Unit};
use crate::run::world::Settings;

/// Takes up every attempt that was under way when the process ended: what may be repeated is, under the same key and free of
/// any budget; what may not fails as `outcome_unknown`. What follows is decided by the next [`decide`](super::decide).
pub fn take_up(plan: &Plan, run: &mut Run, now: Timestamp, settings: &dyn Settings, actions: &mut Vec<Action>) {
    let cut_off: Vec<UnitId> =
        run.outside().filter(|unit| matches!(unit.task, Task::Act(_))).map(|unit| unit.id).collect();
    let mut machine = Machine { plan, run, now, spent: false, settings, actions, weight: 0 };
    for unit in cut_off {
        machine.take_up(unit);
    }
}

impl Machine<'_> {
    fn take_up(&mut self, id: UnitId) {
        let plan = self.plan;
        let Some(unit) = self.run.unit(id) else { return };
        let Some(node) = unit.node(plan) else { return };
        let attempt = unit.attempts;
        if !matches!(node.kind, Kind::Call { .. }) {
            // A question stands, and a child run is joined: neither was interrupted (semantics 48).
            self.perform(id, node, attempt, None);
            return self.say_again(id);
        }
        let bound = match self.attempt_bound(id, node) {
            Ok(bound) => bound,
            Err(failure) => return self.failed_attempt(id, attempt, failure, false),
        };
        self.record(Event::Interrupted { unit: id, timeout: bound.map(|bound| bound.after(self.now)) });
        let Some(unit) = self.run.unit(id) else { return };
        if unit.interruptions >= limit::INTERRUPTIONS_MAX {
            let message = "it was cut off by the end of the process again and again";
            let failure =
                Failure::new(FailureKind::OutcomeUnknown, message).detail("cause", Value::from("interrupted"));
            return self.failed_attempt(id, attempt, failure, false);
        }
        if unit.deadline.is_some_and(|deadline| deadline <= self.now) {
            let failure = Failure::new(FailureKind::Timeout, "the process ended, and its deadline has passed since");
            return self.failed_attempt(id, attempt, failure, false);
        }
        if self.may_be_repeated(unit) {
            return self.perform(id, node, attempt, bound);
        }
        let message = "the process ended while it was under way: it may have happened, and nobody can know";
        let failure = Failure::new(FailureKind::OutcomeUnknown, message).detail("cause", Value::from("interrupted"));
        self.failed_attempt(id, attempt, failure, false);
    }

    /// A child may not have heard what it was told before the process ended: that its time is up, that it is to stand still, or that it may go on.
    fn say_again(&mut self, id: UnitId) {
        let Some(unit) = self.run.unit(id).filter(|unit| !unit.unwinds_child() && !unit.has_joined()) else { return };
        let Some((run, _)) = self.run.other_run(self.plan, unit) else { return };
        let over = [unit.timeout, unit.deadline].into_iter().flatten().any(|bound| bound <= self.now);
        if over {
            self.actions.push(Action::TellChild { run, word: Word::Cancel });
        } else if self.run.paused {
            self.actions.push(Action::TellChild { run, word: Word::Pause });
        } else if self.run.was_resumed() {
            self.actions.push(Action::TellChild { run, word: Word::ResumeAgain });
        }
    }

    /// Whether what a unit does may be done once more under the same key: the far side forgets keys after a while
    /// (semantics 46).
    fn may_be_repeated(&self, unit: &Unit) -> bool {
        match self.effect(unit) {
            Effect::Read => true,
            Effect::Keyed { keep, .. } => keep.is_none_or(|keep| Duration::between(unit.opened, self.now) <= keep),
            Effect::Once => false,
        }
    }
}
