//! Runs that a run waits for, or undoes.

use super::drive::Drive;
use super::entrance::Came;
use super::{Attached, Summary, Told, child_outcome, start_failure};
use crate::base::id::RunId;
use crate::base::status::Status;
use crate::base::value::Value;
use crate::run::event::UnitId;
use crate::run::machine::{Child, Command};
use crate::run::world::Outcome;

/// What a unit waits for of another run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Awaited {
    unit: UnitId,
    attempt: u32,
    /// Whether the other run is being undone, not carried out.
    unwinds: bool,
}

impl Drive {
    /// Starts a child, or joins it if it exists: its id is the key of the step (semantics 48).
    pub(super) async fn start_child(&mut self, unit: UnitId, attempt: u32, child: &Child) {
        if let Some(work) = self.inner.world.perform.stand_in(&child.run, &child.workflow, &child.input) {
            return self.spawn(unit, attempt, None, async move {
                Ok(Command::Answer { unit, attempt, outcome: work.await, by: None })
            });
        }
        self.awaited.insert(child.run.clone(), Awaited { unit, attempt, unwinds: false });
        if let Some(other) = &child.joined {
            match self.inner.exists(other).await {
                Ok(true) => return self.wait_for(child.run.clone(), other),
                // It had its time meanwhile, and is gone: the key is free.
                Ok(false) => {}
                Err(broken) => return drop(self.tell.send(Told::Broken(broken))),
            }
        }
        if self.joins || child.continues {
            match self.inner.exists(&child.run).await {
                Ok(false) => {}
                Ok(true) => {
                    let told = match child.continues {
                        true => Told::GoOn(Box::new(self.request_of_parent(unit))),
                        false => Told::Report,
                    };
                    self.inner.tell(&child.run, told);
                    return;
                }
                Err(broken) => return drop(self.tell.send(Told::Broken(broken))),
            }
        }
        if self.inner.world.journal.is_none() {
            self.children.push(child.run.clone());
        }
        let plan = self.inner.plan_of(&child.workflow);
        let entering = plan.and_then(|plan| self.inner.entering(plan, &child.input, None, child.options()));
        let came = match entering {
            Ok(mut entering) => self.inner.come_in(&mut entering, Attached::default()).await,
            Err(error) => Err(error),
        };
        match came {
            Ok(Came::Joined(other)) if other != child.run => {
                // Written down, so that it is that run also after a crash, whoever has the key by then.
                self.tell_self(Command::Join { unit, attempt, run: other.clone() });
                self.wait_for(child.run.clone(), &other);
            }
            Ok(_) => {}
            Err(error) => {
                self.awaited.remove(&child.run);
                let outcome = Outcome::failed(start_failure(&error));
                self.tell_self(Command::Answer { unit, attempt, outcome, by: None });
            }
        }
    }

    /// Waits for a run that has the key of a child, in the child's place.
    fn wait_for(&self, child: RunId, other: &RunId) {
        let in_place_of = Some((self.id().clone(), child));
        self.inner.tell(other, Told::Attach(Attached { in_place_of, ..Attached::default() }));
    }

    /// Lets a child that has completed be undone.
    pub(super) async fn unwind_child(&mut self, unit: UnitId, attempt: u32, run: RunId) {
        match self.inner.exists(&run).await {
            Ok(true) if self.inner.tell(&run, Told::Unwind) => {
                self.awaited.insert(run, Awaited { unit, attempt, unwinds: true });
            }
            // A child that has gone has nothing left to undo.
            Ok(_) => self.tell_self(Command::Answer { unit, attempt, outcome: Outcome::done(Value::Unit), by: None }),
            Err(broken) => drop(self.tell.send(Told::Broken(broken))),
        }
    }

    /// A run that this one waits for rests.
    pub(super) async fn child_rested(&mut self, run: &RunId, summary: &Summary) {
        let Some(Awaited { unit, attempt, unwinds }) = self.awaited.get(run).copied() else { return };
        // That it had ended before it was undone is told late.
        if unwinds && summary.status != Status::Undone {
            return;
        }
        self.awaited.remove(run);
        let outcome = child_outcome(run, summary);
        // The unit may have ended meanwhile.
        let _ = self.command(Command::Answer { unit, attempt, outcome, by: None }).await;
    }

    /// Remembers which units wait for which runs, after the run was read from the journal.
    pub(super) fn find_awaited(&mut self) {
        for unit in self.run.outside() {
            if let Some((run, unwinds)) = self.run.other_run(&self.plan, unit) {
                self.awaited.insert(run, Awaited { unit: unit.id, attempt: unit.attempts, unwinds });
            }
        }
    }
}
