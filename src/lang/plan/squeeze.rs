//! Rhai without its layout.

/// The text without comments, and with blanks only where two signs would become one without them. What stands in strings
/// stays as it is. Two texts that differ in more than layout stay different.
pub(super) fn squeeze(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    // A string ends by itself: no sign grows together with it.
    let mut string_before = false;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            gap = true;
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
            continue;
        } else if rest.starts_with("/*") {
            gap = true;
            rest = &rest[comment(rest)..];
            continue;
        } else if c.is_whitespace() {
            gap = true;
            rest = &rest[c.len_utf8()..];
            continue;
        } else {
            string(rest)
        };
        if gap && !string_before && out.chars().next_back().is_some_and(|before| grows_together(before, c)) {
            out.push(' ');
        }
        gap = false;
        string_before = length.is_some();
        let length = length.unwrap_or(c.len_utf8());
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    out
}

/// Whether two signs side by side could be read as one.
fn grows_together(before: char, after: char) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let is_operator = |c: char| "+-*/%=<>!&|^.?:~#@$".contains(c);
    // `1 .. 2` and `1.` are told apart by the blank, as are `a .b` and `a.b` by none.
    is_word(before) && is_word(after)
        || is_operator(before) && is_operator(after)
        || before.is_ascii_digit() && after == '.'
        || before == '.' && after.is_ascii_digit()
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
            ("1 .. 3", "1 .. 3"),
        ];
        for (text, squeezed) in rows {
            assert_eq!(squeeze(text), squeezed, "{text}");
            assert_eq!(squeeze(squeezed), squeezed, "a second time: {text}");
        }
    }
}
