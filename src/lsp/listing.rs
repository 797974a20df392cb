//! What a text declares by its form alone: for lists over a whole folder, where a close look at each file would take too long.

use std::sync::Arc;

use lsp_types::Range;

use super::outline::Outline;
use super::place::PROGRAM;
use super::position::{Encoding, Lines};
use crate::base::span::{Source, Span};
use crate::lang::syntax;
use crate::lang::syntax::ast::{Declaration, Use};

/// What a text declares.
#[derive(Debug)]
pub struct Listing {
    /// The text.
    pub text: Arc<str>,
    /// What it declares.
    pub outline: Outline,
    /// The files it uses, as it says so.
    pub uses: Vec<Use>,
}

impl Listing {
    /// What `text` declares.
    pub fn of(text: Arc<str>) -> Self {
        let (program, _) = syntax::parse(PROGRAM, &Source::new("", &text));
        let uses = program.declarations.iter().filter_map(|declaration| match declaration {
            Declaration::Use(used) => Some(used.clone()),
            _ => None,
        });
        Self { outline: Outline::of(&program), uses: uses.collect(), text }
    }

    /// Where a stretch of it lies.
    pub fn range(&self, span: Span, encoding: Encoding) -> Range {
        Lines::new(&self.text, encoding).range(span.range())
    }
}
