//! `flow why RUN.STEP`: what led to how a step stands, and what it waits for.

use clap::Args;
use serde_json::Value as Json;

use super::reach::{Reach, path};
use crate::base::time::Timestamp;
use crate::cli::check::Format;
use crate::cli::exit::{Exit, Stop};
use crate::cli::paper::{Palette, deliver, styled};
use crate::cli::tree::clock;
use crate::serve::client::{Client, Failed};

/// Tell why a step stands as it does: its causes, or exactly what it waits for.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  flow why 0199-... ship                what led there
  flow why 0199-... 'orders[3].reserve' in one turn of a loop
  flow why 0199-...                     what the run waits for")]
pub struct Why {
    /// The id of the run.
    #[arg(value_name = "RUN[.STEP]")]
    run: String,
    /// The step, by its name or its place; the run itself where absent.
    #[arg(value_name = "STEP")]
    step: Option<String>,
    /// For people, or JSON.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    reach: Reach,
}

impl Why {
    /// Tells it.
    ///
    /// # Errors
    /// If there is no such run or step.
    pub fn run(&self) -> Result<Exit, Stop> {
        let account = self.reach.with(async |client| Ok::<_, Stop>(self.account(client).await?))?;
        deliver(&match self.format {
            Format::Json => account.to_string(),
            Format::Text => told(&account, &Palette::for_stdout()),
        });
        Ok(Exit::Done)
    }
}

impl Why {
    async fn account(&self, client: &Client) -> Result<Json, Failed> {
        let causes = async |run: &str, step: Option<&str>| {
            let mut at = vec!["v1", "runs", run, "causes"];
            at.extend(step);
            client.get(&path(&at)).await
        };
        let found = causes(&self.run, self.step.as_deref()).await;
        // `RUN.STEP` is one word where there is no run of this name: the runs of children have names with dots in them.
        match (&found, &self.step, self.run.split_once('.')) {
            (Err(Failed::Problem(problem)), None, Some((run, step))) if problem.status == 404 => {
                causes(run, Some(step)).await
            }
            _ => found,
        }
    }
}

fn told(account: &Json, palette: &Palette) -> String {
    let text = |json: &Json, name: &str| json.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let list = |name: &str| account.get(name).and_then(Json::as_array).cloned().unwrap_or_default();
    let mut told = format!("{}  {}\n", styled(palette.strong, text(account, "place")), text(account, "status"));
    for cause in list("causes") {
        let event = cause.get("event").and_then(Json::as_u64).unwrap_or_default();
        let at = text(&cause, "at").parse::<Timestamp>().map(|at| clock(at, false)).unwrap_or_default();
        told.push_str(&format!("{} {}  {}\n", styled(palette.faint, format!("{event:>6}")), at, text(&cause, "text")));
    }
    for wait in list("waits") {
        told.push_str(&format!("  waits: {}\n", wait.as_str().unwrap_or_default()));
    }
    if let Some(others @ 1..) = account.get("others").and_then(Json::as_u64) {
        let note = format!("{others} more of this name; name one by its place\n");
        told.push_str(&styled(palette.faint, note));
    }
    told
}
