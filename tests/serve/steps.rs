//! What was done in a run, step by step.

use serde_json::{Value as Json, json};

use super::{Served, folder, runtime};

const PROGRAM: &str = r#"
workflow order {
    step lines = for line in [1, 2] {
        step said = log.info { message: "line " + line }
    }
    step wrong = http.get {
        url: "http://127.0.0.1:9/nobody"
        retry 1 times backoff 1ms
        on error skip "gone"
    }
    output { wrong: wrong }
}
"#;

#[test]
fn every_step_is_told_with_its_attempts() {
    let folder = folder(&[("main.flow", PROGRAM), ("flow.toml", "[http]\nallow_hosts = [\"127.0.0.1\"]\n")]);
    runtime().block_on(async {
        let served = Served::start(folder.path()).await;
        let client = &served.client;
        let run = client.post("/v1/workflows/order/runs?wait=20s", json!({})).await.json;
        assert_eq!(run["output"], json!({ "wrong": "gone" }), "{run}");
        let path = format!("/v1/runs/{}/steps", run["id"].as_str().expect("an id"));
        let told = client.get(&path).await.json;
        let steps: Vec<Json> = told["steps"].as_array().expect("steps").clone();
        let places: Vec<_> = steps.iter().map(|step| (step["place"].as_str(), step["status"].as_str())).collect();
        let expected = [
            ("lines", "completed"),
            ("lines[0]", "completed"),
            ("lines[0].said", "completed"),
            ("lines[1]", "completed"),
            ("lines[1].said", "completed"),
            ("wrong", "skipped"),
        ];
        assert_eq!(places, expected.map(|(place, status)| (Some(place), Some(status))), "{told:#}");
        assert_eq!((&steps[2]["parent"], &steps[2]["does"]), (&json!("lines[0]"), &json!("log.info")));
        let wrong = &steps[5];
        let attempts = wrong["attempts"].as_array().expect("attempts");
        let kinds: Vec<_> = attempts.iter().map(|attempt| attempt["error"]["type"].clone()).collect();
        assert_eq!(kinds, ["connection_error", "connection_error"]);
        assert_eq!(wrong["error"]["type"], "connection_error");
        assert!(attempts[0]["ended_at"].as_str() <= attempts[1]["started_at"].as_str(), "{wrong}");
        let some = client.get(&format!("{path}?from=1&limit=2")).await.json;
        assert_eq!(some, json!({ "steps": steps[1..3], "next": 3 }));
        assert_eq!(client.get(&format!("{path}?from=6")).await.json, json!({ "steps": [], "next": null }));
        served.stop().await;
    });
}
