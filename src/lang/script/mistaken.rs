//! What people who come from other languages write first, and what to write instead.

use std::sync::Arc;

use super::code;
use super::fault::Fault;
use super::parse::{Parsed, Parser};
use super::token;
use super::tree::{Kind, Node};
use crate::base::span::Span;
use crate::base::value::Value;

fn mistake(span: Span, message: impl Into<String>) -> Fault {
    Fault::error(code::MISTAKEN, span, message)
}

/// Whole expressions that begin in a foreign way: `{{ x }}`, `${x}`.
pub(super) fn whole(parser: &Parser) -> Option<Fault> {
    if parser.is("{") && parser.is_at(1, "{") {
        let span = parser.span().to(parser.span_at(1));
        return Some(
            mistake(span, "an expression needs no double braces")
                .hint("write the expression alone: `input.name`; inside of a text `\"Hello ${input.name}\"`"),
        );
    }
    None
}

/// A `{` where a value is expected: `{{ x }}`, or an object without `#`.
pub(super) fn brace(parser: &Parser) -> Option<Fault> {
    let first = parser.span();
    if parser.is_at(1, "{") && !parser.is_at(2, "}") {
        return whole(parser);
    }
    let key = matches!(parser.peek_at(1), token::Kind::Name(_) | token::Kind::Text(_));
    (key && parser.is_at(2, ":"))
        .then(|| mistake(first, "inside of an expression a map begins with `#{`").fix("write `#{`", first, "#{"))
}

/// A word in the place of a value.
pub(super) fn word(parser: &Parser, name: &str) -> Option<Fault> {
    let span = parser.span();
    let called = parser.is_at(1, "(");
    Some(match name {
        "not" if !called || is_value(parser.peek_at(2)) => {
            mistake(span, "`not` is written `!`").fix("write `!`", span, "!")
        }
        "nil" | "None" | "undefined" | "NULL" | "Null" => {
            mistake(span, format!("what is absent is written `()`, not `{name}`")).fix("write `()`", span, "()")
        }
        "True" | "TRUE" => mistake(span, format!("`{name}` is written `true`")).fix("write `true`", span, "true"),
        "False" | "FALSE" => mistake(span, format!("`{name}` is written `false`")).fix("write `false`", span, "false"),
        "f" | "F" if matches!(parser.peek_at(1), token::Kind::Text(_)) && touches(span, parser.span_at(1)) => {
            let text = parser.span_at(1);
            let hint = "every text takes `${ }`: `\"Hello ${input.name}\"`";
            mistake(span, "a text needs no `f` before it")
                .fix("leave the `f` away", span.to(text.before()), "")
                .hint(hint)
        }
        "fn" => mistake(span, "a function without a name is written `|x| ...`, not with `fn`")
            .hint("such as `order.lines.filter(|line| line.price > 100)`"),
        "function" | "lambda" | "def" | "func" if !called || is_value(parser.peek_at(2)) => {
            mistake(span, format!("a function without a name is written `|x| ...`, not with `{name}`"))
                .hint("such as `order.lines.filter(|line| line.price > 100)`")
        }
        "var" => mistake(span, "`var` is written `let`").fix("write `let`", span, "let"),
        "match" if !called => {
            mistake(span, "inside of an expression `match` is written `switch`").fix("write `switch`", span, "switch")
        }
        "new" => mistake(span, "there are no classes to be made by `new`")
            .hint("a map is written `#{ a: 1 }`; a moment `datetime(\"2026-03-29T10:00:00Z\")`"),
        "await" | "async" => {
            mistake(span, format!("there is no `{name}`: steps are waited for without a word")).hint("leave it away")
        }
        _ => return None,
    })
}

/// What stands where the expression should have ended, or where an operator or a bracket was expected.
pub(super) fn instead(parser: &Parser) -> Option<Fault> {
    let span = parser.span();
    Some(match parser.peek() {
        token::Kind::Name(name) => {
            let (wrong, right) = match &**name {
                "and" | "AND" => ("and", "&&"),
                "or" | "OR" => ("or", "||"),
                "is" if parser.is_word_at(1, "not") => {
                    let span = span.to(parser.span_at(1));
                    return Some(mistake(span, "`is not` is written `!=`").fix("write `!=`", span, "!="));
                }
                "is" | "eq" | "equals" => ("is", "=="),
                "ne" => ("ne", "!="),
                "mod" => ("mod", "%"),
                "not" if parser.is_word_at(1, "in") => {
                    let span = span.to(parser.span_at(1));
                    return Some(mistake(span, "`not in` is written `!in`").fix("write `!in`", span, "!in"));
                }
                "elif" | "elsif" | "elseif" => ("elif", "else if"),
                "if" => {
                    return Some(
                        mistake(span, "a choice begins with its condition")
                            .hint("write `if condition { a } else { b }`, also as a value"),
                    );
                }
                "as" => {
                    return Some(
                        mistake(span, "there is no `as`")
                            .hint("convert by a function: `x.to_int()`, `x.to_float()`, `x.to_string()`"),
                    );
                }
                "instanceof" => {
                    return Some(mistake(span, "there is no `instanceof`").hint("write `type_of(x) == \"string\"`"));
                }
                _ => return None,
            };
            let name = if wrong == &**name { wrong.to_owned() } else { name.to_string() };
            mistake(span, format!("`{name}` is written `{right}`")).fix(format!("write `{right}`"), span, right)
        }
        token::Kind::Sign(sign) => match *sign {
            "=" => mistake(span, "`=` puts a value somewhere; an expression compares").fix("write `==`", span, "=="),
            "===" => mistake(span, "`===` is written `==`").fix("write `==`", span, "=="),
            "!==" => mistake(span, "`!==` is written `!=`").fix("write `!=`", span, "!="),
            "<=>" => mistake(span, "there is no `<=>`").hint("compare by `<`, `==` or `>`"),
            "?" => mistake(span, "there is no `? :`")
                .hint("write `if condition { a } else { b }`; for what may be absent `a ?? b`"),
            ":" => return None,
            "=>" | "->" => mistake(span, format!("a function without a name is written `|x| ...`, not with `{sign}`"))
                .hint("such as `order.lines.filter(|line| line.price > 100)`"),
            "++" | "--" => {
                let op = &sign[..1];
                mistake(span, format!("`{sign}` is written `{op}= 1`")).fix(
                    format!("write `{op}= 1`"),
                    span,
                    format!(" {op}= 1"),
                )
            }
            ":=" => mistake(span, "`:=` is not there").hint("declare by `let x = 1`, change by `x = 1`"),
            "::" => mistake(span, "there are no modules to be reached by `::`")
                .hint("the `fn`s of a used file are called `alias.name(...)`"),
            "..." => {
                mistake(span, "there is no `...`").hint("join lists and maps by `+`; a range is `0..10` or `0..=9`")
            }
            "+=" | "-=" | "*=" | "/=" | "%=" => Fault::error(
                code::ASSIGNMENT,
                span,
                format!("`{sign}` changes a variable; an expression only computes"),
            )
            .hint("in a workflow write `set vars.x += 1`"),
            _ => return None,
        },
        token::Kind::Text(_) | token::Kind::Int(_) | token::Kind::Lowest | token::Kind::Float(_) => {
            Fault::error(code::SYNTAX, span, "an operator is missing before this value")
        }
        token::Kind::Duration(_) | token::Kind::Char(_) | token::Kind::End => return None,
    })
}

/// A sign in the place of a value.
pub(super) fn sign(parser: &Parser, sign: &str) -> Option<Fault> {
    let span = parser.span();
    Some(match sign {
        "?" | "===" | "!==" | "=>" | "->" | "++" | "--" | "..." => return instead(parser),
        "&" | "*" => mistake(span, format!("there are no pointers to be taken by `{sign}`")).hint("leave it away"),
        _ => return None,
    })
}

/// A fault behind an operator that is itself foreign: `a && = b`.
pub(super) fn behind(op: &str, op_span: Span, found: Fault) -> Fault {
    if op == "&" || op == "|" {
        return found.also(op_span, format!("`{op}` works on bits; logic is `{op}{op}`"));
    }
    found
}

/// `elif` behind a branch.
pub(super) fn elif(parser: &Parser) -> Option<Fault> {
    ["elif", "elsif", "elseif"].into_iter().any(|word| parser.is_word(word)).then(|| instead(parser)).flatten()
}

/// `let mut x`.
pub(super) fn mutable(parser: &Parser) -> Option<Fault> {
    let next = matches!(parser.peek_at(1), token::Kind::Name(_));
    (parser.is_word("mut") && next).then(|| {
        let word = parser.span();
        mistake(word, "every variable can be changed, without `mut`").fix(
            "leave it away",
            word.to(parser.span_at(1).before()),
            "",
        )
    })
}

/// `let x: int`; stands behind the name.
pub(super) fn typed(parser: &Parser) -> Option<Fault> {
    parser.is(":").then(|| mistake(parser.span(), "variables of a script have no types").hint("write `let x = ...`"))
}

/// `for (let i = 0; ...)`; stands behind the bracket.
pub(super) fn counted(parser: &Parser) -> Option<Fault> {
    let word = ["let", "var", "int"].into_iter().any(|word| parser.is_word(word));
    word.then(|| {
        mistake(parser.span(), "`for` goes through something, it does not count").hint("write `for i in 0..10 { ... }`")
    })
}

/// `x == null`: never what is meant, since what is absent is `()`.
pub(super) fn null(left: &Node, op: &str, op_span: Span, right: &Node) -> Parsed<()> {
    for side in [left, right] {
        if matches!(side.kind, Kind::Constant(Value::Null)) {
            return Err(Fault::error(
                code::NULL,
                side.span,
                format!("`null` never stands for what is absent, so `{op} null` says nothing"),
            )
            .also(op_span, "compared here")
            .fix("write `()`", side.span, "()"));
        }
    }
    Ok(())
}

fn is_value(kind: &token::Kind) -> bool {
    matches!(kind, token::Kind::Name(_))
}

fn touches(left: Span, right: Span) -> bool {
    left.end == right.start
}

/// Names that other languages have for what is here a function or a method, with the name here.
pub(super) const FOREIGN_FUNCTIONS: [(&str, &str); 31] = [
    ("length", "len"),
    ("size", "len"),
    ("count", "len"),
    ("toString", "to_string"),
    ("str", "to_string"),
    ("String", "to_string"),
    ("int", "parse_int"),
    ("parseInt", "parse_int"),
    ("float", "parse_float"),
    ("parseFloat", "parse_float"),
    ("Number", "parse_float"),
    ("toUpperCase", "to_upper"),
    ("uppercase", "to_upper"),
    ("upper", "to_upper"),
    ("toLowerCase", "to_lower"),
    ("lowercase", "to_lower"),
    ("lower", "to_lower"),
    ("strip", "trimmed"),
    ("startsWith", "starts_with"),
    ("startswith", "starts_with"),
    ("endsWith", "ends_with"),
    ("endswith", "ends_with"),
    ("includes", "contains"),
    ("indexOf", "index_of"),
    ("forEach", "for_each"),
    ("flatMap", "flat_map"),
    ("find_first", "find"),
    ("typeof", "type_of"),
    ("isNull", "type_of"),
    ("uniq", "unique"),
    ("group", "group_by"),
];

/// The method that is meant by a field without brackets: `items.length`, `text.trimmed`.
pub fn method_called(name: &str) -> Option<Arc<str>> {
    foreign_function(name).or_else(|| super::functions::names().any(|known| known == name).then(|| name.into()))
}

/// What a foreign name is called here.
pub(super) fn foreign_function(name: &str) -> Option<Arc<str>> {
    FOREIGN_FUNCTIONS.iter().find(|(foreign, _)| *foreign == name).map(|(_, ours)| (*ours).into())
}
