//! Open failures: which there are, and one fix for all of a kind.

use serde::Serialize;

use super::Driver;
use crate::base::id::RunId;
use crate::base::value::Value;
use crate::run::event::{Decision, UnitId};
use crate::run::failure::{Group, grouped};
use crate::run::history::unit::Task;
use crate::run::journal::{Broken, Query, Standing};
use crate::run::machine::{Command, Target};
use crate::run::rewind::{Preview, Refusal, Request};

/// How many runs are read at a time.
const PAGE_RUNS: usize = 1_000;

/// What came of one fix for all open failures of a kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Mended {
    /// What it means for the run whose failure is the last one of the kind.
    pub preview: Preview,
    /// The runs that go on.
    pub done: Vec<RunId>,
    /// The runs that do not, and why.
    pub refused: Vec<(RunId, String)>,
}

impl Driver {
    /// The failures that nobody has dealt with, by the steps and the types of the errors, the latest first.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn failures(&self) -> Result<Vec<Group>, Broken> {
        let standings = self.open_failures().await?;
        let open = standings.iter().flat_map(|standing| standing.open.iter().map(move |open| (standing, open)));
        Ok(grouped(open.map(|(standing, open)| (&standing.run, &standing.workflow, open))))
    }

    /// Lets all runs of a group go on, each where it failed, with the same fix; with `preview`, only says what that would mean
    /// for the one that was accepted last. What one run refuses does not keep the others from going on.
    ///
    /// # Errors
    /// If there is no such group, or the run that is looked at first cannot go on so.
    pub async fn retry_group(&self, group: &str, fix: &Request, preview: bool) -> Result<Mended, Refusal> {
        let mut members: Vec<(RunId, Option<UnitId>)> = Vec::new();
        for standing in self.open_failures().await? {
            let meant = standing.open.iter().filter(|open| *open.group() == *group);
            members.extend(meant.map(|open| (standing.run.clone(), open.parked)));
        }
        let Some((run, parked)) = members.first() else { return Err(Refusal::NoSuchGroup(group.into())) };
        let mut mended = Mended::default();
        if parked.is_none() {
            mended.preview = self.preview(run, fix).await?;
        }
        if preview {
            return Ok(mended);
        }
        // What the first one may not do, none may.
        fix.accepts(&mended.preview)?;
        for (run, parked) in members {
            let done = match parked {
                Some(unit) => self.unpark(&run, unit, fix).await,
                None => self.rewind(&run, fix.clone()).await.map(drop).map_err(|refusal| refusal.to_string()),
            };
            match done {
                Ok(()) => mended.done.push(run),
                Err(refusal) => mended.refused.push((run, refusal)),
            }
        }
        Ok(mended)
    }

    /// Lets a parked step try again.
    async fn unpark(&self, run: &RunId, unit: UnitId, fix: &Request) -> Result<(), String> {
        let params = match &fix.params {
            Some(given) => Some(self.merged(run, unit, given).await.map_err(|broken| broken.to_string())?),
            None => None,
        };
        let decision = Decision::Retry { params };
        let told = self.tell(run, Command::Unpark { step: Target::Unit(unit), by: fix.by.clone(), decision }).await;
        told.map_err(|refusal| refusal.to_string())
    }

    /// What a unit acts with, with what is given instead.
    async fn merged(&self, run: &RunId, unit: UnitId, given: &Value) -> Result<Value, Broken> {
        let Some(journal) = &self.inner.world.journal else { return Ok(given.clone()) };
        let history = journal.history(run, 0).await?;
        let folded = self.inner.fold(&**journal, run, &history.records).await?;
        let old = folded.as_ref().and_then(|folded| folded.run.unit(unit)).and_then(|unit| match &unit.task {
            Task::Act(act) => act.params.as_map().cloned(),
            _ => None,
        });
        let mut params = old.unwrap_or_default();
        params.extend(given.as_map().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
        Ok(params.into())
    }

    /// How the runs stand that have failures nobody has dealt with, the one accepted last first.
    async fn open_failures(&self) -> Result<Vec<Standing>, Broken> {
        let mut query = Query { open: true, limit: PAGE_RUNS, ..Query::default() };
        let mut found = Vec::new();
        loop {
            let page = self.runs(&query).await?;
            found.extend(page.runs);
            match page.next {
                Some(next) => query.before = Some(next),
                None => return Ok(found),
            }
        }
    }
}
