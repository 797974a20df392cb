//! The names of one program: where each stands, what it means, where it is declared.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::span::{FileId, Span};
use crate::lang::Study;
use crate::lang::check::Mention;

/// The names of one program.
#[derive(Debug)]
pub struct Index {
    /// Names as they stand in the texts as written, with what they mean.
    mentions: BTreeMap<Span, Mention>,
}

impl Index {
    /// The names of what was studied.
    pub fn of(study: &Study) -> Self {
        let notes = &study.checked.notes.mentions;
        let mentions = notes.iter().map(|(place, mention)| (study.written(*place), mention.clone())).collect();
        Self { mentions }
    }

    /// The name at a byte of a file, or just before it.
    pub fn at(&self, file: FileId, offset: usize) -> Option<(Span, &Mention)> {
        let offset = u32::try_from(offset).unwrap_or(u32::MAX);
        let first = Span { file, start: 0, end: 0 };
        let last = Span { file, start: offset, end: u32::MAX };
        let before = self.mentions.range(first..=last).rev().take(8);
        before
            .filter(|(span, _)| offset <= span.end)
            .map(|(span, mention)| (*span, mention))
            .min_by_key(|(span, _)| span.end - span.start)
    }

    /// The names of a file, in the order of its text.
    pub fn of_file(&self, file: FileId) -> impl Iterator<Item = (Span, &Mention)> {
        let (first, last) = (Span { file, start: 0, end: 0 }, Span { file, start: u32::MAX, end: u32::MAX });
        self.mentions.range(first..=last).map(|(span, mention)| (*span, mention))
    }

    /// Every name.
    pub fn all(&self) -> impl Iterator<Item = (Span, &Mention)> {
        self.mentions.iter().map(|(span, mention)| (*span, mention))
    }

    /// All places at which one thing is declared, of which `declared` are some: both arms of an `if` may make one step.
    pub fn declarations(&self, declared: &[Span]) -> BTreeSet<Span> {
        let mut all: BTreeSet<Span> = declared.iter().copied().collect();
        loop {
            let before = all.len();
            for mention in self.mentions.values() {
                if mention.declared.iter().any(|place| all.contains(place)) {
                    all.extend(mention.declared.iter().copied());
                }
            }
            if all.len() == before {
                return all;
            }
        }
    }
}
