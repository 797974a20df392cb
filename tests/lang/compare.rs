//! Two programs side by side: what `flow diff` says, and what belongs together.
//!
//! In `compare/` stand pairs of programs, `NAME.old.flow` and `NAME.new.flow`, and in `NAME.txt` what is said of them.
//! `UPDATE_EXPECT=1` writes what is said into the files.

use std::sync::Arc;

use orchestra_flow::base::stack::with_room;
use orchestra_flow::host::Program;
use orchestra_flow::lang::plan::compare::compare;
use orchestra_flow::lang::plan::{NodeId, Package, Plan};
use orchestra_flow::lang::{NoFiles, compile};

use super::finding::{programs, read};

fn package(text: &str) -> Package {
    let compilation = with_room(true, || compile("test.flow", text, &NoFiles)).expect("a thread starts");
    let found: Vec<String> = compilation.diagnostics.iter().map(|found| found.message.clone()).collect();
    compilation.package.unwrap_or_else(|| panic!("{}", found.join("\n")))
}

fn plan(text: &str) -> Arc<Plan> {
    package(text).plans.values().next().expect("a workflow is declared").clone()
}

/// The workflows of the sample scripts.
fn samples() -> Vec<Arc<Plan>> {
    let load = || programs("scripts").into_iter().filter_map(|file| Program::from_file(file).ok()).collect::<Vec<_>>();
    let programs = with_room(true, load).expect("a thread starts");
    let plans: Vec<_> = programs.iter().flat_map(|program| program.package.plans.values().cloned()).collect();
    assert!(plans.len() > 5);
    plans
}

/// What is said of two plans, line by line.
fn said(old: &Plan, new: &Plan) -> Vec<String> {
    compare(old, new).changes.iter().map(ToString::to_string).collect()
}

#[test]
fn changes_are_said_as_expected() {
    for file in programs("tests/lang/compare") {
        let name = file.file_name().expect("it is a file").to_string_lossy().into_owned();
        let Some(name) = name.strip_suffix(".old.flow") else { continue };
        let (old, new) = (package(&read(&file)), package(&read(&file.with_file_name(format!("{name}.new.flow")))));
        let mut text = String::new();
        for (workflow, after) in &new.plans {
            let Some(before) = old.plans.get(workflow) else { continue };
            text += &format!("workflow {workflow}\n");
            text += &said(before, after).iter().map(|line| format!("  {line}\n")).collect::<String>();
        }
        let expected = file.with_file_name(format!("{name}.txt"));
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&expected, &text).expect("the folder can be written to");
        }
        assert_eq!(text, read(&expected), "{name}");
    }
}

#[test]
fn a_program_is_no_different_from_itself() {
    for plan in samples() {
        assert!(said(&plan, &plan).is_empty());
        // Each node and handler is its own.
        let pairs = compare(&plan, &plan).pairs;
        for node in &plan.nodes {
            assert_eq!(pairs.node(node.id), Some(node.id), "{}: {}", plan.name, node.label);
        }
        for handler in &plan.handlers {
            assert_eq!(pairs.handler(handler.id), Some(handler.id), "{}", plan.name);
        }
    }
}

/// Whatever two samples have in common: each node that differs, is new or is gone is said, and nothing panics.
#[test]
fn whatever_is_compared_something_is_said() {
    let plans = samples();
    for old in &plans {
        for new in &plans {
            let comparison = compare(old, new);
            assert_eq!(comparison.changes.is_empty(), old.digest == new.digest, "{} and {}", old.name, new.name);
            for change in &comparison.changes {
                assert!(!change.to_string().contains("differs"), "{} and {}: {change}", old.name, new.name);
            }
        }
    }
}

fn node(plan: &Plan, label: &str) -> NodeId {
    plan.nodes.iter().find(|node| &*node.label == label).unwrap_or_else(|| panic!("there is a {label}")).id
}

/// A step without a name is found by what it says, whatever number it gets.
#[test]
fn what_has_no_name_keeps_its_identity_when_something_is_put_before_it() {
    let old = plan(r#"workflow w { emit "said" { text: "a" }, wait 1s, emit "said" { text: "b" } }"#);
    let new = plan(
        r#"workflow w { emit "said" { text: "new" }, emit "said" { text: "a" }, wait 1s, emit "said" { text: "c" } }"#,
    );
    let pairs = compare(&old, &new).pairs;
    assert_eq!(pairs.node(node(&old, "emit")), Some(node(&new, "emit-2")));
    assert_eq!(
        pairs.node(node(&old, "emit-2")),
        Some(node(&new, "emit-3")),
        "it was changed, and is the only one left"
    );
    assert_eq!(pairs.origin(node(&new, "emit")), None);
}

/// In a block that has become another kind of block nothing is what it was: it would have been carried out otherwise.
#[test]
fn a_block_of_another_kind_begins_anew() {
    let old = plan(r#"workflow w { step b = sequence { step a = log.info { message: "a" } } }"#);
    let new = plan(r#"workflow w { step b = for x in [1] { step a = log.info { message: "a" } } }"#);
    let comparison = compare(&old, &new);
    assert_eq!(comparison.pairs.node(node(&old, "b")), Some(node(&new, "b")));
    assert_eq!(comparison.pairs.node(node(&old, "a")), None);
    assert_eq!(said(&old, &new), ["`b`: `sequence` -> `for x`", "`b`: `in [1]` is new"]);
}
