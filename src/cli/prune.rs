//! `flow prune`: lets go of runs that have had their time.

use std::path::PathBuf;

use clap::Args;

use super::data::{self, counted};
use super::exit::{Exit, Refusal, Stop};
use super::paper::deliver;
use super::threads::threads;
use crate::base::status::Status;
use crate::base::time::{Duration, Timestamp};
use crate::run::journal::{Broken, Forgotten, Journal as _, Query};
use crate::run::prune;
use crate::store::Sqlite;

/// Let go of runs that have been at rest for long, with all that only they needed.
///
/// A run that another one waited for goes with that one, and not before it. Where --status is not given, runs that failed stay.
/// The server does the same at intervals by `[store] keep` in flow.toml.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  flow prune --data state --keep 30d --dry-run
  flow prune --data state --keep 30d
  flow prune --data state --keep 90d --status failed --workflow import")]
pub struct Prune {
    /// The data directory. No server may be using it.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// How long runs are kept after they came to rest, such as `30d` or `12h`.
    #[arg(long, value_name = "DURATION")]
    keep: Duration,
    /// Only runs of this workflow.
    #[arg(long, value_name = "WORKFLOW")]
    workflow: Option<String>,
    /// Only runs that ended so: completed, failed, cancelled, skipped, undone; may be given several times.
    #[arg(long, value_name = "STATUS")]
    status: Vec<Status>,
    /// Only says how many would go.
    #[arg(long)]
    dry_run: bool,
}

impl Prune {
    /// Lets go of them.
    ///
    /// # Errors
    /// If the directory cannot be used, or a status is none of a run at rest.
    pub fn run(&self) -> Result<Exit, Stop> {
        let query = self.query(Timestamp::now())?;
        let store = data::open(&self.data)?;
        let runtime = threads()?;
        let broken = |broken: Broken| Refusal::new(broken.to_string());
        if self.dry_run {
            let count = runtime.block_on(count(&store, query)).map_err(broken)?;
            // Children that somebody waited for go with their parents; how many there are shows when they do.
            deliver(&format!("{} would go, and what they started and waited for", counted(count, "run")));
        } else {
            let forgotten = runtime.block_on(self.prune(&store, query)).map_err(broken)?;
            deliver(&said(&forgotten));
        }
        Ok(Exit::Done)
    }

    /// Which runs have had their time.
    fn query(&self, now: Timestamp) -> Result<Query, Refusal> {
        if let Some(status) = self.status.iter().find(|status| !status.is_at_rest()) {
            return Err(Refusal::new(format!("a run that is {status} has not come to rest"))
                .hint("only runs that completed, failed, or were cancelled, skipped or undone can be let go of"));
        }
        let ended = |status: &Status| status.is_at_rest() && *status != Status::Failed;
        let statuses = match &self.status[..] {
            [] => Status::ALL.into_iter().filter(ended).collect(),
            given => given.to_vec(),
        };
        Ok(Query { workflow: self.workflow.as_deref().map(Into::into), ..prune::over(statuses, self.keep, now) })
    }

    async fn prune(&self, store: &Sqlite, query: Query) -> Result<Forgotten, Broken> {
        let now = Timestamp::now();
        // The directory is ours alone: nobody has to do with any run.
        let mut forgotten = prune::runs(store, query, |_| Some(())).await?;
        forgotten += store.sweep(now, prune::EVENTS_KEPT.before(now)).await?;
        Ok(forgotten)
    }
}

async fn count(store: &Sqlite, mut query: Query) -> Result<u64, Broken> {
    let mut count = 0;
    loop {
        let page = store.runs(&query).await?;
        count += page.runs.len() as u64;
        match page.next {
            Some(next) => query.before = Some(next),
            None => return Ok(count),
        }
    }
}

/// What was let go of, in a line.
fn said(forgotten: &Forgotten) -> String {
    let Forgotten { runs, batches: _, values, events, facts, plans, bytes } = *forgotten;
    let beside = [(values, "large value"), (events, "event"), (facts, "fact"), (plans, "plan")];
    let beside: Vec<String> =
        beside.into_iter().filter(|(count, _)| *count > 0).map(|(count, thing)| counted(count, thing)).collect();
    let mut said = format!("{} gone", counted(runs, "run"));
    if !beside.is_empty() {
        said.push_str(&format!(", with {}", beside.join(", ")));
    }
    if bytes > 0 {
        said.push_str(&format!(": {} KB of flow.db are used again", bytes.div_ceil(1_000)));
    }
    said
}
