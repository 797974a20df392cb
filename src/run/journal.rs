//! Where what happened is kept: one total order of batches, of which a crash loses only a suffix (semantics 50).
//!
//! The engine asks, a store answers; what each answer must hold is the suite in [`crate::store::suite`].

use std::ops::AddAssign;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use serde::{Deserialize, Serialize};

use super::admission::Turn;
use super::chain::Origin;
use super::event::{Outcome, Record, UnitId};
use super::failure;
use super::history::Run;
use super::wait::{Open, Wait, Waiting};
use crate::base::id::{Digest, RunId};
use crate::base::status::Status;
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::lang::plan::Plan;

/// A point in the total order of all batches and events: that of the one with this number, counted from 1; 0 lies before all
/// of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mark(pub u64);

/// What the machine recorded of one run at a time. After a crash all of it is there or nothing: a journal that ended in the
/// middle of a decision could not be gone on with.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Where the records of the run before these are; [`Mark::default`] for the first.
    pub previous: Mark,
    /// How many records of the run there are before these.
    pub first: u64,
    /// What happened, in order.
    pub records: Vec<Record>,
    /// Of which run, and how that stands after it.
    pub standing: Standing,
    /// What else follows from it, and is written in the same commit.
    pub facts: Vec<Fact>,
    /// What its units wait for from outside from now on, as far as this changed it: nothing where they wait no more.
    pub waits: Vec<(UnitId, Option<Wait>)>,
    /// The events that it emitted. Each has a mark of its own, after that of the batch.
    pub emitted: Vec<Emission>,
}

impl Batch {
    /// How many marks it takes up: its own, and one for each event.
    pub fn marks(&self) -> u64 {
        1 + self.emitted.len() as u64
    }
}

/// An event on its way to the journal (semantics 59).
#[derive(Clone, Debug, PartialEq)]
pub struct Emission {
    /// When it happened.
    pub at: Timestamp,
    /// Its topic.
    pub topic: Arc<str>,
    /// What it carries.
    pub payload: Value,
    /// The run that emitted it; none for one from outside.
    pub origin: Option<Origin>,
}

/// An event that is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Happened {
    /// Its place in the total order.
    pub mark: Mark,
    /// What happened.
    pub emission: Emission,
}

/// A named value that follows from the journal: what a workflow keeps between runs, the run that a key names. It is kept beside
/// the journal so that nobody has to fold many runs to know it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is called.
    pub name: Arc<str>,
    /// What it is from now on; `None` if there is no such fact any more.
    pub value: Option<Value>,
    /// From when on nobody asks for it, if there is such a moment: a store may forget it then.
    pub until: Option<Timestamp>,
}

/// How a run stands, as far as lists, timers and recovery must know without folding its journal. It follows from the
/// journal and is never more than that: a store may forget it and have it made again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// The run.
    pub run: RunId,
    /// Its workflow.
    pub workflow: Arc<str>,
    /// The plan it is pinned to.
    pub plan: Digest,
    /// The run that waits for it.
    pub parent: Option<RunId>,
    /// The run that it is a fork of.
    #[serde(default)]
    pub fork_of: Option<RunId>,
    /// What it is found by: the `tags` of its workflow, and those it was started with.
    pub tags: Vec<Arc<str>>,
    /// In one word.
    pub status: Status,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When it started, if it has: it may have waited for its turn.
    #[serde(default)]
    pub started_at: Option<Timestamp>,
    /// When it came to rest, if it has.
    pub rested_at: Option<Timestamp>,
    /// The type of the error it failed with.
    pub error: Option<Arc<str>>,
    /// Its failures that nobody has dealt with.
    pub open: Vec<failure::Open>,
    /// When it must be asked again at the latest, if nothing else happens.
    pub wake: Option<Timestamp>,
    /// Its turn at the gates of its workflow, if it is inside or waits for that.
    pub turn: Option<Turn>,
    /// Whether after a crash it must be taken up at once: it has something under way outside its own journal, or must be in
    /// memory to hear of something.
    pub busy: bool,
}

impl Standing {
    /// How `run` stands. `plan` is the one it is pinned to.
    pub fn of(plan: &Plan, run: &Run) -> Self {
        let error = match &run.outcome {
            Some(Outcome::Failed { failure }) => Some(failure.kind.name().into()),
            _ => None,
        };
        Self {
            run: run.accepted.run.clone(),
            workflow: run.accepted.workflow.clone(),
            plan: run.accepted.plan,
            parent: run.accepted.parent.clone(),
            fork_of: run.fork_of.clone(),
            tags: run.accepted.tags.clone(),
            status: run.status(),
            accepted_at: run.accepted_at,
            started_at: run.started_at,
            rested_at: run.rested_at,
            error,
            open: run.open_failures(plan),
            wake: run.wakes(),
            turn: run.turn(),
            busy: run.is_busy(),
        }
    }
}

/// Which runs a list is to hold. What is absent is no condition; all conditions must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// Of this workflow.
    pub workflow: Option<Arc<str>>,
    /// That stand in one of these ways.
    pub statuses: Vec<Status>,
    /// With an error of this type.
    pub error: Option<Arc<str>>,
    /// With failures that nobody has dealt with.
    pub open: bool,
    /// With each of these tags.
    pub tags: Vec<Arc<str>>,
    /// With these values in their input.
    pub input: Vec<Field>,
    /// Accepted then or later.
    pub since: Option<Timestamp>,
    /// Accepted before then.
    pub until: Option<Timestamp>,
    /// At rest since before then.
    pub rested_before: Option<Timestamp>,
    /// That this run waits for, or has waited for.
    pub parent: Option<RunId>,
    /// Only runs that no run waits for, or has waited for, that is there.
    pub roots: bool,
    /// Accepted before the one at this mark: [`Page::next`] of the page before.
    pub before: Option<Mark>,
    /// So many at most.
    pub limit: usize,
}

/// What a field of the input is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Where it is: names, and places in lists, with dots between them: `customer.id`, `lines.0.sku`.
    pub path: Arc<str>,
    /// What it is, as a text shows it: `42`, `true`, `eu`, `2026-03-29`.
    pub is: Arc<str>,
}

/// Some of the runs that a query describes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// How they stand, the one accepted last first.
    pub runs: Vec<Standing>,
    /// Where to go on, if there may be more. A page can be short, or empty, and have more after it: only so many runs are
    /// looked at for one page.
    pub next: Option<Mark>,
}

/// Where journals are kept. What is read is what was appended and has been written; whoever reads what it has appended
/// itself waits for [`Journal::synced`] first.
pub trait Journal: Send + Sync {
    /// Takes batches that belong together, after all that were taken before. Does not wait for the disk.
    fn append(&self, batches: Vec<Batch>) -> Mark;

    /// Waits until everything up to `mark` survives a crash.
    fn synced(&self, mark: Mark) -> BoxFuture<'_, Result<(), Broken>>;

    /// The records of a run from the one with this number on; none if there is no such run.
    fn history<'a>(&'a self, run: &'a RunId, from: u64) -> BoxFuture<'a, Result<History, Broken>>;

    /// The records of a run from the first on, part by part; none if there is no such run. However many there are, a store should
    /// have no more than a few parts of them in memory.
    fn replay<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<Option<Replay>, Broken>> {
        Box::pin(async move {
            let History { records, accepted, last } = self.history(run, 0).await?;
            let there = !records.is_empty();
            Ok(there.then(|| Replay { parts: stream::iter([Ok(records)]).boxed(), accepted, last }))
        })
    }

    /// As [`Journal::history`] from the first record on, for whoever wants to know what happened and not with what: a store may
    /// leave out large values; a text, list or object that is empty is in their place.
    fn outline<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<History, Broken>> {
        self.history(run, 0)
    }

    /// The output that the record with this number (the first has 0) says of what ended with it, piece by piece; none if it says
    /// none. However large it is, a store should have no more than a few pieces of it in memory.
    fn output<'a>(&'a self, run: &'a RunId, number: u64) -> BoxFuture<'a, Result<Option<Pieces>, Broken>> {
        Box::pin(async move {
            let history = self.history(run, number).await?;
            let Some(output) = history.records.first().and_then(|record| record.event.output()) else {
                return Ok(None);
            };
            let json = serde_json::to_vec(output).map_err(|error| Broken(error.to_string().into()));
            Ok(Some(stream::iter([json]).boxed()))
        })
    }

    /// How a run stands.
    fn standing<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<Option<Standing>, Broken>>;

    /// The runs that `query` describes, the one accepted last first.
    fn runs<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Page, Broken>>;

    /// Runs that must be taken up after a crash, in the order they were accepted.
    fn busy(&self) -> BoxFuture<'_, Result<Vec<RunId>, Broken>>;

    /// Runs that are inside the gates of their workflows, or wait for that, in the order they were accepted.
    fn at_gates(&self) -> BoxFuture<'_, Result<Vec<(RunId, Turn)>, Broken>>;

    /// Runs to be woken by `until`, the earliest first, so many at most; and when the next one after them is.
    fn due(&self, until: Timestamp, limit: usize) -> BoxFuture<'_, Result<Due, Broken>>;

    /// Takes an event that no run emitted, after all that was taken before. Does not wait for the disk.
    fn publish(&self, event: Emission) -> Mark;

    /// The events of `topic` that are kept and were taken after `after`, the earliest first, so many at most.
    fn events<'a>(&'a self, topic: &'a str, after: Mark, limit: usize) -> BoxFuture<'a, Result<Vec<Happened>, Broken>>;

    /// Notes that whoever waited for an event up to `mark` has heard of it.
    fn heard(&self, mark: Mark);

    /// The events, of any topic, after `after` that whoever waited for them may not have heard of, the earliest first, so many
    /// at most.
    fn unheard(&self, after: Mark, limit: usize) -> BoxFuture<'_, Result<Vec<Happened>, Broken>>;

    /// What runs wait for from outside, as far as `query` describes it, in the order in which the waits were opened.
    fn waiting<'a>(&'a self, query: &'a Waiting) -> BoxFuture<'a, Result<Vec<Open>, Broken>>;

    /// Takes facts that follow from no run, after all that was taken before. Does not wait for the disk.
    fn note(&self, facts: Vec<Fact>) -> Mark;

    /// The facts whose names begin with `prefix`, by name.
    fn facts<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<Fact>, Broken>>;

    /// Waits until something after `mark` is written, and says up to where it is then.
    fn written_after(&self, mark: Mark) -> BoxFuture<'_, Result<Mark, Broken>>;

    /// The batches after `after` and up to `until` that `follow` describes, in order.
    fn passages<'a>(
        &'a self,
        after: Mark,
        until: Mark,
        follow: &'a Follow,
    ) -> BoxFuture<'a, Result<Vec<Passage>, Broken>>;

    /// How many runs of each workflow stand how.
    fn counts(&self) -> BoxFuture<'_, Result<Vec<Count>, Broken>>;

    /// How writing goes.
    fn progress(&self) -> Progress;

    /// What the fact of this name is, if there is one.
    fn fact<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Value>, Broken>>;

    /// Keeps a plan, before the first run that is pinned to it. Keeping it again changes nothing.
    fn keep(&self, plan: &Plan) -> Mark;

    /// Removes runs, each with all those it waited for, unless one of them has not come to rest; with their records, and the
    /// large values that no other run holds. In parts, so that nobody waits long behind it; what a crash leaves undone is done
    /// by the next call or sweep. No mark is given twice.
    fn forget(&self, runs: Vec<RunId>) -> BoxFuture<'_, Result<Forgotten, Broken>>;

    /// Removes what nothing needs any more: facts that nobody asks for from `now` on, events from before `events` that everybody
    /// has heard of who waited, and that no run needs (semantics 61), and plans that no run is pinned to, unless they were kept
    /// since the store was opened.
    fn sweep(&self, now: Timestamp, events: Timestamp) -> BoxFuture<'_, Result<Forgotten, Broken>>;

    /// The plan with this digest.
    fn plan(&self, digest: Digest) -> BoxFuture<'_, Result<Option<Plan>, Broken>>;
}

/// A value piece by piece: JSON as the journal holds it, that gives the same value back. It can be cut anywhere.
pub type Pieces = BoxStream<'static, Result<Vec<u8>, Broken>>;

/// Which batches somebody follows. What is absent is no condition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Follow {
    /// Of runs of this workflow.
    pub workflow: Option<Arc<str>>,
    /// Of this run.
    pub run: Option<RunId>,
}

/// A batch as it stands in the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Passage {
    /// Where.
    pub mark: Mark,
    /// Of which run.
    pub run: RunId,
    /// Its workflow.
    pub workflow: Arc<str>,
    /// How many records of the run there are before these.
    pub first: u64,
    /// What happened, in order.
    pub records: Vec<Record>,
}

/// How many runs of a workflow stand in one way.
#[derive(Clone, Debug, PartialEq)]
pub struct Count {
    /// Of which workflow.
    pub workflow: Arc<str>,
    /// How they stand.
    pub status: Status,
    /// How many.
    pub runs: u64,
}

/// How writing goes, since the store was opened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// Up to where something was taken.
    pub taken: Mark,
    /// Up to where it is on disk.
    pub written: Mark,
    /// How often the disk was waited for.
    pub syncs: u64,
    /// How long, in all.
    pub syncing: std::time::Duration,
    /// What stands in the way of writing now, if anything does.
    pub trouble: Option<Arc<str>>,
}

/// Records of one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// What happened, in order.
    pub records: Vec<Record>,
    /// Where the first of the run is: events after that are seen by it (semantics 59). None if there is no such run.
    pub accepted: Mark,
    /// Where the last of them is.
    pub last: Mark,
}

/// The records of one run, part by part.
pub struct Replay {
    /// What happened, in order.
    pub parts: BoxStream<'static, Result<Vec<Record>, Broken>>,
    /// Where the first of the run is.
    pub accepted: Mark,
    /// Where the last of them is.
    pub last: Mark,
}

/// How much was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Runs.
    pub runs: u64,
    /// Batches of their records.
    pub batches: u64,
    /// Large values.
    pub values: u64,
    /// Events.
    pub events: u64,
    /// Facts.
    pub facts: u64,
    /// Plans.
    pub plans: u64,
    /// How many bytes the records and large values had.
    pub bytes: u64,
}

impl AddAssign for Forgotten {
    fn add_assign(&mut self, other: Self) {
        self.runs += other.runs;
        self.batches += other.batches;
        self.values += other.values;
        self.events += other.events;
        self.facts += other.facts;
        self.plans += other.plans;
        self.bytes += other.bytes;
    }
}

/// Runs whose time has come.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Due {
    /// Which.
    pub runs: Vec<RunId>,
    /// When the next one is, if there is one.
    pub next: Option<Timestamp>,
}

/// A store can go on no more: what it holds cannot be read, or nothing can be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Broken(pub Arc<str>);

impl Query {
    /// Whether `standing` is among those it describes, as far as that shows how the run stands: not by its input, by
    /// the cursor, or by other runs.
    pub fn holds(&self, standing: &Standing) -> bool {
        self.workflow.as_ref().is_none_or(|workflow| *workflow == standing.workflow)
            && (self.statuses.is_empty() || self.statuses.contains(&standing.status))
            && self.error.as_ref().is_none_or(|error| Some(error) == standing.error.as_ref())
            && (!self.open || !standing.open.is_empty())
            && self.tags.iter().all(|tag| standing.tags.contains(tag))
            && self.since.is_none_or(|since| since <= standing.accepted_at)
            && self.until.is_none_or(|until| standing.accepted_at < until)
            && self.rested_before.is_none_or(|before| standing.rested_at.is_some_and(|rested| rested < before))
            && self.parent.as_ref().is_none_or(|parent| Some(parent) == standing.parent.as_ref())
    }

    /// Whether a run with this input is among those it describes.
    pub fn takes(&self, input: &Value) -> bool {
        self.input.iter().all(|field| field.holds(input))
    }
}

impl Follow {
    /// Whether batches of this run are among those it describes.
    pub fn holds(&self, run: &RunId, workflow: &str) -> bool {
        self.run.as_ref().is_none_or(|wanted| wanted == run)
            && self.workflow.as_ref().is_none_or(|wanted| **wanted == *workflow)
    }
}

impl Field {
    fn holds(&self, input: &Value) -> bool {
        let found = self.path.split('.').try_fold(input, |value, part| match value {
            Value::List(items) => items.get(part.parse::<usize>().ok()?),
            other => other.get(part),
        });
        found.is_some_and(|value| value.to_string() == *self.is)
    }
}
