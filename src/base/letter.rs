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

/// `text` as people may see it: what a terminal would obey, or not show at all, is written out, but for the ends of lines, tabs, and,
/// where `colours`, those that this program uses. None of them hides anything.
pub fn shown(text: &str, colours: bool) -> String {
    // A blank of another width is one all the same.
    let acts = |sign: char| sign.is_control() || is_hidden(sign) && !sign.is_whitespace();
    written(text, acts, |at, sign| is_kept(text, at, sign, colours))
}

/// `text` as others may read it: as [`shown`], but that what cannot be seen stays, since words may need it.
pub fn handed_over(text: &str, colours: bool) -> String {
    written(text, char::is_control, |at, sign| is_kept(text, at, sign, colours))
}

/// The same in one line, and without colours.
pub fn one_line(text: &str) -> String {
    written(text, char::is_control, |_, sign| sign == '\t')
}

fn is_kept(text: &str, at: usize, sign: char, colours: bool) -> bool {
    matches!(sign, '\n' | '\t') || colours && sign == ESCAPE && is_colour(&text[at + 1..])
}

fn written(text: &str, acts: impl Fn(char) -> bool, stays: impl Fn(usize, char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for (at, sign) in text.char_indices() {
        if acts(sign) && !stays(at, sign) {
            shown.extend(sign.escape_default());
        } else {
            shown.push(sign);
        }
    }
    shown
}

/// Whether what follows an escape sets a colour in which words can be read, or takes one back, and does nothing else.
fn is_colour(rest: &str) -> bool {
    let Some((codes, _)) = rest.strip_prefix('[').and_then(|rest| rest.split_once('m')) else { return false };
    let is_readable = |code: &str| {
        matches!(code, "" | "0" | "1" | "2" | "4") || matches!(code.as_bytes(), [b'3' | b'9', b'1'..=b'6'])
    };
    codes.split(';').all(is_readable)
}
