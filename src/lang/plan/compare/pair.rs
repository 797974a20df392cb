//! Which node of the old plan is which of the new one: by what people call it, through the blocks it stands in.

use std::collections::BTreeSet;
use std::mem::{Discriminant, discriminant};

use super::super::body::{Body, Branch};
use super::super::handler::{Handler, HandlerAction, HandlerId};
use super::super::node::{For, ForSource, Inside, Kind, Node, NodeId, Wait};
use super::super::workflow::{Moment, Plan};
use super::align::align;
use crate::base::id::Digest;

/// What of two plans belongs together.
#[derive(Clone, Debug)]
pub struct Pairs {
    /// For each node of the old plan, that of the new one which it has become.
    nodes: Vec<Option<NodeId>>,
    /// The same the other way round.
    origins: Vec<Option<NodeId>>,
    /// For each handler of the old plan, that of the new one which stands in its place.
    handlers: Vec<Option<HandlerId>>,
    handler_origins: Vec<Option<HandlerId>>,
    /// Nodes of the new plan that stand elsewhere among their neighbours than they did.
    moved: BTreeSet<NodeId>,
}

impl Pairs {
    /// Finds what belongs together. A node keeps its identity when others are put in, taken out or changed beside it: one with
    /// a name is found by its name, in the same block; one without by what it says, and else by its kind, in order.
    pub(super) fn of(old: &Plan, new: &Plan) -> Self {
        let pairs = Self {
            nodes: vec![None; old.nodes.len()],
            origins: vec![None; new.nodes.len()],
            handlers: vec![None; old.handlers.len()],
            handler_origins: vec![None; new.handlers.len()],
            moved: BTreeSet::new(),
        };
        let mut pairing = Pairing { old, new, pairs };
        pairing.body(&old.body, &new.body);
        for moment in Moment::ALL {
            for (old, new) in old.lifecycle(moment).iter().zip(new.lifecycle(moment)) {
                pairing.body(old, new);
            }
        }
        pairing.pairs
    }

    /// The node of the new plan that this one has become.
    pub fn node(&self, old: NodeId) -> Option<NodeId> {
        self.nodes.get(old.0 as usize).copied().flatten()
    }

    /// The node of the old plan that this one of the new plan was.
    pub fn origin(&self, new: NodeId) -> Option<NodeId> {
        self.origins.get(new.0 as usize).copied().flatten()
    }

    /// The handler of the new plan that stands in the place of this one, and may say something else.
    pub fn handler(&self, old: HandlerId) -> Option<HandlerId> {
        self.handlers.get(old.0 as usize).copied().flatten()
    }

    /// The handler of the old plan in whose place this one stands.
    pub fn handler_origin(&self, new: HandlerId) -> Option<HandlerId> {
        self.handler_origins.get(new.0 as usize).copied().flatten()
    }

    /// Whether a node of the new plan stands elsewhere among its neighbours than it did.
    pub fn is_moved(&self, new: NodeId) -> bool {
        self.moved.contains(&new)
    }
}

struct Pairing<'p> {
    old: &'p Plan,
    new: &'p Plan,
    pairs: Pairs,
}

/// What a statement is known by in its body: its name, or what it says.
fn known(node: &Node) -> (Option<&str>, Option<Digest>) {
    (node.name.as_deref(), node.name.is_none().then_some(node.digest))
}

/// What a statement without a name has in common with what it was before it was changed.
fn kindred(node: &Node) -> (Discriminant<Kind>, Option<&str>) {
    let about = match &node.kind {
        Kind::Call { operation, .. } => Some(&**operation),
        Kind::Child { workflow, .. } | Kind::Start { workflow, .. } => Some(&**workflow),
        Kind::Emit { topic, .. } | Kind::Wait(Wait::Event { topic, .. }) => Some(&**topic),
        Kind::Wait(Wait::Signal(name)) => Some(&**name),
        Kind::Set(set) => set.path.first().map(|name| &**name),
        _ => None,
    };
    (discriminant(&node.kind), about)
}

impl<'p> Pairing<'p> {
    fn body(&mut self, old: &Body, new: &Body) {
        let (plans, plan) = (self.old, self.new);
        let before: Vec<&'p Node> = old.statements.iter().map(|id| plans.node(*id)).collect();
        let after: Vec<&'p Node> = new.statements.iter().map(|id| plan.node(*id)).collect();
        let keys = |nodes: &[&'p Node]| nodes.iter().map(|node| known(node)).collect::<Vec<_>>();
        let mut found = Found::new(before.len(), after.len(), &align(&keys(&before), &keys(&after)));
        found.join(&before, &after, |old, new| known(old) == known(new));
        for (_, new) in &found.late {
            self.pairs.moved.insert(after[*new].id);
        }
        // What is left was changed, if it is of the same kind; the nearest is taken. Of a name nothing is left.
        let is_kindred =
            |old: &&Node, new: &&Node| old.name.is_none() && new.name.is_none() && kindred(old) == kindred(new);
        found.join_between(&before, &after, is_kindred);
        found.join(&before, &after, is_kindred);
        for (old, new) in found.pairs() {
            self.node(before[old].id, after[new].id);
        }
        self.handlers(&old.handlers, &new.handlers);
    }

    fn node(&mut self, old: NodeId, new: NodeId) {
        self.pairs.nodes[old.0 as usize] = Some(new);
        self.pairs.origins[new.0 as usize] = Some(old);
        let (old, new) = (self.old.node(old), self.new.node(new));
        self.handlers(&old.clauses.handlers, &new.clauses.handlers);
        if let (Some(old), Some(new)) = (old.clauses.undo, new.clauses.undo) {
            self.node(old, new);
        }
        for (old, new) in old.clauses.meanwhile.iter().zip(&new.clauses.meanwhile) {
            self.body(&old.body, &new.body);
        }
        // What stands in a block that has become another kind of block begins there.
        if !is_same_block(&old.kind, &new.kind) {
            return;
        }
        if let (Some(old), Some(new)) = (stream(&old.kind), stream(&new.kind)) {
            self.node(old, new);
        }
        match (old.kind.inside(), new.kind.inside()) {
            (Inside::Body(before), Inside::Body(after)) => self.body(before, after),
            (Inside::Branches(before), Inside::Branches(after)) => {
                for (before, after) in branches(&before, &after, old.digest == new.digest) {
                    self.body(&before.body, &after.body);
                }
            }
            _ => {}
        }
    }

    fn handlers(&mut self, old: &[HandlerId], new: &[HandlerId]) {
        let (plans, plan) = (self.old, self.new);
        let before: Vec<_> = old.iter().map(|id| &plans.handlers[id.0 as usize]).collect();
        let after: Vec<_> = new.iter().map(|id| &plan.handlers[id.0 as usize]).collect();
        let digests = |handlers: &[&Handler]| handlers.iter().map(|one| one.digest).collect::<Vec<_>>();
        let mut found = Found::new(before.len(), after.len(), &align(&digests(&before), &digests(&after)));
        found.join(&before, &after, |old, new| old.digest == new.digest);
        let action = |action: &HandlerAction| discriminant(action);
        found.join(&before, &after, |old, new| old.types == new.types && action(&old.action) == action(&new.action));
        found.join(&before, &after, |old, new| action(&old.action) == action(&new.action));
        for (old, new) in found.pairs() {
            let (old, new) = (before[old], after[new]);
            self.pairs.handlers[old.id.0 as usize] = Some(new.id);
            self.pairs.handler_origins[new.id.0 as usize] = Some(old.id);
            match (&old.action, &new.action) {
                (HandlerAction::Alternate(old), HandlerAction::Alternate(new)) => self.body(old, new),
                (HandlerAction::Notify(old), HandlerAction::Notify(new)) => self.node(*old, *new),
                _ => {}
            }
        }
    }
}

/// Pairs of two lists in the making.
struct Found {
    old: Vec<Option<usize>>,
    new: Vec<bool>,
    /// How many pairs in order come before each place.
    gaps: (Vec<usize>, Vec<usize>),
    /// Those that were joined later, and need not stand in the same order.
    late: Vec<(usize, usize)>,
}

impl Found {
    fn new(old: usize, new: usize, in_order: &[(usize, usize)]) -> Self {
        let count = |len: usize, place: fn(&(usize, usize)) -> usize| {
            (0..len).map(|at| in_order.partition_point(|pair| place(pair) < at)).collect()
        };
        let gaps = (count(old, |pair| pair.0), count(new, |pair| pair.1));
        let mut found = Self { old: vec![None; old], new: vec![false; new], gaps, late: Vec::new() };
        for (old, new) in in_order {
            found.old[*old] = Some(*new);
            found.new[*new] = true;
        }
        found
    }

    /// Joins what has no partner yet with the first that is left between the same pairs.
    fn join_between<T>(&mut self, old: &[T], new: &[T], is_same: impl Fn(&T, &T) -> bool) {
        let gaps = std::mem::take(&mut self.gaps);
        self.join_where(old.len(), new.len(), |before, after| {
            gaps.0[before] == gaps.1[after] && is_same(&old[before], &new[after])
        });
    }

    /// Joins what has no partner yet, each with the first that is left.
    fn join<T>(&mut self, old: &[T], new: &[T], is_same: impl Fn(&T, &T) -> bool) {
        self.join_where(old.len(), new.len(), |before, after| is_same(&old[before], &new[after]));
    }

    fn join_where(&mut self, old: usize, new: usize, is_same: impl Fn(usize, usize) -> bool) {
        let mut left: Vec<usize> = (0..new).filter(|at| !self.new[*at]).collect();
        for at in 0..old {
            if self.old[at].is_some() || left.is_empty() {
                continue;
            }
            if let Some(place) = left.iter().position(|other| is_same(at, *other)) {
                let other = left.remove(place);
                self.old[at] = Some(other);
                self.new[other] = true;
                self.late.push((at, other));
            }
        }
    }

    fn pairs(self) -> impl Iterator<Item = (usize, usize)> {
        self.old.into_iter().enumerate().filter_map(|(old, new)| Some((old, new?)))
    }
}

/// Whether what stands in two blocks can be told apart by the same names: blocks of the same kind, which open the same frames.
pub fn is_same_block(old: &Kind, new: &Kind) -> bool {
    match (old, new) {
        (Kind::Race(old), Kind::Race(new)) => discriminant(&old.runners) == discriminant(&new.runners),
        (old, new) => discriminant(old) == discriminant(new),
    }
}

/// Branches by their names; in blocks that say the same, by their order.
pub fn branches<'b>(old: &[&'b Branch], new: &[&'b Branch], same_head: bool) -> Vec<(&'b Branch, &'b Branch)> {
    if same_head {
        return old.iter().copied().zip(new.iter().copied()).collect();
    }
    let mut left: Vec<&Branch> = new.to_vec();
    let mut pairs = Vec::new();
    for old in old {
        if let Some(place) = left.iter().position(|new| new.name == old.name) {
            pairs.push((*old, left.remove(place)));
        }
    }
    pairs
}

/// The call that a loop streams.
pub fn stream(kind: &Kind) -> Option<NodeId> {
    match kind {
        Kind::For(For { source: ForSource::Stream(call), .. }) => Some(*call),
        _ => None,
    }
}
