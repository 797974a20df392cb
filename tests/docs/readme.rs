//! Every block of the README does what it says.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use orchestra_flow::base::report;
use orchestra_flow::host::rehearse::{Rehearsal, rehearse};
use orchestra_flow::lang::{NoFiles, compile};

use super::block::blocks;

const README: &str = include_str!("../../README.md");
#[cfg(feature = "sqlite")]
const DURABILITY: &str = include_str!("../../docs/durability.md");

#[test]
fn its_programs_are_right_and_their_tests_pass() {
    for block in blocks(README).iter().filter(|block| block.kind == "flow") {
        let compilation = compile("readme.flow", &block.text, &NoFiles);
        assert_eq!(report::to_text(&compilation.diagnostics, &compilation.sources, false), "");
        let package = Arc::new(compilation.package.expect("a program without faults can run"));
        for test in &package.tests {
            let verdict = rehearse(&package, test, Rehearsal::default());
            assert!(verdict.passed(), "{}: {:?}", verdict.title, verdict.failures);
        }
    }
}

#[test]
fn its_mistake_is_told_as_it_shows() {
    let blocks = blocks(README);
    let wrong = blocks.iter().find(|block| block.kind == "flow error").expect("it shows a mistake");
    let said = blocks.iter().find(|block| block.kind == "text").expect("it shows what is said of it");
    let compilation = compile("greet.flow", &wrong.text, &NoFiles);
    let told = report::to_text(&compilation.diagnostics, &compilation.sources, false);
    assert!(told.starts_with(&said.text), "{told}");
    assert_eq!(compilation.diagnostics.len(), 1, "{told}");
}

#[test]
fn its_commands_work() {
    for line in blocks(README).iter().filter(|block| block.kind == "sh").flat_map(|block| block.text.lines()) {
        let Some(args) = line.strip_prefix("cargo run -q -- ") else {
            // The tests themselves are running already.
            assert_eq!(line, "cargo test");
            continue;
        };
        let done = Command::new(env!("CARGO_BIN_EXE_flow"))
            .args(args.split(' '))
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
            .output()
            .expect("the binary starts");
        assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

#[test]
fn its_rust_is_what_is_tested() {
    shows_what_is_tested(README, "README");
}

#[test]
fn the_rust_about_connectors_is_what_is_tested() {
    shows_what_is_tested(include_str!("../../docs/making-connectors.md"), "CONNECTORS");
}

#[test]
#[cfg(feature = "sqlite")]
fn the_rust_about_durability_is_what_is_tested() {
    shows_what_is_tested(DURABILITY, "DURABILITY");
}

/// The shell of the page, as somebody types it in an empty folder.
#[test]
#[cfg(all(unix, feature = "sqlite"))]
fn a_run_that_is_killed_goes_on_as_the_page_shows() {
    let shell = blocks(DURABILITY).into_iter().find(|block| block.kind == "sh").expect("it shows a crash");
    let folder = tempfile::tempdir().expect("a folder");
    let bin = Path::new(env!("CARGO_BIN_EXE_flow")).parent().expect("it lies in a folder");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let done = Command::new("sh").args(["-ec", &shell.text]).env("PATH", path).current_dir(folder.path()).output();
    let done = done.expect("a shell is there");
    let (said, told) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{told}");
    assert_eq!(said, "{\"rested\":true}\n{\"rested\":true}\n", "{told}");
    assert_eq!(told.matches("info before").count(), 1, "{told}");
    assert_eq!(told.matches("info after").count(), 1, "{told}");
}

/// The server that is killed, as somebody pastes it into a terminal.
#[test]
#[cfg(all(unix, feature = "serve"))]
fn a_server_that_is_killed_goes_on_as_it_shows() {
    let shell = blocks(README).into_iter().find(|block| block.kind == "bash").expect("it shows a crash");
    let folder = tempfile::tempdir().expect("a folder");
    let bin = Path::new(env!("CARGO_BIN_EXE_flow")).parent().expect("it lies in a folder");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let done = Command::new("bash").args(["-ec", &shell.text]).env("PATH", path).current_dir(folder.path()).output();
    let done = done.expect("a shell is there");
    let (said, told) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{told}");
    assert!(said.contains("waits: the signal \"paid\" is to come"), "{said}");
    assert!(said.contains(r#"{"id":7,"cents":1200}"#), "{said}");
    let log = std::fs::read_to_string(folder.path().join("flows/server.log")).expect("the server wrote it");
    assert_eq!((log.matches("reserving 7").count(), log.matches("shipping 7").count()), (1, 1), "{log}");
}

/// Each paragraph of the page's Rust stands in `embedding.rs` between two lines with this mark.
fn shows_what_is_tested(page: &str, mark: &str) {
    let shown = blocks(page).into_iter().find(|block| block.kind == "rust").expect("it shows how to embed");
    let tested = include_str!("embedding.rs");
    let bare = |text: &str| text.lines().map(|line| line.trim().to_owned() + "\n").collect::<String>();
    let region = bare(tested.split(&format!("// {mark}\n")).nth(1).expect("the tested text is marked"));
    for part in bare(&shown.text).split("\n\n") {
        assert!(region.contains(part.trim_end()), "not in `tests/docs/embedding.rs`:\n{part}");
    }
}
