//! `email.send` against an SMTP server that keeps what it is told to say.

use std::path::Path;
use std::sync::{Arc, Mutex};

use orchestra_flow::base::time::Duration;
use orchestra_flow::base::value::{Map, Value};
use orchestra_flow::run::world::{Outcome, Perform};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use super::desk::{act, desk, failure, json, value};

/// What the server says to a line of the client that begins with a word; `drop` closes the connection, `wait` says nothing.
pub type Script = &'static [(&'static str, &'static str)];

/// Starts a server that follows `script` and otherwise agrees. What the client says is kept.
pub async fn server(script: Script) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port on loopback");
    let port = listener.local_addr().expect("an address").port();
    let said: Arc<Mutex<Vec<String>>> = Arc::default();
    let keep = said.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (reader, mut writer) = stream.into_split();
            let (mut lines, keep) = (BufReader::new(reader).lines(), keep.clone());
            tokio::spawn(async move {
                let _ = writer.write_all(b"220 here\r\n").await;
                let mut content = false;
                while let Ok(Some(line)) = lines.next_line().await {
                    keep.lock().expect("no test panics while it holds this").push(line.clone());
                    if content && line != "." {
                        continue;
                    }
                    let word = if content { "." } else { line.split([' ', ':']).next().unwrap_or_default() };
                    let told = script.iter().find(|(start, _)| line.starts_with(start) && (!content || *start == "."));
                    content = word == "DATA" && told.is_none();
                    let reply = match (told, word) {
                        (Some((_, "drop")), _) => return,
                        (Some((_, "wait")), _) => std::future::pending().await,
                        (Some((_, reply)), _) => reply,
                        (None, "EHLO") => "250-here\r\n250-8BITMIME\r\n250 AUTH PLAIN",
                        (None, "DATA") => "354 go on",
                        (None, "AUTH") => "235 welcome",
                        (None, "QUIT") => "221 bye",
                        (None, _) => "250 ok",
                    };
                    let _ = writer.write_all(format!("{reply}\r\n").as_bytes()).await;
                }
            });
        }
    });
    (port, said)
}

/// Hands a message to the server on `port`; `more` are further settings.
pub async fn send(port: u16, directory: &Path, params: &str, more: &[(&str, &str)]) -> Outcome {
    let mut config = Map::new();
    config.insert("host".into(), "127.0.0.1".into());
    config.insert("port".into(), Value::Int(port.into()));
    config.insert("from".into(), "Flow <flow@example.com>".into());
    config.extend(more.iter().map(|&(name, value)| (name.into(), Value::from(value))));
    let mut act = act("email.send", json(params));
    act.timeout = Duration(700);
    desk(directory, "email", config, |_| {}).perform(act).await
}

/// A message in two lines, one of which looks like the end.
pub const PLAIN: &str = r#"{ "to": "ada@example.com", "subject": "Hi", "text": "Hello.\n.dot" }"#;

#[tokio::test]
async fn a_message_arrives_with_everything_that_was_said() {
    let (port, said) = server(&[]).await;
    let params = r#"{
        "to": ["Ada <ada@example.com>", "bob@example.com"], "cc": "carl@example.com", "bcc": "dora@example.com",
        "reply_to": "desk@example.com", "subject": "Grüße", "text": "plain words", "html": "<b>bold words</b>",
        "attachments": [{ "name": "a.csv", "content": "x,y" }]
    }"#;
    let got = value(send(port, Path::new("."), params, &[("user", "ada"), ("password", "pw")]).await);
    let addresses = ["ada@example.com", "bob@example.com", "carl@example.com", "dora@example.com"];
    assert_eq!(got["accepted"], serde_json::json!(addresses));
    let said = said.lock().expect("the server lives").join("\n");
    for expected in [
        "AUTH PLAIN ",
        "MAIL FROM:<flow@example.com>",
        "RCPT TO:<ada@example.com>",
        "RCPT TO:<dora@example.com>",
        "From: Flow <flow@example.com>",
        "Reply-To: desk@example.com",
        "Cc: carl@example.com",
        "Subject: =?utf-8?",
        "multipart/mixed",
        "multipart/alternative",
        "plain words",
        "<b>bold words</b>",
        "filename=\"a.csv\"",
        "text/csv",
    ] {
        assert!(said.contains(expected), "{expected} is not in {said}");
    }
    assert!(!said.contains("Bcc"), "{said}");
    assert!(said.contains(&format!("Message-ID: {}", got["message_id"].as_str().unwrap_or("none"))), "{said}");
}

#[tokio::test]
async fn a_name_cannot_smuggle_a_header_in() {
    let (port, said) = server(&[]).await;
    let params = r#"{ "to": "ada@example.com", "subject": "Hi", "text": "x",
        "attachments": [{ "name": "a\"b\r\nX-Evil: 1.txt", "content": "x" }] }"#;
    value(send(port, Path::new("."), params, &[]).await);
    let said = said.lock().expect("the server lives").clone();
    assert!(!said.iter().any(|line| line.starts_with("X-Evil")), "{said:?}");
}

#[tokio::test]
async fn a_key_has_one_message_id() {
    let (port, _) = server(&[]).await;
    let first = value(send(port, Path::new("."), PLAIN, &[]).await)["message_id"].clone();
    let again = value(send(port, Path::new("."), PLAIN, &[]).await)["message_id"].clone();
    assert_eq!(first, again);
    assert!(first.as_str().is_some_and(|id| id.starts_with('<') && id.ends_with("@example.com>")), "{first}");
}

#[tokio::test]
async fn what_the_server_says_is_a_type_and_certain_until_the_content_left() {
    let rows: [(Script, &str, bool); 12] = [
        (&[("EHLO", "421 too busy")], "rate_limited", true),
        (&[("MAIL", "451 later")], "rate_limited", true),
        (&[("MAIL", "530 sign in first")], "auth_error", true),
        (&[("AUTH", "535 no")], "auth_error", true),
        (&[("RCPT", "550 nobody here")], "not_found", true),
        (&[("RCPT", "452 full")], "rate_limited", true),
        (&[("MAIL", "drop")], "connection_error", true),
        (&[("MAIL", "wait")], "timeout", true),
        (&[("DATA", "554 no")], "validation_error", true),
        (&[(".", "552 too large")], "validation_error", true),
        (&[(".", "drop")], "connection_error", false),
        (&[(".", "wait")], "timeout", false),
    ];
    for (index, (script, kind, certain)) in rows.into_iter().enumerate() {
        let (port, _) = server(script).await;
        let outcome = send(port, Path::new("."), PLAIN, &[("user", "ada"), ("password", "pw")]).await;
        let (failure, is_certain) = failure(outcome);
        assert_eq!((failure.kind.name(), is_certain), (kind, certain), "row {index}: {}", failure.message);
    }
}

#[tokio::test]
async fn all_recipients_or_none() {
    let (port, said) = server(&[("RCPT TO:<bob", "550 nobody here")]).await;
    let params = r#"{ "to": ["ada@example.com", "bob@example.com"], "subject": "Hi", "text": "x" }"#;
    let (failure, certain) = failure(send(port, Path::new("."), params, &[]).await);
    assert_eq!((failure.kind.name(), certain), ("not_found", true));
    assert!(failure.message.contains("bob@example.com"), "{}", failure.message);
    assert_eq!(failure.details.get("accepted"), Some(&Value::list(["ada@example.com".into()])));
    assert!(!said.lock().expect("the server lives").iter().any(|line| line == "DATA"));
}

#[tokio::test]
async fn a_message_that_cannot_be_sent_is_refused_first() {
    let home = tempfile::tempdir().expect("a directory");
    let rows = [
        r#"{ "to": "nobody", "subject": "x", "text": "x" }"#,
        r#"{ "to": [], "subject": "x", "text": "x" }"#,
        r#"{ "to": "a@b.example", "subject": "x\r\nBcc: c@d.example", "text": "x" }"#,
        r#"{ "to": "a@b.example\r\nBcc: c@d.example", "subject": "x", "text": "x" }"#,
        r#"{ "to": "a@b.example", "reply_to": "a@b.example\nBcc: c@d.example", "subject": "x", "text": "x" }"#,
        r#"{ "to": "a@b.example", "from": "A\r\nBcc: c@d.example <a@b.example>", "subject": "x", "text": "x" }"#,
        r#"{ "to": "a@b.example", "subject": "x" }"#,
        r#"{ "to": "a@b.example", "text": "x" }"#,
        r#"{ "to": "a@b.example", "subject": "x", "template": "none" }"#,
        r#"{ "to": "a@b.example", "subject": "x", "template": "../none" }"#,
        r#"{ "to": "a@b.example", "subject": "x", "text": "x", "attachments": [{ "name": "a" }] }"#,
        r#"{ "to": "a@b.example", "subject": "x", "text": "x", "attachments": [{ "content": "a", "type": "text/plain\r\nX: 1" }] }"#,
    ];
    for params in rows {
        let (failure, certain) = failure(send(1, home.path(), params, &[]).await);
        assert_eq!((failure.kind.name(), certain), ("validation_error", true), "{params}: {}", failure.message);
        // What is quoted cannot break the line it is quoted in.
        assert!(!failure.message.contains(['\r', '\n']), "{:?}", failure.message);
    }
    let (failure, certain) = failure(send(1, home.path(), PLAIN, &[]).await);
    assert_eq!((failure.kind.name(), certain), ("connection_error", true));
}

#[tokio::test]
async fn templates_lie_beside_the_program() {
    let home = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(home.path().join("templates")).expect("a directory");
    std::fs::write(home.path().join("templates/hello.html"), "<p>Hello {{ name }}</p>").expect("a template");
    std::fs::write(home.path().join("templates/hello.txt"), "Hello {{ name }}").expect("a template");
    let (port, said) = server(&[]).await;
    let params = r#"{ "to": "a@b.example", "subject": "x", "template": "hello", "values": { "name": "A & B" } }"#;
    value(send(port, home.path(), params, &[]).await);
    let said = said.lock().expect("the server lives").join("\n");
    assert!(said.contains("<p>Hello A &amp; B</p>") && said.contains("Hello A & B"), "{said}");

    let params = r#"{ "to": "a@b.example", "subject": "x", "template": "hello", "values": { "nam": "A" } }"#;
    let (failure, certain) = failure(send(port, home.path(), params, &[]).await);
    assert_eq!((failure.kind.name(), certain), ("validation_error", true), "{}", failure.message);
}

#[tokio::test]
async fn a_server_that_cannot_encrypt_gets_nothing() {
    let (port, said) = server(&[]).await;
    let (failure, certain) = failure(send(port, Path::new("."), PLAIN, &[("security", "starttls")]).await);
    assert_eq!((failure.kind.name(), certain), ("connection_error", true), "{}", failure.message);
    assert!(!said.lock().expect("the server lives").iter().any(|line| line.starts_with("MAIL")));
}
