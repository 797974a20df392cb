//! Files that go past: sent as they are read, stored as they come.

use std::path::Path;

use orchestra_flow::base::value::Map;
use orchestra_flow::run::world::{Outcome, Perform};

use super::declared::{call, connectors, package};
use super::desk::{act, desk, failure, json, value};
use super::peer::{Deed, Peer, answer, says};

/// What lies in `directory`, drafts included.
fn entries(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).expect("it is there");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("it can be listed").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// One request of `http.*` with files in `directory`.
async fn ask(directory: &Path, operation: &str, params: &str) -> Outcome {
    desk(directory, "http", Map::new(), |_| {}).perform(act(operation, json(params))).await
}

#[tokio::test]
async fn an_answer_goes_into_a_file_as_it_comes() {
    let home = tempfile::tempdir().expect("a directory");
    let bytes: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nContent-Length: {}\r\n\r\n", bytes.len());
    let peer = Peer::new([Deed::Bytes([head.as_bytes(), &bytes].concat())]).await;
    let params = format!(r#"{{ "url": "{}", "save": "in/a.pdf" }}"#, peer.url("/a"));
    let given = value(ask(home.path(), "http.get", &params).await);
    assert_eq!(
        given["body"],
        serde_json::json!({ "path": "in/a.pdf", "name": "a.pdf", "bytes": 300_000, "type": "application/pdf" })
    );
    assert_eq!(std::fs::read(home.path().join("in/a.pdf")).expect("it was stored"), bytes);
    assert_eq!(entries(&home.path().join("in")), ["a.pdf"]);
}

#[tokio::test]
async fn what_is_no_whole_answer_leaves_the_file_as_it_was() {
    let home = tempfile::tempdir().expect("a directory");
    std::fs::write(home.path().join("a.txt"), "before").expect("it can be written");
    let half = Deed::Say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".into());
    let refused = says(403, r#"{ "message": "not yours" }"#);
    let chunked = answer(200, "", &"x".repeat(5_000));
    for (deed, kind, words) in [
        (half, "connection_error", "broke in the middle"),
        (refused, "permission_denied", "not yours"),
        (chunked, "limit_exceeded", "`http.saved_bytes_max`"),
    ] {
        let peer = Peer::new([deed]).await;
        let params = format!(r#"{{ "url": "{}", "save": "a.txt" }}"#, peer.url("/a"));
        let narrow = desk(home.path(), "http", Map::new(), |environment| environment.saved_bytes_max = 4_000);
        let (failure, _) = failure(narrow.perform(act("http.get", json(&params))).await);
        assert_eq!(failure.kind.name(), kind, "{}", failure.message);
        assert!(failure.message.contains(words), "{}", failure.message);
        assert_eq!(entries(home.path()), ["a.txt"]);
        assert_eq!(std::fs::read_to_string(home.path().join("a.txt")).expect("it is there"), "before");
    }
}

#[tokio::test]
async fn a_place_outside_the_roots_is_refused_before_anything_is_asked() {
    let home = tempfile::tempdir().expect("a directory");
    let peer = Peer::new([says(200, "{}")]).await;
    for params in [r#""save": "../a""#, r#""raw": { "path": "/etc/hostname" }"#, r#""raw": { "path": "missing" }"#] {
        let params = format!(r#"{{ "url": "{}", "method": "POST", {params} }}"#, peer.url("/a"));
        let (failure, certain) = failure(ask(home.path(), "http.request", &params).await);
        assert!(["permission_denied", "not_found"].contains(&failure.kind.name()) && certain, "{}", failure.message);
    }
    assert_eq!(peer.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn a_file_is_sent_with_its_length_as_body_and_as_part() {
    let home = tempfile::tempdir().expect("a directory");
    std::fs::write(home.path().join("a.txt"), "what it holds").expect("it can be written");
    let peer = Peer::new([says(200, "{}")]).await;
    let ask = async |body: &str| {
        let params = format!(r#"{{ "url": "{}", {body} }}"#, peer.url("/a"));
        value(ask(home.path(), "http.post", &params).await);
        peer.requests().pop().expect("it came")
    };
    let whole = ask(r#""raw": { "path": "a.txt" }, "headers": { "Content-Type": "text/plain" }"#).await;
    assert!(whole.contains("content-length: 13\r\n") && whole.contains("content-type: text/plain\r\n"), "{whole}");
    assert!(whole.ends_with("\r\n\r\nwhat it holds"), "{whole}");
    let part = ask(r#""multipart": { "file": { "path": "a.txt", "type": "text/plain" }, "n": 1 }"#).await;
    assert!(part.contains("name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n"), "{part}");
    assert!(part.contains("content-length: ") && part.contains("what it holds"), "{part}");
}

#[tokio::test]
async fn related_parts_make_one_body_and_a_file_is_looked_at_ahead() {
    let package = package(
        r#"connector store {
            config { base_url: url }
            once operation put(path: string) -> { id: string } {
                let document = file path
                POST "/files" {
                    query: { length: document.bytes }
                    related: [
                        { type: "application/json", content: { name: document.name } }
                        { type: "text/plain", path: document.path }
                    ]
                }
            }
        }
        workflow w { step store.put { path: "a.txt" } }"#,
    );
    let peer = Peer::new([says(200, r#"{ "id": "1" }"#)]).await;
    let connectors = connectors(
        &package,
        &[("FLOW_CONNECTOR_STORE_BASE_URL", &peer.url("")), ("files.roots", env!("CARGO_MANIFEST_DIR"))],
    );
    let length = std::fs::metadata(Path::new(env!("CARGO_MANIFEST_DIR")).join("LICENSE")).expect("it is there").len();
    value(connectors.perform(call(&package, "store.put", json(r#"{ "path": "LICENSE" }"#))).await);
    let request = peer.requests().pop().expect("it came");
    assert!(request.starts_with(&format!("POST /files?length={length} HTTP/1.1\r\n")), "{request}");
    let boundary = request.split("content-type: multipart/related; boundary=").nth(1).expect("its type").lines().next();
    let boundary = format!("--{}", boundary.expect("its boundary"));
    let (_, body) = request.split_once("\r\n\r\n").expect("a body");
    let parts: Vec<&str> = body.split(&boundary).collect();
    assert_eq!(parts.len(), 4, "{body}");
    assert_eq!(parts[1], "\r\nContent-Type: application/json\r\n\r\n{\"name\":\"LICENSE\"}\r\n");
    assert!(parts[2].starts_with("\r\nContent-Type: text/plain\r\n\r\nMIT License"), "{}", parts[2]);
    assert_eq!(parts[3], "--\r\n");
}
