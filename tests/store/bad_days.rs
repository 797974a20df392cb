//! Bad days of a store, by real means: a disk that is full, a directory that cannot be written, files that were damaged, a run
//! with a gigantic journal.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use orchestra_flow::base::id::RunId;
use orchestra_flow::base::status::Status;
use orchestra_flow::base::value::Value;
use orchestra_flow::run::event::Record;
use orchestra_flow::run::journal::{Journal, Query};
use orchestra_flow::store::Sqlite;
use orchestra_flow::store::sqlite::OpenError;
use orchestra_flow::{Builder, Engine, Program};

use super::runtime;

fn engine(folder: &Path, text: &str) -> (Arc<Sqlite>, Engine) {
    let store = Arc::new(Sqlite::open(folder).expect("it opens"));
    let program = Program::from_text("main.flow", text).unwrap_or_else(|faults| panic!("{faults}"));
    let engine = Builder::new(program).journal(store.clone()).build().unwrap_or_else(|error| panic!("{error}"));
    (store, engine)
}

/// A process that may make no file larger than so many blocks of 512 bytes has a full disk, until it is given more.
#[cfg(all(target_os = "linux", feature = "cli"))]
#[test]
fn a_full_disk_holds_runs_still_until_there_is_room() {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};

    let folder = tempfile::tempdir().expect("a folder");
    let text = r#"workflow long {
        for n in 0..100 { step said = log.info { message: "line ${n}" } }
        output { ended: true }
    }"#;
    fs::write(folder.path().join("main.flow"), text).expect("a program");
    let mut child = Command::new("sh")
        .args(["-c", r#"ulimit -S -f 512; trap "" XFSZ; exec "$0" "$@""#, env!("CARGO_BIN_EXE_flow")])
        .args(["run", "main.flow", "--data", "data", "--format", "plain"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(child.stderr.take().expect("stderr")).lines();
    let mut said = || lines.next().map(|line| line.expect("it is text"));
    let mut before = Vec::new();
    loop {
        let line = said().unwrap_or_else(|| panic!("it ended on a full disk: {before:?}"));
        if line.contains("the store cannot be written") {
            assert!(line.contains("runs hold still until it can"), "{line}");
            break;
        }
        before.push(line);
    }
    assert!(child.try_wait().expect("it can be asked").is_none(), "it holds still, and does not end");
    let pid = child.id().to_string();
    let more = Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited"]).status();
    assert!(more.is_ok_and(|status| status.success()), "`prlimit` gives it room");
    let mut after = Vec::new();
    while let Some(line) = said() {
        after.push(line);
    }
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{after:?}");
    assert!(after.iter().any(|line| line.contains("the store can be written again")), "{after:?}");
    let all = before.iter().chain(&after).filter(|line| line.contains("line ")).count();
    assert!(all >= 100, "each line is said: {all}");
}

#[test]
fn a_directory_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).expect("a folder");
    let mut rights = fs::metadata(&closed).expect("it is there").permissions();
    rights.set_readonly(true);
    fs::set_permissions(&closed, rights).expect("they can be set");
    // Whoever may do everything may write there, too: for them there is a place where nobody may.
    let closed = if fs::write(closed.join("probe"), "").is_ok() { Path::new("/proc").to_owned() } else { closed };
    let refused = Sqlite::open(&closed).expect_err("it cannot be written");
    let said = refused.to_string();
    assert!(matches!(refused, OpenError::Directory { .. }), "{said}");
    assert!(said.starts_with(&format!("the data directory `{}` cannot be used: ", closed.display())), "{said}");
}

/// The journals of all runs in a store, or why they cannot be read.
fn journals(folder: &Path) -> Result<BTreeMap<RunId, Vec<Record>>, String> {
    let store = Sqlite::open(folder).map_err(|error| error.to_string())?;
    runtime().block_on(async {
        let query = Query { limit: 1_000, ..Query::default() };
        let page = store.runs(&query).await.map_err(|broken| broken.to_string())?;
        let mut journals = BTreeMap::new();
        for standing in page.runs {
            let history = store.history(&standing.run, 0).await.map_err(|broken| broken.to_string())?;
            journals.insert(standing.run, history.records);
        }
        Ok(journals)
    })
}

/// A folder with a store of some runs, of which part is in the file and part in its log.
fn store_of_some_runs() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let text = r#"workflow count { input { to: int } for n in 0..input.to { step said = script { "line " + n } } output { to: input.to } }"#;
    for round in 0..2 {
        runtime().block_on(async {
            let (store, engine) = engine(folder.path(), text);
            for to in 0..10 {
                let input = Value::map([("to", Value::Int(to))]);
                let run = engine.start_once("count", &format!("{round} {to}"), &input).await.expect("it starts");
                assert_eq!(run.end().await.status.word(), "completed");
            }
            if round == 1 {
                // As a process leaves it that is killed: with its log.
                let copy = folder.path().join("killed");
                fs::create_dir(&copy).expect("a folder");
                for file in ["flow.db", "flow.db-wal"] {
                    fs::copy(folder.path().join(file), copy.join(file)).expect("it can be copied");
                }
            }
            drop((store, engine));
        });
    }
    folder
}

/// The store with one file damaged.
fn damaged(store: &Path, file: &str, damage: impl FnOnce(&mut Vec<u8>)) -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a folder");
    for file in ["flow.db", "flow.db-wal"] {
        fs::copy(store.join(file), copy.path().join(file)).expect("it can be copied");
    }
    let mut bytes = fs::read(store.join(file)).expect("it can be read");
    damage(&mut bytes);
    fs::write(copy.path().join(file), bytes).expect("it can be written");
    copy
}

/// Whether what is found in a damaged store is part of what was there: runs may be cut back, but nothing is invented.
fn is_part(found: &BTreeMap<RunId, Vec<Record>>, whole: &BTreeMap<RunId, Vec<Record>>) -> bool {
    found.iter().all(|(run, records)| whole.get(run).is_some_and(|all| all.starts_with(records)))
}

#[test]
fn a_log_that_is_cut_or_changed_anywhere_is_cut_back_to_a_whole_commit() {
    let folder = store_of_some_runs();
    let store = folder.path().join("killed");
    let whole = journals(damaged(&store, "flow.db-wal", |_| {}).path()).expect("it is whole");
    assert_eq!(whole.len(), 20);
    let length = fs::metadata(store.join("flow.db-wal")).expect("there is a log").len() as usize;
    let (mut cut_back, mut refused) = (0, 0);
    for at in (0..length).step_by(length / 60) {
        for flip in [false, true] {
            let copy =
                damaged(&store, "flow.db-wal", |bytes| if flip { bytes[at] ^= 0x10 } else { bytes.truncate(at) });
            match journals(copy.path()) {
                Ok(found) => {
                    assert!(is_part(&found, &whole), "damaged at {at}: {} runs", found.len());
                    cut_back += usize::from(found != whole);
                }
                Err(said) => {
                    assert!(flip && at < 32, "damaged at {at}: {said}");
                    assert!(said.contains("flow.db-wal") && said.contains("damaged"), "{said}");
                    refused += 1;
                }
            }
        }
    }
    assert!(cut_back >= 60, "{cut_back} cut back, {refused} refused");
}

#[test]
fn a_file_that_is_cut_anywhere_is_refused() {
    let folder = store_of_some_runs();
    let file = rusqlite::Connection::open(folder.path().join("flow.db")).expect("it opens");
    file.query_row("PRAGMA wal_checkpoint(truncate)", [], |_| Ok(())).expect("all of it is in one file");
    drop(file);
    fs::write(folder.path().join("flow.db-wal"), "").expect("an empty log");
    let length = fs::metadata(folder.path().join("flow.db")).expect("it is there").len() as usize;
    for at in (512..length).step_by(length / 60) {
        let copy = damaged(folder.path(), "flow.db", |bytes| bytes.truncate(at));
        let found = journals(copy.path());
        assert!(found.is_err(), "cut at {at} of {length}: {} runs", found.map_or(0, |found| found.len()));
    }
}

#[test]
fn a_run_with_a_gigantic_journal_goes_on_in_the_next_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = r#"workflow long {
        vars { sum: int = 0 }
        for n in 0..20000 { set vars.sum = vars.sum + n }
        step sent: int = wait signal "go"
        output { sum: int = vars.sum + sent }
    }"#;
    let run = runtime().block_on(async {
        let (store, engine) = engine(folder.path(), text);
        let run = engine.start_once("long", "one", &Value::Unit).await.expect("it starts");
        engine.signal(run.id(), "nobody", Value::Unit).await.expect("it hears");
        let id = run.id().clone();
        loop {
            let standing = store.standing(&id).await.expect("it can be read").expect("it is there");
            if standing.status.word() == "waiting" {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let records = store.history(&id, 0).await.expect("it can be read").records.len();
        assert!(records > 40_000, "{records}");
        id
    });
    runtime().block_on(async {
        let (_store, engine) = engine(folder.path(), text);
        engine.recover().await.expect("it can be read");
        engine.signal(&run, "go", Value::Int(1)).await.expect("it hears");
        let summary = engine.start_once("long", "one", &Value::Unit).await.expect("it is joined").end().await;
        assert_eq!(summary.output.to_json(), serde_json::json!({ "sum": 199_990_001 }));
    });
}

#[test]
fn a_workflow_that_starts_itself_for_ever_meets_a_bound() {
    let folder = tempfile::tempdir().expect("a folder");
    runtime().block_on(async {
        let (store, engine) = engine(folder.path(), "workflow again { start again { } }");
        drop(engine.start("again", &Value::Unit).await.expect("it starts"));
        let failed = Query { statuses: vec![Status::Failed], limit: 10, ..Query::default() };
        let failed = loop {
            let page = store.runs(&failed).await.expect("it can be read");
            if let [failed] = &page.runs[..] {
                break failed.clone();
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        };
        assert_eq!(failed.error.as_deref(), Some("limit_exceeded"));
        let history = store.history(&failed.run, 0).await.expect("it can be read");
        let told = format!("{:?}", history.records);
        assert!(told.contains("after 256 starts in a row") && told.contains("let the run wait"), "{told}");
        let all = store.runs(&Query { limit: 1_000, ..Query::default() }).await.expect("it can be read");
        assert_eq!(all.runs.len(), 257);
    });
}

#[test]
fn a_log_that_somebody_reads_grows_and_begins_anew_when_they_have_gone() {
    const BOUND: u64 = 64 * 1024 * 1024;
    let folder = tempfile::tempdir().expect("a folder");
    let text = r#"workflow large {
        input { from: int, to: int }
        for n in input.from..input.to {
            step text = script { let t = "0123456789abcdef"; for i in 0..16 { t += t; } t + n }
        }
    }"#;
    let log = folder.path().join("flow.db-wal");
    let length = || fs::metadata(&log).map_or(0, |found| found.len());
    runtime().block_on(async {
        let (_, engine) = engine(folder.path(), text);
        let write = async |from: i64, to: i64| {
            let input = Value::map([("from", Value::Int(from)), ("to", Value::Int(to))]);
            let summary = engine.start("large", &input).await.expect("it starts").end().await;
            assert!(summary.error.is_none(), "{:?}", summary.error);
        };
        write(0, 1).await;
        let reader = rusqlite::Connection::open(folder.path().join("flow.db")).expect("it opens");
        reader.execute_batch("BEGIN").expect("it begins");
        reader.query_row("SELECT count(*) FROM batch", [], |_| Ok(())).expect("it reads");
        write(1, 80).await;
        assert!(length() > BOUND, "what is read stays in the log, which has {} bytes", length());
        reader.execute_batch("COMMIT").expect("it ends");
        let mut next = 80;
        while length() > BOUND {
            assert!(next < 200, "the log does not begin anew: it has {} bytes", length());
            write(next, next + 8).await;
            next += 8;
        }
    });
}
