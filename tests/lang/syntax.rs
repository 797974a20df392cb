//! The form of programs: what is read, and what is said about what cannot be.
//!
//! `whole/*.flow` are programs without a fault. In `syntax/*.flow` the expected findings stand under the guilty line:
//!
//! ```text
//!     step two a.b { }
//!     //   ~~~ F0112 between `two` and what it does stands `=`
//!     //       help: write `step two = ...`
//! ```
//!
//! The tildes stand under what is underlined (`//@1-4` where two slashes leave no room for them), and a warning says so.
//! `UPDATE_EXPECT=1` writes what is found into the files.

use std::path::{Path, PathBuf};

use orchestra_flow::base::diagnostic::{Diagnostic, Severity};
use orchestra_flow::base::report;
use orchestra_flow::base::span::{FileId, Source, Sources};
use orchestra_flow::lang::syntax::ast::Program;
use orchestra_flow::lang::syntax::parse;

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lang").join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

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

fn is_expectation(line: &str) -> bool {
    let Some(comment) = line.trim_start().strip_prefix("//") else { return false };
    let comment = comment.trim_start();
    comment.starts_with("~") && comment.contains(" F0")
        || comment.starts_with('@') && comment.contains(" F0")
        || comment.starts_with("help: ")
}

/// A text with what was found written under its lines.
fn annotated(text: &str) -> String {
    let (_, found, sources) = parse_text(text);
    let mut lines = String::new();
    for (index, line) in text.lines().enumerate() {
        lines += line;
        lines += "\n";
        for diagnostic in &found {
            let (start, end) = sources.positions(diagnostic.primary.span);
            if start.line as usize != index + 1 {
                continue;
            }
            let width = line.chars().count();
            let from = start.column as usize;
            let to = if end.line == start.line { end.column as usize } else { width + 1 }.max(from + 1);
            let indent = line.len() - line.trim_start().len();
            let lead = if from > indent + 3 {
                format!("{}//{}{}", " ".repeat(indent), " ".repeat(from - indent - 3), "~".repeat(to - from))
            } else if from > 3 {
                format!("{}//{}", " ".repeat(from - 4), format_args!(" {}", "~".repeat(to - from)))
            } else {
                format!("{}//@{from}-{}", " ".repeat(indent), to - 1)
            };
            let severity = if diagnostic.severity == Severity::Warning { "warning: " } else { "" };
            lines += &format!("{lead} {} {severity}{}\n", diagnostic.code.0, diagnostic.message);
            for hint in &diagnostic.hints {
                lines += &format!("{}//   help: {}\n", " ".repeat(from.saturating_sub(4)), hint.text);
            }
        }
    }
    lines
}

#[test]
fn whole_programs_have_no_faults() {
    for file in files("whole") {
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(report_on(&text), "", "{}", file.display());
    }
}

#[test]
fn each_fault_is_named_under_its_line() {
    let mut wrong = Vec::new();
    for file in files("syntax") {
        let written = std::fs::read_to_string(&file).unwrap();
        let text: String =
            written.lines().filter(|line| !is_expectation(line)).map(|line| format!("{line}\n")).collect();
        let found = annotated(&text);
        if found == written {
            continue;
        }
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&file, found).unwrap();
            continue;
        }
        let differs = written.lines().zip(found.lines()).position(|(left, right)| left != right);
        let at = differs.unwrap_or_else(|| written.lines().count().min(found.lines().count()));
        let line = |text: &str| text.lines().nth(at).unwrap_or("(nothing)").to_owned();
        wrong.push(format!(
            "{}:{}\n  expected {}\n  found    {}",
            file.display(),
            at + 1,
            line(&written),
            line(&found)
        ));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
