//! Words and signs of JavaScript.

/// A word or a sign.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    Name(String),
    Number(String),
    Text(String),
    /// Texts and the source of values between them.
    Template(Vec<Piece>),
    Regex(String, String),
    Sign(&'static str),
}

/// A part of a text with values in it.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    Text(String),
    Source(String),
}

/// Signs, longer ones before those that they begin with.
const SIGNS: [&str; 42] = [
    "===", "!==", "...", "**", "=>", "==", "!=", "<=", ">=", "&&", "||", "??", "?.", "++", "--", "+=", "-=", "*=",
    "/=", "+", "-", "*", "/", "%", "<", ">", "!", "?", ":", ".", ",", ";", "(", ")", "[", "]", "{", "}", "=", "&", "|",
    "~",
];

/// The words and signs of a text, or what cannot be read in it.
pub fn tokens(source: &str) -> Result<Vec<Token>, String> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut rest = source.trim_start();
    while let Some(letter) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("//") {
            rest = comment.split_once('\n').map_or("", |(_, behind)| behind).trim_start();
            continue;
        }
        if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, behind)| behind).trim_start();
            continue;
        }
        let (token, behind) = match letter {
            '"' | '\'' => text(rest, letter)?,
            '`' => template(rest)?,
            '/' if begins_value(tokens.last()) => regex(rest)?,
            letter if letter.is_ascii_digit() => number(rest),
            letter if letter.is_alphabetic() || matches!(letter, '$' | '_') => name(rest),
            _ => {
                let sign =
                    SIGNS.iter().find(|sign| rest.starts_with(**sign)).ok_or("it has a sign of no meaning here")?;
                // `a?.5:b` is a choice.
                let digit = rest[sign.len()..].starts_with(|c: char| c.is_ascii_digit());
                let sign = if *sign == "?." && digit { "?" } else { sign };
                (Token::Sign(sign), &rest[sign.len()..])
            }
        };
        tokens.push(token);
        rest = behind.trim_start();
    }
    Ok(tokens)
}

/// Whether a value, rather than an operator, stands behind a token.
fn begins_value(before: Option<&Token>) -> bool {
    match before {
        None => true,
        Some(Token::Sign(sign)) => !matches!(*sign, ")" | "]" | "}"),
        Some(Token::Name(word)) => word == "return",
        Some(_) => false,
    }
}

fn name(rest: &str) -> (Token, &str) {
    let end = rest.find(|c: char| !c.is_alphanumeric() && !matches!(c, '$' | '_')).unwrap_or(rest.len());
    (Token::Name(rest[..end].to_owned()), &rest[end..])
}

fn number(rest: &str) -> (Token, &str) {
    let end = rest.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '_')).unwrap_or(rest.len());
    (Token::Number(rest[..end].trim_end_matches('.').to_owned()), &rest[end..])
}

fn text(rest: &str, quote: char) -> Result<(Token, &str), String> {
    let mut read = String::new();
    let mut letters = rest[1..].char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => read.extend(letters.next().map(|(_, letter)| meant(letter))),
            letter if letter == quote => return Ok((Token::Text(read), &rest[1 + at + 1..])),
            letter => read.push(letter),
        }
    }
    Err("a text in it does not end".to_owned())
}

/// The letter that stands behind a backslash.
fn meant(letter: char) -> char {
    match letter {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        letter => letter,
    }
}

fn template(rest: &str) -> Result<(Token, &str), String> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut read = String::new();
    let mut at = 1;
    while let Some(letter) = rest[at..].chars().next() {
        if letter == '`' {
            pieces.push(Piece::Text(read));
            return Ok((Token::Template(pieces), &rest[at + 1..]));
        }
        if let Some(inside) = rest[at..].strip_prefix("${") {
            let end = closing(inside).ok_or("a value in a text does not end")?;
            pieces.push(Piece::Text(std::mem::take(&mut read)));
            pieces.push(Piece::Source(inside[..end].to_owned()));
            at += 2 + end + 1;
            continue;
        }
        at += letter.len_utf8();
        if letter == '\\' {
            let Some(letter) = rest[at..].chars().next() else { break };
            read.push(meant(letter));
            at += letter.len_utf8();
        } else {
            read.push(letter);
        }
    }
    Err("a text in it does not end".to_owned())
}

/// Where the bracket closes that was opened before.
fn closing(inside: &str) -> Option<usize> {
    let mut depth = 0usize;
    let mut quote: Option<char> = None;
    for (at, letter) in inside.char_indices() {
        match (quote, letter) {
            (Some(open), letter) if open == letter => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(letter),
            (None, '{') => depth += 1,
            (None, '}') if depth == 0 => return Some(at),
            (None, '}') => depth -= 1,
            (None, _) => {}
        }
    }
    None
}

fn regex(rest: &str) -> Result<(Token, &str), String> {
    let (mut in_class, mut escaped) = (false, false);
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => in_class = true,
            ']' => in_class = false,
            '/' if !in_class => {
                let flags = &rest[at + 1..];
                let end = flags.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(flags.len());
                return Ok((Token::Regex(rest[1..at].to_owned(), flags[..end].to_owned()), &flags[end..]));
            }
            _ => {}
        }
    }
    Err("a pattern in it does not end".to_owned())
}
