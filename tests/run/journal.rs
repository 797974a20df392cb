//! Whole journals of the main constructs, as text: what happened, when, at which place.

use orchestra_flow::base::value::Value;
use orchestra_flow::run::event::{Answer, Begin, Choice, Event, Outcome, Then, UnitId};
use orchestra_flow::run::history::Run;

use super::simulator::{Actor, Fate, Simulator, package};

/// The journal of a run, a line for each record: seconds since its beginning, the place, what happened.
fn story(actor: &Actor) -> String {
    let mut lines = Vec::new();
    let beginning = actor.journal[0].at;
    let mut run = Run::accept(&actor.journal[0]).expect("a journal begins with the acceptance");
    for record in &actor.journal[1..] {
        let place = |run: &Run, unit: &UnitId| run.place(&actor.plan, *unit);
        let seconds = record.at.as_second() - beginning.as_second();
        let before = match &record.event {
            Event::Ended { unit, outcome } => Some((place(&run, unit), format!("ended: {}", ending(outcome)))),
            _ => None,
        };
        run.apply(&actor.plan, record);
        let (place, what) = before.unwrap_or_else(|| match &record.event {
            Event::Opened { unit, .. } => (place(&run, unit), "opened".to_owned()),
            Event::Began { unit, begin, .. } => (place(&run, unit), format!("began: {}", beginning_of(begin))),
            Event::Attempted { unit, attempt, .. } => (place(&run, unit), format!("attempt {attempt}")),
            Event::Answered { unit, answer, .. } => (
                place(&run, unit),
                match answer {
                    Answer::Done { value, .. } => format!("answered {}", value.canonical()),
                    Answer::Failed { failure, certain: true } => format!("failed: {}", failure.kind),
                    Answer::Failed { failure, certain: false } => format!("failed, or not: {}", failure.kind),
                },
            ),
            Event::Raised { unit, failure, .. } => (place(&run, unit), format!("raised {}", failure.kind)),
            Event::Chose { unit, choice, .. } => (place(&run, unit), format!("handler: {}", choosing(choice))),
            Event::Closing { unit, then } => (place(&run, unit), format!("closing, then {}", closing(then))),
            Event::Renewed { unit } => (place(&run, unit), "anew".to_owned()),
            Event::Woke { unit, alarm } => (place(&run, unit), format!("woke: {alarm:?}")),
            Event::Paused { unit, .. } => (place(&run, unit), "waits".to_owned()),
            Event::Decided { outcome } => (String::new(), format!("decided: {}", ending(outcome))),
            Event::Problem(problem) => (problem.place.to_string(), format!("problem: {}", problem.kind)),
            other => {
                let name = format!("{other:?}");
                (String::new(), name.split([' ', '(']).next().unwrap_or_default().to_lowercase())
            }
        });
        let place = if place.is_empty() { "run".to_owned() } else { place };
        lines.push(format!("{seconds:>3} {place}: {what}"));
    }
    lines.join("\n")
}

fn ending(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Failed { failure } => format!("failed, {}", failure.kind),
        other => other.word().to_owned(),
    }
}

fn closing(then: &Then) -> String {
    match then {
        Then::End { outcome } => ending(outcome),
        Then::Discard { outcome } => format!("undone and {}", ending(outcome)),
        Then::Anew { .. } => "anew".to_owned(),
        Then::Raise { failure, .. } => format!("raise {}", failure.kind),
    }
}

fn beginning_of(begin: &Begin) -> String {
    match begin {
        Begin::Act { key, .. } => format!("act under {key}"),
        Begin::Sleep { .. } => "sleep".to_owned(),
        Begin::Listen { .. } => "listen".to_owned(),
        Begin::Body { arm: None, .. } => "body".to_owned(),
        Begin::Body { arm: Some(arm), .. } => format!("arm {arm}"),
        Begin::Loop { .. } => "loop".to_owned(),
        Begin::Race { .. } => "race".to_owned(),
        Begin::Gate { key, .. } => format!("wait for the lock {key}"),
    }
}

fn choosing(choice: &Choice) -> &'static str {
    match choice {
        Choice::Pass => "pass",
        Choice::Notify => "notify",
        Choice::Retry { .. } => "retry",
        Choice::Skip { .. } => "skip",
        Choice::SkipItem => "skip item",
        Choice::Alternate => "alternate",
        Choice::Park => "park",
        Choice::Fail { .. } => "fail",
        Choice::Unsettled => "nobody",
    }
}

/// What a program does, where those calls fail whose `what` is `no`, and those take seconds whose `what` says how many.
fn told(text: &str) -> String {
    let far = r#"connector far "The far side" { native once operation act(what: any?) -> any }"#;
    let package = package(&format!("{far}\n{text}")).unwrap_or_else(|faults| panic!("{faults}"));
    let mut world = Simulator::new(&package, 1, |act, _, _| match act.params.get("what") {
        Some(Value::Int(seconds)) => Fate::done(Value::Unit).after(*seconds),
        Some(Value::Text(text)) if &**text == "no" => Fate::refused(orchestra_flow::base::failure::Kind::Conflict),
        _ => Fate::done(Value::Unit),
    });
    world.accept("w", &Value::Unit);
    world.until_the_end();
    story(world.main())
}

#[test]
fn a_step_that_is_retried() {
    insta::assert_snapshot!(told(r#"workflow w {
        step a = far.act { what: "no", on conflict retry 1 times every 10s, on conflict skip }
    }"#), @r#"
     0 run: started
     0 run: set
     0 a: opened
     0 a: began: act under main:a
     0 a: attempt 1
     0 a: failed: conflict
     0 a: handler: retry
    10 a: woke: Due
    10 a: attempt 2
    10 a: failed: conflict
    10 a: handler: skip
    10 a: closing, then undone and skipped
    10 a: ended: skipped
    10 run: decided: completed
    10 run: rested
    "#);
}

#[test]
fn a_saga_that_fails() {
    insta::assert_snapshot!(told(r#"workflow w {
        step a = far.act { what: 1, undo far.act { what: "undo a" } }
        parallel {
            step b = far.act { what: 5, undo far.act { what: "undo b" } }
            step c = far.act { what: "no" }
        }
        finally { step d = far.act { what: "d" } }
    }"#), @r#"
    0 run: started
    0 run: set
    0 a: opened
    0 a: began: act under main:a
    0 a: attempt 1
    1 a: answered ()
    1 a: ended: completed
    1 run: opened
    1 run: began: body
    1 b: opened
    1 c: opened
    1 b: began: act under main:b
    1 c: began: act under main:c
    1 b: attempt 1
    1 c: attempt 1
    1 c: failed: conflict
    1 c: handler: nobody
    1 c: ended: failed, conflict
    1 run: closing, then undone and failed, conflict
    6 b: answered ()
    6 b: ended: completed
    6 run: ended: cancelled
    6 run: decided: failed, conflict
    6 b/undo: opened
    6 b/undo: began: act under main:b/undo
    6 b/undo: attempt 1
    6 b/undo: answered ()
    6 b/undo: ended: completed
    6 a/undo: opened
    6 a/undo: began: act under main:a/undo
    6 a/undo: attempt 1
    6 a/undo: answered ()
    6 a/undo: ended: completed
    6 finally: opened
    6 finally.d: opened
    6 finally.d: began: act under main:finally.d
    6 finally.d: attempt 1
    6 finally.d: answered ()
    6 finally.d: ended: completed
    6 finally: ended: completed
    6 run: rested
    "#);
}

#[test]
fn a_race() {
    insta::assert_snapshot!(told(r#"workflow w {
        race {
            branch fast { step a = far.act { what: 1 } }
            branch slow { step b = far.act { what: 5, undo far.act { what: "undo b" } } }
        }
    }"#), @r#"
    0 run: started
    0 run: set
    0 race: opened
    0 race: began: race
    0 race.fast: opened
    0 race.slow: opened
    0 race.fast.a: opened
    0 race.slow.b: opened
    0 race.fast.a: began: act under main:race.fast.a
    0 race.slow.b: began: act under main:race.slow.b
    0 race.fast.a: attempt 1
    0 race.slow.b: attempt 1
    1 race.fast.a: answered ()
    1 race.fast.a: ended: completed
    1 race.fast: ended: completed
    1 race.slow: closing, then undone and cancelled
    5 race.slow.b: answered ()
    5 race.slow.b: ended: completed
    5 race.slow.b/undo: opened
    5 race.slow.b/undo: began: act under main:race.slow.b/undo
    5 race.slow.b/undo: attempt 1
    5 race.slow.b/undo: answered ()
    5 race.slow.b/undo: ended: completed
    5 race.slow: ended: cancelled
    5 race: ended: completed
    5 run: decided: completed
    5 run: rested
    "#);
}

#[test]
fn a_block_that_begins_anew() {
    insta::assert_snapshot!(told(r#"workflow w {
        step x = sequence {
            step a = far.act { what: 1, undo far.act { what: "undo a" } }
            step b = far.act { what: "no" }
        } with { on conflict retry 1 times every 30s, on conflict skip }
    }"#), @r#"
     0 run: started
     0 run: set
     0 x: opened
     0 x: began: body
     0 x.a: opened
     0 x.a: began: act under main:x.a
     0 x.a: attempt 1
     1 x.a: answered ()
     1 x.a: ended: completed
     1 x.b: opened
     1 x.b: began: act under main:x.b
     1 x.b: attempt 1
     1 x.b: failed: conflict
     1 x.b: handler: nobody
     1 x.b: ended: failed, conflict
     1 x: closing, then raise conflict
     1 x: raised conflict
     1 x: handler: retry
     1 x: closing, then anew
     1 x.a/undo: opened
     1 x.a/undo: began: act under main:x.a/undo
     1 x.a/undo: attempt 1
     1 x.a/undo: answered ()
     1 x.a/undo: ended: completed
     1 x: waits
    31 x: woke: Due
    31 x~1: anew
    31 x~1: began: body
    31 x~1.a: opened
    31 x~1.a: began: act under main:x~1.a
    31 x~1.a: attempt 1
    32 x~1.a: answered ()
    32 x~1.a: ended: completed
    32 x~1.b: opened
    32 x~1.b: began: act under main:x~1.b
    32 x~1.b: attempt 1
    32 x~1.b: failed: conflict
    32 x~1.b: handler: nobody
    32 x~1.b: ended: failed, conflict
    32 x~1: closing, then raise conflict
    32 x~1: raised conflict
    32 x~1: handler: skip
    32 x~1: closing, then undone and skipped
    32 x~1.a/undo: opened
    32 x~1.a/undo: began: act under main:x~1.a/undo
    32 x~1.a/undo: attempt 1
    32 x~1.a/undo: answered ()
    32 x~1.a/undo: ended: completed
    32 x~1: ended: skipped
    32 run: decided: completed
    32 run: rested
    "#);
}

#[test]
fn a_loop_that_tolerates() {
    insta::assert_snapshot!(told(r#"workflow w {
        for item in [1, 2] tolerate 1 {
            lock "crm" { step a = far.act { what: if item == 1 { "no" } else { 1 } } }
        }
    }"#), @r#"
    0 run: started
    0 run: set
    0 for: opened
    0 for: began: loop
    0 for[0]: opened
    0 for[0]: opened
    0 for[0]: began: wait for the lock crm
    0 for[0]: answered ()
    0 for[0].a: opened
    0 for[0].a: began: act under main:for[0].a
    0 for[0].a: attempt 1
    0 for[0].a: failed: conflict
    0 for[0].a: handler: nobody
    0 for[0].a: ended: failed, conflict
    0 for[0]: closing, then undone and failed, conflict
    0 for[0]: ended: cancelled
    0 for[0]: ended: failed, conflict
    0 for[1]: opened
    0 for[1]: opened
    0 for[1]: began: wait for the lock crm
    0 for[1]: answered ()
    0 for[1].a: opened
    0 for[1].a: began: act under main:for[1].a
    0 for[1].a: attempt 1
    1 for[1].a: answered ()
    1 for[1].a: ended: completed
    1 for[1]: ended: completed
    1 for[1]: ended: completed
    1 for: ended: completed
    1 run: decided: completed
    1 run: rested
    "#);
}
