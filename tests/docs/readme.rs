//! The commands of the README do what it says: those of a whole checkout, and a server that is killed.

use std::path::Path;
use std::process::Command;

use super::block::blocks;

const README: &str = include_str!("../../README.md");

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
