//! What the rows have in common: how they are printed, their floors, an engine on a disk.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use orchestra_flow::base::limit::STACK_BYTES;
use orchestra_flow::base::status::Status;
use orchestra_flow::base::value::Value;
use orchestra_flow::store::Sqlite;
use orchestra_flow::{Builder, Engine, Program};
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub fn row(what: &str, figure: &str, floor: &str, ratio: f64, reach: &str) {
    println!("| {what} | {figure} | {floor} | {ratio:.2} | {reach} |");
}

/// A figure that stands by itself.
pub fn alone(what: &str, figure: &str, reach: &str) {
    println!("| {what} | {figure} | - | - | {reach} |");
}

pub fn thousands(per_second: f64) -> String {
    format!("{:.1} k/s", per_second / 1e3)
}

/// A folder on the disk that the figures are about: beside the build, not in memory.
pub fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder")
}

pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_stack_size(STACK_BYTES)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// How often one small write and one sync of its file follow each other.
pub fn syncs_per_second() -> f64 {
    let folder = folder();
    let mut file = File::create(folder.path().join("syncs")).expect("a file");
    let (start, mut count) = (Instant::now(), 0u32);
    while start.elapsed() < Duration::from_secs(1) {
        file.write_all(&[7; 256]).expect("it is written");
        file.sync_data().expect("it is synced");
        count += 1;
    }
    f64::from(count) / start.elapsed().as_secs_f64()
}

/// How many small rows SQLite takes when a commit with full sync holds 1,000.
pub fn rows_per_second() -> f64 {
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

pub fn engine(folder: &Path, text: &str) -> (Arc<Sqlite>, Engine) {
    let store = Arc::new(Sqlite::open(folder).expect("it opens"));
    let program = Program::from_text("bench.flow", text).unwrap_or_else(|faults| panic!("{faults}"));
    let nothing = |_: serde_json::Value| async { Ok(serde_json::json!({})) };
    let builder = Builder::new(program).journal(store.clone()).native("bench.touch", nothing);
    (store, builder.build().unwrap_or_else(|error| panic!("{error}")))
}

/// How long a run of `text` takes, from its start to its end on disk.
pub fn timed(text: &str) -> Duration {
    let (folder, runtime) = (folder(), runtime());
    runtime.block_on(async {
        let (_store, engine) = engine(folder.path(), text);
        engine.recover().await.expect("it can be read");
        once(&engine).await
    })
}

/// How long a run takes, from its start to its end on disk.
pub async fn once(engine: &Engine) -> Duration {
    let start = Instant::now();
    let summary = engine.start("bench", &Value::Unit).await.expect("it starts").end().await;
    assert_eq!(summary.status, Status::Completed, "{:?}", summary.failure);
    start.elapsed()
}

/// A connector whose operation does nothing.
pub const NATIVE: &str = "connector bench { native once operation touch() -> { } }\n";

/// The memory of this process that is its own, in bytes.
pub fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or_default() * 1024.0
}
