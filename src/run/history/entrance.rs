//! How far a run is on its way in, before it starts.

use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::run::admission::Admission;
use crate::run::event::Acceptance;

/// How far a run is on its way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// Items are collected for it.
    Collecting,
    /// What was collected is all there, and is to be taken in.
    Complete,
    /// It waits for the earliest moment at which it may start.
    Early,
    /// It waits for its places.
    Asking,
    /// It has started, or never will.
    Passed,
}

/// What was collected for a run.
#[derive(Clone, Debug, Default)]
pub struct Collection {
    /// The items that count, in the order in which they came.
    pub items: Vec<Collected>,
    /// When the first item came.
    pub first: Option<Timestamp>,
    /// How many runs lie behind one of them at most that started one another.
    pub chain: u32,
}

/// An item that was collected.
#[derive(Clone, Debug)]
pub struct Collected {
    /// What `input:` made of it, checked.
    pub input: Value,
    /// What `trigger` was.
    pub trigger: Value,
    /// How many runs lie behind it that started one another.
    pub chain: u32,
}

impl Entrance {
    /// Where a run stands that was accepted just now.
    pub(super) fn of(accepted: &Acceptance) -> Self {
        if accepted.collects.is_some() { Self::Collecting } else { Self::with(&accepted.admission) }
    }

    /// Where a run stands that needs this before it may start.
    pub(super) fn with(admission: &Admission) -> Self {
        if admission.not_before.is_some() { Self::Early } else { Self::Asking }
    }
}
