//! The tree of a program and how text becomes one. The only home of pest.
//!
//! In: the text of one file. Out: a tree, always, and every diagnostic about its form.
//! Never: what names mean (held by `tests/architecture.rs`: nothing of `lang` but `syntax` is named here).
//!
//! A text takes three steps. `scan` cuts it by Rhai's token rules and makes its brackets match; the grammar in `grammar/` reads
//! what is left of it, mistakes included; `build` makes the tree of that, and says what is wrong and what to write instead.
//! The first step looks at all of the text; the others take one `part` after the other, a declaration each, so that whoever reads a
//! text again and again has `Kept` what did not change.

pub mod ast;
mod balance;
mod build;
pub mod code;
mod faults;
mod format;
mod grammar;
mod kept;
mod letter;
pub mod lexeme;
mod mend;
mod part;
mod scan;
mod shift;
mod slip;
mod text;
mod word;

pub use format::{Edit, Unformatted, format, format_edits, format_expression};
pub use kept::Kept;
pub use mend::{Reading, read, read_again};
pub use shift::Shifts;
/// The words of the language, for those who offer them.
pub mod words {
    pub use super::word::{CLAUSES, DECLARATIONS, OF_WORKFLOWS, STATEMENTS};
}

use std::collections::BTreeSet;

use ast::Moved as _;

use crate::base::diagnostic::Diagnostic;
use crate::base::span::{FileId, Source, Span};
use crate::base::{limit, stack};

/// The tree of a file, and everything that is wrong with its form. Total: there is always a tree, and one pass names every fault.
///
/// A statement that cannot be read is left out of the tree, and the names in it are in [`ast::Program::poisoned`]; an expression that
/// cannot be read is a hole.
pub fn parse(file: FileId, source: &Source) -> (ast::Program, Vec<Diagnostic>) {
    parse_again(file, source, None)
}

/// The same, where some of it may be known.
fn parse_again(file: FileId, source: &Source, kept: Option<&mut Kept>) -> (ast::Program, Vec<Diagnostic>) {
    let mut faults = faults::Faults::new(file, &source.text);
    let empty = || ast::Program { file, declarations: Vec::new(), comments: Vec::new(), poisoned: Vec::new() };
    if let Some(fault) = too_large(source, &faults) {
        return (empty(), vec![fault]);
    }
    let scan = scan::scan(&source.text, &mut faults);
    let depth = scan.depth;
    let read = || program(file, &source.text, scan, faults, kept);
    stack::with_room(depth > DEPTH_ANYWHERE, read).unwrap_or_else(|| {
        let span = Span::new(file, 0..0);
        let fault = Diagnostic::error(code::TOO_DEEP, span, "there is no memory for a program that is nested so deep");
        (empty(), vec![fault.hint("give inner parts names with `let`, or make them workflows of their own")])
    })
}

/// The tree of a text that was scanned, from its parts.
fn program(
    file: FileId,
    text: &str,
    scan: scan::Scan,
    mut faults: faults::Faults<'_>,
    mut kept: Option<&mut Kept>,
) -> (ast::Program, Vec<Diagnostic>) {
    let (mut declarations, mut poisoned) = (Vec::new(), Vec::new());
    for part in part::cut(text, &scan) {
        let mut made = match &mut kept {
            Some(kept) => kept.made(&part),
            None => part.read(),
        };
        made.move_on(part.place(file));
        declarations.append(&mut made.declarations);
        poisoned.append(&mut made.poisoned);
        made.faults.into_iter().for_each(|fault| faults.push(fault));
    }
    (ast::Program { file, declarations, comments: scan.comments, poisoned }, faults.sorted())
}

/// The rules of the grammar that take part in reading a file, by name: what of the language it makes use of.
pub fn rules(source: &Source) -> BTreeSet<String> {
    let mut faults = faults::Faults::new(FileId(0), &source.text);
    grammar::rules(&scan::scan(&source.text, &mut faults).mask)
}

/// Whether a text that is written line by line is not at its end yet: a bracket, a comment or a text of several lines is open.
pub fn is_open(text: &str) -> bool {
    scan::is_open(text, &mut faults::Faults::new(FileId(0), text))
}

/// Where texts and comments stand in a text that is being written, each with whether it is a comment.
pub fn quoted(text: &str) -> Vec<(std::ops::Range<usize>, bool)> {
    scan::quoted(text, &mut faults::Faults::new(FileId(0), text))
}

/// Where expressions and statements may stand in a text that is being written: outside of comments and texts, and in `${}`.
pub fn bare(text: &str) -> Vec<std::ops::Range<usize>> {
    scan::bare(text)
}

/// Whether a file is beyond what can be read at all.
fn too_large(source: &Source, faults: &faults::Faults<'_>) -> Option<Diagnostic> {
    let (bytes, lines) = (source.text.len(), source.lines() as usize);
    if bytes > limit::FILE_BYTES_MAX {
        let bound = limit::FILE_BYTES_MAX / (1024 * 1024);
        let fault =
            faults.error(code::TOO_LARGE, 0..0, format!("this file has {bytes} bytes, and {bound} MB is the most"));
        return Some(
            fault.hint("data belongs into files that a step reads; declarations may be spread over files with `use`"),
        );
    }
    if lines > limit::FILE_LINES_MAX {
        let fault = faults.error(
            code::TOO_LARGE,
            0..0,
            format!("this file has {lines} lines, and {} is the most", limit::FILE_LINES_MAX),
        );
        return Some(fault.hint("spread the declarations over several files, and `use` them"));
    }
    None
}

/// Nesting that any thread can follow.
const DEPTH_ANYWHERE: usize = 12;
