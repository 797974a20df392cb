//! The driver: load, decide, write down, carry out, write down, until nothing is left to decide.
//!
//! With a journal, what leaves the process waits until everything before it is on disk, and a run that only waits is not
//! kept in memory; without one, runs live and end with the process.

mod attempt;
mod bell;
mod bus;
mod chain;
mod child;
mod command;
mod drive;
mod entrance;
mod failures;
mod facts;
mod fork;
mod inbox;
mod look;
mod moving;
mod output;
mod pruning;
mod recovery;
mod rewind;
mod running;
mod submit;
mod summary;
mod tally;
mod timer;
mod watching;
mod writing;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use dashmap::{DashMap, Entry as Place};
use tokio::sync::{broadcast, oneshot};

use super::activity::Activity;
use super::gate::Gates;
use super::history::Collected;
use super::intake::StartError;
use super::journal::{Broken, Emission, Fact, Mark};
use super::machine::{Command, Refusal};
use super::rewind::{Preview, Refusal as NotRewound, Request};
use super::world::{Outcome, World};
use crate::base::failure::{Failure, Kind as FailureKind};
use crate::base::id::{Digest, RunId};
use crate::base::value::Value;
use crate::lang::plan::{Package, Plan};

use super::upgrade::{Transition, Verdict};
use bell::Bell;
pub use bus::Published;
use bus::{Bus, Heard};
use chain::Lines;
use facts::Facts;
pub use failures::Mended;
pub use fork::Forked;
use inbox::Tell;
pub use look::Unaccounted;
use moving::Newer;
pub use output::{NoOutput, Output};
pub use running::Running;
pub use summary::{Summary, child_outcome, start_failure};
pub use tally::Figures;
use tally::Tally;
use watching::Shown;

/// How many runs that came to rest somebody may have yet to hear of.
const RESTED_AT_ONCE: usize = 1_024;

/// Runs the workflows of one package, many at once. Clones share everything.
#[derive(Clone)]
pub struct Driver {
    inner: Arc<Inner>,
}

/// What an engine does with the runs of its journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Duty {
    /// It carries them out.
    #[default]
    CarryOut,
    /// It writes down what they are told; the next engine that carries out goes on from there.
    WriteDown,
}

struct Inner {
    duty: Duty,
    world: World,
    /// What new runs are runs of.
    package: RwLock<Arc<Package>>,
    /// Plans that runs are pinned to, by digest.
    plans: DashMap<Digest, Arc<Plan>>,
    /// What newer plans mean for older ones, by the plans on the way.
    transitions: DashMap<Vec<Digest>, Arc<Transition>>,
    /// The runs in memory.
    live: DashMap<RunId, Tell>,
    gates: Mutex<Gates>,
    facts: Arc<Facts>,
    bus: Bus,
    lines: Lines,
    /// The topics that any workflow hears of, by a step or by a trigger; those of programs that were replaced too.
    topics: RwLock<BTreeSet<Arc<str>>>,
    /// Rings when a run leaves memory that must be woken.
    left: Bell,
    activity: Activity,
    /// Held by whoever starts a fork that has a key: a second one with the same key comes when the first is there.
    keyed_forks: tokio::sync::Mutex<()>,
    tally: Tally,
    /// Tells which runs have come to rest, when that is on disk.
    rested: broadcast::Sender<RunId>,
    /// Whether nothing new is decided any more, because the process is to end.
    stopping: AtomicBool,
}

/// What a run in memory is told.
enum Told {
    /// To be carried out by the machine; whoever asked hears whether it was.
    Command(Box<Command>, Option<oneshot::Sender<Result<(), Refusal>>>),
    /// An item came for a run that collects them, with what is known with it; whoever brought it hears whether it was taken.
    Collect(Box<Collected>, Vec<Fact>, oneshot::Sender<Result<(), Refusal>>),
    /// A run that this one waits for, or undoes, rests.
    ChildRested(RunId, Box<Summary>),
    /// Somebody wants to know what happens in it and how it ends.
    Attach(Attached),
    /// The run that waits for this one asks how it stands.
    Report,
    /// The run that waited for it undoes it.
    Unwind,
    /// Somebody wants it rewound; they hear what came of it.
    Rewind(Box<Request>, oneshot::Sender<Result<Preview, NotRewound>>),
    /// The run that waits for it was rewound: it goes on where it failed, and tells that one how it ends.
    GoOn(Box<Request>),
    /// The run that waited for it has ended: nobody will undo it any more.
    Forget,
    /// What happens cannot be written any more.
    Broken(Broken),
    /// There is a newer plan.
    Newer(Newer),
    /// An event has happened that it may wait for.
    Event(Heard),
    /// Its time may have come, or it may leave memory.
    Wake,
}

/// Who wants to know of a run.
#[derive(Default)]
struct Attached {
    watch: Option<Shown>,
    end: Option<oneshot::Sender<Summary>>,
    /// Hears when it is certain that the run was there and survives a crash.
    joined: Option<oneshot::Sender<()>>,
    /// A run that waits for its end, and the child in whose place: another run has that one's key.
    in_place_of: Option<(RunId, RunId)>,
}

impl Driver {
    /// An engine for these workflows in this world.
    pub fn new(world: World, package: Arc<Package>, duty: Duty) -> Self {
        let plans = package.plans.values().map(|plan| (plan.digest, plan.clone())).collect();
        let topics = RwLock::new(topics(&package).collect());
        let inner = Inner {
            facts: Arc::new(Facts::of(world.journal.clone())),
            duty,
            world,
            package: RwLock::new(package),
            plans,
            transitions: DashMap::new(),
            live: DashMap::new(),
            gates: Mutex::default(),
            bus: Bus::new(),
            lines: Lines::default(),
            topics,
            left: Bell::default(),
            activity: Activity::default(),
            keyed_forks: tokio::sync::Mutex::default(),
            tally: Tally::default(),
            rested: broadcast::Sender::new(RESTED_AT_ONCE),
            stopping: AtomicBool::new(false),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Takes up what the process before this one left in the journal, and wakes runs from now on when their time comes. To be
    /// called once, before anything is started. How many runs were taken up.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn recover(&self) -> Result<usize, Broken> {
        self.inner.recover().await
    }

    /// What new runs are runs of.
    pub fn package(&self) -> Arc<Package> {
        self.inner.package()
    }

    /// Lets new runs be runs of this package. Runs that exist stay on their plans until they are offered others.
    pub(crate) fn replace(&self, package: Arc<Package>) {
        for plan in package.plans.values() {
            self.inner.plans.insert(plan.digest, plan.clone());
            if let Some(journal) = &self.inner.world.journal {
                journal.keep(plan);
            }
        }
        self.inner.topics.write().unwrap_or_else(PoisonError::into_inner).extend(topics(&package));
        *self.inner.package.write().unwrap_or_else(PoisonError::into_inner) = package;
    }

    /// What a newer plan means for a run (semantics 75). Nothing where there is no such run, it rests, or is on this plan already.
    pub(crate) async fn ask(&self, run: &RunId, plan: &Arc<Plan>) -> Option<Verdict> {
        self.inner.plans.insert(plan.digest, plan.clone());
        self.inner.offer(run, plan.clone(), Arc::default(), true).await
    }

    /// The same, and lets the run go on under the plan by the word of `by`: at once if it may, else as soon as it may. The plan
    /// is one of the package.
    pub(crate) async fn offer(&self, run: &RunId, plan: &Arc<Plan>, by: &str) -> Option<Verdict> {
        self.inner.offer(run, plan.clone(), by.into(), false).await
    }

    /// Says that whoever wanted to know of a run does so no more: it need not stay in memory for them.
    pub(crate) fn let_go(&self, run: &RunId) {
        if let Some(live) = self.inner.live.get(run) {
            // A run that has ended meanwhile need not know.
            let _ = live.send(Told::Wake);
        }
    }

    /// Which runs come to rest in this process from now on. Whoever is too slow misses some.
    pub fn rested(&self) -> broadcast::Receiver<RunId> {
        self.inner.rested.subscribe()
    }

    /// What is under way in memory. Whoever has something to do at a moment of the clock counts here from that moment on.
    pub fn activity(&self) -> &Activity {
        &self.inner.activity
    }

    /// Decides nothing new any more; what is under way outside may end and is written down. Returns when it has, and is on
    /// disk.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub async fn stop(&self) -> Result<(), Broken> {
        self.inner.stopping.store(true, Ordering::SeqCst);
        self.inner.activity.over().await;
        self.settled().await
    }

    /// Waits until nothing is under way in memory but what waits for the clock, and everything that happened is on disk. Questions to people are not waited
    /// for.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub async fn settled(&self) -> Result<(), Broken> {
        self.inner.activity.quiet().await;
        match &self.inner.world.journal {
            Some(journal) => journal.synced(journal.progress().taken).await,
            None => Ok(()),
        }
    }

    /// Takes an event in, and returns when it would survive a crash. Whoever waits for it is told; whoever begins to wait for
    /// it later finds it (semantics 59, 60).
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub async fn publish(&self, topic: &str, payload: &Value) -> Result<Mark, Broken> {
        let at = self.inner.world.clock.now();
        let payload = payload.clone().received();
        self.inner.publish(Emission { at, topic: topic.into(), payload, origin: None }).await
    }

    /// The places of events, as they are published: whoever reads events by [`Journal::events`](super::journal::Journal::events)
    /// learns here that there are more.
    pub fn published(&self) -> Published {
        self.inner.bus.order().listen(&self.inner.activity)
    }

    /// What a fact is, as it was said last.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub(crate) async fn fact(&self, name: &str) -> Result<Option<Value>, Broken> {
        self.inner.facts.read(&name.into()).await
    }

    /// The facts whose names begin with `prefix`, by name. Whoever asks says none of them meanwhile.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub(crate) async fn facts(&self, prefix: &str) -> Result<BTreeMap<Arc<str>, Value>, Broken> {
        self.inner.facts.under(prefix).await
    }

    /// Says facts that follow from no run, and returns when they would survive a crash; where they are in the journal.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub(crate) async fn note(&self, facts: Vec<Fact>) -> Result<Mark, Broken> {
        let mark = self.inner.facts.note(facts);
        self.inner.synced(mark).await.map(|()| mark)
    }

    /// What surrounds it.
    pub(crate) fn world(&self) -> &World {
        &self.inner.world
    }
}

impl Inner {
    /// Whether what is decided is carried out, now.
    fn carries_out(&self) -> bool {
        self.duty == Duty::CarryOut && !self.stopping.load(Ordering::SeqCst)
    }

    /// What new runs are runs of.
    fn package(&self) -> Arc<Package> {
        self.package.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The plan that new runs of a workflow are pinned to.
    fn plan_of(&self, workflow: &str) -> Result<Arc<Plan>, StartError> {
        self.package().plans.get(workflow).cloned().ok_or_else(|| StartError::UnknownWorkflow(workflow.into()))
    }

    /// Tells a run something; with a journal, it comes into memory for it. Whether there is such a run, as far as that is known
    /// without reading.
    fn tell(self: &Arc<Self>, run: &RunId, told: Told) -> bool {
        if let Some(live) = self.live.get(run) {
            // Sent while the place is held: a run leaves memory only when nothing is on its way to it.
            return live.send(told).is_ok();
        }
        self.world.journal.is_some() && self.load(run, told)
    }

    fn command(self: &Arc<Self>, run: &RunId, command: Command) -> bool {
        self.tell(run, Told::Command(Box::new(command), None))
    }

    /// Waits until everything up to `mark` is on disk, if anything is ever written.
    async fn synced(&self, mark: Mark) -> Result<(), Broken> {
        match &self.world.journal {
            Some(journal) => journal.synced(mark).await,
            None => Ok(()),
        }
    }

    async fn exists(&self, run: &RunId) -> Result<bool, Broken> {
        if self.live.contains_key(run) {
            return Ok(true);
        }
        match &self.world.journal {
            Some(journal) => Ok(journal.standing(run).await?.is_some()),
            None => Ok(false),
        }
    }
}

/// The topics that the workflows of a package hear of.
fn topics(package: &Package) -> impl Iterator<Item = Arc<str>> {
    package.plans.values().flat_map(|plan| plan.topics().into_iter().chain(plan.heard()))
}

/// What the asker of a lock hears that would wait for itself.
pub fn circle(key: &str) -> Outcome {
    let message = format!("waiting for the lock `{key}` would never end: those inside wait for what this run holds");
    Outcome::failed(Failure::new(FailureKind::Conflict, message))
}

/// A lock is poisoned only if a thread panicked while it held it; what it guards stays sound, entry by entry.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
