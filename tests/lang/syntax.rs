//! The form of programs: what is read, and what is said about what cannot be.
//!
//! `whole/*.flow` are programs without a fault. In `syntax/*.flow` the expected findings stand under the guilty line, as
//! `finding.rs` writes them.

use std::path::Path;

use orchestra_flow::base::diagnostic::Diagnostic;
use orchestra_flow::base::report;
use orchestra_flow::base::span::{FileId, Source, Sources};
use orchestra_flow::lang::syntax::ast::Program;
use orchestra_flow::lang::syntax::parse;

use super::finding::{programs, read, stand_under_their_lines};

/// Where the programs without a fault are.
const WHOLE: &str = "tests/lang/whole";

fn parse_text(text: &str) -> (Program, Vec<Diagnostic>, Sources) {
    let mut sources = Sources::default();
    let file = sources.add(Source::new("test.flow", text));
    let (program, found) = parse(file, sources.get(file));
    (program, found, sources)
}

/// The whole report on a text.
fn report_on(text: &str) -> String {
    let (_, found, sources) = parse_text(text);
    report::to_text(&found, &sources, false)
}

#[test]
fn whole_programs_have_no_faults() {
    for file in programs(WHOLE) {
        let text = read(&file);
        assert_eq!(report_on(&text), "", "{}", file.display());
    }
}

#[test]
fn each_fault_is_named_under_its_line() {
    stand_under_their_lines("tests/lang/syntax", |text| {
        let (_, found, sources) = parse_text(text);
        (sources, found)
    });
}

/// The tree of a text without places, on one line.
fn outline(text: &str) -> String {
    let (program, found, _) = parse_text(text);
    assert_eq!(found, [], "{text}");
    let mut rest = &*format!("{:?}", program.declarations);
    let mut short = String::new();
    while let Some(at) = rest.find("Span {") {
        short += &rest[..at];
        short += "_";
        rest = &rest[at + rest[at..].find('}').map_or(0, |end| end + 1)..];
    }
    short += rest;
    for noise in [
        ", span: _",
        "span: _, ",
        "doc: None, ",
        ", head: _",
        ", clauses: []",
        ", with: false",
        ", short: false",
        "name: None, ",
        "ty: None, ",
    ] {
        short = short.replace(noise, "");
    }
    // `Name { text: "x" }` reads as `x`, an expression as its source in angle brackets.
    for (open, close, left, right) in [("Name { text: \"", "\" }", "", ""), ("Expr { source: \"", "\" }", "<", ">")] {
        let mut plain = String::new();
        let mut rest = &*short;
        while let Some(at) = rest.find(open) {
            let inside = &rest[at + open.len()..];
            let end = inside.find(close).expect("what is opened is closed");
            plain += &rest[..at];
            plain += left;
            plain += &inside[..end];
            plain += right;
            rest = &inside[end + close.len()..];
        }
        short = plain + rest;
    }
    short
}

/// The tree of the only statement of a workflow.
fn outline_of_statement(text: &str) -> String {
    let whole = outline(&format!("workflow w {{\n{text}\n}}"));
    let (_, items) = whole.split_once("items: [").expect("a workflow has items");
    items.strip_suffix("] } })]").expect("it ends with them").to_owned()
}

#[test]
fn statements_become_trees() {
    let rows = [
        ("let a = b.c + 1", "Let(Let { name: a, value: Expr(<b.c + 1>) })"),
        (
            "let a = [1, [2]]",
            "Let(Let { name: a, value: List(List { items: [Expr(<1>), List(List { items: [Expr(<2>)] })] }) })",
        ),
        ("let a = [1].len()", "Let(Let { name: a, value: Expr(<[1].len()>) })"),
        (
            "let a = { b }",
            "Let(Let { name: a, value: Object(Object { fields: [Field { key: b, value: Expr(<b>), short: true }] }) })",
        ),
        ("set state.seen += x", "Set(Set { target: Path { parts: [state, seen] }, add: true, value: Expr(<x>) })"),
        (
            "step a = b.c { x: 1, when y, retry 3 times every 10s }",
            "Step(Step { name: Some(a), action: Call(Call { callee: Path { parts: [b, c] }, params: [Field { key: x, value: Expr(<1>) }] }), \
             clauses: [Clause { kind: When(<y>) }, Clause { kind: Retry(Retry { times: Some(Expr(<3>)), pause: Some(Every(Expr(<10s>))) }) }] })",
        ),
        (
            "step b.c { timeout: 5, timeout 5s }",
            "Step(Step { action: Call(Call { callee: Path { parts: [b, c] }, params: [Field { key: timeout, value: Expr(<5>) }] }), \
             clauses: [Clause { kind: Timeout(Expr(<5s>)) }] })",
        ),
        (
            "parallel for x in [1, 2] max n tolerate 5% { until x }",
            "Step(Step { action: For(For { parallel: true, item: x, source: Items(<[1, 2]>), max: Some(Expr(<n>)), tolerate: Some(Percent(5.0, _)), \
             body: Block { items: [Until(Until { condition: <x> })] } }) })",
        ),
        (
            "for x from a.b { y: 1 } { return }",
            "Step(Step { action: For(For { parallel: false, item: x, source: Stream(Step { action: Call(Call { callee: Path { parts: [a, b] }, \
             params: [Field { key: y, value: Expr(<1>) }] }) }), max: None, tolerate: None, body: Block { items: [Return(Return { value: None })] } }) })",
        ),
        (
            "for x from a.b { return }",
            "Step(Step { action: For(For { parallel: false, item: x, source: Stream(Step { action: Call(Call { callee: Path { parts: [a, b] }, params: [] }) }), \
             max: None, tolerate: None, body: Block { items: [Return(Return { value: None })] } }) })",
        ),
        (
            "while a < max(3, 4) max 500 { return }",
            "Step(Step { action: While(While { condition: <a < max(3, 4)>, max: Some(Expr(<500>)), body: Block { items: [Return(Return { value: None })] } }) })",
        ),
        (
            "on a | b skip [1] when x == 1",
            "On(On { types: [a, b], action: Skip(Some(List(List { items: [Expr(<1>)] }))), guard: Some(<x == 1>) })",
        ),
        ("on rate_limited skip item", "On(On { types: [rate_limited], action: SkipItem, guard: None })"),
        ("fail conflict when x", "Fail(Fail { kind: conflict, message: None, when: Some(<x>) })"),
        (
            "output { a: string = b, c: d == e, f }",
            "Output(Output { form: Fields([Declare { name: a, ty: Some(Type { kind: Named { name: Path { parts: [string] }, arguments: [], bounds: None }, optional: false }), \
             value: Some(Expr(<b>)), keep: None }, Declare { name: c, value: Some(Expr(<d == e>)), keep: None }, Declare { name: f, value: Some(Expr(<f>)), keep: None }]) })",
        ),
        (
            "match x { 0..=5 | \"a\" => { return }, _ => { return } }",
            "Step(Step { action: Match(Match { subject: <x>, arms: [Arm { patterns: [Range { from: Some(<0>), to: Some(<5>), inclusive: true }, Literal(<\\\"a\\\">)], \
             guard: None, body: Block { items: [Return(Return { value: None })] } }, Arm { patterns: [Any(_)], guard: None, body: Block { items: [Return(Return { value: None })] } }] }) })",
        ),
        ("wait until a.b", "Step(Step { action: Wait(Until(<a.b>)) })"),
        (
            "step e = wait event \"x\" { where y, timeout 7d }",
            "Step(Step { name: Some(e), action: Wait(Event { topic: Text { text: \"x\" }, filter: Some(<y>) }), clauses: [Clause { kind: Timeout(Expr(<7d>)) }] })",
        ),
    ];
    for (text, expected) in rows {
        assert_eq!(outline_of_statement(text), expected, "{text}");
    }
}

/// What an expression takes in, and what it leaves to the next thing on its line.
#[test]
fn expressions_end_where_they_should() {
    let rows = [
        "a\n    .b()\n    ?.c\n    && d\n    || e\n    ?? f",
        "if a { b } else if c { d } else { e }",
        "if a { b }\n    else { c }",
        "switch a { 1 => 2, _ => { 3 } }",
        "|x| { x + 1 }",
        "|x, y| x + y",
        "|| 5",
        "\"a ${b(\"c ${d}\")} e\"",
        "`line\n  two ${a}`",
        "\"\"\"\n  a\n  \"\"\"",
        "#\"raw \" \\\"#",
        "##\"raw \"# \"##",
        "#{ a: 1, \"b\": [2] }.a",
        "x[0][1]?.y?[2]",
        "a::b(1)",
        "f!(x)",
        "-x ** 2 - -3",
        "!a in b || c !in d",
        "1..5",
        "1..=n",
        "30s + 1h30m",
        "1_000.5e3 * 0xff",
        "'\\''",
        "'\"' + \"'\"",
        "event.new.default.private",
        "a /* inside */ + b",
        "a < b && c >= d",
        "(a\n  + b)",
        "[1,\n 2].len()",
        "\"\\\"\" + \"\\\\\"",
        "\"a\"\"b\"",
        "x - 1",
        "x -1",
    ];
    for text in rows {
        let program = format!(
            "workflow w {{\n    step s = a.b {{ first: {text}, second: 2 }}\n    let v = {text}\n    let w = 3\n}}"
        );
        assert_eq!(report_on(&program), "", "{text}");
        let (tree, _, _) = parse_text(&program);
        let shown = format!("{:?}", tree.declarations);
        assert_eq!(shown.matches(&format!("source: {text:?}")).count(), 2, "{text}: {shown}");
    }
}

/// Whatever is written: a tree, findings, and places that lie in the text.
fn hold(text: &str) {
    let (program, found, sources) = parse_text(text);
    let text = &*sources.get(FileId(0)).text;
    let sound = |start: usize, end: usize| start <= end && text.is_char_boundary(start) && text.is_char_boundary(end);
    for diagnostic in &found {
        let labels = std::iter::once(&diagnostic.primary).chain(&diagnostic.others).map(|label| label.span);
        let edits = diagnostic.hints.iter().filter_map(|hint| hint.edit.as_ref()).map(|(span, _)| *span);
        for span in labels.chain(edits) {
            assert!(sound(span.start as usize, span.end as usize), "{diagnostic:?}");
        }
    }
    if text.len() < 4096 {
        let tree = format!("{program:?}");
        for place in tree.split("start: ").skip(1) {
            let mut numbers = place
                .split(|c: char| !c.is_ascii_digit())
                .filter(|word| !word.is_empty())
                .filter_map(|word| word.parse::<usize>().ok());
            let (Some(start), Some(end)) = (numbers.next(), numbers.next()) else {
                panic!("a span has two ends: {place}")
            };
            assert!(sound(start, end), "{start}..{end} in {text:?}");
        }
        let shown = report::to_text(&found, &sources, true);
        assert!(found.is_empty() == shown.is_empty());
        report::to_json(&found, &sources);
    }
}

#[test]
fn hostile_texts_are_survived() {
    let pieces = [
        "[", "{", "(", "]", "}", ")", "\"", "/*", "`", "\"${", "`${", "#\"", "#{", "!", "|x| ", "(/", "'", "- ",
        "else ", "if ", ";", ",", "a.", "\"\"\"", "\n\"${`", "\0", "\u{202e}", "“", "é", "\r", "\\", "\u{1}", "\u{2}",
        "start ", "undo ", "x: ", "=> ", "await ",
    ];
    let frames = [
        ("", ""),
        ("workflow a {\n    let x = ", "\n}\n"),
        ("workflow a {\n    step x = a.b {\n        to: ", "\n        cc: 1\n    }\n}\n"),
        ("fn f() { ", " }\n"),
        ("type A { ", " }\n"),
    ];
    for piece in pieces {
        for (before, after) in frames {
            hold(&format!("{before}{}{after}", piece.repeat(6_000 / piece.len())));
        }
    }
    for piece in ["[", "\"", "/*"] {
        hold(&piece.repeat(1_000_000 / piece.len()));
    }
}

#[test]
fn nesting_is_bounded_and_survived() {
    let shapes = [
        ("let x = ", "[", "1", "]"),
        ("let x = ", "(", "1", ")"),
        ("let x = ", "{ a: ", "1", " }"),
        ("let x = ", "\"${", "1", "}\""),
        ("", "sequence {\n", "output 1", "\n}"),
        ("", "if x { ", "output 1", " }"),
        ("", "for x from a.b { on error alternate { ", "output 1", " } }"),
        ("", "step a = b.c { on error alternate { ", "output 1", " } }"),
        ("", "match x { _ => { ", "output 1", " } }"),
        ("", "foo x: { ", "output 1", " }"),
        ("output { a: ", "{ a: ", "1", " }"),
        ("on error ", "notify sequence { on error ", "skip", " }"),
        ("let x = ", "[", "1", "].x"),
    ];
    for (head, open, middle, close) in shapes {
        let brackets = open.matches(['{', '[', '(']).count();
        for depth in [1, 40, 120 / brackets, 3_000] {
            let text = format!("workflow a {{\n{head}{}{middle}{}\n}}\n", open.repeat(depth), close.repeat(depth));
            hold(&text);
            let report = report_on(&text);
            assert_eq!(report.contains("F0105"), depth == 3_000, "{open} {depth}: {report}");
        }
    }
    let types = format!("type A = {}int{}\n", "list<".repeat(3_000), ">".repeat(3_000));
    hold(&types);
    hold(&format!("workflow a {{ if x {{ }} {} }}", "else if x { } ".repeat(3_000)));
}

#[test]
fn a_file_has_bounds() {
    let rows = [
        (
            format!("workflow a {{\n    let x = {}1\n}}\n", "1 + ".repeat(20_000)),
            "this expression is longer than 64 KB",
        ),
        (format!("fn f() {{\n{}}}\n", "    let x = 1;\n".repeat(5_000)), "this script is longer than 64 KB"),
        (format!("workflow a {{\n{}}}\n", "\n".repeat(65_536)), "65539 lines, and 65535 is the most"),
        (format!("// {}", "x".repeat(17 * 1024 * 1024)), "16 MB is the most"),
    ];
    for (text, expected) in rows {
        let report = report_on(&text);
        assert!(
            report.contains("F0106") && report.contains(expected) && report.ends_with("1 error\n"),
            "{expected}: {}",
            &report[..report.len().min(500)]
        );
    }
}

#[test]
fn line_ends_and_marks_change_nothing() {
    let text = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(WHOLE).join("every.flow"));
    assert_eq!(report_on(&text.replace('\n', "\r\n")), "");
    assert_eq!(report_on(&format!("\u{feff}{text}")), "");
    assert_eq!(report_on(&text.replace("    ", "\t")), "");
}

mod random {
    use proptest::prelude::*;

    use super::{WHOLE, hold, programs, read};

    /// A program that was whole, with some stretches taken out, doubled, or replaced.
    fn mutated() -> impl Strategy<Value = String> {
        let texts: Vec<String> = programs(WHOLE).iter().map(|file| read(file)).collect();
        let piece = prop_oneof![
            Just(String::new()),
            "[\\[\\](){}\"'`$#/,;:=.|\n ]{1,4}",
            "(step|if|for|parallel|match|on|retry|output|let|else|with|when|input|trigger|undo|race) ?",
            "\\PC{1,3}",
        ];
        let cut = (any::<prop::sample::Index>(), 0usize..12, piece);
        (prop::sample::select(texts), prop::collection::vec(cut, 1..6)).prop_map(|(text, cuts)| {
            let mut letters: Vec<char> = text.chars().collect();
            for (place, length, piece) in cuts {
                let at = place.index(letters.len().max(1)).min(letters.len());
                let end = (at + length).min(letters.len());
                letters.splice(at..end, piece.chars());
            }
            letters.into_iter().take(3000).collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn mutated_programs_are_survived(text in mutated()) {
            hold(&text);
        }

        #[test]
        fn any_text_is_survived(text in "(\\PC|[\\[\\](){}\"'`$#/,;:=.|\n \0\r]){0,200}") {
            hold(&text);
        }
    }
}
