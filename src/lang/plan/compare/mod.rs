//! Two plans of one workflow side by side: which node of the one is which of the other, and what has changed.
//!
//! In: the plan that was, and the plan that is. Out: pairs, and changes as data and in words.
//! Never: runs; what a change means for one of them is said in `run::upgrade`.

mod align;
mod change;
mod differences;
mod excerpt;
mod graft;
mod head;
mod pair;
mod parts;
mod past;
mod places;
mod words;

pub use change::{Change, Part, Position, What};
pub use graft::{Graft, Translation, graft};
pub use pair::{Pairs, branches, is_same_block, stream};
pub use past::{Owner, Past, Relic};
pub use places::places;

use std::sync::Arc;

use super::body::Body;
use super::connector::Operation;
use super::fingerprint;
use super::workflow::Plan;

/// What two plans of one workflow have in common, and what not.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Which node is which.
    pub pairs: Pairs,
    /// What has changed, in the order of the program.
    pub changes: Vec<Change>,
}

/// Whether two bodies give the same.
pub fn gives_the_same(old: &Body, new: &Body) -> bool {
    fingerprint::whole(&old.output) == fingerprint::whole(&new.output)
}

/// Whether two plans call the same functions, and the same operations by the same names.
pub fn stands_on_the_same(old: &Plan, new: &Plan) -> bool {
    let same = |(name, operation): (&Arc<str>, &Arc<Operation>)| {
        let known = old.operations.get(name);
        known.is_none_or(|known| fingerprint::whole(&**known) == fingerprint::whole(&**operation))
    };
    fingerprint::whole(&old.functions) == fingerprint::whole(&new.functions) && new.operations.iter().all(same)
}

/// Compares the plan that was with the plan that is.
pub fn compare(old: &Plan, new: &Plan) -> Comparison {
    let pairs = Pairs::of(old, new);
    let changes = if old.digest == new.digest { Vec::new() } else { differences::between(old, new, &pairs) };
    Comparison { pairs, changes }
}
