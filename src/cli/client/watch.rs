//! `flow watch [RUN]`: what happens, as it happens; of one run until it rests.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use futures_util::StreamExt as _;
use serde::Deserialize;
use serde_json::Value as Json;

use super::clock::Clock;
use super::reach::{Reach, path};
use crate::base::secret::Mask;
use crate::cli::exit::{Exit, Refusal, Stop};
use crate::cli::face::Face;
use crate::cli::paper::{Palette, deliver, say, stderr_is_live};
use crate::cli::screen::Screen;
use crate::cli::tree::Tree;
use crate::lang::plan::Plan;
use crate::run::event::{Event, Outcome, Record};
use crate::serve::client::Client;

/// How often the tree is drawn.
const FRAME: Duration = Duration::from_millis(80);

/// How often a clock is looked at that is moved by hand.
const LOOK: Duration = Duration::from_secs(1);

/// Watch a run until it rests, or what happens in all runs.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  flow watch 0199-...              the tree of one run, until it rests
  flow watch --workflow orders     every event of its runs from now on, a line of JSON each")]
pub struct Watch {
    /// The id of the run; all runs where absent.
    #[arg(value_name = "RUN")]
    run: Option<String>,
    /// Of all runs, those of this workflow.
    #[arg(long, value_name = "NAME", conflicts_with = "run")]
    workflow: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

impl Watch {
    /// Watches.
    ///
    /// # Errors
    /// If there is no server to be watched, or no such run.
    pub fn run(&self) -> Result<Exit, Stop> {
        self.reach.with(async |client| match &self.run {
            Some(run) => one(client, run).await,
            None => all(client, self.workflow.as_deref()).await,
        })
    }
}

/// Every event as a line, until the server goes.
async fn all(client: &Client, workflow: Option<&str>) -> Result<Exit, Stop> {
    if client.is_within() {
        let refusal = Refusal::new("no server runs on the data directory, so nothing happens that could be watched");
        return Err(refusal.hint("start one: `flow serve DIR`").into());
    }
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(workflow.map(|workflow| ("workflow", workflow)));
    let mut events = client.stream(&format!("/v1/stream?{}", query.finish()), None).await?;
    while let Some(event) = events.next().await {
        deliver(&event.data);
    }
    Ok(Exit::Done)
}

/// What has happened in a run, and the plan it is drawn over.
#[derive(Deserialize)]
struct Journal {
    plan: Plan,
    records: Vec<Record>,
}

/// The tree of one run, until it rests or the server goes.
async fn one(client: &Client, run: &str) -> Result<Exit, Stop> {
    let journal = client.get(&path(&["v1", "runs", run, "journal"])).await?;
    let Journal { plan, records } = serde_json::from_value(journal)
        .map_err(|error| Refusal::new(format!("the journal cannot be read: {error}")))?;
    let mut clock = Clock::of(client).await?;
    let screen = Arc::new(Screen::new(Palette::for_stderr(), stderr_is_live()));
    // The server has covered what is secret.
    let mut face = Face::new(Tree::new(Arc::new(plan), Mask::default()), screen);
    if client.is_within() {
        records.iter().for_each(|record| face.take(record));
        face.finish(clock.now());
        say("no server runs on the data directory: the run goes on when one starts");
        return Ok(Exit::Done);
    }
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("run", run).append_pair("from", "0");
    let mut events = client.stream(&format!("/v1/stream?{}", query.finish()), None).await?;
    let mut frames = tokio::time::interval(FRAME);
    let mut looks = tokio::time::interval(LOOK);
    let mut end = None;
    loop {
        tokio::select! {
            _ = frames.tick(), if face.is_live() => face.draw(clock.now()),
            _ = looks.tick(), if face.is_live() => clock.look_again(client).await,
            event = events.next() => {
                let Some(record) = event.map(|event| record(&event.data)) else { break };
                let Some(record) = record else { continue };
                face.take(&record);
                match record.event {
                    Event::Decided { outcome } => end = Some(outcome),
                    Event::Rested => break,
                    _ => {}
                }
            }
        }
    }
    clock.look_again(client).await;
    face.finish(clock.now());
    Ok(match end {
        Some(Outcome::Failed { .. }) => Exit::Failed,
        Some(Outcome::Cancelled) => Exit::Cancelled,
        Some(Outcome::Completed { .. } | Outcome::Skipped { .. }) | None => Exit::Done,
    })
}

/// The record that an event of the stream carries; none if it is something else.
fn record(data: &str) -> Option<Record> {
    let json: Json = serde_json::from_str(data).ok()?;
    let at = json.get("at")?.as_str()?.parse().ok()?;
    Some(Record { at, event: serde_json::from_value(json).ok()? })
}
