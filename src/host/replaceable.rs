//! What a newer program brings with it, replaced while runs go on.

use std::sync::{Arc, PoisonError, RwLock};

use super::program::Faults;
#[cfg(feature = "sandbox")]
use super::sandbox::Sandbox;
use crate::base::time::Duration;
use crate::base::value::Value;
use crate::connect::files::Roots;
use crate::connect::{Connectors, Traffic};
use crate::run::prune::Retention;
use crate::run::world::{Act, BoxFuture, Outcome, Perform, Settings};

/// What a program brings with it beside its plans.
pub(super) struct Brought {
    pub settings: Arc<dyn Settings>,
    pub connectors: Arc<Connectors>,
    /// What goes out to far sides, whatever program it is for.
    pub traffic: Traffic,
    pub retention: Retention,
    /// Where files are found, if any directory is open to them.
    pub roots: Option<Roots>,
    /// How long callers of triggers wait for an answer.
    pub patience: Duration,
    /// What of the settings is probably not as meant.
    pub warnings: Arc<Faults>,
    /// What its connectors speak to; it answers as long as anybody may ask.
    #[cfg(feature = "sandbox")]
    pub _sandbox: Option<Arc<Sandbox>>,
}

/// What the program of now has brought. What has begun with an older one ends with that.
pub(super) struct Replaceable(RwLock<Arc<Brought>>);

impl Replaceable {
    pub(super) fn new(brought: Brought) -> Self {
        Self(RwLock::new(Arc::new(brought)))
    }

    /// As it is now.
    pub(super) fn now(&self) -> Arc<Brought> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes over what `newer` has. What far sides were asked stays known.
    pub(super) fn take_over(&self, newer: &Self) {
        newer.now().traffic.follow(&self.now().traffic);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = newer.now();
    }
}

impl Settings for Replaceable {
    fn env(&self, name: &str) -> Option<Value> {
        self.now().settings.env(name)
    }

    fn secret(&self, name: &str) -> Option<Value> {
        self.now().settings.secret(name)
    }

    fn attempt_timeout(&self) -> Duration {
        self.now().settings.attempt_timeout()
    }

    fn chain_runs(&self) -> u64 {
        self.now().settings.chain_runs()
    }
}

impl Perform for Replaceable {
    fn perform(&self, act: Act) -> BoxFuture<'_, Outcome> {
        let brought = self.now();
        Box::pin(async move { brought.connectors.perform(act).await })
    }
}
