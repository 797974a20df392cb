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
        (r#"{ "command": ["cat"], "dir": "nowhere" }"#, "not_found", true),
        (r#"{ "command": ["cat"], "dir": "file" }"#, "validation_error", true),
        (r#"{ "command": ["cat", "a\u0000b"] }"#, "validation_error", true),
        (r#"{ "command": ["cat"], "input": [1] }"#, "validation_error", true),
        (r#"{ "command": ["sh", "-c", "sleep 30"] }"#, "timeout", false),
    ];
    let home = tempfile::tempdir().expect("a directory");
    std::fs::write(home.path().join("file"), "").expect("a file");
    for (params, kind, certain) in rows {
        let (failure, is_certain) = failure(run(home.path(), params).await);
        assert_eq!((failure.kind.name(), is_certain), (kind, certain), "{params}: {}", failure.message);
    }
}

#[tokio::test]
async fn what_a_program_reads_and_says_may_be_large_and_has_a_bound() {
    let home = tempfile::tempdir().expect("a directory");
    let large = "0123456789".repeat(100_000);
    let with = |command: &str| format!(r#"{{ "command": {command}, "input": "{large}" }}"#);
    let echoed = value(run(home.path(), &with(r#"["cat"]"#)).await);
    assert_eq!(echoed["stdout"].as_str().map(str::len), Some(1_000_000));
    // Who does not read is waited for no longer than until it ends.
    let unread = value(run(home.path(), &with(r#"["sh", "-c", "exec <&-; echo ok"]"#)).await);
    assert_eq!((&unread["status"], &unread["stdout"]), (&0.into(), &"ok\n".into()));
    for endless in ["yes", "yes >&2"] {
        let mut act = act("process.run", json(&format!(r#"{{ "command": ["sh", "-c", "{endless}"] }}"#)));
        act.timeout = Duration::seconds(60);
        let desk = desk(home.path(), "process", Map::new(), |environment| {
            environment.programs = vec!["sh".into()];
            environment.response_bytes_max = 1_000;
        });
        let (failure, certain) = failure(desk.perform(act).await);
        assert_eq!((failure.kind.name(), certain), ("limit_exceeded", false), "{failure}");
    }
}

/// What programs leave running, seen by the system.
#[cfg(target_os = "linux")]
mod grandchild {
    #[cfg(feature = "cli")]
    use std::io::{BufRead as _, BufReader};
    use std::time::{Duration as Pause, Instant};

    use super::*;

    /// Starts another program, says its number in a file, and waits for it.
    const PARENT: &str = r#"["sh", "-c", "sleep 300 & echo $! > child.part; mv child.part child; wait"]"#;

    fn params() -> String {
        format!(r#"{{ "command": {PARENT} }}"#)
    }

    /// The number of the grandchild, when it has been started.
    fn started(home: &Path) -> u32 {
        let until = Instant::now() + Pause::from_secs(30);
        loop {
            match std::fs::read_to_string(home.join("child")) {
                Ok(number) => return number.trim().parse().expect("a number"),
                Err(_) => assert!(Instant::now() < until, "it was not started"),
            }
            std::thread::sleep(Pause::from_millis(10));
        }
    }

    /// Whether a process runs; one that has ended and is not buried does not.
    fn runs(pid: u32) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        status.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
    }

    fn ends(pid: u32) {
        let until = Instant::now() + Pause::from_secs(20);
        while runs(pid) {
            assert!(Instant::now() < until, "{pid} goes on");
            std::thread::sleep(Pause::from_millis(10));
        }
    }

    #[tokio::test]
    async fn what_a_program_has_started_ends_with_it_when_time_is_up() {
        let home = tempfile::tempdir().expect("a directory");
        let (failure, certain) = failure(run(home.path(), &params()).await);
        assert_eq!((failure.kind.name(), certain), ("timeout", false), "{failure}");
        ends(started(home.path()));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_a_program_has_started_ends_with_it_when_nobody_waits_any_longer() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().to_owned();
        let task = tokio::spawn(async move {
            let mut act = act("process.run", json(&params()));
            act.timeout = Duration::seconds(100);
            desk(&path, "process", Map::new(), |environment| environment.programs = vec!["sh".into()])
                .perform(act)
                .await
        });
        let pid = started(home.path());
        assert!(runs(pid));
        task.abort();
        ends(pid);
    }

    #[tokio::test]
    async fn what_a_program_leaves_when_it_ends_by_itself_goes_on() {
        let home = tempfile::tempdir().expect("a directory");
        let left = r#"{ "command": ["sh", "-c", "sleep 300 >/dev/null 2>&1 & echo $!"] }"#;
        let said = value(run(home.path(), left).await);
        let pid: u32 = said["stdout"].as_str().and_then(|text| text.trim().parse().ok()).expect("a number");
        assert!(runs(pid));
        std::process::Command::new("kill").arg(pid.to_string()).status().expect("there is a `kill`");
        ends(pid);
    }

    #[cfg(feature = "cli")]
    #[test]
    fn a_run_that_is_killed_leaves_no_program_behind() {
        let home = tempfile::tempdir().expect("a directory");
        let program = format!("workflow w {{ step s = process.run {{ command: {PARENT}, timeout 2m }} }}");
        std::fs::write(home.path().join("main.flow"), program).expect("a program");
        std::fs::write(home.path().join("flow.toml"), "[process]\nallow = [\"sh\"]\n").expect("settings");
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_flow"))
            .arg("run")
            .arg(home.path().join("main.flow"))
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("it starts");
        let pid = started(home.path());
        let number = child.id().to_string();
        let interrupt = || {
            let done = std::process::Command::new("kill").args(["-INT", &number]).status();
            assert!(done.expect("there is a `kill`").success());
        };
        // A run that is cancelled lets a program finish; one that is killed does not.
        interrupt();
        let mut said = BufReader::new(child.stderr.take().expect("stderr")).lines();
        assert!(said.any(|line| line.expect("a line").contains("Ctrl-C again kills")));
        assert!(runs(pid));
        interrupt();
        child.wait().expect("it ends");
        ends(pid);
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
