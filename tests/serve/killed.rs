//! The real server, killed at random moments under load, again and again: whatever was accepted ends, and nothing is done twice.
//!
//! `FLOW_KILLS=300` kills it more often.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value as Json, json};

use super::process::command;
use super::{Client, folder, runtime};
use crate::connect::peer::{Peer, says};
use crate::store::killed::{Pauses, body, counts, header};

/// A `read`, a `keyed` and a `once` call, a lock, a wait and a child. A charge whose answer was lost is looked up, never sent again.
const PROGRAM: &str = r#"
connector bank {
    config { base_url: url }
    read operation price(sku: int) -> { ok: bool } { GET "/price" { query: { sku } } }
    keyed "Idempotency-Key" for 24h operation reserve(sku: int) -> { ok: bool } { POST "/reserve" { body: { sku } } }
    once operation charge(sku: int) -> { ok: bool } { POST "/charge" { body: { sku } } }
}

workflow order {
    input { sku: int }
    step price = bank.price { sku: input.sku }
    lock "stock" max 3 { step held = bank.reserve { sku: input.sku } }
    wait 50ms
    step paid = pay { sku: input.sku }
    output { sku: int = input.sku, paid: bool = paid.paid }
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

const TOKEN: &str = "the-token-of-the-environment";

/// How many ask at once.
const CLIENTS: usize = 6;

/// What all clients know.
struct Load {
    url: Mutex<String>,
    next: AtomicU64,
    over: AtomicBool,
    /// The run of each order that was confirmed.
    accepted: Mutex<BTreeMap<u64, String>>,
}

impl Load {
    fn client(&self) -> Client {
        Client::new(&self.url.lock().expect("nobody panics here"), Some(TOKEN))
    }

    /// Starts the run of an order, under its own key; whether that was confirmed.
    async fn start(&self, order: u64) -> Option<String> {
        let request = self.client().request(Method::POST, "/v1/workflows/order/runs");
        let request = request.header("Idempotency-Key", format!("order {order}")).json(&json!({ "sku": order }));
        let answer = request.timeout(Duration::from_secs(10)).send().await.ok()?;
        let (status, said) = (answer.status().as_u16(), answer.json::<Json>().await.ok()?);
        assert!(matches!(status, 200 | 201 | 429 | 503), "{status}: {said}");
        (status < 300).then(|| said["id"].as_str().expect("an id").to_owned())
    }

    /// Orders one thing after the other. What is not confirmed is asked for again, under the same key.
    async fn work(self: Arc<Self>) {
        while !self.over.load(Ordering::Relaxed) {
            let order = self.next.fetch_add(1, Ordering::Relaxed);
            loop {
                if let Some(run) = self.start(order).await {
                    self.accepted.lock().expect("nobody panics here").insert(order, run);
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

#[test]
fn a_server_that_is_killed_under_load_keeps_its_word() {
    let folder = folder(&[("main.flow", PROGRAM)]);
    let runtime = runtime();
    let peer = runtime.block_on(Peer::new([says(200, r#"{ "ok": true }"#)]));
    let start = || -> Child {
        command(folder.path(), &["--set", r#"http.allow_hosts=["127.0.0.1"]"#])
            .env("FLOW_TOKEN", TOKEN)
            .env("FLOW_CONNECTOR_BANK_BASE_URL", peer.url(""))
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts")
    };
    let load = Arc::new(Load {
        url: Mutex::default(),
        next: AtomicU64::new(0),
        over: AtomicBool::new(false),
        accepted: Mutex::default(),
    });
    let listens = |child: &mut Child| {
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout")).read_line(&mut line).expect("a line");
        let url = line.trim().strip_prefix("listening on ").map(str::to_owned);
        *load.url.lock().expect("nobody panics here") = url.unwrap_or_else(|| panic!("it said `{line}`"));
    };
    let mut child = start();
    listens(&mut child);
    let clients: Vec<_> = (0..CLIENTS).map(|_| runtime.spawn(load.clone().work())).collect();

    let kills = std::env::var("FLOW_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(10);
    let mut pauses = Pauses(0x2545_F491_4F6C_DD1D);
    for kill in 0..kills {
        std::thread::sleep(pauses.next() * 4);
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        child = start();
        // One in four is killed before it can say where it listens, while it takes up what was cut off.
        if kill % 4 != 3 {
            listens(&mut child);
        }
    }
    if kills % 4 == 0 {
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        child = start();
        listens(&mut child);
    }
    load.over.store(true, Ordering::Relaxed);
    runtime.block_on(async {
        for client in clients {
            client.await.expect("no client panics");
        }
        let accepted = load.accepted.lock().expect("nobody panics here").clone();
        for (order, run) in &accepted {
            let ended = load.client().until(&format!("/v1/runs/{run}"), |run| run["ended_at"].is_string()).await;
            assert_eq!(
                (&ended["status"], &ended["output"]),
                (&json!("completed"), &json!({ "sku": order, "paid": true }))
            );
            assert_eq!(load.start(*order).await.as_ref(), Some(run), "the same key is the same run");
        }
        let requests = peer.requests();
        let charges = counts(&requests, "/charge", body);
        let twice: Vec<_> = charges.iter().filter(|(_, times)| **times > 1).collect();
        assert!(twice.is_empty(), "charged more than once after {kills} kills: {twice:?}");
        let reserved = counts(&requests, "/reserve", body);
        let keys = counts(&requests, "/reserve", |request| header(request, "idempotency-key"));
        assert_eq!(reserved.len(), accepted.len(), "each order has its reservation");
        assert_eq!(keys.len(), accepted.len(), "each reservation has one key, however often it was sent");
        let again = reserved.values().sum::<usize>() - reserved.len();
        let doubts = accepted.len() - charges.len();
        println!(
            "{kills} kills, {} orders accepted and ended, {again} reservations sent again, {doubts} charges never sent",
            accepted.len()
        );
    });
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
}
