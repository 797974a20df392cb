//! What an OpenTelemetry collector is told: each run a trace, with the times of its journal.

use orchestra_flow::serve::Traces;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::{Served, folder, runtime};

const PROGRAM: &str = r#"
workflow order {
    step said = log.info { message: "begun" }
    step wrong = http.get {
        url: "http://127.0.0.1:9/nobody"
        retry 1 times backoff 1ms
    }
    output { wrong: wrong }
}
"#;

/// A collector: takes requests, and hands over what they carry.
pub(super) async fn collect(listener: TcpListener, told: mpsc::UnboundedSender<(String, Json)>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let told = told.clone();
        tokio::spawn(async move {
            let mut text = Vec::new();
            loop {
                let mut part = [0; 4096];
                let read = stream.read(&mut part).await.expect("it is sent");
                if read == 0 {
                    return;
                }
                text.extend_from_slice(&part[..read]);
                let whole = String::from_utf8_lossy(&text).into_owned();
                let Some((head, body)) = whole.split_once("\r\n\r\n") else { continue };
                let length =
                    head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
                if body.len() < length.unwrap_or(0) {
                    continue;
                }
                let json = serde_json::from_str(body).expect("JSON");
                told.send((head.lines().next().unwrap_or_default().to_owned(), json)).expect("somebody listens");
                let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
                stream.write_all(answer).await.expect("it is taken");
                text.clear();
            }
        });
    }
}

fn attribute(span: &Json, name: &str) -> Json {
    let all = span["attributes"].as_array().expect("attributes");
    let found = all.iter().find(|attribute| attribute["key"] == name);
    found.map_or(Json::Null, |attribute| attribute["value"].clone())
}

#[test]
fn a_run_is_a_trace_with_the_times_of_its_journal() {
    let folder = folder(&[("main.flow", PROGRAM), ("flow.toml", "[http]\nallow_hosts = [\"127.0.0.1\"]\n")]);
    runtime().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (tell, mut told) = mpsc::unbounded_channel();
        tokio::spawn(collect(listener, tell));
        let served = Served::start(folder.path()).await;
        let traces = Traces::to(&format!("http://{address}")).expect("it is an address");
        tokio::spawn(traces.follow(served.server.engine().clone()));
        tokio::task::yield_now().await;
        let run = served.client.post("/v1/workflows/order/runs?wait=20s", json!({})).await.json;
        assert_eq!(run["status"], "failed", "{run}");
        let (line, sent) = told.recv().await.expect("it is told");
        assert_eq!(line, "POST /v1/traces HTTP/1.1");
        let spans = sent["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().expect("spans").clone();
        let names: Vec<_> = spans.iter().map(|span| span["name"].as_str().expect("a name")).collect();
        assert_eq!(names, ["order", "said", "log.info", "wrong", "http.get", "http.get"]);
        let root = &spans[0];
        assert_eq!(attribute(root, "flow.run"), json!({ "stringValue": run["id"] }));
        assert!(spans.iter().all(|span| span["traceId"] == root["traceId"]), "one trace");
        let parents: Vec<_> = spans[1..].iter().map(|span| span["parentSpanId"].clone()).collect();
        let id = |at: usize| spans[at]["spanId"].clone();
        assert_eq!(parents, [id(0), id(1), id(0), id(3), id(3)]);
        assert_eq!(root["status"]["code"], json!(2), "an error");
        // The times are those of the journal.
        let path = format!("/v1/runs/{}/steps", run["id"].as_str().expect("an id"));
        let steps = served.client.get(&path).await.json;
        let began: jiff::Timestamp =
            steps["steps"][1]["attempts"][1]["started_at"].as_str().expect("a time").parse().expect("a time");
        assert_eq!(spans[5]["startTimeUnixNano"], json!(began.as_nanosecond().to_string()));
        served.stop().await;
    });
}
