//! `trigger email.received`: the real server on a real mailbox, killed at any moment; each message starts one run.

use std::path::Path;
use std::time::{Duration, Instant};

use super::peer::{Dovecot, PASSWORD};
use crate::serve::process::Process;
use crate::serve::runtime;

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
struct Serving(Process);

impl Serving {
    fn start(folder: &Path) -> Self {
        Self(Process::start(folder, &["--no-auth"]))
    }

    /// What it answers to a GET.
    fn get(&self, path: &str) -> serde_json::Value {
        runtime().block_on(self.0.client.get(path)).json
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
}

fn deliver(server: &Dovecot, subject: &str) {
    server.deliver("ada", format!("Subject: {subject}\r\n\r\nhi\r\n").as_bytes(), Duration::ZERO);
}

#[test]
fn each_message_starts_one_run_however_often_the_server_is_killed() {
    let Some(server) = Dovecot::start() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("main.flow"), PROGRAM).expect("a program");
    let url = server.plain().replace("localhost", "127.0.0.1");
    let mailbox =
        format!("[connectors.email]\nimap_url = {url:?}\nimap_user = \"ada\"\nimap_password = {PASSWORD:?}\n");
    std::fs::write(folder.path().join("flow.toml"), mailbox).expect("settings");
    deliver(&server, "from before");
    // From when it has looked for the first time on, it hears of everything.
    let first = Serving::start(folder.path());
    let until = Instant::now() + Duration::from_secs(30);
    while first.get("/v1/triggers")["triggers"][0]["asks"]["answered_at"].is_null() {
        assert!(Instant::now() < until, "{}", first.get("/v1/triggers"));
        std::thread::sleep(Duration::from_millis(20));
    }
    first.0.kill();
    let mut expected = Vec::new();
    for (index, life) in LIVES.into_iter().enumerate() {
        let serving = Serving::start(folder.path());
        for part in 0..4 {
            let subject = format!("m{index}-{part}");
            deliver(&server, &subject);
            expected.push(subject);
            std::thread::sleep(Duration::from_millis(life / 4));
        }
        serving.0.kill();
    }
    let last = Serving::start(folder.path());
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
