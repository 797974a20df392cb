//! The stage of a rehearsal: the real driver in a quiet runtime, a clock that jumps, and everything outside that happens in
//! order. The process may be made to end once; the next one goes on from what was written.

use std::sync::Arc;

use futures_util::FutureExt as _;

use super::ledger::Ledger;
use super::outside::{Outside, TestSettings};
use super::quiet::Quiet;
use super::steps;
use crate::base::id::RunId;
use crate::base::limit;
use crate::base::time::{Duration, Timestamp};
use crate::base::value::Value;
use crate::lang::plan::test::Test;
use crate::lang::plan::{Package, Roots};
use crate::run::driver::{Driver, Duty, Running};
use crate::run::event::{Event, Outcome as Ended, Record, UnitId};
use crate::run::intake::{Options, StartError};
use crate::run::journal::{Broken, Journal as _, Mark};
use crate::run::machine::Command;
use crate::run::world::{Clock as _, World};
use crate::store::Memory;

/// How long a test may take in its own time: fifty years.
const TIME_MAX: Duration = Duration::seconds(50 * 365 * 24 * 3_600);

/// Everything that takes part in a rehearsal.
pub struct Stage {
    package: Arc<Package>,
    workflow: Arc<str>,
    beginning: Timestamp,
    outside: Arc<Outside>,
    store: Arc<Memory>,
    process: Process,
    /// What the tested run is started with.
    start: (Value, Options),
    happened: u64,
    crash: Option<Crash>,
}

/// How the process ended.
#[derive(Clone, Debug)]
pub struct Crash {
    /// After which record, in words.
    pub after: String,
    /// Operations that may not be repeated and were under way.
    pub doubts: Vec<Arc<str>>,
    /// Whether something was under way that is answered too late: asked again, it takes its time again.
    pub late: bool,
}

/// One process: when it is dropped, everything in it ends at once.
struct Process {
    quiet: Quiet,
    driver: Driver,
    ledger: Arc<Ledger>,
    /// Held so that the tested run stays in memory.
    _running: Option<Running>,
}

impl Process {
    fn new(
        package: &Arc<Package>,
        outside: &Arc<Outside>,
        store: &Arc<Memory>,
        ends_after: Option<u64>,
    ) -> Result<Self, StartError> {
        let quiet = Quiet::new();
        let quiet =
            quiet.map_err(|error| StartError::Store(Broken(format!("no process can begin: {error}").into())))?;
        let ledger = Arc::new(Ledger::new(store.clone(), outside.clone(), ends_after));
        let world = World {
            settings: Arc::new(TestSettings),
            perform: outside.clone(),
            consult: outside.clone(),
            clock: outside.clone(),
            journal: Some(ledger.clone()),
        };
        Ok(Self { quiet, driver: Driver::new(world, package.clone(), Duty::CarryOut), ledger, _running: None })
    }
}

impl Stage {
    /// The stage on which the tested run has been started. With `ends_after`, the process ends when it is about to write for
    /// the time after so many.
    pub fn begin(
        package: &Arc<Package>,
        test: &Arc<Test>,
        outside: Arc<Outside>,
        start: (Value, Options),
        ends_after: Option<u64>,
    ) -> Result<Self, StartError> {
        let store = Arc::new(Memory::default());
        let mut stage = Self {
            package: package.clone(),
            workflow: test.workflow.clone(),
            beginning: outside.clock().now(),
            process: Process::new(package, &outside, &store, ends_after)?,
            outside,
            store,
            start,
            happened: 0,
            crash: None,
        };
        stage.enter()?;
        Ok(stage)
    }

    /// Lets the process begin: what the one before left is taken up, and the tested run is started or joined.
    fn enter(&mut self) -> Result<(), StartError> {
        let Self { process, start: (input, options), outside, workflow, .. } = self;
        let options = Options { run: Some(outside.tested().clone()), ..options.clone() };
        let running = process.quiet.settle(async {
            process.driver.recover().await.map_err(StartError::Store)?;
            process.driver.start_with(workflow, input, options).await
        });
        match running {
            Some(running) => process._running = Some(running?),
            None => self.revive()?,
        }
        Ok(())
    }

    /// Lets the next process begin where this one has ended.
    fn revive(&mut self) -> Result<(), StartError> {
        if !self.process.ledger.is_gone() || self.process.ledger.is_endless() {
            return Ok(());
        }
        let after = self.last_record();
        self.process = Process::new(&self.package, &self.outside, &self.store, None)?;
        let (doubts, late) = self.outside.reopen();
        self.crash = Some(Crash { after, doubts, late });
        self.enter()
    }

    /// What was written last, in words: which record of which run, what happened, and where.
    fn last_record(&self) -> String {
        let Some(run) = self.outside.last() else { return "nothing was written".to_owned() };
        let records = self.records(&run);
        let whose = if run == *self.outside.tested() { String::new() } else { format!(" of the run `{run}`") };
        let what = self.outside.describe(&run, &records).unwrap_or_default();
        format!("record {}{whose}{what}", records.len())
    }

    /// Lets the process do something, and the next one go on if it has ended over that. What it came to, if it came to
    /// something.
    fn act<T>(&mut self, work: impl AsyncFnOnce(&Driver) -> T) -> Option<T> {
        let Process { quiet, driver, .. } = &self.process;
        let done = quiet.settle(work(driver));
        if let Err(error) = self.revive() {
            self.outside.fault(format!("after the process had ended, the run could not be gone on with: {error}"));
        }
        done
    }

    /// The time in the test.
    pub fn now(&self) -> Timestamp {
        self.outside.clock().now()
    }

    /// Lets everything happen that happens now.
    pub fn settle(&mut self) {
        self.act(async |_| ());
        while let Some(told) = self.outside.deliver() {
            self.happened += 1;
            if self.endless() {
                return;
            }
            match told {
                Some((run, command)) => self.tell_until_heard(&run, &command),
                None => drop(self.act(async |_| ())),
            }
        }
    }

    /// Lets so much time pass.
    pub fn advance(&mut self, duration: Duration) {
        let until = duration.after(self.now());
        while let Some(next) = self.next_moment().filter(|next| *next <= until) {
            self.move_to(next);
            if self.endless() {
                return;
            }
        }
        self.move_to(until);
    }

    /// Lets time pass until the run rests, or nothing is left that could happen.
    pub fn until_the_end(&mut self) {
        self.settle();
        while !self.is_at_rest() {
            match self.next_moment() {
                Some(next) => self.move_to(next),
                None => break,
            }
            if self.endless() {
                return;
            }
        }
        self.endless();
    }

    /// Whether the tested run rests.
    pub fn is_at_rest(&self) -> bool {
        self.outside.main(|_, run, _| run.is_at_rest()).unwrap_or(true)
    }

    fn next_moment(&self) -> Option<Timestamp> {
        self.outside.clock().next_moment().into_iter().chain(self.outside.next_moment()).min()
    }

    fn move_to(&mut self, moment: Timestamp) {
        self.outside.clock().set(moment.max(self.now()));
        self.settle();
    }

    fn endless(&mut self) -> bool {
        self.happened += 1;
        let elapsed = Duration::between(self.beginning, self.now());
        let over = self.happened > limit::TEST_WRITES_MAX || elapsed > TIME_MAX || self.process.ledger.is_endless();
        if over {
            self.outside.endless(elapsed);
        }
        over
    }

    /// Tells the tested run something, now.
    pub fn tell(&mut self, command: &Command) {
        let main = self.outside.tested().clone();
        self.tell_until_heard(&main, command);
        self.settle();
    }

    /// Whoever was not answered, and is not in the journal, says it again. A run that has ended need not know.
    fn tell_until_heard(&mut self, run: &RunId, command: &Command) {
        let before = self.heard(run, command);
        let told = async |driver: &Driver| driver.tell(run, command.clone()).await.is_ok();
        if self.act(told).is_none() && self.heard(run, command) == before {
            self.act(told);
        }
    }

    /// How often a run has heard such a thing.
    fn heard(&self, run: &RunId, command: &Command) -> usize {
        let such = |event: &Event| match (command, event) {
            (Command::Signal { name, .. }, Event::Signalled { name: other, .. }) => name == other,
            (Command::Answer { unit, .. }, Event::Answered { unit: other, .. }) => unit == other,
            (Command::Cancel { .. }, Event::CancelAsked { .. }) => true,
            _ => false,
        };
        self.records(run).iter().filter(|record| such(&record.event)).count()
    }

    /// The journal of a run.
    fn records(&self, run: &RunId) -> Vec<Record> {
        let history = self.store.history(run, 0).now_or_never();
        history.and_then(Result::ok).map(|history| history.records).unwrap_or_default()
    }

    /// Lets an event happen: the runs that wait for it hear of it.
    pub fn publish(&mut self, topic: &Arc<str>, payload: &Value) {
        let before = self.happened(topic);
        let published = async |driver: &Driver| driver.publish(topic, payload).await.is_ok();
        // What ended with the process, and was not written, happens again.
        if self.act(published).is_none() && self.happened(topic) == before {
            self.act(published);
        }
    }

    /// How many events of a topic there are.
    fn happened(&self, topic: &str) -> usize {
        let events = self.store.events(topic, Mark::default(), usize::MAX).now_or_never();
        events.and_then(Result::ok).map_or(0, |events| events.len())
    }

    /// How the first process ended, if it did.
    pub fn take_crash(&mut self) -> Option<Crash> {
        self.crash.take()
    }

    /// How many times something was written by the process there is now.
    pub fn written(&self) -> u64 {
        self.process.ledger.written()
    }

    /// The names that payloads and mocks see.
    pub fn plain_names(&self) -> impl Roots + '_ {
        self.outside.plain_names()
    }

    /// What a name stands for in `expect`.
    pub fn name(&self, name: &str) -> Option<Value> {
        let now = self.now();
        if let Some(seen) = self.outside.seen(name) {
            return Some(seen);
        }
        self.outside.main(|plan, run, journal| {
            Some(match name {
                "run" => run.to_value(plan, now),
                "input" => run.accepted.input.clone(),
                "output" => match run.outcome.as_ref() {
                    Some(Ended::Completed { output }) => output.clone(),
                    _ => Value::Unit,
                },
                "error" => run.error().unwrap_or_default(),
                "state" => run.state_at(now),
                "reply" => run.reply.clone().unwrap_or_default(),
                "vars" => run.vars(UnitId::RUN),
                "trigger" => run.accepted.trigger.clone(),
                "steps" => steps::of(plan, run, journal),
                _ => return None,
            })
        })?
    }
}
