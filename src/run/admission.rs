//! What a run needs before it may start, and why one never does: words of the journal (semantics 67 to 72).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::event::Holder;
use crate::base::failure::Failure;
use crate::base::id::RunId;
use crate::base::limit;
use crate::base::time::{Duration, Timestamp};
use crate::base::value::Value;

/// What a run needs before it may start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Admission {
    /// Its places, in the order in which it asks for them. It has them until it rests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Place>,
    /// From 0 to 9: higher ones enter gates first.
    #[serde(default = "ordinary")]
    pub priority: u8,
    /// The earliest moment at which it may start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// The pace that `not_before` keeps: a run that comes later than that asks for another moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pace: Option<Pace>,
    /// The fact that says that it has its workflow's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Arc<str>>,
}

impl Default for Admission {
    /// Nothing.
    fn default() -> Self {
        Self { places: Vec::new(), priority: limit::PRIORITY_DEFAULT, not_before: None, pace: None, key: None }
    }
}

impl Admission {
    /// Whether nothing is needed.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

fn ordinary() -> u8 {
    limit::PRIORITY_DEFAULT
}

/// How fast runs may start one after the other: `throttle 10 per 1m by KEY`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// Of which workflow.
    pub workflow: Arc<str>,
    /// By which of its triggers they come.
    pub trigger: usize,
    /// Those that keep one pace together.
    pub by: String,
    /// How many may start.
    pub count: u64,
    /// Within which time.
    pub per: Duration,
}

/// The turn of a run at the gates of its workflow: all that others must know of it who wait there too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// Whether it has all its places.
    pub inside: bool,
    /// Its places, in the order in which it asks for them.
    pub places: Vec<Place>,
    /// Higher ones enter first.
    pub priority: u8,
    /// The gates that are held until it has ended, by the runs that wait for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<Holder>,
}

/// One of so many places at a gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Which gate.
    pub gate: Arc<str>,
    /// How many may be inside.
    pub places: u64,
    /// What happens to those who come when all places are taken.
    pub overflow: Overflow,
}

/// What happens to those who come when all places are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overflow {
    /// They wait.
    #[default]
    Queue,
    /// They are skipped.
    Skip,
    /// Those inside are cancelled for them.
    Restart,
}

impl Overflow {
    /// What programs call so; the checker let no other word through.
    pub fn named(word: &str) -> Self {
        match word {
            "skip" => Self::Skip,
            "restart" => Self::Restart,
            _ => Self::Queue,
        }
    }
}

/// For whom a run collects items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collects {
    /// The trigger that brings them, by its place among those of the workflow.
    pub trigger: usize,
    /// The fact that says that this run collects them.
    pub fact: Arc<str>,
}

/// What was made of the items that a run has collected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gathered {
    /// Its input.
    pub input: Value,
    /// What `trigger` is.
    pub trigger: Value,
    /// What it needs before it may start.
    #[serde(default, skip_serializing_if = "Admission::is_nothing")]
    pub admission: Admission,
}

/// Why a run never starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Reason {
    /// Others have all the places, and late ones are not wanted.
    Full {
        /// At which gate.
        gate: Arc<str>,
    },
    /// Another run has its key.
    Held {
        /// Which.
        run: RunId,
    },
    /// It would wait for itself.
    Circle {
        /// At which gate.
        gate: Arc<str>,
    },
    /// Too many runs before it have started one another (semantics 66).
    Chain {
        /// Which.
        failure: Arc<Failure>,
    },
    /// What it needs cannot be computed, or what it collected does not fit.
    Unfit {
        /// Why.
        failure: Arc<Failure>,
    },
}
