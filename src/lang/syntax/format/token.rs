//! A text cut into words, signs, texts and comments.

use std::borrow::Cow;

use super::super::lexeme::{self, SIGNS, is_letter};
use super::super::scan::{FILLER, Scan};
use super::role::{Roles, Tongue};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Number,
    /// A text, a character or a pattern.
    Text,
    Sign,
    Open,
    Close,
    /// To the end of its line.
    Note,
    /// From `/*` to `*/`.
    Aside,
}

/// One token with what is known about its place.
#[derive(Clone, Debug)]
pub(super) struct Token<'t> {
    pub kind: Kind,
    pub start: usize,
    pub tongue: Tongue,
    /// How many line breaks stand before it, up to two; none before the first.
    pub breaks: u8,
    /// Of a closing bracket: what it closes.
    closes: Option<&'t str>,
    /// As it is written.
    pub written: &'t str,
}

impl<'t> Token<'t> {
    /// The byte behind it.
    pub(super) fn end(&self) -> usize {
        self.start + self.written.len()
    }

    /// What is put out for it.
    pub(super) fn text(&self) -> Cow<'t, str> {
        // In a text a carriage return may be meant.
        match self.kind {
            Kind::Aside if self.written.contains('\r') => Cow::Owned(self.written.replace("\r\n", "\n")),
            _ => Cow::Borrowed(self.written),
        }
    }

    pub(super) fn is_comment(&self) -> bool {
        matches!(self.kind, Kind::Note | Kind::Aside)
    }

    /// Whether it is this sign or bracket.
    pub(super) fn is(&self, sign: &str) -> bool {
        self.written == sign && matches!(self.kind, Kind::Sign | Kind::Open | Kind::Close)
    }

    /// Whether it is the `}` of a block, not of a map.
    pub(super) fn ends_block(&self) -> bool {
        self.closes == Some("{")
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.written == word
    }
}

/// The signs of types, where `>>=` is three of them.
const SIGNS_OF_TYPES: [&str; 2] = ["..=", ".."];

/// The tokens of a text that was scanned without a fault.
pub(super) fn cut<'t>(text: &'t str, scan: &Scan, roles: &Roles) -> Vec<Token<'t>> {
    let mask = scan.mask.as_bytes();
    let mut comments = scan.comments.iter().map(|comment| comment.span.range()).peekable();
    let (mut tokens, mut open): (Vec<Token<'t>>, Vec<&str>) = (Vec::new(), Vec::new());
    let (mut at, mut breaks) = (0, 0u8);
    while at < text.len() {
        let comment = comments.next_if(|comment| comment.start <= at).filter(|comment| !comment.is_empty());
        if comment.is_none() && mask[at].is_ascii_whitespace() {
            breaks = (breaks + u8::from(mask[at] == b'\n' && !tokens.is_empty())).min(2);
            at += 1;
            continue;
        }
        let tongue = roles.tongue(at);
        let (kind, end) = match comment {
            Some(comment) if text[at..].starts_with("/*") => (Kind::Aside, comment.end),
            Some(comment) => (Kind::Note, comment.end),
            None => match roles.atom(at) {
                Some(end) => (Kind::Number, at + mask[at..end].trim_ascii_end().len()),
                None => token_at(mask, at, tongue),
            },
        };
        let written = &text[at..end];
        let closes = if kind == Kind::Close { open.pop() } else { None };
        open.extend((kind == Kind::Open).then_some(written));
        tokens.push(Token { kind, start: at, tongue, breaks, closes, written });
        (at, breaks) = (end, 0);
    }
    tokens
}

/// The token that begins at `at`: what it is, and where it ends.
fn token_at(mask: &[u8], at: usize, tongue: Tongue) -> (Kind, usize) {
    let rest = &mask[at..];
    let filled = |quote: u8| rest[1..].iter().position(|byte| *byte == quote).map_or(at + 1, |inside| at + inside + 2);
    match rest[0] {
        quote @ (b'"' | b'\'') => (Kind::Text, filled(quote)),
        b'/' if rest.get(1) == Some(&FILLER) => (Kind::Text, filled(b'/')),
        b'0'..=b'9' => (Kind::Number, at + lexeme::number_length(rest)),
        byte if is_letter(byte) => (Kind::Word, at + lexeme::word_length(rest)),
        b'(' | b'[' | b'{' => (Kind::Open, at + 1),
        b')' | b']' | b'}' => (Kind::Close, at + 1),
        _ => {
            let signs: &[&str] = if tongue == Tongue::Type { &SIGNS_OF_TYPES } else { &SIGNS };
            let sign = signs.iter().find(|sign| rest.starts_with(sign.as_bytes())).copied();
            match sign {
                Some(opener @ ("#{" | "?[")) => (Kind::Open, at + opener.len()),
                Some(sign) => (Kind::Sign, at + sign.len()),
                None if tongue == Tongue::Rhai && begins_not_in(rest) => (Kind::Sign, at + NOT_IN.len()),
                None => (Kind::Sign, at + 1),
            }
        }
    }
}

/// Two lexemes that are one operator.
const NOT_IN: &str = "!in";

/// `!in`, not the `!inner` of a name.
fn begins_not_in(rest: &[u8]) -> bool {
    rest.strip_prefix(NOT_IN.as_bytes()).is_some_and(|rest| !rest.first().copied().is_some_and(is_letter))
}
