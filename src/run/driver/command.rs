//! What runs are told from outside.

use tokio::sync::oneshot;

use super::{Driver, Told};
use crate::base::id::RunId;
use crate::base::value::Value;
use crate::run::event::Decision;
use crate::run::machine::{Command, Refusal, Target};

impl Driver {
    /// Tells a run something, or asks it for something, and returns when that would survive a crash. What it makes of it is in
    /// its journal.
    ///
    /// # Errors
    /// If it cannot do that now, has ended, or cannot write it down.
    pub async fn tell(&self, run: &RunId, command: Command) -> Result<(), Refusal> {
        let (answer, answered) = oneshot::channel();
        if !self.inner.tell(run, Told::Command(Box::new(command), Some(answer))) {
            return Err(Refusal::AtRest);
        }
        // A run that is not there, or whose journal cannot be read or written, cannot answer.
        match answered.await {
            Ok(done) => done,
            Err(_) if self.inner.exists(run).await.unwrap_or(true) => Err(Refusal::Unwritten),
            Err(_) => Err(Refusal::AtRest),
        }
    }

    /// Tells a run something without waiting for what it makes of it.
    pub fn call_to(&self, run: &RunId, command: Command) {
        self.inner.command(run, command);
    }

    /// Sends a signal to a run, and returns when it would survive a crash.
    ///
    /// # Errors
    /// If the run has ended.
    pub async fn signal(&self, run: &RunId, name: &str, payload: Value) -> Result<(), Refusal> {
        self.tell(run, Command::Signal { name: name.into(), payload }).await
    }

    /// Answers the question of a step, by its name or its place, and returns when that would survive a crash. The first answer
    /// of the stated type counts.
    ///
    /// # Errors
    /// If the answer does not fit, with every fault; if the question was answered before, or withdrawn; if the run has ended.
    pub async fn answer(&self, run: &RunId, step: &str, value: Value, by: &str) -> Result<(), Refusal> {
        self.tell(run, Command::Respond { step: Target::Step(step.into()), value, by: by.into() }).await
    }

    /// Decides about a parked step, by its name or its place, and returns when that would survive a crash.
    ///
    /// # Errors
    /// If the step is not parked, or the run has ended.
    pub async fn decide(&self, run: &RunId, step: &str, decision: Decision, by: &str) -> Result<(), Refusal> {
        self.tell(run, Command::Unpark { step: Target::Step(step.into()), by: by.into(), decision }).await
    }
}
