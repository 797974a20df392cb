//! What an engine lets go of: runs that have had their time, and nothing that is under way.

use std::path::Path;
use std::sync::Arc;

use orchestra_flow::base::status::Status;
use orchestra_flow::base::value::Value;
use orchestra_flow::run::journal::{Forgotten, Journal as _, Query};
use orchestra_flow::store::Sqlite;
use orchestra_flow::{Builder, Engine, Program};

use super::runtime;

const PROGRAM: &str = r#"
workflow quick {
    input { text: string = "" }
    output { text: input.text }
}

workflow wrong {
    step broken = script { throw "no" }
}

workflow parent {
    step child = quick { text: "child" }
    step sent: int = wait signal "go"
    output { sent: sent }
}
"#;

fn process<T>(folder: &Path, text: &str, settings: &[&str], work: impl AsyncFnOnce(Arc<Sqlite>, Engine) -> T) -> T {
    let runtime = runtime();
    let done = runtime.block_on(async {
        let store = Arc::new(Sqlite::open(folder).expect("it opens"));
        let program = Program::from_text("main.flow", text).unwrap_or_else(|faults| panic!("{faults}"));
        let mut builder = Builder::new(program).journal(store.clone());
        for setting in settings {
            builder = builder.set(*setting);
        }
        let engine = builder.build().unwrap_or_else(|error| panic!("{error}"));
        engine.recover().await.expect("it can be read");
        work(store, engine).await
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(10));
    done
}

async fn count(store: &Sqlite, status: Status) -> usize {
    let query = Query { statuses: vec![status], limit: 100, ..Query::default() };
    store.runs(&query).await.expect("it can be read").runs.len()
}

#[test]
fn runs_go_when_they_have_had_their_time() {
    let folder = tempfile::tempdir().expect("a folder");
    process(folder.path(), PROGRAM, &["store.keep=\"1ms\""], async |store, engine| {
        let large = Value::map([("text", Value::from("z".repeat(100_000)))]);
        for _ in 0..50 {
            engine.start("quick", &large).await.expect("it starts").end().await;
        }
        engine.start("wrong", &Value::Unit).await.expect("it starts").end().await;
        let parent = engine.start_once("parent", "one", &Value::Unit).await.expect("it starts");
        while count(&store, Status::Completed).await < 51 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let forgotten = engine.prune().await.expect("it can be written");
        assert_eq!((forgotten.runs, forgotten.values), (50, 1), "a child stays with its parent: {forgotten:?}");
        assert!(forgotten.bytes > 100_000, "{forgotten:?}");
        assert_eq!((count(&store, Status::Completed).await, count(&store, Status::Failed).await), (1, 1));
        engine.signal(parent.id(), "go", Value::Int(7)).await.expect("it hears");
        assert_eq!(parent.end().await.output, Value::map([("sent", Value::Int(7))]), "what is under way goes on");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        assert_eq!(engine.prune().await.expect("it can be written").runs, 2, "the child goes with its parent");
        let again = engine.start_once("parent", "one", &Value::Unit).await.expect("it starts");
        assert_eq!(store.standing(again.id()).await.expect("it can be read").map(|run| run.rested_at), Some(None));
    });
}

#[test]
fn nothing_goes_where_nothing_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    process(folder.path(), PROGRAM, &[], async |store, engine| {
        engine.start("quick", &Value::Unit).await.expect("it starts").end().await;
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        assert_eq!(engine.prune().await.expect("it can be written"), Forgotten::default());
        assert_eq!(count(&store, Status::Completed).await, 1);
    });
}

#[test]
fn runs_that_failed_have_a_time_of_their_own() {
    let folder = tempfile::tempdir().expect("a folder");
    process(folder.path(), PROGRAM, &["store.keep_failed=\"1ms\""], async |store, engine| {
        engine.start("quick", &Value::Unit).await.expect("it starts").end().await;
        engine.start("wrong", &Value::Unit).await.expect("it starts").end().await;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        assert_eq!(engine.prune().await.expect("it can be written").runs, 1);
        assert_eq!((count(&store, Status::Completed).await, count(&store, Status::Failed).await), (1, 0));
    });
}

#[test]
fn a_plan_goes_with_the_last_run_of_it_unless_it_may_be_started() {
    let folder = tempfile::tempdir().expect("a folder");
    let digest = |engine: &Engine, name: &str| engine.package().plans[name].digest;
    let (wrong, quick) = process(folder.path(), PROGRAM, &[], async |_store, engine| {
        engine.start("quick", &Value::Unit).await.expect("it starts").end().await;
        (digest(&engine, "wrong"), digest(&engine, "quick"))
    });
    let only_quick = "workflow quick {\n    input { text: string = \"\" }\n    output { text: input.text }\n}\n";
    process(folder.path(), only_quick, &["store.keep=\"1ms\""], async |store, engine| {
        assert_eq!(digest(&engine, "quick"), quick);
        engine.prune().await.expect("it can be written");
        assert!(store.plan(wrong).await.expect("it can be read").is_none(), "nobody needs it");
        assert!(store.plan(quick).await.expect("it can be read").is_some(), "it may be started");
        let next = engine.start("quick", &Value::Unit).await.expect("it starts");
        assert_eq!(next.end().await.status, Status::Completed);
    });
}
