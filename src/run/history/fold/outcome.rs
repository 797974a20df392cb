//! The end of a run: who asks for it, when it is decided, when all is at rest.

use super::super::{Ending, Entrance, Run};
use crate::base::time::Timestamp;
use crate::run::event::{Outcome, UnitId};

impl Run {
    pub(super) fn cancel_asked(&mut self, at: Timestamp) {
        if self.outcome.is_none() {
            self.cancel_asked = true;
            self.resumed(at);
            self.wake_first(UnitId::RUN);
        } else if self.waits_to_undo() {
            self.rewinding = None;
            self.entrance = Entrance::Passed;
        }
    }

    pub(super) fn killed(&mut self) {
        self.killed = true;
        self.rewinding = None;
        self.wake(UnitId::RUN);
    }

    pub(super) fn decided(&mut self, outcome: &Outcome) {
        self.outcome = Some(outcome.clone());
        self.rewinding = None;
        self.entrance = Entrance::Passed;
        self.ending = Ending::Decided(0);
        if let Some(unit) = self.unit_mut(UnitId::RUN) {
            unit.trouble = None;
            unit.fallen = None;
            unit.deadline = None;
        }
        self.alarms.retain(|(_, unit, _)| *unit != UnitId::RUN);
        self.wake(UnitId::RUN);
    }

    pub(super) fn rested(&mut self, at: Timestamp) {
        self.ending = Ending::Rested;
        self.rested_at = Some(at);
        self.alarms.clear();
        for id in std::mem::take(&mut self.agenda) {
            if let Some(unit) = self.unit_mut(id) {
                unit.queued = false;
            }
        }
        // Of a run that was killed, units are left in the midst of what they do.
        let left: Vec<UnitId> = self.units().map(|unit| unit.id).collect();
        left.into_iter().for_each(|id| self.touch(id));
        self.parked.clear();
        self.listeners.clear();
        self.clocked.clear();
        if let Some(unit) = self.unit_mut(UnitId::RUN) {
            let mut undo = std::mem::take(&mut unit.undo);
            self.left.append(&mut undo);
        }
    }

    pub(super) fn unwind_asked(&mut self) {
        self.ending = Ending::Decided(u32::MAX);
        self.undone = true;
        self.problems_before = self.problems.len();
        let left = std::mem::take(&mut self.left);
        if let Some(unit) = self.unit_mut(UnitId::RUN) {
            unit.undo = left;
        }
        self.wake(UnitId::RUN);
    }
}
