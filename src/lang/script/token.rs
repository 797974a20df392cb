//! Text to tokens: Rhai's own, and what this language adds: strings with `${}` everywhere, `"""` texts, durations, `null`.

use std::sync::Arc;

use super::code;
use super::fault::Fault;
use super::literal;
use crate::base::limit;
use crate::base::span::Span;
use crate::base::time::Duration;
use crate::lang::syntax::lexeme::SIGNS;

/// One word, sign or literal.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Int(i64),
    /// `9223372036854775808`: no int, but the smallest one with a `-` before it.
    Lowest,
    Float(f64),
    Duration(Duration),
    Char(char),
    Text(Vec<Piece>),
    /// An identifier or a keyword.
    Name(Arc<str>),
    Sign(&'static str),
    End,
}

/// A piece of a string.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    Plain(String),
    /// The tokens between `${` and `}`, closed by [`Kind::End`] at the brace.
    Code(Vec<Token>),
}

/// A token with its place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub kind: Kind,
    pub span: Span,
}

/// The signs of one character. Those of several come first, so that the first that fits is the right one.
const SINGLE: [&str; 21] =
    ["+", "-", "*", "/", "%", "=", "<", ">", "!", "&", "|", "^", ".", ",", ";", ":", "(", ")", "[", "]", "?"];

/// Reads one text.
pub(super) struct Lexer<'a> {
    pub text: &'a str,
    /// Where the text stands in its source.
    pub base: Span,
    pub at: usize,
    /// How many brackets and `${` are open.
    depth: usize,
}

impl<'a> Lexer<'a> {
    pub fn new(text: &'a str, base: Span) -> Self {
        Self { text, base, at: 0, depth: 0 }
    }

    /// The tokens of the whole text.
    pub fn all(mut self) -> Result<Vec<Token>, Fault> {
        let tokens = self.tokens(false)?;
        Ok(tokens)
    }

    /// The span of a stretch of the text.
    pub fn span(&self, start: usize, end: usize) -> Span {
        let offset = self.base.start as usize;
        Span::new(self.base.file, offset + start..offset + end)
    }

    /// How many columns from the start of its line the character behind `at` stands; `None` on the first line, which
    /// began before this text.
    pub fn column(&self, at: usize) -> Option<usize> {
        let line = self.text[..at].rfind('\n')? + 1;
        Some(self.text[line..at].chars().count() + 1)
    }

    pub fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// The tokens up to the end, or, inside a string, up to the `}` that closes its `${`.
    fn tokens(&mut self, inside: bool) -> Result<Vec<Token>, Fault> {
        let mut tokens = Vec::new();
        let mut open = 0usize;
        let opened_at = self.at;
        self.deeper(opened_at)?;
        loop {
            self.skip_blanks()?;
            let start = self.at;
            let Some(next) = self.peek() else {
                if inside {
                    return Err(self.unclosed(opened_at));
                }
                break;
            };
            match next {
                '{' | '(' | '[' => open += 1,
                '}' if inside && open == 0 => break,
                '}' | ')' | ']' => open = open.saturating_sub(1),
                _ => {}
            }
            if open + self.depth > limit::NESTING_MAX {
                return Err(too_deep(self.span(start, start + 1)));
            }
            let kind = self.token(next)?;
            if matches!(kind, Kind::Sign("#{" | "?[")) {
                open += 1;
            }
            tokens.push(Token { kind, span: self.span(start, self.at) });
        }
        tokens.push(Token { kind: Kind::End, span: self.span(self.at, self.at) });
        self.depth -= 1;
        Ok(tokens)
    }

    /// The tokens of `${ ... }`; stands behind `${` before and behind `}` afterwards.
    pub fn inner(&mut self) -> Result<Vec<Token>, Fault> {
        let start = self.at;
        let tokens = self.tokens(true).map_err(|found| {
            // Where a `}` is forgotten, the quote that should end the text opens another one.
            if found.code == code::STRING && found.primary.span.start as usize > self.base.start as usize + start {
                return self.unclosed(start);
            }
            found
        })?;
        self.at += 1;
        Ok(tokens)
    }

    /// A `${` without its `}`; `at` is just behind it.
    fn unclosed(&self, at: usize) -> Fault {
        Fault::error(code::STRING, self.span(at.saturating_sub(2), at), "this `${` is never closed")
            .hint("put a `}` after the expression, or write `\\${` for the two characters")
    }

    fn deeper(&mut self, at: usize) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth > limit::NESTING_MAX {
            return Err(too_deep(self.span(at.saturating_sub(1), at)));
        }
        Ok(())
    }

    fn token(&mut self, next: char) -> Result<Kind, Fault> {
        let start = self.at;
        match next {
            '0'..='9' => return literal::number(self),
            '"' | '`' => return literal::text(self),
            '#' if self.rest().starts_with("#\"") || self.rest().starts_with("##") => return literal::raw(self),
            '\'' => return literal::character(self),
            'a'..='z' | 'A'..='Z' | '_' => {
                let rest = self.rest();
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                self.at += end;
                return Ok(Kind::Name(rest[..end].into()));
            }
            '{' => {
                self.at += 1;
                return Ok(Kind::Sign("{"));
            }
            '}' => {
                self.at += 1;
                return Ok(Kind::Sign("}"));
            }
            _ => {}
        }
        let rest = self.rest().as_bytes();
        // Most differ in their first letter.
        let begins = |sign: &&str| sign.as_bytes().first() == rest.first() && rest.starts_with(sign.as_bytes());
        if let Some(sign) = SIGNS.into_iter().chain(SINGLE).find(begins) {
            // `a[?b]` has no meaning, but `x ?[0]` and `c ? [1] : [2]` begin alike: a blank before decides for the parser.
            self.at += sign.len();
            return Ok(Kind::Sign(sign));
        }
        let span = self.span(start, start + next.len_utf8());
        Err(match next {
            '“' | '”' | '„' | '‘' | '’' => Fault::error(
                code::MISTAKEN,
                span,
                format!("`{next}` is a typographic quote"),
            )
            .fix("write a straight one", span, "\""),
            '@' | '#' | '$' | '~' | '\\' => {
                Fault::error(code::SYNTAX, span, format!("`{next}` means nothing in an expression"))
            }
            _ if next.is_alphanumeric() => {
                Fault::error(code::SYNTAX, span, format!("`{next}` cannot be part of a name in an expression"))
                    .hint("names consist of the letters a to z, digits and `_`; reach other fields by `[\"name\"]`")
            }
            _ => Fault::error(code::SYNTAX, span, format!("`{}` means nothing here", next.escape_default())),
        })
    }

    /// Passes blanks and comments.
    fn skip_blanks(&mut self) -> Result<(), Fault> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{feff}']);
            self.at += rest.len() - trimmed.len();
            if trimmed.starts_with("//") {
                self.at += trimmed.find('\n').unwrap_or(trimmed.len());
            } else if trimmed.starts_with("/*") {
                self.skip_comment()?;
            } else {
                return Ok(());
            }
        }
    }

    fn skip_comment(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut open = 0usize;
        while self.at < bytes.len() {
            match &bytes[self.at..] {
                [b'/', b'*', ..] => {
                    open += 1;
                    self.at += 2;
                }
                [b'*', b'/', ..] => {
                    open -= 1;
                    self.at += 2;
                    if open == 0 {
                        return Ok(());
                    }
                }
                _ => self.at += 1,
            }
        }
        self.at = bytes.len();
        Err(Fault::error(code::SYNTAX, self.span(start, start + 2), "this comment is never closed")
            .hint("close it by `*/`"))
    }
}

pub(super) fn too_deep(span: Span) -> Fault {
    let bound = limit::NESTING_MAX;
    Fault::error(code::TOO_LARGE, span, format!("more than {bound} brackets are open here"))
        .hint("name parts of the expression with `let`")
}
