//! `:test`: the tests of a session, in virtual time.

use std::time::Instant;

use super::session::Session;
use crate::base::time::Duration;
use crate::cli::elapsed::elapsed;
use crate::cli::exit::{Exit, Refusal, Stop};
use crate::cli::paper::{Palette, deliver};
use crate::cli::test::told::{failure_text, headline, indented};
use crate::host::rehearse::{Rehearsal, TestFailure, rehearse};

/// Runs the tests whose titles hold `text`.
///
/// # Errors
/// If there is none.
pub fn run(session: &Session, text: &str) -> Result<Exit, Stop> {
    let (program, sheet) = session.program()?;
    let written = sheet.sources(&program.sources);
    let holds = |title: &str| title.to_lowercase().contains(&text.to_lowercase());
    let tests: Vec<_> = program.package.tests.iter().filter(|test| holds(&test.title)).collect();
    if tests.is_empty() {
        let refusal = Refusal::new("the session has no such test");
        return Err(refusal.hint("write one: `test \"what it shows\" for WORKFLOW { ... }`").into());
    }
    let palette = Palette::for_stdout();
    let mut failed = 0;
    for test in tests {
        let began = Instant::now();
        let (package, test) = (program.package.clone(), test.clone());
        let verdict = session.stage.computed(move || rehearse(&package, &test, Rehearsal::default()));
        let Some(verdict) = verdict else { return Ok(session.cancelled()) };
        let took = Duration(i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX));
        let mut told = headline(&verdict.title, verdict.passed(), &elapsed(took), &palette);
        for failure in &verdict.failures {
            let failure = TestFailure { span: written.place(failure.span).unwrap_or(failure.span), ..failure.clone() };
            told.push_str(&indented(&failure_text(&failure, &written.sources, &palette)));
        }
        failed += usize::from(!verdict.passed());
        deliver(&told);
    }
    Ok(if failed == 0 { Exit::Done } else { Exit::Failed })
}
