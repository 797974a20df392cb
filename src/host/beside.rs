//! What is computed beside a run, for whoever looks at one: what its names stand for is said by who asks. Nothing is drawn there, and
//! nothing printed.

use crate::base::diagnostic::Diagnostic;
use crate::base::failure::Failure;
use crate::base::span::Span;
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::lang::plan::{Root, Roots};
use crate::lang::script::{self, Form, Library};
use crate::run::world::Settings;

/// Why an expression gives nothing.
#[derive(Clone, Debug)]
pub enum Unanswered {
    /// It is wrong.
    Wrong(Vec<Diagnostic>),
    /// It broke.
    Broken(Failure),
}

/// What is known beside a run.
#[derive(Clone, Copy)]
pub(super) struct Beside<'s> {
    /// What `now()` gives.
    pub now: Timestamp,
    /// What `env` and `secret` give, where they give anything.
    pub settings: Option<&'s dyn Settings>,
}

impl Beside<'_> {
    /// What an expression comes to; `span` is where it stands, `name` says what its names stand for.
    ///
    /// # Errors
    /// What is wrong with it, or why it gives nothing.
    pub fn value_of(
        self,
        text: &str,
        span: Span,
        library: &Library,
        name: impl Fn(&str) -> Option<Value>,
    ) -> Result<Value, Unanswered> {
        let expr = script::compile(text, span, Form::Expression, library).map_err(Unanswered::Wrong)?;
        let roots = expr.reads().iter().map(|read| name(&read.root)).collect();
        expr.evaluate(&Named { roots, beside: self }).map_err(|broken| Unanswered::Broken(Failure::from(broken)))
    }
}

impl Roots for Beside<'_> {
    fn root(&self, _: &Root) -> Option<Value> {
        None
    }
    fn now(&self) -> Timestamp {
        self.now
    }
    fn draw(&self) -> u64 {
        0
    }
    fn print(&self, _: &str) {}
    fn env(&self, name: &str) -> Option<Value> {
        self.settings?.env(name)
    }
    fn secret(&self, name: &str) -> Option<Value> {
        self.settings?.secret(name)
    }
}

/// The names of one expression, by its reads.
struct Named<'s> {
    roots: Vec<Option<Value>>,
    beside: Beside<'s>,
}

impl script::Scope for Named<'_> {
    fn root(&self, read: usize) -> Option<Value> {
        self.roots.get(read).cloned().flatten()
    }
    fn now(&self) -> Timestamp {
        self.beside.now
    }
    fn draw(&self) -> u64 {
        self.beside.draw()
    }
    fn print(&self, _: &str) {}
    fn env(&self, name: &str) -> Option<Value> {
        self.beside.env(name)
    }
    fn secret(&self, name: &str) -> Option<Value> {
        self.beside.secret(name)
    }
}
