//! The machine: from a plan, a run and the time to what is to be done. A pure function; see `docs/semantics.md`.
//!
//! In: a plan, a run as it stands, the time, the settings. Out: records for the journal and acts on the world.
//! Never: await, a clock, chance, hash order (held by `tests/architecture.rs`).
//!
//! A run changes only by events: the machine records one, the fold applies it, and what has changed is looked at
//! again. So the machine never scans a run, and a step costs the same however long the run is.

mod body;
mod branch;
mod chain;
mod command;
mod ending;
mod entrance;
mod names;
mod race;
mod recovery;
mod rest;
mod retry;
mod step;
mod turns;
mod undo;
mod wait;

use std::sync::Arc;

pub use command::{Command, Refusal, Target, tell};
pub use recovery::take_up;
pub use step::question;
pub use wait::{Unseen, unseen};

use super::chain::Line;
use super::event::{Event, Holder, Outcome, Record, Role, Then, UnitId};
use super::history::unit::{Stage, Task, Unit};
use super::history::{Ending, Entrance, Run};
use super::intake::Options;
use super::world::{Act, Question, Settings};
use crate::base::failure::Failure;
use crate::base::id::RunId;
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::lang::plan::{ChainId, Node, Plan};

/// How many units one call of [`decide`] looks at before it lets the driver write down what was decided.
const LOOKS_PER_DECISION: usize = 256;

/// How many bytes of values, about, may come into the run in one decision.
const DECISION_BYTES_MAX: usize = 1024 * 1024;

/// What is to be done.
#[derive(Clone, Debug)]
pub enum Action {
    /// Write this into the journal. It has been folded already.
    Record(Record),
    /// Carry out an attempt.
    Perform {
        /// For which unit.
        unit: UnitId,
        /// Which attempt.
        attempt: u32,
        /// What.
        act: Box<Act>,
    },
    /// Let an attempt go: answer for it at once with what is known.
    Abandon {
        /// Of which unit.
        unit: UnitId,
        /// Which attempt.
        attempt: u32,
    },
    /// Start a run that this one waits for, or join it if it exists.
    StartChild {
        /// For which unit.
        unit: UnitId,
        /// Which attempt.
        attempt: u32,
        /// Which run.
        child: Box<Child>,
    },
    /// Let a child know what this run was told.
    TellChild {
        /// The id of the child.
        run: RunId,
        /// What.
        word: Word,
    },
    /// Undo a child that has completed.
    UnwindChild {
        /// For which unit.
        unit: UnitId,
        /// Which attempt.
        attempt: u32,
        /// The id of the child.
        run: RunId,
    },
    /// Put a question.
    Consult {
        /// For which unit.
        unit: UnitId,
        /// Which attempt.
        attempt: u32,
        /// The question.
        question: Box<Question>,
    },
    /// Ask for a place inside a lock.
    EnterLock {
        /// For which unit.
        unit: UnitId,
        /// What is locked.
        key: Arc<str>,
        /// How many may be inside.
        places: u64,
    },
    /// Ask for the places that the run needs before it may start.
    AskForPlaces,
    /// Take in what the run has collected: decide what it needs before it may start.
    Admit,
    /// It comes too late for its moment: ask for another one, to keep its pace.
    KeepPace,
    /// Give the place back, or the wish for it.
    LeaveLock {
        /// Which unit; [`UnitId::RUN`] for a place of the run.
        unit: UnitId,
        /// What is locked.
        key: Arc<str>,
    },
    /// A script printed something.
    Print(String),
}

/// A run that another waits for.
#[derive(Clone, Debug)]
pub struct Child {
    /// Its id.
    pub run: RunId,
    /// Its workflow.
    pub workflow: Arc<str>,
    /// Its input.
    pub input: Value,
    /// The run that waits for it.
    pub parent: RunId,
    /// How many runs wait for it, one through the other.
    pub depth: u32,
    /// The locks that are held until it has ended.
    pub within: Vec<Holder>,
    /// Whether it has failed before, and goes on where it failed (semantics 79).
    pub continues: bool,
    /// The run that has its key, and is waited for in its place, if that is known.
    pub joined: Option<RunId>,
    /// How many runs lie before it that started one another.
    pub starts: u32,
    /// What lies before it in its chain.
    pub line: Line,
    /// The fork that it is carried out for.
    pub fork: Option<RunId>,
}

impl Child {
    /// How it is started.
    pub fn options(&self) -> Options {
        Options {
            run: Some(self.run.clone()),
            parent: Some(self.parent.clone()),
            depth: self.depth,
            within: self.within.clone(),
            starts: self.starts,
            line: self.line.clone(),
            fork: self.fork.clone(),
            ..Options::default()
        }
    }
}

/// What a run passes on to its children (semantics 31, 33).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// End in order.
    Cancel,
    /// Stand still.
    Pause,
    /// Go on.
    Resume,
    /// The same, to one that may not have heard it, and may have been told something by others since.
    ResumeAgain,
}

impl Word {
    /// The command that tells it to a run, as the word of `parent`.
    pub fn command(self, parent: &RunId) -> Command {
        let by = parent.0.clone();
        match self {
            Self::Cancel => Command::Cancel { by },
            Self::Pause => Command::Pause { by },
            Self::Resume => Command::Resume { by },
            Self::ResumeAgain => Command::ResumeAgain { by },
        }
    }
}

/// Decides what can be decided now, and appends it to `actions`. Whether more is left to decide at once.
///
/// A function of the plan, the events folded into `run`, `now`, and whether the chain of the run is `spent` (semantics 6, 66): as
/// many runs of it have come back as may.
pub fn decide(
    plan: &Plan,
    run: &mut Run,
    (now, spent): (Timestamp, bool),
    settings: &dyn Settings,
    actions: &mut Vec<Action>,
) -> bool {
    if run.is_at_rest() {
        return false;
    }
    let mut machine = Machine { plan, run, now, spent, settings, actions, weight: 0 };
    if machine.run.killed {
        machine.kill();
        return false;
    }
    if machine.run.paused {
        return false;
    }
    if machine.run.entrance != Entrance::Passed {
        machine.come_in();
        if machine.run.entrance != Entrance::Passed || machine.run.is_at_rest() {
            return false;
        }
    }
    let mut looked = false;
    for _ in 0..LOOKS_PER_DECISION {
        if machine.weight >= DECISION_BYTES_MAX {
            break;
        }
        // Whoever moves runs is asked in between: nothing has begun yet after what has just ended.
        if machine.run.wish_is_due() {
            return true;
        } else if let Some(unit) = machine.run.take_agenda() {
            machine.look_at(unit);
        } else if let Some((unit, alarm)) = machine.run.due_alarm(now) {
            // One alarm at a time: what an earlier one leads to comes before a later one.
            machine.record(Event::Woke { unit, alarm });
            machine.alarm(unit, alarm);
        } else if looked {
            return false;
        } else {
            machine.look_at_the_clock();
            looked = true;
        }
    }
    true
}

/// One decision in the making.
struct Machine<'a> {
    plan: &'a Plan,
    run: &'a mut Run,
    now: Timestamp,
    /// Whether as many runs of its chain have come back as may.
    spent: bool,
    settings: &'a dyn Settings,
    actions: &'a mut Vec<Action>,
    /// About how many bytes came into the run.
    weight: usize,
}

impl Machine<'_> {
    /// Lets something have happened.
    fn record(&mut self, event: Event) {
        let event = self.out_of_sight(event);
        self.weight += event.weight();
        let record = Record { at: self.now, event };
        self.run.apply(self.plan, &record);
        self.actions.push(Action::Record(record));
    }

    /// An event with that hidden of what a step gives which is kept out of sight: all of it where the step has the clause
    /// `secret`, and what its type calls so.
    fn out_of_sight(&self, event: Event) -> Event {
        let node = match &event {
            Event::Computed { node, .. } => Some(self.plan.node(*node)),
            Event::Answered { unit, .. }
            | Event::Ended { unit, .. }
            | Event::Closing { unit, .. }
            | Event::Unparked { unit, .. } => {
                let unit = self.run.unit(*unit).filter(|unit| unit.role == Role::Main);
                unit.and_then(|unit| unit.node(self.plan))
            }
            _ => None,
        };
        match node {
            Some(node) if node.clauses.secret => event.hidden(),
            Some(Node { stated: Some(shape), .. }) => event.hidden_as(shape),
            _ => event,
        }
    }

    /// Looks at a unit whose situation has changed.
    fn look_at(&mut self, id: UnitId) {
        let Some(unit) = self.run.unit(id) else { return };
        if unit.role == Role::Run && self.run.ending != Ending::NotYet {
            self.after_decision();
        } else if unit.role == Role::Run && self.run.cancel_asked && !is_cancelling(unit) {
            self.record(Event::Closing { unit: id, then: Then::Discard { outcome: Outcome::Cancelled } });
        } else if unit.closing.is_some() {
            self.close(id);
        } else if unit.resting {
            self.rest(id);
        } else if unit.trouble.is_some() {
            self.walk(id);
        } else if let Some(failure) = unit.fallen.clone() {
            self.fall(id, &failure, false);
        } else {
            match unit.stage {
                Stage::Opened => self.begin(id),
                Stage::Active => self.advance(id),
                Stage::Pausing if unit.due.is_none() => self.attempt(id),
                Stage::Pausing => {}
            }
        }
    }

    /// Goes on with what a unit does.
    fn advance(&mut self, id: UnitId) {
        let Some(unit) = self.run.unit(id) else { return };
        match &unit.task {
            Task::None => {}
            Task::Act(act) => {
                if let Some(output) = act.output.clone() {
                    self.complete(id, output);
                } else if unit.attempts == 0 {
                    self.attempt(id);
                }
            }
            Task::Sleep { over: true } => self.complete(id, Value::Unit),
            Task::Sleep { over: false } => {}
            Task::Listen(_) => self.listen(id),
            Task::Body(_) => self.body(id),
            Task::Loop(_) => self.turns(id),
            Task::Race(_) => self.race(id),
            Task::Gate(gate) if gate.entered => self.body(id),
            // It stands open again since the run was rewound, and needs a place again.
            Task::Gate(gate) if !gate.asked => self.begin(id),
            Task::Gate(_) => {}
        }
    }

    /// A unit raises an error: its own chain is walked, and acts on it; what only groups has none, and the nearest unit
    /// round it raises the error.
    fn raise(&mut self, id: UnitId, failure: Failure) {
        let chain = self.own_chain(id);
        self.raise_at(id, chain, failure);
    }

    /// A statement in `inside` raises an error: the handlers of `chain` act on the nearest unit round it (semantics 15).
    fn raise_at(&mut self, inside: UnitId, chain: ChainId, failure: Failure) {
        let target = self.run.nearest_unit(self.plan, inside);
        self.raise_on(target, inside, chain, failure);
    }

    fn raise_on(&mut self, target: UnitId, inside: UnitId, chain: ChainId, failure: Failure) {
        let Some(unit) = self.run.unit(target) else { return };
        // Only the first error counts; what else is raised meanwhile ends with the unit (semantics 25).
        if unit.trouble.is_some() || unit.closing.is_some() || unit.resting {
            return;
        }
        let step = self.run.step_name(self.plan, inside);
        self.record(Event::Raised { unit: target, chain, inner: false, failure: Arc::new(failure), step });
    }

    /// The handlers that an error raised by the unit itself meets.
    fn own_chain(&self, id: UnitId) -> ChainId {
        match self.run.unit(id) {
            Some(unit) if unit.role == Role::Run => self.plan.chain,
            Some(unit) => match unit.role {
                Role::Main | Role::Notify(_) | Role::Undo => unit.node(self.plan).map(|node| node.chain),
                _ => unit.body(self.plan).map(|body| body.chain),
            }
            .unwrap_or_default(),
            None => ChainId::default(),
        }
    }

    /// A unit has done its work: it ends with this output, if it has the stated type.
    fn complete(&mut self, id: UnitId, output: Value) {
        let Some(unit) = self.run.unit(id) else { return };
        let node = unit.node(self.plan).filter(|_| unit.role == Role::Main);
        match node.map_or(Ok(output.clone()), |node| body::stated(node, output)) {
            Ok(output) => self.finish(id, Outcome::Completed { output }),
            Err(failure) => self.raise(id, failure),
        }
    }

    /// A unit ends so, as soon as what still runs in it has come to rest.
    fn finish(&mut self, id: UnitId, outcome: Outcome) {
        match self.run.unit(id) {
            // The race was decided meanwhile: a loser, although it has finished (semantics 28).
            Some(unit) if matches!(unit.role, Role::Branch(_)) && self.is_decided(unit) => {
                self.record(Event::Closing { unit: id, then: Then::Discard { outcome: Outcome::Cancelled } });
            }
            Some(unit) if unit.children.is_empty() => self.end(id, outcome),
            Some(_) => self.record(Event::Closing { unit: id, then: Then::End { outcome } }),
            None => {}
        }
    }

    /// A unit ends now. Nothing runs in it any more.
    fn end(&mut self, id: UnitId, outcome: Outcome) {
        let Some(unit) = self.run.unit(id) else { return };
        let lock = match &unit.task {
            Task::Gate(gate) => Some(gate.key.clone()),
            _ => None,
        };
        let outcome = with_also(outcome, &unit.also);
        // Whoever skips an undo leaves something that was not undone.
        if let (Outcome::Skipped { failure: Some(failure), .. }, Role::Undo) = (&outcome, unit.role) {
            let message = failure.message.clone();
            self.problem(id, "undo_failed", &message);
        } else if let Outcome::Failed { failure } = &outcome {
            let kind = match unit.role {
                Role::Undo => Some("undo_failed"),
                Role::Notify(_) | Role::Meanwhile(_) | Role::Lifecycle(..) => Some(failure.kind.name()),
                Role::Run | Role::Main | Role::Turn(_) | Role::Branch(_) | Role::Alternate(_) => None,
            };
            if let Some(kind) = kind {
                self.problem(id, kind, &failure.message);
            }
        }
        self.record(Event::Ended { unit: id, outcome });
        if let Some(key) = lock {
            self.actions.push(Action::LeaveLock { unit: id, key });
        }
    }

    /// Something went wrong beside the outcome.
    fn problem(&mut self, id: UnitId, kind: &str, message: &str) {
        let place = self.run.place(self.plan, id);
        self.record(Event::Problem(Arc::new(super::event::Problem {
            place: place.into(),
            kind: kind.into(),
            message: message.into(),
        })));
    }
}

/// What else was raised while a unit dealt with the error it failed with is told with it (semantics 25).
fn with_also(outcome: Outcome, also: &[Arc<Failure>]) -> Outcome {
    match outcome {
        Outcome::Failed { failure } if !also.is_empty() => {
            let also = Value::list(also.iter().map(|failure| Value::from(failure.to_value())));
            Outcome::Failed { failure: Arc::new((*failure).clone().detail("also", also)) }
        }
        other => other,
    }
}

fn is_cancelling(run: &Unit) -> bool {
    matches!(run.closing.as_deref(), Some(Then::Discard { outcome: Outcome::Cancelled }))
}
