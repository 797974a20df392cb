//! Letting go of what has had its time: runs that have been at rest for long, and what nothing needs without them.

use super::journal::{Broken, Forgotten, Journal, Query};
use crate::base::id::RunId;
use crate::base::status::Status;
use crate::base::time::{Duration, Timestamp};

/// How many runs are let go of at a time: nobody waits long behind that.
const RUNS_AT_ONCE: usize = 256;

/// How long an event is kept at least, where nothing else is said (semantics 61).
pub const EVENTS_KEPT: Duration = Duration::seconds(7 * 24 * 60 * 60);

/// How long runs are kept that have come to rest. What is absent is kept for ever.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retention {
    /// Runs that completed, were cancelled, skipped or undone.
    pub ended: Option<Duration>,
    /// Runs that failed: each is open until somebody has dealt with it.
    pub failed: Option<Duration>,
    /// Events that no run needs.
    pub events: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self { ended: None, failed: None, events: EVENTS_KEPT }
    }
}

impl Retention {
    /// Which runs have had their time at `now`.
    pub fn over(&self, now: Timestamp) -> Vec<Query> {
        let failed = |status: &Status| *status == Status::Failed;
        let (of_failed, of_ended): (Vec<Status>, Vec<Status>) =
            Status::ALL.into_iter().filter(|status| status.is_at_rest()).partition(failed);
        let over = |statuses: Vec<Status>, kept: Duration| over(statuses, kept, now);
        let ended = self.ended.map(|kept| over(of_ended, kept));
        ended.into_iter().chain(self.failed.map(|kept| over(of_failed, kept))).collect()
    }
}

/// The runs in these states that have been at rest for so long at `now`, and that no other run waits for: what those have
/// waited for goes with them, and not before.
pub fn over(statuses: Vec<Status>, kept: Duration, now: Timestamp) -> Query {
    Query { statuses, rested_before: Some(kept.before(now)), roots: true, limit: RUNS_AT_ONCE, ..Query::default() }
}

/// Lets go of the runs that `query` describes, a few at a time. `hold` keeps everybody else from a run while it goes; none if
/// somebody has to do with it just now: it stays until the next time.
///
/// # Errors
/// If the journal cannot be read or written.
pub async fn runs<H>(
    journal: &dyn Journal,
    mut query: Query,
    hold: impl Fn(&RunId) -> Option<H>,
) -> Result<Forgotten, Broken> {
    let mut forgotten = Forgotten::default();
    loop {
        let page = journal.runs(&query).await?;
        let free = page.runs.into_iter().filter_map(|standing| Some((hold(&standing.run)?, standing.run)));
        let (held, going): (Vec<H>, Vec<RunId>) = free.unzip();
        forgotten += journal.forget(going).await?;
        drop(held);
        match page.next {
            Some(next) => query.before = Some(next),
            None => return Ok(forgotten),
        }
    }
}
