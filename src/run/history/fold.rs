//! The fold: how each event changes a run. Nothing is decided here; what is to be looked at again goes into the agenda.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::frame::{More, StepRecord, error_value};
use super::unit::{Act, Awaits, Entry, Gate, Listen, Loop, Progress, Race, Stage, Step, Task, Trouble, Unit};
use super::view::View;
use super::{Arrival, Ending, Run};
use crate::base::failure::Failure;
use crate::base::time::{Duration, Timestamp};
use crate::base::value::{Map, Value};
use crate::lang::plan::node::Runners;
use crate::lang::plan::{Body, Gather, Kind, Link, NodeId, Plan, Slot};
use crate::run::event::{Alarm, Answer, Begin, Choice, Decision, Event, Outcome, Record, Role, Then, UnitId};

impl Run {
    /// Takes one more record in. `plan` is the one the run is pinned to.
    pub fn apply(&mut self, plan: &Plan, record: &Record) {
        self.events += 1;
        let at = record.at;
        match &record.event {
            // Folded by `Run::accept`; a second one says nothing new.
            Event::Accepted(_) => {}
            Event::Started => self.started(plan, at),
            Event::Set { vars, deadline } => self.set(vars, *deadline),
            Event::Opened { unit, parent, node, role, given } => {
                self.opened(plan, at, *unit, *parent, *node, *role, given);
            }
            Event::Began { unit, timeout, deadline, begin } => {
                self.began(plan, at, *unit, *timeout, *deadline, begin);
            }
            Event::Attempted { unit, attempt, timeout } => self.attempted(*unit, *attempt, *timeout),
            Event::Answered { unit, attempt, answer } => self.answered(plan, *unit, *attempt, answer),
            Event::Raised { unit, chain, inner, failure, step } => {
                let Some(unit) = self.unit_mut(*unit) else { return };
                unit.fallen = None;
                let at_rest = unit.closing.take().is_some();
                unit.trouble = Some(Box::new(Trouble {
                    at_rest,
                    failure: failure.clone(),
                    step: step.clone(),
                    chain: *chain,
                    cursor: 0,
                    inner: *inner,
                    awaits: Awaits::Nothing,
                }));
                let id = unit.id;
                self.wake(id);
            }
            Event::Chose { unit, handler, choice } => self.chose(plan, *unit, *handler, choice),
            Event::Closing { unit, then } => self.closing(plan, *unit, then),
            Event::Ended { unit, outcome } => self.ended(plan, at, *unit, outcome),
            Event::Computed { unit, node, value } => {
                self.remember(plan, at, *unit, *node, value.clone());
                self.passed(plan, *unit, *node);
            }
            Event::Broke { unit, node, failure } => self.broke(plan, at, *unit, *node, failure),
            Event::Assigned { unit, node, add, value } => self.assigned(plan, *unit, *node, *add, value),
            Event::Passed { unit, node } => self.passed(plan, *unit, *node),
            Event::Enough { unit } => {
                if let Some(progress) = self.unit_mut(*unit).and_then(Unit::progress_mut) {
                    progress.enough = true;
                }
                self.wake(*unit);
            }
            Event::Paused { unit, until } => {
                if let Some(unit) = self.unit_mut(*unit)
                    && let Task::Loop(turns) = &mut unit.task
                {
                    turns.ready = false;
                }
                self.set_due(*unit, Some(*until));
            }
            Event::Scheduled { unit, clause, at } => {
                self.alarms.insert((*at, *unit, Alarm::Meanwhile(*clause)));
                if let Some(unit) = self.unit_mut(*unit) {
                    unit.ticks.push((*clause, *at));
                }
            }
            Event::Woke { unit, alarm } => self.woke(*unit, *alarm),
            Event::Renewed { unit } => self.renewed(plan, at, *unit),
            Event::Launched { unit, node, run, .. } => {
                self.remember(plan, at, *unit, *node, Value::Text(run.0.clone()));
                self.passed(plan, *unit, *node);
            }
            Event::Emitted { unit, node, .. } => self.passed(plan, *unit, *node),
            Event::Replied { unit, node, status, headers, body } => {
                if self.reply.is_none() {
                    self.reply = Some(Value::map([
                        ("status", Value::Int(*status)),
                        ("headers", headers.clone()),
                        ("body", body.clone()),
                    ]));
                }
                self.passed(plan, *unit, *node);
            }
            Event::Signalled { name, payload } => self.arrived(true, name, payload),
            Event::Arrived { topic, payload } => self.arrived(false, topic, payload),
            Event::Took { unit, number } => self.took(*unit, *number),
            Event::Ignored { unit, before } => {
                if let Some(Task::Listen(listen)) = self.unit_mut(*unit).map(|unit| &mut unit.task) {
                    listen.next = *before;
                }
            }
            Event::Unparked { unit, decision, .. } => self.unparked(*unit, decision),
            Event::CancelAsked { .. } => {
                if self.outcome.is_none() {
                    self.cancel_asked = true;
                    self.resumed(at);
                    self.wake(UnitId::RUN);
                }
            }
            Event::PauseAsked { .. } => {
                self.paused = true;
                self.paused_at = at;
            }
            Event::Resumed { .. } => self.resumed(at),
            Event::Killed { .. } => {
                self.killed = true;
                self.wake(UnitId::RUN);
            }
            Event::Problem(problem) => self.problems.push(problem.clone()),
            Event::Decided { outcome } => {
                self.outcome = Some(outcome.clone());
                self.ending = Ending::Decided(0);
                if let Some(unit) = self.unit_mut(UnitId::RUN) {
                    unit.trouble = None;
                    unit.fallen = None;
                    unit.deadline = None;
                }
                self.alarms.retain(|(_, unit, _)| *unit != UnitId::RUN);
                self.wake(UnitId::RUN);
            }
            Event::Rested => self.rested(at),
            Event::UnwindAsked => {
                self.ending = Ending::Decided(u32::MAX);
                self.undone = true;
                let left = std::mem::take(&mut self.left);
                if let Some(unit) = self.unit_mut(UnitId::RUN) {
                    unit.undo = left;
                }
                self.wake(UnitId::RUN);
            }
        }
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

    /// Goes on after a pause: what was left of timeouts, deadlines and pauses between attempts is left still; waits have
    /// gone on meanwhile (semantics 11).
    fn resumed(&mut self, at: Timestamp) {
        if !std::mem::take(&mut self.paused) {
            return;
        }
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

    fn started(&mut self, plan: &Plan, at: Timestamp) {
        self.started_at = Some(at);
        let frame = self.frames.open(None, plan.body.frame.unwrap_or_default(), None);
        let mut unit = new_unit(UnitId::RUN, None, NodeId(u32::MAX), Role::Run, frame, at);
        unit.stage = Stage::Active;
        unit.view = Some(Box::new(View::of(Value::from(Map::new()))));
        unit.task = Task::Body(Progress::default());
        self.units.push(Some(Box::new(unit)));
        self.opened = 1;
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

    #[expect(clippy::too_many_arguments, reason = "the parts of one event")]
    fn opened(
        &mut self,
        plan: &Plan,
        at: Timestamp,
        id: UnitId,
        parent: UnitId,
        node: NodeId,
        role: Role,
        given: &Value,
    ) {
        let Some(above) = self.unit(parent) else { return };
        let (outer, parallel, seat) = (above.frame, above.is_parallel(plan), above.children.len());
        let vars = needs_view(plan, parallel, node, role).then(|| self.vars(parent));
        let frame = self.open_frame(plan, outer, parent, node, role, given);
        let mut unit = new_unit(id, Some(parent), node, role, frame, at);
        unit.seat = seat;
        unit.given = given.clone();
        unit.view = vars.map(|vars| Box::new(View::of(vars)));
        if matches!(
            role,
            Role::Turn(_) | Role::Branch(_) | Role::Alternate(_) | Role::Meanwhile(_) | Role::Lifecycle(..)
        ) {
            unit.stage = Stage::Active;
            unit.task = Task::Body(Progress::default());
        }
        self.opened += 1;
        if id.index as usize == self.units.len() {
            self.units.push(Some(Box::new(unit)));
        } else {
            self.free.pop();
            self.units[id.index as usize] = Some(Box::new(unit));
        }
        if let Some(above) = self.unit_mut(parent) {
            above.children.push(id);
            match role {
                Role::Main => mark(plan, above, node, Step::Open),
                Role::Turn(index) => {
                    if let Task::Loop(turns) = &mut above.task {
                        turns.next = index + 1;
                        turns.ready = false;
                    }
                }
                Role::Branch(index) => {
                    if let Task::Race(race) = &mut above.task {
                        race.next = index + 1;
                    }
                }
                Role::Undo => drop(above.undo.pop_last()),
                Role::Lifecycle(..) => {
                    if let Ending::Decided(done) = &mut self.ending {
                        *done += 1;
                    }
                }
                Role::Run | Role::Alternate(_) | Role::Notify(_) | Role::Meanwhile(_) => {}
            }
        }
        self.wake(id);
    }

    /// The frame of a new unit: that of its parent, or one more inside where its role opens one.
    fn open_frame(
        &mut self,
        plan: &Plan,
        outer: super::frame::FrameId,
        parent: UnitId,
        node: NodeId,
        role: Role,
        given: &Value,
    ) -> super::frame::FrameId {
        let given_map = |given: &Value| given.as_map().cloned().map(Box::new);
        match role {
            Role::Run | Role::Main => {
                self.frames.retain(outer);
                outer
            }
            Role::Turn(_) | Role::Branch(_) => {
                let (places, item) = turn_frame(plan, node, role);
                let frame = self.frames.open(Some(outer), places, None);
                if let Some(slot) = item {
                    self.frames.write(frame, slot, Some(StepRecord::of(given.clone(), Timestamp::UNIX_EPOCH)));
                }
                frame
            }
            Role::Alternate(handler) | Role::Notify(handler) => {
                let handler = &plan.handlers[handler.0 as usize];
                let places = match &handler.action {
                    crate::lang::plan::HandlerAction::Alternate(body) => body.frame.unwrap_or_default(),
                    _ => 0,
                };
                let around = self.frames.at_depth(outer, handler.depth);
                self.frames.open(Some(around), places, given_map(given))
            }
            Role::Undo => {
                // The entry's hold on its frame passes to the new frame inside it.
                let entry = self.unit(parent).and_then(|unit| unit.undo.last_key_value()).map(|(_, entry)| entry.frame);
                let around = entry.unwrap_or(outer);
                let frame = self.frames.open(Some(around), 0, given_map(given));
                if entry.is_some() {
                    self.frames.release(around);
                }
                frame
            }
            Role::Meanwhile(index) => {
                let places = plan.node(node).clauses.meanwhile.get(index as usize).and_then(|clause| clause.body.frame);
                self.frames.open(Some(outer), places.unwrap_or_default(), None)
            }
            Role::Lifecycle(moment, index) => {
                use crate::run::event::Moment;
                let bodies = match moment {
                    Moment::Success => &plan.on_success,
                    Moment::Failure => &plan.on_failure,
                    Moment::Cancel => &plan.on_cancel,
                    Moment::Finally => &plan.finally,
                };
                let places = bodies.get(index as usize).and_then(|body| body.frame).unwrap_or_default();
                self.frames.open(Some(outer), places, given_map(given))
            }
        }
    }

    fn began(
        &mut self,
        plan: &Plan,
        at: Timestamp,
        id: UnitId,
        timeout: Option<Timestamp>,
        deadline: Option<Timestamp>,
        begin: &Begin,
    ) {
        let Some(unit) = self.unit(id) else { return };
        let (frame, node) = (unit.frame, unit.node);
        let mut due = None;
        let mut listens = false;
        let task = match begin {
            Begin::Act { params, key, auth } => Task::Act(Box::new(Act {
                params: params.clone(),
                key: key.clone(),
                auth: auth.clone(),
                in_flight: false,
                output: None,
                next: Value::Unit,
                by: None,
            })),
            Begin::Sleep { until } => {
                due = Some(*until);
                Task::Sleep { over: false }
            }
            Begin::Listen { since } => {
                listens = true;
                Task::Listen(Box::new(Listen { next: *since, output: None, by: None }))
            }
            Begin::Body { arm, names } => {
                for (slot, value) in names {
                    self.frames.write(frame, *slot, Some(StepRecord::of(value.clone(), at)));
                }
                Task::Body(Progress { arm: *arm, ..Progress::default() })
            }
            Begin::Loop { items, max, tolerate, every } => {
                let items = match items {
                    Value::List(items) => items.clone(),
                    _ => Arc::default(),
                };
                Task::Loop(Box::new(Loop {
                    outputs: Vec::new(),
                    items,
                    next: 0,
                    max: *max,
                    tolerate: *tolerate,
                    every: *every,
                    gathered: vec![Vec::new(); gathers(&plan.node(node).kind).len()],
                    failed: Vec::new(),
                    absorbed: 0,
                    enough: false,
                    ready: true,
                    page: None,
                }))
            }
            Begin::Race { items, wins, max } => {
                let items = match items {
                    Value::List(items) => items.clone(),
                    _ => Arc::default(),
                };
                let node = plan.node(node);
                let written = match &node.kind {
                    Kind::Race(race) => match &race.runners {
                        Runners::Branches(branches) => Some(branches.len()),
                        Runners::Items { .. } => None,
                    },
                    _ => None,
                };
                Task::Race(Box::new(Race {
                    runners: u32::try_from(written.unwrap_or(items.len())).unwrap_or(u32::MAX),
                    items,
                    wins: *wins,
                    max: *max,
                    next: 0,
                    winners: Vec::new(),
                    gathered: vec![Value::Unit; gathers(&node.kind).len()],
                    failed: 0,
                }))
            }
            Begin::Gate { key, places } => Task::Gate(Box::new(Gate {
                key: key.clone(),
                places: *places,
                entered: false,
                progress: Progress::default(),
            })),
        };
        if let Some(unit) = self.unit_mut(id) {
            unit.stage = Stage::Active;
            unit.timeout = timeout;
            unit.deadline = deadline;
            unit.edited = None;
            unit.task = task;
        }
        if let Some(timeout) = timeout {
            self.alarms.insert((timeout, id, Alarm::Timeout));
        }
        if let Some(deadline) = deadline {
            self.alarms.insert((deadline, id, Alarm::Deadline));
        }
        if due.is_some() {
            self.set_due(id, due);
        }
        if listens {
            self.listeners.insert(id);
        }
        self.wake(id);
    }

    fn attempted(&mut self, id: UnitId, attempt: u32, timeout: Option<Timestamp>) {
        let Some(unit) = self.unit_mut(id) else { return };
        unit.stage = Stage::Active;
        unit.attempts = attempt;
        unit.trouble = None;
        let old = std::mem::replace(&mut unit.timeout, timeout);
        if let Task::Act(act) = &mut unit.task {
            act.in_flight = true;
            // What worked but did not give what the program states has happened all the same.
            unit.doubt |= act.output.take().is_some();
        }
        if let Some(old) = old {
            self.alarms.remove(&(old, id, Alarm::Timeout));
        }
        if let Some(timeout) = timeout {
            self.alarms.insert((timeout, id, Alarm::Timeout));
        }
    }

    fn answered(&mut self, plan: &Plan, id: UnitId, attempt: u32, answer: &Answer) {
        let Some(unit) = self.unit_mut(id) else { return };
        if let Some(timeout) = unit.timeout.take() {
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
                unit.trouble = Some(Box::new(Trouble {
                    failure: failure.clone(),
                    step,
                    chain: unit.node(plan).map(|node| node.chain).unwrap_or_default(),
                    cursor: 0,
                    inner: false,
                    at_rest: true,
                    awaits: Awaits::Nothing,
                }));
            }
            (Task::Listen(listen), Answer::Done { value, by, .. }) => {
                listen.output = Some(value.clone());
                listen.by = by.clone();
            }
            (Task::Gate(gate), Answer::Done { .. }) => gate.entered = true,
            (_, Answer::Failed { failure, .. }) => {
                unit.trouble = Some(Box::new(Trouble {
                    failure: failure.clone(),
                    step,
                    chain: unit.node(plan).map(|node| node.chain).unwrap_or_default(),
                    cursor: 0,
                    inner: false,
                    at_rest: true,
                    awaits: Awaits::Nothing,
                }));
            }
            _ => return,
        }
        self.wake(id);
    }

    fn chose(&mut self, plan: &Plan, id: UnitId, handler: Option<crate::lang::plan::HandlerId>, choice: &Choice) {
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
        self.wake(id);
    }

    fn closing(&mut self, plan: &Plan, id: UnitId, then: &Then) {
        if matches!(then, Then::Discard { .. } | Then::Anew { .. }) {
            self.give_up_own(plan, id);
        }
        let Some(unit) = self.unit_mut(id) else { return };
        unit.closing = Some(Box::new(then.clone()));
        unit.fallen = None;
        let mut inside = unit.children.clone();
        let absorbed = match (unit.role, then) {
            (Role::Turn(_), Then::Discard { outcome: Outcome::Failed { .. } }) => unit.parent,
            _ => None,
        };
        if let Some(Task::Loop(turns)) = absorbed.and_then(|parent| self.unit_mut(parent)).map(|unit| &mut unit.task) {
            turns.absorbed += 1;
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

    fn ended(&mut self, plan: &Plan, at: Timestamp, id: UnitId, outcome: &Outcome) {
        let Some(mut unit) =
            self.units.get_mut(id.index as usize).and_then(|place| place.take_if(|unit| unit.id == id))
        else {
            return;
        };
        self.free.push(id.index);
        self.forget_alarms(&unit);
        self.listeners.remove(&id);
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
        self.settle_parent(plan, at, parent, &unit, outcome);
        self.frames.release(unit.frame);
        self.wake(parent);
    }

    /// Hands what can be undone, and the variables that were set, to the unit around.
    fn hand_up(&mut self, plan: &Plan, parent: UnitId, unit: &mut Unit, outcome: &Outcome, good: bool) {
        self.note_doubt(plan, unit);
        let own = self.entry(plan, unit, &outcome.output());
        let stays = matches!(unit.role, Role::Alternate(_));
        let Some(above) = self.unit_mut(parent) else { return };
        let entries = if stays { &mut above.kept } else { &mut above.undo };
        entries.append(&mut unit.undo);
        entries.append(&mut unit.kept);
        entries.extend(own);
        // What a skipped or failed unit had set is forgotten (semantics 40).
        if let Some(view) = unit.view.as_ref().filter(|_| good) {
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
            key: act.key.clone(),
            doubt: !happened,
            place: self.place_of_gone(plan, unit, true).into(),
        };
        Some((self.completions, entry))
    }

    /// A step that is given up itself: what it has done, or may have done, is undone with it (semantics 3, 35).
    fn give_up_own(&mut self, plan: &Plan, id: UnitId) {
        let Some(mut unit) = self.units.get_mut(id.index as usize).and_then(Option::take) else { return };
        if unit.id == id
            && let Some((order, entry)) = self.entry(plan, &unit, &Value::Unit)
        {
            self.note_doubt(plan, &unit);
            unit.undo.insert(order, entry);
            unit.doubt = false;
            if let Task::Act(act) = &mut unit.task {
                act.output = None;
            }
        }
        self.units[id.index as usize] = Some(unit);
    }

    /// Remembers the key of a `keyed` step that may have happened without our knowing, for when it is decided anew.
    fn note_doubt(&mut self, plan: &Plan, unit: &Unit) {
        let Task::Act(act) = &unit.task else { return };
        let Kind::Call { operation, .. } = &plan.node(unit.node).kind else { return };
        let keyed = plan
            .operations
            .get(operation)
            .is_some_and(|operation| matches!(operation.signature.effect, crate::lang::catalog::Effect::Keyed { .. }));
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
                    Kind::Race(crate::lang::plan::node::Race { runners: Runners::Branches(branches), .. }) => {
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
                more.failed = Some(Value::list(turns.failed.iter().map(|(index, failure)| {
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
        let gathered: Vec<Value> = match unit.role {
            Role::Turn(_) | Role::Branch(_) => {
                let good = matches!(outcome, Outcome::Completed { .. });
                gathers(&plan.node(unit.node).kind)
                    .iter()
                    .map(|gather| {
                        let inner = self.frames.get(unit.frame).slots.get(gather.inner.index as usize);
                        let inner = inner.and_then(Option::as_ref).filter(|_| good);
                        inner.map_or(Value::Unit, |record| record.output.clone())
                    })
                    .collect()
            }
            _ => Vec::new(),
        };
        if unit.role == Role::Main
            && let Task::Loop(_) | Task::Race(_) = &unit.task
        {
            self.write_gathers(plan, at, unit, outcome);
        }
        let Some(above) = self.unit_mut(parent) else { return };
        let failure = match outcome {
            Outcome::Failed { failure } => Some(failure.clone()),
            Outcome::Completed { .. } | Outcome::Skipped { .. } | Outcome::Cancelled => None,
        };
        match unit.role {
            Role::Main => {
                // A page of a stream hands its items to the loop.
                if let (Task::Loop(turns), Task::Act(act)) = (&mut above.task, &unit.task) {
                    let page = outcome.output();
                    match &page {
                        Value::List(more) => Arc::make_mut(&mut turns.items).extend(more.iter().cloned()),
                        Value::Unit => {}
                        other => Arc::make_mut(&mut turns.items).push(other.clone()),
                    }
                    turns.page = Some(act.next.clone());
                }
                mark(plan, above, unit.node, Step::Done);
                if let Some(failure) = failure {
                    fall(above, failure);
                } else if matches!(outcome, Outcome::Cancelled) && !above.resting && above.closing.is_none() {
                    // Only a unit that comes to rest cancels what is in it; otherwise others cancelled it.
                    fall(above, Arc::new(Failure::new(crate::base::failure::Kind::Cancelled, "it was cancelled")));
                }
            }
            Role::Turn(index) => {
                if let Task::Loop(turns) = &mut above.task {
                    let index = index as usize;
                    if turns.outputs.len() <= index {
                        turns.outputs.resize(index + 1, Value::Unit);
                    }
                    turns.outputs[index] = outcome.output();
                    for (values, value) in turns.gathered.iter_mut().zip(gathered) {
                        if values.len() <= index {
                            values.resize(index + 1, Value::Unit);
                        }
                        values[index] = value;
                    }
                    turns.enough |= unit.progress().is_some_and(|progress| progress.enough);
                    if let Some(failure) = failure {
                        turns.failed.push((index as u32, failure.clone()));
                        let absorbed =
                            matches!(unit.closing.as_deref(), Some(Then::Discard { outcome: Outcome::Failed { .. } }));
                        if !absorbed {
                            fall(above, failure);
                        }
                    }
                }
            }
            Role::Branch(index) => {
                if let Task::Race(race) = &mut above.task {
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
                                fall(above, failure.clone());
                            }
                        }
                        Outcome::Failed { .. } => race.failed += 1,
                        Outcome::Cancelled => {}
                    }
                    if let Some(failure) = failure {
                        let absorbed =
                            matches!(unit.closing.as_deref(), Some(Then::Discard { outcome: Outcome::Failed { .. } }));
                        if !absorbed {
                            fall(above, failure);
                        }
                    }
                }
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

    /// Steps inside a loop or race that are read outside it.
    fn write_gathers(&mut self, plan: &Plan, at: Timestamp, unit: &Unit, outcome: &Outcome) {
        let kind = &plan.node(unit.node).kind;
        let values: Vec<(Slot, Value)> = match &unit.task {
            Task::Loop(turns) => gathers(kind)
                .iter()
                .zip(&turns.gathered)
                .map(|(gather, values)| {
                    let last = matches!(kind, Kind::Repeat { .. });
                    let value = if last {
                        values.last().cloned().unwrap_or_default()
                    } else {
                        Value::list(values.iter().cloned())
                    };
                    (gather.outer, value)
                })
                .collect(),
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

    fn assigned(&mut self, plan: &Plan, id: UnitId, node: NodeId, add: bool, value: &Value) {
        if let Kind::Set(set) = &plan.node(node).kind {
            if set.state {
                super::view::assign(&mut self.state, &set.path, add, value.clone());
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

    fn wake_listeners(&mut self) {
        let ids: Vec<_> = self.listeners.iter().copied().collect();
        ids.into_iter().for_each(|id| self.wake(id));
    }

    fn arrived(&mut self, signal: bool, name: &Arc<str>, payload: &Value) {
        let number = u32::try_from(self.arrivals.len()).unwrap_or(u32::MAX);
        self.arrivals.push(Arrival { signal, name: name.clone(), payload: payload.clone(), taken: false });
        if signal {
            self.signals.entry(name.clone()).or_default().push_back(number);
        } else {
            self.topics.entry(name.clone()).or_default().push(number);
        }
        self.wake_listeners();
    }

    fn took(&mut self, id: UnitId, number: u32) {
        let Some(arrival) = self.arrivals.get_mut(number as usize) else { return };
        arrival.taken = true;
        let (payload, signal, name) = (arrival.payload.clone(), arrival.signal, arrival.name.clone());
        if let Some(waiting) = self.signals.get_mut(&name).filter(|_| signal) {
            waiting.retain(|other| *other != number);
        }
        let Some(unit) = self.unit_mut(id) else { return };
        let node = unit.node;
        if let Task::Listen(listen) = &mut unit.task {
            listen.output = Some(payload);
        }
        self.taken.entry(node).or_default().insert(number);
        self.listeners.remove(&id);
        self.wake(id);
    }

    fn woke(&mut self, id: UnitId, alarm: Alarm) {
        let Some(unit) = self.unit_mut(id) else {
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

    /// Sets, or takes away, what a unit sleeps for.
    fn set_due(&mut self, id: UnitId, due: Option<Timestamp>) {
        let Some(unit) = self.unit_mut(id) else { return };
        let old = std::mem::replace(&mut unit.due, due);
        if let Some(old) = old {
            self.alarms.remove(&(old, id, Alarm::Due));
        }
        if let Some(due) = due {
            self.alarms.insert((due, id, Alarm::Due));
        }
    }

    fn forget_alarms(&mut self, unit: &Unit) {
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

    fn renewed(&mut self, plan: &Plan, at: Timestamp, id: UnitId) {
        let vars = self.unit(id).and_then(|unit| unit.parent).map(|parent| self.vars(parent));
        self.set_due(id, None);
        let Some(unit) = self.unit_mut(id) else { return };
        let gone = unit.clone();
        unit.generation += 1;
        unit.attempts = 0;
        unit.doubt = false;
        unit.trouble = None;
        unit.closing = None;
        unit.fallen = None;
        unit.also.clear();
        unit.timeout = None;
        unit.deadline = None;
        unit.ticks.clear();
        unit.opened = at;
        if let (Some(view), Some(vars)) = (&mut unit.view, vars) {
            **view = View::of(vars);
        }
        let (stage, task) = match unit.role {
            Role::Main | Role::Notify(_) | Role::Undo => (Stage::Opened, Task::None),
            Role::Run
            | Role::Turn(_)
            | Role::Branch(_)
            | Role::Alternate(_)
            | Role::Meanwhile(_)
            | Role::Lifecycle(..) => (Stage::Active, Task::Body(Progress::default())),
        };
        unit.stage = stage;
        unit.task = task;
        self.forget_alarms(&gone);
        self.listeners.remove(&id);
        self.forget_records(plan, &gone);
        self.wake(id);
    }

    /// What the steps in a unit that begins anew have put out is nobody's any more.
    fn forget_records(&mut self, plan: &Plan, unit: &Unit) {
        let mut nodes: Vec<NodeId> = match unit.role {
            Role::Main => {
                if let Some(slot) = plan.node(unit.node).slot {
                    self.frames.write(unit.frame, slot, None);
                }
                grouped_statements(&plan.node(unit.node).kind)
            }
            _ => unit.body(plan).map(|body| body.statements.clone()).unwrap_or_default(),
        };
        while let Some(node) = nodes.pop().map(|node| plan.node(node)) {
            if let Some(slot) = node.slot {
                self.frames.write(unit.frame, slot, None);
            }
            for gather in gathers(&node.kind) {
                self.frames.write(unit.frame, gather.outer, None);
            }
            nodes.extend(grouped_statements(&node.kind));
        }
    }

    fn unparked(&mut self, id: UnitId, decision: &Decision) {
        let Some(unit) = self.unit_mut(id) else { return };
        if let Decision::Retry { params } = decision {
            unit.edited.clone_from(params);
        }
        self.wake(id);
    }

    fn rested(&mut self, at: Timestamp) {
        self.ending = Ending::Rested;
        self.rested_at = Some(at);
        self.alarms.clear();
        self.agenda.clear();
        self.listeners.clear();
        if let Some(unit) = self.unit_mut(UnitId::RUN) {
            let left = std::mem::take(&mut unit.undo);
            self.left = left;
        }
    }
}

impl StepRecord {
    /// The record of something that only has a value.
    pub fn of(output: Value, at: Timestamp) -> Self {
        Self { status: "completed", output, attempts: 1, started: at, ended: at, more: None }
    }
}

fn new_unit(
    id: UnitId,
    parent: Option<UnitId>,
    node: NodeId,
    role: Role,
    frame: super::frame::FrameId,
    at: Timestamp,
) -> Unit {
    Unit {
        id,
        parent,
        seat: 0,
        node,
        role,
        frame,
        generation: 0,
        stage: Stage::Opened,
        task: Task::None,
        children: Vec::new(),
        opened: at,
        timeout: None,
        deadline: None,
        due: None,
        attempts: 0,
        doubt: false,
        budgets: BTreeMap::new(),
        trouble: None,
        closing: None,
        resting: false,
        undo: BTreeMap::new(),
        kept: BTreeMap::new(),
        view: None,
        given: Value::Unit,
        fallen: None,
        also: Vec::new(),
        ticks: Vec::new(),
        edited: None,
        queued: false,
    }
}

/// Whether a new unit has a view of the variables of its own (semantics 40, 56).
fn needs_view(plan: &Plan, in_parallel: bool, node: NodeId, role: Role) -> bool {
    match role {
        Role::Main => in_parallel || plan.node(node).restores,
        Role::Turn(_) => plan.node(node).restores || matches!(&plan.node(node).kind, Kind::For(each) if each.parallel),
        Role::Branch(_) | Role::Alternate(_) => true,
        Role::Run | Role::Notify(_) | Role::Undo | Role::Meanwhile(_) | Role::Lifecycle(..) => false,
    }
}

/// How many places the frame of a turn or branch has, and which is that of the item.
fn turn_frame(plan: &Plan, node: NodeId, role: Role) -> (u16, Option<Slot>) {
    match (&plan.node(node).kind, role) {
        (Kind::For(each), _) => (each.body.frame.unwrap_or_default(), Some(each.item)),
        (Kind::While { body, .. } | Kind::Repeat { body, .. }, _) => (body.frame.unwrap_or_default(), None),
        (Kind::Race(race), Role::Branch(index)) => match &race.runners {
            Runners::Branches(branches) => {
                (branches.get(index as usize).and_then(|branch| branch.body.frame).unwrap_or_default(), None)
            }
            Runners::Items { item, body, .. } => (body.frame.unwrap_or_default(), Some(*item)),
        },
        _ => (0, None),
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
    let index = parallel.then(|| {
        let body = unit.body(plan);
        // The statements of a body have rising numbers.
        let index = body.and_then(|body| body.statements.binary_search(&node).ok());
        (index, body.map_or(0, |body| body.statements.len()))
    });
    let Some(progress) = unit.progress_mut() else { return };
    match index {
        Some((Some(index), count)) => {
            progress.each.resize(count, Step::Pending);
            let old = std::mem::replace(&mut progress.each[index], step);
            progress.opened += u32::from(old == Step::Pending);
            progress.done += u32::from(step == Step::Done);
        }
        Some((None, _)) => {}
        None => progress.done += u32::from(step == Step::Done),
    }
}

/// Something in a unit has failed. The first failure is the unit's; others are only told (semantics 25).
fn fall(unit: &mut Unit, failure: Arc<Failure>) {
    if unit.fallen.is_none() && unit.trouble.is_none() && unit.closing.is_none() {
        unit.fallen = Some(failure);
    } else {
        unit.also.push(failure);
    }
}

fn by_value(by: Arc<str>, at: Timestamp) -> Value {
    let mut map = Map::new();
    map.insert("name".into(), Value::Text(by));
    map.insert("at".into(), Value::moment(at));
    map.into()
}
