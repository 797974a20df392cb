//! What of a plan a run has reached: read off its journal.

use std::collections::{BTreeMap, BTreeSet};

use super::points::{arms, head};
use super::{Mark, What};
use crate::base::span::{Sources, Span};
use crate::lang::plan::node::{Kind, Node};
use crate::lang::plan::{HandlerId, NodeId, Plan, visit};
use crate::run::event::{Begin, Choice, Event, Outcome, Record, Role, Then, UnitId};
use crate::run::history::Run;
use crate::run::history::unit::{Step, Unit};

/// What was reached in one run, how often, and what had to be computed for it.
pub struct Reached<'a> {
    plan: &'a Plan,
    sources: &'a Sources,
    /// How often each place was reached.
    pub hits: BTreeMap<Mark, u64>,
    /// The statements that were carried out, those of `undo` and `notify` among them.
    pub nodes: BTreeSet<NodeId>,
    /// The handlers that had their say.
    pub handlers: BTreeSet<HandlerId>,
    /// Opened, and it is not known yet whether the `when` of it lets it begin.
    opened: BTreeMap<UnitId, NodeId>,
}

/// What the journal of a run with this plan says was reached.
pub fn reached<'a>(plan: &'a Plan, sources: &'a Sources, journal: &[Record]) -> Reached<'a> {
    let mut reached = Reached {
        plan,
        sources,
        hits: BTreeMap::new(),
        nodes: BTreeSet::new(),
        handlers: BTreeSet::new(),
        opened: BTreeMap::new(),
    };
    let Some(mut run) = journal.first().and_then(|first| Run::accept(first).ok()) else { return reached };
    for record in journal.iter().skip(1) {
        reached.event(&run, &record.event);
        run.apply(plan, record);
    }
    reached
}

impl Reached<'_> {
    fn event(&mut self, run: &Run, event: &Event) {
        if let Some((_, node)) = event.statement() {
            // A `fail` that was passed over did not fail; an `until` was looked at all the same.
            let passed = matches!(event, Event::Passed { .. });
            if !passed || matches!(self.plan.node(node).kind, Kind::Until(_)) {
                self.node(node);
            }
        }
        match event {
            Event::Opened { unit, node, role, .. } => self.opens(*unit, *node, *role),
            Event::Began { unit, begin, .. } => {
                self.is_begun(*unit);
                if let (Begin::Body { arm: Some(arm), .. }, Some(unit)) = (begin, run.unit(*unit)) {
                    self.arm(unit.node, *arm);
                }
            }
            Event::Ended { unit, outcome: Outcome::Skipped { failure: None, .. } } => {
                self.opened.remove(unit);
            }
            Event::Ended { unit, .. } => self.is_begun(*unit),
            Event::Raised { unit, failure, .. } => {
                self.is_begun(*unit);
                self.broke(failure.span);
            }
            Event::Chose { handler: Some(handler), choice, .. } if *choice != Choice::Pass => {
                self.handlers.insert(*handler);
                self.hit(What::Handler, self.plan.handlers[handler.0 as usize].span);
            }
            Event::Enough { unit } => self.at_hand(run, *unit, |kind| matches!(kind, Kind::Until(_))),
            Event::Closing { unit: UnitId::RUN, then: Then::End { outcome: Outcome::Completed { .. } } } => {
                self.at_hand(run, UnitId::RUN, |kind| matches!(kind, Kind::Return(_)));
            }
            _ => {}
        }
    }

    fn hit(&mut self, what: What, span: Span) {
        *self.hits.entry(Mark { what, span }).or_default() += 1;
    }

    fn node(&mut self, node: NodeId) {
        self.nodes.insert(node);
        self.hit(What::Step, self.plan.node(node).span);
    }

    fn opens(&mut self, unit: UnitId, node: NodeId, role: Role) {
        let plan = self.plan;
        match role {
            Role::Main => drop(self.opened.insert(unit, node)),
            Role::Branch(branch) => self.arm(node, branch),
            Role::Undo if plan.nodes.iter().any(|step| step.clauses.undo == Some(node)) => {
                self.nodes.insert(node);
                self.hit(What::Undo, plan.node(node).span);
            }
            Role::Notify(_) => drop(self.nodes.insert(node)),
            Role::Meanwhile(index) => {
                let clause = plan.node(node).clauses.meanwhile.get(index as usize);
                clause.into_iter().for_each(|clause| self.hit(What::Handler, clause.span));
            }
            Role::Lifecycle(moment, index) => {
                let body = plan.lifecycle(moment).get(index as usize);
                let head = body.and_then(|body| head(plan, body, moment, self.sources));
                head.into_iter().for_each(|head| self.hit(What::Handler, head));
            }
            Role::Run | Role::Turn(_) | Role::Alternate(_) | Role::Undo => {}
        }
    }

    /// What was opened does something.
    fn is_begun(&mut self, unit: UnitId) {
        if let Some(node) = self.opened.remove(&unit) {
            self.node(node);
        }
    }

    fn arm(&mut self, node: NodeId, arm: u32) {
        let arms = arms(&self.plan.node(node).kind);
        if let Some((_, branch)) = arms.into_iter().find(|(index, _)| *index == arm) {
            self.hit(What::Branch, branch.span);
        }
    }

    /// A statement that never is a unit was carried out, and raised an error: it is the one where the error stands.
    fn broke(&mut self, span: Option<Span>) {
        let Some(span) = span else { return };
        let own = self.plan.nodes.iter().filter(|node| !node.unit && holds(node, span));
        for node in own.map(|node| node.id).collect::<Vec<_>>() {
            self.node(node);
        }
    }

    /// The statements of this kind at which something stands inside of `whole`: they have just been carried out.
    fn at_hand(&mut self, run: &Run, whole: UnitId, is_meant: impl Fn(&Kind) -> bool) {
        let inside = run.units().filter(|unit| is_inside(run, unit, whole));
        let at_hand: Vec<NodeId> = inside.flat_map(|unit| next(run, self.plan, unit)).collect();
        at_hand.into_iter().filter(|node| is_meant(&self.plan.node(*node).kind)).for_each(|node| self.node(node));
    }
}

/// Whether an error at `span` is one of this statement itself.
fn holds(node: &Node, span: Span) -> bool {
    let mut found = node.span == span;
    let within = |whole: Span| whole.file == span.file && whole.start <= span.start && span.end <= whole.end;
    if node.kind.bodies().is_empty() {
        visit::node(node, &mut |script| found |= within(script.span));
    }
    found
}

fn is_inside(run: &Run, unit: &Unit, whole: UnitId) -> bool {
    let mut next = Some(unit);
    while let Some(unit) = next {
        if unit.id == whole {
            return true;
        }
        next = unit.parent.and_then(|parent| run.unit(parent));
    }
    false
}

/// The statements of a unit whose turn it is.
fn next(run: &Run, plan: &Plan, unit: &Unit) -> Vec<NodeId> {
    let (Some(body), Some(progress)) = (unit.body(plan), unit.progress()) else { return Vec::new() };
    if unit.is_parallel(plan) {
        let state = |index: usize| progress.each.get(index).copied().unwrap_or_default();
        let is_ready = |node: &NodeId| plan.node(*node).waits.iter().all(|other| state(*other as usize) == Step::Done);
        let pending = body.statements.iter().enumerate().filter(|(index, _)| state(*index) == Step::Pending);
        return pending.map(|(_, node)| *node).filter(is_ready).collect();
    }
    let is_busy = unit.children.iter().any(|child| run.unit(*child).is_some_and(|child| child.role == Role::Main));
    body.statements.get(progress.done as usize).filter(|_| !is_busy).copied().into_iter().collect()
}
