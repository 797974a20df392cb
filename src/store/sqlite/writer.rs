//! The one writer: whatever waits is written in one transaction, so many wait for one sync.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params};
use tokio::sync::watch;

use super::content::{self, PIECE_BYTES};
use super::row::Row;
use super::{Entry, What, event, hiding, log, nanos, wait};
use crate::base::id::{Digest, RunId};
use crate::base::time::Timestamp;
use crate::run::event::Event;
use crate::run::journal::{Batch, Broken, Fact, Mark, Standing};

/// How many entries one transaction holds at most.
const GROUP_ENTRIES_MAX: usize = 1_024;

/// After how many entries it is looked whether what was written should be moved to its place: not after each, since looking
/// takes time from whoever writes.
const SETTLE_ENTRIES: usize = 128;

/// How long the log may become.
const LOG_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// After how many commits room is made in the log: that takes some ten milliseconds, and whoever commits seldom needs none.
const ROOM_COMMITS: u64 = 128;

/// So many bytes count like an entry.
const SETTLE_BYTES_EACH: usize = 32 * 1024;

/// How long the writer waits for others who use the file.
const BUSY: Duration = Duration::from_secs(5);

/// How long the writer waits before it tries again what could not be written.
const PAUSE: Duration = Duration::from_millis(500);

/// How far the writer is.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    /// What is on disk.
    pub synced: Mark,
    /// Why nothing more will be, if that is so.
    pub broken: Option<Broken>,
    /// Why nothing can be now, if that is so.
    pub trouble: Option<Arc<str>>,
    /// How many groups were written.
    pub syncs: u64,
    /// How long that took, in all.
    pub syncing: Duration,
}

pub(super) struct Writer {
    connection: Connection,
    progress: watch::Sender<Progress>,
    /// Tells the thread that moves what was written to its place in the file.
    settle: Sender<()>,
    /// How many entries were written since it was told, or as many bytes.
    unsettled: usize,
    /// The file of the log.
    log: PathBuf,
    /// Whether the disk has no room to spare for it.
    narrow: bool,
    /// The plans that this process kept: it may start runs of them at any time.
    kept: BTreeSet<Digest>,
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        progress: watch::Sender<Progress>,
        settle: Sender<()>,
        log: PathBuf,
    ) -> Self {
        Self { connection, progress, settle, unsettled: 0, log, narrow: false, kept: BTreeSet::new() }
    }

    /// Writes what comes until nobody can send any more.
    pub(super) fn work(mut self, inbox: &Receiver<Entry>) {
        let mut group = Vec::new();
        while let Ok(entry) = inbox.recv() {
            group.push(entry);
            while group.len() < GROUP_ENTRIES_MAX
                && let Ok(entry) = inbox.try_recv()
            {
                group.push(entry);
            }
            let begun = Instant::now();
            if let Err(broken) = self.write_in_the_end(&group) {
                tracing::error!("the store can go on no more: {broken}");
                self.progress.send_modify(|progress| progress.broken = Some(broken));
                return;
            }
            if let Some(last) = group.last() {
                self.progress.send_modify(|progress| {
                    progress.synced = last.mark;
                    progress.trouble = None;
                    progress.syncs += 1;
                    progress.syncing += begun.elapsed();
                });
            }
            self.unsettled += group.len();
            group.clear();
            if self.unsettled >= SETTLE_ENTRIES {
                self.unsettled = 0;
                // Whoever settles has gone only when the store is being closed.
                let _ = self.settle.send(());
                self.tend_log();
            }
        }
        if let Err(error) = self.connection.execute("UPDATE session SET open = 0", []) {
            tracing::warn!("the store could not be closed in order: {error}");
        }
    }

    /// Sees to it that the log is neither too long, nor so short that each commit makes it longer.
    fn tend_log(&mut self) {
        let Ok(bytes) = log::length(&self.log) else { return };
        if bytes > LOG_BYTES_MAX {
            self.shorten();
        } else if bytes < log::ROOM
            && !self.narrow
            && self.progress.borrow().syncs >= ROOM_COMMITS
            && let Err(error) = log::make_room(&self.log)
        {
            self.narrow = true;
            tracing::warn!("there is no room to spare for the store's log: {error}; it grows with each commit");
        }
    }

    /// Begins the log anew where it has become long: whoever moves it to its place beside a writer that never rests does not
    /// come to its end. Where somebody still reads what is in it, that is done the next time.
    fn shorten(&self) {
        // Whoever commits does not wait for whoever reads.
        let shortened = self
            .connection
            .busy_timeout(Duration::ZERO)
            .and_then(|()| self.connection.query_row("PRAGMA wal_checkpoint(truncate)", [], |_| Ok(())));
        if let Err(error) = shortened.and_then(|()| self.connection.busy_timeout(BUSY)) {
            tracing::warn!("the log of the store could not be shortened: {error}");
        }
    }

    /// Writes a group. What a full disk, a slow reader or an operator can mend is tried again until it is mended: nothing that
    /// was decided is lost meanwhile.
    fn write_in_the_end(&mut self, group: &[Entry]) -> Result<(), Broken> {
        let mut said = false;
        loop {
            match self.write(group) {
                Ok(()) => {
                    if said {
                        tracing::warn!("the store can be written again");
                    }
                    return Ok(());
                }
                Err(Fault::Broken(broken)) => return Err(broken),
                Err(Fault::Disk(error)) if passes(&error) => {
                    if !said {
                        tracing::error!("the store cannot be written: {error}; runs hold still until it can");
                        self.progress.send_modify(|progress| progress.trouble = Some(error.to_string().into()));
                        said = true;
                    }
                    std::thread::sleep(PAUSE);
                }
                Err(Fault::Disk(error)) => return Err(Broken(error.to_string().into())),
            }
        }
    }

    fn write(&mut self, group: &[Entry]) -> Result<(), Fault> {
        let transaction = self.connection.transaction()?;
        let mut done = Vec::new();
        for entry in group {
            match &entry.what {
                What::Batches(batches) => {
                    let mut mark = entry.first;
                    for batch in batches {
                        self.unsettled += append(&transaction, mark, batch)? / SETTLE_BYTES_EACH;
                        mark.0 += batch.marks();
                    }
                }
                What::Facts(facts) => facts.iter().try_for_each(|fact| keep(&transaction, fact))?,
                What::Event(event) => event::keep(&transaction, entry.first, event)?,
                What::Heard(mark) => event::heard(&transaction, *mark)?,
                What::Plan { digest, body, topics } => {
                    self.kept.insert(*digest);
                    keep_plan(&transaction, *digest, body, topics)?;
                }
                What::Removal(step, asker) => done.push((asker, step.take(&transaction, &self.kept)?)),
            }
        }
        transaction.commit()?;
        for (asker, done) in done {
            // Whoever asked may not wait any more.
            let _ = asker.send(done);
        }
        Ok(())
    }
}

/// Notes in the file itself that a process uses it, so that it is seen where its log is lost.
pub(super) fn begin(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("UPDATE session SET open = 1", [])?;
    connection.query_row("PRAGMA wal_checkpoint(passive)", [], |_| Ok(()))
}

/// Keeps a batch and all that follows from it; how many bytes its records and their large parts have.
fn append(connection: &Connection, mark: Mark, batch: &Batch) -> Result<usize, Fault> {
    let mut bytes = 0;
    let row = Row::of(connection, mark, batch, &mut |digest, part| {
        bytes += part.len();
        keep_content(connection, digest, part)?;
        hold_content(connection, digest, mark)
    })?;
    bytes += row.records.len();
    insert(connection, &row)?;
    if batch.first == 0 || !stands_still(connection, mark, &batch.standing)? {
        stand(connection, mark, mark, &batch.standing)?;
    }
    if batch.first == 0 {
        tag(connection, mark, &batch.standing.tags)?;
    }
    batch.facts.iter().try_for_each(|fact| keep(connection, fact))?;
    wait::change(connection, &batch.standing.run, &batch.waits)?;
    for record in &batch.records {
        if let Event::MoveAsked { plan, .. } = &record.event {
            pin(connection, *plan, &batch.standing.run)?;
        }
    }
    for (mark, event) in (mark.0 + 1..).zip(&batch.emitted) {
        event::keep(connection, Mark(mark), event)?;
    }
    Ok(bytes)
}

/// Keeps a plan for a run that is to go on under it as soon as it may.
fn pin(connection: &Connection, plan: Digest, run: &RunId) -> Result<(), Fault> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO plan_of_run (plan, run) SELECT ?1, number FROM run WHERE id = ?2")?
        .execute(params![plan.0, &*run.0])?;
    Ok(())
}

/// Keeps a batch.
pub(super) fn insert(connection: &Connection, row: &Row) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT INTO batch (mark, run, previous, first, version, records, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![row.mark.0, &*row.run.0, row.previous.0, row.first, row.version, row.records, row.sum])?;
    Ok(())
}

/// Keeps a large value in pieces, unless it is there.
pub(super) fn keep_content(connection: &Connection, digest: Digest, bytes: &[u8]) -> Result<(), Fault> {
    let digest = digest.to_string();
    let there = connection
        .prepare_cached("SELECT 1 FROM piece WHERE digest = ?1 AND start = 0")?
        .query_row([&digest], |_| Ok(()))
        .optional()?;
    if there.is_some() {
        return Ok(());
    }
    for (number, piece) in bytes.chunks(PIECE_BYTES).enumerate() {
        connection.prepare_cached("INSERT INTO piece (digest, start, bytes) VALUES (?1, ?2, ?3)")?.execute(params![
            digest,
            (number * PIECE_BYTES) as i64,
            piece
        ])?;
    }
    Ok(())
}

/// Notes that a batch refers to a large value.
pub(super) fn hold_content(connection: &Connection, digest: Digest, mark: Mark) -> Result<(), Fault> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO content_of_batch (digest, mark) VALUES (?1, ?2)")?
        .execute(params![digest.to_string(), mark.0])?;
    Ok(())
}

/// Keeps a plan, unless it is there.
pub(super) fn keep_plan(
    connection: &Connection,
    digest: Digest,
    body: &[u8],
    topics: &[Arc<str>],
) -> Result<(), Fault> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO plan (digest, body, sum) VALUES (?1, ?2, seal(?1, ?2))")?
        .execute(params![digest.0, body])?;
    for topic in topics {
        connection
            .prepare_cached("INSERT OR IGNORE INTO topic_of_plan (plan, topic, sum) VALUES (?1, ?2, seal(?1, ?2))")?
            .execute(params![digest.0, &**topic])?;
    }
    Ok(())
}

/// Notes that a run stands after the batch at `mark` as it did before, if that is so: no index is touched then, and a run that
/// goes from step to step mostly stands still.
fn stands_still(connection: &Connection, mark: Mark, standing: &Standing) -> Result<bool, Fault> {
    let changed = connection
        .prepare_cached(
            "UPDATE run SET last = ?1,
             sum = seal(number, ?1, id, workflow, plan, parent, fork_of, tags, accepted_at, status, started_at, rested_at, error, wake, busy, failures, turn)
             WHERE id = ?2 AND plan = ?3 AND status = ?4 AND rested_at IS ?5 AND error IS ?6
             AND wake IS ?7 AND busy = ?8 AND failures IS ?9 AND turn IS ?10 AND started_at IS ?11",
        )?
        .execute(params![
            mark.0,
            &*standing.run.0,
            standing.plan.0,
            standing.status.word(),
            standing.rested_at.map(nanos),
            standing.error.as_deref(),
            standing.wake.map(nanos),
            standing.busy,
            failures(standing),
            turn(standing),
            standing.started_at.map(nanos),
        ])?;
    Ok(changed > 0)
}

/// The open failures of a run, as the table has them.
fn failures(standing: &Standing) -> Option<String> {
    (!standing.open.is_empty()).then(|| serde_json::json!(standing.open).to_string())
}

/// The turn of a run at the gates of its workflow, as the tables hold it.
fn turn(standing: &Standing) -> Option<String> {
    standing.turn.as_ref().map(|turn| serde_json::json!(turn).to_string())
}

/// Notes how a run stands after the batch at `last`. `number` is that of its first, and counts for a new run.
pub(super) fn stand(connection: &Connection, number: Mark, last: Mark, standing: &Standing) -> Result<(), Fault> {
    let tags = (!standing.tags.is_empty()).then(|| serde_json::json!(standing.tags).to_string());
    connection
        .prepare_cached(
            "INSERT INTO run (number, last, id, workflow, plan, parent, fork_of, tags, accepted_at, status, started_at, rested_at, error, wake, busy, failures, turn, sum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
                     seal(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17))
             ON CONFLICT (id) DO UPDATE SET last = ?2, plan = ?5, status = ?10, started_at = ?11, rested_at = ?12, error = ?13, wake = ?14, busy = ?15, failures = ?16, turn = ?17,
             sum = seal(number, ?2, id, workflow, ?5, parent, fork_of, tags, accepted_at, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        )?
        .execute(params![
            number.0,
            last.0,
            &*standing.run.0,
            &*standing.workflow,
            standing.plan.0,
            standing.parent.as_ref().map(|parent| &*parent.0),
            standing.fork_of.as_ref().map(|other| &*other.0),
            tags,
            nanos(standing.accepted_at),
            standing.status.word(),
            standing.started_at.map(nanos),
            standing.rested_at.map(nanos),
            standing.error.as_deref(),
            standing.wake.map(nanos),
            standing.busy,
            failures(standing),
            turn(standing),
        ])?;
    Ok(())
}

/// Lets a new run be found by its tags.
pub(super) fn tag(connection: &Connection, number: Mark, tags: &[Arc<str>]) -> Result<(), Fault> {
    for tag in tags {
        connection
            .prepare_cached("INSERT OR IGNORE INTO run_by_tag (tag, number, sum) VALUES (?1, ?2, seal(?1, ?2))")?
            .execute(params![&**tag, number.0])?;
    }
    Ok(())
}

/// Keeps a fact.
pub(super) fn keep(connection: &Connection, fact: &Fact) -> Result<(), Fault> {
    let Some(value) = &fact.value else {
        connection.prepare_cached("DELETE FROM fact WHERE name = ?1")?.execute([&*fact.name])?;
        return Ok(());
    };
    let (value, _) = hiding::write(connection, &fact.name, value)?;
    keep_stored(connection, &fact.name, &value, fact.until)
}

/// Keeps a fact of which the value is in stored form already.
pub(super) fn keep_stored(
    connection: &Connection,
    name: &str,
    value: &[u8],
    until: Option<Timestamp>,
) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT INTO fact (name, value, until, sum) VALUES (?1, ?2, ?3, seal(?1, ?2, ?3))
             ON CONFLICT (name) DO UPDATE SET value = ?2, until = ?3, sum = excluded.sum",
        )?
        .execute(params![name, value, until.map(nanos)])?;
    Ok(())
}

/// Whether what went wrong may pass: somebody makes room, or another process lets go of the file.
fn passes(error: &rusqlite::Error) -> bool {
    use ErrorCode::{CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, OutOfMemory, SystemIoFailure};
    matches!(
        error.sqlite_error_code(),
        Some(DiskFull | SystemIoFailure | DatabaseBusy | DatabaseLocked | CannotOpen | OutOfMemory)
    )
}

pub(super) enum Fault {
    Disk(rusqlite::Error),
    Broken(Broken),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Disk(error)
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::Broken(Broken(format!("what happened cannot be written: {error}").into()))
    }
}

impl From<content::Fault> for Fault {
    fn from(fault: content::Fault) -> Self {
        Self::Broken(Broken(format!("what happened cannot be written: {}", fault.0).into()))
    }
}

impl From<Broken> for Fault {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}
