//! Rings for whoever wakes runs that have left memory. What was rung for is under way until it is heard.

use std::sync::Mutex;

use tokio::sync::Notify;

use super::lock;
use crate::run::activity::Busy;

/// A bell.
#[derive(Debug, Default)]
pub(super) struct Bell {
    rung: Notify,
    busy: Mutex<Option<Busy>>,
}

impl Bell {
    pub(super) fn ring(&self, busy: Busy) {
        lock(&self.busy).get_or_insert(busy);
        self.rung.notify_one();
    }

    pub(super) async fn rung(&self) {
        self.rung.notified().await;
    }

    /// What was rung for is seen to from now on.
    pub(super) fn heard(&self) {
        drop(lock(&self.busy).take());
    }
}
