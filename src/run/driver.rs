//! The driver: load, decide, write down, carry out, write down, until nothing is left to decide.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration as Pause;

use dashmap::DashMap;
use futures_util::FutureExt as _;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use super::event::{Event, Outcome as Ended, Problem, Record, UnitId};
use super::gate::{Entry, Gates};
use super::history::Run;
use super::intake::{self, Options, StartError};
use super::machine::{self, Action, Command, Refusal};
use super::world::{Outcome, World};
use crate::base::failure::{Failure, Kind as FailureKind};
use crate::base::id::RunId;
use crate::base::value::Value;
use crate::lang::plan::node::Wait;
use crate::lang::plan::{Kind, Package, Plan};

/// How long an operation that is let go has to say what it knows, before its outcome counts as unknown.
const LAST_WORDS: Pause = Pause::from_millis(50);

/// Runs the workflows of one package, many at once. Clones share everything.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    world: World,
    package: Arc<Package>,
    runs: DashMap<RunId, mpsc::UnboundedSender<Told>>,
    gates: Mutex<Gates>,
    /// What workflows keep between runs, by their state keys.
    states: Mutex<BTreeMap<String, Value>>,
}

enum Told {
    Command(Box<Command>),
    /// Undo the run, and say what came of it.
    Unwind(oneshot::Sender<Summary>),
    /// The run that waited for it has ended: nobody will undo it any more.
    Forget,
}

/// A run that was started.
pub struct Started {
    /// Its id.
    pub run: RunId,
    /// Its journal, record by record, as it is written.
    pub records: mpsc::UnboundedReceiver<Record>,
    /// How it ends.
    pub ended: oneshot::Receiver<Summary>,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Summary {
    /// `completed failed cancelled undone`
    pub status: &'static str,
    /// Its output.
    pub output: Value,
    /// Its error, as programs see it.
    pub error: Option<Value>,
    /// The failure it ended with.
    pub failure: Option<Arc<Failure>>,
    /// What went wrong beside.
    pub problems: Vec<Arc<Problem>>,
    /// What it answered its caller.
    pub reply: Option<Value>,
    /// Whether there is something that could be undone.
    pub undoable: bool,
}

impl Summary {
    /// How `run` ended, or how it stands.
    pub fn of(run: &Run) -> Self {
        let (output, failure) = match &run.outcome {
            Some(Ended::Completed { output }) => (output.clone(), None),
            Some(Ended::Failed { failure }) => (Value::Unit, Some(failure.clone())),
            Some(Ended::Skipped { .. } | Ended::Cancelled) | None => (Value::Unit, None),
        };
        Self {
            status: run.status(),
            output,
            error: run.error(),
            failure,
            problems: run.problems.clone(),
            reply: run.reply.clone(),
            undoable: run.can_unwind(),
        }
    }
}

impl Engine {
    /// An engine for these workflows in this world.
    pub fn new(world: World, package: Arc<Package>) -> Self {
        let inner = Inner { world, package, runs: DashMap::new(), gates: Mutex::default(), states: Mutex::default() };
        Self { inner: Arc::new(inner) }
    }

    /// Starts a run. Must be called inside a tokio runtime whose threads have stacks of
    /// [`limit::STACK_BYTES`](crate::base::limit::STACK_BYTES).
    ///
    /// # Errors
    /// Where there is no such workflow, or the input does not fit.
    pub fn start(&self, workflow: &str, input: &Value, options: Options) -> Result<Started, StartError> {
        let (watch, records) = mpsc::unbounded_channel();
        let (run, ended) = self.inner.start(workflow, input, options, Some(watch))?;
        Ok(Started { run, records, ended })
    }

    /// Tells a run something, or asks it for something. What it makes of it is in its journal.
    ///
    /// # Errors
    /// If the run has ended, or never was.
    pub fn tell(&self, run: &RunId, command: Command) -> Result<(), Refusal> {
        self.inner.tell(run, command)
    }

    /// Lets all runs know of an event.
    pub fn publish(&self, topic: &Arc<str>, payload: &Value) {
        self.inner.publish(topic, payload);
    }
}

impl Inner {
    fn start(
        self: &Arc<Self>,
        workflow: &str,
        input: &Value,
        mut options: Options,
        watch: Option<mpsc::UnboundedSender<Record>>,
    ) -> Result<(RunId, oneshot::Receiver<Summary>), StartError> {
        let plan =
            self.package.plans.get(workflow).cloned().ok_or_else(|| StartError::UnknownWorkflow(workflow.into()))?;
        let id = options.run.take().unwrap_or_else(|| RunId(uuid::Uuid::now_v7().to_string().into()));
        let now = self.world.clock.now();
        let settings = &*self.world.settings;
        let state_key = match &plan.state {
            Some(_) => Some(intake::state_key(&plan, input, now, settings).map_err(StartError::State)?),
            None => None,
        };
        if let (None, Some(key)) = (&options.state, &state_key) {
            options.state = lock(&self.states).get(key).cloned();
        }
        let (run, record) = intake::accept(&plan, id.clone(), input, options, now, settings)?;
        let (tell, inbox) = mpsc::unbounded_channel();
        let (end, ended) = oneshot::channel();
        self.runs.insert(id.clone(), tell.clone());
        let drive = Drive {
            inner: self.clone(),
            plan,
            run,
            state_key,
            tell,
            watch,
            in_flight: BTreeMap::new(),
            children: Vec::new(),
        };
        drive.note(&record);
        tokio::spawn(drive.until_the_end(inbox, end));
        Ok((id, ended))
    }

    fn tell(&self, run: &RunId, command: Command) -> Result<(), Refusal> {
        // The guard of the map must not be held while the channel is used.
        let tell = self.runs.get(run).map(|entry| entry.value().clone());
        tell.ok_or(Refusal::AtRest)?.send(Told::Command(Box::new(command))).map_err(|_| Refusal::AtRest)
    }

    fn publish(&self, topic: &Arc<str>, payload: &Value) {
        let runs: Vec<_> = self.runs.iter().map(|entry| entry.value().clone()).collect();
        for tell in runs {
            let command = Command::Event { topic: topic.clone(), payload: payload.clone() };
            // A run that has ended meanwhile need not know.
            let _ = tell.send(Told::Command(Box::new(command)));
        }
    }
}

/// One run under way.
struct Drive {
    inner: Arc<Inner>,
    plan: Arc<Plan>,
    run: Run,
    state_key: Option<String>,
    tell: mpsc::UnboundedSender<Told>,
    watch: Option<mpsc::UnboundedSender<Record>>,
    in_flight: BTreeMap<UnitId, AbortHandle>,
    children: Vec<RunId>,
}

impl Drive {
    async fn until_the_end(mut self, mut inbox: mpsc::UnboundedReceiver<Told>, end: oneshot::Sender<Summary>) {
        self.until_rest(&mut inbox).await;
        let undoable = self.run.can_unwind() && self.run.accepted.parent.is_some();
        // Nobody may be left to hear it.
        let _ = end.send(Summary::of(&self.run));
        self.watch = None;
        if undoable {
            // The run that waited for this one may undo it as long as it has not ended itself.
            while let Some(told) = inbox.recv().await {
                match told {
                    Told::Command(_) => {}
                    Told::Forget => break,
                    Told::Unwind(answer) => {
                        self.tell_machine(Command::Unwind);
                        self.until_rest(&mut inbox).await;
                        let _ = answer.send(Summary::of(&self.run));
                        break;
                    }
                }
            }
        }
        self.inner.runs.remove(&self.run.accepted.run);
        for child in &self.children {
            if let Some((_, child)) = self.inner.runs.remove(child) {
                // A child without anything to undo has gone already.
                let _ = child.send(Told::Forget);
            }
        }
    }

    async fn until_rest(&mut self, inbox: &mut mpsc::UnboundedReceiver<Told>) {
        let mut actions = Vec::new();
        loop {
            let more = self.decide(&mut actions);
            self.carry_out(&mut actions);
            if self.run.is_at_rest() {
                return;
            }
            if more {
                // Long computations let others have their turn, and hear what they are told.
                tokio::task::yield_now().await;
                while let Ok(told) = inbox.try_recv() {
                    self.told(told);
                }
                continue;
            }
            let alarm = self.run.next_alarm();
            let clock = self.inner.world.clock.clone();
            let sleep = async move {
                match alarm {
                    Some(at) => clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                told = inbox.recv() => match told {
                    Some(told) => self.told(told),
                    None => return,
                },
                () = sleep => {}
            }
            while let Ok(told) = inbox.try_recv() {
                self.told(told);
            }
        }
    }

    fn told(&mut self, told: Told) {
        match told {
            Told::Command(command) => self.tell_machine(*command),
            // Only a run that rests is undone, or forgotten.
            Told::Unwind(_) | Told::Forget => {}
        }
    }

    fn decide(&mut self, actions: &mut Vec<Action>) -> bool {
        let world = &self.inner.world;
        machine::decide(&self.plan, &mut self.run, world.clock.now(), &*world.settings, actions)
    }

    fn tell_machine(&mut self, command: Command) {
        if let Command::Answer { unit, .. } = &command {
            self.in_flight.remove(unit);
        }
        if let Command::Event { topic, .. } = &command
            && !awaits(&self.plan, topic)
        {
            return;
        }
        let (world, mut actions) = (self.inner.world.clone(), Vec::new());
        let now = world.clock.now();
        // A late answer, or a command for a run that has ended meanwhile, changes nothing.
        let _ = machine::tell(&self.plan, &mut self.run, now, &*world.settings, command, &mut actions);
        self.carry_out(&mut actions);
    }

    fn note(&self, record: &Record) {
        if let Some(watch) = &self.watch {
            // Whoever watched may have gone.
            let _ = watch.send(record.clone());
        }
    }

    fn carry_out(&mut self, actions: &mut Vec<Action>) {
        for action in actions.drain(..) {
            match action {
                Action::Record(record) => {
                    self.note(&record);
                    self.follow(&record.event);
                }
                Action::Perform { unit, attempt, act } => {
                    let world = self.inner.world.clone();
                    self.spawn(unit, attempt, async move { (world.perform.perform(*act).await, None) });
                }
                Action::Consult { unit, attempt, question } => {
                    let world = self.inner.world.clone();
                    self.spawn(unit, attempt, async move {
                        match world.consult.consult(*question).await {
                            Ok((value, by)) => (Outcome::done(value), Some(by)),
                            Err(failure) => (Outcome::failed(failure), None),
                        }
                    });
                }
                Action::Abandon { unit, attempt } => self.abandon(unit, attempt),
                Action::StartChild { unit, attempt, run, workflow, input } => {
                    self.start_child(unit, attempt, run, &workflow, &input);
                }
                Action::TellChild { run, word } => {
                    // A child that has ended need not know.
                    let _ = self.inner.tell(&run, word.command(&self.run.accepted.run));
                }
                Action::UnwindChild { unit, attempt, run } => self.unwind_child(unit, attempt, &run),
                Action::EnterLock { unit, key, places } => self.enter(unit, &key, places),
                Action::LeaveLock { unit, key } => {
                    let holder = (self.run.accepted.run.clone(), unit);
                    let entered = lock(&self.inner.gates).leave(&key, &holder);
                    for (run, unit) in entered {
                        // A run that has ended meanwhile left its places when it did.
                        let _ = self.inner.tell(&run, Command::Enter { unit });
                    }
                }
                Action::Print(text) => tracing::info!(run = %self.run.accepted.run, "{text}"),
            }
        }
    }

    /// What a record means for others than this run.
    fn follow(&mut self, event: &Event) {
        match event {
            Event::Emitted { topic, payload, .. } => self.inner.publish(topic, payload),
            Event::Launched { run, workflow, input, .. } => {
                let options = Options { run: Some(run.clone()), ..Options::default() };
                if let Err(error) = self.inner.start(workflow, input, options, None) {
                    tracing::error!(run = %run, "could not start `{workflow}`: {error}");
                }
            }
            Event::Assigned { node, .. } if matches!(&self.plan.node(*node).kind, Kind::Set(set) if set.state) => {
                if let Some(key) = &self.state_key {
                    lock(&self.inner.states).insert(key.clone(), self.run.state.clone());
                }
            }
            _ => {}
        }
    }

    fn spawn(
        &mut self,
        unit: UnitId,
        attempt: u32,
        work: impl Future<Output = (Outcome, Option<Arc<str>>)> + Send + 'static,
    ) {
        let tell = self.tell.clone();
        let task = tokio::spawn(async move {
            let (outcome, by) = AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| {
                let failure = Failure::new(FailureKind::ServerError, "the connector broke off; this is a fault in it");
                (Outcome::unknown(failure), None)
            });
            // The run may have ended meanwhile.
            let _ = tell.send(Told::Command(Box::new(Command::Answer { unit, attempt, outcome, by })));
        });
        self.in_flight.insert(unit, task.abort_handle());
    }

    fn abandon(&mut self, unit: UnitId, attempt: u32) {
        let Some(task) = self.in_flight.remove(&unit) else { return };
        let tell = self.tell.clone();
        tokio::spawn(async move {
            tokio::time::sleep(LAST_WORDS).await;
            task.abort();
            let failure = Failure::new(FailureKind::Timeout, "it did not answer in time");
            let outcome = Outcome::unknown(failure);
            // If it has answered meanwhile, this comes too late and changes nothing.
            let _ = tell.send(Told::Command(Box::new(Command::Answer { unit, attempt, outcome, by: None })));
        });
    }

    fn start_child(&mut self, unit: UnitId, attempt: u32, run: RunId, workflow: &Arc<str>, input: &Value) {
        self.children.push(run.clone());
        let options = Options {
            run: Some(run.clone()),
            parent: Some(self.run.accepted.run.clone()),
            depth: self.run.accepted.depth + 1,
            ..Options::default()
        };
        let tell = self.tell.clone();
        match self.inner.start(workflow, input, options, None) {
            Ok((_, ended)) => {
                tokio::spawn(async move {
                    let Ok(summary) = ended.await else { return };
                    let outcome = child_outcome(&run, &summary);
                    // The parent may have ended meanwhile.
                    let _ = tell.send(Told::Command(Box::new(Command::Answer { unit, attempt, outcome, by: None })));
                });
            }
            Err(error) => {
                let outcome = Outcome::failed(start_failure(&error));
                let _ = tell.send(Told::Command(Box::new(Command::Answer { unit, attempt, outcome, by: None })));
            }
        }
    }

    fn unwind_child(&self, unit: UnitId, attempt: u32, run: &RunId) {
        let child = self.inner.runs.get(run).map(|entry| entry.value().clone());
        let tell = self.tell.clone();
        tokio::spawn(async move {
            let (answer, undone) = oneshot::channel();
            if let Some(child) = child {
                // A child that has gone has nothing left to undo.
                let _ = child.send(Told::Unwind(answer));
                let _ = undone.await;
            }
            let outcome = Outcome::done(Value::Unit);
            let _ = tell.send(Told::Command(Box::new(Command::Answer { unit, attempt, outcome, by: None })));
        });
    }

    fn enter(&self, unit: UnitId, key: &Arc<str>, places: u64) {
        let holder = (self.run.accepted.run.clone(), unit);
        let entry = lock(&self.inner.gates).enter(key, places, holder);
        let command = match entry {
            Entry::Waiting => return,
            Entry::Inside => Command::Enter { unit },
            Entry::Circle => Command::Answer { unit, attempt: 0, outcome: circle(key), by: None },
        };
        let _ = self.tell.send(Told::Command(Box::new(command)));
    }
}

/// What the end of a child means for the step that waits for it (semantics 66).
pub fn child_outcome(run: &RunId, summary: &Summary) -> Outcome {
    match (summary.status, &summary.failure) {
        ("completed", _) => {
            Outcome { next_page: Value::Bool(summary.undoable), ..Outcome::done(summary.output.clone()) }
        }
        (_, Some(failure)) => {
            let failure = (**failure).clone().detail("run", run.0.clone());
            Outcome::failed(failure)
        }
        (status, None) => {
            let failure = Failure::new(FailureKind::Cancelled, format!("the run `{run}` was {status}"));
            Outcome::failed(failure.detail("run", run.0.clone()))
        }
    }
}

/// Why a child was not started, as a failure of the step.
pub fn start_failure(error: &StartError) -> Failure {
    let kind = match error {
        StartError::Input(_) => FailureKind::ValidationError,
        StartError::UnknownWorkflow(_) => FailureKind::NotFound,
        StartError::State(failure) => failure.kind.clone(),
        StartError::Depth => FailureKind::LimitExceeded,
    };
    Failure::new(kind, error.to_string())
}

/// What the asker of a lock hears that would wait for itself.
pub fn circle(key: &str) -> Outcome {
    let message = format!("waiting for the lock `{key}` would never end: those inside wait for what this run holds");
    Outcome::failed(Failure::new(FailureKind::Conflict, message))
}

/// Whether a plan has a wait for events of this topic.
pub fn awaits(plan: &Plan, topic: &str) -> bool {
    plan.nodes
        .iter()
        .any(|node| matches!(&node.kind, Kind::Wait(Wait::Event { topic: other, .. }) if **other == *topic))
}

/// A lock is poisoned only if a thread panicked while it held it; what it guards stays sound, entry by entry.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
