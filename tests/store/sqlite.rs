//! What a store in a file can meet: a second process, another version, damage.

use std::fs;
use std::path::Path;

use orchestra_flow::store::Sqlite;
use orchestra_flow::store::sqlite::OpenError;

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
