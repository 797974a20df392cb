//! What must happen once, under something that may do it again.

use super::checker::Checker;
use super::code;
use super::walk::{self, Seen};
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;
use crate::lang::catalog::{Effect, Signature};
use crate::lang::syntax::ast::{Action, Block, Clause, ClauseKind, HandlerAction, Item, On, Step};

impl<'a> Checker<'a> {
    /// Looks at the clauses of a step for what may repeat it or what is in it.
    pub fn repeats(&mut self, step: &'a Step) {
        for clause in &step.clauses {
            match &clause.kind {
                ClauseKind::On(on) => {
                    if let HandlerAction::Retry(_) = &on.action {
                        self.retried_by(step, on);
                    }
                }
                ClauseKind::Retry(_) => self.block_again(step, clause.span),
                _ => {}
            }
        }
    }

    fn retried_by(&mut self, step: &'a Step, on: &'a On) {
        if is_call(step) {
            self.unknown_again(step, on);
        } else {
            self.block_again(step, on.span);
        }
    }

    /// `on outcome_unknown retry` on an operation that must happen once.
    fn unknown_again(&mut self, step: &'a Step, on: &'a On) {
        let Some(name) = on.types.iter().find(|name| &*name.text == "outcome_unknown") else { return };
        let Some(signature) = self.operation_of(step) else { return };
        if !happens_once(&signature, &step.clauses) {
            return;
        }
        let message = format!("`{}` may then happen twice", signature.full_name());
        self.report(
            Diagnostic::warning(code::REPEATED, name.span, message)
                .hint("nobody knows whether it happened: look first, `alternate { ... }`, or ask a person, `park`"),
        );
    }

    /// A retry of a whole block does again what was done in it.
    fn block_again(&mut self, step: &'a Step, place: Span) {
        let mut repeated: Vec<(std::sync::Arc<str>, Span)> = Vec::new();
        let looked: Vec<&Step> = bodies(step).into_iter().flat_map(done_in).collect();
        for inner in looked {
            let undone = inner.clauses.iter().any(|clause| matches!(clause.kind, ClauseKind::Undo(_)));
            if let Some(signature) = self.operation_of(inner)
                && happens_once(&signature, &inner.clauses)
                && !undone
            {
                repeated.push((signature.full_name(), inner.head));
            }
        }
        // The last thing in a block is not done again if nothing comes after it that may fail.
        if repeated.len() == 1 && is_last(step, repeated[0].1) {
            return;
        }
        let Some((name, inner)) = repeated.first() else { return };
        let message = format!("`{name}` happens again each time the block is tried again");
        self.report(
            Diagnostic::warning(code::REPEATED, place, message)
                .also(*inner, "it must happen once, and has no `undo`")
                .hint("give it an `undo`, a `key`, or write the `retry` on the step that fails"),
        );
    }

    /// Handlers in braces act on each step in them: `on outcome_unknown retry` on whatever must happen once there.
    pub fn scope_repeats(&mut self, block: &'a Block) {
        for item in &block.items {
            let Item::On(on) = item else { continue };
            if !matches!(on.action, HandlerAction::Retry(_)) {
                continue;
            }
            let Some(name) = on.types.iter().find(|name| &*name.text == "outcome_unknown") else { continue };
            let once = done_in(block).into_iter().find_map(|step| {
                let signature = self.operation_of(step)?;
                happens_once(&signature, &step.clauses).then(|| (signature.full_name(), step.head))
            });
            if let Some((operation, place)) = once {
                let message = format!("`{operation}` may then happen twice");
                self.report(
                    Diagnostic::warning(code::REPEATED, name.span, message)
                        .also(place, "it must happen once")
                        .hint("nobody knows whether it happened: leave `outcome_unknown` to a person, `park`"),
                );
            }
        }
    }
}

/// Whether a call must not be repeated: `http.*` with a `key` may be.
fn happens_once(signature: &Signature, clauses: &[Clause]) -> bool {
    let keyed = clauses.iter().any(|clause| matches!(clause.kind, ClauseKind::Key(_)));
    signature.effect == Effect::Once && !(keyed && &*signature.connector == "http")
}

/// The steps in a body, without what only undoes or tells of them.
fn done_in(body: &Block) -> Vec<&Step> {
    let mut steps = Vec::new();
    let mut beside: Vec<Span> = Vec::new();
    walk::block(body, &mut |seen| match seen {
        Seen::Step(step) => {
            beside.extend(step.clauses.iter().filter_map(|clause| match &clause.kind {
                ClauseKind::Undo(undo) => Some(undo.span),
                _ => None,
            }));
            steps.push(step);
        }
        Seen::On(on) => {
            if let HandlerAction::Notify(step) = &on.action {
                beside.push(step.span);
            }
        }
        _ => {}
    });
    steps.retain(|step| !beside.contains(&step.span));
    steps
}

fn is_call(step: &Step) -> bool {
    matches!(step.action, Action::Call(_))
}

/// The bodies that a retry of a step runs again.
fn bodies(step: &Step) -> Vec<&Block> {
    match &step.action {
        Action::Sequence(body) | Action::Parallel(body) => vec![body],
        Action::Lock(lock) => vec![&lock.body],
        Action::For(turns) => vec![&turns.body],
        Action::While(turns) => vec![&turns.body],
        Action::Repeat(turns) => vec![&turns.body],
        Action::If(branches) => branches.arms.iter().map(|(_, body)| body).chain(&branches.otherwise).collect(),
        Action::Match(branches) => branches.arms.iter().map(|arm| &arm.body).collect(),
        Action::Race(_) | Action::Call(_) | Action::Start(_) | Action::Script(_) | Action::Ask(_) | Action::Wait(_) => {
            Vec::new()
        }
    }
}

/// Whether what stands at `place` is the last thing a sequence does.
fn is_last(step: &Step, place: Span) -> bool {
    let (Action::Sequence(body) | Action::Lock(crate::lang::syntax::ast::Lock { body, .. })) = &step.action else {
        return false;
    };
    let last = body.items.iter().rev().find(|item| !matches!(item, Item::Output(_) | Item::On(_) | Item::Handle(_)));
    matches!(last, Some(Item::Step(step)) if step.head == place)
}
