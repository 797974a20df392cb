//! What a program needs of its settings: right ones, connectors that can be called, secrets that it reads.

use std::path::Path;

use super::finding::Finding;
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Sources;
use crate::cli::connectors::{in_words, to_type};
use crate::connect::left_out;
use crate::host::settings::{FILE, code};
use crate::host::{BuildError, Builder, Program};

/// What is said of the settings of `program`.
pub fn findings(builder: Builder, program: &Program) -> Vec<Finding> {
    let needs = builder.needs();
    let mut findings = Vec::new();
    findings.extend(needs.unable.as_ref().map(|error| {
        let finding = Finding::faulty("programs", error.to_string());
        match error {
            BuildError::LeftOut { features, .. } => {
                let first: Vec<&str> = features.iter().filter_map(|choice| choice.first().copied()).collect();
                finding.way_out(left_out::way(&first))
            }
            _ => finding,
        }
    }));
    let (missing, wrong): (Vec<_>, Vec<_>) =
        needs.faults.diagnostics.iter().partition(|found| found.code == code::MISSING);
    findings.extend(wrong.iter().map(|found| said(found, &needs.faults.sources)));
    let file = super::beside(&program.directory, FILE);
    if wrong.is_empty() && file.exists() {
        findings.push(Finding::fine("settings", format!("{} is right", file.display())));
    }
    let mut is_said = false;
    for (connector, standing) in &needs.standings {
        let name = &connector.name;
        findings.push(if !standing.is_ready() {
            is_said = true;
            let message = format!("{name}: {}", in_words(connector, standing));
            Finding::faulty("connector", message).ways_out(to_type(name, standing))
        } else if connector.auth.is_empty() {
            Finding::fine("connector", format!("{name}: needs no credentials"))
        } else {
            Finding::fine("connector", format!("{name}: what is called of it has its settings"))
        });
    }
    for lack in &needs.lacks {
        is_said = true;
        let place = needs.faults.sources.positions(lack.span).0.line;
        let name = shown(&needs.faults.sources.get(lack.span.file).name);
        let message = format!("{name}:{place}: {} is not set", lack.what);
        findings.push(Finding::faulty("settings", message).way_out(format!("export {}=...", lack.variable)));
    }
    if !is_said {
        // What is missing in a way that the lines above do not know is said as a run would.
        findings.extend(missing.iter().map(|found| said(found, &needs.faults.sources)));
    }
    findings
}

/// A diagnostic of the settings in a line.
fn said(found: &Diagnostic, sources: &Sources) -> Finding {
    let source = sources.get(found.primary.span.file);
    let line = sources.positions(found.primary.span).0.line;
    let name = shown(&source.name);
    // What stands for the environment or the command line has no lines.
    let place = if Path::new(name).extension().is_some() { format!("{name}:{line}") } else { name.to_owned() };
    let message = format!("{place}: {}", found.message);
    let finding = if found.is_error() { Finding::faulty } else { Finding::doubtful }("settings", message);
    finding.ways_out(found.hints.iter().map(|hint| hint.text.clone()))
}

/// The name of a file as people write it.
fn shown(name: &str) -> &str {
    name.strip_prefix("./").unwrap_or(name)
}
