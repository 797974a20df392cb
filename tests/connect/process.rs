//! `process.run` and `log.*`.

use std::path::Path;
use std::sync::{Arc, Mutex};

use orchestra_flow::base::time::Duration;
use orchestra_flow::base::value::Map;
use orchestra_flow::connect::log::{Level, Log};
use orchestra_flow::run::world::{Outcome, Perform};

use super::desk::{act, desk, failure, json, value};

async fn run(directory: &Path, params: &str) -> Outcome {
    let mut act = act("process.run", json(params));
    act.timeout = Duration(1_500);
    let allowed = ["sh", "cat", "no-such-program"].map(Into::into).to_vec();
    desk(directory, "process", Map::new(), |environment| environment.programs = allowed).perform(act).await
}

#[tokio::test]
async fn a_program_runs_without_a_shell_and_without_secrets() {
    let home = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(home.path().join("sub")).expect("a directory");
    let got = value(run(home.path(), r#"{ "command": ["cat"], "input": "a; $(b)" }"#).await);
    assert_eq!(got, serde_json::json!({ "status": 0, "stdout": "a; $(b)", "stderr": "" }));
    let got =
        value(run(home.path(), r#"{ "command": ["sh", "-c", "pwd; env; echo no >&2; exit 3"], "dir": "sub" }"#).await);
    assert_eq!((&got["status"], &got["stderr"]), (&3.into(), &"no\n".into()));
    let shown = got["stdout"].as_str().unwrap_or_default();
    assert!(shown.lines().next().is_some_and(|line| line.ends_with("/sub")), "{shown}");
    assert!(!shown.contains("CARGO"), "{shown}");
}

#[tokio::test]
async fn what_the_settings_do_not_list_does_not_run() {
    let rows = [
        (r#"{ "command": ["rm", "-rf", "x"] }"#, "permission_denied", true),
        (r#"{ "command": ["/bin/sh"] }"#, "permission_denied", true),
        (r#"{ "command": [] }"#, "validation_error", true),
        (r#"{ "command": ["no-such-program"] }"#, "not_found", true),
        (r#"{ "command": ["cat"], "dir": "../.." }"#, "permission_denied", true),
        (r#"{ "command": ["sh", "-c", "sleep 30"] }"#, "timeout", false),
    ];
    let home = tempfile::tempdir().expect("a directory");
    for (params, kind, certain) in rows {
        let (failure, is_certain) = failure(run(home.path(), params).await);
        assert_eq!((failure.kind.name(), is_certain), (kind, certain), "{params}: {}", failure.message);
    }
}

#[tokio::test]
async fn lines_of_the_log_hold_no_secret() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let keep = lines.clone();
    let desk = desk(Path::new("."), "log", Map::new(), |environment| {
        environment.mask.learn("hush-hush");
        environment.log = Log::new(move |line| keep.lock().expect("no test panics while it holds this").push(line));
    });
    value(desk.perform(act("log.info", json(r#"{ "message": "it is hush-hush" }"#))).await);
    value(desk.perform(act("log.error", json(r#"{ "message": 7, "values": { "deep": ["hush-hush", 1] } }"#))).await);
    let lines = lines.lock().expect("no test panics while it holds this");
    assert_eq!((lines[0].level, &*lines[0].message), (Level::Info, "it is ***"));
    assert_eq!((lines[1].level, &*lines[1].message), (Level::Error, "7"));
    assert_eq!(lines[1].values.to_json().to_string(), r#"{"deep":["***",1]}"#);
}
