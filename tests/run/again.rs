//! Rewinds and forks of random programs: from anywhere, again and again, with crashes and moves to newer plans in between (rules
//! 45, 74, 76 to 80).
//!
//! `FLOW_SEEDS=100000` tries more programs, `FLOW_SEED=42` one program again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use orchestra_flow::base::id::RunId;
use orchestra_flow::base::value::Value;
use orchestra_flow::lang::catalog::Effect;
use orchestra_flow::run::event::{Answer, Decision, Event, Outcome, Record, Role, UnitId};
use orchestra_flow::run::history::fold;
use orchestra_flow::run::machine::{Command, Target};
use orchestra_flow::run::rewind::{Preview, Request};
use orchestra_flow::run::upgrade::Verdict;

use super::programs::write;
use super::random::fate;
use super::simulator::{Call, Chance, Simulator, main_run, package};

/// How many programs are tried where nothing else is said.
const SEEDS: u64 = 120;
/// How often each is rewound or forked.
const ROUNDS: u64 = 4;

#[test]
fn rewinds_and_forks_of_random_programs_keep_their_word() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let one: Option<u64> = number("FLOW_SEED");
    let seeds = one.map_or(0..number("FLOW_SEEDS").unwrap_or(SEEDS), |seed| seed..seed + 1);
    let mut broken = String::new();
    let mut done: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in seeds {
        let (text, _) = write(seed);
        let Ok(package) = package(&text) else { continue };
        let mut trial = Trial::new(Simulator::new(&package, seed, fate(2)), seed, text.clone());
        trial.run();
        for what in &trial.done {
            *done.entry(what).or_default() += 1;
        }
        let found = [std::mem::take(&mut trial.world.broken), std::mem::take(&mut trial.broken)].concat();
        if !found.is_empty() {
            let _ = writeln!(broken, "FLOW_SEED={seed}\n  {}", found.join("\n  "));
            if one.is_some() {
                println!("{text}\n--- and at last\n{}", trial.text);
            }
        }
        if broken.len() > 6_000 {
            break;
        }
    }
    println!("{done:?}");
    let often = |what: &str| done.get(what).copied().unwrap_or_default() > 20;
    assert!(
        one.is_some() || ["rewound", "forked", "crashed", "moved", "undone"].into_iter().all(often),
        "too little is tried: {done:?}"
    );
    assert!(broken.is_empty(), "{broken}");
}

struct Trial<'a> {
    world: Simulator<'a>,
    chance: Chance,
    /// The program as it is by now.
    text: String,
    edits: u32,
    done: Vec<&'static str>,
    broken: Vec<String>,
}

impl<'a> Trial<'a> {
    fn new(mut world: Simulator<'a>, seed: u64, text: String) -> Self {
        let mut chance = Chance(seed ^ 0x5EED);
        world.shuffled = chance.one_in(2);
        world.accept("w", &Value::Unit);
        Self { world, chance, text, edits: 0, done: Vec::new(), broken: Vec::new() }
    }

    fn run(&mut self) {
        match self.chance.below(4) {
            0 => self.later(&main_run(), |by| Command::Cancel { by }),
            1 => self.later(&main_run(), |by| Command::Kill { by }),
            _ => {}
        }
        self.perhaps_move(&main_run());
        self.until_it_rests(&main_run());
        let mut run = main_run();
        for round in 0..ROUNDS {
            if !self.world.broken.is_empty() || !self.broken.is_empty() {
                return;
            }
            match self.chance.below(3) {
                0 => run = self.fork(&run, round),
                _ => self.rewind(&run),
            }
        }
        self.replays();
    }

    fn later(&mut self, run: &RunId, command: impl Fn(Arc<str>) -> Command) {
        let after = self.chance.below(120) as i64;
        self.world.later(after, run.clone(), command("chance".into()));
    }

    /// After a while the program is another one, and the run goes on under it if it may.
    fn perhaps_move(&mut self, run: &RunId) {
        if self.chance.one_in(2) {
            return;
        }
        let later = self.chance.below(60) as i64;
        self.world.advance(later);
        if !self.world.broken.is_empty() || self.world.runs[run].run.is_at_rest() {
            return;
        }
        self.edits += 1;
        let edited = edited(&self.text, self.edits, &mut self.chance);
        let Ok(newer) = package(&edited) else { return };
        if let Verdict::Moves { .. } = self.world.offer(run, &newer.plans["w"]) {
            self.text = edited;
            self.done.push("moved");
        }
    }

    /// From a step that has run, or from what failed.
    fn request(&mut self, run: &RunId) -> Request {
        let places: Vec<_> = self.world.calls.iter().filter(|call| call.run == *run).map(|call| &call.place).collect();
        let from = match places.is_empty() || self.chance.one_in(3) {
            true => None,
            false => Some((*self.chance.pick(&places)).clone()),
        };
        Request { by: "chance".into(), from, accept: true, ..Request::default() }
    }

    fn rewind(&mut self, run: &RunId) {
        let request = self.request(run);
        let before = self.world.calls.len();
        let undone = undone(&self.world.runs[run].journal);
        let Ok(preview) = self.world.rewind(run, &request) else { return };
        self.done.push("rewound");
        self.is_done_again(run, &preview, &undone);
        if self.chance.one_in(3) {
            self.later(run, |by| Command::Cancel { by });
        }
        self.go_on(run);
        self.is_not_done_again(run, &preview, before);
        self.has_keys_of_its_own(run, before);
    }

    /// A fork of the run, also in the midst of what it does; the fork.
    fn fork(&mut self, of: &RunId, round: u64) -> RunId {
        let request = self.request(of);
        let (id, before) = (RunId(format!("fork{round}").into()), self.world.calls.len());
        let journal = self.world.runs[of].journal.clone();
        let Ok(preview) = self.world.fork(of, &id, &request) else { return of.clone() };
        self.done.push("forked");
        self.go_on(&id);
        self.is_not_done_again(&id, &preview, before);
        if self.world.runs[of].journal != journal {
            self.broken.push(format!("{of} was changed by its fork {id}"));
        }
        self.is_by_itself(&id);
        id
    }

    /// Lets a run go on, through a crash or without.
    fn go_on(&mut self, run: &RunId) {
        if self.chance.one_in(2) {
            self.world.settle();
            let later = self.chance.below(30) as i64;
            self.world.advance(later);
            self.world.crash(run);
            self.done.push("crashed");
        }
        self.perhaps_move(run);
        self.until_it_rests(run);
    }

    fn until_it_rests(&mut self, run: &RunId) {
        for _ in 0..100 {
            self.world.advance(100_000);
            if !self.world.broken.is_empty() || self.world.runs[run].run.is_at_rest() {
                return;
            }
            let open = self.world.runs.iter().filter(|(_, actor)| !actor.run.is_at_rest());
            let parked = open.flat_map(|(id, actor)| {
                actor.run.units().filter(|unit| unit.is_parked()).map(|unit| (id.clone(), unit.id))
            });
            let parked: Vec<(RunId, UnitId)> = parked.collect();
            let waiting: Vec<RunId> = self.world.runs.keys().cloned().collect();
            for (run, unit) in parked {
                let decision =
                    if self.chance.one_in(2) { Decision::Fail } else { Decision::Skip { value: Value::Unit } };
                let _ =
                    self.world.tell(&run, Command::Unpark { step: Target::Unit(unit), by: "chance".into(), decision });
            }
            for run in waiting {
                let _ = self.world.tell(&run, Command::Signal { name: "go".into(), payload: Value::Unit });
            }
        }
        self.broken.push(format!("{run} never rests"));
    }

    /// 76: what was undone is done again, whatever its text says by now.
    fn is_done_again(&mut self, run: &RunId, preview: &Preview, undone: &[String]) {
        for place in undone {
            self.done.push("undone");
            // What a handler did in the stead of a step is not there any more; the step goes on where it can.
            let (step, in_its_stead) = place.split_once('/').map_or((&**place, false), |(step, _)| (step, true));
            let covers = |redo: &str| is_inside(step, redo) || (in_its_stead && is_inside(redo, step));
            if !preview.redo.iter().any(|redo| covers(&redo.place)) {
                let redo: Vec<&str> = preview.redo.iter().map(|redo| &*redo.place).collect();
                self.broken.push(format!("76: {place} of {run} was undone and is not done again: {redo:?}"));
            }
        }
    }

    /// 76: what is kept is not called again, nor anything in it.
    fn is_not_done_again(&mut self, run: &RunId, preview: &Preview, before: usize) {
        for call in self.world.calls[before..].iter().filter(|call| call.run == *run) {
            let kept = preview.kept.iter().find(|kept| is_inside(&call.place, kept));
            if let Some(kept) = kept {
                self.broken.push(format!("76: {} is called again, and {kept} was to be kept", call.key));
            }
        }
    }

    /// 45: whatever was decided anew is asked for under a key that nothing was asked for before; only what nobody knows of may be
    /// asked for once more.
    fn has_keys_of_its_own(&mut self, run: &RunId, before: usize) {
        let (old, new) = self.world.calls.split_at(before);
        let old: BTreeSet<&str> = old.iter().map(|call| &*call.key).collect();
        let unknown = self.unknown();
        let again = new.iter().filter(|call| call.run == *run && old.contains(&*call.key));
        let again: Vec<String> = again
            .filter(|call| !(matches!(call.effect, Effect::Keyed { .. }) && unknown.contains(&*call.key)))
            .map(|call| format!("45: {} is asked for again under {}", call.place, call.key))
            .collect();
        self.broken.extend(again);
    }

    /// The keys of attempts that failed without anybody knowing what came of them, or were never answered.
    fn unknown(&self) -> BTreeSet<&str> {
        let answered = |call: &&Call| {
            let records = &self.world.runs[&call.run].journal;
            records.iter().any(|record| {
                matches!(&record.event, Event::Answered { unit, attempt, answer: Answer::Done { .. } }
                    if *unit == call.unit && *attempt == call.attempt)
            })
        };
        self.world.calls.iter().filter(|call| !answered(call)).map(|call| &*call.key).collect()
    }

    /// 80: a fork, and the runs it starts, ask for nothing under a key of others, and undo nothing of others.
    fn is_by_itself(&mut self, fork: &RunId) {
        let own = |call: &&Call| is_of(&call.run, fork);
        let (mine, others): (Vec<&Call>, Vec<&Call>) = self.world.calls.iter().partition(own);
        let keys: BTreeSet<&str> = others.iter().map(|call| &*call.key).collect();
        for call in mine {
            if keys.contains(&*call.key) {
                self.broken.push(format!("80: {} asks for something under {}", call.run, call.key));
            }
            let of = call.params.get("of").map(ToString::to_string).unwrap_or_default();
            if &*call.name == "far.undo" && keys.contains(&*of) {
                self.broken.push(format!("80: {} undoes {of}", call.run));
            }
        }
    }

    /// What is recorded is all there is: folded anew, each run that rests is what it is.
    fn replays(&mut self) {
        for (id, actor) in self.world.runs.iter().filter(|(_, actor)| actor.run.is_at_rest()) {
            let anew = fold(&actor.plan, &actor.journal).expect("a journal begins with the acceptance");
            let (anew, found) = (format!("{anew:?}"), format!("{:?}", actor.run));
            if anew != found {
                let at = anew.bytes().zip(found.bytes()).take_while(|(a, b)| a == b).count();
                let near = |text: &str| {
                    text.get(at.saturating_sub(60)..).map(|text| text.chars().take(120).collect::<String>())
                };
                self.broken.push(format!("I11: folded anew, {id} is {:?}, and was {:?}", near(&anew), near(&found)));
            }
        }
    }
}

/// The program with another `undo` at some of its steps, and one more step at its end.
fn edited(text: &str, edit: u32, chance: &mut Chance) -> String {
    const UNDO: &str = "undo far.undo { of: key";
    let mut edited = String::new();
    for line in text.lines() {
        match line.split_once(UNDO).and_then(|(before, after)| Some((before, after.split_once('}')?.1))) {
            Some((before, after)) if chance.one_in(2) => {
                let _ = writeln!(edited, "{before}{UNDO}, with: {edit} }}{after}");
            }
            _ => drop(writeln!(edited, "{line}")),
        }
    }
    edited.replace("}\nworkflow child", &format!("    step zz{edit} = far.look {{ what: \"zz\" }}\n}}\nworkflow child"))
}

/// The places of the steps that were undone when the run came to its end.
fn undone(journal: &[Record]) -> Vec<String> {
    let end = journal.iter().rposition(|record| matches!(record.event, Event::Decided { .. })).unwrap_or(journal.len());
    let mut places = BTreeMap::new();
    let mut undone = Vec::new();
    for record in &journal[end..] {
        match &record.event {
            Event::Opened { unit, parent: UnitId::RUN, role: Role::Undo, given, .. } => {
                places.insert(*unit, given.get("place").map(ToString::to_string).unwrap_or_default());
            }
            Event::Ended { unit, outcome: Outcome::Completed { .. } } => undone.extend(places.remove(unit)),
            _ => {}
        }
    }
    undone
}

/// Whether a place is this one, or lies in it.
fn is_inside(place: &str, round: &str) -> bool {
    place.strip_prefix(round).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Whether a run is the fork, or was started by it, perhaps by way of others.
fn is_of(run: &RunId, fork: &RunId) -> bool {
    run == fork || run.0.starts_with(&format!("{fork}:"))
}
