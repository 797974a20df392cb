//! The time of this machine.

use crate::base::time::{Duration, Timestamp};
use crate::run::world::{BoxFuture, Clock};

/// How long the clock sleeps at most before it looks again: the time of day may be set meanwhile.
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_secs(60);

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep_until(&self, moment: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            loop {
                let now = Timestamp::now();
                if now >= moment {
                    return;
                }
                // A millisecond more, since durations are cut to whole ones.
                let left = Duration(Duration::between(now, moment).0.saturating_add(1)).to_std();
                tokio::time::sleep(left.min(LOOK_AGAIN)).await;
            }
        })
    }
}
