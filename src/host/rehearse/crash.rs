//! A test in which the process ends at each record in turn: what came of it must be the same every time.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::outside::Effects;
use super::{Performance, Rehearsal, TestFailure, perform};
use crate::lang::plan::Package;
use crate::lang::plan::test::Test;

/// How many crashes one test is put through where nothing else is said.
pub const CRASHES_MAX: u64 = 500;

/// What became of a test whose process ended at each record in turn.
#[derive(Clone, Debug, Default)]
pub struct Crashes {
    /// How often the process was ended.
    pub tried: u64,
    /// Where something was not as without the crash.
    pub broken: Vec<Broken>,
    /// By operation: how often it may not be repeated and was under way.
    pub doubts: BTreeMap<Arc<str>, Doubt>,
}

/// A crash after which something was not as it should be.
#[derive(Clone, Debug)]
pub struct Broken {
    /// After which record the process ended.
    pub after: String,
    /// What was not as expected.
    pub failures: Vec<TestFailure>,
}

/// An operation that may not be repeated and was under way when the process ended: whether it has happened, nobody knows
/// (semantics 49).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doubt {
    /// After so many crashes.
    pub crashes: u64,
    /// After so many of them everything was as expected all the same: the program deals with it.
    pub handled: u64,
    /// After so many of them the program called it once more, under the same key: then it may have happened twice.
    pub again: u64,
}

/// Rehearses a test again and again, in a process that ends each time it is about to write something, in turn; of a journal
/// with more places than `most`, so many are tried, evenly spread. The test itself must pass.
pub fn crash_everywhere(package: &Arc<Package>, test: &Arc<Test>, rehearsal: Rehearsal, most: u64) -> Crashes {
    let whole = perform(package, test, rehearsal, None);
    let mut crashes = Crashes::default();
    let step = whole.written.div_ceil(most.max(1)).max(1);
    for written in (1..=whole.written).step_by(usize::try_from(step).unwrap_or(usize::MAX)) {
        let mut crashed = perform(package, test, rehearsal, Some(written));
        let Some(crash) = crashed.crash.take() else { continue };
        crashes.tried += 1;
        if crash.doubts.is_empty() {
            let failures = differences(&whole, &crashed, test, crash.late);
            if !failures.is_empty() {
                crashes.broken.push(Broken { after: crash.after, failures });
            }
        } else {
            let handled = u64::from(crashed.verdict.passed());
            for operation in crash.doubts {
                let again = u64::from(is_repeated(&operation, &whole.effects, &crashed.effects));
                let doubt = crashes.doubts.entry(operation).or_default();
                *doubt =
                    Doubt { crashes: doubt.crashes + 1, handled: doubt.handled + handled, again: doubt.again + again };
            }
        }
    }
    crashes
}

/// Whether `operation` was called more often under some key than without the crash.
fn is_repeated(operation: &str, whole: &Effects, crashed: &Effects) -> bool {
    let own = crashed.iter().filter(|((name, _), _)| **name == *operation);
    own.into_iter().any(|(call, times)| whole.get(call).is_some_and(|without| times > without))
}

/// What is not as it was without the crash. A call that is answered too late runs into its timeout once more when it is asked
/// again: then the times are others, and only how the run ended and what it called is compared.
fn differences(whole: &Performance, crashed: &Performance, test: &Test, late: bool) -> Vec<TestFailure> {
    let mut failures = if late { Vec::new() } else { crashed.verdict.failures.clone() };
    let mut said = |message: String, details: Vec<String>| {
        failures.push(TestFailure { span: test.span, message, details });
    };
    if whole.status != crashed.status {
        said(format!("without the crash the run was {}, and now it is {}", whole.status, crashed.status), Vec::new());
    }
    let calls = |here: &Effects, there: &Effects| -> Vec<String> {
        let missing = here.keys().filter(|call| !there.contains_key(*call));
        missing.map(|(name, key)| format!("{name} under the key {key}")).collect()
    };
    let (lost, more) = (calls(&whole.effects, &crashed.effects), calls(&crashed.effects, &whole.effects));
    if !lost.is_empty() {
        said("called without the crash, and not called with it".to_owned(), lost);
    }
    if !more.is_empty() {
        said("called with the crash, and not called without it".to_owned(), more);
    }
    failures
}
