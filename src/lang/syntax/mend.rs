//! Reading on behind a slip: one wrong word or sign is said once, and what follows is read as though it were right.
//!
//! What may have slipped is tried, the likeliest first: only a text with fewer faults is believed. So the advice that is given has
//! been followed once, and nobody is told of what only comes of the first mistake.

use std::collections::BTreeSet;
use std::ops::Range;

use super::ast::Program;
use super::shift::Shifts;
use super::slip::{self, Slip};
use super::{Kept, code, parse, parse_again};
use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::limit::{MEND_BYTES_MAX, MEND_TYPED_BYTES_MAX};
use crate::base::span::{FileId, Source, Span};

/// What came of reading a file.
pub struct Reading {
    /// The tree: that of the text put right.
    pub program: Program,
    /// What is wrong with the form of the text as written.
    pub diagnostics: Vec<Diagnostic>,
    /// How places of the tree are found in the text as written.
    pub shifts: Shifts,
}

/// The tree of a file and what is wrong with its form, each slip once.
pub fn read(file: FileId, source: &Source) -> Reading {
    mended(file, source, MEND_BYTES_MAX, None)
}

/// The same of a text that is being typed: less is tried to find out what slipped, and what was read before is taken from `kept`.
pub fn read_again(file: FileId, source: &Source, kept: &mut Kept) -> Reading {
    mended(file, source, MEND_TYPED_BYTES_MAX, Some(kept))
}

fn mended(file: FileId, source: &Source, bytes: usize, mut kept: Option<&mut Kept>) -> Reading {
    let (program, found) = parse_again(file, source, kept.as_deref_mut());
    let shifts = Shifts::default();
    let mut mender = Mender { file, source, kept, shifts, program, found, said: Vec::new(), left: bytes };
    mender.mend();
    let Mender { shifts, program, mut found, mut said, .. } = mender;
    found.iter_mut().flat_map(Diagnostic::spans_mut).for_each(|span| *span = shifts.span(*span));
    found.append(&mut said);
    found.sort_by_key(|found| found.primary.span);
    found.dedup();
    Reading { program, diagnostics: found, shifts }
}

struct Mender<'s> {
    file: FileId,
    source: &'s Source,
    /// What was read before, while a text is typed.
    kept: Option<&'s mut Kept>,
    shifts: Shifts,
    /// The tree and the faults of the text as it is put right so far.
    program: Program,
    found: Vec<Diagnostic>,
    /// What was said of the slips that were found, at its places in the text as written.
    said: Vec<Diagnostic>,
    /// How many bytes may still be read again.
    left: usize,
}

impl Mender<'_> {
    fn mend(&mut self) {
        let mut given_up = BTreeSet::new();
        while let Some(fault) = self.worst(&given_up) {
            given_up.insert((fault.code, fault.primary.span));
            let text = self.shifts.apply(&self.source.text);
            let slips = slip::near(&text, &fault);
            if let Some(at) = self.best(&text, &fault, &slips) {
                self.take(&slips[at]);
            }
        }
    }

    /// The fault that others most likely come of.
    fn worst(&self, given_up: &BTreeSet<(Code, Span)>) -> Option<Diagnostic> {
        let rank = |fault: &Diagnostic| match fault.code {
            code::UNCLOSED_TEXT => 0,
            code::STRAY_BRACKET | code::UNCLOSED_BRACKET => 1,
            _ => 2,
        };
        let open = |fault: &&Diagnostic| fault.is_error() && !given_up.contains(&(fault.code, fault.primary.span));
        self.found.iter().filter(open).min_by_key(|fault| (rank(fault), fault.primary.span)).cloned()
    }

    /// The slip without which the declaration around it has the fewest faults; the likeliest of those that are as good.
    fn best(&mut self, text: &str, fault: &Diagnostic, slips: &[Slip]) -> Option<usize> {
        let window = declaration_around(text, fault.primary.span.range().start);
        let mut least = self.faults_in(&text[window.clone()])?.len();
        let mut best = None;
        for (at, slip) in slips.iter().enumerate() {
            let (start, end) = (slip.place.start, slip.place.end);
            if start < window.start || end > window.end {
                continue;
            }
            let right = format!("{}{}{}", &text[window.start..start], slip.right, &text[end..window.end]);
            let faults = self.faults_in(&right)?;
            if faults.len() < least {
                (least, best) = (faults.len(), Some(at));
                let line = line_of(&right, start - window.start);
                if !faults.iter().any(|fault| line.contains(&fault.primary.span.range().start)) {
                    break;
                }
            }
        }
        best
    }

    /// The faults of a piece of text; `None` where enough was tried.
    fn faults_in(&mut self, text: &str) -> Option<Vec<Diagnostic>> {
        self.left = self.left.checked_sub(text.len())?;
        let (_, mut found) = parse(self.file, &Source::new("", text));
        found.retain(Diagnostic::is_error);
        Some(found)
    }

    /// Reads on as though the slip had not been made, if the whole text is the better for it.
    fn take(&mut self, slip: &Slip) {
        let Some(shifts) = self.shifts.and(slip.place.clone(), &slip.right) else { return };
        let text = shifts.apply(&self.source.text);
        let source = Source::new(self.source.name.clone(), &text);
        let (program, found) = parse_again(self.file, &source, self.kept.as_deref_mut());
        if errors(&found) >= errors(&self.found) {
            return;
        }
        let mut said = slip.said.clone();
        said.spans_mut().for_each(|span| *span = self.shifts.span(*span));
        self.said.push(said);
        (self.program, self.found, self.shifts) = (program, found, shifts);
    }
}

/// The line of a place.
fn line_of(text: &str, at: usize) -> Range<usize> {
    let start = text[..at].rfind('\n').map_or(0, |found| found + 1);
    start..text[at..].find('\n').map_or(text.len(), |length| at + length)
}

/// The declaration that holds a place, as far as indentation tells: it begins at the margin and goes on to the next that does.
fn declaration_around(text: &str, at: usize) -> Range<usize> {
    let begins = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_alphabetic);
    let mut starts = text[..at].rmatch_indices('\n').map(|(found, _)| found + 1);
    let start = starts.find(|start| begins(*start)).unwrap_or(0);
    let mut ends = text[at..].match_indices('\n').map(|(found, _)| at + found + 1);
    let end = ends.find(|end| begins(*end)).unwrap_or(text.len());
    start..end
}

fn errors(found: &[Diagnostic]) -> usize {
    found.iter().filter(|found| found.is_error()).count()
}
