//! Rhai without its layout.

use crate::lang::syntax::lexeme;

/// The text without comments, and with blanks only where two signs would become others without them, however they were written.
/// What stands in strings stays as it is. Two texts that differ in more than layout stay different.
pub(super) fn squeeze(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    // The lexeme before; nothing where a string stands there, for a string ends by itself.
    let mut before = "";
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(length) = blank(rest, c) {
            gap = true;
            rest = &rest[length..];
            continue;
        }
        let string = string(rest);
        let (lexeme, behind) = rest.split_at(string.unwrap_or_else(|| lexeme::length(rest)));
        if gap && string.is_none() && lexeme::grow_together(before, rest) {
            out.push(' ');
        }
        out.push_str(lexeme);
        before = if string.is_some() { "" } else { lexeme };
        (gap, rest) = (false, behind);
    }
    out
}

/// How long the comment or the blank is with which the text begins, if it does begin with one.
fn blank(text: &str, first: char) -> Option<usize> {
    match first {
        '/' if text.starts_with("//") => Some(text.find('\n').unwrap_or(text.len())),
        '/' if text.starts_with("/*") => Some(comment(text)),
        _ => first.is_whitespace().then_some(first.len_utf8()),
    }
}

/// How long the comment is with which the text begins; comments are nested.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// How long the string is with which the text begins, if it does begin with one.
fn string(text: &str) -> Option<usize> {
    let hashes = text.len() - text.trim_start_matches('#').len();
    if hashes > 0 && text[hashes..].starts_with('"') {
        let end = format!("\"{}", "#".repeat(hashes));
        return Some(text[hashes + 1..].find(&end).map_or(text.len(), |at| hashes + 1 + at + end.len()));
    }
    let quote = if text.starts_with("\"\"\"") { "\"\"\"" } else { &text[..text.chars().next()?.len_utf8()] };
    if !matches!(quote, "\"\"\"" | "\"" | "`" | "'") {
        return None;
    }
    let mut at = quote.len();
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with(quote) {
            return Some(at + quote.len());
        }
        at += if rest.starts_with('\\') && quote != "`" {
            1 + rest[1..].chars().next().map_or(0, char::len_utf8)
        } else if rest.starts_with("${") && quote != "'" {
            2 + interpolation(&rest[2..])
        } else {
            rest.chars().next().map_or(1, char::len_utf8)
        };
    }
    Some(text.len())
}

/// How long it is from behind `${` to behind its `}`.
pub(super) fn interpolation(text: &str) -> usize {
    let (mut depth, mut at) = (1_usize, 0);
    while at < text.len() {
        let rest = &text[at..];
        if let Some(length) = string(rest) {
            at += length;
            continue;
        }
        match rest.chars().next() {
            Some('{') => depth += 1,
            Some('}') => depth -= 1,
            _ => {}
        }
        at += rest.chars().next().map_or(1, char::len_utf8);
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::squeeze;

    #[test]
    fn only_the_layout_goes() {
        let rows = [
            ("a + b", "a+b"),
            ("a - -b", "a- -b"),
            ("if x { 1 } else { 2 }", "if x{1}else{2}"),
            ("a // note\n + b /* and /* so */ on */ + c", "a+b+c"),
            ("\"two  blanks ${ a + \"x  y\" } // no note\" + 1", "\"two  blanks ${ a + \"x  y\" } // no note\"+1"),
            ("`a  ${ \"}\" }`  + `b`", "`a  ${ \"}\" }`+`b`"),
            ("#\"raw \" text\"#  == x", "#\"raw \" text\"#==x"),
            ("let y = 'a'; y", "let y='a';y"),
            ("1 .. 3", "1..3"),
            ("0.. n", "0..n"),
            ("1 .abs()", "1.abs()"),
            ("a && ! b", "a&&!b"),
            ("a* - 1 < -2", "a*-1< -2"),
            ("1. .. 2", "1. ..2"),
            ("x = - 1 - - 1", "x=-1- -1"),
            ("list.map(| | 1)", "list.map(| |1)"),
        ];
        for (text, squeezed) in rows {
            assert_eq!(squeeze(text), squeezed, "{text}");
            assert_eq!(squeeze(squeezed), squeezed, "a second time: {text}");
        }
    }
}
