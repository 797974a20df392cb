//! Inline Rhai: what expressions and scripts give, read, call and refuse.

use std::sync::{Arc, Mutex};

use orchestra_flow::base::diagnostic::Diagnostic;
use orchestra_flow::base::limit;
use orchestra_flow::base::shape::{Bounds, Field, Object, Shape};
use orchestra_flow::base::span::{FileId, Span};
use orchestra_flow::base::stack::with_room;
use orchestra_flow::base::time::Timestamp;
use orchestra_flow::base::value::Value;
use orchestra_flow::lang::script::{self, Broken, Expr, Form, Function, Library, Scope, compile, functions};
use proptest::prelude::*;
use serde_json::json;

/// The moment at which every expression here is evaluated.
const NOW: &str = "2026-03-29T10:30:00Z";

/// A scope over one JSON object, whose fields are the roots.
struct World {
    expr: Expr,
    roots: Value,
    printed: Mutex<Vec<String>>,
    millis_max: u64,
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

    fn millis_max(&self) -> u64 {
        self.millis_max
    }
}

/// What the roots are in most tests.
fn roots() -> Value {
    Value::from_json(json!({
        "input": {
            "name": "Ada", "total": 120, "price": 9.5, "rush": true, "note": null, "tags": ["a", "b"],
            // In the order in which Rhai would have them, so that both ways to a text agree.
            "lines": [{ "n": 2, "price": 10, "sku": "x" }, { "n": 1, "price": 5.5, "sku": "y" }],
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
fn on_stack<T: Send>(body: impl FnOnce() -> T + Send) -> T {
    with_room(true, body).expect("a thread starts")
}

fn compiled(text: &str, form: Form, library: &Library) -> Expr {
    compile(text, span(text), form, library)
        .unwrap_or_else(|found| panic!("{text}\ndoes not compile: {}", shown(text, &found)))
}

/// The value and what was printed.
fn evaluated_in(expr: Expr, roots: Value) -> (Result<Value, Broken>, Vec<String>) {
    evaluated_within(expr, roots, limit::SCRIPT_MILLIS_MAX)
}

fn evaluated_within(expr: Expr, roots: Value, millis_max: u64) -> (Result<Value, Broken>, Vec<String>) {
    on_stack(move || {
        let world = World { expr: expr.clone(), roots, printed: Mutex::default(), millis_max };
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
            // What is missing does no harm where it is not read, in closures neither.
            ("if input.rush { 1 } else { input.nope.at }", "1"),
            ("input.lines.map(|l| if l.n > 100 { input.nope } else { l.n })", "[2, 1]"),
            ("input.lines.map(|l| { let f = |x| x + (input?.nope ?? 1); f.call(l.n) })", "[3, 2]"),
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

#[test]
fn scripts_in_the_spirit_of_rhais_own_run_as_they_are() {
    check(
        Form::Block,
        &[
            // Loops of every kind.
            ("let sum = 0; for x in 1..=10 { if x % 2 == 0 { continue; } if x > 7 { break; } sum += x; } sum", "16"),
            ("let x = 10; while x > 0 { x -= 3; } x", "-2"),
            ("let x = 0; loop { x += 1; if x >= 5 { break; } } x", "5"),
            ("let x = 0; let r = loop { x += 1; if x == 4 { break x * 10; } }; r", "40"),
            ("let x = 10; do { x -= 1; } while x > 5; x", "5"),
            ("let x = 10; do { x -= 1; } until x < 3; x", "2"),
            ("let out = []; for (item, i) in [\"a\", \"b\"] { out.push(`${i}${item}`); } out", "[\"0a\", \"1b\"]"),
            ("let n = 0; for c in \"hello\".chars() { if c == 'l' { n += 1; } } n", "2"),
            ("let keys = \"\"; for k in #{ a: 1, b: 2 }.keys() { keys += k; } keys", "\"ab\""),
            ("let out = []; for e in #{ a: 1, b: 2 } { out.push(e.key + e.value); } out", "[\"a1\", \"b2\"]"),
            ("let n = \"\"; for c in \"ab\" { n = c + n; } n", "\"ba\""),
            ("first_of([(), \"\", \"x\"])", "\"x\""),
            ("Fn(\"now\").call() == now()", "true"),
            ("let total = 0; for x in range(0, 10, 3) { total += x; } total", "18"),
            // What leaves from inside of a text.
            ("fn f(x) { `a${ if x > 1 { return 7 } else { x } }${ return 8 }` } [f(2), f(1)]", "[7, 8]"),
            ("fn f() { \"a ${return 8} b\" } f()", "8"),
            ("let o = #{ new: |x| x + 1 }; o[\"new\"].call(5)", "6"),
            // Functions and recursion.
            ("fn fib(n) { if n < 2 { n } else { fib(n - 1) + fib(n - 2) } } fib(15)", "610"),
            ("fn add(a, b) { return a + b; } fn twice(x) { add(x, x) } twice(21)", "42"),
            ("fn gcd(a, b) { while b != 0 { let t = b; b = a % b; a = t; } a } gcd(48, 36)", "12"),
            ("let r = outer(3); fn outer(x) { inner(x) * 2 } fn inner(x) { x + 1 } r", "8"),
            ("fn over(x) { 1 } fn over(x, y) { 2 } over(0) * 10 + over(0, 0)", "12"),
            ("fn bump() { this.n += 1; } let m = #{ n: 1 }; m.bump(); m.n", "2"),
            ("fn int.double() { this * 2 } let x = 21; x.double()", "42"),
            ("private fn hidden() { 7 } hidden()", "7"),
            // Closures, capture, currying, function pointers.
            ("let base = 10; let add = |x| x + base; base = 20; add.call(1)", "21"),
            ("let f = |x, y| { let z = x * y; z + 1 }; f.call(3, 4)", "13"),
            ("fn mul(a, b) { a * b } let f = Fn(\"mul\"); f.call(6, 7)", "42"),
            ("fn mul(a, b) { a * b } let f = Fn(\"mul\").curry(6); f.call(7)", "42"),
            ("fn sq(x) { x * x } [1, 2, 3].map(sq)", "[1, 4, 9]"),
            ("let counter = #{ n: 0, up: || this.n += 1 }; counter.up(); counter.up(); counter.n", "2"),
            ("let o = #{ f: |x| x * 2 }; o.f(21)", "42"),
            ("let x = 1; let f = || x += 41; f.call(); x", "42"),
            ("let a = [3, 1, 2]; a.sort(|x, y| y - x); a", "[3, 2, 1]"),
            ("let f = || 42; f.call()", "42"),
            ("let nested = |x| { let g = |y| x + y; g.call(2) }; nested.call(40)", "42"),
            // switch
            (
                "let x = 42; switch x { 1 => \"one\", 40..50 if x > 45 => \"no\", 40..50 => \"yes\", _ => \"else\" }",
                "\"yes\"",
            ),
            ("let x = #{ a: 1 }; switch x { #{ a: 1 } => true, _ => false }", "true"),
            ("switch [1, 2] { [1, 2] => \"pair\", _ => \"?\" }", "\"pair\""),
            ("let r = 0; switch 3 { 1 | 2 => r = 1, 3 | 4 => { r = 2; } _ => r = 3 } r", "2"),
            ("switch true { false => 0, true => 1 }", "1"),
            // try, throw
            ("let r = 0; try { throw 42; } catch (err) { r = err + 1; } r", "43"),
            ("let x = 0; try { x = 1 / 0; } catch { x = -1; } x", "-1"),
            ("let r = 0; try { throw #{ code: 7, text: \"no\" } } catch (e) { r = e.code } r", "7"),
            ("try { try { throw 1 } catch (e) { throw e + 1 } } catch (e) { return e; }", "2"),
            (
                "fn risky(x) { if x > 1 { throw \"too big\"; } x } try { risky(5) } catch (e) { return e }",
                "\"too big\"",
            ),
            (
                "let r = (); try { let a = [1]; a[5]; } catch (e) { r = e; } r.error + \" \" + r.keys().contains(\"line\")",
                "\"ErrorArrayBounds false\"",
            ),
            // Lists.
            ("let a = [1, 2, 3]; a.push(4); a.insert(0, 0); a.remove(1); a += 5; a", "[0, 2, 3, 4, 5]"),
            ("let a = [1, 2, 3, 4, 5]; a.splice(1..=2, [9]); a", "[1, 9, 4, 5]"),
            ("let a = [1, 2, 3, 4]; let b = a.extract(1..3); a.drain(|x| x % 2 == 0); a + b", "[1, 3, 2, 3]"),
            ("let a = [[1, 2], [3, 4]]; a[1][0] = 7; a[0][1] += 1; a", "[[1, 3], [7, 4]]"),
            (
                "let a = []; for i in 0..200 { a.push(i * 79 % 201); } a.sort(|x, y| if x % 3 == 0 { 1 } else { -1 }); a.len",
                "200",
            ),
            ("order_by([3, 1, 2], |x, y| y - x) + [2, 1].order()", "[3, 2, 1, 1, 2]"),
            (
                "\"a-b-c\".split(\"-\", 2) + \"a-b\".split_rev(\"-\") + \" x  y \".split()",
                "[\"a\", \"b-c\", \"b\", \"a\", \"x\", \"y\"]",
            ),
            ("let a = [5, 3, 8]; a.sort(); a.reverse(); a[-1]", "3"),
            ("[1, 2, 3].index_of(2) + [1, 2, 3].find(|x| x > 1)", "3"),
            ("let a = [1]; let b = a; b.push(2); a.len", "1"),
            ("let a = [1, 2]; a.pad(4, 0); a", "[1, 2, 0, 0]"),
            ("[1, 2, 3] == [1, 2, 3]", "true"),
        ],
    );
    check(
        Form::Block,
        &[
            // Maps.
            (
                "let m = #{ a: 1, \"b c\": 2 }; m.d = 3; m[\"e\"] = 4; m.a += 10; m",
                "#{ a: 11, \"b c\": 2, d: 3, e: 4 }",
            ),
            ("let m = #{ a: #{ b: #{ c: 1 } } }; m.a.b.c = 5; m.a.b[\"d\"] = 6; m.a.b.c + m.a.b.d", "11"),
            ("let m = #{ x: 1 }; m += #{ y: 2 }; m.keys().len() + m.values().len()", "4"),
            ("let m = #{ a: 1, b: 2 }; m.remove(\"a\"); \"a\" in m", "false"),
            ("let m = #{ a: 1 }; m.contains(\"a\") && !m.contains(\"b\")", "true"),
            ("#{ a: 1 } + #{ b: 2 }", "#{ a: 1, b: 2 }"),
            ("let m = #{ \"new\": 1 }; m.new = 2; m.new", "2"),
            ("let m = #{ print: 1, if: 2 }; m.print + m.if", "3"),
            // Texts.
            ("let s = \"Hello\"; s += \", \"; s += \"world\"; s.len", "12"),
            ("let s = \"abc\"; s.make_upper(); s + \"def\".to_upper()", "\"ABCDEF\""),
            ("\"a,b,c\".split(\",\")", "[\"a\", \"b\", \"c\"]"),
            ("let s = \"banana\"; s.replace(\"an\", \"AN\"); s", "\"bANANa\""),
            ("\"hello\".sub_string(1, 3) + \"hello\"[0]", "\"ellh\""),
            ("\"hello world\".contains(\"wor\") && \"abc\".starts_with(\"a\")", "true"),
            ("let s = \"  pad \"; s.trim(); s.pad(6, '!'); s", "\"pad!!!\""),
            ("`multi\nline ${1 + 1}`", "\"multi\\nline 2\""),
            ("`\nfirst line break goes`", "\"first line break goes\""),
            ("\"tab\\tnew\\nline\".len", "12"),
            ("let s = \"hello\"; s[0] = 'J'; s", "\"Jello\""),
            ("'a' + \"b\"", "\"ab\""),
            ("\"42\".parse_int() + parse_float(\"0.5\")", "42.5"),
            // Bytes.
            ("let b = blob(3, 7); b[1] = 255; b[0] + b[1]", "262"),
            ("let b = \"hi\".to_blob(); b.len", "2"),
            // Numbers.
            ("let x = 123; x.to_string() + (-5).abs() + 3.7.floor()", "\"12353.0\""),
            ("(10.0).sqrt().round() + max(1, 5) + min(2.0, 3)", "10.0"),
            ("let b = 0b1010; b[0..2] = 3; b", "11"),
            ("1_000_000 + 0xff", "1000255"),
            ("5.is_odd() && 4.is_even() && !0.is_zero() == false", "true"),
            ("2.0 ** 10", "1024.0"),
            ("PI() > 3.14", "true"),
            // Blocks, constants, shadowing, early return.
            ("const N = 5; let x = { let y = N * 2; y + 1 }; x", "11"),
            ("let x = 1; { let x = 2; } x", "1"),
            ("let x = if true { 1 } else { 2 }; let y = switch x { 1 => 10, _ => 0 }; x + y", "11"),
            ("if input.total > 100 { return \"big\"; } \"small\"", "\"big\""),
            ("let x; x = 5; x", "5"),
            ("let x = 5;", "()"),
            ("", "()"),
            ("/* a /* nested */ comment */ 1 // end", "1"),
            ("let x = [1, 2, 3]; let y = x?[9] ?? 7; y", "7"),
            ("let m = #{ a: () }; m?.b?.c ?? m.a ?? \"none\"", "\"none\""),
            ("let a = (); a?.b.c.d", "()"),
            (
                "type_of(1) + type_of(1.0) + type_of(\"\") + type_of([]) + type_of(#{}) + type_of(())",
                "\"i64f64stringarraymap()\"",
            ),
            ("let x = 10; x == 10 && { x += 1; x == 11 }", "true"),
            ("exit(42); 1", "42"),
            ("let f = |x| { if x > 0 { return \"pos\"; } \"neg\" }; f.call(1) + f.call(-1)", "\"posneg\""),
            ("let x = 5; if x > 3 { } else { 1 }\n-1", "-1"),
            (
                "let list = []; for i in 0..3 { for j in 0..3 { if j == i { continue; } list.push(i * 10 + j); } } list.len",
                "6",
            ),
            ("fn f(x) { x + 1 }\n\nlet a = f(1);\nlet b = f(a); // two\n\n[a, b]", "[2, 3]"),
            ("let v = input.lines; v.push(#{ sku: \"z\" }); v.len() + input.lines.len()", "5"),
            ("let total = 0; for line in input.lines { total += line.price * line.n; } total", "25.5"),
            ("let seen = #{}; for t in input.tags { seen[t] = true; } seen", "#{ a: true, b: true }"),
        ],
    );
}

/// A page from outside must not hold up the thread.
#[cfg(feature = "html")]
#[test]
fn deep_pages_are_refused() {
    let roots = Value::map([("page", Value::from("<div>".repeat(50_000)))]);
    let expr = compiled("html_select(page, \"b\")", Form::Expression, &Library::empty());
    let found = evaluated_in(expr, roots).0.expect_err("it is deep");
    assert!(found.message.contains("nested deeper than 1000"), "{found}");
    let flat = Value::map([("page", Value::from("<ul><li>x<p>y</ul>".repeat(2_000)))]);
    let expr = compiled("html_select(page, \"li\").len()", Form::Expression, &Library::empty());
    assert_eq!(evaluated_in(expr, flat).0, Ok(Value::Int(2_000)));
}

#[test]
fn sieve_of_eratosthenes() {
    let sieve = r#"
        const MAX = 1_000;
        let mask = [];
        mask.pad(MAX + 1, true);
        mask[0] = false;
        mask[1] = false;
        let count = 0;
        for p in 2..=MAX {
            if !mask[p] { continue; }
            count += 1;
            let i = 2 * p;
            while i <= MAX {
                mask[i] = false;
                i += p;
            }
        }
        count
    "#;
    check(Form::Block, &[(sieve, "168")]);
}

/// Evaluates each text, which must break: at this place, with words that contain these.
fn check_broken(form: Form, rows: &[(&str, &str, &str)]) {
    let mut wrong = Vec::new();
    for (text, place, message) in rows {
        let found = match compile(text, span(text), form, &Library::empty()) {
            Ok(expr) => evaluated_in(expr, roots()).0,
            Err(found) => panic!("{text}\ndoes not compile: {}", shown(text, &found)),
        };
        match found {
            Ok(value) => wrong.push(format!("{text}\n  gives {value:?}")),
            Err(found) => {
                let at = found.span.and_then(|span| text.get(span.range())).unwrap_or("?");
                if at != *place || !found.message.contains(message) {
                    wrong.push(format!("{text}\n  at `{at}`: {found}\n  not `{place}`: {message}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn errors_of_a_run_name_their_place_in_our_words() {
    check_broken(
        Form::Expression,
        &[
            ("input.nmae", "nmae", "`input` has no field `nmae`; did you mean `name`?"),
            ("input.nmae + 1", "nmae", "did you mean `name`?"),
            ("input.note.at", "at", "`input.note` is `()`, so it has no `at`; `input.note?.at` gives `()` then"),
            ("input.customer.phone.len()", "phone", "`input.customer?.phone` gives `()` where it is missing"),
            ("input.lines[9].sku", "9", "`input.lines` has 2 items, none at [9]"),
            ("input.name.first", "first", "`input.name` is the string \"Ada\", which has no field `first`"),
            ("nobody.x", "nobody.x", "nothing is called `nobody` here"),
            ("input.note > 5", "input.note", "`input.note` is `()` here; say by `??`"),
            (
                "input.name > 5",
                "input.name",
                "`input.name` is the string \"Ada\", which cannot be compared with a number",
            ),
            ("input.total > \"x\"", "input.total", "cannot be compared with a text"),
            ("input.name > input.total", "input.name > input.total", "a string cannot be compared with an int"),
            ("\"Hello ${input.note}!\"", "input.note", "`input.note` is `()` here; say by `??` what counts instead"),
            ("\"Hello ${input.lines.find(|l| l.n > 9)}!\"", "input.lines.find(|l| l.n > 9)", "this is `()`"),
            ("\"a\" + input.note", "input.note", "is `()`"),
            ("input.lines.map(|l| l.prize)", "prize", "there is no field `prize` here"),
            ("input.lines.map(|l| l.price + l.sku.at)", "at", "a string has no field `at`"),
            ("input.lines.map(|l| l?.tax.rate)", "rate", "this is `()`, so it has no `rate`"),
            ("input.total + true", "input.total + true", "`+` does not work between an int and a bool"),
            ("input.total - input.note", "input.note", "`input.note` is `()` here"),
            ("1 / (input.total - 120)", "1 / (input.total - 120)", "division by zero"),
            ("9223372036854775807 + input.total", "9223372036854775807 + input.total", "beyond what an int can hold"),
            ("input.total && true", "input.total", "a bool is expected here, not an int"),
            ("if input.name { 1 } else { 2 }", "input.name", "a bool is expected here, not a string"),
            ("input.tags.push(\"c\")", "push(\"c\")", "`push` would change a value that stands outside of the script"),
            ("parse_json(\"{\")", "parse_json(\"{\")", "the text is no JSON"),
            ("\"abc\".matches(\"[\")", "matches(\"[\")", "is no regular expression"),
            ("datetime(\"soon\")", "datetime(\"soon\")", "`soon` is no datetime"),
            ("input.tags.join(\", \").sum()", "sum()", "a list is expected, not a string"),
            ("[1, 2][5]", "5", "the list has 2 items and none at [5]"),
            ("env(\"NOPE\")", "env(\"NOPE\")", "the setting `NOPE` is not set"),
            ("env(\"NOPE\").len()", "env(\"NOPE\")", "the setting `NOPE` is not set"),
            ("input.lines.map(|l| input.nope)", "nope", "`input` has no field `nope`"),
            ("5m + 3", "5m + 3", "`+` does not work between a duration and an int"),
            ("sorted([1, \"a\"])", "sorted([1, \"a\"])", "cannot be compared with"),
            (
                "input.total.matches(\"x\")",
                "matches(\"x\")",
                "`matches` does not take an int and a string; it is `matches(text: string",
            ),
            ("input.lines.map(|l| l?.no + \"x\")", "l?.no", "this is `()`"),
            ("|x| x", "|x| x", "the result is a function, which is no value that can be kept"),
        ],
    );
    check_broken(
        Form::Block,
        &[
            ("let a = 1;\nlet b = a.x;\nb", "x", "an int has no field `x`"),
            ("fn deep(m) { m.a.b }\nlet x = 5;\ndeep(#{ a: #{} })", "b", "there is no field `b` here"),
            ("let xs = [1, 2];\nfor x in xs {\n  if x == 2 { xs[7]; }\n}", "7", "the list has 2 items"),
            ("let s = 5; s.frobnicate(1)", "frobnicate(1)", "there is no function `frobnicate` for an int and an int"),
            ("let n = 5; for x in n { }", "n", "`for` goes through lists"),
            ("throw \"plain\";", "throw \"plain\"", "plain"),
            ("let m = #{};\nm.a.b = 1;", "a", "there is no field `a` here"),
            ("let x = (); x + 1", "x + 1", "give a value for `()` by `??`"),
            ("let x = (); let s = \"a\"; s += x; s", "x", "this is `()`"),
        ],
    );
}

#[test]
fn thrown_values_become_errors_of_their_type() {
    let rows = [
        ("throw \"plain\"", "script_error", "plain", Value::map::<&str>([])),
        ("throw #{ type: \"conflict\", message: \"taken\" }", "conflict", "taken", Value::map::<&str>([])),
        (
            "throw #{ type: \"out_of_stock\", message: \"x\", sku: \"a\", details: #{ n: 1 } }",
            "out_of_stock",
            "x",
            Value::map([("sku", Value::from("a")), ("n", Value::Int(1))]),
        ),
        ("throw 42", "script_error", "42", Value::map::<&str>([])),
        (
            "fn f() { throw #{ type: \"not_found\", message: \"deep\" } } f()",
            "not_found",
            "deep",
            Value::map::<&str>([]),
        ),
        ("[1].map(|x| { throw \"inside\" })", "script_error", "inside", Value::map::<&str>([])),
        (
            "input.name ?? throw \"never\"; input.note ?? throw \"absent\"",
            "script_error",
            "absent",
            Value::map::<&str>([]),
        ),
    ];
    for (text, kind, message, details) in rows {
        let found = evaluated(text, Form::Block).expect_err(text);
        assert_eq!(
            (found.kind.name(), &*found.message, Value::Map(found.details.clone())),
            (kind, message, details),
            "{text}"
        );
        assert!(found.span.is_some(), "{text}");
    }
}

#[test]
fn mistakes_are_told_before_the_run() {
    let rows = [
        // (text, code, underlined, message contains, hint contains)
        ("input.a and input.b", "F0902", "and", "`and` is written `&&`", "write `&&`"),
        ("input.a or input.b", "F0902", "or", "`or` is written `||`", "write `||`"),
        ("not input.a", "F0902", "not", "`not` is written `!`", "write `!`"),
        ("input.a not in [1]", "F0902", "not in", "`not in` is written `!in`", ""),
        ("input.a is not ()", "F0902", "is not", "`is not` is written `!=`", ""),
        ("input.a === 1", "F0902", "===", "`===` is written `==`", ""),
        ("input.a !== 1", "F0902", "!==", "`!==` is written `!=`", ""),
        ("input.a = 1", "F0902", "=", "`=` puts a value somewhere", "write `==`"),
        ("if input.a = 1 { 2 }", "F0902", "=", "a condition compares", "write `==`"),
        ("input.a ? 1 : 2", "F0902", "?", "there is no `? :`", "if condition { a } else { b }"),
        ("input.name == 'Ada'", "F0902", "'Ada'", "double quotes", "\"Ada\""),
        ("input.a == null", "F0911", "null", "`null` never stands for what is absent", "write `()`"),
        ("input.a == nil", "F0902", "nil", "what is absent is written `()`", "write `()`"),
        ("None", "F0902", "None", "what is absent is written `()`", ""),
        ("undefined", "F0902", "undefined", "what is absent is written `()`", ""),
        ("if input.a { 1 } elif input.b { 2 }", "F0902", "elif", "`elif` is written `else if`", ""),
        ("f\"Hello {input.name}\"", "F0902", "f", "needs no `f`", ""),
        ("{{ input.name }}", "F0902", "{{", "needs no double braces", "${input.name}"),
        ("input.lines.map(l => l.price)", "F0902", "=>", "|x| ...", ""),
        ("input.lines.map(lambda l: l.price)", "F0902", "lambda", "|x| ...", ""),
        ("{ a: 1 }", "F0902", "{", "a map begins with `#{`", "write `#{`"),
        ("#{ a = 1 }", "F0902", "=", "written with `:`", ""),
        ("(1, 2)", "F0902", ",", "no tuples", ""),
        ("x++", "F0902", "++", "`++` is written `+= 1`", ""),
        ("match input.a { 1 => 2 }", "F0902", "match", "is written `switch`", ""),
        ("True", "F0902", "True", "written `true`", ""),
        ("…", "F0901", "…", "means nothing here", ""),
        ("“hi”", "F0902", "“", "typographic quote", ""),
        ("\"abc", "F0903", "\"", "does not end on its line", ""),
        ("\"a ${input.b\"", "F0903", "${", "", ""),
        ("\"a ${} b\"", "F0903", "", "an expression is missing between", ""),
        ("\"\\q\"", "F0903", "\\q", "is no escape", ""),
        ("\"\"\"\nabc", "F0903", "\"\"\"", "this text is never closed", ""),
        ("10x", "F0904", "10x", "neither a number nor a duration", ""),
        ("5min", "F0904", "5min", "", "write `5m`"),
        ("1.5h", "F0904", "1.5h", "whole units", ""),
        ("99999999999999999999", "F0904", "99999999999999999999", "too large for an int", ""),
        ("1 +", "F0901", "", "a value is missing here", ""),
        ("(1 + 2", "F0901", "", "a `)` is missing", ""),
        ("[1, 2", "F0901", "", "a `,` is missing", ""),
        ("foo(1 2)", "F0901", "2", "a `,` is missing between the arguments", ""),
        ("1 2", "F0901", "2", "an operator is missing", ""),
        ("input.a)", "F0901", ")", "this closes nothing", ""),
        ("input.", "F0901", ".", "name of a field is missing", ""),
        ("input.lines.0", "F0901", ".", "", "`[0]`"),
        ("lenght(input.a)", "F0907", "lenght", "there is no function `lenght`", ""),
        ("input.name.toUpperCase()", "F0907", "toUpperCase", "no function `toUpperCase`", "`to_upper`"),
        ("input.name.trimmd()", "F0907", "trimmd", "no function", "did you mean `trimmed`?"),
        (
            "truncate(input.a)",
            "F0907",
            "truncate(input.a)",
            "takes 2 to 3 arguments, here it gets 1",
            "truncate(text: string",
        ),
        ("eval(\"1\")", "F0908", "eval", "not for scripts", ""),
        ("sleep(5)", "F0908", "sleep", "not for scripts", "wait 3d"),
        ("env(input.name)", "F0910", "env(input.name)", "as a plain text", ""),
        ("secret(\"A\" + \"B\")", "F0910", "secret(\"A\" + \"B\")", "", ""),
        ("", "F0901", "", "an expression is missing here", ""),
        ("new Date()", "F0902", "new", "no classes", ""),
        ("import \"x\"", "F0901", "import", "", ""),
        ("Fn(\"eval\")", "F0908", "\"eval\"", "`eval` is not for scripts", ""),
        ("Fn(\"timestamp\").call()", "F0908", "\"timestamp\"", "`timestamp` is not for scripts", "`now()`"),
        ("input.a as int", "F0902", "as", "there is no `as`", "to_int()"),
        ("input.lines.map(fn(l) { l })", "F0902", "fn", "|x| ...", ""),
        ("9223372036854775808", "F0904", "9223372036854775808", "too large for an int", ""),
    ];
    let mut wrong = Vec::new();
    for (text, code, place, message, hint) in rows {
        match compile(text, span(text), Form::Expression, &Library::empty()) {
            Ok(_) => wrong.push(format!("{text}\n  compiles")),
            Err(found) => {
                let first = &found[0];
                let at = text.get(first.primary.span.range()).unwrap_or("?");
                let hinted = first.hints.iter().any(|found| found.text.contains(hint)) || hint.is_empty();
                if first.code.0 != code || at != place || !first.message.contains(message) || !hinted {
                    wrong.push(format!("{text}\n  {}\n  not {code} `{place}` {message} | {hint}", shown(text, &found)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn mistakes_in_scripts_are_told_before_the_run() {
    let rows = [
        ("let x = 1\nlet y = 2;", "F0901", "", "a `;` is missing behind this statement"),
        ("input.total = 5;", "F0906", "input.total", "`input` stands outside of this script"),
        ("vars.n += 1;", "F0906", "vars.n", "stands outside"),
        ("fn f(x) { x + input.total } f(1)", "F0909", "input.total", "stands outside of this `fn`"),
        ("break;", "F0912", "break", "outside of any loop"),
        ("if true { fn f() { 1 } }", "F0912", "fn", "inside of a block"),
        ("fn f(a, a) { 1 }", "F0912", "a", "two parameters are called `a`"),
        ("fn f() { 1 } fn f() { 2 }", "F0912", "f", "declared twice"),
        ("let match = 1;", "F0901", "match", "is a word of Rhai"),
        ("import \"x\" as y;", "F0908", "import", "not for scripts"),
        ("while { 1 }", "F0901", "{", "a condition is missing"),
        ("let = 5;", "F0901", "=", "the name of the variable is missing"),
        ("for i of [1] { }", "F0901", "of", "an `in` is missing"),
        ("switch 1 { x => 2 }", "F0901", "x", "a literal"),
        ("switch 1 { _ => 2, 1 => 3 }", "F0912", "1", "never reached"),
        ("try { 1 } 2", "F0901", "2", "a `catch` is missing"),
        ("let f = |x| x; f(1)", "F0907", "f", "there is no function `f`"),
        ("{ 1", "F0901", "", "a `}` is missing to close the block"),
        ("const A = 1; A += 1;", "F0906", "A", "`A` is a constant"),
        ("for x in 5 { }", "F0912", "5", "not through a number"),
        ("if \"x\" { 1 }", "F0912", "\"x\"", "a text is neither true nor false"),
        ("input.a && 1", "F0912", "1", "a number is neither true nor false"),
        ("#{ a: 1, a: 2 }", "F0912", "a", "two entries `a`"),
        ("1 in 2", "F0912", "2", "nothing can be `in` a number"),
        ("[1][\"a\"]", "F0912", "\"a\"", "nothing can be found"),
        ("|a, a| a", "F0912", "a", "two parameters"),
        ("switch 1 { 0..5 => 1, 3 => 2 }", "F0912", "3", "behind a range"),
        ("type_of(input.a) == \"int\"", "F0912", "\"int\"", "`type_of` never gives `int`"),
        ("this.x", "F0912", "this", "`this` means nothing"),
        ("let print = 1;", "F0901", "print", "is a word of Rhai"),
        ("/* never", "F0901", "/*", "this comment is never closed"),
        ("\"abc\".in", "F0912", "in", "a text has no field `in`"),
        ("let o = #{ new: |x| x }; o.new(5)", "F0912", "new", "`new` is a word of Rhai and no method"),
        ("let x = 1; x.Fn(\"f\")", "F0912", "Fn", "`Fn` is a function and no method"),
        ("\"abc\".len() = 5;", "F0906", "\"abc\".len()", "nothing can be put here"),
        ("[1][0] += 5;", "F0906", "[1][0]", "nothing can be put here"),
        ("let a = [1]; a.first() = 5;", "F0906", "a.first()", "nothing can be put here"),
        ("let a = [#{}]; a.first().x = 5;", "F0906", "a.first().x", "nothing can be put here"),
        ("this.x += 1;", "F0912", "this", "`this` means nothing"),
        ("let mut x = 1;", "F0902", "mut", "without `mut`"),
        ("let x: int = 1;", "F0902", ":", "have no types"),
        ("for (let i = 0; i < 5; i += 1) { }", "F0902", "let", "it does not count"),
        ("fn f() { hello } f!()", "F0909", "hello", "stands outside of this `fn`"),
    ];
    let mut wrong = Vec::new();
    for (text, code, place, message) in rows {
        match compile(text, span(text), Form::Block, &Library::empty()) {
            Ok(_) => wrong.push(format!("{text}\n  compiles")),
            Err(found) => {
                let first = &found[0];
                let at = text.get(first.primary.span.range()).unwrap_or("?");
                if first.code.0 != code || at != place || !first.message.contains(message) {
                    wrong.push(format!("{text}\n  {}\n  not {code} `{place}` {message}", shown(text, &found)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn each_statement_that_cannot_be_read_is_told() {
    for (text, expected) in [
        // What cannot even be cut into words is told alone.
        ("let a = ; let b = 'two'; let c = [1 2];", &["texts stand in double quotes"][..]),
        (
            "let a = ;\nlet b = [1 2];\nif a = b { 1 }\nlet c = 5\nlet d = (1, 2);\nd",
            &["a value is expected", "a `,` is missing", "a condition compares", "a `;` is missing", "no tuples"],
        ),
        // Inside of blocks, closures and texts as well, and each once.
        (
            "let f = |x| { let y = ; y + }; if true { z ++ 1; 5 } \"${ { let q = ; q = = 1; } }\"",
            &["expected here, not `;`", "expected here, not `}`", "written `+= 1`", "not `;`", "not `=`"],
        ),
        ("} 1 } 2", &["expected here, not `}`", "expected here, not `}`"]),
        ("let x = 5 if true else 6; let y = ;", &["a choice begins with its condition", "not `;`"]),
        ("let x = 1 2 3; let y = 4 5;", &["an operator is missing", "an operator is missing"]),
    ] {
        let found = compile(text, span(text), Form::Block, &Library::empty()).expect_err(text);
        let told: Vec<&str> = found.iter().map(|found| &*found.message).collect();
        let all = told.len() == expected.len() && told.iter().zip(expected).all(|(told, part)| told.contains(part));
        assert!(all, "{text}\n{}", shown(text, &found));
    }
    // So many and no more.
    let found = compile(&"let = 1; ".repeat(1_000), span(&"let = 1; ".repeat(1_000)), Form::Block, &Library::empty());
    assert_eq!(found.expect_err("nothing of it can be read").len(), 20);
}

#[test]
fn what_one_item_is_asked_for_costs_no_copy_of_the_others() {
    let items = Value::list((0..200_000).map(|n| Value::map([("n", Value::Int(n))])));
    let by_name = Value::map([("x", items.clone()), ("i", Value::Int(7)), ("k", "x".into())]);
    let roots = Value::map([("input", by_name), ("items", items)]);
    for (text, expected) in [
        ("items[input.i].n + 1", "8"),
        ("items[input.i - 8]?.n", "199_999"),
        ("items?[input.i * 1_000_000] ?? 3", "3"),
        ("input[input.k].last().n - items.first().n", "199_999"),
        ("\"${input[input.k][3].n}\" in [\"3\"] && input.contains(\"x\")", "true"),
    ] {
        let expr = compiled(text, Form::Expression, &Library::empty());
        let expected = Ok(evaluated(expected, Form::Expression).expect(expected));
        let (expr, roots) = (expr.clone(), roots.clone());
        let (found, millis) = on_stack(move || {
            let world = World { expr: expr.clone(), roots, printed: Mutex::default(), millis_max: 10_000 };
            let begun = std::time::Instant::now();
            let found = (0..100).map(|_| expr.evaluate(&world)).last().expect("it was evaluated");
            (found, begun.elapsed().as_millis())
        });
        assert_eq!(found, expected, "{text}");
        // With a copy for each it takes a hundred times as long.
        assert!(millis < 500, "{text}: {millis} ms");
    }
}

/// Reads as text: the path, `!` where absence would do harm, `^n` where n segments were tested.
fn reads(text: &str, form: Form) -> String {
    let expr = compiled(text, form, &Library::empty());
    let one = |read: &script::Read| {
        let mut shown = read.root.to_string();
        for segment in &read.path {
            shown += &format!("{}{}", if segment.optional { "?" } else { "" }, segment.key);
        }
        if !read.guarded {
            shown.push('!');
        }
        if let Some(tested) = read.tested.filter(|tested| *tested > 0) {
            shown += &format!("^{tested}");
        }
        shown
    };
    expr.reads().iter().map(one).collect::<Vec<_>>().join(" ")
}

#[test]
fn reads_are_exact_and_know_where_absence_does_no_harm() {
    let rows = [
        ("input.name", "input.name"),
        ("input", "input"),
        ("input.a.b[0].c", "input.a.b[0].c"),
        ("input[\"a b\"].c", "input[\"a b\"].c"),
        ("input?.a?[0]?.b", "input?.a?[0]?.b"),
        ("input.a + input.b * input.a", "input.a! input.b!"),
        ("input.items.len()", "input.items!"),
        ("input.items[vars.i]", "input.items! vars.i!"),
        ("input.note ?? \"\"", "input.note"),
        ("input.note == ()", "input.note"),
        ("\"${input.a} ${input.b}\"", "input.a! input.b!"),
        ("input.items.map(|x| x.a + input.b)", "input.items! input.b!"),
        ("input.items.map(|input| input.a)", "input.items!"),
        ("let x = input.a; x.b + x.c", "input.a"),
        ("let a = input.b; let input = 1; input + a", "input.b"),
        ("input.a != () && input.a > 5", "input.a input.a^1"),
        ("input.a == () || input.a > 5", "input.a input.a^1"),
        ("if input.a != () { input.a + 1 } else { input.a + 2 }", "input.a input.a^1 input.a!"),
        ("if input.a == () { 0 } else { input.a.b + 1 }", "input.a input.a.b!^1"),
        ("if input.a.b != () { input.a.c + input.a.b }", "input.a.b input.a.c!^1 input.a.b^2"),
        ("if !(input.a == ()) { input.a * 2 }", "input.a input.a^1"),
        ("if !blank(input.a) { input.a + \"x\" }", "input.a input.a^1"),
        ("if type_of(input.a) == \"string\" { input.a.len() }", "input.a input.a^1"),
        ("if input.a == () { return 0; } input.a + 1", "input.a input.a^1"),
        ("if input.a == () { throw \"x\" } input.a + 1", "input.a input.a^1"),
        ("switch input.kind { \"a\" => input.kind.len(), _ => 0 }", "input.kind input.kind^1"),
        ("input.ok", "input.ok"),
        ("!input.ok", "input.ok!"),
        ("input.a in input.b", "input.a input.b!"),
        ("for x in input.items { x.a }", "input.items!"),
        ("[input.a, #{ k: input.b }]", "input.a input.b"),
        ("fn f(input) { input.x } f(1)", ""),
        ("#{ input: 1 }.input", ""),
        ("calls(slack.post_message).len()", "calls[\"slack.post_message\"]"),
        ("emitted(\"x.y\").len()", "emitted[\"x.y\"]"),
        ("steps.pay.status == \"done\"", "steps.pay.status"),
        ("try { input.a } catch (e) { e.message + input.b }", "input.a input.b!"),
        ("`a ${input.x}`", "input.x!"),
        ("input.a?.len()", "input.a"),
        ("trimmed(input.a)", "input.a!"),
    ];
    for (text, expected) in rows {
        assert_eq!(reads(text, Form::Block), expected, "{text}");
    }
}

#[test]
fn constants_and_paths_are_known_without_an_evaluation() {
    let constants = [
        ("1", "1"),
        ("-1.5", "-1.5"),
        ("\"a\"", "\"a\""),
        ("true", "true"),
        ("()", "null"),
        ("[1, [2]]", "[1,[2]]"),
        ("#{ b: 1, a: \"x\" }", "{\"b\":1,\"a\":\"x\"}"),
        ("30s", "\"30s\""),
        ("(5)", "5"),
    ];
    for (text, expected) in constants {
        let expr = compiled(text, Form::Expression, &Library::empty());
        assert_eq!(expr.constant().map(|value| value.to_json().to_string()).as_deref(), Some(expected), "{text}");
    }
    for text in ["input.a.b", "input", "(input.a)"] {
        let expr = compiled(text, Form::Expression, &Library::empty());
        assert!(expr.path().is_some() && expr.constant().is_none(), "{text}");
    }
    for text in ["input.a.len()", "input.a + 1", "\"${input.a}\"", "now()", "[input.a]"] {
        let expr = compiled(text, Form::Expression, &Library::empty());
        assert!(expr.path().is_none() && expr.constant().is_none(), "{text}");
    }
}

fn library(rows: &[(&str, &[&str], &str)]) -> (Library, Vec<Diagnostic>) {
    let functions: Vec<Function> = rows
        .iter()
        .map(|(name, params, body)| Function {
            name: (*name).into(),
            params: params.iter().map(|param| Arc::from(*param)).collect(),
            body: (*body).into(),
            span: Span::new(FileId(1), 0..body.len()),
            name_span: Span::new(FileId(1), 0..0),
            param_spans: Vec::new(),
        })
        .collect();
    Library::compile(&functions)
}

#[test]
fn functions_of_the_program_are_called_by_name_and_by_alias() {
    let (library, found) = library(&[
        ("net", &["total"], "total / 1.19"),
        ("eu", &["country"], "country in [\"DE\", \"AT\"]"),
        ("alerts.text", &["order"], "\"Order ${order.id}: ${tail(order)}\""),
        ("alerts.tail", &["order"], "let t = order.total; if t > 50 { \"big\" } else { \"small\" }"),
        ("stamp", &[], "now().year"),
        ("token", &[], "secret(\"TOKEN\")"),
        ("deep", &["m"], "m.a.b"),
        ("even", &["n"], "if n == 0 { true } else { odd(n - 1) }"),
        ("odd", &["n"], "if n == 0 { false } else { even(n - 1) }"),
        ("loud", &["x"], "print(x); x"),
    ]);
    assert!(found.is_empty(), "{found:?}");
    let rows = [
        ("net(119)", "100.0"),
        ("eu(\"DE\") && !eu(\"US\")", "true"),
        ("alerts.text(order)", "\"Order o1: big\""),
        ("input.lines.map(|l| net(l.price * 119)).len()", "2"),
        ("[119].map(net)", "[100.0]"),
        ("stamp()", "2026"),
        ("token()", "\"s3cret\""),
        ("even(10)", "true"),
        ("\"${loud(1)}\"", "\"1\""),
    ];
    for (text, expected) in rows {
        let (value, _) = evaluated_in(compiled(text, Form::Expression, &library), roots());
        assert_eq!(value, Ok(evaluated(expected, Form::Expression).expect(expected)), "{text}");
    }
    let (_, printed) = evaluated_in(compiled("loud(7) + loud(8)", Form::Expression, &library), roots());
    assert_eq!(printed, ["7", "8"]);
    let (found, _) = evaluated_in(compiled("deep(input.customer)", Form::Expression, &library), roots());
    let found = found.expect_err("the field is missing");
    assert_eq!(
        (found.span, found.message.contains("no field `a`")),
        (Some(Span::new(FileId(1), 2..3)), true),
        "{found}"
    );
    let called = compiled("net(1) + alerts.text(order).len()", Form::Expression, &library);
    let names: Vec<_> = called.functions_called().iter().map(|called| &*called.name).collect();
    assert_eq!(names, ["net", "len", "alerts.text"]);
    let settings: Vec<_> =
        compiled("token()", Form::Expression, &library).uses_settings().map(|s| s.name.to_string()).collect();
    assert_eq!(settings, ["TOKEN"]);
    for (text, message) in [
        ("net(1, 2)", "`net` takes 1 argument, here it gets 2"),
        ("nett(1)", "there is no function `nett`"),
        ("alerts.txt(order)", "`alerts` has no function `txt`"),
    ] {
        let found = compile(text, span(text), Form::Expression, &library).expect_err(text);
        assert!(found[0].message.contains(message) && !found[0].hints.is_empty(), "{}", shown(text, &found));
    }
}

#[test]
fn faults_in_functions_of_the_program_are_all_told() {
    let (_, found) = library(&[("a", &["x"], "x +"), ("b", &["order"], "ordr.total"), ("c", &[], "nope()")]);
    let codes: Vec<_> = found.iter().map(|found| found.code.0).collect();
    assert_eq!(found.len(), 3, "{found:?}");
    for code in ["F0901", "F0909", "F0907"] {
        assert!(codes.contains(&code), "{codes:?}");
    }
}

#[test]
fn chance_and_time_come_from_the_scope_and_stay_the_same() {
    for text in ["uuid()", "random()", "[random(), random(100), uuid()]", "now()", "random([1, 2, 3])"] {
        let expr = compiled(text, Form::Expression, &Library::empty());
        let first = evaluated_in(expr.clone(), roots()).0;
        assert!(first.is_ok() && first == evaluated_in(expr, roots()).0, "{text}: {first:?}");
    }
    check(
        Form::Expression,
        &[
            ("now()", "datetime(\"2026-03-29T10:30:00Z\")"),
            ("today(\"Asia/Tokyo\")", "date(\"2026-03-29\")"),
            ("{ let a = random(); let b = random(); a != b && a >= 0.0 && a < 1.0 }", "true"),
            ("uuid().matches(\"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$\")", "true"),
        ],
    );
}

#[test]
fn time_is_computed_on_the_calendar_and_on_the_clock() {
    check(
        Form::Expression,
        &[
            ("date(\"2026-03-29\") + 3d", "date(\"2026-04-01\")"),
            ("date(\"2026-04-01\") - date(\"2026-03-29\")", "3d"),
            ("datetime(\"2026-03-29T10:00:00Z\") + 90m", "datetime(\"2026-03-29T11:30:00Z\")"),
            ("datetime(\"2026-03-29T10:00:00Z\") - datetime(\"2026-03-29T09:15:00Z\")", "45m"),
            ("datetime(\"2026-03-29T12:00:00+02:00\") == datetime(\"2026-03-29T10:00:00Z\")", "true"),
            ("datetime(\"2026-03-29T10:00:00Z\") < now()", "true"),
            ("in_zone(datetime(\"2026-03-29T00:30:00Z\"), \"Europe/Berlin\").add(#{ hours: 1 }).hour", "3"),
            ("in_zone(now(), \"Europe/Berlin\").start_of(\"day\").hour", "0"),
            ("start_of(date(\"2026-03-29\"), \"week\")", "date(\"2026-03-23\")"),
            ("start_of(date(\"2026-05-29\"), \"quarter\")", "date(\"2026-04-01\")"),
            ("add(datetime(\"2026-01-31T10:00:00Z\"), #{ months: 1, days: -1 }).day", "27"),
            ("date(\"2026-03-29\").weekday", "7"),
            ("date(\"2026-03-29\").weekday_name", "\"sunday\""),
            ("now().year * 100 + now().month", "202603"),
            ("(1h30m).minutes", "90"),
            ("1h / 15m", "4.0"),
            ("1h * 1.5", "90m"),
            ("10s - 15s < 0s", "true"),
            ("format(now(), \"%Y-%m-%d %H:%M\")", "\"2026-03-29 10:30\""),
            ("parse(\"29.03.2026 14:00\", \"%d.%m.%Y %H:%M\").hour", "14"),
            (
                "\"${date(\"2026-03-29\")} ${datetime(\"2026-03-29T10:00:00Z\")}\"",
                "\"2026-03-29 2026-03-29T10:00:00Z\"",
            ),
            ("max([date(\"2026-01-01\"), date(\"2026-02-01\")])", "date(\"2026-02-01\")"),
            ("sum([1m, 30s])", "90s"),
            ("[1, 2, 3].sum()", "6"),
            ("input.lines.sum(\"n\")", "3"),
            ("input.lines.sum(|l| l.price * l.n)", "25.5"),
            ("input.lines.sorted_by(\"price\").map(|l| l.sku)", "[\"y\", \"x\"]"),
            ("min(3, 2) + max(3.5, 2)", "5.5"),
        ],
    );
}

#[test]
fn sets_are_values() {
    let tags = Value::Set(Arc::new([Value::from("a"), Value::from("b")].into_iter().collect()));
    let roots = Value::map([("input", Value::map([("tags", tags)]))]);
    for (text, expected) in [
        ("\"a\" in input.tags", "true"),
        ("input.tags.len()", "2"),
        ("input.tags.len", "2"),
        ("(input.tags + \"c\").len()", "3"),
        ("(input.tags + \"a\").len()", "2"),
        ("(input.tags - \"a\").len()", "1"),
        ("join(input.tags, \"+\")", "\"a+b\""),
        ("input.tags.map(|t| t + \"!\")", "[\"a!\", \"b!\"]"),
        ("{ let n = 0; for t in input.tags { n += 1; } n }", "2"),
        ("input.tags == input.tags + \"a\"", "true"),
        ("sorted(input.tags)", "[\"a\", \"b\"]"),
    ] {
        let (value, _) = evaluated_in(compiled(text, Form::Expression, &Library::empty()), roots.clone());
        assert_eq!(value, Ok(evaluated(expected, Form::Expression).expect(expected)), "{text}");
    }
}

#[test]
fn hostile_scripts_end_with_an_error() {
    let rows = [
        "loop { }",
        "let x = 0; while true { x += 1; }",
        "fn f(n) { f(n + 1) } f(0)",
        "fn f(n) { g(n) } fn g(n) { f(n) } f(0)",
        "let s = \"x\"; loop { s += s; }",
        "let s = \"xxxxxxxxxx\"; for i in 0..100 { s.replace(\"x\", s); }",
        "let s = \"\"; s.pad(1_000_000_000_000, 'x');",
        "let a = [1]; loop { a += a; }",
        "let a = [1]; loop { a = [a, a]; }",
        "let a = []; a.pad(1_000_000_000_000, 0);",
        "let b = blob(1_000_000_000_000, 0);",
        "let m = #{}; let i = 0; loop { m[`k${i}`] = i; i += 1; }",
        "let a = []; loop { a = [a]; } a",
        "let a = #{}; loop { a = #{ x: a }; }",
        "let a = []; for i in 0..300 { a = [a]; } a",
        "let s = \"a\"; loop { s = `${s}${s}`; }",
        "let s = \"a\"; for i in 0..40 { s = [s, s].join(s); }",
        "let s = \"aaaaaaaaaaaaaaaa\"; for i in 0..40 { s = replace_all(s, \"a\", s); }",
        "let f = |f| f.call(f); f.call(f)",
        "let a = range(0, 9_000_000_000_000_000_000); a",
        "chunks(product([1, 2, 3], [1, 2, 3]), -1)",
        "let a = [1, 2]; for i in 0..40 { a = product(a, a); }",
        "9_223_372_036_854_775_807 + 1",
        "let x = 1 << 70; 1 / 0",
        "let name = \"ev\" + \"al\"; Fn(name).call(\"1\")",
        "let name = \"sle\" + \"ep\"; Fn(name).call(1)",
        "let a = 0..9_000_000_000_000_000_000; a.map(|x| x)",
        "let a = []; loop { a.push(1); }",
        "let s = \"x\"; s.pad(20_000_000, 'x'); s.split(\"x\").len()",
        "let s = \"x\"; s.pad(20_000_000, 'x'); s.to_chars().len()",
        "matches(\"a\", \"(a{1000}){1000}\")",
        "let a = []; a.pad(100_000, 0); a.sort(|a, b| { loop { } }); 1",
        "let a = []; a.pad(300_000, 0); a.sorted_by(|x| { let n = 0; while n < 1_000 { n += 1; } n })",
    ];
    for text in rows {
        let expr = compiled(text, Form::Block, &Library::empty());
        let (found, _) = evaluated_within(expr, roots(), 200);
        assert!(found.is_err(), "{text} gives {found:?}");
    }
}

#[test]
fn the_clock_is_looked_at_behind_slow_operations() {
    let text = "let s = \"x\"; s.pad(1_000_000, 'y'); for i in 0..1_000 { sha256(s); }";
    let begun = std::time::Instant::now();
    let (found, _) = evaluated_within(compiled(text, Form::Block, &Library::empty()), roots(), 100);
    assert_eq!(found.map_err(|found| found.message), Err("the script took longer than 100ms".to_owned()));
    assert!(begun.elapsed().as_millis() < 3_000, "{:?}", begun.elapsed());
}

#[test]
fn hostile_texts_are_refused_without_harm() {
    let nested = |open: &str, close: &str, n: usize| format!("{}1{}", open.repeat(n), close.repeat(n));
    let mut rows = vec![
        nested("(", ")", 10_000),
        nested("[", "]", 10_000),
        nested("#{ a: ", "}", 10_000),
        nested("if true { ", "}", 2_000),
        nested("\"${", "}\"", 5_000),
        nested("`${", "}`", 5_000),
        "!".repeat(20_000) + "true",
        "-".repeat(20_000) + "1",
        "1 + ".repeat(10_000) + "1",
        "a.".repeat(20_000) + "a",
        "a[".repeat(20_000),
        "|x| ".repeat(10_000) + "x",
        "x = ".repeat(10_000) + "1",
        "\"".repeat(60_000),
        "/*".repeat(30_000),
        "`".repeat(60_001),
        "${".repeat(30_000),
        "#".repeat(60_000),
        "'".repeat(60_000),
        "\\".repeat(60_000),
        "0x".repeat(30_000),
        "1e".repeat(30_000),
        "f(".repeat(30_000),
        "switch 1 { 1 => ".repeat(3_000),
        "else if true { 1 } ".repeat(3_000),
        format!("if true {{ 1 }} {}", "else if true { 1 } ".repeat(3_000)),
        "x ".repeat(1_000_000),
        format!("len({})", "1, ".repeat(20_000)),
        format!("|{}| 1", (0..10_000).map(|n| format!("a{n}, ")).collect::<String>()),
        format!("fn f({}) {{ 1 }} 1", (0..10_000).map(|n| format!("a{n}, ")).collect::<String>()),
        "\0".into(),
        "\u{202e}a".into(),
    ];
    rows.extend(
        ["\"\"\"", "\"\"\"${", "#\"", "`${`", "1..", "..", "?.", "?[", "#{", "|", "||", "|x", "fn", "let", "a?"]
            .map(String::from),
    );
    for text in &rows {
        for form in [Form::Expression, Form::Block] {
            // Also on the stack a thread has by default: a program is checked anywhere.
            if let Ok(expr) = compile(text, span(text), form, &Library::empty()) {
                assert!(text.len() < 20, "{:.40} compiles", expr.text());
            }
        }
    }
}

#[test]
fn the_deepest_text_that_is_taken_also_runs() {
    for text in [
        format!("{}1{}", "(".repeat(127), ")".repeat(127)),
        format!("{}1{}", "[".repeat(120), "]".repeat(120)),
        "1 + ".repeat(500) + "1",
        format!("{}1{}", "1 - (".repeat(120), ")".repeat(120)),
        "!".repeat(500) + "input.rush",
        format!("{}x{}", "[1].map(|x| ".repeat(30), ")".repeat(30)),
        format!("{}1{}", "if true { ".repeat(120), " } else { 2 }".repeat(120)),
        format!("{}1{}", "\"${".repeat(120), "}\"".repeat(120)),
        format!("input{}", "?.a".repeat(500)),
    ] {
        let found = evaluated(&text, Form::Expression);
        assert!(found.is_ok(), "{text:.60}: {found:?}");
    }
}

#[test]
fn scripts_are_pure() {
    // Nothing that Rhai could reach outside with is there, whether called by name or by a pointer.
    for name in ["eval", "sleep", "timestamp", "import", "open", "read_file", "system", "exec", "env_var", "elapsed"] {
        let direct = format!("{name}(\"x\")");
        assert!(compile(&direct, span(&direct), Form::Block, &Library::empty()).is_err(), "{direct}");
        let pointed = format!("let name = \"{name}\"; Fn(name).call(\"x\")");
        assert!(evaluated(&pointed, Form::Block).is_err(), "{pointed}");
    }
    // What a script changes is its own.
    let before = roots();
    for text in [
        "let mine = input; mine.total = 0; mine.lines.clear(); mine",
        "let l = input.lines; l[0].price = 0; let f = || { l.push(1); l }; f.call()",
        "for line in input.lines { line.price = 0; } input.lines",
        "input.lines.map(|l| { l.price = 0; l })",
        "let m = #{ l: input.lines }; m.l.clear(); m",
    ] {
        let expr = compiled(text, Form::Block, &Library::empty());
        let (found, printed) = evaluated_in(expr, before.clone());
        assert!(found.is_ok() && printed.is_empty(), "{text}: {found:?}");
        assert_eq!(before, roots(), "{text}");
    }
    // What it prints goes to the scope.
    let text = "print(\"a\"); debug(1); print(input.total); 5";
    assert_eq!(
        evaluated_in(compiled(text, Form::Block, &Library::empty()), roots()).1,
        ["\"a\"".replace('"', ""), "1".into(), "120".into()]
    );
}

/// A type as people write it, for comparison.
fn type_text(shape: &Shape) -> String {
    match shape {
        Shape::Any => "any".into(),
        Shape::Unit => "()".into(),
        Shape::Bool => "bool".into(),
        Shape::Int(_) => "int".into(),
        Shape::Float(_) => "float".into(),
        Shape::Text(..) => "string".into(),
        Shape::Email => "email".into(),
        Shape::Date => "date".into(),
        Shape::DateTime => "datetime".into(),
        Shape::Duration => "duration".into(),
        Shape::Secret => "secret".into(),
        Shape::Uuid => "uuid".into(),
        Shape::List(item, _) => format!("list<{}>", type_text(item)),
        Shape::Set(item, _) => format!("set<{}>", type_text(item)),
        Shape::Map(item, _) => format!("map<{}>", type_text(item)),
        Shape::Optional(inner) => format!("{}?", type_text(inner)),
        Shape::Object(object) => {
            let field = |field: &Field| format!("{}: {}", field.name, type_text(&field.shape));
            format!("{{ {} }}", object.fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        Shape::Union(all) => all.iter().map(type_text).collect::<Vec<_>>().join(" | "),
        other => format!("{other:?}"),
    }
}

#[test]
fn types_are_known_as_far_as_they_can_be() {
    let text = Shape::Text(Bounds::default(), None);
    let int = Shape::Int(Bounds::default());
    let float = Shape::Float(Bounds::default());
    let field = |name: &str, shape: Shape| Field { name: name.into(), shape, default: None, doc: None };
    let line = Shape::Object(Arc::new(Object {
        name: None,
        fields: vec![field("sku", text.clone()), field("price", float.clone()), field("n", int.clone())],
    }));
    let known = |path: &str| match path {
        "input.n" => int.clone(),
        "input.price" => float.clone(),
        "input.name" => text.clone(),
        "input.email" => Shape::Email,
        "input.note" | "input.customer.note" => Shape::Optional(text.clone().into()),
        "input.lines" => Shape::List(line.clone().into(), Bounds::default()),
        "input.at" => Shape::DateTime,
        "input.at.year" => script::field(&Shape::DateTime, "year").expect("a moment has a year"),
        "input.day" => Shape::Date,
        "input.tags" => Shape::Set(text.clone().into(), Bounds::default()),
        "input.sizes" => Shape::Map(int.clone().into(), Bounds::default()),
        "input.ok" => Shape::Bool,
        _ => Shape::Any,
    };
    let rows = [
        ("input.n + 1", "int"),
        ("input.n * 1.5", "float"),
        ("input.price / input.n", "float"),
        ("input.n > 5 && input.ok", "bool"),
        ("!input.ok", "bool"),
        ("\"Hi ${input.name}\"", "string"),
        ("input.name + input.n", "string"),
        ("input.email + \"x\"", "string"),
        ("input.note", "string?"),
        ("input.note ?? \"\"", "string"),
        ("input.note ?? ()", "string?"),
        ("input.note ?? throw \"x\"", "string"),
        ("if input.note != () { input.note } else { \"none\" }", "string"),
        ("if input.ok { 1 } else { 2.5 }", "int | float"),
        ("if input.ok { \"a\" }", "string?"),
        ("if input.ok { 1 } else { \"a\" }", "any"),
        ("switch input.n { 1 => \"a\", _ => \"b\" }", "string"),
        ("switch input.n { 1 => \"a\" }", "string?"),
        ("[1, 2, input.n]", "list<int>"),
        ("[]", "list<any>"),
        ("#{ a: input.n, b: \"x\" }", "{ a: int, b: string }"),
        ("#{ a: #{ b: 1.5 } }.a.b", "float"),
        ("input.lines[0].price", "any"),
        ("input.lines.len()", "int"),
        ("input.lines.map(|l| l.price * l.n)", "list<float>"),
        ("input.lines.map(|l| l.sku).join(\", \")", "string"),
        ("input.lines.filter(|l| l.n > 1)", "list<{ sku: string, price: float, n: int }>"),
        ("input.lines.find(|l| l.n > 1)", "{ sku: string, price: float, n: int }?"),
        ("input.lines.find(|l| l.n > 1)?.sku", "string?"),
        ("input.lines.first()", "{ sku: string, price: float, n: int }?"),
        ("input.lines.sorted_by(\"price\")", "list<{ sku: string, price: float, n: int }>"),
        ("input.lines.sum(|l| l.n)", "int"),
        ("input.lines.group_by(\"sku\")", "map<list<{ sku: string, price: float, n: int }>>"),
        ("chunks(input.lines, 10)", "list<list<{ sku: string, price: float, n: int }>>"),
        ("input.lines.flat_map(|l| [l.sku])", "list<string>"),
        ("input.lines.map(|l| { let t = l.n * 2; t + 1 })", "list<int>"),
        ("input.at + 3d", "datetime"),
        ("input.at - input.at", "duration"),
        ("input.at - now()", "duration"),
        ("input.day + 1d", "date"),
        ("input.at.year", "int"),
        ("start_of(input.at, \"day\")", "datetime"),
        ("2 * 30s", "duration"),
        ("input.at < now()", "bool"),
        ("input.sizes[\"x\"]", "any"),
        ("input.sizes.keys()", "list<string>"),
        ("input.tags + \"x\"", "set<string>"),
        ("\"x\" in input.tags", "bool"),
        ("input.name.to_upper().len()", "int"),
        ("input.name.split(\",\")", "list<string>"),
        ("uuid()", "uuid"),
        ("secret(\"X\")", "secret"),
        ("env(\"X\")", "string"),
        ("json(input)", "string"),
        ("parse_json(input.name)", "any"),
        ("first_of(input.note, \"x\")", "string"),
        ("input.unknown.x", "any"),
        ("0..3", "list<int>"),
        ("let x = input.n; x", "int"),
        ("let x = 1; x = \"a\"; x", "any"),
        ("if input.ok { return 1; } 2", "int"),
        ("if input.ok { return 1; } \"a\"", "any"),
        ("throw \"x\"", "()"),
        ("let x = 5;", "()"),
    ];
    for (text, expected) in rows {
        let expr = compiled(text, Form::Block, &Library::empty());
        let of_read = |read: usize| {
            let read = &expr.reads()[read];
            let path: String = read.path.iter().map(|segment| segment.key.to_string()).collect();
            known(&format!("{}{path}", read.root))
        };
        assert_eq!(type_text(&expr.shape(&of_read).0), expected, "{text}");
    }
}

/// Texts of pieces of the language in any order: most are nonsense.
fn any_text() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "1",
        "2.5",
        "30s",
        "\"a\"",
        "\"${",
        "}\"",
        "`x",
        "`",
        "${",
        "}",
        "input",
        "input.total",
        "x",
        "(",
        ")",
        "[",
        "]",
        "#{",
        "{",
        "a:",
        ",",
        ";",
        ".",
        "?.",
        "?[",
        "??",
        "+",
        "-",
        "*",
        "/",
        "<",
        "==",
        "!",
        "&&",
        "||",
        "|",
        "|x|",
        "in",
        "if",
        "else",
        "switch",
        "=>",
        "_",
        "let y =",
        "for z in",
        "while",
        "loop",
        "break",
        "return",
        "throw",
        "try",
        "catch",
        "fn f(a)",
        "f(1)",
        ".len()",
        ".map(|v| v)",
        "true",
        "()",
        "null",
        "..",
        "..=",
        "=",
        "+=",
        "const",
        "//",
        "/*",
        "*/",
        "'c'",
        "#\"",
        "\"#",
        "\"\"\"",
        "\n",
        "this",
        "now()",
        "env(\"REGION\")",
        "0x",
        "1e",
        "\\",
        "é",
        "::",
        "do",
        "until",
        "continue",
        "private",
    ];
    proptest::collection::vec(proptest::sample::select(PIECES), 1..14).prop_map(|pieces| pieces.join(" "))
}

/// Expressions that are well formed by construction.
fn any_expression() -> impl Strategy<Value = String> {
    let leaf = proptest::sample::select(
        &[
            "1",
            "-2",
            "2.5",
            "1e9",
            "true",
            "()",
            "\"a\"",
            "\"é ${input.name}\"",
            "'c'",
            "30s",
            "null",
            "[]",
            "#{}",
            "input.total",
            "input.name",
            "input.lines",
            "input?.gone",
            "vars.n",
            "input.new",
            "now()",
            "`t ${vars.n}`",
            "0..3",
        ][..],
    )
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 40, 4, |inner| {
        let op = proptest::sample::select(
            &[
                "+", "-", "*", "/", "%", "**", "<", ">", "<=", ">=", "==", "!=", "&&", "||", "??", "in", "!in", "|",
                "&", "<<",
            ][..],
        );
        prop_oneof![
            (inner.clone(), op, inner.clone()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
            inner.clone().prop_map(|a| format!("({a})")),
            inner.clone().prop_map(|a| format!("!({a})")),
            inner.clone().prop_map(|a| format!("\"<${{{a}}}>\"")),
            inner.clone().prop_map(|a| format!("({a}).len()")),
            inner.clone().prop_map(|a| format!("({a})?.x")),
            inner.clone().prop_map(|a| format!("({a})?[0]")),
            inner.clone().prop_map(|a| format!("({a}).n")),
            inner.clone().prop_map(|a| format!("({a}).first()")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})[{b}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})?[{b}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}).contains({b})")),
            inner.clone().prop_map(|a| format!("blank({a})")),
            inner.clone().prop_map(|a| format!("[1, 2].map(|v| {a})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, {b}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("#{{ a: {a}, default: {b} }}.default")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("if input.rush {{ {a} }} else {{ {b} }}")),
            (inner.clone(), inner.clone())
                .prop_map(|(a, b)| format!("switch vars.n {{ 1 | 2 => {a}, _ => {{ {b} }} }}")),
            (inner.clone(), inner)
                .prop_map(|(a, b)| format!("{{ let y = {a}; for z in [1] {{ if z == y {{ continue; }} }} {b} }}")),
        ]
    })
}

/// What compiles here must be taken by Rhai too: it may break for what it computes, not for how it is written.
fn is_taken(text: &str, form: Form) -> Result<(), TestCaseError> {
    let Ok(expr) = compile(text, span(text), form, &Library::empty()) else { return Ok(()) };
    let (found, _) = evaluated_within(expr, roots(), 50);
    let refused = found.as_ref().is_err_and(|found| found.message.contains("Rhai does not"));
    prop_assert!(!refused, "{text}: {found:?}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_either_refused_or_taken_by_rhai_too(text in any_text()) {
        is_taken(&text, Form::Expression)?;
        is_taken(&text, Form::Block)?;
    }

    #[test]
    fn well_formed_expressions_are_taken_by_rhai_too(text in any_expression()) {
        is_taken(&text, Form::Expression)?;
    }

    #[test]
    fn what_is_computed_without_rhai_is_what_rhai_gives(text in any_expression()) {
        // A declaration is nothing that is computed without Rhai.
        let script = format!("let result = {text}; result");
        let compiled = |text: &str, form| compile(text, span(text), form, &Library::empty());
        if let (Ok(ours), Ok(rhai)) = (compiled(&text, Form::Expression), compiled(&script, Form::Block)) {
            let (ours, rhai) = (evaluated_in(ours, roots()).0, evaluated_in(rhai, roots()).0);
            // As texts, since what is not a number equals nothing; of two operands at fault either may be named.
            let shown = |found: Result<Value, Broken>| found.map_or_else(|_| "error".to_owned(), |value| format!("{value:?}"));
            prop_assert_eq!(shown(ours), shown(rhai), "{}", text);
        }
    }

    #[test]
    fn texts_come_through_strings_unharmed(text in any::<String>()) {
        let quoted: String = text.chars().map(|c| format!("\\U{:08x}", c as u32)).collect();
        for written in [format!("\"{quoted}\" + \"\""), format!("\"{quoted}${{\"\"}}\".sub_string(0)"), format!("[\"{quoted}\"].map(|x| x)[0]")] {
            prop_assert_eq!(evaluated(&written, Form::Expression), Ok(Value::from(text.as_str())));
        }
    }

    #[test]
    fn values_come_through_scripts_unharmed(numbers in proptest::collection::vec(any::<i64>(), 0..8), float in any::<f64>(), text in any::<String>()) {
        prop_assume!(float.is_finite());
        let value = Value::map([
            ("numbers", Value::list(numbers.iter().map(|number| Value::Int(*number)))),
            ("float", Value::Float(float)),
            ("text", Value::from(text)),
        ]);
        let roots = Value::map([("input", value.clone())]);
        let expr = compiled("let x = input; x", Form::Block, &Library::empty());
        let Ok(Value::Map(found)) = evaluated_in(expr, roots).0 else { panic!("a map comes back") };
        prop_assert_eq!(Value::Map(found), value);
    }
}

#[test]
fn places_count_from_where_the_text_stands() {
    let at = |start: usize, text: &str| Span::new(FileId(3), start..start + text.len());
    // Line ends of every kind and what is no ASCII do not shift them.
    for (text, inner) in [
        ("input.nope", "nope"),
        ("\r\n  // é\r\n  input.nope", "nope"),
        ("\"é😀 ${input.nope}\"", "nope"),
        ("{ let s = \"ééé\\n\";\n let t = `ü${s}\n`;\n\n t.x }", "x"),
        ("[\"é\"].map(|x| {\n  let y = \"ß\"; y + x.z })", "z"),
    ] {
        let expr = compile(text, at(100, text), Form::Expression, &Library::empty()).expect(text);
        let found = evaluated_in(expr, roots()).0.expect_err(text);
        let start = 100 + text.rfind(inner).expect("it is there");
        assert_eq!(found.span, Some(Span::new(FileId(3), start..start + inner.len())), "{text}: {found}");
    }
    let text = "1 +\r\n  'no'";
    let found = compile(text, at(50, text), Form::Expression, &Library::empty()).expect_err(text);
    assert_eq!(found[0].primary.span, Span::new(FileId(3), 57..61));
}

#[test]
fn expressions_go_between_threads_and_failures_into_handlers() {
    fn shared<T: Send + Sync + Clone>(_: &T) {}
    let expr = compiled("throw #{ type: \"conflict\", message: \"no\", sku: 1 }", Form::Block, &Library::empty());
    shared(&expr);
    shared(&Library::empty());
    let found = evaluated_in(expr, roots()).0.expect_err("it throws");
    let failure = orchestra_flow::base::failure::Failure::from(found);
    assert_eq!((failure.kind.name(), &*failure.message), ("conflict", "no"));
    assert_eq!(failure.details.get("sku"), Some(&Value::Int(1)));
}

#[test]
fn what_a_workflow_adds_up() {
    let of = |text: &str| evaluated(text, Form::Expression).unwrap_or_else(|found| panic!("{text}: {found}"));
    for (value, more, expected) in [
        ("1", "2", "3"),
        ("1", "0.5", "1.5"),
        ("\"a\"", "\"b\"", "\"ab\""),
        ("[1]", "2", "[1, 2]"),
        ("[1]", "[2, 3]", "[1, 2, 3]"),
        ("#{ a: 1 }", "#{ b: 2 }", "#{ a: 1, b: 2 }"),
        ("30s", "1m", "90s"),
        ("()", "5", "5"),
    ] {
        assert_eq!(script::added(&of(value), &of(more)), Ok(of(expected)), "{value} += {more}");
    }
    let set = Value::Set(Arc::new([Value::Int(1)].into_iter().collect()));
    let grown = script::added(&set, &of("[1, 2]")).expect("a set takes items in");
    assert_eq!(grown.to_json().to_string(), "[1,2]");
    for (value, more) in [("1", "\"a\""), ("#{}", "1"), ("9223372036854775807", "1"), ("true", "true")] {
        assert!(script::added(&of(value), &of(more)).is_err(), "{value} += {more}");
    }
}
