//! Numbers, durations, characters and strings, as the lexer meets them.

use super::code;
use super::fault::Fault;
use super::token::{Kind, Lexer, Piece};
use crate::base::span::Span;
use crate::base::time::Duration;

/// A number or a duration; stands at its first digit.
pub(super) fn number(lexer: &mut Lexer<'_>) -> Result<Kind, Fault> {
    let start = lexer.at;
    let rest = lexer.rest();
    if let Some((radix, digits)) = radix(rest) {
        let length = digits.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(digits.len());
        lexer.at += 2 + length;
        // As in Rhai, a number written by its bits may use all 64 of them.
        let number = u64::from_str_radix(&digits[..length].replace('_', ""), radix);
        let span = lexer.span(start, lexer.at);
        return number.map(|number| Kind::Int(number.cast_signed())).map_err(|_| wrong(rest, span, lexer.at - start));
    }
    let mut length = digits(rest);
    let mut float = false;
    let mut after = rest[length..].chars();
    if after.next() == Some('.') {
        match after.next() {
            Some(c) if c.is_ascii_digit() => {
                float = true;
                length += 1 + digits(&rest[length + 1..]);
            }
            // `1..5` is a range and `1.abs()` a call; `1.` alone is a float, as in Rhai.
            Some(c) if c == '.' || c == '_' || c.is_ascii_alphabetic() => {}
            _ => {
                lexer.at += length + 1;
                return float_of(lexer, start);
            }
        }
    }
    let tail = &rest[length..];
    if let Some(exponent) = tail.strip_prefix(['e', 'E']) {
        let sign = exponent.len() - exponent.trim_start_matches(['+', '-']).len();
        let count = digits(&exponent[sign.min(1)..]);
        if sign < 2 && count > 0 {
            lexer.at += length + 1 + sign + count;
            return float_of(lexer, start);
        }
    }
    if tail.starts_with(|c: char| c.is_ascii_alphabetic()) {
        let end = tail.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(tail.len());
        lexer.at += length + end;
        return duration(lexer, start, float);
    }
    lexer.at += length;
    if float {
        return float_of(lexer, start);
    }
    let text = lexer.text[start..lexer.at].replace('_', "");
    let span = lexer.span(start, lexer.at);
    if text.parse() == Ok(i64::MIN.unsigned_abs()) {
        return Ok(Kind::Lowest);
    }
    text.parse().map(Kind::Int).map_err(|_| too_large(&text, span))
}

/// An int that no int can hold.
pub(super) fn too_large(text: &str, span: Span) -> Fault {
    Fault::error(code::NUMBER, span, format!("`{text}` is too large for an int"))
        .hint(format!("whole numbers go up to {}; with `.0` it is a float", i64::MAX))
}

fn radix(text: &str) -> Option<(u32, &str)> {
    let rest = text.strip_prefix('0')?;
    let radix = match rest.chars().next()? {
        'x' | 'X' => 16,
        'o' | 'O' => 8,
        'b' | 'B' => 2,
        _ => return None,
    };
    Some((radix, &rest[1..]))
}

/// How many digits and `_` the text begins with.
fn digits(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len())
}

fn float_of(lexer: &Lexer<'_>, start: usize) -> Result<Kind, Fault> {
    let text = lexer.text[start..lexer.at].replace('_', "");
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Kind::Float(number)),
        _ => Err(wrong(&text, lexer.span(start, lexer.at), text.len())),
    }
}

fn duration(lexer: &Lexer<'_>, start: usize, float: bool) -> Result<Kind, Fault> {
    let text = &lexer.text[start..lexer.at];
    let span = lexer.span(start, lexer.at);
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_' || c == '.');
    if float && ["ms", "s", "m", "h", "d", "w"].contains(&unit) {
        return Err(Fault::error(code::NUMBER, span, format!("`{text}`: a duration counts whole units"))
            .hint("write it in the next smaller unit, such as `90m` for one hour and a half"));
    }
    text.replace('_', "").parse::<Duration>().map(Kind::Duration).map_err(|_| {
        let advice = match unit {
            "sec" | "secs" | "second" | "seconds" => "s",
            "min" | "mins" | "minute" | "minutes" => "m",
            "hr" | "hrs" | "hour" | "hours" => "h",
            "day" | "days" => "d",
            "week" | "weeks" => "w",
            "millis" | "msec" => "ms",
            _ => "",
        };
        let found = Fault::error(code::NUMBER, span, format!("`{text}` is neither a number nor a duration"));
        if advice.is_empty() {
            return found.hint("the units of durations are `ms`, `s`, `m`, `h`, `d` and `w`: `500ms`, `30s`, `1h30m`");
        }
        let mended = format!("{}{advice}", &text[..text.len() - unit.len()]);
        found.fix(format!("write `{mended}`"), span, mended)
    })
}

fn wrong(text: &str, span: Span, length: usize) -> Fault {
    Fault::error(code::NUMBER, span, format!("`{}` is no number", &text[..length.min(text.len())]))
}

/// `'x'`: one character; stands at the quote.
pub(super) fn character(lexer: &mut Lexer<'_>) -> Result<Kind, Fault> {
    let start = lexer.at;
    lexer.at += 1;
    let first = match lexer.peek() {
        Some('\\') => escape(lexer)?,
        Some(c) if c != '\'' && c != '\n' => {
            lexer.at += c.len_utf8();
            Some(c)
        }
        _ => None,
    };
    if let (Some(c), Some('\'')) = (first, lexer.peek()) {
        lexer.at += 1;
        return Ok(Kind::Char(c));
    }
    let line = lexer.text[start + 1..].lines().next().unwrap_or_default();
    let Some(length) = line.find('\'') else {
        let span = lexer.span(start, start + 1);
        return Err(Fault::error(code::STRING, span, "this `'` is never closed")
            .hint("`'x'` is one character; texts stand in `\"`"));
    };
    let span = lexer.span(start, start + length + 2);
    let body = &line[..length];
    Err(Fault::error(code::MISTAKEN, span, "texts stand in double quotes").fix(
        format!("write `\"{body}\"`"),
        span,
        format!("\"{}\"", body.replace('"', "\\\"")),
    ))
}

/// `"..."`, `"""..."""` or a back-tick string; stands at the quote.
pub(super) fn text(lexer: &mut Lexer<'_>) -> Result<Kind, Fault> {
    if lexer.rest().starts_with("\"\"\"") {
        return block(lexer);
    }
    let start = lexer.at;
    let ticks = lexer.rest().starts_with('`');
    lexer.at += 1;
    if ticks {
        // Rhai drops a line break just behind the opening back-tick.
        let rest = lexer.rest();
        lexer.at += if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
    }
    let mut pieces = Pieces::default();
    loop {
        let unclosed = |lexer: &Lexer<'_>| {
            let span = lexer.span(start, start + 1);
            if ticks {
                return Fault::error(code::STRING, span, "this string is never closed");
            }
            Fault::error(code::STRING, span, "this string does not end on its line")
                .hint("put a `\"` at its end; for several lines open and close it by `\"\"\"`")
        };
        let Some(next) = lexer.peek() else { return Err(unclosed(lexer)) };
        match next {
            '"' if !ticks => {
                // Rhai reads a doubled quote inside a string as one.
                if lexer.rest().starts_with("\"\"") {
                    lexer.at += 2;
                    pieces.push('"');
                    continue;
                }
                lexer.at += 1;
                break;
            }
            '`' if ticks => {
                lexer.at += 1;
                if lexer.peek() != Some('`') {
                    break;
                }
                lexer.at += 1;
                pieces.push('`');
            }
            '\n' if !ticks => return Err(unclosed(lexer)),
            '\\' if !ticks => {
                // A `\` at the end of a line joins the next one, as in Rhai: without the blanks up to where the text began.
                let rest = lexer.rest();
                if let Some(broken) = ["\\\r\n", "\\\n"].into_iter().find(|broken| rest.starts_with(broken)) {
                    let next = &rest[broken.len()..];
                    let indent = next.len() - next.trim_start_matches([' ', '\t']).len();
                    lexer.at += broken.len() + indent.min(lexer.column(start).unwrap_or(indent));
                } else if let Some(c) = escape(lexer)? {
                    pieces.push(c);
                }
            }
            '$' if lexer.rest().starts_with("${") => {
                lexer.at += 2;
                // Rhai's own strings may have nothing between the braces.
                let empty = if ticks { lexer.rest().trim_start().strip_prefix('}') } else { None };
                match empty {
                    Some(behind) => lexer.at = lexer.text.len() - behind.len(),
                    None => pieces.code(lexer)?,
                }
            }
            c => {
                lexer.at += c.len_utf8();
                pieces.push(c);
            }
        }
    }
    Ok(Kind::Text(pieces.done()))
}

/// `#"..."#`: nothing in it means anything; stands at the first `#`.
pub(super) fn raw(lexer: &mut Lexer<'_>) -> Result<Kind, Fault> {
    let start = lexer.at;
    let rest = lexer.rest();
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    if !rest[hashes..].starts_with('"') {
        let span = lexer.span(start, start + hashes);
        return Err(Fault::error(code::SYNTAX, span, "`#` begins a map `#{ }` or a raw string `#\"...\"#`"));
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let body = &rest[hashes + 1..];
    let Some(length) = body.find(&close) else {
        let span = lexer.span(start, start + hashes + 1);
        return Err(
            Fault::error(code::STRING, span, "this raw string is never closed").hint(format!("close it by `{close}`"))
        );
    };
    lexer.at += hashes + 1 + length + close.len();
    Ok(Kind::Text(vec![Piece::Plain(body[..length].to_owned())]))
}

/// `"""` to `"""`: several lines whose common indentation is dropped; stands at the first quote.
fn block(lexer: &mut Lexer<'_>) -> Result<Kind, Fault> {
    let start = lexer.at;
    lexer.at += 3;
    // Each line is kept apart until the common indentation is known. `None` marks the place of code in a line.
    let mut pieces = Pieces::default();
    let mut starts = vec![];
    let rest = lexer.rest();
    let opening = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let broken = rest[opening..].starts_with('\n') || rest[opening..].starts_with("\r\n");
    if broken {
        lexer.at += opening + if rest[opening..].starts_with('\n') { 1 } else { 2 };
        starts.push(lexer.at);
    }
    let indent = indentation(lexer, lexer.at, broken);
    let mut at_line_start = broken;
    loop {
        if at_line_start {
            at_line_start = false;
            let rest = lexer.rest();
            let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            if rest[blank..].starts_with("\"\"\"") {
                // The line break just before the closing quotes does not belong to the text.
                pieces.drop_line_break();
                lexer.at += blank;
            } else {
                lexer.at += blank.min(indent);
            }
        }
        let Some(next) = lexer.peek() else {
            let span = lexer.span(start, start + 3);
            return Err(Fault::error(code::STRING, span, "this text is never closed").hint("close it by `\"\"\"`"));
        };
        match next {
            '"' if lexer.rest().starts_with("\"\"\"") => {
                lexer.at += 3;
                break;
            }
            '\\' => {
                if let Some(c) = escape(lexer)? {
                    pieces.push(c);
                }
            }
            '$' if lexer.rest().starts_with("${") => {
                lexer.at += 2;
                pieces.code(lexer)?;
            }
            '\r' if lexer.rest().starts_with("\r\n") => lexer.at += 1,
            '\n' => {
                lexer.at += 1;
                pieces.push('\n');
                at_line_start = true;
            }
            c => {
                lexer.at += c.len_utf8();
                pieces.push(c);
            }
        }
    }
    Ok(Kind::Text(pieces.done()))
}

/// The smallest indentation of the lines of a `"""` text that are not blank, the closing line included. Lines inside
/// `${ }` count as well: they are rare, and a text that is taken apart before it is understood must not look into them.
fn indentation(lexer: &Lexer<'_>, from: usize, broken: bool) -> usize {
    let text = &lexer.text[from..];
    let text = &text[..text.find("\"\"\"").unwrap_or(text.len())];
    let lines = text.split('\n').skip(usize::from(!broken));
    let last = text.split('\n').count().saturating_sub(1 + usize::from(!broken));
    lines
        .enumerate()
        .filter(|(index, line)| *index == last || !line.trim().is_empty())
        .map(|(_, line)| line.len() - line.trim_start_matches([' ', '\t']).len())
        .min()
        .unwrap_or(0)
}

/// One escape; stands at the `\`. `None` where it stands for nothing.
fn escape(lexer: &mut Lexer<'_>) -> Result<Option<char>, Fault> {
    let start = lexer.at;
    lexer.at += 1;
    let Some(next) = lexer.peek() else {
        return Err(Fault::error(code::STRING, lexer.span(start, start + 1), "a `\\` at the very end"));
    };
    lexer.at += next.len_utf8();
    let length = match next {
        '\\' | '"' | '$' | '\'' | '`' => return Ok(Some(next)),
        'n' => return Ok(Some('\n')),
        'r' => return Ok(Some('\r')),
        't' => return Ok(Some('\t')),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => {
            let span = lexer.span(start, lexer.at);
            return Err(Fault::error(code::STRING, span, format!("`\\{next}` is no escape"))
                .fix(format!("write `\\\\{next}` for the two characters"), span, format!("\\\\{next}"))
                .hint("there are `\\\\ \\\" \\n \\r \\t \\$ \\xHH \\uHHHH \\UHHHHHHHH`; in `#\"...\"#` nothing is escaped"));
        }
    };
    let digits = lexer.rest().get(..length).filter(|digits| digits.chars().all(|c| c.is_ascii_hexdigit()));
    let found = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
    let Some(found) = found else {
        let end = (lexer.at + digits.map_or(0, str::len)).min(lexer.text.len());
        let span = lexer.span(start, end);
        return Err(Fault::error(
            code::STRING,
            span,
            format!("`\\{next}` needs {length} hexadecimal digits of a character"),
        ));
    };
    lexer.at += length;
    Ok(Some(found))
}

/// The pieces of a string as they come.
#[derive(Default)]
struct Pieces {
    done: Vec<Piece>,
    plain: String,
}

impl Pieces {
    fn push(&mut self, c: char) {
        self.plain.push(c);
    }

    fn drop_line_break(&mut self) {
        if self.plain.ends_with('\n') {
            self.plain.pop();
        }
    }

    fn code(&mut self, lexer: &mut Lexer<'_>) -> Result<(), Fault> {
        let tokens = lexer.inner()?;
        if !self.plain.is_empty() {
            self.done.push(Piece::Plain(std::mem::take(&mut self.plain)));
        }
        self.done.push(Piece::Code(tokens));
        Ok(())
    }

    fn done(mut self) -> Vec<Piece> {
        if !self.plain.is_empty() || self.done.is_empty() {
            self.done.push(Piece::Plain(self.plain));
        }
        self.done
    }
}
