//! What Prometheus is told: read from the store, or counted as it is written down.

use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;

use super::{Client, PROGRAM, Served, folder, runtime};
use crate::connect::peer::{Deed, Peer, answer, says};

/// The value of one figure; none if it is not told.
async fn figure(client: &Client, name: &str) -> Option<f64> {
    let text = figures(client).await;
    let line = text.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')))?;
    line.rsplit_once(' ')?.1.parse().ok()
}

/// All that Prometheus is told.
async fn figures(client: &Client) -> String {
    let answer = client.request(Method::GET, "/metrics").send().await.expect("an answer");
    assert!(
        answer.headers()["content-type"].to_str().is_ok_and(|kind| kind.starts_with("application/openmetrics-text"))
    );
    let text = answer.text().await.expect("text");
    assert!(text.ends_with("# EOF\n"), "{text}");
    text
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

const CALLS: &str = r#"
connector far {
    config { base_url: url }
    once operation change() -> any { POST "/change" }
    read operation look() -> any { GET "/look" }
}
workflow change { step far.change }
workflow look { step far.look }
"#;

async fn far(deeds: impl IntoIterator<Item = Deed>) -> (Peer, TempDir) {
    let peer = Peer::new(deeds).await;
    let settings = format!("[connectors.far]\nbase_url = \"{}\"", peer.url(""));
    (peer, folder(&[("main.flow", CALLS), ("flow.toml", &settings)]))
}

#[test]
fn what_calls_came_to_is_told_and_how_long_they_took() {
    runtime().block_on(async {
        let (_peer, folder) = far([Deed::Close, says(200, "{}"), says(404, "{}")]).await;
        let served = Served::start(folder.path()).await;
        let client = &served.client;
        for workflow in ["change", "look", "look"] {
            client.post(&format!("/v1/workflows/{workflow}/runs?wait=20s"), json!({})).await;
        }
        let (change, look) = ("connector=\"far\",operation=\"change\"", "connector=\"far\",operation=\"look\"");
        let expected = [
            // Nobody knows what came of it, and a person must look: that is what it counts as, not its cause.
            (format!("flow_calls_total{{{change},outcome=\"outcome_unknown\"}}"), Some(1.0)),
            (format!("flow_calls_total{{{change},outcome=\"connection_error\"}}"), None),
            (format!("flow_calls_total{{{look},outcome=\"ok\"}}"), Some(1.0)),
            (format!("flow_calls_total{{{look},outcome=\"not_found\"}}"), Some(1.0)),
            (format!("flow_call_seconds_count{{{look}}}"), Some(2.0)),
            (format!("flow_call_seconds_bucket{{le=\"60.0\",{look}}}"), Some(2.0)),
            (format!("flow_call_seconds_bucket{{le=\"+Inf\",{look}}}"), Some(2.0)),
            (format!("flow_call_seconds_bucket{{le=\"+Inf\",{change}}}"), Some(1.0)),
        ];
        for (name, value) in expected {
            assert_eq!(figure(client, &name).await, value, "{name} in {}", figures(client).await);
        }
        let text = figures(client).await;
        assert!(text.contains("# TYPE flow_call_seconds histogram\n"), "{text}");
        let sum = figure(client, &format!("flow_call_seconds_sum{{{look}}}")).await.expect("it is told");
        assert!(sum > 0.0 && sum < 60.0, "{sum}");
        // Each group holds those below it.
        let groups = text.lines().filter(|line| line.starts_with("flow_call_seconds_bucket") && line.contains(look));
        let counts: Vec<u64> = groups.filter_map(|line| line.rsplit_once(' ')?.1.parse().ok()).collect();
        assert!(counts.len() == 13 && counts.is_sorted(), "{counts:?}");
        served.stop().await;
    });
}

#[test]
fn calls_that_wait_and_far_sides_that_are_left_alone_are_told() {
    runtime().block_on(async {
        let (_peer, folder) = far([answer(429, "Retry-After: 30\r\n", "")]).await;
        let served = Served::start(folder.path()).await;
        let client = &served.client;
        client.post("/v1/workflows/look/runs?wait=20s", json!({})).await;
        let held = figure(client, "flow_calls_held_seconds{pace=\"far\"}").await.expect("it is told");
        assert!(held > 0.0 && held <= 30.0, "{held}");
        client.post("/v1/workflows/look/runs", json!({})).await;
        let waits = async || figure(client, "flow_calls_waiting{pace=\"far\"}").await == Some(1.0);
        while !waits().await {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        served.stop().await;
        let (peer, folder) = far([Deed::Close]).await;
        let served = Served::start(folder.path()).await;
        let open = format!("flow_circuit_open{{far_side=\"far ({})\"}}", peer.url("").trim_end_matches('/'));
        for closed in [true, false] {
            let expected = if closed { Some(0.0) } else { Some(1.0) };
            for _ in 0..5 {
                served.client.post("/v1/workflows/look/runs?wait=20s", json!({})).await;
            }
            assert_eq!(figure(&served.client, &open).await, expected, "{}", figures(&served.client).await);
        }
        served.stop().await;
    });
}
