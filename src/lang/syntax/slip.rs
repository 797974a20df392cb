//! Slips of the hand near a fault: a word of the language that is misspelt, a quote, a brace or a sign that is missing.

use std::ops::Range;

use super::code;
use super::word::{KEYWORDS, is_keyword};
use crate::base::diagnostic::{Diagnostic, nearest};
use crate::base::span::Span;

/// What may have slipped.
pub(super) struct Slip {
    /// Where.
    pub place: Range<usize>,
    /// What was meant to stand there.
    pub right: String,
    /// What is said about it, if it turns out to be that.
    pub said: Diagnostic,
}

/// How long a line may be whose every place is tried.
const LINE_MAX: usize = 400;

/// What may have slipped where `fault` was found, the most likely first.
pub(super) fn near(text: &str, fault: &Diagnostic) -> Vec<Slip> {
    let Some(line) = line_around(text, fault.primary.span.range().start) else { return Vec::new() };
    let mut slips = misspelt(text, fault, line.clone());
    slips.extend(own_advice(fault));
    match fault.code {
        code::UNCLOSED_TEXT => slips.extend(quotes(text, fault, line)),
        code::STRAY_BRACKET => slips.extend(opening(text, fault, line)),
        code::UNCLOSED_BRACKET => {
            slips.extend(brace_for_colon(text, fault, line.clone()));
            slips.extend(closing_brace(text, fault, line));
        }
        code::NOT_UNDERSTOOD | code::NO_SEPARATOR | code::MISSING => slips.extend(sign(text, fault)),
        _ => {}
    }
    slips
}

/// The line of a place, without its break.
fn line_around(text: &str, at: usize) -> Option<Range<usize>> {
    let at = at.min(text.len());
    if !text.is_char_boundary(at) {
        return None;
    }
    let start = text[..at].rfind('\n').map_or(0, |found| found + 1);
    let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
    let end = start + text[start..end].trim_end().len();
    (end.max(start) - start <= LINE_MAX).then_some(start..end.max(start))
}

/// What the finding itself advises, where the rest of the text was read without it.
fn own_advice(fault: &Diagnostic) -> Vec<Slip> {
    let followed = [
        code::COLON_OR_EQUALS,
        code::MISSING,
        code::UNKNOWN_WORD,
        code::FOREIGN_WORD,
        code::BROKEN_EXPRESSION,
        code::MALFORMED_NUMBER,
    ];
    if !followed.contains(&fault.code) {
        return Vec::new();
    }
    let first = fault.hints.iter().find_map(|hint| hint.edit.as_ref());
    first
        .map(|(place, right)| Slip { place: place.range(), right: right.clone(), said: fault.clone() })
        .into_iter()
        .collect()
}

/// Words on the line of a fault, and on the line that opens the braces around it, that are nearly words of the language.
fn misspelt(text: &str, fault: &Diagnostic, line: Range<usize>) -> Vec<Slip> {
    let header = enclosing(text, line.start).and_then(|brace| line_around(text, brace)).filter(|found| *found != line);
    let mut words = words(text, line);
    // The nearer to the fault, the likelier.
    let place = fault.primary.span.range().start;
    words.sort_by_key(|word| word.start.abs_diff(place));
    words.extend(header.into_iter().flat_map(|header| self::words(text, header)));
    words.into_iter().filter_map(|word| as_keyword(text, word, fault)).collect()
}

fn as_keyword(text: &str, word: Range<usize>, fault: &Diagnostic) -> Option<Slip> {
    let written = &text[word.clone()];
    let place = Span::new(fault.primary.span.file, word.clone());
    let moment = moment_meant(&text[..word.start], written);
    if moment.is_none() && is_keyword(written) && text[word.end..].starts_with(':') {
        let colon = Span::new(place.file, word.end..word.end + 1);
        let said = Diagnostic::error(code::COLON_OR_EQUALS, colon, format!("`{written}` takes no `:` here"));
        let said = said.fix("delete the `:`", colon, "");
        return Some(Slip { place: colon.range(), right: String::new(), said });
    }
    if moment.is_none()
        && (is_keyword(written) || text[..word.start].ends_with('.') || text[word.end..].starts_with(['.', ':']))
    {
        return None;
    }
    let right = moment.or_else(|| nearest(written, KEYWORDS))?;
    let same = fault.primary.span == place;
    let said = if same && matches!(fault.code, code::UNKNOWN_WORD | code::FOREIGN_WORD) {
        fault.clone()
    } else {
        Diagnostic::error(code::UNKNOWN_WORD, place, format!("there is no word `{written}` here")).fix(
            format!("did you mean `{right}`?"),
            place,
            right,
        )
    };
    Some(Slip { place: word, right: right.to_owned(), said })
}

/// `on failed { ... }`: what other languages call the moments at which a run ends.
fn moment_meant(before: &str, word: &str) -> Option<&'static str> {
    if !before.trim_end().ends_with("on") {
        return None;
    }
    Some(match word {
        "fail" | "failed" | "fails" => "failure",
        "succeeded" | "successful" | "complete" | "completed" | "done" => "success",
        "cancelled" | "canceled" | "cancellation" => "cancel",
        _ => return None,
    })
}

/// The words of a stretch that stand outside of texts and comments.
fn words(text: &str, stretch: Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut begun = None;
    let mut quoted = false;
    let mut before = ' ';
    for (at, letter) in text[stretch.clone()].char_indices() {
        let at = stretch.start + at;
        if !quoted && letter == '/' && before == '/' {
            break;
        }
        quoted ^= letter == '"' && before != '\\';
        before = letter;
        let inside = letter.is_ascii_alphanumeric() || letter == '_';
        match begun {
            None if inside && !quoted => begun = Some(at),
            Some(start) if !inside => {
                found.push(start..at);
                begun = None;
            }
            _ => {}
        }
    }
    found.extend(begun.map(|start| start..stretch.end));
    found.retain(|word| !text.as_bytes()[word.start].is_ascii_digit());
    found
}

/// The `{` that is open at a place.
fn enclosing(text: &str, at: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (place, byte) in text.as_bytes()[..at].iter().enumerate().rev() {
        match byte {
            b'}' => depth += 1,
            b'{' if depth == 0 => return Some(place),
            b'{' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Places on a line where something may be missing: where words and signs begin and end.
fn seams(text: &str, line: Range<usize>) -> Vec<usize> {
    let bytes = text.as_bytes();
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
    let seam = |at: &usize| {
        let (before, after) = (at.checked_sub(1).map(|at| bytes[at]), bytes.get(*at).copied());
        match (before, after) {
            (Some(before), Some(after)) => {
                text.is_char_boundary(*at) && !(is_word(before) && is_word(after)) && !(before == b' ' && after == b' ')
            }
            _ => true,
        }
    };
    let start = line.start + text[line.clone()].len() - text[line.clone()].trim_start().len();
    (start..=line.end).filter(seam).collect()
}

fn inserted(place: usize, right: &str, said: Diagnostic) -> Slip {
    Slip { place: place..place, right: right.to_owned(), said }
}

/// A quote that is missing at the end or at the beginning of a text.
fn quotes(text: &str, fault: &Diagnostic, line: Range<usize>) -> Vec<Slip> {
    let file = fault.primary.span.file;
    let slip = |at: usize| {
        let (before, behind) = (&text[line.start..at], &text[at..line.end]);
        if !are_set_well(&format!("{before}\"{behind}")) {
            return None;
        }
        let (stretch, message) = if before.matches('"').count() % 2 == 1 {
            (line.start + before.rfind('"')?..at, "this text has no closing quote")
        } else {
            (at..at + behind.find('"')? + 1, "this text has no opening quote")
        };
        let place = Span::new(file, at..at);
        let said = Diagnostic::error(code::UNCLOSED_TEXT, Span::new(file, stretch), message);
        Some(inserted(at, "\"", said.fix("put `\"` here", place, "\"")))
    };
    let mut seams = seams(text, line.clone());
    // The shorter the text, the likelier.
    seams.sort_by_key(|at| at.abs_diff(fault.primary.span.range().start));
    seams.into_iter().filter_map(slip).collect()
}

/// Whether the quotes of a line stand where texts begin and end.
fn are_set_well(line: &str) -> bool {
    let mut open = false;
    let mut letters = line.char_indices().peekable();
    let mut before = ' ';
    while let Some((_, letter)) = letters.next() {
        if letter == '"' && before != '\\' {
            let behind = letters.peek().map_or(' ', |(_, letter)| *letter);
            let well = if open { " ,)]}:.;?".contains(behind) } else { " ([{,|!#".contains(before) };
            if !well {
                return false;
            }
            open = !open;
        }
        before = letter;
    }
    !open
}

/// An opening bracket that is missing on the line of one that closes nothing.
fn opening(text: &str, fault: &Diagnostic, line: Range<usize>) -> Vec<Slip> {
    let closing = fault.primary.span.range();
    let (opener, right) = match &text[closing.clone()] {
        "}" => ('{', "{ "),
        ")" => ('(', "("),
        "]" => ('[', "["),
        _ => return Vec::new(),
    };
    let slip = |at: usize| {
        let place = Span::new(fault.primary.span.file, at..at);
        let mut said = fault.clone().also(place, format!("a `{opener}` is missing here"));
        said.hints.clear();
        inserted(at, right, said.fix(format!("put `{opener}` there"), place, right))
    };
    let may_open = |at: &usize| {
        let (before, behind) = (&text[line.start..*at], &text[*at..line.end]);
        let glued = before.ends_with(|c: char| c.is_alphanumeric() || ")]_".contains(c));
        let braces = !behind.starts_with([' ', ',', ':', '.']) && !before.trim_end().ends_with("if");
        *at < closing.start
            && if opener == '{' { braces } else { glued && !behind.starts_with([' ', ',', ':', '.', ')']) }
    };
    let mut places: Vec<usize> = seams(text, line.clone()).into_iter().filter(may_open).collect();
    let behind_else = |at: &usize| text[line.start..*at].trim_end().ends_with("else");
    places.sort_by_key(|at| !behind_else(at));
    places.into_iter().map(slip).collect()
}

/// A `}` that is missing on the line of its `{`.
fn closing_brace(text: &str, fault: &Diagnostic, line: Range<usize>) -> Vec<Slip> {
    let opening = fault.primary.span.range();
    if &text[opening.clone()] != "{" || opening.end >= line.end {
        return Vec::new();
    }
    let slip = |at: usize| {
        let place = Span::new(fault.primary.span.file, at..at);
        let mut said = fault.clone();
        said.hints.clear();
        inserted(at, " }", said.also(place, "a `}` is missing here").fix("put `}` there", place, " }"))
    };
    let ends = |at: &usize| *at > opening.end && !text[..*at].ends_with([' ', ',', ':', '.']);
    seams(text, line).into_iter().rev().filter(ends).map(slip).collect()
}

/// `if x:`
fn brace_for_colon(text: &str, fault: &Diagnostic, line: Range<usize>) -> Option<Slip> {
    let colon = text[..line.end].strip_suffix(':')?.len();
    let place = Span::new(fault.primary.span.file, colon..colon + 1);
    let said = Diagnostic::error(code::FOREIGN_WORD, place, "a block stands in braces, not behind `:`");
    Some(Slip { place: place.range(), right: " {".to_owned(), said: said.fix("write `{`", place, " {") })
}

/// A sign that is missing, or another one, where something cannot be understood.
fn sign(text: &str, fault: &Diagnostic) -> Vec<Slip> {
    let span = fault.primary.span;
    let range = span.range();
    let shown = &text[range.clone()];
    let error =
        |at: Range<usize>, message: String| Diagnostic::error(code::COLON_OR_EQUALS, Span::new(span.file, at), message);
    let mut slips = Vec::new();
    if let (true, Some(colon)) = (shown.starts_with("let "), shown.find(':')) {
        let place = range.start + colon..range.start + colon + 1;
        let said = error(place.clone(), "a `let` takes `=`, not `:`".to_owned());
        let said = said.fix("write `=`", Span::new(span.file, place.clone()), " =");
        slips.push(Slip { place, right: " =".to_owned(), said });
        return slips;
    }
    if shown.starts_with(':') {
        let place = range.start..range.start + 1;
        let said = error(place.clone(), "before a value stands `=`".to_owned());
        let said = said.fix("write `=`", Span::new(span.file, place.clone()), " =");
        slips.push(Slip { place: place.clone(), right: " =".to_owned(), said });
        let colon = Span::new(span.file, place.clone());
        let said = error(place.clone(), "no `:` is needed here".to_owned()).fix("delete it", colon, "");
        slips.push(Slip { place, right: String::new(), said });
        return slips;
    }
    if let Some(arrow) = shown.find("=>") {
        let alternatives = ["||", ","].into_iter().find_map(|sign| Some((sign, shown[..arrow].find(sign)?)));
        slips.extend(alternatives.map(|(sign, at)| {
            let place = range.start + at..range.start + at + sign.len();
            let said = Diagnostic::error(
                code::FOREIGN_WORD,
                Span::new(span.file, place.clone()),
                "between patterns stands `|`",
            );
            let said = said.fix("write `|`", Span::new(span.file, place.clone()), " |");
            Slip { place, right: " |".to_owned(), said }
        }));
    }
    if shown.starts_with('"') && has_type_before(text, range.start) {
        let place = Span::new(span.file, range.start..range.start);
        let said = error(range.clone(), "between a type and a value stands `=`".to_owned());
        slips.push(inserted(range.start, "= ", said.fix("put `=` before it", place, "= ")));
    }
    let length = shown.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(shown.len());
    if length == 0 {
        return slips;
    }
    let word = &shown[..length];
    let end = range.start + length;
    let blanks = text[end..].len() - text[end..].trim_start_matches(' ').len();
    let behind = end + blanks;
    let key = range.start..end;
    if text[behind..].starts_with('=') && !text[behind..].starts_with("==") {
        let place = behind..behind + 1;
        let said = error(place.clone(), format!("behind `{word}` stands `:`, not `=`"));
        let said = said.fix(format!("write `{word}: ...`"), Span::new(span.file, end..behind + 1), ":");
        slips.push(Slip { place: end..behind + 1, right: ":".to_owned(), said });
    } else if blanks > 0 && !is_keyword(word) {
        let place = Span::new(span.file, end..end);
        let said = error(key, format!("behind `{word}` a `:` is missing"));
        slips.push(inserted(end, ":", said.fix(format!("write `{word}: ...`"), place, ":")));
    }
    let place = Span::new(span.file, range.start..range.start);
    if text[..range.start].ends_with([')', ']']) {
        let said = Diagnostic::error(
            code::BROKEN_EXPRESSION,
            Span::new(span.file, range.start..end),
            format!("before `{word}` a `.` is missing"),
        );
        slips.push(inserted(range.start, ".", said.fix(format!("write `.{word}`"), place, ".")));
    } else if has_type_before(text, range.start) {
        let said = error(range.start..end, "between a type and a value stands `=`".to_owned());
        slips.push(inserted(range.start, "= ", said.fix(format!("write `= {word}...`"), place, "= ")));
    }
    slips
}

/// Whether `name: type ` stands right before a place.
fn has_type_before(text: &str, at: usize) -> bool {
    let line = text[..at].rfind('\n').map_or(0, |found| found + 1);
    let item = text[line..at].rsplit([',', '{']).next().unwrap_or_default();
    item.ends_with(' ') && !item.contains('=') && item.split_once(':').is_some_and(|(_, ty)| !ty.trim().is_empty())
}
