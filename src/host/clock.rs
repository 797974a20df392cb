//! The time of this machine, and one that is moved by hand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

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

    fn sleep(&self, pause: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(pause.to_std()))
    }
}

/// A clock that stands still until it is moved. Clones show the same time.
#[derive(Clone, Debug)]
pub struct VirtualClock(Arc<Mutex<Hands>>);

#[derive(Debug)]
struct Hands {
    now: Timestamp,
    slept: u64,
    /// Whom to wake, in the order of their moments, then of their asking.
    sleepers: BTreeMap<(Timestamp, u64), oneshot::Sender<()>>,
}

impl VirtualClock {
    /// A clock that shows this time.
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(Hands { now, slept: 0, sleepers: BTreeMap::new() })))
    }

    /// The next moment that somebody waits for.
    pub fn next_moment(&self) -> Option<Timestamp> {
        self.hands().sleepers.first_key_value().map(|((moment, _), _)| *moment)
    }

    /// Moves the clock, either way, and wakes everybody whose moment has come.
    pub fn set(&self, moment: Timestamp) {
        let mut hands = self.hands();
        hands.now = moment;
        let later = hands.sleepers.split_off(&(moment, u64::MAX));
        for sleeper in std::mem::replace(&mut hands.sleepers, later).into_values() {
            // Whoever slept may be going just now.
            let _ = sleeper.send(());
        }
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        // Nothing is done under the lock that could leave half a change behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.hands().now
    }

    fn sleep_until(&self, moment: Timestamp) -> BoxFuture<'_, ()> {
        let (wake, woken) = oneshot::channel();
        let mut hands = self.hands();
        hands.slept += 1;
        let place = (moment, hands.slept);
        if moment > hands.now {
            hands.sleepers.insert(place, wake);
        }
        let bed = Bed { clock: self.clone(), place };
        Box::pin(async move {
            let _bed = bed;
            // Woken, or there was nothing to wait for.
            let _ = woken.await;
        })
    }
}

/// The place of somebody who sleeps; nobody wakes them who has gone.
struct Bed {
    clock: VirtualClock,
    place: (Timestamp, u64),
}

impl Drop for Bed {
    fn drop(&mut self) {
        self.clock.hands().sleepers.remove(&self.place);
    }
}
