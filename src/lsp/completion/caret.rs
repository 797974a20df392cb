//! Where the caret stands: the brackets around it, the statement before it, the text it is in.
//!
//! The text is read from its beginning, up to the caret, by the rules of the language for texts and comments. It may be
//! broken everywhere: a text of one line ends with its line, a declaration that begins a line ends all that is open.

use std::ops::Range;

use super::form::Next;
use super::grammar;
use super::lexeme::{Lexeme, Mark};
use crate::lang::syntax::lexeme;
use crate::lang::syntax::words::DECLARATIONS;

/// Words that may begin a line and go on with the statement above.
const CONTINUING: [&str; 6] = ["else", "with", "then", "gets", "gives", "fails"];
/// Signs that do.
const CONTINUING_SIGNS: [&str; 8] = [".", "?.", "&&", "||", "??", "=>", "|", "->"];

/// A bracket that is open at the caret, and what stands in it before the caret.
#[derive(Clone, Debug)]
pub struct Frame<'t> {
    /// Which forms hold in it.
    pub zone: &'static str,
    /// The bracket; `$` for `${`, a blank for the whole file.
    pub open: char,
    /// Where it stands.
    pub start: usize,
    /// The statement that the caret is in, or that led to the next bracket.
    pub lexemes: Vec<Lexeme<'t>>,
    /// The statement before, where a line may go on with it.
    pub before: Vec<Lexeme<'t>>,
    /// The keys that stand in it.
    pub keys: Vec<&'t str>,
    /// Whether the line has ended.
    ended: bool,
    /// The quotes around it, where it is `${`.
    quote: &'static str,
}

/// Where the caret stands.
#[derive(Clone, Debug)]
pub struct Caret<'t> {
    /// The text.
    pub text: &'t str,
    /// The word at the caret, or all that is in the quotes around it.
    pub word: Range<usize>,
    /// The same with its quotes.
    pub whole: Range<usize>,
    /// Whether it stands in quotes.
    pub quoted: bool,
    /// Whether it stands in a comment.
    pub comment: bool,
    /// The brackets around it, the file itself first.
    pub frames: Vec<Frame<'t>>,
    /// Where a quote is missing above it.
    pub unclosed: Vec<usize>,
}

impl<'t> Caret<'t> {
    /// The caret at a byte of a text.
    pub fn at(text: &'t str, offset: usize) -> Self {
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        let start = text[..offset].trim_end_matches(is_word).len();
        let rest = &text[offset..];
        let end = text.len() - rest.trim_start_matches(is_word).len();
        let mut reader = Reader::new(text, start);
        reader.near = declaration_before(text, start);
        let mut ended = reader.read();
        if reader.near > 0 && !reader.came_near {
            // What looks like a declaration stands in a text or a comment.
            reader = Reader::new(text, start);
            ended = reader.read();
        }
        let Reader { frames, unclosed, .. } = reader;
        let (mut word, mut whole, mut quoted) = (start..end, start..end, false);
        if let Ended::Text(open, quote) = ended {
            let inside = open + quote.len();
            let line = rest.split('\n').next().unwrap_or_default();
            // With an odd number of quotes behind the caret the first of them is this text's.
            let close = line.find(quote).filter(|_| line.matches(quote).count() % 2 == 1);
            let last = close.map_or(end, |at| offset + at);
            (word, whole) = (inside..last, open..close.map_or(last, |at| offset + at + quote.len()));
            quoted = true;
        }
        Self { text, word, whole, quoted, comment: ended == Ended::Comment, frames, unclosed }
    }

    /// The innermost bracket.
    pub fn inner(&self) -> Option<&Frame<'t>> {
        self.frames.last()
    }

    /// The bracket around the innermost one.
    pub fn outer(&self) -> Option<&Frame<'t>> {
        self.frames.len().checked_sub(2).and_then(|at| self.frames.get(at))
    }

    /// What may come at the caret.
    pub fn next(&self) -> Vec<Next> {
        let Some(frame) = self.inner() else { return Vec::new() };
        let lexemes = if frame.ended { &[][..] } else { &frame.lexemes };
        let mut next = grammar::next(frame.zone, lexemes);
        // The line above may go on.
        let above = if frame.ended { &frame.lexemes } else { &frame.before };
        if lexemes.is_empty() && !above.is_empty() {
            let more = grammar::next(frame.zone, above);
            next.extend(more.into_iter().filter(|next| matches!(next, Next::Word(word) if CONTINUING.contains(word))));
        }
        next
    }

    /// The statement at the caret.
    pub fn statement(&self) -> &[Lexeme<'t>] {
        self.inner().filter(|frame| !frame.ended).map_or(&[], |frame| &frame.lexemes)
    }

    /// The text with something in place of the word at the caret, missing quotes put in.
    pub fn with(&self, instead: &str) -> String {
        let mut text = String::with_capacity(self.text.len() + instead.len() + self.unclosed.len());
        let mut at = 0;
        for place in self.unclosed.iter().filter(|place| **place <= self.whole.start) {
            text.push_str(&self.text[at..*place]);
            text.push('"');
            at = *place;
        }
        text.push_str(&self.text[at..self.whole.start]);
        text.push_str(instead);
        text.push_str(&self.text[self.whole.end..]);
        text
    }

    /// Where the innermost bracket ends, if it does.
    pub fn close(&self) -> Option<usize> {
        let mut reader = Reader::new(self.text, self.text.len());
        reader.at = self.whole.end;
        reader.frames.push(Frame::new("unknown", '{', self.whole.end));
        reader.until_closed();
        self.text[..reader.at].ends_with(['}', ')', ']']).then_some(reader.at)
    }
}

impl Frame<'_> {
    fn new(zone: &'static str, open: char, start: usize) -> Self {
        Self { zone, open, start, lexemes: Vec::new(), before: Vec::new(), keys: Vec::new(), ended: false, quote: "" }
    }
}

/// How reading came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// Between lexemes.
    Between,
    /// In a comment.
    Comment,
    /// In a text that begins there, with these quotes.
    Text(usize, &'static str),
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    end: usize,
    /// Where the declaration begins that the caret is in: which forms hold in the brackets of those above need not be known.
    near: usize,
    /// Whether a lexeme began there.
    came_near: bool,
    frames: Vec<Frame<'t>>,
    unclosed: Vec<usize>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str, end: usize) -> Self {
        let frames = vec![Frame::new("program", ' ', 0)];
        Self { text, at: 0, end, near: 0, came_near: false, frames, unclosed: Vec::new() }
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..self.end]
    }

    fn read(&mut self) -> Ended {
        while self.at < self.end {
            if let Some(ended) = self.one() {
                return ended;
            }
        }
        Ended::Between
    }

    fn until_closed(&mut self) {
        let depth = self.frames.len();
        while self.at < self.end && self.frames.len() >= depth {
            self.one();
        }
    }

    /// Reads one lexeme, comment or blank; gives how it ended where the caret is in it.
    fn one(&mut self) -> Option<Ended> {
        let rest = self.rest();
        let first = rest.chars().next()?;
        if first == '\n' {
            return self.line();
        }
        if first.is_whitespace() {
            self.at += first.len_utf8();
            return None;
        }
        if rest.starts_with("//") {
            let length = rest.find('\n');
            self.at += length.unwrap_or(rest.len());
            return length.is_none().then_some(Ended::Comment);
        }
        if rest.starts_with("/*") {
            return self.comment();
        }
        // The pattern of a type.
        if first == '/' && self.frames.last().is_some_and(|frame| frame.open == '(' && frame.lexemes.is_empty()) {
            let length = rest.find("/)").map_or(rest.len(), |at| at + 1);
            self.push(Mark::Text, length);
            return None;
        }
        if let Some(quote) = quote(rest) {
            let start = self.at;
            self.at += quote.len();
            return self.quoted(start, quote);
        }
        match first {
            '{' | '(' | '[' => self.opened(first),
            '}' | ')' | ']' => return self.closed(first),
            ',' | ';' => {
                self.at += 1;
                self.cut();
                if let Some(frame) = self.frames.last_mut() {
                    frame.before.clear();
                }
            }
            _ => self.lexeme(rest, first),
        }
        None
    }

    fn lexeme(&mut self, rest: &'t str, first: char) {
        let length = match rest.starts_with("#{") {
            true => 1,
            false => lexeme::length(rest).max(first.len_utf8()),
        };
        let word = &rest[..length];
        let is_word = first.is_alphabetic() || first == '_';
        let begins = self.at == 0 || self.text[..self.at].ends_with('\n');
        self.came_near |= self.at == self.near;
        if is_word && begins && self.frames.len() > 1 && declares(word, &rest[length..]) {
            self.frames.truncate(1);
            self.cut();
        }
        let mark = match first {
            _ if is_word => Mark::Word,
            '0'..='9' => Mark::Number,
            _ => Mark::Sign,
        };
        if word == ":"
            && let Some(frame) = self.frames.last_mut()
            && let [key] = &frame.lexemes[..]
        {
            frame.keys.push(key.text.trim_matches('"'));
        }
        self.push(mark, length);
    }

    fn line(&mut self) -> Option<Ended> {
        self.at += 1;
        // A `${` in a text of one line ends with it.
        while self.frames.last().is_some_and(|frame| frame.open == '$' && frame.quote == "\"") {
            self.frames.pop();
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.ended |= !grammar::is_rhai(frame.zone) && !frame.lexemes.is_empty();
        }
        None
    }

    fn comment(&mut self) -> Option<Ended> {
        let mut depth = 0usize;
        while self.at < self.end {
            let rest = self.rest();
            match rest {
                _ if rest.starts_with("/*") => (depth, self.at) = (depth + 1, self.at + 2),
                _ if rest.starts_with("*/") => (depth, self.at) = (depth.saturating_sub(1), self.at + 2),
                _ => self.at += rest.chars().next().map_or(1, char::len_utf8),
            }
            if depth == 0 {
                return None;
            }
        }
        Some(Ended::Comment)
    }

    /// Goes on in a text that begins at `start`.
    fn quoted(&mut self, start: usize, quote: &'static str) -> Option<Ended> {
        let is_raw = quote.starts_with('#');
        let close = if is_raw { "\"#" } else { quote };
        while self.at < self.end {
            let rest = self.rest();
            if rest.starts_with(close) {
                self.at += close.len();
                let length = self.at - start;
                self.at = start;
                self.push(Mark::Text, length);
                return None;
            }
            if !is_raw && rest.starts_with("${") && quote != "'" {
                let mut frame = Frame::new("template", '$', start);
                frame.quote = quote;
                self.at += 2;
                self.frames.push(frame);
                return None;
            }
            if rest.starts_with('\n') && matches!(quote, "\"" | "'") {
                self.unclosed.extend((quote == "\"").then_some(self.at));
                let length = self.at - start;
                self.at = start;
                self.push(Mark::Text, length);
                return None;
            }
            let escaped = if rest.starts_with('\\') && !is_raw && quote != "`" { 1 } else { 0 };
            self.at += escaped + rest[escaped..].chars().next().map_or(1, char::len_utf8);
        }
        self.at = self.end;
        Some(Ended::Text(start, quote))
    }

    fn opened(&mut self, open: char) {
        self.resume("");
        let zone = match self.frames.last() {
            Some(frame) if self.at >= self.near => grammar::opened(frame.zone, &frame.lexemes, open),
            Some(_) | None => "unknown",
        };
        self.frames.push(Frame::new(zone, open, self.at));
        self.at += 1;
    }

    fn closed(&mut self, close: char) -> Option<Ended> {
        self.at += 1;
        if self.frames.len() < 2 {
            return None;
        }
        let frame = self.frames.pop()?;
        if frame.open == '$' {
            return if close == '}' { self.quoted(frame.start, frame.quote) } else { None };
        }
        let length = self.at - frame.start;
        self.at = frame.start;
        self.push(Mark::Group, length);
        None
    }

    /// Takes in a lexeme that begins here.
    fn push(&mut self, mark: Mark, length: usize) {
        let text = &self.text[self.at..self.at + length];
        self.resume(if mark == Mark::Group { "" } else { text });
        let start = self.at;
        self.at += length;
        if let Some(frame) = self.frames.last_mut() {
            frame.lexemes.push(Lexeme { mark, text, start });
        }
    }

    /// Begins a new statement where the line above has ended and `text` does not go on with it.
    fn resume(&mut self, text: &str) {
        let Some(frame) = self.frames.last_mut() else { return };
        if frame.ended && !CONTINUING.contains(&text) && !CONTINUING_SIGNS.contains(&text) {
            self.cut();
        } else {
            frame.ended = false;
        }
    }

    fn cut(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.before = std::mem::take(&mut frame.lexemes);
            frame.ended = false;
        }
    }
}

/// The quotes with which a text begins.
fn quote(rest: &str) -> Option<&'static str> {
    ["\"\"\"", "\"", "`", "'", "#\""].into_iter().find(|quote| rest.starts_with(quote))
}

/// Where the last declaration begins that stands before a byte; 0 where there is none.
fn declaration_before(text: &str, end: usize) -> usize {
    let mut starts = memchr::memrchr_iter(b'\n', &text.as_bytes()[..end]).map(|at| at + 1);
    let is_letter = |letter: char| letter.is_ascii_alphabetic();
    let begins = |start: &usize| {
        let line = &text[*start..end];
        let rest = line.trim_start_matches(is_letter);
        declares(&line[..line.len() - rest.len()], rest)
    };
    starts.find(begins).unwrap_or(0)
}

/// Whether a word that begins a line begins a declaration, whatever is open above.
fn declares(word: &str, rest: &str) -> bool {
    let follows =
        rest.starts_with([' ', '\t']) && rest.trim_start().starts_with(|next: char| next != ':' && next != '=');
    DECLARATIONS.contains(&word) && follows
}
