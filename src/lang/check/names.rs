//! What can be referred to at one place of a program.

use std::sync::Arc;

use crate::base::shape::Shape;
use crate::base::span::Span;

/// What a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A step: seen outside of its block, too.
    Step,
    /// A `let`, the item of a loop, a name in a pattern: seen in its block only.
    Local,
}

/// A name with all that is known about it where it is read.
#[derive(Clone, Debug)]
pub(super) struct Binding {
    pub name: Arc<str>,
    /// All that define it: a step's span, or the span of the name.
    pub spans: Vec<Span>,
    pub kind: Kind,
    /// The type of its output.
    pub shape: Shape,
    /// The type of its record, for `steps.NAME`.
    pub record: Shape,
    /// Why it may be `()`.
    pub absence: Option<&'static str>,
    /// The paths that decide whether it is there: who tests one of them is taken to know.
    pub decided_by: Vec<String>,
    /// Whether a secret is in it.
    pub secret: bool,
    /// Whether it only keeps the place of a step in a cycle.
    pub placeholder: bool,
}

impl Binding {
    /// A local name.
    pub fn local(name: &Arc<str>, span: Span, shape: Shape) -> Self {
        Self {
            name: name.clone(),
            spans: vec![span],
            kind: Kind::Local,
            shape,
            record: Shape::Any,
            absence: None,
            decided_by: Vec::new(),
            secret: false,
            placeholder: false,
        }
    }

    /// The same name seen from outside of something that may not have happened.
    pub fn made_absent(mut self, why: &'static str, decided_by: &[String]) -> Self {
        self.shape = self.shape.optional();
        self.absence.get_or_insert(why);
        self.decided_by.extend(decided_by.iter().cloned());
        self
    }
}

/// The names in scope, innermost last.
#[derive(Debug, Default)]
pub(super) struct Names {
    bindings: Vec<Binding>,
}

impl Names {
    /// Where the scope that begins now begins.
    pub fn mark(&self) -> usize {
        self.bindings.len()
    }

    /// Leaves the scope that began at `mark`; gives what was declared in it.
    pub fn leave(&mut self, mark: usize) -> Vec<Binding> {
        self.bindings.split_off(mark)
    }

    pub fn find(&self, name: &str) -> Option<&Binding> {
        self.bindings.iter().rev().find(|binding| &*binding.name == name)
    }

    pub fn push(&mut self, binding: Binding) {
        self.bindings.retain(|known| !(known.placeholder && known.name == binding.name));
        self.bindings.push(binding);
    }

    pub fn iter(&self) -> impl Iterator<Item = &Binding> {
        self.bindings.iter()
    }

    /// Sets all names aside, for a place that sees none of them.
    pub fn take(&mut self) -> Vec<Binding> {
        std::mem::take(&mut self.bindings)
    }

    pub fn restore(&mut self, bindings: Vec<Binding>) {
        self.bindings = bindings;
    }
}
