//! `flow failures`, `flow dismiss`: what has failed and is open.

use clap::Args;
use serde_json::{Value as Json, json};

use super::reach::{Reach, path};
use crate::cli::check::Format;
use crate::cli::exit::{Exit, Stop};
use crate::cli::paper::{deliver, say};
use crate::cli::tree::first_line;

/// List open failures: runs that failed and steps that are parked, grouped by step and type of error.
#[derive(Debug, Args)]
pub struct Failures {
    /// For people, or JSON.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    reach: Reach,
}

/// Say of a run that failed that it needs nothing more.
#[derive(Debug, Args)]
pub struct Dismiss {
    /// The id of the run.
    #[arg(value_name = "RUN")]
    run: String,
    /// Why; it is kept in the journal.
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

impl Failures {
    /// Lists them.
    ///
    /// # Errors
    /// If nobody can be asked.
    pub fn run(&self) -> Result<Exit, Stop> {
        let found = self.reach.with(async |client| Ok::<_, Stop>(client.get("/v1/failures").await?))?;
        let groups = found.get("failures").and_then(Json::as_array).cloned().unwrap_or_default();
        match self.format {
            Format::Json => deliver(&Json::Array(groups).to_string()),
            Format::Text => deliver(&groups.iter().map(line).collect::<String>()),
        }
        Ok(Exit::Done)
    }
}

/// A group: its id, how many, where, what.
fn line(group: &Json) -> String {
    let text = |name: &str| first_line(group.get(name).and_then(Json::as_str).unwrap_or_default());
    let count = group.get("count").and_then(Json::as_u64).unwrap_or_default();
    let parked = group.get("parked").and_then(Json::as_u64).unwrap_or_default();
    let parked = if parked > 0 { format!(" ({parked} parked)") } else { String::new() };
    let (id, workflow, step) = (text("id"), text("workflow"), text("step"));
    format!("{id}  {count:>5}{parked}  {workflow}.{step}  {}: {}\n", text("kind"), text("message"))
}

impl Dismiss {
    /// Says so.
    ///
    /// # Errors
    /// If the run has no open failure.
    pub fn run(&self) -> Result<Exit, Stop> {
        self.reach.with(async |client| {
            client.post(&path(&["v1", "runs", &self.run, "dismiss"]), &[], Some(&json!({ "why": self.why }))).await?;
            say("the failure is dismissed");
            Ok(Exit::Done)
        })
    }
}
