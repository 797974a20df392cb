//! Attempts, their answers, and what handlers chose.

use std::sync::Arc;

use super::super::Run;
use super::super::unit::{Awaits, Far, Stage, Task, Trouble, Unit};
use crate::base::failure::Failure;
use crate::base::id::RunId;
use crate::base::time::Timestamp;
use crate::lang::catalog::Effect;
use crate::lang::plan::{ChainId, HandlerId, Link, Plan};
use crate::run::event::{Alarm, Answer, Choice, Decision, UnitId};

impl Run {
    pub(super) fn attempted(&mut self, id: UnitId, attempt: u32, timeout: Option<Timestamp>) {
        let Some(unit) = self.unit_mut(id) else { return };
        unit.stage = Stage::Active;
        unit.attempts = attempt;
        unit.trouble = None;
        let old = std::mem::replace(&mut unit.timeout, timeout);
        if let Task::Act(act) = &mut unit.task {
            act.in_flight = true;
            act.asked = false;
            act.joined = None;
            // What worked but did not give what the program states has happened all the same.
            unit.doubt |= act.output.take().is_some();
        }
        let asks = matches!(&unit.task, Task::Act(act) if act.far == Far::Person);
        let operates = matches!(&unit.task, Task::Act(act) if act.far == Far::Operation);
        self.outside.insert(id);
        if operates {
            self.operating.insert(id);
        }
        if asks {
            self.touch(id);
        }
        self.move_timeout(id, old, timeout);
    }

    /// Nothing is under way outside for a unit any more.
    pub(super) fn answers_no_more(&mut self, id: UnitId) {
        self.outside.remove(&id);
        self.operating.remove(&id);
    }

    /// Whoever was asked answers later: nothing is under way that the end of this process would cut off.
    pub(super) fn asked(&mut self, id: UnitId) {
        if let Some(Task::Act(act)) = self.unit_mut(id).map(|unit| &mut unit.task) {
            act.asked = true;
            self.answers_no_more(id);
        }
    }

    /// Another run has the key of the one that was to be started, and is waited for instead.
    pub(super) fn joined(&mut self, id: UnitId, run: &RunId) {
        if let Some(Task::Act(act)) = self.unit_mut(id).map(|unit| &mut unit.task) {
            act.joined = Some(run.clone());
        }
    }

    /// The attempt under way is taken up again. What the far side may have done already is in doubt, unless it may be done
    /// any number of times.
    pub(super) fn interrupted(&mut self, plan: &Plan, id: UnitId, timeout: Option<Timestamp>) {
        let Some(unit) = self.unit_mut(id) else { return };
        unit.interruptions += 1;
        let effect = unit.node(plan).and_then(|node| plan.effect(node));
        unit.doubt |= !matches!(effect, None | Some(Effect::Read));
        let old = std::mem::replace(&mut unit.timeout, timeout);
        self.move_timeout(id, old, timeout);
    }

    fn move_timeout(&mut self, id: UnitId, old: Option<Timestamp>, new: Option<Timestamp>) {
        if let Some(old) = old {
            self.alarms.remove(&(old, id, Alarm::Timeout));
        }
        if let Some(new) = new {
            self.alarms.insert((new, id, Alarm::Timeout));
        }
    }

    pub(super) fn answered(&mut self, plan: &Plan, at: Timestamp, id: UnitId, attempt: u32, answer: &Answer) {
        if !matches!(self.unit(id).map(|unit| &unit.task), Some(Task::Gate(_))) {
            self.answers_no_more(id);
        }
        let Some(unit) = self.unit_mut(id) else { return };
        // The timeout of a lock bounds what is done inside as well.
        if let Some(timeout) = unit.timeout.take_if(|_| !matches!(unit.task, Task::Gate(_))) {
            self.alarms.remove(&(timeout, id, Alarm::Timeout));
        }
        let step = match answer {
            Answer::Failed { .. } => self.step_name(plan, id),
            Answer::Done { .. } => Arc::default(),
        };
        let Some(unit) = self.unit_mut(id) else { return };
        match (&mut unit.task, answer) {
            (Task::Act(act), Answer::Done { value, next, by }) if act.in_flight && unit.attempts == attempt => {
                act.in_flight = false;
                act.output = Some(value.clone());
                act.next = next.clone();
                act.by = by.clone();
                unit.doubt = false;
            }
            (Task::Act(act), Answer::Failed { failure, certain }) if act.in_flight && unit.attempts == attempt => {
                act.in_flight = false;
                unit.doubt |= !certain;
                let chain = asked_by(plan, unit);
                unit.trouble = Some(Box::new(Trouble::new(failure.clone(), step, chain)));
            }
            (Task::Listen(listen), Answer::Done { value, by, .. }) => {
                listen.output = Some(value.clone());
                listen.by = by.clone();
            }
            (Task::Gate(gate), Answer::Done { .. }) => {
                gate.entered = true;
                return self.entered(at, id);
            }
            (_, Answer::Failed { failure, .. }) => {
                let chain = unit.node(plan).map(|node| node.chain).unwrap_or_default();
                unit.trouble = Some(Box::new(Trouble::new(failure.clone(), step, chain)));
            }
            _ => return,
        }
        if !matches!(&unit.task, Task::Act(act) if act.far == Far::Operation) {
            self.touch(id);
        }
        self.wake(id);
    }

    pub(super) fn raised(&mut self, id: UnitId, chain: ChainId, inner: bool, failure: &Arc<Failure>, step: &Arc<str>) {
        let Some(unit) = self.unit_mut(id) else { return };
        unit.fallen = None;
        let at_rest = unit.closing.take().is_some();
        unit.trouble = Some(Box::new(Trouble { at_rest, inner, ..Trouble::new(failure.clone(), step.clone(), chain) }));
        self.wake(id);
    }

    pub(super) fn chose(&mut self, plan: &Plan, id: UnitId, handler: Option<HandlerId>, choice: &Choice) {
        let Some(unit) = self.unit_mut(id) else { return };
        let Some(trouble) = &mut unit.trouble else { return };
        if let Some(handler) = handler {
            let links = &plan.chains[trouble.chain.0 as usize];
            let passed = links[trouble.cursor..].iter().position(|link| *link == Link::Handler(handler));
            trouble.cursor += passed.map_or(0, |passed| passed + 1);
        }
        match choice {
            Choice::Pass => {}
            Choice::Notify => trouble.awaits = Awaits::Notify,
            Choice::Alternate => trouble.awaits = Awaits::Alternate,
            Choice::Park => trouble.awaits = Awaits::Person,
            Choice::Retry { at } => {
                if let Some(handler) = handler {
                    *unit.budgets.entry(handler).or_default() += 1;
                }
                if matches!(unit.task, Task::Act(_)) {
                    unit.stage = Stage::Pausing;
                    unit.trouble = None;
                    self.set_due(id, Some(*at));
                }
            }
            // What these lead to has events of its own.
            Choice::Skip { .. } | Choice::SkipItem | Choice::Fail { .. } | Choice::Unsettled => {}
        }
        if *choice == Choice::Park {
            self.parked.insert(id);
            self.touch(id);
        }
        self.wake(id);
    }

    pub(super) fn unparked(&mut self, id: UnitId, decision: &Decision) {
        let Some(unit) = self.unit_mut(id) else { return };
        if let Decision::Retry { params } = decision {
            unit.edited.clone_from(params);
        }
        self.parked.remove(&id);
        self.touch(id);
        self.wake(id);
    }
}

/// The handlers that a failed attempt of a unit meets. A child run that undoes itself has asked those of each of its undos.
fn asked_by(plan: &Plan, unit: &Unit) -> ChainId {
    unit.node(plan).filter(|_| !unit.unwinds_child()).map(|node| node.chain).unwrap_or_default()
}
