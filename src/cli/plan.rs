//! `flow plan FILE [WORKFLOW]`: what a program will do, for whoever reviews it.

use std::path::PathBuf;

use clap::Args;

use super::check::Format;
use super::exit::{Exit, Refusal, Stop};
use super::paper::deliver;
use super::program::{load, workflow};
use crate::lang::plan;

/// Print what a workflow will do, step by step, so that a person can review it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  flow plan scripts/travel_booking.flow\n  flow plan --format json orders.flow fulfil"
)]
pub struct Plan {
    /// The program.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Which workflow; may be left out where there is one.
    #[arg(value_name = "WORKFLOW")]
    workflow: Option<String>,
    /// For people, or the plan itself as JSON.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Plan {
    /// Prints the plan.
    ///
    /// # Errors
    /// If the program cannot run, or it is not clear which workflow is meant.
    pub fn run(&self) -> Result<Exit, Stop> {
        let program = load(&self.file)?;
        let plan = workflow(&program, self.workflow.as_deref(), &self.file)?;
        deliver(&match self.format {
            Format::Text => plan::print(plan),
            Format::Json => serde_json::to_string_pretty(&**plan)
                .map_err(|error| Refusal::new(format!("the plan cannot be written as JSON: {error}")))?,
        });
        Ok(Exit::Done)
    }
}
