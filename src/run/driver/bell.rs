//! Rings for whoever wakes runs that have left memory. What was rung for is under way until it is heard.

use std::sync::Mutex;

use tokio::sync::Notify;

use super::lock;
use crate::run::activity::Busy;

/// A bell.
#[derive(Debug, Default)]
pub(super) struct Bell {
    rung: Notify,
    ear: Mutex<Ear>,
}

/// Who hears it.
#[derive(Debug, Default)]
enum Ear {
    /// Nobody yet, or nobody any more: nothing is under way then, it is only left for whoever comes.
    #[default]
    Deaf,
    /// Somebody, with what was rung for and not heard yet.
    Open(Option<Busy>),
}

impl Bell {
    pub(super) fn ring(&self, busy: Busy) {
        if let Ear::Open(unheard) = &mut *lock(&self.ear) {
            unheard.get_or_insert(busy);
        }
        self.rung.notify_one();
    }

    pub(super) async fn rung(&self) {
        self.rung.notified().await;
    }

    /// What was rung for is seen to from now on, as is what comes.
    pub(super) fn heard(&self) {
        *lock(&self.ear) = Ear::Open(None);
    }

    /// Nobody sees to it any more.
    pub(super) fn left_alone(&self) {
        *lock(&self.ear) = Ear::Deaf;
    }
}
