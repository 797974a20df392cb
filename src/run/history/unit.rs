//! Units: what has a record, one outcome and can be acted on; and the groups between them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::frame::FrameId;
use super::turns::Loop;
use super::view::View;
use crate::base::failure::Failure;
use crate::base::id::RunId;
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::lang::plan::{ChainId, HandlerId, NodeId};
use crate::run::event::{Role, Then, UnitId};
use crate::run::wait::Fit;

/// One unit that has not ended.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Its id.
    pub id: UnitId,
    /// The unit it is part of; none for the run.
    pub parent: Option<UnitId>,
    /// Its place among the children of its parent, which changes as others end.
    pub seat: usize,
    /// What it carries out; of no meaning for the run.
    pub node: NodeId,
    /// In which capacity.
    pub role: Role,
    /// Where its names find their values.
    pub frame: FrameId,
    /// How often it was decided anew.
    pub generation: u32,
    /// How far it is.
    pub stage: Stage,
    /// What it does.
    pub task: Task,
    /// What is part of it and has not ended.
    pub children: Vec<UnitId>,
    /// When it was opened.
    pub opened: Timestamp,
    /// Since when the bounds on its time count.
    pub since: Timestamp,
    /// When its attempt must have ended.
    pub timeout: Option<Timestamp>,
    /// When all attempts must have ended.
    pub deadline: Option<Timestamp>,
    /// What it sleeps for.
    pub due: Option<Timestamp>,
    /// How many attempts it has begun, in this generation.
    pub attempts: u32,
    /// How often an attempt of this generation was cut off by the end of the process.
    pub interruptions: u32,
    /// Whether an attempt of this generation may have happened without our knowing.
    pub doubt: bool,
    /// How often each handler has retried it, over all generations (semantics 6, 18).
    pub budgets: BTreeMap<HandlerId, u32>,
    /// The error whose chain is being walked.
    pub trouble: Option<Box<Trouble>>,
    /// What comes after it has come to rest, if it is to.
    pub closing: Option<Box<Then>>,
    /// Whether it is inside something that comes to rest.
    pub resting: bool,
    /// What can be undone of what was done in it, in the order of completion.
    pub undo: BTreeMap<u32, Entry>,
    /// What can be undone of what handlers did in its stead: not discarded with it (semantics 21).
    pub kept: BTreeMap<u32, Entry>,
    /// Its own view of the variables, if it has one.
    pub view: Option<Box<View>>,
    /// The item of a loop, the error of a handler, what `undo` needs.
    pub given: Value,
    /// The failure of something inside that it cannot absorb, until it has been dealt with.
    pub fallen: Option<Arc<Failure>>,
    /// The statement that failed first of those that it fell with.
    pub origin: Option<NodeId>,
    /// Errors raised while another was dealt with: for `details.also` (semantics 25).
    pub also: Vec<Arc<Failure>>,
    /// When its `remind` and `escalate` come due next, with their places among the clauses.
    pub ticks: Vec<(u32, Timestamp)>,
    /// The parameters a person has given it instead of those in the text (semantics 44).
    pub edited: Option<Value>,
    /// Whether it waits in the agenda already.
    pub queued: bool,
}

/// How far a unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Opened; nothing was computed yet.
    Opened,
    /// At work.
    Active,
    /// Between two attempts.
    Pausing,
}

/// What a unit does.
#[derive(Clone, Debug)]
pub enum Task {
    /// Nothing yet.
    None,
    /// It acts on the world.
    Act(Box<Act>),
    /// It waits for a time.
    Sleep {
        /// Whether it has come.
        over: bool,
    },
    /// It waits for a condition, a signal or an event.
    Listen(Box<Listen>),
    /// It carries out statements.
    Body(Progress),
    /// It goes through turns.
    Loop(Box<Loop>),
    /// It lets branches race.
    Race(Box<Race>),
    /// It waits for a place, then carries out statements.
    Gate(Box<Gate>),
}

/// An act on the world and its answer.
#[derive(Clone, Debug)]
pub struct Act {
    /// The parameters, computed once per generation (semantics 7).
    pub params: Value,
    /// The idempotency key.
    pub key: Arc<str>,
    /// How the call proves who asks.
    pub auth: Value,
    /// Who is at the far end.
    pub far: Far,
    /// Whether an attempt is under way.
    pub in_flight: bool,
    /// Whether its question was put to somebody who answers later.
    pub asked: bool,
    /// The answer of the last attempt, if it worked.
    pub output: Option<Value>,
    /// How to ask for the next page.
    pub next: Value,
    /// Who answered a question.
    pub by: Option<Arc<str>>,
    /// Whether the run that it waits for has failed before, and goes on where it failed (semantics 79).
    pub continues: bool,
    /// The run that it waits for because it has the key of the one that it was to start (semantics 71).
    pub joined: Option<RunId>,
}

/// Who is at the far end of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Far {
    /// An operation of a connector.
    Operation,
    /// Whoever answers a question.
    Person,
    /// Another run.
    Run,
}

/// Listening for something.
#[derive(Clone, Debug)]
pub struct Listen {
    /// The first signal or event that has not been looked at.
    pub next: u32,
    /// What came.
    pub output: Option<Value>,
    /// Who answered, where a person or a test did.
    pub by: Option<Arc<str>>,
    /// For an event: what it must carry to be looked at, if that is known.
    pub fit: Option<Fit>,
    /// What its condition sees of what changes while it waits.
    pub sees: Sees,
}

/// What changes in a run, as it was at some moment.
#[derive(Clone, Debug, Default)]
pub struct Sees {
    /// The variables.
    pub vars: Value,
    /// The state.
    pub state: Value,
    /// When that was.
    pub at: Timestamp,
}

/// How far a body is.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Which arm.
    pub arm: Option<u32>,
    /// In a sequence: how many statements are done.
    pub done: u32,
    /// In `parallel`: the state of each statement.
    pub each: Vec<Step>,
    /// In `parallel`: how many statements have been opened or passed over.
    pub opened: u32,
    /// Whether `until` was true in it.
    pub enough: bool,
}

/// The state of one statement of a `parallel` body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Step {
    /// It waits.
    #[default]
    Pending,
    /// It was opened.
    Open,
    /// It has ended.
    Done,
}

/// How far a race is.
#[derive(Clone, Debug)]
pub struct Race {
    /// The items; none for written branches.
    pub items: Arc<Vec<Value>>,
    /// How many branches there are.
    pub runners: u32,
    /// How many successes decide.
    pub wins: u64,
    /// How many branches at once.
    pub max: Option<u64>,
    /// The next branch to open.
    pub next: u32,
    /// The winners with their outputs, in order of finishing.
    pub winners: Vec<(u32, Value)>,
    /// For each gather, the first winner's value.
    pub gathered: Vec<Value>,
    /// How many branches have failed.
    pub failed: u32,
    /// How many branches can win no more: those that have failed, and those that are given up and still undone.
    pub lost: u32,
}

/// A lock and what is done inside.
#[derive(Clone, Debug)]
pub struct Gate {
    /// What is locked.
    pub key: Arc<str>,
    /// How many may be inside.
    pub places: u64,
    /// Whether it has asked to be let in: not yet, where it stands open again since the run was rewound.
    pub asked: bool,
    /// When it asked for its place.
    pub since: Timestamp,
    /// Whether it is inside.
    pub entered: bool,
    /// How far the body is.
    pub progress: Progress,
}

/// An error whose chain is being walked.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// The error.
    pub failure: Arc<Failure>,
    /// The step it is about.
    pub step: Arc<str>,
    /// Whose handlers are asked.
    pub chain: ChainId,
    /// How many links have been passed.
    pub cursor: usize,
    /// Whether it comes from something inside whose own chain did not settle it.
    pub inner: bool,
    /// Whether the unit had come to rest before the walk began, so that nothing in it goes on beside.
    pub at_rest: bool,
    /// What is awaited before the walk goes on.
    pub awaits: Awaits,
}

/// What the walk along a chain waits for.
#[derive(Clone, Debug, PartialEq)]
pub enum Awaits {
    /// Nothing.
    Nothing,
    /// The end of a `notify`.
    Notify,
    /// The end of an `alternate`.
    Alternate,
    /// What came of the `alternate`.
    Answered(Box<crate::run::event::Outcome>),
    /// A person.
    Person,
}

/// Something that can be undone.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The step that did it.
    pub step: NodeId,
    /// Where its names find their values; kept alive by this entry.
    pub frame: FrameId,
    /// What it put out.
    pub output: Value,
    /// Its key.
    pub key: Arc<str>,
    /// Whether it is not known to have happened (semantics 36).
    pub doubt: bool,
    /// Its place, for people.
    pub place: Arc<str>,
}

impl Trouble {
    /// A failure of a unit at rest, before the first link of its chain is asked.
    pub fn new(failure: Arc<Failure>, step: Arc<str>, chain: ChainId) -> Self {
        Self { failure, step, chain, cursor: 0, inner: false, at_rest: true, awaits: Awaits::Nothing }
    }
}

impl Unit {
    /// Whether it waits in front of its handlers for a person.
    pub fn is_parked(&self) -> bool {
        self.closing.is_none() && self.trouble.as_ref().is_some_and(|trouble| trouble.awaits == Awaits::Person)
    }

    /// Whether it waits before it tries again, or begins anew.
    pub fn is_between_attempts(&self) -> bool {
        self.stage == Stage::Pausing || matches!(self.closing.as_deref(), Some(Then::Anew { .. }))
    }

    /// The id of the run that its attempt has started, if it waits for a run: its key. A run that failed is not the one
    /// that is tried next, so that later attempts add their number.
    pub fn child_run(&self) -> Option<RunId> {
        let Task::Act(act) = &self.task else { return None };
        Some(match self.attempts {
            0 | 1 => RunId(act.key.clone()),
            attempt => RunId(format!("{}#{attempt}", act.key).into()),
        })
    }

    /// Whether it waits for a run that is not its own: it may let that one be at any time.
    pub fn has_joined(&self) -> bool {
        matches!(&self.task, Task::Act(act) if act.joined.is_some())
    }

    /// Whether it undoes a child run by that run's own entries.
    pub fn unwinds_child(&self) -> bool {
        self.role == Role::Undo && self.given.get("child").is_some_and(Value::is_true)
    }

    /// The progress of its body, if it carries out statements.
    pub fn progress(&self) -> Option<&Progress> {
        match &self.task {
            Task::Body(progress) => Some(progress),
            Task::Gate(gate) => Some(&gate.progress),
            Task::None | Task::Act(_) | Task::Sleep { .. } | Task::Listen(_) | Task::Loop(_) | Task::Race(_) => None,
        }
    }

    /// The same, to be changed.
    pub fn progress_mut(&mut self) -> Option<&mut Progress> {
        match &mut self.task {
            Task::Body(progress) => Some(progress),
            Task::Gate(gate) => Some(&mut gate.progress),
            Task::None | Task::Act(_) | Task::Sleep { .. } | Task::Listen(_) | Task::Loop(_) | Task::Race(_) => None,
        }
    }
}
