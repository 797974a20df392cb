//! Forks of runs that stand still, and what cannot be retried: the run that is forked stays as it is.

use serde_json::{Value as Json, json};

use super::{Client, Served, folder, runtime};

const PROGRAM: &str = r#"
workflow patient {
    step sent: int = wait signal "go"
    output { sent: sent }
}

workflow family {
    step first = log.info { message: "before" }
    step kid = patient { }
    output { sent: kid.sent }
}

workflow stuck {
    step before = log.info { message: "before" }
    step job = sequence { fail conflict "taken" } with { on conflict park }
    output { job: job }
}

workflow many {
    step jobs = parallel for n in 0..300 {
        step job = sequence { fail conflict "taken" } with { on conflict park }
    }
}
"#;

fn serves(test: impl AsyncFnOnce(&Client)) {
    let folder = folder(&[("main.flow", PROGRAM)]);
    runtime().block_on(async {
        let served = Served::start(folder.path()).await;
        test(&served.client).await;
        served.stop().await;
    });
}

/// Starts a run, and waits until it stands so: where it is.
async fn started(client: &Client, workflow: &str, status: &str) -> String {
    let run = client.post(&format!("/v1/workflows/{workflow}/runs"), json!({})).await.json;
    let run = format!("/v1/runs/{}", run["id"].as_str().expect("an id"));
    client.until(&run, |run| run["status"] == status).await;
    run
}

/// Forks a run: where the fork is.
async fn forked(client: &Client, run: &str, how: Json) -> String {
    let forked = client.post(&format!("{run}/fork"), how).await;
    assert_eq!(forked.status, 201, "{forked:?}");
    format!("/v1/runs/{}", forked.json["id"].as_str().expect("an id"))
}

async fn status(client: &Client, run: &str) -> Json {
    client.get(run).await.json["status"].clone()
}

#[test]
fn a_parked_run_is_forked_and_decided_about_for_itself() {
    serves(async |client| {
        let run = started(client, "stuck", "parked").await;
        client.post(&format!("{run}/retry"), json!({})).await.problem(409);
        let preview = client.post(&format!("{run}/fork"), json!({ "preview": true })).await.json;
        assert_eq!(preview["redo"], json!([{ "place": "job", "why": "cut_off" }]), "{preview}");
        assert_eq!(preview["kept"], json!(["before"]), "{preview}");
        let fork = forked(client, &run, json!({})).await;
        client.until(&fork, |run| run["status"] == "parked").await;
        let skipped = client.post(&format!("{fork}/parked/job"), json!({ "decision": "skip", "value": 7 })).await;
        assert_eq!(skipped.status, 200, "{skipped:?}");
        let ended = client.until(&fork, |run| run["status"] == "completed").await;
        assert_eq!((&ended["output"], &ended["fork_of"]), (&json!({ "job": 7 }), &json!(run.rsplit('/').next())));
        assert_eq!(status(client, &run).await, "parked", "the run that was forked stays as it is");
    });
}

#[test]
fn a_fork_of_a_paused_run_is_not_paused() {
    serves(async |client| {
        let run = started(client, "patient", "waiting").await;
        assert_eq!(client.post(&format!("{run}/pause"), json!({})).await.status, 200);
        client.post(&format!("{run}/retry"), json!({})).await.problem(409);
        let fork = forked(client, &run, json!({})).await;
        client.until(&fork, |run| run["status"] == "waiting").await;
        assert_eq!(client.post(&format!("{fork}/signals/go"), json!(3)).await.status, 200);
        let ended = client.until(&fork, |run| run["status"] == "completed").await;
        assert_eq!(ended["output"], json!({ "sent": 3 }));
        assert_eq!(status(client, &run).await, "paused", "the run that was forked stays as it is");
    });
}

#[test]
fn a_fork_waits_for_a_child_of_its_own() {
    serves(async |client| {
        let run = started(client, "family", "waiting").await;
        let unaccepted = client.post(&format!("{run}/fork"), json!({})).await;
        assert!(unaccepted.problem(409).contains("kid"), "a run would be started again: {unaccepted:?}");
        let fork = forked(client, &run, json!({ "accept": true })).await;
        let own = fork.rsplit('/').next().expect("an id").to_owned();
        let kids =
            client.until("/v1/runs?workflow=patient", |all| all["runs"].as_array().map(Vec::len) == Some(2)).await;
        let kids = kids["runs"].as_array().expect("runs").clone();
        let kid = kids.iter().find(|kid| kid["parent"] == own).unwrap_or_else(|| panic!("{kids:?}"));
        let kid = format!("/v1/runs/{}", kid["id"].as_str().expect("an id"));
        client.until(&kid, |run| run["status"] == "waiting").await;
        assert_eq!(client.post(&format!("{kid}/signals/go"), json!(5)).await.status, 200);
        let ended = client.until(&fork, |run| run["status"] == "completed").await;
        assert_eq!(ended["output"], json!({ "sent": 5 }));
        assert_eq!(status(client, &run).await, "waiting", "the other one waits for its own");
        // A fork of the child is nobody's child.
        let alone = forked(client, &kid, json!({})).await;
        let alone = client.until(&alone, |run| run["status"] == "waiting").await;
        assert_eq!((&alone["parent"], alone["fork_of"].is_string()), (&json!(null), true), "{alone}");
    });
}

#[test]
fn a_run_with_many_parked_steps_is_forked_whole() {
    serves(async |client| {
        let run = started(client, "many", "parked").await;
        let preview = client.post(&format!("{run}/fork"), json!({ "preview": true })).await.json;
        assert_eq!(preview["redo"].as_array().map(Vec::len), Some(300), "{preview}");
        let fork = forked(client, &run, json!({})).await;
        client.until("/v1/parked?limit=1000", |all| all["parked"].as_array().map(Vec::len) == Some(600)).await;
        assert_eq!(client.post(&format!("{fork}/cancel"), json!({})).await.status, 200);
        client.until(&fork, |run| run["status"] == "cancelled").await;
        let all = client.get("/v1/parked?limit=1000").await.json;
        assert_eq!(all["parked"].as_array().map(Vec::len), Some(300), "those of the other one");
        assert_eq!(client.post(&format!("{fork}/retry"), json!({})).await.status, 200);
        client.until("/v1/parked?limit=1000", |all| all["parked"].as_array().map(Vec::len) == Some(600)).await;
    });
}
