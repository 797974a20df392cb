//! What can be known of runs without telling them anything: read off the journal.

use super::{Engine, Summary};
use crate::base::id::RunId;
use crate::run::journal::{Broken, History, Page, Query, Standing};

impl Engine {
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

    /// How a run ended, or what there is of it so far: its whole journal is read.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn summary(&self, run: &RunId) -> Result<Option<Summary>, Broken> {
        let Some(journal) = &self.inner.world.journal else { return Ok(None) };
        let history = journal.history(run, 0).await?;
        let folded = self.inner.fold(&**journal, run, &history.records).await?;
        Ok(folded.map(|(_, run)| Summary::of(&run)))
    }
}
