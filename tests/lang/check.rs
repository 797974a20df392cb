//! The meaning of programs: what the checker says about what can be read.
//!
//! In `check/*.flow` the expected findings stand under the guilty line, as `finding.rs` writes them. Every finding is there
//! once wrong and, under `right`, once right.

use std::path::Path;
use std::sync::Arc;

use orchestra_flow::base::stack::with_room;
use orchestra_flow::host::rehearse::{Rehearsal, rehearse};
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
