//! Rewinding: what of a run that rests would be done again from a step, and the record that says so (semantics 76 to 79). A fork
//! is a new run that begins with the records of another and is rewound (semantics 80).
//!
//! In: a plan, the journal of a run, what somebody asks for. Out: what would be done again, kept, undone first; and the record
//! of it. Never: a change; the driver writes the record, and `history::fold` gives it its meaning.

mod consequence;
mod edit;
mod fork;
mod newer;
mod parked;
mod scope;
mod target;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::cause::NoSuchStep;
use super::event::{Event, Outcome, Record, Rewinding, UnitId};
use super::history::lives::Lives;
use super::history::{Fold, Run};
use super::intake;
use super::journal::Broken;
use super::upgrade::Stay;
use crate::base::failure::Failure;
use crate::base::id::{Digest, RunId};
use crate::base::shape::Misfit;
use crate::base::status::Status;
use crate::base::value::Value;
use crate::lang::plan::Plan;

pub use fork::{Fork, fork};
pub use newer::onto;
pub use parked::parked;
use scope::Scope;

/// On which plan a run goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// The one it is on.
    #[default]
    Own,
    /// The one that new runs are pinned to.
    Newest,
}

/// What somebody asks for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// From which step: its place, or its name if that is at one place. Without it the run goes on with what failed.
    pub from: Option<Arc<str>>,
    /// Its input from now on.
    pub input: Option<Value>,
    /// Parameters of the step from which it goes on, or of the one that failed; those that are not named stay.
    pub params: Option<Value>,
    /// On which plan it goes on.
    pub plan: Which,
    /// Whether what would happen again may.
    pub accept: bool,
    /// Who asks.
    pub by: Arc<str>,
    /// Why.
    pub why: Option<Arc<str>>,
    /// The run that waits for this one, and its unit, if that one is rewound.
    pub through: Option<(RunId, UnitId)>,
}

/// What a rewind would mean.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    /// What is done again, and why.
    pub redo: Vec<Redo>,
    /// What happened outside, is not undone, and would happen again.
    pub again: Vec<Again>,
    /// What is undone first, the latest first.
    pub undo: Vec<Arc<str>>,
    /// Runs that steps wait for and that go on where they failed.
    pub continues: Vec<RunId>,
    /// Steps that keep what they put out.
    pub kept: Vec<Arc<str>>,
    /// Those among them that have read a field of the input that changes.
    pub reads_edited_input: Vec<Arc<str>>,
    /// The newer plan that it goes on under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Digest>,
}

/// Something that is done again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Redo {
    /// Its place.
    pub place: Arc<str>,
    /// Why.
    pub why: Why,
}

/// Why something is done again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It was asked for.
    Asked,
    /// It failed.
    Failed,
    /// It was cut off before its end.
    CutOff,
    /// What it did was undone.
    Undone,
    /// It follows something that is done again.
    Follows,
}

/// Something that would happen again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Again {
    /// The place of the step.
    pub place: Arc<str>,
    /// What it does: an operation, or a run that is started.
    pub what: Arc<str>,
    /// Whether nobody knows if it happened the first time.
    pub in_doubt: bool,
}

/// Why a run is not rewound.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// There is no such run, or nothing is kept of it.
    #[error("there is no such run, or nothing is kept of it")]
    NoSuchRun,
    /// No open failures are called so.
    #[error("there is no group of open failures `{0}`; `flow failures` lists them")]
    NoSuchGroup(Arc<str>),
    /// Its journal cannot be read or written.
    #[error(transparent)]
    Store(#[from] Broken),
    /// It has not ended.
    #[error("the run has not ended; a step that waits for a decision is decided, not rewound")]
    NotAtRest,
    /// It has not ended: a step of it is parked, and tries again where it is.
    #[error("`{step}` is parked, and its run is under way: {what}")]
    UnderWay {
        /// The step.
        step: Arc<str>,
        /// What cannot be.
        what: Arc<str>,
    },
    /// It has ended well.
    #[error(
        "the run is {0}: only what failed or was cancelled goes on; `flow fork` starts a new run from one of its steps"
    )]
    Ended(Status),
    /// Another run has used what it came to.
    #[error("the run `{parent}` has used what came of this one; rewind that one")]
    Child {
        /// The run that waited for it.
        parent: RunId,
    },
    /// There is no such step.
    #[error(transparent)]
    NoSuchStep(#[from] NoSuchStep),
    /// The step has not run.
    #[error("the step `{0}` has not run; without a step named, the run goes on with what failed")]
    NotRun(Arc<str>),
    /// The plan of the run has the step no more.
    #[error("the plan of the run has the step `{0}` no more; it can go on from another one")]
    Gone(Arc<str>),
    /// The step is one of the end of the run, or of what was undone.
    #[error("`{0}` belongs to the end of the run; it is carried out again when the run ends again")]
    AtTheEnd(Arc<str>),
    /// The name is at several places.
    #[error("`{step}` has run at several places: {}", .places.join(", "))]
    Ambiguous {
        /// What was asked for.
        step: Arc<str>,
        /// Where it is.
        places: Vec<String>,
    },
    /// The new input does not fit.
    #[error("the input does not fit: {}", told(.0))]
    Input(Vec<Misfit>),
    /// The new parameters do not fit.
    #[error("the parameters of `{step}` do not fit: {}", told(.misfits))]
    Params {
        /// Of which step.
        step: Arc<str>,
        /// In what.
        misfits: Vec<Misfit>,
    },
    /// It is not clear whose parameters are meant.
    #[error("{0} steps that take parameters have failed; say by its place which one the new ones are for")]
    WhoseParams(usize),
    /// Nothing has come in yet that it could begin with.
    #[error("the run still collects what it is to begin with, and has done nothing; start a new one")]
    Collects,
    /// The newest plan cannot be that of the run.
    #[error(
        "the run cannot go on under the newest plan, because {}; from an earlier step it may (`--from STEP`), and under its own \
         plan it can (`--plan own`)", .0.words
    )]
    Stays(Stay),
    /// The program has the workflow no more.
    #[error("the program has no workflow `{0}` any more: there is no newer plan for the run")]
    NoNewerPlan(Arc<str>),
    /// Another run has the key of the workflow since.
    #[error("the run `{0}` has the key of this one since; `flow fork` starts a new run beside that one")]
    KeyTaken(RunId),
    /// What it needs before it goes on cannot be computed.
    #[error("what the run needs before it may go on cannot be computed: {0}")]
    Claim(Failure),
    /// What would happen again was not accepted.
    #[error("{}", would_happen_again(.0))]
    NotAccepted(Box<Preview>),
}

/// What a rewind would mean, and the record of it.
///
/// # Errors
/// Where the run cannot be rewound so; nothing has happened then.
pub fn decide(plan: &Plan, records: &[Record], request: &Request) -> Result<(Preview, Rewinding), Refusal> {
    let fold = folded(plan, records)?;
    let run = fold.run();
    may_go_on(run, request)?;
    let lives = Lives::of(plan, fold.counted());
    let scope = scope(plan, &fold, &lives, request.from.as_ref())?;
    let rewinding = consequence::of(plan, run, &lives, &scope);
    Asked { plan, run, lives: &lives, scope: &scope, request }.for_what(rewinding)
}

/// What is done again from a step, or where none is named, because it failed.
fn scope(plan: &Plan, fold: &Fold<'_>, lives: &Lives<'_>, from: Option<&Arc<str>>) -> Result<Scope, Refusal> {
    let scope = match from {
        Some(from) => Scope::from(plan, lives, target::find(plan, lives, from)?),
        None => Scope::of_what_failed(plan, lives),
    };
    Ok(if has_begun(fold) { scope } else { Scope::all(Why::Failed) })
}

/// What somebody asks for, of a run that stands so.
struct Asked<'a> {
    plan: &'a Plan,
    run: &'a Run,
    lives: &'a Lives<'a>,
    scope: &'a Scope,
    request: &'a Request,
}

impl Asked<'_> {
    /// What `rewinding` would mean with all that is asked for, and the record of that.
    fn for_what(&self, rewinding: Rewinding) -> Result<(Preview, Rewinding), Refusal> {
        let Self { plan, run, lives, scope, request } = *self;
        let input = request.input.as_ref().map(|input| intake::fit(plan, input).map_err(Refusal::Input)).transpose()?;
        let mut rewinding = Rewinding {
            by: request.by.clone(),
            why: request.why.clone(),
            through: request.through.clone(),
            from: request.from.clone(),
            ..rewinding
        };
        rewinding.params = edit::params(plan, lives, scope, &rewinding, request.params.as_ref())?;
        let preview = consequence::told(plan, run, lives, scope, &rewinding, input.as_ref());
        rewinding.input = input;
        Ok((preview, rewinding))
    }
}

/// What happens next, once a rewind is decided: what is to be undone is undone by the run as it rests; then it goes on.
pub fn next(rewinding: Rewinding) -> Event {
    match rewinding.undo.is_empty() {
        true => Event::Rewound(Arc::new(rewinding)),
        false => Event::RewindAsked(Arc::new(rewinding)),
    }
}

/// What happens once all is undone that was to be undone first: the run goes on, in the places that it has.
pub fn after_undo(rewinding: &Rewinding) -> Event {
    Event::Rewound(Arc::new(Rewinding { inside: true, ..rewinding.clone() }))
}

impl Request {
    /// Whether what would happen again may.
    ///
    /// # Errors
    /// If it may not.
    pub fn accepts(&self, preview: &Preview) -> Result<(), Refusal> {
        // Whoever rewound the run that waits for this one was told what that means.
        match self.accept || self.through.is_some() || preview.again.is_empty() {
            true => Ok(()),
            false => Err(Refusal::NotAccepted(Box::new(preview.clone()))),
        }
    }
}

fn folded<'a>(plan: &'a Plan, records: &'a [Record]) -> Result<Fold<'a>, Refusal> {
    let (first, rest) = records.split_first().ok_or(Refusal::NoSuchRun)?;
    let mut fold = Fold::begin(plan, first).map_err(|_| Refusal::NoSuchRun)?;
    rest.iter().for_each(|record| fold.take(record));
    Ok(fold)
}

/// Whether a run that stands so may be rewound (semantics 44, 79).
fn may_go_on(run: &Run, request: &Request) -> Result<(), Refusal> {
    if !run.is_at_rest() || run.is_rewinding() {
        return Err(Refusal::NotAtRest);
    }
    match (&run.outcome, &run.accepted.parent) {
        (Some(Outcome::Completed { .. } | Outcome::Skipped { .. }), _) => Err(Refusal::Ended(run.status())),
        (_, Some(parent)) if request.through.as_ref().is_none_or(|(through, _)| through != parent) => {
            Err(Refusal::Child { parent: parent.clone() })
        }
        _ => Ok(()),
    }
}

/// Whether a run got as far as having its variables; one that failed before begins from the start.
fn has_begun(fold: &Fold<'_>) -> bool {
    fold.counted().iter().any(|record| matches!(record.event, Event::Set { .. }))
}

fn told(misfits: &[Misfit]) -> String {
    misfits.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn would_happen_again(preview: &Preview) -> String {
    let steps = preview.again.iter().map(|again| {
        let doubt = if again.in_doubt { ", of which nobody knows whether it happened" } else { "" };
        format!("`{}` ({}{doubt})", again.place, again.what)
    });
    format!("this would happen again: {}; say `--accept` if it may", steps.collect::<Vec<_>>().join(", "))
}
