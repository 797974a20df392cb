//! Messages as senders make them: in old charsets, in parts of parts, with names that lead elsewhere.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::peer::{Desk, Dovecot};
use crate::connect::desk::{failure, value};

const AGE: Duration = Duration::from_secs(60);

async fn first(desk: &Desk, more: Json) -> Json {
    let list = desk.ask("list", r#"{ "limit": 1 }"#).await;
    let mut params = json!({ "id": list[0]["id"] });
    params.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    desk.ask("fetch", &params.to_string()).await
}

/// A message with a part in windows-1251, an HTML part, a picture that stands in it, and files.
const NESTED: &[u8] = b"From: =?windows-1251?Q?=CF=B8=F2=F0?= <petr@example.com>\r\n\
To: =?utf-8?b?0JDQtNCw?= <ada@example.com>\r\n\
Subject: =?koi8-r?B?9MXTVA==?= =?koi8-r?B?IQ==?=\r\n =?utf-8?q?_=E2=82=AC?=\r\n\
Date: Fri, 31 Feb 2026 99:99:99 +9999\r\n\
X-Twice: one\r\nX-Twice: two\r\n folded\r\n\
X-Eight: gr\xc3\xbc\xc3\x9fe \xff\r\n\
MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=outer\r\n\r\n\
preamble\r\n--outer\r\nContent-Type: multipart/related; boundary=inner\r\n\r\n\
--inner\r\nContent-Type: multipart/alternative; boundary=deep\r\n\r\n\
--deep\r\nContent-Type: text/plain; charset=windows-1251\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xcf\xf0\xe8\xe2\xe5\xf2\r\n\
--deep\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<b>=D0=9F</b>\r\n--deep--\r\n\
--inner\r\nContent-Type: image/png; name=logo.png\r\nContent-ID: <logo@x>\r\nContent-Disposition: inline\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw==\r\n--inner--\r\n\
--outer\r\nContent-Type: application/pdf; name=\"../../etc/passwd\"\r\nContent-Disposition: attachment; filename=\"../../etc/passwd\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n\
--outer\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename*=utf-8''..%5C..%5C%D1%81%D1%87%D1%91%D1%82.csv\r\n\r\na,b\r\n\
--outer\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename=\"passwd\"\r\n\r\nc,d\r\n\
--outer\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"..\"\r\n\r\ndots\r\n\
--outer\r\nContent-Type: message/rfc822\r\n\r\nSubject: inside\r\n\r\ninner text\r\n\
--outer--\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_read_whatever_its_sender_made_of_it() {
    let Some(server) = Dovecot::start() else { return };
    let desk = server.desk("ada", &[]);
    server.deliver("ada", NESTED, AGE);
    let message = first(&desk, json!({})).await;
    assert_eq!(message["from"], json!({ "name": "Пётр", "address": "petr@example.com" }));
    assert_eq!(message["to"], json!([{ "name": "Ада", "address": "ada@example.com" }]));
    assert_eq!(message["subject"], "ТесT! €");
    // A moment that there is not is none; when it arrived is known all the same.
    assert_eq!(message["date"], Json::Null);
    assert!(message["received"].as_str().is_some_and(|moment| moment.ends_with('Z')), "{message}");
    assert_eq!(message["text"].as_str().map(str::trim), Some("Привет"));
    assert_eq!(message["html"].as_str().map(str::trim), Some("<b>П</b>"));
    assert_eq!(message["headers"]["x-twice"], "one\ntwo folded");
    assert!(message["headers"]["x-eight"].as_str().is_some_and(|it| it.starts_with("grüße")), "{message}");
    let names: Vec<&str> =
        message["attachments"].as_array().expect("a list").iter().filter_map(|it| it["name"].as_str()).collect();
    assert_eq!(names, ["logo.png", "passwd", "счёт.csv", "passwd-2", "attachment-5", "attachment-6.eml"]);
    let logo = &message["attachments"][0];
    assert_eq!(
        (&logo["content_id"], &logo["inline"], &logo["type"]),
        (&json!("logo@x"), &json!(true), &json!("image/png"))
    );
    assert_eq!((&logo["content"], &logo["bytes"], &logo["path"]), (&json!("iVBORw=="), &json!(4), &Json::Null));

    // Into files, none of them outside of the directory that was named.
    let saved = first(&desk, json!({ "save": "inbox/" })).await;
    let folder = format!(
        "inbox/{}",
        saved["id"]
            .as_str()
            .expect("an id")
            .rsplitn(3, '/')
            .take(2)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect::<Vec<_>>()
            .join("-")
    );
    let paths: Vec<&str> =
        saved["attachments"].as_array().expect("a list").iter().filter_map(|it| it["path"].as_str()).collect();
    assert_eq!(paths, names.iter().map(|name| format!("{folder}/{name}")).collect::<Vec<_>>());
    for (path, content) in [(paths[1], &b"%PDF"[..]), (paths[2], b"a,b"), (paths[4], b"dots")] {
        assert_eq!(std::fs::read(server.home().join(path)).expect("it is there"), content, "{path}");
    }
    let outside = json!({ "id": saved["id"], "save": "../outside" }).to_string();
    assert_eq!(failure(desk.perform("fetch", &outside).await).0.kind.name(), "permission_denied");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_without_much_in_them_are_messages() {
    let Some(server) = Dovecot::start() else { return };
    let desk = server.desk("ada", &[]);
    for (raw, text) in [
        (&b"\r\njust a body\r\n"[..], Some("just a body")),
        (b"Subject: only a header\r\n\r\n", None),
        (b"Content-Type: text/html\r\n\r\n<p>one</p><p>two</p>", Some("one\ntwo")),
        (b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x", None),
        (b"Content-Type: text/plain; charset=klingon\r\n\r\nnuqneH", Some("nuqneH")),
        (b"From: \r\nTo: undisclosed-recipients:;\r\nDate: yesterday\r\n\r\n.\r\n", Some(".")),
    ] {
        server.deliver("ada", raw, AGE);
        let message = first(&desk, json!({})).await;
        if let Some(text) = text {
            assert_eq!(message["text"].as_str().map(str::trim), Some(text), "{message}");
        }
        assert!(message["to"].is_array() && message["attachments"].is_array(), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_may_be_large_up_to_the_bound() {
    let Some(server) = Dovecot::start() else { return };
    let desk = server.desk("ada", &[]);
    let line = [b'A'; 76];
    let large = |megabytes: usize| {
        let mut message =
            b"Subject: large\r\nContent-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                .to_vec();
        while message.len() < megabytes * 1024 * 1024 {
            message.extend_from_slice(&line);
            message.extend_from_slice(b"\r\n");
        }
        message
    };
    server.deliver("ada", &large(50), AGE);
    let list = desk.ask("list", "{}").await;
    let params = json!({ "id": list[0]["id"], "save": "large" }).to_string();
    let message = value(desk.hurried("fetch", &params, 60_000).await);
    let path = message["attachments"][0]["path"].as_str().expect("it was saved");
    let bytes = std::fs::metadata(server.home().join(path)).expect("it is there").len();
    assert!(bytes > 38_000_000 && message["attachments"][0]["bytes"] == bytes, "{bytes}");
    let small = Desk::bounded(
        server.home(),
        &[
            ("imap_url", &server.plain()),
            ("imap_security", "none"),
            ("imap_user", "ada"),
            ("imap_password", super::peer::PASSWORD),
        ],
        1_000_000,
    );
    let (refused, certain) = failure(small.perform("fetch", &params).await);
    assert_eq!((refused.kind.name(), certain), ("limit_exceeded", true), "{}", refused.message);
    // What is too large to be fetched is listed all the same.
    assert_eq!(small.ask("list", "{}").await[0]["subject"], "large");
}
