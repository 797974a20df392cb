//! Paths of JSONPath: `$.order.lines[0].sku`.

use super::document::{Document, Reads};
use super::filter;
use crate::lang::foreign::term::Term;

/// One step along a path.
#[derive(Clone, Debug, PartialEq)]
pub enum Segment {
    /// `.name`, `['a name']`
    Field(String),
    /// `[0]`, `[-1]`
    Index(i64),
    /// `[*]`, `.*`
    All,
    /// `[1:3]`
    Slice(Option<i64>, Option<i64>),
    /// `[?(@.price < 10)]`, as a condition of `it`
    Filter(String),
}

/// The segments of a path behind its `$`; `None` for what is none, or goes where no program of ours does (`..`, `[0,2]`).
pub fn parsed(path: &str) -> Option<Vec<Segment>> {
    let mut rest = path;
    let mut segments = Vec::new();
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix('.') {
            let end = behind.find(['.', '[']).unwrap_or(behind.len());
            let (name, after) = behind.split_at(end);
            match name.trim() {
                "" => return None,
                "*" => segments.push(Segment::All),
                name => segments.push(Segment::Field(name.to_owned())),
            }
            rest = after;
        } else {
            let inside = rest.strip_prefix('[')?;
            if inside.starts_with('?') {
                let (condition, after) = filter::read(inside)?;
                segments.push(Segment::Filter(condition));
                rest = after;
                continue;
            }
            let quote = inside.chars().next().filter(|c| matches!(c, '\'' | '"'));
            if let Some(quote) = quote {
                let (name, after) = inside[1..].split_once(quote)?;
                segments.push(Segment::Field(name.to_owned()));
                rest = after.trim_start().strip_prefix(']')?;
            } else {
                let (index, after) = inside.split_once(']')?;
                segments.push(indexed(index.trim())?);
                rest = after;
            }
        }
    }
    Some(segments)
}

fn indexed(index: &str) -> Option<Segment> {
    if index == "*" {
        return Some(Segment::All);
    }
    if let Some((from, to)) = index.split_once(':') {
        let end = |text: &str| if text.trim().is_empty() { Some(None) } else { text.trim().parse().ok().map(Some) };
        return Some(Segment::Slice(end(from)?, end(to)?));
    }
    index.parse().ok().map(Segment::Index)
}

/// What a path leads to in a document.
pub fn follow(document: &Document, segments: &[Segment], reads: &mut Reads) -> Document {
    let mut here = document.clone();
    for (at, segment) in segments.iter().enumerate() {
        here = match segment {
            Segment::Field(name) => here.get(name, reads),
            Segment::Index(index) => Document::Path(format!("{}[{index}]", here.term(reads).tight())),
            Segment::Slice(from, to) => {
                let whole = here.term(reads).expression();
                let end = to.map_or_else(|| format!("{}.len()", here.term(reads).tight()), |to| to.to_string());
                Document::Path(format!("slice({whole}, {}, {end})", from.unwrap_or(0)))
            }
            Segment::All | Segment::Filter(_) => {
                let rest = &segments[at + 1..];
                let mut whole = here.term(reads).tight();
                if let Segment::Filter(condition) = segment {
                    whole = format!("{whole}.filter(|it| {condition})");
                }
                if rest.is_empty() {
                    return Document::Path(whole);
                }
                let item = follow(&Document::Path("it".to_owned()), rest, reads).term(reads).expression();
                let is_many = |segment: &Segment| matches!(segment, Segment::All | Segment::Filter(_));
                let call = if rest.iter().any(is_many) { "flat_map" } else { "map" };
                return Document::Term(Term::Path(format!("{whole}.{call}(|it| {item})")));
            }
        };
    }
    here
}
