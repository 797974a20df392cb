//! `limit N per T`: no more requests than a service allows, however many runs ask at once.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::base::failure::{Failure, Kind};
use crate::base::time::Duration;

/// When the last requests were sent, by what the limit counts: a connector, or one operation.
#[derive(Debug, Default)]
pub struct Paces {
    sent: Mutex<HashMap<Arc<str>, VecDeque<Instant>>>,
}

impl Paces {
    /// Waits for the next free moment of `name`; moments are given out in the order of asking.
    ///
    /// # Errors
    /// `rate_limited`, where that moment comes after `deadline`; nothing is taken then.
    pub async fn wait(&self, name: &Arc<str>, limit: (u64, Duration), deadline: Instant) -> Result<(), Failure> {
        let moment = self.reserve(name, limit, Instant::now(), deadline).map_err(|wait| {
            let millis = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
            let mut failure = Failure::new(
                Kind::RateLimited,
                format!("`{name}` is limited to {} per {}, and too many calls wait already", limit.0, limit.1),
            );
            failure.retry_after = Some(Duration(millis));
            failure
        })?;
        tokio::time::sleep_until(moment.into()).await;
        Ok(())
    }

    /// The next free moment, taken; or how long it would be until then.
    fn reserve(
        &self,
        name: &Arc<str>,
        (count, per): (u64, Duration),
        now: Instant,
        deadline: Instant,
    ) -> Result<Instant, std::time::Duration> {
        let count = usize::try_from(count).unwrap_or(usize::MAX).max(1);
        // Whoever held the lock did not leave half a change behind.
        let mut all = self.sent.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let sent = all.entry(name.clone()).or_default();
        let free = match sent.len().checked_sub(count).and_then(|at| sent.get(at)) {
            Some(earlier) => (*earlier + per.to_std()).max(now),
            None => now,
        };
        if free >= deadline {
            return Err(free - now);
        }
        sent.push_back(free);
        while sent.len() > count {
            sent.pop_front();
        }
        Ok(free)
    }
}
