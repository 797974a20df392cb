//! Characters that nobody sees, though terminals, editors and parsers act on them.

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
