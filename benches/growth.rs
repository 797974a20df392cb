//! The cost of a step does not grow with the run: the machine alone, every call answered at once.
//!
//! `cargo bench --bench growth` prints what four times the items cost beside once. Flat is 4; a cost that grows with the
//! run would be 16.

use std::time::{Duration, Instant};

use orchestra_flow::base::id::RunId;
use orchestra_flow::base::value::Value;
use orchestra_flow::lang::{self, NoFiles};
use orchestra_flow::run::event::UnitId;
use orchestra_flow::run::intake::{self, Options, WayIn};
use orchestra_flow::run::machine::{self, Action, Command};
use orchestra_flow::run::world::{Outcome, Settings};

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
    let compilation = lang::compile("growth.flow", &text, &NoFiles);
    let package = compilation.package.unwrap_or_else(|| panic!("{:?}", compilation.diagnostics));
    let plan = package.plans["w"].clone();
    let now = "2026-01-01T09:00:00Z".parse().expect("it is a moment");
    let input = Value::map([("n", Value::Int(count))]);
    let (mut run, _) = intake::accept(&plan, RunId("main".into()), input, Options::default(), WayIn::default(), now);
    let begin = Instant::now();
    let (mut actions, mut waiting): (Vec<Action>, Vec<(UnitId, u32)>) = (Vec::new(), Vec::new());
    while !run.is_at_rest() {
        let more = machine::decide(&plan, &mut run, (now, false), &NoSettings, &mut actions);
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
    assert_eq!(run.status().word(), "completed");
    begin.elapsed()
}

/// Each body goes through its items, which are `count` at first.
const BODIES: [(&str, i64); 10] = [
    ("while vars.sum < input.n { set vars.sum += 1 }", 2_000),
    ("for i in 0..input.n { let x = i + 1, set vars.list += x }", 2_000),
    ("for i in 0..input.n { step s = script { i * 2 } }", 2_000),
    ("for i in 0..input.n { step s = far.put { what: i } }", 1_000),
    ("parallel for i in 0..input.n { step s = far.put { what: i } }", 1_000),
    ("parallel for i in 0..input.n max 10 tolerate 5% { step s = far.put { what: i } }", 1_000),
    ("race for i in 0..input.n { step s = far.put { what: i } }", 1_000),
    ("for i in 0..input.n { step s = far.put { what: i, undo far.put { what: -i } } }", 1_000),
    ("parallel for i in 0..input.n { step s = far.put { what: i, undo far.put { what: -i } } }", 1_000),
    (
        "step x = sequence { parallel for i in 0..input.n { step s = far.put { what: i, undo far.put { what: -i } } }, \
         fail no \"no\" } with { on no skip }",
        1_000,
    ),
];

fn main() {
    println!("| a run that goes through n items | n | each | four times the items take |");
    println!("|---|---|---|---|");
    for (body, count) in BODIES {
        let best = |count| (0..3).map(|_| time(body, count)).min().unwrap_or_default();
        let (few, many) = (best(count), best(4 * count));
        let ratio = many.as_secs_f64() / few.as_secs_f64();
        let each = few.as_secs_f64() / count as f64 * 1e6;
        println!("| `{}` | {count} | {each:.1} us | {ratio:.1} times as long |", body.replace('|', "\\|"));
    }
}
