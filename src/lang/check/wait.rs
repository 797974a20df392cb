//! `wait`: for time, a condition, an event, a signal.

use super::checker::{Checker, Typed};
use super::code;
use crate::base::diagnostic::Diagnostic;
use crate::base::shape::{Fit, Shape};
use crate::lang::syntax::ast::Wait;

impl<'a> Checker<'a> {
    pub fn wait(&mut self, wait: &'a Wait) -> Typed {
        match wait {
            Wait::For(time) => {
                self.argument(time, &Shape::Duration, "`wait`");
                Typed::of(Shape::Unit)
            }
            Wait::Until(until) => {
                let typed = self.expression(until);
                let shape = typed.shape.present();
                let fits = [Shape::Bool, Shape::DateTime, Shape::Date]
                    .iter()
                    .any(|wanted| wanted.accepts(shape) != Fit::Never && !matches!(shape, Shape::Text(..)));
                // A text may be a moment as an input brings it.
                if !fits && !matches!(shape, Shape::Text(..)) {
                    let message = format!("`wait until` takes a moment or a condition, this is {}", shape.described());
                    let mut diagnostic = Diagnostic::error(code::ARGUMENT, until.span, message);
                    if matches!(shape, Shape::Duration) {
                        diagnostic = diagnostic.hint(format!("so long waits `wait {}`", until.source));
                    }
                    self.report(diagnostic);
                }
                Typed::of(Shape::Unit)
            }
            Wait::Event { topic, filter } => {
                self.event_name(topic);
                if let Some(filter) = filter {
                    let mut here = self.here.clone();
                    here.words.push(("event", Typed::default()));
                    self.at(here, |this| this.condition(filter, "`where`"));
                }
                Typed::default()
            }
            Wait::Signal { .. } => Typed::default(),
        }
    }
}
