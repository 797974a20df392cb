//! Words and signs of JSONata.

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// A text.
    Text(String),
    /// A number, as it is written.
    Number(String),
    /// A word; `and`, `or`, `in`, `function` too.
    Word(String),
    /// A word in backticks.
    Quoted(String),
    /// `$name`
    Variable(String),
    /// A sign.
    Sign(&'static str),
}

/// Signs, longer ones before those they begin with.
const SIGNS: [&str; 31] = [
    ":=", "!=", "<=", ">=", "~>", "?:", "??", "..", "**", ".", "[", "]", "{", "}", "(", ")", ",", ":", ";", "?", "+",
    "-", "*", "/", "%", "&", "=", "<", ">", "^", "|",
];

/// The tokens of a text; nothing where it has a sign that there is not.
pub fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = if let Some(behind) = rest.strip_prefix("/*") {
            rest = behind.split_once("*/")?.1.trim_start();
            continue;
        } else if matches!(first, '"' | '\'') {
            text_of(&rest[1..], first)?
        } else if first == '`' {
            let (word, after) = rest[1..].split_once('`')?;
            (Token::Quoted(word.to_owned()), after)
        } else if first.is_ascii_digit() {
            number_of(rest)
        } else if first == '$' {
            let (word, after) = word_of(&rest[1..]);
            match (word.is_empty(), after.strip_prefix('$')) {
                (true, Some(after)) => (Token::Variable("$".to_owned()), after),
                _ => (Token::Variable(word.to_owned()), after),
            }
        } else if first.is_alphabetic() || first == '_' {
            let (word, after) = word_of(rest);
            (Token::Word(word.to_owned()), after)
        } else {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign))?;
            (Token::Sign(sign), &rest[sign.len()..])
        };
        found.push(token);
        rest = after.trim_start();
    }
    Some(found)
}

fn word_of(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len()))
}

fn number_of(text: &str) -> (Token, &str) {
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let mut end = digits(text);
    // `1..5` is a range.
    if text[end..].starts_with('.') && text[end + 1..].starts_with(|c: char| c.is_ascii_digit()) {
        end += 1 + digits(&text[end + 1..]);
    }
    if let Some(exponent) = text[end..].strip_prefix(['e', 'E']) {
        let sign = usize::from(exponent.starts_with(['+', '-']));
        let length = digits(&exponent[sign..]);
        if length > 0 {
            end += 1 + sign + length;
        }
    }
    (Token::Number(text[..end].to_owned()), &text[end..])
}

fn text_of(text: &str, quote: char) -> Option<(Token, &str)> {
    let mut plain = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => {
                let (_, escaped) = letters.next()?;
                match escaped {
                    'n' => plain.push('\n'),
                    't' => plain.push('\t'),
                    'r' => plain.push('\r'),
                    'b' => plain.push('\u{8}'),
                    'f' => plain.push('\u{c}'),
                    'u' => {
                        let digits: String = letters.by_ref().take(4).map(|(_, digit)| digit).collect();
                        plain.push(char::from_u32(u32::from_str_radix(&digits, 16).ok()?).unwrap_or('\u{fffd}'));
                    }
                    other => plain.push(other),
                }
            }
            letter if letter == quote => return Some((Token::Text(plain), &text[at + letter.len_utf8()..])),
            letter => plain.push(letter),
        }
    }
    None
}
