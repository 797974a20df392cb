//! What is under way in memory: for whoever must know when nothing is any more, before the clock is moved or the process ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

use super::world::Clock;
use crate::base::time::Timestamp;

/// How much is under way. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Activity(Arc<Count>);

#[derive(Debug, Default)]
struct Count {
    busy: AtomicUsize,
    /// Rings when nothing is under way.
    quiet: Notify,
}

/// Something is under way as long as this lives.
#[derive(Debug)]
pub struct Busy(Arc<Count>);

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

    /// Whether nothing is under way.
    pub fn is_quiet(&self) -> bool {
        self.0.busy.load(Ordering::SeqCst) == 0
    }

    /// Waits until nothing is under way.
    pub async fn quiet(&self) {
        loop {
            let quiet = self.0.quiet.notified();
            tokio::pin!(quiet);
            quiet.as_mut().enable();
            if self.is_quiet() {
                return;
            }
            quiet.await;
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if self.0.busy.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.quiet.notify_waiters();
        }
    }
}
