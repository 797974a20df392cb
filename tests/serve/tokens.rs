//! Who may ask what.

use orchestra_flow::serve::{Role, Tokens};
use reqwest::Method;
use serde_json::json;

use super::{Answer, Served, served};

/// Every path and method of the document, with something for each name in it.
async fn routes(client: &super::Client) -> Vec<(Method, String)> {
    let document = client.get("/openapi.json").await.json;
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        let path = path.replace("{id}", "nobody").replace("{name}", "greet");
        // What else a path may name, nobody has.
        let path: Vec<&str> =
            path.split('/').map(|part| if part.starts_with('{') { "nothing" } else { part }).collect();
        let path = path.join("/");
        for method in methods.as_object().expect("methods").keys() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            routes.push((method, path.clone()));
        }
    }
    routes
}

const OPEN: [&str; 2] = ["/healthz", "/readyz"];

#[test]
fn every_route_is_in_the_document_and_wants_a_token() {
    served(async |client, _| {
        let routes = routes(client).await;
        assert!(routes.len() >= 12, "{routes:?}");
        let fixed = [
            ("POST", "/v1/workflows/greet/runs"),
            ("GET", "/v1/runs/nobody"),
            ("GET", "/v1/runs"),
            ("GET", "/v1/runs/nobody/events"),
            ("POST", "/v1/runs/nobody/pause"),
            ("POST", "/v1/runs/nobody/resume"),
            ("POST", "/v1/runs/nobody/cancel"),
            ("POST", "/v1/runs/nobody/signals/greet"),
            ("GET", "/v1/stream"),
            ("GET", "/healthz"),
            ("GET", "/readyz"),
            ("GET", "/metrics"),
            ("GET", "/openapi.json"),
        ];
        for (method, path) in fixed {
            let there = routes.iter().any(|(known, at)| known.as_str() == method && at == path);
            assert!(there, "{method} {path} is not in the document");
        }
        for (method, path) in routes {
            let request = client.with(None).request(method.clone(), &path);
            let answer = Answer::of(request.send().await.expect("an answer")).await;
            if OPEN.contains(&path.as_str()) {
                assert_eq!(answer.status, 200, "{method} {path}");
            } else {
                answer.problem(401);
                assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"flow\"", "{method} {path}");
            }
        }
    });
}

#[test]
fn a_token_that_is_none_is_refused() {
    served(async |client, _| {
        let ask = async |header: &str| {
            let request = client.with(None).request(Method::GET, "/v1/runs").header("authorization", header);
            Answer::of(request.send().await.expect("an answer")).await
        };
        for malformed in ["Bearer", "Bearer ", "Basic YTpi", "flow_123", "Bearer a b", "Bearer\u{a0}x"] {
            let answer = ask(malformed).await;
            answer.problem(401);
            assert!(answer.header("www-authenticate").contains("error=\"invalid_request\""), "{malformed}: {answer:?}");
        }
        let unknown = ask("Bearer flow_nobody_knows_this").await;
        unknown.problem(401);
        assert!(unknown.header("www-authenticate").contains("error=\"invalid_token\""), "{unknown:?}");
        assert_eq!(ask(&format!("bearer {}", super::OWNER)).await.status, 200, "the scheme in any letters");
    });
}

#[test]
fn a_viewer_looks_and_changes_nothing() {
    served(async |client, folder| {
        let (viewer, _) = Served::token(folder, Role::Viewer, None);
        let viewer = client.with(Some(&viewer));
        for (method, path) in routes(client).await {
            let request = viewer.request(method.clone(), &path).json(&json!({}));
            let answer = request.send().await.expect("an answer");
            match method {
                // The body of a stream never ends.
                Method::GET => assert_ne!(answer.status(), 403, "{path}"),
                _ => assert!(Answer::of(answer).await.problem(403).contains("role `viewer`"), "{path}"),
            }
        }
        assert_eq!(client.get("/v1/runs").await.json["runs"], json!([]), "nothing was started");
    });
}

#[test]
fn a_token_for_some_workflows_sees_no_others() {
    served(async |client, folder| {
        let (scoped, _) = Served::token(folder, Role::Operator, Some(&["greet"]));
        let scoped = client.with(Some(&scoped));
        let own = scoped.post("/v1/workflows/greet/runs?wait=20s", json!({ "name": "Ada" })).await;
        assert_eq!(own.status, 201);
        let refused = scoped.post("/v1/workflows/patient/runs", json!({})).await;
        assert_eq!(refused.problem(403), "this token is not for the workflow `patient`");
        let other = client.post("/v1/workflows/patient/runs", json!({})).await.json["id"].clone();
        let other = other.as_str().expect("an id");
        scoped.get(&format!("/v1/runs/{other}")).await.problem(403);
        scoped.get(&format!("/v1/runs/{other}/events")).await.problem(403);
        scoped.post(&format!("/v1/runs/{other}/cancel"), json!({})).await.problem(403);
        scoped.get("/v1/runs?workflow=patient").await.problem(403);
        let listed = scoped.get("/v1/runs").await.json;
        assert_eq!(listed["runs"].as_array().map(Vec::len), Some(1), "{listed}");
        assert_eq!(listed["runs"][0]["id"], own.json["id"]);
        let metrics = scoped.request(Method::GET, "/metrics").send().await.expect("an answer");
        let metrics = metrics.text().await.expect("text");
        assert!(metrics.contains("workflow=\"greet\"") && !metrics.contains("patient"), "{metrics}");
        let workflows = scoped.get("/v1/workflows").await.json;
        assert_eq!(workflows["workflows"].as_array().map(Vec::len), Some(1));
    });
}

#[test]
fn a_token_ends_when_it_is_revoked() {
    served(async |client, folder| {
        let (secret, id) = Served::token(folder, Role::Viewer, None);
        let holder = client.with(Some(&secret));
        assert_eq!(holder.get("/v1/runs").await.status, 200);
        Tokens::open(&folder.join("data")).expect("tokens").revoke(&id).expect("it is there");
        holder.get("/v1/runs").await.problem(401);
    });
}

#[test]
#[cfg(unix)]
fn tokens_are_kept_as_hashes_that_only_their_owner_can_read() {
    use std::os::unix::fs::PermissionsExt as _;
    served(async |_, folder| {
        let (secret, id) = Served::token(folder, Role::Admin, None);
        let file = folder.join("data/tokens.json");
        let text = std::fs::read_to_string(&file).expect("it is there");
        assert!(text.contains(&id) && !text.contains(&secret));
        assert_eq!(file.metadata().expect("it is there").permissions().mode() & 0o777, 0o600);
    });
}
