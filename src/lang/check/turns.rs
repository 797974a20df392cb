//! Loops: `for`, `while`, `repeat`.

use super::block::Owner;
use super::checker::{Checker, Typed};
use super::code;
use super::names::Binding;
use super::step::Done;
use crate::base::diagnostic::Diagnostic;
use crate::base::shape::{Bounds, Shape};
use crate::base::span::Span;
use crate::lang::syntax::ast::{Action, Arg, Block, Expr, For, ForSource, Name, Repeat, Step, While};

impl<'a> Checker<'a> {
    pub fn turns_of(&mut self, turns: &'a For, step: &'a Step) -> Done {
        let item = match &turns.source {
            ForSource::Items(items) => self.items_of(items),
            ForSource::Stream(source) => Typed::of(self.stream(source)),
        };
        if let Some(max) = &turns.max {
            self.count(max, "`max`");
        }
        if let Some(tolerate) = &turns.tolerate {
            self.tolerance(tolerate);
        }
        if turns.parallel {
            self.turns_set(&turns.body, false, "the turns of this loop");
        }
        let (body, seen) = self.turn(step, &turns.body, Some((&turns.item, item)), turns.parallel);
        let mut output = body.shape;
        if turns.tolerate.is_some() {
            output = output.optional();
        }
        let seen = seen.into_iter().map(|binding| listed(binding, turns.tolerate.is_some())).collect();
        let failed = Shape::list(Shape::object([("index", Shape::int()), ("error", Shape::Any)]));
        Done {
            seen,
            record: vec![("failed", failed)],
            ..Done::new(Typed { shape: Shape::list(output), secret: body.secret })
        }
    }

    pub fn turns_while(&mut self, turns: &'a While, step: &'a Step) -> Done {
        self.condition(&turns.condition, "the condition of `while`");
        let paths = self.paths_read(&turns.condition);
        if let Some(max) = &turns.max {
            self.count(max, "`max`");
        }
        let (body, seen) = self.having_tested(&paths, |this| this.turn(step, &turns.body, None, false));
        let seen = seen.into_iter().map(|binding| listed(binding, false)).collect();
        Done { seen, ..Done::new(Typed { shape: Shape::list(body.shape), secret: body.secret }) }
    }

    pub fn repeat(&mut self, turns: &'a Repeat, step: &'a Step) -> Done {
        if let Some(every) = &turns.every {
            self.argument(every, &Shape::Duration, "`every`");
        }
        if let Some(max) = &turns.max {
            self.count(max, "`max`");
        }
        let (body, seen) = self.turn(step, &turns.body, None, false);
        Done { seen, ..Done::new(body) }
    }

    /// The body of a loop, once; gives its output and the steps in it.
    fn turn(
        &mut self,
        step: &'a Step,
        body: &'a Block,
        item: Option<(&'a Name, Typed)>,
        at_once: bool,
    ) -> (Typed, Vec<Binding>) {
        let (loops, concurrent) = (self.here.loops, self.here.concurrent);
        self.here.loops += 1;
        self.here.concurrent |= at_once;
        let ((result, seen), _) = self.scoped(|this| {
            if let Some((name, Typed { shape, secret })) = item {
                this.declare(Binding { secret, ..Binding::local(&name.text, name.span, shape) }, name.span);
            }
            this.inside(step, body, |this| this.body(body, Owner::Plain))
        });
        self.here.loops = loops;
        self.here.concurrent = concurrent;
        (result.output, seen)
    }

    /// The type of the items of what a loop goes through.
    pub fn items_of(&mut self, items: &'a Expr) -> Typed {
        let typed = self.expression(items);
        let shape = match typed.shape.item() {
            Some(item) => {
                if matches!(typed.shape, Shape::Optional(_)) {
                    self.report(
                        Diagnostic::error(code::ABSENT, items.span, "what is gone through here may be absent")
                            .hint(format!("go through nothing then: `{} ?? []`", items.source)),
                    );
                }
                item
            }
            None => {
                let message =
                    format!("a loop goes through a list, a range or a map, this is {}", typed.shape.described());
                let mut diagnostic = Diagnostic::error(code::NO_ITEMS, items.span, message);
                if matches!(typed.shape.present(), Shape::Int(_)) {
                    diagnostic = diagnostic.fix("so many turns", items.span, format!("0..{}", items.source));
                } else if matches!(typed.shape.present(), Shape::Text(..)) {
                    diagnostic = diagnostic.hint("its lines are `lines(...)`, its parts `....split(\",\")`");
                }
                self.report(diagnostic);
                Shape::Any
            }
        };
        Typed { shape, secret: typed.secret }
    }

    /// `for x from call`
    fn stream(&mut self, source: &'a Step) -> Shape {
        let Action::Call(call) = &source.action else {
            self.report(
                Diagnostic::error(code::NO_ITEMS, source.head, "`from` takes the call of an operation")
                    .hint("write `in` to go through a value"),
            );
            self.bare(source);
            return Shape::Any;
        };
        self.bare(source);
        let result = self.checked.shapes.get(&source.span).cloned().unwrap_or_default();
        match result.item() {
            Some(item) => item,
            None => {
                let message = format!("`{}` gives {}, not items", call.callee.dotted(), result.described());
                self.report(Diagnostic::error(code::NO_ITEMS, call.callee.span, message).hint(
                    "`from` streams operations that give a list; to go through a field, make a step and write `in`",
                ));
                Shape::Any
            }
        }
    }

    /// A number of turns or places, at least one.
    pub fn count(&mut self, arg: &'a Arg, what: &str) {
        self.argument(arg, &Shape::Int(Bounds { min: Some(1.0), max: None }), what);
    }

    fn tolerance(&mut self, tolerate: &'a Arg) {
        match tolerate {
            Arg::All(_) => {}
            Arg::Percent(percent, span) => {
                if !(0.0..=100.0).contains(percent) {
                    self.percent(*span);
                }
            }
            Arg::Expr(_) => {
                self.argument(tolerate, &Shape::Int(Bounds { min: Some(0.0), max: None }), "`tolerate`");
            }
        }
    }

    fn percent(&mut self, span: Span) {
        self.report(Diagnostic::error(code::ARGUMENT, span, "a share lies between 0% and 100%"));
    }
}

/// A step inside a loop, seen outside: the list of its turns.
fn listed(binding: Binding, tolerated: bool) -> Binding {
    let shape = if tolerated { binding.shape.optional() } else { binding.shape };
    Binding { shape: Shape::list(shape), record: Shape::Any, absence: None, decided_by: Vec::new(), ..binding }
}
