//! A unit begins anew as the next generation: what its last one left is nobody's any more.

use super::gathers;

use super::super::Run;
use super::super::unit::{Progress, Stage, Task, Unit};
use super::super::view::View;
use crate::base::time::Timestamp;
use crate::lang::plan::{Body, Kind, NodeId, Plan};
use crate::run::event::{Role, UnitId};

impl Run {
    pub(super) fn renewed(&mut self, plan: &Plan, at: Timestamp, id: UnitId) {
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
    pub(super) fn forget_records(&mut self, plan: &Plan, unit: &Unit) {
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
