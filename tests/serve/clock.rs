//! A clock that is moved by hand: what comes due is done in order, and has settled when the answer comes.

use orchestra_flow::host::clock::VirtualClock;
use orchestra_flow::serve::Limits;
use serde_json::json;

use super::{Client, Served, folder, runtime, served};
use crate::connect::peer::{Deed, Peer, answer, says};

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

const PACED: &str = r#"
connector far {
    config { base_url: url }
    limit 1 per 1h
    read operation look() -> any { GET "/look" }
}
connector frail {
    config { base_url: url }
    read operation look() -> any { GET "/look" }
}
workflow paced {
    step far.look { timeout 3h }
    output { at: now() }
}
workflow frail {
    step frail.look { timeout 10m }
    output { at: now() }
}
"#;

/// Serves [`PACED`] with its far sides.
fn paced(deeds: impl IntoIterator<Item = Deed>, test: impl AsyncFnOnce(&Client, &Peer)) {
    runtime().block_on(async {
        let peer = Peer::new(deeds).await;
        let at = |name: &str| format!("[connectors.{name}]\nbase_url = \"{}\"\n", peer.url(""));
        let folder = folder(&[("main.flow", PACED), ("flow.toml", &[at("far"), at("frail")].concat())]);
        let clock = VirtualClock::at("2026-01-01T00:00:00Z".parse().expect("a time"));
        let served = Served::start_with(folder.path(), Limits::default(), Some(clock)).await;
        test(&served.client, &peer).await;
        served.stop().await;
    });
}

/// Starts a run of `workflow`, and gives its place.
async fn begin(client: &Client, workflow: &str) -> String {
    let started = client.post(&format!("/v1/workflows/{workflow}/runs"), json!({})).await;
    format!("/v1/runs/{}", started.json["id"].as_str().expect("an id"))
}

#[test]
fn calls_wait_for_their_turn_by_the_clock() {
    paced([says(200, "{}")], async |client, peer| {
        let mut runs = Vec::new();
        for _ in 0..3 {
            runs.push(begin(client, "paced").await);
        }
        let by = async |by: &str| client.post("/v1/clock/advance", json!({ "by": by })).await;
        by("59m").await;
        assert_eq!(peer.requests().len(), 1);
        // Each goes at its moment, though the clock is moved over both.
        by("2h").await;
        assert_eq!(peer.requests().len(), 3);
        let mut ends = Vec::new();
        for run in &runs {
            ends.push(client.get(run).await.json["output"]["at"].as_str().expect("it has ended").to_owned());
        }
        ends.sort();
        assert_eq!(ends, ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z"]);
        // Whose turn does not come within its time is told so at once: the next are due in one minute, in 61, in 121.
        for _ in 0..5 {
            begin(client, "paced").await;
        }
        let failed = client
            .until("/v1/runs?status=failed", |all| all["runs"].as_array().is_some_and(|all| all.len() == 2))
            .await;
        assert!(failed["runs"].to_string().contains("rate_limited"), "{failed}");
    });
}

#[test]
fn pauses_and_circuits_last_by_the_clock() {
    let asked = answer(429, "Retry-After: 300\r\n", "");
    paced([asked, says(200, "{}")], async |client, peer| {
        client.until(&begin(client, "frail").await, |run| run["status"] == "failed").await;
        let second = begin(client, "frail").await;
        client.post("/v1/clock/advance", json!({ "by": "299s" })).await;
        assert_eq!(peer.requests().len(), 1);
        client.post("/v1/clock/advance", json!({ "by": "1s" })).await;
        assert_eq!(client.get(&second).await.json["output"]["at"], "2026-01-01T00:05:00Z");
    });
    let breaks = std::iter::repeat_n(Deed::Close, 10).chain([says(200, "{}")]);
    paced(breaks, async |client, peer| {
        for _ in 0..12 {
            client.until(&begin(client, "frail").await, |run| run["status"] == "failed").await;
        }
        assert_eq!(peer.requests().len(), 10, "it is left alone, however long that takes");
        client.post("/v1/clock/advance", json!({ "by": "1s" })).await;
        client.until(&begin(client, "frail").await, |run| run["status"] == "completed").await;
    });
}
