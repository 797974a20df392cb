//! From which step: what a place or a name stands for in one run.

use std::sync::Arc;

use super::Refusal;
use crate::base::diagnostic::nearest;
use crate::lang::plan::{NodeId, Plan};
use crate::run::cause::NoSuchStep;
use crate::run::event::{Role, UnitId};
use crate::run::history::lives::{Life, Lives};

/// What a run goes on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A unit.
    Unit(UnitId),
    /// A statement in a unit that never was one.
    Statement(UnitId, NodeId),
}

impl Target {
    /// The unit that it is, or that it stands in.
    pub fn unit(self) -> UnitId {
        match self {
            Self::Unit(unit) | Self::Statement(unit, _) => unit,
        }
    }
}

/// How well a step fits what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Place,
    PlaceWithoutGenerations,
    Name,
}

/// What is meant by `asked`.
///
/// # Errors
/// If there is no such step, it has not run, or there are several.
pub(super) fn find(plan: &Plan, lives: &Lives<'_>, asked: &Arc<str>) -> Result<Target, Refusal> {
    let mut found: Vec<(Fit, Target, String)> = Vec::new();
    let mut next = vec![UnitId::RUN];
    while let Some(life) = next.pop().and_then(|unit| lives.get(unit)) {
        next.extend(life.children.iter().rev().filter(|child| lives.get(**child).is_some_and(Life::is_work)));
        found.extend(unit_fits(plan, life, asked).map(|fit| (fit, Target::Unit(life.id), life.place.to_string())));
        for node in life.statements.keys() {
            let place = place_in(plan, life, *node);
            let fit = match () {
                () if *place == **asked => Some(Fit::Place),
                () if *plan.node(*node).label == **asked => Some(Fit::Name),
                () => None,
            };
            found.extend(fit.map(|fit| (fit, Target::Statement(life.id, *node), place)));
        }
    }
    let best = found.iter().map(|(fit, ..)| *fit).min();
    found.retain(|(fit, ..)| Some(*fit) == best);
    match found.as_slice() {
        [(_, target, _)] if is_gone(plan, lives, *target) => Err(Refusal::Gone(asked.clone())),
        [(_, target, _)] => Ok(*target),
        [] => beside(plan, lives, asked),
        several => {
            let places = several.iter().map(|(_, _, place)| place.clone()).collect();
            Err(Refusal::Ambiguous { step: asked.clone(), places })
        }
    }
}

/// Whether what a run goes on from was done under a plan before, and nothing stands in its place in this one.
fn is_gone(plan: &Plan, lives: &Lives<'_>, target: Target) -> bool {
    let statement = match target {
        Target::Statement(_, node) => Some(node),
        Target::Unit(_) => None,
    };
    let units = lives.round(target.unit()).filter(|life| life.role == Role::Main).map(|life| life.node);
    let outermost = statement.into_iter().chain(units).filter_map(|node| plan.past.nodes.get(&node)).last();
    outermost.is_some_and(|relic| relic.place.is_none())
}

fn unit_fits(plan: &Plan, life: &Life<'_>, asked: &str) -> Option<Fit> {
    if life.role == Role::Run || life.is_group(plan) {
        return None;
    }
    match () {
        () if *life.place == *asked => Some(Fit::Place),
        () if *life.bare == *asked => Some(Fit::PlaceWithoutGenerations),
        () if life.role == Role::Main && *plan.node(life.node).label == *asked => Some(Fit::Name),
        () => None,
    }
}

/// A step of a handler's body stands for the step that the handler acted on; one of the end of the run cannot be meant.
fn beside(plan: &Plan, lives: &Lives<'_>, asked: &Arc<str>) -> Result<Target, Refusal> {
    let Some(life) = lives.iter().find(|life| unit_fits(plan, life, asked).is_some()) else {
        let labels = || plan.nodes.iter().map(|node| &*node.label);
        if labels().any(|label| *label == **asked) {
            return Err(Refusal::NotRun(asked.clone()));
        }
        let near = nearest(asked, labels()).map(str::to_owned);
        return Err(NoSuchStep { step: asked.to_string(), near }.into());
    };
    let round: Vec<&Life<'_>> = lives.round(life.id).collect();
    if round.iter().any(|life| matches!(life.role, Role::Undo | Role::Lifecycle(..))) {
        return Err(Refusal::AtTheEnd(asked.clone()));
    }
    let outermost = round.iter().rposition(|life| !life.is_work());
    match outermost.and_then(|at| round.get(at + 1)) {
        Some(owner) => Ok(Target::Unit(owner.id)),
        None => Err(Refusal::NotRun(asked.clone())),
    }
}

/// The place of a statement that never was a unit.
pub(super) fn place_in(plan: &Plan, life: &Life<'_>, node: NodeId) -> String {
    let separator = if life.place.is_empty() { "" } else { "." };
    format!("{}{separator}{}", life.place, plan.node(node).label)
}
