//! The parts of a world that a newer program brings with it, replaced while runs go on: settings and connectors.

use std::sync::{Arc, PoisonError, RwLock};

use crate::base::time::Duration;
use crate::base::value::Value;
use crate::run::world::{Act, BoxFuture, Outcome, Perform, Settings};

/// Settings and connectors as they are now. What has begun with the old ones ends with them.
pub(super) struct Replaceable {
    settings: RwLock<Arc<dyn Settings>>,
    perform: RwLock<Arc<dyn Perform>>,
}

impl Replaceable {
    pub(super) fn new(settings: Arc<dyn Settings>, perform: Arc<dyn Perform>) -> Self {
        Self { settings: RwLock::new(settings), perform: RwLock::new(perform) }
    }

    fn settings(&self) -> Arc<dyn Settings> {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn performer(&self) -> Arc<dyn Perform> {
        self.perform.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes over what `newer` has.
    pub(super) fn take_over(&self, newer: &Self) {
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = newer.settings();
        *self.perform.write().unwrap_or_else(PoisonError::into_inner) = newer.performer();
    }
}

impl Settings for Replaceable {
    fn env(&self, name: &str) -> Option<Value> {
        self.settings().env(name)
    }

    fn secret(&self, name: &str) -> Option<Value> {
        self.settings().secret(name)
    }

    fn attempt_timeout(&self) -> Duration {
        self.settings().attempt_timeout()
    }
}

impl Perform for Replaceable {
    fn perform(&self, act: Act) -> BoxFuture<'_, Outcome> {
        let performer = self.performer();
        Box::pin(async move { performer.perform(act).await })
    }
}
