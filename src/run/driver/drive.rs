//! One run in memory: what it is told, what is decided, what is written down and carried out.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt as _;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::child::Awaited;
use super::inbox::{Inbox, Tell};
use super::{Attached, Inner, Summary, Told, circle, lock};
use crate::base::id::RunId;
use crate::base::time::Duration;
use crate::lang::plan::Plan;
use crate::run::activity::Busy;
use crate::run::admission::Overflow;
use crate::run::event::{Begin, Event, Record, UnitId};
use crate::run::gate::{Asker, Entry};
use crate::run::history::Run;
use crate::run::journal::{Broken, Emission, Happened, Mark, Standing};
use crate::run::machine::{self, Action, Command, Refusal, Unseen};
use crate::run::rewind::Request;
use crate::run::upgrade::Traces;

/// How soon a run must be woken for it to stay in memory until then.
const LINGER: Duration = Duration::seconds(1);

/// How many batches, of all runs, may be on their way to the disk before a run that computes waits for them.
const BATCHES_AHEAD_MAX: u64 = 1_024;

/// How many bytes of values, about, a run may have on their way to the disk before it waits for them. In memory they
/// take several times that, and an allocator of several threads keeps what it once had.
const BYTES_AHEAD_MAX: usize = 4 * 1024 * 1024;

/// One run in memory.
pub(super) struct Drive {
    pub(super) inner: Arc<Inner>,
    pub(super) plan: Arc<Plan>,
    pub(super) run: Run,
    /// Under which key its workflow keeps its state.
    pub(super) state_key: Option<Arc<str>>,
    pub(super) tell: Tell,
    pub(super) attached: Vec<Attached>,
    /// The attempts under way.
    pub(super) in_flight: BTreeMap<(UnitId, u32), AbortHandle>,
    /// The children that units wait for.
    pub(super) awaited: BTreeMap<RunId, Awaited>,
    /// Without a journal: the children that stay in memory as long as this run might undo them.
    pub(super) children: Vec<RunId>,
    /// Where its last records are in the journal.
    pub(super) last: Mark,
    /// How many records were written.
    pub(super) noted: u64,
    /// About how many bytes of values it wrote since it waited for the disk.
    pub(super) ahead: usize,
    /// Held as long as it does not wait.
    busy: Option<Busy>,
    /// Used again for each decision.
    actions: Vec<Action>,
    /// Whether those who wait for its end have heard of it.
    pub(super) settled: bool,
    /// Whether nobody will undo it any more.
    forgotten: bool,
    /// Where it was accepted: it sees the events after that.
    pub(super) accepted: Mark,
    /// Whether there is more to decide: a unit that began to wait has taken an event at once, or what a command led to is long.
    more: bool,
    /// Whether nothing is on its way to it beside what it is being told.
    heard_all: bool,
    /// Whether it is being taken up after a crash: what it starts may have been started already.
    pub(super) joins: bool,
    /// How it stands by the word of the store, as long as it was taken up after a crash and has written nothing since.
    pub(super) said: Option<Standing>,
    /// What the run that waits for this one asks for as soon as this one rests.
    pub(super) asked_to_go_on: Option<Box<Request>>,
    /// What it has carried out, as long as it is asked again and again whether it may go on under a newer plan.
    pub(super) traces: Option<Traces>,
}

impl Drive {
    pub(super) fn new(inner: Arc<Inner>, plan: Arc<Plan>, run: Run, state_key: Option<Arc<str>>, tell: Tell) -> Self {
        Self {
            accepted: Mark::default(),
            more: false,
            heard_all: true,
            said: None,
            busy: Some(inner.activity.begin()),
            inner,
            plan,
            run,
            state_key,
            tell,
            attached: Vec::new(),
            in_flight: BTreeMap::new(),
            awaited: BTreeMap::new(),
            children: Vec::new(),
            last: Mark::default(),
            noted: 0,
            ahead: 0,
            actions: Vec::new(),
            settled: false,
            forgotten: false,
            joins: false,
            asked_to_go_on: None,
            traces: None,
        }
    }

    /// A run that was read from the journal: so many records, the first and the last of them there. Whoever waits for one that
    /// rests asks for its end.
    pub(super) fn resumed(self, noted: u64, accepted: Mark, last: Mark) -> Self {
        Self { last, noted, accepted, settled: self.run.is_at_rest(), ..self }
    }

    pub(super) fn id(&self) -> &RunId {
        &self.run.accepted.run
    }

    pub(super) fn tell(&self) -> Tell {
        self.tell.clone()
    }

    /// Lets somebody know of the run from now on.
    pub(super) fn attach(&mut self, attached: Attached) {
        if self.settled {
            attached.hear(&self.inner, Summary::of(&self.run));
        } else {
            self.attached.push(attached);
        }
    }

    /// Tells somebody who comes late what has happened so far, part by part, as they keep up with it.
    async fn tell_the_past(&self, attached: &mut Attached) {
        let (Some(watch), Some(journal)) = (&mut attached.watch, &self.inner.world.journal) else { return };
        if self.inner.synced(self.last).await.is_err() {
            return;
        }
        let Ok(Some(mut replay)) = journal.replay(self.id()).await else { return };
        while let Some(Ok(part)) = replay.parts.next().await {
            part.into_iter().for_each(|record| watch.show(record));
            watch.kept_up().await;
        }
    }

    /// Works until the run rests and nobody needs it any more, or until it only waits.
    pub(super) async fn work(mut self, inbox: Inbox) {
        if let Err(broken) = self.work_on_disk(inbox).await {
            self.hold_still(&broken);
        }
    }

    /// Works as long as what happens can be written.
    async fn work_on_disk(&mut self, mut inbox: Inbox) -> Result<(), Broken> {
        loop {
            for watch in self.attached.iter_mut().filter_map(|attached| attached.watch.as_mut()) {
                watch.kept_up().await;
            }
            let more = self.decide().await;
            if self.is_to_be_rewound() {
                self.begin_again().await?;
                continue;
            }
            self.ask_to_move().await?;
            if self.run.is_at_rest() && !self.settled {
                self.settle().await?;
            }
            if more {
                // Long computations let others have their turn, and the disk catch up.
                tokio::task::yield_now().await;
                let behind = if self.ahead < BYTES_AHEAD_MAX { BATCHES_AHEAD_MAX } else { 0 };
                self.inner.synced(Mark(self.last.0.saturating_sub(behind))).await?;
                if behind == 0 {
                    self.ahead = 0;
                }
            } else {
                self.stand();
                if self.may_leave() && self.leave(&inbox).await? {
                    return Ok(());
                }
                self.busy = None;
                // What it is told comes before its time: chance has no say in what happens.
                tokio::select! {
                    biased;
                    told = inbox.recv() => match told {
                        Some((told, busy)) => {
                            self.busy = Some(busy);
                            self.heard_all = inbox.is_empty();
                            self.told(told).await?;
                        }
                        None => return Ok(()),
                    },
                    busy = self.sleep() => self.busy = Some(busy),
                }
            }
            while let Some((told, _busy)) = inbox.try_recv() {
                self.heard_all = inbox.is_empty();
                self.told(told).await?;
            }
        }
    }

    /// Stops where the journal stops: what cannot be written has not happened. The next process goes on from there.
    fn hold_still(&mut self, broken: &Broken) {
        tracing::error!(run = %self.id(), "it holds still: {broken}");
        self.inner.live.remove(self.id());
        for attached in std::mem::take(&mut self.attached) {
            attached.hear(&self.inner, Summary::unwritten(&self.run, broken));
        }
    }

    /// Sleeps until the machine must be asked again.
    fn sleep(&self) -> impl Future<Output = Busy> + use<> {
        let (clock, activity) = (self.inner.world.clock.clone(), self.inner.activity.clone());
        let alarm = self.run.next_look(clock.now()).filter(|_| self.inner.carries_out());
        async move {
            match alarm {
                Some(at) => activity.begin_at(&*clock, at).await,
                None => std::future::pending().await,
            }
        }
    }

    async fn told(&mut self, told: Told) -> Result<(), Broken> {
        match told {
            Told::Command(command, answer) => {
                let done = self.command(*command).await;
                if let Some(answer) = answer {
                    self.once_written(answer, done);
                }
            }
            Told::Collect(item, facts, answer) => {
                let taken = self.collect(*item, facts);
                self.once_written(answer, taken);
            }
            Told::ChildRested(run, summary) => self.child_rested(&run, &summary).await,
            Told::Attach(mut attached) => {
                if let Some(joined) = attached.joined.take() {
                    self.once_written(joined, ());
                }
                self.tell_the_past(&mut attached).await;
                self.attach(attached);
            }
            Told::Report if self.settled => self.report(),
            Told::Unwind => self.unwind().await,
            Told::Rewind(request, answer) => {
                let done = self.rewind(&request).await;
                self.once_written(answer, done);
            }
            Told::GoOn(request) => self.go_on(request).await?,
            Told::Forget => self.forgotten = true,
            Told::Newer(newer) => self.newer(newer).await?,
            Told::Broken(broken) => return Err(broken),
            Told::Event(heard) => {
                let Happened { mark, emission: Emission { topic, payload, .. } } = (*heard.event).clone();
                // A run that has ended meanwhile need not know.
                let _ = self.command(Command::Event { mark: mark.0, topic, payload }).await;
            }
            Told::Report | Told::Wake => {}
        }
        Ok(())
    }

    /// Says something to somebody outside when everything recorded so far is on disk: what they are told of survives a crash
    /// (semantics 50). If it never is, they hear nothing.
    pub(super) fn once_written<T: Send + 'static>(&self, whom: oneshot::Sender<T>, what: T) {
        let (inner, last) = (self.inner.clone(), self.last);
        tokio::spawn(async move {
            if inner.synced(last).await.is_ok() {
                // Whoever asked may have gone.
                let _ = whom.send(what);
            }
        });
    }

    /// Decides what can be decided now, and carries it out. Whether more is left to decide at once.
    async fn decide(&mut self) -> bool {
        let mut actions = std::mem::take(&mut self.actions);
        let more = self.decide_into(&mut actions);
        self.carry_out(&mut actions).await;
        self.actions = actions;
        more | std::mem::take(&mut self.more)
    }

    fn decide_into(&mut self, actions: &mut Vec<Action>) -> bool {
        let world = &self.inner.world;
        let around = (world.clock.now(), self.inner.lines.is_spent(&self.run));
        self.inner.carries_out() && machine::decide(&self.plan, &mut self.run, around, &*world.settings, actions)
    }

    /// Lets the machine know, and decides what follows if that is all it is told: an outcome is written down with the next
    /// intent, and both wait for the disk once (semantics 50). A late answer, or a command for a run that has ended meanwhile, changes nothing.
    pub(super) async fn command(&mut self, command: Command) -> Result<(), Refusal> {
        if let Command::Answer { unit, attempt, .. } | Command::Asked { unit, attempt } = &command {
            self.in_flight.remove(&(*unit, *attempt));
        }
        let mut actions = std::mem::take(&mut self.actions);
        let world = &self.inner.world;
        let now = world.clock.now();
        let told = machine::tell(&self.plan, &mut self.run, now, &*world.settings, command, &mut actions);
        if self.heard_all {
            self.more |= self.decide_into(&mut actions);
        }
        self.carry_out(&mut actions).await;
        self.actions = actions;
        told
    }

    /// Writes down what was recorded, then carries out what was decided. `actions` is empty then.
    pub(super) async fn carry_out(&mut self, actions: &mut Vec<Action>) {
        if let Err(broken) = self.write(actions).await {
            // Nothing of it has happened.
            actions.clear();
            return self.breaks(broken);
        }
        for act in actions.drain(..) {
            self.act(act).await;
        }
    }

    /// Takes the records out of `actions` and writes them down. A unit that begins to wait for an event is told first of those
    /// that it can still take.
    async fn write(&mut self, actions: &mut Vec<Action>) -> Result<(), Broken> {
        let mut unseen = self.unseen(actions);
        let (mut launches, mut sets_state, mut shown) = (Vec::new(), false, 0);
        loop {
            self.see(&mut unseen, actions).await?;
            for action in &actions[shown..] {
                let Action::Record(record) = action else { continue };
                self.show(record);
                if let Some(traces) = &mut self.traces {
                    traces.note(&record.event);
                }
                match &record.event {
                    Event::Launched { run, workflow, input, .. } => {
                        launches.extend(self.launch(run, workflow, input));
                    }
                    Event::Assigned { node, .. } => sets_state |= self.is_state(*node),
                    _ => {}
                }
            }
            shown = actions.len();
            if self.write_down(actions, &launches, sets_state, &unseen).await? {
                return Ok(());
            }
        }
    }

    /// The units that begin to wait for an event, and where those events are that they can still take.
    fn unseen(&self, actions: &[Action]) -> Vec<Unseen> {
        let begun = actions.iter().filter_map(|action| match action {
            Action::Record(Record { event: Event::Began { unit, begin: Begin::Listen { .. }, .. }, .. }) => Some(*unit),
            _ => None,
        });
        begun.filter_map(|unit| machine::unseen(&self.plan, &self.run, unit, self.accepted.0)).collect()
    }

    /// Tells units of the events that they have not seen, until they have seen them all or taken one.
    async fn see(&mut self, unseen: &mut Vec<Unseen>, actions: &mut Vec<Action>) -> Result<(), Broken> {
        unseen.retain(|unseen| machine::unseen(&self.plan, &self.run, unseen.unit, 0).is_some());
        for unseen in unseen {
            loop {
                let events = self.inner.later(unseen).await?;
                if events.is_empty() || machine::unseen(&self.plan, &self.run, unseen.unit, 0).is_none() {
                    break;
                }
                let (world, before) = (&self.inner.world, actions.len());
                for Happened { mark, emission: Emission { topic, payload, .. } } in events {
                    let (now, command) = (world.clock.now(), Command::Event { mark: mark.0, topic, payload });
                    // A run that was killed just now takes nothing more.
                    let _ = machine::tell(&self.plan, &mut self.run, now, &*world.settings, command, actions);
                }
                self.more |= actions.len() > before;
            }
        }
        Ok(())
    }

    async fn act(&mut self, action: Action) {
        match action {
            Action::Record(_) => {}
            Action::Perform { unit, attempt, act } => self.perform(unit, attempt, *act),
            Action::Consult { unit, attempt, question } => self.consult(unit, attempt, *question),
            Action::Abandon { unit, attempt } => self.abandon(unit, attempt),
            Action::StartChild { unit, attempt, child } => self.start_child(unit, attempt, &child).await,
            Action::TellChild { run, word } => {
                // A child that has ended need not know.
                self.inner.command(&run, word.command(self.id()));
            }
            Action::UnwindChild { unit, attempt, run } => self.unwind_child(unit, attempt, run).await,
            Action::EnterLock { unit, key, places } => self.enter(unit, &key, places),
            Action::AskForPlaces => self.ask_for_places().await,
            Action::Admit => self.admit().await,
            Action::KeepPace => self.keep_pace().await,
            Action::LeaveLock { unit, key } => self.inner.leave(&key, &(self.id().clone(), unit)),
            Action::Print(text) => tracing::info!(run = %self.id(), "{text}"),
        }
    }

    pub(super) fn enter(&self, unit: UnitId, key: &Arc<str>, places: u64) {
        let asker = Asker::of(&self.run, unit);
        let command = match lock(&self.inner.gates).enter(key, places, Overflow::Queue, asker) {
            Entry::Waiting { .. } | Entry::Full => return,
            Entry::Inside => Command::Enter { unit },
            Entry::Circle => Command::Answer { unit, attempt: 0, outcome: circle(key), by: None },
        };
        self.tell_self(command);
    }

    /// The run holds still, after what it is told already.
    pub(super) fn breaks(&self, broken: Broken) {
        let _ = self.tell.send(Told::Broken(broken));
    }

    /// Lets the run know, after what it is told already.
    pub(super) fn tell_self(&self, command: Command) {
        let _ = self.tell.send(Told::Command(Box::new(command), None));
    }

    /// Tells everybody who waits for it how the run has ended, once that is on disk.
    async fn settle(&mut self) -> Result<(), Broken> {
        self.inner.synced(self.last).await?;
        self.settled = true;
        for attached in std::mem::take(&mut self.attached) {
            attached.hear(&self.inner, Summary::of(&self.run));
        }
        // Mostly nobody listens.
        let _ = self.inner.rested.send(self.id().clone());
        self.report();
        Ok(())
    }

    /// Tells the run that waits for this one.
    pub(super) fn report(&self) {
        if let Some(parent) = &self.run.accepted.parent {
            let summary = Box::new(Summary::of(&self.run));
            self.inner.tell(parent, Told::ChildRested(self.id().clone(), summary));
        }
    }

    /// The run that waited for this one undoes it.
    async fn unwind(&mut self) {
        let undone = self.run.undone;
        if undone || self.command(Command::Unwind).await.is_err() {
            return self.report();
        }
        self.settled = false;
    }

    /// Whether nothing keeps the run in memory.
    fn may_leave(&mut self) -> bool {
        self.attached.retain(Attached::is_listening);
        let at_rest = self.run.is_at_rest();
        if self.inner.world.journal.is_none() {
            // Whoever waited for it may undo it as long as it has not ended itself.
            return at_rest && (self.forgotten || self.run.accepted.parent.is_none() || !self.run.can_unwind());
        }
        let soon = LINGER.after(self.inner.world.clock.now());
        let next = self.run.next_look(self.inner.world.clock.now());
        let waits_long = !self.inner.carries_out() || next.is_none_or(|next| next > soon);
        self.in_flight.is_empty() && (at_rest || waits_long && self.attached.is_empty())
    }

    /// Leaves memory, unless something is on its way to the run. Whether it did.
    async fn leave(&self, inbox: &Inbox) -> Result<bool, Broken> {
        self.inner.synced(self.last).await?;
        if self.inner.live.remove_if(self.id(), |_, _| inbox.is_empty()).is_none() {
            return Ok(false);
        }
        if self.run.next_alarm().is_some() {
            self.inner.left.ring(self.inner.activity.begin());
        }
        if self.inner.world.journal.is_none() {
            self.inner.bus.order().ended(&self.plan.topics(), self.accepted, self.id());
        }
        for child in &self.children {
            if let Some(child) = self.inner.live.get(child) {
                // A child without anything to undo has gone already.
                let _ = child.send(Told::Forget);
            }
        }
        Ok(true)
    }
}

impl Attached {
    /// Whether anybody is left to hear anything.
    fn is_listening(&self) -> bool {
        self.watch.as_ref().is_some_and(|watch| !watch.is_closed())
            || self.end.as_ref().is_some_and(|end| !end.is_closed())
            || self.in_place_of.is_some()
    }

    fn hear(self, inner: &Arc<Inner>, summary: Summary) {
        if let Some((parent, child)) = self.in_place_of {
            // What it has done is not for that run to undo.
            let summary = Box::new(Summary { undoable: false, ..summary.clone() });
            inner.tell(&parent, Told::ChildRested(child, summary));
        }
        if let Some(end) = self.end {
            // Nobody may be left to hear it.
            let _ = end.send(summary);
        }
    }
}
