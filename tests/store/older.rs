//! A file that an earlier version wrote: it is brought up to date, a copy of it is kept, and its runs go on.
//!
//! `version_1.sql` is the whole of a `flow.db` of version 1, as that version left it when it was killed while it ran
//! `version_1.flow`.

use std::fs;
use std::sync::Arc;

use orchestra_flow::base::id::RunId;
use orchestra_flow::base::status::Status;
use orchestra_flow::base::value::Value;
use orchestra_flow::run::journal::{Field, Journal as _, Query};
use orchestra_flow::store::Sqlite;
use orchestra_flow::{Builder, Program};

use super::runtime;

/// A data directory with the file of version 1.
fn version_1() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let file = rusqlite::Connection::open(folder.path().join("flow.db")).expect("it is made");
    file.execute_batch(include_str!("version_1.sql")).expect("it is filled");
    file.pragma_update(None, "user_version", 1).expect("it is set");
    folder
}

#[test]
fn runs_of_version_1_go_on() {
    let folder = version_1();
    runtime().block_on(async {
        let store = Arc::new(Sqlite::open(folder.path()).expect("it is brought up to date"));
        let program = Program::from_text("main.flow", include_str!("version_1.flow"));
        let program = program.unwrap_or_else(|faults| panic!("{faults}"));
        let engine = Builder::new(program).journal(store.clone()).build().unwrap_or_else(|error| panic!("{error}"));
        engine.recover().await.expect("it can be read");
        let one = engine.start_once("quick", "one", &Value::Unit).await.expect("it is joined").end().await;
        assert_eq!(one.output.get("twice"), Some(&Value::Int(42)), "a run that has ended is not run again");
        let large = engine.start_once("quick", "large", &Value::Unit).await.expect("it is joined").end().await;
        assert_eq!(large.output.get("text").map(|text| text.to_string().len()), Some(20_000));
        let waiting = engine.start_once("patient", "wait", &Value::Unit).await.expect("it is joined");
        engine.signal(&RunId::of_key("patient", "wait"), "go", Value::Int(7)).await.expect("it hears");
        let waited = Value::map([("n", Value::Int(7)), ("count", Value::Int(1))]);
        assert_eq!(waiting.end().await.output, waited, "a run that waited goes on");
        let next = engine.start("patient", &Value::Unit).await.expect("it starts");
        engine.signal(next.id(), "go", Value::Int(8)).await.expect("it hears");
        assert_eq!(next.end().await.output.get("count"), Some(&Value::Int(2)), "what was kept between runs is kept");
        let field = Field { path: "order".into(), is: "4".into() };
        for (query, count) in [
            (Query { statuses: vec![Status::Failed], ..Query::default() }, 1),
            (Query { statuses: vec![Status::Completed], ..Query::default() }, 4),
            (Query { input: vec![field], ..Query::default() }, 1),
        ] {
            let query = Query { limit: 10, ..query };
            assert_eq!(store.runs(&query).await.expect("it can be read").runs.len(), count, "{query:?}");
        }
    });
}

#[test]
fn a_copy_of_the_older_file_is_kept() {
    let folder = version_1();
    drop(Sqlite::open(folder.path()).expect("it is brought up to date"));
    let names: Vec<_> = fs::read_dir(folder.path()).expect("it is there").flatten().map(|it| it.file_name()).collect();
    let copy = rusqlite::Connection::open(folder.path().join("flow.db.1")).unwrap_or_else(|_| panic!("{names:?}"));
    let version: i64 = copy.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("it can be read");
    let runs: i64 = copy.query_row("SELECT count(*) FROM run", [], |row| row.get(0)).expect("it can be read");
    assert_eq!((version, runs), (1, 4));
    drop(Sqlite::open(folder.path()).expect("a file that is up to date is opened as it is"));
}
