//! Random programs under random schedules, faults, cancels and pauses, against the invariants of `docs/semantics.md`.
//!
//! `FLOW_SEEDS=100000` tries more programs, `FLOW_SEED=42` one program again, with what happens in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use orchestra_flow::base::failure::Kind;
use orchestra_flow::base::id::RunId;
use orchestra_flow::base::value::Value;
use orchestra_flow::run::event::{Decision, UnitId};
use orchestra_flow::run::machine::{Command, Target};
use orchestra_flow::run::world::Act;

use super::invariants::{History, check_effects};
use super::programs::write;
use super::simulator::{Call, Chance, Fate, Simulator, main_run, package};

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

/// What the far side makes of a call. It honours the keys of `put`.
pub fn fate(faulty: u64) -> impl FnMut(&Act, &[Call], &mut Chance) -> Fate {
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
        if world.main().run.is_at_rest() {
            // Runs that nobody waits for go on.
            world.advance(100_000);
        }
        if !world.broken.is_empty() {
            break;
        }
        let parked: Vec<(RunId, UnitId)> = world
            .runs
            .iter()
            .filter(|(_, actor)| !actor.run.is_at_rest())
            .flat_map(|(id, actor)| actor.run.units().filter(|unit| unit.is_parked()).map(|unit| (id.clone(), unit.id)))
            .collect();
        if parked.is_empty() && world.main().run.is_at_rest() {
            break;
        }
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
            let _ = world.tell(&run, Command::Unpark { step: Target::Unit(unit), by: "chance".into(), decision });
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
    let status = world.status();
    let mut broken = std::mem::take(&mut world.broken);
    if broken.is_empty() {
        let histories: BTreeMap<&RunId, History> =
            world.runs.iter().map(|(id, actor)| (id, History::of(actor))).collect();
        for (id, history) in &histories {
            history.check(&world.runs[*id], killed, &mut |said| broken.push(format!("{id}: {said}")));
        }
        check_effects((&world.runs, &world.calls), &histories, killed, repeats_unknown, &mut |said| broken.push(said));
    }
    (status, broken)
}
