//! Places: the path of a unit, for keys, journals and people (semantics 2).

use super::Run;
use crate::lang::plan::{Kind, Node, Plan};
use crate::run::event::{Role, UnitId};

impl Run {
    /// The place of a unit with its generations: `orders~1[3].reserve`. The run itself has the empty place.
    pub fn place(&self, plan: &Plan, id: UnitId) -> String {
        self.place_with(plan, id, true)
    }

    /// The same, with its generations or without.
    pub(in crate::run) fn place_with(&self, plan: &Plan, id: UnitId, generations: bool) -> String {
        let mut parts = Vec::new();
        let mut next = Some(id);
        while let Some(unit) = next.and_then(|id| self.unit(id)) {
            let mut part = String::new();
            match unit.role {
                Role::Run => {}
                Role::Main => {
                    let node = plan.node(unit.node);
                    if node.unit || node.name.is_some() {
                        part = format!(".{}", node.label);
                    }
                }
                Role::Turn(index) => part = format!("[{index}]"),
                Role::Branch(index) => part = branch_part(&plan.node(unit.node).kind, index),
                Role::Alternate(_) => part.push_str("/alternate"),
                Role::Notify(handler) => {
                    part = format!("/notify-{}-{}", handler.0, unit.given.get("attempt").cloned().unwrap_or_default());
                }
                Role::Undo => {
                    // It belongs to the step whose work it takes back, wherever that is given up.
                    let step = unit.given.get("place").cloned().unwrap_or_default();
                    let own = if unit.generation > 0 { format!("~{}", unit.generation) } else { String::new() };
                    parts.push(format!("{step}/undo{own}"));
                    break;
                }
                Role::Meanwhile(index) => part = format!("/meanwhile-{index}-{}", unit.id.serial),
                Role::Lifecycle(moment, index) => {
                    part = format!(".{}", format!("{moment:?}").to_lowercase());
                    if index > 0 {
                        part.push_str(&format!("-{}", index + 1));
                    }
                }
            }
            if unit.generation > 0 && generations {
                part.push_str(&format!("~{}", unit.generation));
            }
            parts.push(part);
            next = unit.parent;
        }
        let place: String = parts.into_iter().rev().collect();
        place.trim_start_matches('.').to_owned()
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

fn branch_part(kind: &Kind, index: u32) -> String {
    if let Kind::Race(race) = kind
        && let crate::lang::plan::node::Runners::Branches(branches) = &race.runners
        && let Some(branch) = branches.get(index as usize)
    {
        return format!(".{}", branch.name);
    }
    format!("[{index}]")
}
