//! What runs wait for from outside, and what they are told: questions, parked steps, events.

use serde_json::{Value as Json, json};

use super::{Client, served};

/// Starts a run and waits until it stands so.
async fn waits(client: &Client, workflow: &str, status: &str) -> String {
    let id = client.post(&format!("/v1/workflows/{workflow}/runs"), json!({})).await.json["id"].clone();
    let id = id.as_str().expect("an id").to_owned();
    client.until(&format!("/v1/runs/{id}"), |run| run["status"] == status).await;
    id
}

async fn output(client: &Client, id: &str) -> Json {
    client.until(&format!("/v1/runs/{id}"), |run| run["status"] == "completed").await["output"].clone()
}

#[test]
fn a_question_is_a_resource_and_is_answered_once() {
    served(async |client, _| {
        let id = waits(client, "approval", "waiting").await;
        let page = client.get("/v1/questions").await.json;
        let asked = &page["questions"][0];
        assert_eq!((&page["next_cursor"], &asked["run"], &asked["step"]), (&Json::Null, &json!(id), &json!("ok")));
        assert_eq!((&asked["whom"], &asked["question"]), (&json!("role boss"), &json!("Pay?")));
        assert_eq!(asked["answer"]["properties"], json!({ "approve": { "type": "boolean" } }));
        let path = format!("/v1/runs/{id}/answers/ok");
        let wrong = client.post(&path, json!({ "approve": "maybe" })).await;
        wrong.problem(422);
        assert_eq!(wrong.json["errors"][0]["path"], "approve");
        let nowhere = client.post(&format!("/v1/runs/{id}/answers/nothing"), json!({})).await;
        assert_eq!(nowhere.problem(404), "the workflow has no step `nothing`");
        assert_eq!(client.post(&path, json!({ "approve": true })).await.status, 200);
        assert_eq!(output(client, &id).await, json!({ "approve": true, "by": "owner" }));
        client.post(&path, json!({ "approve": false })).await.problem(409);
        assert_eq!(client.get("/v1/questions").await.json["questions"], json!([]));
    });
}

#[test]
fn a_parked_step_is_listed_and_decided() {
    served(async |client, _| {
        let id = waits(client, "stuck", "parked").await;
        let parked = client.get(&format!("/v1/parked?run={id}")).await.json["parked"].clone();
        assert_eq!((&parked[0]["step"], &parked[0]["workflow"]), (&json!("job"), &json!("stuck")));
        let path = format!("/v1/runs/{id}/parked/job");
        client.post(&path, json!({ "decision": "perhaps" })).await.problem(400);
        let said = client.post(&path, json!({ "decision": "skip", "value": 7 })).await;
        assert_eq!(said.status, 200, "{said:?}");
        assert_eq!(output(client, &id).await, json!({ "job": 7 }));
    });
}

#[test]
fn an_event_comes_to_the_run_that_waits_for_it() {
    served(async |client, _| {
        let id = waits(client, "paid", "waiting").await;
        let first = client.post("/v1/events/payment", json!({ "order": 8, "cents": 1 })).await;
        assert_eq!((first.status.as_u16(), &first.json["topic"]), (201, &json!("payment")));
        let second = client.post("/v1/events/payment", json!({ "order": 7, "cents": 2 })).await;
        assert!(second.json["mark"].as_u64() > first.json["mark"].as_u64());
        assert_eq!(output(client, &id).await, json!({ "cents": 2 }));
    });
}
