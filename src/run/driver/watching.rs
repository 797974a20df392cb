//! Those who watch a run: the records they are shown, and how far the run may be ahead of them.

use tokio::sync::{mpsc, watch};

use crate::run::event::Record;

/// How many records a run may be ahead of a watcher that it waits for.
const AHEAD_MAX: u64 = 4_096;
/// After how many records a watcher says how many it has read.
const SAID_EACH: u64 = 256;

/// The end of somebody who watches at which the run is.
pub(super) struct Shown {
    records: mpsc::UnboundedSender<Record>,
    count: u64,
    read: watch::Receiver<Option<u64>>,
}

/// The end at which the watcher is.
pub(super) struct Watched {
    records: mpsc::UnboundedReceiver<Record>,
    count: u64,
    /// How many were read; none as long as the run need not wait.
    read: watch::Sender<Option<u64>>,
}

/// Both ends.
pub(super) fn watching() -> (Shown, Watched) {
    let (send, records) = mpsc::unbounded_channel();
    let (said, read) = watch::channel(None);
    (Shown { records: send, count: 0, read }, Watched { records, count: 0, read: said })
}

impl Shown {
    /// Whether nobody watches any more.
    pub(super) fn is_closed(&self) -> bool {
        self.records.is_closed()
    }

    /// Shows a record.
    pub(super) fn show(&mut self, record: Record) {
        self.count += 1;
        // Whoever watched may have gone just now.
        let _ = self.records.send(record);
    }

    /// Waits until the watcher is not far behind, if it wants to be waited for.
    pub(super) async fn kept_up(&mut self) {
        let count = self.count;
        // Whoever has gone is not waited for.
        let _ = self.read.wait_for(|read| read.is_none_or(|read| count.saturating_sub(read) <= AHEAD_MAX)).await;
    }
}

impl Watched {
    /// The next record; none when there are no more.
    pub(super) async fn next(&mut self) -> Option<Record> {
        let record = self.records.recv().await;
        self.read();
        record
    }

    /// The next record, if there is one now.
    pub(super) fn next_now(&mut self) -> Option<Record> {
        let record = self.records.try_recv().ok();
        self.read();
        record
    }

    /// Lets the run wait for this watcher from now on.
    pub(super) fn keep_up(&mut self) {
        self.read.send_replace(Some(self.count));
    }

    /// Nothing more is read.
    pub(super) fn close(&mut self) {
        self.records.close();
        self.read.send_replace(None);
    }

    fn read(&mut self) {
        self.count += 1;
        if self.count.is_multiple_of(SAID_EACH) {
            self.read.send_if_modified(|read| read.as_mut().map(|read| *read = self.count).is_some());
        }
    }
}
