//! Whether a run that began under one plan may go on under another (semantics 73 to 75).
//!
//! In: two plans, a run, what it has carried out. Out: a verdict. Never: a change of the run.

mod judge;
mod reach;
mod traces;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use traces::Traces;

use super::history::Run;
use crate::lang::plan::Plan;
use crate::lang::plan::compare::{Comparison, Graft, compare, graft, places};
use judge::Judge;
use reach::Reach;

/// From one plan to another: made once for all runs that are pinned to the first.
#[derive(Debug)]
pub struct Transition {
    /// The plan that was.
    pub old: Arc<Plan>,
    /// The plan that is.
    pub new: Arc<Plan>,
    /// What belongs together.
    pub comparison: Comparison,
    /// The new plan, for runs that began under the old one.
    pub graft: Graft,
    /// The places of the nodes of both.
    old_places: Vec<Arc<str>>,
    new_places: Vec<Arc<str>>,
}

impl Transition {
    /// Compares two plans of one workflow.
    pub fn new(old: Arc<Plan>, new: Arc<Plan>) -> Self {
        let comparison = compare(&old, &new);
        let graft = graft(&old, &new, &comparison.pairs);
        let (old_places, new_places) = (places(&old), places(&new));
        Self { old, new, comparison, graft, old_places, new_places }
    }
}

/// What a new plan means for a run at its present point (semantics 75).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing that is still to come was changed: it stays on its plan.
    Unaffected,
    /// It goes on under the new plan.
    Moves {
        /// The first step that is another one there; none where only handlers, an order or an output are.
        at: Option<Arc<str>>,
    },
    /// It goes on under the old plan.
    Stays(Stay),
}

/// Why a run goes on under its old plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stay {
    /// Which part of semantics 73 forbids the move.
    pub because: Letter,
    /// The node it is about.
    pub node: Arc<str>,
    /// Why, in words.
    pub words: Arc<str>,
}

/// A part of semantics 73.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Letter {
    /// What is under way must be the same.
    A,
    /// What comes before must have been done.
    B,
    /// What is known must fit.
    C,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unaffected => f.write_str("unaffected"),
            Self::Moves { at: Some(at) } => write!(f, "moves at `{at}`"),
            Self::Moves { at: None } => f.write_str("moves now"),
            Self::Stays(stay) => write!(f, "stays, because {}", stay.words),
        }
    }
}

/// Says what the new plan means for a run that stands as `run` does and has left `traces`.
pub fn verdict(transition: &Transition, run: &Run, traces: &Traces) -> Verdict {
    let at = match Reach::of(transition, run, traces) {
        Reach::Nothing => return Verdict::Unaffected,
        Reach::Something => None,
        Reach::At(node) => Some(node),
    };
    let (old, new) = (&*transition.old, &*transition.new);
    match (Judge { transition, old, new, run, traces }).may_move() {
        Ok(()) => Verdict::Moves { at },
        Err(stay) => Verdict::Stays(stay),
    }
}
