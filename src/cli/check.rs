//! `flow check FILE...`: everything that can be known before the run.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::Value as Json;

use super::exit::{Exit, Stop};
use super::paper::{colour_on_stdout, deliver, say};
use crate::base::report;
use crate::base::span::Span;
use crate::host::Program;

/// Check programs without running them.
///
/// Each diagnostic is printed as `FILE:LINE:COLUMN: severity[CODE]: message` with the lines it is about and ways out; `flow
/// explain CODE` says more. Ends with 0 if every program can run, with 2 otherwise; warnings alone are no reason.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  flow check scripts/*.flow\n  flow check --format json onboarding.flow")]
pub struct Check {
    /// The programs.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// For people, or one JSON list for tools.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How documents are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For tools.
    Json,
}

impl Check {
    /// Checks all files, whatever is wrong with the first.
    ///
    /// # Errors
    /// None: what is wrong is what was asked for.
    pub fn run(&self) -> Result<Exit, Stop> {
        let (mut text, mut list, mut broken) = (String::new(), Vec::new(), 0usize);
        let mut advice = Vec::new();
        for file in &self.files {
            let (diagnostics, sources) = match Program::from_file(file) {
                Ok(program) => {
                    advice.extend(wants_types(&program));
                    (program.warnings, program.sources)
                }
                Err(faults) => {
                    broken += 1;
                    (faults.diagnostics, faults.sources)
                }
            };
            match self.format {
                Format::Text => text.push_str(&report::to_text(&diagnostics, &sources, colour_on_stdout())),
                Format::Json => match report::to_json(&diagnostics, &sources) {
                    Json::Array(found) => list.extend(found),
                    other => list.push(other),
                },
            }
        }
        match self.format {
            Format::Text => {
                deliver(&text);
                let files = self.files.len();
                let plural = if files == 1 { "" } else { "s" };
                say(&match broken {
                    0 => format!("{files} file{plural} checked, ready to run"),
                    _ => format!("{files} file{plural} checked, {broken} cannot run"),
                });
                advice.iter().take(ADVICE_MAX).for_each(|line| say(line));
                if advice.len() > ADVICE_MAX {
                    say(&format!("  and {} more steps without a type", advice.len() - ADVICE_MAX));
                }
            }
            Format::Json => deliver(&format!("{:#}", Json::Array(list))),
        }
        Ok(if broken == 0 { Exit::Done } else { Exit::Wrong })
    }
}

/// How many steps without a type are named.
const ADVICE_MAX: usize = 10;

/// Which steps should get a type: nobody looks at what is read of them before the run. No fault, and so no diagnostic.
fn wants_types(program: &Program) -> Vec<String> {
    let line = |(span, path): &(Span, String)| {
        let step = path.split(['.', '[']).next().unwrap_or_default();
        let place = program.sources.positions(*span).0;
        let file = &program.sources.get(span.file).name;
        format!(
            "  {file}:{}: `{path}` has no type, so what is read of it is not checked: `step {step}: {{ ... }} = ...` \
             gives it one",
            place.line
        )
    };
    program.untyped.iter().map(line).collect()
}
