//! A clock that is moved by hand.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use crate::base::time::Timestamp;
pub use crate::run::wall::WallClock;
use crate::run::world::{BoxFuture, Clock};

/// A clock that stands still until it is moved. Clones show the same time.
#[derive(Clone, Debug)]
pub struct VirtualClock(Arc<Mutex<Hands>>);

#[derive(Debug)]
struct Hands {
    now: Timestamp,
    slept: u64,
    /// How many were woken and have not gone on yet.
    waking: usize,
    /// Whom to wake, in the order of their moments, then of their asking.
    sleepers: BTreeMap<(Timestamp, u64), oneshot::Sender<()>>,
}

impl VirtualClock {
    /// A clock that shows this time.
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(Hands { now, slept: 0, waking: 0, sleepers: BTreeMap::new() })))
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
        let woken = std::mem::replace(&mut hands.sleepers, later);
        hands.waking += woken.len();
        for sleeper in woken.into_values() {
            // Whoever slept may be going just now.
            let _ = sleeper.send(());
        }
    }

    /// Whether somebody was woken who has not gone on yet.
    pub fn is_waking(&self) -> bool {
        self.hands().waking > 0
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
        let sleeps = moment > hands.now;
        if sleeps {
            hands.sleepers.insert(place, wake);
        }
        Box::pin(Sleep { clock: self.clone(), place, sleeps, woken })
    }
}

/// Somebody who sleeps. Until this is dropped they have not gone on: the clock is not moved further meanwhile.
struct Sleep {
    clock: VirtualClock,
    place: (Timestamp, u64),
    /// Whether there was anything to wait for.
    sleeps: bool,
    woken: oneshot::Receiver<()>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // Woken, or there was nothing to wait for.
        Pin::new(&mut self.woken).poll(context).map(drop)
    }
}

impl Drop for Sleep {
    /// Nobody wakes them who has gone.
    fn drop(&mut self) {
        let mut hands = self.clock.hands();
        if hands.sleepers.remove(&self.place).is_none() && self.sleeps {
            hands.waking = hands.waking.saturating_sub(1);
        }
    }
}
