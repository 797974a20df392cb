//! `email.send` to a mail server that others wrote, aiosmtpd, which reads the messages as a mail program does.

use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value as Json, json};

use super::authority::Papers;
use super::desk::{failure, value};
use super::mail::{PLAIN, send};

/// A Python with the server in it: Debian's package is that of the system's own.
const PYTHON: &str = "/usr/bin/python3";

/// The server; it ends with the test.
struct Peer {
    process: Child,
    port: u16,
    home: tempfile::TempDir,
    took: Lines<BufReader<ChildStdout>>,
}

impl Peer {
    /// Starts it; `None` where it is not installed.
    fn start() -> Option<Self> {
        let installed = Command::new(PYTHON).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status();
        if !installed.is_ok_and(|status| status.success()) {
            println!(
                "SKIPPED: aiosmtpd is not installed, so `email.send` was not tried on it (apt-get install python3-aiosmtpd)"
            );
            return None;
        }
        let home = tempfile::tempdir().expect("a directory");
        let papers = Papers::issue("127.0.0.1", 4000);
        let write = |name: &str, text: String| std::fs::write(home.path().join(name), text).expect("a file");
        write("ca.pem", papers.authority);
        write("server.pem", papers.certificate.pem());
        write("server.key", papers.key.serialize_pem());
        let mut command = Command::new(PYTHON);
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/connect/smtp/server.py"));
        command.args(["server.pem", "server.key"]).current_dir(home.path()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("it starts");
        let mut took = BufReader::new(process.stdout.take().expect("its output")).lines();
        let port = took.next().expect("a line").expect("it is text").parse().expect("a port");
        Some(Self { process, port, home, took })
    }

    /// The next message that it took.
    fn took(&mut self) -> Json {
        serde_json::from_str(&self.took.next().expect("it took one").expect("it is text")).expect("JSON")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn user(password: &str) -> [(&str, &str); 4] {
    [("user", "ada"), ("password", password), ("security", "starttls"), ("ca_file", "ca.pem")]
}

#[tokio::test]
async fn a_mail_program_reads_what_was_written() {
    let Some(mut peer) = Peer::start() else { return };
    let subject = "Grüße aus Zürich, und ein Betreff, der länger ist als die Zeile eines Kopfes sein darf: 数据";
    let params = json!({
        "to": ["Ada Lovelace <ada@example.com>", "bob@example.com"], "bcc": "dora@example.com", "reply_to": "Büro <desk@example.com>",
        "subject": subject, "text": ".leading dot\nÄ line\n", "html": "<b>bold</b>",
        "attachments": [
            { "name": "Übersicht 2026.csv", "content": "a;b\n1;ü\n", "type": "text/csv" },
            { "path": "raw.bin" }
        ]
    });
    std::fs::write(peer.home.path().join("raw.bin"), [0, 1, 2, 255]).expect("a file");
    let got = value(send(peer.port, peer.home.path(), &params.to_string(), &user("Pässwort")).await);
    let took = peer.took();
    assert_eq!(took["faults"], json!([]), "{took}");
    assert_eq!((&took["encrypted"], &took["sender"]), (&json!(true), &json!("flow@example.com")));
    assert_eq!(took["recipients"], json!(["ada@example.com", "bob@example.com", "dora@example.com"]));
    let headers = &took["headers"];
    assert_eq!((&headers["subject"], &headers["message-id"]), (&json!(subject), &got["message_id"]));
    assert_eq!(headers["to"], json!("Ada Lovelace <ada@example.com>, bob@example.com"));
    assert_eq!(headers["reply-to"], json!("Büro <desk@example.com>"));
    assert!(headers.get("bcc").is_none(), "{headers}");
    let parts: Vec<(&str, &str, &str)> = took["parts"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|part| {
            let text = |name: &str| part[name].as_str().unwrap_or_default();
            (text("type"), text("name"), text("content"))
        })
        .collect();
    let lines = |text: &str| text.replace("\r\n", "\n");
    assert_eq!((parts[0].0, &*lines(parts[0].2)), ("text/plain", ".leading dot\nÄ line\n"));
    assert_eq!((parts[1].0, parts[1].2.trim()), ("text/html", "<b>bold</b>"));
    assert_eq!((parts[2].0, parts[2].1, &*lines(parts[2].2)), ("text/csv", "Übersicht 2026.csv", "a;b\n1;ü\n"));
    assert_eq!((parts[3].0, parts[3].1, parts[3].2), ("application/octet-stream", "raw.bin", "\u{0}\u{1}\u{2}\u{ff}"));
}

#[tokio::test]
async fn who_may_not_send_is_told_so() {
    let Some(peer) = Peer::start() else { return };
    let (refused, certain) = failure(send(peer.port, peer.home.path(), PLAIN, &user("wrong")).await);
    assert_eq!((refused.kind.name(), certain), ("auth_error", true), "{}", refused.message);
    assert!(!refused.message.contains("wrong"), "{}", refused.message);
    let plain = [("user", "ada"), ("password", "Pässwort"), ("security", "none")];
    let (refused, certain) = failure(send(peer.port, peer.home.path(), PLAIN, &plain).await);
    assert_eq!((refused.kind.name(), certain), ("auth_error", true), "{}", refused.message);
}
