//! The stage of a rehearsal: runs, a clock that jumps, and everything that is going to happen, in order.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::TestFailure;
use super::mocks::{self, Mocks};
use super::steps;
use crate::base::failure::{Failure, Kind as FailureKind};
use crate::base::id::RunId;
use crate::base::span::Span;
use crate::base::time::{Duration, Timestamp};
use crate::base::value::Value;
use crate::lang::plan::test::{Target, Test};
use crate::lang::plan::{Package, Plan, Root, Roots};
use crate::run::driver::{self, Summary};
use crate::run::event::{Begin, Event, Outcome as Ended, Record, UnitId};
use crate::run::gate::{Entry, Gates};
use crate::run::history::Run;
use crate::run::intake::{self, Options, StartError};
use crate::run::machine::{self, Action, Child, Command};
use crate::run::world::{Act, Outcome, Settings};

/// How many things may happen in one test before it counts as endless.
const HAPPENINGS_MAX: u64 = 5_000_000;
/// How long a test may take in its own time: fifty years.
const TIME_MAX: Duration = Duration::seconds(50 * 365 * 24 * 3_600);

/// Everything that takes part in a rehearsal.
pub struct Stage<'a> {
    package: &'a Package,
    test: &'a Test,
    seed: Option<u64>,
    beginning: Timestamp,
    now: Timestamp,
    mocks: Mocks<'a>,
    runs: IndexMap<RunId, Actor>,
    main: RunId,
    /// What is going to happen, by time, then by rank.
    queue: BTreeMap<(Timestamp, u64, u64), (RunId, Command)>,
    queued: u64,
    happened: u64,
    gates: Gates,
    calls: IndexMap<Arc<str>, Vec<Value>>,
    emitted: IndexMap<Arc<str>, Vec<Value>>,
    journal: Vec<Record>,
    faults: Vec<TestFailure>,
    drawn: Cell<u64>,
}

struct Actor {
    plan: Arc<Plan>,
    run: Run,
    /// The step that waits for its end, and its end has not been told yet.
    waits: Option<(RunId, UnitId, u32)>,
    /// Whether there is something to decide.
    awake: bool,
}

impl<'a> Stage<'a> {
    /// An empty stage.
    pub fn new(package: &'a Package, test: &'a Test, seed: Option<u64>, at: Timestamp) -> Self {
        Self {
            package,
            test,
            seed,
            beginning: at,
            now: at,
            mocks: Mocks::new(package, test),
            runs: IndexMap::new(),
            main: RunId("test".into()),
            queue: BTreeMap::new(),
            queued: 0,
            happened: 0,
            gates: Gates::default(),
            calls: IndexMap::new(),
            emitted: IndexMap::new(),
            journal: Vec::new(),
            faults: Vec::new(),
            drawn: Cell::new(0),
        }
    }

    /// The time in the test.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Starts the run that is tested.
    pub fn begin(&mut self, input: &Value, options: Options) -> Result<(), StartError> {
        let (workflow, main) = (self.test.workflow.clone(), self.main.clone());
        self.start(&workflow, main, input, options, None)
    }

    fn start(
        &mut self,
        workflow: &Arc<str>,
        id: RunId,
        input: &Value,
        options: Options,
        waits: Option<(RunId, UnitId, u32)>,
    ) -> Result<(), StartError> {
        let plan = self.package.plans.get(workflow).ok_or_else(|| StartError::UnknownWorkflow(workflow.clone()))?;
        let (run, record) = intake::accept(plan, id.clone(), input, options, self.now, &TestSettings)?;
        if id == self.main {
            self.journal.push(record);
        }
        self.runs.insert(id, Actor { plan: plan.clone(), run, waits, awake: true });
        Ok(())
    }

    /// Lets everything happen that happens now.
    pub fn settle(&mut self) {
        loop {
            let awake = self.runs.iter().find(|(_, actor)| actor.awake).map(|(id, _)| id.clone());
            if let Some(id) = awake {
                self.decide(&id);
                continue;
            }
            let due = self.queue.first_key_value().filter(|((at, _, _), _)| *at <= self.now).map(|(key, _)| *key);
            let Some((run, command)) = due.and_then(|key| self.queue.remove(&key)) else { return };
            self.happened += 1;
            if self.endless() {
                return;
            }
            self.tell_run(&run, command);
        }
    }

    /// Lets so much time pass.
    pub fn advance(&mut self, duration: Duration) {
        let until = duration.after(self.now);
        while let Some(next) = self.next_moment().filter(|next| *next <= until) {
            self.now = self.now.max(next);
            self.wake_due();
            self.settle();
            if self.endless() {
                return;
            }
        }
        self.now = until;
        self.wake_due();
        self.settle();
    }

    /// Lets time pass until the run rests, or nothing is left that could happen.
    pub fn until_the_end(&mut self) {
        self.settle();
        while !self.all_at_rest() {
            let Some(next) = self.next_moment() else { return };
            self.now = self.now.max(next);
            self.wake_due();
            self.settle();
            if self.endless() {
                return;
            }
        }
    }

    fn all_at_rest(&self) -> bool {
        self.runs.get(&self.main).is_none_or(|actor| actor.run.is_at_rest())
    }

    fn endless(&mut self) -> bool {
        self.happened += 1;
        let over = self.happened > HAPPENINGS_MAX || Duration::between(self.beginning, self.now) > TIME_MAX;
        if over && !self.faults.iter().any(|fault| fault.message.contains("does not end")) {
            let elapsed = Duration::between(self.beginning, self.now);
            self.fault(self.test.span, format!("the run does not end: {elapsed} have gone by in the test"));
        }
        over
    }

    fn next_moment(&self) -> Option<Timestamp> {
        let alarms = self.runs.values().filter(|actor| !actor.run.is_at_rest()).filter_map(|a| a.run.next_alarm());
        alarms.chain(self.queue.keys().map(|(at, _, _)| *at).take(1)).min()
    }

    fn wake_due(&mut self) {
        for actor in self.runs.values_mut() {
            actor.awake |= actor.run.next_alarm().is_some_and(|at| at <= self.now);
        }
    }

    /// Tells the tested run something, now.
    pub fn tell(&mut self, command: Command) {
        let main = self.main.clone();
        self.tell_run(&main, command);
        self.settle();
    }

    /// Lets all runs know of an event.
    pub fn publish(&mut self, topic: &Arc<str>, payload: &Value) {
        let ids: Vec<_> = self
            .runs
            .iter()
            .filter(|(_, actor)| !actor.run.is_at_rest() && driver::awaits(&actor.plan, topic))
            .map(|(id, _)| id.clone())
            .collect();
        for id in ids {
            self.tell_run(&id, Command::Event { topic: topic.clone(), payload: payload.clone() });
        }
    }

    fn tell_run(&mut self, id: &RunId, command: Command) {
        let Some(actor) = self.runs.get_mut(id) else { return };
        let mut actions = Vec::new();
        // A late answer changes nothing.
        let _ = machine::tell(&actor.plan, &mut actor.run, self.now, &TestSettings, command, &mut actions);
        actor.awake = true;
        self.carry_out(id, actions);
    }

    fn decide(&mut self, id: &RunId) {
        let Some(actor) = self.runs.get_mut(id) else { return };
        let mut actions = Vec::new();
        actor.awake = machine::decide(&actor.plan, &mut actor.run, self.now, &TestSettings, &mut actions);
        self.happened += 1;
        if self.happened > HAPPENINGS_MAX {
            self.endless();
            self.runs.values_mut().for_each(|actor| actor.awake = false);
        }
        self.carry_out(id, actions);
        self.tell_parent(id);
    }

    /// A run that rests tells the step that waits for it.
    fn tell_parent(&mut self, id: &RunId) {
        let Some(actor) = self.runs.get_mut(id).filter(|actor| actor.run.is_at_rest()) else { return };
        let Some((parent, unit, attempt)) = actor.waits.take() else { return };
        let summary = Summary::of(&actor.run);
        let outcome = driver::child_outcome(id, &summary);
        self.answered(&parent, unit, attempt, outcome);
    }

    fn later(&mut self, after: Duration, run: RunId, command: Command) {
        self.queued += 1;
        let rank = match self.seed {
            None => self.queued,
            Some(seed) => mix(seed, self.queued),
        };
        self.queue.insert((after.after(self.now), rank, self.queued), (run, command));
    }

    fn carry_out(&mut self, id: &RunId, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Record(record) => self.follow(id, record),
                Action::Perform { unit, attempt, act } => self.perform(id, unit, attempt, &act),
                Action::Consult { unit, attempt, question } => {
                    let by: Arc<str> = question.whom.split_once(' ').map_or(&*question.whom, |(_, who)| who).into();
                    // Without a mock the question stays open: `advance` shows what happens then.
                    self.answer(id, &Target::Step(question.step), &question.params, unit, attempt, Some(by));
                }
                Action::Abandon { unit, attempt } => {
                    let failure = Failure::new(FailureKind::Timeout, "it did not answer in time");
                    self.answered(id, unit, attempt, Outcome::unknown(failure));
                }
                Action::StartChild { unit, attempt, child } => self.start_child(id, unit, attempt, &child),
                Action::TellChild { run, word } => self.later(Duration::ZERO, run, word.command(id)),
                Action::UnwindChild { unit, attempt, run } => match self.runs.get_mut(&run) {
                    Some(child) => {
                        child.waits = Some((id.clone(), unit, attempt));
                        self.later(Duration::ZERO, run, Command::Unwind);
                    }
                    None => self.answered(id, unit, attempt, Outcome::done(Value::Unit)),
                },
                Action::EnterLock { unit, key, places, within } => {
                    let command = match self.gates.enter(&key, places, (id.clone(), unit), within) {
                        Entry::Waiting => continue,
                        Entry::Inside => Command::Enter { unit },
                        Entry::Circle => Command::Answer { unit, attempt: 0, outcome: driver::circle(&key), by: None },
                    };
                    self.later(Duration::ZERO, id.clone(), command);
                }
                Action::LeaveLock { unit, key } => {
                    for (run, unit) in self.gates.leave(&key, &(id.clone(), unit)) {
                        self.later(Duration::ZERO, run, Command::Enter { unit });
                    }
                }
                Action::Print(_) => {}
            }
        }
    }

    /// Calls an operation: a mock answers. What is logged needs none.
    fn perform(&mut self, id: &RunId, unit: UnitId, attempt: u32, act: &Act) {
        let signature = &act.operation.signature;
        let name = signature.full_name();
        let params = act.params.without_absent().received();
        self.calls.entry(name.clone()).or_default().push(params.clone());
        let params = mocks::given(&params, &signature.params);
        if self.answer(id, &mocks::operation(&name), &params, unit, attempt, None) {
            return;
        }
        if &*signature.connector == "log" {
            return self.answered(id, unit, attempt, Outcome::done(Value::Unit));
        }
        let advice = format!("`{name}` is called, and the test has no mock for it; write `mock {name} => ...`");
        self.fault(self.test.span, advice);
        let failure = Failure::new(FailureKind::ServerError, format!("`{name}` has no mock"));
        self.answered(id, unit, attempt, Outcome::failed(failure));
    }

    /// What somebody other than a mock answers, at once.
    fn answered(&mut self, id: &RunId, unit: UnitId, attempt: u32, outcome: Outcome) {
        self.later(Duration::ZERO, id.clone(), Command::Answer { unit, attempt, outcome, by: None });
    }

    fn start_child(&mut self, parent: &RunId, unit: UnitId, attempt: u32, child: &Child) {
        let Child { run, workflow, input, .. } = child;
        self.calls.entry(workflow.clone()).or_default().push(input.clone());
        let declared = self.package.plans.get(workflow).map_or(&[][..], |plan| &plan.input.fields);
        let given = mocks::given(input, declared);
        if self.answer(parent, &Target::Workflow(workflow.clone()), &given, unit, attempt, None) {
            return;
        }
        let waits = Some((parent.clone(), unit, attempt));
        if let Err(error) = self.start(workflow, run.clone(), input, child.options(), waits) {
            self.answered(parent, unit, attempt, Outcome::failed(driver::start_failure(&error)));
        }
    }

    /// Lets a mock answer; whether there is one.
    fn answer(
        &mut self,
        run: &RunId,
        target: &Target,
        params: &Value,
        unit: UnitId,
        attempt: u32,
        by: Option<Arc<str>>,
    ) -> bool {
        let names = PlainNames { now: self.now, drawn: &self.drawn, run: self.main_value(), input: self.input() };
        let Some(said) = self.mocks.answer(target, params, &names) else { return false };
        if let Some(outcome) = said.outcome {
            self.later(said.after, run.clone(), Command::Answer { unit, attempt, outcome, by });
        }
        true
    }

    /// What a record means for others than the run.
    fn follow(&mut self, id: &RunId, record: Record) {
        match &record.event {
            Event::Began { unit, begin: Begin::Listen { .. }, .. } => {
                let step = self.runs.get(id).map(|actor| actor.run.step_name(&actor.plan, *unit));
                if let Some(step) = step {
                    self.answer(id, &Target::Step(step), &Value::Unit, *unit, 0, Some("the test".into()));
                }
            }
            Event::Emitted { topic, payload, .. } => {
                self.emitted.entry(topic.clone()).or_default().push(payload.clone());
                let (topic, payload) = (topic.clone(), payload.clone());
                let ids: Vec<_> = self
                    .runs
                    .iter()
                    .filter(|(_, actor)| driver::awaits(&actor.plan, &topic))
                    .map(|(id, _)| id.clone())
                    .collect();
                for run in ids {
                    let command = Command::Event { topic: topic.clone(), payload: payload.clone() };
                    self.later(Duration::ZERO, run, command);
                }
            }
            Event::Launched { run, workflow, input, .. } => {
                self.calls.entry(workflow.clone()).or_default().push(input.clone());
                if !self.mocks.has(&Target::Workflow(workflow.clone())) {
                    let (workflow, run, input) = (workflow.clone(), run.clone(), input.clone());
                    if let Err(error) = self.start(&workflow, run, &input, Options::default(), None) {
                        self.fault(self.test.span, format!("`start {workflow}`: {error}"));
                    }
                }
            }
            _ => {}
        }
        if *id == self.main {
            self.journal.push(record);
        }
    }

    fn fault(&mut self, span: Span, message: String) {
        let fault = TestFailure { span, message, details: Vec::new() };
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    /// What went wrong with the test itself.
    pub fn take_faults(&mut self) -> Vec<TestFailure> {
        std::mem::take(&mut self.faults)
    }

    /// The journal of the tested run.
    pub fn take_journal(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.journal)
    }

    fn main_value(&self) -> Value {
        self.runs.get(&self.main).map_or(Value::Unit, |actor| actor.run.to_value(&actor.plan, self.now))
    }

    fn input(&self) -> Value {
        self.runs.get(&self.main).map_or(Value::Unit, |actor| actor.run.accepted.input.clone())
    }

    /// The names that payloads and mocks see.
    pub fn plain_names(&self) -> impl Roots + '_ {
        PlainNames { now: self.now, drawn: &self.drawn, run: self.main_value(), input: self.input() }
    }

    /// What a name stands for in `expect`.
    pub fn name(&self, name: &str) -> Option<Value> {
        let actor = self.runs.get(&self.main);
        let run = actor.map(|actor| &actor.run);
        let by_name = |map: &IndexMap<Arc<str>, Vec<Value>>| {
            Value::map(map.iter().map(|(name, values)| (name.clone(), Value::list(values.iter().cloned()))))
        };
        Some(match name {
            "run" => self.main_value(),
            "input" => self.input(),
            "output" => match run?.outcome.as_ref() {
                Some(Ended::Completed { output }) => output.clone(),
                _ => Value::Unit,
            },
            "error" => run?.error().unwrap_or_default(),
            "state" => run?.state.clone(),
            "reply" => run?.reply.clone().unwrap_or_default(),
            "vars" => run?.vars(UnitId::RUN),
            "trigger" => run?.accepted.trigger.clone(),
            "steps" => steps::of(&actor?.plan, &actor?.run, &self.journal),
            "calls" => by_name(&self.calls),
            "emitted" => by_name(&self.emitted),
            _ => return None,
        })
    }
}

/// Names that do not need the stage itself.
struct PlainNames<'a> {
    now: Timestamp,
    drawn: &'a Cell<u64>,
    run: Value,
    input: Value,
}

impl Roots for PlainNames<'_> {
    fn root(&self, root: &Root) -> Option<Value> {
        match root {
            Root::Run => Some(self.run.clone()),
            Root::Input => Some(self.input.clone()),
            _ => None,
        }
    }
    fn now(&self) -> Timestamp {
        self.now
    }
    fn draw(&self) -> u64 {
        self.drawn.set(self.drawn.get() + 1);
        mix(1, self.drawn.get())
    }
    fn print(&self, _: &str) {}
    fn env(&self, name: &str) -> Option<Value> {
        TestSettings.env(name)
    }
    fn secret(&self, name: &str) -> Option<Value> {
        TestSettings.secret(name)
    }
}

/// In tests every setting is there, and says its own name: tests need no accounts.
struct TestSettings;

impl Settings for TestSettings {
    fn env(&self, name: &str) -> Option<Value> {
        Some(name.into())
    }
    fn secret(&self, name: &str) -> Option<Value> {
        Some(name.into())
    }
}

/// Mixes a seed and a number (SplitMix64; G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number
/// Generators", 2014).
fn mix(seed: u64, number: u64) -> u64 {
    let mut z = seed.wrapping_add(number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
