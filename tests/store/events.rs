//! What runs wait for from outside, across the ends of processes: events, answers, decisions, reminders.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use orchestra_flow::base::failure::{Failure, Kind};
use orchestra_flow::base::id::RunId;
use orchestra_flow::base::time::Timestamp;
use orchestra_flow::base::value::Value;
use orchestra_flow::run::event::Decision;
use orchestra_flow::run::journal::{Emission, Journal as _};
use orchestra_flow::run::machine::Refusal;
use orchestra_flow::run::wait::{For, Waiting};
use orchestra_flow::store::Sqlite;
use orchestra_flow::{Builder, Engine};

const PROGRAM: &str = r#"
connector desk {
    native once operation ring(what: string) -> { }
    native once operation refuse(n: int) -> { n: int }
}

workflow late {
    step start = wait signal "go"
    step paid = wait event "paid" { timeout 1d }
    output { cents: int = paid.cents }
}

workflow collects {
    input { count: int }
    vars { seen: list<int> = [] }
    repeat max 1000 {
        step tick = wait event "tick" { timeout 1d }
        set vars.seen += tick.n
        until vars.seen.len() == input.count
    }
    output { seen: vars.seen }
}

workflow order {
    input { id: int }
    step paid = wait event "paid" { where event.order == input.id && event.cents > 0, timeout 1d }
    output { cents: int = paid.cents }
}

workflow asks {
    step ok: { approve: bool, note: string? } = ask role "boss" { question: "Pay ${1 + 1}?", timeout 1d }
    output { approve: ok.approve, by: steps.ok.by.name }
}

workflow stuck {
    step parked = desk.refuse { n: 1, on conflict park }
    output { n: parked.n }
}

workflow reminds {
    step start = wait signal "go" {
        timeout 1d
        escalate after 1500ms { step rung = desk.ring { what: "boss" } }
    }
}
"#;

/// What was rung for.
type Rung = Arc<AtomicU32>;

/// What one process does where a bell counts how often it is rung.
fn process<T>(folder: &Path, rung: &Rung, work: impl AsyncFnOnce(Arc<Sqlite>, Engine) -> T) -> T {
    let rung = rung.clone();
    let ring = move |_: serde_json::Value| {
        rung.fetch_add(1, Ordering::SeqCst);
        async { Ok(serde_json::json!({})) }
    };
    let refuse = |_: serde_json::Value| async { Err::<(), _>(Failure::new(Kind::Conflict, "no")) };
    let made = |builder: Builder| builder.people_answer_later().native("desk.ring", ring).native("desk.refuse", refuse);
    super::process(folder, PROGRAM, made, work)
}

async fn start(engine: &Engine, workflow: &str, key: &str, input: Value) -> RunId {
    engine.start_once(workflow, key, &input).await.expect("it starts").id().clone()
}

/// The output of a run that was started under this key, when it has ended.
async fn output(engine: &Engine, workflow: &str, key: &str, input: Value) -> serde_json::Value {
    let running = engine.start_once(workflow, key, &input).await.expect("it is joined");
    let summary = tokio::time::timeout(Duration::from_secs(20), running.end()).await.expect("it ends");
    assert_eq!(summary.failure, None);
    summary.output.to_json()
}

/// Waits until so many wait for something of this kind.
async fn until(engine: &Engine, kind: For, count: usize) {
    for _ in 0..2_000 {
        if engine.waiting(&Waiting::all(kind)).await.expect("it can be read").len() == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("there are never {count} that wait for this kind: {kind}");
}

fn paid(order: i64, cents: i64) -> Value {
    Value::map([("order", Value::Int(order)), ("cents", Value::Int(cents))])
}

/// 59: what happened after a run was accepted is seen by it, also if it waits for that only in a later process.
#[test]
fn an_event_before_the_wait_is_not_lost() {
    let (folder, rung) = (tempfile::tempdir().expect("a folder"), Rung::default());
    let run = process(folder.path(), &rung, async |_, engine| {
        engine.publish("paid", &paid(1, 1)).await.expect("it is written");
        let run = start(&engine, "late", "one", Value::Unit).await;
        until(&engine, For::Signal, 1).await;
        engine.publish("paid", &paid(1, 2)).await.expect("it is written");
        engine.publish("paid", &paid(1, 3)).await.expect("it is written");
        run
    });
    process(folder.path(), &rung, async |_, engine| {
        engine.signal(&run, "go", Value::Unit).await.expect("it hears");
        let output = output(&engine, "late", "one", Value::Unit).await;
        assert_eq!(output, serde_json::json!({ "cents": 2 }), "the first one after it was accepted");
    });
}

/// 60: each turn takes the next one, exactly once, over any number of processes; also those that nobody was told of, because
/// the process ended just then.
#[test]
fn every_event_is_taken_once_and_in_order() {
    let (folder, rung) = (tempfile::tempdir().expect("a folder"), Rung::default());
    let input = || Value::map([("count", Value::Int(40))]);
    for round in 0..4 {
        process(folder.path(), &rung, async |store, engine| {
            start(&engine, "collects", "one", input()).await;
            let number = |at: i64| Value::map([("n", Value::Int(round * 10 + at))]);
            for at in 0..5 {
                engine.publish("tick", &number(at)).await.expect("it is written");
            }
            // As the last act of a process that then is gone: written, and told to nobody.
            let mut last = Default::default();
            for at in 5..10 {
                let emission =
                    Emission { at: Timestamp::now(), topic: "tick".into(), payload: number(at), origin: None };
                last = store.publish(emission);
            }
            store.synced(last).await.expect("it is written");
        });
    }
    process(folder.path(), &rung, async |_, engine| {
        let output = output(&engine, "collects", "one", input()).await;
        assert_eq!(output, serde_json::json!({ "seen": (0..40).collect::<Vec<_>>() }));
    });
}

/// 60: an event comes to whom it may be for, and costs the others nothing.
#[test]
fn an_event_wakes_only_those_it_may_be_for() {
    let (folder, rung) = (tempfile::tempdir().expect("a folder"), Rung::default());
    let input = |id: i64| Value::map([("id", Value::Int(id))]);
    process(folder.path(), &rung, async |_, engine| {
        for id in 0..20 {
            start(&engine, "order", &id.to_string(), input(id)).await;
        }
        until(&engine, For::Event, 20).await;
        let meant = engine.waiting(&Waiting::for_event(&"paid".into(), &paid(7, 5))).await.expect("it can be read");
        assert_eq!(meant.iter().map(|open| &*open.wait.place).collect::<Vec<_>>(), ["paid"]);
        assert_eq!(engine.waiting(&Waiting::for_event(&"paid".into(), &Value::Unit)).await.expect("it is read"), []);
    });
    process(folder.path(), &rung, async |store, engine| {
        let other = RunId::of_key("order", "8");
        let before = store.history(&other, 0).await.expect("it can be read").records.len();
        for cents in [0, 5, 6] {
            engine.publish("paid", &paid(7, cents)).await.expect("it is written");
        }
        assert_eq!(output(&engine, "order", "7", input(7)).await, serde_json::json!({ "cents": 5 }));
        assert_eq!(store.history(&other, 0).await.expect("it can be read").records.len(), before);
        let taken = store.history(&RunId::of_key("order", "7"), 0).await.expect("it can be read").records;
        let arrived = taken.iter().filter(|record| format!("{:?}", record.event).starts_with("Arrived")).count();
        assert_eq!(arrived, 1, "only what is taken is in the journal of a run");
        until(&engine, For::Event, 19).await;
    });
}

/// 63: a question stands across processes, and is answered once.
#[test]
fn a_question_outlives_the_process_that_asked() {
    let (folder, rung) = (tempfile::tempdir().expect("a folder"), Rung::default());
    let run = process(folder.path(), &rung, async |_, engine| {
        let run = start(&engine, "asks", "one", Value::Unit).await;
        until(&engine, For::Answer, 1).await;
        run
    });
    process(folder.path(), &rung, async |store, engine| {
        let asked = engine.question(&run, "ok").await.expect("it can be read").expect("it asks");
        assert_eq!((&*asked.whom, &*asked.place), ("role boss", "ok"));
        assert_eq!(asked.params.get("question"), Some(&Value::from("Pay 2?")));
        // The process before may have ended before that was written down.
        for _ in 0..500 {
            if store.busy().await.expect("it can be read").is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(store.busy().await.expect("it can be read").is_empty(), "a run that asks need not be in memory");
        let wrong = engine.answer(&run, "ok", Value::map([("approve", Value::from("maybe"))]), "ann").await;
        assert!(matches!(&wrong, Err(Refusal::Misfits(misfits)) if misfits[0].path == "approve"), "{wrong:?}");
        let nowhere = engine.answer(&run, "other", Value::Unit, "ann").await;
        assert_eq!(nowhere, Err(Refusal::NoStep("other".into())));
        let yes = Value::map([("approve", Value::Bool(true))]);
        engine.answer(&run, "ok", yes.clone(), "ann").await.expect("it is taken");
        assert!(engine.answer(&run, "ok", yes, "bob").await.is_err(), "the first one counts");
        let output = output(&engine, "asks", "one", Value::Unit).await;
        assert_eq!(output, serde_json::json!({ "approve": true, "by": "ann" }));
        until(&engine, For::Answer, 0).await;
    });
}

/// 44: a parked step is found and decided by its name, in a later process.
#[test]
fn a_parked_step_is_decided_by_its_name() {
    let (folder, rung) = (tempfile::tempdir().expect("a folder"), Rung::default());
    let run = process(folder.path(), &rung, async |_, engine| {
        let run = start(&engine, "stuck", "one", Value::Unit).await;
        until(&engine, For::Decision, 1).await;
        run
    });
    process(folder.path(), &rung, async |_, engine| {
        let skip = || Decision::Skip { value: Value::map([("n", Value::Int(7))]) };
        engine.decide(&run, "parked", skip(), "ann").await.expect("it is parked");
        assert!(engine.decide(&run, "parked", skip(), "bob").await.is_err(), "it is decided");
        assert_eq!(output(&engine, "stuck", "one", Value::Unit).await, serde_json::json!({ "n": 7 }));
        until(&engine, For::Decision, 0).await;
    });
}

/// 64: the timers of a wait go on while its run is not in memory, and in the next process.
#[test]
fn a_wait_escalates_in_the_next_process() {
    let (folder, rung) = (tempfile::tempdir().expect("a folder"), Rung::default());
    process(folder.path(), &rung, async |_, engine| {
        start(&engine, "reminds", "one", Value::Unit).await;
        until(&engine, For::Signal, 1).await;
    });
    assert_eq!(rung.load(Ordering::SeqCst), 0);
    process(folder.path(), &rung, async |_, engine| {
        for _ in 0..1_000 {
            if rung.load(Ordering::SeqCst) > 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(rung.load(Ordering::SeqCst), 1);
        until(&engine, For::Signal, 1).await;
    });
}
