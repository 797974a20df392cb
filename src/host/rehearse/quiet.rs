//! A runtime of one thread that says when nothing is left to do: what happens in it happens in one order, and time is moved
//! only when everybody waits.

use std::pin::pin;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

/// A runtime of one thread, without timers and sockets. What is under way in it ends with it.
pub struct Quiet {
    runtime: Runtime,
    idle: Arc<Notify>,
}

impl Quiet {
    /// A runtime in which nothing happens yet.
    ///
    /// # Errors
    /// That of the operating system.
    pub fn new() -> std::io::Result<Self> {
        let idle = Arc::new(Notify::new());
        let told = idle.clone();
        let runtime = Builder::new_current_thread().on_thread_park(move || told.notify_one()).build()?;
        Ok(Self { runtime, idle })
    }

    /// Does something and lets happen what comes of it, until everybody waits. What it came to, if it is over by then.
    pub fn settle<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.runtime.block_on(async {
            let (mut work, mut done) = (pin!(work), None);
            loop {
                tokio::select! {
                    biased;
                    value = &mut work, if done.is_none() => done = Some(value),
                    () = self.idle.notified() => return done,
                }
            }
        })
    }
}

impl std::fmt::Debug for Quiet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Quiet").finish_non_exhaustive()
    }
}
