//! A text cut between its declarations. The grammar reads each part by itself: what comes of one follows from it alone, and what has
//! not changed need not be read again.

use super::ast::{Comment, Declaration, Further, Moved, Name};
use super::faults::Faults;
use super::format::Roles;
use super::grammar::Node;
use super::scan::Scan;
use super::word::DECLARATIONS;
use super::{build, code, grammar};
use crate::base::diagnostic::Diagnostic;
use crate::base::span::{FileId, Span};

/// A stretch of a text that begins with a declaration, or with what stands above one; places are counted from its beginning.
pub(super) struct Part<'t> {
    /// Where it begins.
    pub start: usize,
    /// As written.
    pub text: &'t str,
    /// As it was scanned.
    pub scan: Scan,
}

/// What was read of a part.
#[derive(Clone, Default)]
pub(super) struct Made {
    /// What it declares.
    pub declarations: Vec<Declaration>,
    /// Names in what could not be read.
    pub poisoned: Vec<Name>,
    /// What is wrong with its form, beyond what the scan has found.
    pub faults: Vec<Diagnostic>,
}

impl Part<'_> {
    /// Reads it.
    pub(super) fn read(&self) -> Made {
        match grammar::read(&self.scan.mask) {
            Ok(root) => self.built(root),
            Err(at) => self.given_up(at),
        }
    }

    /// The same, with what the formatter asks of it.
    pub(super) fn read_closely(&self) -> (Made, Roles) {
        match grammar::read(&self.scan.mask) {
            Ok(root) => (self.built(root.clone()), Roles::of(root)),
            Err(at) => (self.given_up(at), Roles::default()),
        }
    }

    fn built(&self, root: Node<'_>) -> Made {
        build::build(self.text, &self.scan, root, Faults::new(FileId(0), self.text))
    }

    fn given_up(&self, at: usize) -> Made {
        let (faults, at) = (Faults::new(FileId(0), self.text), at.min(self.text.len()));
        let fault = faults.error(code::NOT_UNDERSTOOD, at..at, "from here on the text cannot be understood");
        Made { faults: vec![fault], ..Made::default() }
    }

    /// Where it lies in a file.
    pub(super) fn place(&self, file: FileId) -> Further {
        Further { file, bytes: u32::try_from(self.start).unwrap_or(u32::MAX) }
    }
}

impl Moved for Made {
    fn move_on(&mut self, further: Further) {
        self.declarations.move_on(further);
        self.poisoned.move_on(further);
        self.faults.move_on(further);
    }
}

/// The parts of a text, in order; together they are all of it.
pub(super) fn cut<'t>(text: &'t str, scan: &Scan) -> Vec<Part<'t>> {
    let mut starts = starts(text, &scan.mask);
    starts.push(scan.mask.len());
    starts.windows(2).map(|ends| part(text, scan, ends[0], ends[1])).collect()
}

fn part<'t>(text: &'t str, scan: &Scan, start: usize, end: usize) -> Part<'t> {
    // Behind the end of the text stand the brackets that were missing there.
    let written = &text[start.min(text.len())..end.min(text.len())];
    let first = |at: usize| scan.comments.partition_point(|comment| comment.span.range().start < at);
    let comments = scan.comments[first(start)..first(end)].iter().map(|comment| {
        let range = comment.span.range();
        Comment { span: Span::new(FileId(0), range.start - start..range.end - start), own_line: comment.own_line }
    });
    let first = |at: usize| scan.reported.partition_point(|reported| *reported < at);
    let reported = scan.reported[first(start)..first(end)].iter().map(|at| at - start);
    let mask = scan.mask[start..end].to_owned();
    // How deep it is nested is asked of the whole text.
    let scan = Scan { mask, comments: comments.collect(), depth: 0, reported: reported.collect() };
    Part { start, text: written, scan }
}

/// Where the parts begin: at the margin, outside of all brackets, with a word that begins a declaration; what is noted right above
/// belongs to it.
fn starts(text: &str, mask: &str) -> Vec<usize> {
    let mut starts = vec![0];
    let (mut depth, mut at) = (0usize, 0);
    // Where the comments begin that stand right above the line at hand.
    let mut above = 0;
    for line in mask.split_inclusive('\n') {
        let written = text.get(at..at + line.len()).unwrap_or_default();
        if depth == 0 && begins_declaration(line) && above > 0 {
            starts.push(above);
        }
        for byte in line.bytes() {
            match byte {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        at += line.len();
        let comment = line.trim().is_empty() && !written.trim().is_empty();
        if !comment {
            above = at;
        }
    }
    starts
}

fn begins_declaration(line: &str) -> bool {
    let end = line.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(line.len());
    DECLARATIONS.contains(&&line[..end])
}
