//! Units come to be: their frames, their views of the variables, what they begin with.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::frame::FrameId;
use super::super::frame::StepRecord;
use super::super::turns::Loop;
use super::super::unit::{Act, Far, Gate, Listen, Progress, Race, Sees, Stage, Step, Task, Unit};
use super::super::view::View;
use super::super::{Ending, Run};
use super::{gathers, grouped_statements, mark};
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::lang::plan::node::{self, Runners};
use crate::lang::plan::{HandlerAction, Kind, NodeId, Plan, Slot};
use crate::run::event::{Alarm, Begin, Role, UnitId};

impl Run {
    #[expect(clippy::too_many_arguments, reason = "the parts of one event")]
    pub(super) fn opened(
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
        // What stands in for a unit is beside it, and sees nothing of what it had set.
        let seen_from = match role {
            Role::Alternate(_) => above.parent.unwrap_or(parent),
            _ => parent,
        };
        let vars = needs_view(plan, parallel, node, role).then(|| self.vars(seen_from));
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
        self.units.put(Box::new(unit));
        self.take_generation(plan, id);
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
        outer: FrameId,
        parent: UnitId,
        node: NodeId,
        role: Role,
        given: &Value,
    ) -> FrameId {
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
                    HandlerAction::Alternate(body) => body.frame.unwrap_or_default(),
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
                let places = plan.lifecycle(moment).get(index as usize).and_then(|body| body.frame).unwrap_or_default();
                self.frames.open(Some(outer), places, given_map(given))
            }
        }
    }

    pub(super) fn began(
        &mut self,
        plan: &Plan,
        at: Timestamp,
        id: UnitId,
        timeout: Option<Timestamp>,
        deadline: Option<Timestamp>,
        begin: &Begin,
    ) {
        let sees = match begin {
            Begin::Listen { .. } => Sees { vars: self.vars(id), state: self.state_at(at), at },
            _ => Sees::default(),
        };
        let Some(unit) = self.unit_mut(id) else { return };
        let (frame, node) = (unit.frame, unit.node);
        unit.stage = Stage::Active;
        unit.since = at;
        unit.timeout = timeout;
        unit.deadline = deadline;
        unit.edited = None;
        // What was done inside of a lock that stands open again is still done.
        let done = match std::mem::replace(&mut unit.task, task(plan, at, node, begin, sees)) {
            Task::Gate(gate) => Some(gate.progress),
            _ => None,
        };
        if let (Task::Gate(gate), Some(done)) = (&mut unit.task, done) {
            gate.progress = done;
        }
        if matches!(unit.task, Task::Gate(_)) {
            self.outside.insert(id);
        }
        if let Some(timeout) = timeout {
            self.alarms.insert((timeout, id, Alarm::Timeout));
        }
        if let Some(deadline) = deadline {
            self.alarms.insert((deadline, id, Alarm::Deadline));
        }
        match begin {
            Begin::Sleep { until } => self.set_due(id, Some(*until)),
            Begin::Listen { .. } => {
                self.listeners.insert(id);
                if plan.looks_at_the_clock(node) {
                    self.clocked.insert(id);
                }
                self.touch(id);
            }
            Begin::Body { names, .. } => {
                for (slot, value) in names {
                    self.frames.write(frame, *slot, Some(StepRecord::of(value.clone(), at)));
                }
            }
            Begin::Act { .. } if plan.node(node).clauses.key.is_some() => self.count_decision(plan, id),
            Begin::Act { key, .. } if !self.continued.is_empty() => self.goes_on(plan, id, key),
            Begin::Act { .. } | Begin::Loop { .. } | Begin::Race { .. } | Begin::Gate { .. } => {}
        }
        self.wake(id);
    }

    /// Counts that an act with a `key` clause was decided anew, by itself or with something round it.
    fn count_decision(&mut self, plan: &Plan, id: UnitId) {
        let bare = self.place_with(plan, id, false);
        let times = self.times_decided(&bare, &self.place(plan, id));
        if times > 0 {
            self.decided.insert(bare, times);
        }
    }

    pub(super) fn renewed(&mut self, plan: &Plan, at: Timestamp, id: UnitId) {
        let vars = self.unit(id).and_then(|unit| unit.parent).map(|parent| self.vars(parent));
        self.set_due(id, None);
        let Some(unit) = self.unit_mut(id) else { return };
        let gone = unit.clone();
        unit.generation += 1;
        unit.attempts = 0;
        unit.interruptions = 0;
        unit.doubt = false;
        unit.trouble = None;
        unit.closing = None;
        unit.fallen = None;
        unit.origin = None;
        unit.also.clear();
        unit.timeout = None;
        unit.deadline = None;
        unit.ticks.clear();
        unit.opened = at;
        unit.since = at;
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
        self.untouch(&gone);
        self.listens_no_more(id);
        self.answers_no_more(id);
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
}

pub(super) fn new_unit(
    id: UnitId,
    parent: Option<UnitId>,
    node: NodeId,
    role: Role,
    frame: FrameId,
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
        since: at,
        timeout: None,
        deadline: None,
        due: None,
        attempts: 0,
        interruptions: 0,
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
        origin: None,
        also: Vec::new(),
        ticks: Vec::new(),
        edited: None,
        queued: false,
    }
}

/// What a unit does, as it begins.
fn task(plan: &Plan, at: Timestamp, node: NodeId, begin: &Begin, sees: Sees) -> Task {
    match begin {
        Begin::Act { params, key, auth } => Task::Act(Box::new(Act {
            params: params.clone(),
            key: key.clone(),
            auth: auth.clone(),
            far: match plan.node(node).kind {
                Kind::Ask(_) => Far::Person,
                Kind::Child { .. } => Far::Run,
                _ => Far::Operation,
            },
            in_flight: false,
            asked: false,
            output: None,
            next: Value::Unit,
            by: None,
            continues: false,
            joined: None,
        })),
        Begin::Sleep { .. } => Task::Sleep { over: false },
        Begin::Listen { since, fit } => {
            Task::Listen(Box::new(Listen { next: *since, output: None, by: None, fit: fit.clone(), sees }))
        }
        Begin::Body { arm, .. } => Task::Body(Progress { arm: *arm, ..Progress::default() }),
        Begin::Loop { items, max, tolerate, every } => {
            let node = plan.node(node);
            let mut turns = Loop::new(node, shared_items(items), gathers(&node.kind).len());
            (turns.max, turns.tolerate, turns.every) = (*max, *tolerate, *every);
            Task::Loop(Box::new(turns))
        }
        Begin::Race { items, wins, max } => {
            let kind = &plan.node(node).kind;
            let items = shared_items(items);
            let runners = match kind {
                Kind::Race(node::Race { runners: Runners::Branches(branches), .. }) => branches.len(),
                _ => items.len(),
            };
            Task::Race(Box::new(Race {
                items,
                runners: u32::try_from(runners).unwrap_or(u32::MAX),
                wins: *wins,
                max: *max,
                next: 0,
                winners: Vec::new(),
                gathered: vec![Value::Unit; gathers(kind).len()],
                failed: 0,
                lost: 0,
            }))
        }
        Begin::Gate { key, places } => Task::Gate(Box::new(Gate {
            key: key.clone(),
            places: *places,
            asked: true,
            since: at,
            entered: false,
            progress: Progress::default(),
        })),
    }
}

/// The items of a list, not copied.
fn shared_items(list: &Value) -> Arc<Vec<Value>> {
    match list {
        Value::List(items) => items.clone(),
        _ => Arc::default(),
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
fn turn_frame(plan: &Plan, node: NodeId, role: Role) -> (u32, Option<Slot>) {
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
