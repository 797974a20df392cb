//! `flow start WORKFLOW`: starts a run on a server and goes.

use clap::Args;
use serde_json::Value as Json;

use super::reach::{Reach, path};
use crate::cli::exit::{Exit, Stop};
use crate::cli::input;
use crate::cli::paper::{deliver, say};

/// Start a run on a server, and print its id.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  flow start onboarding --input '{\"email\": \"ada@example.com\"}'
  flow start nightly --key 2026-03-29        the same key gives the same run
  flow start report --wait 30s               prints the run as it stands then")]
pub struct Start {
    /// Which workflow.
    #[arg(value_name = "WORKFLOW")]
    workflow: String,
    /// The input: JSON, `@FILE`, or `-` for stdin.
    #[arg(short, long, value_name = "JSON|@FILE|-", allow_hyphen_values = true)]
    input: Option<String>,
    /// Names the run: the same key gives the same run.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Waits so long for its end, and prints the run as it stands then.
    #[arg(long, value_name = "DURATION")]
    wait: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

impl Start {
    /// Starts the run.
    ///
    /// # Errors
    /// If the input does not fit, or nobody can start it.
    pub fn run(&self) -> Result<Exit, Stop> {
        let input = self.input.as_deref().map(input::read).transpose()?.map(|input| input.to_json());
        self.reach.with(async |client| {
            let mut at = path(&["v1", "workflows", &self.workflow, "runs"]);
            if let Some(wait) = &self.wait {
                at.push_str(&format!("?wait={wait}"));
            }
            let key: Vec<(&str, &str)> = self.key.iter().map(|key| ("idempotency-key", key.as_str())).collect();
            let run = client.post(&at, &key, input.as_ref()).await?;
            if client.is_within() {
                say("no server runs on the data directory: the run was accepted, and begins when one starts");
            }
            if self.wait.is_some() {
                deliver(&run.to_string());
                return Ok(ended(&run));
            }
            deliver(run.get("id").and_then(Json::as_str).unwrap_or_default());
            Ok(Exit::Done)
        })
    }
}

/// How a command ends that waited for a run.
fn ended(run: &Json) -> Exit {
    match run.get("status").and_then(Json::as_str) {
        Some("failed") => Exit::Failed,
        Some("cancelled") => Exit::Cancelled,
        _ => Exit::Done,
    }
}
