//! Filters in paths: `[?(@.price < 10 && @.sku)]`.

use super::path::{self, Segment};
use crate::lang::foreign::term::{Term, field};

/// Signs of comparisons, the longer ones first.
const SIGNS: [&str; 6] = ["==", "!=", "<=", ">=", "<", ">"];

/// The condition of `it` that stands behind a `[`, and what follows the `]`; `None` for one that is more than comparisons in a row.
pub fn read(text: &str) -> Option<(String, &str)> {
    let inside = text.strip_prefix('?')?.trim_start();
    let end = end(inside)?;
    let (condition, after) = (inside[..end].trim(), &inside[end + 1..]);
    let condition = match condition.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(bare) => bare,
        None => condition,
    };
    let any: Option<Vec<String>> = parts(condition, "||")
        .into_iter()
        .map(|all| {
            let all: Option<Vec<String>> = parts(all, "&&").into_iter().map(compared).collect();
            Some(all?.join(" && "))
        })
        .collect();
    Some((any?.join(" || "), after))
}

/// Where the `]` stands that belongs to what was opened before, outside of texts.
fn end(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0usize, None);
    for (at, letter) in text.char_indices() {
        match (letter, quote) {
            (letter, Some(open)) if letter == open => quote = None,
            (_, Some(_)) => {}
            ('\'' | '"', None) => quote = Some(letter),
            ('[', None) => depth += 1,
            (']', None) if depth == 0 => return Some(at),
            (']', None) => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The parts of a text between signs that stand outside of texts.
fn parts<'a>(text: &'a str, sign: &str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let (mut begin, mut quote) = (0, None);
    for (at, letter) in text.char_indices() {
        match (letter, quote) {
            (letter, Some(open)) if letter == open => quote = None,
            (_, Some(_)) => {}
            ('\'' | '"', None) => quote = Some(letter),
            _ if at >= begin && text[at..].starts_with(sign) => {
                parts.push(text[begin..at].trim());
                begin = at + sign.len();
            }
            _ => {}
        }
    }
    parts.push(text[begin..].trim());
    parts
}

/// One comparison, or whether something is there.
fn compared(text: &str) -> Option<String> {
    if let Some(inner) = text.strip_prefix('!') {
        return Some(format!("{} == ()", side(inner.trim())?));
    }
    for sign in SIGNS {
        if let [left, right] = parts(text, sign).as_slice() {
            let (left, right) = (side(left)?, side(right)?);
            // What is not there is neither less nor more than anything.
            let guard = if sign.contains('=') && !matches!(sign, "<=" | ">=") || !left.starts_with("it") {
                String::new()
            } else {
                format!("{left} != () && ")
            };
            return Some(format!("{guard}{left} {sign} {right}"));
        }
    }
    Some(format!("{} != ()", side(text)?))
}

/// What stands on one side: a path from `@`, or a constant.
fn side(text: &str) -> Option<String> {
    if let Some(behind) = text.strip_prefix('@') {
        let mut made = "it".to_owned();
        for segment in path::parsed(behind)? {
            match segment {
                Segment::Field(name) => {
                    made.push('?');
                    made.push_str(&field(&name));
                }
                Segment::Index(at) => made.push_str(&format!("?[{at}]")),
                Segment::All | Segment::Slice(..) | Segment::Filter(_) => return None,
            }
        }
        return Some(made);
    }
    let quoted = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote).filter(|inner| !inner.contains(quote));
    if let Some(inner) = quoted('\'').or_else(|| quoted('"')) {
        return Some(Term::text(inner).value());
    }
    let constant: serde_json::Value = serde_json::from_str(text).ok()?;
    (!constant.is_object() && !constant.is_array()).then(|| Term::of(&constant).tight())
}
