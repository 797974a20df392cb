//! A journal on a slow disk: what is appended is written later, and a crash loses what is not. The store under it is real.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use futures_util::FutureExt as _;
use orchestra_flow::base::id::{Digest, RunId};
use orchestra_flow::base::time::{Duration, Timestamp};
use orchestra_flow::base::value::Value;
use orchestra_flow::host::clock::VirtualClock;
use orchestra_flow::lang::plan::Plan;
use orchestra_flow::run::admission::Turn;
use orchestra_flow::run::event::Record;
use orchestra_flow::run::journal::{
    Batch, Broken, Count, Due, Emission, Fact, Follow, Forgotten, Happened, History, Journal, Mark, Page, Passage,
    Progress, Query, Standing,
};
use orchestra_flow::run::wait::{Open, Waiting};
use orchestra_flow::run::world::{BoxFuture, Clock as _};
use orchestra_flow::store::{Memory, Sqlite};
use tempfile::TempDir;
use tokio::sync::{Notify, oneshot};

use crate::run::simulator::Chance;

/// What is written at once.
#[derive(Clone)]
pub enum Entry {
    Batches(Vec<Batch>),
    Plan(Box<Plan>),
    Event(Emission),
    Facts(Vec<Fact>),
    Heard(Mark),
}

impl Entry {
    fn put(&self, journal: &dyn Journal) -> Mark {
        match self.clone() {
            Self::Batches(batches) => journal.append(batches),
            Self::Plan(plan) => journal.keep(&plan),
            Self::Event(event) => journal.publish(event),
            Self::Facts(facts) => journal.note(facts),
            Self::Heard(mark) => {
                journal.heard(mark);
                Mark::default()
            }
        }
    }
}

/// What outlives a process: the store, and what is in it.
pub struct Platter {
    store: Store,
    /// All that was ever written, in order.
    log: Vec<Entry>,
}

enum Store {
    Memory(Arc<Memory>),
    Sqlite(Arc<Sqlite>, TempDir),
}

impl Platter {
    pub fn memory() -> Self {
        Self { store: Store::Memory(Arc::default()), log: Vec::new() }
    }

    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Arc::new(Sqlite::open(folder.path()).expect("it opens"));
        Self { store: Store::Sqlite(store, folder), log: Vec::new() }
    }

    pub fn journal(&self) -> Arc<dyn Journal> {
        match &self.store {
            Store::Memory(store) => store.clone(),
            Store::Sqlite(store, _) => store.clone(),
        }
    }

    /// Writes, and waits until it is on disk.
    fn write(&mut self, entries: impl IntoIterator<Item = Entry>) {
        let journal = self.journal();
        let mut last = Mark::default();
        for entry in entries {
            last = last.max(entry.put(&*journal));
            self.log.push(entry);
        }
        self.ask(move |journal| journal.synced(last)).expect("it can be written");
    }

    /// What the store answers. Whoever asks holds still meanwhile, so that real threads have no say in what happens next.
    pub fn ask<T: Send>(&self, question: impl FnOnce(&dyn Journal) -> BoxFuture<'_, T> + Send) -> T {
        ask(&*self.journal(), question)
    }

    /// Power is lost while `tail` is being written: some of it is there, whole or in part. How much of it a process finds that
    /// comes after.
    fn lose_power(&mut self, tail: Vec<Entry>, chance: &mut Chance) {
        let known = self.log.len();
        match &self.store {
            Store::Memory(_) => self.write(tail),
            Store::Sqlite(_, folder) => {
                let log = |folder: &Path| folder.join("flow.db-wal");
                let (folder, before) = (folder.path().to_owned(), length(&log(folder.path())));
                self.write(tail);
                let copy = tempfile::tempdir().expect("a folder");
                for file in ["flow.db", "flow.db-wal"] {
                    std::fs::copy(folder.join(file), copy.path().join(file)).expect("it can be copied");
                }
                tear(&log(copy.path()), before, chance);
                let store =
                    Arc::new(Sqlite::open(copy.path()).unwrap_or_else(|error| panic!("after a crash: {error}")));
                self.store = Store::Sqlite(store, copy);
                self.forget_what_is_gone(known);
            }
        }
    }

    /// Of the entries after the first `known`, those stay that the store has. Nothing is kept of a note without facts: the
    /// place of a last one is taken again.
    fn forget_what_is_gone(&mut self, known: usize) {
        let leaves_nothing = |entry: &Entry| matches!(entry, Entry::Facts(facts) if facts.is_empty());
        let takes_a_place =
            |entry: &Entry| !leaves_nothing(entry) && !matches!(entry, Entry::Plan(_) | Entry::Heard(_));
        let plan = self.log.iter().find_map(|entry| match entry {
            Entry::Plan(plan) => Some(plan.clone()),
            _ => None,
        });
        let last = plan.map_or(Mark::default(), |plan| self.journal().keep(&plan));
        let image = Memory::default();
        let mut there = 0;
        for (number, entry) in self.log.iter().enumerate() {
            let mark = entry.put(&image);
            if number < known && !leaves_nothing(entry) {
                assert!(mark <= last, "what was on disk is gone: the mark {mark:?}, and {last:?} is the last");
            }
            if mark > last {
                break;
            }
            there = number + 1;
        }
        self.log.truncate(there);
        let end = self.log.iter().rposition(takes_a_place).map_or(0, |last| last + 1);
        let tail = self.log.split_off(end);
        self.log.extend(tail.into_iter().filter(|entry| !leaves_nothing(entry)));
    }
}

/// What a journal answers; its threads are real, and waited for.
fn ask<T: Send>(journal: &dyn Journal, question: impl FnOnce(&dyn Journal) -> BoxFuture<'_, T> + Send) -> T {
    static SIDE: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| SIDE.get_or_init(runtime).block_on(question(journal)));
        asking.join().expect("it answers")
    })
}

fn length(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |found| found.len())
}

/// Cuts a log somewhere behind `from`, or changes a bit there.
fn tear(log: &Path, from: u64, chance: &mut Chance) {
    let mut bytes = std::fs::read(log).expect("it can be read");
    let (from, end) = (from.min(bytes.len() as u64), bytes.len() as u64);
    let at = (from + chance.below(end - from + 1)) as usize;
    match chance.below(3) {
        0 => {}
        1 if at < bytes.len() => bytes[at] ^= 1 << chance.below(8),
        _ => bytes.truncate(at),
    }
    std::fs::write(log, bytes).expect("it can be written");
}

/// The journal of one process.
pub struct Disk {
    clock: VirtualClock,
    scene: Mutex<Scene>,
    written: Notify,
}

struct Scene {
    platter: Platter,
    chance: Chance,
    /// All that was appended, on disk or not.
    image: Memory,
    waiting: VecDeque<(Entry, Mark)>,
    synced: Mark,
    /// Who waits for the disk, in the order of their asking.
    waiters: Vec<(Mark, oneshot::Sender<()>)>,
    appended: u64,
    /// The process ends with the append of this number: before it is taken, or after.
    ends_with: Option<(u64, bool)>,
    gone: bool,
}

impl Disk {
    pub fn new(platter: Platter, clock: VirtualClock, chance: Chance, ends_with: Option<(u64, bool)>) -> Self {
        let image = Memory::default();
        let last = platter.log.iter().fold(Mark::default(), |last, entry| last.max(entry.put(&image)));
        let (waiting, waiters) = (VecDeque::new(), Vec::new());
        let scene =
            Scene { platter, chance, image, waiting, synced: last, waiters, appended: 0, ends_with, gone: false };
        Self { clock, scene: Mutex::new(scene), written: Notify::new() }
    }

    fn scene(&self) -> MutexGuard<'_, Scene> {
        self.scene.lock().expect("nobody panics here")
    }

    /// Whether the process has ended.
    pub fn is_gone(&self) -> bool {
        self.scene().gone
    }

    /// How many times something was appended.
    pub fn appended(&self) -> u64 {
        self.scene().appended
    }

    /// The records of a run, on disk or not.
    pub fn records(&self, run: &RunId) -> Vec<Record> {
        let scene = self.scene();
        let history = scene.image.history(run, 0).now_or_never();
        history.and_then(Result::ok).map(|history| history.records).unwrap_or_default()
    }

    /// All records of all runs, on disk or not, in the order in which they were appended.
    pub fn journal(&self) -> Vec<(RunId, Record)> {
        let scene = self.scene();
        let (first, all) = (Mark::default(), Follow::default());
        let passages = scene.image.passages(first, scene.image.progress().taken, &all).now_or_never();
        let passages = passages.and_then(Result::ok).unwrap_or_default();
        let records = passages.into_iter().flat_map(|passage| {
            let run = passage.run;
            passage.records.into_iter().map(move |record| (run.clone(), record))
        });
        records.collect()
    }

    /// Writes what waits, now and then, as long as the process lives.
    pub async fn work(self: Arc<Self>) {
        loop {
            self.written.notified().await;
            let (many, pause) = {
                let mut scene = self.scene();
                (scene.waiting.len(), scene.chance.below(4))
            };
            if many == 0 {
                continue;
            }
            // What comes meanwhile waits for the next time.
            self.clock.sleep(Duration(pause as i64)).await;
            let mut scene = self.scene();
            if scene.gone {
                return;
            }
            let (entries, marks): (Vec<_>, Vec<_>) = scene.waiting.drain(..many).unzip();
            scene.platter.write(entries);
            let synced = marks.into_iter().max().unwrap_or_default().max(scene.synced);
            scene.synced = synced;
            for (_, waiter) in scene.waiters.extract_if(.., |(mark, _)| *mark <= synced) {
                // Whoever waited may have gone.
                let _ = waiter.send(());
            }
            if !scene.waiting.is_empty() {
                self.written.notify_one();
            }
        }
    }

    /// What is left of it after its process has ended.
    pub fn after_a_crash(self: Arc<Self>) -> Platter {
        let Ok(disk) = Arc::try_unwrap(self) else { panic!("the process has ended") };
        let Scene { mut platter, mut chance, waiting, .. } = disk.scene.into_inner().expect("nobody panicked");
        let many = chance.below(waiting.len() as u64 + 1) as usize;
        platter.lose_power(waiting.into_iter().take(many).map(|(entry, _)| entry).collect(), &mut chance);
        platter
    }

    fn take(&self, entry: Entry) -> Mark {
        let mut scene = self.scene();
        let last = scene.ends_with.filter(|(number, _)| *number == scene.appended);
        scene.gone |= last == Some((scene.appended, true));
        if scene.gone {
            return Mark(u64::MAX / 2);
        }
        scene.appended += u64::from(matches!(entry, Entry::Batches(_) | Entry::Event(_) | Entry::Facts(_)));
        let mark = entry.put(&scene.image);
        scene.waiting.push_back((entry, mark));
        scene.gone |= last.is_some();
        self.written.notify_one();
        mark
    }

    fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Journal) -> BoxFuture<'_, T> + Send,
    ) -> BoxFuture<'_, T> {
        let scene = self.scene();
        match scene.gone {
            true => Box::pin(std::future::pending()),
            false => Box::pin(std::future::ready(scene.platter.ask(question))),
        }
    }
}

impl Journal for Disk {
    fn append(&self, batches: Vec<Batch>) -> Mark {
        self.take(Entry::Batches(batches))
    }

    fn synced(&self, mark: Mark) -> BoxFuture<'_, Result<(), Broken>> {
        let (wake, woken) = oneshot::channel();
        let mut scene = self.scene();
        if mark > scene.synced || scene.gone {
            scene.waiters.push((mark, wake));
        }
        Box::pin(async move {
            // Woken, or there was nothing to wait for.
            let _ = woken.await;
            Ok(())
        })
    }

    fn history<'a>(&'a self, run: &'a RunId, from: u64) -> BoxFuture<'a, Result<History, Broken>> {
        let run = run.clone();
        self.read(move |journal| Box::pin(async move { journal.history(&run, from).await }))
    }

    fn standing<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<Option<Standing>, Broken>> {
        let run = run.clone();
        self.read(move |journal| Box::pin(async move { journal.standing(&run).await }))
    }

    fn runs<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Page, Broken>> {
        let query = query.clone();
        self.read(move |journal| Box::pin(async move { journal.runs(&query).await }))
    }

    fn busy(&self) -> BoxFuture<'_, Result<Vec<RunId>, Broken>> {
        self.read(|journal| journal.busy())
    }

    fn at_gates(&self) -> BoxFuture<'_, Result<Vec<(RunId, Turn)>, Broken>> {
        self.read(|journal| journal.at_gates())
    }

    fn due(&self, until: Timestamp, limit: usize) -> BoxFuture<'_, Result<Due, Broken>> {
        self.read(move |journal| journal.due(until, limit))
    }

    fn publish(&self, event: Emission) -> Mark {
        self.take(Entry::Event(event))
    }

    fn events<'a>(&'a self, topic: &'a str, after: Mark, limit: usize) -> BoxFuture<'a, Result<Vec<Happened>, Broken>> {
        let topic = topic.to_owned();
        self.read(move |journal| Box::pin(async move { journal.events(&topic, after, limit).await }))
    }

    fn heard(&self, mark: Mark) {
        self.take(Entry::Heard(mark));
    }

    fn unheard(&self, after: Mark, limit: usize) -> BoxFuture<'_, Result<Vec<Happened>, Broken>> {
        self.read(move |journal| journal.unheard(after, limit))
    }

    fn waiting<'a>(&'a self, query: &'a Waiting) -> BoxFuture<'a, Result<Vec<Open>, Broken>> {
        let query = query.clone();
        self.read(move |journal| Box::pin(async move { journal.waiting(&query).await }))
    }

    fn note(&self, facts: Vec<Fact>) -> Mark {
        self.take(Entry::Facts(facts))
    }

    fn facts<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<Fact>, Broken>> {
        let prefix = prefix.to_owned();
        self.read(move |journal| Box::pin(async move { journal.facts(&prefix).await }))
    }

    fn fact<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Value>, Broken>> {
        let name = name.to_owned();
        self.read(move |journal| Box::pin(async move { journal.fact(&name).await }))
    }

    fn written_after(&self, mark: Mark) -> BoxFuture<'_, Result<Mark, Broken>> {
        self.read(move |journal| journal.written_after(mark))
    }

    fn passages<'a>(
        &'a self,
        after: Mark,
        until: Mark,
        follow: &'a Follow,
    ) -> BoxFuture<'a, Result<Vec<Passage>, Broken>> {
        let follow = follow.clone();
        self.read(move |journal| Box::pin(async move { journal.passages(after, until, &follow).await }))
    }

    fn counts(&self) -> BoxFuture<'_, Result<Vec<Count>, Broken>> {
        self.read(|journal| journal.counts())
    }

    fn progress(&self) -> Progress {
        self.scene().platter.journal().progress()
    }

    fn forget(&self, runs: Vec<RunId>) -> BoxFuture<'_, Result<Forgotten, Broken>> {
        self.read(move |journal| journal.forget(runs))
    }

    fn sweep(&self, now: Timestamp, events: Timestamp) -> BoxFuture<'_, Result<Forgotten, Broken>> {
        self.read(move |journal| journal.sweep(now, events))
    }

    fn keep(&self, plan: &Plan) -> Mark {
        self.take(Entry::Plan(Box::new(plan.clone())))
    }

    fn plan(&self, digest: Digest) -> BoxFuture<'_, Result<Option<Plan>, Broken>> {
        self.read(move |journal| journal.plan(digest))
    }
}
