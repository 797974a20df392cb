//! A store in one file, `flow.db`, that needs no set-up: SQLite with a write-ahead log and full sync.
//!
//! One thread writes; whatever waits for it goes to disk with one sync. Another moves what was written from the log to its
//! place, so that no run waits for that. Readers have connections of their own.

mod content;
mod directory;
mod dump;
mod event;
mod follow;
mod hiding;
mod list;
mod log;
mod look;
mod mend;
mod pieces;
mod prune;
mod reader;
mod readers;
mod replay;
mod restore;
mod row;
mod schema;
mod seal;
mod wait;
mod writer;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::watch;

use crate::base::id::{Digest, RunId};
use crate::base::limit;
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::lang::plan::Plan;
use crate::run::admission::Turn;
use crate::run::journal::{
    self, Batch, Broken, Count, Due, Emission, Fact, Follow, Forgotten, Happened, History, Journal, Mark, Page,
    Passage, Pieces, Query, Replay, Standing,
};
use crate::run::wait::{Open, Waiting};
use crate::run::world::BoxFuture;
use crate::store::keyring::{self, KEY_VARIABLE, Keyring};
use directory::Directory;
pub use directory::FILE;
pub use dump::{Amount, DumpError, Selection, dump};
pub use look::examine;
use readers::Readers;
pub use restore::{RestoreError, Restored, restore};
pub use schema::VERSION;
use seal::Damage;
use writer::{Progress, Writer};

/// How many pages the log may have before they are moved to their place: 4 KiB each.
const LOG_PAGES_MAX: i64 = 4_096;

/// The store of one data directory. Only one process at a time may have it open.
pub struct Sqlite {
    file: PathBuf,
    inbox: Mutex<Inbox>,
    progress: watch::Receiver<Progress>,
    readers: Readers,
    threads: Vec<JoinHandle<()>>,
    /// Held as long as the store is open; none where it is only looked at.
    _lock: Option<File>,
}

struct Inbox {
    /// The mark of the next batch.
    next: Mark,
    /// Gone once the store is being closed.
    entries: Option<Sender<Entry>>,
}

/// What goes to disk together.
struct Entry {
    /// The mark of the first thing in it; the others follow.
    first: Mark,
    /// The mark of the last thing in it, or of what was written before.
    mark: Mark,
    what: What,
}

/// What is written.
enum What {
    Batches(Vec<Batch>),
    Event(Emission),
    /// Facts that follow from no run.
    Facts(Vec<Fact>),
    /// Up to where events were heard of.
    Heard(Mark),
    Plan {
        digest: Digest,
        body: Vec<u8>,
        topics: Vec<Arc<str>>,
    },
    /// What is removed; whoever asked hears what came of it.
    Removal(prune::Step, UnboundedSender<prune::Done>),
}

impl What {
    /// How many marks it takes up.
    fn marks(&self) -> u64 {
        match self {
            Self::Batches(batches) => batches.iter().map(Batch::marks).sum(),
            Self::Event(_) | Self::Facts(_) => 1,
            Self::Heard(_) | Self::Plan { .. } | Self::Removal(..) => 0,
        }
    }
}

/// Why a store was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory cannot be used.
    #[error("the data directory `{}` cannot be used: {error}", directory.display())]
    Directory {
        /// Which.
        directory: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Another process has it open.
    #[error("the data directory `{}` is in use by the process {pid}", directory.display())]
    InUse {
        /// Which.
        directory: PathBuf,
        /// By whom.
        pid: String,
    },
    /// A later version of this program wrote it.
    #[error("`{}` was written by a later version of this program (its tables are of version {found}, this one knows {known})", file.display())]
    Later {
        /// Which file.
        file: PathBuf,
        /// Of which version it is.
        found: usize,
        /// Up to which this program knows.
        known: usize,
    },
    /// An earlier version of this program wrote it, and it is only to be read.
    #[error("`{}` was written by an earlier version of this program (its tables are of version {found}, this one reads {known}): use the directory once with `flow run --data` or `flow serve`, and it is brought up to date", file.display())]
    Earlier {
        /// Which file.
        file: PathBuf,
        /// Of which version it is.
        found: usize,
        /// Which one this program reads.
        known: usize,
    },
    /// The head of its log is damaged: what was written last would be lost.
    #[error("`{}-wal` is damaged at its beginning, and what was written last is in it: bring it back from a copy, or move it away to go on without that", file.display())]
    Log {
        /// Which store.
        file: PathBuf,
    },
    /// The file is gone or empty, but not its log: SQLite would throw that away.
    #[error("`{}` is not there or empty, but what was written last is in `{}-wal`: bring the file back from a copy, or move its log away to begin anew", file.display(), file.display())]
    Gone {
        /// Which store.
        file: PathBuf,
    },
    /// Its log is damaged somewhere, and it is only to be read.
    #[error("`{}-wal` is damaged {bytes} bytes before its end, and what was written after that is lost: bring it back from a copy, or use the directory once with `flow serve` or `flow run --data` to go on from before that", file.display())]
    Lost {
        /// Which store.
        file: PathBuf,
        /// How many bytes before the end.
        bytes: usize,
    },
    /// It is damaged, and what is damaged follows from nothing else.
    #[error("`{}` is damaged {what}; nothing was changed: bring it back from a copy, with its log if there is one, or take a dump in elsewhere with `flow restore`", file.display())]
    Damaged {
        /// Which store.
        file: PathBuf,
        /// Where, and how that was seen.
        what: String,
    },
    /// What is sealed in it cannot be opened.
    #[error("`{}` holds secrets that are sealed, and {error}; set `{KEY_VARIABLE}` to the key they were sealed with, or bring the key's file back", file.display())]
    Sealed {
        /// Which file.
        file: PathBuf,
        /// Why.
        error: String,
    },
    /// It is no store, or damaged.
    #[error("the store cannot be opened: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

impl OpenError {
    fn damaged(file: &Path, damage: &Damage) -> Self {
        Self::Damaged { file: file.into(), what: damage.to_string() }
    }
}

impl Sqlite {
    /// Opens the store in `directory`, which is made if it is not there. Its secrets are sealed with the key that lies in it,
    /// which is made when it is needed.
    ///
    /// # Errors
    /// Where the directory cannot be used, another process uses it, or what is in it is no store of this version.
    pub fn open(directory: &Path) -> Result<Self, OpenError> {
        Self::open_with(directory, None)
    }

    /// The same; secrets are sealed with the key that `FLOW_KEY` says, if it says one.
    ///
    /// # Errors
    /// As [`Sqlite::open`], and where what is sealed in it was sealed with another key.
    pub fn open_with(directory: &Path, key: Option<&str>) -> Result<Self, OpenError> {
        let unusable = |error| OpenError::Directory { directory: directory.into(), error };
        let keyring = keyring_of(directory, key);
        let Directory { file, connection, last, lock } = Directory::open(directory, &keyring)?;
        hiding::check(&connection, &keyring)?
            .map_err(|error| OpenError::Sealed { file: file.clone(), error: error.to_string() })?;
        // Another thread sees to that.
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        writer::begin(&connection)?;
        let settling = Connection::open(&file)?;
        let readers = Readers::of(file.clone(), keyring);
        let (entries, inbox) = mpsc::channel();
        let (settle, settled) = mpsc::channel();
        let (progress, watched) = watch::channel(Progress { synced: last, ..Progress::default() });
        let writer = Writer::new(connection, progress, settle, log::beside(&file));
        let threads = vec![
            spawn("store", move || writer.work(&inbox)).map_err(unusable)?,
            spawn("store-settle", move || move_to_place(&settling, &settled)).map_err(unusable)?,
        ];
        Ok(Self {
            file,
            inbox: Mutex::new(Inbox { next: Mark(last.0 + 1), entries: Some(entries) }),
            progress: watched,
            readers,
            threads,
            _lock: Some(lock),
        })
    }

    fn send(&self, what: What) -> Mark {
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        let first = inbox.next;
        inbox.next.0 += what.marks();
        let mark = Mark(inbox.next.0 - 1);
        if let Some(entries) = &inbox.entries {
            // A writer that has gone has said why; whoever waits for the disk hears of it.
            let _ = entries.send(Entry { first, mark, what });
        }
        mark
    }

    /// Takes a step of removing again and again, until nothing is left to do; others are written in between.
    async fn remove(&self, step: impl Fn() -> prune::Step) -> Result<Forgotten, Broken> {
        let mut forgotten = Forgotten::default();
        loop {
            let (done, mut told) = unbounded_channel();
            self.send(What::Removal(step(), done));
            // A writer that has gone has said why.
            let Some(done) = told.recv().await else {
                return Err(self.progress.borrow().broken.clone().unwrap_or_else(closed));
            };
            forgotten += done.forgotten;
            if !done.more {
                return Ok(forgotten);
            }
        }
    }

    /// Removes what `find` finds, part by part, each after the last one of the part before.
    async fn remove_found<T: Copy + Default + Send + 'static>(
        &self,
        find: impl Fn(&Connection, T) -> Result<Vec<T>, Broken> + Copy + Send + 'static,
        step: impl Fn(Vec<T>) -> prune::Step,
    ) -> Result<Forgotten, Broken> {
        let (mut forgotten, mut after) = (Forgotten::default(), T::default());
        loop {
            let found = self.read(move |connection| find(connection, after)).await?;
            let Some(last) = found.last() else { return Ok(forgotten) };
            after = *last;
            forgotten += self.remove(|| step(found.clone())).await?;
        }
    }

    /// Reads with a connection of its own, on a thread that may wait for the disk.
    fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Broken> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, Broken>> {
        self.readers.read(read)
    }
}

impl Drop for Sqlite {
    /// Waits until everything that was appended is on disk. Who writes goes last: it moves what the log holds to its place.
    fn drop(&mut self) {
        self.readers.rest();
        self.inbox.get_mut().unwrap_or_else(PoisonError::into_inner).entries = None;
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sqlite").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Journal for Sqlite {
    fn append(&self, batches: Vec<Batch>) -> Mark {
        self.send(What::Batches(batches))
    }

    fn synced(&self, mark: Mark) -> BoxFuture<'_, Result<(), Broken>> {
        let mut progress = self.progress.clone();
        Box::pin(async move {
            let reached = progress.wait_for(|progress| progress.synced >= mark || progress.broken.is_some()).await;
            match reached {
                Ok(progress) if progress.synced >= mark => Ok(()),
                Ok(progress) => Err(progress.broken.clone().unwrap_or_else(closed)),
                Err(_) => Err(closed()),
            }
        })
    }

    fn history<'a>(&'a self, run: &'a RunId, from: u64) -> BoxFuture<'a, Result<History, Broken>> {
        let run = run.clone();
        self.read(move |connection| reader::history(connection, &run, from))
    }

    fn replay<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<Option<Replay>, Broken>> {
        let id = run.clone();
        Box::pin(async move {
            let marks = self.read(move |connection| reader::marks(connection, &id)).await?;
            let ends = marks.as_ref().and_then(|marks| marks.last().copied().zip(marks.first().copied()));
            let Some((accepted, last)) = ends else { return Ok(None) };
            let parts = replay::parts(self.readers.clone(), run.clone(), marks.unwrap_or_default());
            Ok(Some(Replay { parts, accepted, last }))
        })
    }

    fn outline<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<History, Broken>> {
        let run = run.clone();
        self.read(move |connection| reader::outline(connection, &run))
    }

    fn output<'a>(&'a self, run: &'a RunId, number: u64) -> BoxFuture<'a, Result<Option<Pieces>, Broken>> {
        let id = run.clone();
        Box::pin(async move {
            let output = self.read(move |connection| reader::output(connection, &id, number)).await?;
            let what = format!("the journal of the run `{run}`, record {}", number + 1);
            Ok(output.map(|json| pieces::of(json, self.readers.clone(), what.into())))
        })
    }

    fn standing<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<Option<Standing>, Broken>> {
        let run = run.clone();
        self.read(move |connection| reader::standing(connection, &run))
    }

    fn runs<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Page, Broken>> {
        let query = query.clone();
        self.read(move |connection| list::runs(connection, &query))
    }

    fn busy(&self) -> BoxFuture<'_, Result<Vec<RunId>, Broken>> {
        self.read(reader::busy)
    }

    fn at_gates(&self) -> BoxFuture<'_, Result<Vec<(RunId, Turn)>, Broken>> {
        self.read(reader::at_gates)
    }

    fn due(&self, until: Timestamp, limit: usize) -> BoxFuture<'_, Result<Due, Broken>> {
        self.read(move |connection| reader::due(connection, until, limit))
    }

    fn publish(&self, event: Emission) -> Mark {
        self.send(What::Event(event))
    }

    fn events<'a>(&'a self, topic: &'a str, after: Mark, limit: usize) -> BoxFuture<'a, Result<Vec<Happened>, Broken>> {
        let topic = topic.to_owned();
        self.read(move |connection| event::of_topic(connection, &topic, after, limit))
    }

    fn heard(&self, mark: Mark) {
        self.send(What::Heard(mark));
    }

    fn unheard(&self, after: Mark, limit: usize) -> BoxFuture<'_, Result<Vec<Happened>, Broken>> {
        self.read(move |connection| event::unheard(connection, after, limit))
    }

    fn waiting<'a>(&'a self, query: &'a Waiting) -> BoxFuture<'a, Result<Vec<Open>, Broken>> {
        let query = query.clone();
        self.read(move |connection| wait::waiting(connection, &query))
    }

    fn note(&self, facts: Vec<Fact>) -> Mark {
        self.send(What::Facts(facts))
    }

    fn facts<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<Fact>, Broken>> {
        let prefix = prefix.to_owned();
        self.read(move |connection| reader::facts(connection, &prefix))
    }

    fn written_after(&self, mark: Mark) -> BoxFuture<'_, Result<Mark, Broken>> {
        let mut progress = self.progress.clone();
        Box::pin(async move {
            let reached = progress.wait_for(|progress| progress.synced > mark || progress.broken.is_some()).await;
            match reached {
                Ok(progress) if progress.synced > mark => Ok(progress.synced),
                Ok(progress) => Err(progress.broken.clone().unwrap_or_else(closed)),
                Err(_) => Err(closed()),
            }
        })
    }

    fn passages<'a>(
        &'a self,
        after: Mark,
        until: Mark,
        follow: &'a Follow,
    ) -> BoxFuture<'a, Result<Vec<Passage>, Broken>> {
        let follow = follow.clone();
        self.read(move |connection| follow::passages(connection, after, until, &follow))
    }

    fn counts(&self) -> BoxFuture<'_, Result<Vec<Count>, Broken>> {
        self.read(follow::counts)
    }

    fn progress(&self) -> journal::Progress {
        let taken = self.inbox.lock().unwrap_or_else(PoisonError::into_inner).next.0.saturating_sub(1);
        let Progress { synced, broken, trouble, syncs, syncing } = self.progress.borrow().clone();
        let trouble = broken.map(|broken| broken.0).or(trouble);
        journal::Progress { taken: Mark(taken), written: synced, syncs, syncing, trouble }
    }

    fn fact<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Value>, Broken>> {
        let name = name.to_owned();
        self.read(move |connection| reader::fact(connection, &name))
    }

    fn keep(&self, plan: &Plan) -> Mark {
        match serde_json::to_vec(plan) {
            Ok(body) => self.send(What::Plan { digest: plan.digest, body, topics: plan.topics() }),
            Err(error) => unreachable!("a plan is data: {error}"),
        }
    }

    fn forget(&self, runs: Vec<RunId>) -> BoxFuture<'_, Result<Forgotten, Broken>> {
        Box::pin(async move {
            let mut forgotten = Forgotten::default();
            for some in runs.chunks(prune::RUNS_AT_ONCE) {
                forgotten += self.remove(|| prune::Step::Leave(some.to_vec())).await?;
                forgotten += self.remove(|| prune::Step::Batches).await?;
            }
            Ok(forgotten)
        })
    }

    fn sweep(&self, now: Timestamp, events: Timestamp) -> BoxFuture<'_, Result<Forgotten, Broken>> {
        Box::pin(async move {
            let mut forgotten = self.remove(|| prune::Step::Batches).await?;
            forgotten += self.remove(|| prune::Step::Facts(now)).await?;
            let old = move |connection: &Connection, after| prune::old_events(connection, events, after);
            forgotten += self.remove_found(old, prune::Step::Events).await?;
            forgotten += self.remove_found(prune::free_plans, prune::Step::Plans).await?;
            Ok(forgotten)
        })
    }

    fn plan(&self, digest: Digest) -> BoxFuture<'_, Result<Option<Plan>, Broken>> {
        self.read(move |connection| reader::plan(connection, digest))
    }
}

/// The key with which secrets of a data directory are sealed.
fn keyring_of(directory: &Path, key: Option<&str>) -> Keyring {
    Keyring::new(directory.join(keyring::DIRECTORY), key)
}

/// Moves what the log holds to its place in the file, whenever enough was written.
fn move_to_place(connection: &Connection, written: &Receiver<()>) {
    while written.recv().is_ok() {
        while written.try_recv().is_ok() {}
        let pages = connection.query_row("PRAGMA wal_checkpoint(noop)", [], |row| row.get::<_, i64>(1));
        if pages.is_ok_and(|pages| pages >= LOG_PAGES_MAX)
            && let Err(error) = connection.query_row("PRAGMA wal_checkpoint(passive)", [], |_| Ok(()))
        {
            tracing::warn!("the log of the store could not be shortened: {error}");
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.into()).stack_size(limit::STACK_BYTES).spawn(work)
}

fn closed() -> Broken {
    Broken("the store was closed".into())
}

/// A moment as the tables hold it, in nanoseconds since 1970; those beyond the year 2262 are taken for its end.
fn nanos(moment: Timestamp) -> i64 {
    i64::try_from(moment.as_nanosecond()).unwrap_or(if moment.as_nanosecond() > 0 { i64::MAX } else { i64::MIN })
}

fn moment(nanos: i64) -> Timestamp {
    Timestamp::from_nanosecond(nanos.into()).unwrap_or_default()
}
