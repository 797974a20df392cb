//! Bounds: what one client may ask for, and what is refused before it costs anything.

use std::collections::BTreeSet;

use futures_util::StreamExt as _;
use orchestra_flow::serve::Limits;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Answer, OWNER, PROGRAM, Served, folder, runtime, served};

#[test]
fn a_body_of_a_gigabyte_is_not_read() {
    served(async |client, _| {
        let address = client.url.strip_prefix("http://").expect("it is HTTP");
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        let head = format!(
            "POST /v1/workflows/greet/runs HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {OWNER}\r\n\
             content-type: application/json\r\ncontent-length: 1000000000\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.expect("it is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("it is answered, and the connection closed");
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.contains("application/problem+json"), "{answer}");
    });
}

#[test]
fn a_body_of_unknown_length_is_read_up_to_the_bound() {
    let folder = folder(&[("main.flow", PROGRAM)]);
    runtime().block_on(async {
        let limits = Limits { body_bytes: 1_000, ..Limits::default() };
        let served = Served::start_within(folder.path(), limits).await;
        let send = async |bytes: usize| {
            let text = format!("{{ \"name\": \"{}\" }}", "x".repeat(bytes - 14));
            let parts = futures_util::stream::iter([Ok::<_, std::io::Error>(text)]);
            let request = served.client.request(Method::POST, "/v1/workflows/greet/runs");
            let request = request.header("content-type", "application/json").body(reqwest::Body::wrap_stream(parts));
            Answer::of(request.send().await.expect("an answer")).await
        };
        assert_eq!(send(1_000).await.status, 201);
        send(1_001).await.problem(413);
        served.stop().await;
    });
}

#[test]
fn who_asks_too_fast_is_told_when_to_come_again() {
    let folder = folder(&[("main.flow", PROGRAM)]);
    runtime().block_on(async {
        let limits = Limits { requests_per_second: 20, ..Limits::default() };
        let served = Served::start_within(folder.path(), limits).await;
        let (mut accepted, mut refused) = (Vec::new(), 0);
        for number in 0..60 {
            let answer = served.client.post("/v1/workflows/greet/runs", json!({ "name": number.to_string() })).await;
            match answer.status.as_u16() {
                201 => accepted.push(answer.json["id"].clone()),
                _ => {
                    answer.problem(429);
                    assert_eq!(answer.header("retry-after"), "1");
                    refused += 1;
                }
            }
        }
        assert!(refused > 0, "{} were accepted", accepted.len());
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let kept = served.client.get("/v1/runs?limit=1000").await.json;
        let mut kept: Vec<_> = kept["runs"].as_array().expect("runs").iter().map(|run| run["id"].clone()).collect();
        kept.reverse();
        assert_eq!(kept, accepted, "what was accepted is there, and nothing else");
        served.stop().await;
    });
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    served(async |client, _| {
        let request = client.request(Method::GET, "/v1/runs").header("x-large", "x".repeat(200_000));
        let refused = request.send().await;
        assert!(refused.is_err() || refused.is_ok_and(|answer| answer.status() == 431));
        let request = client.request(Method::GET, "/v1/runs").header("x-large", "x".repeat(66_000));
        Answer::of(request.send().await.expect("an answer")).await.problem(431);
        let request = client.request(Method::GET, "/v1/runs").header("x-large", "x".repeat(60_000));
        assert_eq!(request.send().await.expect("an answer").status(), 200);
        assert_eq!(client.get("/v1/runs").await.status, 200, "others are served as before");
    });
}

/// How many webhooks come at once; `FLOW_WEBHOOKS=10000` for the long form.
fn webhooks() -> usize {
    std::env::var("FLOW_WEBHOOKS").ok().and_then(|count| count.parse().ok()).unwrap_or(1_000)
}

#[test]
fn of_many_webhooks_each_that_is_accepted_is_a_run_and_each_other_is_told_when_to_come_again() {
    let program = r#"workflow hooked {
        input { n: int }
        trigger webhook "/hooked"
        output { n: input.n }
    }"#;
    let folder = folder(&[("main.flow", program)]);
    runtime().block_on(async {
        let count = webhooks();
        let rate = u32::try_from(count / 50).expect("it fits").max(1);
        let limits = Limits { requests_per_second: rate, ..Limits::default() };
        let served = Served::start_within(folder.path(), limits).await;
        let begun = std::time::Instant::now();
        let sent = (0..count).map(|n| served.client.post("/hooked", json!({ "n": n })));
        let answers: Vec<Answer> = futures_util::stream::iter(sent).buffer_unordered(64).collect().await;
        let took = begun.elapsed();
        let mut accepted = BTreeSet::new();
        for answer in &answers {
            match answer.status.as_u16() {
                202 => assert!(accepted.insert(answer.json["id"].as_str().expect("an id").to_owned()), "{answer:?}"),
                _ => {
                    answer.problem(429);
                    assert_eq!(answer.header("retry-after"), "1");
                }
            }
        }
        eprintln!("{count} webhooks in {took:?}: {} accepted", accepted.len());
        assert!(accepted.len() >= rate as usize && accepted.len() < count, "{} of {count}", accepted.len());
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let (mut kept, mut path) = (BTreeSet::new(), "/v1/runs?limit=1000".to_owned());
        loop {
            let page = served.client.get(&path).await.json;
            let runs = page["runs"].as_array().expect("runs").iter();
            kept.extend(runs.map(|run| run["id"].as_str().expect("an id").to_owned()));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("/v1/runs?limit=1000&cursor={cursor}");
        }
        assert_eq!(kept, accepted, "what was accepted is there, and nothing else");
        served.stop().await;
    });
}
