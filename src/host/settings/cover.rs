//! The text of `flow.toml` as it may be shown: tables and keys as they stand, and `***` for each value, since any of them may be a
//! secret. It is read line by line, so that a text that is no TOML is covered as well.

use std::ops::Range;

use crate::base::secret::MASK;

/// A text without its values, and where each place of it lies now.
#[derive(Debug, Default)]
pub struct Covered {
    /// What may be shown; as many lines as there were.
    pub text: String,
    /// What was taken out of the text as written, in order, and where its stand-in begins.
    gone: Vec<(Range<usize>, usize)>,
}

/// What a line may be the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    /// Nothing: a key, a table or a comment comes.
    Nothing,
    /// A list or an inline table, with so many brackets open.
    Brackets(usize),
    /// A text of several lines, which these three quotes end; so many brackets are open around it.
    Text(&'static str, usize),
}

impl Covered {
    /// Covers the whole of a file.
    pub fn of(text: &str) -> Self {
        let mut covered = Self::default();
        let (mut open, mut at) = (Open::Nothing, 0);
        for line in text.split_inclusive('\n') {
            let content = line.trim_end_matches(['\n', '\r']);
            let start = match open {
                Open::Nothing => shown(content),
                Open::Brackets(_) | Open::Text(..) => content.len() - content.trim_start().len(),
            };
            let hidden = &content[start..];
            open = after(hidden, open);
            let end = start + hidden.trim_end().len();
            covered.text.push_str(&line[..start]);
            if start < end {
                covered.gone.push((at + start..at + end, covered.text.len()));
                covered.text.push_str(MASK);
            }
            covered.text.push_str(&line[end..]);
            at += line.len();
        }
        covered
    }

    /// Covers what follows the first `=` of an argument.
    pub fn assignment(argument: &str) -> Self {
        let start = argument.find('=').map_or(argument.len(), |at| at + 1);
        let mut text = argument[..start].to_owned();
        let gone = if start < argument.len() { vec![(start..argument.len(), start)] } else { Vec::new() };
        if !gone.is_empty() {
            text.push_str(MASK);
        }
        Self { text, gone }
    }

    /// Where a place of the text as written lies: one in a value lies in its stand-in.
    pub fn place(&self, range: Range<usize>) -> Range<usize> {
        let moved = |at: usize, is_end: bool| {
            let before = self.gone.partition_point(|(gone, _)| gone.start < at || !is_end && gone.start == at);
            let Some((gone, stand_in)) = before.checked_sub(1).and_then(|last| self.gone.get(last)) else { return at };
            match at < gone.end {
                true if is_end => stand_in + MASK.len(),
                true => *stand_in,
                false => stand_in + MASK.len() + (at - gone.end),
            }
        };
        let start = moved(range.start, false);
        start..moved(range.end, true).max(start)
    }
}

/// How much of a line that begins anew may be shown: a table, or a key with its `=`. A comment may be a setting that was put aside.
fn shown(line: &str) -> usize {
    let start = line.len() - line.trim_start().len();
    let rest = &line[start..];
    if rest.starts_with('[') {
        let name = rest.len() - rest.trim_start_matches('[').len();
        let end = name + key(&rest[name..]);
        let behind = rest[end..].len() - rest[end..].trim_start_matches(']').len();
        return start + end + behind;
    }
    let key = key(rest);
    let gap = rest[key..].len() - rest[key..].trim_start().len();
    match rest[key + gap..].chars().next() {
        Some('=' | ':') => {
            let sign = start + key + gap + 1;
            sign + (line[sign..].len() - line[sign..].trim_start().len())
        }
        // A word alone may be all that a secret is.
        _ => start,
    }
}

/// How long the key is that a line begins with: words and texts with dots between.
fn key(line: &str) -> usize {
    let mut quote = None;
    let end = line.find(|letter: char| match quote {
        Some(open) => {
            if letter == open {
                quote = None;
            }
            false
        }
        None if matches!(letter, '"' | '\'') => {
            quote = Some(letter);
            false
        }
        None => !(letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.')),
    });
    end.unwrap_or(line.len())
}

/// What is open behind a piece of a value, where `open` was before it.
fn after(piece: &str, open: Open) -> Open {
    let (mut open, mut rest) = (open, piece);
    loop {
        let depth = match open {
            Open::Text(quotes, depth) => match end_of_text(rest, quotes) {
                Some(end) => {
                    rest = &rest[end..];
                    open = if depth == 0 { Open::Nothing } else { Open::Brackets(depth) };
                    continue;
                }
                None => return open,
            },
            Open::Brackets(depth) => depth,
            Open::Nothing => 0,
        };
        let Some(sign) = rest.chars().next() else { return open };
        let long = ["\"\"\"", "'''"].into_iter().find(|quotes| rest.starts_with(quotes));
        (open, rest) = match (sign, long) {
            (_, Some(quotes)) => (Open::Text(quotes, depth), &rest[quotes.len()..]),
            ('"', None) => (open, &rest[end_of_text(&rest[1..], "\"").map_or(rest.len(), |end| end + 1)..]),
            ('\'', None) => (open, &rest[end_of_text(&rest[1..], "'").map_or(rest.len(), |end| end + 1)..]),
            ('#', None) => return open,
            ('[' | '{', None) => (Open::Brackets(depth + 1), &rest[1..]),
            (']' | '}', None) => (if depth > 1 { Open::Brackets(depth - 1) } else { Open::Nothing }, &rest[1..]),
            (other, None) => (open, &rest[other.len_utf8()..]),
        };
    }
}

/// Where a text ends whose quotes are open, behind them.
fn end_of_text(rest: &str, quotes: &str) -> Option<usize> {
    let escapes = quotes.starts_with('"');
    let mut letters = rest.char_indices();
    while let Some((at, letter)) = letters.next() {
        if escapes && letter == '\\' {
            letters.next();
        } else if rest[at..].starts_with(quotes) {
            return Some(at + quotes.len());
        }
    }
    None
}
