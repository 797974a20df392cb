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

use std::sync::Arc;

use orchestra_flow::run::journal::Journal;
use orchestra_flow::store::{Memory, Sqlite, suite};

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .thread_stack_size(orchestra_flow::base::limit::STACK_BYTES)
        .enable_all()
        .build()
        .expect("a runtime")
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
