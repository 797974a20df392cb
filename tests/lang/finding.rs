//! Programs with what is found in them written under the guilty line:
//!
//! ```text
//!     step two a.b { }
//!     //   ~~~ F0112 between `two` and what it does stands `=`
//!     //       help: write `step two = ...`
//! ```
//!
//! The tildes stand under what is underlined (`//@1-4` where two slashes leave no room for them), and a warning says so.
//! What is found in other files stands at the end. `UPDATE_EXPECT=1` writes what is found into the files.

use std::path::{Path, PathBuf};

use orchestra_flow::base::diagnostic::{Diagnostic, Severity};
use orchestra_flow::base::span::Sources;

/// What comes before a finding that has no line of this file to stand under.
const ELSEWHERE: &str = "// elsewhere: ";

/// The programs in a folder of the repository.
pub fn programs(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(folder).expect("the folder is part of the repository");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "flow"));
    files.sort();
    assert!(!files.is_empty());
    files
}

/// The text of a file of the repository.
pub fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// In each program of a folder stands exactly what `find` finds in it.
pub fn stand_under_their_lines(folder: &str, find: impl Fn(&str) -> (Sources, Vec<Diagnostic>)) {
    let mut wrong = Vec::new();
    for file in programs(folder) {
        let written = read(&file);
        let kept = written.lines().filter(|line| !is_finding(line));
        let text: String = kept.map(|line| format!("{line}\n")).collect();
        let (sources, diagnostics) = find(&text);
        let found = annotated(&text, &sources, &diagnostics);
        let (expected, got): (Vec<&str>, Vec<&str>) = (written.lines().collect(), found.lines().collect());
        let same = |at: usize| match (expected.get(at), got.get(at)) {
            (Some(expected), Some(got)) => is_same(expected, got),
            (expected, got) => expected == got,
        };
        let Some(at) = (0..expected.len().max(got.len())).find(|at| !same(*at)) else { continue };
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&file, found).expect("the file can be written");
            continue;
        }
        let line = |lines: &[&str]| lines.get(at).copied().unwrap_or("(nothing)").to_owned();
        let (expected, got) = (line(&expected), line(&got));
        wrong.push(format!("{}:{}\n  expected {expected}\n  found    {got}", file.display(), at + 1));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// How far a hint is indented says nothing.
fn is_same(expected: &str, found: &str) -> bool {
    match (hint(expected), hint(found)) {
        (Some(expected), Some(found)) => expected == found,
        _ => expected == found,
    }
}

/// The advice of a line that gives one.
fn hint(line: &str) -> Option<&str> {
    line.trim_start().strip_prefix("//")?.trim_start().strip_prefix("help: ")
}

/// Whether a line is no part of the program, but says what is found in it.
fn is_finding(line: &str) -> bool {
    let Some(comment) = line.trim_start().strip_prefix("//") else { return false };
    let comment = comment.trim_start();
    comment.starts_with(['~', '@']) && comment.contains(" F0") || hint(line).is_some() || line.starts_with(ELSEWHERE)
}

/// A text with what was found written under its lines.
fn annotated(text: &str, sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let own = sources.iter().next().map(|(file, _)| file);
    let (here, elsewhere): (Vec<_>, Vec<_>) =
        diagnostics.iter().partition(|found| Some(found.primary.span.file) == own);
    let mut lines = String::new();
    for (line, number) in text.lines().zip(1..) {
        lines += &format!("{line}\n");
        for diagnostic in &here {
            if sources.positions(diagnostic.primary.span).0.line == number {
                lines += &under(line, diagnostic, sources);
            }
        }
    }
    for diagnostic in elsewhere {
        lines += &format!("{ELSEWHERE}{} {}\n", diagnostic.code.0, diagnostic.message);
    }
    lines
}

/// What stands under `line`, on which `diagnostic` begins.
fn under(line: &str, diagnostic: &Diagnostic, sources: &Sources) -> String {
    let (start, end) = sources.positions(diagnostic.primary.span);
    let from = start.column as usize;
    let to = if end.line == start.line { end.column as usize } else { line.chars().count() + 1 }.max(from + 1);
    let indent = line.len() - line.trim_start().len();
    // The slashes stand under the line's own indentation; where tildes begin too far left for that, before them.
    let slashes = if from > indent + 3 { indent } else { from.saturating_sub(4) };
    let (lead, mark) = match from.checked_sub(slashes + 3) {
        Some(gap) if from > 3 => (format!("{}//{}", " ".repeat(slashes), " ".repeat(gap)), "~".repeat(to - from)),
        // Too far left even so: the columns are written out.
        _ => (format!("{}//", " ".repeat(indent)), format!("@{from}-{}", to - 1)),
    };
    let severity = if diagnostic.severity == Severity::Warning { "warning: " } else { "" };
    let mut text = format!("{lead}{mark} {} {severity}{}\n", diagnostic.code.0, diagnostic.message);
    for hint in &diagnostic.hints {
        text += &format!("{lead}  help: {}\n", hint.text);
    }
    text
}
