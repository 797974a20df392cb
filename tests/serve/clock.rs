//! A clock that is moved by hand: what comes due is done in order, and has settled when the answer comes.

use orchestra_flow::host::clock::VirtualClock;
use orchestra_flow::serve::Limits;
use serde_json::json;

use super::{Client, Served, folder, runtime, served};

const PROGRAM: &str = r#"
workflow nap {
    input { long: duration }
    step begun = log.info { message: "before" }
    wait input.long
    step done = log.info { message: "after" }
    output { at: now() }
}

workflow twice {
    step first = nap { long: 1d }
    step second = nap { long: 1d }
    output { first: first.at, second: second.at }
}

workflow hourly {
    trigger every 1h { input: { due: trigger.due } }
    input { due: datetime }
    output { due: input.due, at: now() }
}

workflow rings {
    wait 1h
    emit "rang" { }
}

workflow hears {
    trigger event "rang" { input: {} }
    wait 1h
    output { at: now() }
}

workflow in_turn {
    concurrency 1
    wait 1h
}

workflow files {
    trigger file "inbox/*.csv" { input: {} }
}
"#;

/// Serves [`PROGRAM`] at the beginning of 2026.
fn standing_still(test: impl AsyncFnOnce(&Client)) {
    let folder = folder(&[("main.flow", PROGRAM)]);
    runtime().block_on(async {
        let clock = VirtualClock::at("2026-01-01T00:00:00Z".parse().expect("a time"));
        let served = Served::start_with(folder.path(), Limits::default(), Some(clock)).await;
        test(&served.client).await;
        served.stop().await;
    });
}

#[test]
fn what_comes_due_has_settled_when_the_clock_was_moved() {
    standing_still(async |client| {
        let mut ids = Vec::new();
        for long in ["3d", "1h", "30d", "500ms"] {
            let started = client.post("/v1/workflows/nap/runs", json!({ "long": long })).await;
            ids.push(started.json["id"].as_str().expect("an id").to_owned());
        }
        let ends = async || {
            let mut ends = Vec::new();
            for id in &ids {
                ends.push(client.get(&format!("/v1/runs/{id}")).await.json["ended_at"].clone());
            }
            ends
        };
        let moved = client.post("/v1/clock/advance", json!({ "by": "1h" })).await;
        assert_eq!(moved.json, json!({ "now": "2026-01-01T01:00:00Z", "virtual": true }));
        let hour = json!("2026-01-01T01:00:00Z");
        let moment = json!("2026-01-01T00:00:00.5Z");
        assert_eq!(ends().await, [json!(null), hour.clone(), json!(null), moment.clone()]);
        client.post("/v1/clock/advance", json!({ "to": "2026-06-01T00:00:00Z" })).await;
        let days = |day: u32| json!(format!("2026-01-{day:02}T00:00:00Z"));
        assert_eq!(ends().await, [days(4), hour, days(31), moment], "each at its own time");
    });
}

#[test]
fn what_follows_from_what_came_due_is_done_on_the_way() {
    standing_still(async |client| {
        let id = client.post("/v1/workflows/twice/runs", json!({})).await.json["id"].clone();
        let moved = client.post("/v1/clock/advance", json!({ "by": "1w" })).await;
        assert_eq!(moved.status, 200, "{moved:?}");
        let run = client.get(&format!("/v1/runs/{}", id.as_str().expect("an id"))).await.json;
        let at = json!({ "first": "2026-01-02T00:00:00Z", "second": "2026-01-03T00:00:00Z" });
        assert_eq!((&run["status"], &run["output"]), (&json!("completed"), &at));
    });
}

#[test]
fn what_the_clock_starts_is_started_on_the_way() {
    standing_still(async |client| {
        client.post("/v1/clock/advance", json!({ "by": "150m" })).await;
        let runs = client.get("/v1/runs?workflow=hourly").await.json;
        let starts: Vec<_> =
            runs["runs"].as_array().expect("runs").iter().map(|run| run["started_at"].clone()).collect();
        assert_eq!(starts, ["2026-01-01T02:00:00Z", "2026-01-01T01:00:00Z"]);
        assert!(runs["runs"].as_array().expect("runs").iter().all(|run| run["status"] == "completed"), "{runs}");
    });
}

#[test]
fn when_a_run_started_is_one_moment_for_ever() {
    standing_still(async |client| {
        let mut ids = Vec::new();
        for _ in 0..3 {
            let started = client.post("/v1/workflows/in_turn/runs", json!({})).await;
            ids.push(started.json["id"].as_str().expect("an id").to_owned());
        }
        let cancelled = ids.pop().expect("the third");
        client.post(&format!("/v1/runs/{cancelled}/cancel"), json!({})).await;
        let (midnight, one) = (json!("2026-01-01T00:00:00Z"), json!("2026-01-01T01:00:00Z"));
        let moments = async |hours: u32| {
            let second = client.get(&format!("/v1/runs/{}", ids[1])).await.json;
            let all = client.get("/v1/runs?workflow=in_turn").await.json;
            let listed = all["runs"].as_array().expect("runs");
            for run in [&second, &listed[1]] {
                assert_eq!(run["id"], ids[1], "{all}");
                assert_eq!(run["accepted_at"], midnight, "after {hours} hours: {run}");
            }
            assert_eq!(listed[1]["started_at"], second["started_at"], "a list says what the run says");
            assert_eq!(listed[0]["started_at"], json!(null), "one that was never its turn: {all}");
            assert_eq!(listed[2]["started_at"], midnight, "{all}");
            (second["status"].clone(), second["started_at"].clone())
        };
        assert_eq!(moments(0).await, (json!("queued"), json!(null)));
        client.post("/v1/clock/advance", json!({ "by": "1h" })).await;
        assert_eq!(moments(1).await, (json!("waiting"), one.clone()));
        client.post("/v1/clock/advance", json!({ "by": "1h" })).await;
        assert_eq!(moments(2).await, (json!("completed"), one));
        let since = async |moment: &str| {
            let runs = client.get(&format!("/v1/runs?workflow=in_turn&since={moment}")).await.json;
            runs["runs"].as_array().expect("runs").len()
        };
        assert_eq!(since("2026-01-01T00:00:00Z").await, 3, "`since` means when they were accepted");
        assert_eq!(since("2026-01-01T00:30:00Z").await, 0, "`since` means when they were accepted");
    });
}

#[test]
fn a_clock_is_moved_forward_by_something() {
    standing_still(async |client| {
        for wrong in [json!({}), json!({ "by": "soon" }), json!({ "by": "1h", "to": "2027-01-01T00:00:00Z" }), json!(7)]
        {
            client.post("/v1/clock/advance", wrong).await.problem(400);
        }
        client.post("/v1/clock/advance", json!({ "to": "2025-01-01T00:00:00Z" })).await.problem(409);
        assert_eq!(client.get("/v1/clock").await.json["now"], "2026-01-01T00:00:00Z");
    });
}

#[test]
fn a_real_clock_is_not_moved() {
    served(async |client, _| {
        let refused = client.post("/v1/clock/advance", json!({ "by": "3d" })).await;
        assert!(refused.problem(409).contains("--clock virtual"), "{refused:?}");
        assert_eq!(client.get("/v1/clock").await.json["virtual"], json!(false));
    });
}

#[test]
fn what_an_event_starts_has_begun_when_the_clock_goes_on() {
    standing_still(async |client| {
        client.post("/v1/workflows/rings/runs", json!({})).await;
        let moved = client.post("/v1/clock/advance", json!({ "by": "3h" })).await;
        assert_eq!(moved.json["now"], json!("2026-01-01T03:00:00Z"));
        let runs = client.get("/v1/runs?workflow=hears").await.json;
        let run = runs["runs"][0]["id"].as_str().expect("it was started").to_owned();
        let ended = client.get(&format!("/v1/runs/{run}")).await.json;
        assert_eq!((&ended["status"], &ended["ended_at"]), (&json!("completed"), &json!("2026-01-01T02:00:00Z")));
    });
}
