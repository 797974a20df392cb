//! Rewinding: what is done again from a step, what is kept, what is undone first (rules 76 to 79).

use std::collections::BTreeMap;

use orchestra_flow::base::failure::Kind;
use orchestra_flow::base::value::Value;
use orchestra_flow::lang::plan::Package;
use orchestra_flow::run::event::Outcome;
use orchestra_flow::run::rewind::{Request, Why};

use super::simulator::{Call, Fate, Simulator, main_run, package};

const FAR: &str = r#"
connector far "The far side" {
    native read operation look(what: any?) -> any
    native keyed operation put(what: any?) -> any
    native once operation act(what: any?) -> any
    native once operation undo(of: any?) -> any
}
"#;

fn program(text: &str) -> Package {
    package(&format!("{FAR}\n{text}")).unwrap_or_else(|faults| panic!("{faults}\n{text}"))
}

/// Programs in which every call says what it is about, and gives that back.
const PROGRAMS: &[(&str, &str)] = &[
    ("sequence", r#"
workflow w {
    step a = far.act { what: "a" }
    step b = far.put { what: `b${a}` }
    let both = a + b
    step c = far.act { what: `c${both}` }
    output { all: [a, b, both, c] }
}"#),
    ("undo", r#"
workflow w {
    step a = far.act { what: "a", undo far.undo { of: key } }
    step b = far.act { what: "b" }
    step c = far.act { what: `c${a}`, undo far.undo { of: key } }
    step d = far.act { what: "d" }
    output { all: [a, b, c, d] }
}"#),
    ("parallel", r#"
workflow w {
    step x = parallel {
        step a = far.act { what: "a", undo far.undo { of: key } }
        step b = far.act { what: "b" }
        step c = far.act { what: `c${a}` }
        step d = far.act { what: `d${b}` }
    }
    step e = far.act { what: `e${d}` }
    output { all: [a, b, c, d, e] }
}"#),
    ("loops", r#"
workflow w {
    vars { sum: string = "" }
    step first = for i in 0..3 {
        step a = far.act { what: `a${i}` }
        set vars.sum = vars.sum + a
        step b = far.act { what: `b${i}`, undo far.undo { of: key } }
    }
    step second = parallel for i in 0..4 max 2 {
        step c = far.act { what: `c${i}` }
        step d = far.act { what: `d${i}` }
    }
    step e = far.act { what: `e${vars.sum}` }
    output { sum: vars.sum, all: [a, b, c, d, e] }
}"#),
    ("while and repeat", r#"
workflow w {
    vars { n: int = 0 }
    while vars.n < 3 {
        step a = far.act { what: `a${vars.n}` }
        set vars.n = vars.n + 1
        step b = far.act { what: `b${vars.n}` }
    }
    repeat max 5 {
        step c = far.look { what: `c${vars.n}` }
        set vars.n = vars.n + 1
        step d = far.act { what: `d${vars.n}` }
        until vars.n >= 5
    }
    output { n: vars.n, all: [a, b, d] }
}"#),
    ("branches", r#"
workflow w {
    input { n: int = 2 }
    step a = far.act { what: "a" }
    if input.n > 1 {
        step b = far.act { what: "b" }
        match a {
            "a" => { step c = far.act { what: "c" }, step d = far.act { what: "d" } }
            _ => { step other = far.act { what: "other" } }
        }
    } else {
        step e = far.act { what: "e" }
    }
    step f = far.act { what: "f", when input.n > 5 }
    step g = far.act { what: "g" }
    output { all: [a, b, c, d, g] }
}"#),
    ("blocks in blocks", r#"
workflow w {
    step x = sequence {
        step a = far.act { what: "a" }
        step y = parallel {
            step z = sequence {
                step b = far.act { what: "b", undo far.undo { of: key } }
                step c = far.act { what: `c${b}` }
            }
            lock "L" {
                step d = far.act { what: "d" }
                step e = far.act { what: "e" }
            }
        }
        step f = far.act { what: "f" }
    }
    output { all: [a, b, c, d, e, f] }
}"#),
    ("handlers", r#"
workflow w {
    step a = far.act { what: "a", on conflict alternate { step b = far.act { what: "b" } } }
    step x = sequence {
        step c = far.act { what: "c" }
        step d = far.act { what: "d" }
    } with { on error retry 1 times every 1s }
    step e = far.act { what: "e", on conflict notify far.act { what: "told" } }
    output { all: [a, c, d, e] }
    finally { step z = far.act { what: "z" } }
}"#),
    ("race", r#"
workflow w {
    step r = race {
        fast { step a = far.act { what: "a" }, step b = far.act { what: `b${a}` } }
        slow { wait 100s, step c = far.act { what: "c" } }
    }
    step d = far.act { what: "d" }
    output { all: [d] }
}"#),
    ("child", r#"
workflow w {
    step a = far.act { what: "a" }
    step c = inner { of: a }
    step d = far.act { what: `d${c.it}` }
    output { all: [a, c.it, d] }
}
workflow inner {
    input { of: string }
    step x = far.act { what: `x${input.of}` }
    step y = far.act { what: `y${x}` }
    output { it: y }
}"#),
    ("child with undo", r#"
workflow w {
    step c = inner { of: "q" }
    step d = far.act { what: `d${c.it}` }
    output { all: [c.it, d] }
}
workflow inner {
    input { of: string }
    step x = far.act { what: `x${input.of}`, undo far.undo { of: key } }
    step y = far.act { what: `y${x}` }
    output { it: y }
}"#),
    ("waits", r#"
workflow w {
    step a = far.act { what: "a" }
    wait 1h
    step q: string = ask role "boss" { question: "?" }
    step b = far.act { what: `b${q}` }
    output { all: [a, q, b] }
}"#),
];

/// What is told of a call: its subject is its answer, so that outputs say what they are made of.
fn far(broken: impl Fn(&str, &[Call]) -> bool) -> impl FnMut(&orchestra_flow::run::world::Act, &[Call], &mut super::simulator::Chance) -> Fate {
    move |act, calls, _| {
        let what = act.params.get("what").map(ToString::to_string).unwrap_or_default();
        if broken(&what, calls) { Fate::refused(Kind::Conflict) } else { Fate::done(what.as_str().into()) }
    }
}

fn on() -> Request {
    Request { by: "a test".into(), ..Request::default() }
}

fn from(step: &str) -> Request {
    Request { from: Some(step.into()), accept: true, ..on() }
}

fn ended(world: &Simulator<'_>) -> Value {
    match &world.main().run.outcome {
        Some(Outcome::Completed { output }) => output.clone(),
        other => panic!("it is {other:?}\n{}", journal(world)),
    }
}

fn journal(world: &Simulator<'_>) -> String {
    world.runs.iter().map(|(id, actor)| {
        let lines: Vec<String> = actor.journal.iter().map(|record| format!("  {:?}", record.event)).collect();
        format!("{id}\n{}\n", lines.join("\n"))
    }).collect()
}

/// Calls that changed something, but what was only told, or done at the end of the run.
fn works(calls: &[Call]) -> impl Iterator<Item = &Call> {
    calls.iter().filter(|call| {
        let beside = call.place.contains("notify") || call.place.starts_with("finally");
        call.applied && &*call.name != "far.look" && !beside
    })
}

/// How often each thing was done and not undone.
fn in_force(calls: &[Call]) -> BTreeMap<String, i64> {
    let mut done = BTreeMap::new();
    for call in works(calls) {
        if &*call.name == "far.undo" {
            let of = call.params.get("of").map(ToString::to_string).unwrap_or_default();
            let what = calls.iter().find(|other| *other.key == *of).map(Call::what).expect("what is undone was done");
            *done.entry(what).or_default() -= 1;
        } else {
            *done.entry(call.what()).or_default() += 1;
        }
    }
    done.retain(|_, times| *times != 0);
    done
}

/// 76, 77: a run that failed goes on where it failed once the far side is mended, and ends as if it never had; what was done
/// and not undone is not done again.
#[test]
fn a_run_goes_on_where_it_failed() {
    for (name, text) in PROGRAMS {
        let package = program(text);
        let mut good = Simulator::new(&package, 1, far(|_, _| false));
        good.accept("w", &Value::Unit);
        good.until_the_end();
        let (output, done) = (ended(&good), in_force(&good.calls));
        let subjects: Vec<String> = good.said();
        for subject in subjects.iter().filter(|subject| *subject != "z" && *subject != "told") {
            let mended = std::cell::Cell::new(false);
            let mut world = Simulator::new(&package, 1, far(|what, _| what == subject && !mended.get()));
            world.accept("w", &Value::Unit);
            world.until_the_end();
            if world.status() == "completed" {
                continue;
            }
            assert_eq!(world.status(), "failed", "{name}, {subject}");
            mended.set(true);
            let of = format!("{name}, {subject}");
            let preview = world.rewind(&main_run(), &Request { accept: true, ..on() });
            let preview = preview.unwrap_or_else(|refusal| panic!("{of}: {refusal}"));
            // Only what follows something that was undone happens again, and that was told.
            assert!(preview.again.is_empty() || text.contains("undo"), "{of}: {preview:?}");
            let before = world.calls.clone();
            let told = |call: &&Call| preview.again.iter().any(|again| *again.place == *call.place);
            let told: Vec<String> = before.iter().filter(told).map(Call::what).collect();
            world.until_the_end();
            assert_eq!(world.broken, Vec::<String>::new(), "{name}, {subject}");
            assert_eq!(ended(&world), output, "{name}, {subject}\n{}", journal(&world));
            for call in works(&world.calls[before.len()..]).filter(|call| in_force(&before).contains_key(&call.what())) {
                assert!(told.contains(&call.what()), "{of}: {} is done again\n{}", call.place, journal(&world));
            }
            assert!(done.keys().all(|what| in_force(&world.calls).contains_key(what)), "{of}\n{}", journal(&world));
            keys_are_used_once(&world, &of);
        }
    }
}

/// A place without generations.
fn bare(place: &str) -> String {
    let mut parts = place.split('~');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |bare, part| bare + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// 45: whatever was decided anew has a key of its own.
fn keys_are_used_once(world: &Simulator<'_>, of: &str) {
    let mut seen: BTreeMap<&str, i64> = BTreeMap::new();
    for call in world.calls.iter().filter(|call| call.applied && &*call.name != "far.look") {
        *seen.entry(&call.key).or_default() += 1;
    }
    for (key, times) in seen {
        assert_eq!(times, 1, "{of}: {key} was used {times} times");
    }
}

/// 76, 78: from every step that has run, in turn: what follows is done again, and the run ends as before.
#[test]
fn a_run_goes_on_from_any_step() {
    for (name, text) in PROGRAMS {
        let text = text.replacen("    output {", "    step last = far.act { what: \"last\" }\n    output {", 1);
        let package = program(&text);
        let mut good = Simulator::new(&package, 1, far(|_, _| false));
        good.accept("w", &Value::Unit);
        good.until_the_end();
        let output = ended(&good);
        let places: Vec<String> = good.calls.iter().filter(|call| call.run == main_run()).map(|call| call.place.to_string()).collect();
        for place in places.iter().filter(|place| !place.starts_with("finally")) {
            let of = format!("{name}, {place}");
            let mended = std::cell::Cell::new(false);
            let mut world = Simulator::new(&package, 1, far(|what, _| what == "last" && !mended.get()));
            world.accept("w", &Value::Unit);
            world.until_the_end();
            mended.set(true);
            let calls = world.calls.len();
            let preview = world.rewind(&main_run(), &from(place)).unwrap_or_else(|refusal| panic!("{of}: {refusal}"));
            assert!(preview.redo.iter().any(|redo| redo.why != Why::Follows), "{of}: {preview:?}");
            world.until_the_end();
            assert_eq!(world.broken, Vec::<String>::new(), "{of}");
            assert_eq!(ended(&world), output, "{of}\n{}", journal(&world));
            let again = &world.calls[calls..];
            assert!(again.iter().any(|call| bare(&call.place) == *place), "{of} was not done again\n{}", journal(&world));
            for call in again {
                assert!(!preview.kept.contains(&call.place), "{of}: {} was to be kept", call.place);
            }
            keys_are_used_once(&world, &of);
        }
    }
}
