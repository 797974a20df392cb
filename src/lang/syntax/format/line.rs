//! Lines: how far each is indented, and which are empty.

use std::ops::Range;

use super::INDENT;
use super::role::{Roles, Tongue};
use super::token::{Kind, Token};

/// A line of tokens. A token of several lines stands on the one where it begins, and so does what follows it there.
pub(super) struct Line {
    pub tokens: Range<usize>,
    pub indent: usize,
    /// The bracket that is open around it, as a token; of one that ends a block, that of the block.
    pub within: Option<usize>,
    /// The bracket that is open behind it.
    pub leaves: Option<usize>,
    /// Whether an empty line stands above.
    pub apart: bool,
    /// Whether it goes on with what the line above has begun.
    pub goes_on: bool,
    /// Blanks before each of its tokens.
    pub gaps: Vec<usize>,
}

impl Line {
    /// Its tokens without the comment at its end, if one stands behind anything.
    pub(super) fn said(&self, tokens: &[Token<'_>]) -> Range<usize> {
        let noted = self.tokens.len() > 1 && tokens[self.tokens.end - 1].is_comment();
        self.tokens.start..self.tokens.end - usize::from(noted)
    }

    /// In which column the token at `stop` would stand, were there no gap before it.
    pub(super) fn width(&self, tokens: &[Token<'_>], stop: usize) -> usize {
        let here = self.tokens.start..stop;
        let written = here.map(|at| self.gaps[at - self.tokens.start] + tokens[at].written.chars().count());
        self.indent + written.sum::<usize>()
    }

    /// Whether it begins with the end of a block.
    pub(super) fn closes(&self, tokens: &[Token<'_>]) -> bool {
        tokens[self.tokens.start].kind == Kind::Close
    }
}

/// An opening bracket, and how far the line is indented on which it stands.
struct Open {
    at: usize,
    indent: usize,
    /// Whether what it holds begins on its own line: then nothing in it stands deeper than the rest.
    holds_on: bool,
}

/// Cuts the tokens into lines and indents these.
pub(super) fn lines(tokens: &[Token<'_>], roles: &Roles, gaps: Vec<usize>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    for range in ranges(tokens) {
        let goes_on = goes_on(tokens, roles, range.start, open.last().map(|open| &tokens[open.at]));
        let deeper = goes_on && !open.last().is_some_and(|open| open.holds_on);
        let mut indent = open.last().map_or(0, |open| open.indent + INDENT) + if deeper { INDENT } else { 0 };
        let within = open.last().map(|open| open.at);
        let mut leads = true;
        for at in range.clone() {
            leads &= tokens[at].kind == Kind::Close;
            match tokens[at].kind {
                Kind::Open => {
                    let next = tokens.get(at + 1);
                    let holds_on = next.is_some_and(|next| next.breaks == 0 && !next.is_comment());
                    open.push(Open { at, indent, holds_on });
                }
                Kind::Close => {
                    let opener = open.pop();
                    // What begins with closing brackets stands where the line stands that opened the last of them.
                    indent = opener.filter(|_| leads).map_or(indent, |opener| opener.indent);
                }
                _ => {}
            }
        }
        let apart = range.start > 0 && tokens[range.start].breaks > 1;
        let mut gaps = gaps[range.clone()].to_vec();
        gaps[0] = 0;
        let leaves = open.last().map(|open| open.at);
        lines.push(Line { tokens: range, indent, within, leaves, apart, goes_on, gaps });
    }
    tidy_comments(tokens, &mut lines);
    tidy_blocks(tokens, &mut lines);
    lines
}

fn ranges(tokens: &[Token<'_>]) -> Vec<Range<usize>> {
    let mut starts: Vec<usize> = (0..tokens.len()).filter(|at| *at == 0 || tokens[*at].breaks > 0).collect();
    starts.push(tokens.len());
    starts.windows(2).map(|pair| pair[0]..pair[1]).collect()
}

/// Whether the line that begins with the token at `first` goes on with the one above.
fn goes_on(tokens: &[Token<'_>], roles: &Roles, first: usize, around: Option<&Token<'_>>) -> bool {
    let token = &tokens[first];
    if token.is_comment() || token.kind == Kind::Close || token.is(",") || roles.begins_item(token) {
        return false;
    }
    let Some(before) = tokens[..first].iter().rev().find(|token| !token.is_comment()) else { return false };
    let rejoins = ["else", "with", "catch", "while", "until"].iter().any(|word| token.is_word(word));
    if before.is("}") && rejoins {
        return false;
    }
    if token.tongue != Tongue::Rhai || roles.begins_operand(token) {
        return before.kind != Kind::Open;
    }
    let ended = before.kind == Kind::Open || matches!(before.written, "," | ";") && before.kind == Kind::Sign;
    let joins = token.kind == Kind::Sign && !matches!(token.written, "-" | "+" | "!" | "|" | "||");
    // Behind a block another statement begins.
    let after_block = before.ends_block() && around.is_some_and(|around| around.is("{"));
    !ended && (joins || !after_block)
}

/// A comment on a line of its own stands where the line below it stands, and in a block at its end.
fn tidy_comments(tokens: &[Token<'_>], lines: &mut [Line]) {
    let mut below: Option<(usize, Option<usize>)> = None;
    for line in lines.iter_mut().rev() {
        if !tokens[line.tokens.clone()].iter().all(Token::is_comment) {
            below = Some((line.indent, line.within)).filter(|_| tokens[line.tokens.start].kind != Kind::Close);
        } else if let Some((indent, within)) = below
            && within == line.within
        {
            line.indent = indent;
        }
    }
}

/// No block begins or ends with an empty line.
fn tidy_blocks(tokens: &[Token<'_>], lines: &mut [Line]) {
    let mut opened = false;
    for line in lines {
        line.apart &= !opened && tokens[line.tokens.start].kind != Kind::Close;
        opened = tokens[line.said(tokens).end - 1].kind == Kind::Open;
    }
}

/// The text of the lines.
pub(super) fn text(tokens: &[Token<'_>], lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        if line.apart {
            text.push('\n');
        }
        text.extend(std::iter::repeat_n(' ', line.indent));
        for (at, gap) in line.tokens.clone().zip(&line.gaps) {
            text.extend(std::iter::repeat_n(' ', *gap));
            text.push_str(&tokens[at].text());
        }
        text.push('\n');
    }
    text
}
