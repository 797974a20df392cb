//! What Prometheus is told: read from the store, or counted as it is written down.

use reqwest::Method;
use serde_json::json;

use super::{Client, PROGRAM, Served, folder, runtime};

/// The value of one figure; none if it is not told.
async fn figure(client: &Client, name: &str) -> Option<f64> {
    let answer = client.request(Method::GET, "/metrics").send().await.expect("an answer");
    assert!(
        answer.headers()["content-type"].to_str().is_ok_and(|kind| kind.starts_with("application/openmetrics-text"))
    );
    let text = answer.text().await.expect("text");
    assert!(text.ends_with("# EOF\n"), "{text}");
    let line = text.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')))?;
    line.rsplit_once(' ')?.1.parse().ok()
}

#[test]
fn runs_and_what_is_done_for_them_are_counted() {
    let program = format!("{PROGRAM}\nworkflow said {{ step log.info {{ message: \"hello\" }} }}");
    let folder = folder(&[("main.flow", &program)]);
    let twice = |name: &'static str, client: Client| async move {
        for _ in 0..2 {
            client.post(&format!("/v1/workflows/{name}/runs?wait=20s"), json!({ "name": "Ada" })).await;
        }
    };
    runtime().block_on(async {
        let served = Served::start(folder.path()).await;
        let client = &served.client;
        twice("greet", client.clone()).await;
        client.post("/v1/workflows/broken/runs?wait=20s", json!({})).await;
        client.post("/v1/workflows/patient/runs", json!({})).await;
        client.until("/v1/runs?workflow=patient", |all| all["runs"][0]["status"] == "waiting").await;
        client.post("/v1/workflows/said/runs?wait=20s", json!({})).await;
        client.get("/v1/runs/nobody").await.problem(404);
        let expected = [
            ("flow_runs{workflow=\"greet\",status=\"completed\"}", 2.0),
            ("flow_runs{workflow=\"broken\",status=\"failed\"}", 1.0),
            ("flow_runs{workflow=\"patient\",status=\"waiting\"}", 1.0),
            ("flow_runs_started_total{workflow=\"greet\"}", 2.0),
            ("flow_runs_ended_total{workflow=\"greet\",status=\"completed\"}", 2.0),
            ("flow_runs_ended_total{workflow=\"broken\",status=\"failed\"}", 1.0),
            ("flow_journal_queue", 0.0),
            ("flow_journal_stuck", 0.0),
            ("flow_http_requests_total{method=\"GET\",route=\"/v1/runs/{id}\",status=\"404\"}", 1.0),
            ("flow_http_requests_total{method=\"POST\",route=\"/v1/workflows/{name}/runs\",status=\"201\"}", 5.0),
            ("flow_calls_total{connector=\"log\",operation=\"info\",outcome=\"ok\"}", 1.0),
        ];
        for (name, value) in expected {
            assert_eq!(figure(client, name).await, Some(value), "{name}");
        }
        let syncs = figure(client, "flow_journal_syncs_total").await.expect("it is told");
        let batches = figure(client, "flow_journal_batches_total").await.expect("it is told");
        assert!(syncs >= 4.0 && batches >= 4.0, "{syncs} syncs of {batches} batches");
        served.stop().await;
    });
    // What the store knows outlives the process; what the process did does not.
    runtime().block_on(async {
        let served = Served::start(folder.path()).await;
        assert_eq!(figure(&served.client, "flow_runs{workflow=\"greet\",status=\"completed\"}").await, Some(2.0));
        assert_eq!(figure(&served.client, "flow_runs_started_total{workflow=\"greet\"}").await, None);
        served.stop().await;
    });
}
