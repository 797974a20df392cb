//! What a text declares by its form alone: for lists, over one text or a whole folder, that need no close look at what it means.

use std::sync::Arc;

use lsp_types::Range;

use super::outline::Outline;
use super::place::PROGRAM;
use super::position::{Encoding, Lines};
use crate::base::span::{Source, Span};
use crate::lang::syntax::ast::{Declaration, Use};
use crate::lang::{Kept, syntax};

/// What a text declares.
#[derive(Debug)]
pub struct Listing {
    /// The text.
    pub text: Arc<str>,
    /// What it declares.
    pub outline: Outline,
    /// The files it uses, as it says so.
    pub uses: Vec<Use>,
    /// Its comments that have lines of their own.
    pub comments: Vec<Span>,
    shifts: syntax::Shifts,
}

impl Listing {
    /// What `text` declares; what is read stays in `kept`.
    pub fn of(text: Arc<str>, kept: &mut Kept) -> Self {
        let syntax::Reading { program, shifts, .. } = syntax::read_again(PROGRAM, &Source::new("", &text), kept);
        let uses = program.declarations.iter().filter_map(|declaration| match declaration {
            Declaration::Use(used) => Some(used.clone()),
            _ => None,
        });
        let comments = program.comments.iter().filter(|comment| comment.own_line).map(|comment| comment.span);
        Self { outline: Outline::of(&program), uses: uses.collect(), comments: comments.collect(), shifts, text }
    }

    /// Where a place of the tree lies in the text.
    pub fn written(&self, span: Span) -> std::ops::Range<usize> {
        self.shifts.span(span).range()
    }

    /// The lines of the text.
    pub fn lines(&self, encoding: Encoding) -> Lines<'_> {
        Lines::new(&self.text, encoding)
    }

    /// Where a stretch of it lies.
    pub fn range(&self, span: Span, encoding: Encoding) -> Range {
        self.lines(encoding).range(self.written(span))
    }
}
