//! Columns: what lines below each other have in common stands below each other.
//!
//! A section is made of neighbouring lines of one block that are built alike, each an item by itself. An empty line, a comment's line
//! and an item of several lines end it, and so does a line that would leave too wide a gap.

use std::ops::Range;

use super::line::Line;
use super::role::{Roles, Tongue};
use super::token::{Kind, Token};

/// How much wider a column's widest line may be than its narrowest.
const SPREAD_MAX: usize = 24;

/// How many columns a table has; what stands behind them is not lined up.
const COLUMNS_MAX: usize = 32;

/// Blanks before a comment at the end of a line.
const NOTE_GAP: usize = 2;

/// Lines that are built alike.
#[derive(PartialEq, Eq)]
enum Build<'t> {
    /// `key: value`, `name: type = value`
    Field,
    /// `name = value`
    Untyped,
    /// `let name = value`, `step name = call { }`: with its word.
    Named(&'t str),
    /// `fail kind when condition`
    Guarded,
    /// `pattern => value`
    Arm,
    /// `{ key: value, key: value }` in a list.
    Row,
}

/// How a line is built, and which of its tokens stand in columns.
struct Shape<'t> {
    build: Build<'t>,
    stops: Vec<usize>,
}

/// Lines up what belongs into columns.
pub(super) fn align(tokens: &[Token<'_>], roles: &Roles, lines: &mut [Line]) {
    let shapes: Vec<Option<Shape<'_>>> = (0..lines.len()).map(|at| shape(tokens, roles, lines, at)).collect();
    let mut from = 0;
    while from < lines.len() {
        let alike = |at: usize| {
            let (one, other) = (&shapes[at - 1], &shapes[at]);
            is_neighbour(tokens, lines, at)
                && matches!((one, other), (Some(one), Some(other)) if one.build == other.build)
        };
        let to = (from + 1..lines.len()).find(|at| !alike(*at)).unwrap_or(lines.len());
        if let Some(first) = &shapes[from] {
            let stops: Vec<&[usize]> = shapes[from..to].iter().flatten().map(|shape| &*shape.stops).collect();
            match first.build {
                Build::Row => align_rows(tokens, &mut lines[from..to], &stops),
                _ => align_sections(tokens, &mut lines[from..to], &stops),
            }
        }
        from = to;
    }
    align_notes(tokens, lines);
}

/// Whether a line follows the one above it in the same block.
fn is_neighbour(tokens: &[Token<'_>], lines: &[Line], at: usize) -> bool {
    let ends_here = !tokens[lines[at - 1].tokens.end - 1].written.contains('\n');
    ends_here && !lines[at].apart && lines[at].within == lines[at - 1].within
}

/// Each column by itself, in sections of lines that have it and do not differ too much.
fn align_sections(tokens: &[Token<'_>], lines: &mut [Line], stops: &[&[usize]]) {
    let columns = stops.iter().map(|stops| stops.len()).max().unwrap_or(0);
    for column in 0..columns {
        let mut from = 0;
        while from < lines.len() {
            let width = |at: usize| stops[at].get(column).map(|stop| lines[at].width(tokens, *stop));
            let Some(first) = width(from) else {
                from += 1;
                continue;
            };
            let (mut least, mut most, mut to) = (first, first, from + 1);
            while let Some(next) = (to < lines.len()).then(|| width(to)).flatten() {
                if most.max(next) - least.min(next) > SPREAD_MAX {
                    break;
                }
                (least, most, to) = (least.min(next), most.max(next), to + 1);
            }
            for at in from..to {
                pad(tokens, &mut lines[at], stops[at][column], most);
            }
            from = to;
        }
    }
}

/// A table: each column for the rows whose keys are the same up to it. Behind a column that is too ragged nothing is lined up.
fn align_rows(tokens: &[Token<'_>], lines: &mut [Line], stops: &[&[usize]]) {
    let mut open: Vec<Range<usize>> = std::iter::once(0..lines.len()).collect();
    for column in 0..COLUMNS_MAX {
        let mut next = Vec::new();
        for rows in open {
            for run in runs(tokens, stops, column, rows) {
                let width = |at: usize| lines[at].width(tokens, stops[at][column]);
                let (least, most) = run.clone().map(width).fold((usize::MAX, 0), |(a, b), it| (a.min(it), b.max(it)));
                if most - least <= SPREAD_MAX {
                    run.clone().for_each(|at| pad(tokens, &mut lines[at], stops[at][column], most));
                    next.push(run);
                }
            }
        }
        open = next;
    }
}

/// Neighbouring rows that have the same key in a column.
fn runs(tokens: &[Token<'_>], stops: &[&[usize]], column: usize, rows: Range<usize>) -> Vec<Range<usize>> {
    let key = |at: usize| stops[at].get(column).map(|stop| tokens[*stop].written);
    let mut runs: Vec<Range<usize>> = Vec::new();
    for at in rows.filter(|at| key(*at).is_some()) {
        match runs.last_mut() {
            Some(run) if run.end == at && key(run.start) == key(at) => run.end = at + 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

/// Whether the comment at the end of a line stands below that of the line above. What ends a block belongs to what follows the block.
fn is_noted_with(tokens: &[Token<'_>], lines: &[Line], at: usize) -> bool {
    let (above, line) = (&lines[at - 1], &lines[at]);
    if line.closes(tokens) {
        return false;
    }
    is_neighbour(tokens, lines, at) || above.closes(tokens) && !line.apart && line.within == above.leaves
}

/// Comments at the ends of neighbouring lines, in one column however far the lines are indented.
fn align_notes(tokens: &[Token<'_>], lines: &mut [Line]) {
    let ends: Vec<Option<usize>> = lines
        .iter()
        .map(|line| {
            let said = line.said(tokens);
            let plain = !tokens[said.clone()].iter().any(|token| token.written.contains('\n'));
            (said.end < line.tokens.end && plain).then_some(said.end)
        })
        .collect();
    for line in lines.iter_mut() {
        let said = line.said(tokens).end;
        if said < line.tokens.end {
            line.gaps[said - line.tokens.start] = NOTE_GAP;
        }
    }
    let mut from = 0;
    while from < lines.len() {
        let noted = |at: usize| ends[at].is_some() && is_noted_with(tokens, lines, at);
        let to = (from + 1..lines.len()).find(|at| !noted(*at)).unwrap_or(lines.len());
        let to = if ends[from].is_some() { to } else { from + 1 };
        let stops: Vec<&[usize]> = ends[from..to].iter().map(Option::as_slice).collect();
        align_sections(tokens, &mut lines[from..to], &stops);
        from = to;
    }
}

/// Moves a token so that the line is `most` wide before the gap that the token has anyway.
fn pad(tokens: &[Token<'_>], line: &mut Line, stop: usize, most: usize) {
    let missing = most - line.width(tokens, stop);
    line.gaps[stop - line.tokens.start] += missing;
}

/// How a line is built, where it is one item by itself.
fn shape<'t>(tokens: &[Token<'t>], roles: &Roles, lines: &[Line], at: usize) -> Option<Shape<'t>> {
    let line = &lines[at];
    let goes_on = lines.get(at + 1).is_some_and(|next| next.goes_on);
    let said = line.said(tokens);
    // Only what ends a line may go on for several.
    let whole = tokens[said.start..said.end - 1].iter().all(|token| !token.written.contains('\n'));
    if line.goes_on || goes_on || !whole || tokens[said.clone()].iter().any(Token::is_comment) {
        return None;
    }
    let outer = outer(tokens, said.clone())?;
    let outer = match outer.split_last() {
        Some((last, rest)) if tokens[*last].is(",") || tokens[*last].is(";") => rest,
        _ => &outer[..],
    };
    let several =
        |at: &usize| matches!(tokens[*at].written, "," | ";") || *at > said.start && roles.begins_item(&tokens[*at]);
    if outer.iter().any(several) {
        return None;
    }
    let around = line.within.map(|at| &tokens[at]);
    row(tokens, outer, around).or_else(|| item(tokens, roles, outer, around))
}

/// The tokens of a line that stand in no bracket, with the brackets; nothing where these do not match on it.
fn outer(tokens: &[Token<'_>], line: Range<usize>) -> Option<Vec<usize>> {
    let (mut found, mut depth) = (Vec::new(), 0usize);
    for at in line {
        if tokens[at].kind == Kind::Close {
            depth = depth.checked_sub(1)?;
        }
        if depth == 0 {
            found.push(at);
        }
        depth += usize::from(tokens[at].kind == Kind::Open);
    }
    (depth == 0).then_some(found)
}

fn item<'t>(tokens: &[Token<'t>], roles: &Roles, outer: &[usize], around: Option<&Token<'_>>) -> Option<Shape<'t>> {
    let token = |at: usize| outer.get(at).map(|at| &tokens[*at]);
    let is = |at: usize, sign: &str| token(at).is_some_and(|token| token.is(sign));
    let first = token(0)?;
    let from = |from: usize, sign: &str| outer.iter().skip(from).copied().find(|at| tokens[*at].is(sign));
    let in_rhai = first.tongue == Tongue::Rhai && !roles.begins_item(first);
    let is_key =
        matches!(first.kind, Kind::Word | Kind::Text) && (!in_rhai || around.is_some_and(|around| around.is("#{")));
    if is_key && (is(1, ":") || is(1, "?") && is(2, ":")) {
        let value = if is(1, ":") { 2 } else { 3 };
        let assigned = from(value, "=").filter(|at| *at > outer[value.min(outer.len() - 1)]);
        let stops = [outer.get(value).copied(), assigned].into_iter().flatten().collect();
        return Some(Shape { build: Build::Field, stops });
    }
    if let Some(arrow) = from(1, "=>").filter(|_| in_rhai || roles.begins_arm(first)) {
        return Some(Shape { build: Build::Arm, stops: vec![arrow] });
    }
    if first.kind != Kind::Word {
        return None;
    }
    if is(1, "=") && !in_rhai {
        return Some(Shape { build: Build::Untyped, stops: vec![outer[1]] });
    }
    match first.written {
        // Where a type stands before the `=`, nobody looks for what stands below it.
        "let" | "const" | "step" if is(2, "=") => {
            Some(Shape { build: Build::Named(first.written), stops: vec![outer[2]] })
        }
        "fail" if token(2)?.is_word("when") => Some(Shape { build: Build::Guarded, stops: vec![outer[2]] }),
        _ => None,
    }
}

/// An object on a line of a list.
fn row<'t>(tokens: &[Token<'t>], outer: &[usize], around: Option<&Token<'_>>) -> Option<Shape<'t>> {
    let [open, close] = outer else { return None };
    if !around?.is("[") || !matches!(tokens[*open].written, "{" | "#{") {
        return None;
    }
    let (mut stops, mut depth) = (Vec::new(), 0usize);
    let mut begins = true;
    for at in open + 1..*close {
        let token = &tokens[at];
        if begins {
            if !tokens[at + 1].is(":") || !matches!(token.kind, Kind::Word | Kind::Text) {
                return None;
            }
            stops.push(at);
        }
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth -= 1,
            _ => {}
        }
        begins = depth == 0 && token.is(",");
    }
    // The first key begins the row.
    let stops = stops.split_off(stops.len().min(1));
    (!stops.is_empty()).then_some(Shape { build: Build::Row, stops })
}
