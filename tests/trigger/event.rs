//! `event`: each event of a topic starts one run, also after a crash.

use orchestra_flow::base::limit;
use orchestra_flow::base::status::Status;
use orchestra_flow::run::admission::Reason;

use super::*;

const PROGRAM: &str = r#"
workflow welcome {
    input { name: string, plan: string }
    trigger event "customer.created" { where event.plan != "free" }
    output { name: input.name }
}
workflow signup {
    input { name: string }
    emit "customer.created" { name: input.name, plan: "pro" }
    output { ok: true }
}
workflow fails {
    fail out_of_stock "there are none"
}
workflow watch {
    input { workflow: string, error: string?, status: string }
    trigger event "run.failed" {
        where event.workflow == "fails"
        input: { workflow: event.workflow, error: event.error?.type, status: event.status }
    }
    output { ok: true }
}
workflow picky {
    input { name: int }
    trigger event "customer.created"
    output { ok: true }
}
"#;

fn customer(name: &str, plan: &str) -> Value {
    Value::map([("name", Value::from(name)), ("plan", plan.into())])
}

/// The names that runs of `welcome` were started for.
async fn names(house: &House) -> Vec<String> {
    let name = |trigger: &Value| trigger.get("body").and_then(|body| body.get("name")).map(ToString::to_string);
    house.heard("welcome").await.iter().filter_map(name).collect()
}

#[test]
fn each_event_starts_one_run_whoever_sent_it() {
    let folder = tempfile::tempdir().expect("a folder");
    process(folder.path(), PROGRAM, None, async |house| {
        let _before = house.engine.publish("customer.created", &customer("Early", "pro")).await.expect("it is kept");
        let _listening = house.triggers.listen();
        house.listens("welcome").await;
        house.engine.publish("customer.created", &customer("Ada", "pro")).await.expect("it is kept");
        house.engine.publish("customer.created", &customer("Bob", "free")).await.expect("it is kept");
        let signup = Value::map([("name", Value::from("Cleo"))]);
        house.engine.start("signup", &signup).await.expect("it starts").end().await;
        house.until("welcome", 2).await;
        assert_eq!(names(&house).await, ["Ada", "Cleo"], "what was before the trigger is not for it");
    });
    // While nothing listens, events are kept.
    process(folder.path(), PROGRAM, None, async |house| {
        for name in ["Dora", "Emil"] {
            house.engine.publish("customer.created", &customer(name, "pro")).await.expect("it is kept");
        }
    });
    process(folder.path(), PROGRAM, None, async |house| {
        let _listening = house.triggers.listen();
        house.until("welcome", 4).await;
        house.engine.publish("customer.created", &customer("Finn", "pro")).await.expect("it is kept");
        house.until("welcome", 5).await;
        assert_eq!(names(&house).await, ["Ada", "Cleo", "Dora", "Emil", "Finn"]);
        assert_eq!(house.runs("picky").await.len(), 0, "what does not fit starts nothing, and stops nothing");
    });
}

#[test]
fn a_run_that_fails_is_an_event() {
    let folder = tempfile::tempdir().expect("a folder");
    process(folder.path(), PROGRAM, None, async |house| {
        let _listening = house.triggers.listen();
        house.listens("watch").await;
        let failed = house.engine.start("fails", &Value::Unit).await.expect("it starts");
        let id = failed.id().0.clone();
        failed.end().await;
        house.until("watch", 1).await;
        let body = house.heard("watch").await[0].get("body").expect("a body").to_json();
        assert_eq!(body["run"], serde_json::json!(*id));
        assert_eq!((&body["status"], &body["error"]["type"]), (&"failed".into(), &"out_of_stock".into()));
    });
}

/// How many runs may start one another in a row, and the one more that begins a chain.
const CHAIN: usize = limit::CHAIN_MAX as usize + 1;

/// The failure of the one run of a chain that was not started.
async fn refusal(house: &House, workflow: &str) -> String {
    let failed: Vec<Standing> =
        house.runs(workflow).await.into_iter().filter(|run| run.status == Status::Failed).collect();
    let [failed] = &failed[..] else { panic!("{failed:?}") };
    assert_eq!(failed.error.as_deref(), Some("limit_exceeded"));
    assert!(!failed.open.is_empty(), "it is shown as an open failure");
    let history = house.store.history(&failed.run, 0).await.expect("it can be read");
    let told = history.records.iter().find_map(|record| match &record.event {
        Event::TurnedAway { reason: Reason::Chain { failure } } => Some(failure.message.to_string()),
        _ => None,
    });
    told.expect("it was turned away")
}

/// How many runs of a workflow have completed.
async fn completed(house: &House, workflow: &str) -> usize {
    house.runs(workflow).await.iter().filter(|run| run.status == Status::Completed).count()
}

/// Waits until one run of these workflows has failed, and looks whether all others have completed, and nothing more comes.
async fn chain_ends(house: &House, workflows: &[&str]) -> usize {
    let failed = async || {
        let mut count = 0;
        for workflow in workflows {
            count += house.runs(workflow).await.iter().filter(|run| run.status == Status::Failed).count();
        }
        count
    };
    for _ in 0..4_000 {
        if failed().await > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // What comes next would have come by now.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(failed().await, 1, "one run is not started, and nothing comes of that");
    let mut count = 0;
    for workflow in workflows {
        count += completed(house, workflow).await;
    }
    count
}

#[test]
fn a_workflow_that_hears_its_own_end_does_not_go_on_for_ever() {
    let program = r#"
        workflow echo {
            trigger event "run.completed" { input: {} }
            output { ok: true }
        }
        workflow other { output { ok: true } }"#;
    in_memory(program, async |house| {
        let _listening = house.triggers.listen();
        house.listens("echo").await;
        house.engine.start("other", &Value::Unit).await.expect("it starts").end().await;
        assert_eq!(chain_ends(&house, &["echo", "other"]).await, CHAIN);
        let told = refusal(&house, "echo").await;
        let links = [r#" -> event "run.completed" -> `echo`"#; 6].concat();
        assert!(told.contains(&format!("...{links}.")), "{told}");
        // Whoever begins anew is heard.
        house.engine.start("other", &Value::Unit).await.expect("it starts").end().await;
        house.until("echo", CHAIN + 1).await;
    });
}

#[test]
fn a_chain_of_events_is_bounded_also_over_a_restart() {
    let program = r#"
        workflow ping {
            input { hits: int }
            trigger event "back" { where event.hits < 100_000 }
            emit "ball" { hits: input.hits + 1 }
        }
        workflow pong {
            input { hits: int }
            trigger event "ball"
            emit "back" { hits: input.hits + 1 }
        }"#;
    let folder = tempfile::tempdir().expect("a folder");
    let first = process(folder.path(), program, None, async |house| {
        let _listening = house.triggers.listen();
        house.listens("ping").await;
        house.listens("pong").await;
        let hits = Value::map([("hits", Value::Int(0))]);
        house.engine.start("ping", &hits).await.expect("it starts").end().await;
        house.until("pong", 20).await;
        house.runs("ping").await.len()
    });
    assert!(first < CHAIN / 2, "the process has gone in the middle of the chain, after {first} runs");
    process(folder.path(), program, None, async |house| {
        let _listening = house.triggers.listen();
        assert_eq!(chain_ends(&house, &["ping", "pong"]).await, CHAIN, "no run that was accepted before is harmed");
        let told = refusal(&house, "pong").await;
        assert!(told.contains(r#"-> event "back" -> `ping` -> event "ball" -> `pong`. Let a run wait"#), "{told}");
        // An event from outside begins a chain of its own, and so does whoever takes their time.
        house.engine.publish("back", &Value::map([("hits", Value::Int(99_998))])).await.expect("it is kept");
        house.until("pong", CHAIN / 2 + 2).await;
    });
}

#[test]
fn a_chain_is_as_long_through_steps_starts_and_collected_items() {
    let program = r#"
        workflow ping {
            input { hits: int }
            trigger event "back" { debounce 1ms }
            step tell { hits: input.hits + 1 }
        }
        workflow tell {
            input { hits: int }
            start sends { hits: input.hits }
        }
        workflow sends {
            input { hits: int }
            emit "ball" { hits: input.hits }
        }
        workflow pong {
            input { items: list<{ hits: int }> }
            trigger event "ball" { batch 1 or 1s }
            emit "back" { hits: input.items[0].hits + 1 }
        }"#;
    in_memory(program, async |house| {
        let _listening = house.triggers.listen();
        house.listens("ping").await;
        house.listens("pong").await;
        let hits = Value::map([("hits", Value::Int(0))]);
        house.engine.start("ping", &hits).await.expect("it starts").end().await;
        let count = chain_ends(&house, &["ping", "tell", "sends", "pong"]).await;
        // A step's run is part of the run that waits for it: `ping`, `sends` and `pong` are links, and a `pong` is refused.
        assert_eq!(count, CHAIN + CHAIN.div_ceil(3));
    });
}

#[test]
fn whoever_takes_their_time_begins_a_new_chain() {
    let program = r#"
        workflow poll {
            input { round: int }
            trigger event "again" { where event.round <= 400 }
            wait 2m
            step say { round: input.round + 1 }
        }
        workflow say {
            input { round: int }
            emit "again" { round: input.round }
        }"#;
    let clock = VirtualClock::at(moment("2026-03-01T00:00:00Z"));
    let folder = tempfile::tempdir().expect("a folder");
    process(folder.path(), program, Some(&clock), async |house| {
        let _listening = house.triggers.listen();
        house.listens("poll").await;
        let round = Value::map([("round", Value::Int(1))]);
        house.engine.start("poll", &round).await.expect("it starts");
        advance(&clock, "2026-03-01T14:00:00Z").await;
        house.until("poll", 400).await;
        assert_eq!(completed(&house, "poll").await, 400);
    });
}
