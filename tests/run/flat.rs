//! The cost of a step does not grow with the run.

use std::time::{Duration, Instant};

use orchestra_flow::base::id::RunId;
use orchestra_flow::base::value::Value;
use orchestra_flow::run::event::UnitId;
use orchestra_flow::run::intake::{self, Options};
use orchestra_flow::run::machine::{self, Action, Command};
use orchestra_flow::run::world::{Outcome, Settings};

use super::simulator::package;

struct NoSettings;

impl Settings for NoSettings {
    fn env(&self, _: &str) -> Option<Value> {
        None
    }
    fn secret(&self, _: &str) -> Option<Value> {
        None
    }
}

/// How long a run takes that goes through `count` items; every call is answered at once.
fn time(body: &str, count: i64) -> Duration {
    let text = format!(
        r#"connector far "The far side" {{
            native keyed operation put(what: any?) -> any
        }}
        workflow w {{ input {{ n: int }}, vars {{ sum = 0, list = [] }}
        {body}
        }}"#
    );
    let package = package(&text).unwrap_or_else(|faults| panic!("{faults}"));
    let plan = package.plans["w"].clone();
    let now = "2026-01-01T09:00:00Z".parse().expect("it is a moment");
    let input = Value::map([("n", Value::Int(count))]);
    let options = Options::default();
    let (mut run, _) = intake::accept(&plan, RunId("main".into()), &input, options, now, &NoSettings)
        .unwrap_or_else(|error| panic!("{error}"));
    let begin = Instant::now();
    let (mut actions, mut waiting): (Vec<Action>, Vec<(UnitId, u32)>) = (Vec::new(), Vec::new());
    while !run.is_at_rest() {
        let more = machine::decide(&plan, &mut run, now, &NoSettings, &mut actions);
        for action in actions.drain(..) {
            if let Action::Perform { unit, attempt, .. } = action {
                waiting.push((unit, attempt));
            }
        }
        assert!(more || !waiting.is_empty() || run.is_at_rest(), "it hangs");
        for (unit, attempt) in std::mem::take(&mut waiting) {
            let command = Command::Answer { unit, attempt, outcome: Outcome::done(Value::Int(1)), by: None };
            machine::tell(&plan, &mut run, now, &NoSettings, command, &mut actions).expect("it waits for the answer");
        }
    }
    assert_eq!(run.status(), "completed");
    begin.elapsed()
}

/// Four times the items may take at most eight times as long: a cost that grows with the run would take sixteen.
fn is_flat(body: &str, count: i64) {
    let best = |count| (0..3).map(|_| time(body, count)).min().unwrap_or_default();
    let (few, many) = (best(count), best(4 * count));
    let ratio = many.as_secs_f64() / few.as_secs_f64();
    println!("{:>9.2?} per item at {count}, {:>9.2?} at {}", few / count as u32, many / (4 * count) as u32, 4 * count);
    assert!(ratio < 8.0, "four times the items take {ratio:.1} times as long: {body}");
}

#[test]
fn loops_are_flat() {
    is_flat("while vars.sum < input.n { set vars.sum += 1 }", 2_000);
    is_flat("for i in 0..input.n { let x = i + 1, set vars.list += x }", 2_000);
    is_flat("for i in 0..input.n { step s = script { i * 2 } }", 2_000);
}

#[test]
fn calls_are_flat() {
    is_flat("for i in 0..input.n { step s = far.put { what: i } }", 1_000);
    is_flat("parallel for i in 0..input.n { step s = far.put { what: i } }", 1_000);
    is_flat("parallel for i in 0..input.n max 10 tolerate 5% { step s = far.put { what: i } }", 1_000);
    is_flat("race for i in 0..input.n { step s = far.put { what: i } }", 1_000);
}

#[test]
fn undos_are_flat() {
    is_flat("for i in 0..input.n { step s = far.put { what: i, undo far.put { what: -i } } }", 1_000);
    is_flat("parallel for i in 0..input.n { step s = far.put { what: i, undo far.put { what: -i } } }", 1_000);
    let given_up = "step x = sequence { parallel for i in 0..input.n { step s = far.put { what: i, undo far.put { what: -i } } }, fail no \"no\" } with { on no skip }";
    is_flat(given_up, 1_000);
}
