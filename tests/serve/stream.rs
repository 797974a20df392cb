//! The stream of everything that happens: nothing is missed, whenever somebody comes or comes back.

use std::time::Duration;

use orchestra_flow::serve::Role;
use reqwest::{Method, Response};
use serde_json::{Value as Json, json};
use tokio::io::AsyncWriteExt as _;

use super::{Client, OWNER, PROGRAM, Served, folder, runtime, served};

/// A stream that is read event by event.
struct Stream {
    response: Response,
    text: String,
}

impl Stream {
    async fn open(client: &Client, query: &str, last: Option<&str>) -> Self {
        let mut request = client.request(Method::GET, &format!("/v1/stream{query}"));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next event: its id, and what it says; none when the stream ends.
    async fn next(&mut self) -> Option<(String, Json)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                let found = field("id:").zip(field("data:")).map(|(id, data)| (id.to_owned(), data.to_owned()));
                self.text = rest.to_owned();
                match found {
                    Some((id, data)) => return Some((id, serde_json::from_str(&data).expect("JSON"))),
                    // A heartbeat.
                    None => continue,
                }
            }
            let more = tokio::time::timeout(Duration::from_secs(20), self.response.chunk()).await;
            let more = more.expect("it says something").ok().flatten()?;
            self.text.push_str(std::str::from_utf8(&more).expect("it is text"));
        }
    }

    /// Everything up to the end of this run.
    async fn until_rested(&mut self, run: &Json) -> Vec<(String, Json)> {
        let mut heard = Vec::new();
        loop {
            let (id, said) = self.next().await.expect("it goes on");
            let last = said["run"] == *run && said["event"] == "rested";
            heard.push((id, said));
            if last {
                return heard;
            }
        }
    }
}

async fn greet(client: &Client) -> Json {
    client.post("/v1/workflows/greet/runs?wait=20s", json!({ "name": "Ada" })).await.json["id"].clone()
}

#[test]
fn everything_that_happens_is_heard_in_order() {
    served(async |client, _| {
        greet(client).await;
        let mut stream = Stream::open(client, "", None).await;
        let (first, second) = (greet(client).await, greet(client).await);
        let mut heard = stream.until_rested(&first).await;
        heard.extend(stream.until_rested(&second).await);
        for run in [&first, &second] {
            let said: Vec<Json> =
                heard.iter().filter(|(_, said)| said["run"] == *run).map(|(_, it)| it.clone()).collect();
            let path = format!("/v1/runs/{}/events", run.as_str().expect("an id"));
            let events = client.get(&path).await.json["events"].as_array().expect("events").clone();
            let whole: Vec<Json> = events
                .into_iter()
                .map(|mut event| {
                    event["run"] = run.clone();
                    event["workflow"] = json!("greet");
                    event
                })
                .collect();
            assert_eq!(said, whole);
        }
        assert!(heard.iter().all(|(_, said)| said["run"] == first || said["run"] == second), "from now on");
    });
}

#[test]
fn whoever_comes_back_misses_nothing_and_hears_nothing_twice() {
    served(async |client, _| {
        let runs = [greet(client).await, greet(client).await];
        let all = Stream::open(client, "?from=0", None).await.until_rested(&runs[1]).await;
        for cut in 0..all.len() - 1 {
            let mut stream = Stream::open(client, "", Some(&all[cut].0)).await;
            assert_eq!(stream.until_rested(&runs[1]).await, all[cut + 1..], "after {}", all[cut].0);
        }
    });
}

#[test]
fn a_stream_goes_on_in_the_next_process() {
    let folder = folder(&[("main.flow", PROGRAM)]);
    let last = runtime().block_on(async {
        let served = Served::start(folder.path()).await;
        let mut stream = Stream::open(&served.client, "?from=0", None).await;
        let run = greet(&served.client).await;
        let last = stream.until_rested(&run).await.pop().expect("events").0;
        greet(&served.client).await;
        served.stop().await;
        while stream.next().await.is_some() {}
        last
    });
    runtime().block_on(async {
        let served = Served::start(folder.path()).await;
        let mut stream = Stream::open(&served.client, "", Some(&last)).await;
        let (_, missed) = stream.next().await.expect("an event");
        assert_eq!(missed["event"], "accepted");
        let run = greet(&served.client).await;
        assert!(stream.until_rested(&run).await.len() > 4);
        served.stop().await;
    });
}

#[test]
fn one_workflow_or_one_run_can_be_followed() {
    served(async |client, folder| {
        let (greeted, failed) = (greet(client).await, {
            client.post("/v1/workflows/broken/runs?wait=20s", json!({})).await.json["id"].clone()
        });
        let heard = Stream::open(client, "?from=0&workflow=broken", None).await.until_rested(&failed).await;
        assert!(heard.iter().all(|(_, said)| said["run"] == failed), "{heard:?}");
        let query = format!("?from=0&run={}", greeted.as_str().expect("an id"));
        let heard = Stream::open(client, &query, None).await.until_rested(&greeted).await;
        assert!(heard.iter().all(|(_, said)| said["run"] == greeted), "{heard:?}");
        let (scoped, _) = Served::token(folder, Role::Viewer, Some(&["broken"]));
        let heard = Stream::open(&client.with(Some(&scoped)), "?from=0", None).await.until_rested(&failed).await;
        assert!(heard.iter().all(|(_, said)| said["run"] == failed), "{heard:?}");
        client.with(Some(&scoped)).get("/v1/stream?workflow=greet").await.problem(403);
        for nowhere in ["yesterday", "1.x", "-1", "1000000", "18446744073709551615", "18446744073709551615.1"] {
            client.get(&format!("/v1/stream?from={nowhere}")).await.problem(400);
        }
    });
}

#[test]
fn a_client_that_takes_nothing_holds_nobody_up() {
    served(async |client, _| {
        let address = client.url.strip_prefix("http://").expect("it is HTTP").to_owned();
        let mut deaf = tokio::net::TcpStream::connect(&address).await.expect("it listens");
        let head =
            format!("GET /v1/stream?from=0 HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {OWNER}\r\n\r\n");
        deaf.write_all(head.as_bytes()).await.expect("it is sent");
        // More than any socket holds on the way.
        let name = "x".repeat(1_000_000);
        let mut last = Json::Null;
        for _ in 0..10 {
            let path = "/v1/workflows/greet/runs?wait=20s";
            last = client.post(path, json!({ "name": name })).await.json["id"].clone();
        }
        let heard = Stream::open(client, "?from=0", None).await.until_rested(&last).await;
        let accepted = heard.iter().filter(|(_, said)| said["event"] == "accepted").count();
        assert_eq!(accepted, 10, "others hear everything");
        drop(deaf);
    });
}
