//! `flow dump`: writes runs out, for another data directory.

use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

use clap::Args;

use super::data::counted;
use super::exit::{Exit, Refusal, Stop};
use super::log;
use super::paper::say;
use crate::base::id::RunId;
use crate::store::sqlite::{Selection, dump};

/// Write runs out, as lines of JSON on stdout.
///
/// Each run comes with those it waited for, their plans and all they hold; with --all also what workflows keep between runs, and
/// all events. Every line is checked when it is read again by `flow restore`. A server may be using the directory: what is
/// written is how it all stood at one moment.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  flow dump --data state --all > state.jsonl
  flow dump --data state --workflow import > import.jsonl
  flow dump --data state 0192f1c2-... | ssh host flow restore --data state")]
pub struct Dump {
    /// Which runs, by their ids.
    #[arg(value_name = "RUN", required_unless_present_any = ["workflow", "all"])]
    runs: Vec<String>,
    /// All runs of this workflow.
    #[arg(long, value_name = "WORKFLOW", conflicts_with = "all")]
    workflow: Option<String>,
    /// All runs.
    #[arg(long, conflicts_with = "runs")]
    all: bool,
    /// The data directory.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

impl Dump {
    /// Writes them out.
    ///
    /// # Errors
    /// If there is no such run, or the directory cannot be read.
    pub fn run(&self) -> Result<Exit, Stop> {
        let selection = Selection {
            runs: self.runs.iter().map(|run| RunId(run.as_str().into())).collect(),
            workflow: self.workflow.clone(),
            all: self.all,
        };
        let mut out = BufWriter::new(std::io::stdout().lock());
        let written = log::heard(|| dump(&self.data, &selection, &mut out));
        let amount = written.map_err(|error| Refusal::new(error.to_string()))?;
        out.flush().map_err(|error| Refusal::new(format!("the dump cannot be written: {error}")))?;
        say(&format!("{} written", counted(amount.runs, "run")));
        Ok(Exit::Done)
    }
}
