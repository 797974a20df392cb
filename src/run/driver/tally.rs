//! What this process has written down, counted as it is: for those who watch how it works. Nothing is decided by it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;

use crate::base::status::Status;
use crate::run::event::{Answer, Event, Outcome};
use crate::run::journal::Batch;

/// The counts so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    batches: AtomicU64,
    records: AtomicU64,
    started: DashMap<Arc<str>, u64>,
    ended: DashMap<(Arc<str>, Status), u64>,
    attempts: [AtomicU64; 3],
    steps: [AtomicU64; 4],
}

/// How the answers of attempts are called: it worked, it certainly did not, nobody knows.
const ANSWERS: [&str; 3] = ["done", "failed", "unknown"];

/// How steps end.
const ENDS: [&str; 4] = ["completed", "skipped", "failed", "cancelled"];

/// What this process has written down since it began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Batches of records.
    pub batches: u64,
    /// Records.
    pub records: u64,
    /// Runs that were accepted, by workflow.
    pub started: Vec<(Arc<str>, u64)>,
    /// Runs that came to rest, by workflow and status.
    pub ended: Vec<(Arc<str>, Status, u64)>,
    /// Attempts that were answered, by what came of them.
    pub attempts: Vec<(&'static str, u64)>,
    /// Steps that ended, by how.
    pub steps: Vec<(&'static str, u64)>,
    /// Runs in memory now.
    pub live: u64,
}

impl Tally {
    /// Counts what is written down.
    pub(super) fn count(&self, batch: &Batch) {
        let standing = &batch.standing;
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.records.fetch_add(batch.records.len() as u64, Ordering::Relaxed);
        for record in &batch.records {
            match &record.event {
                Event::Accepted(_) => *self.started.entry(standing.workflow.clone()).or_default() += 1,
                Event::Rested => *self.ended.entry((standing.workflow.clone(), standing.status)).or_default() += 1,
                Event::Answered { answer, .. } => {
                    let place = match answer {
                        Answer::Done { .. } => 0,
                        Answer::Failed { certain: true, .. } => 1,
                        Answer::Failed { certain: false, .. } => 2,
                    };
                    self.attempts[place].fetch_add(1, Ordering::Relaxed);
                }
                Event::Computed { .. } => drop(self.steps[0].fetch_add(1, Ordering::Relaxed)),
                Event::Ended { outcome, .. } => {
                    let place = match outcome {
                        Outcome::Completed { .. } => 0,
                        Outcome::Skipped { .. } => 1,
                        Outcome::Failed { .. } => 2,
                        Outcome::Cancelled => 3,
                    };
                    self.steps[place].fetch_add(1, Ordering::Relaxed);
                }
                _ => {}
            }
        }
    }

    /// The counts, in an order that is always the same.
    pub(super) fn figures(&self, live: u64) -> Figures {
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let mut started: Vec<_> = self.started.iter().map(|entry| (entry.key().clone(), *entry.value())).collect();
        let mut ended: Vec<_> =
            self.ended.iter().map(|entry| (entry.key().0.clone(), entry.key().1, *entry.value())).collect();
        started.sort();
        ended.sort();
        Figures {
            batches: read(&self.batches),
            records: read(&self.records),
            started,
            ended,
            attempts: ANSWERS.into_iter().zip(self.attempts.iter().map(read)).collect(),
            steps: ENDS.into_iter().zip(self.steps.iter().map(read)).collect(),
            live,
        }
    }
}
