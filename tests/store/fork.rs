//! Forks, and runs that go on: what they take from the run before them, what they do themselves, whose turn it is (rules 71,
//! 76 to 80).

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use orchestra_flow::base::id::RunId;
use orchestra_flow::base::status::Status;
use orchestra_flow::base::value::Value;
use orchestra_flow::connect::{Call, Native};
use orchestra_flow::run::event::Event;
use orchestra_flow::run::journal::{Journal, Mark};
use orchestra_flow::run::machine::Command;
use orchestra_flow::run::rewind::{Refusal, Request, Which};
use orchestra_flow::run::wait::Waiting;
use orchestra_flow::run::world::{BoxFuture, Outcome};
use orchestra_flow::store::Sqlite;
use orchestra_flow::{Builder, Engine, Failure, FailureKind, Program};

use super::runtime;

const FAR: &str = r#"
connector far "The far side" {
    native keyed operation put(what: string) -> { told: string }
    native once operation act(what: string) -> { told: string }
}
"#;

/// The far side: what it was asked for, and under which keys. What begins with `bad` it refuses.
#[derive(Clone, Default)]
struct Far {
    calls: Arc<Mutex<Vec<(String, String)>>>,
}

impl Native for Far {
    fn call(&self, call: Call) -> BoxFuture<'static, Outcome> {
        let what = call.param("what").to_string();
        self.calls.lock().expect("nobody panics").push((what.clone(), call.act.key.to_string()));
        let outcome = match what.starts_with("bad") {
            true => Outcome::failed(Failure::new(FailureKind::Conflict, "refused")),
            false => Outcome::done(Value::map([("told", Value::from(what))])),
        };
        Box::pin(std::future::ready(outcome))
    }
}

impl Far {
    fn said(&self) -> Vec<String> {
        self.calls.lock().expect("nobody panics").iter().map(|(what, _)| what.clone()).collect()
    }

    /// The keys under which it was asked for what begins so.
    fn keys(&self, what: &str) -> Vec<String> {
        let calls = self.calls.lock().expect("nobody panics");
        calls.iter().filter(|(asked, _)| asked.starts_with(what)).map(|(_, key)| key.clone()).collect()
    }
}

fn built(program: &str, store: &Arc<Sqlite>, far: &Far) -> Engine {
    let program =
        Program::from_text("main.flow", &format!("{FAR}{program}")).unwrap_or_else(|faults| panic!("{faults}"));
    let builder = Builder::new(program).journal(store.clone());
    let builder = builder.native_body("far.put", far.clone()).native_body("far.act", far.clone());
    builder.build().unwrap_or_else(|error| panic!("{error}"))
}

/// What one process does: `work`, then it is gone with everything that is still under way.
fn process<T>(program: &str, folder: &Path, far: &Far, work: impl AsyncFnOnce(Arc<Sqlite>, Engine) -> T) -> T {
    let runtime = runtime();
    let done = runtime.block_on(async {
        let store = Arc::new(Sqlite::open(folder).expect("it opens"));
        let engine = built(program, &store, far);
        engine.recover().await.expect("it can be read");
        work(store, engine).await
    });
    runtime.shutdown_timeout(Duration::from_secs(10));
    done
}

async fn until(store: &dyn Journal, run: &RunId, status: Status) {
    let mut last = None;
    for _ in 0..1_000 {
        last = store.standing(run).await.expect("it can be read").map(|standing| standing.status);
        if last == Some(status) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the run is never {status}, but {last:?}")
}

async fn records(store: &dyn Journal, run: &RunId) -> Vec<Event> {
    let history = store.history(run, 0).await.expect("it can be read");
    history.records.into_iter().map(|record| record.event).collect()
}

fn named(name: &str) -> Value {
    Value::map([("name", name.into())])
}

fn request() -> Request {
    Request { by: "a test".into(), why: Some("to see".into()), ..Request::default() }
}

fn from(step: &str) -> Request {
    Request { from: Some(step.into()), accept: true, ..request() }
}

const ORDER: &str = r#"
workflow order {
    input { name: string, size: int = 1 }
    step a = far.act { what: `a ${input.name}`, undo far.act { what: "undo a" } }
    emit "ordered" { name: input.name }
    step b = far.put { what: `b ${input.size}`, key `order ${input.name}` }
    step c = delivery { of: b.told }
    wait signal "go"
    step d = far.put { what: `${input.name} d` }
    output { told: c.told }
}
workflow delivery {
    input { of: string }
    step x = far.put { what: `x ${input.of}`, key "van" }
    output { told: x.told }
}
"#;

/// Waits until the run waits for its signal.
async fn listens(store: &dyn Journal, run: &RunId) {
    let query = Waiting { run: Some(run.clone()), limit: 1, ..Waiting::default() };
    for _ in 0..1_000 {
        if !store.waiting(&query).await.expect("it can be read").is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the run never waits")
}

async fn go(engine: &Engine, store: &dyn Journal, run: &RunId, status: Status) {
    listens(store, run).await;
    engine.signal(run, "go", Value::Unit).await.expect("it waits");
    until(store, run, status).await;
}

/// 80: a fork begins with what the other run has recorded, does the rest itself under keys of its own, and leaves the other one
/// and its effects alone; also when that one is gone.
#[test]
fn a_fork_is_a_run_of_its_own() {
    let (folder, far) = (tempfile::tempdir().expect("a folder"), Far::default());
    let (run, fork) = process(ORDER, folder.path(), &far, async |store, engine| {
        let run = engine.start("order", &named("good")).await.expect("it starts").id().clone();
        go(&engine, &*store, &run, Status::Completed).await;
        let before = records(&*store, &run).await;
        let edited = Value::map([("name", "good".into()), ("size", Value::Int(2))]);
        let request = Request { input: Some(edited), accept: false, ..from("b") };
        let preview = engine.preview_fork(&run, &request).await.expect("it can be forked");
        assert_eq!((preview.kept, preview.undo), (vec!["a".into()], Vec::new()));
        assert!(matches!(engine.fork(&run, &request).await, Err(Refusal::NotAccepted(_))), "it would happen again");
        let forked = engine.fork(&run, &Request { accept: true, ..request }).await.expect("it can be forked");
        assert_eq!(records(&*store, &run).await, before, "the other run was changed");
        (run, forked.id)
    });
    // Another process goes on with it, after the other run is gone.
    process(ORDER, folder.path(), &far, async |store, engine| {
        store.forget(vec![run.clone()]).await.expect("it can be removed");
        assert_eq!(store.standing(&run).await.expect("it can be read"), None);
        go(&engine, &*store, &fork, Status::Completed).await;
        let summary = engine.summary(&fork).await.expect("it can be read").expect("it is there");
        assert_eq!(summary.output.to_json(), serde_json::json!({ "told": "x b 2" }));
        let events = records(&*store, &fork).await;
        let of = events.iter().find_map(|event| match event {
            Event::Rewound(rewinding) => rewinding.of.clone(),
            _ => None,
        });
        assert_eq!(of, Some(run.clone()), "it does not say whose records it begins with");
        let steps = engine.steps(&fork).await.expect("it can be read");
        assert!(steps.iter().any(|step| step.place == "a" && step.status == "completed"), "{steps:?}");
        // What was emitted before is a fact of the other run.
        assert_eq!(store.events("ordered", Mark::default(), 9).await.expect("they can be read").len(), 1);
    });
    assert_eq!(far.said(), ["a good", "b 1", "x b 1", "good d", "b 2", "x b 2", "good d"]);
    for what in ["b ", "x ", "good d"] {
        let keys = far.keys(what);
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), 2, "{what} was asked for under {keys:?}");
    }
}

/// 80: what another run has done is not for a fork to undo, nor for its forks.
#[test]
fn a_fork_undoes_only_what_it_has_done() {
    let (folder, far) = (tempfile::tempdir().expect("a folder"), Far::default());
    process(ORDER, folder.path(), &far, async |store, engine| {
        let run = engine.start("order", &named("good")).await.expect("it starts").id().clone();
        listens(&*store, &run).await;
        // It has not ended, and goes on beside its fork.
        let bad = Request { input: Some(named("bad")), ..from("b") };
        let fork = engine.fork(&run, &bad).await.expect("it can be forked").id;
        go(&engine, &*store, &fork, Status::Failed).await;
        let again = engine.fork(&fork, &request()).await.expect("it can be forked").id;
        until(&*store, &again, Status::Failed).await;
        assert!(!far.said().contains(&"undo a".to_owned()), "{:?}", far.said());
        engine.rewind(&again, from("a")).await.expect("it can be rewound");
        go(&engine, &*store, &again, Status::Failed).await;
        assert_eq!(far.keys("undo a"), [format!("{again}:a~1/undo")], "what it has done itself it undoes");
        assert_eq!(far.keys("a good").len(), 1);
        go(&engine, &*store, &run, Status::Completed).await;
    });
}

/// 80: without a step, a fork of a run that has completed is the whole of it once more; of one that has not, what is missing.
#[test]
fn a_fork_begins_where_it_is_told_to() {
    let (folder, far) = (tempfile::tempdir().expect("a folder"), Far::default());
    process(ORDER, folder.path(), &far, async |store, engine| {
        let run = engine.start("order", &named("good")).await.expect("it starts").id().clone();
        listens(&*store, &run).await;
        let beside = engine.fork(&run, &request()).await.expect("nothing happens again").id;
        go(&engine, &*store, &beside, Status::Completed).await;
        assert_eq!(far.said(), ["a good", "b 1", "x b 1", "good d"]);
        let once_more = Request { accept: true, ..request() };
        let whole = engine.fork(&beside, &once_more).await.expect("it can be forked").id;
        go(&engine, &*store, &whole, Status::Completed).await;
        assert_eq!(far.said()[4..], ["a good", "b 1", "x b 1", "good d"]);
        assert_eq!(far.keys("a good")[1], format!("{whole}:a"));
        let unknown = engine.fork(&RunId("nobody".into()), &request()).await;
        assert_eq!(unknown, Err(Refusal::NoSuchRun));
        assert!(matches!(engine.fork(&run, &from("d")).await, Err(Refusal::NotRun(_))));
    });
}

const QUEUE: &str = r#"
workflow one {
    input { name: string }
    state { seen: list<string> = [] }
    key input.name
    step a = far.act { what: `${input.name} a`, on conflict skip }
    wait signal "go"
    set state.seen = state.seen + [input.name]
    step b = far.act { what: `${input.name} b` }
    output { seen: state.seen }
}
"#;

/// 67, 71: a run that goes on, and a fork, wait until it is their turn, over the end of a process too, and find what those before
/// them left; a run whose key another one has since does not go on.
#[test]
fn who_goes_on_takes_its_turn() {
    let (folder, far) = (tempfile::tempdir().expect("a folder"), Far::default());
    let (bad, other, fork) = process(QUEUE, folder.path(), &far, async |store, engine| {
        let start = async |name: &str| engine.start("one", &named(name)).await.expect("it starts").id().clone();
        let bad = start("bad").await;
        go(&engine, &*store, &bad, Status::Failed).await;
        let other = start("other").await;
        listens(&*store, &other).await;
        engine.rewind(&bad, from("a")).await.expect("it can be rewound");
        until(&*store, &bad, Status::Queued).await;
        let fork = engine.fork(&other, &from("a")).await.expect("it can be forked").id;
        until(&*store, &fork, Status::Queued).await;
        (bad, other, fork)
    });
    process(QUEUE, folder.path(), &far, async |store, engine| {
        until(&*store, &bad, Status::Queued).await;
        go(&engine, &*store, &other, Status::Completed).await;
        // It was the first that asked.
        listens(&*store, &bad).await;
        until(&*store, &fork, Status::Queued).await;
        engine.tell(&bad, Command::Cancel { by: "a test".into() }).await.expect("it runs");
        go(&engine, &*store, &fork, Status::Completed).await;
        let summary = engine.summary(&fork).await.expect("it can be read").expect("it is there");
        assert_eq!(summary.output.to_json(), serde_json::json!({ "seen": ["bad", "other", "other"] }));
        // Another run has the key since.
        let again = engine.start("one", &named("bad")).await.expect("it starts").id().clone();
        assert_ne!(again, bad);
        listens(&*store, &again).await;
        assert_eq!(engine.rewind(&bad, from("a")).await, Err(Refusal::KeyTaken(again.clone())));
        go(&engine, &*store, &again, Status::Failed).await;
        engine.rewind(&bad, from("a")).await.expect("it has its key again");
        let joined = engine.start("one", &named("bad")).await.expect("it joins").id().clone();
        assert_eq!(joined, bad);
    });
}

/// 31: a run that waits for its turn to go on, and is cancelled, rests as it did; it can go on later.
#[test]
fn who_waits_for_its_turn_can_be_cancelled() {
    let (folder, far) = (tempfile::tempdir().expect("a folder"), Far::default());
    process(QUEUE, folder.path(), &far, async |store, engine| {
        let start = async |name: &str| engine.start("one", &named(name)).await.expect("it starts").id().clone();
        let bad = start("bad").await;
        go(&engine, &*store, &bad, Status::Failed).await;
        let other = start("other").await;
        listens(&*store, &other).await;
        engine.rewind(&bad, request()).await.expect("it can be rewound");
        until(&*store, &bad, Status::Queued).await;
        engine.tell(&bad, Command::Cancel { by: "a test".into() }).await.expect("it waits");
        until(&*store, &bad, Status::Cancelled).await;
        go(&engine, &*store, &other, Status::Completed).await;
        let calls = far.said().len();
        engine.rewind(&bad, request()).await.expect("it can be rewound");
        until(&*store, &bad, Status::Failed).await;
        assert_eq!(far.said()[calls..], ["bad b"], "only what is missing is done");
    });
}

/// What a step says in the first program, and what it says in the second.
fn versions() -> [String; 2] {
    let body = |what: &str| {
        format!(
            r#"
workflow w {{
    input {{ name: string = "n" }}
    step a = far.act {{ what: "a" }}
    step b = far.act {{ what: "{what}" }}
    step c = far.act {{ what: "c" }}
}}
workflow held {{ step p = far.act {{ what: "{what}", on conflict park }} }}
"#
        )
    };
    [body("bad"), body("better")]
}

fn newest() -> Request {
    Request { plan: Which::Newest, ..request() }
}

/// 76: what failed is done again as the program says now, where nothing stands in the way: by one run, by a group, by a fork.
#[test]
fn a_mended_program_is_for_runs_that_failed() {
    let (folder, far) = (tempfile::tempdir().expect("a folder"), Far::default());
    let [broken, mended] = versions();
    let runs = process(&broken, folder.path(), &far, async |store, engine| {
        let mut runs = Vec::new();
        for _ in 0..4 {
            let run = engine.start("w", &Value::Unit).await.expect("it starts").id().clone();
            until(&*store, &run, Status::Failed).await;
            runs.push(run);
        }
        let held = engine.start("held", &Value::Unit).await.expect("it starts").id().clone();
        until(&*store, &held, Status::Parked).await;
        runs.push(held);
        runs
    });
    process(&mended, folder.path(), &far, async |store, engine| {
        let calls = far.said().len();
        let preview = engine.preview(&runs[0], &newest()).await.expect("it can be looked at");
        assert_eq!(preview.plan, engine.package().plans.get("w").map(|plan| plan.digest));
        engine.rewind(&runs[0], newest()).await.expect("it may go on");
        until(&*store, &runs[0], Status::Completed).await;
        let fork = engine.fork(&runs[1], &newest()).await.expect("it may").id;
        until(&*store, &fork, Status::Completed).await;
        assert_eq!(far.said()[calls..], ["better", "c", "better", "c"]);
        let groups = engine.failures().await.expect("they can be read");
        let group = groups.iter().find(|group| &*group.workflow == "w").expect("three are open");
        let looked = engine.retry_group(&group.id, &newest(), true).await.expect("it can be looked at");
        assert!(looked.preview.plan.is_some() && looked.done.is_empty(), "{looked:?}");
        let done = engine.retry_group(&group.id, &newest(), false).await.expect("they go on");
        assert_eq!((done.done.len(), done.refused), (3, Vec::new()));
        for run in &runs[1..4] {
            until(&*store, run, Status::Completed).await;
        }
        let told = records(&*store, &runs[2]).await;
        assert!(told.iter().any(|event| matches!(event, Event::Moved { .. })), "{told:?}");
    });
}

/// 73, 76: what was done and would be done before stands in the way, and that is told; on its own plan the run goes on.
#[test]
fn a_program_that_wants_something_before_what_was_done_is_not_for_a_run() {
    let (folder, far) = (tempfile::tempdir().expect("a folder"), Far::default());
    let [broken, mended] = versions();
    let run = process(&broken, folder.path(), &far, async |store, engine| {
        let run = engine.start("w", &Value::Unit).await.expect("it starts").id().clone();
        until(&*store, &run, Status::Failed).await;
        run
    });
    let first = mended.replacen("    step a", "    step first = far.act { what: \"first\" }\n    step a", 1);
    process(&first, folder.path(), &far, async |store, engine| {
        let refused = engine.rewind(&run, newest()).await.expect_err("`first` would be left out").to_string();
        assert!(refused.contains("`first` comes before") && refused.contains("--from"), "{refused}");
        // From there on nothing is in the way.
        let calls = far.said().len();
        engine.rewind(&run, Request { plan: Which::Newest, ..from("a") }).await.expect("it may go on");
        until(&*store, &run, Status::Completed).await;
        assert_eq!(far.said()[calls..], ["first", "a", "better", "c"]);
    });
}

/// 65: a reply that is done again because somebody has retried the run is no second one.
#[test]
fn a_reply_that_is_done_again_is_no_problem() {
    let (folder, far) = (tempfile::tempdir().expect("a folder"), Far::default());
    let program = r#"
workflow w {
    step a = far.act { what: "a" }
    reply 200 { a: a.told }
    step b = far.act { what: "bad b" }
}
"#;
    process(program, folder.path(), &far, async |store, engine| {
        let run = engine.start("w", &Value::Unit).await.expect("it starts").id().clone();
        until(&*store, &run, Status::Failed).await;
        engine.rewind(&run, from("a")).await.expect("it can be rewound");
        for _ in 0..500 {
            if far.keys("bad b").len() == 2 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        until(&*store, &run, Status::Failed).await;
        let told = records(&*store, &run).await;
        let replies = told.iter().filter(|event| matches!(event, Event::Replied { .. })).count();
        assert_eq!(replies, 2, "it was not done again");
        assert!(!told.iter().any(|event| matches!(event, Event::Problem(_))), "{told:?}");
    });
}
