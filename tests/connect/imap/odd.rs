//! A server that misbehaves: it falls silent, breaks off, lies, or can do little.

use std::path::Path;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::peer::Desk;
use crate::connect::desk::{failure, value};
use crate::connect::mail as smtp;
use crate::connect::peer::{Peer, says};

/// What the server says to a command that contains a text, `@` in place of the command's tag; `wait` says nothing, and a
/// `drop` at the end breaks off.
type Script = &'static [(&'static str, &'static str)];

const GREETING: &str = "greeting";
/// One message, with its text as a literal.
const MESSAGE: &str = "* 1 FETCH (UID 7 FLAGS () INTERNALDATE \"01-Jan-2026 00:00:00 +0000\" RFC822.SIZE 18 BODY[] {18}\r\nSubject: x\r\n\r\nhi\r\n)\r\n@ OK\r\n";
const SIZED: &str =
    "* 1 FETCH (UID 7 FLAGS () INTERNALDATE \"01-Jan-2026 00:00:00 +0000\" RFC822.SIZE 18)\r\n@ OK done\r\n";

/// Starts a server that follows `script` and otherwise agrees. What the client says is kept.
async fn server(script: Script) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port on loopback");
    let port = listener.local_addr().expect("an address").port();
    let said: Arc<Mutex<Vec<String>>> = Arc::default();
    let keep = said.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that breaks off is a part of these tests.
            tokio::spawn(converse(stream, script, keep.clone()));
        }
    });
    (port, said)
}

async fn converse(stream: TcpStream, script: Script, keep: Arc<Mutex<Vec<String>>>) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    let told = |line: &str| script.iter().find(|(part, _)| line.contains(part)).map(|(_, reply)| *reply);
    if say(&mut writer, "", told(GREETING).unwrap_or("* OK here\r\n")).await? {
        return Ok(());
    }
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        // A literal belongs to its command.
        while let Some(length) = literal(&line) {
            writer.write_all(b"+ go on\r\n").await?;
            let mut content = vec![0; length];
            reader.read_exact(&mut content).await?;
            line = format!("{}{}", line.trim_end(), String::from_utf8_lossy(&content));
            reader.read_line(&mut line).await?;
        }
        let line = line.trim_end().to_owned();
        keep.lock().expect("no test panics while it holds this").push(line.clone());
        let tag = line.split(' ').next().unwrap_or_default();
        let reply = told(&line).unwrap_or_else(|| {
            let known = [
                ("CAPABILITY", "* CAPABILITY IMAP4rev1 MOVE UIDPLUS\r\n@ OK\r\n"),
                ("SELECT", "* OK [UIDVALIDITY 5] yes\r\n@ OK [READ-WRITE] done\r\n"),
                ("EXAMINE", "* OK [UIDVALIDITY 5] yes\r\n@ OK [READ-ONLY] done\r\n"),
                ("BODY.PEEK[]", MESSAGE),
                ("UID FETCH", SIZED),
                ("UID SEARCH", "* SEARCH 7\r\n@ OK done\r\n"),
            ];
            known.iter().find(|(part, _)| line.contains(part)).map_or("@ OK done\r\n", |(_, reply)| reply)
        });
        if say(&mut writer, tag, reply).await? {
            return Ok(());
        }
    }
}

/// Says `reply`; whether the connection is to end then.
async fn say(writer: &mut (impl tokio::io::AsyncWrite + Unpin), tag: &str, reply: &str) -> std::io::Result<bool> {
    if reply == "wait" {
        std::future::pending::<()>().await;
    }
    if let Some(line) = reply.strip_prefix("for ever ") {
        let lines = line.repeat(1_000);
        loop {
            writer.write_all(lines.as_bytes()).await?;
        }
    }
    let (reply, ends) = reply.strip_suffix("drop").map_or((reply, false), |reply| (reply, true));
    writer.write_all(reply.replace('@', tag).as_bytes()).await?;
    Ok(ends)
}

fn literal(line: &str) -> Option<usize> {
    line.trim_end().strip_suffix('}')?.rsplit_once('{')?.1.parse().ok()
}

fn desk(port: u16, more: &[(&str, &str)]) -> Desk {
    let url = format!("imap://127.0.0.1:{port}");
    let own = [("imap_url", url.as_str()), ("imap_user", "ada"), ("imap_password", "pw")];
    Desk::bounded(Path::new("."), &[&own[..], more].concat(), 100_000)
}

const ID: &str = r#"{ "id": "INBOX/5/7" }"#;

#[tokio::test]
async fn whatever_a_server_does_is_a_type_of_error() {
    let rows: [(&str, Script, &str); 22] = [
        ("fetch", &[(GREETING, "drop")], "connection_error"),
        ("fetch", &[(GREETING, "wait")], "timeout"),
        ("fetch", &[(GREETING, "220 smtp here\r\n")], "connection_error"),
        ("fetch", &[(GREETING, "HTTP/1.1 400 Bad Request\r\n\r\n")], "connection_error"),
        ("fetch", &[(GREETING, "* BYE too busy\r\n")], "connection_error"),
        ("fetch", &[(GREETING, "for ever * OK")], "limit_exceeded"),
        ("fetch", &[("LOGIN", "@ NO wrong\r\n")], "auth_error"),
        ("fetch", &[("LOGIN", "@ NO [UNAVAILABLE] later\r\n")], "server_error"),
        ("fetch", &[("EXAMINE", "@ NO no such folder\r\n")], "not_found"),
        ("fetch", &[("EXAMINE", "@ NO [NOPERM] not yours\r\n")], "permission_denied"),
        ("fetch", &[("EXAMINE", "@ OK without numbers\r\n")], "server_error"),
        ("fetch", &[("EXAMINE", "wait")], "timeout"),
        ("fetch", &[("UID FETCH", "@ OK nothing there\r\n")], "not_found"),
        ("fetch", &[("UID FETCH", "* BYE shutting down\r\ndrop")], "connection_error"),
        ("fetch", &[("UID FETCH", "\u{1}\u{2}garbage\r\n")], "connection_error"),
        ("fetch", &[("UID FETCH", "* 1 FETCH (UID seven)\r\n@ OK\r\n")], "connection_error"),
        ("fetch", &[("BODY.PEEK[]", "* 1 FETCH (UID 7 RFC822.SIZE 9 BODY[] {99}\r\nshort")], "timeout"),
        ("fetch", &[("BODY.PEEK[]", "* 1 FETCH (UID 7 RFC822.SIZE 9 BODY[] {99}\r\nshortdrop")], "connection_error"),
        (
            "fetch",
            &[("BODY.PEEK[]", "* 1 FETCH (UID 7 RFC822.SIZE 9 BODY[] {2}\r\nlonger than two)\r\n@ OK\r\n")],
            "connection_error",
        ),
        ("fetch", &[("BODY.PEEK[]", "for ever * 1 FETCH (UID 7 BODY[] {4294967295}\r\n")], "limit_exceeded"),
        ("list", &[("UID SEARCH", "for ever * SEARCH 1 2 3 4 5 6 7 8 9\r\n")], "limit_exceeded"),
        ("list", &[("UID SEARCH", "@ BAD what?\r\n")], "server_error"),
    ];
    for (index, (name, script, kind)) in rows.into_iter().enumerate() {
        let (port, _) = server(script).await;
        let params = if name == "fetch" { ID } else { "{}" };
        let patience = if kind == "timeout" { 500 } else { 20_000 };
        let (failure, certain) = failure(desk(port, &[]).hurried(name, params, patience).await);
        assert_eq!((failure.kind.name(), certain), (kind, true), "row {index}: {}", failure.message);
        assert!(!failure.message.contains(['\r', '\n', '\u{1}']), "{:?}", failure.message);
    }
}

#[tokio::test]
async fn what_many_servers_say_is_understood() {
    for script in [
        &[("EXAMINE", "* OK [UIDVALIDITY 5] ja\r\n@ OK [READ-ONLY] geöffnet für Sie\r\n")][..],
        &[("EXAMINE", "* XNEWS (1 2 \u{e9})\r\n* OK [UIDVALIDITY 5]\r\n* 3 EXISTS\r\n@ OK\r\n")],
        &[("LOGIN", "* CAPABILITY IMAP4rev1\r\n@ OK [CAPABILITY IMAP4rev1] hi\r\n")],
        &[(
            "UID FETCH",
            "* 9 FETCH (FLAGS (\\Seen))\r\n* 1 FETCH (UID 7 RFC822.SIZE 18 FLAGS () BODY[] {18}\r\nSubject: x\r\n\r\nhi\r\n)\n@ OK\n",
        )],
        &[("CAPABILITY", "* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR X-ODD=1 \r\n@ OK\r\n")],
    ] {
        let (port, _) = server(script).await;
        let message = value(desk(port, &[]).perform("fetch", ID).await);
        assert_eq!((&message["subject"], &message["uid"]), (&json!("x"), &json!(7)), "{script:?}");
    }
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_is_in_doubt() {
    let rows: [(&str, &str, Script, &str, bool); 10] = [
        ("move", r#""to": "Archive""#, &[("UID MOVE", "drop")], "connection_error", false),
        ("move", r#""to": "Archive""#, &[("UID MOVE", "wait")], "timeout", false),
        ("move", r#""to": "Archive""#, &[("UID MOVE", "@ NO [OVERQUOTA] full\r\n")], "limit_exceeded", true),
        ("move", r#""to": "Archive""#, &[("UID MOVE", "@ NO [TRYCREATE] where?\r\n")], "not_found", true),
        ("move", r#""to": "Archive""#, &[("UID FETCH", "drop")], "connection_error", true),
        (
            "move",
            r#""to": "Archive""#,
            &[("CAPABILITY", "* CAPABILITY IMAP4rev1\r\n@ OK\r\n"), ("UID STORE", "@ NO no\r\n")],
            "server_error",
            false,
        ),
        ("copy", r#""to": "Archive""#, &[("UID COPY", "* BYE\r\ndrop")], "connection_error", false),
        ("mark", r#""seen": true"#, &[("UID STORE", "drop")], "connection_error", false),
        ("mark", r#""seen": true"#, &[("UID STORE", "@ NO [READ-ONLY] no\r\n")], "permission_denied", true),
        ("delete", r#""id": "INBOX/5/7""#, &[("EXPUNGE", "wait")], "timeout", false),
    ];
    for (index, (name, more, script, kind, is_certain)) in rows.into_iter().enumerate() {
        let (port, _) = server(script).await;
        let params = format!(r#"{{ "id": "INBOX/5/7", {more} }}"#);
        let (failure, certain) =
            failure(desk(port, &[]).hurried(name, &params, if kind == "timeout" { 1_000 } else { 20_000 }).await);
        assert_eq!((failure.kind.name(), certain), (kind, is_certain), "row {index}: {}", failure.message);
    }
}

#[tokio::test]
async fn a_server_that_can_do_little_is_asked_in_more_steps_and_loses_no_other_message() {
    let little = ("CAPABILITY", "* CAPABILITY IMAP4rev1\r\n@ OK\r\n");
    let none: Script = Box::leak(Box::new([little]));
    let others: Script = Box::leak(Box::new([little, ("UID SEARCH DELETED", "* SEARCH 3 7\r\n@ OK\r\n")]));
    for (script, forgets) in [(none, true), (others, false)] {
        let (port, said) = server(script).await;
        let moved = value(desk(port, &[]).perform("move", r#"{ "id": "INBOX/5/7", "to": "Archive" }"#).await);
        assert_eq!(moved, json!({ "id": null }));
        let said = said.lock().expect("the server lives").join("\n");
        let steps = ["UID COPY 7 Archive", "UID STORE 7 +FLAGS.SILENT (\\Deleted)", "UID SEARCH DELETED"];
        let places: Vec<usize> =
            steps.iter().map(|step| said.find(step).unwrap_or_else(|| panic!("{step}: {said}"))).collect();
        assert!(places.is_sorted(), "{said}");
        assert_eq!(said.contains(" EXPUNGE"), forgets, "{said}");
    }
}

#[tokio::test]
async fn who_signs_in_is_said_to_nobody_who_cannot_keep_it() {
    // A server that cannot encrypt gets nothing, and one that takes no password gets none.
    for (script, more) in [
        (&[("STARTTLS", "@ BAD never heard\r\n")][..], &[("imap_security", "starttls")][..]),
        (&[("CAPABILITY", "* CAPABILITY IMAP4rev1 LOGINDISABLED STARTTLS\r\n@ OK\r\n")], &[]),
    ] {
        let (port, said) = server(script).await;
        let (failure, certain) = failure(desk(port, more).perform("fetch", ID).await);
        assert!(["connection_error", "auth_error"].contains(&failure.kind.name()) && certain, "{}", failure.message);
        let said = said.lock().expect("the server lives").join("\n");
        assert!(!said.contains("LOGIN") && !said.contains("AUTHENTICATE") && !said.contains("pw"), "{said}");
    }
}

#[tokio::test]
async fn a_token_takes_the_place_of_the_password() {
    // `user=ada\x01auth=Bearer t0k\x01\x01`, at once or when it is asked for.
    const PROOF: &str = "dXNlcj1hZGEBYXV0aD1CZWFyZXIgdDBrAQE=";
    for script in [
        &[("CAPABILITY", "* CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2\r\n@ OK\r\n")][..],
        &[("AUTHENTICATE", "+ \r\n"), (PROOF, "a2 OK welcome\r\n")],
    ] {
        let (port, said) = server(script).await;
        value(desk(port, &[("token", "t0k")]).perform("fetch", ID).await);
        let said = said.lock().expect("the server lives").join("\n");
        assert!(said.contains("AUTHENTICATE XOAUTH2") && said.contains(PROOF) && !said.contains("LOGIN"), "{said}");
    }
    // What the server says of a token that it refuses is heard to its end.
    let script: Script =
        &[("AUTHENTICATE", "+ eyJzdGF0dXMiOiI0MDAifQ==\r\n"), (PROOF, "+ \r\na2 NO [AUTHENTICATIONFAILED] no\r\n")];
    let (port, _) = server(script).await;
    let (failure, certain) = failure(desk(port, &[("token", "t0k")]).perform("fetch", ID).await);
    assert_eq!((failure.kind.name(), certain), ("auth_error", true), "{}", failure.message);
    assert!(!failure.message.contains("t0k"), "{}", failure.message);
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_again_where_it_is_refused() {
    let tokens = [("0ld", 3600), ("n3w", 3600)]
        .map(|(token, seconds)| says(200, &format!(r#"{{ "access_token": "{token}", "expires_in": {seconds} }}"#)));
    let peer = Peer::new(tokens).await;
    let token_url = peer.url("/token");
    // `user=ada\x01auth=Bearer 0ld\x01\x01`: it was withdrawn before its time.
    let script: Script = &[
        ("CAPABILITY", "* CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2\r\n@ OK\r\n"),
        ("dXNlcj1hZGEBYXV0aD1CZWFyZXIgMGxkAQE=", "@ NO [AUTHENTICATIONFAILED] expired\r\n"),
    ];
    let (port, said) = server(script).await;
    let settings = [
        ("token_url", token_url.as_str()),
        ("client_id", "app"),
        ("client_secret", "s3cret"),
        ("refresh_token", "r3fresh"),
    ];
    let desk = desk(port, &settings);
    for _ in 0..2 {
        assert_eq!(value(desk.perform("fetch", ID).await)["subject"], "x");
    }
    let said = said.lock().expect("the server lives").join("\n");
    assert!(said.contains("dXNlcj1hZGEBYXV0aD1CZWFyZXIgbjN3AQE=") && !said.contains("LOGIN"), "{said}");
    let asked = peer.requests();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(
        asked.iter().all(|it| it.contains("grant_type=refresh_token") && it.contains("refresh_token=r3fresh")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn a_token_signs_in_to_send_too() {
    let (port, said) = smtp::server(&[("EHLO", "250-here\r\n250-8BITMIME\r\n250 AUTH PLAIN XOAUTH2")]).await;
    let port = port.to_string();
    let desk = Desk::with(
        Path::new("."),
        &[
            ("host", "127.0.0.1"),
            ("port", &port),
            ("user", "ada"),
            ("token", "t0k"),
            ("imap_url", "imap://127.0.0.1:1"),
        ],
    );
    let sent = value(
        desk.perform("send", r#"{ "to": "bob@example.com", "subject": "x", "text": "x", "from": "ada@example.com" }"#)
            .await,
    );
    assert_eq!(sent["accepted"], json!(["bob@example.com"]));
    let said = said.lock().expect("the server lives").join("\n");
    assert!(
        said.contains("AUTH XOAUTH2 dXNlcj1hZGEBYXV0aD1CZWFyZXIgdDBrAQE=") && !said.contains("AUTH PLAIN"),
        "{said}"
    );
}

/// A message of parts in parts, as text.
const PARTS: &str = "From: =?windows-1251?Q?=CF=B8=F2=F0?= <petr@example.com>\r\nTo: a, b: <c@d>, e;, =?utf-8?b?0JDQtNCw?= <x@y>\r\n\
Subject: =?koi8-r?B?9MXTVA==?= =?utf-8?q?_=E2=82=AC?=\r\nDate: Sun, 29 Mar 2026 08:30:00 +0200\r\nReferences: <a@b> <c@d>\r\n\
Content-Type: multipart/mixed; boundary=outer\r\n\r\n--outer\r\nContent-Type: multipart/alternative; boundary=\"in ner\"\r\n\r\n\
--in ner\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n+BB8EQAQ4- \r\n--in ner\r\nContent-Type: text/html; charset=gb18030\r\n\
Content-Transfer-Encoding: quoted-printable\r\n\r\n<b>=D0=9F&euro;&#x1F600;</b><style>x\r\n--in ner--\r\n--outer\r\n\
Content-Type: application/pdf; name*0=\"a\"; name*1*=utf-8''%D1%81.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBE\r\nRg==\r\n\
--outer\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogeA0KDQpoaQ0K\r\n--outer--\r\n";

/// `text` with some of it taken out, doubled or replaced.
fn mangled(text: &str, edits: &[(prop::sample::Index, prop::sample::Index, u8)]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for (from, length, with) in edits {
        let from = from.index(bytes.len());
        let to = (from + length.index(40)).min(bytes.len());
        let piece: Vec<u8> = bytes[from..to].to_vec();
        let new = match with % 4 {
            0 => Vec::new(),
            1 => piece.repeat(3),
            2 => vec![with % 127 + 1],
            _ => piece.into_iter().rev().collect(),
        };
        bytes.splice(from..to, new);
        bytes.push(b'\n');
    }
    String::from_utf8_lossy(&bytes).replace('@', "%")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Whatever stands in a message, it is one, or it is said that it is none.
    #[test]
    fn a_message_may_hold_anything(edits in prop::collection::vec(any::<(prop::sample::Index, prop::sample::Index, u8)>(), 0..12)) {
        let message = mangled(PARTS, &edits);
        let size = message.len();
        let reply = format!("* 1 FETCH (UID 7 FLAGS () RFC822.SIZE {size} BODY[] {{{size}}}\r\n{message})\r\n@ OK\r\n");
        let script: Script = Box::leak(Box::new([("BODY.PEEK[]", &*Box::leak(reply.into_boxed_str()))]));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (port, _) = server(script).await;
            match desk(port, &[]).perform("fetch", ID).await.result {
                Ok(value) => assert!(value.get("attachments").is_some_and(|it| it.as_list().is_some()), "{message}"),
                Err(failure) => assert_eq!(failure.kind.name(), "validation_error", "{message}"),
            }
        });
    }
}
