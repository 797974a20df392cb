//! The meaning of programs: what the checker says about what can be read.
//!
//! In `check/*.flow` the expected findings stand under the guilty line, as `finding.rs` writes them. Every finding is there
//! once wrong and, under `right`, once right.

use std::path::Path;

use orchestra_flow::base::stack::with_room;
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
