//! The meaning of programs: what the checker says about what can be read.
//!
//! In `check/*.flow` the expected findings stand under the guilty line, as `finding.rs` writes them. Every finding is there
//! once wrong and, under `right`, once right.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use orchestra_flow::base::shape::Shape;
use orchestra_flow::base::stack::with_room;
use orchestra_flow::host::rehearse::{Rehearsal, rehearse};
use orchestra_flow::lang::script::functions;
use orchestra_flow::lang::{Compilation, Files, NoFiles, compile};

use super::finding::{programs, read, stand_under_their_lines};

/// The files that tests use, by name.
struct Shelf;

impl Files for Shelf {
    fn read(&self, path: &str) -> Result<String, String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lang/check/used");
        std::fs::read_to_string(folder.join(path)).map_err(|_| format!("`{path}` is not there"))
    }
}

/// Compiles on a thread with the stack that compilation asks for.
fn compiled(text: &str) -> Compilation {
    with_room(true, || compile("test.flow", text, &Shelf)).expect("a thread starts")
}

/// What is found, one line each, for programs that should be without.
fn findings(text: &str) -> Vec<String> {
    let Compilation { sources, diagnostics, .. } = compiled(text);
    let line = |span| sources.positions(span).0.line;
    diagnostics.iter().map(|found| format!("{}:{} {}", line(found.primary.span), found.code.0, found.message)).collect()
}

#[test]
fn whole_programs_mean_something() {
    for file in programs("tests/lang/check/clean") {
        let text = read(&file);
        assert_eq!(findings(&text), Vec::<String>::new(), "{}", file.display());
        assert!(compiled(&text).package.is_some());
    }
}

#[test]
fn each_fault_is_named_under_its_line() {
    stand_under_their_lines("tests/lang/check", |text| {
        let Compilation { sources, diagnostics, .. } = compiled(text);
        (sources, diagnostics)
    });
}

#[test]
fn a_program_may_be_anything_and_there_is_an_answer() {
    for text in ["", "workflow", "workflow a {", "\u{0}", "type A = A", "test \"x\" for y { }", "use \"a\" as b"] {
        let _ = compile("test.flow", text, &NoFiles);
    }
}

/// A type with the name of an input field and a value of it.
const TYPES: [(&str, &str, &str); 10] = [
    ("number", "int", "1"),
    ("part", "float", "1.5"),
    ("text", "string", "\"s\""),
    ("truth", "bool", "true"),
    ("moment", "datetime", "\"2026-03-29T10:00:00Z\""),
    ("day", "date", "\"2026-03-29\""),
    ("pause", "duration", "1d"),
    ("items", "list<int>", "[1]"),
    ("members", "set<int>", "[1]"),
    ("entries", "map<int>", "{ a: 1 }"),
];

#[test]
fn operators_that_are_said_never_to_work_are_those_that_fail() {
    let inputs = TYPES.map(|(name, ty, _)| format!("{name}: {ty}")).join(", ");
    let pairs: Vec<(&str, &str)> =
        TYPES.iter().flat_map(|(left, ..)| TYPES.iter().map(move |(right, ..)| (*left, *right))).collect();
    for op in ["+", "-", "*", "/", "%", "**", "<", "<=", ">", ">=", "&&", "||"] {
        let lets =
            pairs.iter().zip(0..).map(|((left, right), at)| format!("let x{at} = input.{left} {op} input.{right}"));
        let text = format!("workflow w {{ input {{ {inputs} }}\n{}\n}}", lets.collect::<Vec<_>>().join("\n"));
        let Compilation { sources, diagnostics, .. } = compiled(&text);
        let never: Vec<usize> =
            diagnostics.iter().map(|found| sources.positions(found.primary.span).0.line as usize - 2).collect();
        let works: Vec<bool> = (0..pairs.len()).map(|at| !never.contains(&at)).collect();

        // What stands on the left of `||` is false, so that its right is looked at.
        let values = TYPES.map(|(name, _, value)| {
            format!("{name}: {}", if op == "||" { value.replace("true", "false") } else { value.into() })
        });
        let tried: Vec<String> =
            pairs.iter().map(|(left, right)| format!("works(input.{left}, input.{right})")).collect();
        let text = format!(
            "fn works(a, b) {{ try {{ let x = a {op} b; return true; }} catch {{ return false; }} }}
            workflow w {{ input {{ {inputs} }}
                step tried = script {{ [{}] }}
                output tried
            }}
            test \"what works\" for w {{ input: {{ {} }}
                expect output == {works:?}
            }}",
            tried.join(", "),
            values.join(", "),
        );
        let package = Arc::new(compiled(&text).package.expect("the program has no errors"));
        let verdict = rehearse(&package, &package.tests[0], Rehearsal::default());
        assert!(verdict.failures.is_empty(), "{op}: {:?}", verdict.failures);
    }
}

/// Methods of Rhai of which the check says what they are for, with arguments.
const METHODS: [(&str, &str); 34] = [
    ("abs", ""),
    ("all", "|x| true"),
    ("ceiling", ""),
    ("chars", ""),
    ("ends_with", "\"a\""),
    ("filter", "|x| true"),
    ("find", "|x| true"),
    ("find_map", "|x| x"),
    ("floor", ""),
    ("for_each", "|x| x"),
    ("index_of", "\"a\""),
    ("is_empty", ""),
    ("is_even", ""),
    ("is_odd", ""),
    ("keys", ""),
    ("len", ""),
    ("make_lower", ""),
    ("make_upper", ""),
    ("map", "|x| x"),
    ("parse_float", ""),
    ("parse_int", ""),
    ("reduce", "|a, x| a, 0"),
    ("reduce_rev", "|a, x| a, 0"),
    ("round", ""),
    ("some", "|x| true"),
    ("split", ""),
    ("sqrt", ""),
    ("starts_with", "\"a\""),
    ("sub_string", "0"),
    ("to_chars", ""),
    ("to_float", ""),
    ("to_lower", ""),
    ("to_upper", ""),
    ("values", ""),
];

/// A value that a parameter of a function of the language takes.
fn sample(shape: &Shape) -> &'static str {
    match shape.present() {
        Shape::Text(..) => "\"a\"",
        Shape::List(..) => "[1]",
        Shape::DateTime => "now()",
        Shape::Date => "today()",
        Shape::Duration => "1d",
        _ => "1",
    }
}

#[test]
fn functions_that_are_said_not_to_take_a_type_do_not_take_it() {
    let inputs = TYPES.map(|(name, ty, _)| format!("{name}: {ty}")).join(", ");
    let values = TYPES.map(|(name, _, value)| format!("{name}: {value}")).join(", ");
    let own = functions().iter().filter(|function| !function.params.is_empty()).map(|function| {
        let rest = function.params.iter().skip(1).filter(|param| !matches!(param.shape, Shape::Optional(_)));
        (function.name, rest.map(|param| sample(&param.shape)).collect::<Vec<_>>().join(", "))
    });
    let all: Vec<(&str, String)> = own.chain(METHODS.map(|(name, args)| (name, args.to_owned()))).collect();
    let calls: Vec<(&str, &(&str, String))> =
        all.iter().flat_map(|call| TYPES.iter().map(move |(input, ..)| (*input, call))).collect();
    // Few enough at once that none of the complaints is dropped.
    let refused_of = |calls: &[(&str, &(&str, String))]| -> BTreeSet<usize> {
        let lets = calls
            .iter()
            .zip(0..)
            .map(|((input, (name, args)), at)| format!("let x{at} = input.{input}.{name}({args})"));
        let text = format!("workflow w {{ input {{ {inputs} }}\n{}\n}}", lets.collect::<Vec<_>>().join("\n"));
        let Compilation { sources, diagnostics, .. } = compiled(&text);
        let found = diagnostics.iter().filter(|found| found.is_error() && found.message.contains("does not take"));
        found.map(|found| sources.positions(found.primary.span).0.line as usize - 2).collect()
    };
    let parts = calls.chunks(50).zip(0..);
    let refused: BTreeSet<usize> =
        parts.flat_map(|(part, number)| refused_of(part).into_iter().map(move |at| number * 50 + at)).collect();
    assert!(refused.len() > 200, "{} calls are refused", refused.len());

    let tried = refused.iter().map(|at| calls[*at]);
    let functions: Vec<String> = tried
        .clone()
        .zip(0..)
        .map(|((_, (name, args)), at)| {
            format!("fn f{at}(x) {{ try {{ let y = x.{name}({args}); return \"{name} of ${{type_of(x)}}\"; }} catch {{ return \"\"; }} }}")
        })
        .collect();
    let asked: Vec<String> = tried.zip(0..).map(|((input, _), at)| format!("f{at}(input.{input})")).collect();
    let text = format!(
        "{}
        workflow w {{ input {{ {inputs} }}
            step tried = script {{ [{}].filter(|works| works != \"\") }}
            output tried
        }}
        test \"what works\" for w {{ input: {{ {values} }}
            expect output == []
        }}",
        functions.join("\n"),
        asked.join(", "),
    );
    let Compilation { package, diagnostics, .. } = compiled(&text);
    let package = Arc::new(package.unwrap_or_else(|| panic!("the program has errors: {diagnostics:?}")));
    let verdict = rehearse(&package, &package.tests[0], Rehearsal::default());
    assert!(verdict.failures.is_empty(), "{:?}", verdict.failures);
}
