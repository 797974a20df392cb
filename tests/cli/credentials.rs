//! What the engine is given for itself: kept sealed, found by the next process, renewed by one at a time.

use std::path::Path;
use std::time::Duration;

use orchestra_flow::base::value::Value;
use orchestra_flow::run::event::Decision;
use orchestra_flow::{Builder, Program};

use super::Folder;
use crate::connect::peer::{Deed, Peer, says};

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const OTHER_KEY: &str = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// A program that asks `peer` once, with a refresh token from the settings.
fn program(peer: &Peer) -> String {
    format!(
        r#"
connector shop {{
    config {{ base_url: url = "{}", refresh_token: secret = "refresh-0" }}
    auth oauth2 {{ grant: "refresh_token", token_url: "${{config.base_url}}token", client_id: "c", refresh_token: config.refresh_token }}
    read operation look() -> any {{ GET "/look" }}
}}
workflow ask {{ step look = shop.look {{ on auth_error park }}, output {{ n: look.n }} }}
"#,
        peer.url("/")
    )
}

fn folder(peer: &Peer) -> Folder {
    let folder = Folder::with(&program(peer));
    folder.write("flow.toml", format!("[connectors.shop]\nbase_url = \"{}\"\n", peer.url("/")).as_bytes());
    folder
}

fn token(access: &str, refresh: &str, seconds: u32) -> Deed {
    says(200, &format!(r#"{{ "access_token": "{access}", "refresh_token": "{refresh}", "expires_in": {seconds} }}"#))
}

/// The refresh tokens that were used, in order.
fn used(peer: &Peer) -> Vec<String> {
    let asked = peer.requests();
    let forms = asked.iter().filter_map(|request| request.split_once("refresh_token=refresh"));
    forms.map(|(_, rest)| format!("refresh{}", rest.split('&').next().unwrap_or_default())).collect()
}

/// All files in `directory`, with what is in them.
fn files(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(files(&path)),
            path => found.push((path.display().to_string(), std::fs::read(&path).expect("a file"))),
        }
    }
    found
}

fn until(what: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if what() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it never happened");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_refresh_token_outlives_a_killed_process() {
    let peer = Peer::new([
        token("access-token-1", "refresh-1", 30),
        Deed::Silence,
        token("access-token-2", "refresh-2", 3600),
        says(200, r#"{ "n": 2 }"#),
        says(200, r#"{ "n": 3 }"#),
    ])
    .await;
    let folder = folder(&peer);
    let mut child = folder.start(&["run", "main.flow"]);
    // The service has been asked with the new token: whatever came with it is safe by now.
    until(|| peer.requests().len() == 2);
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    let done = folder.flow(&["run", "main.flow"]);
    assert_eq!((done.code, done.stdout.trim()), (0, r#"{"n":2}"#), "{}", done.stderr);
    assert_eq!(used(&peer), ["refresh-0", "refresh-1"]);
    // The token itself serves the next process too.
    let done = folder.flow(&["run", "main.flow"]);
    assert_eq!((done.code, done.stdout.trim()), (0, r#"{"n":3}"#), "{}", done.stderr);
    assert_eq!(peer.requests().len(), 5);
    for (name, bytes) in files(folder.path()) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("access-token") && !text.contains("refresh-1") && !text.contains("refresh-2"), "{name}");
    }
    #[cfg(unix)]
    for (name, _) in files(&folder.path().join(".flow/credentials")) {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&name).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_key_nothing_is_read_and_the_reason_is_said() {
    let good = || [token("access-token-1", "refresh-1", 3600), says(200, r#"{ "n": 1 }"#)];
    let peer = Peer::new(good()).await;
    let folder = folder(&peer);
    let run = |key: &str| folder.flow_in(&[("FLOW_KEY", key)], &["run", "main.flow"]);
    assert_eq!(run(KEY).stdout.trim(), r#"{"n":1}"#);
    assert!(!folder.path().join(".flow/credentials/key").exists());
    let asked = peer.requests().len();
    for (key, reason) in [
        (
            OTHER_KEY,
            "was sealed with another key than the one in `FLOW_KEY`: give that one, or delete the file and sign in again",
        ),
        ("secret", "`FLOW_KEY` is no key: a key is 64 hexadecimal digits, as `openssl rand -hex 32` makes them"),
        ("", "is sealed, and its key is neither in `FLOW_KEY` nor in the file `key` beside it"),
    ] {
        let done = run(key);
        assert_eq!(done.code, 1, "{}", done.stderr);
        assert!(done.stderr.contains("auth_error") && done.stderr.contains(reason), "{key}: {}", done.stderr);
    }
    assert_eq!(peer.requests().len(), asked, "who cannot read what is kept asks nobody");
    let sealed = files(&folder.path().join(".flow/credentials"));
    let (name, bytes) = sealed.iter().find(|(name, _)| name.ends_with(".sealed")).expect("it is kept");
    let mut damaged = bytes.clone();
    *damaged.last_mut().expect("it is not empty") ^= 1;
    std::fs::write(name, damaged).expect("it can be written");
    assert!(run(KEY).stderr.contains("is damaged"));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let peer = Peer::new([token("access-token-1", "refresh-1", 3600), says(200, r#"{ "n": 1 }"#)]).await;
    let folder = folder(&peer);
    assert_eq!(folder.flow(&["run", "main.flow"]).code, 0);
    let key = folder.path().join(".flow/credentials/key");
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).expect("it is ours");
    let done = folder.flow(&["run", "main.flow"]);
    assert!(done.stderr.contains("may be read by others: `chmod 600 "), "{}", done.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_processes_one_renews() {
    let peer = Peer::new([token("access-token-1", "refresh-1", 3600), says(200, r#"{ "n": 1 }"#)]).await;
    let folder = folder(&peer);
    let children: Vec<_> = (0..4).map(|_| folder.start(&["run", "main.flow"])).collect();
    for child in children {
        let done = super::done(child.wait_with_output().expect("it ends"));
        assert_eq!((done.code, done.stdout.trim()), (0, r#"{"n":1}"#), "{}", done.stderr);
    }
    assert_eq!(used(&peer), ["refresh-0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_kept_is_not_used() {
    let peer = Peer::new([token("access-token-1", "refresh-1", 3600), says(200, r#"{ "n": 1 }"#)]).await;
    let folder = folder(&peer);
    folder.write(".flow", b"no directory");
    let done = folder.flow(&["run", "main.flow"]);
    assert!(done.stderr.contains("auth_error") && done.stderr.contains("cannot be used"), "{}", done.stderr);
    assert_eq!(peer.requests().len(), 0, "a refresh token is not used up for nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_refresh_parks_the_step_until_somebody_mends_it() {
    let refused = r#"{ "error": "invalid_grant", "error_description": "Token has been expired or revoked." }"#;
    let peer =
        Peer::new([says(400, refused), token("access-token-1", "refresh-1", 3600), says(200, r#"{ "n": 1 }"#)]).await;
    let home = tempfile::tempdir().expect("a folder");
    let program = Program::from_text("main.flow", &program(&peer)).expect("it is right");
    let engine = Builder::new(program)
        .set("http.allow_hosts=127.0.0.1")
        .credentials_in(home.path())
        .build()
        .expect("it has its settings");
    let mut running = engine.start("ask", &Value::Unit).await.expect("it starts");
    let id = running.id().clone();
    let mut said = String::new();
    while !said.contains("invalid_grant") {
        said.push_str(&format!("{:?}\n", running.next().await.expect("it goes on")));
    }
    assert!(
        said.contains("AuthError") && said.contains("Token has been expired or revoked. (invalid_grant)"),
        "{said}"
    );
    while engine.decide(&id, "look", Decision::Retry { params: None }, "ann").await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(running.end().await.output.to_json(), serde_json::json!({ "n": 1 }));
    assert_eq!(used(&peer), ["refresh-0", "refresh-0"]);
}
