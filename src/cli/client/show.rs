//! `flow show RUN`: a run on a scale of time, as it stands or as it stood after one of its events.

use std::sync::Arc;

use clap::Args;
use futures_util::StreamExt as _;
use serde::Deserialize;
use serde_json::Value as Json;

use super::clock::Clock;
use super::reach::{Reach, path};
use super::timeline;
use crate::base::secret::Mask;
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::cli::check::Format;
use crate::cli::exit::{Exit, Refusal, Stop};
use crate::cli::paper::{Delivery, Palette, deliver, stdout_is_terminal, styled};
use crate::cli::tree::{Tree, clock, first_line};
use crate::lang::plan::Plan;
use crate::lang::plan::compare::Past;
use crate::run::cause::waits_for;
use crate::run::event::{Event, Record, Rewinding, UnitId};
use crate::run::history::{self, Run};
use crate::serve::client::Client;

/// How wide the paper is that no terminal shows.
const WIDTH_DEFAULT: usize = 120;

/// Show a run: its steps on a scale of time.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  flow show 0199-...             as it stands now
  flow show 0199-... --at 17     as it stood after event 17
  flow show 0199-... --events    every event, with its number
  flow show 0199-... --output    its output, as JSON, however large it is
  flow show 0199-... orders[3].pay --output    that of a step")]
pub struct Show {
    /// The id of the run.
    #[arg(value_name = "RUN")]
    run: String,
    /// A step, by its place or name.
    #[arg(value_name = "STEP", requires = "output")]
    step: Option<String>,
    /// Writes out the output alone, as JSON.
    #[arg(long, conflicts_with_all = ["at", "events", "format"])]
    output: bool,
    /// As it stood after this event, counted from 1.
    #[arg(long, value_name = "EVENT")]
    at: Option<usize>,
    /// Lists its events.
    #[arg(long)]
    events: bool,
    /// For people, or JSON.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    reach: Reach,
}

/// The journal of a run, with the plan it is folded over.
#[derive(Deserialize)]
struct Journal {
    status: String,
    plan: Plan,
    /// What the plan holds of plans before it.
    #[serde(default)]
    past: Past,
    records: Vec<Record>,
}

impl Show {
    /// Shows it.
    ///
    /// # Errors
    /// If there is no such run, or it has no such event.
    pub fn run(&self) -> Result<Exit, Stop> {
        if self.output {
            return self.reach.with(async |client| self.write_output(client).await);
        }
        if self.format == Format::Json && self.at.is_none() {
            let parts: &[&str] =
                if self.events { &["v1", "runs", &self.run, "events"] } else { &["v1", "runs", &self.run] };
            let shown = self.reach.with(async |client| Ok::<_, Stop>(client.get(&path(parts)).await?))?;
            deliver(&shown.to_string());
            return Ok(Exit::Done);
        }
        let (journal, clock) = self.reach.with(async |client| {
            let journal = client.get(&path(&["v1", "runs", &self.run, "journal"])).await?;
            Ok::<_, Stop>((journal, Clock::of(client).await?))
        })?;
        let journal: Journal = serde_json::from_value(journal)
            .map_err(|error| Refusal::new(format!("the journal cannot be read: {error}")))?;
        let stood = Stood::after(journal, self.at, clock)?;
        deliver(&match self.format {
            Format::Json => stood.to_json().to_string(),
            Format::Text if self.events => stood.events(),
            Format::Text => stood.paper(),
        });
        Ok(Exit::Done)
    }
}

impl Show {
    /// Writes the output out as it comes: no more than a few pieces of it are in memory.
    async fn write_output(&self, client: &Client) -> Result<Exit, Stop> {
        let place = match &self.step {
            Some(step) => path(&["v1", "runs", &self.run, "steps", step, "output"]),
            None => path(&["v1", "runs", &self.run, "output"]),
        };
        let mut pieces = client.pieces(&place).await?;
        let mut delivery = Delivery::begin();
        while let Some(piece) = pieces.next().await {
            if !delivery.piece(&piece?) {
                return Ok(Exit::Done);
            }
        }
        delivery.end();
        Ok(Exit::Done)
    }
}

/// A run as it stood after one of its events.
struct Stood {
    plan: Arc<Plan>,
    records: Vec<Record>,
    /// How many events count.
    events: usize,
    run: Run,
    /// How it stood.
    status: String,
    now: Timestamp,
}

impl Stood {
    fn after(journal: Journal, at: Option<usize>, clock: Clock) -> Result<Self, Refusal> {
        let Journal { status, plan, past, records } = journal;
        let plan = Plan { past, ..plan };
        let events = match at {
            None => records.len(),
            Some(at) if (1..=records.len()).contains(&at) => at,
            Some(at) => {
                return Err(Refusal::new(format!("the run has no event {at}"))
                    .hint(format!("its events are 1 to {}; `--events` lists them", records.len())));
            }
        };
        let broken = || Refusal::new("the journal of the run has no beginning");
        let run = history::fold(&plan, &records[..events]).map_err(|_| broken())?;
        let last = records[events - 1].at;
        let now = if at.is_some() || run.is_at_rest() { last } else { clock.now() };
        let status = if at.is_some() { run.status().word().to_owned() } else { status };
        Ok(Self { plan: Arc::new(plan), records, events, run, status, now })
    }

    fn tree(&self) -> Tree {
        // The server has covered what is secret.
        let mut tree = Tree::new(self.plan.clone(), Mask::default());
        self.records[..self.events].iter().for_each(|record| drop(tree.fold(record)));
        tree
    }

    /// The run on a scale of time, and what it holds and waits for.
    fn paper(&self) -> String {
        let palette = Palette::for_stdout();
        let accepted = &self.run.accepted;
        let mut paper = format!(
            "{}  {}  {}, event {} of {}\n",
            styled(palette.strong, &accepted.workflow),
            accepted.run,
            self.status,
            self.events,
            self.records.len()
        );
        let width = if stdout_is_terminal() { terminal_width() } else { WIDTH_DEFAULT };
        for line in timeline::draw(&self.tree().lines(self.now), self.now, &palette, width) {
            paper.push_str(&line);
            paper.push('\n');
        }
        let mut entry = |name: &str, value: Value| {
            let is_empty = value.is_unit() || value.as_map().is_some_and(|map| map.is_empty());
            if !is_empty {
                paper.push_str(&format!("{:<8}{value}\n", styled(palette.faint, name)));
            }
        };
        entry("fork of", self.fork_of().map(fork_told).unwrap_or_default());
        entry("input", accepted.input.clone());
        entry("vars", self.run.vars(UnitId::RUN));
        entry("state", self.run.state.clone());
        entry("error", self.run.error().unwrap_or_default());
        entry("output", self.run.outcome.as_ref().map(crate::run::event::Outcome::output).unwrap_or_default());
        for wait in waits_for(&self.plan, &self.run, UnitId::RUN) {
            paper.push_str(&format!("{:<8}{wait}\n", styled(palette.faint, "waits")));
        }
        paper
    }

    /// The record with which it became a run of its own, if it is a fork.
    fn fork_of(&self) -> Option<&Rewinding> {
        self.records[..self.events].iter().rev().find_map(|record| match &record.event {
            Event::Rewound(rewinding) if rewinding.of.is_some() => Some(&**rewinding),
            _ => None,
        })
    }

    /// Every event that counts, with its number and what it carries.
    fn events(&self) -> String {
        let palette = Palette::for_stdout();
        let lines = (1..).zip(&self.records[..self.events]).map(|(number, record)| {
            let json = serde_json::to_value(&record.event).unwrap_or_default();
            let word = json.get("event").and_then(Json::as_str).unwrap_or_default().to_owned();
            let carries = json.as_object().into_iter().flatten().filter(|(name, _)| *name != "event");
            let carries: serde_json::Map<_, _> = carries.map(|(name, value)| (name.clone(), value.clone())).collect();
            let carries = if carries.is_empty() { String::new() } else { Json::Object(carries).to_string() };
            let head = styled(palette.faint, format!("{number:>6} {}", clock(record.at, false)));
            format!("{head} {word:<12} {carries}").trim_end().to_owned() + "\n"
        });
        lines.collect()
    }

    fn to_json(&self) -> Json {
        serde_json::json!({
            "id": self.run.accepted.run,
            "workflow": self.run.accepted.workflow,
            "event": self.events,
            "at": self.now.to_string(),
            "status": self.status,
            "fork_of": self.fork_of().map(|rewinding| &rewinding.of),
            "input": self.run.accepted.input.to_json(),
            "vars": self.run.vars(UnitId::RUN).to_json(),
            "state": self.run.state.to_json(),
            "waits": waits_for(&self.plan, &self.run, UnitId::RUN),
        })
    }
}

/// Of which run a fork is, from which step, by whose word and why.
fn fork_told(rewinding: &Rewinding) -> Value {
    let of = rewinding.of.as_ref().map(ToString::to_string).unwrap_or_default();
    let from = rewinding.from.as_ref().map(|from| format!(", from `{from}`")).unwrap_or_default();
    let why = rewinding.why.as_ref().map(|why| format!(": {}", first_line(why))).unwrap_or_default();
    format!("{of}{from}, by {}{why}", rewinding.by).into()
}

fn terminal_width() -> usize {
    terminal_size::terminal_size().map_or(WIDTH_DEFAULT, |(columns, _)| columns.0.into())
}
