//! A far side that fails again and again is left alone for a while: nobody waits for what is known, and it can recover.

use std::time::Duration as Span;

use super::hours::Moment;
use crate::base::failure::{Failure, Kind};
use crate::base::limit::{CIRCUIT_FAILURES, CIRCUIT_MILLIS_MAX, CIRCUIT_MILLIS_MIN};
use crate::base::time::Duration;

/// How one far side has failed since it last answered.
#[derive(Debug, Default)]
pub(super) struct Circuit {
    failures: u32,
    /// What was wrong the last time.
    trouble: String,
    /// Until when nobody is let through.
    until: Option<Moment>,
    /// Whether somebody is on the way to find out.
    probing: bool,
    /// How often nobody was there still.
    probes: u32,
}

impl Circuit {
    /// Whether a call may go. Once the pause is over one may, and the others wait for what comes of it.
    pub(super) fn admit(&mut self, name: &str, now: Moment) -> Result<(), Failure> {
        let Some(until) = self.until else { return Ok(()) };
        if until <= now {
            // Should it never be told how that one went, the next one may after another pause.
            (self.until, self.probing) = (Some(now + self.pause()), true);
            return Ok(());
        }
        let wait = Duration(i64::try_from((until - now).as_millis()).unwrap_or(i64::MAX));
        let message = format!(
            "{name} failed {} times in a row and is not asked for another {wait}; the last time: {}",
            self.failures, self.trouble
        );
        let mut failure = Failure::new(Kind::ConnectionError, message).detail("circuit", "open");
        failure.retry_after = Some(wait);
        Err(failure)
    }

    /// A call failed.
    pub(super) fn failed(&mut self, trouble: &str, now: Moment) {
        self.failures += 1;
        trouble.clone_into(&mut self.trouble);
        if std::mem::take(&mut self.probing) {
            self.probes += 1;
            self.until = Some(now + self.pause());
        } else if self.until.is_none() && self.failures >= CIRCUIT_FAILURES {
            self.until = Some(now + self.pause());
        }
    }

    /// How long it is left alone: longer each time that nobody was there still.
    fn pause(&self) -> Span {
        Span::from_millis((CIRCUIT_MILLIS_MIN << self.probes.min(16)).min(CIRCUIT_MILLIS_MAX))
    }

    pub(super) fn is_open(&self) -> bool {
        self.until.is_some()
    }
}
