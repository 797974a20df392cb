//! An engine with a store: what outlives the process, what is not kept in memory, what is the same whenever it is asked.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use orchestra_flow::base::id::RunId;
use orchestra_flow::base::status::Status;
use orchestra_flow::base::time::Timestamp;
use orchestra_flow::base::value::Value;
use orchestra_flow::run::event::{Event, Record};
use orchestra_flow::run::journal::{Batch, Field, Journal, Query};
use orchestra_flow::run::machine::{Command, Refusal};
use orchestra_flow::store::Sqlite;
use orchestra_flow::{Builder, Engine, Program};

use super::{runtime, until};

const PROGRAM: &str = r#"
workflow nap {
    input { n: int, long: duration = 1s }
    wait input.long
    output { n: input.n }
}

workflow patient {
    input { n: int }
    step sent: int = wait signal "go"
    step all = nap { n: sent, long: 10ms }
    output { n: all.n }
}

workflow counter {
    state { count: int = 0 }
    set state.count = state.count + 1
    output { count: state.count }
}

workflow listener {
    step paid = wait event "paid" { where event.order == 7, timeout 1d }
    output { cents: int = paid.cents }
}

workflow till {
    emit "paid" { order: 7, cents: 1200 }
}

workflow nightly {
    tags ["night", "eu"]
    input { customer: { id: int } }
    output { id: input.customer.id }
}

workflow listens {
    step sent = wait signal "go"
}

workflow family {
    parallel {
        step a = listens { }
        step b = listens { }
    }
}

workflow parent {
    step child = start nap { n: 1, long: 10ms }
    output { child: child }
}
"#;

/// What somebody does who only writes down what runs are told.
fn clerk<T>(folder: &Path, work: impl AsyncFnOnce(Arc<Sqlite>, Engine) -> T) -> T {
    let runtime = runtime();
    let done = runtime.block_on(async {
        let store = Arc::new(Sqlite::open(folder).expect("it opens"));
        let program = Program::from_text("main.flow", PROGRAM).unwrap_or_else(|faults| panic!("{faults}"));
        let builder = Builder::new(program).journal(store.clone()).write_down_only();
        work(store, builder.build().unwrap_or_else(|error| panic!("{error}"))).await
    });
    runtime.shutdown_timeout(Duration::from_secs(10));
    done
}

fn process<T>(folder: &Path, work: impl AsyncFnOnce(Arc<Sqlite>, Engine) -> T) -> T {
    super::process(folder, PROGRAM, |builder| builder, work)
}

fn number(n: i64) -> Value {
    Value::map([("n", Value::Int(n))])
}

#[test]
fn a_chain_of_effects_waits_for_the_disk_once_for_each() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "connector far { native once operation put(n: int) -> { } }
        workflow chain { for i in 0..50 { step put = far.put { n: i } } }";
    runtime().block_on(async {
        let store = Arc::new(Sqlite::open(folder.path()).expect("it opens"));
        let program = Program::from_text("chain.flow", text).unwrap_or_else(|faults| panic!("{faults}"));
        let nothing = |_: serde_json::Value| async { Ok(serde_json::json!({})) };
        let builder = Builder::new(program).journal(store.clone()).native("far.put", nothing);
        let engine = builder.build().unwrap_or_else(|error| panic!("{error}"));
        let running = engine.start("chain", &Value::Unit).await.expect("it starts");
        let before = store.progress().syncs;
        assert_eq!(running.end().await.status, Status::Completed);
        let syncs = store.progress().syncs - before;
        assert!((50..=55).contains(&syncs), "what came of one is written with the intent of the next: {syncs} syncs");
    });
}

#[test]
fn timers_go_on_in_the_next_process() {
    let folder = tempfile::tempdir().expect("a folder");
    process(folder.path(), async |store, engine| {
        // All at once: a busy disk must not take longer for them than they wait.
        let start = |n| {
            let engine = engine.clone();
            tokio::spawn(async move { drop(engine.start("nap", &number(n)).await.expect("it starts")) })
        };
        for started in (0..200).map(start).collect::<Vec<_>>() {
            started.await.expect("it starts");
        }
        until(&*store, Status::Waiting, 200).await;
    });
    process(folder.path(), async |store, _engine| {
        let ended = until(&*store, Status::Completed, 200).await;
        assert_eq!(ended.len(), 200);
    });
}

#[test]
fn an_engine_that_wakes_nobody_stops_when_nothing_is_under_way() {
    let folder = tempfile::tempdir().expect("a folder");
    runtime().block_on(async {
        let store = Arc::new(Sqlite::open(folder.path()).expect("it opens"));
        let program = Program::from_text("main.flow", PROGRAM).unwrap_or_else(|faults| panic!("{faults}"));
        // It never recovers: whoever builds it wants no more than to start runs.
        let engine = Builder::new(program).journal(store.clone()).build().unwrap_or_else(|error| panic!("{error}"));
        let long = Value::map([
            ("n", Value::Int(1)),
            ("long", Value::Duration(orchestra_flow::base::time::Duration::seconds(86_400))),
        ]);
        drop(engine.start("nap", &long).await.expect("it starts"));
        until(&*store, Status::Waiting, 1).await;
        while engine.figures().live > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let stopped = tokio::time::timeout(Duration::from_secs(20), engine.stop(Duration::MAX)).await;
        stopped.expect("nothing is waited for that nobody does").expect("it is written");
    });
}

#[test]
fn a_signal_finds_a_run_that_has_left_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = process(folder.path(), async |_store, engine| {
        let run = engine.start("patient", &number(0)).await.expect("it starts");
        run.id().clone()
    });
    process(folder.path(), async |store, engine| {
        engine.signal(&run, "go", Value::Int(7)).await.expect("it hears");
        until(&*store, Status::Completed, 2).await;
        assert_eq!(engine.signal(&run, "go", Value::Int(8)).await, Err(Refusal::AtRest));
        let nobody = RunId("nobody".into());
        assert_eq!(engine.signal(&nobody, "go", Value::Int(8)).await, Err(Refusal::AtRest));
    });
}

#[test]
fn what_is_only_written_down_is_carried_out_by_the_next_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let waits = process(folder.path(), async |store, engine| {
        let run = engine.start("patient", &number(0)).await.expect("it starts");
        until(&*store, Status::Waiting, 1).await;
        run.id().clone()
    });
    clerk(folder.path(), async |store, engine| {
        engine.signal(&waits, "go", Value::Int(7)).await.expect("it is written down");
        drop(engine.start("till", &Value::Unit).await.expect("it is accepted"));
        let now = until(&*store, Status::Queued, 1).await;
        assert_eq!(now.len(), 1, "nothing begins");
        let standing = store.standing(&waits).await.expect("it can be read").expect("it is there");
        assert!(standing.rested_at.is_none(), "nothing goes on");
    });
    process(folder.path(), async |store, _engine| {
        // The run that waited, the child it waits for then, and the one that was accepted.
        until(&*store, Status::Completed, 3).await;
    });
}

#[test]
fn an_event_finds_a_run_of_the_process_before() {
    let folder = tempfile::tempdir().expect("a folder");
    process(folder.path(), async |store, engine| {
        drop(engine.start_once("listener", "one", &Value::Unit).await.expect("it starts"));
        until(&*store, Status::Waiting, 1).await;
    });
    process(folder.path(), async |store, engine| {
        // Long enough for whoever could leave memory to have left it.
        tokio::time::sleep(Duration::from_millis(50)).await;
        engine.start("till", &Value::Unit).await.expect("it starts").end().await;
        until(&*store, Status::Completed, 2).await;
        let heard = engine.start_once("listener", "one", &Value::Unit).await.expect("it is joined").end().await;
        assert_eq!(heard.output, Value::map([("cents", Value::Int(1200))]));
    });
}

#[test]
fn the_same_key_is_the_same_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = process(folder.path(), async |_store, engine| {
        let (one, other) = tokio::join!(
            engine.start_once("counter", "today", &Value::Unit),
            engine.start_once("counter", "today", &Value::Unit)
        );
        let (one, other) = (one.expect("it starts"), other.expect("it is joined"));
        assert_eq!(one.id(), other.id());
        let id = one.id().clone();
        assert_eq!(one.end().await.output, Value::map([("count", Value::Int(1))]));
        assert_eq!(other.end().await.output, Value::map([("count", Value::Int(1))]));
        id
    });
    process(folder.path(), async |_store, engine| {
        let again = engine.start_once("counter", "today", &Value::Unit).await.expect("it is joined");
        assert_eq!(*again.id(), first);
        assert_eq!(again.end().await.output, Value::map([("count", Value::Int(1))]));
        let next = engine.start("counter", &Value::Unit).await.expect("it starts").end().await;
        assert_eq!(next.output, Value::map([("count", Value::Int(2))]), "what it keeps between runs was kept");
    });
}

#[test]
fn a_run_that_is_started_is_there_with_the_statement() {
    let folder = tempfile::tempdir().expect("a folder");
    process(folder.path(), async |store, engine| {
        let summary = engine.start("parent", &Value::Unit).await.expect("it starts").end().await;
        let child = summary.output.get("child").map(ToString::to_string).expect("it was started");
        assert!(store.standing(&RunId(child.into())).await.expect("it can be read").is_some());
        until(&*store, Status::Completed, 2).await;
    });
}

#[test]
fn runs_are_found_by_the_tags_of_their_workflow_and_by_their_input() {
    let folder = tempfile::tempdir().expect("a folder");
    process(folder.path(), async |store, engine| {
        for id in [7, 8] {
            let input = Value::map([("customer", Value::map([("id", Value::Int(id))]))]);
            engine.start("nightly", &input).await.expect("it starts").end().await;
        }
        engine.start("counter", &Value::Unit).await.expect("it starts").end().await;
        let field = Field { path: "customer.id".into(), is: "8".into() };
        let tagged = Query { tags: vec!["night".into()], limit: 10, ..Query::default() };
        let found = store.runs(&Query { input: vec![field], ..tagged.clone() }).await.expect("it can be read").runs;
        assert_eq!(found.iter().map(|run| run.tags.len()).collect::<Vec<_>>(), [2]);
        assert_eq!(store.runs(&tagged).await.expect("it can be read").runs.len(), 2);
    });
}

#[test]
fn a_parent_that_was_resumed_just_before_a_crash_tells_its_children_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let ids = |parent: &RunId| ["a", "b"].map(|step| RunId(format!("{parent}:{step}").into()));
    let stands = async |store: &Sqlite, run: &RunId| {
        store.standing(run).await.expect("it can be read").map(|standing| standing.status)
    };
    let (parent, [mine, theirs]) = process(folder.path(), async |store, engine| {
        let parent = engine.start("family", &Value::Unit).await.expect("it starts").id().clone();
        until(&*store, Status::Waiting, 3).await;
        let [mine, theirs] = ids(&parent);
        engine.tell(&theirs, Command::Pause { by: "somebody".into() }).await.expect("it is told");
        engine.tell(&parent, Command::Pause { by: "somebody".into() }).await.expect("it is told");
        until(&*store, Status::Paused, 3).await;
        (parent, [mine, theirs])
    });
    // The parent has written down that it goes on, and the process ends.
    runtime().block_on(async {
        let store = Sqlite::open(folder.path()).expect("it opens");
        let history = store.history(&parent, 0).await.expect("it can be read");
        let resumed = Record { at: Timestamp::now(), event: Event::Resumed { by: "somebody".into() } };
        let mark = store.append(vec![Batch {
            previous: history.last,
            first: history.records.len() as u64,
            records: vec![resumed],
            standing: store.standing(&parent).await.expect("it can be read").expect("it is there"),
            facts: Vec::new(),
            waits: Vec::new(),
            emitted: Vec::new(),
        }]);
        store.synced(mark).await.expect("it is written");
    });
    process(folder.path(), async |store, engine| {
        engine.signal(&mine, "go", Value::Int(1)).await.expect("it hears");
        until(&*store, Status::Completed, 1).await;
        assert_eq!(stands(&store, &mine).await, Some(Status::Completed), "it goes on, as its parent does");
        assert_eq!(stands(&store, &theirs).await, Some(Status::Paused), "it was not its parent who let it stand still");
        engine.tell(&theirs, Command::Resume { by: "somebody".into() }).await.expect("it is told");
        engine.signal(&theirs, "go", Value::Int(1)).await.expect("it hears");
        until(&*store, Status::Completed, 3).await;
    });
}
