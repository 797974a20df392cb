//! Runs written out of one data directory and taken into another: the same, all of it or nothing.

use std::path::Path;
use std::sync::Arc;

use orchestra_flow::Engine;
use orchestra_flow::base::id::RunId;
use orchestra_flow::base::status::Status;
use orchestra_flow::base::value::Value;
use orchestra_flow::run::journal::{Journal as _, Query};
use orchestra_flow::store::Sqlite;
use orchestra_flow::store::sqlite::{Amount, DumpError, RestoreError, Restored, Selection, dump, restore};

const PROGRAM: &str = r#"
workflow large {
    tags ["big"]
    input { text: string }
    step copy = script { input.text }
    output { text: copy }
}

workflow patient {
    state { count: int = 0 }
    set state.count = state.count + 1
    step sent: int = wait signal "go"
    output { sent: sent, count: state.count }
}

workflow wrong {
    step broken = script { throw "no" }
}

workflow parent {
    step all = large { text: "small" }
    emit "done" { text: all.text }
    output { text: all.text }
}
"#;

fn process<T>(folder: &Path, work: impl AsyncFnOnce(Arc<Sqlite>, Engine) -> T) -> T {
    super::process(folder, PROGRAM, |builder| builder, work)
}

/// A directory with runs of every kind: ended, failed, waiting, with children, with large values.
fn filled() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    process(folder.path(), async |_store, engine| {
        drop(engine.start_once("patient", "waits", &Value::Unit).await.expect("it starts"));
        let large = Value::map([("text", Value::from("large ".repeat(20_000)))]);
        for _ in 0..2 {
            engine.start("large", &large).await.expect("it starts").end().await;
        }
        engine.start("wrong", &Value::Unit).await.expect("it starts").end().await;
        engine.start_once("parent", "family", &Value::Unit).await.expect("it starts").end().await;
    });
    folder
}

fn written(folder: &Path, selection: &Selection) -> (Vec<u8>, Amount) {
    let mut bytes = Vec::new();
    let amount = dump(folder, selection, &mut bytes).unwrap_or_else(|error| panic!("{error}"));
    (bytes, amount)
}

fn all() -> Selection {
    Selection { all: true, ..Selection::default() }
}

fn taken_in(folder: &Path, bytes: &[u8]) -> Restored {
    restore(folder, &mut &*bytes).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn what_is_taken_in_is_what_was_written_out() {
    let (source, target) = (filled(), tempfile::tempdir().expect("a folder"));
    let (bytes, amount) = written(source.path(), &all());
    assert_eq!((amount.runs, amount.plans, amount.facts, amount.events), (6, 4, 1, 1), "{amount:?}");
    assert!(bytes.len() < 400_000, "a large value is written once: {} bytes", bytes.len());
    let restored = taken_in(target.path(), &bytes);
    assert_eq!((restored.amount, restored.present), (amount, 0));
    assert_eq!(restored.open, [RunId::of_key("patient", "waits")]);
    let (again, _) = written(target.path(), &all());
    assert!(again == bytes, "written out again it is the same");
}

#[test]
fn runs_go_on_where_they_were_taken_in() {
    let (source, target) = (filled(), tempfile::tempdir().expect("a folder"));
    taken_in(target.path(), &written(source.path(), &all()).0);
    process(target.path(), async |store, engine| {
        let waits = engine.start_once("patient", "waits", &Value::Unit).await.expect("it is joined");
        engine.signal(waits.id(), "go", Value::Int(7)).await.expect("it hears");
        let sent = Value::map([("sent", Value::Int(7)), ("count", Value::Int(1))]);
        assert_eq!(waits.end().await.output, sent);
        let next = engine.start("patient", &Value::Unit).await.expect("it starts");
        engine.signal(next.id(), "go", Value::Int(8)).await.expect("it hears");
        assert_eq!(next.end().await.output.get("count"), Some(&Value::Int(2)), "what is kept between runs came along");
        let big = Query { tags: vec!["big".into()], limit: 10, ..Query::default() };
        assert_eq!(store.runs(&big).await.expect("it can be read").runs.len(), 3);
        let failed = Query { statuses: vec![Status::Failed], limit: 10, ..Query::default() };
        assert_eq!(store.runs(&failed).await.expect("it can be read").runs.len(), 1);
    });
}

#[test]
fn a_run_is_written_out_with_those_it_waited_for() {
    let source = filled();
    let family = RunId::of_key("parent", "family");
    let (bytes, amount) = written(source.path(), &Selection { runs: vec![family.clone()], ..Selection::default() });
    assert_eq!((amount.runs, amount.plans, amount.facts), (2, 2, 0), "{amount:?}");
    let of_workflow = Selection { workflow: Some("large".into()), ..Selection::default() };
    assert_eq!(written(source.path(), &of_workflow).1.runs, 3);
    let target = tempfile::tempdir().expect("a folder");
    taken_in(target.path(), &bytes);
    assert!(written(target.path(), &Selection { runs: vec![family], ..Selection::default() }).0 == bytes);
    let nobody = Selection { runs: vec![RunId("nobody".into())], ..Selection::default() };
    let refused = dump(source.path(), &nobody, &mut Vec::new()).expect_err("there is none");
    assert!(matches!(refused, DumpError::NoRun(_)), "{refused}");
}

#[test]
fn what_is_there_already_stays_and_what_differs_is_refused() {
    let (source, target) = (filled(), tempfile::tempdir().expect("a folder"));
    let (bytes, amount) = written(source.path(), &all());
    taken_in(target.path(), &bytes);
    let again = taken_in(target.path(), &bytes);
    assert_eq!((again.present, again.open.len()), (amount.runs, 0));
    assert!(written(target.path(), &all()).0 == bytes, "nothing was taken in twice");
    // Elsewhere the run that waited has gone on; one more is not there yet.
    process(source.path(), async |_store, engine| {
        let waits = engine.start_once("patient", "waits", &Value::Unit).await.expect("it is joined");
        engine.signal(waits.id(), "go", Value::Int(7)).await.expect("it hears");
        waits.end().await;
        engine.start("wrong", &Value::Unit).await.expect("it starts").end().await;
    });
    let (newer, _) = written(source.path(), &all());
    let refused = restore(target.path(), &mut &*newer).expect_err("it differs");
    assert!(matches!(&refused, RestoreError::Differs(run) if *run == RunId::of_key("patient", "waits")), "{refused}");
    assert!(written(target.path(), &all()).0 == bytes, "nothing has changed");
}

#[test]
fn runs_are_taken_in_beside_others() {
    let (source, target) = (filled(), filled());
    let family = Selection { workflow: Some("wrong".into()), ..Selection::default() };
    let restored = taken_in(target.path(), &written(source.path(), &family).0);
    assert_eq!((restored.amount.runs, restored.present), (1, 0));
    assert_eq!(written(target.path(), &family).1.runs, 2);
    process(target.path(), async |store, _engine| {
        let failed = Query { statuses: vec![Status::Failed], limit: 10, ..Query::default() };
        for run in store.runs(&failed).await.expect("it can be read").runs {
            assert!(!store.history(&run.run, 0).await.expect("it is whole").records.is_empty());
        }
    });
}

#[test]
fn a_dump_that_was_changed_or_cut_off_changes_nothing() {
    let source = filled();
    let (bytes, _) = written(source.path(), &all());
    let text = String::from_utf8(bytes).expect("it is text");
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (count, last) = (lines.len(), lines.len() - 1);
    let cut = lines[..last].concat();
    let half = text[..text.len() - 20].to_owned();
    let without = [&lines[..4], &lines[5..]].concat().concat();
    let mut swapped = lines.clone();
    swapped.swap(4, 5);
    let edited = text.replace("\"waits\"", "\"waits \"");
    let flipped = text.replacen("large large", "large lArge", 1);
    for (damaged, line, says) in [
        (cut, count, "cut off"),
        (half, count, "damaged"),
        (without, 5, "damaged"),
        (swapped.concat(), 5, "damaged"),
        (flipped, 0, "damaged"),
        ("dear diary\n".to_owned(), 1, "no dump"),
        (String::new(), 1, "cut off"),
        (edited, 0, ""),
    ] {
        let target = tempfile::tempdir().expect("a folder");
        if damaged == text {
            continue;
        }
        let refused = restore(target.path(), &mut damaged.as_bytes()).expect_err(says).to_string();
        assert!(refused.contains(says), "{refused}");
        assert!(line == 0 || refused.starts_with(&format!("line {line} of the dump")), "{refused}");
        assert_eq!(written(target.path(), &all()).1, Amount::default(), "{refused}");
    }
}
