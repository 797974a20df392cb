//! Chains: runs that start one another, by `start` or by an event, and the bound on how many may (semantics 66).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::failure::{Failure, Kind as FailureKind};
use crate::base::id::RunId;
use crate::base::limit::{self, CHAIN_MAX};
use crate::base::time::{Duration, Timestamp};

/// The run that emitted an event, which may start another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Which.
    pub run: RunId,
    /// How many runs lie behind the event that started one another, each soon after it was accepted: this one and those before
    /// it.
    pub chain: u32,
}

/// What lies before a run in its chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The run that the chain began with; none for that run itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<RunId>,
    /// The workflows of the runs before it, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub through: Vec<Arc<str>>,
}

impl Line {
    /// Whether nothing lies before it.
    pub fn is_nothing(&self) -> bool {
        self.first.is_none()
    }

    /// What lies before a run that `run`, a run of `workflow` with this before it, starts.
    #[must_use]
    pub fn on(&self, run: &RunId, workflow: &Arc<str>) -> Self {
        let mut line = self.clone();
        line.first.get_or_insert_with(|| run.clone());
        if !line.through.contains(workflow) {
            line.through.push(workflow.clone());
        }
        line
    }

    /// The fact that says how many runs of the chain have come back, if a run of `workflow` would be one of them: a run of the
    /// same workflow lies before it.
    pub fn comes_back(&self, workflow: &Arc<str>) -> Option<Arc<str>> {
        let first = self.first.as_ref().filter(|_| self.through.contains(workflow))?;
        Some(format!("chain/{first}").into())
    }

    /// What a run of `workflow` hears that is not started because `most` runs of its chain have come back already.
    pub fn too_wide(&self, workflow: &str, most: u64) -> Failure {
        let first = self.first.as_ref().map_or("", |run| &run.0);
        let through: String = self.through.iter().map(|name| format!("`{name}` -> ")).collect();
        let message = format!(
            "the run {first} has led to {most} runs that come back to a workflow which lies before them, and that is the bound (`run.chain_runs`); here {through}`{workflow}`. Let each run start fewer of its own kind, or wait before it starts them, or set the bound higher in `flow.toml`"
        );
        Failure::new(FailureKind::LimitExceeded, message)
    }
}

/// One run of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it is a run of.
    pub workflow: Arc<str>,
    /// What started it.
    pub by: By,
}

/// What starts a run of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// An event of this topic.
    Event(Arc<str>),
    /// A `start` of the run before.
    Start,
    /// A step of the run before, which waits for it.
    Step,
    /// Somebody, or something, outside.
    Outside,
}

/// Whether a run that was accepted at one moment and starts another one now does so soon: then both are of one chain.
pub fn is_soon(accepted: Timestamp, now: Timestamp) -> bool {
    Duration::between(accepted, now) < Duration(limit::CHAIN_MILLIS)
}

/// What a run hears that is not started because its chain is too long: `last` are the last runs of it, itself at the end.
pub fn too_long(last: &[Link]) -> Failure {
    let before = if last.first().is_some_and(|link| link.by == By::Outside) { "" } else { "..." };
    let told: String = last.iter().map(told).collect();
    let message = format!(
        "{CHAIN_MAX} runs in a row have started one another, each soon after it was accepted, and that is the bound (`CHAIN_MAX`); the chain ends so: {before}{told}. Let a run wait before it emits what starts the next one, or end the chain by a `where`"
    );
    Failure::new(FailureKind::LimitExceeded, message)
}

fn told(link: &Link) -> String {
    let Link { workflow, by } = link;
    match by {
        By::Event(topic) => format!(" -> event {topic:?} -> `{workflow}`"),
        By::Start => format!(" -> start -> `{workflow}`"),
        By::Step => format!(" -> step -> `{workflow}`"),
        By::Outside => format!("`{workflow}`"),
    }
}
