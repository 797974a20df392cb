//! Where words, numbers and signs of Rhai end: for whoever leaves out blanks, or puts some in.

/// The signs of several characters, longest first. Those that Rhai does not know are here because nobody may take them apart: what
/// is written instead is said where they are read.
pub const SIGNS: [&str; 39] = [
    "<<=", ">>=", "**=", "..=", "===", "!==", "...", "<=>", "#{", "?.", "?[", "??", "::", "=>", "->", "<-", ":=", "++",
    "--", "==", "!=", "<=", ">=", "&&", "||", "**", "<<", ">>", "..", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=",
    "//", "/*",
];

/// How long the lexeme is with which `rest` begins, which is no text and no comment.
pub fn length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    match bytes.first() {
        Some(b'0'..=b'9') => number_length(bytes),
        Some(byte) if is_letter(*byte) => word_length(bytes),
        _ => {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            sign.map_or_else(|| rest.chars().next().map_or(0, char::len_utf8), |sign| sign.len())
        }
    }
}

pub(super) fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// How long the word is with which `rest` begins.
pub(super) fn word_length(rest: &[u8]) -> usize {
    rest.iter().take_while(|byte| is_letter(**byte)).count()
}

/// How long the number is with which `rest` begins: `10_000`, `1.5`, `1e-3`, `0xff`, `5m`, and Rhai's `1.`.
pub(super) fn number_length(rest: &[u8]) -> usize {
    let digits = |from: usize| rest[from..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'_').count();
    let mut length = digits(0);
    if rest.get(length) == Some(&b'.') {
        match rest.get(length + 1) {
            Some(next) if next.is_ascii_digit() => length += 1 + digits(length + 1),
            Some(next) if *next == b'.' || is_letter(*next) => {}
            // What ends a `1.` is no name and no further point.
            _ => length += 1,
        }
    }
    if let [b'e' | b'E', b'+' | b'-', b'0'..=b'9', ..] = &rest[length..] {
        length += 2 + digits(length + 2);
    }
    length + word_length(&rest[length..])
}

/// Whether two lexemes that are no texts would be read as others if nothing stood between them. Of `after` the first three
/// characters are enough.
pub fn grow_together(before: &str, after: &str) -> bool {
    let (Some(last), Some(next)) = (before.bytes().last(), after.bytes().next()) else { return false };
    if before.starts_with(|first: char| first.is_ascii_digit()) {
        let open = last == b'.';
        let goes_on =
            after.strip_prefix('.').is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
        return is_letter(next) || if open { next == b'.' } else { goes_on };
    }
    if is_letter(last) {
        return is_letter(next);
    }
    let longer = SIGNS.iter().filter(|sign| sign.len() > before.len());
    longer.filter_map(|sign| sign.strip_prefix(before)).any(|rest| after.starts_with(rest))
}
