//! All that is outside the engine in a rehearsal: mocks that answer, what is going to happen, and what was seen. It outlives the
//! process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;
use tokio::sync::oneshot;

use super::mocks::{self, Mocks};
use super::{Other, Sent, TestFailure, endless};
use crate::base::failure::{Failure, Kind as FailureKind};
use crate::base::id::RunId;
use crate::base::span::Span;
use crate::base::time::{Duration, Timestamp};
use crate::base::value::Value;
use crate::host::clock::VirtualClock;
use crate::lang::catalog::Effect;
use crate::lang::plan::test::{Target, Test};
use crate::lang::plan::{Kind, Package, Plan, Root, Roots};
use crate::run::event::{Begin, Event, Record, UnitId};
use crate::run::history::Run;
use crate::run::history::unit::{Task, Unit};
use crate::run::journal::Batch;
use crate::run::machine::Command;
use crate::run::world::{Act, BoxFuture, Clock, Consult, Consulted, Outcome, Perform, Question, Settings};

/// All that is outside.
pub struct Outside {
    package: Arc<Package>,
    test: Arc<Test>,
    seed: Option<u64>,
    clock: VirtualClock,
    main: RunId,
    drawn: AtomicU64,
    /// Whether the process that could ask for something has ended.
    closed: AtomicBool,
    scene: Mutex<Scene>,
}

struct Scene {
    mocks: Mocks,
    /// Every run as its records tell it.
    runs: IndexMap<RunId, Seen>,
    /// What is going to happen, by time, then by rank.
    queue: BTreeMap<(Timestamp, u64, u64), Delivery>,
    queued: u64,
    calls: IndexMap<Arc<str>, Vec<Value>>,
    emitted: IndexMap<Arc<str>, Vec<Value>>,
    sent: Vec<Sent>,
    last: Option<RunId>,
    faults: Vec<TestFailure>,
    /// The steps that asked something for which there is no mock.
    unanswered: BTreeSet<Arc<str>>,
    /// Whether it was said already that the run does not end.
    endless: bool,
    /// What was asked last at each place, and what is answered.
    asked: BTreeMap<String, Asked>,
    /// Where something was under way when the process ended: asked again there, the same is answered.
    again: BTreeSet<String>,
    effects: Effects,
    /// The runs that other runs have started, or tried to.
    started: BTreeSet<RunId>,
}

struct Seen {
    plan: Arc<Plan>,
    run: Run,
    journal: Vec<Record>,
}

/// What comes from outside.
enum Delivery {
    /// An answer that a process waits for, unless it has ended.
    Answer(oneshot::Sender<Answer>, Answer),
    /// A pause of the engine is over.
    Awake(oneshot::Sender<()>),
    /// Something that a run is told.
    Command(RunId, Command),
}

/// Operations that change something outside, with the keys they were called under.
pub type Effects = BTreeMap<(Arc<str>, Arc<str>), u64>;

/// An answer, and who gave it.
type Answer = (Outcome, Option<Arc<str>>);

/// What was asked, and when it is answered; never, where nothing is.
struct Asked {
    page: Value,
    answer: Option<(Timestamp, Answer)>,
    /// When it was asked.
    at: Timestamp,
    /// Whether its attempt will be over before the answer comes.
    late: bool,
}

impl Outside {
    /// A world in which nothing has happened, and it is `now`. With a seed, what happens at the same moment happens in another
    /// order, and the run has another name: chance is a function of it (semantics 51).
    pub fn new(package: Arc<Package>, test: Arc<Test>, seed: Option<u64>, now: Timestamp) -> Self {
        let scene = Scene {
            mocks: Mocks::new(package.clone(), test.mocks.iter()),
            runs: IndexMap::new(),
            queue: BTreeMap::new(),
            queued: 0,
            calls: IndexMap::new(),
            emitted: IndexMap::new(),
            sent: Vec::new(),
            last: None,
            faults: Vec::new(),
            unanswered: BTreeSet::new(),
            endless: false,
            asked: BTreeMap::new(),
            again: BTreeSet::new(),
            effects: BTreeMap::new(),
            started: BTreeSet::new(),
        };
        Self {
            package,
            test,
            seed,
            clock: VirtualClock::at(now),
            main: RunId(seed.map_or("test".to_owned(), |seed| format!("test-{seed}")).into()),
            drawn: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            scene: Mutex::new(scene),
        }
    }

    fn scene(&self) -> MutexGuard<'_, Scene> {
        // Everything happens on one thread.
        self.scene.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time in the test.
    pub fn clock(&self) -> &VirtualClock {
        &self.clock
    }

    /// The run that is tested.
    pub fn tested(&self) -> &RunId {
        &self.main
    }

    /// Hears nothing more of the process: it has ended.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// Listens to the next process. What was asked by the one before and is not answered will be answered the same when it is
    /// asked again. The operations under way that may not be repeated, and whether there was one that is answered too late.
    pub fn reopen(&self) -> (Vec<Arc<str>>, bool) {
        self.closed.store(false, Ordering::Relaxed);
        let mut scene = self.scene();
        scene.queue.retain(|_, delivery| matches!(delivery, Delivery::Command(..)));
        let (mut again, mut doubts) = (BTreeSet::new(), Vec::new());
        for (id, Seen { plan, run, .. }) in &scene.runs {
            for unit in run.outside().filter(|unit| matches!(&unit.task, Task::Act(act) if act.in_flight)) {
                let place = run.place(plan, unit.id);
                match once(plan, unit) {
                    Some(operation) => doubts.push(operation),
                    None => drop(again.insert(
                        run.other_run(plan, unit).map_or_else(|| at(id, &place), |(child, _)| child.to_string()),
                    )),
                }
            }
        }
        let late = again.iter().any(|place| scene.asked.get(place).is_some_and(|asked| asked.late));
        scene.again = again;
        (doubts, late)
    }

    /// When something happens next that does not wait for the clock.
    pub fn next_moment(&self) -> Option<Timestamp> {
        self.scene().queue.keys().map(|(at, _, _)| *at).next()
    }

    /// Lets the next thing happen that happens by now. What a run is to be told is told by whoever calls; `None` if nothing is
    /// left.
    pub fn deliver(&self) -> Option<Option<(RunId, Command)>> {
        let mut scene = self.scene();
        let (key, _) = scene.queue.first_key_value().filter(|((at, _, _), _)| *at <= self.clock.now())?;
        let key = *key;
        Some(match scene.queue.remove(&key)? {
            Delivery::Command(run, command) => Some((run, command)),
            Delivery::Answer(whom, answer) => {
                // Whoever asked may have gone.
                let _ = whom.send(answer);
                None
            }
            Delivery::Awake(whom) => {
                let _ = whom.send(());
                None
            }
        })
    }

    fn later(&self, scene: &mut Scene, at: Timestamp, delivery: Delivery) {
        scene.queued += 1;
        let rank = match self.seed {
            None => scene.queued,
            Some(seed) => mix(seed, scene.queued),
        };
        scene.queue.insert((at, rank, scene.queued), delivery);
    }

    /// Sees what a process has written.
    pub fn follow(&self, batch: &Batch) {
        let scene = &mut *self.scene();
        let id = &batch.standing.run;
        for record in &batch.records {
            match scene.runs.get_mut(id) {
                Some(Seen { plan, run, journal }) => {
                    run.apply(plan, record);
                    journal.push(record.clone());
                }
                None => {
                    let plan = self.package.plans.get(&batch.standing.workflow);
                    if let (Some(plan), Ok(run)) = (plan, Run::accept(record)) {
                        let seen = Seen { plan: plan.clone(), run, journal: vec![record.clone()] };
                        scene.runs.insert(id.clone(), seen);
                    }
                }
            }
            match &record.event {
                Event::Began { unit, begin: Begin::Listen { .. }, .. } => {
                    let step = scene.runs.get(id).map(|seen| seen.run.step_name(&seen.plan, *unit));
                    let said = step.and_then(|step| self.say(scene, &Target::Step(step), &Value::Unit));
                    if let Some((moment, outcome)) = said.flatten() {
                        let by = Some("the test".into());
                        let command = Command::Answer { unit: *unit, attempt: 0, outcome, by };
                        self.later(scene, moment, Delivery::Command(id.clone(), command));
                    }
                }
                Event::Emitted { topic, payload, .. } => {
                    scene.emitted.entry(topic.clone()).or_default().push(payload.clone());
                    scene.sent.push(Sent::new(format!("emit {topic:?}"), payload));
                }
                Event::Replied { status, body, .. } => {
                    scene.sent.push(Sent::new(format!("reply {status}"), body));
                }
                _ => {}
            }
        }
        scene.last = Some(id.clone());
    }

    /// What a mock says and when, if there is one; it may be that it never answers.
    fn say(&self, scene: &mut Scene, target: &Target, params: &Value) -> Option<Option<(Timestamp, Outcome)>> {
        let names = self.names_of(scene);
        let said = scene.mocks.answer(target, params, &names)?;
        Some(said.outcome.map(|outcome| (said.after.after(self.clock.now()), outcome)))
    }

    /// Whether something was under way at this place when the process ended and is asked for again: then the same is answered.
    fn asked_again(&self, scene: &mut Scene, place: &str, page: &Value) -> Option<oneshot::Receiver<Answer>> {
        if !scene.again.remove(place) {
            return None;
        }
        let asked = scene.asked.get(place).filter(|asked| asked.page == *page)?;
        let (answer, answered) = oneshot::channel();
        match asked.answer.clone() {
            Some((moment, said)) => {
                let now = self.clock.now();
                let late = asked.late.then(|| Duration::between(asked.at, moment).after(now));
                self.later(scene, late.unwrap_or(moment).max(now), Delivery::Answer(answer, said));
            }
            // Nobody answers: whoever asked waits.
            None => drop(answer),
        }
        Some(answered)
    }

    fn asked(
        &self,
        scene: &mut Scene,
        place: String,
        page: Value,
        timeout: Option<Duration>,
        said: Option<(Timestamp, Answer)>,
    ) -> oneshot::Receiver<Answer> {
        let (answer, answered) = oneshot::channel();
        let at = self.clock.now();
        let over = timeout.map(|timeout| timeout.after(at));
        let late = over.is_some_and(|over| said.as_ref().is_none_or(|(moment, _)| *moment >= over));
        match said.clone() {
            Some((moment, said)) => self.later(scene, moment, Delivery::Answer(answer, said)),
            None => drop(answer),
        }
        scene.asked.insert(place, Asked { page, answer: said, at, late });
        answered
    }

    /// Calls an operation: a mock answers. What is logged needs none.
    fn called(&self, act: &Act) -> oneshot::Receiver<Answer> {
        let scene = &mut *self.scene();
        let signature = &act.operation.signature;
        let name = signature.full_name();
        let place = at(&act.run, &act.place);
        if signature.effect != Effect::Read {
            *scene.effects.entry((name.clone(), act.key.clone())).or_default() += 1;
        }
        if let Some(answered) = self.asked_again(scene, &place, &act.page) {
            return answered;
        }
        let params = act.params.without_absent().received();
        scene.calls.entry(name.clone()).or_default().push(params.clone());
        if &*signature.connector != "log" {
            scene.sent.push(Sent::new(&*name, &params));
        }
        let params = mocks::given(&params, &signature.params);
        let now = self.clock.now();
        let said = self.say(scene, &mocks::operation(&name), &params).unwrap_or_else(|| {
            if &*signature.connector == "log" {
                return Some((now, Outcome::done(Value::Unit)));
            }
            let advice = format!("`{name}` is called, and the test has no mock for it; write `mock {name} => ...`");
            fault(scene, self.test.span, advice);
            let failure = Failure::new(FailureKind::ServerError, format!("`{name}` has no mock"));
            Some((now, Outcome::failed(failure)))
        });
        let said = said.map(|(moment, outcome)| (moment, (mocks::received(outcome, &signature.result), None)));
        self.asked(scene, place, act.page.clone(), Some(act.timeout), said)
    }

    /// Puts a question. Without a mock it stays open: `advance` shows what happens then.
    fn questioned(&self, question: &Question) -> oneshot::Receiver<Answer> {
        let scene = &mut *self.scene();
        let place = at(&question.run, &question.place);
        if let Some(answered) = self.asked_again(scene, &place, &Value::Unit) {
            return answered;
        }
        let (what, who) = mocks::asked(&question.whom);
        scene.sent.push(Sent::new(format!("ask {what} {who:?}"), &asked(&question.params)));
        let by: Arc<str> = who.into();
        let said = self.say(scene, &Target::Step(question.step.clone()), &question.params);
        if said.is_none() {
            scene.unanswered.insert(question.step.clone());
        }
        let said = said.flatten().map(|(moment, outcome)| (moment, (outcome, Some(by))));
        self.asked(scene, place, Value::Unit, None, said)
    }

    /// Something is wrong with the test itself.
    pub fn fault(&self, message: String) {
        fault(&mut self.scene(), self.test.span, message);
    }

    /// The run does not end, and `elapsed` has gone by in the test.
    pub fn endless(&self, elapsed: Duration) {
        let scene = &mut *self.scene();
        if std::mem::replace(&mut scene.endless, true) {
            return;
        }
        let main = scene.runs.get(&self.main).map(|seen| (&*seen.plan, &seen.run));
        let failure = endless::failure(main, scene.runs.len(), elapsed, self.test.span);
        scene.faults.push(failure);
    }

    /// What a test that fails should know of the questions that nobody answered in it.
    pub fn unanswered(&self) -> Vec<String> {
        let scene = self.scene();
        let steps = scene.unanswered.iter();
        steps
            .map(|step| {
                format!(
                    "`{step}` asks, and the test has no mock for it; write `mock {step} => ...`, or `mock {step} never`"
                )
            })
            .collect()
    }

    /// What went wrong with the test itself.
    pub fn take_faults(&self) -> Vec<TestFailure> {
        std::mem::take(&mut self.scene().faults)
    }

    /// The journal of the tested run, and those of the others.
    pub fn take_journals(&self) -> (Vec<Record>, Vec<Other>) {
        let mut runs = std::mem::take(&mut self.scene().runs);
        let journal = runs.shift_remove(&self.main).map(|seen| seen.journal).unwrap_or_default();
        let others = runs.into_values();
        let others = others.map(|seen| Other { workflow: seen.plan.name.clone(), journal: seen.journal });
        (journal, others.collect())
    }

    /// What went out, in order.
    pub fn take_sent(&self) -> Vec<Sent> {
        std::mem::take(&mut self.scene().sent)
    }

    /// The run of which something was written last.
    pub fn last(&self) -> Option<RunId> {
        self.scene().last.clone()
    }

    /// What the last of these records of a run says, and of which step.
    pub fn describe(&self, id: &RunId, records: &[Record]) -> Option<String> {
        let (last, before) = records.split_last()?;
        let (first, rest) = before.split_first()?;
        let plan = self.scene().runs.get(id)?.plan.clone();
        let mut run = Run::accept(first).ok()?;
        rest.iter().for_each(|record| run.apply(&plan, record));
        let told = serde_json::to_value(&last.event).ok()?;
        let unit: Option<UnitId> = told.get("unit").and_then(|unit| serde_json::from_value(unit.clone()).ok());
        // A unit that opens is there after the record, one that ends before it.
        let known = |run: &Run| unit.filter(|unit| run.unit(*unit).is_some()).map(|unit| run.place(&plan, unit));
        let place = known(&run).or_else(|| {
            run.apply(&plan, last);
            known(&run)
        });
        let place = place.filter(|place| !place.is_empty()).map(|place| format!(" in `{place}`"));
        Some(format!(", `{}`{}", told.get("event")?.as_str()?, place.unwrap_or_default()))
    }

    /// The operations that change something outside, with the keys they were called under.
    pub fn effects(&self) -> Effects {
        self.scene().effects.clone()
    }

    /// Looks at the tested run and its journal, if it was accepted.
    pub fn main<T>(&self, look: impl FnOnce(&Plan, &Run, &[Record]) -> T) -> Option<T> {
        let scene = self.scene();
        scene.runs.get(&self.main).map(|seen| look(&seen.plan, &seen.run, &seen.journal))
    }

    /// Looks at what was called and emitted: the values by name.
    pub fn seen(&self, name: &str) -> Option<Value> {
        let scene = self.scene();
        let by_name = |map: &IndexMap<Arc<str>, Vec<Value>>| {
            Value::map(map.iter().map(|(name, values)| (name.clone(), Value::list(values.iter().cloned()))))
        };
        match name {
            "calls" => Some(by_name(&scene.calls)),
            "emitted" => Some(by_name(&scene.emitted)),
            _ => None,
        }
    }

    /// The names that payloads and mocks see.
    pub fn plain_names(&self) -> impl Roots + '_ {
        self.names_of(&self.scene())
    }

    fn names_of(&self, scene: &Scene) -> PlainNames<'_> {
        let (now, main) = (self.clock.now(), scene.runs.get(&self.main));
        let run = main.map_or(Value::Unit, |seen| seen.run.to_value(&seen.plan, now));
        let input = main.map_or(Value::Unit, |seen| seen.run.accepted.input.clone());
        PlainNames { now, seed: self.seed.map_or(1, |seed| mix(seed, 0)), drawn: &self.drawn, run, input }
    }
}

/// What a question says, without whom it is put to.
fn asked(params: &Value) -> Value {
    let fields = params.as_map().into_iter().flat_map(|map| map.iter()).filter(|(name, _)| &***name != "whom");
    Value::map(fields.map(|(name, value)| (name.clone(), value.clone())))
}

/// Where something was asked.
fn at(run: &RunId, place: &str) -> String {
    format!("{run}:{place}")
}

/// What a unit calls, if that may not be repeated.
fn once(plan: &Plan, unit: &Unit) -> Option<Arc<str>> {
    let node = unit.node(plan)?;
    match &node.kind {
        Kind::Call { operation, .. } if plan.effect(node) == Some(Effect::Once) => Some(operation.clone()),
        _ => None,
    }
}

fn fault(scene: &mut Scene, span: Span, message: String) {
    let fault = TestFailure { span, message, details: Vec::new() };
    if !scene.faults.contains(&fault) {
        scene.faults.push(fault);
    }
}

async fn heard(answered: oneshot::Receiver<Answer>) -> Answer {
    match answered.await {
        Ok(answer) => answer,
        Err(_) => std::future::pending().await,
    }
}

impl Perform for Outside {
    fn perform(&self, act: Act) -> BoxFuture<'_, Outcome> {
        if self.closed.load(Ordering::Relaxed) {
            return Box::pin(std::future::pending());
        }
        let answered = self.called(&act);
        Box::pin(async move { heard(answered).await.0 })
    }

    fn stand_in(&self, run: &RunId, workflow: &Arc<str>, input: &Value) -> Option<BoxFuture<'static, Outcome>> {
        let scene = &mut *self.scene();
        let place = run.to_string();
        if let Some(answered) = self.asked_again(scene, &place, &Value::Unit) {
            return Some(Box::pin(async move { heard(answered).await.0 }));
        }
        // Who is started again after a crash was counted before.
        if scene.started.insert(run.clone()) {
            scene.calls.entry(workflow.clone()).or_default().push(input.clone());
        }
        let declared = self.package.plans.get(workflow).map_or(&[][..], |plan| &plan.input.fields);
        let given = mocks::given(input, declared);
        let said = self.say(scene, &Target::Workflow(workflow.clone()), &given)?;
        scene.sent.push(Sent::new(&**workflow, input));
        let said = said.map(|(moment, outcome)| (moment, (outcome, None)));
        let answered = self.asked(scene, place, Value::Unit, None, said);
        Some(Box::pin(async move { heard(answered).await.0 }))
    }
}

impl Consult for Outside {
    fn consult(&self, question: Question) -> BoxFuture<'_, Result<Consulted, Failure>> {
        if self.closed.load(Ordering::Relaxed) {
            return Box::pin(std::future::pending());
        }
        let answered = self.questioned(&question);
        Box::pin(async move {
            let (outcome, by) = heard(answered).await;
            outcome.result.map(|value| Consulted::Answered { value, by: by.unwrap_or_default() })
        })
    }
}

impl Clock for Outside {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn sleep_until(&self, moment: Timestamp) -> BoxFuture<'_, ()> {
        self.clock.sleep_until(moment)
    }

    /// What the engine pauses for takes no time in a test; it comes after what happens at the same moment.
    fn sleep(&self, _: Duration) -> BoxFuture<'_, ()> {
        let (wake, woken) = oneshot::channel();
        self.later(&mut self.scene(), self.clock.now(), Delivery::Awake(wake));
        Box::pin(async move {
            // It is awake, or its process has ended.
            let _ = woken.await;
        })
    }
}

/// Names that do not need the scene itself.
struct PlainNames<'a> {
    now: Timestamp,
    seed: u64,
    drawn: &'a AtomicU64,
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
        mix(self.seed, self.drawn.fetch_add(1, Ordering::Relaxed) + 1)
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
pub struct TestSettings;

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
