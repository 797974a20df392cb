//! What a plan still holds of plans before it, for runs that began under them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::super::handler::HandlerId;
use super::super::node::NodeId;
use super::super::workflow::Moment;
use crate::base::id::Digest;

/// What a plan holds beside its own: nodes and handlers of plans before it that runs were moved from. Its own steps never
/// refer to them; only what a run has recorded does, and what is still to be undone of that (semantics 74).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Past {
    /// The nodes, by their ids in this plan.
    pub nodes: BTreeMap<NodeId, Relic>,
    /// The handlers, with the frames they are written in.
    pub handlers: BTreeMap<HandlerId, Owner>,
    /// The plans before, the earliest first.
    pub lineage: Vec<Digest>,
}

/// A node of a plan before.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Relic {
    /// The node of this plan that stands in its place, if there is one: a body counts what was done of it so.
    pub place: Option<NodeId>,
    /// The frame it stands in.
    pub within: Owner,
    /// Its place, without turns and generations.
    pub path: Arc<str>,
}

/// What opens a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Owner {
    /// The run.
    Run,
    /// A turn of a loop, or a branch for an item.
    Turn(NodeId),
    /// A branch of a race, by its number.
    Branch(NodeId, u32),
    /// The body of an `alternate`.
    Alternate(HandlerId),
    /// A body of `remind` or `escalate`, by its number.
    Meanwhile(NodeId, u32),
    /// A body at the end of the run, by its number.
    Lifecycle(Moment, u32),
    /// The call of a `notify` or an `undo`.
    Given(NodeId),
}

impl Past {
    /// The node of this plan in whose place `node` stands: itself, where it is no relic.
    pub fn place_of(&self, node: NodeId) -> NodeId {
        self.nodes.get(&node).and_then(|relic| relic.place).unwrap_or(node)
    }
}
