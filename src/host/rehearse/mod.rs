//! The rehearsed world of `flow test`: the real engine in virtual time, with mocks for everything outside.
//!
//! In: a package and one of its tests. Out: a verdict. Never: real time, real connectors, threads; the same seed gives
//! the same bytes.

/// What of programs their tests reach.
pub mod coverage;
/// A test in which the process ends at each record in turn.
pub mod crash;
mod endless;
mod expect;
mod ledger;
/// Mocks: who answers in place of operations, workflows and people, and what.
pub(super) mod mocks;
mod outside;
/// A runtime of one thread that says when nothing is left to do.
pub mod quiet;
mod stage;
/// `steps` in tests: the records of all steps by name, wherever they stand.
pub(super) mod steps;

use std::sync::Arc;

use crate::base::failure::Failure;
use crate::base::span::Span;
use crate::base::status::Status;
use crate::base::time::{Duration, Timestamp};
use crate::base::value::Value;
use crate::lang::plan::test::{Act, Test};
use crate::lang::plan::{Formula, Package, Plan, Roots, trigger};
use crate::run::event::Record;
use crate::run::intake::{self, Options, StartError};
use crate::run::machine::Command;
use crate::run::world::Clock as _;
pub(super) use outside::TestSettings;
use outside::{Effects, Outside};
use stage::{Crash, Stage};

/// When tests begin that do not say when.
const BEGINNING: &str = "2026-01-01T09:00:00Z";

/// How a test is rehearsed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rehearsal {
    /// With a seed, what happens at the same moment happens in another order.
    pub seed: Option<u64>,
}

/// What came of a rehearsal.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// What the test shows.
    pub title: Arc<str>,
    /// Where it is written.
    pub span: Span,
    /// What was not as expected; nothing, if it passed.
    pub failures: Vec<TestFailure>,
    /// How much time went by in the test.
    pub elapsed: Duration,
    /// The journal of its run.
    pub journal: Vec<Record>,
    /// The other runs that came of it, in the order in which they began.
    pub others: Vec<Other>,
    /// What went out of all of them, in order: calls of operations and of mocked workflows, questions, events, answers to callers.
    pub sent: Vec<Sent>,
}

/// Something that went out.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// What and whereto, as programs write it: `slack.post_message`, `emit "order.paid"`, `reply 202`.
    pub what: Arc<str>,
    /// With what.
    pub with: Value,
}

impl Sent {
    fn new(what: impl Into<Arc<str>>, with: &Value) -> Self {
        Self { what: what.into(), with: with.without_absent() }
    }
}

/// A run that came of a tested one.
#[derive(Clone, Debug)]
pub struct Other {
    /// Its workflow.
    pub workflow: Arc<str>,
    /// Its journal.
    pub journal: Vec<Record>,
}

impl Verdict {
    /// Whether everything was as expected.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// Something that was not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestFailure {
    /// Which line of the test.
    pub span: Span,
    /// What is wrong, in one line.
    pub message: String,
    /// What was found, line by line.
    pub details: Vec<String>,
}

impl TestFailure {
    /// A failure of what the test itself computes, where it says so, else at `span`.
    fn of(failure: &Failure, span: Span) -> Self {
        Self { span: failure.span.unwrap_or(span), message: failure.message.to_string(), details: Vec::new() }
    }
}

/// Rehearses one test.
pub fn rehearse(package: &Arc<Package>, test: &Arc<Test>, rehearsal: Rehearsal) -> Verdict {
    perform(package, test, rehearsal, None).verdict
}

/// A rehearsal, with what was seen of it beside the test's own expectations.
struct Performance {
    verdict: Verdict,
    /// How many times something was written by the process that began it.
    written: u64,
    /// How that process ended, if it was made to.
    crash: Option<Crash>,
    /// What was called that changes something outside, with the keys.
    effects: Effects,
    /// The state the run was in when the test was over.
    status: Status,
}

/// Rehearses one test, in a process that ends when it is about to write for the time after so many, if ever.
fn perform(package: &Arc<Package>, test: &Arc<Test>, rehearsal: Rehearsal, ends_after: Option<u64>) -> Performance {
    let at = test.at.or_else(|| BEGINNING.parse().ok()).unwrap_or(Timestamp::UNIX_EPOCH);
    let outside = Arc::new(Outside::new(package.clone(), test.clone(), rehearsal.seed, at));
    let mut failures = Vec::new();
    let start = start(&outside, package, test);
    let stage = start.and_then(|start| {
        Stage::begin(package, test, outside.clone(), start, ends_after).map_err(|error| not_started(test, &error))
    });
    let (mut written, mut crash) = (0, None);
    let enacted = stage.and_then(|mut stage| {
        let enacted = enact(&mut stage, package, test, &mut failures);
        (written, crash) = (stage.written(), stage.take_crash());
        enacted
    });
    failures.extend(enacted.err());
    failures.splice(0..0, outside.take_faults());
    if let Some(first) = failures.first_mut() {
        first.details.extend(outside.unanswered());
    }
    let status = outside.main(|_, run, _| run.status()).unwrap_or(Status::Queued);
    let (journal, others) = outside.take_journals();
    Performance {
        written,
        crash,
        effects: outside.effects(),
        status,
        verdict: Verdict {
            title: test.title.clone(),
            span: test.span,
            failures,
            elapsed: Duration::between(at, outside.clock().now()),
            journal,
            others,
            sent: outside.take_sent(),
        },
    }
}

/// What the tested run is started with.
fn start(outside: &Outside, package: &Package, test: &Test) -> Result<(Value, Options), TestFailure> {
    let part = |formula: &Option<Formula>| match formula {
        None => Ok(Value::Unit),
        Some(formula) => evaluate(formula, package, &outside.plain_names(), test.span),
    };
    let trigger = part(&test.trigger)?.received();
    let input = match (&test.input, package.plans.get(&test.workflow)) {
        (None, Some(plan)) if test.trigger.is_some() => {
            triggered(package, plan, test, &trigger, &outside.plain_names())?
        }
        _ => part(&test.input)?,
    };
    let state = test.state.as_ref().map(|_| part(&test.state)).transpose()?;
    Ok((input, Options { trigger, state, ..Options::default() }))
}

/// Lets the test happen, line by line. Expectations that are not met are collected; what makes it senseless to go on is
/// returned.
fn enact(
    stage: &mut Stage,
    package: &Package,
    test: &Test,
    failures: &mut Vec<TestFailure>,
) -> Result<(), TestFailure> {
    stage.settle();
    let last = test.acts.iter().rposition(|act| !matches!(act, Act::Expect(_)));
    let by_hand = last.is_some_and(|last| matches!(test.acts[last], Act::Advance(..)));
    let mut ended = false;
    for (index, act) in test.acts.iter().enumerate() {
        match act {
            Act::Advance(duration, _) => stage.advance(*duration),
            Act::Signal { name, payload, span } => {
                let payload = evaluate(payload, package, &stage.plain_names(), *span)?;
                stage.tell(&Command::Signal { name: name.clone(), payload });
            }
            Act::Event { topic, payload, span } => {
                let payload = evaluate(payload, package, &stage.plain_names(), *span)?;
                stage.publish(topic, &payload);
            }
            Act::Cancel(_) => stage.tell(&Command::Cancel { by: "the test".into() }),
            Act::Expect(script) => {
                // Behind the last thing that happens, the run is seen to its end; but whoever moves the clock by hand
                // wants to see it as it stands then.
                if !ended && !by_hand && last.is_none_or(|last| index > last) {
                    ended = true;
                    stage.until_the_end();
                }
                failures.extend(expect::check(stage, package, script));
            }
        }
        stage.settle();
    }
    if !ended && !by_hand {
        stage.until_the_end();
    }
    Ok(())
}

/// The input that the workflow's trigger makes of what happened: by its `input:`, else the body. Where several triggers
/// could be meant, the first whose type the test names, else the first.
fn triggered(
    package: &Package,
    plan: &Plan,
    test: &Test,
    trigger: &Value,
    others: &dyn Roots,
) -> Result<Value, TestFailure> {
    let kind = trigger.get("type").and_then(Value::as_text);
    let meant = plan.triggers.iter().find(|declared| kind.is_some_and(|kind| kind == declared.kind.word()));
    let Some(declared) = meant.or(plan.triggers.first()) else {
        return Ok(trigger.get("body").cloned().unwrap_or_default());
    };
    let trigger = &as_declared(package, test, &declared.kind, trigger)?;
    let taken = intake::taken(plan, declared, trigger, others);
    taken.map_err(|failure| TestFailure::of(&failure, plan.span))?.ok_or_else(|| {
        let message = "the `where` of the trigger is not true of what the test brings: no run starts".to_owned();
        TestFailure { span: declared.span, message, details: Vec::new() }
    })
}

/// The item of a test as the connector declares it, which its trigger would bring.
fn as_declared(package: &Package, test: &Test, kind: &trigger::Kind, item: &Value) -> Result<Value, TestFailure> {
    let trigger::Kind::Connector { connector, name, .. } = kind else { return Ok(item.clone()) };
    let declared = package.connectors.get(connector).map(|connector| connector.sources.iter());
    let source = declared.into_iter().flatten().find(|source| source.name == *name);
    let (Some(source), Some(map)) = (source, item.as_map()) else { return Ok(item.clone()) };
    let body = map.get("body").cloned().unwrap_or_default();
    let body = source.item_shape.check_answer(&body).map_err(|misfits| TestFailure {
        span: test.span,
        message: format!("the `body` of the test's trigger is no item of `{connector}.{name}`"),
        details: misfits.iter().map(ToString::to_string).collect(),
    })?;
    let mut typed = map.clone();
    typed.insert("body".into(), body);
    Ok(typed.into())
}

fn evaluate(formula: &Formula, package: &Package, names: &dyn Roots, span: Span) -> Result<Value, TestFailure> {
    formula.evaluate(package.functions.library(), names).map_err(|failure| TestFailure::of(&failure, span))
}

fn not_started(test: &Test, error: &StartError) -> TestFailure {
    let details = match error {
        StartError::Input(misfits) => misfits.iter().map(ToString::to_string).collect(),
        StartError::UnknownWorkflow(_)
        | StartError::UnknownTrigger(..)
        | StartError::Item(_)
        | StartError::Claim(_)
        | StartError::Store(_)
        | StartError::Depth => Vec::new(),
    };
    let message = match error {
        StartError::Input(_) => "the input of the test does not fit the workflow".to_owned(),
        other => other.to_string(),
    };
    TestFailure { span: test.span, message, details }
}
