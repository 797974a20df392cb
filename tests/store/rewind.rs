//! Runs that rest and go on, over the ends of processes.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use orchestra_flow::base::id::RunId;
use orchestra_flow::base::status::Status;
use orchestra_flow::base::value::Value;
use orchestra_flow::run::event::Event;
use orchestra_flow::run::journal::Journal;
use orchestra_flow::run::machine::{Command, Refusal as MachineRefusal};
use orchestra_flow::run::rewind::{Refusal, Request};
use orchestra_flow::store::Sqlite;
use orchestra_flow::{Engine, Failure, FailureKind};

use super::until;

const PROGRAM: &str = r#"
connector far "The far side" { native once operation act(what: string) -> { told: string } }

workflow order {
    input { name: string }
    state { orders: int = 0 }
    step a = far.act { what: `a ${input.name}` }
    step c = delivery { of: a.told }
    set state.orders = state.orders + 1
    output { all: [a.told, c.told], orders: state.orders }
}

workflow delivery {
    input { of: string }
    step x = far.act { what: `x ${input.of}` }
    lock "van" {
        step y = far.act { what: `y ${x.told}` }
        wait 10ms
        step z = far.act { what: "z" }
    }
    output { told: y.told }
}

workflow careful {
    input { name: string }
    step b = far.act { what: `b ${input.name}`, on conflict park }
    output { told: b.told }
}

workflow narrow {
    concurrency 1
    step a = far.act { what: "n", undo far.act { what: "undo n" } }
    step s = wait signal "go"
}

workflow patient { step a = far.act { what: "a" } wait signal "go" }
"#;

/// The far side of all processes.
#[derive(Default)]
struct Far {
    mended: AtomicBool,
    said: Mutex<Vec<String>>,
    refused: AtomicUsize,
}

impl Far {
    fn act(&self, what: &str) -> Result<Value, Failure> {
        if (what == "z" || what.starts_with("b ")) && !self.mended.load(Ordering::SeqCst) {
            self.refused.fetch_add(1, Ordering::SeqCst);
            return Err(Failure::new(FailureKind::Conflict, "the van is broken"));
        }
        self.said.lock().expect("nobody panics").push(what.to_owned());
        Ok(Value::map([("told", what.into())]))
    }

    fn said(&self) -> Vec<String> {
        self.said.lock().expect("nobody panics").clone()
    }
}

/// What one process does where the van is as `far` says.
fn process<T>(folder: &Path, far: &Arc<Far>, work: impl AsyncFnOnce(Arc<Sqlite>, Engine) -> T) -> T {
    let far = far.clone();
    let act = move |params: serde_json::Value| {
        let done = far.act(params["what"].as_str().unwrap_or_default()).map(|value| value.to_json());
        std::future::ready(done)
    };
    super::process(folder, PROGRAM, |builder| builder.native("far.act", act), work)
}

fn request() -> Request {
    Request { by: "a test".into(), why: Some("the van is mended".into()), ..Request::default() }
}

#[test]
fn a_run_that_failed_goes_on_in_the_next_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let far = Arc::new(Far::default());
    let run = process(folder.path(), &far, async |store, engine| {
        let run = engine.start("order", &Value::map([("name", "7".into())])).await.expect("it starts");
        let id = run.id().clone();
        assert_eq!(run.end().await.status, Status::Failed);
        until(&*store, Status::Failed, 2).await;
        id
    });
    far.mended.store(true, Ordering::SeqCst);
    process(folder.path(), &far, async |_store, engine| {
        let child = RunId(format!("{run}:c").into());
        assert_eq!(engine.rewind(&child, request()).await, Err(Refusal::Child { parent: run.clone() }));
        let nobody = RunId("nobody".into());
        assert_eq!(engine.rewind(&nobody, request()).await, Err(Refusal::NoSuchRun));
        assert_eq!(engine.preview(&nobody, &request()).await, Err(Refusal::NoSuchRun));
        let preview = engine.preview(&run, &request()).await.expect("it can be rewound");
        assert_eq!((preview.continues, preview.again), (vec![child], Vec::new()));
        engine.rewind(&run, request()).await.expect("it can be rewound");
        // And the process ends, wherever that has led.
    });
    process(folder.path(), &far, async |store, engine| {
        until(&*store, Status::Completed, 2).await;
        assert_eq!(far.said(), ["a 7", "x a 7", "y x a 7", "z"]);
        assert_eq!(far.refused.load(Ordering::SeqCst), 1);
        let all = store.history(&run, 0).await.expect("it can be read").records;
        let rewound = all.iter().filter_map(|record| match &record.event {
            Event::Rewound(rewinding) => Some((&*rewinding.by, rewinding.why.as_deref())),
            _ => None,
        });
        assert_eq!(rewound.collect::<Vec<_>>(), [("a test", Some("the van is mended"))]);
        assert!(matches!(engine.rewind(&run, request()).await, Err(Refusal::Ended(Status::Completed))));
    });
}

/// A run that was killed has its lock given back, and asks for it again.
#[test]
fn a_run_that_was_killed_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let far = Arc::new(Far::default());
    process(folder.path(), &far, async |store, engine| {
        let run = engine.start("patient", &Value::Unit).await.expect("it starts").id().clone();
        until(&*store, Status::Waiting, 1).await;
        assert_eq!(engine.rewind(&run, request()).await, Err(Refusal::NotAtRest));
        engine.tell(&run, Command::Kill { by: "a test".into() }).await.expect("it runs");
        until(&*store, Status::Cancelled, 1).await;
        engine.rewind(&run, request()).await.expect("it can be rewound");
        until(&*store, Status::Waiting, 1).await;
        engine.signal(&run, "go", Value::Unit).await.expect("it waits");
        until(&*store, Status::Completed, 1).await;
    });
    assert_eq!(far.said(), ["a"]);
}

/// 32, 78: a rewind that waits for a place, to undo something first, is called off by a cancel; another may follow.
#[test]
fn a_run_that_waits_to_undo_something_first_can_be_cancelled() {
    let folder = tempfile::tempdir().expect("a folder");
    let far = Arc::new(Far::default());
    let from_a = || Request { from: Some("a".into()), ..request() };
    let (killed, other) = process(folder.path(), &far, async |store, engine| {
        let killed = engine.start("narrow", &Value::Unit).await.expect("it starts").id().clone();
        until(&*store, Status::Waiting, 1).await;
        engine.tell(&killed, Command::Kill { by: "a test".into() }).await.expect("it runs");
        until(&*store, Status::Cancelled, 1).await;
        let other = engine.start("narrow", &Value::Unit).await.expect("it starts").id().clone();
        until(&*store, Status::Waiting, 1).await;
        let preview = engine.rewind(&killed, from_a()).await.expect("it can be rewound");
        assert_eq!(preview.undo, ["a".into()]);
        engine.tell(&killed, Command::Cancel { by: "a test".into() }).await.expect("it waits");
        until(&*store, Status::Cancelled, 1).await;
        (killed, other)
    });
    process(folder.path(), &far, async |store, engine| {
        assert_eq!(far.said(), ["n", "n"], "nothing was undone");
        let cancelled = store.standing(&killed).await.expect("it can be read").expect("it is there");
        assert!(cancelled.rested_at.is_some() && cancelled.turn.is_none(), "{cancelled:?}");
        engine.rewind(&killed, from_a()).await.expect("it can be rewound again");
        engine.signal(&other, "go", Value::Unit).await.expect("it waits");
        until(&*store, Status::Completed, 1).await;
        until(&*store, Status::Waiting, 1).await;
        assert_eq!(far.said(), ["n", "n", "undo n", "n"]);
        engine.signal(&killed, "go", Value::Unit).await.expect("it waits");
        until(&*store, Status::Completed, 2).await;
    });
}

/// 44: what failed for good is open, grouped by step and error, until it is retried or dismissed; one fix serves all.
#[test]
fn open_failures_are_grouped_and_mended_together() {
    let folder = tempfile::tempdir().expect("a folder");
    let far = Arc::new(Far::default());
    let named = |name: &str| Value::map([("name", name.into())]);
    let ids: Vec<RunId> = process(folder.path(), &far, async |store, engine| {
        let mut ids = Vec::new();
        for name in ["1", "2", "3"] {
            let run = engine.start("order", &named(name)).await.expect("it starts");
            ids.push(run.id().clone());
            assert_eq!(run.end().await.status, Status::Failed);
        }
        for name in ["4", "5"] {
            ids.push(engine.start("careful", &named(name)).await.expect("it starts").id().clone());
        }
        until(&*store, Status::Parked, 2).await;
        ids
    });
    process(folder.path(), &far, async |store, engine| {
        let groups = engine.failures().await.expect("they can be read");
        let told = groups.iter().map(|group| (&*group.step, &*group.kind, group.count, group.parked));
        assert_eq!(told.collect::<Vec<_>>(), [("b", "conflict", 2, 2), ("c", "conflict", 3, 0)]);
        assert_eq!(groups[1].runs, [&ids[2], &ids[1], &ids[0]].map(RunId::clone));
        assert_eq!(&*groups[1].message, "the van is broken");
        let dismiss = || Command::Dismiss { by: "a test".into(), why: Some("gone".into()) };
        engine.tell(&ids[0], dismiss()).await.expect("it has failed");
        assert_eq!(engine.tell(&ids[0], dismiss()).await, Err(MachineRefusal::NotOpen));
        let failed = store.standing(&ids[0]).await.expect("it can be read").expect("it is there");
        assert_eq!((failed.status, failed.open), (Status::Failed, Vec::new()));
        let nobody = engine.retry_group("nobody", &request(), false).await;
        assert_eq!(nobody, Err(Refusal::NoSuchGroup("nobody".into())));
        far.mended.store(true, Ordering::SeqCst);
        let preview = engine.retry_group(&groups[1].id, &request(), true).await.expect("it can be looked at");
        assert_eq!((preview.preview.continues.len(), preview.done.len()), (1, 0));
        let mended = engine.retry_group(&groups[1].id, &request(), false).await.expect("they go on");
        assert_eq!((mended.done, mended.refused), (vec![ids[2].clone(), ids[1].clone()], Vec::new()));
        let params = Some(Value::map([("what", "other".into())]));
        let fix = Request { params, ..request() };
        let mended = engine.retry_group(&groups[0].id, &fix, false).await.expect("they go on");
        assert_eq!(mended.done, [ids[4].clone(), ids[3].clone()]);
        until(&*store, Status::Completed, 6).await;
        assert_eq!(engine.failures().await.expect("they can be read"), []);
        assert_eq!(far.said().iter().filter(|what| *what == "other").count(), 2);
    });
}

/// 44: a failure is that of its step wherever that stands: what only groups has none of its own.
#[test]
fn a_failure_in_what_only_groups_is_that_of_the_step() {
    let program = r#"
        workflow w {
            input { k: int }
            if input.k > 1 {
                parallel { step y = script { if input.k == 2 { throw "y" } 1 } }
                step z = script { if input.k == 3 { throw "z" } 1 }
            }
            parallel {
                step a = script { 1 }
                step b = script { if input.k == 1 { throw "b" } 1 }
            }
            step c = sequence { if input.k == 4 { step d = script { throw "d" } } }
        }
    "#;
    let folder = tempfile::tempdir().expect("a folder");
    super::process(
        folder.path(),
        program,
        |builder| builder,
        async |store, engine| {
            for k in 1..=4 {
                let run = engine.start("w", &Value::map([("k", Value::Int(k))])).await.expect("it starts");
                assert_eq!(run.end().await.status, Status::Failed);
            }
            until(&*store, Status::Failed, 4).await;
            let groups = engine.failures().await.expect("they can be read");
            let mut told: Vec<_> = groups.iter().map(|group| (&*group.step, &*group.message, group.count)).collect();
            told.sort_unstable();
            assert_eq!(told, [("b", "b", 1), ("d", "d", 1), ("y", "y", 1), ("z", "z", 1)]);
        },
    );
}
