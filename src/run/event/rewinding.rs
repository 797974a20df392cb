//! The record of a rewind.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Admission, UnitId};
use crate::base::id::{Digest, RunId};
use crate::base::value::Value;
use crate::lang::plan::NodeId;

/// What is done again of a run that rested, by whose word. It names what the journal held when that was decided: whoever
/// folds the journal later need not decide it again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rewinding {
    /// Who asked for it.
    pub by: Arc<str>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Arc<str>>,
    /// The run that asked for it, and its unit that waits for this run, if it is rewound through its parent (semantics 79).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<(RunId, UnitId)>,
    /// The place of the step from which it was asked for; none where the run goes on with what failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Arc<str>>,
    /// If this is a fork: the run whose records those before this one are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<RunId>,
    /// What it needs before it goes on: its places, and its key; nothing more than it has, in journals of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admission: Option<Admission>,
    /// Whether it has its places already: what was undone first was undone inside.
    #[serde(default, skip_serializing_if = "is_not")]
    pub inside: bool,
    /// The plan it is to go on under, if that is a newer one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Digest>,
    /// The input from now on, if it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Value>,
    /// Units that were ended, or given up, and stand open again: what is done again is in them.
    pub open: Vec<UnitId>,
    /// Those among them that begin their bodies anew, as the next generation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anew: Vec<UnitId>,
    /// Units that count no more, with all that is in them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redone: Vec<UnitId>,
    /// Statements that count no more and never were units, with the units they stand in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<(UnitId, NodeId)>,
    /// The generations that what is done again has from now on, by places (semantics 45).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub generations: Vec<(Arc<str>, u32)>,
    /// Parameters that a person has given, by the places of the steps that act with them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<(Arc<str>, Value)>,
    /// Runs that steps wait for and that go on where they failed: with the places of the steps, without generations, and what
    /// the runs were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<(Arc<str>, Value, RunId)>,
    /// The places of the steps whose effects are undone before, if they have not been undone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undo: Vec<Arc<str>>,
}

fn is_not(flag: &bool) -> bool {
    !flag
}
