//! `flow effects FILE [WORKFLOW]`: everything a program can touch.

use std::path::PathBuf;

use clap::Args;

use super::check::Format;
use super::exit::{Exit, Refusal, Stop};
use super::paper::deliver;
use super::program::{load, workflow};
use crate::lang::plan;

/// List everything a program can touch: operations, hosts, files, secrets, people, other workflows.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  flow effects scripts/payout_run.flow\n  flow effects --format json orders.flow")]
pub struct Effects {
    /// The program.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Which workflow; all of the file where absent.
    #[arg(value_name = "WORKFLOW")]
    workflow: Option<String>,
    /// For people, or one JSON list with an object for each workflow.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Effects {
    /// Prints the account of each workflow.
    ///
    /// # Errors
    /// If the program cannot run, or has no workflow of the name.
    pub fn run(&self) -> Result<Exit, Stop> {
        let program = load(&self.file)?;
        let plans = match &self.workflow {
            Some(name) => vec![workflow(&program, Some(name), &self.file)?],
            None => program.package.plans.values().filter(|plan| !plan.name.contains('.')).collect(),
        };
        let accounts: Vec<_> = plans.into_iter().map(|plan| plan::effects(&program.package, plan)).collect();
        deliver(&match self.format {
            Format::Text => accounts.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            Format::Json => serde_json::to_string_pretty(&accounts)
                .map_err(|error| Refusal::new(format!("the account cannot be written as JSON: {error}")))?,
        });
        Ok(Exit::Done)
    }
}
