//! How a run ended, and what that means for a step that waits for it.

use std::sync::Arc;

use crate::base::failure::{Failure, Kind as FailureKind};
use crate::base::id::RunId;
use crate::base::status::Status;
use crate::base::value::Value;
use crate::run::event::{Outcome as Ended, Problem};
use crate::run::history::Run;
use crate::run::intake::StartError;
use crate::run::journal::Broken;
use crate::run::world::Outcome;

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Summary {
    /// How it stands.
    pub status: Status,
    /// Its output.
    pub output: Value,
    /// Its error, as programs see it.
    pub error: Option<Value>,
    /// The failure it ended with.
    pub failure: Option<Arc<Failure>>,
    /// What went wrong beside.
    pub problems: Vec<Arc<Problem>>,
    /// What it answered its caller.
    pub reply: Option<Value>,
    /// Whether there is something that could be undone.
    pub undoable: bool,
    /// If it was undone: what went wrong with that.
    pub not_undone: Vec<Arc<Problem>>,
}

impl Summary {
    /// How `run` ended, or how it stands.
    pub fn of(run: &Run) -> Self {
        let (output, failure) = match &run.outcome {
            Some(Ended::Completed { output }) => (output.clone(), None),
            Some(Ended::Failed { failure }) => (Value::Unit, Some(failure.clone())),
            Some(Ended::Skipped { .. } | Ended::Cancelled) | None => (Value::Unit, None),
        };
        Self {
            status: run.status(),
            output,
            error: run.error(),
            failure,
            problems: run.problems.clone(),
            reply: run.reply.clone(),
            undoable: run.can_unwind(),
            not_undone: run.not_undone().to_vec(),
        }
    }

    /// How a run stands of which nothing more can be written: for whoever waits for it, as if it had failed.
    pub fn unwritten(run: &Run, broken: &Broken) -> Self {
        let failure = Failure::new(FailureKind::ServerError, format!("what happens cannot be written: {broken}"));
        let error = Some(failure.to_value().into());
        Self { status: Status::Failed, error, failure: Some(Arc::new(failure)), ..Self::of(run) }
    }
}

/// What the end of a child means for the step that waits for it (semantics 66), or its undoing for the one that undoes it
/// (38).
pub fn child_outcome(run: &RunId, summary: &Summary) -> Outcome {
    match (summary.status, &summary.failure) {
        (Status::Completed, _) => {
            Outcome { next_page: Value::Bool(summary.undoable), ..Outcome::done(summary.output.clone()) }
        }
        (Status::Undone, _) => match summary.not_undone.first() {
            None => Outcome::done(Value::Unit),
            Some(problem) => {
                let message = format!("in the run `{run}`, `{}`: {}", problem.place, problem.message);
                Outcome::failed(Failure::new(FailureKind::Own("undo_failed".into()), message))
            }
        },
        (_, Some(failure)) => {
            let failure = (**failure).clone().detail("run", run.0.clone());
            Outcome::failed(failure)
        }
        (status, None) => {
            let failure = Failure::new(FailureKind::Cancelled, format!("the run `{run}` was {status}"));
            Outcome::failed(failure.detail("run", run.0.clone()))
        }
    }
}

/// Why a child was not started, as a failure of the step.
pub fn start_failure(error: &StartError) -> Failure {
    let kind = match error {
        StartError::Input(_) => FailureKind::ValidationError,
        StartError::UnknownWorkflow(_) | StartError::UnknownTrigger(..) => FailureKind::NotFound,
        StartError::Claim(failure) | StartError::Item(failure) => failure.kind.clone(),
        StartError::Depth => FailureKind::LimitExceeded,
        StartError::Store(_) => FailureKind::ServerError,
    };
    Failure::new(kind, error.to_string())
}
