//! Where everything of a plan stands: in which frame, and whether it is the same in the plan that follows it.

use std::collections::BTreeMap;

use super::super::super::body::{Body, Gather, Pattern};
use super::super::super::formula::Slot;
use super::super::super::handler::{HandlerAction, HandlerId};
use super::super::super::node::{For, Inside, Kind, NodeId, Race, Runners};
use super::super::super::workflow::{Moment, Plan};
use super::super::pair::{self, Pairs};
use super::super::past::Owner;

/// A frame of the old plan.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) owner: Owner,
    /// The frame round it; its own number for that of the run.
    pub(super) parent: usize,
    pub(super) depth: u16,
    /// Whether what opens it is the same in the new plan, which then opens it.
    pub(super) kept: bool,
    /// The places in the frame that opens in its stead, by the old ones; those of the new plan, and those that are added.
    pub(super) places: BTreeMap<u32, u32>,
    /// How many places the new one has so far.
    pub(super) size: u32,
}

/// A node or handler of the old plan.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stand {
    /// The frame it stands in; none for what was left over from a plan before.
    pub(super) frame: Option<usize>,
    /// Whether it, and all round it, is the same in the new plan.
    pub(super) kept: bool,
    /// Whether all round it is the same, so that it has a place in the new plan even if it says something else there.
    pub(super) placed: bool,
}

/// The old plan, seen from the new one.
#[derive(Debug)]
pub(super) struct Survey<'p> {
    old: &'p Plan,
    new: &'p Plan,
    pairs: &'p Pairs,
    pub(super) frames: Vec<Frame>,
    pub(super) nodes: Vec<Stand>,
    pub(super) handlers: Vec<Stand>,
    /// Nodes of which what is read in the new plan was not put where it could be read.
    pub(super) unread: Vec<NodeId>,
}

impl<'p> Survey<'p> {
    pub(super) fn of(old: &'p Plan, new: &'p Plan, pairs: &'p Pairs) -> Self {
        let mut survey = Self {
            old,
            new,
            pairs,
            frames: Vec::new(),
            nodes: vec![Stand::default(); old.nodes.len()],
            handlers: vec![Stand::default(); old.handlers.len()],
            unread: Vec::new(),
        };
        let size = new.body.frame.unwrap_or_default();
        let root = survey.open(Owner::Run, None, true, size);
        survey.body(&old.body, root, true);
        for moment in Moment::ALL {
            for (index, body) in old.lifecycle(moment).iter().enumerate() {
                let twin = new.lifecycle(moment).get(index);
                let size = twin.and_then(|body| body.frame).unwrap_or_default();
                let owner = Owner::Lifecycle(moment, index as u32);
                let frame = survey.open(owner, Some(root), twin.is_some(), size);
                survey.body(body, frame, twin.is_some());
            }
        }
        survey.leftovers();
        survey
    }

    fn open(&mut self, owner: Owner, parent: Option<usize>, kept: bool, size: u32) -> usize {
        let number = self.frames.len();
        let depth = parent.map_or(0, |parent| self.frames[parent].depth + 1);
        let places = BTreeMap::new();
        self.frames.push(Frame { owner, parent: parent.unwrap_or(number), depth, kept, places, size });
        number
    }

    /// The frame of this depth round `frame`.
    pub(super) fn at_depth(&self, mut frame: usize, depth: u16) -> usize {
        while self.frames[frame].depth > depth {
            frame = self.frames[frame].parent;
        }
        frame
    }

    fn body(&mut self, body: &'p Body, frame: usize, kept: bool) {
        for id in &body.statements {
            self.node(*id, frame, kept);
        }
        for id in &body.handlers {
            self.handler(*id, frame, kept);
        }
    }

    fn handler(&mut self, id: HandlerId, frame: usize, round: bool) {
        let old = &self.old.handlers[id.0 as usize];
        let twin = self.pairs.handler(id).map(|twin| &self.new.handlers[twin.0 as usize]);
        let kept = round && twin.is_some_and(|twin| twin.digest == old.digest);
        self.handlers[id.0 as usize] = Stand { frame: Some(frame), kept, placed: round && twin.is_some() };
        match (&old.action, twin.map(|twin| &twin.action)) {
            (HandlerAction::Alternate(body), twin) => {
                let size = match twin {
                    Some(HandlerAction::Alternate(twin)) => twin.frame.unwrap_or_default(),
                    _ => 0,
                };
                let inside = self.open(Owner::Alternate(id), Some(frame), kept, size);
                self.body(body, inside, kept);
            }
            (HandlerAction::Notify(call), _) => {
                let inside = self.open(Owner::Given(*call), Some(frame), kept, 0);
                self.node(*call, inside, kept);
            }
            _ => {}
        }
    }

    fn node(&mut self, id: NodeId, frame: usize, round: bool) {
        let old = self.old.node(id);
        let twin = self.pairs.node(id).map(|twin| self.new.node(twin));
        let kept = round && twin.is_some_and(|twin| twin.digest == old.digest);
        self.nodes[id.0 as usize] = Stand { frame: Some(frame), kept, placed: round && twin.is_some() };
        if let Some((was, is)) = old.slot.zip(twin.and_then(|twin| twin.slot)) {
            self.place(frame, was, is, id);
        }
        // What the turns of a loop without a name put out is not kept.
        if old.name.is_none() && is_loop(&old.kind) && twin.is_some_and(|twin| twin.slot.is_some()) {
            self.unread.push(id);
        }
        for handler in &old.clauses.handlers {
            self.handler(*handler, frame, kept);
        }
        if let Some(undo) = old.clauses.undo {
            let inside = self.open(Owner::Given(undo), Some(frame), kept, 0);
            self.node(undo, inside, kept);
        }
        for (index, meanwhile) in old.clauses.meanwhile.iter().enumerate() {
            let twin = twin.and_then(|twin| twin.clauses.meanwhile.get(index));
            let size = twin.and_then(|twin| twin.body.frame).unwrap_or_default();
            let inside = self.open(Owner::Meanwhile(id, index as u32), Some(frame), kept, size);
            self.body(&meanwhile.body, inside, kept);
        }
        if let Some(call) = pair::stream(&old.kind) {
            self.node(call, frame, kept);
        }
        let twin = twin.map(|twin| &twin.kind).filter(|twin| pair::is_same_block(&old.kind, twin));
        self.inside(id, twin, frame, kept);
    }

    /// What stands in a node.
    fn inside(&mut self, id: NodeId, twin: Option<&'p Kind>, frame: usize, kept: bool) {
        let old = self.old.node(id);
        let frames = match old.kind.inside() {
            Inside::Nothing => Vec::new(),
            Inside::Body(body) => {
                let size = twin.and_then(|twin| twin.bodies().first().and_then(|body| body.frame));
                vec![self.body_of(Owner::Turn(id), body, size, frame, kept)]
            }
            Inside::Branches(branches) => {
                let size = |index: usize| twin.and_then(|twin| twin.bodies().get(index).and_then(|body| body.frame));
                let bodies = branches.iter().enumerate().map(|(index, branch)| {
                    self.body_of(Owner::Branch(id, index as u32), &branch.body, size(index), frame, kept)
                });
                bodies.collect()
            }
        };
        self.level(id);
        let Some(twin) = twin else { return };
        for inside in frames.iter().filter(|inside| **inside != frame) {
            if let Some((was, is)) = item(&old.kind).zip(item(twin)) {
                self.place(*inside, was, is, id);
            }
        }
        if let (Kind::Match { arms: before, .. }, Kind::Match { arms: after, .. }) = (&old.kind, twin)
            && kept
        {
            let (mut was, mut is) = (Vec::new(), Vec::new());
            before.iter().flat_map(|arm| &arm.patterns).for_each(|pattern| names(pattern, &mut was));
            after.iter().flat_map(|arm| &arm.patterns).for_each(|pattern| names(pattern, &mut is));
            was.into_iter().zip(is).for_each(|(was, is)| self.place(frame, was, is, id));
        }
        self.gathers(id, &old.kind, twin, &frames, frame);
    }

    fn body_of(&mut self, owner: Owner, body: &'p Body, size: Option<u32>, frame: usize, kept: bool) -> usize {
        let inside = match body.frame {
            Some(_) => self.open(owner, Some(frame), kept, size.unwrap_or_default()),
            None => frame,
        };
        self.body(body, inside, kept);
        inside
    }

    /// What is read outside of a loop or race, where both plans have it.
    fn gathers(&mut self, id: NodeId, old: &Kind, new: &Kind, frames: &[usize], frame: usize) {
        let (before, after) = (gathers(old), gathers(new));
        let mut found = Vec::new();
        for was in before {
            let inner = frames.iter().find_map(|inside| self.frames[*inside].places.get(&was.inner.index).copied());
            if let Some(is) = after.iter().find(|is| Some(is.inner.index) == inner) {
                found.push(is.outer);
                self.place(frame, was.outer, is.outer, id);
            }
        }
        if !self.nodes[id.0 as usize].kept && after.iter().any(|is| !found.contains(&is.outer)) {
            self.unread.push(id);
        }
    }

    /// Notes that what stood at one place stands at another now.
    fn place(&mut self, frame: usize, was: Slot, is: Slot, of: NodeId) {
        let frame = self.at_depth(frame, was.depth);
        let known = *self.frames[frame].places.entry(was.index).or_insert(is.index);
        if known != is.index {
            self.unread.push(of);
        }
    }

    /// Branches of one race count their places together.
    fn level(&mut self, race: NodeId) {
        let all: BTreeMap<u32, u32> = self.branches_of(race).flat_map(|at| self.frames[at].places.clone()).collect();
        for at in self.branches_of(race).collect::<Vec<_>>() {
            self.frames[at].places.clone_from(&all);
        }
    }

    fn branches_of(&self, race: NodeId) -> impl Iterator<Item = usize> {
        let of_race = move |frame: &Frame| matches!(frame.owner, Owner::Branch(node, _) if node == race);
        (0..self.frames.len()).filter(move |at| of_race(&self.frames[*at]))
    }

    /// Where what stood at this place of a frame that is kept stands; it gets a place where it has none.
    pub(super) fn give(&mut self, frame: usize, index: u32) -> u32 {
        if let Some(known) = self.frames[frame].places.get(&index) {
            return *known;
        }
        let all = match self.frames[frame].owner {
            Owner::Branch(race, _) => self.branches_of(race).collect(),
            _ => vec![frame],
        };
        let fresh = all.iter().map(|at| self.frames[*at].size).max().unwrap_or_default();
        for at in all {
            self.frames[at].places.insert(index, fresh);
            self.frames[at].size = fresh + 1;
        }
        fresh
    }

    /// What was left over from a plan before stands where it stood.
    fn leftovers(&mut self) {
        for (id, past) in &self.old.past.nodes {
            if self.nodes[id.0 as usize].frame.is_some() {
                continue;
            }
            let frame = self.frames.iter().position(|frame| frame.owner == past.within);
            if let Some(frame) = frame {
                self.node(*id, frame, false);
            }
        }
        for (id, within) in &self.old.past.handlers {
            if self.handlers[id.0 as usize].frame.is_none()
                && let Some(frame) = self.frames.iter().position(|frame| frame.owner == *within)
            {
                self.handler(*id, frame, false);
            }
        }
    }
}

/// Where the item of a loop or race goes.
fn item(kind: &Kind) -> Option<Slot> {
    match kind {
        Kind::For(For { item, .. }) | Kind::Race(Race { runners: Runners::Items { item, .. }, .. }) => Some(*item),
        _ => None,
    }
}

/// Whether its body is carried out again and again.
fn is_loop(kind: &Kind) -> bool {
    matches!(kind, Kind::For(_) | Kind::While { .. } | Kind::Repeat { .. })
}

/// The places of the names in a pattern, in order.
fn names(pattern: &Pattern, found: &mut Vec<Slot>) {
    match pattern {
        Pattern::Name(slot) => found.push(*slot),
        Pattern::List(items) => items.iter().for_each(|item| names(item, found)),
        Pattern::Literal(_) | Pattern::Range { .. } | Pattern::Any => {}
    }
}

/// What is read outside of a loop or race.
pub(super) fn gathers(kind: &Kind) -> &[Gather] {
    match kind {
        Kind::For(each) => &each.gathers,
        Kind::While { gathers, .. } | Kind::Repeat { gathers, .. } => gathers,
        Kind::Race(race) => &race.gathers,
        _ => &[],
    }
}
