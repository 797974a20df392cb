//! Words and signs of jq.

use super::Piece;
use super::read::read_inside;

/// A word or a sign.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// `.name`
    Field(String),
    /// `name`, `@name`
    Word(String),
    /// `$name`
    Variable(String),
    /// A number.
    Number(serde_json::Number),
    /// A text.
    Text(Vec<Piece>),
    /// `|`, `//`, `[`
    Sign(&'static str),
}

/// Signs, longer ones before what they begin with.
const SIGNS: [&str; 35] = [
    "?//", "//=", "|=", "+=", "-=", "*=", "/=", "%=", "==", "!=", "<=", ">=", "//", "..", ".", "[", "]", "{", "}", "(",
    ")", "|", ",", ":", ";", "=", "<", ">", "+", "-", "*", "/", "%", "?", "!",
];

/// The words and signs of an expression; `depth` counts the texts around it.
pub fn tokens(text: &str, depth: usize) -> Result<Vec<Token>, String> {
    let mut rest = text.trim_start();
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        if first == '#' {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if first == '"' {
            let (pieces, behind) = text_of(&rest[1..], depth)?;
            tokens.push(Token::Text(pieces));
            rest = behind;
        } else if first.is_ascii_digit() {
            let (number, behind) = number(rest)?;
            tokens.push(Token::Number(number));
            rest = behind;
        } else if first == '$' {
            let (name, behind) = word(&rest[1..]);
            if name.is_empty() {
                return Err("`$` without a name".to_owned());
            }
            tokens.push(Token::Variable(name.to_owned()));
            rest = behind;
        } else if first == '@' {
            let (name, behind) = word(&rest[1..]);
            tokens.push(Token::Word(format!("@{name}")));
            rest = behind;
        } else if first == '.' && rest[1..].starts_with(|c: char| c.is_alphabetic() || c == '_') {
            let (name, behind) = word(&rest[1..]);
            tokens.push(Token::Field(name.to_owned()));
            rest = behind;
        } else if first.is_alphabetic() || first == '_' {
            let (name, behind) = word(rest);
            tokens.push(Token::Word(name.to_owned()));
            rest = behind;
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else {
            return Err(format!("`{first}`"));
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

fn word(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len()))
}

fn number(text: &str) -> Result<(serde_json::Number, &str), String> {
    let mut end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    if text[end..].starts_with(['e', 'E']) {
        let exponent = text[end + 1..].trim_start_matches(['+', '-']);
        let sign = text[end + 1..].len() - exponent.len();
        let digits = exponent.find(|c: char| !c.is_ascii_digit()).unwrap_or(exponent.len());
        end += 1 + sign + digits;
    }
    let (digits, behind) = text.split_at(end);
    digits.parse().map(|number| (number, behind)).map_err(|_| format!("`{digits}`"))
}

/// A text, from behind its opening quote.
fn text_of(text: &str, depth: usize) -> Result<(Vec<Piece>, &str), String> {
    let open = || "a text that does not end".to_owned();
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => {
                if !plain.is_empty() {
                    pieces.push(Piece::Plain(plain));
                }
                return Ok((pieces, &text[at + 1..]));
            }
            '\\' => match letters.next().ok_or_else(open)? {
                (at, '(') => {
                    let end = at + 1 + closing(&text[at + 1..]).ok_or_else(open)?;
                    if !plain.is_empty() {
                        pieces.push(Piece::Plain(std::mem::take(&mut plain)));
                    }
                    pieces.push(Piece::Made(read_inside(&text[at + 1..end], depth + 1)?));
                    letters = text.char_indices();
                    letters.by_ref().take_while(|(at, _)| *at < end).for_each(drop);
                }
                (_, 'n') => plain.push('\n'),
                (_, 't') => plain.push('\t'),
                (_, 'r') => plain.push('\r'),
                (at, 'u') => {
                    let code = text.get(at + 1..at + 5).and_then(|digits| u32::from_str_radix(digits, 16).ok());
                    plain.push(code.and_then(char::from_u32).unwrap_or('\u{fffd}'));
                    letters.by_ref().take(4).for_each(drop);
                }
                (_, other) => plain.push(other),
            },
            other => plain.push(other),
        }
    }
    Err(open())
}

/// Where the bracket that was opened is closed.
fn closing(text: &str) -> Option<usize> {
    // Brackets around, and texts between them: `true` for a text.
    let mut around = vec![false];
    let mut is_escaped = false;
    for (at, letter) in text.char_indices() {
        let in_text = *around.last()?;
        match (in_text, letter) {
            (true, '(') if is_escaped => around.push(false),
            (true, '\\') if !is_escaped => {
                is_escaped = true;
                continue;
            }
            (true, '"') if !is_escaped => {
                around.pop();
            }
            (false, '"') => around.push(true),
            (false, '(') => around.push(false),
            (false, ')') => {
                around.pop();
                if around.is_empty() {
                    return Some(at);
                }
            }
            _ => {}
        }
        is_escaped = false;
    }
    None
}
