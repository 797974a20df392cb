//! Handlers: whom they can get, what hides them, and what they do.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::block::Owner;
use super::call::Found;
use super::checker::{Checker, Here, Place, Typed};
use super::code;
use super::mention::Named;
use super::walk::{self, Seen};
use crate::base::diagnostic::Diagnostic;
use crate::base::failure::KINDS;
use crate::base::shape::{Bounds, Shape};
use crate::base::span::Span;
use crate::lang::syntax::ast::{
    Action, Block, ClauseKind, Declaration, HandlerAction, Item, Name, On, Path, Pause, Retry, Step,
};

/// Which errors something can raise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Raised {
    /// Any of the built-in types.
    pub any: bool,
    /// These.
    pub types: BTreeSet<Arc<str>>,
    /// Types that nobody can know before the run: computed, or thrown as they came.
    pub open: bool,
}

impl Raised {
    pub fn has(&self, name: &str) -> bool {
        self.open || (self.any && is_built_in(name)) || self.types.contains(name)
    }

    pub fn add(&mut self, name: &str) {
        self.types.insert(name.into());
    }

    pub fn join(&mut self, other: Self) {
        self.any |= other.any;
        self.open |= other.open;
        self.types.extend(other.types);
    }
}

/// Whether the language itself knows an error type.
pub(super) fn is_built_in(name: &str) -> bool {
    KINDS.iter().any(|(known, _)| *known == name)
}

/// What a plain computation can fail with.
const COMPUTING: [&str; 2] = ["script_error", "limit_exceeded"];
/// What waiting can fail with.
const WAITING: [&str; 4] = ["cancelled", "script_error", "limit_exceeded", "validation_error"];
/// What the short form of `retry` is for.
const WORTH_RETRYING: [&str; 4] = ["connection_error", "timeout", "rate_limited", "server_error"];

/// `error` in handlers.
pub(super) fn error_shape() -> Shape {
    Shape::object([
        ("type", Shape::text()),
        ("message", Shape::text()),
        ("step", Shape::Any),
        ("attempt", Shape::int()),
        ("status", Shape::Any),
        ("body", Shape::Any),
        ("details", Shape::Any),
        ("cause", Shape::Any),
    ])
}

impl<'a> Checker<'a> {
    /// The handlers in a body's braces.
    pub fn handlers(&mut self, block: &'a Block, owner: Owner) {
        let mut chain: Vec<&'a On> = Vec::new();
        for item in &block.items {
            match item {
                Item::On(on) => {
                    self.handler(on);
                    chain.push(on);
                }
                Item::Handle(path) => self.handle(path),
                _ => {}
            }
        }
        if chain.is_empty() {
            return;
        }
        self.hidden(&chain);
        if owner == Owner::Handler {
            return;
        }
        let mut raised = Raised::default();
        for item in &block.items {
            raised.join(self.raised_by(item));
        }
        self.idle(&chain, &raised, "in these braces");
        self.scope_repeats(block);
        let has_loop = self.here.loops > 0 || holds_loop(block);
        self.items_skipped(&chain, has_loop);
    }

    /// The handlers of one step.
    pub fn own_chain(&mut self, step: &'a Step) {
        let chain: Vec<&'a On> = step
            .clauses
            .iter()
            .filter_map(|clause| match &clause.kind {
                ClauseKind::On(on) => Some(on),
                _ => None,
            })
            .collect();
        let retries = step.clauses.iter().find_map(|clause| match &clause.kind {
            ClauseKind::Retry(retry) => Some(retry),
            _ => None,
        });
        if chain.is_empty() && retries.is_none() {
            return;
        }
        self.hidden(&chain);
        let raised = self.raised_by_step(step);
        let what = match &step.action {
            Action::Script(_) => "by this script",
            Action::Wait(_) | Action::Ask(_) => "while waiting",
            _ => "here",
        };
        self.idle(&chain, &raised, what);
        if let Some(retry) = retries
            && !WORTH_RETRYING.iter().any(|kind| raised.has(kind))
        {
            self.report(
                Diagnostic::warning(code::IDLE_HANDLER, retry.span, "there is nothing here that `retry` would try again")
                    .hint("the short form is for connection_error, timeout, rate_limited and server_error; `on TYPE retry ...` names others"),
            );
        }
        let has_loop = self.here.loops > 0;
        self.items_skipped(&chain, has_loop);
    }

    /// One handler.
    pub fn handler(&mut self, on: &'a On) {
        for name in &on.types {
            self.handled(name);
        }
        let mut here = self.here.clone();
        here.words.push(("error", Typed::of(error_shape())));
        if here.word("params").is_none() {
            // Which step failed, and with what parameters, only the run knows.
            here.words.push(("params", Typed::default()));
        }
        self.at(here, |this| {
            let paths = on.guard.as_ref().map(|guard| {
                this.condition(guard, "the guard of a handler");
                this.paths_read(guard)
            });
            this.having_tested(&paths.unwrap_or_default(), |this| this.handler_action(on));
        });
    }

    fn handler_action(&mut self, on: &'a On) {
        match &on.action {
            HandlerAction::Retry(retry) => self.retry(retry),
            HandlerAction::Skip(Some(value)) => {
                let typed = self.value(value);
                self.checked.shapes.insert(on.span, typed.shape);
            }
            HandlerAction::Skip(None) | HandlerAction::SkipItem | HandlerAction::Park => {}
            HandlerAction::Fail { kind, message } => {
                if let Some(kind) = kind {
                    self.raises(kind);
                }
                if let Some(message) = message {
                    let typed = self.expression(message);
                    if typed.secret {
                        self.leak(message.span, "a message");
                    }
                }
            }
            HandlerAction::Alternate(body) => {
                let place = if self.here.place == Place::Body { Place::Alternate } else { self.here.place };
                let here = Here { place, parallel: false, ..self.here.clone() };
                let shape = self.at(here, |this| this.body(body, Owner::Plain).0.output.shape);
                self.checked.shapes.insert(body.span, shape);
            }
            HandlerAction::Notify(step) => {
                let place = if self.here.place == Place::Lifecycle { Place::Lifecycle } else { Place::Notify };
                let here = Here { place, parallel: false, ..self.here.clone() };
                self.at(here, |this| this.bare(step));
            }
        }
    }

    pub fn retry(&mut self, retry: &'a Retry) {
        if let Some(times) = &retry.times {
            self.argument(times, &Shape::Int(Bounds { min: Some(0.0), max: None }), "`retry`");
        }
        match &retry.pause {
            Some(Pause::Every(every)) => {
                self.argument(every, &Shape::Duration, "`every`");
            }
            Some(Pause::Backoff { from, to }) => {
                self.argument(from, &Shape::Duration, "`backoff`");
                if let Some(to) = to {
                    self.argument(to, &Shape::Duration, "the longest pause");
                    self.backoff_order(from, to);
                }
            }
            None => {}
        }
    }

    fn backoff_order(&mut self, from: &crate::lang::syntax::ast::Arg, to: &crate::lang::syntax::ast::Arg) {
        use crate::base::value::Value;
        use crate::lang::syntax::ast::Arg;
        let (Arg::Expr(first), Arg::Expr(last)) = (from, to) else { return };
        let (Some(Value::Duration(low)), Some(Value::Duration(high))) = (self.constant(first), self.constant(last))
        else {
            return;
        };
        if low > high {
            self.report(
                Diagnostic::error(
                    code::ARGUMENT,
                    last.span,
                    format!("the longest pause, {high}, is shorter than the first, {low}"),
                )
                .hint(format!("`backoff {high} to {low}`")),
            );
        }
    }

    /// `handle NAME`
    pub fn handle(&mut self, path: &Path) {
        let Some((last, before)) = path.parts.split_last() else { return };
        let mut place = self.tree;
        for alias in before {
            match self.trees[place].used(&alias.text) {
                Some(next) => place = next,
                None => {
                    let known: Vec<&str> = self.trees[place].uses.iter().map(|(alias, _)| &**alias).collect();
                    let message = format!("no used file is called `{}`", alias.text);
                    self.unknown_of(code::UNKNOWN_DECLARATION, &alias.text, alias.span, message, &known);
                    return;
                }
            }
        }
        self.mention_declaration(path, Named::Handler, |declaration, last| match declaration {
            Declaration::Handler(handler) if handler.name.text == last.text => Some(handler.name.span),
            _ => None,
        });
        if self.declared[place].handlers.contains_key(&last.text) || self.is_broken(&last.text) {
            return;
        }
        let known: Vec<Arc<str>> = self.declared[place].handlers.keys().cloned().collect();
        let message = format!("there is no handler `{}`", last.text);
        let known_are_none = known.is_empty();
        self.unknown_of(code::UNKNOWN_DECLARATION, &last.text, last.span, message, &known);
        if known_are_none && let Some(told) = self.found.last_mut() {
            let advice = format!("declare it at the top level: `handler {} {{ on ... }}`", last.text);
            told.hints.push(crate::base::diagnostic::Hint { text: advice, edit: None });
        }
    }

    /// A type that a handler is for must be raised by something.
    fn handled(&mut self, name: &Name) {
        if &*name.text == "error" || is_built_in(&name.text) || self.all_raised().has(&name.text) {
            return;
        }
        let raised = self.all_raised().types.clone();
        let known = KINDS.iter().map(|(name, _)| *name).chain(["error"]).chain(raised.iter().map(|name| &**name));
        let mut diagnostic =
            Diagnostic::error(code::UNKNOWN_ERROR, name.span, format!("nothing raises `{}`", name.text))
                .near(&name.text, name.span, known);
        if diagnostic.hints.is_empty() {
            diagnostic = diagnostic.hint(format!(
                "`fail {} \"...\"` raises it; the built-in types are {}",
                name.text,
                super::expression::listed(KINDS.iter().map(|(name, _)| *name))
            ));
        }
        self.report(diagnostic);
    }

    /// A raised type that cannot be one; or that is almost a built-in one, and that no handler is for.
    pub fn raises(&mut self, name: &Name) {
        if is_built_in(&name.text) {
            return;
        }
        if &*name.text == "error" {
            self.report(
                Diagnostic::error(code::STRANGE_ERROR, name.span, "`error` stands for all types and cannot be raised")
                    .hint("raise a type of your own: `fail out_of_stock \"...\"`"),
            );
            return;
        }
        if let Some(reason) = super::reserved::reason(&name.text) {
            let message = format!("`{}` cannot be a type of errors: it {reason}", name.text);
            self.report(
                Diagnostic::error(code::RESERVED, name.span, message)
                    .hint("raise a type of your own: `fail out_of_stock \"...\"`"),
            );
            return;
        }
        if self.all_handled().contains(&name.text) {
            return;
        }
        let close = |known: &str| strsim::damerau_levenshtein(known, &name.text) <= 2;
        let near = KINDS.iter().map(|(known, _)| *known).find(|known| close(known) && known.len() > 4);
        if let Some(near) = near {
            let message = format!("nothing handles `{}`, but `{near}` is a type of the language", name.text);
            self.report(Diagnostic::warning(code::STRANGE_ERROR, name.span, message).fix(
                format!("did you mean `{near}`?"),
                name.span,
                near,
            ));
        }
    }

    /// Handlers behind one that takes everything they could get (semantics 26).
    fn hidden(&mut self, chain: &[&'a On]) {
        let mut taken: Vec<(&'a str, Span)> = Vec::new();
        for on in chain {
            let first = |wanted: &str| taken.iter().find(|(name, _)| *name == wanted || *name == "error");
            let hiding: Vec<_> = on.types.iter().map(|name| first(&name.text).copied()).collect();
            let is_known =
                |name: &Name| is_built_in(&name.text) || &*name.text == "error" || self.all_raised().has(&name.text);
            if !on.types.is_empty() && hiding.iter().all(Option::is_some) && on.types.iter().all(is_known) {
                let mut diagnostic = Diagnostic::warning(code::HIDDEN_HANDLER, on.span, "nothing gets to this handler");
                if let Some(Some((_, place))) = hiding.first() {
                    diagnostic = diagnostic.also(*place, "this one takes it before");
                }
                self.report(diagnostic.hint("handlers are asked from top to bottom: put the closer one first"));
            }
            let settles = match &on.action {
                HandlerAction::Skip(_)
                | HandlerAction::SkipItem
                | HandlerAction::Alternate(_)
                | HandlerAction::Fail { .. }
                | HandlerAction::Park => true,
                HandlerAction::Retry(_) | HandlerAction::Notify(_) => false,
            };
            if settles && on.guard.is_none() {
                taken.extend(on.types.iter().map(|name| (&*name.text, on.span)));
            }
        }
    }

    /// Handlers for types that nothing in their scope raises.
    fn idle(&mut self, chain: &[&'a On], raised: &Raised, what: &str) {
        for on in chain {
            for name in &on.types {
                // A type that nothing raises anywhere is an error of its own.
                let known = is_built_in(&name.text) || self.all_raised().has(&name.text);
                let is_timeout = &*name.text == "timeout";
                if &*name.text == "error" || !known || raised.has(&name.text) {
                    continue;
                }
                let message = format!("nothing raises `{}` {what}", name.text);
                self.report(Diagnostic::warning(code::IDLE_HANDLER, name.span, message).hint(if is_timeout {
                    "a bound raises it: `timeout 7d` or `deadline 7d`"
                } else {
                    "a handler gets the errors of what stands in its own step or braces"
                }));
            }
        }
    }

    /// `skip item` needs a loop round the step that failed.
    fn items_skipped(&mut self, chain: &[&'a On], has_loop: bool) {
        for on in chain {
            if matches!(on.action, HandlerAction::SkipItem) && !has_loop {
                self.report(
                    Diagnostic::error(code::NO_ITEM, on.span, "there is no loop here whose item could be skipped")
                        .hint("`skip` gives up the step alone"),
                );
            }
        }
    }

    /// What an item can raise.
    pub fn raised_by(&self, item: &'a Item) -> Raised {
        let mut raised = Raised::default();
        match item {
            Item::Step(step) => raised = self.raised_by_step(step),
            Item::Fail(fail) => {
                raised.add(&fail.kind.text);
                COMPUTING.iter().for_each(|kind| raised.add(kind));
            }
            Item::Until(_)
            | Item::Let(_)
            | Item::Set(_)
            | Item::Emit(_)
            | Item::Reply(_)
            | Item::Return(_)
            | Item::Output(_) => COMPUTING.iter().for_each(|kind| raised.add(kind)),
            // A taken-in chain may raise anything of its own; handlers that fail raise what they say.
            Item::Handle(_) => raised.any = true,
            Item::On(on) => {
                if let HandlerAction::Fail { kind: Some(kind), .. } = &on.action {
                    raised.add(&kind.text);
                }
                if let HandlerAction::Alternate(body) = &on.action {
                    body.items.iter().for_each(|item| raised.join(self.raised_by(item)));
                }
            }
            Item::Deadline(..) => raised.add("timeout"),
            Item::Lifecycle(lifecycle) => {
                lifecycle.body.items.iter().for_each(|item| raised.join(self.raised_by(item)));
            }
            Item::Input(_)
            | Item::Vars(_)
            | Item::State(_)
            | Item::Trigger(_)
            | Item::Version(_)
            | Item::Concurrency(_)
            | Item::Key(_)
            | Item::Priority(..)
            | Item::Tags(..) => {}
        }
        raised
    }

    fn raised_by_step(&self, step: &'a Step) -> Raised {
        let mut raised = Raised::default();
        let inner = |blocks: &[&'a Block], raised: &mut Raised| {
            for item in blocks.iter().flat_map(|block| &block.items) {
                raised.join(self.raised_by(item));
            }
        };
        COMPUTING.iter().for_each(|kind| raised.add(kind));
        match &step.action {
            Action::Call(call) => {
                raised.any = true;
                match self.look_up(&call.callee) {
                    Found::Workflow(name) => {
                        if let Some(face) = self.faces.get(&name) {
                            raised.join(face.raised.clone());
                        }
                    }
                    Found::Operation(signature) => {
                        // What a body in Rust raises, only whoever wrote it knows.
                        raised.open |= signature.native;
                        if let Some(connector) = self.catalog.connectors.get(&signature.connector) {
                            super::connector::own_errors(&connector.declared, &mut raised);
                        }
                    }
                    Found::Nobody => {}
                }
            }
            Action::Start(_) => raised.any = true,
            Action::Script(code) => self.thrown_by(&code.source, &mut raised),
            Action::Ask(ask) => {
                use crate::lang::syntax::ast::Whom;
                WAITING.iter().for_each(|kind| raised.add(kind));
                raised.any |= matches!(ask.whom, Whom::Model(_) | Whom::Persona(_)) || !ask.tools.is_empty();
            }
            Action::Wait(_) => WAITING.iter().for_each(|kind| raised.add(kind)),
            Action::Sequence(body) | Action::Parallel(body) => inner(&[body], &mut raised),
            Action::If(branches) => {
                branches.arms.iter().for_each(|(_, body)| inner(&[body], &mut raised));
                branches.otherwise.iter().for_each(|body| inner(&[body], &mut raised));
            }
            Action::Match(branches) => branches.arms.iter().for_each(|arm| inner(&[&arm.body], &mut raised)),
            Action::For(turns) => {
                raised.any |= matches!(turns.source, crate::lang::syntax::ast::ForSource::Stream(_));
                inner(&[&turns.body], &mut raised);
            }
            Action::While(turns) => inner(&[&turns.body], &mut raised),
            Action::Repeat(turns) => inner(&[&turns.body], &mut raised),
            Action::Race(race) => match &race.runners {
                crate::lang::syntax::ast::Runners::Branches(branches) => {
                    branches.iter().for_each(|branch| inner(&[&branch.body], &mut raised));
                }
                crate::lang::syntax::ast::Runners::Items { body, .. } => inner(&[body], &mut raised),
            },
            Action::Lock(lock) => {
                // A cycle of locks ends with a conflict.
                raised.add("conflict");
                inner(&[&lock.body], &mut raised);
            }
        }
        if step.clauses.iter().any(|clause| matches!(clause.kind, ClauseKind::Timeout(_) | ClauseKind::Deadline(_))) {
            raised.add("timeout");
        }
        // Expressions may call functions that throw.
        let mut texts: Vec<Arc<str>> = Vec::new();
        walk::step(step, &mut |found| match found {
            Seen::Expr(expr) => texts.push(expr.source.clone()),
            Seen::On(on) => {
                if let HandlerAction::Fail { kind: Some(kind), .. } = &on.action {
                    raised.add(&kind.text);
                }
            }
            _ => {}
        });
        texts.iter().for_each(|text| self.thrown_by(text, &mut raised));
        raised
    }

    /// What a text of Rhai can throw. Where it is not written out, anything.
    pub fn thrown_by(&self, text: &str, raised: &mut Raised) {
        let functions = &self.declared[self.tree].functions;
        let calls =
            functions.iter().any(|(name, function)| text.contains(&**name) && function.body.source.contains("throw"));
        let used = !self.trees[self.tree].uses.is_empty() && text.contains('(');
        if text.contains("throw") || calls || used {
            raised.any = true;
            raised.open |= self.all_raised().open;
            raised.types.extend(self.all_raised().types.iter().cloned());
        }
    }
}

/// Whether a loop stands anywhere in a block.
fn holds_loop(block: &Block) -> bool {
    let mut found = false;
    walk::block(block, &mut |seen| {
        if let Seen::Step(step) = seen {
            found |= matches!(step.action, Action::For(_) | Action::While(_) | Action::Repeat(_) | Action::Race(_));
        }
    });
    found
}
