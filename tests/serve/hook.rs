//! Triggers of connectors under the real server: what services send over HTTP, and what is kept of it.

use std::process::Command;

use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Method;

use super::process::Process;
use super::*;

const PROGRAM: &str = r#"
workflow hears {
    trigger slack.message { where event.text != "", input: {} }
    output { ok: true }
}
workflow looks {
    input { gid: string }
    trigger asana.changed { kind: "task" }
    output { gid: input.gid }
}
"#;

const SETTINGS: &str = "[secrets]\nSLACK_SIGNING_SECRET = \"slack-signs\"\n";

/// The key that a service gives.
const GIVEN: &str = "b537207f20cbfa02357cf448134da559e8bd39d61597dcd5631b8012eae53e81";

fn code(key: &str, text: &[u8]) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).expect("any key will do");
    mac.update(text);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn now() -> i64 {
    orchestra_flow::base::time::Timestamp::now().as_second()
}

/// What Slack sends, `age` seconds ago.
async fn slack(client: &Client, body: Vec<u8>, age: i64) -> Answer {
    let at = now() - age;
    let signed = [format!("v0:{at}:").as_bytes(), &body].concat();
    let request = client.with(None).request(Method::POST, "/hooks/slack").header("content-type", "application/json");
    let request = request
        .header("x-slack-request-timestamp", at)
        .header("x-slack-signature", format!("v0={}", code("slack-signs", &signed)));
    Answer::of(request.body(body).send().await.expect("an answer")).await
}

fn message(id: &str) -> Vec<u8> {
    json!({ "event_id": id, "event": { "type": "message", "channel": "C1", "text": "hi", "ts": "1.2" } })
        .to_string()
        .into_bytes()
}

fn runs(answer: &Answer) -> usize {
    answer.headers.get_all("flow-run").iter().count()
}

async fn asana(client: &Client, key: &str, gid: &str) -> u16 {
    let body =
        json!({ "events": [{ "action": "added", "resource": { "gid": gid, "resource_type": "task" } }] }).to_string();
    let request =
        client.with(None).request(Method::POST, "/hooks/asana").header("x-hook-signature", code(key, body.as_bytes()));
    Answer::of(request.body(body).send().await.expect("an answer")).await.status.as_u16()
}

/// What `flow triggers` says beside the server.
fn triggers(folder: &Path, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flow"));
    command.arg("triggers").args(args).arg("--data").arg(folder.join(".flow")).env_clear();
    let done = command.output().expect("it ends");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("it is text")
}

#[test]
fn what_services_send_over_http_starts_runs() {
    let folder = folder(&[("main.flow", PROGRAM), ("flow.toml", SETTINGS)]);
    let runtime = runtime();
    let process = Process::start(folder.path(), &[]);
    let client = &process.client;
    runtime.block_on(async {
        let heard = slack(client, message("e1"), 0).await;
        assert_eq!((heard.status.as_u16(), runs(&heard)), (200, 1), "{heard:?}");
        let again = slack(client, message("e1"), 0).await;
        assert_eq!((again.status.as_u16(), runs(&again)), (200, 0));
        slack(client, message("e2"), 600).await.problem(401);
        let unsigned = client.with(None).post("/hooks/slack", json!({ "event_id": "e3" })).await;
        unsigned.problem(401);
        slack(client, b"\xff\xfe garbage".to_vec(), 0).await.problem(400);
        let challenge = slack(client, br#"{ "type": "url_verification", "challenge": "c1" }"#.to_vec(), 0).await;
        assert_eq!((challenge.status.as_u16(), challenge.json), (200, json!({ "challenge": "c1" })));
        let mut large: Json = serde_json::from_slice(&message("e4")).expect("JSON");
        large["event"]["text"] = "x".repeat(10_000_000).into();
        let large = slack(client, large.to_string().into_bytes(), 0).await;
        assert_eq!((large.status.as_u16(), runs(&large)), (200, 1), "ten megabytes are nothing special");
        let found = client.get("/v1/runs?workflow=hears").await.json;
        assert_eq!(found["runs"].as_array().map(Vec::len), Some(2));
        let listed = client.get("/v1/triggers").await.json;
        let slack = &listed["triggers"][0];
        assert_eq!((&slack["starts"], &slack["path"]), (&json!("slack.message"), &json!("/hooks/slack")), "{listed}");
    });
    assert!(triggers(folder.path(), &[]).contains("hears  slack.message  at /hooks/slack\n"));
    assert_eq!(process.terminate().0, Some(0));
}

#[test]
fn the_key_that_a_service_gives_is_kept_sealed() {
    let folder = folder(&[("main.flow", PROGRAM), ("flow.toml", SETTINGS)]);
    let runtime = runtime();
    let process = Process::start(folder.path(), &[]);
    runtime.block_on(async {
        let client = &process.client;
        let shake = client.with(None).request(Method::POST, "/hooks/asana").header("x-hook-secret", GIVEN);
        let shaken = Answer::of(shake.send().await.expect("an answer")).await;
        assert_eq!((shaken.status.as_u16(), shaken.header("x-hook-secret")), (200, GIVEN));
        assert_eq!(asana(client, GIVEN, "71").await, 200);
    });
    let (_, said) = process.terminate();
    assert!(!said.contains(GIVEN), "{said}");
    // Nothing of what is kept holds it in plain, and the next process knows it.
    let mut looked_at = 0;
    let mut open = vec![folder.path().join(".flow")];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
            if entry.path().is_dir() {
                open.push(entry.path());
                continue;
            }
            let bytes = std::fs::read(entry.path()).expect("a file");
            assert!(!bytes.windows(GIVEN.len()).any(|part| part == GIVEN.as_bytes()), "{}", entry.path().display());
            looked_at += 1;
        }
    }
    assert!(looked_at >= 3, "{looked_at}");
    assert_eq!(triggers(folder.path(), &["--key", "/hooks/asana"]).trim(), GIVEN);
    let process = Process::start(folder.path(), &[]);
    runtime.block_on(async {
        assert_eq!(asana(&process.client, "another", "72").await, 401);
        assert_eq!(asana(&process.client, GIVEN, "72").await, 200);
        let found = process.client.get("/v1/runs?workflow=looks").await.json;
        assert_eq!(found["runs"].as_array().map(Vec::len), Some(2));
    });
    process.terminate();
}
