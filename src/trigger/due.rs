//! Triggers that a clock starts: what is due, what was missed, and that nothing is started twice.
//!
//! The run of a moment has its id from the trigger and the moment, so that a moment that is taken twice is one run. Which
//! moment was taken last is a fact, written with the run's acceptance.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::Triggers;
use super::declared::Declared;
use crate::base::time::{Duration, Timestamp};
use crate::base::value::{Map, Value};
use crate::run::activity::Busy;
use crate::run::journal::{Broken, Fact};

/// How the names of the facts begin that say which moment was taken last.
pub(super) const FACTS: &str = "due/";
/// How late a run may start that is not to be caught up: a restart that is shorter misses nothing.
const GRACE: Duration = Duration::seconds(60);
/// How many missed moments `catch_up all` catches up at most: the last ones.
const CAUGHT_UP_MAX: usize = 1_000;
/// How far behind the last moment taken the clock may be, before the moment counts as one of a clock that was wrong.
const SET_BACK_MAX: Duration = Duration::seconds(26 * 60 * 60);

/// When something is due.
pub(super) trait Beat: Send + Sync {
    /// The first moment after this one; `None` if there is none.
    fn next(&self, after: Timestamp) -> Option<Timestamp>;
    /// The last moment up to this one, itself included.
    fn latest(&self, until: Timestamp) -> Option<Timestamp>;
}

/// What is done about moments at which nothing could be started: `catch_up`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CatchUp {
    None,
    Latest,
    All,
}

impl CatchUp {
    pub(super) fn named(word: Option<&str>) -> Self {
        match word {
            Some("all") => Self::All,
            Some("latest") => Self::Latest,
            _ => Self::None,
        }
    }

    /// Which moments after `last` and up to `now` are to be taken, the earliest first.
    fn moments(self, beat: &dyn Beat, last: Timestamp, now: Timestamp) -> Vec<Timestamp> {
        let most = if self == Self::All { CAUGHT_UP_MAX } else { 1 };
        let earliest = if self == Self::None { last.max(GRACE.before(now)) } else { last };
        let mut moments = Vec::new();
        let mut until = now;
        while moments.len() < most
            && let Some(moment) = beat.latest(until).filter(|moment| *moment > earliest)
        {
            moments.push(moment);
            until = Duration(1).before(moment);
        }
        moments.reverse();
        moments
    }
}

impl Triggers {
    /// Starts the runs of a trigger when they are due, from now on.
    pub(super) async fn keep_time(
        &self,
        declared: &Declared,
        beat: &dyn Beat,
        catch_up: CatchUp,
        mut busy: Busy,
        ending: &CancellationToken,
    ) -> Result<(), Broken> {
        let clock = self.clock().clone();
        let mut last = self.last_due(declared).await?;
        loop {
            let now = clock.now();
            if last > SET_BACK_MAX.after(now) {
                tracing::warn!(trigger = %declared.name, "the clock was ahead of {now} when {last} was due: from now on it counts");
                last = now;
            }
            for moment in catch_up.moments(beat, last, now) {
                if ending.is_cancelled() {
                    return Ok(());
                }
                self.take_due(declared, moment).await?;
            }
            last = last.max(now);
            let Some(next) = beat.next(last) else { return Ok(()) };
            // A clock that is moved by hand stands still until what is due has come in.
            let mut sleep = clock.sleep_until(next);
            drop(busy);
            tokio::select! {
                () = &mut sleep => {}
                () = ending.cancelled() => return Ok(()),
            }
            busy = self.driver().activity().begin();
        }
    }

    /// The last moment that was taken; for a trigger that was never seen before, now.
    async fn last_due(&self, declared: &Declared) -> Result<Timestamp, Broken> {
        match self.driver().fact(&fact_name(declared)).await? {
            Some(Value::DateTime(moment)) => Ok(moment.timestamp()),
            _ => {
                let now = self.clock().now();
                self.driver().note(vec![due_fact(declared, now)]).await?;
                Ok(now)
            }
        }
    }

    async fn take_due(&self, declared: &Declared, moment: Timestamp) -> Result<(), Broken> {
        let due = Value::DateTime(Arc::new(moment.to_zoned(declared.zone())));
        let trigger = Map::from_iter([("type".into(), declared.trigger().kind.word().into()), ("due".into(), due)]);
        let run = declared.run(&moment.to_string());
        self.take(declared, trigger.into(), run, vec![due_fact(declared, moment)]).await
    }
}

fn fact_name(declared: &Declared) -> Arc<str> {
    format!("{FACTS}{}", declared.name).into()
}

fn due_fact(declared: &Declared, moment: Timestamp) -> Fact {
    Fact { name: fact_name(declared), value: Some(Value::moment(moment)), until: None }
}
