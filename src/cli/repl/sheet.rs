//! The text that the front end reads: what a session knows, and what was typed, with what has to stand around it. What is found in it
//! is told at its place in what people wrote.

use std::ops::Range;

use crate::base::diagnostic::Diagnostic;
use crate::base::span::{FileId, Source, Sources, Span};

/// The file of a sheet among the sources of what is made of it.
const SHEET: FileId = FileId(0);

/// A text made of pieces that people wrote, and of what stands between them.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    text: String,
    pieces: Vec<Piece>,
}

/// Something that people wrote.
#[derive(Clone, Debug)]
struct Piece {
    /// Where it begins in the sheet.
    start: usize,
    /// What it stands in.
    source: Source,
    /// Where in there.
    range: Range<usize>,
}

impl Piece {
    /// Where it ends in the sheet.
    fn end(&self) -> usize {
        self.start + self.range.len()
    }

    /// The place in what people wrote of one in the sheet; the nearest that lies in this piece.
    fn inside(&self, offset: usize) -> usize {
        self.range.start + offset.saturating_sub(self.start).min(self.range.len())
    }
}

impl Sheet {
    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How long it is so far.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Where a place of what is called `name` stands; none if it is not quoted.
    pub fn offset(&self, name: &str, offset: usize) -> Option<usize> {
        let quotes = self.pieces.iter().filter(|piece| *piece.source.name == *name);
        let mut holding = quotes.filter(|piece| (piece.range.start..=piece.range.end).contains(&offset));
        holding.next_back().map(|piece| piece.start + offset - piece.range.start)
    }

    /// Puts something behind it that nobody wrote.
    pub fn put(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Puts a stretch of what people wrote behind it.
    pub fn quote(&mut self, source: &Source, range: Range<usize>) {
        self.pieces.push(Piece { start: self.text.len(), source: source.clone(), range: range.clone() });
        self.text.push_str(&source.text[range]);
    }

    /// The texts that people wrote, behind `sources`, which are those of what was made of the sheet.
    pub fn sources(&self, sources: &Sources) -> Written<'_> {
        let mut all = sources.clone();
        let mut files: Vec<FileId> = Vec::with_capacity(self.pieces.len());
        for (at, piece) in self.pieces.iter().enumerate() {
            let before = self.pieces[..at].iter().position(|it| it.source.name == piece.source.name);
            files.push(match before {
                Some(before) => files[before],
                None => all.add(piece.source.clone()),
            });
        }
        Written { sheet: self, sources: all, files }
    }
}

/// Where things stand in what people wrote.
pub struct Written<'s> {
    sheet: &'s Sheet,
    /// Their texts.
    pub sources: Sources,
    /// The file of each piece.
    files: Vec<FileId>,
}

impl Written<'_> {
    /// Where a place of the sheet was written; none where nobody wrote it.
    pub fn place(&self, span: Span) -> Option<Span> {
        if span.file != SHEET {
            return Some(span);
        }
        let range = span.range();
        let pieces = &self.sheet.pieces;
        let mut first = pieces.iter().rposition(|piece| piece.start <= range.start);
        // What begins with something that nobody wrote begins where somebody goes on.
        let next = first.map_or(0, |at| at + 1);
        let is_behind = |at: usize| range.start >= pieces[at].end();
        if first.is_none_or(is_behind) && pieces.get(next).is_some_and(|piece| piece.start < range.end) {
            first = Some(next);
        }
        let first = first?;
        if range.start > pieces[first].end() {
            return None;
        }
        let last = pieces.iter().rposition(|piece| piece.start < range.end).filter(|last| *last > first);
        let last = last.filter(|last| self.files[*last] == self.files[first]).unwrap_or(first);
        let (start, end) = (pieces[first].inside(range.start), pieces[last].inside(range.end));
        Some(Span::new(self.files[first], start..end.max(start)))
    }

    /// What was found, at its places in what people wrote. A finding about something that nobody wrote is left out, unless it is an
    /// error: then something is said about all of `about`.
    pub fn told(&self, found: Vec<Diagnostic>, about: &str) -> Vec<Diagnostic> {
        found.into_iter().filter_map(|diagnostic| self.told_one(diagnostic, about)).collect()
    }

    fn told_one(&self, mut diagnostic: Diagnostic, about: &str) -> Option<Diagnostic> {
        diagnostic.message = as_written(&diagnostic.message);
        match self.place(diagnostic.primary.span) {
            Some(span) => diagnostic.primary.span = span,
            None if diagnostic.is_error() => diagnostic.primary.span = self.whole(about)?,
            None => return None,
        }
        // What is probably not as meant in what was typed before was said then.
        if !diagnostic.is_error() && *self.sources.get(diagnostic.primary.span.file).name != *about {
            return None;
        }
        diagnostic.others.retain_mut(|label| match self.place(label.span) {
            Some(span) => {
                label.span = span;
                true
            }
            None => false,
        });
        for hint in &mut diagnostic.hints {
            let edit = hint.edit.take();
            hint.text = as_written(&hint.text);
            hint.edit = edit.and_then(|(span, text)| Some((self.place(span)?, text)));
        }
        Some(diagnostic)
    }

    /// All that was written under this name.
    fn whole(&self, name: &str) -> Option<Span> {
        let at = self.sheet.pieces.iter().position(|piece| *piece.source.name == *name);
        let at = at.or_else(|| self.sheet.pieces.len().checked_sub(1))?;
        Some(Span::new(self.files[at], self.sheet.pieces[at].range.clone()))
    }
}

/// What the front end says of a workflow, and what is said of a session instead: what was typed before comes in as the input.
const IN_SESSIONS: [(&str, &str); 2] = [
    ("input.steps", "steps"),
    ("values come from `input`, `vars`, and earlier steps by their names", "`:names` lists what has a name here"),
];

/// What is said, in the words of who typed.
fn as_written(said: &str) -> String {
    IN_SESSIONS.iter().fold(said.to_owned(), |said, (workflow, session)| said.replace(workflow, session))
}
