//! What can be known of runs without telling them anything: read off the journal.

use std::sync::Arc;

use super::moving::Folded;
use super::{Driver, Figures, Summary, lock};
use crate::base::id::RunId;
use crate::base::time::Timestamp;
use crate::lang::plan::Plan;
use crate::run::cause::{self, Account, NoSuchStep, Queued};
use crate::run::event::Record;
use crate::run::gate::Queue;
use crate::run::journal::{Broken, Count, Follow, History, Mark, Page, Passage, Progress, Query, Standing};
use crate::run::machine;
use crate::run::timeline::{self, Step};
use crate::run::wait::{For, Open, Waiting};
use crate::run::world::Question;

/// Why there is no account of a step.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Unaccounted {
    /// There is no such step.
    #[error("{0}")]
    Step(#[from] NoSuchStep),
    /// The journal cannot be read.
    #[error("{0}")]
    Store(#[from] Broken),
}

impl Driver {
    /// What o'clock it is.
    pub fn now(&self) -> Timestamp {
        self.inner.world.clock.now()
    }

    /// How a run stands; none if there is no such run, or nothing is kept of any.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn standing(&self, run: &RunId) -> Result<Option<Standing>, Broken> {
        match &self.inner.world.journal {
            Some(journal) => journal.standing(run).await,
            None => Ok(None),
        }
    }

    /// The runs that `query` describes, the one accepted last first.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn runs(&self, query: &Query) -> Result<Page, Broken> {
        match &self.inner.world.journal {
            Some(journal) => journal.runs(query).await,
            None => Ok(Page::default()),
        }
    }

    /// What happened in a run, from the record with this number on.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn history(&self, run: &RunId, from: u64) -> Result<History, Broken> {
        match &self.inner.world.journal {
            Some(journal) => journal.history(run, from).await,
            None => Ok(History::default()),
        }
    }

    /// Waits until something after `mark` is on disk, and says up to where it is then; for ever, where nothing is kept.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn written_after(&self, mark: Mark) -> Result<Mark, Broken> {
        match &self.inner.world.journal {
            Some(journal) => journal.written_after(mark).await,
            None => std::future::pending().await,
        }
    }

    /// The batches after `after` and up to `until` that `follow` describes, in order.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn passages(&self, after: Mark, until: Mark, follow: &Follow) -> Result<Vec<Passage>, Broken> {
        match &self.inner.world.journal {
            Some(journal) => journal.passages(after, until, follow).await,
            None => Ok(Vec::new()),
        }
    }

    /// How many runs of each workflow stand how.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn counts(&self) -> Result<Vec<Count>, Broken> {
        match &self.inner.world.journal {
            Some(journal) => journal.counts().await,
            None => Ok(Vec::new()),
        }
    }

    /// How writing goes.
    pub fn progress(&self) -> Progress {
        self.inner.world.journal.as_ref().map(|journal| journal.progress()).unwrap_or_default()
    }

    /// What this process has written down since it began.
    pub fn figures(&self) -> Figures {
        self.inner.tally.figures(self.inner.live.len() as u64)
    }

    /// The steps of a run, in the order in which they were opened; none if there is no such run.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn steps(&self, run: &RunId) -> Result<Vec<Step>, Broken> {
        let Some(journal) = &self.inner.world.journal else { return Ok(Vec::new()) };
        let history = journal.history(run, 0).await?;
        let folded = self.inner.fold(&**journal, run, &history.records).await?;
        Ok(folded.map(|folded| timeline::steps(&folded.plan, &folded.records)).unwrap_or_default())
    }

    /// What led to how a step of a run stands, and what it waits for; of the run itself where no step is named.
    ///
    /// # Errors
    /// If there is no such step, or the journal cannot be read.
    pub async fn account(&self, run: &RunId, step: Option<&str>) -> Result<Account, Unaccounted> {
        let nothing = || Unaccounted::Store(Broken(format!("there is no run `{run}`").into()));
        let journal = self.inner.world.journal.as_ref().ok_or_else(nothing)?;
        let records = journal.history(run, 0).await?.records;
        let folded = self.inner.fold(&**journal, run, &records).await?.ok_or_else(nothing)?;
        let (mut account, place) = match step {
            None => {
                let mut account = cause::account_of_run(&folded.plan, &folded.run);
                // A run that was only read back has not looked yet whether it has anything left to do.
                if let Some(standing) = journal.standing(run).await? {
                    account.status = standing.status.word();
                }
                (account, String::new())
            }
            Some(step) => {
                let account = cause::account(&folded.plan, &folded.records, step)?;
                let place = account.place.clone();
                (account, place)
            }
        };
        account.at_gates(self.queues(&folded, &place));
        Ok(account)
    }

    /// How it stands at the gates before which a run stands, or the steps at a place of it.
    fn queues(&self, folded: &Folded, place: &str) -> Vec<Queued> {
        let gates = lock(&self.inner.gates);
        let before = cause::gates_before(&folded.plan, &folded.run, place).into_iter();
        let queued = before.filter_map(|(gate, places, unit, place)| {
            let Queue { inside, ahead } = gates.queue(&gate, &(folded.run.accepted.run.clone(), unit))?;
            Some(Queued { gate, places, place, inside: inside.into_iter().map(|(run, _)| run).collect(), ahead })
        });
        queued.collect()
    }

    /// The journal of a run as it is read in the plan that it goes on under, with that plan; none if there is no such run.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn read(&self, run: &RunId) -> Result<Option<(Arc<Plan>, Vec<Record>)>, Broken> {
        let Some(journal) = &self.inner.world.journal else { return Ok(None) };
        let records = journal.history(run, 0).await?.records;
        let folded = self.inner.fold(&**journal, run, &records).await?;
        Ok(folded.map(|folded| (folded.plan, folded.records.into_owned())))
    }

    /// How a run ended, or what there is of it so far: its whole journal is read.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn summary(&self, run: &RunId) -> Result<Option<Summary>, Broken> {
        let Some(journal) = &self.inner.world.journal else { return Ok(None) };
        let history = journal.history(run, 0).await?;
        let folded = self.inner.fold(&**journal, run, &history.records).await?;
        Ok(folded.map(|folded| Summary::of(&folded.run)))
    }
    /// What runs wait for from outside, in the order in which they began to.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn waiting(&self, query: &Waiting) -> Result<Vec<Open>, Broken> {
        self.inner.waiting(query).await
    }

    /// The question that a step of a run asks, by its name or its place; none if it asks none now. Its whole journal is read.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn question(&self, run: &RunId, step: &str) -> Result<Option<Question>, Broken> {
        let Some(journal) = &self.inner.world.journal else { return Ok(None) };
        let history = journal.history(run, 0).await?;
        let folded = self.inner.fold(&**journal, run, &history.records).await?;
        let Some(Folded { plan, run, .. }) = folded else { return Ok(None) };
        let mut asks = run.waits(&plan).into_iter().filter(|(_, wait)| wait.kind == For::Answer);
        let asked = asks.find(|(_, wait)| *wait.place == *step || *wait.name == *step);
        Ok(asked.and_then(|(unit, _)| machine::question(&plan, &run, unit)))
    }
}
