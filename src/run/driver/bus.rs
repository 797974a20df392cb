//! The bus: events in the order of the journal, each told to whoever waits for it (semantics 59 to 61).
//!
//! A run that begins to wait is told of the events that it can still take before its wait is written down; whatever is
//! published later is told to all who have written down that they wait. Both look at one order, so that nothing falls between.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};

use super::{Duty, Inner, Told, lock};
use crate::base::id::RunId;
use crate::run::activity::{Activity, Busy};
use crate::run::event::UnitId;
use crate::run::journal::{Batch, Broken, Emission, Happened, Journal, Mark};
use crate::run::machine::Unseen;
use crate::run::wait::{Open, Wait, Waiting};

/// How many events are read from the journal at a time.
const PAGE: usize = 256;

/// How many runs may be in the midst of being told of events: each comes into memory for it.
const LISTENERS_MAX: usize = 1_000;

/// After how many events it is noted in the journal up to where they were heard.
const NOTED_EVERY: u64 = 128;

/// Events on their way.
pub(super) struct Bus {
    order: Mutex<Order>,
    /// Rings when there is something to tell.
    rings: Notify,
    /// Whether somebody tells.
    tells: AtomicBool,
    places: Arc<Semaphore>,
}

/// What happened, as far as this process knows it.
#[derive(Default)]
pub(super) struct Order {
    topics: BTreeMap<Arc<str>, Topic>,
    /// With a journal: what nobody was told of. That is under way.
    untold: VecDeque<(Happened, Busy)>,
    /// Up to where the events were told.
    told: Mark,
    /// The events that somebody is being told of.
    hearing: BTreeSet<Mark>,
    /// Up to where the journal has noted that events were heard.
    noted: Mark,
    /// Without a journal: the place of the last event.
    last: Mark,
    /// Without a journal: what runs wait for, by number.
    waits: BTreeMap<u64, (UnitId, Open)>,
    opened: u64,
    /// The place of the last event that this process has published.
    published: Mark,
    /// Those who hear of each.
    ears: Vec<mpsc::UnboundedSender<(Mark, Busy)>>,
}

/// The places of events as they are published, for whoever reads them then.
pub struct Published(mpsc::UnboundedReceiver<(Mark, Busy)>);

impl Published {
    /// Waits until there is more to read, and says up to where; that is under way until the second is dropped. The first time
    /// it does not wait.
    pub async fn next(&mut self) -> Option<(Mark, Busy)> {
        let mut last = self.0.recv().await?;
        while let Ok(later) = self.0.try_recv() {
            last = later;
        }
        Some(last)
    }
}

/// The events of one topic.
#[derive(Default)]
struct Topic {
    /// Whether the place of its last event is known: the journal was asked for those of former processes.
    known: bool,
    last: Mark,
    /// With a journal, the events that may not be on disk yet; without one, all that are kept.
    recent: VecDeque<Happened>,
    /// The last event that may not be among them: it is on disk, as are all before it.
    left_out: Mark,
    /// Without a journal: where the runs were accepted whose plans name it.
    seen_from: BTreeMap<Mark, usize>,
}

/// Where events are found that come after a mark.
enum Later {
    /// There are none.
    Nothing,
    Here(Vec<Happened>),
    OnDisk,
}

/// An event that a run is told of. As long as one is about, the event counts as not heard.
pub(super) struct Heard {
    pub event: Arc<Happened>,
    _hearing: Arc<Hearing>,
    _place: Option<OwnedSemaphorePermit>,
}

struct Hearing {
    inner: Arc<Inner>,
    mark: Mark,
}

impl Drop for Hearing {
    fn drop(&mut self) {
        self.inner.heard(self.mark);
    }
}

impl Bus {
    pub(super) fn new() -> Self {
        Self {
            order: Mutex::default(),
            rings: Notify::new(),
            tells: AtomicBool::new(false),
            places: Arc::new(Semaphore::new(LISTENERS_MAX)),
        }
    }

    /// Holds the order still, to append to it.
    pub(super) fn order(&self) -> MutexGuard<'_, Order> {
        lock(&self.order)
    }
}

impl Order {
    /// The places of events from now on, the last one first.
    pub(super) fn listen(&mut self, activity: &Activity) -> Published {
        let (ear, published) = mpsc::unbounded_channel();
        // Whoever hears of it is there yet.
        let _ = ear.send((self.published, activity.begin()));
        self.ears.push(ear);
        Published(published)
    }

    /// An event is at `mark`: whoever reads events hears of it.
    fn publish(&mut self, mark: Mark, activity: &Activity) {
        self.published = mark;
        self.ears.retain(|ear| ear.send((mark, activity.begin())).is_ok());
    }

    /// Whether no event is left that the units have not been told of.
    pub(super) fn is_seen(&self, unseen: &[Unseen]) -> bool {
        unseen.iter().all(|unseen| matches!(self.later(unseen), (Later::Nothing, _)))
    }

    /// Where the events are that a unit has not seen; and up to where they are on disk.
    fn later(&self, unseen: &Unseen) -> (Later, Mark) {
        let Some(topic) = self.topics.get(&unseen.topic) else { return (Later::OnDisk, Mark::default()) };
        let new = |event: &&Happened| event.mark.0 > unseen.after;
        let later = if !topic.known || topic.left_out.0 > unseen.after && topic.last.0 > unseen.after {
            Later::OnDisk
        } else if topic.last.0 > unseen.after {
            Later::Here(topic.recent.iter().filter(new).cloned().collect())
        } else {
            Later::Nothing
        };
        (later, topic.left_out)
    }

    /// The journal was read to its end: it holds no event of the topic after `last` but those this process has published.
    fn know(&mut self, topic: &Arc<str>, last: Mark) {
        let topic = self.topics.entry(topic.clone()).or_default();
        topic.known = true;
        topic.last = topic.last.max(last);
        topic.left_out = topic.left_out.max(last);
    }

    fn take_in(&mut self, event: &Happened) {
        let topic = self.topics.entry(event.emission.topic.clone()).or_default();
        topic.last = event.mark;
        topic.recent.push_back(event.clone());
    }

    /// Without a journal: where a run is accepted whose plan names `topics`.
    pub(super) fn accepted(&mut self, topics: &[Arc<str>]) -> Mark {
        for topic in topics {
            let topic = self.topics.entry(topic.clone()).or_default();
            topic.known = true;
            *topic.seen_from.entry(self.last).or_default() += 1;
        }
        self.last
    }

    /// Without a journal: a run has ended that was accepted there; what only it could still see goes (semantics 61).
    pub(super) fn ended(&mut self, topics: &[Arc<str>], accepted: Mark, run: &RunId) {
        self.waits.retain(|_, (_, open)| open.run != *run);
        for name in topics {
            let Some(topic) = self.topics.get_mut(name) else { continue };
            if let Some(count) = topic.seen_from.get_mut(&accepted) {
                *count -= 1;
                if *count == 0 {
                    topic.seen_from.remove(&accepted);
                }
            }
            match topic.seen_from.first_key_value() {
                Some((first, _)) => topic.recent.retain(|event| event.mark > *first),
                None => drop(self.topics.remove(name)),
            }
        }
    }

    /// Without a journal: what a run waits for from now on.
    pub(super) fn wait(&mut self, run: &RunId, waits: Vec<(UnitId, Option<Wait>)>) {
        for (unit, wait) in waits {
            self.waits.retain(|_, (other, open)| (*other, &open.run) != (unit, run));
            if let Some(wait) = wait {
                self.opened += 1;
                self.waits.insert(self.opened, (unit, Open { number: self.opened, run: run.clone(), wait }));
            }
        }
    }

    fn waiting(&self, query: &Waiting) -> Vec<Open> {
        let open = self.waits.values().map(|(_, open)| open);
        open.filter(|open| query.holds(open)).take(query.limit).cloned().collect()
    }
}

impl Inner {
    /// Has batches appended by `write`, which gives their marks, and lets be told what they emit.
    pub(super) fn append(
        self: &Arc<Self>,
        order: &mut Order,
        batches: Vec<Batch>,
        write: impl FnOnce(Vec<Batch>) -> Vec<Mark>,
    ) -> Vec<Mark> {
        let emitted: Vec<_> = batches.iter().map(|batch| batch.emitted.clone()).collect();
        if self.world.journal.is_none() {
            batches.iter().for_each(|batch| order.wait(&batch.standing.run, batch.waits.clone()));
            let marks = write(batches);
            self.happen(order, emitted.into_iter().flatten());
            return marks;
        }
        let marks = write(batches);
        for (mark, emitted) in marks.iter().zip(emitted) {
            let happened = (mark.0 + 1..).zip(emitted);
            let happened = happened.map(|(mark, emission)| Happened { mark: Mark(mark), emission }).collect::<Vec<_>>();
            if !happened.is_empty() {
                self.let_be_told(order, happened);
            }
        }
        marks
    }

    /// Without a journal: takes events in, and tells those who wait for them.
    pub(super) fn happen(self: &Arc<Self>, order: &mut Order, emitted: impl IntoIterator<Item = Emission>) -> Mark {
        for emission in emitted {
            order.last.0 += 1;
            let event = Happened { mark: order.last, emission };
            // What no run could ever see is not kept.
            if order.topics.get(&event.emission.topic).is_some_and(|topic| !topic.seen_from.is_empty()) {
                order.take_in(&event);
                let waiting = order.waiting(&Waiting::for_event(&event.emission.topic, &event.emission.payload));
                let heard = Arc::new(event);
                let hearing = Arc::new(Hearing { inner: self.clone(), mark: heard.mark });
                for run in runs(&waiting) {
                    let heard = Heard { event: heard.clone(), _hearing: hearing.clone(), _place: None };
                    self.tell(run, Told::Event(heard));
                }
            }
        }
        order.publish(order.last, &self.activity);
        order.last
    }

    /// Takes an event in that no run emitted, and returns when it would survive a crash: where it is.
    pub(super) async fn publish(self: &Arc<Self>, emission: Emission) -> Result<Mark, Broken> {
        let mark = {
            let mut order = self.bus.order();
            match &self.world.journal {
                Some(journal) => {
                    let mark = journal.publish(emission.clone());
                    self.let_be_told(&mut order, vec![Happened { mark, emission }]);
                    mark
                }
                None => return Ok(self.happen(&mut order, [emission])),
            }
        };
        self.synced(mark).await?;
        Ok(mark)
    }

    fn let_be_told(self: &Arc<Self>, order: &mut Order, happened: Vec<Happened>) {
        for event in happened {
            order.take_in(&event);
            order.publish(event.mark, &self.activity);
            if self.duty == Duty::CarryOut {
                order.untold.push_back((event, self.activity.begin()));
            }
        }
        if self.duty == Duty::CarryOut {
            self.tell_events(Mark(u64::MAX));
            self.bus.rings.notify_one();
        }
    }

    /// Lets whoever waits for them be told of events from now on, and before that of those after `unheard` that the process
    /// before this one may not have told.
    pub(super) fn tell_events(self: &Arc<Self>, unheard: Mark) {
        if let Some(journal) = self.world.journal.clone()
            && !self.bus.tells.swap(true, Ordering::SeqCst)
        {
            let inner = self.clone();
            tokio::spawn(async move {
                if let Err(broken) = inner.tell_on(&*journal, unheard).await {
                    tracing::error!("nobody can be told of events any more: {broken}");
                }
            });
        }
    }

    async fn tell_on(self: Arc<Self>, journal: &dyn Journal, unheard: Mark) -> Result<(), Broken> {
        let mut last = unheard;
        while last.0 < u64::MAX {
            let events = journal.unheard(last, PAGE).await?;
            let Some(end) = events.last().map(|event| event.mark) else { break };
            for event in events {
                self.tell_of(journal, event).await?;
            }
            last = end;
        }
        loop {
            let next = self.bus.order().untold.pop_front();
            match next {
                // Read from the journal already.
                Some((event, _)) if last.0 < u64::MAX && event.mark <= last => self.leave_out(&event),
                Some((event, _busy)) => self.tell_of(journal, event).await?,
                None => self.bus.rings.notified().await,
            }
        }
    }

    /// Tells everybody of an event who waits for it and may take it.
    async fn tell_of(self: &Arc<Self>, journal: &dyn Journal, event: Happened) -> Result<(), Broken> {
        journal.synced(event.mark).await?;
        let waiting = journal.waiting(&Waiting::for_event(&event.emission.topic, &event.emission.payload)).await?;
        self.bus.order().hearing.insert(event.mark);
        let hearing = Arc::new(Hearing { inner: self.clone(), mark: event.mark });
        let event = Arc::new(event);
        for run in runs(&waiting) {
            let place = self.bus.places.clone().acquire_owned().await.ok();
            let heard = Heard { event: event.clone(), _hearing: hearing.clone(), _place: place };
            self.tell(run, Told::Event(heard));
        }
        self.leave_out(&event);
        Ok(())
    }

    /// An event that is on disk, and was told, is read from there by whoever needs it later.
    fn leave_out(&self, event: &Happened) {
        let mut order = self.bus.order();
        order.told = order.told.max(event.mark);
        if let Some(topic) = order.topics.get_mut(&event.emission.topic) {
            topic.recent.retain(|other| other.mark > event.mark);
            topic.left_out = topic.left_out.max(event.mark);
        }
    }

    /// Whoever was told of the event at `mark` has made of it what is to be made.
    fn heard(&self, mark: Mark) {
        let Some(journal) = &self.world.journal else { return };
        let mut order = self.bus.order();
        order.hearing.remove(&mark);
        let all_before = order.hearing.first().map_or(order.told, |first| Mark(first.0 - 1).min(order.told));
        if all_before.0 >= order.noted.0 + NOTED_EVERY {
            order.noted = all_before;
            journal.heard(all_before);
        }
    }

    /// The events that come after those a unit has seen, so many as are read at a time; none if there are none.
    pub(super) async fn later(&self, unseen: &mut Unseen) -> Result<Vec<Happened>, Broken> {
        let mut events = Vec::new();
        while events.is_empty() {
            let (found, left_out) = self.bus.order().later(unseen);
            match (found, &self.world.journal) {
                (Later::Here(found), _) => events = found,
                (Later::Nothing, _) | (Later::OnDisk, None) => break,
                (Later::OnDisk, Some(journal)) => {
                    events = journal.events(&unseen.topic, Mark(unseen.after), PAGE).await?;
                    if events.len() < PAGE {
                        let last = events.last().map_or(Mark::default(), |event| event.mark);
                        self.bus.order().know(&unseen.topic, last);
                    }
                    // What was there once may have been forgotten since (semantics 61).
                    unseen.after = if events.is_empty() { unseen.after.max(left_out.0) } else { unseen.after };
                }
            }
        }
        unseen.after = events.last().map_or(unseen.after, |event| event.mark.0);
        Ok(events)
    }

    /// What runs wait for from outside.
    pub(super) async fn waiting(&self, query: &Waiting) -> Result<Vec<Open>, Broken> {
        match &self.world.journal {
            Some(journal) => journal.waiting(query).await,
            None => Ok(self.bus.order().waiting(query)),
        }
    }
}

/// The runs of these waits, each once.
fn runs(waiting: &[Open]) -> BTreeSet<&RunId> {
    waiting.iter().map(|open| &open.run).collect()
}
