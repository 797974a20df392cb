//! Where the phases of the parser put what they find.

use std::ops::Range;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::limit;
use crate::base::span::{FileId, Span};

/// The faults of one file, as many as anyone will read.
pub(super) struct Faults<'t> {
    file: FileId,
    text: &'t str,
    found: Vec<Diagnostic>,
}

impl<'t> Faults<'t> {
    /// None yet.
    pub(super) fn new(file: FileId, text: &'t str) -> Self {
        Self { file, text, found: Vec::new() }
    }

    /// A stretch of the file as a span.
    pub(super) fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.file, self.whole(range))
    }

    /// A stretch that cuts no character and lies in the text: where one character stands for another, what the grammar saw has other
    /// boundaries, and where brackets were missing it goes on behind the end.
    pub(super) fn whole(&self, range: Range<usize>) -> Range<usize> {
        let size = self.text.len();
        let start = (0..=range.start.min(size)).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0);
        let end = (range.end.min(size)..=size).find(|at| self.text.is_char_boundary(*at)).unwrap_or(size);
        start..end.max(start)
    }

    /// An error at a stretch of the file, to be completed and then given to [`Faults::push`].
    pub(super) fn error(&self, code: Code, range: Range<usize>, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, self.span(range), message)
    }

    /// Takes a finding in; one more than the bound is kept, so that whoever reports can say "and so on".
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        if self.found.len() <= limit::DIAGNOSTICS_MAX {
            self.found.push(diagnostic);
        }
    }

    /// Whether something of this kind was found.
    pub(super) fn holds(&self, code: Code) -> bool {
        self.found.iter().any(|found| found.code == code)
    }

    /// Everything found, by place.
    pub(super) fn sorted(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|diagnostic| diagnostic.primary.span);
        self.found.dedup();
        self.found
    }
}
