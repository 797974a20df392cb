//! What is under way in memory: for whoever must know when nothing is any more, before the clock is moved or the process ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

use super::world::Clock;
use crate::base::time::Timestamp;

/// How much is under way. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Activity(Arc<Count>);

#[derive(Debug, Default)]
struct Count {
    /// How much is under way, and above [`RESTING`] how much of it only waits for the clock: seen at once, or not at all.
    busy: AtomicU64,
    /// Rings when nothing is under way, or nothing but what waits for the clock.
    quiet: Notify,
}

/// One that waits for the clock.
const RESTING: u64 = 1 << 32;

/// How many are under way, and how many of them only wait for the clock.
fn parts(count: u64) -> (u64, u64) {
    (count % RESTING, count / RESTING)
}

impl Count {
    /// Tells those who wait for it where nothing is under way any more, or nothing but what waits for the clock.
    fn changed(&self, now: u64) {
        let (busy, resting) = parts(now);
        if busy == resting {
            self.quiet.notify_waiters();
        }
    }
}

/// Something is under way as long as this lives.
#[derive(Debug)]
pub struct Busy(Arc<Count>);

/// Something that is under way does nothing but wait for the clock, as long as this lives.
#[derive(Debug)]
pub struct Rest(Arc<Count>);

impl Activity {
    /// Something is under way from now on.
    pub fn begin(&self) -> Busy {
        self.0.busy.fetch_add(1, Ordering::SeqCst);
        Busy(self.0.clone())
    }

    /// Waits until a moment; from then on something is under way. Between the two a clock that is moved by hand stands still.
    pub async fn begin_at(&self, clock: &dyn Clock, moment: Timestamp) -> Busy {
        let mut sleep = clock.sleep_until(moment);
        (&mut sleep).await;
        let busy = self.begin();
        drop(sleep);
        busy
    }

    /// What is under way waits for the clock from now on; `None` where nothing is.
    pub fn rest(&self) -> Option<Rest> {
        let (busy, resting) = parts(self.0.busy.load(Ordering::SeqCst));
        (busy > resting).then(|| {
            self.0.changed(self.0.busy.fetch_add(RESTING, Ordering::SeqCst) + RESTING);
            Rest(self.0.clone())
        })
    }

    /// Whether nothing is under way but what waits for the clock.
    pub fn is_quiet(&self) -> bool {
        let (busy, resting) = parts(self.0.busy.load(Ordering::SeqCst));
        busy == resting
    }

    /// Waits until nothing is under way but what waits for the clock.
    pub async fn quiet(&self) {
        self.until(Self::is_quiet).await;
    }

    /// Waits until nothing is under way at all.
    pub async fn over(&self) {
        self.until(|activity| activity.0.busy.load(Ordering::SeqCst) == 0).await;
    }

    async fn until(&self, is: impl Fn(&Self) -> bool) {
        loop {
            let quiet = self.0.quiet.notified();
            tokio::pin!(quiet);
            quiet.as_mut().enable();
            if is(self) {
                return;
            }
            quiet.await;
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.changed(self.0.busy.fetch_sub(1, Ordering::SeqCst) - 1);
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        self.0.changed(self.0.busy.fetch_sub(RESTING, Ordering::SeqCst) - RESTING);
    }
}
