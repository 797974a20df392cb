//! Intrinsic functions: `States.Format('Hello {}', $.name)`.

use super::document::Document;
use super::help;
use super::machine::Machine;
use crate::lang::foreign::term::Term;
use crate::lang::layout;

/// How deep functions may stand in each other; there it is ten.
const DEPTH_MAX: usize = 40;

/// What an intrinsic function gives.
pub fn call(machine: &mut Machine<'_>, text: &str, document: &Document) -> Term {
    let Some((name, arguments)) =
        text.split_once('(').and_then(|(name, rest)| Some((name, rest.trim_end().strip_suffix(')')?)))
    else {
        machine.later(format!("`{text}` is neither a path nor a function"));
        return Term::Path("()".to_owned());
    };
    if depth(text) > DEPTH_MAX {
        machine.later(format!(
            "functions stand deeper in each other than {DEPTH_MAX}: write the value in steps, by `let`"
        ));
        return Term::Path("()".to_owned());
    }
    let terms: Vec<Term> = arguments_of(arguments).iter().map(|text| argument(machine, text, document)).collect();
    let tight: Vec<String> = terms.iter().map(Term::tight).collect();
    let plain: Vec<String> = terms.iter().map(Term::expression).collect();
    let name = name.trim().strip_prefix("States.").unwrap_or_default();
    let code = match (name, tight.as_slice()) {
        ("Format", [_, ..]) => return formatted(&arguments_of(arguments), &plain),
        ("Array", _) => return Term::List(terms),
        ("StringToJson", [text]) => format!("parse_json({text})"),
        ("JsonToString", [value]) => format!("json({value})"),
        ("ArrayPartition", [list, size]) => format!("chunks({list}, {size})"),
        ("ArrayContains", [list, item]) => return Term::Code(format!("{item} in {list}")),
        ("ArrayRange", [first, last, apart]) => {
            machine.draft.function("array_range", help::ARRAY_RANGE);
            format!("array_range({first}, {last}, {apart})")
        }
        ("ArrayGetItem", [list, at]) => format!("{list}[{}]", plain.get(1).unwrap_or(at)),
        ("ArrayLength", [list]) => format!("{list}.len()"),
        ("ArrayUnique", [list]) => format!("unique({list})"),
        ("Base64Encode", [text]) => format!("base64({text})"),
        ("Base64Decode", [text]) => {
            machine.draft.function("base64_decode", help::BASE64_DECODE);
            format!("base64_decode({text})")
        }
        ("Hash", [value, algorithm]) if algorithm == "\"SHA-256\"" => format!("sha256({value})"),
        ("JsonMerge", [left, right, ..]) => return Term::Code(format!("{left} + {right}")),
        ("MathRandom", [first, last, ..]) => return Term::Code(format!("{first} + random({last} - {first})")),
        ("MathAdd", [left, right]) => return Term::Code(format!("{left} + {right}")),
        ("StringSplit", [text, letters]) => {
            machine.draft.function("string_split", help::STRING_SPLIT);
            format!("string_split({text}, {letters})")
        }
        ("UUID", []) => "uuid()".to_owned(),
        _ => {
            machine.later(format!("nothing here is `{text}`"));
            "()".to_owned()
        }
    };
    Term::Path(code)
}

/// `States.Format`: a text with a hole for each `{}`.
fn formatted(written: &[String], plain: &[String]) -> Term {
    let template = written.first().and_then(|text| quoted(text));
    let Some(template) = template else {
        return Term::Path(plain.first().cloned().unwrap_or_default());
    };
    let mut text = String::from("\"");
    let mut values = plain.iter().skip(1);
    let mut part = String::new();
    let mut letters = template.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => part.extend(letters.next()),
            '{' if letters.peek() == Some(&'}') => {
                letters.next();
                text.push_str(&layout::inside(&std::mem::take(&mut part)));
                if let Some(value) = values.next() {
                    text.push_str(&format!("${{{value}}}"));
                }
            }
            letter => part.push(letter),
        }
    }
    text.push_str(&layout::inside(&part));
    text.push('"');
    Term::Path(text)
}

fn argument(machine: &mut Machine<'_>, text: &str, document: &Document) -> Term {
    if let Some(inside) = quoted(text) {
        let mut plain = String::new();
        let mut letters = inside.chars();
        while let Some(letter) = letters.next() {
            if letter == '\\' { plain.extend(letters.next()) } else { plain.push(letter) }
        }
        return Term::text(&plain);
    }
    if let Ok(json) = serde_json::from_str::<serde_json::Value>(text) {
        return Term::of(&json);
    }
    machine.read(text, document).term(&mut machine.reads)
}

/// How deep the brackets of a text stand in each other at most.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0usize);
    for letter in text.chars() {
        match letter {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// What stands between the quotes of a text.
fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('\'')?.strip_suffix('\'')
}

/// The arguments of a call, each as it is written.
fn arguments_of(text: &str) -> Vec<String> {
    let mut arguments = vec![String::new()];
    let (mut depth, mut in_text, mut escaped) = (0usize, false, false);
    for letter in text.chars() {
        let is_plain = !in_text && depth == 0;
        match letter {
            ',' if is_plain => {
                arguments.push(String::new());
                continue;
            }
            '\'' if !escaped => in_text = !in_text,
            '(' | '[' if !in_text => depth += 1,
            ')' | ']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        escaped = letter == '\\' && !escaped;
        arguments.last_mut().into_iter().for_each(|argument| argument.push(letter));
    }
    let arguments: Vec<String> = arguments.iter().map(|argument| argument.trim().to_owned()).collect();
    if arguments.len() == 1 && arguments[0].is_empty() { Vec::new() } else { arguments }
}
