//! Runs that wait: for events (W9) and for their time (W10).

use std::time::{Duration, Instant};

use orchestra_flow::RunId;
use orchestra_flow::base::status::Status;
use orchestra_flow::base::time::{Duration as Span, Timestamp};
use orchestra_flow::base::value::Value;
use orchestra_flow::run::journal::Journal as _;
use orchestra_flow::run::wait::{For, Waiting};
use orchestra_flow::store::Sqlite;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::runs::start_each;
use crate::table::{alone, engine, folder, resident, runtime, thousands};

/// Events that one of many runs takes.
pub fn events() {
    for waiting in [1_000, 100_000] {
        taken_by_one("its `where` says by `==` which", "event.order == input.id", waiting, 1_000);
    }
    // What is computed of the event cannot be told without it: every run must look.
    for waiting in [1_000, 10_000] {
        taken_by_one("each has to look", "event.order + 0 == input.id", waiting, 2);
    }
}

/// Publishes so many events one after the other, while so many runs wait for one of their topic, each for another one.
fn taken_by_one(how: &str, condition: &str, runs: usize, published: usize) {
    let text = format!(
        "workflow bench {{ input {{ id: int }}, step e = wait event \"paid\" {{ where {condition}, timeout 9d }} }}"
    );
    let folder = folder();
    runtime().block_on(async {
        let (store, engine) = engine(folder.path(), &text);
        engine.recover().await.expect("it can be read");
        start_each(&engine, runs, |number| Value::map([("id", Value::Int(number as i64))])).await;
        let all = Waiting { limit: 1, after: runs as u64 - 1, ..Waiting::all(For::Event) };
        while store.waiting(&all).await.expect("it can be read").is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let (start, mut rested) = (Instant::now(), engine.rested());
        for order in 0..published {
            let payload = Value::map([("order", Value::Int(order as i64))]);
            engine.publish("paid", &payload).await.expect("it is written");
        }
        let written = start.elapsed().as_secs_f64() * 1e3 / published as f64;
        all_rested(&mut rested, published).await;
        let each = start.elapsed().as_secs_f64() * 1e3 / published as f64;
        let what = format!("W9 an event that one of {runs} waiting runs takes, {how}");
        alone(&what, &format!("{each:.2} ms until that run has ended, {written:.2} ms until it is on disk"), "-");
    });
}

/// A million runs that sleep, and a thousand among them whose time comes.
pub fn timers() {
    const SLEEPERS: usize = 1_000_000;
    const SOON: usize = 1_000;
    let text = "workflow bench { input { until: datetime }, wait until input.until }";
    let folder = folder();
    runtime().block_on(async {
        let (store, engine) = engine(folder.path(), text);
        engine.recover().await.expect("it can be read");
        let sleeping = |seconds| Value::map([("until", Value::moment(Span::seconds(seconds).after(Timestamp::now())))]);
        let (start, before) = (Instant::now(), resident());
        start_each(&engine, SLEEPERS, move |number| sleeping(86_400 + number as i64)).await;
        until(&store, Status::Waiting, SLEEPERS).await;
        let per_second = SLEEPERS as f64 / start.elapsed().as_secs_f64();
        alone("W10 a million timers, set", &thousands(per_second), "20 k/s");
        let bytes = (resident() - before) / SLEEPERS as f64;
        alone("W10 a million timers, memory of each", &format!("{bytes:.0} B"), "256 B");
        let mut rested = engine.rested();
        let at = Span::seconds(3).after(Timestamp::now());
        start_each(&engine, SOON, move |_| Value::map([("until", Value::moment(at))])).await;
        all_rested(&mut rested, SOON).await;
        let late = Span::between(at, Timestamp::now()).0;
        alone("W10 1,000 of them due at one moment: the last has ended after", &format!("{late} ms"), "-");
    });
    let start = Instant::now();
    runtime().block_on(async {
        let (store, engine) = engine(folder.path(), text);
        engine.recover().await.expect("it can be read");
        let opened = start.elapsed().as_secs_f64() * 1e3;
        assert!(store.due(Timestamp::now(), 1).await.expect("it can be read").next.is_some());
        alone("W10 a million timers, recovered after the process", &format!("{opened:.0} ms"), "-");
    });
}

/// Waits until so many runs have ended, and that is on disk.
async fn all_rested(rested: &mut Receiver<RunId>, count: usize) {
    let mut left = count as u64;
    while left > 0 {
        left = left.saturating_sub(match rested.recv().await {
            Ok(_) => 1,
            Err(RecvError::Lagged(missed)) => missed,
            Err(RecvError::Closed) => panic!("the engine has gone"),
        });
    }
}

/// Waits until at least so many runs stand so.
async fn until(store: &Sqlite, status: Status, count: usize) {
    loop {
        let counts = store.counts().await.expect("it can be read");
        let runs: u64 = counts.iter().filter(|of| of.status == status).map(|of| of.runs).sum();
        if runs >= count as u64 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
