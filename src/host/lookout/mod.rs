//! A look-out over programs: that they were changed, and that they have been left alone since.
//!
//! In: what stands in their folders, without opening it. Out: that it is another, and whole. Never: what it means; whoever
//! looks out reads it anew.

mod look;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use crate::base::limit::FILE_LOOK_MILLIS;
use crate::trigger::watch::Watch;
pub use look::{Look, named};

/// How often it is looked if nothing is heard of the folders.
const LOOK_AGAIN: Duration = Duration::from_millis(FILE_LOOK_MILLIS);

/// Listens to the system for the folders of programs.
pub struct Lookout {
    moved: Arc<Notify>,
    watch: Watch,
    quiet: Duration,
}

impl Lookout {
    /// One for which programs are whole when they have been left alone for `quiet`.
    pub fn new(quiet: Duration) -> Self {
        Self { moved: Arc::default(), watch: Watch::default(), quiet }
    }

    /// Listens to the folders in which something may change of what is seen, from now on. To be called before it is looked
    /// whether something has.
    pub fn follow(&mut self, look: &Look) {
        self.watch.follow(look.folders().map(|folder| (folder.clone(), false)).collect(), &self.moved);
    }

    /// Waits until something may have changed in the folders.
    pub async fn stirred(&self) {
        tokio::select! {
            () = sleep(LOOK_AGAIN) => {}
            () = self.moved.notified() => sleep(self.glance()).await,
        }
    }

    /// Waits until what `at` sees, which was `look`, is left alone; gives what it is then.
    pub async fn settled(&self, mut look: Look, at: impl Fn() -> Look) -> Look {
        let mut since = Instant::now();
        while since.elapsed() < self.quiet {
            sleep(self.glance()).await;
            let now = at();
            if now != look {
                (look, since) = (now, Instant::now());
            }
        }
        look
    }

    /// How soon it is looked again while something changes.
    fn glance(&self) -> Duration {
        self.quiet / 4
    }
}
