//! What keeps a run from ending, said of a test that would go on for ever.

use super::TestFailure;
use crate::base::span::Span;
use crate::base::time::Duration;
use crate::lang::plan::{Kind, Node, Plan};
use crate::run::history::Run;
use crate::run::history::unit::{Task, Unit};

/// How many runs of one test are more than a handful: who starts so many starts them over and over.
const RUNS_MANY: usize = 1_000;

/// What is said of a run that does not end, and where it turns in circles: at the statement that was begun most often of those
/// that are under way. `runs` is how many runs there are in all.
pub fn failure(main: Option<(&Plan, &Run)>, runs: usize, elapsed: Duration, test: Span) -> TestFailure {
    let busiest = main.and_then(|(plan, run)| {
        let counted =
            run.units().filter_map(|unit| Some((count(unit), run.step_name(plan, unit.id), unit.node(plan)?)));
        counted.filter(|(count, ..)| *count > 1).max_by_key(|(count, ..)| *count)
    });
    let passed = format!("{elapsed} have gone by in the test");
    let (span, what, advice) = match busiest {
        _ if runs > RUNS_MANY => (test, format!("{runs} runs have been started"), None),
        Some((count, name, node)) => {
            let (what, advice) = circle(node, &name, count);
            (node.span, what, Some(advice))
        }
        None => {
            return TestFailure { span: test, message: format!("the run does not end: {passed}"), details: Vec::new() };
        }
    };
    let message = format!("the run does not end: {what}, and {passed}");
    TestFailure { span, message, details: advice.into_iter().collect() }
}

/// How often a unit has begun what it does: turns of a loop, attempts of a step over all generations.
fn count(unit: &Unit) -> u64 {
    match &unit.task {
        Task::Loop(turns) => turns.next.into(),
        _ => u64::from(unit.attempts).max(unit.budgets.values().copied().map(u64::from).sum()),
    }
}

/// What goes round, and what would bound it.
fn circle(node: &Node, name: &str, count: u64) -> (String, String) {
    let turns = |word: &str, bounded: &str| {
        (
            format!("`{word}` is in its turn {count}"),
            format!("to bound it, write `{bounded}`; or let what it waits for happen in the test"),
        )
    };
    match &node.kind {
        Kind::While { .. } => turns("while", "while ... max 100 {"),
        Kind::Repeat { .. } => turns("repeat", "repeat ... max 100 {"),
        Kind::For(_) => (format!("`for` is at its item {count}"), "to leave it, write `until ...` in it".to_owned()),
        _ => (
            format!("`{name}` was tried {count} times"),
            "to bound it, write `retry 3 times`; or let a mock succeed: `fails connection_error 2 times then ...`"
                .to_owned(),
        ),
    }
}
