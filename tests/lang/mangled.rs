//! A program with something done to it: comments where one can stand, lines broken and joined, words lost and doubled, letters of
//! all the world. Often it is no program any more; where it is one, nobody would have thought of it.

use super::respaced::kept_length;
use crate::run::simulator::Chance;

/// The text with some of its gaps and words changed, about one in `rarity`.
pub fn mangled(text: &str, rarity: u64, chance: &mut Chance) -> String {
    let mut out = String::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let length = kept_length(text, at).unwrap_or_else(|| word_length(rest));
        let piece = &rest[..length];
        at += length;
        if !chance.one_in(rarity) {
            out.push_str(piece);
            continue;
        }
        match piece {
            "," => out.push_str(chance.pick::<&str>(&[",\n", "\n", ", ,", " , // end\n", ",\n\n"])),
            "{" | "[" | "(" => {
                out.push_str(piece);
                out.push_str(chance.pick::<&str>(&["\n", " // opened\n", "\n\n\n", " /* in */ ", "\t"]));
            }
            "}" | "]" | ")" => {
                out.push_str(chance.pick::<&str>(&["\n", " /* out */ ", ",", " ", "\n// last\n"]));
                out.push_str(piece);
            }
            _ if piece.trim().is_empty() => out.push_str(chance.pick::<&str>(&GAPS)),
            _ => match chance.below(12) {
                0 => {}
                1 => out.push_str(&format!("{piece} {piece}")),
                2 => out.push_str(&format!("{piece} // {piece}\n")),
                3 => out.push_str("é_ß"),
                _ => out.push_str(&format!("{piece} /* über 東京 */ ")),
            },
        }
    }
    out
}

/// What stands where a gap was.
const GAPS: [&str; 16] = [
    "",
    " ",
    "\n",
    "\r\n",
    "\t",
    " \t \n\n\n \n",
    " // a note\n",
    "\n// a note\n",
    "\n\n    // apart\n\n",
    "\n/// said of what follows\n",
    " /* aside */ ",
    " /* two\n    lines */ ",
    " /* two\r\n lines */\n",
    "\n/* outer /* inner */ */\n",
    ", ",
    "/**/",
];

/// How long the gap, the word or the sign is with which `rest` begins.
fn word_length(rest: &str) -> usize {
    let first = rest.chars().next().unwrap_or(' ');
    let alike = |letter: char| match first {
        _ if first.is_whitespace() => letter.is_whitespace(),
        _ if first.is_alphanumeric() || first == '_' => letter.is_alphanumeric() || letter == '_',
        _ => false,
    };
    first.len_utf8()
        + rest[first.len_utf8()..].chars().take_while(|letter| alike(*letter)).map(char::len_utf8).sum::<usize>()
}
