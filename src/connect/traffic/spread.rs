//! How long calls took, in groups: what takes a second now and then is not to be seen in an average.

use std::time::Duration as Span;

/// Up to how many seconds a call is of a group; beyond the last is one more group.
pub const BOUNDS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0];

/// How long the calls of one operation took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spread {
    groups: [u64; BOUNDS.len() + 1],
    /// How long they took together.
    pub time: Span,
}

impl Spread {
    /// One more took so long.
    pub(super) fn add(&mut self, took: Span) {
        let seconds = took.as_secs_f64();
        let group = BOUNDS.iter().position(|bound| seconds <= *bound).unwrap_or(BOUNDS.len());
        self.groups[group] += 1;
        self.time += took;
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.groups.iter().sum()
    }

    /// The groups: up to how many seconds, and how many calls are in each.
    pub fn groups(&self) -> impl Iterator<Item = (f64, u64)> {
        BOUNDS.into_iter().chain([f64::INFINITY]).zip(self.groups)
    }
}
