//! Places: the path of a unit, for keys, journals and people (semantics 2).

use std::fmt::{self, Write as _};

use super::Run;
use super::unit::Unit;
use crate::lang::plan::node::{Race, Runners};
use crate::lang::plan::{Kind, Node, Plan};
use crate::run::event::{Role, UnitId};

impl Run {
    /// The place of a unit with its generations: `orders~1[3].reserve`. The run itself has the empty place.
    pub fn place(&self, plan: &Plan, id: UnitId) -> String {
        self.place_with(plan, id, true)
    }

    /// The same, with its generations or without.
    pub(in crate::run) fn place_with(&self, plan: &Plan, id: UnitId, generations: bool) -> String {
        let mut line = Vec::with_capacity(8);
        let mut next = Some(id);
        while let Some(unit) = next.and_then(|id| self.unit(id)) {
            line.push(unit);
            // An undo belongs to the step whose work it takes back, wherever that is given up.
            next = if unit.role == Role::Undo { None } else { unit.parent };
        }
        let mut place = String::with_capacity(32);
        for unit in line.into_iter().rev() {
            // Writing into a string does not fail.
            let _ = write_part(&mut place, plan, unit);
            if unit.generation > 0 && (generations || unit.role == Role::Undo) {
                let _ = write!(place, "~{}", unit.generation);
            }
        }
        place
    }

    /// The place of a statement that is carried out in a unit without being one, with its generations.
    pub(in crate::run) fn place_in(&self, plan: &Plan, id: UnitId, node: &Node) -> String {
        let above = self.place(plan, id);
        let separator = if above.is_empty() { "" } else { "." };
        let place = format!("{above}{separator}{}", node.label);
        match self.generation_of(&place) {
            0 => place,
            generation => format!("{place}~{generation}"),
        }
    }

    /// The name of the step that a failure raised in `id` is about: that of the nearest unit with a name, else its place.
    pub fn step_name(&self, plan: &Plan, id: UnitId) -> std::sync::Arc<str> {
        let mut next = Some(id);
        while let Some(unit) = next.and_then(|id| self.unit(id)) {
            if let (Role::Main, Some(name)) = (unit.role, unit.node(plan).and_then(|node| node.name.as_ref())) {
                return name.clone();
            }
            next = unit.parent;
        }
        self.place(plan, id).into()
    }
}

/// Appends what a unit adds to the place of the unit round it.
fn write_part(place: &mut String, plan: &Plan, unit: &Unit) -> fmt::Result {
    // The run itself has the empty place.
    let dot = if place.is_empty() { "" } else { "." };
    match unit.role {
        Role::Run => Ok(()),
        Role::Main => {
            let node = plan.node(unit.node);
            if node.unit || node.name.is_some() { write!(place, "{dot}{}", node.label) } else { Ok(()) }
        }
        Role::Turn(index) => write!(place, "[{index}]"),
        Role::Branch(index) => match branch_name(&plan.node(unit.node).kind, index) {
            Some(name) => write!(place, "{dot}{name}"),
            None => write!(place, "[{index}]"),
        },
        Role::Alternate(_) => place.write_str("/alternate"),
        Role::Notify(handler) => {
            write!(place, "/notify-{}-{}", handler.0, unit.given.get("attempt").cloned().unwrap_or_default())
        }
        Role::Undo => write!(place, "{}/undo", unit.given.get("place").cloned().unwrap_or_default()),
        Role::Meanwhile(index) => write!(place, "/meanwhile-{index}-{}", unit.id.serial),
        Role::Lifecycle(moment, index) => {
            write!(place, "{dot}{}", format!("{moment:?}").to_lowercase())?;
            if index > 0 { write!(place, "-{}", index + 1) } else { Ok(()) }
        }
    }
}

/// The name of a branch of a race.
fn branch_name(kind: &Kind, index: u32) -> Option<&str> {
    let Kind::Race(Race { runners: Runners::Branches(branches), .. }) = kind else { return None };
    branches.get(index as usize).map(|branch| &*branch.name)
}
