//! A step that is parked tries again: what that means is said as for a rewind, though the run is under way and is not rewound.

use super::scope::Scope;
use super::{Asked, Preview, Refusal, Request, Why, folded};
use crate::base::value::Value;
use crate::lang::plan::Plan;
use crate::run::event::{Outcome, Record, UnitId};
use crate::run::history::lives::{Life, Lives};

/// What it would mean that a parked unit tries again, and the parameters that it tries with, if they are others.
///
/// # Errors
/// If it cannot try so.
pub fn parked(
    plan: &Plan,
    records: &[Record],
    unit: UnitId,
    request: &Request,
) -> Result<(Preview, Option<Value>), Refusal> {
    let fold = folded(plan, records)?;
    let lives = Lives::of(plan, fold.counted());
    let life = lives.get(unit).ok_or(Refusal::NoSuchRun)?;
    let under_way = |what: &str| Refusal::UnderWay { step: life.place.clone(), what: what.into() };
    if request.input.is_some() {
        return Err(under_way("the input of its run stays as it is, but its own parameters can be others (`--set`)"));
    }
    if request.from.as_ref().is_some_and(|from| *from != life.place && *from != life.bare) {
        return Err(under_way("it goes on there, and from no other step"));
    }
    let kept = lives.iter().filter(|life| has_ended(life) && !around(&lives, life).any(has_ended));
    let scope =
        Scope { redone: vec![(unit, Why::Failed)], kept: kept.map(|life| life.id).collect(), ..Scope::default() };
    let rewinding = super::consequence::of(plan, fold.run(), &lives, &scope);
    let asked = Asked { plan, run: fold.run(), lives: &lives, scope: &scope, request };
    let (preview, rewinding) = asked.for_what(rewinding)?;
    Ok((preview, rewinding.params.into_iter().next().map(|(_, params)| params)))
}

/// Whether it is part of what the program does, and has put something out.
fn has_ended(life: &Life<'_>) -> bool {
    life.is_work() && matches!(life.outcome, Some(Outcome::Completed { .. } | Outcome::Skipped { .. }))
}

/// What lies round a unit.
fn around<'b, 'a>(lives: &'b Lives<'a>, life: &'b Life<'a>) -> impl Iterator<Item = &'b Life<'a>> {
    lives.round(life.id).skip(1)
}
