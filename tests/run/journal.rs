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
    world.to_the_end();
    story(world.main())
}

#[test]
fn a_step_that_is_retried() {
    insta::assert_snapshot!(told(r#"workflow w {
        step a = far.act { what: "no", on conflict retry 1 times every 10s, on conflict skip }
    }"#), @"");
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
    }"#), @"");
}

#[test]
fn a_race() {
    insta::assert_snapshot!(told(r#"workflow w {
        race {
            branch fast { step a = far.act { what: 1 } }
            branch slow { step b = far.act { what: 5, undo far.act { what: "undo b" } } }
        }
    }"#), @"");
}

#[test]
fn a_block_that_begins_anew() {
    insta::assert_snapshot!(told(r#"workflow w {
        step x = sequence {
            step a = far.act { what: 1, undo far.act { what: "undo a" } }
            step b = far.act { what: "no" }
        } with { on conflict retry 1 times every 30s, on conflict skip }
    }"#), @"");
}

#[test]
fn a_loop_that_tolerates() {
    insta::assert_snapshot!(told(r#"workflow w {
        for item in [1, 2] tolerate 1 {
            lock "crm" { step a = far.act { what: if item == 1 { "no" } else { 1 } } }
        }
    }"#), @"");
}
