//! `flow pause|resume|cancel|signal|answer|emit`: what a run can be told, and what all runs can.

use clap::Args;
use serde_json::Value as Json;

use super::reach::{Reach, path};
use crate::cli::exit::{Exit, Stop};
use crate::cli::input;
use crate::cli::paper::say;

/// What is said where nobody is there to go on with it at once.
const WRITTEN_DOWN: &str = "no server runs on the data directory: it is written down for the next one";

/// One run, and where it is.
#[derive(Debug, Args)]
pub struct One {
    /// The id of the run.
    #[arg(value_name = "RUN")]
    run: String,
    #[command(flatten)]
    reach: Reach,
}

/// Send a signal to a run.
#[derive(Debug, Args)]
pub struct Signal {
    /// The id of the run.
    #[arg(value_name = "RUN")]
    run: String,
    /// The name of the signal.
    #[arg(value_name = "NAME")]
    name: String,
    /// What it carries: JSON, `@FILE`, or `-` for stdin.
    #[arg(value_name = "JSON|@FILE|-", allow_hyphen_values = true)]
    payload: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

/// Tell all runs of an event: those that wait for it go on, and its triggers start runs.
#[derive(Debug, Args)]
pub struct Emit {
    /// What happened, such as `order.paid`.
    #[arg(value_name = "TOPIC")]
    topic: String,
    /// What it carries: JSON, `@FILE`, or `-` for stdin.
    #[arg(value_name = "JSON|@FILE|-", allow_hyphen_values = true)]
    payload: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

/// Answer what a run asks.
#[derive(Debug, Args)]
pub struct Answer {
    /// The id of the run.
    #[arg(value_name = "RUN")]
    run: String,
    /// The step that asks, by its name or its place.
    #[arg(value_name = "STEP")]
    step: String,
    /// The answer: JSON, `@FILE`, or `-` for stdin.
    #[arg(value_name = "JSON|@FILE|-", allow_hyphen_values = true)]
    answer: String,
    #[command(flatten)]
    reach: Reach,
}

impl One {
    /// Tells the run this one word.
    ///
    /// # Errors
    /// If it cannot do that now.
    pub fn tell(&self, word: &str) -> Result<Exit, Stop> {
        told(&self.reach, &["v1", "runs", &self.run, word], None)
    }
}

impl Signal {
    /// Sends it.
    ///
    /// # Errors
    /// If the run has ended.
    pub fn run(&self) -> Result<Exit, Stop> {
        let payload = self.payload.as_deref().map(input::read).transpose()?.map(|payload| payload.to_json());
        told(&self.reach, &["v1", "runs", &self.run, "signals", &self.name], payload)
    }
}

impl Emit {
    /// Tells it.
    ///
    /// # Errors
    /// If nobody can be told.
    pub fn run(&self) -> Result<Exit, Stop> {
        let payload = self.payload.as_deref().map(input::read).transpose()?.map(|payload| payload.to_json());
        self.reach.with(async |client| {
            client.post(&path(&["v1", "events", &self.topic]), &[], payload.as_ref()).await?;
            if client.is_within() {
                say(WRITTEN_DOWN);
            }
            Ok(Exit::Done)
        })
    }
}

impl Answer {
    /// Answers.
    ///
    /// # Errors
    /// If nothing is asked there, or the answer is not of the type that is asked for.
    pub fn run(&self) -> Result<Exit, Stop> {
        let answer = input::read(&self.answer)?.to_json();
        told(&self.reach, &["v1", "runs", &self.run, "answers", &self.step], Some(answer))
    }
}

/// Sends it, and says how the run stands then.
fn told(reach: &Reach, at: &[&str], body: Option<Json>) -> Result<Exit, Stop> {
    reach.with(async |client| {
        let run = client.post(&path(at), &[], body.as_ref()).await?;
        match run.get("status").and_then(Json::as_str) {
            _ if client.is_within() => say(WRITTEN_DOWN),
            Some(status) => say(&format!("the run is {status}")),
            None => {}
        }
        Ok(Exit::Done)
    })
}
