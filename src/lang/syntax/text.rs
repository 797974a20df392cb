//! Plain texts: what their quotes and escapes stand for.

use std::ops::Range;

use super::code;
use super::faults::Faults;
use crate::base::diagnostic::Severity;

/// The names under which programs see their surroundings: `input.x` in a text is meant to be filled in.
const SCOPES: [&str; 15] = [
    "input", "inputs", "vars", "state", "steps", "run", "trigger", "error", "event", "response", "output", "outputs",
    "params", "config", "env",
];

/// How n8n calls what a step before has given, and what is around a run; nothing else begins `{{` with these.
const N8N: [&str; 11] =
    ["$json", "$node", "$input", "$item", "$items", "$binary", "$vars", "$env", "$workflow", "$execution", "$("];

/// What the text at `range`, quotes included, says. Nothing is filled in; an unknown escape is reported and kept.
pub(super) fn plain(text: &str, range: Range<usize>, faults: &mut Faults<'_>) -> String {
    let written = &text[range.clone()];
    let hashes = written.len() - written.trim_start_matches('#').len();
    if hashes > 0 {
        return written.get(hashes + 1..written.len() - hashes - 1).unwrap_or_default().to_owned();
    }
    if let Some(inside) = written.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')) {
        return inside.to_owned();
    }
    let (quotes, inside) = match written.strip_prefix("\"\"\"").and_then(|rest| rest.strip_suffix("\"\"\"")) {
        Some(inside) if written.len() >= 6 => (3, inside),
        _ => {
            // Other quotes than `"` have been reported; they may be wider than one byte.
            let width = written.chars().next().map_or(1, char::len_utf8);
            (width, written.get(width..written.len().saturating_sub(width)).unwrap_or_default())
        }
    };
    if let Some(at) = inside.find("${") {
        let at = range.start + quotes + at;
        let fault = faults
            .error(code::PLAIN_TEXT, at..at + 2, "nothing is filled in here")
            .label("this place takes a plain text")
            .hint("write the text itself; for a plain `${` write `\\${`");
        // An escaped dollar is no hole.
        if text.as_bytes()[at - 1] != b'\\' {
            faults.push(fault);
        }
    }
    if quotes == 3 { unescape(&dedent(inside), range, faults) } else { unescape(inside, range, faults) }
}

/// A text of several lines without its first and last line break and without the indentation all its lines share.
fn dedent(inside: &str) -> String {
    let inside = inside.strip_prefix("\r\n").or_else(|| inside.strip_prefix('\n')).unwrap_or(inside);
    // The line of the closing quotes counts for the indentation only where something else stands on it.
    let inside = match inside.rfind('\n') {
        Some(at) if inside[at..].trim().is_empty() => inside[..at].strip_suffix('\r').unwrap_or(&inside[..at]),
        _ => inside,
    };
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let shared = inside.lines().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or(0);
    inside.lines().map(|line| line.get(shared..).unwrap_or("")).collect::<Vec<_>>().join("\n")
}

fn unescape(inside: &str, range: Range<usize>, faults: &mut Faults<'_>) -> String {
    let mut said = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(at) = rest.find(['\\', '"']) {
        said.push_str(&rest[..at]);
        let tail = &rest[at + 1..];
        if rest.as_bytes()[at] == b'"' {
            said.push('"');
            rest = tail;
            continue;
        }
        let code_point = |digits: usize| {
            let number = u32::from_str_radix(tail.get(1..=digits)?, 16).ok()?;
            char::from_u32(number).map(|letter| (letter, 1 + digits))
        };
        let escape = match tail.bytes().next() {
            Some(b'n') => Some(('\n', 1)),
            Some(b'r') => Some(('\r', 1)),
            Some(b't') => Some(('\t', 1)),
            Some(byte @ (b'\\' | b'"' | b'$')) => Some((char::from(byte), 1)),
            Some(b'x') => code_point(2),
            Some(b'u') => code_point(4),
            Some(b'U') => code_point(8),
            _ => None,
        };
        if let Some((letter, length)) = escape {
            said.push(letter);
            rest = &tail[length..];
        } else {
            let fault = faults
                .error(code::PLAIN_TEXT, range.clone(), "this text holds an escape that is none")
                .hint("the escapes are `\\\\ \\\" \\n \\r \\t \\$ \\xHH \\uHHHH \\UHHHHHHHH`; a raw text `#\"...\"#` has none");
            faults.push(fault);
            said.push('\\');
            rest = tail;
        }
    }
    said.push_str(rest);
    said
}

/// Warns of what other languages fill in, where what stands there can only be meant so: `{{ input.name }}`, `$vars.x`.
pub(super) fn check_holes(text: &str, range: Range<usize>, faults: &mut Faults<'_>) {
    let inside = &text[range.clone()];
    let mut from = 0;
    while let Some(found) = inside[from..].find(['{', '$']) {
        let at = from + found;
        from = at + 1;
        let rest = &inside[at..];
        if let Some(length) = of_n8n(rest) {
            // The `=` at the beginning belongs to it.
            let before = inside[..at].trim_start_matches(['"', '#']) == "=";
            let place = range.start + at - usize::from(before)..range.start + at + length;
            let mut warning = faults
                .error(code::NOT_FILLED_IN, place, "this is sent as it stands")
                .label("n8n fills this in; here nothing does")
                .hint("what a step gave is known by the step's name: `${order.id}`; what came in by `input`: `${input.id}`");
            warning.severity = Severity::Warning;
            faults.push(warning);
            from = at + length;
            continue;
        }
        let (open, close) = match () {
            () if rest.starts_with("${{") => ("${{", "}}"),
            () if rest.starts_with("${") => continue,
            () if rest.starts_with("{{") => ("{{", "}}"),
            () if rest.starts_with("$(") => ("$(", ")"),
            () if rest.starts_with('$') => ("$", ""),
            () if at > 0 && matches!(inside.as_bytes()[at - 1], b'$' | b'{') => continue,
            () => ("{", "}"),
        };
        if at > 0 && inside.as_bytes()[at - 1] == b'\\' {
            continue;
        }
        let body = &rest[open.len()..];
        let blanks = body.len() - body.trim_start_matches([' ', '.']).len();
        let path = &body[blanks..];
        let path =
            &path[..path.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.').unwrap_or(path.len())];
        let path = path.trim_end_matches('.');
        let closed = body[blanks + path.len()..].trim_start_matches(' ').starts_with(close);
        let scope = path.split_once('.').is_some_and(|(scope, _)| SCOPES.contains(&scope));
        if !closed || !scope {
            continue;
        }
        let behind = &body[blanks + path.len()..];
        let end = at
            + open.len()
            + blanks
            + path.len()
            + if close.is_empty() { 0 } else { behind.len() - behind.trim_start_matches(' ').len() + close.len() };
        // Of `#{input.name}` and `={{ input.name }}` the first sign belongs to it.
        let sign = match open {
            "{" => inside[..at].ends_with('#') && at > 1,
            "{{" => inside[..at].trim_start_matches(['"', '#']) == "=",
            _ => false,
        };
        let place = range.start + at - usize::from(sign)..range.start + end;
        let span = faults.span(place.clone());
        let mut warning = faults
            .error(code::NOT_FILLED_IN, place, "this is sent as it stands")
            .label("nothing is filled in here")
            .fix(format!("to fill it in, write `${{{path}}}`"), span, format!("${{{path}}}"));
        warning.severity = Severity::Warning;
        faults.push(warning);
        from = end;
    }
}

/// The length of a `{{ $json.name }}` at the beginning of `rest`.
fn of_n8n(rest: &str) -> Option<usize> {
    let body = rest.strip_prefix("{{")?;
    let end = body.find("}}").filter(|end| !body[..*end].contains('\n'))?;
    let said = body[..end].trim_start();
    let is_said = |word: &str| {
        let behind = said.strip_prefix(word).map(|behind| behind.chars().next());
        behind.is_some_and(|next| word.ends_with('(') || !next.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_'))
    };
    N8N.into_iter().any(is_said).then_some(end + 4)
}
