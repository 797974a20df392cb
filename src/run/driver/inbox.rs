//! Where a run in memory is told things. What is on its way to it is under way.

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::Told;
use crate::run::activity::{Activity, Busy};

/// Where a run is told things.
#[derive(Clone)]
pub(super) struct Tell {
    send: UnboundedSender<(Told, Busy)>,
    activity: Activity,
}

/// What a run was told.
pub(super) struct Inbox(UnboundedReceiver<(Told, Busy)>);

/// The run has gone: nobody hears this.
#[derive(Debug)]
pub(super) struct Gone;

/// An inbox, and the way to it.
pub(super) fn inbox(activity: &Activity) -> (Tell, Inbox) {
    let (send, received) = mpsc::unbounded_channel();
    (Tell { send, activity: activity.clone() }, Inbox(received))
}

impl Tell {
    /// Tells the run something, after all it was told before.
    pub(super) fn send(&self, told: Told) -> Result<(), Gone> {
        self.send.send((told, self.activity.begin())).map_err(|_| Gone)
    }
}

impl Inbox {
    /// What it is told next; it is under way until the second is dropped.
    pub(super) async fn recv(&mut self) -> Option<(Told, Busy)> {
        self.0.recv().await
    }

    /// What it was told already.
    pub(super) fn try_recv(&mut self) -> Option<(Told, Busy)> {
        self.0.try_recv().ok()
    }

    /// Whether nothing is on its way to the run.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
