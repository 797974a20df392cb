//! Which stretches of a text open a frame, and which names are defined where.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::span::Span;
use crate::lang::syntax::ast::{
    Action, Block, Clause, ClauseKind, ForSource, HandlerAction, Item, On, Pattern, Runners, Step,
};

/// A walk through everything that can open a frame or define a name.
pub(super) struct Survey<'a> {
    known: &'a BTreeMap<Span, Arc<str>>,
    /// The texts of frames; with those of branches, the race they belong to.
    pub(super) frames: Vec<(Span, Option<Span>)>,
    /// What defines a name, in which stretch the name is known, and whether it needs a place though nobody reads it.
    pub(super) names: Vec<(Span, Span, bool)>,
}

impl<'a> Survey<'a> {
    pub(super) fn new(known: &'a BTreeMap<Span, Arc<str>>) -> Self {
        Self { known, frames: Vec::new(), names: Vec::new() }
    }

    pub(super) fn block(&mut self, block: &Block) {
        for item in &block.items {
            match item {
                Item::Step(step) => self.step(step),
                Item::Let(named) => self.names.push((named.name.span, named.span, false)),
                Item::On(on) => self.handler(on),
                Item::Lifecycle(lifecycle) => self.frame(&lifecycle.body, None),
                Item::Set(_)
                | Item::Emit(_)
                | Item::Reply(_)
                | Item::Return(_)
                | Item::Fail(_)
                | Item::Until(_)
                | Item::Output(_)
                | Item::Handle(_)
                | Item::Input(_)
                | Item::Vars(_)
                | Item::State(_)
                | Item::Trigger(_)
                | Item::Version(_)
                | Item::Deadline(..)
                | Item::Concurrency(_)
                | Item::Key(_)
                | Item::Priority(..)
                | Item::Tags(..) => {}
            }
        }
    }

    fn frame(&mut self, block: &Block, race: Option<Span>) {
        self.frames.push((block.span, race));
        self.block(block);
    }

    fn step(&mut self, step: &Step) {
        if self.known.contains_key(&step.span) {
            self.names.push((step.span, step.span, false));
        }
        self.clauses(&step.clauses);
        match &step.action {
            Action::Call(_) | Action::Start(_) | Action::Script(_) | Action::Ask(_) | Action::Wait(_) => {}
            Action::Sequence(block) | Action::Parallel(block) => self.block(block),
            Action::If(choice) => {
                choice.arms.iter().for_each(|(_, block)| self.block(block));
                choice.otherwise.iter().for_each(|block| self.block(block));
            }
            Action::Match(choice) => {
                for arm in &choice.arms {
                    arm.patterns.iter().for_each(|pattern| self.pattern(pattern, arm.span));
                    self.block(&arm.body);
                }
            }
            Action::For(each) => {
                if let ForSource::Stream(call) = &each.source {
                    self.step(call);
                }
                self.names.push((each.item.span, each.body.span, true));
                self.frame(&each.body, None);
            }
            Action::While(each) => self.frame(&each.body, None),
            Action::Repeat(each) => self.frame(&each.body, None),
            Action::Race(race) => match &race.runners {
                Runners::Branches(branches) => {
                    branches.iter().for_each(|branch| self.frame(&branch.body, Some(step.span)));
                }
                Runners::Items { item, body, .. } => {
                    self.names.push((item.span, body.span, true));
                    self.frame(body, None);
                }
            },
            Action::Lock(lock) => self.block(&lock.body),
        }
    }

    fn pattern(&mut self, pattern: &Pattern, arm: Span) {
        match pattern {
            Pattern::Name(name) => self.names.push((name.span, arm, true)),
            Pattern::List(items, _) => items.iter().for_each(|item| self.pattern(item, arm)),
            Pattern::Literal(_) | Pattern::Range { .. } | Pattern::Any(_) => {}
        }
    }

    fn clauses(&mut self, clauses: &[Clause]) {
        for clause in clauses {
            match &clause.kind {
                ClauseKind::On(on) => self.handler(on),
                ClauseKind::Undo(call) => self.call(call),
                ClauseKind::Remind { body, .. } | ClauseKind::Escalate { body, .. } => self.frame(body, None),
                ClauseKind::When(_)
                | ClauseKind::After(_)
                | ClauseKind::Timeout(_)
                | ClauseKind::Deadline(_)
                | ClauseKind::Retry(_)
                | ClauseKind::Handle(_)
                | ClauseKind::Key(_)
                | ClauseKind::Auth(_)
                | ClauseKind::Secret => {}
            }
        }
    }

    fn handler(&mut self, on: &On) {
        match &on.action {
            HandlerAction::Alternate(body) => self.frame(body, None),
            HandlerAction::Notify(call) => self.call(call),
            HandlerAction::Retry(_)
            | HandlerAction::Skip(_)
            | HandlerAction::SkipItem
            | HandlerAction::Fail { .. }
            | HandlerAction::Park => {}
        }
    }

    /// The call of `notify` or `undo`: a frame by itself, in which `error`, or `output` and `key`, are known.
    fn call(&mut self, step: &Step) {
        self.frames.push((step.span, None));
        self.step(step);
    }
}
