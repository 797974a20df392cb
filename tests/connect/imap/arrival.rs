//! `trigger email.received`: the real server on a real mailbox, killed at any moment; each message starts one run.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::peer::{Dovecot, PASSWORD};

const PROGRAM: &str = r#"
workflow read_mail {
    input { subject: string? }
    trigger email.received { every: 200ms, input: { subject: event.subject } }
    output { subject: input.subject }
}
"#;

/// How long each process lives, in milliseconds after it has begun to listen, while messages come in.
const LIVES: [u64; 6] = [700, 150, 0, 400, 60, 500];

/// A process of `flow serve`.
struct Serving {
    child: Child,
    address: String,
}

impl Serving {
    fn start(folder: &Path, server: &Dovecot) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_flow"))
            .arg("serve")
            .arg(folder)
            .args(["--listen", "127.0.0.1:0", "--no-auth", "--data"])
            .arg(folder.join("data"))
            .env("IMAP_URL", server.plain().replace("localhost", "127.0.0.1"))
            .env("IMAP_USER", "ada")
            .env("IMAP_PASSWORD", PASSWORD)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout")).read_line(&mut line).expect("a line");
        let address = line.trim().rsplit_once("http://").map(|(_, rest)| rest.to_owned());
        Self { child, address: address.unwrap_or_else(|| panic!("no address: {line}")) }
    }

    /// What it answers to a GET.
    fn get(&self, path: &str) -> serde_json::Value {
        let host = self.address.split('/').next().unwrap_or_default();
        let mut stream = TcpStream::connect(host).expect("it listens");
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("it takes it");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let body = answer.split_once("\r\n\r\n").expect("an answer").1;
        let json = &body[body.find(['{', '[']).expect("JSON")..=body.rfind(['}', ']']).expect("JSON")];
        serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {answer}"))
    }

    /// The subjects of the messages that started runs, each run's own, once all of them have ended or time is up.
    fn subjects(&self, count: usize) -> Vec<String> {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let runs = self.get("/v1/runs?workflow=read_mail&limit=100");
            let runs: Vec<String> = runs["runs"]
                .as_array()
                .expect("a list")
                .iter()
                .filter_map(|run| {
                    self.get(&format!("/v1/runs/{}", run["id"].as_str()?))["output"]["subject"]
                        .as_str()
                        .map(ToOwned::to_owned)
                })
                .collect();
            if runs.len() >= count || Instant::now() > until {
                return runs;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn deliver(server: &Dovecot, subject: &str) {
    server.deliver("ada", format!("Subject: {subject}\r\n\r\nhi\r\n").as_bytes(), Duration::ZERO);
}

#[test]
fn each_message_starts_one_run_however_often_the_server_is_killed() {
    let Some(server) = Dovecot::start() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("main.flow"), PROGRAM).expect("a program");
    deliver(&server, "from before");
    // From when it has looked for the first time on, it hears of everything.
    let mut first = Serving::start(folder.path(), &server);
    let until = Instant::now() + Duration::from_secs(30);
    while first.get("/v1/triggers")["triggers"][0]["asks"]["answered_at"].is_null() {
        assert!(Instant::now() < until, "{}", first.get("/v1/triggers"));
        std::thread::sleep(Duration::from_millis(20));
    }
    first.kill();
    let mut expected = Vec::new();
    for (index, life) in LIVES.into_iter().enumerate() {
        let mut serving = Serving::start(folder.path(), &server);
        for part in 0..4 {
            let subject = format!("m{index}-{part}");
            deliver(&server, &subject);
            expected.push(subject);
            std::thread::sleep(Duration::from_millis(life / 4));
        }
        serving.kill();
    }
    let last = Serving::start(folder.path(), &server);
    let mut subjects = last.subjects(expected.len());
    // One more, so that whatever was given twice has had its time.
    deliver(&server, "the last");
    expected.push("the last".to_owned());
    if subjects.len() == LIVES.len() * 4 {
        subjects = last.subjects(expected.len());
    }
    subjects.sort();
    expected.sort();
    assert_eq!(subjects, expected);
}
