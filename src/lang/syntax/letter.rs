//! Characters that cannot be seen, or that look like others: they come from word processors, chats, and people who want to deceive.

use std::ops::Range;

use super::code;
use super::faults::Faults;
use crate::base::diagnostic::{Diagnostic, Severity};
use crate::base::letter::turns;

/// The ASCII character that an unusual one is taken for.
pub(super) fn plain(letter: char) -> Option<char> {
    Some(match letter {
        '\u{ff01}'..='\u{ff5e}' if !letter.is_alphanumeric() => char::from_u32(letter as u32 - 0xfee0)?,
        '–' | '—' | '−' | '‐' | '‑' => '-',
        '、' => ',',
        '×' => '*',
        '÷' => '/',
        _ => return None,
    })
}

/// The quote that ends a text begun with this one.
pub(super) fn closing_quote(letter: char) -> Option<char> {
    Some(match letter {
        '“' | '„' | '”' => '”',
        '‘' | '‚' | '’' => '’',
        '«' => '»',
        _ => return None,
    })
}

/// What is said about hidden characters outside texts.
pub(super) fn hidden(text: &str, range: Range<usize>, faults: &Faults<'_>) -> Diagnostic {
    let letter = text[range.clone()].chars().next().unwrap_or(' ');
    let name = name(letter);
    let span = faults.span(range.clone());
    let blank = if letter.is_whitespace() { " " } else { "" };
    let advice = if blank.is_empty() { "delete it" } else { "write an ordinary blank" };
    faults
        .error(code::ODD_CHARACTER, range, format!("{name} stands here"))
        .label("it cannot be seen")
        .fix(advice, span, blank)
}

/// Warns of characters inside a text or a comment that show the reader something else than what is there.
pub(super) fn check_inside(text: &str, range: Range<usize>, faults: &mut Faults<'_>) {
    let inside = &text[range.clone()];
    if inside.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r')) {
        return;
    }
    let odd = |letter: char| turns(letter) || (letter.is_control() && !matches!(letter, '\t' | '\n' | '\r'));
    if let Some((at, letter)) = inside.char_indices().find(|(_, letter)| odd(*letter)) {
        let at = range.start + at..range.start + at + letter.len_utf8();
        let mut warning = faults
            .error(code::ODD_CHARACTER, at, format!("{} stands here", name(letter)))
            .label("what is shown may differ from what is meant");
        warning.severity = Severity::Warning;
        let escape = if (letter as u32) < 0x100 {
            format!("\\x{:02X}", letter as u32)
        } else {
            format!("\\u{:04X}", letter as u32)
        };
        faults.push(warning.hint(format!("if it is meant, write `{escape}`")));
    }
}

/// A hidden character in words.
fn name(letter: char) -> String {
    let known = match letter {
        '\0' => "a NUL character",
        '\u{a0}' | '\u{202f}' | '\u{2007}' => "a no-break space",
        '\u{200b}' => "a zero-width space",
        '\u{200c}' | '\u{200d}' => "a zero-width joiner",
        '\u{feff}' => "a byte order mark",
        '\u{ad}' => "a soft hyphen",
        _ if turns(letter) || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{61c}') => {
            "a character that changes the direction of text"
        }
        _ if letter.is_whitespace() => "an unusual blank",
        _ if letter.is_control() => "a control character",
        _ => "a character without a shape",
    };
    format!("{known} (U+{:04X})", letter as u32)
}

/// A letter beyond ASCII in letters of ASCII, as people spell it who have no other.
pub(super) fn spelt(letter: char) -> &'static str {
    match letter {
        'ä' | 'æ' => "ae",
        'Ä' | 'Æ' => "Ae",
        'ö' | 'œ' => "oe",
        'Ö' => "Oe",
        'ü' => "ue",
        'Ü' => "Ue",
        'ß' => "ss",
        'à' | 'á' | 'â' | 'ã' | 'å' | 'ā' | 'ą' => "a",
        'ç' | 'ć' | 'č' => "c",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' => "e",
        'ì' | 'í' | 'î' | 'ï' => "i",
        'ł' => "l",
        'ñ' | 'ń' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ø' => "o",
        'ś' | 'š' => "s",
        'ù' | 'ú' | 'û' => "u",
        'ý' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => "_",
    }
}

/// A name that Rhai can read, made of any words; nothing where no letter is left.
pub(super) fn name_of(words: &str) -> Option<String> {
    let mut name = String::new();
    for letter in words.chars() {
        match letter {
            'a'..='z' | 'A'..='Z' | '0'..='9' => name.push(letter),
            _ if letter.is_ascii() => name.push('_'),
            _ => name.push_str(spelt(letter)),
        }
    }
    let mut name = name.trim_matches('_').to_owned();
    while name.contains("__") {
        name = name.replace("__", "_");
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert(0, '_');
    }
    name.contains(|c: char| c.is_ascii_alphabetic()).then_some(name)
}
