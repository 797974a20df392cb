//! The rules of `docs/semantics.md`, each with tests that name its number.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use orchestra_flow::host::rehearse::{Rehearsal, rehearse};
use orchestra_flow::lang;
#[cfg(feature = "sqlite")]
use orchestra_flow::lang::plan::Package;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/run/semantics")
}

/// The programs of the rules: name and text.
fn programs() -> Vec<(String, String)> {
    let mut programs = Vec::new();
    for entry in std::fs::read_dir(folder()).expect("the folder of the rules is there") {
        let path = entry.expect("it can be listed").path();
        if path.extension().is_some_and(|ending| ending == "flow") {
            let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
            programs.push((name, std::fs::read_to_string(&path).expect("it can be read")));
        }
    }
    programs.sort();
    programs
}

/// The programs of the rules, compiled.
#[cfg(feature = "sqlite")]
pub fn packages() -> Vec<(String, Arc<Package>)> {
    let compiled = programs().into_iter().filter_map(|(name, text)| {
        let package = lang::compile(&name, &text, &lang::NoFiles).package?;
        Some((name, Arc::new(package)))
    });
    compiled.collect()
}

/// Rules that no test here can show, with the reason.
const ELSEWHERE: [(u32, &str); 9] = [
    (4, "a chain is what rule 12 says of it"),
    (26, "the check says it: tests/lang/check/handler.flow"),
    (39, "the check says it: tests/lang/check/block.flow, effect.flow"),
    (46, "a process that comes up when the far side has forgotten its keys: shown by no test yet"),
    (49, "crashes: tests/simulate"),
    (50, "a disk that loses what is not synced: tests/simulate"),
    (61, "events that no run needs go after their time, no others: src/store/suite/forgetting.rs"),
    (70, "the way in of what a trigger brings: tests/store/intake.rs, tests/trigger"),
    (72, "debounce, batch and throttle over processes: tests/store/intake.rs"),
];

/// The numbers that a title or a comment begins with.
fn numbers(text: &str) -> impl Iterator<Item = u32> {
    let head = text.split(':').next().unwrap_or_default();
    head.split(',').map_while(|number| number.trim().parse().ok())
}

#[test]
fn every_rule_has_a_test() {
    let mut shown: BTreeSet<u32> = ELSEWHERE.iter().map(|(rule, _)| *rule).collect();
    for (_, text) in programs() {
        let titles = text.lines().filter_map(|line| line.strip_prefix("test \""));
        shown.extend(titles.flat_map(numbers));
    }
    let told = include_str!("told.rs").lines().filter_map(|line| line.strip_prefix("/// "));
    shown.extend(told.flat_map(numbers));
    let missing: Vec<_> = (1..=72).filter(|rule| !shown.contains(rule)).collect();
    assert!(missing.is_empty(), "rules without a test: {missing:?}");
}

#[test]
fn every_rule_holds() {
    let only = std::env::var("FLOW_ONLY").unwrap_or_default();
    let mut said = String::new();
    let mut count = 0;
    for (name, text) in programs() {
        if !name.contains(&only) {
            continue;
        }
        let compiled = lang::compile(&name, &text, &lang::NoFiles);
        for d in compiled.diagnostics.iter().filter(|d| d.is_error()) {
            let line = text[..d.primary.span.range().start.min(text.len())].lines().count();
            let _ = writeln!(said, "{name}:{line}: {}", d.message);
        }
        let Some(package) = compiled.package.map(Arc::new) else { continue };
        for test in &package.tests {
            count += 1;
            let verdict = rehearse(&package, test, Rehearsal::default());
            for failure in &verdict.failures {
                let line = text[..failure.span.range().start].lines().count();
                let _ = writeln!(said, "{name}:{line}: {}\n  {}", test.title, failure.message);
                for detail in &failure.details {
                    let _ = writeln!(said, "    {detail}");
                }
            }
        }
    }
    println!("{count} tests");
    assert!(said.is_empty(), "{said}");
}
