//! What a run waits for from outside, read off its units.

use super::Run;
use super::unit::{Far, Task, Unit};
use crate::lang::plan::node;
use crate::lang::plan::{Kind, Plan};
use crate::run::event::UnitId;
use crate::run::wait::{For, Wait};

impl Run {
    /// Everything it waits for from outside, by the units that do.
    pub fn waits(&self, plan: &Plan) -> Vec<(UnitId, Wait)> {
        self.units().filter_map(|unit| Some((unit.id, self.wait_of(plan, unit)?))).collect()
    }

    /// What its units wait for, as far as that has changed since it was last asked: nothing where they wait no more.
    pub fn take_waits(&mut self, plan: &Plan) -> Vec<(UnitId, Option<Wait>)> {
        let touched = std::mem::take(&mut self.touched);
        let now = |id| self.unit(id).and_then(|unit| self.wait_of(plan, unit));
        touched.into_iter().map(|id| (id, now(id))).collect()
    }

    /// Lets everything it waits for count as changed.
    pub fn touch_waits(&mut self, plan: &Plan) {
        let waiting = self.waits(plan);
        self.touched.extend(waiting.into_iter().map(|(id, _)| id));
    }

    /// Whether anything has changed since it was last asked.
    pub fn has_touched_waits(&self) -> bool {
        !self.touched.is_empty()
    }

    fn wait_of(&self, plan: &Plan, unit: &Unit) -> Option<Wait> {
        if self.is_at_rest() || unit.resting || unit.closing.is_some() {
            return None;
        }
        let kind = unit.node(plan).map(|node| &node.kind);
        let (kind, name, fit) = match (&unit.task, kind) {
            // A body at the end of the run may be parked too: no statement stands for it.
            _ if unit.is_parked() => (For::Decision, self.step_name(plan, unit.id), None),
            (Task::Act(act), Some(Kind::Ask(_))) if act.in_flight => (For::Answer, self.step_name(plan, unit.id), None),
            (Task::Listen(listen), Some(Kind::Wait(wait))) if listen.output.is_none() => match wait {
                node::Wait::Event { topic, .. } => (For::Event, topic.clone(), listen.fit.clone()),
                node::Wait::Signal(name) => (For::Signal, name.clone(), None),
                node::Wait::For(_) | node::Wait::Until(_) => return None,
            },
            _ => return None,
        };
        Some(Wait { kind, name, place: self.place(plan, unit.id).into(), since: unit.opened, fit })
    }

    /// Notes that what a unit waits for from outside may have changed.
    pub(super) fn touch(&mut self, id: UnitId) {
        self.touched.insert(id);
    }

    /// The same, for a unit that begins anew or has ended, if it waited for anything.
    pub(super) fn untouch(&mut self, unit: &Unit) {
        let waited = match &unit.task {
            Task::Listen(_) => true,
            Task::Act(act) => act.far == Far::Person,
            _ => false,
        };
        if self.parked.remove(&unit.id) || waited {
            self.touched.insert(unit.id);
        }
    }
}
