//! Alarms: what units sleep for, and the bounds on their time.

use std::sync::Arc;

use super::super::Run;
use super::super::unit::{Stage, Task, Unit};
use crate::base::time::{Duration, Timestamp};
use crate::run::event::{Alarm, Then, UnitId};

impl Run {
    pub(super) fn woke(&mut self, id: UnitId, alarm: Alarm) {
        let Some(unit) = self.unit_mut(id) else {
            if id == UnitId::RUN {
                return self.on_time();
            }
            self.alarms.retain(|(_, unit, _)| *unit != id);
            return;
        };
        let passed = match alarm {
            Alarm::Due => {
                match &mut unit.task {
                    Task::Sleep { over } if unit.stage == Stage::Active => *over = true,
                    Task::Loop(turns) => turns.ready = true,
                    _ => {}
                }
                unit.due.take()
            }
            // Taken from the unit only when it has been dealt with: the machine reads it.
            Alarm::Timeout => unit.timeout,
            Alarm::Deadline => unit.deadline,
            Alarm::Meanwhile(clause) => {
                let tick = unit.ticks.iter().position(|(other, _)| *other == clause);
                tick.map(|tick| unit.ticks.swap_remove(tick).1)
            }
        };
        match passed {
            Some(passed) => drop(self.alarms.remove(&(passed, id, alarm))),
            None => self.alarms.retain(|(_, unit, other)| (*unit, *other) != (id, alarm)),
        }
        self.wake(id);
    }

    pub(super) fn scheduled(&mut self, id: UnitId, clause: u32, at: Timestamp) {
        self.alarms.insert((at, id, Alarm::Meanwhile(clause)));
        if let Some(unit) = self.unit_mut(id) {
            unit.ticks.push((clause, at));
        }
    }

    /// A loop pauses between two turns.
    pub(super) fn turns_paused(&mut self, id: UnitId, until: Timestamp) {
        if let Some(unit) = self.unit_mut(id)
            && let Task::Loop(turns) = &mut unit.task
        {
            turns.ready = false;
        }
        self.set_due(id, Some(until));
    }

    /// The whole run stands still.
    pub(super) fn pause_asked(&mut self, at: Timestamp, by: &Arc<str>) {
        self.paused = true;
        self.paused_at = at;
        self.paused_by = by.clone();
    }

    /// Goes on after a pause: what was left of timeouts, deadlines and pauses between attempts is left still; waits have
    /// gone on meanwhile (semantics 11).
    pub(super) fn resumed(&mut self, at: Timestamp) {
        if !std::mem::take(&mut self.paused) {
            return;
        }
        self.resumed = true;
        let passed = Duration::between(self.paused_at, at);
        for (due, id, alarm) in std::mem::take(&mut self.alarms) {
            let later = passed.after(due);
            let shifted = match (self.unit_mut(id), alarm) {
                (Some(unit), Alarm::Timeout) => unit.timeout.replace(later).is_some(),
                (Some(unit), Alarm::Deadline) => unit.deadline.replace(later).is_some(),
                (Some(unit), Alarm::Due) if unit.is_between_attempts() => unit.due.replace(later).is_some(),
                (_, Alarm::Due | Alarm::Meanwhile(_)) | (None, _) => false,
            };
            self.alarms.insert((if shifted { later } else { due }, id, alarm));
            // Whoever begins anew then has it written into what it closes for.
            if let Some(Then::Anew { at }) = self.unit_mut(id).and_then(|unit| unit.closing.as_deref_mut())
                && shifted
                && alarm == Alarm::Due
            {
                *at = later;
            }
        }
    }

    /// Sets, or takes away, what a unit sleeps for.
    pub(super) fn set_due(&mut self, id: UnitId, due: Option<Timestamp>) {
        let Some(unit) = self.unit_mut(id) else { return };
        let old = std::mem::replace(&mut unit.due, due);
        if let Some(old) = old {
            self.alarms.remove(&(old, id, Alarm::Due));
        }
        if let Some(due) = due {
            self.alarms.insert((due, id, Alarm::Due));
        }
    }

    pub(super) fn forget_alarms(&mut self, unit: &Unit) {
        let id = unit.id;
        if let Some(at) = unit.timeout {
            self.alarms.remove(&(at, id, Alarm::Timeout));
        }
        if let Some(at) = unit.deadline {
            self.alarms.remove(&(at, id, Alarm::Deadline));
        }
        if let Some(at) = unit.due {
            self.alarms.remove(&(at, id, Alarm::Due));
        }
        for (clause, at) in &unit.ticks {
            self.alarms.remove(&(*at, id, Alarm::Meanwhile(*clause)));
        }
    }
}
