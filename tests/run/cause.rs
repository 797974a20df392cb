//! Why a step stands as it does: accounts of runs at work, failed, waiting and over.

use orchestra_flow::base::failure::Kind;
use orchestra_flow::base::value::Value;
use orchestra_flow::run::cause::{Account, NoSuchStep, account};
use orchestra_flow::run::world::Act;

use super::simulator::{Call, Chance, Fate, Simulator, package};

const FAR: &str = r#"
connector far "The far side" {
    native read operation look(what: any?) -> any
    native once operation act(what: any?) -> any
}
"#;

/// Answers at once; `broken` is refused by the far side, for good.
fn far(act: &Act, _: &[Call], _: &mut Chance) -> Fate {
    match act.params.get("what").and_then(Value::as_text) {
        Some("broken") => Fate::refused(Kind::ServerError),
        Some("slow") => Fate::done(Value::Unit).after(3_600),
        _ => Fate::done(Value::Unit),
    }
}

/// What is told of `step` after so many secondseconds.
fn told(program: &str, seconds: i64, step: &str) -> Result<Account, NoSuchStep> {
    let package = package(&format!("{FAR}\n{program}")).unwrap_or_else(|faults| panic!("{faults}\n{program}"));
    let mut world = Simulator::new(&package, 1, far);
    world.accept("w", &Value::Unit);
    world.advance(seconds);
    account(&package.plans["w"], &world.main().journal, step)
}

fn causes(account: &Account) -> Vec<&str> {
    account.causes.iter().map(|cause| &*cause.text).collect()
}

#[test]
fn a_failed_step_tells_each_attempt_and_what_its_handlers_said() {
    let program = r#"workflow w {
        step first = far.look { }
        step ship = far.look { what: "broken", on server_error retry 1 times every 5s }
    }"#;
    let ship = told(program, 60, "ship").expect("it is there");
    assert_eq!(ship.status, "failed");
    let told = causes(&ship);
    assert_eq!(told[0], "its turn had come: `first` had ended");
    assert!(told[1].starts_with("its parameters were computed; its key is `"), "{told:?}");
    assert!(told[2].starts_with("attempt 1 began"), "{told:?}");
    assert_eq!(told[3], "attempt 1 failed: server_error: refused");
    assert!(told[4].starts_with("`on server_error retry 1 times every 5s`: again at "), "{told:?}");
    assert!(told.contains(&"attempt 2 failed: server_error: refused"), "{told:?}");
    assert!(told.contains(&"no handler settled the error"), "{told:?}");
    assert_eq!(told.last(), Some(&"it failed: server_error: refused"));
    assert!(ship.causes.windows(2).all(|pair| pair[0].event < pair[1].event), "{ship:?}");
}

#[test]
fn what_waits_says_exactly_for_what() {
    let wait = |statement: &str| {
        let program = format!("workflow w {{ {statement} }}");
        let account = told(&program, 1, "it").expect("it is there");
        assert_eq!(account.status, "waiting", "{statement}: {account:?}");
        assert_eq!(account.waits.len(), 1, "{account:?}");
        account.waits[0].clone()
    };
    assert_eq!(wait(r#"step it = wait signal "go""#), "the signal \"go\" is to come");
    assert_eq!(
        wait(r#"step it = wait event "paid" { where event.order == 7 }"#),
        "an event \"paid\" with `event.order == 7` is to come"
    );
    assert!(wait("step it = wait 3d").ends_with(" is to come"));
    assert!(wait(r#"step it = far.look { what: "slow" }"#).starts_with("attempt 1 of far.look is under way, until "));
    assert_eq!(
        wait(r#"step it = far.act { what: "broken", on error park }"#),
        "a person is to retry, skip or fail it (server_error: refused)"
    );
    assert_eq!(
        wait(r#"step it = sequence { step inner = wait signal "go" }"#),
        "`it.inner`: the signal \"go\" is to come"
    );
}

#[test]
fn a_step_in_a_loop_is_found_by_its_place_and_by_its_name() {
    let program = r#"workflow w {
        step each = for what in ["a", "b", "c"] { step seen = far.look { what } }
    }"#;
    let last = told(program, 1, "seen").expect("it is there");
    assert_eq!((last.place.as_str(), last.others), ("each[2].seen", 2));
    let second = told(program, 1, "each[1].seen").expect("it is there");
    assert_eq!((second.place.as_str(), second.others), ("each[1].seen", 0));
    assert_eq!(second.status, "completed");
}

#[test]
fn a_step_that_has_not_begun_says_what_stands_before_it() {
    let program = r#"workflow w {
        parallel {
            step first = wait signal "go"
            step second = far.look { what: first }
        }
        step last = far.look { }
    }"#;
    let second = told(program, 1, "second").expect("it is there");
    assert_eq!((second.status, second.waits.len()), ("not begun", 1));
    assert_eq!(second.waits[0], "`first`: the signal \"go\" is to come");
    let last = told(program, 1, "last").expect("it is there");
    assert_eq!(last.waits, ["`first`: the signal \"go\" is to come"]);
}

#[test]
fn a_step_after_the_end_and_one_that_never_was() {
    let failed = r#"workflow w {
        fail conflict "no" when run.id != ""
        step later = far.look { }
    }"#;
    let later = told(failed, 1, "later").expect("it is in the plan");
    assert_eq!(later.waits, ["the run came to rest (failed) before its turn had come"]);
    let unknown = told(failed, 1, "latr").expect_err("there is none");
    assert_eq!(unknown.to_string(), "the run has no step `latr`; did you mean `later`?");
}
