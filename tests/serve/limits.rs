//! Bounds: what one client may ask for, and what is refused before it costs anything.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::StreamExt as _;
use orchestra_flow::serve::Limits;
use orchestra_flow::serve::client::Client as InProcess;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Answer, Client, OWNER, PROGRAM, Served, folder, runtime, served};

#[test]
fn a_body_of_a_gigabyte_is_not_read() {
    served(async |client, _| {
        let address = client.url.strip_prefix("http://").expect("it is HTTP");
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        let head = format!(
            "POST /v1/workflows/greet/runs HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {OWNER}\r\n\
             content-type: application/json\r\nexpect: 100-continue\r\ncontent-length: 1000000000\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.expect("it is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("it is answered, and the connection closed");
        assert!(answer.starts_with("HTTP/1.1 413 "), "nobody asks for it: {answer}");
        assert!(answer.contains("application/problem+json"), "{answer}");
    });
}

/// A connection of its own.
async fn connected(client: &Client) -> TcpStream {
    TcpStream::connect(client.url.strip_prefix("http://").expect("it is HTTP")).await.expect("it listens")
}

/// Sends a head, or what is to pass for one.
async fn sent(client: &Client, head: impl AsRef<[u8]>) -> TcpStream {
    let mut stream = connected(client).await;
    stream.write_all(head.as_ref()).await.expect("it is sent");
    stream
}

/// Sends some bytes again and again, until the server ends the connection: what it has said.
async fn until_cut_off(stream: TcpStream, drip: &[u8]) -> String {
    let (mut from, mut to) = stream.into_split();
    let mut said = Vec::new();
    let dripping = async {
        loop {
            // It may be cut off just now.
            let _ = to.write_all(drip).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        // Whoever still sends is cut off the hard way.
        _ = from.read_to_end(&mut said) => {}
        () = dripping => {}
        () = tokio::time::sleep(Duration::from_secs(20)) => panic!("it is never cut off"),
    }
    String::from_utf8_lossy(&said).into_owned()
}

/// What comes next on a connection.
async fn next(stream: &mut TcpStream) -> String {
    let mut room = [0; 4_096];
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut room)).await.expect("it is answered");
    String::from_utf8_lossy(&room[..read.expect("it is there")]).into_owned()
}

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";

#[test]
fn who_sends_too_slowly_is_cut_off() {
    let folder = folder(&[("main.flow", PROGRAM)]);
    runtime().block_on(async {
        let limits = Limits { patience: Duration::from_millis(300), ..Limits::default() };
        let served = Served::start_within(folder.path(), limits).await;
        let client = &served.client;
        let half = "GET /healthz HTTP/1.1\r\nx-slow: ";
        let body = format!(
            "POST /v1/workflows/greet/runs HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {OWNER}\r\n\
             content-type: application/json\r\ncontent-length: 100000\r\n\r\n"
        );
        let (silent, stuck, slow, slow_body, stuck_body) = tokio::join!(
            async { until_cut_off(connected(client).await, b"").await },
            async { until_cut_off(sent(client, half).await, b"").await },
            async { until_cut_off(sent(client, half).await, b"x").await },
            async { until_cut_off(sent(client, &body).await, b" ").await },
            async { until_cut_off(sent(client, &body).await, b"").await },
        );
        for said in [silent, stuck, slow] {
            assert!(said.is_empty() || said.starts_with("HTTP/1.1 408 "), "a head: {said}");
        }
        for said in [slow_body, stuck_body] {
            assert!(said.starts_with("HTTP/1.1 408 ") && said.contains("urn:flow:problem:too-slow"), "a body: {said}");
        }
        assert_eq!(client.get("/v1/runs").await.json["runs"], json!([]), "nothing has begun");
        served.stop().await;
    });
}

#[test]
fn who_comes_when_all_places_are_taken_waits_for_one() {
    let folder = folder(&[("main.flow", PROGRAM)]);
    runtime().block_on(async {
        let served = Served::start_within(folder.path(), Limits { connections: 2, ..Limits::default() }).await;
        let (mut first, mut second) = (sent(&served.client, HEALTH).await, sent(&served.client, HEALTH).await);
        assert!(
            next(&mut first).await.starts_with("HTTP/1.1 200 ") && next(&mut second).await.starts_with("HTTP/1.1 200 ")
        );
        let mut third = sent(&served.client, HEALTH).await;
        let early = tokio::time::timeout(Duration::from_millis(200), third.readable()).await;
        assert!(early.is_err(), "it waits");
        second.write_all(HEALTH.as_bytes()).await.expect("it is sent");
        assert!(next(&mut second).await.starts_with("HTTP/1.1 200 "), "who has a place is served");
        drop(first);
        assert!(next(&mut third).await.starts_with("HTTP/1.1 200 "));
        drop((second, third));
        served.stop().await;
    });
}

#[test]
fn a_stream_that_nobody_takes_gives_its_place_back() {
    let folder = folder(&[("main.flow", PROGRAM)]);
    runtime().block_on(async {
        let limits = Limits { connections: 1, patience: Duration::from_millis(300), ..Limits::default() };
        let served = Served::start_within(folder.path(), limits).await;
        // The only place is for the stream.
        let here = InProcess::within(served.server.router(), Some(OWNER.to_owned()));
        let name = "x".repeat(1_000_000);
        for _ in 0..20 {
            let path = "/v1/workflows/greet/runs?wait=20s";
            here.post(path, &[], Some(&json!({ "name": name }))).await.expect("it runs");
        }
        let head =
            format!("GET /v1/stream?from=0 HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {OWNER}\r\n\r\n");
        let mut deaf = sent(&served.client, head).await;
        assert!(next(&mut deaf).await.starts_with("HTTP/1.1 200 "));
        // From now on it takes nothing.
        let mut other = sent(&served.client, HEALTH).await;
        assert!(next(&mut other).await.starts_with("HTTP/1.1 200 "), "whoever comes next is served");
        drop((deaf, other));
        served.stop().await;
    });
}

#[test]
fn requests_that_are_sent_at_once_are_answered_in_order() {
    served(async |client, _| {
        let body = r#"{ "name": "Ada" }"#;
        let all = format!(
            "{HEALTH}POST /v1/workflows/greet/runs HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {OWNER}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}\
             GET /v1/nothing HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
            body.len()
        );
        let said = until_cut_off(sent(client, all).await, b"").await;
        let statuses: Vec<&str> = said.split("HTTP/1.1 ").skip(1).filter_map(|answer| answer.get(..3)).collect();
        assert_eq!(statuses, ["200", "201", "404"], "{said}");
    });
}

#[test]
fn a_malformed_token_is_refused_and_the_next_one_is_served() {
    served(async |client, _| {
        let ask = async |authorization: &[u8]| {
            let mut head = b"GET /v1/runs HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n".to_vec();
            head.extend_from_slice(authorization);
            head.extend_from_slice(b"\r\n\r\n");
            until_cut_off(sent(client, head).await, b"").await
        };
        let long = [b"authorization: Bearer ".as_slice(), &[b'x'; 60_000][..]].concat();
        let twice = format!("authorization: Bearer {OWNER}\r\nauthorization: Bearer {OWNER}");
        for (given, status) in [
            (b"authorization: Bearer \xff\xfe\xfd".as_slice(), "401"),
            (b"authorization:".as_slice(), "401"),
            (b"authorization: Bearer\t".as_slice(), "401"),
            (long.as_slice(), "401"),
            (twice.as_bytes(), "401"),
            (b"authorization: Bearer \0".as_slice(), "400"),
        ] {
            let said = ask(given).await;
            assert!(
                said.starts_with(&format!("HTTP/1.1 {status} ")),
                "{}: {said}",
                String::from_utf8_lossy(&given[..given.len().min(60)])
            );
        }
        let own = format!("authorization: bearer {OWNER}");
        assert!(ask(own.as_bytes()).await.starts_with("HTTP/1.1 200 "));
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
        tokio::time::sleep(Duration::from_secs(1)).await;
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
        tokio::time::sleep(Duration::from_secs(1)).await;
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

/// Sends all of a request, whatever is said meanwhile, and only then looks at the answer, as many clients do.
async fn said_to(client: &Client, head: &str, body: &[u8]) -> String {
    let mut stream = sent(client, head).await;
    for part in body.chunks(1 << 20) {
        stream.write_all(part).await.expect("it is taken");
    }
    let mut said = vec![0; 4096];
    let read = stream.read(&mut said).await.expect("the connection holds");
    String::from_utf8_lossy(&said[..read]).into_owned()
}

#[test]
fn who_sends_too_much_gets_to_read_so() {
    served(async |client, _| {
        let address = client.url.strip_prefix("http://").expect("it is HTTP");
        let size = 40 << 20;
        let body = vec![b'x'; size];
        let head = |token: &str, length: &str| {
            format!(
                "POST /v1/workflows/greet/runs HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
                 content-type: application/json\r\n{length}\r\n\r\n"
            )
        };
        let announced = format!("content-length: {size}");
        let chunked = [format!("{size:x}\r\n").as_bytes(), &body, b"\r\n0\r\n\r\n"].concat();
        let rows = [
            (OWNER, &*announced, &body, "HTTP/1.1 413 "),
            (OWNER, "transfer-encoding: chunked", &chunked, "HTTP/1.1 413 "),
            ("nobody", &*announced, &body, "HTTP/1.1 401 "),
        ];
        for (token, length, body, expected) in rows {
            let said = said_to(client, &head(token, length), body).await;
            assert!(said.starts_with(expected), "{length}: {said}");
        }
    });
}
