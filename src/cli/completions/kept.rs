//! Names that stand in a data directory. It is only looked at, also while a server works on it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use clap_complete::engine::CompletionCandidate as Candidate;

use super::names::explained;
use crate::base::id::RunId;
use crate::cli::data;
use crate::cli::threads::threads;
use crate::host::{Builder, Program};
use crate::run::journal::{Journal as _, Query, Standing};

/// How many runs are offered, the latest first.
const RUNS_MAX: usize = 200;

/// The runs in `directory`, the latest first, each with its workflow and how it stands.
pub fn runs(directory: &Path) -> Vec<Candidate> {
    let runs = latest(directory).into_iter().enumerate();
    runs.map(|(place, run)| {
        let about = format!("{}, {}", run.workflow, run.status);
        explained(&run.run.0, Some(&about)).display_order(Some(place))
    })
    .collect()
}

/// The workflows of the latest runs.
pub fn workflows(directory: &Path) -> BTreeSet<Arc<str>> {
    latest(directory).into_iter().map(|run| run.workflow).collect()
}

/// The places of the steps that a run has come to, in their order.
pub fn steps(directory: &Path, run: &str) -> Vec<Candidate> {
    let (Some(store), Ok(threads)) = (data::look(directory), threads()) else { return Vec::new() };
    let Ok(engine) = Builder::new(Program::default()).journal(Arc::new(store)).build() else { return Vec::new() };
    let steps = threads.block_on(engine.steps(&RunId(run.into()))).unwrap_or_default().into_iter().enumerate();
    let offered = steps.map(|(place, step)| {
        explained(&step.place, Some(&format!("{}, {}", step.does, step.status))).display_order(Some(place))
    });
    offered.collect()
}

fn latest(directory: &Path) -> Vec<Standing> {
    let (Some(store), Ok(threads)) = (data::look(directory), threads()) else { return Vec::new() };
    let page = threads.block_on(store.runs(&Query { limit: RUNS_MAX, ..Query::default() }));
    page.map(|page| page.runs).unwrap_or_default()
}
