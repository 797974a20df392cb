//! What is said when something cannot be done: a problem document, whatever it is.

use reqwest::Method;
use serde_json::json;

use super::{Answer, served};

#[test]
fn an_input_that_does_not_fit_is_refused_with_every_fault() {
    served(async |client, _| {
        let refused = client.post("/v1/workflows/greet/runs", json!({ "name": 7, "often": true })).await;
        refused.problem(422);
        let errors = refused.json["errors"].as_array().expect("errors");
        let paths: Vec<_> = errors.iter().map(|error| error["path"].as_str().unwrap_or_default()).collect();
        assert_eq!(paths, ["name", "often"], "{refused:?}");
        assert_eq!(errors[0]["message"], "must be a string, is the number 7");
        assert_eq!(client.get("/v1/runs").await.json["runs"], json!([]), "nothing was started");
    });
}

#[test]
fn what_is_not_there_is_said_with_the_near_name() {
    served(async |client, _| {
        let unknown = client.post("/v1/workflows/gret/runs", json!({})).await;
        assert_eq!(unknown.problem(404), "there is no workflow `gret`; did you mean `greet`?");
        assert_eq!(client.get("/v1/workflows/gret").await.problem(404), unknown.problem(404));
        assert_eq!(client.get("/v1/runs/nobody").await.problem(404), "there is no run `nobody`");
        assert_eq!(client.get("/v1/runs/nobody/events").await.problem(404), "there is no run `nobody`");
        assert_eq!(client.post("/v1/runs/nobody/cancel", json!({})).await.problem(404), "there is no run `nobody`");
        client.get("/v2/runs").await.problem(404);
        let wrong = client.post("/v1/runs", json!({})).await;
        wrong.problem(405);
        assert_eq!(wrong.header("allow"), "GET,HEAD");
    });
}

#[test]
fn a_body_that_cannot_be_read_is_refused() {
    served(async |client, _| {
        let send = async |kind: &str, body: &'static str| {
            let request =
                client.request(Method::POST, "/v1/workflows/greet/runs").header("content-type", kind).body(body);
            Answer::of(request.send().await.expect("an answer")).await
        };
        assert!(send("application/json", "{ \"name\": ").await.problem(400).starts_with("the body is no JSON: "));
        send("text/plain", "{ \"name\": \"Ada\" }").await.problem(415);
        send("application/x-www-form-urlencoded", "name=Ada").await.problem(415);
        let deep = "[".repeat(100_000).leak();
        send("application/json", deep).await.problem(400);
        assert_eq!(send("application/json; charset=utf-8", "{ \"name\": \"Ada\" }").await.status, 201);
    });
}

#[test]
fn a_query_that_cannot_be_read_is_refused() {
    served(async |client, _| {
        let refused = client.get("/v1/runs?status=complete").await;
        assert!(refused.problem(400).ends_with("; did you mean `completed`?"), "{refused:?}");
        let refused = client.get("/v1/runs?workflows=greet").await;
        assert!(refused.problem(400).starts_with("nothing can be asked for by `workflows`; did you mean `workflow`?"));
        client.get("/v1/runs?since=yesterday").await.problem(400);
        client.get("/v1/runs?limit=0").await.problem(400);
        client.get("/v1/runs?limit=1001").await.problem(400);
        client.get("/v1/runs?limit=many").await.problem(400);
        client.get("/v1/runs?cursor=%25").await.problem(400);
        client.get("/v1/runs/%ff").await.problem(400);
        client.post("/v1/workflows/greet/runs?wait=soon", json!({ "name": "Ada" })).await.problem(400);
        client.post("/v1/workflows/greet/runs?wait=1d", json!({ "name": "Ada" })).await.problem(400);
        let request =
            client.request(Method::POST, "/v1/workflows/greet/runs").header("Idempotency-Key", "x".repeat(256));
        Answer::of(request.json(&json!({ "name": "Ada" })).send().await.expect("an answer")).await.problem(400);
    });
}
