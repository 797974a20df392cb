//! What happened in a run: an append-only vocabulary. The journal is a list of these; a `Run` is their fold.

mod hiding;
mod rewinding;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use rewinding::Rewinding;

use super::admission::{Admission, Collects, Gathered, Reason};
use crate::base::failure::Failure;
use crate::base::id::{Digest, RunId};
use crate::base::time::{Duration, Timestamp};
use crate::base::value::Value;
use crate::lang::plan::{ChainId, HandlerId, Moment, NodeId};
use crate::run::chain::Line;
use crate::run::wait::Fit;

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// When it was written.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// A unit of one run: its place in the table of units, and how many units the run had opened before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UnitId {
    /// Place in the table; used again when the unit has gone.
    pub index: u32,
    /// Never used again.
    pub serial: u32,
}

impl Event {
    /// The unit it is about, if it is about one.
    pub fn unit(&self) -> Option<UnitId> {
        match self {
            Self::Opened { unit, .. }
            | Self::Began { unit, .. }
            | Self::Attempted { unit, .. }
            | Self::Interrupted { unit, .. }
            | Self::Answered { unit, .. }
            | Self::Raised { unit, .. }
            | Self::Chose { unit, .. }
            | Self::Closing { unit, .. }
            | Self::Ended { unit, .. }
            | Self::Computed { unit, .. }
            | Self::Broke { unit, .. }
            | Self::Assigned { unit, .. }
            | Self::Passed { unit, .. }
            | Self::Enough { unit }
            | Self::Paused { unit, .. }
            | Self::Scheduled { unit, .. }
            | Self::Woke { unit, .. }
            | Self::Renewed { unit }
            | Self::Launched { unit, .. }
            | Self::Emitted { unit, .. }
            | Self::Replied { unit, .. }
            | Self::Took { unit, .. }
            | Self::Ignored { unit, .. }
            | Self::Asked { unit }
            | Self::Joined { unit, .. }
            | Self::Unparked { unit, .. } => Some(*unit),
            Self::Accepted(_)
            | Self::Collected { .. }
            | Self::Gathered(_)
            | Self::Delayed { .. }
            | Self::TurnedAway { .. }
            | Self::Started { .. }
            | Self::Set { .. }
            | Self::UnwindAsked
            | Self::Signalled { .. }
            | Self::Arrived { .. }
            | Self::CancelAsked { .. }
            | Self::PauseAsked { .. }
            | Self::Resumed { .. }
            | Self::Killed { .. }
            | Self::Problem(_)
            | Self::Decided { .. }
            | Self::Rested
            | Self::Dismissed { .. }
            | Self::RewindAsked(_)
            | Self::Rewound(_)
            | Self::MoveAsked { .. }
            | Self::Moved { .. } => None,
        }
    }

    /// The plan under which the run goes on from here, if it says one.
    pub fn plan(&self) -> Option<Digest> {
        match self {
            Self::Accepted(accepted) => Some(accepted.plan),
            Self::Moved { plan, .. } => Some(*plan),
            Self::Rewound(rewinding) => rewinding.plan,
            _ => None,
        }
    }

    /// The output that it says of what ended with it, if it says one.
    pub fn output(&self) -> Option<&Value> {
        match self {
            Self::Ended { outcome, .. } | Self::Decided { outcome } => match outcome {
                Outcome::Completed { output } | Outcome::Skipped { output, .. } => Some(output),
                Outcome::Failed { .. } | Outcome::Cancelled => None,
            },
            Self::Computed { value, .. } => Some(value),
            _ => None,
        }
    }

    /// The statement that it carried out without a unit of its own, if it did.
    pub fn statement(&self) -> Option<(UnitId, NodeId)> {
        match self {
            Self::Computed { unit, node, .. }
            | Self::Broke { unit, node, .. }
            | Self::Assigned { unit, node, .. }
            | Self::Passed { unit, node }
            | Self::Launched { unit, node, .. }
            | Self::Emitted { unit, node, .. }
            | Self::Replied { unit, node, .. } => Some((*unit, *node)),
            _ => None,
        }
    }
}

impl UnitId {
    /// The run itself.
    pub const RUN: Self = Self { index: 0, serial: 0 };
}

/// A unit of a run that is inside a gate or waits for it; [`UnitId::RUN`] for the places of the run itself.
pub type Holder = (RunId, UnitId);

/// In which capacity a node is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The run.
    Run,
    /// The statement itself.
    Main,
    /// One turn of a loop.
    Turn(u32),
    /// One branch of a race.
    Branch(u32),
    /// The body of `alternate`, beside the failed unit.
    Alternate(HandlerId),
    /// The call of `notify`.
    Notify(HandlerId),
    /// The call of `undo`.
    Undo,
    /// A body of `remind` or `escalate`, by its place among the clauses.
    Meanwhile(u32),
    /// A body at the end of the run.
    Lifecycle(Moment, u32),
}

/// Everything that can happen in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run was accepted.
    Accepted(Arc<Acceptance>),
    /// An item came for a run that collects them.
    Collected {
        /// What `input:` made of it.
        input: Value,
        /// What `trigger` was.
        trigger: Value,
        /// When the run takes them in at the latest.
        due: Option<Timestamp>,
        /// How many runs lie behind it that started one another.
        #[serde(default, skip_serializing_if = "is_none")]
        chain: u32,
    },
    /// What a run has collected became its input.
    Gathered(Arc<Gathered>),
    /// It comes too late for the moment at which it was to start, and others with it: to keep their pace, it may start then.
    Delayed {
        /// The earliest moment at which it may start.
        until: Timestamp,
    },
    /// It never starts.
    TurnedAway {
        /// Why.
        reason: Reason,
    },
    /// It has all its places, and runs, or goes on.
    Started {
        /// What its workflow keeps between runs, where it keeps something.
        #[serde(default, skip_serializing_if = "Value::is_unit")]
        state: Value,
    },
    /// The variables have their first values. `deadline` is that of the run.
    Set {
        /// The variables, an object.
        vars: Value,
        /// When the run must have ended.
        deadline: Option<Timestamp>,
    },
    /// A unit came to be, under another.
    Opened {
        /// Its id.
        unit: UnitId,
        /// Under which unit.
        parent: UnitId,
        /// What it carries out.
        node: NodeId,
        /// In which capacity.
        role: Role,
        /// The item of a loop, the error of a handler, what `undo` needs.
        given: Value,
    },
    /// What a unit needs to know was computed, and it begins.
    Began {
        /// Which unit.
        unit: UnitId,
        /// When this attempt must have ended.
        timeout: Option<Timestamp>,
        /// When all attempts must have ended.
        deadline: Option<Timestamp>,
        /// What it does.
        begin: Begin,
    },
    /// The intent to act: from now on it may have happened (semantics 35). Attempts count from 1.
    Attempted {
        /// Which unit.
        unit: UnitId,
        /// Which attempt.
        attempt: u32,
        /// When it must have ended.
        timeout: Option<Timestamp>,
    },
    /// The process that made an attempt has gone before it answered; the attempt is taken up again, or answered with what is
    /// known (semantics 49).
    Interrupted {
        /// Which unit.
        unit: UnitId,
        /// When the attempt must have ended, now that it is taken up.
        timeout: Option<Timestamp>,
    },
    /// What came of an attempt.
    Answered {
        /// Which unit.
        unit: UnitId,
        /// Which attempt.
        attempt: u32,
        /// The answer.
        answer: Answer,
    },
    /// An error was raised; its chain is walked.
    Raised {
        /// On whom the handlers act.
        unit: UnitId,
        /// Whose handlers.
        chain: ChainId,
        /// Whether it comes from something inside whose own chain did not settle it.
        inner: bool,
        /// The error.
        failure: Arc<Failure>,
        /// The step it is about, by name.
        step: Arc<str>,
    },
    /// A handler had its say, or none was left.
    Chose {
        /// For which unit.
        unit: UnitId,
        /// Which handler; none if the chain has ended.
        handler: Option<HandlerId>,
        /// What it said.
        choice: Choice,
    },
    /// A unit is given up, or is to begin anew: nothing new starts in it and all in it comes to rest (semantics 3, 30).
    Closing {
        /// Which unit.
        unit: UnitId,
        /// What comes after.
        then: Then,
    },
    /// A unit ended.
    Ended {
        /// Which unit.
        unit: UnitId,
        /// How.
        outcome: Outcome,
    },
    /// A statement that only computes was carried out; it never was a unit of its own.
    Computed {
        /// In which unit it stands.
        unit: UnitId,
        /// Which statement.
        node: NodeId,
        /// Its value.
        value: Value,
    },
    /// A `let` could not be computed: whoever reads it first raises its error (semantics 55).
    Broke {
        /// In which unit it stands.
        unit: UnitId,
        /// Which statement.
        node: NodeId,
        /// Why.
        failure: Arc<Failure>,
    },
    /// A variable got a value.
    Assigned {
        /// In which unit the statement stands.
        unit: UnitId,
        /// Which statement.
        node: NodeId,
        /// Whether the value is added to the old one.
        add: bool,
        /// The new value, or what is added.
        value: Value,
    },
    /// The statement at which a body stands was passed over: it was not for a unit, or its condition was false.
    Passed {
        /// In which unit it stands.
        unit: UnitId,
        /// Which statement.
        node: NodeId,
    },
    /// `until` was true in a turn.
    Enough {
        /// The turn.
        unit: UnitId,
    },
    /// A unit that repeats itself waits before its next turn.
    Paused {
        /// Which unit.
        unit: UnitId,
        /// Until when.
        until: Timestamp,
    },
    /// A `remind` or `escalate` of a unit that waits comes due then.
    Scheduled {
        /// Which unit.
        unit: UnitId,
        /// Which of its clauses, by its place.
        clause: u32,
        /// When.
        at: Timestamp,
    },
    /// A time that a unit waited for has come.
    Woke {
        /// Which unit.
        unit: UnitId,
        /// What it waited for.
        alarm: Alarm,
    },
    /// What was done in a unit is undone; it begins anew as the next generation.
    Renewed {
        /// Which unit.
        unit: UnitId,
    },
    /// The run that waits for this one is being undone, and this one with it.
    UnwindAsked,
    /// A run was started that nobody waits for.
    Launched {
        /// In which unit the statement stands.
        unit: UnitId,
        /// Which statement.
        node: NodeId,
        /// The id of the new run.
        run: RunId,
        /// Which workflow.
        workflow: Arc<str>,
        /// Its input.
        input: Value,
    },
    /// An event was emitted.
    Emitted {
        /// In which unit the statement stands.
        unit: UnitId,
        /// Which statement.
        node: NodeId,
        /// The topic.
        topic: Arc<str>,
        /// What it carries.
        payload: Value,
    },
    /// The caller was answered.
    Replied {
        /// In which unit the statement stands.
        unit: UnitId,
        /// Which statement.
        node: NodeId,
        /// The status.
        status: i64,
        /// The headers.
        headers: Value,
        /// The body.
        body: Value,
        /// Whether the body goes out as it is, not as JSON.
        #[serde(default)]
        raw: bool,
    },
    /// A signal came.
    Signalled {
        /// Its name.
        name: Arc<str>,
        /// What it carries.
        payload: Value,
    },
    /// An event happened that a unit takes.
    Arrived {
        /// Its topic.
        topic: Arc<str>,
        /// What it carries.
        payload: Value,
        /// Its place in the total order; 0 for one that came before events had one.
        #[serde(default)]
        mark: u64,
    },
    /// The question of a unit was put to somebody who answers later: nobody in this process waits for the answer.
    Asked {
        /// Which unit.
        unit: UnitId,
    },
    /// Another run has the key of the run that a unit was to start: the unit waits for that one (semantics 71).
    Joined {
        /// Which unit.
        unit: UnitId,
        /// Which run.
        run: RunId,
    },
    /// A unit took a signal or an event that it waited for.
    Took {
        /// Which unit.
        unit: UnitId,
        /// The number of the signal or event among those that came.
        number: u32,
    },
    /// None of the events that came before this number is for the unit that waits for one. Written by earlier versions only.
    Ignored {
        /// Which unit.
        unit: UnitId,
        /// The number of the first event that it has not looked at.
        before: u32,
    },
    /// A parked step was decided by a person.
    Unparked {
        /// Which unit.
        unit: UnitId,
        /// By whom.
        by: Arc<str>,
        /// How.
        decision: Decision,
    },
    /// Somebody asked for the run to be cancelled.
    CancelAsked {
        /// Who.
        by: Arc<str>,
    },
    /// The run was told to stand still.
    PauseAsked {
        /// Who.
        by: Arc<str>,
    },
    /// The run goes on.
    Resumed {
        /// Who.
        by: Arc<str>,
    },
    /// The run was killed: nothing is awaited (semantics 32).
    Killed {
        /// Who.
        by: Arc<str>,
    },
    /// Something went wrong that does not change the run's outcome.
    Problem(Arc<Problem>),
    /// The run's outcome was decided (semantics 41); what follows cannot change it.
    Decided {
        /// The outcome.
        outcome: Outcome,
    },
    /// The run rests.
    Rested,
    /// Somebody has said that the failure of a resting run needs nothing more (semantics 44).
    Dismissed {
        /// Who.
        by: Arc<str>,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<Arc<str>>,
    },
    /// What was done in the part of a resting run that is done again is undone first; then it is rewound (semantics 78).
    RewindAsked(Arc<Rewinding>),
    /// A run that rested goes on: part of it is done again, and what the journal says of that part counts no more. What it
    /// means is the affair of [`fold`](super::history::fold).
    Rewound(Arc<Rewinding>),
    /// The run is to go on under a newer plan as soon as it may (semantics 73, 75).
    MoveAsked {
        /// Which plan.
        plan: Digest,
        /// By whose word.
        by: Arc<str>,
    },
    /// The run goes on under a newer plan: what was recorded before is read in it from now on.
    Moved {
        /// Which plan.
        plan: Digest,
        /// By whose word.
        by: Arc<str>,
    },
}

impl Event {
    /// About how many bytes the values take up that come into the run with it, and may be large.
    pub fn weight(&self) -> usize {
        match self {
            Self::Computed { value, .. } | Self::Assigned { value, .. } => value.weight(),
            Self::Answered { answer: Answer::Done { value, .. }, .. } => value.weight(),
            Self::Ended { outcome: Outcome::Completed { output }, .. } => output.weight(),
            _ => 0,
        }
    }
}

/// What a run was accepted with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Acceptance {
    /// The id of the run.
    pub run: RunId,
    /// The workflow's name.
    pub workflow: Arc<str>,
    /// The plan it is pinned to.
    pub plan: Digest,
    /// Its input, checked, with defaults.
    pub input: Value,
    /// What `trigger` is.
    pub trigger: Value,
    /// What the state was, in journals of the time when it was read so early.
    #[serde(default, skip_serializing_if = "Value::is_unit")]
    pub state: Value,
    /// The run that waits for it.
    pub parent: Option<RunId>,
    /// How many runs wait for it, one through the other.
    pub depth: u32,
    /// The gates that are held until it has ended, by the runs that wait for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<Holder>,
    /// How many runs lie before it that started one another, each soon after it was accepted itself.
    #[serde(default, skip_serializing_if = "is_none")]
    pub starts: u32,
    /// The run that started it, or emitted what started it, and does not wait for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<RunId>,
    /// What lies before it in its chain.
    #[serde(default, skip_serializing_if = "Line::is_nothing")]
    pub line: Line,
    /// What it needs before it may start.
    #[serde(default, skip_serializing_if = "Admission::is_nothing")]
    pub admission: Admission,
    /// For whom it collects items first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collects: Option<Collects>,
    /// What it is found by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Arc<str>>,
    /// The fork that it is, or that it is carried out for: what `key` clauses give is another key there (semantics 80).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fork: Option<RunId>,
}

fn is_none(count: &u32) -> bool {
    *count == 0
}

/// What a unit does from now on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "begin", rename_all = "snake_case")]
pub enum Begin {
    /// It will act, with these parameters under this key.
    Act {
        /// The parameters.
        params: Value,
        /// The idempotency key.
        key: Arc<str>,
        /// How this call proves who asks, evaluated.
        auth: Value,
    },
    /// It waits for a time.
    Sleep {
        /// Which.
        until: Timestamp,
    },
    /// It waits for a condition, a signal or an event; those that came before count from `since`.
    Listen {
        /// The number of the first signal or event that counts.
        since: u32,
        /// For an event: what it must carry to be looked at, if that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fit: Option<Fit>,
    },
    /// It carries out its body, or this arm of it, with these names bound.
    Body {
        /// Which arm.
        arm: Option<u32>,
        /// What the names of the pattern stand for, in the order of their places.
        names: Vec<(crate::lang::plan::Slot, Value)>,
    },
    /// It goes through items or turns.
    Loop {
        /// The items; `()` for loops without.
        items: Value,
        /// Turns at once, or at all.
        max: Option<u64>,
        /// How many turns may fail.
        tolerate: Tolerate,
        /// The pause between turns.
        every: Option<Duration>,
    },
    /// It lets branches race.
    Race {
        /// The items; `()` for written branches.
        items: Value,
        /// How many successes decide.
        wins: u64,
        /// How many branches at once.
        max: Option<u64>,
    },
    /// It waits for a place.
    Gate {
        /// What is locked.
        key: Arc<str>,
        /// How many may be inside.
        places: u64,
    },
}

/// How many turns of a loop may fail.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tolerate {
    /// So many.
    Count(u64),
    /// So many of a hundred.
    Percent(f64),
    /// Any number.
    All,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// It worked.
    Done {
        /// Its output.
        value: Value,
        /// How to ask for the next page, if there is one.
        next: Value,
        /// Who answered, for a question.
        by: Option<Arc<str>>,
    },
    /// It failed.
    Failed {
        /// How.
        failure: Arc<Failure>,
        /// Whether it is certain that nothing happened (semantics 47).
        certain: bool,
    },
}

/// What a handler said of an error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "choice", rename_all = "snake_case")]
pub enum Choice {
    /// It is not for it, or it is exhausted: the next one is asked.
    Pass,
    /// Tell somebody, then ask the next one.
    Notify,
    /// Try again then.
    Retry {
        /// When.
        at: Timestamp,
    },
    /// Give up with this output.
    Skip {
        /// The output.
        value: Value,
    },
    /// Give up the turn of the innermost loop.
    SkipItem,
    /// Do something else instead.
    Alternate,
    /// Wait for a person.
    Park,
    /// End the search with this error.
    Fail {
        /// The error.
        failure: Arc<Failure>,
    },
    /// Nobody settled it.
    Unsettled,
}

/// What comes after a unit has come to rest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "then", rename_all = "snake_case")]
pub enum Then {
    /// It ends so; what was done in it stays.
    End {
        /// How.
        outcome: Outcome,
    },
    /// What was done in it is undone, latest first; then it ends so.
    Discard {
        /// How.
        outcome: Outcome,
    },
    /// What was done in it is undone, latest first; then it begins anew, as the next generation, at this moment.
    Anew {
        /// When.
        at: Timestamp,
    },
    /// The error that it raised itself meets its handlers (for a `timeout` of a block).
    Raise {
        /// The error.
        failure: Arc<Failure>,
        /// Whether it comes from something inside.
        inner: bool,
    },
}

/// How a unit ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Well.
    Completed {
        /// Its output.
        output: Value,
    },
    /// It was not done, or given up, with this output.
    Skipped {
        /// Its output.
        output: Value,
        /// The error after which it was given up.
        failure: Option<Arc<Failure>>,
    },
    /// Badly.
    Failed {
        /// How.
        failure: Arc<Failure>,
    },
    /// Others ended it.
    Cancelled,
}

/// What time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alarm {
    /// What it slept for: a wait, a retry pause, the pause of a loop, a condition to look at again.
    Due,
    /// The end of its attempt.
    Timeout,
    /// The end of all attempts.
    Deadline,
    /// A `remind` or `escalate`, by its place among the clauses.
    Meanwhile(u32),
}

/// What a person decided about a parked step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum Decision {
    /// Try again, perhaps with other parameters.
    Retry {
        /// The parameters, if they change.
        params: Option<Value>,
    },
    /// Give it up with this output.
    Skip {
        /// The output.
        value: Value,
    },
    /// Let it fail.
    Fail,
}

/// Something that went wrong beside the outcome: `run.problems`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// Where.
    pub place: Arc<str>,
    /// Its type: of the failure, or `undo_failed`, `in_doubt`, `replied_twice`.
    pub kind: Arc<str>,
    /// What happened, for people.
    pub message: Arc<str>,
}
