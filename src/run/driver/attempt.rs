//! Attempts under way: begun when their intent is on disk, let go when they may not be waited for.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;

use super::Told;
use super::drive::Drive;
use crate::base::failure::{Failure, Kind as FailureKind};
use crate::base::time::Duration;
use crate::lang::catalog::Effect;
use crate::run::activity::Busy;
use crate::run::event::UnitId;
use crate::run::journal::Broken;
use crate::run::machine::Command;
use crate::run::world::{Act, Consulted, Outcome, Question};

/// How long an operation that is let go has to say what it knows, before its outcome counts as unknown.
const LAST_WORDS: Duration = Duration(50);

impl Drive {
    /// Carries out an attempt of an operation. What leaves the process waits for its intent to be on disk; what only reads
    /// need not (semantics 50).
    pub(super) fn perform(&mut self, unit: UnitId, attempt: u32, act: Act) {
        let (inner, last) = (self.inner.clone(), self.last);
        let waits = act.operation.signature.effect != Effect::Read;
        let busy = self.inner.activity.begin();
        // A far side may say again what it was told, also in part, and by another step.
        let secrets = self.run.secrets.clone();
        self.spawn(unit, attempt, Some(busy), async move {
            if waits {
                inner.synced(last).await?;
            }
            let outcome = inner.world.perform.perform(act).await.hiding(&secrets);
            Ok(Command::Answer { unit, attempt, outcome, by: None })
        });
    }

    /// Puts a question. Whoever answers later does so through [`Driver::tell`](super::Driver::tell).
    pub(super) fn consult(&mut self, unit: UnitId, attempt: u32, question: Question) {
        let (inner, last, answer) = (self.inner.clone(), self.last, question.answer.clone());
        // A person may take their time: nobody waits for that.
        self.spawn(unit, attempt, None, async move {
            inner.synced(last).await?;
            Ok(match inner.world.consult.consult(question).await {
                Ok(Consulted::Answered { value, by }) => {
                    Command::Answer { unit, attempt, outcome: Outcome::done(answer.hide(value)), by: Some(by) }
                }
                Ok(Consulted::Later) => Command::Asked { unit, attempt },
                Err(failure) => Command::Answer { unit, attempt, outcome: Outcome::failed(failure), by: None },
            })
        });
    }

    /// Does something outside for an attempt, and tells the run what came of it.
    pub(super) fn spawn(
        &mut self,
        unit: UnitId,
        attempt: u32,
        busy: Option<Busy>,
        work: impl Future<Output = Result<Command, Broken>> + Send + 'static,
    ) {
        let tell = self.tell.clone();
        let task = tokio::spawn(async move {
            let done = AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| {
                let failure = Failure::new(FailureKind::ServerError, "the connector broke off; this is a fault in it");
                Ok(Command::Answer { unit, attempt, outcome: Outcome::unknown(failure), by: None })
            });
            // The run may have ended meanwhile.
            let _ = tell.send(match done {
                Ok(command) => Told::Command(Box::new(command), None),
                Err(broken) => Told::Broken(broken),
            });
            drop(busy);
        });
        self.in_flight.insert((unit, attempt), task.abort_handle());
    }

    /// Lets an attempt go: it may still say what it knows, and is answered for if it does not.
    pub(super) fn abandon(&self, unit: UnitId, attempt: u32) {
        let Some(task) = self.in_flight.get(&(unit, attempt)).cloned() else { return };
        let (tell, clock) = (self.tell.clone(), self.inner.world.clock.clone());
        tokio::spawn(async move {
            clock.sleep(LAST_WORDS).await;
            task.abort();
            let failure = Failure::new(FailureKind::Timeout, "it did not answer in time");
            // If it has answered meanwhile, this comes too late and changes nothing.
            let command = Command::Answer { unit, attempt, outcome: Outcome::unknown(failure), by: None };
            let _ = tell.send(Told::Command(Box::new(command), None));
        });
    }
}
