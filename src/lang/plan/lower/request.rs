//! Requests of connectors, and the paths in them, which are fixed text and values by turns.

use super::super::connector::{Request, Url, UrlPiece};
use super::super::formula::Formula;
use super::super::squeeze::interpolation;
use super::value::Values;
use crate::base::span::Span;
use crate::lang::script::{self, Form};
use crate::lang::syntax::ast;

pub(super) fn lower(request: &ast::Request, values: &Values<'_>) -> Request {
    Request {
        method: request.method.text.clone(),
        url: url(&request.url, values),
        fields: request.fields.iter().map(|field| (field.key.text.clone(), values.value(&field.value))).collect(),
    }
}

/// A string is taken apart, so that each value is escaped where it stands; any other expression is a value as a whole.
fn url(expr: &ast::Expr, values: &Values<'_>) -> Url {
    let text = expr.source.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let pieces = text
        .and_then(|text| pieces(text, expr.span, values))
        .unwrap_or_else(|| vec![UrlPiece::Value(values.expr(expr))]);
    Url { pieces }
}

/// The pieces of what stands between the quotes; `None` where that is more than one string, such as `"a" + "b"`.
fn pieces(text: &str, span: Span, values: &Values<'_>) -> Option<Vec<UrlPiece>> {
    let mut pieces = Vec::new();
    let mut fixed = String::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let value = match c {
            '"' => return None,
            '\\' => {
                let (escaped, length) = escape(rest)?;
                fixed.push(escaped);
                at += length;
                continue;
            }
            '$' if rest.starts_with("${") => Some((2, interpolation(&rest[2..]).checked_sub(1)?)),
            '{' => placeholder(rest).map(|length| (1, length)),
            _ => None,
        };
        let Some((opening, length)) = value else {
            fixed.push(c);
            at += c.len_utf8();
            continue;
        };
        let start = at + opening;
        let inner = text.get(start..start + length)?;
        if !fixed.is_empty() {
            pieces.push(UrlPiece::Text(std::mem::take(&mut fixed).into()));
        }
        let offset = span.start as usize + 1 + start;
        let place = Span::new(span.file, offset..offset + length);
        pieces.push(UrlPiece::Value(expression(inner, place, values)));
        at = start + length + 1;
    }
    if !fixed.is_empty() {
        pieces.push(UrlPiece::Text(fixed.into()));
    }
    Some(pieces)
}

/// How long the name is in `{name}`; any other text in braces is fixed text.
fn placeholder(rest: &str) -> Option<usize> {
    let name = &rest[1..rest.find('}')?];
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    is_name.then_some(name.len())
}

fn escape(rest: &str) -> Option<(char, usize)> {
    let code = |digits: usize| {
        let number = u32::from_str_radix(rest.get(2..2 + digits)?, 16).ok()?;
        Some((char::from_u32(number)?, 2 + digits))
    };
    Some(match rest.chars().nth(1)? {
        'n' => ('\n', 2),
        'r' => ('\r', 2),
        't' => ('\t', 2),
        'x' => return code(2),
        'u' => return code(4),
        'U' => return code(8),
        same => (same, 1 + same.len_utf8()),
    })
}

/// An expression inside a path. The checker knows the string as a whole.
fn expression(source: &str, span: Span, values: &Values<'_>) -> Formula {
    let (source, span) = trimmed(source, span);
    let script = values.unseen(source, span, Form::Expression);
    match script.compiled.get().and_then(script::Expr::constant) {
        Some(value) => Formula::Constant(value.clone()),
        None => Formula::Script(script),
    }
}

/// A text without the blanks round it, and where it stands then.
fn trimmed(text: &str, span: Span) -> (&str, Span) {
    let start = span.start as usize + text.len() - text.trim_start().len();
    let text = text.trim();
    (text, Span::new(span.file, start..start + text.len()))
}
