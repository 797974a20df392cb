//! Steps: their names, clauses and outputs.

use std::sync::Arc;

use super::block::Owner;
use super::checker::{Checker, Here, Place, Typed};
use super::code;
use super::mention::Named;
use super::names::{Binding, Kind};
use crate::base::diagnostic::Diagnostic;
use crate::base::shape::{Fit, Shape};
use crate::base::span::Span;
use crate::lang::syntax::ast::{Action, Block, Clause, ClauseKind, HandlerAction, Name, On, Step};

/// What a step's action comes to.
pub(super) struct Done {
    /// Its output.
    pub output: Typed,
    /// What its record holds beside what every record holds.
    pub record: Vec<(&'static str, Shape)>,
    /// Steps in its bodies as they are seen outside.
    pub seen: Vec<Binding>,
    /// The parameters it was called with, for its handlers.
    pub params: Shape,
}

impl Done {
    pub fn new(output: Typed) -> Self {
        Self { output, record: Vec::new(), seen: Vec::new(), params: Shape::Any }
    }
}

/// What a handler gives in the place of a step.
struct StandIn {
    span: Span,
    /// Of which type; `None` for nothing.
    gives: Option<Shape>,
    /// Why the step is absent then.
    absent: &'static str,
}

impl<'a> Checker<'a> {
    /// The name a step is known by.
    pub fn step_name(&self, step: &Step) -> Option<Arc<str>> {
        match &step.name {
            Some(name) => Some(name.text.clone()),
            None => self.course.implied.get(&step.span).cloned(),
        }
    }

    /// A step in a body.
    pub fn step(&mut self, step: &'a Step) {
        let name = self.step_name(step);
        let (done, when) = self.carried_out(step, name.as_ref());
        let mut shape = done.output.shape;
        let mut absence = None;
        if when.is_some() {
            shape = shape.optional();
            absence = Some("its `when` may skip it");
        }
        let stated = step.ty.as_ref().map(|_| shape.clone());
        for stand_in in self.stand_ins(step) {
            match stand_in.gives {
                Some(given) => {
                    if let Some(stated) = stated.as_ref().filter(|stated| stated.accepts(&given) == Fit::Never) {
                        let (gives, wanted) = (given.described(), stated.described());
                        let message =
                            format!("this gives {gives} in the step's place, which is stated to give {wanted}");
                        self.report(Diagnostic::error(code::MISMATCH, stand_in.span, message));
                    }
                    shape = shape.join(&given);
                }
                None => {
                    shape = shape.optional();
                    absence.get_or_insert(stand_in.absent);
                }
            }
        }
        let decided_by = when.unwrap_or_default();
        // Who won a race says what happened in its branches.
        let winner = match (&step.action, &name) {
            (Action::Race(_), Some(name)) => vec![name.to_string(), format!("steps.{name}.winner")],
            _ => Vec::new(),
        };
        for mut binding in done.seen {
            binding.decided_by.extend(winner.iter().cloned());
            let binding = match absence {
                Some(why) => binding.made_absent(why, &decided_by),
                None => binding,
            };
            let place = binding.spans.first().copied().unwrap_or(step.head);
            self.declare_again(binding, place);
        }
        let Some(name) = name else { return };
        self.checked.names.insert(step.span, name.clone());
        let record = record(&shape, done.record);
        let secret = done.output.secret || step.clauses.iter().any(|clause| matches!(clause.kind, ClauseKind::Secret));
        let binding = Binding {
            name,
            spans: vec![step.span],
            kind: Kind::Step,
            shape,
            record,
            absence,
            decided_by,
            secret,
            placeholder: false,
        };
        match &step.name {
            Some(written) => self.declare(binding, written.span),
            // Names that nobody wrote are free by their making.
            None => self.names.push(binding),
        }
    }

    /// What a step does and how; gives the paths its `when` reads, if it has one.
    fn carried_out(&mut self, step: &'a Step, name: Option<&Arc<str>>) -> (Done, Option<Vec<String>>) {
        self.clauses_once(step);
        let when = step.clauses.iter().find_map(|clause| match &clause.kind {
            ClauseKind::When(condition) => Some(condition),
            _ => None,
        });
        let paths = when.map(|condition| {
            self.condition(condition, "the condition of `when`");
            self.paths_read(condition)
        });
        let stated = step.ty.as_ref().map(|ty| self.stated_type(ty));
        let tested = paths.clone().unwrap_or_default();
        let mut done = self.having_tested(&tested, |this| {
            let done = this.action(step, stated.as_ref());
            this.clauses(step, name, &done);
            done
        });
        if let (Some(stated), Some(ty)) = (&stated, &step.ty) {
            let is_ask = matches!(step.action, Action::Ask(_));
            if !is_ask && stated.accepts(&done.output.shape) == Fit::Never {
                let given = &done.output.shape;
                let message = match super::value::lacking(stated.present(), given.present()) {
                    Some(missing) => format!("this step can never give that: {missing}"),
                    None => format!("this step gives {}, never {}", given.described(), stated.described()),
                };
                self.report(Diagnostic::error(code::MISMATCH, ty.span, message));
            }
            done.output.shape = stated.clone();
        }
        self.checked.shapes.insert(step.span, done.output.shape.clone());
        (done, paths)
    }

    /// A call in `notify` or `undo`, which nobody refers to.
    pub fn bare(&mut self, step: &'a Step) {
        let (done, _) = self.carried_out(step, None);
        drop(done);
    }

    fn action(&mut self, step: &'a Step, stated: Option<&Shape>) -> Done {
        match &step.action {
            Action::Call(call) => {
                if stated.is_none() && call.callee.parts.len() > 1 {
                    self.course.calls.insert(step.span);
                }
                self.call(call)
            }
            Action::Start(call) => self.start(call),
            Action::Script(code) => Done::new(self.script(code)),
            Action::Ask(ask) => self.ask(ask, step, stated),
            Action::Wait(wait) => Done::new(self.wait(wait)),
            Action::Sequence(body) => self.plain(body, Owner::Plain, step),
            Action::Parallel(body) => self.plain(body, Owner::Parallel, step),
            Action::If(branches) => self.branches(branches),
            Action::Match(branches) => self.matched(branches),
            Action::For(turns) => self.turns_of(turns, step),
            Action::While(turns) => self.turns_while(turns, step),
            Action::Repeat(turns) => self.repeat(turns, step),
            Action::Race(race) => self.race(race, step),
            Action::Lock(lock) => self.lock(lock, step),
        }
    }

    /// `sequence`, `parallel`: the body as it is.
    fn plain(&mut self, body: &'a Block, owner: Owner, step: &'a Step) -> Done {
        let (result, seen) = self.inside(step, body, |this| this.body(body, owner));
        Done { seen, ..Done::new(result.output) }
    }

    /// Does `inner` in the braces of a block: its handlers are around.
    pub fn inside<T>(&mut self, _step: &'a Step, body: &'a Block, inner: impl FnOnce(&mut Self) -> T) -> T {
        self.course.scopes.push(body);
        let result = inner(self);
        self.course.scopes.pop();
        result
    }

    /// What the step's own handlers give in its place.
    fn stand_ins(&self, step: &'a Step) -> Vec<StandIn> {
        let shape = |span: &Span| self.checked.shapes.get(span).cloned().unwrap_or_default();
        let handlers = step.clauses.iter().filter_map(|clause| match &clause.kind {
            ClauseKind::On(on) => Some(on),
            _ => None,
        });
        let stand_ins = handlers.filter_map(|on| {
            let (gives, absent) = match &on.action {
                HandlerAction::Skip(None) => (None, "a handler may skip it"),
                HandlerAction::Skip(Some(_)) => (Some(shape(&on.span)), ""),
                HandlerAction::Alternate(body) => {
                    let gives = Some(shape(&body.span)).filter(|gives| *gives != Shape::Unit);
                    (gives, "an `alternate` without an `output` may stand for it")
                }
                HandlerAction::Retry(_)
                | HandlerAction::SkipItem
                | HandlerAction::Fail { .. }
                | HandlerAction::Notify(_)
                | HandlerAction::Park => return None,
            };
            Some(StandIn { span: on.span, gives, absent })
        });
        stand_ins.collect()
    }

    /// Clauses that may be said once.
    fn clauses_once(&mut self, step: &Step) {
        let mut seen: Vec<(&str, Span)> = Vec::new();
        for clause in &step.clauses {
            let Some(word) = once(clause) else { continue };
            match seen.iter().find(|(known, _)| *known == word) {
                Some((_, first)) => {
                    let first = *first;
                    let message = format!("`{word}` is said twice");
                    let mut diagnostic =
                        Diagnostic::error(code::SAID_TWICE, clause.span, message).also(first, "first said here");
                    if word == "when" {
                        diagnostic = diagnostic.hint("put both into one condition with `&&`");
                    }
                    self.report(diagnostic);
                }
                None => seen.push((word, clause.span)),
            }
        }
    }

    /// Everything but `when`, which comes before the step.
    fn clauses(&mut self, step: &'a Step, name: Option<&Arc<str>>, done: &Done) {
        for clause in &step.clauses {
            match &clause.kind {
                ClauseKind::When(_) | ClauseKind::Secret => {}
                ClauseKind::After(names) => self.after(names, clause.span),
                ClauseKind::Timeout(limit) => {
                    self.argument(limit, &Shape::Duration, "`timeout`");
                }
                ClauseKind::Deadline(limit) => {
                    self.argument(limit, &Shape::Duration, "`deadline`");
                }
                ClauseKind::Retry(retry) => self.retry(retry),
                ClauseKind::On(on) => self.own_handler(on, name, done),
                ClauseKind::Handle(path) => self.handle(path),
                ClauseKind::Undo(undo) => self.undo(undo, name, done, clause.span),
                ClauseKind::Key(key) => {
                    let typed = self.argument(key, &Shape::Any, "`key`");
                    if typed.secret {
                        self.leak(key.span(), "an idempotency key");
                    }
                }
                ClauseKind::Auth(auth) => {
                    self.auth(auth, false);
                    if !matches!(step.action, Action::Call(_)) {
                        self.report(
                            Diagnostic::error(code::CLAUSE_PLACE, clause.span, "`auth` belongs to a request")
                                .hint("it stands on calls of `http.*`"),
                        );
                    }
                }
                ClauseKind::Remind { every: time, body } | ClauseKind::Escalate { after: time, body } => {
                    self.meanwhile(step, clause, time, body, name);
                }
            }
        }
        self.own_chain(step);
        self.repeats(step);
    }

    fn after(&mut self, names: &'a [Name], span: Span) {
        for name in names {
            let known = self.names.find(&name.text).cloned();
            if let Some(binding) = &known {
                let declared = binding.spans.iter().map(|span| self.name_place(*span)).collect();
                self.mention(name.span, Named::Step, declared, &binding.shape);
            }
            let known = known.is_some();
            if !known && !self.is_broken(&name.text) {
                self.unknown_step(&name.text, name.span);
            }
        }
        if !self.here.concurrent {
            self.report(
                Diagnostic::warning(code::AFTER, span, "`after` orders nothing here")
                    .hint("a body runs from top to bottom; `after` belongs into `parallel { }`"),
            );
        }
    }

    fn own_handler(&mut self, on: &'a On, name: Option<&Arc<str>>, done: &Done) {
        let mut here = self.here.clone();
        here.owner = name.cloned();
        here.words.push(("params", Typed::of(done.params.clone())));
        self.at(here, |this| this.handler(on));
    }

    fn undo(&mut self, undo: &'a Step, name: Option<&Arc<str>>, done: &Done, span: Span) {
        let place = match self.here.place {
            Place::Body | Place::Alternate | Place::Remind => None,
            Place::Notify => Some("a `notify`"),
            Place::Undo => Some("an `undo`"),
            Place::Lifecycle => Some("a body that runs after the outcome is decided"),
        };
        if let Some(place) = place {
            self.report(
                Diagnostic::error(code::UNDO, span, format!("nothing undoes what {place} does"))
                    .hint("leave the `undo` out"),
            );
        }
        let mut here = Here { place: Place::Undo, owner: name.cloned(), ..self.here.clone() };
        here.words.push(("output", done.output.clone()));
        here.words.push(("key", Typed::of(Shape::text())));
        self.at(here, |this| this.bare(undo));
    }

    fn meanwhile(
        &mut self,
        step: &'a Step,
        clause: &Clause,
        time: &'a crate::lang::syntax::ast::Arg,
        body: &'a Block,
        name: Option<&Arc<str>>,
    ) {
        let word = if matches!(clause.kind, ClauseKind::Remind { .. }) { "remind" } else { "escalate" };
        self.argument(time, &Shape::Duration, &format!("`{word}`"));
        if matches!(step.action, Action::Script(_) | Action::Start(_)) || self.is_operation_call(step) {
            self.report(
                Diagnostic::error(code::CLAUSE_PLACE, clause.span, format!("`{word}` stands on a step that waits"))
                    .hint("on `ask ...` or `wait ...`; a slow call is bounded by `timeout`"),
            );
        }
        let here = Here { place: Place::Remind, owner: name.cloned(), loops: 0, parallel: false, ..self.here.clone() };
        self.at(here, |this| {
            this.body(body, Owner::Plain);
        });
    }
}

/// The word of a clause that may be said once.
fn once(clause: &Clause) -> Option<&'static str> {
    match &clause.kind {
        ClauseKind::When(_) => Some("when"),
        ClauseKind::Timeout(_) => Some("timeout"),
        ClauseKind::Deadline(_) => Some("deadline"),
        ClauseKind::Key(_) => Some("key"),
        ClauseKind::Secret => Some("secret"),
        ClauseKind::Undo(_) => Some("undo"),
        ClauseKind::After(_)
        | ClauseKind::Retry(_)
        | ClauseKind::On(_)
        | ClauseKind::Handle(_)
        | ClauseKind::Auth(_)
        | ClauseKind::Remind { .. }
        | ClauseKind::Escalate { .. } => None,
    }
}

/// What a step may be found to be.
const STEP_STATES: [&str; 8] =
    ["pending", "running", "waiting", "parked", "completed", "skipped", "failed", "cancelled"];

/// What `steps.NAME` holds.
pub(super) fn record(output: &Shape, more: Vec<(&'static str, Shape)>) -> Shape {
    let mut fields = vec![
        ("status", super::workflow::one_of(&STEP_STATES)),
        ("output", output.clone()),
        ("error", Shape::Any),
        ("attempts", Shape::int()),
        ("started_at", Shape::Any),
        ("ended_at", Shape::Any),
    ];
    fields.extend(more);
    Shape::object(fields)
}
