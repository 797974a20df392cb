//! Characters that nobody sees, though terminals, editors and parsers act on them.

/// The sign that begins an instruction to a terminal.
const ESCAPE: char = '\u{1b}';

/// Whether a character takes no room, looks like a blank and is none, or controls what is shown.
pub fn is_hidden(letter: char) -> bool {
    let blank = letter.is_whitespace() && !matches!(letter, ' ' | '\t' | '\r' | '\n');
    let control = letter.is_control() && !matches!(letter, '\t' | '\r' | '\n');
    let shapeless = matches!(
        letter,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{206a}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    );
    blank || control || shapeless || turns(letter)
}

/// Whether a character changes the direction of the text behind it, so that what is shown is not what is there.
pub fn turns(letter: char) -> bool {
    matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a header can have this name (RFC 9110).
pub fn is_header_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}

/// `text` as it may be shown: signs that a terminal would obey are written out, but for the ends of lines, tabs, and the colours
/// that this program uses.
pub fn shown(text: &str) -> String {
    let stays = |at: usize, sign| matches!(sign, '\n' | '\t') || sign == ESCAPE && is_colour(&text[at + 1..]);
    written(text, stays)
}

/// The same in one line, and without colours.
pub fn one_line(text: &str) -> String {
    written(text, |_, sign| sign == '\t')
}

fn written(text: &str, stays: impl Fn(usize, char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for (at, sign) in text.char_indices() {
        if sign.is_control() && !stays(at, sign) {
            shown.extend(sign.escape_default());
        } else {
            shown.push(sign);
        }
    }
    shown
}

/// Whether what follows an escape sets a colour, and does nothing else.
fn is_colour(rest: &str) -> bool {
    let Some(rest) = rest.strip_prefix('[') else { return false };
    rest.trim_start_matches(|sign: char| sign.is_ascii_digit() || sign == ';').starts_with('m')
}
