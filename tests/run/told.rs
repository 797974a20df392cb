//! What runs are told from outside: pause, cancel, kill, decisions about parked steps. Tests name the rules they show.

use orchestra_flow::base::failure::Kind;
use orchestra_flow::base::status::Status;
use orchestra_flow::base::value::Value;
use orchestra_flow::run::event::{Decision, Event};
use orchestra_flow::run::machine::{Command, Refusal, Target};
use orchestra_flow::run::wait::For;
use orchestra_flow::run::world::Act;

use super::simulator::{Call, Chance, Fate, Simulator, main_run, package};

const FAR: &str = r#"
connector far "The far side" {
    native read operation look(what: any?) -> any
    native keyed operation put(what: any?) -> any
    native once operation act(what: any?) -> any
}
"#;

fn program(text: &str) -> orchestra_flow::lang::plan::Package {
    package(&format!("{FAR}\n{text}")).unwrap_or_else(|faults| panic!("{faults}\n{text}"))
}

fn what(act: &Act) -> String {
    act.params.get("what").map(ToString::to_string).unwrap_or_default()
}

fn yes(_: &Act, _: &[Call], _: &mut Chance) -> Fate {
    Fate::done(Value::map([("id", 1)].map(|(name, value)| (name, Value::Int(value)))))
}

fn pause() -> Command {
    Command::Pause { by: "a test".into() }
}

fn resume() -> Command {
    Command::Resume { by: "a test".into() }
}

fn cancel() -> Command {
    Command::Cancel { by: "a test".into() }
}

fn kill() -> Command {
    Command::Kill { by: "a test".into() }
}

/// 33: no new attempt starts while the run is paused; attempts in flight finish and are journaled.
#[test]
fn rule_33_nothing_starts_while_paused() {
    let package = program(r#"workflow w { step a = far.act { what: "a" } step b = far.act { what: "b" } }"#);
    let mut world = Simulator::new(&package, 1, |act, calls, chance| yes(act, calls, chance).after(10));
    world.accept("w", &Value::Unit);
    world.advance(5);
    world.tell_main(pause()).expect("it runs");
    world.advance(100);
    assert_eq!(world.said(), ["a"]);
    assert!(world.main().journal.iter().any(|record| matches!(record.event, Event::Answered { .. })));
    assert_eq!(world.status(), "paused");
    world.tell_main(resume()).expect("it is paused");
    world.until_the_end();
    assert_eq!(world.said(), ["a", "b"]);
    assert_eq!(world.status(), "completed");
}

/// 33: pause goes down to children.
#[test]
fn rule_33_pause_goes_down_to_children() {
    let package =
        program(r#"workflow w { step c = child { } } workflow child { wait 10s, step a = far.act { what: "a" } }"#);
    let mut world = Simulator::new(&package, 1, yes);
    world.accept("w", &Value::Unit);
    world.advance(5);
    world.tell_main(pause()).expect("it runs");
    world.advance(1000);
    assert_eq!(world.said().len(), 0);
    world.tell_main(resume()).expect("it is paused");
    world.until_the_end();
    assert_eq!(world.said(), ["a"]);
    assert_eq!(world.status(), "completed");
}

/// 33: cancel is accepted while paused, and resumes.
#[test]
fn rule_33_cancel_resumes() {
    let package = program(r#"workflow w { step a = far.act { what: "a", undo far.act { what: "undo" } } wait 1h }"#);
    let mut world = Simulator::new(&package, 1, yes);
    world.accept("w", &Value::Unit);
    world.advance(5);
    world.tell_main(pause()).expect("it runs");
    world.advance(5);
    world.tell_main(cancel()).expect("it is paused");
    world.until_the_end();
    assert_eq!(world.status(), "cancelled");
    assert_eq!(world.said(), ["a", "undo"]);
}

/// 31, 33: a second cancel decides nothing, but it resumes what stands still, children too.
#[test]
fn rule_33_a_second_cancel_resumes() {
    let package = program(
        r#"workflow w { step c = child { deadline 10s } }
        workflow child { step a = far.act { what: "a", timeout 60s } }"#,
    );
    let mut world = Simulator::new(&package, 1, |act, calls, chance| yes(act, calls, chance).after(40));
    world.accept("w", &Value::Unit);
    world.advance(20);
    world.tell_main(pause()).expect("it runs");
    world.advance(100);
    world.tell_main(cancel()).expect("it is paused");
    world.until_the_end();
    assert_eq!(world.status(), "cancelled");
    assert!(world.runs.values().all(|actor| actor.run.is_at_rest()));
}

/// 11: paused time counts for no timeout, deadline or pause between attempts, but for waits.
#[test]
fn rule_11_paused_time() {
    let package = program(
        r#"workflow w {
            parallel {
                step d = sequence { wait signal "never" } with { deadline 60s, on timeout skip }
                step r = far.look { what: "r", on conflict retry 1 times every 60s }
                step s = sequence { wait 60s, step t = far.look { what: "t" } }
            }
        }"#,
    );
    let mut world = Simulator::new(&package, 1, |act, calls, _| match what(act).as_str() {
        "r" if calls.is_empty() => Fate::refused(Kind::Conflict),
        _ => Fate::done(Value::Unit),
    });
    world.accept("w", &Value::Unit);
    world.advance(10);
    world.tell_main(pause()).expect("it runs");
    world.advance(10_000);
    world.tell_main(resume()).expect("it is paused");
    let resumed = world.now;
    assert_eq!(world.said(), ["r", "t"], "the wait was over at once");
    world.advance(49);
    assert_eq!(world.said(), ["r", "t"], "of 60 seconds 10 had gone by");
    world.advance(1);
    assert_eq!(world.said(), ["r", "t", "r"]);
    world.until_the_end();
    assert_eq!(world.status(), "completed");
    assert_eq!((world.now.as_second() - resumed.as_second()), 50);
}

/// 33: timers that are due fire on resume in due order.
#[test]
fn rule_33_timers_fire_in_due_order() {
    let package = program(
        r#"workflow w {
            parallel {
                sequence { wait 30s, step b = far.look { what: "b" } }
                sequence { wait 10s, step a = far.look { what: "a" } }
                sequence { wait 20s, step c = far.look { what: "c" } }
            }
        }"#,
    );
    let mut world = Simulator::new(&package, 1, yes);
    world.accept("w", &Value::Unit);
    world.advance(1);
    world.tell_main(pause()).expect("it runs");
    world.advance(100);
    world.tell_main(resume()).expect("it is paused");
    assert_eq!(world.said(), ["a", "c", "b"]);
}

/// 31: a queued run that is cancelled runs no bodies.
#[test]
fn rule_31_cancelled_before_it_began() {
    let package =
        program(r#"workflow w { step a = far.act { what: "a" } finally { step f = far.act { what: "f" } } }"#);
    let mut world = Simulator::new(&package, 1, yes);
    world.accept("w", &Value::Unit);
    world.tell_main(cancel()).expect("it is queued");
    world.until_the_end();
    assert_eq!(world.status(), "cancelled");
    assert_eq!(world.said().len(), 0);
}

/// 32: nothing is awaited and no bodies run; what was in flight is in doubt, problems list what was not undone.
#[test]
fn rule_32_kill() {
    let package = program(
        r#"workflow w {
            lock "crm" {
                step a = far.act { what: "a", undo far.act { what: "undo" } }
                step b = far.act { what: "b" }
            }
            finally { step f = far.act { what: "f" } }
        }
        workflow next { lock "crm" { step c = far.act { what: "c" } } }
        workflow both { step x = start w { }, wait 1s, step y = next { } }"#,
    );
    let mut world = Simulator::new(&package, 1, |act, calls, chance| match what(act).as_str() {
        "b" => Fate::never(true),
        _ => yes(act, calls, chance),
    });
    world.accept("both", &Value::Unit);
    world.advance(5);
    assert_eq!(world.said(), ["a", "b"]);
    let started = world.runs.keys().find(|id| id.0.contains(":x")).expect("it was started").clone();
    world.tell(&started, kill()).expect("it runs");
    world.settle();
    let killed = &world.runs[&started].run;
    assert_eq!(killed.status(), Status::Cancelled);
    let mut problems: Vec<_> = killed.problems.iter().map(|problem| &*problem.kind).collect();
    problems.sort_unstable();
    assert_eq!(problems, ["in_doubt", "not_undone"]);
    world.until_the_end();
    assert_eq!(world.said(), ["a", "b", "c"], "the lock is free, and no body of the killed run ran (68)");
}

/// 62: a signal to a run that rests is refused.
#[test]
fn rule_62_signal_to_a_resting_run() {
    let package = program(r#"workflow w { step a = far.act { what: "a" } }"#);
    let mut world = Simulator::new(&package, 1, yes);
    world.accept("w", &Value::Unit);
    world.until_the_end();
    let said = world.tell_main(Command::Signal { name: "go".into(), payload: Value::Unit });
    assert_eq!(said, Err(Refusal::AtRest));
}

/// 63: only the first answer counts.
#[test]
fn rule_63_later_answers_are_refused() {
    let package = program(r#"workflow w { step q: string = ask role "boss" { question: "?" }, wait 1h, output q }"#);
    let mut world = Simulator::new(&package, 1, yes);
    world.answers = false;
    world.accept("w", &Value::Unit);
    world.advance(5);
    let (run, unit, attempt, _) = world.questions[0].clone();
    let answer = |text: &str| Command::Answer {
        unit,
        attempt,
        outcome: orchestra_flow::run::world::Outcome::done(text.into()),
        by: Some("boss".into()),
    };
    assert_eq!(world.tell(&run, answer("first")), Ok(()));
    assert_eq!(world.tell(&run, answer("second")), Err(Refusal::NotWaiting));
    world.until_the_end();
    assert_eq!(world.main().run.outcome.as_ref().map(|outcome| outcome.output()), Some("first".into()));
}

/// 60: an event that a unit does not take leaves nothing in the journal of its run; one that it takes leaves it once.
#[test]
fn rule_60_only_what_is_taken_is_recorded() {
    let package =
        program(r#"workflow w { step e = wait event "tick" { where event.n == 3, timeout 1h }, output e.n }"#);
    let mut world = Simulator::new(&package, 1, yes);
    world.accept("w", &Value::Unit);
    world.advance(5);
    let before = world.main().journal.len();
    let tick =
        |mark: u64, n: i64| Command::Event { mark, topic: "tick".into(), payload: Value::map([("n", Value::Int(n))]) };
    for mark in 1..50 {
        world.tell_main(tick(mark, 2)).expect("it runs");
    }
    assert_eq!(world.main().journal.len(), before);
    world.tell_main(tick(50, 3)).expect("it waits");
    assert_eq!(world.main().run.arrivals.len(), 1);
    assert_eq!(world.status(), "completed");
}

fn parked() -> orchestra_flow::lang::plan::Package {
    program(
        r#"workflow w {
            step a = far.act { what: "a", undo far.act { what: "undo a" } }
            step b = far.act { what: "b", on conflict park }
            step c = far.act { what: "c" }
            output b
        }"#,
    )
}

fn conflict_at_b(act: &Act, calls: &[Call], chance: &mut Chance) -> Fate {
    match what(act).as_str() {
        "b" => Fate::refused(Kind::Conflict),
        _ => yes(act, calls, chance),
    }
}

fn park<'a>(package: &'a orchestra_flow::lang::plan::Package, decision: Decision) -> Simulator<'a> {
    let mut world = Simulator::new(package, 1, conflict_at_b);
    world.accept("w", &Value::Unit);
    world.advance(1_000_000);
    assert_eq!(world.status(), "parked");
    assert_eq!(world.said(), ["a", "b"], "nothing is undone while it waits");
    let unit = world.main().run.units().find(|unit| unit.is_parked()).expect("a step is parked").id;
    world
        .tell_main(Command::Unpark { step: Target::Unit(unit), by: "a person".into(), decision })
        .expect("it is parked");
    world.until_the_end();
    world
}

/// 44, 45: a parked step is retried by a person, with edited parameters and under a new key.
#[test]
fn rule_44_park_retry() {
    let package = parked();
    let params = Some(Value::map([("what", Value::from("edited"))]));
    let world = park(&package, Decision::Retry { params });
    assert_eq!(world.status(), "completed");
    assert_eq!(world.said(), ["a", "b", "edited", "c"]);
    assert_eq!(&*world.calls[1].key, "main:b");
    assert_eq!(&*world.calls[2].key, "main:b~1");
}

/// 44: it is skipped by a person.
#[test]
fn rule_44_park_skip() {
    let package = parked();
    let world = park(&package, Decision::Skip { value: 7.into() });
    assert_eq!(world.status(), "completed");
    assert_eq!(world.said(), ["a", "b", "c"]);
    assert_eq!(world.main().run.outcome.as_ref().map(|outcome| outcome.output()), Some(7.into()));
}

/// 44: it is let fail by a person; only then the undos run.
#[test]
fn rule_44_park_fail() {
    let package = parked();
    let world = park(&package, Decision::Fail);
    assert_eq!(world.status(), "failed");
    assert_eq!(world.said(), ["a", "b", "undo a"]);
}

/// 44: a body at the end of a run may be parked as well; whoever decides finds it among what waits for that.
#[test]
fn rule_44_park_at_the_end() {
    let package = program("workflow w {\n on conflict park\n on success { fail conflict \"late\" }\n }");
    let decisions =
        [(Decision::Skip { value: Value::Unit }, 0), (Decision::Fail, 1), (Decision::Retry { params: None }, 0)];
    for (decision, problems) in decisions {
        let mut world = Simulator::new(&package, 0, yes);
        world.accept("w", &Value::Unit);
        world.until_the_end();
        assert_eq!(world.status(), "parked");
        let main = world.main();
        let waits = main.run.waits(&main.plan);
        let [(unit, wait)] = waits.as_slice() else { panic!("{waits:?}") };
        assert_eq!((wait.kind, &*wait.name), (For::Decision, "success"));
        let retries = matches!(decision, Decision::Retry { .. });
        let step = Target::Unit(*unit);
        world.tell_main(Command::Unpark { step, by: "a person".into(), decision }).expect("it is parked");
        assert_eq!(world.status(), if retries { "parked" } else { "completed" });
        assert_eq!(world.main().run.problems.len(), problems);
    }
}

/// 45: a `keyed` step in doubt keeps its key when it is decided anew with the same parameters.
#[test]
fn rule_45_keyed_in_doubt_keeps_its_key() {
    let package = program(
        r#"workflow w {
            step x = sequence {
                step a = far.put { what: "a" }
                step b = far.put { what: "b" }
            } with { on error retry 1 times every 1s }
        }"#,
    );
    let mut world = Simulator::new(&package, 1, |act, calls, chance| match what(act).as_str() {
        "b" if calls.len() == 1 => Fate::lost(Kind::ConnectionError, true),
        _ => yes(act, calls, chance),
    });
    world.accept("w", &Value::Unit);
    world.until_the_end();
    let keys: Vec<_> = world.calls.iter().map(|call| &*call.key).collect();
    assert_eq!(keys, ["main:x.a", "main:x.b", "main:x~1.a", "main:x.b"]);
    assert_eq!(world.status(), "completed");
}

/// 7, 45: all attempts of one generation have the same parameters and the same key.
#[test]
fn rule_7_attempts_share_params_and_key() {
    let package = program(r#"workflow w { step a = far.put { what: uuid(), on error retry 3 times every 1s } }"#);
    let mut world = Simulator::new(&package, 1, |act, calls, chance| match calls.len() {
        ..3 => Fate::lost(Kind::ConnectionError, false),
        _ => yes(act, calls, chance),
    });
    world.accept("w", &Value::Unit);
    world.until_the_end();
    assert_eq!(world.calls.len(), 4);
    assert!(world.calls.iter().all(|call| call.key == world.calls[0].key && call.params == world.calls[0].params));
}

/// 30: an attempt in flight that is not a read is allowed its timeout, and its outcome is journaled before the undos.
#[test]
fn rule_30_once_in_flight_is_awaited() {
    let package =
        program(r#"workflow w { step a = far.act { what: "a", timeout 30s, undo far.act { what: "undo a" } } }"#);
    let mut world = Simulator::new(&package, 1, |act, calls, chance| match what(act).as_str() {
        "a" => Fate::never(true),
        _ => yes(act, calls, chance),
    });
    world.accept("w", &Value::Unit);
    world.advance(5);
    world.tell_main(cancel()).expect("it runs");
    world.advance(20);
    assert_eq!(world.said(), ["a"], "it is awaited");
    world.until_the_end();
    assert_eq!(world.status(), "cancelled");
    assert_eq!(world.said(), ["a", "undo a"], "its end is a doubt, and the undo needs no output");
    assert_eq!(main_run().0.len(), 4);
}
