//! What a store in a file can meet: a second process, another version, damage.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use orchestra_flow::base::id::{Digest, RunId};
use orchestra_flow::base::status::Status;
use orchestra_flow::base::time::Timestamp;
use orchestra_flow::base::value::Value;
use orchestra_flow::run::admission::Admission;
use orchestra_flow::run::event::{Acceptance, Event, Record};
use orchestra_flow::run::journal::{Batch, Broken, History, Journal as _, Mark, Standing};
use orchestra_flow::store::Sqlite;
use orchestra_flow::store::sqlite::OpenError;

use super::runtime;

/// A journal of one run with one signal after the other, each in a batch of its own.
fn write(folder: &Path, payloads: &[Value]) -> RunId {
    let run = RunId("damaged".into());
    let at = Timestamp::UNIX_EPOCH;
    let acceptance = Acceptance {
        run: run.clone(),
        workflow: "main".into(),
        plan: Digest::default(),
        input: Value::Unit,
        trigger: Value::Unit,
        state: Value::Unit,
        parent: None,
        depth: 0,
        within: Vec::new(),
        starts: 0,
        origin: None,
        line: orchestra_flow::run::chain::Line::default(),
        admission: Admission::default(),
        collects: None,
        tags: Vec::new(),
        fork: None,
    };
    let standing = Standing {
        run: run.clone(),
        workflow: "main".into(),
        plan: Digest::default(),
        parent: None,
        fork_of: None,
        tags: Vec::new(),
        status: Status::Running,
        accepted_at: at,
        started_at: None,
        rested_at: None,
        error: None,
        open: Vec::new(),
        wake: None,
        busy: false,
        turn: None,
    };
    let signals = payloads.iter().map(|payload| Event::Signalled { name: "go".into(), payload: payload.clone() });
    let events = std::iter::once(Event::Accepted(Arc::new(acceptance))).chain(signals);
    let store = Sqlite::open(folder).expect("it opens");
    let mut previous = Mark::default();
    for (first, event) in events.enumerate() {
        let records = vec![Record { at, event }];
        let first = first as u64;
        previous = store.append(vec![Batch {
            previous,
            first,
            records,
            standing: standing.clone(),
            facts: vec![],
            waits: vec![],
            emitted: vec![],
        }]);
    }
    run
}

fn read(folder: &Path, run: &RunId) -> Result<History, Broken> {
    let store = Sqlite::open(folder).expect("it opens");
    runtime().block_on(store.history(run, 0))
}

fn change(folder: &Path, sql: &str) {
    let file = rusqlite::Connection::open(folder.join("flow.db")).expect("it opens");
    assert_ne!(file.execute(sql, []).expect("it is changed"), 0, "{sql} changes something");
}

#[test]
fn a_changed_byte_is_found_and_not_skipped() {
    for (sql, says) in [
        (
            "UPDATE batch SET records = CAST(replace(records, '\"go\"', '\"no\"') AS BLOB) WHERE mark = 2",
            "at mark 2: it is not what was written",
        ),
        ("UPDATE batch SET first = 7 WHERE mark = 3", "at mark 3"),
        ("UPDATE batch SET previous = 1 WHERE mark = 4", "at mark 4"),
        ("DELETE FROM batch WHERE mark = 2", "there is no mark 2"),
        ("DELETE FROM piece", "is not there"),
        ("UPDATE piece SET bytes = CAST('\"x\"' AS BLOB)", "is not what was written"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let large = Value::from("x".repeat(100_000).as_str());
        let run = write(folder.path(), &[Value::Int(1), Value::Int(2), large]);
        assert_eq!(read(folder.path(), &run).expect("it is whole").records.len(), 4);
        change(folder.path(), sql);
        let broken = read(folder.path(), &run).expect_err(sql);
        assert!(broken.to_string().contains(says), "{sql}: {broken}");
    }
}

#[test]
fn a_large_value_is_kept_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let rows = Value::list((0..20_000).map(|row| Value::map([("row", Value::Int(row))])));
    let bytes = rows.to_json().to_string().len() as u64;
    let all: Vec<Value> = (0..8).map(|number| Value::list([Value::Int(number), rows.clone()])).collect();
    let run = write(folder.path(), &all);
    let size = fs::metadata(folder.path().join("flow.db")).expect("it is there").len();
    assert!(size < 2 * bytes, "8 records with a value of {bytes} bytes take {size}");
    assert_eq!(read(folder.path(), &run).expect("it is whole").records.len(), 9);
}

#[test]
fn only_one_at_a_time_has_it_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = Sqlite::open(folder.path()).expect("it opens");
    let second = Sqlite::open(folder.path()).expect_err("it is in use");
    assert!(second.to_string().ends_with(&format!("is in use by the process {}", std::process::id())), "{second}");
    drop(first);
    Sqlite::open(folder.path()).expect("it is free again");
}

#[test]
fn what_a_later_version_wrote_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(Sqlite::open(folder.path()).expect("it opens"));
    let file = rusqlite::Connection::open(folder.path().join("flow.db")).expect("it opens");
    file.pragma_update(None, "user_version", 1_000).expect("it is written");
    drop(file);
    let refused = Sqlite::open(folder.path()).expect_err("it is too new");
    assert!(matches!(refused, OpenError::Later { found: 1_000, .. }), "{refused}");
}

#[test]
fn what_is_no_store_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("flow.db"), "dear diary, ".repeat(1_000)).expect("it is written");
    let refused = Sqlite::open(folder.path()).expect_err("it is no store");
    assert!(refused.to_string().contains("not a database"), "{refused}");
    let refused = Sqlite::open(Path::new("/dev/null/nowhere")).expect_err("no directory can be there");
    assert!(matches!(refused, OpenError::Directory { .. }), "{refused}");
}
