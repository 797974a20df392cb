//! The fold: how each event changes a run. Nothing is decided here; what is to be looked at again goes into the agenda.

mod acting;
mod alarm;
mod arrival;
mod ending;
mod entrance;
mod opening;
mod outcome;
mod rewound;

use std::sync::Arc;

use super::ages::Ages;
use super::entrance::{Collected, Entrance};
use super::frame::{More, StepRecord};
use super::unit::{Progress, Stage, Step, Task, Unit};
use super::view::View;
use super::{Run, Wish};
use crate::base::failure::Failure;
use crate::base::id::Digest;
use crate::base::time::Timestamp;
use crate::base::value::{Map, Value};
use crate::lang::plan::{Body, Gather, Kind, NodeId, Plan};
use crate::run::event::{Alarm, Event, Record, Role, UnitId};

use opening::new_unit;

impl Run {
    /// Takes one more record in. `plan` is the one the run is pinned to. What counts no more since the run was rewound is not
    /// left out here but by [`fold`](super::fold).
    pub fn apply(&mut self, plan: &Plan, record: &Record) {
        self.events += 1;
        let at = record.at;
        self.secrets.join(&record.event.secrets());
        match &record.event {
            // Folded by `Run::accept`; a second one says nothing new.
            Event::Accepted(_) => {}
            Event::Collected { input, trigger, due, chain } => {
                let item = Collected { input: input.clone(), trigger: trigger.clone(), chain: *chain };
                self.collected(plan, at, item, *due);
            }
            Event::Gathered(gathered) => self.taken_in(gathered),
            Event::Delayed { until } => self.delayed(*until),
            Event::TurnedAway { .. } => {}
            Event::Started { state } => self.started(plan, at, state),
            Event::Set { vars, deadline } => self.set(vars, *deadline),
            Event::Opened { unit, parent, node, role, given } => {
                self.opened(plan, at, *unit, *parent, *node, *role, given);
            }
            Event::Began { unit, timeout, deadline, begin } => {
                self.began(plan, at, *unit, *timeout, *deadline, begin);
            }
            Event::Attempted { unit, attempt, timeout } => self.attempted(*unit, *attempt, *timeout),
            Event::Interrupted { unit, timeout } => self.interrupted(plan, *unit, *timeout),
            Event::Answered { unit, attempt, answer } => self.answered(plan, at, *unit, *attempt, answer),
            Event::Raised { unit, chain, inner, failure, step } => self.raised(*unit, *chain, *inner, failure, step),
            Event::Chose { unit, handler, choice } => self.chose(plan, *unit, *handler, choice),
            Event::Closing { unit, then } => self.closing(plan, *unit, then),
            Event::Ended { unit, outcome } => self.ended(plan, at, *unit, outcome),
            Event::Computed { unit, node, value } => {
                self.remember(plan, at, *unit, *node, value.clone());
                self.passed(plan, *unit, *node);
            }
            Event::Broke { unit, node, failure } => self.broke(plan, at, *unit, *node, failure),
            Event::Assigned { unit, node, add, value } => self.assigned(plan, at, *unit, *node, (*add, value)),
            Event::Passed { unit, node } => self.passed(plan, *unit, *node),
            Event::Enough { unit } => self.enough(*unit),
            Event::Paused { unit, until } => self.turns_paused(*unit, *until),
            Event::Scheduled { unit, clause, at } => self.scheduled(*unit, *clause, *at),
            Event::Woke { unit, alarm } => self.woke(*unit, *alarm),
            Event::Renewed { unit } => self.renewed(plan, at, *unit),
            Event::Launched { unit, node, run, .. } => {
                self.remember(plan, at, *unit, *node, Value::Text(run.0.clone()));
                self.passed(plan, *unit, *node);
            }
            Event::Emitted { unit, node, .. } => self.passed(plan, *unit, *node),
            Event::Replied { unit, node, status, headers, body, raw } => {
                self.replied(*status, headers, body, *raw);
                self.wake_listeners();
                self.passed(plan, *unit, *node);
            }
            Event::Signalled { name, payload } => self.signalled(name, payload),
            Event::Arrived { topic, payload, mark } => self.happened(topic, payload, *mark),
            Event::Asked { unit } => self.asked(*unit),
            Event::Joined { unit, run } => self.joined(*unit, run),
            Event::Took { unit, number } => self.took(*unit, *number),
            Event::Ignored { unit, before } => self.ignored(*unit, *before),
            Event::Unparked { unit, decision, .. } => self.unparked(*unit, decision),
            Event::CancelAsked { .. } => self.cancel_asked(at),
            Event::PauseAsked { by } => self.pause_asked(at, by),
            Event::Resumed { .. } => self.resumed(at),
            Event::Killed { .. } => self.killed(),
            Event::Problem(problem) => self.problems.push(problem.clone()),
            Event::Decided { outcome } => self.decided(outcome),
            Event::Rested => self.rested(at),
            Event::MoveAsked { plan, by } => self.move_asked(*plan, by),
            Event::Moved { .. } => self.wish = None,
            Event::UnwindAsked => self.unwind_asked(),
            Event::Dismissed { .. } => self.dismissed = true,
            Event::RewindAsked(rewinding) => self.rewind_asked(rewinding),
            Event::Rewound(rewinding) => self.rewound(at, rewinding),
        }
    }

    /// The run is to go on under another plan.
    fn move_asked(&mut self, plan: Digest, by: &Arc<str>) {
        self.wish = Some(Wish { plan, by: by.clone(), due: true });
        self.wake(UnitId::RUN);
    }

    /// Puts a unit into the agenda.
    pub(in crate::run) fn wake(&mut self, id: UnitId) {
        if let Some(unit) = self.unit_mut(id)
            && !unit.queued
        {
            unit.queued = true;
            self.agenda.push_back(id);
        }
    }

    /// Puts a unit at the head of the agenda: nothing new may start in it before it was looked at.
    pub(super) fn wake_first(&mut self, id: UnitId) {
        let Some(unit) = self.unit_mut(id) else { return };
        unit.queued = true;
        self.agenda.push_front(id);
    }

    fn started(&mut self, plan: &Plan, at: Timestamp, state: &Value) {
        self.started_at.get_or_insert(at);
        self.entrance = Entrance::Passed;
        match &plan.state {
            Some(declared) if !state.is_unit() => (self.state, self.ages) = Ages::of(declared, state, at),
            _ => {}
        }
        if self.has_begun() {
            return self.is_inside_again(at);
        }
        let frame = self.frames.open(None, plan.body.frame.unwrap_or_default(), None);
        let mut unit = new_unit(UnitId::RUN, None, NodeId(u32::MAX), Role::Run, frame, at);
        unit.stage = Stage::Active;
        unit.view = Some(Box::new(View::of(Value::from(Map::new()))));
        unit.task = Task::Body(Progress::default());
        self.units.put(Box::new(unit));
        self.opened = self.opened.max(1);
        self.wake(UnitId::RUN);
    }

    fn set(&mut self, vars: &Value, deadline: Option<Timestamp>) {
        let Some(unit) = self.unit_mut(UnitId::RUN) else { return };
        unit.view = Some(Box::new(View::of(vars.clone())));
        unit.deadline = deadline;
        if let Some(deadline) = deadline {
            self.alarms.insert((deadline, UnitId::RUN, Alarm::Deadline));
        }
        self.wake(UnitId::RUN);
    }

    /// Puts the value of a statement that only computes where others read it.
    fn remember(&mut self, plan: &Plan, at: Timestamp, id: UnitId, node: NodeId, value: Value) {
        if let (Some(slot), Some(unit)) = (plan.node(node).slot, self.unit(id)) {
            let frame = unit.frame;
            self.frames.write(frame, slot, Some(StepRecord::of(value, at)));
        }
    }

    /// Puts the failure of a `let` where others read its value.
    fn broke(&mut self, plan: &Plan, at: Timestamp, id: UnitId, node: NodeId, failure: &Arc<Failure>) {
        if let (Some(slot), Some(unit)) = (plan.node(node).slot, self.unit(id)) {
            let more = More { broken: Some(failure.clone()), ..More::default() };
            let record = StepRecord { status: "failed", more: Some(Box::new(more)), ..StepRecord::of(Value::Unit, at) };
            let frame = unit.frame;
            self.frames.write(frame, slot, Some(record));
        }
        self.passed(plan, id, node);
    }

    fn passed(&mut self, plan: &Plan, id: UnitId, node: NodeId) {
        if let Some(unit) = self.unit_mut(id) {
            mark(plan, unit, node, Step::Done);
            self.wake(id);
        }
    }

    fn assigned(&mut self, plan: &Plan, at: Timestamp, id: UnitId, node: NodeId, (add, value): (bool, &Value)) {
        if let Kind::Set(set) = &plan.node(node).kind {
            if set.state {
                super::view::assign(&mut self.state, &set.path, add, value.clone());
                self.ages.assigned(&mut self.state, &set.path, add.then_some(value), at);
            } else {
                let mut next = Some(id);
                while let Some(unit) = next.and_then(|id| self.unit_mut(id)) {
                    if let Some(view) = &mut unit.view {
                        view.assign(&set.path, add, value.clone());
                        break;
                    }
                    next = unit.parent;
                }
            }
        }
        self.passed(plan, id, node);
        self.wake_listeners();
    }

    fn enough(&mut self, id: UnitId) {
        if let Some(progress) = self.unit_mut(id).and_then(Unit::progress_mut) {
            progress.enough = true;
        }
        self.wake(id);
    }

    /// The first answer to the caller stands.
    fn replied(&mut self, status: i64, headers: &Value, body: &Value, raw: bool) {
        self.replied_before = false;
        self.reply.get_or_insert_with(|| {
            // Who asks for `raw` learns that it was written so; `body` is what the caller gets in any case.
            let raw = if raw { body.clone() } else { Value::Unit };
            Value::map([
                ("status", Value::Int(status)),
                ("headers", headers.clone()),
                ("body", body.clone()),
                ("raw", raw),
            ])
        });
    }
}

impl StepRecord {
    /// The record of something that only has a value.
    pub fn of(output: Value, at: Timestamp) -> Self {
        Self { status: "completed", output, attempts: 1, started: at, ended: at, more: None }
    }
}

/// What is read outside of a loop or race.
fn gathers(kind: &Kind) -> &[Gather] {
    match kind {
        Kind::For(each) => &each.gathers,
        Kind::While { gathers, .. } | Kind::Repeat { gathers, .. } => gathers,
        Kind::Race(race) => &race.gathers,
        _ => &[],
    }
}

/// The statements of the bodies of a block that open no frame of their own.
fn grouped_statements(kind: &Kind) -> Vec<NodeId> {
    let bodies: Vec<&Body> = match kind {
        Kind::Sequence(body) | Kind::Parallel(body) | Kind::Lock { body, .. } => vec![body],
        Kind::If { arms, otherwise } => {
            arms.iter().map(|(_, branch)| branch).chain(otherwise).map(|branch| &branch.body).collect()
        }
        Kind::Match { arms, .. } => arms.iter().map(|arm| &arm.branch.body).collect(),
        _ => Vec::new(),
    };
    bodies.into_iter().flat_map(|body| body.statements.iter().copied()).collect()
}

/// Notes how far a statement of a body is.
fn mark(plan: &Plan, unit: &mut Unit, node: NodeId, step: Step) {
    let parallel = unit.is_parallel(plan);
    // The statements of a body have rising numbers. What was changed since it was carried out counts as what stands in its
    // place; what is gone does not count.
    let body = unit.body(plan);
    let count = body.map_or(0, |body| body.statements.len());
    let index = body.and_then(|body| body.statements.binary_search(&plan.past.place_of(node)).ok());
    let (Some(index), Some(progress)) = (index, unit.progress_mut()) else { return };
    if parallel {
        progress.each.resize(count, Step::Pending);
        let old = std::mem::replace(&mut progress.each[index], step);
        progress.opened += u32::from(old == Step::Pending);
        progress.done += u32::from(step == Step::Done);
    } else if step == Step::Done {
        // Where what was carried out stands in another order now, all before it has been carried out as well.
        progress.done = progress.done.max(index as u32 + 1);
    }
}

/// Something in a unit has failed. The first failure is the unit's; others are only told (semantics 25).
fn fall(unit: &mut Unit, failure: Arc<Failure>, origin: NodeId) {
    let first = unit.fallen.is_none() && unit.trouble.is_none() && unit.closing.is_none() && !unit.resting;
    if first {
        unit.fallen = Some(failure);
        unit.origin = Some(origin);
    } else {
        unit.also.push(failure);
    }
}
