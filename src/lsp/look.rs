//! What was found out about one program: its texts, trees, names and faults, and where they lie.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use lsp_types::{Location, Range, Uri};

use super::index::{self, Index};
use super::outline::{Entry, Outline};
use super::path;
use super::position::{Encoding, Lines};
use crate::base::span::{FileId, Span};
use crate::lang::Study;

/// What was found out about one program.
#[derive(Debug)]
pub struct Look {
    /// Everything the language says of it.
    pub study: Study,
    /// The files it asked for, by path.
    pub asked: BTreeSet<String>,
    /// Those of them that nobody has read yet.
    pub missing: BTreeSet<String>,
    /// Where its names stand.
    places: OnceLock<BTreeMap<Span, Span>>,
    /// What each file declares.
    outlines: Vec<OnceLock<Outline>>,
}

impl Look {
    /// What `study` found out, having asked for files.
    pub fn new(study: Study, asked: BTreeSet<String>, missing: BTreeSet<String>) -> Self {
        let outlines = study.trees.iter().map(|_| OnceLock::new()).collect();
        Self { study, asked, missing, places: OnceLock::new(), outlines }
    }

    /// Its names.
    pub fn index(&self) -> Index<'_> {
        Index::new(&self.study, self.places.get_or_init(|| index::places(&self.study)))
    }

    /// What a file declares.
    pub fn outline(&self, file: FileId) -> Option<&Outline> {
        let (outline, tree) = (self.outlines.get(usize::from(file.0))?, self.study.trees.get(usize::from(file.0))?);
        Some(outline.get_or_init(|| Outline::of(&tree.program)))
    }

    /// What is declared at the place of a name in a tree.
    pub fn entry(&self, place: Span) -> Option<&Entry> {
        self.outline(place.file)?.all().into_iter().find(|entry| entry.place == place)
    }

    /// Whether a file of the program is still being read.
    pub fn is_partial(&self) -> bool {
        !self.missing.is_empty()
    }

    /// The path of a file.
    pub fn path(&self, file: FileId) -> &str {
        &self.study.sources.get(file).name
    }

    /// The text of a file.
    pub fn text(&self, file: FileId) -> &str {
        &self.study.sources.get(file).text
    }

    /// What an editor calls the file.
    pub fn uri(&self, file: FileId) -> Uri {
        let name = self.path(file);
        if self.is_standard(file) {
            return path::to_uri(&path::standard(name));
        }
        path::to_uri(name)
    }

    /// Whether the file belongs to the standard library.
    pub fn is_standard(&self, file: FileId) -> bool {
        self.study.trees.get(usize::from(file.0)).is_some_and(|tree| tree.standard)
    }

    /// The lines of one of its texts.
    pub fn lines(&self, file: FileId, encoding: Encoding) -> Lines<'_> {
        Lines::new(self.text(file), encoding)
    }

    /// Where a stretch of a text as written lies.
    pub fn range(&self, span: Span, encoding: Encoding) -> Range {
        self.lines(span.file, encoding).range(span.range())
    }

    /// The same, with what the file is called.
    pub fn location(&self, span: Span, encoding: Encoding) -> Location {
        Location { uri: self.uri(span.file), range: self.range(span, encoding) }
    }
}
