//! The sample flows: each is clean, each of its tests passes whatever the order of what happens at once, and the list of them
//! is complete.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use orchestra_flow::base::stack::with_room;
use orchestra_flow::host::rehearse::{Rehearsal, rehearse};
use orchestra_flow::lang::{Compilation, Files, compile};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts")
}

/// The flows below `scripts/`, by name and text.
fn scripts() -> Vec<(String, String)> {
    let entries = fs::read_dir(folder()).expect("the folder is part of the repository").flatten();
    let paths =
        entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|ending| ending == "flow"));
    let mut found: Vec<_> = paths
        .map(|path| {
            let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("flows are UTF-8"))
        })
        .collect();
    found.sort();
    assert!(found.len() >= 15, "the flows were not found");
    found
}

/// The folder of the flows, for what they use.
struct Beside;

impl Files for Beside {
    fn read(&self, path: &str) -> Result<String, String> {
        fs::read_to_string(folder().join(path)).map_err(|error| error.to_string())
    }
}

/// Runs `work` with the stack that compiling and running ask for.
fn with_stack(work: impl FnOnce() + Send) {
    with_room(true, work).expect("a thread starts");
}

/// Each flow, compiled without a finding.
pub fn compiled() -> Vec<(String, Compilation)> {
    let compiled = scripts().into_iter().map(|(name, text)| {
        let compiled = compile(&name, &text, &Beside);
        assert!(compiled.diagnostics.is_empty(), "{name}: {:#?}", compiled.diagnostics);
        (name, compiled)
    });
    compiled.collect()
}

#[test]
fn each_flow_has_tests_and_they_pass_in_any_order_of_what_happens_at_once() {
    with_stack(|| {
        let mut failed = String::new();
        for (name, compiled) in compiled() {
            let package = Arc::new(compiled.package.expect("without an error there is a package"));
            assert!(!package.tests.is_empty(), "{name} has no test");
            for test in &package.tests {
                for seed in [None, Some(1), Some(2), Some(3)] {
                    for failure in rehearse(&package, test, Rehearsal { seed }).failures {
                        failed += &format!("{name}: {} (seed {seed:?}): {}\n", test.title, failure.message);
                        failure.details.iter().for_each(|detail| failed += &format!("    {detail}\n"));
                    }
                }
            }
        }
        assert!(failed.is_empty(), "\n{failed}");
    });
}

#[test]
fn the_same_seed_gives_the_same_journal() {
    with_stack(|| {
        for (name, compiled) in compiled() {
            let package = Arc::new(compiled.package.expect("without an error there is a package"));
            for test in &package.tests {
                let journal = || format!("{:?}", rehearse(&package, test, Rehearsal { seed: Some(7) }).journal);
                assert_eq!(journal(), journal(), "{name}: {}", test.title);
            }
        }
    });
}

#[test]
fn the_list_of_the_flows_is_complete() {
    let list = fs::read_to_string(folder().join("../docs/samples.md")).expect("the list is there");
    let listed: BTreeSet<&str> = list
        .lines()
        .filter_map(|line| line.strip_prefix("| [")?.split_once("](../scripts/")?.1.split_once(')'))
        .map(|(file, _)| file)
        .collect();
    let scripts = scripts();
    let there: BTreeSet<&str> = scripts.iter().map(|(name, _)| &**name).collect();
    assert_eq!(listed, there);
}
