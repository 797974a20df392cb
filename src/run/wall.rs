//! The clock of the operating system.

use std::sync::LazyLock;
use std::time::{Duration as Span, Instant};

use super::world::{BoxFuture, Clock};
use crate::base::time::{Duration, Timestamp};

/// How long the clock sleeps at most before it looks again: the time of day may be set meanwhile.
const LOOK_AGAIN: Span = Span::from_secs(60);

/// When this process looked at the clock for the first time.
static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Span {
        BEGUN.elapsed()
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

    fn sleep(&self, pause: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(pause.to_std()))
    }
}
