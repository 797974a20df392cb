//! What others ask of a run, and what they have to tell it.

use std::sync::Arc;

use super::{Action, Machine, Word};
use crate::base::failure::{self, Failure};
use crate::base::id::RunId;
use crate::base::shape::Misfit;
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::lang::catalog::Effect;
use crate::lang::plan::node::Wait;
use crate::lang::plan::{Kind, Node, Plan};
use crate::run::admission::{Gathered, Reason};
use crate::run::event::{Alarm, Answer, Decision, Event, UnitId};
use crate::run::history::unit::{Stage, Task, Unit};
use crate::run::history::{Collected, Run};
use crate::run::wait::For;
use crate::run::world::{Outcome, Settings};

/// What is asked or told.
#[derive(Clone, Debug)]
pub enum Command {
    /// What came of an attempt.
    Answer {
        /// Of which unit.
        unit: UnitId,
        /// Which attempt.
        attempt: u32,
        /// What came of it.
        outcome: Outcome,
        /// Who answered, for a question.
        by: Option<Arc<str>>,
    },
    /// An item came for a run that collects them.
    Collect(Collected),
    /// What was collected is taken in, or is not.
    Admit(Result<Gathered, Reason>),
    /// It was to start earlier; to keep its pace, it may start then.
    Delay {
        /// The earliest moment at which it may start.
        until: Timestamp,
    },
    /// All the places that it needs are free: it may begin.
    Begin {
        /// What its workflow keeps between runs, if that is known.
        state: Option<Value>,
    },
    /// It will never start.
    TurnAway(Reason),
    /// The question of an attempt was put to somebody who answers later.
    Asked {
        /// Of which unit.
        unit: UnitId,
        /// Which attempt.
        attempt: u32,
    },
    /// Another run has the key of the run that an attempt was to start: that one is waited for.
    Join {
        /// Of which unit.
        unit: UnitId,
        /// Which attempt.
        attempt: u32,
        /// The other run.
        run: RunId,
    },
    /// Somebody answers a question.
    Respond {
        /// Which step asks.
        step: Target,
        /// The answer.
        value: Value,
        /// Who answers.
        by: Arc<str>,
    },
    /// A place inside a lock is free.
    Enter {
        /// For which unit.
        unit: UnitId,
    },
    /// A signal.
    Signal {
        /// Its name.
        name: Arc<str>,
        /// What it carries.
        payload: Value,
    },
    /// An event.
    Event {
        /// Its place in the total order.
        mark: u64,
        /// Its topic.
        topic: Arc<str>,
        /// What it carries.
        payload: Value,
    },
    /// The run is to end in order.
    Cancel {
        /// Who asks.
        by: Arc<str>,
    },
    /// The run is to stand still.
    Pause {
        /// Who asks.
        by: Arc<str>,
    },
    /// The run is to go on.
    Resume {
        /// Who asks.
        by: Arc<str>,
    },
    /// The run is to go on if it stands still by the word of whoever asks: it may not have heard that it may.
    ResumeAgain {
        /// Who asks.
        by: Arc<str>,
    },
    /// The run is to end at once.
    Kill {
        /// Who asks.
        by: Arc<str>,
    },
    /// A parked step was decided.
    Unpark {
        /// Which.
        step: Target,
        /// Who decided.
        by: Arc<str>,
        /// How.
        decision: Decision,
    },
    /// The failure of a run that rests needs nothing more.
    Dismiss {
        /// Who says so.
        by: Arc<str>,
        /// Why.
        why: Option<Arc<str>>,
    },
    /// The run that waits for this one is being undone.
    Unwind,
}

/// Which step is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The step of this unit.
    Unit(UnitId),
    /// The step of this name, or at this place.
    Step(Arc<str>),
}

/// Why a command was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The run rests.
    #[error("the run has ended")]
    AtRest,
    /// The run has not ended.
    #[error("the run has not ended")]
    NotAtRest,
    /// What it is about has gone or is not in that situation.
    #[error("the step does not wait for this")]
    NotWaiting,
    /// There is no failure that could be dismissed.
    #[error("the run has no open failure")]
    NotOpen,
    /// The program has no such step.
    #[error("the workflow has no step `{0}`")]
    NoStep(Arc<str>),
    /// Several steps of this name wait: each by its place.
    #[error("several steps of this name wait; name one by its place: {}", .0.join(", "))]
    Several(Vec<String>),
    /// The answer, or the signal, does not have the stated type; every fault by its path.
    #[error("it does not fit: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Misfits(Vec<Misfit>),
    /// What happens in the run cannot be written.
    #[error("what happens in the run cannot be written now")]
    Unwritten,
}

/// Lets the run know. What follows is decided by the next [`decide`](super::decide).
///
/// # Errors
/// Where the run is in no situation for it; nothing has happened then.
pub fn tell(
    plan: &Plan,
    run: &mut Run,
    now: Timestamp,
    settings: &dyn Settings,
    command: Command,
    actions: &mut Vec<Action>,
) -> Result<(), Refusal> {
    let at_rest = run.is_at_rest();
    let mut machine = Machine { plan, run, now, spent: false, settings, actions, weight: 0 };
    if at_rest && !matches!(command, Command::Unwind | Command::Dismiss { .. }) {
        return Err(Refusal::AtRest);
    }
    match command {
        Command::Answer { unit, attempt, outcome, by } => machine.answered(unit, attempt, outcome, by)?,
        Command::Collect(item) => machine.collect(item)?,
        Command::Admit(admitted) => machine.admit(admitted)?,
        Command::Delay { until } => machine.delay(until)?,
        Command::Begin { state } => machine.begin_run(state.as_ref())?,
        Command::TurnAway(reason) => machine.turn_away(reason)?,
        Command::Enter { unit } => {
            let waits =
                matches!(machine.run.unit(unit).map(|unit| &unit.task), Some(Task::Gate(gate)) if !gate.entered);
            if !waits {
                return Err(Refusal::NotWaiting);
            }
            let answer = Answer::Done { value: Value::Unit, next: Value::Unit, by: None };
            machine.record(Event::Answered { unit, attempt: 0, answer });
        }
        Command::Signal { name, payload } => machine.signal(name, payload.received())?,
        Command::Event { mark, topic, payload } => machine.hear(mark, &topic, &payload.received()),
        Command::Cancel { by } => {
            let paused = machine.run.paused;
            if machine.run.waits_to_undo() {
                // Nothing of what was asked for has begun: it rests as it did, and can be rewound another time.
                machine.record(Event::CancelAsked { by });
                machine.come_to_rest();
                return Ok(());
            }
            if !machine.run.cancel_asked && machine.run.outcome.is_none() {
                machine.record(Event::CancelAsked { by });
            } else if paused {
                // A second one, or one after the decision, decides nothing (semantics 31); but it resumes (33).
                machine.record(Event::Resumed { by });
            }
            if paused {
                machine.tell_children(Word::Resume);
            }
        }
        Command::Pause { by } => {
            if !machine.run.paused {
                machine.record(Event::PauseAsked { by });
                machine.tell_children(Word::Pause);
            }
        }
        Command::Resume { by } => {
            if machine.run.paused {
                machine.record(Event::Resumed { by });
                machine.tell_children(Word::Resume);
            }
        }
        Command::ResumeAgain { by } => {
            if machine.run.is_paused_by(&by) {
                machine.record(Event::Resumed { by });
                machine.tell_children(Word::Resume);
            }
        }
        Command::Kill { by } => machine.record(Event::Killed { by }),
        Command::Asked { unit, attempt } => {
            let waits = |unit: &Unit| {
                unit.attempts == attempt && matches!(&unit.task, Task::Act(act) if act.in_flight && !act.asked)
            };
            if !machine.run.unit(unit).is_some_and(waits) {
                return Err(Refusal::NotWaiting);
            }
            machine.record(Event::Asked { unit });
        }
        Command::Join { unit, attempt, run } => {
            let waits = |unit: &Unit| unit.attempts == attempt && matches!(&unit.task, Task::Act(act) if act.in_flight);
            if !machine.run.unit(unit).is_some_and(waits) {
                return Err(Refusal::NotWaiting);
            }
            machine.record(Event::Joined { unit, run });
        }
        Command::Respond { step, value, by } => machine.respond(&step, value, by)?,
        Command::Unpark { step, by, decision } => machine.unpark(&step, by, decision)?,
        Command::Dismiss { by, why } => {
            if !machine.run.has_open_failure() {
                return Err(Refusal::NotOpen);
            }
            machine.record(Event::Dismissed { by, why });
        }
        Command::Unwind => {
            if !at_rest {
                return Err(Refusal::NotAtRest);
            }
            machine.record(Event::UnwindAsked);
        }
    }
    Ok(())
}

impl Machine<'_> {
    /// A signal came. One that no step could take, of those that wait for it now or may later, is refused: it would fail the
    /// one that takes it.
    fn signal(&mut self, name: Arc<str>, payload: Value) -> Result<(), Refusal> {
        let waits = |node: &&Node| matches!(&node.kind, Kind::Wait(Wait::Signal(wanted)) if *wanted == name);
        let stated = self.plan.nodes.iter().filter(waits).map(|node| node.stated.as_ref());
        let verdicts = stated.map(|shape| shape.map_or(Ok(()), |shape| shape.check_answer(&payload).map(drop)));
        let verdicts: Vec<Result<(), Vec<Misfit>>> = verdicts.collect();
        if let Some(Err(misfits)) = verdicts.first()
            && verdicts.iter().all(Result::is_err)
        {
            return Err(Refusal::Misfits(misfits.clone()));
        }
        let payload = self.plan.nodes.iter().filter(waits).fold(payload, |payload, node| match &node.stated {
            _ if node.clauses.secret => payload.hidden(),
            Some(shape) => shape.hide(payload),
            None => payload,
        });
        self.record(Event::Signalled { name, payload });
        Ok(())
    }

    /// Passes on to the runs this one waits for what it was told (semantics 33).
    fn tell_children(&mut self, word: Word) {
        let plan = self.plan;
        let waits = |unit: &&Unit| unit.node(plan).is_some_and(|node| matches!(node.kind, Kind::Child { .. }));
        let children = self.run.units().filter(waits).filter_map(|unit| match &unit.task {
            Task::Act(act) if act.in_flight => unit.child_run(),
            _ => None,
        });
        self.actions.extend(children.map(|run| Action::TellChild { run, word }));
    }

    /// What came of an attempt, or of something that was waited for.
    fn answered(&mut self, id: UnitId, attempt: u32, outcome: Outcome, by: Option<Arc<str>>) -> Result<(), Refusal> {
        let unit = self.run.unit(id).ok_or(Refusal::NotWaiting)?;
        let waits = match &unit.task {
            Task::Act(act) => act.in_flight && unit.attempts == attempt,
            Task::Listen(listen) => listen.output.is_none(),
            // A place that cannot be had is a failure; one that can, is `Enter`.
            Task::Gate(gate) => !gate.entered && outcome.result.is_err(),
            // Whoever answers for a time says that it has come.
            Task::Sleep { over } => !over && unit.stage == Stage::Active,
            Task::None | Task::Body(_) | Task::Loop(_) | Task::Race(_) => false,
        };
        if !waits {
            return Err(Refusal::NotWaiting);
        }
        match outcome.result {
            Ok(_) if matches!(unit.task, Task::Sleep { .. }) => {
                self.record(Event::Woke { unit: id, alarm: Alarm::Due });
            }
            Ok(value) => {
                let answer = Answer::Done { value: value.received(), next: outcome.next_page, by };
                self.record(Event::Answered { unit: id, attempt, answer });
            }
            Err(failure) if matches!(unit.task, Task::Gate(_) | Task::Sleep { .. }) => self.raise(id, failure),
            Err(failure) => self.failed_attempt(id, attempt, failure, outcome.certain),
        }
        Ok(())
    }

    /// An attempt failed. What nobody knows of a `once` operation is `outcome_unknown`, whatever the connector said
    /// (semantics 47); of a `read`, there is nothing to know.
    pub(super) fn failed_attempt(&mut self, id: UnitId, attempt: u32, failure: Failure, certain: bool) {
        let Some(unit) = self.run.unit(id) else { return };
        let effect = self.effect(unit);
        let late = unit.deadline.is_some_and(|deadline| self.now >= deadline);
        // A child that was cancelled because its time was up is a timeout of the step that waited for it.
        let is_child = unit.node(self.plan).is_some_and(|node| matches!(node.kind, Kind::Child { .. }));
        let over = late || unit.timeout.is_some_and(|timeout| self.now >= timeout);
        let failure = match failure.kind {
            failure::Kind::Cancelled if is_child && over => {
                let message = "it did not end within its time, and was cancelled";
                Failure { kind: failure::Kind::Timeout, message: message.into(), ..failure }
            }
            _ => failure,
        };
        let mut failure = match failure.kind {
            ref kind if effect.leaves_doubt(certain) && *kind != failure::Kind::OutcomeUnknown => {
                let cause = failure.kind.name().to_owned();
                let message = format!("it may have happened, and nobody can know: {}", failure.message);
                Failure { kind: failure::Kind::OutcomeUnknown, message: message.into(), ..failure }
                    .detail("cause", cause)
            }
            _ => failure,
        };
        if failure.kind == failure::Kind::Timeout && !failure.details.contains_key("limit") {
            failure = failure.detail("limit", if late { "deadline" } else { "attempt" });
        }
        let certain = certain || effect == Effect::Read;
        let answer = Answer::Failed { failure: Arc::new(failure), certain };
        self.record(Event::Answered { unit: id, attempt, answer });
    }

    /// Somebody answers a question: the first answer that has the stated type counts (semantics 63).
    fn respond(&mut self, step: &Target, value: Value, by: Arc<str>) -> Result<(), Refusal> {
        let id = self.waiting_step(step, For::Answer)?;
        let unit = self.run.unit(id).ok_or(Refusal::NotWaiting)?;
        let (attempt, node) = (unit.attempts, unit.node(self.plan));
        let Some(Kind::Ask(ask)) = node.map(|node| &node.kind) else { return Err(Refusal::NotWaiting) };
        let value = ask.answer.check(&value.received()).map_err(Refusal::Misfits)?;
        // Whoever else was asked need not answer any more.
        self.actions.push(Action::Abandon { unit: id, attempt });
        let answer = Answer::Done { value, next: Value::Unit, by: Some(by) };
        self.record(Event::Answered { unit: id, attempt, answer });
        Ok(())
    }

    /// The unit that waits for something of this kind.
    fn waiting_step(&self, step: &Target, kind: For) -> Result<UnitId, Refusal> {
        let mut waits = self.run.waits(self.plan).into_iter().filter(|(_, wait)| wait.kind == kind);
        let step = match step {
            Target::Unit(unit) => {
                return waits.find(|(id, _)| id == unit).map(|(id, _)| id).ok_or(Refusal::NotWaiting);
            }
            Target::Step(step) => &**step,
        };
        let (mut named, mut at) = (Vec::new(), None);
        for (unit, wait) in waits {
            at = at.or((*wait.place == *step).then_some(unit));
            if *wait.name == *step {
                named.push((unit, wait.place));
            }
        }
        match (at, named.as_slice()) {
            (Some(unit), _) => Ok(unit),
            (None, [(unit, _)]) => Ok(*unit),
            (None, []) if self.has_step(step) => Err(Refusal::NotWaiting),
            (None, []) => Err(Refusal::NoStep(step.into())),
            (None, several) => Err(Refusal::Several(several.iter().map(|(_, place)| place.to_string()).collect())),
        }
    }

    /// Whether the plan has a step of this name, or one that could be at this place.
    fn has_step(&self, step: &str) -> bool {
        let last = step.rsplit('.').next().unwrap_or(step);
        let name = last.split(['~', '[', '/']).next().unwrap_or(last);
        self.plan.nodes.iter().any(|node| node.name.as_deref() == Some(name) || *node.label == *name)
    }

    /// What a person has decided, with the parameters hidden that the operation calls `secret`.
    fn kept_out_of_sight(&self, id: UnitId, decision: Decision) -> Decision {
        let node = self.run.unit(id).and_then(|unit| unit.node(self.plan));
        match (decision, node.and_then(|node| self.operation(node))) {
            (Decision::Retry { params: Some(given) }, Some(operation)) => {
                Decision::Retry { params: Some(operation.signature.hide(given)) }
            }
            (decision, _) => decision,
        }
    }

    /// A person has decided about a parked step.
    fn unpark(&mut self, step: &Target, by: Arc<str>, decision: Decision) -> Result<(), Refusal> {
        use crate::run::event::{Outcome, Then};
        let id = self.waiting_step(step, For::Decision)?;
        let trouble = self.run.unit(id).and_then(|unit| unit.trouble.as_ref());
        let failure = trouble.map(|trouble| trouble.failure.clone());
        let decision = self.kept_out_of_sight(id, decision);
        self.record(Event::Unparked { unit: id, by, decision: decision.clone() });
        match (decision, failure) {
            // A new decision: what may have been done is undone, and it begins anew under a new key (semantics 45).
            (Decision::Retry { .. }, _) => {
                self.record(Event::Closing { unit: id, then: Then::Anew { at: self.now } });
            }
            (Decision::Skip { value }, failure) => {
                let outcome = Outcome::Skipped { output: value, failure };
                self.record(Event::Closing { unit: id, then: Then::Discard { outcome } });
            }
            (Decision::Fail, Some(failure)) => self.fall(id, &failure, true),
            (Decision::Fail, None) => {}
        }
        Ok(())
    }
}
