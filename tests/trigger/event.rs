//! `event`: each event of a topic starts one run, also after a crash.

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

#[test]
fn a_workflow_that_hears_its_own_end_does_not_go_on_for_ever() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = r#"
        workflow echo {
            trigger event "run.completed" { input: {} }
            output { ok: true }
        }
        workflow other { output { ok: true } }"#;
    process(folder.path(), program, None, async |house| {
        let _listening = house.triggers.listen();
        house.listens("echo").await;
        house.engine.start("other", &Value::Unit).await.expect("it starts").end().await;
        house.until("echo", 100).await;
        // The next one would have come by now.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(house.runs("echo").await.len(), 100);
        // Whoever begins anew is heard.
        house.engine.start("other", &Value::Unit).await.expect("it starts").end().await;
        house.until("echo", 101).await;
    });
}
