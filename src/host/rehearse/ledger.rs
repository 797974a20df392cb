//! The journal of a rehearsal: the store in memory. The world outside sees what is written, and the process may end at any
//! time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::outside::Outside;
use crate::base::id::{Digest, RunId};
use crate::base::limit;
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::lang::plan::Plan;
use crate::run::admission::Turn;
use crate::run::journal::{
    Batch, Broken, Count, Due, Emission, Fact, Follow, Forgotten, Happened, History, Journal, Mark, Page, Passage,
    Pieces, Progress, Query, Standing,
};
use crate::run::wait::{Open, Waiting};
use crate::run::world::BoxFuture;
use crate::store::Memory;

/// Where that is which a process wrote that has ended: whoever waits for it waits for ever.
const NEVER: Mark = Mark(u64::MAX / 2);

/// The journal as one process sees it.
pub struct Ledger {
    store: Arc<Memory>,
    outside: Arc<Outside>,
    /// The process ends when it is about to write for the time after so many.
    ends_after: Option<u64>,
    written: AtomicU64,
    gone: AtomicBool,
}

impl Ledger {
    /// The journal in `store`, for a process that ends when so many times something was written, if ever.
    pub fn new(store: Arc<Memory>, outside: Arc<Outside>, ends_after: Option<u64>) -> Self {
        Self { store, outside, ends_after, written: AtomicU64::new(0), gone: AtomicBool::new(false) }
    }

    /// Whether the process has ended: nothing it does is seen any more.
    pub fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    /// How many times something was written.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Whether more was written than any test needs.
    pub fn is_endless(&self) -> bool {
        self.written() >= limit::TEST_WRITES_MAX
    }

    /// Whether the process lives on to write once more.
    fn may_write(&self) -> bool {
        if self.ends_after.is_some_and(|last| self.written() >= last) || self.is_endless() {
            self.gone.store(true, Ordering::Relaxed);
            self.outside.close();
        }
        if !self.is_gone() {
            self.written.fetch_add(1, Ordering::Relaxed);
        }
        !self.is_gone()
    }

    /// What the store answers; nothing to a process that has ended.
    fn read<'a, T: Send + 'a>(&self, answer: BoxFuture<'a, T>) -> BoxFuture<'a, T> {
        if self.is_gone() { Box::pin(std::future::pending()) } else { answer }
    }
}

impl Journal for Ledger {
    fn append(&self, batches: Vec<Batch>) -> Mark {
        if !self.may_write() {
            return NEVER;
        }
        batches.iter().for_each(|batch| self.outside.follow(batch));
        self.store.append(batches)
    }

    fn synced(&self, mark: Mark) -> BoxFuture<'_, Result<(), Broken>> {
        self.read(self.store.synced(mark))
    }

    fn history<'a>(&'a self, run: &'a RunId, from: u64) -> BoxFuture<'a, Result<History, Broken>> {
        self.read(self.store.history(run, from))
    }

    fn outline<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<History, Broken>> {
        self.read(self.store.outline(run))
    }

    fn output<'a>(&'a self, run: &'a RunId, number: u64) -> BoxFuture<'a, Result<Option<Pieces>, Broken>> {
        self.read(self.store.output(run, number))
    }

    fn standing<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<Option<Standing>, Broken>> {
        self.read(self.store.standing(run))
    }

    fn runs<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Page, Broken>> {
        self.read(self.store.runs(query))
    }

    fn busy(&self) -> BoxFuture<'_, Result<Vec<RunId>, Broken>> {
        self.read(self.store.busy())
    }

    fn at_gates(&self) -> BoxFuture<'_, Result<Vec<(RunId, Turn)>, Broken>> {
        self.read(self.store.at_gates())
    }

    fn due(&self, until: Timestamp, limit: usize) -> BoxFuture<'_, Result<Due, Broken>> {
        self.read(self.store.due(until, limit))
    }

    fn publish(&self, event: Emission) -> Mark {
        if self.may_write() { self.store.publish(event) } else { NEVER }
    }

    fn events<'a>(&'a self, topic: &'a str, after: Mark, limit: usize) -> BoxFuture<'a, Result<Vec<Happened>, Broken>> {
        self.read(self.store.events(topic, after, limit))
    }

    fn heard(&self, mark: Mark) {
        if !self.is_gone() {
            self.store.heard(mark);
        }
    }

    fn unheard(&self, after: Mark, limit: usize) -> BoxFuture<'_, Result<Vec<Happened>, Broken>> {
        self.read(self.store.unheard(after, limit))
    }

    fn waiting<'a>(&'a self, query: &'a Waiting) -> BoxFuture<'a, Result<Vec<Open>, Broken>> {
        self.read(self.store.waiting(query))
    }

    fn note(&self, facts: Vec<Fact>) -> Mark {
        if self.may_write() { self.store.note(facts) } else { NEVER }
    }

    fn facts<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<Fact>, Broken>> {
        self.read(self.store.facts(prefix))
    }

    fn fact<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Value>, Broken>> {
        self.read(self.store.fact(name))
    }

    fn written_after(&self, mark: Mark) -> BoxFuture<'_, Result<Mark, Broken>> {
        self.read(self.store.written_after(mark))
    }

    fn passages<'a>(
        &'a self,
        after: Mark,
        until: Mark,
        follow: &'a Follow,
    ) -> BoxFuture<'a, Result<Vec<Passage>, Broken>> {
        self.read(self.store.passages(after, until, follow))
    }

    fn counts(&self) -> BoxFuture<'_, Result<Vec<Count>, Broken>> {
        self.read(self.store.counts())
    }

    fn progress(&self) -> Progress {
        self.store.progress()
    }

    fn forget(&self, runs: Vec<RunId>) -> BoxFuture<'_, Result<Forgotten, Broken>> {
        self.read(self.store.forget(runs))
    }

    fn sweep(&self, now: Timestamp, events: Timestamp) -> BoxFuture<'_, Result<Forgotten, Broken>> {
        self.read(self.store.sweep(now, events))
    }

    fn keep(&self, plan: &Plan) -> Mark {
        self.store.keep(plan)
    }

    fn plan(&self, digest: Digest) -> BoxFuture<'_, Result<Option<Plan>, Broken>> {
        self.read(self.store.plan(digest))
    }
}
