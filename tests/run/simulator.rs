//! A small world round the machine: every call that leaves a run is seen, chance and time come from a seed.

use std::collections::BTreeMap;
use std::sync::Arc;

use orchestra_flow::base::failure::{Failure, Kind};
use orchestra_flow::base::id::RunId;
use orchestra_flow::base::time::{Duration, Timestamp};
use orchestra_flow::base::value::Value;
use orchestra_flow::lang::catalog::Effect;
use orchestra_flow::lang::plan::{Package, Plan};
use orchestra_flow::lang::{self, NoFiles};
use orchestra_flow::run::admission::Overflow;
use orchestra_flow::run::driver::{self, Summary};
use orchestra_flow::run::event::{Acceptance, Event, Record, UnitId};
use orchestra_flow::run::gate::{Asked, Asker, Entry, Gates};
use orchestra_flow::run::history::moved::translate;
use orchestra_flow::run::history::{Fold, Run, fold};
use orchestra_flow::run::intake::{self, Options, TakenIn};
use orchestra_flow::run::machine::{self, Action, Command, Refusal};
use orchestra_flow::run::rewind::{self, Fork, Preview, Request};
use orchestra_flow::run::upgrade::{Traces, Transition, Verdict, verdict};
use orchestra_flow::run::world::{Act, Outcome, Question, Settings};

/// The package of a program, or its faults.
pub fn package(text: &str) -> Result<Package, String> {
    let compiled = lang::compile("test.flow", text, &NoFiles);
    let faults: Vec<_> = compiled.diagnostics.iter().filter(|fault| fault.is_error()).map(|f| &*f.message).collect();
    compiled.package.ok_or_else(|| faults.join("; "))
}

/// Chance from a seed (SplitMix64; G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
#[derive(Clone, Debug)]
pub struct Chance(pub u64);

impl Chance {
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.draw() % bound.max(1)
    }

    pub fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }
}

/// What becomes of a call outside.
pub struct Fate {
    /// How long it takes.
    pub after: Duration,
    /// Whether it happens.
    pub applied: bool,
    /// What is heard of it; nothing, if it never answers.
    pub outcome: Option<Outcome>,
}

impl Fate {
    pub fn done(value: Value) -> Self {
        Self { after: Duration::ZERO, applied: true, outcome: Some(Outcome::done(value)) }
    }

    pub fn refused(kind: Kind) -> Self {
        let outcome = Outcome::failed(Failure::new(kind, "refused"));
        Self { after: Duration::ZERO, applied: false, outcome: Some(outcome) }
    }

    pub fn lost(kind: Kind, applied: bool) -> Self {
        Self { after: Duration::ZERO, applied, outcome: Some(Outcome::unknown(Failure::new(kind, "lost"))) }
    }

    pub fn never(applied: bool) -> Self {
        Self { after: Duration::ZERO, applied, outcome: None }
    }

    pub fn after(self, seconds: i64) -> Self {
        Self { after: Duration::seconds(seconds), ..self }
    }
}

/// A call that left a run.
#[derive(Clone, Debug)]
pub struct Call {
    pub run: RunId,
    pub unit: UnitId,
    pub attempt: u32,
    pub name: Arc<str>,
    pub effect: Effect,
    pub key: Arc<str>,
    pub place: Arc<str>,
    pub params: Value,
    pub at: Timestamp,
    /// Whether it happened outside.
    pub applied: bool,
    /// How many records the journal of its run had.
    pub records: usize,
}

impl Call {
    pub fn what(&self) -> String {
        self.params.get("what").map(ToString::to_string).unwrap_or_default()
    }
}

pub struct Actor {
    pub plan: Arc<Plan>,
    pub run: Run,
    pub journal: Vec<Record>,
    /// The same run, made of its records alone.
    pub shadow: Run,
    pub parent: Option<(RunId, UnitId, u32)>,
    told: bool,
    awake: bool,
}

type Fates<'a> = Box<dyn FnMut(&Act, &[Call], &mut Chance) -> Fate + 'a>;

/// Everything that takes part.
pub struct Simulator<'a> {
    package: &'a Package,
    pub now: Timestamp,
    pub chance: Chance,
    /// Whether what happens at the same moment happens in a random order.
    pub shuffled: bool,
    pub runs: BTreeMap<RunId, Actor>,
    queue: BTreeMap<(Timestamp, u64, u64), (RunId, Command)>,
    queued: u64,
    pub happened: u64,
    gates: Gates,
    facts: BTreeMap<Arc<str>, Value>,
    pub calls: Vec<Call>,
    pub questions: Vec<(RunId, UnitId, u32, Question)>,
    /// Whether questions are answered at once.
    pub answers: bool,
    fates: Fates<'a>,
    /// What must not be.
    pub broken: Vec<String>,
}

#[cfg(feature = "sqlite")]
impl Actor {
    /// A run as its journal tells it.
    pub fn of(plan: Arc<Plan>, journal: Vec<Record>, parent: Option<(RunId, UnitId, u32)>) -> Self {
        let mut run = Run::accept(&journal[0]).expect("a journal begins with the acceptance");
        journal[1..].iter().for_each(|record| run.apply(&plan, record));
        Self { shadow: run.clone(), plan, run, journal, parent, told: true, awake: false }
    }
}

pub struct NoSettings;

impl Settings for NoSettings {
    fn env(&self, name: &str) -> Option<Value> {
        Some(name.into())
    }
    fn secret(&self, name: &str) -> Option<Value> {
        Some(name.into())
    }
}

/// The run that is looked at.
pub fn main_run() -> RunId {
    RunId("main".into())
}

fn named(run: RunId) -> Options {
    Options { run: Some(run), ..Options::default() }
}

impl<'a> Simulator<'a> {
    pub fn new(package: &'a Package, seed: u64, fates: impl FnMut(&Act, &[Call], &mut Chance) -> Fate + 'a) -> Self {
        Self {
            package,
            now: "2026-01-01T09:00:00Z".parse().expect("it is a moment"),
            chance: Chance(seed),
            shuffled: false,
            runs: BTreeMap::new(),
            queue: BTreeMap::new(),
            queued: 0,
            happened: 0,
            gates: Gates::default(),
            facts: BTreeMap::new(),
            calls: Vec::new(),
            questions: Vec::new(),
            answers: true,
            fates: Box::new(fates),
            broken: Vec::new(),
        }
    }

    /// Takes in the main run, without letting it decide anything yet.
    pub fn accept(&mut self, workflow: &str, input: &Value) {
        self.start(workflow, input, named(main_run()), None);
    }

    fn start(&mut self, workflow: &str, input: &Value, options: Options, parent: Option<(RunId, UnitId, u32)>) {
        let plan = self.package.plans.get(workflow).expect("the package has the workflow").clone();
        let id = options.run.clone().expect("who starts a run names it");
        let now = (self.now, &NoSettings as &dyn Settings);
        let taken_in = intake::take_in(&plan, id.clone(), input, options, now, &mut self.facts)
            .unwrap_or_else(|error| panic!("the run was not taken in: {error}"));
        let TakenIn::Accepted(run, record) = taken_in else { panic!("no program here gives its workflow a key") };
        let shadow = Run::accept(&record).expect("it is an acceptance");
        let journal = vec![record];
        self.runs.insert(id, Actor { plan, run: *run, journal, shadow, parent, told: false, awake: true });
    }

    pub fn main(&self) -> &Actor {
        &self.runs[&main_run()]
    }

    /// Lets everything happen that happens now.
    pub fn settle(&mut self) {
        loop {
            let awake: Vec<_> = self.runs.iter().filter(|(_, actor)| actor.awake).map(|(id, _)| id.clone()).collect();
            if !awake.is_empty() {
                let id = match self.shuffled {
                    true => self.chance.pick(&awake).clone(),
                    false => awake[0].clone(),
                };
                self.decide(&id);
            } else {
                let due = self.queue.first_key_value().filter(|((at, _, _), _)| *at <= self.now).map(|(key, _)| *key);
                let Some((run, command)) = due.and_then(|key| self.queue.remove(&key)) else { return };
                let _ = self.tell(&run, command);
            }
            self.happened += 1;
            if self.happened > 100_000 {
                self.broken.push("it does not end".to_owned());
                return;
            }
        }
    }

    fn next_moment(&self) -> Option<Timestamp> {
        let alarms =
            self.runs.values().filter(|actor| !actor.run.is_at_rest()).filter_map(|a| a.run.next_look(self.now));
        alarms.chain(self.queue.keys().map(|(at, _, _)| *at).take(1)).min()
    }

    /// Lets time pass until `until`, or until nothing is left that could happen.
    pub fn advance_to(&mut self, until: Timestamp) {
        self.settle();
        while let Some(next) = self.next_moment().filter(|next| *next <= until) {
            if !self.broken.is_empty() {
                return;
            }
            self.now = self.now.max(next);
            let now = self.now;
            for actor in self.runs.values_mut() {
                actor.awake |= actor.run.next_look(now) != actor.run.next_alarm();
                actor.awake |= actor.run.next_alarm().is_some_and(|at| at <= now);
            }
            self.settle();
        }
        self.now = self.now.max(until);
    }

    pub fn advance(&mut self, seconds: i64) {
        self.advance_to(Duration::seconds(seconds).after(self.now));
    }

    /// Lets time pass until the main run rests, or nothing is left that could happen.
    pub fn until_the_end(&mut self) {
        self.settle();
        while !self.main().run.is_at_rest() && self.broken.is_empty() {
            match self.next_moment() {
                Some(next) => self.advance_to(next.max(self.now)),
                None => return,
            }
        }
        self.settle();
    }

    /// Tells a run something, now.
    pub fn tell(&mut self, id: &RunId, command: Command) -> Result<(), Refusal> {
        let Some(actor) = self.runs.get_mut(id) else { return Err(Refusal::AtRest) };
        let mut actions = Vec::new();
        let said = machine::tell(&actor.plan, &mut actor.run, self.now, &NoSettings, command, &mut actions);
        actor.awake = true;
        self.carry_out(id, actions);
        said
    }

    /// Tells the main run something and lets happen what comes of it now.
    pub fn tell_main(&mut self, command: Command) -> Result<(), Refusal> {
        let said = self.tell(&main_run(), command);
        self.settle();
        said
    }

    /// Rewinds a run that rests.
    pub fn rewind(&mut self, id: &RunId, request: &Request) -> Result<Preview, rewind::Refusal> {
        let actor = &self.runs[id];
        let (preview, rewinding) = rewind::decide(&actor.plan, &actor.journal, request)?;
        request.accepts(&preview)?;
        self.note_rewind(id, rewind::next(rewinding));
        Ok(preview)
    }

    /// Starts a run that begins with what another one has recorded.
    pub fn fork(&mut self, of: &RunId, id: &RunId, request: &Request) -> Result<Preview, rewind::Refusal> {
        let actor = &self.runs[of];
        let Fork { preview, rewinding, kept } = rewind::fork(&actor.plan, &actor.journal, request)?;
        let accepted = Acceptance {
            run: id.clone(),
            fork: Some(id.clone()),
            parent: None,
            depth: 0,
            within: Vec::new(),
            ..(*actor.run.accepted).clone()
        };
        let mut journal = vec![Record { at: self.now, event: Event::Accepted(Arc::new(accepted)) }];
        journal.extend(kept.into_iter().map(|number| actor.journal[number].clone()));
        let run = fold(&actor.plan, &journal).expect("a journal begins with the acceptance");
        let fork = Actor {
            plan: actor.plan.clone(),
            shadow: run.clone(),
            run,
            journal,
            parent: None,
            told: false,
            awake: true,
        };
        self.runs.insert(id.clone(), fork);
        self.note_rewind(id, rewind::next(rewinding));
        Ok(preview)
    }

    /// The process ends in which a run is carried out, and another one takes it up. What was under way outside is not heard of.
    pub fn crash(&mut self, id: &RunId) {
        let Some(actor) = self.runs.get_mut(id).filter(|actor| !actor.run.is_at_rest()) else { return };
        actor.run = fold(&actor.plan, &actor.journal).expect("a journal begins with the acceptance");
        actor.shadow = actor.run.clone();
        actor.awake = true;
        let mut actions = Vec::new();
        machine::take_up(&actor.plan, &mut actor.run, self.now, &NoSettings, &mut actions);
        self.queue.retain(|_, (run, command)| run != id || !matches!(command, Command::Answer { .. }));
        self.carry_out(id, actions);
    }

    fn note_rewind(&mut self, id: &RunId, event: Event) {
        let Some(actor) = self.runs.get_mut(id) else { return };
        actor.journal.push(Record { at: self.now, event });
        actor.run = fold(&actor.plan, &actor.journal).expect("a journal begins with the acceptance");
        actor.shadow = actor.run.clone();
        (actor.awake, actor.told) = (true, false);
    }

    /// A child that is there goes on where it failed, unless it has gone on already, or rests otherwise.
    fn go_on(&mut self, parent: (RunId, UnitId, u32), child: &machine::Child) -> bool {
        let Some(actor) = self.runs.get_mut(&child.run) else { return false };
        let through = Some((parent.0.clone(), parent.1));
        actor.parent = Some(parent);
        (actor.told, actor.awake) = (false, true);
        let request = Request { by: "its parent".into(), through, ..Request::default() };
        let _ = self.rewind(&child.run, &request);
        true
    }

    pub fn later(&mut self, seconds: i64, run: RunId, command: Command) {
        self.enqueue(Duration::seconds(seconds), run, command);
    }

    fn enqueue(&mut self, after: Duration, run: RunId, command: Command) {
        self.queued += 1;
        let rank = if self.shuffled { self.chance.draw() } else { self.queued };
        self.queue.insert((after.after(self.now), rank, self.queued), (run, command));
    }

    /// Offers a run a newer plan; it goes on under it if it may.
    pub fn offer(&mut self, id: &RunId, plan: &Arc<Plan>) -> Verdict {
        let actor = self.runs.get_mut(id).expect("it was accepted");
        let transition = Transition::new(actor.plan.clone(), plan.clone());
        let mut counted = Fold::begin(&actor.plan, &actor.journal[0]).expect("a journal begins with an acceptance");
        actor.journal[1..].iter().for_each(|record| counted.take(record));
        let traces = Traces::of(counted.counted().iter().copied());
        let found = verdict(&transition, &actor.run, &traces);
        if let Verdict::Moves { .. } = found {
            actor.journal = translate(actor.journal.iter(), &transition.graft);
            actor.plan = transition.graft.plan.clone();
            actor.run = fold(&actor.plan, &actor.journal).expect("a journal begins with an acceptance");
            actor.shadow = actor.run.clone();
            actor.awake = true;
        }
        found
    }

    fn decide(&mut self, id: &RunId) {
        let Some(actor) = self.runs.get_mut(id) else { return };
        let mut actions = Vec::new();
        actor.awake = machine::decide(&actor.plan, &mut actor.run, (self.now, false), &NoSettings, &mut actions);
        let settled = !actor.awake;
        self.carry_out(id, actions);
        if settled {
            self.compare_with_shadow(id);
        }
        if let Some(rewinding) = self.runs[id].run.rewinding().cloned() {
            return self.note_rewind(id, Event::Rewound(rewinding));
        }
        let Some(actor) = self.runs.get_mut(id) else { return };
        if actor.run.is_at_rest() && !actor.told {
            actor.told = true;
            if let Some((parent, unit, attempt)) = actor.parent.clone() {
                let summary = Summary::of(&actor.run);
                let outcome = driver::child_outcome(id, &summary);
                self.enqueue(Duration::ZERO, parent, Command::Answer { unit, attempt, outcome, by: None });
            }
        }
    }

    /// What the records say is all there is: a run made of them decides nothing else (I11).
    fn compare_with_shadow(&mut self, id: &RunId) {
        let Some(actor) = self.runs.get_mut(id) else { return };
        if actor.run.paused {
            return;
        }
        let mut shadow = actor.shadow.clone();
        let mut actions = Vec::new();
        while machine::decide(&actor.plan, &mut shadow, (self.now, false), &NoSettings, &mut actions) {}
        if let Some(Action::Record(record)) = actions.iter().find(|action| matches!(action, Action::Record(_))) {
            self.broken.push(format!("I11: made of its records, the run {id} would decide {record:?}"));
        } else {
            let (made, found) = (format!("{shadow:?}"), format!("{:?}", actor.run));
            if made != found {
                let at = made.bytes().zip(found.bytes()).take_while(|(a, b)| a == b).count();
                let near = |text: &str| -> String { text.chars().skip(at.saturating_sub(60)).take(120).collect() };
                let (made, found) = (near(&made), near(&found));
                self.broken.push(format!("I11: the run {id} is {found}, and its records say {made}"));
            }
        }
        actor.shadow = shadow;
    }

    fn carry_out(&mut self, id: &RunId, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Record(record) => self.note(id, record),
                Action::Perform { unit, attempt, act } => self.perform(id, unit, attempt, &act),
                Action::Consult { unit, attempt, question } => {
                    if self.answers {
                        let after = Duration::seconds(self.chance.below(20) as i64);
                        let outcome = Outcome::done("yes".into());
                        let command = Command::Answer { unit, attempt, outcome, by: Some("somebody".into()) };
                        self.enqueue(after, id.clone(), command);
                    }
                    self.questions.push((id.clone(), unit, attempt, *question));
                }
                Action::Abandon { unit, attempt } => {
                    let outcome = Outcome::unknown(Failure::new(Kind::Timeout, "it did not answer in time"));
                    self.enqueue(Duration::ZERO, id.clone(), Command::Answer { unit, attempt, outcome, by: None });
                }
                Action::StartChild { unit, attempt, child } => {
                    let parent = (id.clone(), unit, attempt);
                    if child.continues && self.go_on(parent.clone(), &child) {
                        continue;
                    }
                    if let Some(actor) = self.runs.get_mut(&child.run) {
                        // It was started before the crash.
                        (actor.parent, actor.told, actor.awake) = (Some(parent), false, true);
                        continue;
                    }
                    let parent = Some(parent);
                    self.start(&child.workflow, &child.input, child.options(), parent);
                }
                Action::TellChild { run, word } => self.enqueue(Duration::ZERO, run, word.command(id)),
                Action::UnwindChild { unit, attempt, run } => {
                    let child = self.runs.get_mut(&run).expect("a child that is undone has been");
                    child.parent = Some((id.clone(), unit, attempt));
                    child.told = false;
                    self.enqueue(Duration::ZERO, run, Command::Unwind);
                }
                Action::EnterLock { unit, key, places } => {
                    let asker = Asker::of(&self.runs[id].run, unit);
                    let command = match self.gates.enter(&key, places, Overflow::Queue, asker) {
                        Entry::Waiting { .. } | Entry::Full => continue,
                        Entry::Inside => Command::Enter { unit },
                        Entry::Circle => Command::Answer { unit, attempt: 0, outcome: driver::circle(&key), by: None },
                    };
                    self.enqueue(Duration::ZERO, id.clone(), command);
                }
                Action::LeaveLock { unit, key } => {
                    for (run, unit) in self.gates.leave(&key, &(id.clone(), unit)) {
                        match self.runs.get_mut(&run) {
                            Some(actor) if unit == UnitId::RUN => actor.awake = true,
                            _ => self.enqueue(Duration::ZERO, run, Command::Enter { unit }),
                        }
                    }
                }
                Action::AskForPlaces => {
                    let turn = self.runs[id].run.turn().expect("it has places to ask for");
                    match self.gates.admit(id, &turn) {
                        Asked::Inside => self.enqueue(Duration::ZERO, id.clone(), Command::Begin { state: None }),
                        Asked::Never(reason) => self.enqueue(Duration::ZERO, id.clone(), Command::TurnAway(reason)),
                        Asked::Waiting(others) => assert_eq!(others, [], "no program here restarts runs"),
                    }
                }
                Action::Admit | Action::KeepPace => panic!("no trigger brings anything here"),
                Action::Print(_) => {}
            }
        }
    }

    fn note(&mut self, id: &RunId, record: Record) {
        let launched = match &record.event {
            Event::Launched { run, workflow, input, .. } => Some((run.clone(), workflow.clone(), input.clone())),
            _ => None,
        };
        if let Some(actor) = self.runs.get_mut(id) {
            let plan = actor.plan.clone();
            actor.shadow.apply(&plan, &record);
            actor.journal.push(record);
        }
        if let Some((run, workflow, input)) = launched {
            self.start(&workflow, &input, named(run), None);
        }
    }

    fn perform(&mut self, id: &RunId, unit: UnitId, attempt: u32, act: &Act) {
        let fate = (self.fates)(act, &self.calls, &mut self.chance);
        let actor = &self.runs[id];
        self.calls.push(Call {
            run: id.clone(),
            unit,
            attempt,
            name: act.operation.signature.full_name(),
            effect: act.operation.signature.effect.clone(),
            key: act.key.clone(),
            place: act.place.clone(),
            params: act.params.clone(),
            at: self.now,
            applied: fate.applied,
            records: actor.journal.len(),
        });
        if let Some(outcome) = fate.outcome {
            self.enqueue(fate.after, id.clone(), Command::Answer { unit, attempt, outcome, by: None });
        }
    }

    /// What was asked for, in order.
    pub fn said(&self) -> Vec<String> {
        self.calls.iter().map(Call::what).collect()
    }

    pub fn status(&self) -> &'static str {
        self.main().run.status().word()
    }
}
