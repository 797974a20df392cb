//! Stores: the suite that each must hold, and what only one in a file can meet.

mod bad_days;
mod damage;
mod broken;
mod dump;
mod deploy;
mod engine;
mod events;
mod intake;
#[cfg(all(feature = "cli", feature = "http"))]
pub mod killed;
mod older;
mod prune;
mod fork;
mod rewind;
mod sqlite;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use orchestra_flow::base::id::RunId;
use orchestra_flow::base::status::Status;
use orchestra_flow::run::journal::{Journal, Query};
use orchestra_flow::store::{Memory, Sqlite, suite};
use orchestra_flow::{Builder, Engine, Program};

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .thread_stack_size(orchestra_flow::base::limit::STACK_BYTES)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// What one process does with the store of a folder: `work`, then it is gone with everything that is still under way. `made` says
/// what its engine has beside the program.
pub fn process<T>(
    folder: &Path,
    text: &str,
    made: impl FnOnce(Builder) -> Builder,
    work: impl AsyncFnOnce(Arc<Sqlite>, Engine) -> T,
) -> T {
    let runtime = runtime();
    let done = runtime.block_on(async {
        let store = Arc::new(Sqlite::open(folder).expect("it opens"));
        let program = Program::from_text("main.flow", text).unwrap_or_else(|faults| panic!("{faults}"));
        let builder = made(Builder::new(program).journal(store.clone()));
        let engine = builder.build().unwrap_or_else(|error| panic!("{error}"));
        engine.recover().await.expect("it can be read");
        work(store, engine).await
    });
    runtime.shutdown_timeout(Duration::from_secs(10));
    done
}

/// Waits until this many runs are in this state.
pub async fn until(store: &dyn Journal, status: Status, count: usize) -> Vec<RunId> {
    let query = Query { statuses: vec![status], limit: 10_000, ..Query::default() };
    for _ in 0..1_000 {
        let runs = store.runs(&query).await.expect("it can be read").runs;
        if runs.len() == count {
            return runs.into_iter().map(|run| run.run).collect();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("there are never {count} runs that are {status}")
}

#[test]
fn memory_holds_the_suite() {
    let store: Arc<dyn Journal> = Arc::new(Memory::default());
    runtime().block_on(suite::hold(&|| store.clone())).expect("it holds");
}

#[test]
fn sqlite_holds_the_suite() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || -> Arc<dyn Journal> { Arc::new(Sqlite::open(folder.path()).expect("it opens")) };
    runtime().block_on(suite::hold(&open)).expect("it holds");
}
