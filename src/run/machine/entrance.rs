//! The way in: what happens to a run before it starts (semantics 67 to 72).

use std::sync::Arc;

use super::{Action, Machine, Refusal};
use crate::base::failure::{Failure, Kind as FailureKind};
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::run::admission::{Gathered, Reason};
use crate::run::event::{Event, Outcome, UnitId};
use crate::run::history::{Collected, Entrance};
use crate::run::intake::{self, Names, collection};

impl Machine<'_> {
    /// Brings a run that has not started as near to it as it can come by itself.
    pub(super) fn come_in(&mut self) {
        if self.run.cancel_asked {
            return self.never_run();
        }
        while let Some((unit, alarm)) = self.run.due_alarm(self.now) {
            if self.is_late() {
                return self.actions.push(Action::KeepPace);
            }
            self.record(Event::Woke { unit, alarm });
        }
        match self.run.entrance {
            Entrance::Collecting | Entrance::Early | Entrance::Passed => {}
            Entrance::Complete => self.actions.push(Action::Admit),
            Entrance::Asking if self.run.accepted.admission.places.is_empty() => {
                self.start(self.run.accepted.state.clone());
            }
            Entrance::Asking => self.actions.push(Action::AskForPlaces),
        }
    }

    /// Whether the moment at which it was to start to keep its pace lies further back than the pace looks: nothing ran for a
    /// while, and all that has become due meanwhile must not start at once.
    fn is_late(&self) -> bool {
        let admission = &self.run.accepted.admission;
        let moment = admission.not_before.zip(admission.pace.as_ref()).map(|(moment, pace)| pace.per.after(moment));
        self.run.entrance == Entrance::Early && moment.is_some_and(|moment| moment <= self.now)
    }

    /// It came too late, and may start then.
    pub(super) fn delay(&mut self, until: Timestamp) -> Result<(), Refusal> {
        if self.run.entrance != Entrance::Early {
            return Err(Refusal::NotWaiting);
        }
        self.record(Event::Delayed { until });
        Ok(())
    }

    /// One more item came for a run that collects them.
    pub(super) fn collect(&mut self, Collected { input, trigger, chain }: Collected) -> Result<(), Refusal> {
        let collects = self.run.entrance == Entrance::Collecting && !self.run.cancel_asked;
        let from = self.run.accepted.collects.as_ref().and_then(|from| self.plan.triggers.get(from.trigger));
        let from = from.filter(|_| collects).ok_or(Refusal::NotWaiting)?;
        let due = collection::due(from, self.run.collection.first.unwrap_or(self.now), self.now);
        self.record(Event::Collected { input, trigger, due, chain });
        Ok(())
    }

    /// What was collected comes in as any other input does, or it does not.
    pub(super) fn admit(&mut self, admitted: Result<Gathered, Reason>) -> Result<(), Refusal> {
        if self.run.entrance != Entrance::Complete {
            return Err(Refusal::NotWaiting);
        }
        match admitted {
            Ok(gathered) => self.record(Event::Gathered(Arc::new(gathered))),
            Err(reason) => self.never_start(reason),
        }
        Ok(())
    }

    /// All its places are free, and it begins, with what its workflow keeps between runs.
    pub(super) fn begin_run(&mut self, known: Option<&Value>) -> Result<(), Refusal> {
        if self.run.entrance != Entrance::Asking || self.run.paused || self.run.cancel_asked || self.run.killed {
            return Err(Refusal::NotWaiting);
        }
        let accepted = self.run.accepted.clone();
        let (input, trigger) = (&accepted.input, &accepted.trigger);
        let names = Names { input, trigger, now: self.now, settings: self.settings };
        match intake::first_state(self.plan, &names, known) {
            Ok(state) => self.start(state),
            Err(failure) => self.never_start(Reason::Unfit { failure: Arc::new(failure) }),
        }
        Ok(())
    }

    /// It does not get what it needs.
    pub(super) fn turn_away(&mut self, reason: Reason) -> Result<(), Refusal> {
        if self.run.entrance == Entrance::Passed {
            return Err(Refusal::NotWaiting);
        }
        self.never_start(reason);
        Ok(())
    }

    fn never_start(&mut self, reason: Reason) {
        let outcome = match &reason {
            Reason::Full { .. } | Reason::Held { .. } => Outcome::Skipped { output: Value::Unit, failure: None },
            Reason::Circle { gate } => Outcome::Failed { failure: Arc::new(circle(gate)) },
            Reason::Unfit { failure } | Reason::Chain { failure } => Outcome::Failed { failure: failure.clone() },
        };
        self.record(Event::TurnedAway { reason });
        self.record(Event::Decided { outcome });
        self.come_to_rest();
    }

    /// The run rests: others may have its places.
    pub(super) fn come_to_rest(&mut self) {
        self.record(Event::Rested);
        if self.run.is_rewinding() {
            return;
        }
        let places = &self.run.accepted.admission.places;
        let left = places.iter().map(|place| Action::LeaveLock { unit: UnitId::RUN, key: place.gate.clone() });
        self.actions.extend(left);
    }
}

/// What a run hears that would wait for a place for ever.
fn circle(gate: &str) -> Failure {
    let message = format!("waiting for a place in `{gate}` would never end: those inside wait for this run");
    Failure::new(FailureKind::Conflict, message)
}
