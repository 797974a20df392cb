//! The first fault of a text, small enough to be handed up through a parser.

use std::ops::{Deref, DerefMut};

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::span::Span;

/// A [`Diagnostic`] on the heap, built in the same way.
#[derive(Debug)]
pub(super) struct Fault(Box<Diagnostic>);

impl Fault {
    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self(Box::new(Diagnostic::error(code, span, message)))
    }

    pub fn label(self, text: impl Into<String>) -> Self {
        Self(Box::new(self.0.label(text)))
    }

    pub fn also(self, span: Span, text: impl Into<String>) -> Self {
        Self(Box::new(self.0.also(span, text)))
    }

    pub fn hint(self, text: impl Into<String>) -> Self {
        Self(Box::new(self.0.hint(text)))
    }

    pub fn fix(self, advice: impl Into<String>, span: Span, text: impl Into<String>) -> Self {
        Self(Box::new(self.0.fix(advice, span, text)))
    }
}

impl Deref for Fault {
    type Target = Diagnostic;

    fn deref(&self) -> &Diagnostic {
        &self.0
    }
}

impl DerefMut for Fault {
    fn deref_mut(&mut self) -> &mut Diagnostic {
        &mut self.0
    }
}

impl From<Fault> for Diagnostic {
    fn from(fault: Fault) -> Self {
        *fault.0
    }
}
