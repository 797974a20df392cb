//! Starting runs, looking at them, telling them things.

use orchestra_flow::serve::client::Client;
use reqwest::Method;
use serde_json::json;

use super::{Answer, OWNER, PROGRAM, Served, folder, runtime, served};

#[test]
fn a_run_is_started_and_shown() {
    served(async |client, _| {
        let started = client.post("/v1/workflows/greet/runs", json!({ "name": "Ada" })).await;
        assert_eq!(started.status, 201, "{started:?}");
        let id = started.json["id"].as_str().expect("an id").to_owned();
        let status = started.json["status"].as_str().expect("a status").to_owned();
        assert!(["queued", "running", "completed"].contains(&&*status), "as it stands just then: {status}");
        assert_eq!(started.json, json!({ "id": id, "status": status }));
        assert_eq!(started.header("location"), format!("/v1/runs/{id}"));
        let run = client.until(&format!("/v1/runs/{id}"), |run| run["status"] == "completed").await;
        assert_eq!(run["workflow"], "greet");
        assert_eq!(run["output"], json!({ "text": "hello Ada", "times": 1 }));
        assert_eq!(run["error"], json!(null));
        let moments = ["accepted_at", "started_at", "ended_at"].map(|name| run[name].as_str().expect("a time"));
        assert!(moments.is_sorted(), "{run}");
    });
}

#[test]
fn whoever_waits_hears_of_the_end() {
    served(async |client, _| {
        let done = client.post("/v1/workflows/greet/runs?wait=20s", json!({ "name": "Ada", "times": 2 })).await;
        assert_eq!((done.status.as_u16(), &done.json["status"]), (201, &json!("completed")));
        assert_eq!(done.json["output"], json!({ "text": "hello Ada", "times": 2 }));
        let failed = client.post("/v1/workflows/broken/runs?wait=20s", json!({})).await;
        assert_eq!((failed.status.as_u16(), &failed.json["status"]), (201, &json!("failed")));
        assert_eq!(failed.json["error"]["type"], "out_of_cheese");
        assert_eq!(failed.json["error"]["message"], "there is none");
        let waiting = client.post("/v1/workflows/patient/runs?wait=50ms", json!({})).await;
        assert_eq!((waiting.status.as_u16(), waiting.json.get("output")), (201, None), "{waiting:?}");
    });
}

#[test]
fn the_same_key_gives_the_same_run() {
    served(async |client, _| {
        let start = async |key: &str, name: &str| {
            let request =
                client.request(Method::POST, "/v1/workflows/greet/runs?wait=20s").header("Idempotency-Key", key);
            Answer::of(request.json(&json!({ "name": name })).send().await.expect("an answer")).await
        };
        let (first, again, other) = (start("k1", "Ada").await, start("k1", "Bob").await, start("k2", "Bob").await);
        assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 201));
        assert_eq!(first.json, again.json);
        assert_ne!(first.json["id"], other.json["id"]);
        let all = client.get("/v1/runs").await;
        assert_eq!(all.json["runs"].as_array().map(Vec::len), Some(2), "{all:?}");
    });
}

#[test]
fn lists_are_filtered_and_go_on_page_by_page() {
    served(async |client, _| {
        let mut ids = Vec::new();
        for number in 0..5 {
            let done = client.post("/v1/workflows/greet/runs?wait=20s", json!({ "name": number.to_string() })).await;
            ids.insert(0, done.json["id"].clone());
        }
        let failed = client.post("/v1/workflows/broken/runs?wait=20s", json!({})).await.json["id"].clone();
        let mut seen = Vec::new();
        let mut path = "/v1/runs?workflow=greet&limit=2".to_owned();
        loop {
            let page = client.get(&path).await.json;
            let runs = page["runs"].as_array().expect("runs");
            assert!(runs.len() <= 2);
            seen.extend(runs.iter().map(|run| run["id"].clone()));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("/v1/runs?workflow=greet&limit=2&cursor={cursor}");
        }
        assert_eq!(seen, ids, "each once, the latest first");
        let by_status = client.get("/v1/runs?status=failed").await.json;
        assert_eq!(by_status["runs"][0]["id"], failed);
        assert_eq!(by_status["runs"].as_array().map(Vec::len), Some(1));
        let by_error = client.get("/v1/runs?error=out_of_cheese").await.json;
        assert_eq!(by_error["runs"], by_status["runs"]);
        assert_eq!(client.get("/v1/runs?error=timeout").await.json["runs"], json!([]));
        let by_input = client.get("/v1/runs?input.name=3&tag=short&tag=kind").await.json;
        assert_eq!(by_input["runs"].as_array().map(Vec::len), Some(1), "{by_input}");
        assert_eq!(by_input["runs"][0]["id"], ids[1]);
        let ended = by_status["runs"][0]["accepted_at"].as_str().expect("a time");
        let later = client.get(&format!("/v1/runs?since={ended}")).await.json;
        assert_eq!(later["runs"], by_status["runs"]);
        assert_eq!(client.get(&format!("/v1/runs?until={ended}")).await.json["runs"].as_array().map(Vec::len), Some(5));
    });
}

#[test]
fn what_happened_can_be_read_from_any_record_on() {
    served(async |client, _| {
        let id = client.post("/v1/workflows/greet/runs?wait=20s", json!({ "name": "Ada" })).await.json["id"].clone();
        let path = format!("/v1/runs/{}/events", id.as_str().expect("an id"));
        let all = client.get(&path).await.json;
        let events = all["events"].as_array().expect("events").clone();
        let numbers: Vec<_> = events.iter().map(|event| event["number"].as_u64()).collect();
        assert_eq!(numbers, (1..=events.len() as u64).map(Some).collect::<Vec<_>>());
        assert_eq!((&events[0]["event"], &events[0]["input"]["name"]), (&json!("accepted"), &json!("Ada")));
        assert_eq!(events.last().map(|event| &event["event"]), Some(&json!("rested")));
        let some = client.get(&format!("{path}?from=2&limit=2")).await.json;
        assert_eq!(some, json!({ "events": events[1..3], "next": 4 }));
        assert_eq!(client.get(&format!("{path}?from=1000")).await.json, json!({ "events": [], "next": null }));
    });
}

#[test]
fn a_signal_that_no_step_could_take_is_refused_and_the_run_waits_on() {
    served(async |client, _| {
        let id = client.post("/v1/workflows/patient/runs", json!({})).await.json["id"].clone();
        let run = format!("/v1/runs/{}", id.as_str().expect("an id"));
        client.until(&run, |run| run["status"] == "waiting").await;
        let refused = client.post(&format!("{run}/signals/go"), json!("seven")).await;
        assert_eq!(refused.problem(422), "it does not have the type that is asked for");
        assert_eq!(refused.json["errors"][0]["message"], r#"must be an int, is the string "seven""#);
        assert_eq!(client.get(&run).await.json["status"], "waiting");
        assert_eq!(client.post(&format!("{run}/signals/go"), json!(7)).await.status, 200);
        client.until(&run, |run| run["status"] == "completed").await;
        let events = client.get(&format!("{run}/events")).await.json;
        let events = events["events"].as_array().expect("events");
        let took = events.iter().position(|event| event["event"] == "took").expect("it took the signal");
        assert_eq!((&events[took]["number"], &events[took]["taken"]), (&json!(took + 1), &json!(0)));
    });
}

#[test]
fn a_run_is_paused_resumed_signalled_and_then_takes_nothing_more() {
    served(async |client, _| {
        let id = client.post("/v1/workflows/patient/runs", json!({})).await.json["id"].clone();
        let run = format!("/v1/runs/{}", id.as_str().expect("an id"));
        client.until(&run, |run| run["status"] == "waiting").await;
        let paused = client.post(&format!("{run}/pause"), json!({})).await;
        assert_eq!((paused.status.as_u16(), &paused.json["status"]), (200, &json!("paused")));
        let resumed = client.post(&format!("{run}/resume"), json!({})).await;
        assert_eq!(resumed.status, 200);
        assert_ne!(resumed.json["status"], "paused");
        assert_eq!(client.post(&format!("{run}/signals/go"), json!(7)).await.status, 200);
        let done = client.until(&run, |run| run["status"] == "completed").await;
        assert_eq!(done["output"], json!({ "sent": 7 }));
        for told in ["pause", "resume", "cancel", "signals/go"] {
            let refused = client.post(&format!("{run}/{told}"), json!({})).await;
            assert_eq!(refused.problem(409), "the run has ended", "{told}");
        }
        let events = client.get(&format!("{run}/events")).await.json;
        let by = events["events"].as_array().expect("events").iter().find(|event| event["event"] == "pause_asked");
        assert_eq!(by.map(|event| &event["by"]), Some(&json!("owner")), "the journal says who asked");
    });
}

#[test]
fn a_run_is_cancelled() {
    served(async |client, _| {
        let id = client.post("/v1/workflows/patient/runs", json!({})).await.json["id"].clone();
        let run = format!("/v1/runs/{}", id.as_str().expect("an id"));
        assert_eq!(client.post(&format!("{run}/cancel"), json!({})).await.status, 200);
        let run = client.until(&run, |run| run["status"] == "cancelled").await;
        assert_eq!((&run["output"], &run["error"]), (&json!(null), &json!(null)));
    });
}

#[test]
fn whoever_waits_is_answered_when_the_server_stops() {
    let folder = folder(&[("main.flow", PROGRAM)]);
    runtime().block_on(async {
        let served = Served::start(folder.path()).await;
        let client = served.client.clone();
        let waiting = tokio::spawn(async move { client.post("/v1/workflows/patient/runs?wait=5m", json!({})).await });
        served.client.until("/v1/runs", |all| all["runs"][0]["status"] == "waiting").await;
        served.stop().await;
        let answer = waiting.await.expect("it is answered");
        assert_eq!((answer.status.as_u16(), &answer.json["status"]), (201, &json!("waiting")));
    });
}

#[test]
fn without_a_socket_it_answers_as_with_one() {
    let folder = folder(&[("main.flow", PROGRAM)]);
    runtime().block_on(async {
        let served = Served::start(folder.path()).await;
        let here = Client::within(served.server.router(), Some(OWNER.to_owned()));
        let started = here.post("/v1/workflows/greet/runs?wait=20s", &[], Some(&json!({ "name": "Ada" }))).await;
        let started = started.expect("it starts");
        assert_eq!(started["output"]["text"], "hello Ada");
        let path = format!("/v1/runs/{}", started["id"].as_str().expect("an id"));
        let there = served.client.get(&path).await;
        assert_eq!(here.get(&path).await.expect("it is there"), there.json);
        let unknown = here.get("/v1/runs/nobody").await.expect_err("there is none");
        assert_eq!(unknown.to_string(), "there is no run `nobody`");
        served.stop().await;
    });
}
