//! Figures of the durable engine: SQLite with full sync, in this process, each beside a floor measured in the same run.
//!
//! `cargo bench --bench durable` prints the second table of `docs/benchmarks.md`, and
//! `cargo bench --bench durable -- W2 W5` a part of it. The names W1 to W7 are those used there.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use orchestra_flow::base::limit::STACK_BYTES;
use orchestra_flow::base::status::Status;
use orchestra_flow::base::value::Value;
use orchestra_flow::run::journal::{Field, Journal as _, Query};
use orchestra_flow::store::Sqlite;
use orchestra_flow::{Builder, Engine, Program};
use tempfile::TempDir;
use tokio::runtime::Runtime;

fn main() {
    // `cargo bench --bench durable -- W2 W5` measures these only.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| argument.starts_with('W')).collect();
    let wants = |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name);
    println!("| what | figure | floor | ratio | reach |");
    println!("|---|---|---|---|---|");
    let (syncs, rows) = (syncs_per_second(), rows_per_second());
    if wants("W1") {
        cold_start();
    }
    if wants("W2") {
        pure_steps("W2 # pure steps in sequence", "for", rows);
        in_sequence_once(syncs);
    }
    if wants("W3") {
        pure_steps("W3 # pure steps in parallel", "parallel for", rows);
    }
    if wants("W4") {
        many_runs(rows);
    }
    if wants("W5") {
        parked();
    }
    if wants("W6") {
        served();
    }
    if wants("W7") {
        scripts();
    }
    if wants("W8") {
        lists();
    }
}

fn row(what: &str, figure: &str, floor: &str, ratio: f64, reach: &str) {
    println!("| {what} | {figure} | {floor} | {ratio:.2} | {reach} |");
}

/// A figure that stands by itself.
fn alone(what: &str, figure: &str, reach: &str) {
    println!("| {what} | {figure} | - | - | {reach} |");
}

fn thousands(per_second: f64) -> String {
    format!("{:.1} k/s", per_second / 1e3)
}

/// A folder on the disk that the figures are about: beside the build, not in memory.
fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder")
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_stack_size(STACK_BYTES)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// How often one small write and one sync of its file follow each other.
fn syncs_per_second() -> f64 {
    let folder = folder();
    let mut file = File::create(folder.path().join("syncs")).expect("a file");
    let (start, mut count) = (Instant::now(), 0u32);
    while start.elapsed() < Duration::from_secs(2) {
        file.write_all(&[7; 256]).expect("it is written");
        file.sync_data().expect("it is synced");
        count += 1;
    }
    f64::from(count) / start.elapsed().as_secs_f64()
}

/// How many small rows SQLite takes when a commit with full sync holds 1,000.
fn rows_per_second() -> f64 {
    let folder = folder();
    let mut file = rusqlite::Connection::open(folder.path().join("rows.db")).expect("a file");
    file.pragma_update(None, "journal_mode", "wal").expect("it is set");
    file.pragma_update(None, "synchronous", "full").expect("it is set");
    file.execute_batch("CREATE TABLE line (number INTEGER PRIMARY KEY, body BLOB)").expect("a table");
    let (start, mut count) = (Instant::now(), 0u32);
    while start.elapsed() < Duration::from_secs(2) {
        let commit = file.transaction().expect("it begins");
        for _ in 0..1_000 {
            let mut insert = commit.prepare_cached("INSERT INTO line (body) VALUES (?1)").expect("it is prepared");
            insert.execute([[7u8; 150]]).expect("it is written");
        }
        commit.commit().expect("it ends");
        count += 1_000;
    }
    f64::from(count) / start.elapsed().as_secs_f64()
}

fn engine(folder: &Path, text: &str) -> (Arc<Sqlite>, Engine) {
    let store = Arc::new(Sqlite::open(folder).expect("it opens"));
    let program = Program::from_text("bench.flow", text).unwrap_or_else(|faults| panic!("{faults}"));
    let nothing = |_: serde_json::Value| async { Ok(serde_json::json!({})) };
    let builder = Builder::new(program).journal(store.clone()).native("bench.touch", nothing);
    (store, builder.build().unwrap_or_else(|error| panic!("{error}")))
}

/// How long a run of `text` takes, from its start to its end on disk.
fn timed(text: &str) -> Duration {
    let (folder, runtime) = (folder(), runtime());
    runtime.block_on(async {
        let (_store, engine) = engine(folder.path(), text);
        engine.recover().await.expect("it can be read");
        let start = Instant::now();
        let summary = engine.start("bench", &Value::Unit).await.expect("it starts").end().await;
        assert_eq!(summary.status, Status::Completed, "{:?}", summary.failure);
        start.elapsed()
    })
}

const NATIVE: &str = "connector bench { native once operation touch() -> { } }\n";

fn cold_start() {
    let folder = folder();
    let text = "workflow one {\n    step greet = script { \"hello\" }\n    output { said: greet }\n}\n";
    std::fs::write(folder.path().join("one.flow"), text).expect("the program is written");
    let mut times = Vec::new();
    for number in 0..15 {
        let data = format!("data{number}");
        let start = Instant::now();
        let status = Command::new(env!("CARGO_BIN_EXE_flow"))
            .args(["run", "one.flow", "--data", &data])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(status.expect("it runs").success());
        times.push(start.elapsed());
    }
    times.sort();
    let wall = times[times.len() / 2].as_secs_f64() * 1e3;
    alone("W1 `flow run --data` of a one-step program, whole process", &format!("{wall:.1} ms"), "20 ms");
}

/// One run of pure steps in this kind of loop; `#` in the name stands for how many.
fn pure_steps(name: &str, each: &str, rows: f64) {
    for steps in [1_000, 100_000] {
        let text = format!(
            "workflow bench {{ {each} i in 0..{steps} {{ step work = script {{ i }} }} output {{ done: true }} }}"
        );
        let per_second = f64::from(steps) / timed(&text).as_secs_f64();
        row(
            &name.replace('#', &steps.to_string()),
            &thousands(per_second),
            &format!("SQLite rows, 1,000 a commit: {}", thousands(rows)),
            per_second / rows,
            "100 k/s",
        );
    }
}

fn in_sequence_once(syncs: f64) {
    let text = format!("{NATIVE}workflow bench {{ for i in 0..1000 {{ step work = bench.touch {{ }} }} }}");
    let per_second = 1_000.0 / timed(&text).as_secs_f64();
    row(
        "W2 1000 `once` calls in sequence",
        &thousands(per_second),
        &format!("syncs: {}", thousands(syncs)),
        per_second / syncs,
        "60 %",
    );
}

fn many_runs(rows: f64) {
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

/// The memory of this process that is its own, in bytes.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or_default() * 1024.0
}

fn parked() {
    const RUNS: usize = 100_000;
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
            start_many(&engine, RUNS).await;
            all_left(&store, RUNS + 1_000).await;
            let per_second = RUNS as f64 / start.elapsed().as_secs_f64();
            alone("W5 runs parked on a timer, started", &thousands(per_second), "20 k/s");
            let bytes = (resident() - before) / RUNS as f64;
            alone("W5 memory of a parked run", &format!("{bytes:.0} B"), "256 B");
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
    // As many callers as a busy server has.
    let each = count / 200;
    let callers: Vec<_> = (0..200)
        .map(|_| {
            let engine = engine.clone();
            tokio::spawn(async move {
                for _ in 0..each {
                    drop(engine.start("bench", &Value::Unit).await.expect("it starts"));
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

/// Starts over HTTP, of a server in a process of its own: connections stay open, each start is answered when it is on disk.
fn served() {
    const CONNECTIONS: usize = 64;
    const EACH: usize = 157;
    let folder = folder();
    std::fs::write(folder.path().join("bench.flow"), "workflow bench { output { done: true } }").expect("a program");
    let mut server = Command::new(env!("CARGO_BIN_EXE_flow"))
        .args(["serve", ".", "--listen", "127.0.0.1:0", "--no-auth", "--rate", "1000000", "--data", "data"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the server starts");
    let mut said = String::new();
    let out = server.stdout.take().expect("it was asked for");
    BufReader::new(out).read_line(&mut said).expect("it says where it listens");
    let address = said.trim().rsplit('/').next().unwrap_or_default().to_owned();
    let start = Instant::now();
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let address = address.clone();
            std::thread::spawn(move || client(&address, EACH))
        })
        .collect();
    let mut latencies: Vec<Duration> = clients.into_iter().flat_map(|client| client.join().expect("it ends")).collect();
    let per_second = latencies.len() as f64 / start.elapsed().as_secs_f64();
    server.kill().expect("it is there");
    server.wait().expect("it ends");
    latencies.sort();
    let at = |share: usize| latencies[latencies.len() * share / 100].as_secs_f64() * 1e3;
    let what =
        format!("W6 10,000 starts over HTTP from 64 connections (a start: p50 {:.1} ms, p99 {:.1} ms)", at(50), at(99));
    alone(&what, &thousands(per_second), "5 k/s");
}

/// Starts so many runs over one connection; how long each took.
fn client(address: &str, count: usize) -> Vec<Duration> {
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_nodelay(true).expect("it is set");
    let mut answers = BufReader::new(stream.try_clone().expect("it can be read"));
    let mut stream = stream;
    let request = format!(
        "POST /v1/workflows/bench/runs HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
    );
    let mut latencies = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        stream.write_all(request.as_bytes()).expect("it is sent");
        let (mut line, mut status, mut length) = (String::new(), String::new(), 0);
        while answers.read_line(&mut line).expect("it answers") > 2 {
            if status.is_empty() {
                status.clone_from(&line);
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            line.clear();
        }
        let mut body = vec![0; length];
        answers.read_exact(&mut body).expect("the answer is whole");
        assert!(status.contains(" 201 "), "{status}{}", String::from_utf8_lossy(&body));
        latencies.push(start.elapsed());
    }
    latencies
}

fn scripts() {
    const FIB: &str = "fn fib(n) { if n < 2 { n } else { fib(n - 1) + fib(n - 2) } }";
    let text = format!("{FIB}\nworkflow bench {{ for i in 0..40 {{ step work = script {{ fib(10) }} }} }}");
    let ours = timed(&text);
    let mut engine = rhai::Engine::new();
    engine.set_max_call_levels(64);
    let ast = engine.compile(format!("{FIB}\nfib(10)")).expect("it compiles");
    let start = Instant::now();
    for _ in 0..40 {
        let value: i64 = engine.eval_ast(&ast).expect("it runs");
        assert_eq!(value, 55);
    }
    let floor = start.elapsed();
    row(
        "W7 40 steps, each fib(10) in Rhai",
        &format!("{:.2} ms", ours.as_secs_f64() * 1e3),
        &format!("bare Rhai: {:.2} ms", floor.as_secs_f64() * 1e3),
        ours.as_secs_f64() / floor.as_secs_f64(),
        "1.15",
    );
}

/// Lists of 100,000 runs that have ended: pages of 50.
fn lists() {
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
