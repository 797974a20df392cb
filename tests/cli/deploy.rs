//! `flow deploy`: runs in a data directory, a program that was changed meanwhile.

use std::io::{BufRead as _, BufReader};
use std::time::Duration;

use super::Folder;

const NAP: &str = r#"
workflow nap {
    step first = log.info { message: "first" }
    step pause = wait signal "never"
    step last = log.info { message: "last" }
}
"#;

/// A run of `main.flow` that waits, cut off by the end of its process.
fn parked(folder: &Folder) {
    let mut child = folder.start(&["run", "main.flow", "--data", "state", "--key", "one"]);
    let lines = BufReader::new(child.stderr.take().expect("it was asked for")).lines();
    let waits = lines.map_while(Result::ok).any(|line| line.contains("waits for the signal"));
    assert!(waits, "it waits");
    // What is shown is on its way to the disk.
    std::thread::sleep(Duration::from_millis(300));
    child.kill().expect("it is there");
    child.wait().expect("it has ended");
}

#[test]
fn a_run_that_waits_is_told_what_a_new_program_means_for_it() {
    let folder = Folder::with(NAP);
    parked(&folder);
    folder.write("main.flow", NAP.replace(r#""last""#, r#""at last""#).as_bytes());
    let done = folder.flow(&["deploy", "main.flow", "--data", "state", "--dry-run"]);
    assert_eq!((done.stderr.as_str(), done.code), ("", 0));
    assert!(done.stdout.starts_with("workflow nap\n  1 run moves at `last`\n    "), "{}", done.stdout);
    let done = folder.flow(&["deploy", "main.flow", "--data", "state", "--format", "json"]);
    let found: serde_json::Value = serde_json::from_str(&done.stdout).expect("it is JSON");
    assert_eq!(found["workflows"][0]["groups"][0]["verdict"].as_str(), Some("moves"));
    let done = folder.flow(&["deploy", "main.flow", "--data", "state"]);
    assert_eq!(done.stdout, "no run under way is concerned\n", "it was moved");
    folder.write("main.flow", NAP.replace("pause = wait signal \"never\"", "pause = wait signal \"ever\"").as_bytes());
    let done = folder.flow(&["deploy", "main.flow", "--data", "state"]);
    assert!(done.stdout.contains("1 run stays, because `pause` is under way and was changed"), "{}", done.stdout);
}

#[test]
fn where_no_runs_are_kept_nothing_is_made() {
    let folder = Folder::with(NAP);
    let done = folder.flow(&["deploy", "main.flow", "--data", "nowhere"]);
    assert_eq!(done.code, 2);
    assert!(done.stderr.contains("`nowhere` holds no runs"), "{}", done.stderr);
    assert!(!folder.path().join("nowhere").exists());
}
