//! Two plans of one workflow side by side: which node of the one is which of the other, and what has changed.
//!
//! In: the plan that was, and the plan that is. Out: pairs, and changes as data and in words.
//! Never: runs; what a change means for one of them is said in `run::upgrade`.

mod align;
mod change;
mod differences;
mod excerpt;
mod head;
mod pair;
mod parts;
mod words;

pub use change::{Change, Part, Position, What};
pub use pair::Pairs;

use super::workflow::Plan;

/// What two plans of one workflow have in common, and what not.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Which node is which.
    pub pairs: Pairs,
    /// What has changed, in the order of the program.
    pub changes: Vec<Change>,
}

/// Compares the plan that was with the plan that is.
pub fn compare(old: &Plan, new: &Plan) -> Comparison {
    let pairs = Pairs::of(old, new);
    let changes = if old.digest == new.digest { Vec::new() } else { differences::between(old, new, &pairs) };
    Comparison { pairs, changes }
}
