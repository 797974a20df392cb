//! Commands on a data directory: the real binary on real files.

use std::io::Read as _;

use super::{Folder, done};

const PROGRAM: &str = r#"
workflow quick {
    input { n: int }
    output { twice: input.n * 2 }
}

workflow patient {
    step sent: int = wait signal "go"
    output { sent: sent }
}
"#;

/// A folder with three runs that have ended in `state`.
fn folder() -> Folder {
    let folder = Folder::with(PROGRAM);
    for n in ["1", "2", "3"] {
        let input = format!("{{ \"n\": {n} }}");
        let ran = folder.flow(&["run", "main.flow", "quick", "--data", "state", "--key", n, "--input", &input]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    folder
}

#[test]
fn runs_are_let_go_of_after_they_were_counted() {
    let folder = folder();
    let prune = |more: &[&str]| folder.flow(&[&["prune", "--data", "state"], more].concat());
    let rows: [(&[&str], &str); 6] = [
        (&["--keep", "1d"], "0 runs gone, with 1 plan\n"),
        (&["--keep", "1ms", "--workflow", "patient"], "0 runs gone\n"),
        (&["--keep", "1ms", "--status", "failed"], "0 runs gone\n"),
        (&["--keep", "1ms", "--dry-run"], "3 runs would go, and what they started and waited for\n"),
        (&["--keep", "1ms"], "3 runs gone, with 1 plan: "),
        (&["--keep", "1ms", "--dry-run"], "0 runs would go, and what they started and waited for\n"),
    ];
    for (arguments, says) in rows {
        let pruned = prune(arguments);
        assert!(
            pruned.stdout.starts_with(says) && pruned.code == 0,
            "{arguments:?}: {}{}",
            pruned.stdout,
            pruned.stderr
        );
    }
    let wrong = prune(&["--keep", "1ms", "--status", "running"]);
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.stderr.starts_with("error: a run that is running has not come to rest\n  hint: "),
        "{}",
        wrong.stderr
    );
    let wrong = prune(&["--keep", "soon"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("`soon` is no duration"), "{}", wrong.stderr);
}

#[test]
fn a_directory_without_a_store_is_not_made_to_one() {
    let folder = Folder::with(PROGRAM);
    for arguments in [&["prune", "--data", "nowhere", "--keep", "1d"][..], &["dump", "--data", "nowhere", "--all"]] {
        let refused = folder.flow(arguments);
        assert_eq!(refused.code, 2);
        assert!(refused.stderr.starts_with("error: there is no store in `nowhere`"), "{}", refused.stderr);
    }
    assert!(!folder.path().join("nowhere").exists());
}

#[test]
fn runs_move_to_another_directory() {
    let folder = folder();
    let dumped = folder.flow(&["dump", "--data", "state", "--all"]);
    assert_eq!((dumped.code, dumped.stderr.as_str()), (0, "3 runs written\n"));
    let restored = folder.flow_fed(dumped.stdout.as_bytes(), &["restore", "--data", "other"]);
    assert_eq!((restored.code, restored.stdout.as_str()), (0, "3 runs taken in\n"), "{}", restored.stderr);
    let again = folder.flow(&["dump", "--data", "other", "--all"]);
    assert_eq!(again.stdout, dumped.stdout);
    let joined = folder.flow(&["run", "main.flow", "quick", "--data", "other", "--key", "2", "--input", "{\"n\": 2}"]);
    assert_eq!(joined.stdout, "{\"twice\":4}\n", "{}", joined.stderr);
    let cut = &dumped.stdout.as_bytes()[..dumped.stdout.len() / 2];
    let refused = folder.flow_fed(cut, &["restore", "--data", "third"]);
    assert!(refused.code == 2 && refused.stderr.starts_with("error: line "), "{}", refused.stderr);
}

#[test]
fn what_is_in_use_is_read_and_not_changed_and_goes_on_paused_elsewhere() {
    let folder = folder();
    let mut waiting = folder.start(&["run", "main.flow", "patient", "--data", "state", "--format", "plain"]);
    let mut said = waiting.stderr.take().expect("it was asked for");
    let (mut text, mut part) = (String::new(), [0; 256]);
    while !text.contains("waits for the signal") {
        let count = said.read(&mut part).expect("it says something");
        assert_ne!(count, 0, "{text}");
        text.push_str(&String::from_utf8_lossy(&part[..count]));
    }
    let refused = folder.flow(&["prune", "--data", "state", "--keep", "1d"]);
    let pid = waiting.id();
    let says = format!("error: the data directory `state` is in use by the process {pid}\n  hint: stop that process");
    assert!(refused.code == 2 && refused.stderr.starts_with(&says), "{}", refused.stderr);
    let dumped = folder.flow(&["dump", "--data", "state", "--workflow", "patient"]);
    assert_eq!((dumped.code, dumped.stderr.as_str()), (0, "1 run written\n"));
    waiting.kill().expect("it is there");
    done(waiting.wait_with_output().expect("it ends"));
    let restored = folder.flow_fed(dumped.stdout.as_bytes(), &["restore", "--data", "other", "--paused"]);
    assert_eq!(restored.stdout, "1 run taken in, 1 of them paused\n", "{}", restored.stderr);
    let paused = folder.flow(&["dump", "--data", "other", "--all"]).stdout;
    assert!(paused.contains(r#""status":"paused""#) && paused.contains(r#""by":"flow restore""#), "{paused}");
}

/// Asks as somebody who may read `state` and not write there: root may do everything, and asks as nobody.
#[cfg(unix)]
fn unable(folder: &Folder, args: &[&str]) -> super::Done {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::os::unix::process::CommandExt as _;
    let state = folder.path().join("state");
    let may = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("ours")
    };
    may(folder.path(), 0o755);
    std::fs::read_dir(&state).expect("it is there").flatten().for_each(|file| may(&file.path(), 0o444));
    may(&state, 0o555);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_flow"));
    command.args(args).current_dir(folder.path()).env_remove("FLOW_TOKEN").env_remove("FLOW_SERVER");
    if std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
        command.uid(65_534);
    }
    let output = command.output();
    may(&state, 0o755);
    done(output.expect("it starts"))
}

/// A folder with runs that have ended in `state`, and one that was cut off.
#[cfg(unix)]
fn cut_off() -> Folder {
    let folder = folder();
    let mut cut = folder.start(&["run", "main.flow", "patient", "--data", "state", "--key", "cut"]);
    let log = folder.path().join("state/flow.db-wal");
    let begun = std::time::Instant::now();
    // The acceptance of the run, and what it waits for.
    while !std::fs::read(&log).is_ok_and(|log| log.windows(9).any(|part| part == b"\"listen\",")) {
        assert!(begun.elapsed() < std::time::Duration::from_secs(30), "it never waits");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    cut.kill().expect("it runs");
    cut.wait().expect("it is gone");
    folder
}

#[cfg(unix)]
#[test]
fn where_nothing_can_be_written_all_that_is_there_is_shown() {
    let folder = folder();
    let runs = folder.flow(&["runs", "--data", "state", "--format", "json"]).stdout;
    let run = runs.split("\"id\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a run").to_owned();
    for args in [
        &["runs", "--data", "state", "--format", "json"][..],
        &["show", &run, "--data", "state"],
        &["show", &run, "--output", "--data", "state"],
        &["why", &run, "--data", "state"],
        &["watch", &run, "--data", "state"],
        &["failures", "--data", "state"],
        &["dump", "--all", "--data", "state"],
    ] {
        let (able, unable) = (folder.flow(args), unable(&folder, args));
        assert_eq!((unable.code, &unable.stdout), (0, &able.stdout), "{args:?}: {}", unable.stderr);
        assert!(!unable.stderr.contains("cannot be read"), "{args:?}: {}", unable.stderr);
    }
    let refused = unable(&folder, &["pause", &run, "--data", "state"]);
    assert!(
        refused.code == 2 && refused.stderr.contains("`state` can only be read; nothing was accepted"),
        "{}",
        refused.stderr
    );
    let refused = unable(&folder, &["run", "main.flow", "quick", "--data", "state", "--input", "{ \"n\": 1 }"]);
    assert!(
        refused.code == 2 && refused.stderr.contains("the data directory `state` cannot be used"),
        "{}",
        refused.stderr
    );
}

#[cfg(unix)]
#[test]
fn where_nothing_can_be_written_a_log_that_cannot_be_read_is_told_of() {
    let folder = cut_off();
    let with_log = unable(&folder, &["runs", "--data", "state"]);
    assert!(
        with_log.stdout.contains("patient") && with_log.stderr.is_empty(),
        "{}{}",
        with_log.stdout,
        with_log.stderr
    );
    // Without it SQLite cannot read the log where it cannot make it.
    std::fs::remove_file(folder.path().join("state/flow.db-shm")).expect("it is there");
    for args in [&["runs", "--data", "state"][..], &["dump", "--all", "--data", "state"]] {
        let without = unable(&folder, args);
        assert_eq!(without.code, 0, "{}", without.stderr);
        assert!(without.stdout.contains("quick"), "{}", without.stdout);
        assert!(without.stderr.contains("what was written last may be in `state/flow.db-wal`"), "{}", without.stderr);
    }
    let able = folder.flow(&["runs", "--data", "state"]);
    assert!(able.stdout.contains("patient"), "{}{}", able.stdout, able.stderr);
}
