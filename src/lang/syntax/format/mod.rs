//! One style for all programs: the same words and signs on the same lines, with the gaps between them put right.
//!
//! In: the text of a file that can be read. Out: the same text in the house's style, which `docs/formatting.md` describes.
//! Never: another token, another order, another line; the inside of a text or a comment; what names mean.
//!
//! `role` asks the grammar what stands where, `token` cuts the text, `gap` says where a blank stands between two tokens, `line` how
//! far a line is indented, and `column` lines up what stands below each other. What comes of it is read again: only a text of
//! which the grammar makes the same tree, of the same tokens, is given out.

mod column;
mod gap;
mod line;
mod reading;
mod role;
mod token;

use std::ops::Range;

use super::{Kept, mend, parse_again};
use crate::base::diagnostic::Diagnostic;
use crate::base::span::{FileId, Source, Span};
use reading::Reading;
pub(super) use role::Roles;

/// How far a line is indented for each bracket that is open before it.
const INDENT: usize = 4;

/// Why a text stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unformatted {
    /// It is no program that can be read: what is wrong with its form.
    Broken(Vec<Diagnostic>),
    /// In the style it would be read as another program from here on. That is a fault of the formatter, and no harm was done.
    Different(Span),
}

/// A place that is not in the style, and what is to stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Bytes of the text: a gap between two tokens, or a comment that has other line ends.
    pub place: Range<usize>,
    /// What stands there in the style.
    pub text: String,
}

/// The text of a program in the house's style. Formatting twice changes no more than formatting once.
///
/// # Errors
/// Why it stays as it is.
pub fn format(source: &Source) -> Result<String, Unformatted> {
    let edits = edits(source, &mut Kept::default()).map_err(|different| match different {
        Some(span) => Unformatted::Different(span),
        None => Unformatted::Broken(mend::read(FileId(0), source).diagnostics),
    })?;
    let mut styled = String::with_capacity(source.text.len());
    let mut at = 0;
    for edit in edits {
        styled.push_str(&source.text[at..edit.place.start]);
        styled.push_str(&edit.text);
        at = edit.place.end;
    }
    styled.push_str(&source.text[at..]);
    Ok(styled)
}

/// What differs from the style, in order; nothing where all of it is in the style already, or where it stays as it is.
///
/// Whoever wants only a part in the style takes the edits that lie in it: with any of them the program stays what it is. What is
/// read of the text is taken from `kept` as far as it is there, and stays there.
pub fn format_edits(source: &Source, kept: &mut Kept) -> Vec<Edit> {
    edits(source, kept).unwrap_or_default()
}

/// What differs from the style; or where that would make another program of it, or nothing where it has faults.
fn edits(source: &Source, kept: &mut Kept) -> Result<Vec<Edit>, Option<Span>> {
    let (_, found) = parse_again(FileId(0), source, Some(kept));
    if found.iter().any(Diagnostic::is_error) {
        return Err(None);
    }
    let different = |at: usize| Some(Span::new(FileId(0), at..at));
    let written = Reading::of(&source.text, kept).ok_or_else(|| different(0))?;
    let styled = style(&written);
    if *styled == *source.text {
        return Ok(Vec::new());
    }
    let read_again = Reading::of(&styled, kept).ok_or_else(|| different(0))?;
    match written.first_difference(&read_again) {
        Some(at) => Err(different(at)),
        None => Ok(written.edits(&read_again)),
    }
}

/// An expression on one line in the style, without its comments, however it was laid out; as it is where it cannot be read.
pub fn format_expression(text: &str) -> String {
    let Some(reading) = Reading::of_expression(text) else { return text.to_owned() };
    let gaps = gap::gaps(&reading.tokens, &reading.roles);
    let mut line = String::with_capacity(text.len());
    for (token, gap) in reading.tokens.iter().zip(gaps) {
        line.extend(std::iter::repeat_n(' ', gap));
        line.push_str(token.written);
    }
    line
}

/// The text with all its gaps put right.
fn style(reading: &Reading<'_>) -> String {
    let (tokens, roles) = (&reading.tokens, &reading.roles);
    let gaps = gap::gaps(tokens, roles);
    let mut lines = line::lines(tokens, roles, gaps);
    column::align(tokens, roles, &mut lines);
    line::text(tokens, &lines)
}
