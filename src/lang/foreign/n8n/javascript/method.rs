//! Methods of texts, lists, numbers and items.

use super::carry::Seen;
use super::tree::Expr;
use super::value::Value;
use crate::lang::foreign::n8n::data::{Data, Items};
use crate::lang::foreign::n8n::machine::Machine;
use crate::lang::foreign::term::Term;
use crate::lang::layout;

impl Machine<'_> {
    /// `of.method(given)`
    pub(super) fn method(
        &mut self,
        of: Value,
        method: &str,
        given: &[Expr],
        soft: bool,
        seen: &Seen,
    ) -> Result<Value, String> {
        match of {
            Value::Global(global) => return self.of_global(global, method, given, seen),
            Value::Source(items) => return self.of_source(items, method, given, seen),
            Value::Item(_) => return Err(format!("an item has no `{method}` here")),
            _ => {}
        }
        if let Some(moment) = self.of_moment(&of, method, given, seen)? {
            return Ok(moment);
        }
        let is_items = matches!(of, Value::List(_));
        let term = self.written(of)?;
        let (it, code) = (term.tight(), term.expression());
        let mark = if soft { "?" } else { "" };
        if let [Expr::Arrow(names, body), rest @ ..] = given {
            return self.with_function(&it, method, (names, body), rest, is_items, seen);
        }
        let mut args: Vec<Term> = Vec::new();
        for one in given {
            if let Expr::Regex(pattern, flags) = one {
                return self.with_pattern(&term, method, (pattern, flags), &given[1..], seen);
            }
            args.push(self.term_of(one, seen)?);
        }
        let arg = |at: usize| args.get(at).map(Term::expression);
        let plain = |code: String| Ok(Value::path(code));
        match (method, args.len()) {
            ("toUpperCase" | "toLocaleUpperCase", 0) => plain(format!("{it}{mark}.to_upper()")),
            ("toLowerCase" | "toLocaleLowerCase", 0) => plain(format!("{it}{mark}.to_lower()")),
            ("trim", 0) => plain(format!("trimmed({code})")),
            ("includes" | "contains", 1) => plain(format!("{it}{mark}.contains({})", arg(0).unwrap_or_default())),
            ("startsWith", 1) => plain(format!("{it}{mark}.starts_with({})", arg(0).unwrap_or_default())),
            ("endsWith", 1) => plain(format!("{it}{mark}.ends_with({})", arg(0).unwrap_or_default())),
            ("indexOf", 1) => plain(format!("{it}.index_of({})", arg(0).unwrap_or_default())),
            ("split", 1) => plain(format!("{it}.split({})", arg(0).unwrap_or_default())),
            ("join", _) => plain(format!("{it}.join({})", arg(0).unwrap_or_else(|| "\",\"".to_owned()))),
            ("charAt", 1) => plain(format!("{it}.sub_string({}, 1)", arg(0).unwrap_or_default())),
            ("toString" | "toLocaleString", 0) => Ok(self.text_of(&term)),
            ("toFixed", _) => {
                self.draft.function("fixed", FIXED);
                plain(format!("fixed({code}, {})", arg(0).unwrap_or_else(|| "0".to_owned())))
            }
            ("padStart", 1 | 2) => {
                self.draft.function("padded", PADDED);
                let by = arg(1).unwrap_or_else(|| "\" \"".to_owned());
                plain(format!("padded({code}, {}, {by})", arg(0).unwrap_or_default()))
            }
            ("slice" | "substring" | "substr", 1 | 2) => self.cut(&it, method, &args),
            ("replaceAll", 2) => {
                plain(format!("replace_all({code}, {}, {})", literal(&args[0])?, replacement(&args[1])))
            }
            ("replace", 2) => {
                self.draft.function("replace_first", REPLACE_FIRST);
                plain(format!("replace_first({code}, {}, {})", args[0].expression(), args[1].expression()))
            }
            ("concat", 1) => Ok(Value::code(format!("{it} + {}", args[0].tight()))),
            ("isEmpty", 0) => plain(format!("blank({code})")),
            ("isNotEmpty", 0) => Ok(Value::code(format!("!blank({code})"))),
            ("first", 0) => plain(format!("first({code})")),
            ("last", 0) => plain(format!("last({code})")),
            ("at", 1) => plain(format!("{it}?[{}]", arg(0).unwrap_or_default())),
            ("unique" | "removeDuplicates", _) => {
                let by = arg(0).map(|by| format!(", {by}")).unwrap_or_default();
                plain(format!("unique({code}{by})"))
            }
            ("sum" | "min" | "max", 0) => plain(format!("{method}({code})")),
            ("average", 0) => Ok(Value::code(format!("sum({code}) * 1.0 / {it}.len()"))),
            ("pluck", 1) => plain(format!("{it}.map(|one| one[{}])", arg(0).unwrap_or_default())),
            ("flat", _) => plain(format!("flatten({code})")),
            ("length", 0) => plain(format!("{it}.len()")),
            ("round" | "floor" | "ceil" | "abs", 0) => Ok(rounded(&code, method)),
            ("toNumber" | "toFloat" | "toInt", 0) => {
                self.draft.function("as_number", super::carry::AS_NUMBER);
                plain(if method == "toInt" {
                    format!("to_int(as_number({code}))")
                } else {
                    format!("as_number({code})")
                })
            }
            ("toBoolean", 0) => Ok(Value::code(format!("{it} in [true, 1, \"true\", \"1\", \"yes\"]"))),
            ("urlEncode", 0) => plain(format!("url_encode({code})")),
            ("base64Encode", 0) => plain(format!("base64({code})")),
            ("toJsonString", 0) => plain(format!("json({code})")),
            ("parseJson", 0) => plain(format!("parse_json({code})")),
            ("hash", 1) if arg(0).as_deref() == Some("\"sha256\"") => plain(format!("sha256({code})")),
            ("keys" | "values", 0) => plain(format!("{it}.{method}()")),
            ("hasField" | "hasOwnProperty", 1) => Ok(Value::code(format!("{} in {it}", arg(0).unwrap_or_default()))),
            _ => Err(format!("nothing here is `{method}()`")),
        }
    }

    /// A part of a text or a list.
    fn cut(&mut self, it: &str, method: &str, args: &[Term]) -> Result<Value, String> {
        let whole = |at: usize| args.get(at).and_then(|term| term.expression().parse::<i64>().ok());
        let (from, to) = (whole(0), whole(1));
        let name = if method == "slice" { "slice" } else { "sub_string" };
        if name == "slice" {
            self.draft.function("slice", SLICE);
            let to = args.get(1).map(|to| format!(", {}", to.expression()));
            let to = to.unwrap_or_else(|| format!(", {it}.len()"));
            return Ok(Value::path(format!("slice({it}, {}{to})", args[0].expression())));
        }
        Ok(Value::path(match (method, from, to, args.len()) {
            (_, _, _, 1) => format!("{it}.sub_string({})", args[0].expression()),
            ("substring", Some(from), Some(to), _) => format!("{it}.sub_string({from}, {})", (to - from).max(0)),
            ("substr", ..) => format!("{it}.sub_string({}, {})", args[0].expression(), args[1].expression()),
            _ => {
                let (from, to) = (args[0].tight(), args[1].tight());
                format!("{it}.sub_string({from}, {to} - {from})")
            }
        }))
    }

    /// A method that is given a function.
    fn with_function(
        &mut self,
        it: &str,
        method: &str,
        (names, body): (&[String], &Expr),
        rest: &[Expr],
        is_items: bool,
        seen: &Seen,
    ) -> Result<Value, String> {
        let ours = match method {
            "map" | "filter" | "find" | "some" | "reduce" | "sort" => method,
            "every" => "all",
            "flatMap" => "flat_map",
            "findIndex" => "index_of",
            _ => return Err(format!("nothing here is `{method}()` with a function")),
        };
        let most = if ours == "reduce" { 2 } else { 1 };
        if names.is_empty() || (names.len() > most && ours != "sort") {
            return Err(format!("the function given to `{method}` takes more than an item"));
        }
        if ours == "sort" {
            return Err("it sorts by a function that compares: say `sorted_by`".to_owned());
        }
        let mut inner = seen.clone();
        let mut own = Vec::new();
        for (at, name) in names.iter().enumerate() {
            let plain = crate::lang::openapi::naming::parameter(name);
            let is_item = is_items && (ours != "reduce" || at == 1);
            let bound = Data::Path(plain.clone());
            inner.names.push((name.clone(), if is_item { Value::Item(bound) } else { Value::Data(bound) }));
            own.push(plain);
        }
        let is_condition = matches!(ours, "filter" | "find" | "some" | "all" | "index_of");
        let body = if is_condition { self.condition(body, &inner)? } else { self.term_of(body, &inner)?.expression() };
        let names = own.join(", ");
        if ours == "reduce" {
            let start = match rest {
                [start, ..] => self.term_of(start, seen)?.expression(),
                [] => return Err("`reduce` begins with nothing".to_owned()),
            };
            return Ok(Value::path(format!("{it}.reduce(|{names}| {body}, {start})")));
        }
        let code = format!("{it}.{ours}(|{names}| {body})");
        Ok(match ours {
            "filter" if is_items => Value::List(Term::Path(code)),
            "find" if is_items => Value::Item(Data::Path(code)),
            _ => Value::path(code),
        })
    }

    /// A method that is given a pattern.
    fn with_pattern(
        &mut self,
        it: &Term,
        method: &str,
        (pattern, flags): (&str, &str),
        rest: &[Expr],
        seen: &Seen,
    ) -> Result<Value, String> {
        let inline: String = flags.chars().filter(|flag| matches!(flag, 'i' | 'm' | 's')).collect();
        let pattern = if inline.is_empty() { pattern.to_owned() } else { format!("(?{inline}){pattern}") };
        if pattern.contains("(?=") || pattern.contains("(?!") || pattern.contains("(?<") {
            return Err("its pattern looks ahead or behind, which patterns here do not".to_owned());
        }
        let (pattern, code) = (layout::text(&pattern), it.expression());
        Ok(match (method, rest) {
            ("replace" | "replaceAll", [by]) if flags.contains('g') => {
                let by = self.term_of(by, seen)?.expression();
                Value::path(format!("replace_all({code}, {pattern}, {by})"))
            }
            ("match", []) => Value::path(format!("captures({code}, {pattern})")),
            ("isMatch" | "search", []) => Value::path(format!("matches({code}, {pattern})")),
            _ => return Err(format!("nothing here is `{method}()` with this pattern")),
        })
    }

    /// What came out of a node.
    fn of_source(&mut self, items: Items, method: &str, given: &[Expr], seen: &Seen) -> Result<Value, String> {
        Ok(match (method, given) {
            ("first" | "item" | "itemMatching", _) => Value::Item(items.first()),
            ("last", []) => match items {
                Items::Many(list) => Value::Item(Data::Path(format!("{}[-1]", list.tight()))),
                items => Value::Item(items.first()),
            },
            ("all", []) => Value::List(self.list(&items)),
            (_, given) => {
                let list = self.list(&items);
                return self.method(Value::List(list), method, given, false, seen);
            }
        })
    }

    /// `Math.round(x)`, `JSON.stringify(x)`
    fn of_global(&mut self, global: &str, method: &str, given: &[Expr], seen: &Seen) -> Result<Value, String> {
        if matches!(global, "DateTime" | "Date") {
            return self.moment_from(method, given, seen);
        }
        let mut args: Vec<String> = Vec::new();
        for one in given {
            args.push(self.term_of(one, seen)?.expression());
        }
        let unknown = || format!("nothing here is `{global}.{method}()`");
        let first = args.first().cloned();
        Ok(match (global, method, first) {
            ("Math", "max" | "min", Some(_)) => Value::path(format!("{method}([{}])", args.join(", "))),
            ("Math", "random", None) => Value::path("random()"),
            ("Math", "round" | "floor" | "ceil" | "abs" | "sqrt" | "trunc", Some(of)) => rounded(&of, method),
            ("Math", "pow", Some(of)) if args.len() == 2 => Value::code(format!("({of}) ** ({})", args[1])),
            ("JSON", "stringify", Some(of)) => match args.get(2) {
                Some(indent) => Value::path(format!("json({of}, {indent})")),
                None => Value::path(format!("json({of})")),
            },
            ("JSON", "parse", Some(of)) => Value::path(format!("parse_json({of})")),
            ("Object", "keys" | "values", Some(of)) => Value::path(format!("({of}).{method}()")),
            ("Object", "entries", Some(_)) => return Err(unknown()),
            ("Array", "isArray", Some(of)) => Value::code(format!("type_of({of}) == \"array\"")),
            ("Number", "parseFloat", Some(of)) => {
                self.draft.function("as_number", super::carry::AS_NUMBER);
                Value::path(format!("as_number({of})"))
            }
            _ => return Err(unknown()),
        })
    }
}

/// A number made whole, as JavaScript does it.
fn rounded(of: &str, method: &str) -> Value {
    match method {
        "abs" => Value::path(format!("abs({of})")),
        "sqrt" => Value::path(format!("sqrt(({of}) * 1.0)")),
        "trunc" => Value::path(format!("to_int({of})")),
        "ceil" => Value::path(format!("to_int(ceiling(({of}) * 1.0))")),
        method => Value::path(format!("to_int({method}(({of}) * 1.0))")),
    }
}

/// A text as a pattern that fits just it.
fn literal(term: &Term) -> Result<String, String> {
    let code = term.expression();
    let inner = code.strip_prefix('"').and_then(|code| code.strip_suffix('"')).filter(|code| !code.contains("${"));
    let inner = inner.ok_or("what is replaced is computed")?;
    let mut pattern = String::from("\"");
    let mut letters = inner.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            // An escape of the text stays one, a backslash is one of the pattern too.
            '\\' if letters.peek() == Some(&'\\') => {
                letters.next();
                pattern.push_str("\\\\\\\\");
            }
            '\\' => pattern.push('\\'),
            letter if letter.is_ascii_punctuation() && !matches!(letter, '"' | '_' | ',' | '\'' | ';' | ':' | '/') => {
                pattern.push_str("\\\\");
                pattern.push(letter);
            }
            letter => pattern.push(letter),
        }
    }
    pattern.push('"');
    Ok(pattern)
}

/// What stands in for what is replaced.
fn replacement(term: &Term) -> String {
    let code = term.expression();
    if code.starts_with('"') && !code.contains("${") { code.replace('$', "$$") } else { code }
}

const FIXED: &str = r#"/// A number with so many digits behind its point.
fn fixed(value, digits) {
    let scale = 10 ** digits;
    let whole = to_int(round(value * 1.0 * scale));
    let text = if whole < 0 { "${-whole}" } else { "${whole}" };
    while text.len() <= digits { text = "0" + text; }
    let sign = if whole < 0 { "-" } else { "" };
    if digits == 0 { return sign + text; }
    sign + text.sub_string(0, text.len() - digits) + "." + text.sub_string(text.len() - digits)
}
"#;

const PADDED: &str = r#"/// A text made so long by what is put before it.
fn padded(value, length, by) {
    let text = "${value}";
    while text.len() < length { text = by + text; }
    text
}
"#;

const REPLACE_FIRST: &str = r#"/// A text with the first place that is `what` replaced.
fn replace_first(text, what, by) {
    let at = text.index_of(what);
    if at < 0 { return text; }
    text.sub_string(0, at) + by + text.sub_string(at + what.len())
}
"#;

/// A part of a text or a list.
pub const SLICE: &str = r#"/// What stands from one place to another; below zero they are counted from the end.
fn slice(value, from, to) {
    let size = value.len();
    let first = if from < 0 { size + from } else { from };
    let last = if to < 0 { size + to } else { to };
    if first < 0 { first = 0; }
    if last > size { last = size; }
    if last < first { last = first; }
    if type_of(value) == "string" { value.sub_string(first, last - first) } else { value.extract(first, last - first) }
}
"#;
