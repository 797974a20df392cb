//! `if` and `match`: one of several bodies.

use std::sync::Arc;

use indexmap::IndexMap;

use super::block::{Owner, Yield};
use super::checker::{Checker, Typed};
use super::code;
use super::names::Binding;
use super::step::Done;
use crate::base::diagnostic::Diagnostic;
use crate::base::shape::{Fit, Shape};
use crate::base::value::Value;
use crate::lang::syntax::ast::{Expr, If, Match, Pattern};

/// How many of the paths that decide about a branch are remembered.
const DECIDING_PATHS_MAX: usize = 64;

impl<'a> Checker<'a> {
    /// `if ... else if ... else`
    pub fn branches(&mut self, branches: &'a If) -> Done {
        let before = self.here.tested.len();
        let mut bodies: Vec<(Yield, Vec<Binding>)> = Vec::new();
        let mut paths: Vec<String> = Vec::new();
        for (condition, body) in &branches.arms {
            self.condition(condition, "the condition of `if`");
            let read = self.paths_read(condition);
            for path in &read {
                if paths.len() < DECIDING_PATHS_MAX && !paths.contains(path) {
                    paths.push(path.clone());
                }
            }
            // Who comes to a later arm has looked, too.
            self.look_at(read);
            self.course.scopes.push(body);
            bodies.push(self.body(body, Owner::Plain));
            self.course.scopes.pop();
        }
        let exhaustive = branches.otherwise.is_some();
        if let Some(body) = &branches.otherwise {
            self.course.scopes.push(body);
            bodies.push(self.body(body, Owner::Plain));
            self.course.scopes.pop();
        }
        self.here.tested.truncate(before);
        self.one_of(bodies, exhaustive, "the branch may not be taken", &paths)
    }

    /// `match`
    pub fn matched(&mut self, branches: &'a Match) -> Done {
        let subject = self.expression(&branches.subject);
        let paths = self.paths_read(&branches.subject);
        let mut bodies = Vec::new();
        let mut exhaustive = false;
        // What an arm is looked at with: behind one that takes `()`, it is there.
        let mut left = subject.shape.clone();
        for arm in &branches.arms {
            let (body, _) = self.scoped(|this| {
                for pattern in &arm.patterns {
                    this.pattern(pattern, &left, arm.patterns.len() > 1);
                }
                let mut tested = paths.clone();
                if let Some(guard) = &arm.guard {
                    this.condition(guard, "the guard of an arm");
                    tested.extend(this.paths_read(guard));
                }
                this.course.scopes.push(&arm.body);
                let body = this.having_tested(&tested, |this| this.body(&arm.body, Owner::Plain));
                this.course.scopes.pop();
                body
            });
            let takes_all = |pattern: &Pattern| matches!(pattern, Pattern::Any(_) | Pattern::Name(_));
            if exhaustive {
                self.report(
                    Diagnostic::warning(code::UNREACHABLE, arm.span, "nothing gets to this arm")
                        .hint("an arm above takes everything"),
                );
            }
            exhaustive |= arm.guard.is_none() && arm.patterns.iter().any(takes_all);
            if arm.guard.is_none() && arm.patterns.iter().any(|pattern| self.is_absent(pattern)) {
                left = left.present().clone();
            }
            bodies.push(body);
        }
        if let Some(values) = all_values(&subject.shape)
            && !exhaustive
        {
            exhaustive = self.covers(branches, &values);
        }
        self.named_twice(branches);
        self.one_of(bodies, exhaustive, "the arm may not be taken", &paths)
    }

    /// Whether it is the pattern `()`.
    fn is_absent(&mut self, pattern: &'a Pattern) -> bool {
        matches!(pattern, Pattern::Literal(expr) if self.constant(expr).is_some_and(|value| value.is_unit()))
    }

    /// Whether the arms name every value of the subject.
    fn covers(&mut self, branches: &'a Match, values: &[Value]) -> bool {
        let named = self.named(branches);
        values.iter().all(|value| named.contains(value))
    }

    /// The values that arms without a guard name.
    fn named(&mut self, branches: &'a Match) -> Vec<Value> {
        let arms = branches.arms.iter().filter(|arm| arm.guard.is_none());
        let literals = arms.flat_map(|arm| &arm.patterns).filter_map(|pattern| match pattern {
            Pattern::Literal(expr) => Some(expr),
            _ => None,
        });
        literals.filter_map(|expr| self.constant(expr)).collect()
    }

    /// Arms all of whose values an arm above takes.
    fn named_twice(&mut self, branches: &'a Match) {
        let mut taken: Vec<Value> = Vec::new();
        for arm in &branches.arms {
            let values: Option<Vec<Value>> = arm
                .patterns
                .iter()
                .map(|pattern| match pattern {
                    Pattern::Literal(expr) => self.constant(expr),
                    _ => None,
                })
                .collect();
            let Some(values) = values.filter(|values| !values.is_empty()) else { continue };
            if values.iter().all(|value| taken.contains(value)) {
                self.report(
                    Diagnostic::warning(code::UNREACHABLE, arm.span, "nothing gets to this arm")
                        .hint("an arm above takes the same"),
                );
            }
            if arm.guard.is_none() {
                taken.extend(values);
            }
        }
    }

    fn pattern(&mut self, pattern: &'a Pattern, subject: &Shape, alternatives: bool) {
        match pattern {
            Pattern::Literal(expr) => self.literal(expr, subject),
            Pattern::Range { from, to, .. } => {
                for end in from.iter().chain(to) {
                    let typed = self.expression(end);
                    if typed.shape.accepts(subject.present()) == Fit::Never
                        && Shape::float().accepts(subject.present()) == Fit::Never
                    {
                        let message =
                            format!("what is looked at is {}, never in a range of numbers", subject.described());
                        self.report(Diagnostic::error(code::MISMATCH, end.span, message));
                        break;
                    }
                }
            }
            Pattern::List(items, span) => {
                let item = match subject.present() {
                    Shape::List(item, _) | Shape::Set(item, _) => (**item).clone(),
                    Shape::Any | Shape::Union(_) | Shape::OneOf(_) => Shape::Any,
                    other => {
                        let message = format!("what is looked at is {}, never a list", other.described());
                        self.report(Diagnostic::error(code::MISMATCH, *span, message));
                        Shape::Any
                    }
                };
                items.iter().for_each(|pattern| self.pattern(pattern, &item, alternatives));
            }
            Pattern::Name(name) => {
                if alternatives {
                    self.report(
                        Diagnostic::error(
                            code::MISPLACED,
                            name.span,
                            format!("`{}` would have a value in one alternative only", name.text),
                        )
                        .hint("give it an arm of its own, or write `_`"),
                    );
                }
                self.declare(Binding::local(&name.text, name.span, subject.clone()), name.span);
            }
            Pattern::Any(_) => {}
        }
    }

    fn literal(&mut self, expr: &'a Expr, subject: &Shape) {
        self.expression(expr);
        let Some(value) = self.constant(expr) else { return };
        if value.is_unit() {
            return;
        }
        let fits = match subject.present() {
            Shape::OneOf(_) => subject.present().accepts_value(&value) != Fit::Never,
            // Bounds and formats are not looked at: an arm may name any value.
            other => other.accepts(&Shape::of(&value)) != Fit::Never,
        };
        if !fits {
            let message = format!("what is looked at is {}, never {}", subject.described(), expr.source);
            let mut diagnostic = Diagnostic::error(code::MISMATCH, expr.span, message);
            if let (Shape::OneOf(values), Some(text)) = (subject.present(), value.as_text())
                && let Some(near) = crate::base::diagnostic::nearest(text, values.iter().filter_map(Value::as_text))
            {
                diagnostic = diagnostic.fix(format!("did you mean \"{near}\"?"), expr.span, format!("{near:?}"));
            }
            self.report(diagnostic);
        }
    }

    /// What is seen of several bodies of which one runs.
    pub fn one_of(
        &mut self,
        bodies: Vec<(Yield, Vec<Binding>)>,
        exhaustive: bool,
        why: &'static str,
        paths: &[String],
    ) -> Done {
        let secret = bodies.iter().any(|(body, _)| body.output.secret);
        // A body that never comes to its end yields nothing that anybody sees.
        let mut outputs: Vec<Shape> =
            bodies.iter().filter(|(body, _)| !body.ends).map(|(body, _)| body.output.shape.clone()).collect();
        if !exhaustive {
            outputs.push(Shape::Unit);
        }
        let output = outputs.into_iter().reduce(|one, other| one.join(&other)).unwrap_or(Shape::Unit);
        let count = bodies.iter().filter(|(body, _)| !body.ends).count();
        let mut merged: IndexMap<Arc<str>, (Binding, usize)> = IndexMap::new();
        for (body, bindings) in bodies {
            for binding in bindings {
                let counts = usize::from(!body.ends);
                match merged.get_mut(&binding.name) {
                    None => drop(merged.insert(binding.name.clone(), (binding, counts))),
                    Some((known, seen)) => {
                        self.agree(known, &binding);
                        known.shape = known.shape.join(&binding.shape);
                        known.record = known.record.join(&binding.record);
                        known.secret |= binding.secret;
                        known.spans.extend(binding.spans);
                        *seen += counts;
                    }
                }
            }
        }
        let seen = merged
            .into_values()
            .map(|(binding, seen)| if exhaustive && seen == count { binding } else { binding.made_absent(why, paths) })
            .collect();
        Done { seen, ..Done::new(Typed { shape: output, secret }) }
    }

    /// Two branches may use one name if the types agree.
    fn agree(&mut self, first: &Binding, second: &Binding) {
        let (one, other) = (first.shape.present(), second.shape.present());
        if one.accepts(other) == Fit::Never && other.accepts(one) == Fit::Never {
            let (Some(at), Some(before)) = (second.spans.first(), first.spans.first()) else { return };
            let (at, before) = (self.head_of(*at), self.head_of(*before));
            let message =
                format!("`{}` is {} in one branch and {} in another", first.name, one.described(), other.described());
            self.report(
                Diagnostic::warning(code::DISAGREE, at, message)
                    .also(before, "the other one")
                    .hint("give them two names, or let both give the same type"),
            );
        }
    }

    fn head_of(&self, span: crate::base::span::Span) -> crate::base::span::Span {
        self.course.places.get(&span).copied().unwrap_or(span)
    }
}

/// All values of a type that has few.
fn all_values(shape: &Shape) -> Option<Vec<Value>> {
    match shape {
        Shape::OneOf(values) => Some(values.to_vec()),
        Shape::Bool => Some(vec![Value::Bool(true), Value::Bool(false)]),
        Shape::Optional(inner) => {
            let mut values = all_values(inner)?;
            values.push(Value::Unit);
            Some(values)
        }
        _ => None,
    }
}
