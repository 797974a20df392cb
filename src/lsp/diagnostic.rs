//! Diagnostics as editors show them: with the places they have to do with, and their ways out in words.

use lsp_types::{Code, Diagnostic as Shown, DiagnosticRelatedInformation, DiagnosticSeverity, Message};

use std::collections::BTreeSet;

use super::look::Look;
use super::place::PROGRAM;
use super::position::Encoding;
use crate::base::diagnostic::{Diagnostic, Label, Severity};
use crate::base::span::{FileId, Span};
use crate::lang::catalog::tree::alias_of;
use crate::lang::syntax::ast::Declaration;

/// What is said of the form of a text begins so: it holds whatever other files say.
const OF_THE_FORM: &str = "F01";

/// Everything that is to be said of a program, in the order of its text. What follows from a file that has not been read yet
/// is not said before it has; faults of the files it uses stand where it uses them.
pub fn of_program(look: &Look, encoding: Encoding) -> Vec<Shown> {
    let holds = |found: &&Diagnostic| !look.is_partial() || found.code.0.starts_with(OF_THE_FORM);
    let found: Vec<&Diagnostic> = look.study.diagnostics.iter().filter(holds).collect();
    let (own, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|found| found.primary.span.file == PROGRAM);
    let mut all: Vec<Shown> = own.into_iter().map(|found| shown(found, look, encoding)).collect();
    for (used, place) in uses(look) {
        let faults: Vec<&Diagnostic> =
            others.iter().filter(|found| found.is_error() && found.primary.span.file == place).copied().collect();
        if let Some(first) = faults.first() {
            all.push(of_used(look.study.written(used), first, faults.len(), look, encoding));
        }
    }
    all
}

/// The files that take part, each with the place of the program's own `use` that leads to it.
fn uses(look: &Look) -> Vec<(Span, FileId)> {
    let trees = &look.study.trees;
    let Some(program) = trees.first() else { return Vec::new() };
    let mut found = Vec::new();
    let mut seen = BTreeSet::from([0]);
    for declaration in &program.program.declarations {
        let Declaration::Use(used) = declaration else { continue };
        let mut open: Vec<usize> = program.used(&alias_of(used)).into_iter().collect();
        while let Some(place) = open.pop() {
            if seen.insert(place) {
                found.push((used.path.span, trees[place].program.file));
                open.extend(trees[place].uses.iter().map(|(_, next)| *next));
            }
        }
    }
    found
}

/// That a file which is used has errors.
fn of_used(place: Span, first: &Diagnostic, count: usize, look: &Look, encoding: Encoding) -> Shown {
    let name = look.path(first.primary.span.file).rsplit('/').next().unwrap_or_default().to_owned();
    let many = if count == 1 { "an error".to_owned() } else { format!("{count} errors") };
    let about = Diagnostic::error(first.code, place, format!("`{name}` has {many}"));
    shown(&about.also(first.primary.span, first.message.clone()), look, encoding)
}

/// A finding as editors show it.
pub fn shown(diagnostic: &Diagnostic, look: &Look, encoding: Encoding) -> Shown {
    let mut message = diagnostic.message.clone();
    if !diagnostic.primary.text.is_empty() {
        message.push_str(": ");
        message.push_str(&diagnostic.primary.text);
    }
    for hint in &diagnostic.hints {
        message.push_str("\nhint: ");
        message.push_str(&hint.text);
    }
    let related: Vec<_> = diagnostic.others.iter().map(|label| elsewhere(label, look, encoding)).collect();
    Shown {
        range: look.range(diagnostic.primary.span, encoding),
        severity: Some(match diagnostic.severity {
            Severity::Error => DiagnosticSeverity::Error,
            Severity::Warning => DiagnosticSeverity::Warning,
        }),
        code: Some(Code::String(diagnostic.code.0.to_owned())),
        code_description: None,
        source: Some("flow".to_owned()),
        message: Message::String(message),
        tags: None,
        related_information: (!related.is_empty()).then_some(related),
        data: None,
    }
}

fn elsewhere(label: &Label, look: &Look, encoding: Encoding) -> DiagnosticRelatedInformation {
    let message = if label.text.is_empty() { "here, too".to_owned() } else { label.text.clone() };
    DiagnosticRelatedInformation { location: look.location(label.span, encoding), message }
}
