//! One simulated history: a seed makes a program, a far side, a disk, and moments at which the process ends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use orchestra_flow::base::id::RunId;
use orchestra_flow::base::time::{Duration, Timestamp};
use orchestra_flow::base::value::Value;
use orchestra_flow::connect::{Connectors, Environment, Natives};
use orchestra_flow::host::clock::VirtualClock;
use orchestra_flow::host::rehearse::quiet::Quiet;
use orchestra_flow::lang::plan::{Package, Plan};
use orchestra_flow::run::driver::{Driver, Duty};
use orchestra_flow::run::event::{Decision, Event, Record};
use orchestra_flow::run::intake::Options;
use orchestra_flow::run::journal::{Journal as _, Mark, Query, Standing};
use orchestra_flow::run::machine::{Command, Target};
use orchestra_flow::run::world::{Clock as _, World};
use orchestra_flow::trigger::{Listening, Outside, Triggers};

use super::disk::{Disk, Platter};
use super::far::Far;
use super::heard::{Senders, Sent};
use crate::run::invariants::{History, check_effects, check_locks};
use crate::run::random::fate;
use crate::run::simulator::{Actor, Chance, NoSettings, main_run};

/// After so many happenings a history counts as endless.
const HAPPENINGS_MAX: u64 = 200_000;

/// What a history is made of.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub seed: u64,
    /// Whether the store is a real file, whose log is torn by a crash.
    pub on_disk: bool,
    /// The process ends with the append of this number, once; else now and then, by the seed.
    pub ends_with: Option<u64>,
}

/// What came of a history.
pub struct Story {
    pub status: &'static str,
    /// How often the process ended.
    pub crashes: u64,
    /// How many times the first process appended something.
    pub appended: u64,
    /// The journals of all runs.
    pub journals: BTreeMap<RunId, Vec<Record>>,
    /// What must not be.
    pub broken: Vec<String>,
}

/// Everything that takes part.
struct Sim<'a> {
    programs: &'a [Arc<Package>; 2],
    setting: Setting,
    chance: Chance,
    clock: VirtualClock,
    far: Arc<Far>,
    process: Option<Process>,
    /// What is said to the process, and when.
    errands: BTreeMap<(Timestamp, u64), Errand>,
    /// What was said and is not confirmed.
    open: Arc<Mutex<BTreeMap<u64, Errand>>>,
    senders: Senders,
    /// Signals that it has confirmed.
    confirmed: Arc<Mutex<BTreeSet<u64>>>,
    /// Whether the start of the run was confirmed.
    started: Arc<Mutex<bool>>,
    told: u64,
    crashes: u64,
    happened: u64,
    /// How often the clock may still be set.
    jumps: u64,
    first_appended: u64,
    broken: Vec<String>,
}

/// Something that is said to the process until it confirms it.
#[derive(Clone, Debug)]
enum Errand {
    /// A run is told something.
    Tell(RunId, Box<Command>),
    /// Something is sent to whoever hears of it.
    Send(Sent),
}

/// One process: it ends when it is dropped.
struct Process {
    quiet: Quiet,
    driver: Driver,
    triggers: Triggers,
    disk: Arc<Disk>,
    /// Held so that triggers hear.
    _listening: Arc<Mutex<Option<Listening>>>,
}

/// Lets a history happen. A process carries out the first of the programs or the other one; new runs are runs of that.
pub fn happen(programs: &[Arc<Package>; 2], setting: Setting, repeats_unknown: bool) -> Story {
    let mut chance = Chance(setting.seed ^ 0x5EED);
    let faulty = 1 + chance.below(3);
    let clock = VirtualClock::at("2026-01-01T09:00:00Z".parse().expect("it is a moment"));
    let far = Arc::new(Far::new(clock.clone(), Chance(chance.draw()), Box::new(fate(faulty))));
    let mut sim = Sim {
        programs,
        setting,
        chance,
        clock,
        far,
        process: None,
        errands: BTreeMap::new(),
        open: Arc::default(),
        senders: Senders::default(),
        confirmed: Arc::default(),
        started: Arc::default(),
        told: 0,
        crashes: 0,
        happened: 0,
        jumps: 3,
        first_appended: 0,
        broken: Vec::new(),
    };
    sim.plan_errands();
    sim.plan_sendings();
    let platter = if setting.on_disk { Platter::sqlite() } else { Platter::memory() };
    let platter = sim.introduce(platter);
    sim.begin(platter);
    sim.run();
    sim.judge(repeats_unknown)
}

impl Sim<'_> {
    fn errand(&mut self, seconds: u64, errand: Errand) {
        let at = Duration::seconds(seconds as i64).after(self.clock.now());
        let rank = self.chance.draw();
        self.errands.insert((at, rank), errand);
    }

    fn errand_to_main(&mut self, seconds: u64, command: Command) {
        self.errand(seconds, Errand::Tell(main_run(), Box::new(command)));
    }

    fn plan_errands(&mut self) {
        let by = || Arc::from("chance");
        for _ in 0..self.chance.below(3) {
            let at = self.chance.below(200);
            self.errand_to_main(at, Command::Signal { name: "go".into(), payload: Value::Unit });
        }
        if self.chance.one_in(4) {
            let at = self.chance.below(120);
            self.errand_to_main(at, Command::Cancel { by: by() });
        }
        if self.chance.one_in(4) {
            let at = self.chance.below(120);
            let until = at + 1 + self.chance.below(300);
            self.errand_to_main(at, Command::Pause { by: by() });
            self.errand_to_main(until, Command::Resume { by: by() });
        }
    }

    /// What is sent comes when everybody has begun to listen; some of it comes again.
    fn plan_sendings(&mut self) {
        for number in 10..10 + self.chance.below(3) as i64 {
            let sent = if self.chance.one_in(2) { Sent::Event(number) } else { Sent::Hook(number) };
            for _ in 0..1 + self.chance.below(3) {
                let at = 20 + self.chance.below(200);
                self.errand(at, Errand::Send(sent.clone()));
            }
        }
    }

    /// When the next process ends: with which of its appends, and whether that is lost.
    fn next_end(&mut self) -> Option<(u64, bool)> {
        match self.setting.ends_with {
            Some(number) => (self.crashes == 0).then_some((number, number % 2 == 0)),
            None if self.crashes >= 4 => None,
            None => Some((self.chance.below(60), self.chance.one_in(2))),
        }
    }

    /// An engine for one of the programs, in a process with this disk.
    fn engine(&mut self, disk: &Arc<Disk>) -> (Driver, Triggers) {
        let line = Arc::new(self.far.seen_by(disk));
        let world = World {
            settings: Arc::new(NoSettings),
            perform: line.clone(),
            consult: line,
            clock: Arc::new(self.clock.clone()),
            journal: Some(disk.clone()),
        };
        let package = self.chance.pick(self.programs).clone();
        let driver = Driver::new(world, package.clone(), Duty::CarryOut);
        let connectors = Connectors::new(Environment::at("."), [], Natives::default());
        let outside = Outside { roots: None, connectors: Arc::new(connectors), patience: Duration::seconds(3_600) };
        let triggers = Triggers::new(driver.clone(), &package, outside);
        (driver, triggers.expect("they can listen"))
    }

    /// A first process ends in order when its triggers have begun to listen: they hear what happens from there on.
    fn introduce(&mut self, platter: Platter) -> Platter {
        let disk = Arc::new(Disk::new(platter, self.clock.clone(), Chance(self.chance.draw()), None));
        let (driver, triggers) = self.engine(&disk);
        let quiet = Quiet::new().expect("a runtime");
        let writing = disk.clone();
        let listening = quiet.settle(async { (tokio::spawn(writing.work()), triggers.listen()) });
        while let Some(next) = self.clock.next_moment() {
            self.clock.set(next);
            quiet.settle(async {});
        }
        drop((quiet, driver, triggers, listening));
        disk.after_a_crash()
    }

    /// A process begins: it takes up what is there, and the run is started or joined.
    fn begin(&mut self, platter: Platter) {
        let ends_with = self.next_end();
        let disk = Arc::new(Disk::new(platter, self.clock.clone(), Chance(self.chance.draw()), ends_with));
        let (driver, triggers) = self.engine(&disk);
        let listening: Arc<Mutex<Option<Listening>>> = Arc::default();
        let (listens, keeps) = (triggers.clone(), Arc::clone(&listening));
        let quiet = Quiet::new().expect("a runtime");
        let (starting, started, writing) = (driver.clone(), self.started.clone(), disk.clone());
        // Who was told once that it was started may not find it gone.
        let known = *started.lock().expect("nobody panics here");
        if known && disk.records(&main_run()).is_empty() {
            self.broken.push("I12: the start was confirmed, and it is lost".to_owned());
        }
        quiet.settle(async {
            tokio::spawn(writing.work());
            tokio::spawn(async move {
                starting.recover().await.expect("the journal can be read");
                *keeps.lock().expect("nobody panics here") = Some(listens.listen());
                let options = Options { run: Some(main_run()), ..Options::default() };
                let run = starting.start_with("w", &Value::Unit, options).await.expect("it starts");
                *started.lock().expect("nobody panics here") = true;
                // Whoever started it waits for its end.
                let _ = run.end().await;
            });
        });
        self.process = Some(Process { quiet, driver, triggers, disk, _listening: listening });
        let open: Vec<_> = std::mem::take(&mut *self.open.lock().expect("nobody panics here")).into_values().collect();
        open.into_iter().for_each(|errand| self.say(errand));
    }

    fn process(&self) -> &Process {
        self.process.as_ref().expect("there is always one")
    }

    /// Says something to the process, and remembers it until that is confirmed.
    fn say(&mut self, errand: Errand) {
        self.told += 1;
        let number = self.told;
        self.open.lock().expect("nobody panics here").insert(number, errand.clone());
        let (driver, triggers, senders) =
            (self.process().driver.clone(), self.process().triggers.clone(), self.senders.clone());
        let (open, confirmed) = (self.open.clone(), self.confirmed.clone());
        self.process().quiet.settle(async {
            tokio::spawn(async move {
                match errand {
                    Errand::Tell(run, command) => {
                        let is_signal = matches!(*command, Command::Signal { .. });
                        if driver.tell(&run, *command).await.is_ok() && is_signal {
                            confirmed.lock().expect("nobody panics here").insert(number);
                        }
                    }
                    Errand::Send(sent) if !senders.send(&sent, &driver, &triggers).await => return,
                    Errand::Send(_) => {}
                }
                open.lock().expect("nobody panics here").remove(&number);
            });
        });
    }

    /// The process has ended; after a while the next one begins.
    fn crash(&mut self) {
        let Some(Process { quiet, driver, triggers, disk, _listening: listening }) = self.process.take() else {
            return;
        };
        if self.crashes == 0 {
            self.first_appended = disk.appended();
        }
        self.crashes += 1;
        drop(quiet);
        drop((driver, triggers, listening));
        self.far.forget_answers();
        let platter = disk.after_a_crash();
        if self.chance.one_in(3) {
            self.jump();
        }
        self.begin(platter);
    }

    /// Time passes without anybody seeing it, or somebody sets the clock: either way.
    fn jump(&mut self) {
        let seconds = self.chance.below(200) as i64 - 60;
        self.clock.set(Duration::seconds(seconds).after(self.clock.now()));
    }

    fn run(&mut self) {
        loop {
            self.happened += 1;
            if self.happened > HAPPENINGS_MAX {
                return self.broken.push("it does not end".to_owned());
            }
            self.process().quiet.settle(async {});
            if self.process().disk.is_gone() {
                self.crash();
            } else if self.setting.ends_with.is_none() && self.jumps > 0 && self.chance.one_in(100) {
                self.jumps -= 1;
                self.jump();
            } else if self.far.answer() {
                // What comes of it is seen next.
            } else if let Some(errand) = self.due_errand() {
                self.say(errand);
            } else if let Some(next) = self.next_moment() {
                self.clock.set(next.max(self.clock.now()));
            } else if self.all_rest() {
                return;
            } else if !self.decide_what_is_parked() {
                return self
                    .broken
                    .push("it hangs: nothing is left that could happen, and it does not rest".to_owned());
            }
        }
    }

    fn due_errand(&mut self) -> Option<Errand> {
        let now = self.clock.now();
        let due = self.errands.first_key_value().filter(|((at, _), _)| *at <= now).map(|(key, _)| *key)?;
        self.errands.remove(&due)
    }

    fn next_moment(&self) -> Option<Timestamp> {
        let errand = self.errands.keys().map(|(at, _)| *at).next();
        [self.clock.next_moment(), self.far.next_moment(), errand].into_iter().flatten().min()
    }

    /// All runs as their journals tell them.
    fn actors(&self) -> BTreeMap<RunId, Actor> {
        let disk = &self.process().disk;
        let query = Query { limit: 1_000, ..Query::default() };
        let page = self.process().quiet.settle(disk.runs(&query)).expect("it answers").expect("it can be read");
        let mut actors: BTreeMap<RunId, Actor> = BTreeMap::new();
        for standing in page.runs {
            let plan = self.plan(&standing);
            actors.insert(standing.run.clone(), Actor::of(plan, disk.records(&standing.run), None));
        }
        // Whoever waits for a run: the unit that was begun under its id.
        let parents: Vec<_> =
            actors.iter().filter_map(|(id, actor)| Some((id.clone(), actor.run.accepted.parent.clone()?))).collect();
        for (child, parent) in parents {
            if let Some(actor) = actors.get_mut(&child) {
                actor.parent = Some((parent, orchestra_flow::run::event::UnitId::RUN, 1));
            }
        }
        actors
    }

    /// The plan that a run is pinned to.
    fn plan(&self, standing: &Standing) -> Arc<Plan> {
        let plans = self.programs.iter().filter_map(|package| package.plans.get(&standing.workflow));
        plans.into_iter().find(|plan| plan.digest == standing.plan).expect("one of the programs has it").clone()
    }

    fn all_rest(&self) -> bool {
        self.actors().values().all(|actor| actor.run.is_at_rest())
    }

    /// A person decides about steps that wait for one; whether there were any.
    fn decide_what_is_parked(&mut self) -> bool {
        let mut parked = Vec::new();
        for (id, actor) in self.actors() {
            parked.extend(
                actor.run.units().filter(|unit| unit.is_parked()).map(|unit| (id.clone(), unit.id, unit.doubt)),
            );
        }
        for (run, unit, doubt) in &parked {
            // A person who knows of a doubt would not just try again.
            let decision = match self.chance.below(3) {
                0 if !doubt => Decision::Retry { params: None },
                1 => Decision::Skip { value: Value::Unit },
                _ => Decision::Fail,
            };
            let command = Command::Unpark { step: Target::Unit(*unit), by: "chance".into(), decision };
            self.say(Errand::Tell(run.clone(), Box::new(command)));
        }
        !parked.is_empty()
    }

    /// Whether everything is as it must be.
    fn judge(mut self, repeats_unknown: bool) -> Story {
        let (actors, calls) = (self.actors(), self.far.calls());
        let histories: BTreeMap<&RunId, History> = actors.iter().map(|(id, actor)| (id, History::of(actor))).collect();
        let mut broken = std::mem::take(&mut self.broken);
        if broken.is_empty() {
            for (id, history) in &histories {
                history.check(&actors[*id], false, &mut |said| broken.push(format!("{id}: {said}")));
            }
            check_locks(&self.process().disk.journal(), &mut |said| broken.push(said));
            check_effects((&actors, &calls), &histories, false, repeats_unknown, &mut |said| broken.push(said));
            let process = self.process();
            let events = |topic: &str| {
                let events = process.quiet.settle(process.disk.events(topic, Mark::default(), 1_000));
                events.expect("it answers").expect("it can be read")
            };
            self.senders.check(&actors, events, &mut |said| broken.push(said));
            let signals = actors.get(&main_run()).map_or(0, |actor| {
                actor.journal.iter().filter(|record| matches!(record.event, Event::Signalled { .. })).count()
            });
            let confirmed = self.confirmed.lock().expect("nobody panics here").len();
            if signals < confirmed {
                broken.push(format!("I12: {confirmed} signals were confirmed, and {signals} are there"));
            }
        }
        let status = actors.get(&main_run()).map_or("lost", |actor| actor.run.status().word());
        let appended = if self.crashes == 0 { self.process().disk.appended() } else { self.first_appended };
        let journals = actors.into_iter().map(|(id, actor)| (id, actor.journal)).collect();
        Story { status, crashes: self.crashes, appended, journals, broken }
    }
}
