//! `flow test FILE...`: the tests of programs, in virtual time.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use serde_json::{Value as Json, json};

use super::check::Format;
use super::elapsed::elapsed;
use super::exit::{Exit, Refusal, Stop};
use super::face::plain;
use super::paper::{Palette, colour_on_stdout, deliver, say, styled};
use super::program::load;
use super::tree::Tree;
use crate::base::report;
use crate::base::secret::Mask;
use crate::base::span::Sources;
use crate::base::time::Duration;
use crate::host::Program;
use crate::host::rehearse::crash::{Broken, CRASHES_MAX, Crashes, Doubt, crash_everywhere};
use crate::host::rehearse::{Rehearsal, TestFailure, Verdict, rehearse};
use crate::lang::plan::test::Test as Written;

/// Run the tests that programs declare.
///
/// A test runs its workflow on the real machine, with mocks for everything outside and a clock of its own: a wait of three days
/// takes no time. Ends with 0 if every test passed, with 1 if one failed, with 2 if a program
/// cannot run; the others are tested all the same.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  flow test scripts/*.flow
  flow test --filter retried scripts/customer_onboarding.flow
  flow test --seed 7 scripts/travel_booking.flow
  flow test --crash-everywhere scripts/order_fulfilment.flow")]
pub struct Test {
    /// The programs.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Runs what happens at the same moment in another order; the same seed gives the same order.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Runs each test again and again, with the engine killed after each record of the journal in turn: the same must come of
    /// it every time.
    #[arg(long)]
    crash_everywhere: bool,
    /// Runs only tests whose title holds this text, whatever the case.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Shows the journal of each run that failed; twice, of every run.
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,
    /// For people, or one JSON object for tools.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How many crashes are shown of a test that they break.
const CRASHES_SHOWN: usize = 3;

/// How many passed and failed.
#[derive(Default)]
struct Count {
    passed: usize,
    failed: usize,
}

impl Test {
    /// Runs the tests in the order they are written.
    ///
    /// # Errors
    /// If there is nothing to test.
    pub fn run(&self) -> Result<Exit, Stop> {
        // What is wrong with a program is said on stderr; the others are tested all the same.
        let (mut count, mut list, mut broken) = (Count::default(), Vec::new(), Vec::new());
        for file in &self.files {
            match load(file) {
                Ok(program) => self.one_file(file, &program, &mut count, &mut list),
                Err(_) => broken.push(file.display().to_string()),
            }
        }
        let Count { passed, failed } = count;
        if passed + failed == 0 && broken.is_empty() {
            return Err(self.nothing_to_run());
        }
        match self.format {
            Format::Text if passed + failed == 0 => {}
            Format::Text => deliver(&format!("\n{passed} passed, {failed} failed")),
            Format::Json => {
                let report = json!({ "passed": passed, "failed": failed, "cannot_run": broken, "tests": list });
                deliver(&format!("{report:#}"));
            }
        }
        match (broken.len(), self.files.len()) {
            (0, _) => Ok(if failed == 0 { Exit::Done } else { Exit::Failed }),
            (_, 1) => Ok(Exit::Wrong),
            (wrong, all) => {
                say(&format!("{wrong} of {all} files cannot run: {}", broken.join(", ")));
                Ok(Exit::Wrong)
            }
        }
    }

    fn nothing_to_run(&self) -> Stop {
        Stop::Refused(match &self.filter {
            Some(filter) => Refusal::new(format!("no test has {filter:?} in its title")),
            None => Refusal::new("there is no test in these files")
                .hint("write one: `test \"what it shows\" for WORKFLOW { ... expect run.status == \"completed\" }`"),
        })
    }

    fn one_file(&self, file: &Path, program: &Program, count: &mut Count, list: &mut Vec<Json>) {
        let palette = Palette::for_stdout();
        let tests = program.package.tests.iter().filter(|test| self.wants(test));
        let mut heading = Some(styled(palette.strong, file.display()));
        for test in tests {
            let began = Instant::now();
            let verdict = rehearse(&program.package, test, Rehearsal { seed: self.seed });
            let took = Duration(i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX));
            let crashes = (self.crash_everywhere && verdict.passed())
                .then(|| crash_everywhere(&program.package, test, Rehearsal { seed: self.seed }, CRASHES_MAX));
            match passed(&verdict, crashes.as_ref()) {
                true => count.passed += 1,
                false => count.failed += 1,
            }
            match self.format {
                Format::Text => {
                    if let Some(heading) = heading.take() {
                        deliver(&heading);
                    }
                    deliver(&self.told(program, test, (&verdict, crashes.as_ref()), took, &palette));
                }
                Format::Json => list.push(as_json(file, &program.sources, test, (&verdict, crashes.as_ref()))),
            }
        }
    }

    fn wants(&self, test: &Written) -> bool {
        let holds = |filter: &String| test.title.to_lowercase().contains(&filter.to_lowercase());
        self.filter.as_ref().is_none_or(holds)
    }

    /// One test: a line if it passed, and all that is known if it failed.
    fn told(
        &self,
        program: &Program,
        test: &Written,
        (verdict, crashes): (&Verdict, Option<&Crashes>),
        took: Duration,
        palette: &Palette,
    ) -> String {
        let passed = passed(verdict, crashes);
        let time = match verdict.elapsed {
            Duration(0) => elapsed(took),
            virtual_time => format!("{} in {}", elapsed(virtual_time), elapsed(took)),
        };
        let time = styled(palette.faint, format!("({time})"));
        let mark = if passed { styled(palette.good, "✓") } else { styled(palette.bad, "✗") };
        let mut text = format!("  {mark} {} {time}\n", verdict.title);
        for failure in &verdict.failures {
            text.push_str(&indented(&failure_text(failure, &program.sources, palette)));
        }
        if let Some(crashes) = crashes {
            text.push_str(&indented(&crashes_text(crashes, &program.sources, palette)));
        }
        if self.verbose > u8::from(passed) {
            text.push_str(&indented(&journal(program, test, verdict, palette)));
        }
        text
    }
}

/// What was not as expected, with the line it is about and what was found.
fn failure_text(failure: &TestFailure, sources: &Sources, palette: &Palette) -> String {
    let mut text = format!("{}\n", styled(palette.bad, &failure.message));
    text.push_str(&report::excerpt(failure.span, "", sources, colour_on_stdout()));
    for line in &failure.details {
        text.push_str(&format!("\n  {line}"));
    }
    text
}

/// What came of killing the engine after each record.
fn crashes_text(crashes: &Crashes, sources: &Sources, palette: &Palette) -> String {
    let mut text = String::new();
    for Broken { after, failures } in crashes.broken.iter().take(CRASHES_SHOWN) {
        text.push_str(&format!("{}\n", styled(palette.strong, format!("killed after {after}:"))));
        for failure in failures {
            text.push_str(&failure_text(failure, sources, palette));
            text.push('\n');
        }
    }
    let (tried, broken) = (crashes.tried, crashes.broken.len());
    text.push_str(&match broken {
        0 => format!("killed {tried} times, each time after another record\n"),
        _ => format!(
            "killed {tried} times, each time after another record; after {broken} of them something else came of it\n"
        ),
    });
    for (operation, doubt) in &crashes.doubts {
        text.push_str(&format!("{}\n", doubt_text(operation, doubt)));
    }
    text
}

/// What crashes mean for an operation that may not be repeated.
fn doubt_text(operation: &str, doubt: &Doubt) -> String {
    let Doubt { crashes, handled, again } = *doubt;
    let handling = match crashes - handled {
        _ if again > 0 => {
            format!("after {again} of {crashes} the program calls it again, and it may then have happened twice")
        }
        0 => "the program deals with it".to_owned(),
        open if handled == 0 => format!(
            "the expectations do not hold then; `on outcome_unknown` would say what to do ({open} of {crashes})"
        ),
        open => format!("the expectations hold after {handled} of them, after {open} they do not"),
    };
    let times = if crashes == 1 { "1 crash leaves" } else { &format!("{crashes} crashes leave") };
    format!("{times} `{operation}` in doubt, which may not be repeated: {handling}")
}

fn passed(verdict: &Verdict, crashes: Option<&Crashes>) -> bool {
    verdict.passed() && crashes.is_none_or(|crashes| crashes.broken.is_empty())
}

/// The run of a test, as a run is told without a terminal.
fn journal(program: &Program, test: &Written, verdict: &Verdict, palette: &Palette) -> String {
    let Some(plan) = program.package.plans.get(&test.workflow) else { return String::new() };
    let mut tree = Tree::new(plan.clone(), Mask::default());
    let notes = verdict.journal.iter().flat_map(|record| tree.fold(record));
    notes.map(|note| plain(&note, palette)).collect::<Vec<_>>().join("\n")
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("      {line}\n") }).collect()
}

fn as_json(file: &Path, sources: &Sources, test: &Written, (verdict, crashes): (&Verdict, Option<&Crashes>)) -> Json {
    let place = |span| {
        let (at, _) = sources.positions(span);
        (at.line, at.column)
    };
    let failed = |failures: &[TestFailure]| -> Json {
        let failures = failures.iter().map(|failure| {
            let (line, column) = place(failure.span);
            json!({ "message": failure.message, "line": line, "column": column, "details": failure.details })
        });
        failures.collect()
    };
    let crashes_told = crashes.map(|crashes| {
        let broken =
            crashes.broken.iter().map(|broken| json!({ "after": broken.after, "failures": failed(&broken.failures) }));
        let doubts = crashes.doubts.iter().map(|(operation, doubt)| {
            json!({ "operation": **operation, "crashes": doubt.crashes, "handled": doubt.handled, "again": doubt.again })
        });
        json!({ "tried": crashes.tried, "broken": broken.collect::<Vec<_>>(), "doubts": doubts.collect::<Vec<_>>() })
    });
    let (line, column) = place(verdict.span);
    json!({
        "file": file.display().to_string(),
        "line": line,
        "column": column,
        "title": *verdict.title,
        "workflow": *test.workflow,
        "passed": passed(verdict, crashes),
        "elapsed_ms": verdict.elapsed.0,
        "failures": failed(&verdict.failures),
        "crashes": crashes_told,
    })
}
