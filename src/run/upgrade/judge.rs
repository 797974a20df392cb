//! The three conditions of semantics 73.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::traces::Traces;
use super::{Letter, Stay, Transition};
use crate::base::shape::{Object, Shape};
use crate::base::value::Value;
use crate::lang::plan::compare::{branches, is_same_block};
use crate::lang::plan::node::Inside;
use crate::lang::plan::{Body, Kind, Moment, Node, NodeId, Plan};
use crate::run::event::{Outcome, Role};
use crate::run::history::unit::{Progress, Step, Unit};
use crate::run::history::{Ending, Entrance, Run, body_of, moved};

/// Asks whether a run may move.
pub(super) struct Judge<'t> {
    pub(super) transition: &'t Transition,
    pub(super) old: &'t Plan,
    pub(super) new: &'t Plan,
    pub(super) run: &'t Run,
    pub(super) traces: &'t Traces,
}

/// What has become of a statement in a body that is under way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Untouched,
    Live,
    Ended,
}

impl Judge<'_> {
    pub(super) fn may_move(&self) -> Result<(), Stay> {
        self.came_in()?;
        for unit in self.run.units() {
            if self.is_undoing(unit) {
                continue;
            }
            self.is_the_same(unit)?;
            self.comes_before(unit)?;
        }
        self.lifecycle()?;
        self.places()?;
        self.fits()
    }

    /// (a): what is collected is taken in by the plan under which it came.
    fn came_in(&self) -> Result<(), Stay> {
        if matches!(self.run.entrance, Entrance::Collecting | Entrance::Complete) {
            return Err(self.stay(Letter::A, &self.old.name, "items are collected for it"));
        }
        Ok(())
    }

    /// What undoes something stays what it was, whatever has become of the step (semantics 74).
    fn is_undoing(&self, unit: &Unit) -> bool {
        let mut next = Some(unit);
        while let Some(unit) = next {
            if unit.role == Role::Undo {
                return true;
            }
            next = unit.parent.and_then(|parent| self.run.unit(parent));
        }
        false
    }

    fn stay(&self, because: Letter, node: &str, words: impl Into<String>) -> Stay {
        Stay { because, node: node.into(), words: words.into().into() }
    }

    /// (a): what is under way is the same in the new plan, and so is all round it.
    fn is_the_same(&self, unit: &Unit) -> Result<(), Stay> {
        let with = &self.transition.graft.translation;
        match unit.role {
            Role::Run | Role::Undo => Ok(()),
            Role::Alternate(handler) => {
                if with.keeps_handler(handler) {
                    return Ok(());
                }
                let name = self.run.step_name(self.old, unit.id);
                Err(self.stay(Letter::A, &name, format!("the `alternate` of `{name}` is under way and was changed")))
            }
            Role::Lifecycle(moment, index) => {
                if self.new.lifecycle(moment).len() > index as usize {
                    return Ok(());
                }
                let word = moment.word();
                Err(self.stay(Letter::A, word, format!("`{word}` is under way and is gone")))
            }
            Role::Main | Role::Turn(_) | Role::Branch(_) | Role::Notify(_) | Role::Meanwhile(_) => {
                if with.keeps(unit.node) {
                    return Ok(());
                }
                let node = self.old.node(unit.node);
                let name = name(node);
                let what = match self.transition.comparison.pairs.node(unit.node).map(|twin| self.new.node(twin)) {
                    None => "is gone",
                    Some(twin) if twin.digest != node.digest => "was changed",
                    Some(_) => "stands in something that was changed",
                };
                Err(self.stay(Letter::A, &name, format!("`{name}` is under way and {what}")))
            }
        }
    }

    /// (b): in the new plan, all that comes before something touched has ended.
    fn comes_before(&self, unit: &Unit) -> Result<(), Stay> {
        let Some(progress) = unit.progress() else { return Ok(()) };
        let Some(before) = unit.body(self.old) else { return Ok(()) };
        let Some(after) = self.body(unit) else { return Ok(()) };
        let parallel = unit.is_parallel(self.old);
        let pairs = &self.transition.comparison.pairs;
        let open = self.open_in(unit);
        let mut standing = vec![Standing::Untouched; after.statements.len()];
        for (index, old) in before.statements.iter().enumerate() {
            let now = standing_of(progress, parallel, index, open.contains(old));
            if now == Standing::Untouched {
                continue;
            }
            let Some(new) = pairs.node(*old) else { continue };
            if now == Standing::Ended {
                self.all_inside(*old, new)?;
            }
            if let Ok(place) = after.statements.binary_search(&new) {
                standing[place] = now;
            }
        }
        for place in 0..standing.len() {
            if standing[place] == Standing::Untouched {
                continue;
            }
            let earlier: Vec<usize> = match parallel {
                true => self.new.node(after.statements[place]).waits.iter().map(|wait| *wait as usize).collect(),
                false => (0..place).collect(),
            };
            if let Some(missing) = earlier.into_iter().find(|earlier| standing[*earlier] != Standing::Ended) {
                let (missing, touched) = (self.called(after.statements[missing]), self.called(after.statements[place]));
                let words = format!("`{missing}` comes before `{touched}`, which has begun");
                return Err(self.stay(Letter::B, &missing, words));
            }
        }
        Ok(())
    }

    /// The statements of the old plan's body that have a unit in this one.
    fn open_in(&self, unit: &Unit) -> BTreeSet<NodeId> {
        let children = unit.children.iter().filter_map(|child| self.run.unit(*child));
        children.filter(|child| child.role == Role::Main).map(|child| self.old.past.place_of(child.node)).collect()
    }

    /// The body of the new plan that is the one a unit carries out.
    fn body(&self, unit: &Unit) -> Option<&Body> {
        let with = &self.transition.graft.translation;
        let role = match unit.role {
            Role::Alternate(handler) => Role::Alternate(with.handler(handler)),
            other => other,
        };
        body_of(self.new, with.node(unit.node), role, unit.progress().and_then(|progress| progress.arm))
    }

    /// Of a block that has ended nothing may be left to do: what is new in it would be skipped, but for arms that were not taken.
    fn all_inside(&self, old: NodeId, new: NodeId) -> Result<(), Stay> {
        let Some(fresh) = self.fresh_inside(old, new) else { return Ok(()) };
        let (fresh, block) = (self.called(fresh), self.called(new));
        let words = format!("`{fresh}` stands in `{block}`, which has ended");
        Err(self.stay(Letter::B, &fresh, words))
    }

    fn fresh_inside(&self, old: NodeId, new: NodeId) -> Option<NodeId> {
        let (before, after) = (self.old.node(old), self.new.node(new));
        if !self.traces.touched.contains(&old) {
            return None;
        }
        if !is_same_block(&before.kind, &after.kind) {
            return after.kind.bodies().into_iter().flat_map(|body| body.statements.iter().copied()).next();
        }
        let fresh = |new: &Body| new.statements.iter().find_map(|id| self.fresh(*id));
        match (before.kind.inside(), after.kind.inside()) {
            (Inside::Body(_), Inside::Body(new)) => fresh(new),
            (Inside::Branches(old_branches), Inside::Branches(new_branches)) => {
                let choice = matches!(before.kind, Kind::If { .. } | Kind::Match { .. });
                let taken = self.traces.arms.get(&old);
                branches(&old_branches, &new_branches, before.digest == after.digest).into_iter().find_map(
                    |(was, is)| {
                        let number = old_branches.iter().position(|branch| std::ptr::eq(*branch, was));
                        let number = number.and_then(|number| u32::try_from(number).ok());
                        let skipped =
                            choice && !number.zip(taken).is_some_and(|(number, taken)| taken.contains(&number));
                        if skipped { None } else { fresh(&is.body) }
                    },
                )
            }
            _ => None,
        }
    }

    fn fresh(&self, new: NodeId) -> Option<NodeId> {
        match self.transition.comparison.pairs.origin(new) {
            None => Some(new),
            Some(old) => self.fresh_inside(old, new),
        }
    }

    /// The bodies at the end of the run are counted.
    fn lifecycle(&self) -> Result<(), Stay> {
        let (Ending::Decided(done), Some(outcome)) = (self.run.ending, &self.run.outcome) else { return Ok(()) };
        let moment = match outcome {
            Outcome::Completed { .. } | Outcome::Skipped { .. } => Moment::Success,
            Outcome::Failed { .. } => Moment::Failure,
            Outcome::Cancelled => Moment::Cancel,
        };
        let (was, is) = (self.old.lifecycle(moment).len(), self.new.lifecycle(moment).len());
        let done = done as usize;
        if self.run.undone || was == is || done <= was.min(is) {
            return Ok(());
        }
        let word = moment.word();
        Err(self.stay(Letter::B, word, format!("a body `{word}` comes before what runs at the end already")))
    }

    /// The key of an act is its place: where another act was carried out, none may stand that is still to come.
    fn places(&self) -> Result<(), Stay> {
        let pairs = &self.transition.comparison.pairs;
        let place = |id: &NodeId| self.transition.old_places.get(id.0 as usize).map(|place| &**place);
        let taken: BTreeSet<&str> =
            self.traces.touched.iter().filter_map(place).filter(|place| !place.is_empty()).collect();
        for node in self.new.nodes.iter().filter(|node| node.unit) {
            let was = pairs.origin(node.id).filter(|old| self.traces.touched.contains(old));
            let place = &self.transition.new_places[node.id.0 as usize];
            if was.is_none() && taken.contains(&**place) {
                let words = format!("another step was carried out as `{place}` already");
                return Err(self.stay(Letter::B, place, words));
            }
        }
        Ok(())
    }

    /// (c): what is known fits the types of the new plan.
    fn fits(&self) -> Result<(), Stay> {
        let misfit = |what: &str, object: &Object, value: &Value| {
            let misfits = Shape::Object(Arc::new(object.clone())).check(value).err()?;
            let first = misfits.first().map(ToString::to_string).unwrap_or_default();
            Some(self.stay(Letter::C, what, format!("the {what} does not fit: {first}")))
        };
        let input =
            (self.old.input != self.new.input).then(|| misfit("input", &self.new.input, &self.run.accepted.input));
        input.flatten().map_or(Ok(()), Err)?;
        let (was, is) = (moved::variables(self.old), moved::variables(self.new));
        if was != is && self.run.started_at.is_some() {
            for unit in self.run.units() {
                let wrong = unit.view.as_ref().and_then(|view| misfit("variables", &is, &view.vars));
                wrong.map_or(Ok(()), Err)?;
            }
        }
        let by = |plan: &Plan| plan.state.as_ref().map(|state| state.by.as_ref().map(|by| by.source.clone()));
        if by(self.old) != by(self.new) {
            return Err(self.stay(Letter::C, "state", "its state is kept under another key now, or no more"));
        }
        let state = |plan: &Plan| plan.state.as_ref().map(moved::kept);
        match (state(self.old), state(self.new)) {
            (was, Some(is)) if was.as_ref() != Some(&is) => {
                misfit("state", &is, &self.run.state).map_or(Ok(()), Err)?;
            }
            _ => {}
        }
        self.outputs_fit()
    }

    fn outputs_fit(&self) -> Result<(), Stay> {
        let graft = &self.transition.graft;
        for node in &graft.translation.unread {
            if self.traces.touched.contains(node) {
                let name = name(self.old.node(*node));
                let words = format!("what is read of `{name}` now was not kept when it ran");
                return Err(self.stay(Letter::C, &name, words));
            }
        }
        for (id, outputs) in &self.traces.outputs {
            let Some(twin) = self.transition.comparison.pairs.node(*id).map(|twin| self.new.node(twin)) else {
                continue;
            };
            let Some(gives) = &twin.gives else { continue };
            if self.old.node(*id).gives.as_ref() == Some(gives) {
                continue;
            }
            let wrong =
                outputs.iter().filter(|output| !output.is_unit()).find_map(|output| gives.check_answer(output).err());
            if let Some(misfits) = wrong {
                let (name, first) = (name(twin), misfits.first().map(ToString::to_string).unwrap_or_default());
                return Err(self.stay(Letter::C, &name, format!("what `{name}` gave does not fit: {first}")));
            }
        }
        Ok(())
    }

    fn called(&self, new: NodeId) -> Arc<str> {
        name(self.new.node(new))
    }
}

pub(super) fn name(node: &Node) -> Arc<str> {
    node.name.clone().unwrap_or_else(|| node.label.clone())
}

/// What has become of the statement at `index` of a body.
fn standing_of(progress: &Progress, parallel: bool, index: usize, open: bool) -> Standing {
    if parallel {
        return match progress.each.get(index) {
            Some(Step::Done) => Standing::Ended,
            Some(Step::Open) => Standing::Live,
            Some(Step::Pending) | None => Standing::Untouched,
        };
    }
    match (index < progress.done as usize, open) {
        (true, _) => Standing::Ended,
        (false, true) => Standing::Live,
        (false, false) => Standing::Untouched,
    }
}
