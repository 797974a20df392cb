//! Inline Rhai: what expressions and scripts give, read, call and refuse.

use std::sync::{Arc, Mutex};

use orchestra_flow::base::diagnostic::Diagnostic;
use orchestra_flow::base::limit;
use orchestra_flow::base::span::{FileId, Span};
use orchestra_flow::base::time::Timestamp;
use orchestra_flow::base::value::Value;
use orchestra_flow::lang::script::{Broken, Expr, Form, Function, Library, Scope, compile, functions};
use serde_json::json;

/// The moment at which every expression here is evaluated.
const NOW: &str = "2026-03-29T10:30:00Z";

/// A scope over one JSON object, whose fields are the roots.
struct World {
    expr: Expr,
    roots: Value,
    printed: Mutex<Vec<String>>,
}

impl Scope for World {
    fn root(&self, read: usize) -> Option<Value> {
        self.roots.get(&self.expr.reads()[read].root).cloned()
    }

    fn now(&self) -> Timestamp {
        NOW.parse().expect("the constant is a moment")
    }

    fn draw(&self) -> u64 {
        42
    }

    fn print(&self, text: &str) {
        self.printed.lock().expect("nothing panics while it prints").push(text.to_owned());
    }

    fn env(&self, name: &str) -> Option<Value> {
        (name == "REGION").then(|| "eu".into())
    }

    fn secret(&self, name: &str) -> Option<Value> {
        (name == "TOKEN").then(|| "s3cret".into())
    }
}

/// What the roots are in most tests.
fn roots() -> Value {
    Value::from_json(json!({
        "input": {
            "name": "Ada", "total": 120, "price": 9.5, "rush": true, "note": null, "tags": ["a", "b"],
            "lines": [{ "sku": "x", "price": 10, "n": 2 }, { "sku": "y", "price": 5.5, "n": 1 }],
            "customer": { "email": "ada@example.com", "address": { "city": "London" } },
            "new": "keyword", "empty": [], "text": "5",
        },
        "order": { "id": "o1", "total": 100, "lines": [] },
        "vars": { "n": 3 },
        "calls": { "slack.post_message": [{ "text": "hi" }] },
    }))
}

fn span(text: &str) -> Span {
    Span::new(FileId(0), 0..text.len())
}

/// Runs on a thread with the stack that scripts need.
fn on_stack<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new().stack_size(limit::STACK_BYTES).spawn(body).expect("a thread starts");
    thread.join().expect("an evaluation never panics")
}

fn compiled(text: &str, form: Form, library: &Library) -> Expr {
    compile(text, span(text), form, library)
        .unwrap_or_else(|found| panic!("{text}\ndoes not compile: {}", shown(text, &found)))
}

/// The value and what was printed.
fn evaluated_in(expr: Expr, roots: Value) -> (Result<Value, Broken>, Vec<String>) {
    on_stack(move || {
        let world = World { expr: expr.clone(), roots, printed: Mutex::default() };
        let result = expr.evaluate(&world);
        (result, world.printed.into_inner().expect("nothing panics while it prints"))
    })
}

fn evaluated(text: &str, form: Form) -> Result<Value, Broken> {
    evaluated_in(compiled(text, form, &Library::empty()), roots()).0
}

/// Diagnostics in one text: code, what is underlined, message, hints.
fn shown(text: &str, found: &[Diagnostic]) -> String {
    let one = |found: &Diagnostic| {
        let place = text.get(found.primary.span.range()).unwrap_or("?");
        let hints: String = found.hints.iter().map(|hint| format!(" | {}", hint.text)).collect();
        format!("{} `{place}` {}{hints}", found.code.0, found.message)
    };
    found.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// Evaluates each text and compares it with what the other gives.
fn check(form: Form, rows: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (text, expected) in rows {
        let found = match compile(text, span(text), form, &Library::empty()) {
            Ok(expr) => evaluated_in(expr, roots()).0.map_err(|found| {
                let place = found.span.and_then(|span| text.get(span.range())).unwrap_or("?").to_owned();
                format!("{found} at `{place}`")
            }),
            Err(found) => Err(shown(text, &found)),
        };
        let wanted = evaluated(expected, Form::Expression).unwrap_or_else(|found| panic!("{expected}: {found}"));
        if found.as_ref() != Ok(&wanted) {
            wrong.push(format!("{text}\n  gives    {found:?}\n  not      {wanted:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn expressions_give_their_values() {
    check(
        Form::Expression,
        &[
            ("1 + 2 * 3", "7"),
            ("(1 + 2) * 3", "9"),
            ("2 ** 3 ** 2", "512"),
            ("-2 ** 2", "4"),
            ("7 / 2", "3"),
            ("7 / 2.0", "3.5"),
            ("7 % 4", "3"),
            ("1 << 4 | 1", "17"),
            ("input.total * 1.5", "180.0"),
            ("input.total > 100 && input.rush", "true"),
            ("input.total >= 120 || input.missing", "true"),
            ("!input.rush", "false"),
            ("input.name == \"Ada\"", "true"),
            ("input.name != \"Ada\"", "false"),
            ("input.name < \"B\"", "true"),
            ("input.total < input.price", "false"),
            ("input.total == 120.0", "true"),
            ("input.lines[0].price", "10"),
            ("input.lines[-1].sku", "\"y\""),
            ("input.lines.len()", "2"),
            ("input.lines.len", "2"),
            ("input.new", "\"keyword\""),
            ("#{ new: 1, default: 2 }.default", "2"),
            ("input[\"name\"]", "\"Ada\""),
            ("input.customer.address.city", "\"London\""),
            ("input?.nothing?.at?.all", "()"),
            ("input.customer?.phone", "()"),
            ("input.lines?[7]", "()"),
            ("input.lines?[0]?.sku", "\"x\""),
            ("input.note ?? \"none\"", "\"none\""),
            ("input.customer?.phone ?? input.name", "\"Ada\""),
            ("input.note == ()", "true"),
            ("input.tags + [\"c\"]", "[\"a\", \"b\", \"c\"]"),
            ("\"a\" in input.tags", "true"),
            ("\"z\" !in input.tags", "true"),
            ("\"name\" in input", "true"),
            ("5 in 0..10", "true"),
            ("\"dd\" in \"adder\"", "true"),
            ("if input.total > 100 { \"big\" } else { \"small\" }", "\"big\""),
            ("if input.total > 500 { 1 } else if input.total > 100 { 2 } else { 3 }", "2"),
            ("if false { 1 }", "()"),
            ("switch input.name { \"Bob\" => 1, \"Ada\" | \"Eva\" => 2, _ => 3 }", "2"),
            ("switch input.total { 0..100 => \"low\", 100..=120 => \"mid\", _ => \"high\" }", "\"mid\""),
            ("switch input.total { 120 if input.rush => 1, _ => 2 }", "1"),
            ("input.lines.map(|l| l.price * l.n)", "[20, 5.5]"),
            ("input.lines.filter(|l| l.price > 6).len()", "1"),
            ("input.lines.filter(|l| l.price > vars.n * 2).map(|l| l.sku)", "[\"x\"]"),
            ("input.lines.map(|l| l.price).reduce(|sum, x| sum + x, 0)", "15.5"),
            ("input.lines.some(|l| l.sku == \"y\")", "true"),
            ("input.lines.all(|l| l.n > 1)", "false"),
            ("[1, 2, 3][1]", "2"),
            ("#{ a: #{ b: [5] } }.a.b[0]", "5"),
            ("`back ${input.name} tick`", "\"back Ada tick\""),
            ("30s + 2m", "150s"),
            ("1h30m", "90m"),
            ("2 * 30s", "1m"),
            ("90s > 1m", "true"),
            ("null", "null"),
            ("'x'", "\"x\""),
            ("\"abc\"[1]", "\"b\""),
            ("input.text.parse_int() + 1", "6"),
            ("{ let x = input.total; x += 1; x }", "121"),
            ("(0..4).map(|i| i * i)", "[0, 1, 4, 9]"),
            ("input.lines\n  .map(|l| l.n)\n  .filter(|n| n > 1)", "[2]"),
            ("input.rush\n  && input.total > 1", "true"),
            ("calls(slack.post_message).len()", "1"),
            ("calls(jira.create_issue).len()", "0"),
            ("calls(slack.post_message)[0].text", "\"hi\""),
            ("env(\"REGION\")", "\"eu\""),
            ("\"Bearer ${secret(\"TOKEN\")}\"", "\"Bearer s3cret\""),
            ("secret(\"TOKEN\").len()", "6"),
            ("type_of(input.name) == \"string\"", "true"),
            ("0x1f + 0b11 + 0o7 + 1_000", "1041"),
            ("1.5e3", "1500.0"),
            ("1 .. 3", "[1, 2]"),
        ],
    );
}

#[test]
fn strings_take_everything() {
    check(
        Form::Expression,
        &[
            (r#""Hello ${input.name}!""#, r#""Hello Ada!""#),
            (r#""${input.total} and ${input.price}""#, r#""120 and 9.5""#),
            (r#""a ${"b ${"c ${input.name}"}"} d""#, r#""a b c Ada d""#),
            (r#""${if input.rush { "fast" } else { "slow" }}""#, r#""fast""#),
            (r#""${input.lines.map(|l| "<${l.sku}>").join(", ")}""#, r#""<x>, <y>""#),
            (r#""q: \" b: \\ d: \$ n: \n""#, "`q: \" b: \\ d: $ n: \n`"),
            (r#""\x41\u00e9\U0001F600""#, "\"Aé😀\""),
            (r#""\${input.name}""#, r##"#"${input.name}"#"##),
            (r##"#"raw ${no} "quotes" \n"#"##, r#""raw \${no} \"quotes\" \\n""#),
            ("\"\"\"\n    one\n      two ${input.name}\n    three\n    \"\"\"", "\"one\\n  two Ada\\nthree\""),
            ("\"\"\"one line \"quoted\" \"\"\"", "\"one line \\\"quoted\\\" \""),
            ("\"\"", "\"\"\"\"\"\""),
            ("\"say \"\"hi\"\"\"", "\"say \\\"hi\\\"\""),
            ("\"map: ${#{ a: [1, true, ()] }}\"", "\"map: {\\\"a\\\":[1,true,null]}\""),
            ("\"at ${90m}\"", "\"at 1h30m\""),
            ("\"back`tick ${input.name} $ { }\"", "\"back`tick Ada $ { }\""),
            ("\"${1 + 1}${2 + 2}\"", "\"24\""),
            ("`${input.name}\n${input.total}`", "\"Ada\\n120\""),
            ("\"a\" + input.total", "\"a120\""),
            ("input.name + \" x\" + 1.0", "\"Ada x1.0\""),
        ],
    );
}

#[test]
fn fixed_functions_do_what_their_examples_say() {
    let rows: Vec<(&str, &str)> = functions().iter().map(|function| function.example).collect();
    check(Form::Expression, &rows);
    for function in functions() {
        assert!(!function.doc.is_empty() && function.example.0.contains(function.name), "{}", function.name);
        assert!(!function.params.is_empty() || function.signature.contains("()"), "{}", function.signature);
    }
}
