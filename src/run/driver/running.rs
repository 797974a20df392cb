//! A run that somebody has started: what happens in it, how it ends.

use std::fmt;

use tokio::sync::oneshot;

use super::watching::Watched;
use super::{Attached, Driver, Summary, Told};
use crate::base::id::RunId;
use crate::base::status::Status;
use crate::run::event::{Event, Record};
use crate::run::machine::Command;

/// A run under way. It goes on when this is dropped.
pub struct Running {
    pub(super) id: RunId,
    pub(super) joined: bool,
    pub(super) driver: Driver,
    pub(super) watched: Watched,
    pub(super) ended: oneshot::Receiver<Summary>,
}

impl Running {
    /// Its id.
    pub fn id(&self) -> &RunId {
        &self.id
    }

    /// Whether it was started before, under the same key.
    pub fn was_joined(&self) -> bool {
        self.joined
    }

    /// The next record of its journal; `None` when it has come to rest.
    pub async fn next(&mut self) -> Option<Record> {
        self.watched.next().await
    }

    /// Lets the run wait for whoever reads its records, so that no more of them are in memory than a few thousand. Whoever
    /// asks for this reads on until there are no more, or drops this: else the run stands still.
    pub fn keep_up(&mut self) {
        self.watched.keep_up();
    }

    /// Asks for its end, in order: what was done is undone, its `on cancel` and `finally` run. `by` is told to the journal. A
    /// run that has ended stays as it is.
    pub fn cancel(&self, by: &str) {
        self.driver.call_to(&self.id, Command::Cancel { by: by.into() });
    }

    /// Ends it at once: nothing is awaited, nothing undone. A run that has ended stays as it is.
    pub fn kill(&self, by: &str) {
        self.driver.call_to(&self.id, Command::Kill { by: by.into() });
    }

    /// Waits until everything that was recorded of it so far survives a crash; whether it does.
    pub async fn written(&self) -> bool {
        let (join, joined) = oneshot::channel();
        let attached = Attached { joined: Some(join), ..Attached::default() };
        self.driver.inner.tell(&self.id, Told::Attach(attached)) && joined.await.is_ok()
    }

    /// Waits until it rests; none if the runtime is shut down meanwhile.
    pub async fn ended(&mut self) -> Option<Summary> {
        (&mut self.ended).await.ok()
    }

    /// How it stands as far as is known here, without a look at the journal: it waits for its turn, runs, or has ended.
    pub fn so_far(mut self) -> Status {
        if let Ok(summary) = self.ended.try_recv() {
            return summary.status;
        }
        let mut status = Status::Queued;
        while let Some(record) = self.watched.next_now() {
            if matches!(record.event, Event::Started { .. }) {
                status = Status::Running;
            }
        }
        status
    }

    /// Waits until it rests. Records that were not read are dropped.
    ///
    /// # Panics
    /// If the runtime it was started in was shut down.
    pub async fn end(mut self) -> Summary {
        self.watched.close();
        match (&mut self.ended).await {
            Ok(summary) => summary,
            Err(_) => panic!("the runtime was shut down before the run came to rest"),
        }
    }
}

impl Drop for Running {
    /// The run goes on; it need not stay in memory for this.
    fn drop(&mut self) {
        self.watched.close();
        self.ended.close();
        self.driver.let_go(&self.id);
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("id", &self.id).finish_non_exhaustive()
    }
}
