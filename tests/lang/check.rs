//! The meaning of programs: what the checker says about what can be read.
//!
//! In `check/*.flow` the expected findings stand under the guilty line, as in `syntax.rs`: tildes under what is underlined
//! (`//@1-4` where there is no room for them), the code, the message, then each piece of advice. `UPDATE_EXPECT=1` writes
//! what is found into the files. Every finding is there once wrong and, under `right`, once right.

use std::path::{Path, PathBuf};

use orchestra_flow::base::diagnostic::Severity;
use orchestra_flow::lang::{Compilation, Files, NoFiles, compile};

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lang").join(folder);
    let entries = std::fs::read_dir(folder).expect("the folder is part of the repository");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "flow"));
    files.sort();
    assert!(!files.is_empty());
    files
}

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
    let text = text.to_owned();
    let thread = std::thread::Builder::new().stack_size(orchestra_flow::base::limit::STACK_BYTES);
    let thread = thread.spawn(move || compile("test.flow", &text, &Shelf)).expect("a thread starts");
    thread.join().expect("a compilation never panics")
}

fn is_expectation(line: &str) -> bool {
    let Some(comment) = line.trim_start().strip_prefix("//") else { return false };
    let comment = comment.trim_start();
    comment.starts_with('~') && comment.contains(" F0")
        || comment.starts_with('@') && comment.contains(" F0")
        || comment.starts_with("help: ")
}

/// A text with what was found written under its lines.
fn annotated(text: &str) -> String {
    let Compilation { sources, diagnostics, .. } = compiled(text);
    let own = sources.iter().next().map(|(file, _)| file);
    let mut lines = String::new();
    for (index, line) in text.lines().enumerate() {
        lines += line;
        lines += "\n";
        for diagnostic in diagnostics.iter().filter(|found| Some(found.primary.span.file) == own) {
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
                format!("{}// {}", " ".repeat(from - 4), "~".repeat(to - from))
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
    // What is found in other files has no line here to stand under.
    for diagnostic in diagnostics.iter().filter(|found| Some(found.primary.span.file) != own) {
        lines += &format!("// elsewhere: {} {}\n", diagnostic.code.0, diagnostic.message);
    }
    lines
}

/// What is found, one line each, for programs that should be without.
fn findings(text: &str) -> Vec<String> {
    let Compilation { sources, diagnostics, .. } = compiled(text);
    let line = |span| sources.positions(span).0.line;
    diagnostics.iter().map(|found| format!("{}:{} {}", line(found.primary.span), found.code.0, found.message)).collect()
}

#[test]
fn whole_programs_mean_something() {
    for folder in ["check/clean"] {
        for file in files(folder) {
            let text = std::fs::read_to_string(&file).expect("the file is part of the repository");
            assert_eq!(findings(&text), Vec::<String>::new(), "{}", file.display());
            assert!(compiled(&text).package.is_some());
        }
    }
}

#[test]
fn each_fault_is_named_under_its_line() {
    let mut wrong = Vec::new();
    for file in files("check") {
        let written = std::fs::read_to_string(&file).expect("the file is part of the repository");
        let kept = written.lines().filter(|line| !is_expectation(line) && !line.starts_with("// elsewhere: "));
        let text: String = kept.map(|line| format!("{line}\n")).collect();
        let found = annotated(&text);
        if found == written {
            continue;
        }
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&file, found).expect("the file can be written");
            continue;
        }
        let differs = written.lines().zip(found.lines()).position(|(left, right)| left != right);
        let at = differs.unwrap_or_else(|| written.lines().count().min(found.lines().count()));
        let line = |text: &str| text.lines().nth(at).unwrap_or("(nothing)").to_owned();
        let (expected, got) = (line(&written), line(&found));
        wrong.push(format!("{}:{}\n  expected {expected}\n  found    {got}", file.display(), at + 1));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_program_may_be_anything_and_there_is_an_answer() {
    for text in ["", "workflow", "workflow a {", "\u{0}", "type A = A", "test \"x\" for y { }", "use \"a\" as b"] {
        let _ = compile("test.flow", text, &NoFiles);
    }
}

/// The program under a heading of a page.
fn program(page: &str, heading: &str) -> String {
    let behind = page.split(&format!("## {heading}")).nth(1).expect("the page has both headings");
    let inside = behind.split("```flow\n").nth(1).and_then(|rest| rest.split("```").next());
    inside.expect("a program stands under the heading").to_owned()
}

#[test]
fn each_code_has_a_page_whose_programs_show_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).expect("the file is part of the repository");
    let declared = [read("src/lang/check/code.rs"), read("src/lang/catalog/code.rs")].concat();
    let codes: Vec<&str> = declared.split("Code(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(codes.len() > 40, "the codes were not found");
    let mut wrong = Vec::new();
    for code in codes {
        let page = read(&format!("docs/errors/{code}.md"));
        let found = findings(&program(&page, "Wrong"));
        if !found.iter().any(|line| line.contains(code)) {
            wrong.push(format!("{code}: the wrong program gives {found:?}"));
        }
        let found = findings(&program(&page, "Right"));
        if !found.is_empty() {
            wrong.push(format!("{code}: the right program gives {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
