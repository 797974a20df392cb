//! Letting go of runs that have had their time, beside those that are under way.

use std::sync::Arc;

use super::inbox::{Inbox, inbox};
use super::{Driver, Inner, Place};
use crate::base::id::RunId;
use crate::base::time::Duration;
use crate::run::journal::{Broken, Forgotten};
use crate::run::prune::{self, Retention};

/// How long it is from one time to the next.
const BETWEEN: Duration = Duration::seconds(60 * 60);

impl Driver {
    /// Lets go of everything that has been kept for as long as `retention` says.
    ///
    /// # Errors
    /// If the journal cannot be read or written.
    pub(crate) async fn prune(&self, retention: &Retention) -> Result<Forgotten, Broken> {
        let Some(journal) = &self.inner.world.journal else { return Ok(Forgotten::default()) };
        let now = self.inner.world.clock.now();
        let mut forgotten = Forgotten::default();
        for query in retention.over(now) {
            forgotten += prune::runs(&**journal, query, |run| Held::new(&self.inner, run)).await?;
        }
        forgotten += journal.sweep(now, retention.events.before(now)).await?;
        Ok(forgotten)
    }

    /// Lets go of what has had its time, again and again, each time as `retention` says then.
    pub(crate) async fn prune_in_time(&self, retention: impl Fn() -> Retention) {
        loop {
            match self.prune(&retention()).await {
                Ok(Forgotten { runs: 0, .. }) => {}
                Ok(Forgotten { runs, .. }) => tracing::info!("{runs} runs have had their time and are gone"),
                Err(broken) => return tracing::error!("no run can be let go of any more: {broken}"),
            }
            let clock = &self.inner.world.clock;
            clock.sleep_until(BETWEEN.after(clock.now())).await;
        }
    }
}

/// A run that nobody can tell anything while it goes.
struct Held {
    inner: Arc<Inner>,
    run: RunId,
    /// Whoever tells it something meanwhile hears that it is not there.
    _inbox: Inbox,
}

impl Held {
    /// Holds a run, unless it is in memory: somebody has to do with it.
    fn new(inner: &Arc<Inner>, run: &RunId) -> Option<Self> {
        let Place::Vacant(place) = inner.live.entry(run.clone()) else { return None };
        let (tell, inbox) = inbox(&inner.activity);
        place.insert(tell);
        Some(Self { inner: inner.clone(), run: run.clone(), _inbox: inbox })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.inner.live.remove(&self.run);
    }
}
