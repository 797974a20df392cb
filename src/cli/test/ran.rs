//! What came of one test, or of one example: for people, and for tools.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::seeds::Tried;
use super::told::{crashes_text, failure_text, failures_as_json, headline, indented, place};
use crate::base::secret::Mask;
use crate::base::time::Duration;
use crate::cli::elapsed::elapsed;
use crate::cli::face::plain;
use crate::cli::paper::Palette;
use crate::cli::tree::Tree;
use crate::host::Program;
use crate::host::rehearse::Verdict;
use crate::host::rehearse::crash::Crashes;
use crate::lang::plan::test::Test as Written;

/// What came of one test, or of one example.
#[derive(Default)]
pub struct Ran {
    /// Whether everything was as expected.
    pub passed: bool,
    /// For people.
    pub text: String,
    /// For tools.
    pub json: Json,
    /// How long it took.
    pub took: Duration,
}

/// All that came of one test.
pub struct Came<'a> {
    /// Its file, as it was named.
    pub file: &'a Path,
    /// Its program.
    pub program: &'a Program,
    /// The test.
    pub test: &'a Arc<Written>,
    /// What came of it with each seed.
    pub tried: &'a Tried,
    /// What came of it with a crash at each record.
    pub crashes: Option<&'a Crashes>,
    /// How long it took.
    pub took: Duration,
}

impl Came<'_> {
    /// Whether everything was as expected.
    pub fn passed(&self) -> bool {
        self.tried.verdict.passed() && self.crashes.is_none_or(|crashes| crashes.broken.is_empty())
    }

    /// A line if it passed, and all that is known if it failed.
    pub fn told(&self, verbose: u8, palette: &Palette) -> String {
        let Self { program, tried, .. } = self;
        let verdict = &tried.verdict;
        let passed = self.passed();
        let time = match verdict.elapsed {
            Duration(0) => elapsed(self.took),
            virtual_time => format!("{} in {}", elapsed(virtual_time), elapsed(self.took)),
        };
        let mut text = headline(&verdict.title, passed, &time, palette);
        if tried.tried > 1 {
            text.push_str(&indented(&tried.to_string()));
        }
        if let Some(again) = self.again() {
            text.push_str(&indented(&format!("to see it again: {again}")));
        }
        for failure in &verdict.failures {
            text.push_str(&indented(&failure_text(failure, &program.sources, palette)));
        }
        if let Some(crashes) = self.crashes {
            text.push_str(&indented(&crashes_text(crashes, &program.sources, palette)));
        }
        if verbose > u8::from(passed) {
            text.push_str(&indented(&journal(program, self.test, verdict, palette)));
        }
        text
    }

    /// The line to type to see a failing seed again.
    fn again(&self) -> Option<String> {
        let seed = self.tried.failed.first()?;
        let quoted = format!("'{}'", self.test.title.replace('\'', r"'\''"));
        Some(format!("flow test --seed {seed} --filter {quoted} {}", self.file.display()))
    }

    /// The same for tools.
    pub fn as_json(&self) -> Json {
        let (verdict, sources) = (&self.tried.verdict, &self.program.sources);
        let crashes_told = self.crashes.map(|crashes| {
            let broken = crashes.broken.iter().map(|broken| {
                json!({ "after": broken.after, "failures": failures_as_json(&broken.failures, sources) })
            });
            let doubts = crashes.doubts.iter().map(|(operation, doubt)| {
                json!({ "operation": **operation, "crashes": doubt.crashes, "handled": doubt.handled, "again": doubt.again })
            });
            json!({ "tried": crashes.tried, "broken": broken.collect::<Vec<_>>(), "doubts": doubts.collect::<Vec<_>>() })
        });
        let seeds = self.tried.seed.map(
            |seed| json!({ "shown": seed, "tried": self.tried.tried, "failed": self.tried.failed, "again": self.again() }),
        );
        let (line, column) = place(verdict.span, sources);
        json!({
            "file": self.file.display().to_string(),
            "line": line,
            "column": column,
            "title": *verdict.title,
            "workflow": *self.test.workflow,
            "passed": self.passed(),
            "elapsed_ms": verdict.elapsed.0,
            "failures": failures_as_json(&verdict.failures, sources),
            "seeds": seeds,
            "crashes": crashes_told,
        })
    }
}

/// The run of a test, as a run is told without a terminal.
fn journal(program: &Program, test: &Written, verdict: &Verdict, palette: &Palette) -> String {
    let Some(plan) = program.package.plans.get(&test.workflow) else { return String::new() };
    let mut tree = Tree::new(plan.clone(), Mask::default());
    let notes = verdict.journal.iter().flat_map(|record| tree.fold(record));
    notes.map(|note| plain(&note, palette)).collect::<Vec<_>>().join("\n")
}
