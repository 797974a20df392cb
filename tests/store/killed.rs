//! The real binary, killed at random moments, again and again, until its run has ended: nothing that was recorded is lost, and
//! nothing is done again that may not be.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::runtime;
use crate::connect::peer::{Peer, says};

/// Thirty orders: a `read`, a `keyed` and a `once` call each, children and a lock between them. A charge whose answer was lost is
/// looked up, never sent again; what was cut off three times is doubtful (semantics 49), and may be tried again here.
const PROGRAM: &str = r#"
connector bank {
    config { base_url: url }
    read operation price(sku: int) -> { ok: bool } { GET "/price" { query: { sku } } }
    keyed "Idempotency-Key" for 24h operation reserve(sku: int) -> { ok: bool } { POST "/reserve" { body: { sku } } }
    once operation charge(sku: int) -> { ok: bool } { POST "/charge" { body: { sku } } }
}

workflow orders {
    input { from: int }
    step all = parallel for sku in input.from..(input.from + 30) max 3 {
        step price = bank.price { sku }
        lock "stock" { step held = bank.reserve { sku } }
        step paid = pay { sku }
        output { sku: sku, paid: paid.paid }
    }
    output { orders: all }
    on outcome_unknown retry 100 times
}

workflow pay {
    input { sku: int }
    step charge = bank.charge { sku: input.sku } with {
        on outcome_unknown alternate { step found = bank.price { sku: input.sku } output found }
    }
    output { paid: charge.ok }
    on outcome_unknown retry 100 times
}
"#;

/// How often the process is killed at most; the long form of this test takes more.
fn kills() -> u32 {
    std::env::var("FLOW_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(25)
}

/// A sequence of pauses that looks random and is the same each time: xorshift, from G. Marsaglia, "Xorshift RNGs", 2003.
pub struct Pauses(pub u64);

impl Pauses {
    pub fn next(&mut self) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Duration::from_millis(5 + self.0 % 120)
    }
}

/// How often each of what `read_key` finds was asked for at `path`.
pub fn counts(requests: &[String], path: &str, read_key: impl Fn(&str) -> Option<String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for request in requests.iter().filter(|request| request.starts_with(&format!("POST {path} "))) {
        *counts.entry(read_key(request).unwrap_or_default()).or_default() += 1;
    }
    counts
}

pub fn header(request: &str, name: &str) -> Option<String> {
    let (head, _) = request.split_once("\r\n\r\n")?;
    let line = head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}:")))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

pub fn body(request: &str) -> Option<String> {
    Some(request.split_once("\r\n\r\n")?.1.to_owned())
}

#[test]
fn nothing_is_lost_and_nothing_is_done_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("main.flow"), PROGRAM).expect("a program");
    let runtime = runtime();
    let peer = runtime.block_on(Peer::new([says(200, r#"{ "ok": true }"#)]));
    let start = |run: u32| {
        Command::new(env!("CARGO_BIN_EXE_flow"))
            .args(["run", "main.flow", "orders", "--data", "data", "--format", "plain"])
            .args(["--key", &format!("run {run}"), "--input", &format!(r#"{{ "from": {} }}"#, run * 30)])
            .args(["--set", r#"http.allow_hosts=["127.0.0.1"]"#])
            .env("FLOW_CONNECTOR_BANK_BASE_URL", peer.url(""))
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts")
    };
    let mut pauses = Pauses(0x9E37_79B9_7F4A_7C15);
    let (mut runs, mut killed) = (0, 0);
    while killed < kills() {
        let mut child = start(runs);
        std::thread::sleep(pauses.next());
        if child.try_wait().expect("it can be asked").is_some() {
            // The run has ended between two kills: the next one.
            runs += 1;
            continue;
        }
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        killed += 1;
    }
    runs += 1;
    for run in 0..runs {
        let output = start(run).wait_with_output().expect("it ends");
        assert!(output.status.success(), "after {killed} kills: {}", String::from_utf8_lossy(&output.stderr));
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).expect("its output is JSON");
        let orders = said["orders"].as_array().expect("a list").iter().map(|order| order["sku"].clone());
        let all: Vec<_> = (run * 30..run * 30 + 30).map(serde_json::Value::from).collect();
        assert_eq!(orders.collect::<Vec<_>>(), all, "after {killed} kills");
    }

    let (requests, orders) = (peer.requests(), runs as usize * 30);
    let charges = counts(&requests, "/charge", body);
    assert!(charges.values().all(|times| *times == 1), "a charge was sent again, after {killed} kills: {charges:?}");
    let reservations = counts(&requests, "/reserve", body);
    assert_eq!(reservations.len(), orders, "after {killed} kills: {reservations:?}");
    let keys = counts(&requests, "/reserve", |request| header(request, "idempotency-key"));
    assert_eq!(keys.len(), orders, "each reservation has one key, however often it was sent: {keys:?}");
}
