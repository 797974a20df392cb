//! Forks: new runs that begin with what another run has recorded, up to a step (semantics 80).
//!
//! The other run may stand as it likes, and stays as it is. What it has done outside is its affair: nothing of that is undone by
//! the fork, and what the fork does itself has keys of its own.

use super::scope::Scope;
use super::{Asked, Preview, Refusal, Request, Why, consequence, folded, scope};
use crate::lang::plan::Plan;
use crate::run::event::{Event, Outcome, Record, Rewinding};
use crate::run::history::lives::Lives;

/// A fork, before it is a run.
#[derive(Clone, Debug)]
pub struct Fork {
    /// What it means.
    pub preview: Preview,
    /// The record with which it becomes a run of its own.
    pub rewinding: Rewinding,
    /// Which records of the other run stand before that, by their numbers.
    pub kept: Vec<usize>,
}

/// What a fork of the run with these records would be.
///
/// # Errors
/// Where there cannot be one.
pub fn fork(plan: &Plan, records: &[Record], request: &Request) -> Result<Fork, Refusal> {
    let fold = folded(plan, records)?;
    let run = fold.run();
    if run.accepted.collects.is_some() && run.started_at.is_none() {
        return Err(Refusal::Collects);
    }
    let lives = Lives::of(plan, fold.counted());
    let scope = match (&request.from, &run.outcome) {
        // Nothing of it has failed: what is wanted is the whole of it once more.
        (None, Some(Outcome::Completed { .. })) => Scope::all(Why::Asked),
        (from, _) => scope(plan, &fold, &lives, from.as_ref())?,
    };
    let mut rewinding = Rewinding {
        of: Some(run.accepted.run.clone()),
        // What the other run has done, and whom it waits for, stays with it.
        undo: Vec::new(),
        children: Vec::new(),
        ..consequence::of(plan, run, &lives, &scope)
    };
    let begins_anew = rewinding.open.is_empty();
    if begins_anew {
        rewinding.generations.clear();
    }
    let (preview, mut rewinding) = Asked { plan, run, lives: &lives, scope: &scope, request }.for_what(rewinding)?;
    rewinding.input.get_or_insert_with(|| run.accepted.input.clone());
    let mut counted = fold.counting(&rewinding).into_iter().filter(|_| !begins_anew).peekable();
    let numbered = records.iter().enumerate();
    let kept = numbered.filter(|(_, record)| counted.next_if(|other| std::ptr::eq(*other, *record)).is_some());
    let kept = kept.filter(|(_, record)| !is_of_the_way_in(&record.event)).map(|(number, _)| number).collect();
    Ok(Fork { preview, rewinding, kept })
}

/// What led to the beginning of the other run, or is yet to come there.
fn is_of_the_way_in(event: &Event) -> bool {
    matches!(
        event,
        Event::Accepted(_)
            | Event::Collected { .. }
            | Event::Gathered(_)
            | Event::Delayed { .. }
            | Event::TurnedAway { .. }
            | Event::MoveAsked { .. }
    )
}
