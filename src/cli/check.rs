//! `flow check [FILE | DIR]...`: everything that can be known before the run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::Value as Json;

use super::exit::{Exit, Stop};
use super::paper::{colour_on_stdout, deliver, say};
use super::programs::Programs;
use crate::base::diagnostic::Diagnostic;
use crate::base::report;
use crate::base::span::{FileId, Sources, Span};
use crate::host::lookout::named;
use crate::host::{Faults, Program};

/// Check programs without running them.
///
/// Each diagnostic is printed as `FILE:LINE:COLUMN: severity[CODE]: message` with the lines it is about and ways out; `flow
/// explain CODE` says more. Ends with 0 if every program can run, with 2 otherwise; warnings alone are no reason.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  flow check
  flow check scripts onboarding.flow
  flow check --format json onboarding.flow")]
pub struct Check {
    /// Programs, and directories with all `.flow` files in them and below; the working directory where absent.
    #[arg(value_name = "FILE | DIR", default_value = ".")]
    paths: Vec<PathBuf>,
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
    /// A directory without a program; what is wrong with programs is what was asked for.
    pub fn run(&self) -> Result<Exit, Stop> {
        let files = Programs::at(&self.paths)?.files;
        let mut findings = Findings::default();
        let (mut broken, mut advice) = (0usize, Vec::new());
        for file in &files {
            match Program::from_file(file) {
                Ok(program) => {
                    advice.extend(wants_types(&program));
                    findings.take(program.warnings, &program.sources, self.format);
                }
                Err(Faults { diagnostics, sources }) => {
                    broken += 1;
                    findings.take(diagnostics, &sources, self.format);
                }
            }
        }
        match self.format {
            Format::Text => {
                deliver(&findings.in_words());
                let files = files.len();
                let plural = if files == 1 { "" } else { "s" };
                say(&match broken {
                    0 => format!("{files} file{plural} checked, ready to run"),
                    _ => format!("{files} file{plural} checked, {broken} cannot run"),
                });
                // Of a file that several use it is said once.
                let mut known = BTreeSet::new();
                advice.retain(|line| known.insert(line.clone()));
                advice.iter().take(ADVICE_MAX).for_each(|line| say(line));
                if advice.len() > ADVICE_MAX {
                    say(&format!("  and {} more steps without a type", advice.len() - ADVICE_MAX));
                }
            }
            Format::Json => deliver(&format!("{:#}", Json::Array(findings.list))),
        }
        Ok(if broken == 0 { Exit::Done } else { Exit::Wrong })
    }
}

/// What was found in all the files, each once: of a file that several use, too.
#[derive(Default)]
struct Findings {
    all: Vec<Diagnostic>,
    known: BTreeSet<(PathBuf, Span, &'static str, String)>,
    text: String,
    list: Vec<Json>,
}

impl Findings {
    fn take(&mut self, mut found: Vec<Diagnostic>, sources: &Sources, format: Format) {
        found.retain(|diagnostic| {
            let span = diagnostic.primary.span;
            let file = named(Path::new(&*sources.get(span.file).name));
            let place = Span { file: FileId::default(), ..span };
            self.known.insert((file, place, diagnostic.code.0, diagnostic.message.clone()))
        });
        match format {
            Format::Text => self.text.push_str(&report::each(&found, sources, colour_on_stdout())),
            Format::Json => match report::to_json(&found, sources) {
                Json::Array(found) => self.list.extend(found),
                other => self.list.push(other),
            },
        }
        self.all.extend(found);
    }

    /// All of them, and how many there are.
    fn in_words(&self) -> String {
        format!("{}{}", self.text, report::count(&self.all))
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
