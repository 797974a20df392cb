//! Random programs, edited at random while a run of them is under way (semantics 73 to 75, I15).
//!
//! `FLOW_SEEDS=100000` tries more of them, `FLOW_SEED=42` one again, with what happens in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use orchestra_flow::base::value::Value;
use orchestra_flow::lang::plan::{Body, Kind, NodeId, Plan};
use orchestra_flow::run::machine::Command;
use orchestra_flow::run::upgrade::Verdict;

use super::programs::write;
use super::simulator::{Chance, Fate, Simulator, main_run, package};

fn seeds(many: u64) -> std::ops::Range<u64> {
    let of = |name: &str| std::env::var(name).ok().and_then(|number| number.parse::<u64>().ok());
    match of("FLOW_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..of("FLOW_SEEDS").unwrap_or(many),
    }
}

/// A statement of a program that is edited.
#[derive(Clone)]
enum Part {
    Step { name: u32, says: u32 },
    Wait { name: u32, says: u32 },
    Block { name: u32, parallel: bool, inside: Vec<Part> },
}

/// Writes and edits programs.
struct Editor {
    chance: Chance,
    names: u32,
}

impl Editor {
    fn part(&mut self, depth: u32) -> Part {
        self.names += 1;
        let name = self.names;
        match self.chance.below(if depth > 2 { 6 } else { 9 }) {
            0..=3 => Part::Step { name, says: 0 },
            4 | 5 => Part::Wait { name, says: 0 },
            _ => Part::Block { name, parallel: self.chance.one_in(2), inside: self.parts(depth + 1) },
        }
    }

    fn parts(&mut self, depth: u32) -> Vec<Part> {
        (0..1 + self.chance.below(4)).map(|_| self.part(depth)).collect()
    }

    /// Changes something somewhere.
    fn edit(&mut self, parts: &mut Vec<Part>, depth: u32) {
        let blocks: Vec<usize> = (0..parts.len()).filter(|at| matches!(parts[*at], Part::Block { .. })).collect();
        if !blocks.is_empty() && self.chance.one_in(2) {
            let at = *self.chance.pick(&blocks);
            if let Part::Block { inside, .. } = &mut parts[at] {
                return self.edit(inside, depth + 1);
            }
        }
        let at = self.chance.below(parts.len() as u64) as usize;
        match self.chance.below(10) {
            0..=3 => {
                let part = self.part(depth);
                let at = self.chance.below(parts.len() as u64 + 1) as usize;
                parts.insert(at, part);
            }
            4 | 5 if parts.len() > 1 => drop(parts.remove(at)),
            6 if parts.len() > 1 => {
                let other = self.chance.below(parts.len() as u64) as usize;
                parts.swap(at, other);
            }
            7 => match &mut parts[at] {
                Part::Block { parallel, .. } => *parallel = !*parallel,
                Part::Step { says, .. } | Part::Wait { says, .. } => *says += 1,
            },
            _ => match &mut parts[at] {
                Part::Step { says, .. } | Part::Wait { says, .. } => *says += 1,
                Part::Block { .. } => {}
            },
        }
    }
}

fn text(parts: &[Part]) -> String {
    let mut text = String::new();
    for part in parts {
        let _ = match part {
            Part::Step { name, says } => {
                writeln!(text, "step s{name} = far.act {{ what: \"s{name}\", timeout {}s }}", 60 + says)
            }
            Part::Wait { name, says } => {
                writeln!(text, "step w{name} = wait signal \"w{name}\" {{ deadline {}d }}", 10 + says)
            }
            Part::Block { name, parallel, inside } => {
                let word = if *parallel { "parallel" } else { "sequence" };
                writeln!(text, "step b{name} = {word} {{\n{}}}", self::text(inside))
            }
        };
    }
    text
}

fn plan(parts: &[Part]) -> (orchestra_flow::lang::plan::Package, Arc<Plan>) {
    let far = "connector far \"Far\" { native once operation act(what: any?) -> any }";
    let package =
        package(&format!("{far}\nworkflow w {{\n{}}}", text(parts))).unwrap_or_else(|faults| panic!("{faults}"));
    let plan = package.plans["w"].clone();
    (package, plan)
}

/// For each step that calls, those that must have been called before it.
fn order(plan: &Plan) -> BTreeMap<String, BTreeSet<String>> {
    fn inside(plan: &Plan, node: NodeId) -> BTreeSet<String> {
        let node = plan.node(node);
        match &node.kind {
            Kind::Call { .. } => BTreeSet::from([node.label.to_string()]),
            kind => kind.bodies().iter().flat_map(|body| &body.statements).flat_map(|id| inside(plan, *id)).collect(),
        }
    }
    fn walk(
        plan: &Plan,
        body: &Body,
        parallel: bool,
        before: &BTreeSet<String>,
        found: &mut BTreeMap<String, BTreeSet<String>>,
    ) {
        let mut earlier = before.clone();
        for id in &body.statements {
            let node = plan.node(*id);
            match &node.kind {
                Kind::Call { .. } => drop(found.insert(node.label.to_string(), earlier.clone())),
                kind => {
                    for body in kind.bodies() {
                        walk(plan, body, matches!(kind, Kind::Parallel(_)), &earlier, found);
                    }
                }
            }
            if !parallel {
                earlier.extend(inside(plan, *id));
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(plan, &plan.body, false, &BTreeSet::new(), &mut found);
    found
}

/// One program with its edits, one run, moved whenever it may be. What is wrong, and how often it was moved.
fn attempt(seed: u64, loud: bool) -> (Vec<String>, u64) {
    let mut editor = Editor { chance: Chance(seed), names: 0 };
    let mut parts = editor.parts(0);
    let (first, _) = plan(&parts);
    let mut world = Simulator::new(&first, seed, |_, _, _| Fate::done(Value::map([("id", Value::Int(1))])));
    world.accept("w", &Value::Unit);
    let (mut broken, mut moves) = (Vec::new(), 0);
    // What was called before the run was moved last, and the order that holds since.
    let (mut before, mut current) = (0, order(&world.main().plan));
    if loud {
        println!("{}", text(&parts));
    }
    for _ in 0..200 {
        world.settle();
        if world.main().run.is_at_rest() {
            break;
        }
        if editor.chance.one_in(3) {
            let mut edited = parts.clone();
            for _ in 0..1 + editor.chance.below(3) {
                editor.edit(&mut edited, 0);
            }
            let (_, newer) = plan(&edited);
            let verdict = world.offer(&main_run(), &newer);
            if loud {
                println!("--- after {:?}: {verdict}\n{}", world.said(), text(&edited));
            }
            match verdict {
                Verdict::Moves { .. } => {
                    moves += 1;
                    (before, current, parts) = (world.calls.len(), order(&newer), edited);
                }
                Verdict::Unaffected | Verdict::Stays(_) => {}
            }
            continue;
        }
        let plan = &world.main().plan;
        let waiting = world.main().run.units().filter_map(|unit| match &unit.node(plan)?.kind {
            Kind::Wait(orchestra_flow::lang::plan::node::Wait::Signal(name)) => Some(name.clone()),
            _ => None,
        });
        let waiting: Vec<Arc<str>> = waiting.collect();
        if waiting.is_empty() {
            broken.push("it hangs".to_owned());
            break;
        }
        let name = editor.chance.pick(&waiting).clone();
        let from = world.calls.len();
        world.tell_main(Command::Signal { name, payload: Value::Unit }).expect("it hears");
        world.settle();
        check_order(&world.said(), from.max(before), &current, &mut broken);
    }
    check_order(&world.said(), before, &current, &mut broken);
    let said = world.said();
    let called: BTreeSet<&String> = said.iter().collect();
    if called.len() != said.len() {
        broken.push(format!("something was done twice: {said:?}"));
    }
    if world.status() != "completed" {
        broken.push(format!("it is {}", world.status()));
    }
    for step in current.keys().filter(|step| !called.contains(step)) {
        broken.push(format!("{step} was skipped: {said:?}"));
    }
    broken.append(&mut world.broken);
    (broken, moves)
}

/// Nothing was called from the call with this number on before what stands before it.
fn check_order(said: &[String], from: usize, order: &BTreeMap<String, BTreeSet<String>>, broken: &mut Vec<String>) {
    for (at, step) in said.iter().enumerate().skip(from) {
        match order.get(step) {
            None => broken.push(format!("{step} is not in the program any more, and was called")),
            Some(earlier) => {
                let missing = earlier.iter().find(|earlier| !said[..at].contains(*earlier));
                broken.extend(missing.map(|missing| format!("{step} was called before {missing}: {said:?}")));
            }
        }
    }
}

/// A key without what is numbered as it comes: handlers, and units that others have been opened before.
fn place(key: &str) -> &str {
    key.split("/notify").next().and_then(|key| key.split("/meanwhile").next()).unwrap_or_default()
}

#[test]
fn a_legal_move_skips_nothing_and_runs_nothing_early() {
    let (mut wrong, mut moves) = (String::new(), 0);
    let loud = std::env::var("FLOW_SEED").is_ok();
    for seed in seeds(150) {
        let (broken, moved) = attempt(seed, loud);
        moves += moved;
        if !broken.is_empty() {
            let _ = writeln!(wrong, "FLOW_SEED={seed}\n  {}", broken.join("\n  "));
        }
    }
    println!("{moves} moves");
    assert!(wrong.is_empty(), "{wrong}");
    assert!(loud || moves > 25, "there are only {moves} moves");
}

/// Whatever a program does, a run of it that is moved in its midst to the same program with one more step at its end does the
/// same, under the same keys, and then this step.
#[test]
fn a_run_that_is_moved_does_what_it_would_have_done() {
    let (mut wrong, mut moves, mut tried) = (String::new(), 0, 0);
    let loud = std::env::var("FLOW_SEED").is_ok();
    for seed in seeds(60) {
        let (program, _) = write(seed);
        let longer = program.replace("}\nworkflow child", "    step zz = far.look { what: \"zz\" }\n}\nworkflow child");
        let (Ok(old), Ok(new)) = (package(&program), package(&longer)) else { continue };
        tried += 1;
        let mut ends = Vec::new();
        for moving in [false, true] {
            let fates = |_: &_, _: &[_], _: &mut Chance| Fate::done(Value::map([("id", Value::Int(1))])).after(3);
            let mut world = Simulator::new(&old, seed, fates);
            world.accept("w", &Value::Unit);
            let mut chance = Chance(seed ^ 0x5EED);
            world.later(
                chance.below(60) as i64,
                main_run(),
                Command::Signal { name: "go".into(), payload: Value::Unit },
            );
            let at = chance.below(60) as i64;
            world.advance(at);
            if moving
                && !world.main().run.is_at_rest()
                && matches!(world.offer(&main_run(), &new.plans["w"]), Verdict::Moves { .. })
            {
                moves += 1;
            }
            world.until_the_end();
            if loud {
                println!("{}", if moving { &longer } else { &program });
                println!("{:?} {:?}", world.status(), world.said());
            }
            let calls: Vec<String> = world
                .calls
                .iter()
                .filter(|call| call.what() != "zz" && call.run == main_run())
                .map(|call| format!("{} {} {}", call.name, call.what(), place(&call.key)))
                .collect();
            wrong.extend(world.broken.iter().map(|broken| format!("FLOW_SEED={seed}: {broken}\n")));
            ends.push((calls, world.status()));
        }
        if ends[0] != ends[1] {
            let _ = writeln!(wrong, "FLOW_SEED={seed}\n  {:?}\n  {:?}", ends[0], ends[1]);
        }
    }
    println!("{tried} programs, {moves} moves");
    assert!(wrong.is_empty(), "{wrong}");
    assert!(loud || moves * 4 > tried, "only {moves} moves of {tried} programs");
}
