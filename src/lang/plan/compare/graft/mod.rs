//! A new plan for runs that began under an old one: the new plan, and beside it what is left of the old one.
//!
//! In what such a run has recorded, what is the same in both plans becomes what it is in the new one. What was changed or is
//! gone is kept beside it as it was: with its undo, its handlers and the places its expressions read (semantics 74).

mod rewrite;
mod survey;

use std::sync::Arc;

use super::super::formula::Slot;
use super::super::handler::{ChainId, HandlerId};
use super::super::node::NodeId;
use super::super::workflow::Plan;
use super::pair::Pairs;
use super::past::{Past, Relic};
use super::places::places;
use rewrite::Rewriter;
use survey::{Stand, Survey};

/// A plan for runs that began under another, and how what they have recorded is read in it.
#[derive(Clone, Debug)]
pub struct Graft {
    /// The new plan, with what is left of the old one.
    pub plan: Arc<Plan>,
    /// What of the old plan is what of this one.
    pub translation: Translation,
}

/// What of the old plan is what of the grafted one.
#[derive(Clone, Debug)]
pub struct Translation {
    nodes: Vec<NodeId>,
    handlers: Vec<HandlerId>,
    chains: Vec<ChainId>,
    /// Where each node and handler of the old plan stands.
    stands: Vec<Stand>,
    handler_stands: Vec<Stand>,
    frames: Vec<survey::Frame>,
    /// Nodes of which what the new plan reads was not put where it reads it; the run of one that has carried out such a node
    /// cannot be moved.
    pub unread: Vec<NodeId>,
}

impl Translation {
    /// The node that a node has become, or as which it was kept. What is no node stays so.
    pub fn node(&self, old: NodeId) -> NodeId {
        self.nodes.get(old.0 as usize).copied().unwrap_or(old)
    }

    /// The handler that a handler has become, or as which it was kept.
    pub fn handler(&self, old: HandlerId) -> HandlerId {
        self.handlers.get(old.0 as usize).copied().unwrap_or(old)
    }

    /// The chain of an error that was raised under the old plan: it meets the handlers it would have met.
    pub fn chain(&self, old: ChainId) -> ChainId {
        self.chains.get(old.0 as usize).copied().unwrap_or(old)
    }

    /// Where what stood at `slot`, seen from a node, stands.
    pub fn slot(&self, from: NodeId, slot: Slot) -> Slot {
        let Some(mut frame) = self.stands.get(from.0 as usize).and_then(|stand| stand.frame) else { return slot };
        while self.frames[frame].depth > slot.depth {
            frame = self.frames[frame].parent;
        }
        match self.frames[frame].places.get(&slot.index).filter(|_| self.frames[frame].kept) {
            Some(index) => Slot { index: *index, ..slot },
            None => slot,
        }
    }

    /// Whether a node is the same in the new plan, with all that is round it.
    pub fn keeps(&self, old: NodeId) -> bool {
        self.stands.get(old.0 as usize).is_some_and(|stand| stand.kept)
    }

    /// The same of a handler.
    pub fn keeps_handler(&self, old: HandlerId) -> bool {
        self.handler_stands.get(old.0 as usize).is_some_and(|stand| stand.kept)
    }
}

/// Grafts what is left of `old` upon `new`.
pub fn graft(old: &Plan, new: &Plan, pairs: &Pairs) -> Graft {
    let survey = Survey::of(old, new, pairs);
    let nodes = ids(new.nodes.len(), &survey.nodes, |at| pairs.node(NodeId(at)).map(|id| id.0)).map(NodeId).collect();
    let handlers = ids(new.handlers.len(), &survey.handlers, |at| pairs.handler(HandlerId(at)).map(|id| id.0));
    let handlers: Vec<HandlerId> = handlers.map(HandlerId).collect();
    // The first chain is the empty one of both.
    let chains = (0..old.chains.len()).map(|at| if at == 0 { 0 } else { new.chains.len() + at - 1 });
    let chains: Vec<ChainId> = chains.map(|at| ChainId(at as u32)).collect();
    let (stands, unread, paths) = (survey.nodes.clone(), survey.unread.clone(), places(old));
    let mut plan = new.clone();
    plan.past = Past::default();
    let mut rewriter = Rewriter::new(old, survey, nodes, handlers, chains);
    rewriter.operations(&mut plan);
    for (id, stand) in stands.iter().enumerate().filter(|(_, stand)| !stand.kept) {
        let old_id = NodeId(id as u32);
        plan.nodes.push(rewriter.node(old.node(old_id)));
        let place = stand.placed.then(|| pairs.node(old_id)).flatten();
        let place = place.or_else(|| rewriter.inherited(old_id, pairs));
        let within = rewriter.owner(stand.frame);
        let path = paths[id].clone();
        plan.past.nodes.insert(rewriter.node_id(old_id), Relic { place, within, path });
    }
    for (id, handler) in old.handlers.iter().enumerate() {
        let id = HandlerId(id as u32);
        if !rewriter.keeps_handler(id) {
            plan.handlers.push(rewriter.handler(handler));
            plan.past.handlers.insert(rewriter.handler_id(id), rewriter.handler_owner(id));
        }
    }
    plan.chains.extend(old.chains.iter().skip(1).map(|chain| rewriter.chain(chain)));
    rewriter.carry(&mut plan, pairs);
    plan.past.lineage = old.past.lineage.iter().copied().chain([old.digest]).collect();
    let Rewriter { survey, nodes, handlers, chains, .. } = rewriter;
    let (frames, handler_stands) = (survey.frames, survey.handlers);
    let translation = Translation { nodes, handlers, chains, stands, handler_stands, frames, unread };
    Graft { plan: Arc::new(plan), translation }
}

/// The ids of what is kept, and new ones, behind the `first`, for what is left over.
fn ids<'s>(
    first: usize,
    stands: &'s [Stand],
    twin: impl Fn(u32) -> Option<u32> + 's,
) -> impl Iterator<Item = u32> + 's {
    let mut next = first as u32;
    (0u32..).zip(stands).map(move |(at, stand)| match twin(at).filter(|_| stand.kept) {
        Some(twin) => twin,
        None => {
            next += 1;
            next - 1
        }
    })
}
