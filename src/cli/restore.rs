//! `flow restore`: takes in what `flow dump` wrote.

use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::data::{self, counted};
use super::exit::{Exit, Refusal, Stop};
use super::log;
use super::paper::deliver;
use super::threads::threads;
use crate::base::id::RunId;
use crate::host::{Builder, Program};
use crate::run::machine::Command;
use crate::store::sqlite::{RestoreError, restore};

/// Take runs in that `flow dump` wrote, from stdin.
///
/// All of it or nothing: a dump that is damaged or cut off, or that says of a run that is there already that other things
/// happened in it, changes nothing. Runs that are there with the same journal stay as they are. What has not come to rest goes
/// on when the directory is used.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  flow restore --data other < state.jsonl
  flow restore --data other --paused < state.jsonl")]
pub struct Restore {
    /// The data directory, which is made if it is not there. No server may be using it.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Pauses the runs that have not come to rest: they go on when they are told to.
    #[arg(long)]
    paused: bool,
}

impl Restore {
    /// Takes them in.
    ///
    /// # Errors
    /// If the dump or the directory is wrong.
    pub fn run(&self) -> Result<Exit, Stop> {
        let mut dump = BufReader::new(std::io::stdin().lock());
        let restored = log::heard(|| restore(&self.data, &mut dump)).map_err(|error| refused(&error))?;
        if self.paused {
            threads()?.block_on(pause(&self.data, &restored.open))?;
        }
        let new = restored.amount.runs - restored.present;
        let mut said = format!("{} taken in", counted(new, "run"));
        if !restored.open.is_empty() {
            let go_on = if self.paused { "paused" } else { "to go on" };
            said.push_str(&format!(", {} of them {go_on}", restored.open.len()));
        }
        if restored.present > 0 {
            said.push_str(&format!("; {} there already", counted(restored.present, "run")));
        }
        deliver(&said);
        Ok(Exit::Done)
    }
}

fn refused(error: &RestoreError) -> Refusal {
    match error {
        RestoreError::Open(error) => data::refused(error),
        RestoreError::Differs(_) => {
            Refusal::new(error.to_string()).hint("restore into a directory of its own: `flow restore --data OTHER`")
        }
        _ => Refusal::new(error.to_string()),
    }
}

/// Tells runs to stand still, before anybody carries them out.
async fn pause(directory: &Path, runs: &[RunId]) -> Result<(), Refusal> {
    let store = data::open(directory)?;
    let nothing = Program::from_text("restore.flow", "").map_err(|faults| Refusal::new(faults.to_string()))?;
    let engine = Builder::new(nothing).journal(Arc::new(store)).write_down_only().build();
    let engine = engine.map_err(|error| Refusal::new(error.to_string()))?;
    for run in runs {
        let told = engine.tell(run, Command::Pause { by: "flow restore".into() }).await;
        told.map_err(|error| Refusal::new(format!("the run `{run}` cannot be paused: {error}")))?;
    }
    Ok(())
}
