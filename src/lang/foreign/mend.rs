//! What does not check of a program that was written is taken out of it, and marked.
//!
//! A document may say what no service takes, or what nothing can mean here: an object where a text stands, an error that nothing
//! raises. The statement in which that stands becomes a comment, and in its place the run fails; the rest is carried over all the same.

use super::{TODO, Unusable};
use crate::base::diagnostic::Diagnostic;
use crate::lang::{NoFiles, compile};

/// How many statements are taken out.
const TAKEN_MAX: usize = 64;

/// What stands in the place of a statement raises this.
const RAISED: &str = "script { throw \"not imported\" }";

/// Words that begin a statement. What stands in a block is a part of it.
const STATEMENTS: [&str; 19] = [
    "step", "let", "set", "emit", "reply", "wait", "if", "match", "for", "while", "repeat", "race", "parallel", "lock",
    "sequence", "until", "output", "return", "fail",
];

/// Words that begin what can be left away.
const CLAUSES: [&str; 6] = ["on", "retry", "timeout", "trigger", "deadline", "concurrency"];

/// The program without what does not check, and how many statements that were.
///
/// # Errors
/// Where that is more than a few statements.
pub fn mended(mut text: String) -> Result<(String, usize), Unusable> {
    let mut taken = 0;
    loop {
        let compiled = compile("imported.flow", &text, &NoFiles);
        let Some(error) = compiled.diagnostics.iter().find(|found| Diagnostic::is_error(found)) else {
            return Ok((text, taken));
        };
        let line = compiled.sources.positions(error.primary.span).0.line as usize;
        let without = without(&text, line.saturating_sub(1), &error.message).filter(|_| taken < TAKEN_MAX);
        text = without.ok_or_else(|| {
            Unusable::new(format!("what can be written of it does not check: {}", error.message)).hint(
                "mend the document there; if nothing is wrong with it, the fault is the importer's: please report it",
            )
        })?;
        taken += 1;
    }
}

/// The text without the statement or the clause on the line at `at`; nothing where none stands there.
fn without(text: &str, at: usize, why: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut start = at.min(lines.len().checked_sub(1)?);
    while !begins(lines[start]) {
        start = (0..start).rev().find(|above| is_above(lines[*above], lines[start]))?;
    }
    let end = end(&lines, start);
    // What was put in the place of something is not taken out again.
    if lines[start..end].iter().any(|line| line.contains(RAISED)) {
        return None;
    }
    let pad = " ".repeat(indent(lines[start]));
    let why = why.lines().next().unwrap_or_default();
    let mut out: Vec<String> = lines[..start].iter().map(|line| (*line).to_owned()).collect();
    out.push(format!("{pad}{TODO}{why}"));
    out.extend(lines[start..end].iter().map(|line| format!("{pad}// {}", line.strip_prefix(&*pad).unwrap_or(line))));
    out.extend(instead(lines[start].trim_start()).map(|line| format!("{pad}{line}")));
    out.extend(lines[end..].iter().map(|line| (*line).to_owned()));
    Some(out.join("\n") + "\n")
}

/// What stands in the place of a statement.
fn instead(statement: &str) -> Option<String> {
    let word = word(statement);
    let rest = statement[word.len()..].trim_start();
    let name = self::word(rest);
    match word {
        _ if CLAUSES.contains(&word) => None,
        "step" | "let" if !name.is_empty() && rest[name.len()..].trim_start().starts_with([':', '=']) => {
            Some(format!("step {name}: any = {RAISED}"))
        }
        "until" => Some("until true".to_owned()),
        "output" | "return" | "fail" => Some("fail not_imported \"not imported\"".to_owned()),
        _ => Some(format!("step {RAISED}")),
    }
}

/// The line behind the last of what begins at `start`.
fn end(lines: &[&str], start: usize) -> usize {
    let mut end = start + 1;
    while let Some(next) = (end..lines.len()).find(|at| !lines[*at].trim().is_empty()) {
        let (own, other) = (indent(lines[start]), indent(lines[next]));
        if other < own || other == own && !closes(lines[next]) {
            break;
        }
        end = next + 1;
    }
    end
}

/// Whether a line stands above another in the way that a block stands above what is in it.
fn is_above(above: &str, line: &str) -> bool {
    let is_head = indent(above) < indent(line) || indent(above) == indent(line) && closes(line) && !closes(above);
    is_head && !above.trim().is_empty()
}

fn begins(line: &str) -> bool {
    let word = word(line.trim_start());
    STATEMENTS.contains(&word) || CLAUSES.contains(&word)
}

fn closes(line: &str) -> bool {
    line.trim_start().starts_with(['}', ']', ')'])
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The word at the head of a text.
fn word(text: &str) -> &str {
    let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(text.len());
    &text[..end]
}
