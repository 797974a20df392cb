//! What of a new plan a run has still before it: the first step that is another one there (semantics 75).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Transition;
use super::judge::name;
use super::traces::Traces;
use crate::lang::plan::compare::{branches, gives_the_same, is_same_block, stands_on_the_same, stream};
use crate::lang::plan::node::Inside;
use crate::lang::plan::{Body, HandlerAction, HandlerId, Kind, Moment, NodeId};
use crate::run::history::Run;

/// What of the changes lies before a run.
pub(super) enum Reach {
    /// Nothing: whatever is still to come is the same.
    Nothing,
    /// A handler, an order, an output, what a step stands on; but no step.
    Something,
    /// This step first.
    At(Arc<str>),
}

impl Reach {
    pub(super) fn of(transition: &Transition, run: &Run, traces: &Traces) -> Self {
        let live = run.units().map(|unit| transition.old.past.place_of(unit.node)).collect();
        let mut search = Search { transition, traces, live, first: None, other: false };
        let (old, new) = (&transition.old, &transition.new);
        search.body(&old.body, &new.body, false);
        for moment in Moment::ALL {
            let (before, after) = (old.lifecycle(moment), new.lifecycle(moment));
            search.other |= before.len() != after.len();
            before.iter().zip(after).for_each(|(old, new)| search.body(old, new, false));
        }
        search.other |= !stands_on_the_same(old, new);
        match (search.first, search.other) {
            (Some(first), _) => Self::At(first),
            (None, true) => Self::Something,
            (None, false) => Self::Nothing,
        }
    }
}

struct Search<'t> {
    transition: &'t Transition,
    traces: &'t Traces,
    live: BTreeSet<NodeId>,
    first: Option<Arc<str>>,
    other: bool,
}

impl Search<'_> {
    /// Whether nothing of a node is still to come. What stands in a loop that goes on comes `again`.
    fn is_over(&self, old: NodeId, again: bool) -> bool {
        !again && self.traces.touched.contains(&old) && !self.live.contains(&old)
    }

    fn found(&mut self, name: Arc<str>) {
        self.first.get_or_insert(name);
    }

    fn body(&mut self, old: &Body, new: &Body, again: bool) {
        let pairs = &self.transition.comparison.pairs;
        for id in &new.statements {
            match pairs.origin(*id) {
                None => self.found(name(self.transition.new.node(*id))),
                Some(was) => self.node(was, *id, again),
            }
        }
        let gone = |id: &&NodeId| pairs.node(**id).is_none() && !self.is_over(**id, again);
        if let Some(gone) = old.statements.iter().find(gone) {
            let gone = name(self.transition.old.node(*gone));
            self.found(gone);
        }
        self.other |= !gives_the_same(old, new) || self.is_reordered(old, new, again);
        self.handlers(&old.handlers, &new.handlers, again);
    }

    /// Whether what is still to come stands in another order, or waits for something else.
    fn is_reordered(&self, old: &Body, new: &Body, again: bool) -> bool {
        let pairs = &self.transition.comparison.pairs;
        let to_come: Vec<NodeId> = old.statements.iter().copied().filter(|id| !self.is_over(*id, again)).collect();
        let was: Vec<NodeId> = to_come.iter().filter_map(|id| pairs.node(*id)).collect();
        let is: Vec<NodeId> = new.statements.iter().copied().filter(|id| was.contains(id)).collect();
        let waits = |body: &Body, waits: &[u32]| -> BTreeSet<NodeId> {
            waits.iter().filter_map(|wait| body.statements.get(*wait as usize)).copied().collect()
        };
        was != is
            || to_come.iter().any(|id| {
                let Some(twin) = pairs.node(*id) else { return false };
                let before = waits(old, &self.transition.old.node(*id).waits);
                let before: BTreeSet<NodeId> = before.into_iter().filter_map(|id| pairs.node(id)).collect();
                before != waits(new, &self.transition.new.node(twin).waits)
            })
    }

    fn node(&mut self, old: NodeId, new: NodeId, again: bool) {
        if self.is_over(old, again) {
            return;
        }
        let (before, after) = (self.transition.old.node(old), self.transition.new.node(new));
        if before.digest != after.digest {
            self.found(name(after));
        }
        self.handlers(&before.clauses.handlers, &after.clauses.handlers, again);
        for (old, new) in before.clauses.meanwhile.iter().zip(&after.clauses.meanwhile) {
            self.body(&old.body, &new.body, true);
        }
        if !is_same_block(&before.kind, &after.kind) {
            return;
        }
        if let (Some(old), Some(new)) = (stream(&before.kind), stream(&after.kind)) {
            self.node(old, new, true);
        }
        let again =
            again || matches!(after.kind, Kind::For(_) | Kind::While { .. } | Kind::Repeat { .. } | Kind::Race(_));
        match (before.kind.inside(), after.kind.inside()) {
            (Inside::Body(old), Inside::Body(new)) => self.body(old, new, again),
            (Inside::Branches(old), Inside::Branches(new)) => {
                for (old, new) in branches(&old, &new, before.digest == after.digest) {
                    self.body(&old.body, &new.body, again);
                }
            }
            _ => {}
        }
    }

    fn handlers(&mut self, old: &[HandlerId], new: &[HandlerId], again: bool) {
        let digests = |handlers: &[HandlerId], plan: &crate::lang::plan::Plan| -> Vec<_> {
            handlers.iter().map(|id| plan.handlers[id.0 as usize].digest).collect()
        };
        self.other |= digests(old, &self.transition.old) != digests(new, &self.transition.new);
        for id in old {
            let Some(twin) = self.transition.comparison.pairs.handler(*id) else { continue };
            let was = &self.transition.old.handlers[id.0 as usize].action;
            let is = &self.transition.new.handlers[twin.0 as usize].action;
            if let (HandlerAction::Alternate(old), HandlerAction::Alternate(new)) = (was, is) {
                self.body(old, new, again);
            }
        }
    }
}
