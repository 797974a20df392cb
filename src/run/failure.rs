//! Open failures: runs that failed for good and steps that are parked, until somebody deals with them. They are grouped by
//! what failed and how, so that one look and one fix serve all of a kind (semantics 44).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::event::UnitId;
use crate::base::id::{Digest, RunId};
use crate::base::time::Timestamp;

/// How many runs of a group are named.
const RUNS_NAMED_MAX: usize = 100;

/// A failure that nobody has dealt with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Open {
    /// The step that failed; the workflow, where the run itself did.
    pub step: Arc<str>,
    /// The digest of the step: another text is another kind of failure.
    pub digest: Digest,
    /// The type of the error.
    pub kind: Arc<str>,
    /// What it said.
    pub message: Arc<str>,
    /// When it failed.
    pub at: Timestamp,
    /// The unit that is parked, if one is; otherwise the run has failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parked: Option<UnitId>,
}

/// Open failures of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// What it is called: the same for the same step and error type.
    pub id: Arc<str>,
    /// The workflow that the one that failed last belongs to.
    pub workflow: Arc<str>,
    /// The step.
    pub step: Arc<str>,
    /// Its digest.
    pub digest: Digest,
    /// The type of the error.
    pub kind: Arc<str>,
    /// What the one that failed last said.
    pub message: Arc<str>,
    /// How many there are.
    pub count: usize,
    /// How many of them are parked steps of runs that have not ended.
    pub parked: usize,
    /// When the first of them failed.
    pub first: Timestamp,
    /// When the last one failed.
    pub last: Timestamp,
    /// The runs, the one accepted last first; not all where there are very many.
    pub runs: Vec<RunId>,
}

impl Open {
    /// The id of its group.
    pub fn group(&self) -> Arc<str> {
        Digest::of(format!("{}\n{}\n{}", self.step, self.digest, self.kind).as_bytes()).to_string()[..12].into()
    }
}

/// Groups failures, the kind that happened last first. They come in the order in which lists of runs have them.
pub fn grouped<'a>(open: impl IntoIterator<Item = (&'a RunId, &'a Arc<str>, &'a Open)>) -> Vec<Group> {
    let mut groups: BTreeMap<Arc<str>, Group> = BTreeMap::new();
    for (run, workflow, failure) in open {
        let group = groups.entry(failure.group()).or_insert_with_key(|id| Group {
            id: id.clone(),
            workflow: workflow.clone(),
            step: failure.step.clone(),
            digest: failure.digest,
            kind: failure.kind.clone(),
            message: failure.message.clone(),
            count: 0,
            parked: 0,
            first: failure.at,
            last: failure.at,
            runs: Vec::new(),
        });
        group.count += 1;
        group.parked += usize::from(failure.parked.is_some());
        group.first = group.first.min(failure.at);
        if failure.at > group.last {
            (group.last, group.message, group.workflow) = (failure.at, failure.message.clone(), workflow.clone());
        }
        if group.runs.len() < RUNS_NAMED_MAX && group.runs.last() != Some(run) {
            group.runs.push(run.clone());
        }
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by(|one, other| (other.last, &one.id).cmp(&(one.last, &other.id)));
    groups
}
