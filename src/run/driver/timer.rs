//! Waking runs that left memory when their time comes. The times are in the journal; only the next one is known here.

use std::sync::Arc;

use super::{Inner, Told};
use crate::base::time::Duration;
use crate::run::journal::Journal;

/// How many runs are woken at a time.
const WAKE_MAX: usize = 1_000;

/// How long runs that are in memory have to see for themselves that their time has come, before they are looked at again.
const BREATH: Duration = Duration(20);

impl Inner {
    pub(super) async fn wake_in_time(self: Arc<Self>, journal: Arc<dyn Journal>) {
        loop {
            let busy = self.activity.begin();
            self.left.heard();
            let clock = self.world.clock.clone();
            let now = clock.now();
            let due = match journal.due(now, WAKE_MAX).await {
                Ok(due) => due,
                Err(broken) => {
                    self.left.left_alone();
                    return tracing::error!("no run can be woken any more: {broken}");
                }
            };
            if !due.runs.is_empty() {
                for run in &due.runs {
                    self.tell(run, Told::Wake);
                }
                drop(busy);
                let next = due.next.filter(|next| *next > now);
                let breath = next.map_or(BREATH, |next| Duration::between(now, next).min(BREATH));
                self.hear_during(clock.sleep(breath)).await;
                continue;
            }
            drop(busy);
            let next = async {
                match due.next {
                    Some(next) => drop(self.activity.begin_at(&*clock, next).await),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = next => {}
                () = self.left.rung() => {}
            }
        }
    }

    /// Lets a breath pass. Runs that leave memory meanwhile have longer than that until their time comes.
    async fn hear_during(&self, breath: impl Future<Output = ()>) {
        tokio::pin!(breath);
        loop {
            tokio::select! {
                biased;
                () = &mut breath => return,
                () = self.left.rung() => self.left.heard(),
            }
        }
    }
}
