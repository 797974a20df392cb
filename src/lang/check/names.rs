//! What can be referred to at one place of a program.

use std::collections::BTreeMap;
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
    /// Where each name stands among the bindings, innermost last.
    places: BTreeMap<Arc<str>, Vec<usize>>,
}

impl Names {
    /// Where the scope that begins now begins.
    pub fn mark(&self) -> usize {
        self.bindings.len()
    }

    /// Leaves the scope that began at `mark`; gives what was declared in it.
    pub fn leave(&mut self, mark: usize) -> Vec<Binding> {
        let left = self.bindings.split_off(mark);
        for binding in left.iter().rev() {
            if let Some(places) = self.places.get_mut(&binding.name) {
                places.pop();
                if places.is_empty() {
                    self.places.remove(&binding.name);
                }
            }
        }
        left
    }

    pub fn find(&self, name: &str) -> Option<&Binding> {
        self.places.get(name)?.last().map(|place| &self.bindings[*place])
    }

    /// Takes a name in; it stands before a placeholder of the same name.
    pub fn push(&mut self, binding: Binding) {
        self.places.entry(binding.name.clone()).or_default().push(self.bindings.len());
        self.bindings.push(binding);
    }

    pub fn iter(&self) -> impl Iterator<Item = &Binding> {
        self.bindings.iter()
    }

    /// Forgets all names.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}
