//! `trigger every 15m`: due at a steady pace, counted from the beginning of 1970 in UTC, so that it is due at the same moments
//! whenever the engine was started.

use super::due::Beat;
use crate::base::time::{Duration, Timestamp};

/// A steady pace.
#[derive(Clone, Copy, Debug)]
pub struct Every(pub Duration);

impl Every {
    fn step(self) -> i64 {
        self.0.0.max(1)
    }
}

impl Beat for Every {
    fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let beats = after.as_millisecond().div_euclid(self.step());
        Timestamp::from_millisecond(beats.checked_add(1)?.checked_mul(self.step())?).ok()
    }

    fn latest(&self, until: Timestamp) -> Option<Timestamp> {
        Timestamp::from_millisecond(until.as_millisecond().div_euclid(self.step()).checked_mul(self.step())?).ok()
    }
}
