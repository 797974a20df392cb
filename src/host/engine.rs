//! One assembled engine: a driver of runs with its program, settings and connectors.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::attend::Attendant;
use super::clock::VirtualClock;
use super::program::Faults;
use super::replaceable::Replaceable;
use crate::base::secret::Mask;
use crate::base::time::Timestamp;
use crate::connect::traffic;
use crate::run::driver::Driver;
use crate::run::journal::{Broken, Forgotten};
use crate::trigger::{Outside, Triggers};

/// How long something that does not answer holds a clock up that is moved by hand.
const SETTLING: std::time::Duration = std::time::Duration::from_secs(30);

/// Runs the workflows of one program, many at once. Clones share everything. What can be done with its runs are the methods
/// of [`Driver`]: an engine is a driver of which it is known what surrounds it.
#[derive(Clone)]
pub struct Engine {
    pub(super) driver: Driver,
    pub(super) parts: Arc<Replaceable>,
    pub(super) mask: Mask,
    /// Who answers steps that wait, where somebody does by hand.
    pub(super) attendant: Option<Arc<Attendant>>,
}

impl Deref for Engine {
    type Target = Driver;

    fn deref(&self) -> &Driver {
        &self.driver
    }
}

impl Engine {
    /// The triggers of what it runs; they listen when they are told to. How far they have heard is kept in the journal.
    ///
    /// # Errors
    /// Where two of them mean the same requests, or one asks for something that is not there.
    pub fn triggers(&self) -> Result<Triggers, Faults> {
        self.triggers_of(self)
    }

    /// The triggers of what `newer` would run, for this engine.
    pub(super) fn triggers_of(&self, newer: &Self) -> Result<Triggers, Faults> {
        let brought = newer.parts.now();
        let outside = Outside {
            roots: brought.roots.clone(),
            connectors: brought.connectors.clone(),
            patience: brought.patience,
        };
        let triggers = Triggers::new(self.driver.clone(), &newer.package(), outside);
        triggers.map_err(|diagnostics| Faults { diagnostics, sources: brought.warnings.sources.clone() })
    }

    /// How calls of connectors go: who waits, who is left alone, what came of them.
    pub fn traffic(&self) -> traffic::Figures {
        self.parts.now().traffic.figures()
    }

    /// Lets go of the runs and events that were kept as long as the settings say, with all that only they needed; beside what
    /// is under way.
    ///
    /// # Errors
    /// If the journal cannot be read or written.
    pub async fn prune(&self) -> Result<Forgotten, Broken> {
        self.driver.prune(&self.parts.now().retention).await
    }

    /// Prunes now and from time to time, for as long as somebody waits for it: a server does.
    pub async fn prune_in_time(self) {
        self.driver.prune_in_time(|| self.parts.now().retention).await;
    }

    /// Lets new runs be runs of the program of another engine, and all runs have its settings and connectors.
    pub(super) fn take_over(&self, newer: &Self) {
        self.parts.take_over(&newer.parts);
        self.mask.follow(&newer.mask);
        self.driver.replace(newer.package());
    }

    /// Moves `clock`, from which this engine takes its time, on to a moment. What comes due on the way is done at its own
    /// moment, in order; returns when all of it has settled. What does not answer is waited for half a minute each time, and no
    /// longer.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub async fn advance(&self, clock: &VirtualClock, to: Timestamp) -> Result<(), Broken> {
        self.settled_at(clock).await?;
        while let Some(moment) = clock.next_moment().filter(|moment| *moment <= to) {
            clock.set(moment);
            self.settled_at(clock).await?;
        }
        clock.set(to);
        self.settled_at(clock).await
    }

    /// Moves `clock`, from which this engine takes its time, on to the next moment that somebody waits for, once everything
    /// before it has settled. `None` where nobody waits for one.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub async fn advance_to_next(&self, clock: &VirtualClock) -> Result<Option<Timestamp>, Broken> {
        self.settled_at(clock).await?;
        let next = clock.next_moment();
        if let Some(moment) = next {
            clock.set(moment);
        }
        Ok(next)
    }

    async fn settled_at(&self, clock: &VirtualClock) -> Result<(), Broken> {
        let settled = async {
            loop {
                while clock.is_waking() {
                    tokio::task::yield_now().await;
                }
                self.driver.settled().await?;
                if let Some(attendant) = &self.attendant
                    && attendant.look().await?
                {
                    continue;
                }
                if !clock.is_waking() {
                    return Ok(());
                }
            }
        };
        tokio::time::timeout(SETTLING, settled).await.unwrap_or(Ok(()))
    }

    /// Answers by hand what waits, as far as [`Builder::answers`](super::Builder::answers) says: for as long as somebody waits for it.
    pub async fn attend(&self) {
        if let Some(attendant) = &self.attendant {
            // A journal that cannot be read ends the run by itself.
            let _ = attendant.attend().await;
        }
        std::future::pending().await
    }

    /// Decides nothing new any more; what is under way outside has `grace` to end, and is written down. Returns when all that
    /// happened is on disk. Runs go on where they are when the next process recovers.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub async fn stop(&self, grace: std::time::Duration) -> Result<(), Broken> {
        tokio::time::timeout(grace, self.driver.stop()).await.unwrap_or(Ok(()))
    }

    /// What of the settings is probably not as meant: names that nobody knows.
    pub fn warnings(&self) -> Arc<Faults> {
        self.parts.now().warnings.clone()
    }

    /// The secrets handed out so far; every text for people passes through it.
    pub fn mask(&self) -> &Mask {
        &self.mask
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("workflows", &self.package().plans.keys()).finish_non_exhaustive()
    }
}
