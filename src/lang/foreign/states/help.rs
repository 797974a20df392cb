//! Functions that programs are given where the language has none of the kind.

/// `States.ArrayRange`, `[1..5]`.
pub const ARRAY_RANGE: &str = "\
/// The numbers from one to another, both included, so far apart.
fn array_range(first, last, apart) {
    let numbers = [];
    let number = first;
    while if apart > 0 { number <= last } else { number >= last } {
        numbers.push(number);
        number += apart;
    }
    numbers
}
";

/// `States.StringSplit`.
pub const STRING_SPLIT: &str = "\
/// The parts of a text between any of the letters of another; empty ones are left out.
fn string_split(text, letters) {
    let parts = [];
    let part = \"\";
    for letter in text.chars() {
        if letter in letters {
            if part != \"\" { parts.push(part); }
            part = \"\";
        } else {
            part += letter;
        }
    }
    if part != \"\" { parts.push(part); }
    parts
}
";

/// `States.Base64Decode`.
pub const BASE64_DECODE: &str = "\
/// The text that stands behind one in base64.
fn base64_decode(text) {
    let letters = \"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/\";
    let bytes = blob();
    let held = 0;
    let bits = 0;
    for letter in text.chars() {
        let value = letters.index_of(letter);
        if value >= 0 {
            held = (held << 6 | value) & 0xffff;
            bits += 6;
        }
        if bits >= 8 {
            bits -= 8;
            bytes.push(held >> bits & 0xff);
        }
    }
    bytes.as_string()
}
";

/// `list[1:3]` of JSONPath.
pub const SLICE: &str = "\
/// The items of a list from one place up to another; places below zero count from the end.
fn slice(list, from, to) {
    let mine = list;
    let place = |at| if at < 0 { max([mine.len() + at, 0]) } else { at };
    let first = place.call(from);
    mine.extract(first..max([place.call(to), first]))
}
";
