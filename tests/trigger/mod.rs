//! Triggers: what starts runs, by the doors that clocks, files and requests come in by.

mod clock;
mod event;
mod file;
mod form;
mod hook;
#[cfg(all(feature = "cli", feature = "serve"))]
mod killed;
#[cfg(feature = "http")]
mod poll;
mod request;
#[cfg(feature = "http")]
mod vendors;
mod webhook;
mod width;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use orchestra_flow::base::time::Timestamp;
use orchestra_flow::base::value::Value;
use orchestra_flow::host::clock::VirtualClock;
use orchestra_flow::run::event::Event;
use orchestra_flow::run::journal::{Journal, Query, Standing};
use orchestra_flow::store::{Memory, Sqlite};
use orchestra_flow::trigger::Triggers;
use orchestra_flow::{Builder, Engine, Program};

use crate::store::runtime;

/// One process: an engine with its store, as long as the test keeps it.
struct House {
    store: Arc<dyn Journal>,
    engine: Engine,
    triggers: Triggers,
}

impl House {
    /// An engine for a program, on the store in `folder`, by the clock of the machine or by one that is moved.
    async fn open(folder: &Path, program: &str, clock: Option<&VirtualClock>) -> Self {
        let store = Arc::new(Sqlite::open(&folder.join("data")).expect("it opens"));
        Self::on(store, folder, program, clock).await
    }

    /// The same on any store.
    async fn on(store: Arc<dyn Journal>, folder: &Path, program: &str, clock: Option<&VirtualClock>) -> Self {
        let file = folder.join("main.flow");
        std::fs::write(&file, program).expect("it can be written");
        let program = Program::from_file(&file).unwrap_or_else(|faults| panic!("{faults}"));
        let mut builder = Builder::new(program).journal(store.clone());
        if let Some(clock) = clock {
            builder = builder.clock(clock.clone());
        }
        let engine = builder.set("secrets.HOOK_KEY=it is a secret").build().unwrap_or_else(|error| panic!("{error}"));
        engine.recover().await.expect("it can be read");
        let triggers = engine.triggers().unwrap_or_else(|faults| panic!("{faults}"));
        Self { store, engine, triggers }
    }

    /// All runs of a workflow, the first accepted first.
    async fn runs(&self, workflow: &str) -> Vec<Standing> {
        let query = Query { workflow: Some(workflow.into()), limit: 100_000, ..Query::default() };
        let mut runs = self.store.runs(&query).await.expect("it can be read").runs;
        runs.reverse();
        runs
    }

    /// What `trigger` was to each run of a workflow, in order.
    async fn heard(&self, workflow: &str) -> Vec<Value> {
        let mut heard = Vec::new();
        for run in self.runs(workflow).await {
            let history = self.store.history(&run.run, 0).await.expect("it can be read");
            match &history.records.first().expect("it has a beginning").event {
                Event::Accepted(acceptance) => heard.push(acceptance.trigger.clone()),
                other => panic!("{other:?} is no beginning"),
            }
        }
        heard
    }

    /// When the runs of a workflow were due, in order.
    async fn due(&self, workflow: &str) -> Vec<String> {
        self.heard(workflow).await.iter().map(|trigger| trigger.get("due").expect("it was due").to_string()).collect()
    }

    /// Waits until the trigger of a workflow hears events.
    async fn listens(&self, workflow: &str) {
        let prefix = format!("heard/{workflow}/");
        for _ in 0..2_000 {
            if !self.store.facts(&prefix).await.expect("it can be read").is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{workflow} never hears anything");
    }

    /// Waits until a workflow has so many runs.
    async fn until(&self, workflow: &str, count: usize) {
        for _ in 0..2_000 {
            if self.runs(workflow).await.len() >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("there are never {count} runs of {workflow}, but {}", self.runs(workflow).await.len());
    }
}

/// What one process does: `work`, then it is gone with everything that is still under way.
fn process<T>(folder: &Path, program: &str, clock: Option<&VirtualClock>, work: impl AsyncFnOnce(House) -> T) -> T {
    let runtime = runtime();
    let done = runtime.block_on(async { work(House::open(folder, program, clock).await).await });
    runtime.shutdown_timeout(Duration::from_secs(10));
    done
}

/// The same in a process that keeps its journal in memory.
fn in_memory<T>(program: &str, work: impl AsyncFnOnce(House) -> T) -> T {
    let (runtime, folder) = (runtime(), tempfile::tempdir().expect("a folder"));
    let store = Arc::new(Memory::default());
    runtime.block_on(async { work(House::on(store, folder.path(), program, None).await).await })
}

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Lets somebody go to sleep until this moment at the latest.
async fn asleep(clock: &VirtualClock, until: Timestamp) -> bool {
    for _ in 0..400 {
        if clock.next_moment().is_some_and(|next| next <= until) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    false
}

/// Moves a clock from one thing to the next, up to a moment.
async fn advance(clock: &VirtualClock, until: &str) {
    let until = moment(until);
    while asleep(clock, until).await {
        if let Some(next) = clock.next_moment() {
            clock.set(next);
        }
    }
    clock.set(until);
}
