//! What can be undone: entries, and the doubts of `keyed` steps.

use super::super::Run;
use super::super::unit::{Entry, Task, Unit};
use crate::base::value::Value;
use crate::lang::plan::{Kind, Plan};
use crate::run::event::{Role, UnitId};

impl Run {
    /// What can be undone of a step that has ended, if anything can.
    pub(super) fn entry(&mut self, plan: &Plan, unit: &Unit, output: &Value) -> Option<(u32, Entry)> {
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
    pub(super) fn give_up_own(&mut self, plan: &Plan, id: UnitId) {
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
    pub(super) fn note_doubt(&mut self, plan: &Plan, unit: &Unit) {
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
    pub(super) fn place_of_gone(&self, plan: &Plan, unit: &Unit, generations: bool) -> String {
        let above = unit.parent.map(|parent| self.place_with(plan, parent, generations)).unwrap_or_default();
        let separator = if above.is_empty() { "" } else { "." };
        let own = if generations && unit.generation > 0 { format!("~{}", unit.generation) } else { String::new() };
        format!("{above}{separator}{}{own}", plan.node(unit.node).label)
    }
}
