//! Rhai's own tests and the examples of its book, as programs: what Rhai takes, a `script` takes, and it means the same,
//! save for what the language adds.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use orchestra_flow::base::limit;
use orchestra_flow::base::report;
use orchestra_flow::host::rehearse::{Rehearsal, rehearse};
use orchestra_flow::lang::{NoFiles, compile};

/// What is wrong with the tests of one program.
fn failures(name: &str, text: &str) -> String {
    let compiled = compile(name, text, &NoFiles);
    let Some(package) = compiled.package.map(Arc::new) else {
        return report::to_text(&compiled.diagnostics, &compiled.sources, false);
    };
    let mut failed = String::new();
    for test in &package.tests {
        for failure in rehearse(&package, test, Rehearsal { seed: None }).failures {
            failed += &format!("{name}: {}: {} {:?}\n", test.title, failure.message, failure.details);
        }
    }
    failed
}

#[test]
fn scripts_of_rhai_mean_the_same_here() {
    let work = || {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lang/rhai");
        let mut files: Vec<_> =
            fs::read_dir(folder).expect("the folder is there").flatten().map(|e| e.path()).collect();
        files.sort();
        assert!(files.len() >= 10, "the programs were not found");
        let failed: String = files
            .iter()
            .map(|path| failures(&path.display().to_string(), &fs::read_to_string(path).expect("flows are UTF-8")))
            .collect();
        assert!(failed.is_empty(), "\n{failed}");
    };
    let thread = std::thread::Builder::new().stack_size(limit::STACK_BYTES).spawn(work).expect("a thread starts");
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}
