//! The first look at a text: it is cut by Rhai's token rules, so that the grammar has to know none of them.
//!
//! What comes out has the length of the text, with comments blanked and the inside of every string, template, character and pattern
//! replaced by filler. Nothing behind this file can take a bracket in a string for a bracket.

use std::cell::Cell;
use std::ops::Range;

use super::ast::Comment;
use super::balance;
use super::code;
use super::faults::Faults;
use super::letter;
use crate::base::letter::is_hidden;
use crate::base::limit;
use crate::base::span::FileId;

/// Stands for each byte inside a string.
pub(super) const FILLER: u8 = 2;
/// Stands for each byte of what could not be read.
pub(super) const FAULT: u8 = 1;

/// A text ready for the grammar.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Scan {
    /// What the grammar reads; as long as the text, plus brackets that were missing at its end.
    pub mask: String,
    /// Every comment in order.
    pub comments: Vec<Comment>,
    /// How deep its brackets are nested.
    pub depth: usize,
    /// Where something was reported that Rhai would stumble over once more, in order.
    pub reported: Vec<usize>,
}

/// Cuts `text` and balances its brackets.
pub(super) fn scan(text: &str, faults: &mut Faults<'_>) -> Scan {
    let mut cutter = Cutter::new(text, faults);
    cutter.cut();
    let Cutter { mut mask, comments, brackets, reported, .. } = cutter;
    let depth = balance::balance(&mut mask, &brackets, faults);
    // Only whole characters are replaced, and by ASCII; so this never loses anything.
    let mask = String::from_utf8(mask).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    Scan { mask, comments, depth, reported }
}

/// Whether a text is not at its end yet: a bracket, a comment, or a text of several lines stands open.
pub(super) fn is_open(text: &str, faults: &mut Faults<'_>) -> bool {
    let mut cutter = Cutter::new(text, faults);
    cutter.cut();
    let (mask, brackets, lost) = (cutter.mask, cutter.brackets, cutter.lost);
    let mut open = Vec::new();
    for at in brackets {
        match mask[at] {
            opener @ (b'(' | b'[' | b'{') => open.push(opener),
            // One that closes nothing is a fault, and is said when the text is read.
            _ => drop(open.pop()),
        }
    }
    lost > 0 || !open.is_empty() || faults.holds(code::UNCLOSED_COMMENT)
}

/// Where texts and comments stand, each with whether it is a comment.
pub(super) fn quoted(text: &str, faults: &mut Faults<'_>) -> Vec<(Range<usize>, bool)> {
    let mut cutter = Cutter::new(text, faults);
    cutter.cut();
    let comments = cutter.comments.iter().map(|comment| (comment.span.range(), true));
    let mut quoted: Vec<_> = cutter.texts.iter().map(|range| (range.clone(), false)).chain(comments).collect();
    quoted.sort_by_key(|(range, _)| range.start);
    quoted
}

/// Where a text is neither comment nor plain text: what `${}` holds is not plain.
pub(super) fn bare(text: &str) -> Vec<Range<usize>> {
    let mut bare = Vec::new();
    let mut stretches: Vec<Range<usize>> = std::iter::once(0..text.len()).collect();
    while let Some(stretch) = stretches.pop() {
        let inside = &text[stretch.clone()];
        let mut faults = Faults::new(FileId(0), inside);
        let mut cutter = Cutter::new(inside, &mut faults);
        cutter.cut();
        let from = |range: Range<usize>| stretch.start + range.start..stretch.start + range.end;
        let comments = cutter.comments.iter().map(|comment| comment.span.range());
        let mut quoted: Vec<_> = cutter.texts.iter().cloned().chain(comments).collect();
        quoted.sort_by_key(|range| range.start);
        stretches.extend(cutter.holes().map(from));
        let mut at = 0;
        for range in quoted {
            bare.push(from(at..range.start.max(at)));
            at = range.end.max(at);
        }
        bare.push(from(at..stretch.len()));
    }
    bare.retain(|range| !range.is_empty());
    bare.sort_by_key(|range| range.start);
    bare
}

/// How many texts of several lines may be without an end before the rest of the file is given up.
const LOST_MAX: usize = 8;

struct Cutter<'c, 't> {
    text: &'c str,
    bytes: &'c [u8],
    mask: Vec<u8>,
    comments: Vec<Comment>,
    /// Where brackets stand outside strings and comments.
    brackets: Vec<usize>,
    /// Where texts stand, those that never end too.
    texts: Vec<Range<usize>>,
    reported: Vec<usize>,
    at: usize,
    /// Whether nothing but blanks stands before `at` on its line.
    line_is_blank: bool,
    /// How many texts of several lines were without an end. Each is searched for to the end of the file, so that not many are borne.
    lost: usize,
    /// The line that was looked at last, from a place on it to its end: lines may be long, and are asked for often.
    line: Cell<(usize, usize)>,
    /// Up to here no `/` begins a pattern.
    patterns_end: usize,
    faults: &'c mut Faults<'t>,
}

/// Why a string has no end.
enum Unclosed {
    /// Its closing quote is missing.
    Quote,
    /// `${` at this place has no `}`.
    Hole(usize),
    /// Strings within `${}` within strings, too deep.
    Deep(usize),
}

impl Unclosed {
    /// The same, seen from the `${` at `start`: a quote that ends the outer string seems to begin one in here.
    fn in_hole(self, start: usize) -> Self {
        match self {
            Self::Quote => Self::Hole(start),
            other => other,
        }
    }
}

impl<'c, 't> Cutter<'c, 't> {
    fn new(text: &'c str, faults: &'c mut Faults<'t>) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            mask: text.as_bytes().to_vec(),
            comments: Vec::new(),
            brackets: Vec::new(),
            texts: Vec::new(),
            reported: Vec::new(),
            at: 0,
            line_is_blank: true,
            lost: 0,
            line: Cell::new((1, 0)),
            patterns_end: 0,
            faults,
        }
    }

    fn cut(&mut self) {
        if self.text.starts_with("#!") {
            self.comment(0..self.line_end(0));
        }
        while let Some(byte) = self.bytes.get(self.at).copied() {
            let blank_before = self.line_is_blank;
            self.line_is_blank &= matches!(byte, b' ' | b'\t' | b'\r');
            match byte {
                b'\n' => {
                    self.line_is_blank = true;
                    self.at += 1;
                }
                b'/' if self.starts("//") => {
                    self.line_is_blank = blank_before;
                    self.comment(self.at..self.line_end(self.at));
                }
                b'/' if self.starts("/*") => {
                    self.line_is_blank = blank_before;
                    self.block_comment();
                }
                b'/' => self.slash(),
                b'"' | b'`' => self.literal(),
                b'#' if self.starts_raw() => self.literal(),
                b'#' if !self.starts("#{") && self.stands_alone(blank_before, 1) => self.foreign_comment("#"),
                b'-' if blank_before && self.starts("-- ") => self.foreign_comment("--"),
                b'\'' => self.apostrophe(),
                b'(' | b')' | b'[' | b']' | b'{' | b'}' => {
                    self.brackets.push(self.at);
                    self.at += 1;
                }
                b' '..=b'~' | b'\t' | b'\r' => self.at += 1,
                _ => self.odd_character(),
            }
        }
    }

    /// What stands in the `${}` of its texts.
    fn holes(&self) -> impl Iterator<Item = Range<usize>> {
        self.texts.iter().filter(|range| self.bytes[range.start] != b'#').flat_map(|range| {
            let (mut holes, mut at) = (Vec::new(), range.start);
            while at < range.end {
                let rest = &self.bytes[at..range.end];
                if rest.starts_with(b"\\") && self.bytes[range.start] != b'`' {
                    at += 2;
                } else if rest.starts_with(b"${") {
                    let end = self.hole_end(at, true, 0).unwrap_or(range.end);
                    holes.push(at + 2..end.saturating_sub(1).max(at + 2));
                    at = end.max(at + 2);
                } else {
                    at += 1;
                }
            }
            holes
        })
    }

    fn starts(&self, prefix: &str) -> bool {
        self.bytes[self.at..].starts_with(prefix.as_bytes())
    }

    /// Whether a mark of `length` bytes at the current place has blanks around it.
    fn stands_alone(&self, blank_before: bool, length: usize) -> bool {
        let before = blank_before || self.at.checked_sub(1).is_some_and(|at| matches!(self.bytes[at], b' ' | b'\t'));
        let after = self.bytes.get(self.at + length).is_none_or(|byte| byte.is_ascii_whitespace());
        before && (after || blank_before)
    }

    fn starts_raw(&self) -> bool {
        let rest = &self.bytes[self.at..];
        let hashes = rest.iter().take_while(|byte| **byte == b'#').count();
        rest.get(hashes) == Some(&b'"')
    }

    fn line_end(&self, from: usize) -> usize {
        let (known, end) = self.line.get();
        if (known..=end).contains(&from) {
            return end;
        }
        let end =
            self.bytes[from..].iter().position(|byte| *byte == b'\n').map_or(self.bytes.len(), |length| from + length);
        self.line.set((from, end));
        end
    }

    /// Fills a stretch, line breaks and all.
    fn fill(&mut self, range: Range<usize>, with: u8) {
        self.mask[range].fill(with);
    }

    fn comment(&mut self, range: Range<usize>) {
        let end = range.start + self.text[range.clone()].trim_end().len();
        let comment = Comment { span: self.faults.span(range.start..end), own_line: self.line_is_blank };
        self.comments.push(comment);
        letter::check_inside(self.text, range.clone(), self.faults);
        self.at = range.end;
        for byte in &mut self.mask[range] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }

    fn block_comment(&mut self) {
        let (start, mut depth, mut at) = (self.at, 0usize, self.at);
        loop {
            match self.bytes.get(at..at + 2) {
                Some(b"/*") => (depth, at) = (depth + 1, at + 2),
                Some(b"*/") if depth == 1 => break self.comment(start..at + 2),
                Some(b"*/") => (depth, at) = (depth - 1, at + 2),
                Some(_) => at += 1,
                None => {
                    let fault = self
                        .faults
                        .error(code::UNCLOSED_COMMENT, start..start + 2, "this comment never ends")
                        .label("begins here")
                        .hint("put `*/` where it ends; comments nest, so each `/*` inside it needs one too");
                    self.faults.push(fault);
                    break self.comment(start..self.bytes.len());
                }
            }
        }
    }

    fn foreign_comment(&mut self, mark: &str) {
        self.reported.push(self.at);
        let range = self.at..self.line_end(self.at);
        let marked = self.at..self.at + mark.len();
        let span = self.faults.span(marked.clone());
        let fault = self.faults.error(code::FOREIGN_COMMENT, marked, format!("`{mark}` begins no comment here")).fix(
            "write `//` instead",
            span,
            "//",
        );
        self.faults.push(fault);
        self.comment(range);
    }

    /// A `/`: division, or the pattern of `string(/^[A-Z]$/)`.
    fn slash(&mut self) {
        let start = self.at;
        self.at += 1;
        let before = self.bytes[..start].iter().rev().find(|byte| !matches!(byte, b' ' | b'\t'));
        if before != Some(&b'(') || start < self.patterns_end {
            return;
        }
        let line_end = self.line_end(start);
        let line = &self.bytes[start + 1..line_end];
        let mut at = 0;
        while at < line.len() {
            let closes = line[at] == b'/'
                && line[at + 1..].iter().find(|byte| !matches!(byte, b' ' | b'\t')).is_none_or(|byte| *byte == b')');
            match line[at] {
                b'\\' => at += 2,
                _ if closes => {
                    let end = start + 1 + at;
                    self.fill(start + 1..end, FILLER);
                    self.at = end + 1;
                    return;
                }
                _ => at += 1,
            }
        }
        self.patterns_end = line_end;
    }

    /// A string, text, template or raw string at the current place.
    fn literal(&mut self) {
        let start = self.at;
        match self.literal_end(start, true, 0) {
            Ok(end) => {
                self.texts.push(start..end);
                self.fill(start..end, FILLER);
                (self.mask[start], self.mask[end - 1]) = (b'"', b'"');
                letter::check_inside(self.text, start..end, self.faults);
                super::text::check_holes(self.text, start..end, self.faults);
                self.at = end;
            }
            Err(why) => self.unclosed(start, why),
        }
    }

    /// Where the literal that begins at `start` ends; `lines` says whether what it stands in may have several.
    fn literal_end(&self, start: usize, lines: bool, depth: usize) -> Result<usize, Unclosed> {
        if depth > limit::NESTING_MAX {
            return Err(Unclosed::Deep(start));
        }
        let rest = &self.bytes[start..];
        match rest[0] {
            b'#' => {
                let hashes = rest.iter().take_while(|byte| **byte == b'#').count();
                let close: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
                let body = start + hashes + 1;
                let inside = if lines { &self.text[body..] } else { &self.text[body..self.line_end(body)] };
                let length = inside.find(&*String::from_utf8_lossy(&close)).ok_or(Unclosed::Quote)?;
                Ok(body + length + close.len())
            }
            b'`' => self.quoted_end(start + 1, b"`", false, lines, depth),
            _ if rest.starts_with(b"\"\"\"") => self.quoted_end(start + 3, b"\"\"\"", true, lines, depth),
            _ => self.quoted_end(start + 1, b"\"", true, false, depth),
        }
    }

    /// Where the literal whose inside begins at `at` ends, behind `close`.
    fn quoted_end(
        &self,
        mut at: usize,
        close: &[u8],
        escapes: bool,
        lines: bool,
        depth: usize,
    ) -> Result<usize, Unclosed> {
        loop {
            let rest = &self.bytes[at..];
            match rest.first() {
                None => return Err(Unclosed::Quote),
                Some(_) if rest.starts_with(close) => return Ok(at + close.len()),
                Some(b'\\') if escapes && rest.len() > 1 => at += 2,
                Some(b'\n') if !lines => return Err(Unclosed::Quote),
                Some(b'$') if rest.starts_with(b"${") => at = self.hole_end(at, lines, depth)?,
                Some(_) => at += 1,
            }
        }
    }

    /// Where the `${` at `start` ends, behind its `}`.
    fn hole_end(&self, start: usize, lines: bool, depth: usize) -> Result<usize, Unclosed> {
        let (mut at, mut open) = (start + 2, 1usize);
        while let Some(byte) = self.bytes.get(at).copied() {
            match byte {
                b'{' => open += 1,
                b'}' if open == 1 => return Ok(at + 1),
                b'}' => open -= 1,
                b'\n' if !lines => break,
                b'"' | b'`' => {
                    at = self.literal_end(at, lines, depth + 1).map_err(|why| why.in_hole(start))?;
                    continue;
                }
                b'#' if self.bytes[at..].starts_with(b"#\"") || self.bytes[at..].starts_with(b"##") => {
                    let hashes = self.bytes[at..].iter().take_while(|byte| **byte == b'#').count();
                    if self.bytes.get(at + hashes) == Some(&b'"') {
                        at = self.literal_end(at, lines, depth + 1)?;
                    } else {
                        at += hashes;
                    }
                    continue;
                }
                b'\'' => {
                    at = self.char_end(at).unwrap_or(at + 1);
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
        Err(Unclosed::Hole(start))
    }

    /// Where the character literal at `start` ends, if it is one.
    fn char_end(&self, start: usize) -> Option<usize> {
        let rest = &self.text[start + 1..];
        let first = rest.chars().next()?;
        if first == '\n' {
            return None;
        }
        let body = if first == '\\' {
            1 + rest[1..].chars().next().map_or(0, char::len_utf8)
                + rest.bytes().skip(2).take_while(u8::is_ascii_hexdigit).take(8).count()
        } else {
            first.len_utf8()
        };
        // `''''` is Rhai's other way to write an apostrophe.
        let close = if first == '\'' { "'" } else { "" };
        let end = start + 1 + body + close.len();
        (self.text.get(start + 1 + body..)?.starts_with(close) && self.bytes.get(end) == Some(&b'\''))
            .then_some(end + 1)
    }

    fn apostrophe(&mut self) {
        let start = self.at;
        if let Some(end) = self.char_end(start) {
            self.fill(start + 1..end - 1, FILLER);
            self.at = end;
            return;
        }
        let line = &self.text[start + 1..self.line_end(start)];
        let after_word = start.checked_sub(1).is_some_and(|at| self.bytes[at].is_ascii_alphanumeric());
        match line.find('\'') {
            Some(length) if !after_word => self.quotes(start..start + length + 2, 1),
            _ => self.at += 1,
        }
    }

    /// A string in quotes of other languages, each `width` bytes wide: read as a string, and reported.
    fn quotes(&mut self, range: Range<usize>, width: usize) {
        self.reported.push(range.start);
        let inside = &self.text[range.start + width..range.end - width];
        let (span, right) = (self.faults.span(range.clone()), format!("\"{}\"", inside.replace('"', "\\\"")));
        let fault = self
            .faults
            .error(code::QUOTES, range.clone(), "a text stands in double quotes")
            .label("these are other quotes")
            .fix(format!("write `{right}` instead"), span, right.clone());
        self.faults.push(fault);
        self.fill(range.clone(), FILLER);
        (self.mask[range.start], self.mask[range.end - 1]) = (b'"', b'"');
        self.at = range.end;
    }

    fn unclosed(&mut self, start: usize, why: Unclosed) {
        let line_end = self.line_end(start);
        let text_end = self.before_closers(start, line_end);
        let shown = start..text_end;
        let rest = &self.bytes[start..];
        let (quote, lines) = match rest[0] {
            b'`' => ("`".to_owned(), true),
            b'#' => (format!("\"{}", "#".repeat(rest.iter().take_while(|byte| **byte == b'#').count())), true),
            _ if rest.starts_with(b"\"\"\"") => ("\"\"\"".to_owned(), true),
            _ => ("\"".to_owned(), false),
        };
        let fault = match why {
            Unclosed::Quote if lines => self
                .faults
                .error(code::UNCLOSED_TEXT, start..start + quote.len(), "this text never ends")
                .label("begins here")
                .hint(format!("put its closing {quote} where it ends")),
            Unclosed::Quote => {
                let end = self.faults.span(shown.end..shown.end);
                self.faults
                    .error(code::UNCLOSED_TEXT, shown.clone(), "this text has no closing quote")
                    .label("a text in quotes ends on its line")
                    .fix("put `\"` where it ends; for several lines write `\"\"\"` around the text", end, "\"")
            }
            Unclosed::Hole(at) => self
                .faults
                .error(code::UNCLOSED_TEXT, at..at + 2, "this `${` has no `}`")
                .label("what is filled in begins here")
                .hint("put `}` behind it; for a plain dollar sign write `\\$`"),
            Unclosed::Deep(at) => self
                .faults
                .error(code::TOO_DEEP, at..at + 1, format!("texts are nested more than {} deep", limit::NESTING_MAX))
                .hint("give the inner ones names with `let`"),
        };
        self.faults.push(fault);
        // A text of several lines swallows what follows; it is given up at the first line that stands no deeper than it begins.
        let end = match lines {
            false => shown.end,
            true if self.lost == LOST_MAX => self.bytes.len(),
            true => self.dedent_after(start),
        };
        self.lost += usize::from(lines);
        self.texts.push(start..end);
        self.fill(start..end, FAULT);
        self.at = end;
    }

    /// Where a text that was never closed probably ends on its line: before the brackets that close what the line opened.
    fn before_closers(&self, start: usize, line_end: usize) -> usize {
        let line_start = self.bytes[..start].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let mut open = Vec::new();
        let on_line = self.brackets.iter().rposition(|at| *at < line_start).map_or(0, |last| last + 1);
        for at in &self.brackets[on_line..] {
            match self.bytes[*at] {
                b'(' => open.push(b')'),
                b'[' => open.push(b']'),
                b'{' => open.push(b'}'),
                _ => drop(open.pop()),
            }
        }
        let mut end = start + self.text[start..line_end].trim_end().len();
        for closer in open {
            let inside = self.text[start + 1..end].trim_end();
            if inside.as_bytes().last() != Some(&closer) {
                break;
            }
            end = start + 1 + inside[..inside.len() - 1].trim_end().len();
        }
        end
    }

    /// The end of the last line before one that is indented no more than the line of `start`.
    fn dedent_after(&self, start: usize) -> usize {
        let line_start = self.bytes[..start].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
        let own = indent(&self.text[line_start..start]);
        let mut end = self.line_end(start);
        while end < self.bytes.len() {
            let next = &self.text[end + 1..self.line_end(end + 1)];
            if !next.trim().is_empty() && indent(next) <= own {
                break;
            }
            end = self.line_end(end + 1);
        }
        end
    }

    fn odd_character(&mut self) {
        let start = self.at;
        let Some(first) = self.text[start..].chars().next() else { return };
        let width = first.len_utf8();
        self.at += width;
        if let Some(close) = letter::closing_quote(first) {
            let line = &self.text[self.at..self.line_end(start)];
            if let Some(length) = line.find([close, first]) {
                self.quotes(start..self.at + length + close.len_utf8(), width);
            }
            return;
        }
        if let Some(plain) = letter::plain(first) {
            self.reported.push(start);
            let span = self.faults.span(start..self.at);
            let fault = self
                .faults
                .error(code::ODD_CHARACTER, start..self.at, format!("`{first}` is not the `{plain}` of the language"))
                .fix(format!("write `{plain}` instead"), span, plain.to_string());
            self.faults.push(fault);
            self.fill(start..self.at, b' ');
            self.mask[start] = plain as u8;
            if matches!(plain, '(' | ')' | '[' | ']' | '{' | '}') {
                self.brackets.push(start);
            }
            return;
        }
        if is_hidden(first) {
            let length = self.text[start..].find(|c| !is_hidden(c)).unwrap_or(self.text.len() - start);
            self.at = start + length;
            self.reported.push(start);
            let fault = letter::hidden(self.text, start..self.at, self.faults);
            self.faults.push(fault);
            self.fill(start..self.at, b' ');
        }
    }
}
