//! Many runs: W4, W5 and W8.

use std::time::{Duration, Instant};

use orchestra_flow::Engine;
use orchestra_flow::base::status::Status;
use orchestra_flow::base::value::Value;
use orchestra_flow::run::journal::{Field, Journal as _, Query};
use orchestra_flow::store::Sqlite;

use crate::table::{alone, engine, folder, resident, row, runtime, thousands};

pub fn many_runs(rows: f64) {
    let text = "workflow bench { for i in 0..10 { step work = script { i } } output { done: true } }";
    let (folder, runtime) = (folder(), runtime());
    let (elapsed, mut latencies) = runtime.block_on(async {
        let (_store, engine) = engine(folder.path(), text);
        engine.recover().await.expect("it can be read");
        let start = Instant::now();
        let runs: Vec<_> = (0..1_000)
            .map(|_| {
                let engine = engine.clone();
                tokio::spawn(async move {
                    let start = Instant::now();
                    engine.start("bench", &Value::Unit).await.expect("it starts").end().await;
                    start.elapsed()
                })
            })
            .collect();
        let mut latencies = Vec::new();
        for run in runs {
            latencies.push(run.await.expect("it ends"));
        }
        (start.elapsed(), latencies)
    });
    latencies.sort();
    let per_second = 10_000.0 / elapsed.as_secs_f64();
    let (middle, late) = (latencies[500].as_secs_f64() * 1e3, latencies[990].as_secs_f64() * 1e3);
    row(
        &format!("W4 1000 runs of 10 pure steps at once (a run: p50 {middle:.0} ms, p99 {late:.0} ms)"),
        &thousands(per_second),
        &format!("SQLite rows, 1,000 a commit: {}", thousands(rows)),
        per_second / rows,
        "50 k/s",
    );
}

pub fn parked() {
    const RUNS: usize = 100_000;
    const PARTS: usize = 5;
    let text = "workflow bench { wait 100d }";
    let folder = folder();
    {
        let runtime = runtime();
        runtime.block_on(async {
            let (store, engine) = engine(folder.path(), text);
            engine.recover().await.expect("it can be read");
            // What the engine needs for itself is not counted.
            start_many(&engine, 1_000).await;
            all_left(&store, 1_000).await;
            let (before, start) = (resident(), Instant::now());
            let mut parts = Vec::new();
            for part in 1..=PARTS {
                let before = resident();
                start_many(&engine, RUNS / PARTS).await;
                all_left(&store, part * (RUNS / PARTS) + 1_000).await;
                parts.push((resident() - before) / (RUNS / PARTS) as f64);
            }
            let per_second = RUNS as f64 / start.elapsed().as_secs_f64();
            alone("W5 runs parked on a timer, started", &thousands(per_second), "20 k/s");
            // What an allocator holds back for later comes at once with some part; what a run keeps comes with every part.
            parts.sort_by(f64::total_cmp);
            let (middle, all) = (parts[PARTS / 2], (resident() - before) / RUNS as f64);
            let figure = format!("{middle:.0} B, {all:.0} B with what the allocator holds back");
            alone("W5 memory of a parked run, the middle of five times 20,000", &figure, "256 B");
        });
    }
    let runtime = runtime();
    let start = Instant::now();
    runtime.block_on(async {
        let (store, engine) = engine(folder.path(), text);
        engine.recover().await.expect("it can be read");
        all_left(&store, RUNS + 1_000).await;
    });
    let seconds = start.elapsed().as_secs_f64();
    alone("W5 100,000 parked runs, recovered after the process", &format!("{seconds:.2} s"), "2 s");
}

async fn start_many(engine: &Engine, count: usize) {
    start_each(engine, count, |_| Value::Unit).await;
}

/// Starts so many runs, each with its own input.
pub async fn start_each(engine: &Engine, count: usize, input: impl Fn(usize) -> Value + Copy + Send + 'static) {
    // As many callers as a busy server has.
    const CALLERS: usize = 200;
    let callers: Vec<_> = (0..CALLERS)
        .map(|first| {
            let engine = engine.clone();
            tokio::spawn(async move {
                for number in (first..count).step_by(CALLERS) {
                    drop(engine.start("bench", &input(number)).await.expect("it starts"));
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("it ends");
    }
}

/// Waits until so many runs wait for their time.
async fn all_left(store: &Sqlite, count: usize) {
    let query = Query { statuses: vec![Status::Waiting], limit: count + 1, ..Query::default() };
    while store.runs(&query).await.expect("it can be read").runs.iter().filter(|run| run.wake.is_some()).count() < count
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Lists of 100,000 runs that have ended: pages of 50.
pub fn lists() {
    const RUNS: usize = 100_000;
    let text = "workflow bench {\n tags [\"night\"]\n input { n: int = 0 }\n output { n: input.n }\n}";
    let (folder, runtime) = (folder(), runtime());
    runtime.block_on(async {
        let (store, engine) = engine(folder.path(), text);
        engine.recover().await.expect("it can be read");
        let first = Value::map([("n", Value::Int(7))]);
        engine.start("bench", &first).await.expect("it starts").end().await;
        start_many(&engine, RUNS).await;
        let ended = Query { statuses: vec![Status::Completed], limit: usize::MAX, ..Query::default() };
        while store.runs(&ended).await.expect("it can be read").runs.len() <= RUNS {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let page = Query { limit: 50, ..Query::default() };
        let is_seven = vec![Field { path: "n".into(), is: "7".into() }];
        let begun = store.runs(&page).await.expect("it can be read").runs.last().map(|run| run.accepted_at);
        for (what, query) in [
            ("the latest", page.clone()),
            ("by tag", Query { tags: vec!["night".into()], ..page.clone() }),
            ("that failed, of which there are none", Query { statuses: vec![Status::Failed], ..page.clone() }),
            ("that wait, of which there are none", Query { statuses: vec![Status::Waiting], ..page.clone() }),
            ("since a moment, which all but 50 were before", Query { since: begun, limit: 51, ..page.clone() }),
            ("by a field of the input that only the first one has", Query { input: is_seven, ..page.clone() }),
        ] {
            let start = Instant::now();
            store.runs(&query).await.expect("it can be read");
            let time = start.elapsed().as_secs_f64() * 1e3;
            alone(&format!("W8 a page of 100,000 runs {what}"), &format!("{time:.1} ms"), "-");
        }
    });
}
