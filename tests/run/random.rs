//! Random programs under random schedules, faults, cancels and pauses, against the invariants of `docs/semantics.md`.
//!
//! `FLOW_SEEDS=100000` tries more programs, `FLOW_SEED=42` one program again, with what happens in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use orchestra_flow::base::failure::Kind;
use orchestra_flow::base::id::RunId;
use orchestra_flow::base::value::Value;
use orchestra_flow::lang::catalog::Effect;
use orchestra_flow::run::event::{Answer, Choice, Decision, Event, Moment, Outcome, Role, Then, UnitId};
use orchestra_flow::run::machine::Command;
use orchestra_flow::run::world::Act;

use super::simulator::{Actor, Call, Chance, Fate, Simulator, main_run, package};

/// How many programs are tried where nothing else is said.
const SEEDS: u64 = 400;

#[test]
fn random_programs_keep_the_invariants() {
    let one = std::env::var("FLOW_SEED").ok().and_then(|seed| seed.parse().ok());
    let many = std::env::var("FLOW_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS);
    let seeds = one.map_or(0..many, |seed: u64| seed..seed + 1);
    let mut broken = String::new();
    let mut faults = 0;
    let mut ends: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in seeds {
        let (status, found) = attempt(seed, one.is_some());
        *ends.entry(status).or_default() += 1;
        if !found.is_empty() {
            faults += 1;
            let _ = writeln!(broken, "FLOW_SEED={seed} ({status})\n  {}", found.join("\n  "));
        }
        if faults >= 12 {
            break;
        }
    }
    println!("{ends:?}");
    let refused = ends.get("refused").copied().unwrap_or_default();
    assert!(one.is_some() || refused * 5 < many, "too many programs are refused: {ends:?}");
    assert!(broken.is_empty(), "{broken}");
}

/// Writes programs.
struct Writer {
    chance: Chance,
    text: String,
    names: u32,
    vars: u32,
    budget: u32,
    /// Programs in which `outcome_unknown` is retried by name may do a thing twice.
    repeats_unknown: bool,
    children: bool,
}

/// What surrounds a statement.
#[derive(Clone, Copy)]
struct Place {
    depth: u32,
    /// Whether `return` may stand here.
    returns: bool,
    in_loop: bool,
    /// Whether `undo` may stand here.
    undoes: bool,
    /// Whether `set` may stand here: turns at once may not set one variable.
    sets: bool,
    /// Whether `lock` may stand here: a lock in itself is refused by the check.
    locks: bool,
}

impl Writer {
    fn name(&mut self, letter: &str) -> String {
        self.names += 1;
        format!("{letter}{}", self.names)
    }

    fn line(&mut self, depth: u32, text: &str) {
        let _ = writeln!(self.text, "{}{text}", "    ".repeat(depth as usize));
    }

    fn body(&mut self, place: Place) {
        let count = 1 + self.chance.below(3);
        let mut left = false;
        for _ in 0..count {
            if self.budget == 0 || left {
                break;
            }
            self.budget -= 1;
            left = self.statement(place);
        }
        if self.chance.one_in(4) {
            self.handler(place);
        }
    }

    /// Writes one statement; whether nothing can follow it.
    fn statement(&mut self, place: Place) -> bool {
        let inner = Place { depth: place.depth + 1, ..place };
        let deep = place.depth > 5;
        match self.chance.below(if deep { 9 } else { 24 }) {
            0..=5 => self.call(place),
            6 => {
                let seconds = self.chance.below(40);
                self.line(place.depth, &format!("wait {seconds}s"));
            }
            7 if place.sets => {
                self.vars += 1;
                let name = self.vars;
                self.line(place.depth, &format!("set vars.v{name} = {name}"));
            }
            8 => match self.chance.below(5) {
                0 if place.returns => {
                    self.line(place.depth, "return 1");
                    return true;
                }
                1 | 2 => {
                    let kind = *self.chance.pick(&["boom", "conflict", "not_found"]);
                    self.line(place.depth, &format!("fail {kind} \"written\""));
                    return true;
                }
                _ => self.line(place.depth, "emit \"told\" { n: 1 }"),
            },
            9..=11 => self.block(place, "sequence", inner),
            12..=14 => self.block(place, "parallel", inner),
            15 | 16 => self.race(place, inner),
            17 | 18 => {
                let parallel = if self.chance.one_in(2) { "parallel " } else { "" };
                let items = 1 + self.chance.below(4);
                let max = if parallel.is_empty() { "" } else { " max 2" };
                let tolerate = *self.chance.pick(&["", " tolerate 1", " tolerate all", " tolerate 50%"]);
                let item = self.name("i");
                let head = format!("{parallel}for {item} in 0..{items}{max}{tolerate}");
                let sets = place.sets && parallel.is_empty();
                self.block(place, &head, Place { in_loop: true, sets, ..inner });
            }
            19 => {
                let pause = *self.chance.pick(&["", " every 5s"]);
                let head = format!("repeat{pause} max 3");
                self.open(place, &head, true);
                self.body(Place { in_loop: true, ..inner });
                self.line(inner.depth, "until random() < 0.5");
                self.close(place);
            }
            20 if place.locks => {
                let lock = self.chance.below(2);
                self.block(place, &format!("lock \"L{lock}\""), Place { locks: false, ..inner });
            }
            21 if self.children => {
                let name = self.name("c");
                let with = self.clauses(place, false);
                self.line(place.depth, &format!("step {name} = child {{ {with} }}"));
            }
            22 => {
                let name = self.name("q");
                let clauses = self.clauses(place, false);
                self.line(
                    place.depth,
                    &format!("step {name}: string = ask role \"boss\" {{ question: \"?\", {clauses} }}"),
                );
            }
            _ => {
                let name = self.name("w");
                self.line(
                    place.depth,
                    &format!(
                        "step {name} = wait signal \"go\" {{ timeout 90s, remind every 20s {{ step r{name} = far.look {{ what: \"remind\" }} }}, on timeout skip }}"
                    ),
                );
            }
        }
        false
    }

    fn open(&mut self, place: Place, head: &str, named: bool) {
        if named {
            let name = self.name("b");
            self.line(place.depth, &format!("step {name} = {head} {{"));
        } else {
            self.line(place.depth, &format!("{head} {{"));
        }
    }

    fn close(&mut self, place: Place) {
        if self.chance.one_in(2) {
            let clauses = self.clauses(place, true);
            if !clauses.is_empty() {
                self.line(place.depth, &format!("}} with {{ {clauses} }}"));
                return;
            }
        }
        self.line(place.depth, "}");
    }

    fn block(&mut self, place: Place, head: &str, inner: Place) {
        let named = self.chance.one_in(2);
        self.open(place, head, named);
        self.body(inner);
        if named { self.close(place) } else { self.line(place.depth, "}") }
    }

    fn race(&mut self, place: Place, inner: Place) {
        let branches = 2 + self.chance.below(2);
        let wins = if self.chance.one_in(3) { " 2" } else { "" };
        self.open(place, &format!("race{wins}"), true);
        for _ in 0..branches {
            let name = self.name("r");
            self.line(inner.depth, &format!("branch {name} {{"));
            self.body(Place { depth: inner.depth + 1, ..inner });
            self.line(inner.depth, "}");
        }
        self.close(place);
    }

    fn call(&mut self, place: Place) {
        let name = self.name("s");
        let operation = *self.chance.pick(&["look", "put", "put", "act", "act", "act"]);
        let undo = match self.chance.below(3) {
            _ if operation == "look" || !place.undoes => String::new(),
            0 => String::new(),
            1 => ", undo far.undo { of: key }".to_owned(),
            _ => ", undo far.undo { of: key, with: output.id }".to_owned(),
        };
        let clauses = self.clauses(place, false);
        let line = format!("step {name} = far.{operation} {{ what: \"{name}\"{undo}, {clauses} }}");
        self.line(place.depth, &line);
    }

    fn clauses(&mut self, place: Place, block: bool) -> String {
        let mut parts = Vec::new();
        if self.chance.one_in(4) {
            let seconds = 1 + self.chance.below(40);
            parts.push(format!("timeout {seconds}s"));
        }
        if self.chance.one_in(6) {
            let seconds = 1 + self.chance.below(90);
            parts.push(format!("deadline {seconds}s"));
        }
        let mut types = vec!["conflict", "not_found", "boom", "timeout", "connection_error"];
        for _ in 0..self.chance.below(3) {
            let last = self.chance.one_in(3);
            let kind = if last { "error" } else { types.remove(self.chance.below(types.len() as u64) as usize) };
            let action = self.action(place);
            parts.push(format!("on {kind} {action}"));
            if last {
                break;
            }
        }
        if self.repeats_unknown && !block && self.chance.one_in(2) {
            parts.push("on outcome_unknown retry 1 times every 1s".to_owned());
        }
        parts.join(", ")
    }

    fn action(&mut self, place: Place) -> String {
        match self.chance.below(9) {
            0..=3 => {
                let (times, every) = (1 + self.chance.below(2), self.chance.below(10));
                format!("retry {times} times every {every}s")
            }
            4 => "skip".to_owned(),
            5 => "notify far.act { what: \"notify\" }".to_owned(),
            6 => {
                let name = self.name("a");
                let undo = if place.undoes { ", undo far.undo { of: key }" } else { "" };
                format!("alternate {{ step {name} = far.act {{ what: \"{name}\"{undo} }} }}")
            }
            7 if place.in_loop => "skip item".to_owned(),
            7 => "park".to_owned(),
            _ => "fail boom \"turned\"".to_owned(),
        }
    }

    fn handler(&mut self, place: Place) {
        let kind = *self.chance.pick(&["error", "conflict", "boom", "timeout"]);
        let action = self.action(place);
        self.line(place.depth, &format!("on {kind} {action}"));
    }
}

const FAR: &str = r#"connector far "The far side" {
    native read operation look(what: any?) -> any
    native keyed operation put(what: any?) -> any
    native once operation act(what: any?) -> any
    native once operation undo(of: any?, with: any?) -> any
}
"#;

fn write(seed: u64) -> (String, bool) {
    let mut chance = Chance(seed);
    let repeats_unknown = chance.one_in(5);
    let mut writer =
        Writer { chance, text: String::new(), names: 0, vars: 0, budget: 14, repeats_unknown, children: true };
    let place = Place { depth: 1, returns: true, in_loop: false, undoes: true, sets: true, locks: true };
    writer.body(place);
    writer.body(place);
    for (moment, chance) in [("on success", 4), ("on failure", 4), ("on cancel", 4), ("finally", 2)] {
        if writer.chance.one_in(chance) {
            writer.line(1, &format!("{moment} {{"));
            writer.budget = 1;
            writer.body(Place { depth: 2, returns: false, in_loop: false, undoes: false, sets: true, locks: true });
            writer.line(1, "}");
        }
    }
    let main = std::mem::take(&mut writer.text);
    writer.children = false;
    writer.budget = 4;
    writer.body(place);
    let child = std::mem::take(&mut writer.text);
    let vars: String = (1..=writer.vars).map(|var| format!(" v{var} = 0,")).collect();
    let vars = if vars.is_empty() { String::new() } else { format!("    vars {{{vars} }}\n") };
    // So that `boom` is raised somewhere: the far side raises it too.
    // So that `boom` is raised somewhere: the far side raises it too.
    let boom = "    fail boom when run.id == \"\"\n";
    let main = format!("workflow w {{\n{vars}{boom}{main}}}");
    (format!("{FAR}{main}\nworkflow child {{\n{vars}{boom}{child}}}\n"), repeats_unknown)
}

/// What the far side makes of a call. It honours the keys of `put`.
fn fate(faulty: u64) -> impl FnMut(&Act, &[Call], &mut Chance) -> Fate {
    move |act, calls, chance| {
        let done = || Fate::done(Value::map([("id", Value::Int(1))]));
        let slow = *chance.pick(&[0, 0, 0, 1, 5, 20, 70]);
        let operation = &*act.operation.signature.name;
        if operation == "undo" {
            let of = act.params.get("of").map(ToString::to_string).unwrap_or_default();
            let there = calls.iter().any(|call| call.applied && *call.key == *of);
            return match there {
                false => Fate::refused(Kind::NotFound),
                true if chance.one_in(faulty * 4) => Fate::refused(Kind::AuthError),
                true if chance.one_in(faulty * 2) => Fate::refused(Kind::ConnectionError),
                true => done().after(slow),
            };
        }
        let applied = |applied: bool| applied && operation != "look";
        match chance.below(faulty * 6) {
            0 | 1 => {
                let kinds = [Kind::Conflict, Kind::NotFound, Kind::ConnectionError, Kind::Own("boom".into())];
                Fate::refused(chance.pick(&kinds).clone()).after(slow)
            }
            2 => Fate::lost(Kind::ConnectionError, applied(chance.one_in(2))).after(slow),
            3 => Fate::never(applied(chance.one_in(2))),
            _ => {
                let fate = done().after(slow);
                Fate { applied: applied(true), ..fate }
            }
        }
    }
}

/// Tries one program; its status, and what is wrong.
fn attempt(seed: u64, loud: bool) -> (&'static str, Vec<String>) {
    let (text, repeats_unknown) = write(seed);
    if loud {
        println!("{text}");
    }
    let package = match package(&text) {
        Ok(package) => package,
        // The check refuses some: a handler that can never match, say.
        Err(faults) => {
            if loud || std::env::var("FLOW_REFUSED").is_ok() {
                println!("{seed}: {faults}");
            }
            return ("refused", Vec::new());
        }
    };
    let mut chance = Chance(seed ^ 0xABCD);
    let faulty = 1 + chance.below(3);
    let mut world = Simulator::new(&package, seed, fate(faulty));
    world.shuffled = chance.one_in(2);
    world.accept("w", &Value::Unit);
    for _ in 0..chance.below(3) {
        let payload = Value::Unit;
        world.later(chance.below(200) as i64, main_run(), Command::Signal { name: "go".into(), payload });
    }
    if chance.one_in(4) {
        world.later(chance.below(120) as i64, main_run(), Command::Cancel { by: "chance".into() });
    }
    if chance.one_in(4) {
        let at = chance.below(120) as i64;
        world.later(at, main_run(), Command::Pause { by: "chance".into() });
        let until = at + 1 + chance.below(300) as i64;
        world.later(until, main_run(), Command::Resume { by: "chance".into() });
    }
    let killed = chance.one_in(25);
    if killed {
        world.later(chance.below(120) as i64, main_run(), Command::Kill { by: "chance".into() });
    }
    loop {
        world.until_the_end();
        if world.main().run.is_at_rest() || !world.broken.is_empty() {
            break;
        }
        let parked: Vec<(RunId, UnitId)> = world
            .runs
            .iter()
            .flat_map(|(id, actor)| actor.run.units().filter(|unit| unit.is_parked()).map(|unit| (id.clone(), unit.id)))
            .collect();
        if parked.is_empty() {
            world.broken.push("it hangs: nothing is left that could happen, and it does not rest".to_owned());
            break;
        }
        for (run, unit) in parked {
            // A person who knows of a doubt would not just try again.
            let doubt = world.runs[&run].run.unit(unit).is_some_and(|unit| unit.doubt);
            let decision = match chance.below(3) {
                0 if !doubt => Decision::Retry { params: None },
                1 => Decision::Skip { value: Value::Unit },
                _ => Decision::Fail,
            };
            let _ = world.tell(&run, Command::Unpark { unit, by: "chance".into(), decision });
        }
    }
    if loud {
        for (id, actor) in &world.runs {
            println!("--- {id}");
            for record in &actor.journal {
                println!("{} {:?}", record.at, record.event);
            }
        }
        for call in &world.calls {
            println!("{} {} {} attempt {} applied {}", call.at, call.name, call.key, call.attempt, call.applied);
        }
    }
    if world.broken.is_empty() {
        world.advance(100_000);
    }
    let status = world.status();
    let mut broken = std::mem::take(&mut world.broken);
    if broken.is_empty() {
        let histories: BTreeMap<&RunId, History> =
            world.runs.iter().map(|(id, actor)| (id, History::of(actor))).collect();
        for (id, history) in &histories {
            history.check(&world.runs[*id], killed, &mut |said| broken.push(format!("{id}: {said}")));
        }
        check_effects(&world, &histories, killed, repeats_unknown, &mut |said| broken.push(said));
    }
    (status, broken)
}

/// What the journal of a run says of its units.
#[derive(Default)]
struct History {
    units: BTreeMap<UnitId, Life>,
    /// Units that were given up or began anew, from when to when.
    discards: Vec<(UnitId, usize, usize)>,
    outcome: Option<Outcome>,
    undone: bool,
}

struct Life {
    parent: UnitId,
    role: Role,
    node: usize,
    opened: usize,
    ended: Option<usize>,
    keys: Vec<String>,
}

impl History {
    fn of(actor: &Actor) -> Self {
        let mut history = Self::default();
        let mut open: BTreeMap<UnitId, usize> = BTreeMap::new();
        for (at, record) in actor.journal.iter().enumerate() {
            match &record.event {
                Event::Opened { unit, parent, node, role, .. } => {
                    let node = node.0 as usize;
                    let life = Life { parent: *parent, role: *role, node, opened: at, ended: None, keys: Vec::new() };
                    history.units.insert(*unit, life);
                }
                Event::Began { unit, begin: orchestra_flow::run::event::Begin::Act { key, .. }, .. } => {
                    if let Some(life) = history.units.get_mut(unit) {
                        life.keys.push(key.to_string());
                    }
                }
                Event::Closing { unit, then: Then::Discard { .. } | Then::Anew { .. } } => {
                    open.entry(*unit).or_insert(at);
                }
                Event::Ended { unit, .. } | Event::Renewed { unit } => {
                    if let Some(from) = open.remove(unit) {
                        history.discards.push((*unit, from, at));
                    }
                    if let (Event::Ended { .. }, Some(life)) = (&record.event, history.units.get_mut(unit)) {
                        life.ended = Some(at);
                    }
                }
                Event::Decided { outcome } => history.outcome = Some(outcome.clone()),
                Event::UnwindAsked => history.undone = true,
                _ => {}
            }
        }
        history
    }

    /// A unit and those round it, with those left out that it was no part of: what an `alternate` stands in for.
    fn round(&self, mut unit: UnitId) -> Vec<UnitId> {
        let mut round = Vec::new();
        let mut leave_out = false;
        while let Some(life) = self.units.get(&unit) {
            if !leave_out {
                round.push(unit);
            }
            leave_out = matches!(life.role, Role::Alternate(_));
            unit = life.parent;
        }
        round
    }

    fn is_beneath(&self, mut unit: UnitId, fits: impl Fn(UnitId, &Life) -> bool) -> bool {
        while let Some(life) = self.units.get(&unit) {
            if fits(unit, life) {
                return true;
            }
            unit = life.parent;
        }
        false
    }

    fn check(&self, actor: &Actor, killed: bool, say: &mut dyn FnMut(String)) {
        let (mut ended, mut closing) = (BTreeSet::new(), BTreeSet::new());
        let (mut attempts, mut budgets) = (BTreeMap::<_, u32>::new(), BTreeMap::<_, u32>::new());
        let mut finals = 0;
        let (mut paused, mut decided, mut rested, mut cancelled) = (false, false, false, false);
        let mut last_undo: BTreeMap<UnitId, usize> = BTreeMap::new();
        let beneath_undo = |unit: UnitId| self.is_beneath(unit, |_, life| life.role == Role::Undo);
        let after =
            |unit: UnitId| self.is_beneath(unit, |_, life| matches!(life.role, Role::Undo | Role::Lifecycle(..)));
        for (at, record) in actor.journal.iter().enumerate() {
            let event = &record.event;
            if rested && !matches!(event, Event::UnwindAsked) {
                say(format!("I2: {event:?} follows the end"));
            }
            match event {
                Event::UnwindAsked => rested = false,
                Event::Rested => rested = true,
                Event::PauseAsked { .. } => paused = true,
                Event::Resumed { .. } | Event::Killed { .. } => paused = false,
                Event::CancelAsked { .. } => {
                    paused = false;
                    cancelled = true;
                }
                Event::Decided { outcome } => {
                    decided = true;
                    if cancelled && *outcome != Outcome::Cancelled {
                        say(format!("I10: cancelled before the decision, and it is {outcome:?}"));
                    }
                }
                Event::Opened { unit, parent, role, given, .. } => {
                    if paused {
                        say(format!("I13: {event:?} while paused"));
                    }
                    if decided && !after(*unit) {
                        say(format!("I7: {event:?} after the decision"));
                    }
                    let closes = |unit: UnitId| self.is_beneath(unit, |id, _| closing.contains(&id));
                    if closes(*parent) && !beneath_undo(*unit) {
                        say(format!("I7: {event:?} in something that unwinds"));
                    }
                    if let Role::Lifecycle(Moment::Finally, 0) = role {
                        finals += 1;
                    }
                    if *role == Role::Undo {
                        let key = given.get("key").map(ToString::to_string).unwrap_or_default();
                        // A step in doubt may have kept the key of the generation before.
                        let mine = |life: &Life| life.keys.contains(&key) && life.role == Role::Main;
                        let steps = self.units.iter().filter(|(_, life)| mine(life) && life.opened < at);
                        let step = steps.max_by_key(|(_, life)| life.opened);
                        let done = step.and_then(|(_, life)| life.ended).unwrap_or(at);
                        // Within one discard the latest completion is undone first.
                        let before = last_undo.insert(*parent, done.min(at));
                        if before.is_some_and(|before| before < done) && done < at {
                            say(format!("I6: the undo of {key} comes too late"));
                        }
                    }
                }
                Event::Attempted { unit, .. } => {
                    if paused {
                        say(format!("I13: {event:?} while paused"));
                    }
                    let closes = self.is_beneath(*unit, |id, _| closing.contains(&id));
                    if closes && !beneath_undo(*unit) {
                        say(format!("I7: {event:?} in something that unwinds"));
                    }
                    let count = attempts.entry(*unit).or_default();
                    *count += 1;
                    if *count > 1 + budgets.get(unit).copied().unwrap_or_default() {
                        say(format!("I8: {event:?} has no budget"));
                    }
                }
                Event::Chose { unit, choice: Choice::Retry { .. }, .. } => *budgets.entry(*unit).or_default() += 1,
                Event::Emitted { .. } | Event::Replied { .. } | Event::Launched { .. } if paused => {
                    say(format!("I13: {event:?} while paused"));
                }
                Event::Closing { unit, .. } => {
                    closing.insert(*unit);
                    last_undo.remove(unit);
                }
                Event::Raised { unit, .. } => drop(closing.remove(unit)),
                Event::Renewed { unit } => {
                    closing.remove(unit);
                    attempts.remove(unit);
                    budgets.remove(unit);
                }
                Event::Ended { unit, .. } => {
                    closing.remove(unit);
                    if !ended.insert(*unit) {
                        say(format!("I1: {unit:?} ended twice"));
                    }
                }
                _ => {}
            }
        }
        if killed {
            return;
        }
        if !rested {
            say("I2: it does not rest".to_owned());
        }
        for (unit, life) in &self.units {
            if life.ended.is_none() {
                say(format!("I1: {unit:?} ({:?}) never ended", life.role));
            }
        }
        let started = actor.run.started_at.is_some();
        let wanted = usize::from(!actor.plan.finally.is_empty() && started);
        if finals != wanted {
            say(format!("I9: finally ran {finals} times"));
        }
    }
}

fn check_effects(
    world: &Simulator<'_>,
    histories: &BTreeMap<&RunId, History>,
    killed: bool,
    repeats_unknown: bool,
    say: &mut dyn FnMut(String),
) {
    let mut applied: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    let mut unknown: BTreeSet<&str> = BTreeSet::new();
    for call in &world.calls {
        if call.applied {
            *applied.entry((&call.name, &call.key)).or_default() += 1;
        }
        if call.effect == Effect::Once && unknown.contains(&*call.key) && !repeats_unknown {
            say(format!("I4: {} is called again under {}, and nobody knows of the last time", call.name, call.key));
        }
        let journal = &world.runs[&call.run].journal;
        let answer = journal[call.records..].iter().find_map(|record| match &record.event {
            Event::Answered { unit, attempt, answer } if *unit == call.unit && *attempt == call.attempt => Some(answer),
            _ => None,
        });
        match answer {
            Some(Answer::Failed { certain: false, .. }) => drop(unknown.insert(&call.key)),
            Some(_) => {}
            None if call.effect == Effect::Read || killed => {}
            None => say(format!("I3: the attempt {} of {} has no outcome", call.attempt, call.key)),
        }
    }
    for ((name, key), times) in &applied {
        if *times > 1 && *name == "far.act" && !repeats_unknown {
            say(format!("I4: {key} happened {times} times"));
        }
    }
    if killed {
        return;
    }
    let mut undone: BTreeMap<String, u32> = BTreeMap::new();
    for call in world.calls.iter().filter(|call| &*call.name == "far.undo" && call.applied) {
        *undone.entry(call.params.get("of").map(ToString::to_string).unwrap_or_default()).or_default() += 1;
    }
    let problems: BTreeSet<String> = world
        .runs
        .iter()
        .flat_map(|(id, actor)| actor.run.problems.iter().map(move |problem| format!("{id}:{}", problem.place)))
        // An undo that a person had tried again has a generation.
        .map(|place| place.split("/undo").next().unwrap_or_default().to_owned() + "/undo")
        .collect();
    let settled = settled_undos(world);
    let mut seen = BTreeSet::new();
    for call in world.calls.iter().filter(|call| call.applied) {
        let history = &histories[&call.run];
        let Some(life) = history.units.get(&call.unit) else { continue };
        let node = world.runs[&call.run].plan.nodes.get(life.node);
        if life.role != Role::Main || node.is_none_or(|node| node.clauses.undo.is_none()) || !seen.insert(&call.key) {
            continue;
        }
        let times = undone.get(&*call.key).copied().unwrap_or_default();
        let told = problems.contains(&format!("{}/undo", call.key)) || settled.contains(&*call.key);
        let gone = is_gone(world, histories, &call.run, call.unit, call.records);
        if gone && times == 0 && !told {
            say(format!("I5: {} was given up and is not undone", call.key));
        }
        if !gone && times > 0 {
            say(format!("I5: {} is undone, and nobody gave it up", call.key));
        }
        if times > 1 {
            say(format!("I5: {} is undone {times} times", call.key));
        }
    }
}

/// The keys of steps whose undo ended well: an `alternate` may have done it in another way.
fn settled_undos(world: &Simulator<'_>) -> BTreeSet<String> {
    let mut settled = BTreeSet::new();
    for actor in world.runs.values() {
        let mut undos = BTreeMap::new();
        for record in &actor.journal {
            match &record.event {
                Event::Opened { unit, role: Role::Undo, given, .. } => {
                    undos.insert(*unit, given.get("key").map(ToString::to_string).unwrap_or_default());
                }
                Event::Ended { unit, outcome: Outcome::Completed { .. } } => settled.extend(undos.remove(unit)),
                _ => {}
            }
        }
    }
    settled
}

/// Whether what a unit did when its journal had so many records was given up.
fn is_gone(
    world: &Simulator<'_>,
    histories: &BTreeMap<&RunId, History>,
    run: &RunId,
    unit: UnitId,
    records: usize,
) -> bool {
    let history = &histories[run];
    // What is done by or beside an undo, a `notify` or a body at the end is a fact (39, 40).
    let fact = |_: UnitId, life: &Life| matches!(life.role, Role::Undo | Role::Notify(_) | Role::Lifecycle(..));
    if history.is_beneath(unit, fact) {
        return false;
    }
    let ended_well = matches!(history.outcome, Some(Outcome::Completed { .. }));
    if !ended_well || history.undone {
        return true;
    }
    let round = history.round(unit);
    if history.discards.iter().any(|(given_up, _, until)| round.contains(given_up) && records <= *until) {
        return true;
    }
    match &world.runs[run].parent {
        Some((parent, step, _)) => {
            // Whoever undoes it waits for it now; it was begun by the unit that has its id for a key.
            let key = run.0.split('#').next().unwrap_or_default();
            let begun = world.runs[parent].journal.iter().position(|record| match &record.event {
                Event::Began { begin: orchestra_flow::run::event::Begin::Act { key: other, .. }, .. } => {
                    **other == *key
                }
                _ => false,
            });
            let found = histories[parent].units.iter().find(|(_, life)| life.keys.iter().any(|other| other == key));
            let step = found.map_or(*step, |(unit, _)| *unit);
            begun.is_none_or(|begun| is_gone(world, histories, parent, step, begun))
        }
        None => false,
    }
}
