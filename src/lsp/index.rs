//! The names of one program: where each stands, what it means, where it is declared.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::span::{FileId, Span};
use crate::lang::Study;
use crate::lang::check::Mention;

/// The names of one program.
#[derive(Clone, Copy, Debug)]
pub struct Index<'l> {
    study: &'l Study,
    places: &'l BTreeMap<Span, Span>,
}

/// Where names stand in the texts as written, each with its place in the trees.
pub fn places(study: &Study) -> BTreeMap<Span, Span> {
    study.checked.notes.mentions.keys().map(|place| (study.written(*place), *place)).collect()
}

impl<'l> Index<'l> {
    /// The names of what was studied, which stand at these places.
    pub fn new(study: &'l Study, places: &'l BTreeMap<Span, Span>) -> Self {
        Self { study, places }
    }

    /// The name at a byte of a file, or just before it.
    pub fn at(self, file: FileId, offset: usize) -> Option<(Span, &'l Mention)> {
        let offset = u32::try_from(offset).unwrap_or(u32::MAX);
        let first = Span { file, start: 0, end: 0 };
        let last = Span { file, start: offset, end: u32::MAX };
        let before = self.between(first, last).rev().take(8);
        before.filter(|(span, _)| offset <= span.end).min_by_key(|(span, _)| span.end - span.start)
    }

    /// The names of a file, in the order of its text.
    pub fn of_file(self, file: FileId) -> impl Iterator<Item = (Span, &'l Mention)> {
        self.between(Span { file, start: 0, end: 0 }, Span { file, start: u32::MAX, end: u32::MAX })
    }

    /// Every name.
    pub fn all(self) -> impl Iterator<Item = (Span, &'l Mention)> {
        let mentions = &self.study.checked.notes.mentions;
        self.places.iter().filter_map(|(span, place)| Some((*span, mentions.get(place)?)))
    }

    fn between(self, first: Span, last: Span) -> impl DoubleEndedIterator<Item = (Span, &'l Mention)> {
        let mentions = &self.study.checked.notes.mentions;
        self.places.range(first..=last).filter_map(|(span, place)| Some((*span, mentions.get(place)?)))
    }

    /// All places at which one thing is declared, of which `declared` are some: both arms of an `if` may make one step.
    pub fn declarations(self, declared: &[Span]) -> BTreeSet<Span> {
        let mut all: BTreeSet<Span> = declared.iter().copied().collect();
        loop {
            let before = all.len();
            for (_, mention) in self.all() {
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
