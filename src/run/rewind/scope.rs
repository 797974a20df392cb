//! What is done again: from the run inwards, each part is kept, done again, or stands open again because of what is in it.

use std::collections::BTreeSet;

use super::Why;
use super::target::Target;
use crate::base::failure::Kind as FailureKind;
use crate::lang::plan::{Kind, NodeId, Plan};
use crate::run::event::{Outcome, Role, UnitId};
use crate::run::history::lives::{Life, Lives, Statement, Work};

/// What is done again.
#[derive(Debug, Default)]
pub(super) struct Scope {
    /// Units that stand open again.
    pub open: Vec<UnitId>,
    /// Those of them that begin their bodies anew.
    pub anew: Vec<(UnitId, Why)>,
    /// Units that are done again.
    pub redone: Vec<(UnitId, Why)>,
    /// Units of steps that the plan has no more, and of which nothing is left: they are not done again.
    pub gone: Vec<UnitId>,
    /// Statements that are done again and never were units.
    pub statements: Vec<(UnitId, NodeId, Why)>,
    /// Units that are kept.
    pub kept: Vec<UnitId>,
    /// Statements that are kept, in the units that stand open again.
    pub kept_statements: Vec<(UnitId, NodeId)>,
}

/// What becomes of one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Keep,
    Redo(Why),
    /// Part of it is done again.
    Open,
    /// It never ran.
    Nothing,
}

/// One statement of a body, as it was carried out.
#[derive(Clone, Copy, Debug)]
enum Part {
    Unit(UnitId),
    Statement(NodeId),
    Nothing,
}

impl Scope {
    /// What failed, was cut off or undone, and what follows.
    pub fn of_what_failed(plan: &Plan, lives: &Lives<'_>) -> Self {
        Survey { plan, lives, target: None, path: BTreeSet::new(), scope: Self::default() }.run()
    }

    /// The same, and what is asked for, with what follows it.
    pub fn from(plan: &Plan, lives: &Lives<'_>, target: Target) -> Self {
        let path = lives.round(target.unit()).map(|life| life.id).collect();
        Survey { plan, lives, target: Some(target), path, scope: Self::default() }.run()
    }

    /// Everything, from the start.
    pub fn all(why: Why) -> Self {
        Self { redone: vec![(UnitId::RUN, why)], ..Self::default() }
    }
}

struct Survey<'a> {
    plan: &'a Plan,
    lives: &'a Lives<'a>,
    target: Option<Target>,
    /// The target and what lies round it.
    path: BTreeSet<UnitId>,
    scope: Scope,
}

impl<'a> Survey<'a> {
    fn run(mut self) -> Scope {
        let mut next = vec![UnitId::RUN];
        while let Some(life) = next.pop().and_then(|unit| self.lives.get(unit)) {
            self.scope.open.push(life.id);
            let inside = match life.work {
                Work::Body { statements, parallel: false } => self.in_order(life, statements),
                Work::Body { statements, parallel: true } => self.at_once(life, statements),
                Work::Runners { wins } => self.runners(life, wins),
                Work::None | Work::Leaf => Vec::new(),
            };
            next.extend(inside.into_iter().rev());
        }
        self.scope
    }

    /// Statements one after the other: from the first that is not kept, all are done again. What stands open again.
    fn in_order(&mut self, life: &Life<'a>, statements: &[NodeId]) -> Vec<UnitId> {
        let mut open = Vec::new();
        let mut follows = false;
        self.leave_out(life, statements);
        for node in statements {
            let part = self.part(life, *node);
            let verdict = match (self.verdict(life, part), follows) {
                (Verdict::Nothing, _) => Verdict::Nothing,
                // What failed would be done again in any case.
                (verdict @ Verdict::Redo(Why::Failed), true) | (verdict, false) => verdict,
                (_, true) => Verdict::Redo(Why::Follows),
            };
            follows |= verdict != Verdict::Keep;
            self.follow(life, part, verdict, &mut open);
        }
        open
    }

    /// Statements that run at once: with one that is not kept, those that waited for it are done again.
    fn at_once(&mut self, life: &Life<'a>, statements: &[NodeId]) -> Vec<UnitId> {
        self.leave_out(life, statements);
        let parts: Vec<Part> = statements.iter().map(|node| self.part(life, *node)).collect();
        let mut verdicts: Vec<Verdict> = parts.iter().map(|part| self.verdict(life, *part)).collect();
        loop {
            let follows = |at: &usize| {
                let waits = &self.plan.node(statements[*at]).waits;
                let kept = |other: &u32| verdicts.get(*other as usize).is_none_or(|other| *other == Verdict::Keep);
                matches!(verdicts[*at], Verdict::Keep | Verdict::Open) && !waits.iter().all(kept)
            };
            let Some(next) = (0..statements.len()).find(follows) else { break };
            verdicts[next] = Verdict::Redo(Why::Follows);
        }
        let mut open = Vec::new();
        for (part, verdict) in parts.into_iter().zip(verdicts) {
            self.follow(life, part, verdict, &mut open);
        }
        open
    }

    /// Turns and branches. Where one comes after the other, all behind the first that is not kept are done again; a race that
    /// has its winners still needs no others.
    fn runners(&mut self, life: &Life<'a>, wins: Option<u64>) -> Vec<UnitId> {
        let ordered = self.lives.iter_of(&life.children).filter(|child| child.is_work());
        let runners: Vec<(UnitId, Verdict)> = ordered.map(|child| (child.id, self.unit_verdict(child))).collect();
        let won = |unit: &UnitId| {
            matches!(self.lives.get(*unit).and_then(|unit| unit.outcome.as_ref()), Some(Outcome::Completed { .. }))
        };
        let winners = runners.iter().filter(|(unit, verdict)| *verdict == Verdict::Keep && won(unit)).count() as u64;
        let decided = wins.is_some_and(|wins| winners >= wins);
        let in_turn = is_in_turn(&self.plan.node(life.node).kind);
        let mut open = Vec::new();
        let mut follows = false;
        for (unit, verdict) in runners {
            let part = Part::Unit(unit);
            if follows && in_turn {
                self.scope.redone.push((unit, Why::Follows));
            } else if decided {
                self.scope.kept.push(unit);
            } else {
                follows |= verdict != Verdict::Keep;
                self.follow(life, part, verdict, &mut open);
            }
        }
        open
    }

    fn follow(&mut self, life: &Life<'a>, part: Part, verdict: Verdict, open: &mut Vec<UnitId>) {
        match (part, verdict) {
            (Part::Nothing, _) | (_, Verdict::Nothing) => {}
            (Part::Unit(unit), Verdict::Keep) => self.scope.kept.push(unit),
            (Part::Statement(node), Verdict::Keep | Verdict::Open) => self.scope.kept_statements.push((life.id, node)),
            (Part::Statement(node), Verdict::Redo(why)) => self.scope.statements.push((life.id, node, why)),
            (Part::Unit(unit), Verdict::Open) => open.push(unit),
            (Part::Unit(unit), Verdict::Redo(why)) => match self.lives.get(unit) {
                Some(runner) if matches!(runner.role, Role::Turn(_) | Role::Branch(_)) => self.restart(runner, why),
                _ => self.scope.redone.push((unit, why)),
            },
        }
    }

    /// A turn or a branch is done again from its beginning; its place among the others stays.
    fn restart(&mut self, runner: &Life<'a>, why: Why) {
        self.scope.open.push(runner.id);
        self.scope.anew.push((runner.id, why));
        let children = self.lives.iter_of(&runner.children).filter(|child| child.is_work());
        self.scope.redone.extend(children.map(|child| (child.id, why)));
        self.scope.statements.extend(runner.statements.keys().map(|node| (runner.id, *node, why)));
    }

    /// How a statement of a body was carried out; perhaps by what stood in its place in a plan before.
    fn part(&self, life: &Life<'a>, node: NodeId) -> Part {
        let stands = |other: NodeId| self.plan.past.place_of(other) == node;
        let unit = self.lives.iter_of(&life.children).find(|child| child.role == Role::Main && stands(child.node));
        let statement = || life.statements.keys().find(|other| stands(**other));
        match unit {
            Some(unit) => Part::Unit(unit.id),
            None => statement().map_or(Part::Nothing, |statement| Part::Statement(*statement)),
        }
    }

    /// What was done by steps that a body has no more stays; what of that was undone is forgotten.
    fn leave_out(&mut self, life: &Life<'a>, statements: &[NodeId]) {
        let place = |child: &Life<'a>| self.plan.past.place_of(child.node);
        let is_old = |child: &&Life<'a>| child.role == Role::Main && statements.binary_search(&place(child)).is_err();
        let old = self.lives.iter_of(&life.children).filter(is_old);
        let lost = old.filter(|child| self.unit_verdict(child) != Verdict::Keep).map(|child| child.id);
        self.scope.gone.extend(lost.collect::<Vec<_>>());
    }

    fn verdict(&self, life: &Life<'a>, part: Part) -> Verdict {
        match part {
            Part::Nothing => Verdict::Nothing,
            Part::Unit(unit) => self.lives.get(unit).map_or(Verdict::Nothing, |unit| self.unit_verdict(unit)),
            Part::Statement(node) if self.target == Some(Target::Statement(life.id, node)) => Verdict::Redo(Why::Asked),
            Part::Statement(node) if life.statements.get(&node) == Some(&Statement::Broken) => {
                Verdict::Redo(Why::Failed)
            }
            Part::Statement(_) => Verdict::Keep,
        }
    }

    fn unit_verdict(&self, life: &Life<'a>) -> Verdict {
        if self.target == Some(Target::Unit(life.id)) {
            return Verdict::Redo(Why::Asked);
        }
        // What says something else by now is done again as a whole.
        let is_old = life.role == Role::Main && self.plan.past.nodes.contains_key(&life.node);
        if self.path.contains(&life.id) {
            return if is_old { Verdict::Redo(Why::Asked) } else { Verdict::Open };
        }
        let why = match &life.outcome {
            Some(Outcome::Completed { .. } | Outcome::Skipped { .. }) if life.cut_short => Why::CutOff,
            Some(Outcome::Completed { .. } | Outcome::Skipped { .. }) if life.emptied => Why::Undone,
            Some(Outcome::Completed { .. } | Outcome::Skipped { .. }) => return Verdict::Keep,
            Some(Outcome::Failed { .. }) => Why::Failed,
            Some(Outcome::Cancelled) | None => Why::CutOff,
        };
        match life.work {
            Work::None | Work::Leaf => Verdict::Redo(why),
            _ if is_old => Verdict::Redo(why),
            // A loop that has used up its turns would only say so again.
            Work::Runners { .. } if life.raised == Some(FailureKind::LimitExceeded) && !self.has_lost(life) => {
                Verdict::Redo(why)
            }
            Work::Body { .. } | Work::Runners { .. } => Verdict::Open,
        }
    }

    /// Whether a turn or branch in it has not ended well.
    fn has_lost(&self, life: &Life<'a>) -> bool {
        self.lives
            .iter_of(&life.children)
            .filter(|child| child.is_work())
            .any(|child| self.unit_verdict(child) != Verdict::Keep)
    }
}

/// Whether one turn of a loop comes after the other.
fn is_in_turn(kind: &Kind) -> bool {
    match kind {
        Kind::For(each) => !each.parallel,
        Kind::While { .. } | Kind::Repeat { .. } => true,
        _ => false,
    }
}
