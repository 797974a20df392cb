//! A run that rested goes on (semantics 76 to 79). What counts no more was left out before; here, what is left is set going.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::unit::{Entry, Task};
use super::super::{Ending, Entrance, Run};
use crate::base::id::RunId;
use crate::base::time::{Duration, Timestamp};
use crate::lang::plan::{Kind, Plan};
use crate::run::event::{Acceptance, Alarm, Rewinding, Role, UnitId};

impl Run {
    /// What was done of what is done again is to be undone first: the run as it rested does that, in its places.
    pub(super) fn rewind_asked(&mut self, rewinding: &Arc<Rewinding>) {
        self.needs(rewinding);
        self.ending = Ending::Decided(u32::MAX);
        self.rewinding = Some(rewinding.clone());
        (self.killed, self.paused) = (false, false);
        // What is not done again keeps its effects, and can still be undone another time.
        let (entries, left) =
            self.take_undoable().into_iter().partition(|(_, entry)| rewinding.undo.contains(&entry.place));
        self.left = left;
        if let Some(unit) = self.unit_mut(UnitId::RUN) {
            unit.undo = entries;
            // What was under way when the run was killed is not awaited.
            unit.children.clear();
        }
        self.wake(UnitId::RUN);
    }

    /// What can be undone of a run that rests, wherever it lies: a run that was killed has left it where it was.
    fn take_undoable(&mut self) -> BTreeMap<u32, Entry> {
        let mut entries = std::mem::take(&mut self.left);
        let ids: Vec<UnitId> = self.units().map(|unit| unit.id).collect();
        for unit in ids {
            let Some(unit) = self.unit_mut(unit) else { continue };
            entries.append(&mut unit.undo);
            entries.append(&mut unit.kept);
        }
        entries
    }

    /// What could be undone of a run that rests, the latest first.
    pub fn undoable(&self) -> Vec<&Entry> {
        let inside = self.units().flat_map(|unit| unit.undo.iter().chain(&unit.kept));
        let entries: BTreeMap<u32, &Entry> =
            self.left.iter().chain(inside).map(|(order, entry)| (*order, entry)).collect();
        entries.into_values().rev().collect()
    }

    /// It asks for its places again, if it needs any to go on.
    fn needs(&mut self, rewinding: &Rewinding) {
        let Some(admission) = &rewinding.admission else { return };
        self.accepted = Arc::new(Acceptance { admission: admission.clone(), ..(*self.accepted).clone() });
        if self.has_begun() && !admission.places.is_empty() {
            self.entrance = Entrance::Asking;
        }
    }

    /// It has its places again, and goes on.
    pub(super) fn is_inside_again(&mut self, at: Timestamp) {
        match self.ending {
            Ending::NotYet => self.go_on(at, UnitId::RUN),
            // What was done is undone first.
            Ending::Decided(_) | Ending::Rested => self.wake(UnitId::RUN),
        }
    }

    /// What was done before is the affair of the run that this one is a fork of: its undos, its signals, its doubts.
    fn disown(&mut self) {
        let entries = self.take_undoable();
        entries.into_values().for_each(|entry| self.frames.release(entry.frame));
        self.signals.clear();
        self.doubts.clear();
        self.started_at = None;
    }

    /// Everything that stands open goes on, once the run has the places that it needs.
    pub(super) fn rewound(&mut self, at: Timestamp, rewinding: &Rewinding) {
        self.needs(rewinding);
        if let Some(input) = &rewinding.input {
            self.accepted = Arc::new(Acceptance { input: input.clone(), ..(*self.accepted).clone() });
        }
        if let Some(other) = &rewinding.of {
            self.disown();
            self.fork_of = Some(other.clone());
        }
        if let Some(plan) = rewinding.plan {
            self.move_asked(plan, &rewinding.by);
        }
        self.through = rewinding.through.clone();
        self.generations.extend(rewinding.generations.iter().cloned());
        self.edits = rewinding.params.iter().cloned().collect();
        let continued = rewinding.children.iter().cloned();
        self.continued = continued.map(|(place, params, run)| (place, (params, run))).collect();
        for id in &rewinding.anew {
            if let Some(unit) = self.unit_mut(*id) {
                unit.generation += 1;
            }
        }
        self.stand_still();
        if rewinding.inside {
            self.entrance = Entrance::Passed;
        }
        if self.entrance == Entrance::Passed && self.has_begun() {
            self.started_at.get_or_insert(at);
            self.go_on(at, UnitId::RUN);
        }
    }

    /// Nobody is looked at and no time comes, until it is said who goes on.
    fn stand_still(&mut self) {
        self.alarms.clear();
        self.listeners.clear();
        self.outside.clear();
        self.operating.clear();
        self.parked.clear();
        self.touched.clear();
        self.held.clear();
        for id in std::mem::take(&mut self.agenda) {
            if let Some(unit) = self.unit_mut(id) {
                unit.queued = false;
            }
        }
        let ids: Vec<UnitId> = self.units().map(|unit| unit.id).collect();
        for id in ids {
            let Some(unit) = self.unit_mut(id) else { continue };
            let places = match &mut unit.task {
                Task::Gate(gate) => {
                    // The place was given back; it is asked for anew, with new bounds in time.
                    (gate.asked, gate.entered) = (false, false);
                    (unit.timeout, unit.deadline) = (None, None);
                    None
                }
                Task::Loop(turns) => turns.max,
                Task::Race(race) => race.max,
                Task::None | Task::Act(_) | Task::Sleep { .. } | Task::Listen(_) | Task::Body(_) => None,
            };
            if let Some(places) = places {
                self.hold(id, places);
            }
        }
    }

    /// Only so many turns or branches go on at once; the others wait, the first ones first.
    fn hold(&mut self, id: UnitId, places: u64) {
        let children = self.unit(id).map(|unit| unit.children.clone()).unwrap_or_default();
        let mut runners: Vec<(u32, UnitId)> = children
            .into_iter()
            .filter_map(|child| match self.unit(child)?.role {
                Role::Turn(index) | Role::Branch(index) => Some((index, child)),
                _ => None,
            })
            .collect();
        runners.sort_unstable();
        let places = usize::try_from(places).unwrap_or(usize::MAX).max(1);
        if runners.len() > places {
            self.held.insert(id, runners.into_iter().skip(places).map(|(_, child)| child).collect());
        }
    }

    /// A turn or branch has ended: the next one that waits for its place goes on.
    pub(super) fn let_next(&mut self, at: Timestamp, id: UnitId) {
        let Some(waiting) = self.held.get_mut(&id) else { return };
        let next = waiting.pop_front();
        if waiting.is_empty() {
            self.held.remove(&id);
        }
        if let Some(next) = next {
            self.go_on(at, next);
        }
    }

    /// A lock was entered: what stands open inside since the run was rewound has waited for that.
    pub(super) fn entered(&mut self, at: Timestamp, id: UnitId) {
        let inside = self.unit(id).map(|unit| unit.children.clone()).unwrap_or_default();
        inside.into_iter().for_each(|child| self.go_on(at, child));
        self.wake(id);
    }

    /// A unit that stands open again, and what stands open in it, goes on: the bounds on its time count from now. What is
    /// inside of a lock waits until that is entered.
    pub(super) fn go_on(&mut self, at: Timestamp, id: UnitId) {
        let mut next = vec![id];
        while let Some(id) = next.pop() {
            let Some(unit) = self.unit_mut(id) else { continue };
            let passed = Duration::between(unit.since, at);
            unit.since = at;
            unit.timeout = unit.timeout.map(|timeout| passed.after(timeout));
            unit.deadline = unit.deadline.map(|deadline| passed.after(deadline));
            let (timeout, deadline) = (unit.timeout, unit.deadline);
            let waits = matches!(&unit.task, Task::Gate(gate) if !gate.entered);
            let children = if waits { Vec::new() } else { unit.children.clone() };
            self.alarms.extend(timeout.map(|timeout| (timeout, id, Alarm::Timeout)));
            self.alarms.extend(deadline.map(|deadline| (deadline, id, Alarm::Deadline)));
            self.wake(id);
            let held = self.held.get(&id);
            let goes = |child: &UnitId| held.is_none_or(|held| !held.contains(child));
            next.extend(children.into_iter().rev().filter(goes));
        }
    }

    /// A unit that is opened since the run was rewound has the generation, and the parameters, that were given to its place.
    pub(super) fn take_generation(&mut self, plan: &Plan, id: UnitId) {
        if self.generations.is_empty() {
            return;
        }
        let place = self.place(plan, id);
        let generation = self.generation_of(&place);
        let Some(unit) = self.unit_mut(id) else { return };
        unit.generation = generation;
        let edited = self.edits.remove(&*self.place(plan, id));
        if let Some(unit) = self.unit_mut(id).filter(|_| edited.is_some()) {
            unit.edited = edited;
        }
    }

    /// The generation in which what stands at this place is begun next.
    pub(in crate::run) fn generation_of(&self, place: &str) -> u32 {
        self.generations.get(place).copied().unwrap_or_default()
    }

    /// Whether the run that a unit waits for is one that goes on where it failed.
    pub(super) fn goes_on(&mut self, plan: &Plan, id: UnitId, key: &Arc<str>) {
        let place = self.place_with(plan, id, false);
        let run = RunId(key.clone());
        let Some((_, (_, continued))) = self.continued.remove_entry(&*place) else { return };
        if let Some(unit) = self.unit_mut(id)
            && matches!(plan.node(unit.node).kind, Kind::Child { .. })
            && let Task::Act(act) = &mut unit.task
        {
            act.continues = continued == run;
        }
    }

    /// What is done again of the run once all of it that was done is undone.
    pub fn rewinding(&self) -> Option<&Arc<Rewinding>> {
        self.rewinding.as_ref().filter(|_| self.is_at_rest())
    }
}
