//! Rewinding: what is done again from a step, what is kept, what is undone first (rules 76 to 79).

use std::cell::Cell;
use std::collections::BTreeMap;

use orchestra_flow::base::failure::Kind;
use orchestra_flow::base::id::RunId;
use orchestra_flow::base::status::Status;
use orchestra_flow::base::value::Value;
use orchestra_flow::lang::plan::Package;
use orchestra_flow::run::event::Outcome;
use orchestra_flow::run::machine::Command;
use orchestra_flow::run::rewind::{Again, Redo, Refusal, Request, Why, decide};

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
    (
        "sequence",
        r#"
workflow w {
    step a = far.act { what: "a" }
    step b = far.put { what: `b${a}` }
    let both = a + b
    step c = far.act { what: `c${both}` }
    output { all: [a, b, both, c] }
}"#,
    ),
    (
        "undo",
        r#"
workflow w {
    step a = far.act { what: "a", undo far.undo { of: key } }
    step b = far.act { what: "b" }
    step c = far.act { what: `c${a}`, undo far.undo { of: key } }
    step d = far.act { what: "d" }
    output { all: [a, b, c, d] }
}"#,
    ),
    (
        "parallel",
        r#"
workflow w {
    step x = parallel {
        step a = far.act { what: "a", undo far.undo { of: key } }
        step b = far.act { what: "b" }
        step c = far.act { what: `c${a}` }
        step d = far.act { what: `d${b}` }
    }
    step e = far.act { what: `e${d}` }
    output { all: [a, b, c, d, e] }
}"#,
    ),
    (
        "loops",
        r#"
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
}"#,
    ),
    (
        "while and repeat",
        r#"
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
}"#,
    ),
    (
        "branches",
        r#"
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
}"#,
    ),
    (
        "blocks in blocks",
        r#"
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
}"#,
    ),
    (
        "handlers",
        r#"
workflow w {
    step a = far.act { what: "a", on conflict alternate { step b = far.act { what: "b" } } }
    step x = sequence {
        step c = far.act { what: "c" }
        step d = far.act { what: "d" }
    } with { on error retry 1 times every 1s }
    step e = far.act { what: "e", on conflict notify far.act { what: "told" } }
    output { all: [a, c, d, e] }
    finally { step z = far.act { what: "z" } }
}"#,
    ),
    (
        "race",
        r#"
workflow w {
    step r = race {
        branch fast { step a = far.act { what: "a" }, step b = far.act { what: `b${a}` } }
        branch slow { wait 100s, step c = far.act { what: "c" } }
    }
    step d = far.act { what: "d" }
    output { all: [d] }
}"#,
    ),
    (
        "child",
        r#"
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
}"#,
    ),
    (
        "child with undo",
        r#"
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
}"#,
    ),
    (
        "waits",
        r#"
workflow w {
    step a = far.act { what: "a" }
    wait 1h
    step q: string = ask role "boss" { question: "?" }
    step b = far.act { what: `b${q}` }
    output { all: [a, q, b] }
}"#,
    ),
];

/// What is told of a call: its subject is its answer, so that outputs say what they are made of.
fn far(
    broken: impl Fn(&str, &[Call]) -> bool,
) -> impl FnMut(&orchestra_flow::run::world::Act, &[Call], &mut super::simulator::Chance) -> Fate {
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
    world
        .runs
        .iter()
        .map(|(id, actor)| {
            let lines: Vec<String> = actor.journal.iter().map(|record| format!("  {:?}", record.event)).collect();
            format!("{id}\n{}\n", lines.join("\n"))
        })
        .collect()
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
            let mended = Cell::new(false);
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
            let told = |call: &&Call| {
                let of_child = |place: &str| *call.run.0 == *format!("main:{place}");
                preview.again.iter().any(|again| *again.place == *call.place || of_child(&again.place))
            };
            let told: Vec<String> = before.iter().filter(told).map(Call::what).collect();
            world.until_the_end();
            assert_eq!(world.broken, Vec::<String>::new(), "{name}, {subject}");
            assert_eq!(ended(&world), output, "{name}, {subject}\n{}", journal(&world));
            for call in works(&world.calls[before.len()..]).filter(|call| in_force(&before).contains_key(&call.what()))
            {
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
        let places: Vec<String> =
            good.calls.iter().filter(|call| call.run == main_run()).map(|call| call.place.to_string()).collect();
        for place in places.iter().filter(|place| !place.starts_with("finally")) {
            let of = format!("{name}, {place}");
            let mended = Cell::new(false);
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
            assert!(
                again.iter().any(|call| bare(&call.place) == *place),
                "{of} was not done again\n{}",
                journal(&world)
            );
            for call in again {
                assert!(!preview.kept.contains(&call.place), "{of}: {} was to be kept", call.place);
            }
            keys_are_used_once(&world, &of);
        }
    }
}

/// A far side that fails for one subject until it is mended.
fn broken_at<'a>(package: &'a Package, subject: &'a str, mended: &'a Cell<bool>) -> Simulator<'a> {
    let mut world = Simulator::new(package, 1, far(move |what, _| what == subject && !mended.get()));
    world.accept("w", &Value::Unit);
    world.until_the_end();
    world
}

fn places(redo: &[Redo]) -> Vec<(&str, Why)> {
    redo.iter().map(|redo| (&*redo.place, redo.why)).collect()
}

/// 44: only what failed or was cancelled is rewound.
#[test]
fn a_run_that_has_ended_well_is_not_rewound() {
    let package = program(r#"workflow w { step a = far.act { what: "a" } wait signal "go" }"#);
    let mended = Cell::new(true);
    let mut world = broken_at(&package, "", &mended);
    assert_eq!(world.rewind(&main_run(), &on()), Err(Refusal::NotAtRest));
    world.tell_main(Command::Signal { name: "go".into(), payload: Value::Unit }).expect("it waits");
    assert_eq!(world.rewind(&main_run(), &on()), Err(Refusal::Ended(Status::Completed)));
}

/// 76: what a person sees before: what is done again and why, what would happen again, what is kept, who has read what changes.
#[test]
fn a_preview_says_what_a_rewind_means() {
    let package = program(
        r#"
workflow w {
    input { name: string = "x", size: int = 1 }
    step a = far.act { what: `a${input.name}` }
    let b = input.size * 2
    step c = far.act { what: "c", undo far.undo { of: key } }
    step d = far.put { what: `d${b}` }
    step e = far.act { what: "e" }
}"#,
    );
    let mended = Cell::new(false);
    let mut world = broken_at(&package, "e", &mended);
    let request = Request { input: Some(Value::map([("name", "y".into())])), ..on() };
    let (preview, _) = decide(&world.main().plan, &world.main().journal, &request).expect("it can be rewound");
    assert_eq!(places(&preview.redo), [("c", Why::Undone), ("d", Why::Follows), ("e", Why::Failed)]);
    assert_eq!(preview.again, [Again { place: "d".into(), what: "far.put".into(), in_doubt: false }]);
    assert_eq!(preview.kept, ["a".into(), "b".into()]);
    assert_eq!(preview.reads_edited_input, ["a".into()]);
    assert_eq!(world.rewind(&main_run(), &request), Err(Refusal::NotAccepted(Box::new(preview))));
    let wrong = Request { input: Some(Value::map([("name", Value::Int(7))])), ..on() };
    assert!(matches!(world.rewind(&main_run(), &wrong), Err(Refusal::Input(_))));
    mended.set(true);
    world.rewind(&main_run(), &Request { accept: true, ..request }).expect("it is accepted");
    world.until_the_end();
    assert_eq!(world.said(), ["ax", "c", "d2", "e", "", "c", "d2", "e"]);
    assert_eq!(world.main().run.accepted.input.get("name"), Some(&"y".into()));
}

/// 44, 45: the parameters of the failed step may be other ones; what is asked for anew has a new key.
#[test]
fn a_step_is_tried_again_with_other_parameters() {
    let package =
        program(r#"workflow w { step a = far.put { what: "a" } step b = far.put { what: `${a}b`, key "order" } }"#);
    let mended = Cell::new(false);
    let mut world = broken_at(&package, "ab", &mended);
    let with = |params: Value| Request { params: Some(params), ..on() };
    let wrong = world.rewind(&main_run(), &with(Value::map([("waht", "c".into())])));
    assert!(wrong.as_ref().is_err_and(|wrong| wrong.to_string().contains("did you mean `what`")), "{wrong:?}");
    world.rewind(&main_run(), &with(Value::map([("what", "c".into())]))).expect("it can be rewound");
    world.until_the_end();
    let keys: Vec<(String, &str)> = world.calls.iter().map(|call| (call.what(), &*call.key)).collect();
    assert_eq!(keys, [("a".into(), "main:a"), ("ab".into(), "order"), ("c".into(), "order~1")]);
    assert_eq!(world.status(), "completed");
}

/// 45, 78: a `keyed` step in doubt keeps its key; a `once` step in doubt happens again only if that is accepted.
#[test]
fn what_may_have_happened_is_not_just_done_again() {
    for (operation, key, needs) in [("put", "main:a", false), ("act", "main:a~1", true)] {
        let package = program(&format!("workflow w {{ step a = far.{operation} {{ what: \"a\" }} }}"));
        let lost = Cell::new(true);
        let mut world = Simulator::new(&package, 1, |_, _, _| match lost.get() {
            true => Fate::lost(Kind::ConnectionError, true),
            false => Fate::done("a".into()),
        });
        world.accept("w", &Value::Unit);
        world.until_the_end();
        lost.set(false);
        let refused = world.rewind(&main_run(), &on());
        assert_eq!(matches!(refused, Err(Refusal::NotAccepted(_))), needs, "{operation}: {refused:?}");
        if needs {
            world.rewind(&main_run(), &Request { accept: true, ..on() }).expect("it is accepted");
        }
        world.until_the_end();
        assert_eq!(world.calls.last().map(|call| &*call.key), Some(key));
        assert_eq!(world.status(), "completed");
    }
}

/// 32, 78: what a killed run has not undone is undone before it is done again; what is kept is not.
#[test]
fn what_was_done_is_undone_first() {
    let text = r#"
workflow w {
    step a = far.act { what: "a", undo far.undo { of: key } }
    step b = for i in 0..2 { step c = far.act { what: `c${i}`, undo far.undo { of: `${key} ${i}` } } }
    wait signal "go"
}"#;
    let package = program(text);
    let mended = Cell::new(true);
    let mut world = broken_at(&package, "", &mended);
    world.tell_main(Command::Kill { by: "a test".into() }).expect("it runs");
    assert_eq!(world.status(), "cancelled");
    let preview = world.rewind(&main_run(), &from("b")).expect("it can be rewound");
    assert_eq!(preview.undo, ["b[1].c".into(), "b[0].c".into()]);
    assert_eq!(preview.again, []);
    world.until_the_end();
    let told: Vec<String> = world
        .calls
        .iter()
        .map(|call| {
            format!(
                "{} {}",
                call.what(),
                call.params
                    .get("of")
                    .map(ToString::to_string)
                    .filter(|of| of != "()" && of != "null")
                    .unwrap_or_default()
            )
        })
        .collect();
    assert_eq!(told, ["a ", "c0 ", "c1 ", " main:b[1].c 1", " main:b[0].c 0", "c0 ", "c1 "]);
    world.tell_main(Command::Signal { name: "go".into(), payload: Value::Unit }).expect("it waits");
    assert_eq!(world.status(), "completed");
}

/// 9: what goes on has its bounds in time anew; otherwise a run could never be late and go on.
#[test]
fn bounds_in_time_count_anew() {
    let package = program(
        r#"
workflow w {
    deadline 100s
    step x = sequence {
        step a = far.act { what: "a" }
        wait 40s
        step b = far.act { what: "b" }
    } with { timeout 50s }
}"#,
    );
    let mended = Cell::new(false);
    let mut world = broken_at(&package, "b", &mended);
    world.advance(1000);
    mended.set(true);
    world.rewind(&main_run(), &from("x.wait")).expect("it can be rewound");
    world.until_the_end();
    assert_eq!(world.status(), "completed", "{}", journal(&world));
    assert_eq!(world.said(), ["a", "b", "b"]);
}

/// 29: turns that go on after a rewind keep to the places of their loop.
#[test]
fn no_more_turns_go_on_at_once_than_may() {
    let package = program(
        r#"
workflow w {
    parallel for i in 0..6 max 2 { step a = far.act { what: `a${i}` }, step b = far.act { what: `b${i}`, undo far.undo { of: key } } }
    step c = far.act { what: "c" }
}"#,
    );
    let mended = Cell::new(false);
    let mut world = Simulator::new(&package, 1, |act, _, _| {
        let what = act.params.get("what").map(ToString::to_string).unwrap_or_default();
        if what == "c" && !mended.get() { Fate::refused(Kind::Conflict) } else { Fate::done("x".into()).after(10) }
    });
    world.accept("w", &Value::Unit);
    world.until_the_end();
    mended.set(true);
    let before = world.calls.len();
    world.rewind(&main_run(), &on()).expect("it can be rewound");
    world.until_the_end();
    assert_eq!(world.status(), "completed", "{}", journal(&world));
    let again = &world.calls[before..];
    assert_eq!(again.iter().map(Call::what).collect::<Vec<_>>(), ["b0", "b1", "b2", "b3", "b4", "b5", "c"]);
    for pair in again.chunks(2).collect::<Vec<_>>().windows(2) {
        assert!(pair[0][0].at < pair[1][0].at, "{again:?}");
    }
}

/// 79: a child is rewound through the run that waits for it.
#[test]
fn a_child_is_rewound_through_its_parent() {
    let package = program(
        r#"
workflow w { step c = inner { } }
workflow inner { step x = far.act { what: "x" } step y = far.act { what: "y" } }"#,
    );
    let mended = Cell::new(false);
    let mut world = broken_at(&package, "y", &mended);
    let child = RunId("main:c".into());
    assert_eq!(world.rewind(&child, &on()), Err(Refusal::Child { parent: main_run() }));
    mended.set(true);
    let preview = world.rewind(&main_run(), &on()).expect("it can be rewound");
    assert_eq!(preview.continues, [child]);
    world.until_the_end();
    assert_eq!((world.status(), world.said()), ("completed", ["x", "y", "y"].map(String::from).to_vec()));
    assert_eq!(world.runs.len(), 2);
    // From the step itself, another run is started; what the first one did would happen again.
    mended.set(false);
    let mut world = broken_at(&package, "y", &mended);
    mended.set(true);
    let from_step = Request { accept: false, ..from("c") };
    assert!(matches!(world.rewind(&main_run(), &from_step), Err(Refusal::NotAccepted(_))));
    world.rewind(&main_run(), &from("c")).expect("it is accepted");
    world.until_the_end();
    assert_eq!((world.status(), world.runs.len()), ("completed", 3));
}

/// 43: a run that is rewound ends again, and runs its `finally` again.
#[test]
fn a_run_may_be_rewound_again_and_again() {
    let package = program(
        r#"
workflow w {
    step a = far.put { what: "a", key "k" }
    step b = far.act { what: "b" }
    finally { step put = far.put { what: "z" } }
}"#,
    );
    let mended = Cell::new(false);
    let mut world = broken_at(&package, "b", &mended);
    for _ in 0..3 {
        world.rewind(&main_run(), &from("a")).expect("it can be rewound");
        world.until_the_end();
        assert_eq!(world.status(), "failed");
    }
    mended.set(true);
    world.rewind(&main_run(), &on()).expect("it can be rewound");
    world.until_the_end();
    let keys: Vec<&str> = world.calls.iter().map(|call| &*call.key).collect();
    let finals: Vec<&str> = keys.iter().copied().filter(|key| key.contains("finally")).collect();
    assert_eq!(
        finals,
        ["main:finally.put", "main:finally~1.put", "main:finally~2.put", "main:finally~3.put", "main:finally~4.put"]
    );
    let first: Vec<&str> = keys.iter().copied().filter(|key| key.starts_with('k')).collect();
    assert_eq!(first, ["k", "k~1", "k~2", "k~3"]);
    assert_eq!(world.broken, Vec::<String>::new());
}

/// What is asked for is told from what is there.
#[test]
fn a_step_that_is_not_there_is_refused() {
    let package = program(
        r#"
workflow w {
    for i in 0..2 { step a = far.act { what: "a" } }
    step b = far.act { what: "b" }
    step c = far.act { what: "c" }
    finally { step z = far.act { what: "z" } }
}"#,
    );
    let mended = Cell::new(false);
    let mut world = broken_at(&package, "b", &mended);
    let mut told = |step: &str| world.rewind(&main_run(), &from(step)).expect_err("it is refused").to_string();
    assert_eq!(told("a"), "`a` has run at several places: for[0].a, for[1].a");
    assert_eq!(told("c"), "the step `c` has not run; without a step named, the run goes on with what failed");
    assert_eq!(told("bb"), "the run has no step `bb`; did you mean `b`?");
    assert_eq!(
        told("finally.z"),
        "`finally.z` belongs to the end of the run; it is carried out again when the run ends again"
    );
    mended.set(true);
    world.rewind(&main_run(), &from("for[1]")).expect("a turn is a place");
    world.until_the_end();
    assert_eq!(world.said(), ["a", "a", "b", "z", "a", "b", "c", "z"]);
}
