//! Open failures over HTTP, and runs that go on from them.

use serde_json::{Value as Json, json};

use super::{Answer, served};

#[test]
fn a_run_that_failed_is_listed_retried_and_dismissed() {
    served(async |client, _| {
        let failed = client.post("/v1/workflows/broken/runs?wait=20s", json!({})).await.json;
        let id = failed["id"].as_str().expect("an id").to_owned();
        let failures = client.get("/v1/failures").await.json["failures"].clone();
        assert_eq!((&failures[0]["kind"], &failures[0]["count"]), (&json!("out_of_cheese"), &json!(1)));
        assert_eq!(failures[0]["runs"], json!([id]));
        let preview = client.post(&format!("/v1/runs/{id}/retry"), json!({ "preview": true })).await;
        assert_eq!((preview.status.as_u16(), &preview.json["again"]), (200, &json!([])), "{preview:?}");
        let wrong = client.post(&format!("/v1/runs/{id}/retry"), json!({ "form": "x" })).await;
        assert_eq!(wrong.status, 400, "{wrong:?}");
        let list = client.post(&format!("/v1/runs/{id}/retry"), json!([])).await;
        assert_eq!(list.problem(400), "the body must be a JSON object, or empty");
        let retried = client.post(&format!("/v1/runs/{id}/retry"), json!({})).await;
        assert_eq!((retried.status.as_u16(), &retried.json["id"]), (200, &json!(id)), "{retried:?}");
        assert_eq!(retried.json["preview"]["again"], json!([]));
        client.until("/v1/failures", |failures| failures["failures"][0]["runs"] == json!([id])).await;
        let nowhere = client.post(&format!("/v1/runs/{id}/retry"), json!({ "from": "nowhere" })).await;
        assert_eq!(nowhere.status, 404, "{nowhere:?}");
        // Nothing was mended: it fails again, and is open again.
        let group = failures[0]["id"].as_str().expect("an id");
        let again = client.post(&format!("/v1/failures/{group}/retry"), json!({ "why": "a test" })).await;
        assert_eq!((again.status.as_u16(), &again.json["done"]), (200, &json!([id])), "{again:?}");
        client.until(&format!("/v1/runs/{id}"), |run| run["status"] == "failed").await;
        let dismissed = client.post(&format!("/v1/runs/{id}/dismiss"), json!({ "why": "a test" })).await;
        assert_eq!(dismissed.status, 204, "{dismissed:?}");
        assert_eq!(client.get("/v1/failures").await.json["failures"], json!([]));
        assert_eq!(client.post(&format!("/v1/runs/{id}/dismiss"), json!({})).await.status, 409);
        let done = client.post("/v1/workflows/greet/runs?wait=20s", json!({ "name": "Ada" })).await.json;
        let id = done["id"].as_str().expect("an id");
        let refused = client.post(&format!("/v1/runs/{id}/retry"), json!({})).await;
        assert_eq!(refused.status, 409);
        assert!(refused.json["detail"].as_str().is_some_and(|detail| detail.contains("flow fork")), "{refused:?}");
        // That it names can be done.
        let fork = format!("/v1/runs/{id}/fork");
        let preview = client.post(&fork, json!({ "preview": true })).await;
        assert_eq!((preview.status.as_u16(), &preview.json["kept"]), (200, &json!([])), "{preview:?}");
        let forked = client.post(&fork, json!({ "input": { "name": "Eve" }, "why": "a test" })).await;
        assert_eq!(forked.status, 201, "{forked:?}");
        let fork = forked.json["id"].as_str().expect("an id");
        let ended = client.until(&format!("/v1/runs/{fork}"), |run| run["status"] == "completed").await;
        assert_ne!(ended["output"], client.get(&format!("/v1/runs/{id}")).await.json["output"]);
        let wrong = client.post(&format!("/v1/runs/{id}/fork"), json!({ "input": { "name": 7 } })).await;
        assert_eq!((wrong.status.as_u16(), &wrong.json["errors"][0]["path"]), (422, &json!("name")), "{wrong:?}");
        let older = client.post(&format!("/v1/runs/{id}/fork"), json!({ "plan": "oldest" })).await;
        assert_eq!(older.status, 400, "{older:?}");
        assert_eq!(client.post("/v1/runs/nobody/fork", json!({})).await.status, 404);
    });
}

#[test]
fn a_fork_that_is_asked_for_again_is_the_same_one() {
    served(async |client, _| {
        let start = async |name: &str| {
            let done = client.post("/v1/workflows/greet/runs?wait=20s", json!({ "name": name })).await.json;
            done["id"].as_str().expect("an id").to_owned()
        };
        let fork = async |id: &str, key: &str, body: Json| {
            let request = client.request(reqwest::Method::POST, &format!("/v1/runs/{id}/fork"));
            Answer::of(request.header("idempotency-key", key).json(&body).send().await.expect("an answer")).await
        };
        let (ada, eve) = (start("Ada").await, start("Eve").await);
        let previewed = fork(&ada, "one", json!({ "preview": true })).await;
        assert_eq!((previewed.status.as_u16(), &previewed.json["id"]), (200, &json!(null)), "nothing has begun");
        let at_once = futures_util::future::join_all((0..8).map(|_| fork(&ada, "one", json!({})))).await;
        let first = at_once[0].json["id"].as_str().expect("an id").to_owned();
        for answer in &at_once {
            assert_eq!((answer.status.as_u16(), &answer.json["id"]), (201, &json!(first)), "{answer:?}");
            assert_eq!(answer.header("location"), format!("/v1/runs/{first}"));
        }
        assert_eq!(at_once.iter().filter(|answer| answer.json["preview"].is_object()).count(), 1, "one has begun it");
        let ended = client.until(&format!("/v1/runs/{first}"), |run| run["status"] == "completed").await;
        assert_eq!(ended["fork_of"], json!(ada));
        let again = fork(&ada, "one", json!({ "input": { "name": "Bob" } })).await;
        assert_eq!((again.status.as_u16(), &again.json), (201, &json!({ "id": first })), "also when it has ended");
        assert_ne!(fork(&ada, "two", json!({})).await.json["id"], json!(first), "another key");
        assert_ne!(fork(&eve, "one", json!({})).await.json["id"], json!(first), "another run");
        let all = client.get("/v1/runs").await.json;
        assert_eq!(all["runs"].as_array().map(Vec::len), Some(5), "{all}");
        fork(&ada, "", json!({})).await.problem(400);
    });
}
