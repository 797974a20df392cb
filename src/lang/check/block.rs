//! What stands in braces, from top to bottom.

use std::sync::Arc;

use super::checker::{Checker, Place, Typed};
use super::code;
use super::names::{Binding, Kind};
use super::reserved;
use crate::base::diagnostic::Diagnostic;
use crate::base::shape::Shape;
use crate::base::span::Span;
use crate::lang::syntax::ast::{
    Action, Block, Emit, Fail, Item, Let, Output, OutputForm, Pattern, Reply, Return, Until,
};

/// Whose braces they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// A workflow's.
    Workflow,
    /// Those of anything that runs from top to bottom.
    Plain,
    /// Those of `parallel`.
    Parallel,
    /// Those of `handler NAME`.
    Handler,
}

/// What a body yields.
#[derive(Clone, Debug)]
pub(super) struct Yield {
    /// The type of its output; `()` without one.
    pub output: Typed,
    /// Whether its end is never reached.
    pub ends: bool,
}

impl<'a> Checker<'a> {
    /// A body in a scope of its own; gives what it yields and the steps that are seen outside of it.
    pub fn body(&mut self, block: &'a Block, owner: Owner) -> (Yield, Vec<Binding>) {
        let before = self.here.parallel;
        self.here.parallel = owner == Owner::Parallel;
        let (result, mut declared) = self.scoped(|this| this.items(block, owner));
        self.here.parallel = before;
        declared.retain(|binding| binding.kind == Kind::Step && !binding.placeholder);
        (result, declared)
    }

    fn items(&mut self, block: &'a Block, owner: Owner) -> Yield {
        let tested = self.here.tested.len();
        let mut ends = false;
        if owner == Owner::Parallel {
            self.parallel_items(block);
        } else {
            let mut told = false;
            for item in &block.items {
                if is_late(item) {
                    continue;
                }
                if ends && !told && owner != Owner::Handler && is_deed(item) {
                    told = true;
                    self.report(
                        Diagnostic::warning(code::UNREACHABLE, span(item), "nothing gets here")
                            .hint("what stands above always ends the run or fails"),
                    );
                }
                self.item(item, owner);
                ends |= self.is_end(item);
                self.learn(item);
            }
        }
        let mut output: Option<(Typed, Span)> = None;
        for item in &block.items {
            let Item::Output(written) = item else { continue };
            let typed = self.output(written, owner);
            match &output {
                None => output = Some((typed, written.span)),
                Some((_, first)) => {
                    let first = *first;
                    self.report(
                        Diagnostic::error(code::SAID_TWICE, written.span, "a body has one `output`")
                            .also(first, "the first one is here")
                            .hint("put the fields of both into one: `output { a: ..., b: ... }`"),
                    );
                }
            }
        }
        self.handlers(block, owner);
        if owner == Owner::Workflow {
            let given = output.as_ref().map_or(Shape::Unit, |(typed, _)| typed.shape.clone());
            for item in &block.items {
                if let Item::Lifecycle(lifecycle) = item {
                    self.lifecycle(lifecycle, &given);
                }
            }
        }
        self.here.tested.truncate(tested);
        Yield { output: output.map_or(Typed::of(Shape::Unit), |(typed, _)| typed), ends }
    }

    /// One item that acts where it stands.
    pub fn item(&mut self, item: &'a Item, owner: Owner) {
        if owner == Owner::Handler && !matches!(item, Item::On(_) | Item::Handle(_)) {
            self.misplaced(item, "in a `handler`", "only `on ...` and `handle NAME` stand there");
            return;
        }
        match item {
            Item::Step(step) => self.step(step),
            Item::Let(binding) => self.binding(binding),
            Item::Set(set) => self.set(set),
            Item::Emit(emit) => self.emit(emit),
            Item::Reply(reply) => self.reply(reply),
            Item::Return(back) => self.back(back),
            Item::Fail(fail) => self.fail(fail),
            Item::Until(until) => self.until(until),
            // These come at the end, see `is_late`.
            Item::Output(_) | Item::On(_) | Item::Handle(_) => {}
            Item::Lifecycle(_)
            | Item::Input(_)
            | Item::Vars(_)
            | Item::State(_)
            | Item::Trigger(_)
            | Item::Version(_)
            | Item::Deadline(..)
            | Item::Concurrency(_)
            | Item::Key(_)
            | Item::Priority(..)
            | Item::Tags(..) => {
                if owner != Owner::Workflow {
                    self.misplaced(item, "in a block", "it belongs directly into the braces of a workflow");
                }
            }
        }
    }

    fn misplaced(&mut self, item: &Item, place: &str, hint: &str) {
        let message = format!("`{}` does not stand {place}", word(item));
        let mut diagnostic = Diagnostic::error(code::MISPLACED, span(item), message).hint(hint);
        if matches!(item, Item::Vars(_)) {
            diagnostic = diagnostic.hint("a name for a value inside a block is a `let`");
        } else if matches!(item, Item::Deadline(..)) {
            diagnostic = diagnostic.hint("a block has its clauses behind it: `sequence { ... } with { deadline 10m }`");
        }
        self.report(diagnostic);
    }

    /// Takes a name in, and says so if it may not be given.
    pub fn declare(&mut self, binding: Binding, place: Span) {
        if self.may_be_a_name(&binding.name, place) {
            self.mention_binding(&binding, place);
            self.declare_again(binding, place);
        }
    }

    /// Takes a name in that was declared further inside.
    pub fn declare_again(&mut self, binding: Binding, place: Span) {
        self.name_is_free(&binding.name, place);
        self.names.push(binding);
    }

    /// Whether a name can mean something of its own: a word of the language never does.
    fn may_be_a_name(&mut self, name: &Arc<str>, place: Span) -> bool {
        if let Some(reason) = reserved::reason(name) {
            let message = format!("`{name}` cannot be a name: it {reason}");
            self.report(
                Diagnostic::error(code::RESERVED, place, message)
                    .hint(format!("call it something else, such as `{name}_1`")),
            );
            return false;
        }
        if reserved::is_kept(name) {
            let message = format!("no expression can read `{name}`: Rhai keeps this word for itself");
            self.report(
                Diagnostic::warning(code::RESERVED, place, message)
                    .hint(format!("call it something else, such as `{name}_1`")),
            );
        }
        true
    }

    /// Says so if a name is taken.
    fn name_is_free(&mut self, name: &Arc<str>, place: Span) {
        let known = self.names.find(name).filter(|known| !known.placeholder);
        if let Some(first) = known.and_then(|known| known.spans.first().copied())
            && first != place
            && !(first.start <= place.start && place.end <= first.end)
        {
            let (first, second) = if first.start > place.start { (place, first) } else { (first, place) };
            let message = format!("the name `{name}` is taken");
            self.report(
                Diagnostic::error(code::TWICE, self.name_place(second), message)
                    .also(self.name_place(first), "first used here")
                    .hint("names do not hide each other: choose another one"),
            );
        } else if let Some(function) = self.declared[self.tree].functions.get(name) {
            let first = function.name.span;
            let message = format!("the name `{name}` is taken by a function");
            self.report(Diagnostic::error(code::TWICE, place, message).also(first, "declared here"));
        }
    }

    /// Where a step says its name, for those who know its span only.
    pub fn name_place(&self, span: Span) -> Span {
        self.course.places.get(&span).copied().unwrap_or(span)
    }

    fn binding(&mut self, binding: &'a Let) {
        let mut found = Vec::new();
        let stated = binding.ty.as_ref().map(|ty| self.written_type(ty, &mut found));
        self.found.append(&mut found);
        let what = format!("`{}`", binding.name.text);
        let typed = match &stated {
            Some(wanted) => self.wanted(&binding.value, wanted, &what),
            None => self.value(&binding.value),
        };
        let shape = stated.unwrap_or(typed.shape);
        let bound = Binding { secret: typed.secret, ..Binding::local(&binding.name.text, binding.name.span, shape) };
        self.declare(bound, binding.name.span);
    }

    fn emit(&mut self, emit: &'a Emit) {
        if let Some(payload) = &emit.payload {
            let typed = self.value(payload);
            if typed.secret {
                self.leak(payload.span(), "an event");
            }
        }
    }

    fn reply(&mut self, reply: &'a Reply) {
        if let Some(status) = &reply.status {
            let bounds = crate::base::shape::Bounds { min: Some(100.0), max: Some(599.0) };
            self.argument(status, &Shape::Int(bounds), "the status of a reply");
        }
        let typed = self.object(&reply.fields);
        if typed.secret {
            self.leak(reply.span, "a reply");
        }
        self.reply_body(reply);
    }

    /// A reply has one body: `body`, or `raw`, or its fields but the headers.
    fn reply_body(&mut self, reply: &'a Reply) {
        let is_whole = |name: &str| matches!(name, "body" | "raw");
        let Some(whole) = reply.fields.iter().find(|field| is_whole(&field.key.text)) else { return };
        let others = reply.fields.iter().filter(|field| field.key.text != whole.key.text);
        for other in others.filter(|field| &*field.key.text != "headers") {
            let message = format!("`{}` goes nowhere: this reply has a `{}`", other.key.text, whole.key.text);
            self.report(
                Diagnostic::error(code::UNKNOWN_FIELD, other.key.span, message)
                    .also(whole.key.span, "this is all of the answer, beside `headers`"),
            );
        }
    }

    fn back(&mut self, back: &'a Return) {
        let place = match self.here.place {
            Place::Body | Place::Alternate => None,
            Place::Notify => Some("a `notify`"),
            Place::Undo => Some("an `undo`"),
            Place::Remind => Some("a `remind` or `escalate`"),
            Place::Lifecycle => Some("a body that runs after the outcome is decided"),
        };
        if let Some(place) = place {
            self.report(
                Diagnostic::error(code::RETURN, back.span, format!("`return` cannot end the run from {place}"))
                    .hint("leave it out; a condition is `if ... { ... }`"),
            );
        } else if self.here.concurrent {
            self.report(
                Diagnostic::warning(code::RETURN, back.span, "`return` ends the run while other branches are at work")
                    .hint("what is in flight comes to rest, and the rest is dropped: is that meant?"),
            );
        }
        let typed = back.value.as_ref().map(|value| {
            let typed = self.value(value);
            if typed.secret {
                self.leak(value.span(), "the output of the run");
            }
            typed
        });
        self.course.returned.push(typed.map_or(Shape::Unit, |typed| typed.shape));
    }

    fn fail(&mut self, fail: &'a Fail) {
        self.raises(&fail.kind);
        let paths = fail.when.as_ref().map(|when| {
            self.condition(when, "the condition of `fail`");
            self.paths_read(when)
        });
        if let Some(message) = &fail.message {
            let typed = self.having_tested(&paths.unwrap_or_default(), |this| this.expression(message));
            if typed.secret {
                self.leak(message.span, "a message");
            }
        }
    }

    fn until(&mut self, until: &'a Until) {
        if self.here.loops == 0 {
            self.report(
                Diagnostic::error(code::MISPLACED, until.span, "`until` leaves a loop, and there is none around it")
                    .hint("to wait for something, write `wait until ...` or `repeat every 10s { ..., until ... }`"),
            );
        }
        self.condition(&until.condition, "the condition of `until`");
    }

    /// What a body yields.
    fn output(&mut self, output: &'a Output, owner: Owner) -> Typed {
        match &output.form {
            OutputForm::Value(value) => {
                let typed = self.value(value);
                if owner == Owner::Workflow && typed.secret {
                    self.leak(value.span(), "the output of the run");
                }
                typed
            }
            OutputForm::Fields(fields) => {
                let mut found = Vec::new();
                let mut shapes = Vec::with_capacity(fields.len());
                let mut secret = false;
                let mut seen: Vec<(Arc<str>, Span)> = Vec::new();
                for declare in fields {
                    if let Some((_, first)) = seen.iter().find(|(name, _)| *name == declare.name.text) {
                        let message = format!("the output has two fields `{}`", declare.name.text);
                        let diagnostic = Diagnostic::error(code::SAID_TWICE, declare.name.span, message)
                            .also(*first, "the first one is here");
                        self.report(diagnostic);
                    }
                    seen.push((declare.name.text.clone(), declare.name.span));
                    let typed = self.declared_value(declare, &mut found);
                    if typed.secret {
                        secret = true;
                        if owner == Owner::Workflow {
                            self.leak(declare.span, "the output of the run");
                        }
                    }
                    shapes.push((declare.name.text.clone(), typed.shape));
                }
                self.found.append(&mut found);
                Typed { shape: Shape::object(shapes), secret }
            }
        }
    }

    /// Whether nothing comes after an item.
    fn is_end(&self, item: &Item) -> bool {
        match item {
            Item::Return(_) => true,
            Item::Fail(fail) => fail.when.is_none(),
            // Clauses may skip a step or settle what it fails with.
            Item::Step(step) if step.clauses.is_empty() => match &step.action {
                Action::Sequence(body) => self.ends(body),
                Action::Lock(lock) => self.ends(&lock.body),
                Action::If(branches) => {
                    branches.arms.iter().all(|(_, body)| self.ends(body))
                        && branches.otherwise.as_ref().is_some_and(|body| self.ends(body))
                }
                Action::Match(branches) => {
                    branches.arms.iter().all(|arm| self.ends(&arm.body))
                        && branches.arms.iter().any(|arm| {
                            arm.guard.is_none()
                                && arm.patterns.iter().any(|p| matches!(p, Pattern::Any(_) | Pattern::Name(_)))
                        })
                }
                _ => false,
            },
            _ => false,
        }
    }

    pub fn ends(&self, block: &Block) -> bool {
        block.items.iter().any(|item| self.is_end(item))
    }

    /// What is known to have been looked at once an item is behind us.
    fn learn(&mut self, item: &'a Item) {
        let mut paths = Vec::new();
        match item {
            Item::Fail(fail) => fail.when.iter().for_each(|when| paths.extend(self.paths_read(when))),
            // What was set just now is there, unless `()` was.
            Item::Set(set) if !set.add => paths.push(set.target.dotted()),
            Item::Step(step) if step.clauses.is_empty() => {
                if let Action::If(branches) = &step.action {
                    for (condition, body) in &branches.arms {
                        if self.ends(body) {
                            paths.extend(self.paths_read(condition));
                        }
                    }
                }
            }
            _ => {}
        }
        self.look_at(paths);
    }
}

/// Whether an item is looked at when all others are known: it sees them all.
pub(super) fn is_late(item: &Item) -> bool {
    matches!(item, Item::Output(_) | Item::On(_) | Item::Handle(_))
}

/// Whether an item does something when its turn comes.
fn is_deed(item: &Item) -> bool {
    matches!(
        item,
        Item::Step(_)
            | Item::Set(_)
            | Item::Emit(_)
            | Item::Reply(_)
            | Item::Return(_)
            | Item::Fail(_)
            | Item::Until(_)
    )
}

/// Where an item stands; a step by its head, which is what people mean by it.
pub(super) fn span(item: &Item) -> Span {
    match item {
        Item::Step(step) => step.head,
        Item::Let(found) => found.span,
        Item::Set(found) => found.span,
        Item::Emit(found) => found.span,
        Item::Reply(found) => found.span,
        Item::Return(found) => found.span,
        Item::Fail(found) => found.span,
        Item::Until(found) => found.span,
        Item::Output(found) => found.span,
        Item::On(found) => found.span,
        Item::Handle(found) => found.span,
        Item::Lifecycle(found) => found.span,
        Item::Input(found) | Item::Vars(found) => found.span,
        Item::State(found) => found.span,
        Item::Trigger(found) => found.span,
        Item::Version(found) => found.span,
        Item::Deadline(_, span) | Item::Priority(_, span) | Item::Tags(_, span) => *span,
        Item::Concurrency(found) => found.span,
        Item::Key(found) => found.span,
    }
}

/// The word an item begins with.
fn word(item: &Item) -> &'static str {
    match item {
        Item::Step(_) => "step",
        Item::Let(_) => "let",
        Item::Set(_) => "set",
        Item::Emit(_) => "emit",
        Item::Reply(_) => "reply",
        Item::Return(_) => "return",
        Item::Fail(_) => "fail",
        Item::Until(_) => "until",
        Item::Output(_) => "output",
        Item::On(_) => "on",
        Item::Handle(_) => "handle",
        Item::Lifecycle(_) => "on success`, `on failure`, `on cancel` or `finally",
        Item::Input(_) => "input",
        Item::Vars(_) => "vars",
        Item::State(_) => "state",
        Item::Trigger(_) => "trigger",
        Item::Version(_) => "version",
        Item::Deadline(..) => "deadline",
        Item::Concurrency(_) => "concurrency",
        Item::Key(_) => "key",
        Item::Priority(..) => "priority",
        Item::Tags(..) => "tags",
    }
}
