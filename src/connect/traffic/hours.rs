//! The time by which far sides are asked: that of the engine's clock, which may be moved by hand.

use std::sync::{Arc, OnceLock};
use std::time::Duration as Span;

use crate::base::time::Duration;
use crate::run::activity::{Activity, Rest};
use crate::run::wall::WallClock;
use crate::run::world::{BoxFuture, Clock};

/// How long a clock had run.
pub(super) type Moment = Span;

/// A clock, and what is under way by it.
pub(super) struct Hours {
    clock: Arc<dyn Clock>,
    activity: OnceLock<Activity>,
}

impl Hours {
    pub(super) fn of(clock: Arc<dyn Clock>) -> Self {
        Self { clock, activity: OnceLock::new() }
    }

    /// From now on calls that wait are no reason not to move the clock.
    pub(super) fn keep(&self, activity: &Activity) {
        // The first one counts: the runs of a newer program are under way with those of the older.
        let _ = self.activity.set(activity.clone());
    }

    pub(super) fn now(&self) -> Moment {
        self.clock.elapsed()
    }

    /// Waits so long. Until what is given back is dropped, a clock that is moved by hand stands still.
    pub(super) fn sleep(&self, pause: Span) -> BoxFuture<'_, ()> {
        // To the millisecond above: whoever wakes is not too early.
        let millis = i64::try_from(pause.as_micros().div_ceil(1_000)).unwrap_or(i64::MAX);
        self.clock.sleep(Duration(millis))
    }

    /// Whoever calls does nothing but wait, for as long as this lives.
    pub(super) fn rest(&self) -> Option<Rest> {
        self.activity.get().and_then(Activity::rest)
    }

    pub(super) fn activity(&self) -> Option<&Activity> {
        self.activity.get()
    }
}

impl Default for Hours {
    fn default() -> Self {
        Self::of(Arc::new(WallClock))
    }
}

impl std::fmt::Debug for Hours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hours")
    }
}
