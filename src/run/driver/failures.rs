//! Open failures: which there are, and one fix for all of a kind.

use std::sync::Arc;

use serde::Serialize;

use super::Driver;
use crate::base::id::RunId;
use crate::base::value::Value;
use crate::lang::plan::Plan;
use crate::run::event::{Decision, UnitId};
use crate::run::failure::{Group, grouped};
use crate::run::journal::{Broken, Query, Standing};
use crate::run::machine::{Command, Target};
use crate::run::rewind::{self, Preview, Refusal, Request, Which};
use crate::run::upgrade::Verdict;

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

/// A parked step that is to try again.
struct Unparking {
    /// What it means.
    preview: Preview,
    /// Its parameters, if they are others.
    params: Option<Value>,
    /// The newer plan that its run goes on under.
    plan: Option<Arc<Plan>>,
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
        let mut mended = Mended {
            preview: match parked {
                Some(unit) => self.unparking(run, *unit, fix).await?.preview,
                None => self.preview(run, fix).await?,
            },
            ..Mended::default()
        };
        if preview {
            return Ok(mended);
        }
        // What the first one may not do, none may.
        fix.accepts(&mended.preview)?;
        for (run, parked) in members {
            let done = match parked {
                Some(unit) => self.unpark(&run, unit, fix).await,
                None => self.rewind(&run, fix.clone()).await.map(drop),
            };
            match done {
                Ok(()) => mended.done.push(run),
                Err(refusal) => mended.refused.push((run, refusal.to_string())),
            }
        }
        Ok(mended)
    }

    /// What it would mean that a parked step tries again. Nothing is changed.
    async fn unparking(&self, run: &RunId, unit: UnitId, fix: &Request) -> Result<Unparking, Refusal> {
        let Some(journal) = &self.inner.world.journal else { return Err(Refusal::NoSuchRun) };
        let history = journal.history(run, 0).await?;
        let folded = self.inner.fold(&**journal, run, &history.records).await?.ok_or(Refusal::NoSuchRun)?;
        let (mut preview, params) = rewind::parked(&folded.plan, &folded.records, unit, fix)?;
        let mut plan = None;
        if fix.plan == Which::Newest {
            let name = &folded.plan.name;
            let newest = self.inner.plan_of(name).map_err(|_| Refusal::NoNewerPlan(name.clone()))?;
            match self.ask(run, &newest).await {
                Some(Verdict::Stays(stay)) => {
                    let what = format!(
                        "it cannot go on under the newest plan, because {}; let the step fail first, then its run can be retried \
                         from there or from an earlier step, and under its own plan it can go on (`--plan own`)",
                        stay.words
                    );
                    let step = preview.redo.first().map(|redo| redo.place.clone()).unwrap_or_default();
                    return Err(Refusal::UnderWay { step, what: what.into() });
                }
                Some(Verdict::Moves { .. }) => {
                    preview.plan = Some(newest.digest);
                    plan = Some(newest);
                }
                // What is left of it is the same in both.
                Some(Verdict::Unaffected) | None => {}
            }
        }
        Ok(Unparking { preview, params, plan })
    }

    /// Lets a parked step try again, under the newest plan if that is asked for.
    async fn unpark(&self, run: &RunId, unit: UnitId, fix: &Request) -> Result<(), Refusal> {
        let Unparking { preview, params, plan } = self.unparking(run, unit, fix).await?;
        fix.accepts(&preview)?;
        if let Some(plan) = plan {
            self.offer(run, &plan, &fix.by).await;
        }
        let decision = Decision::Retry { params };
        let told = self.tell(run, Command::Unpark { step: Target::Unit(unit), by: fix.by.clone(), decision }).await;
        let step = preview.redo.first().map(|redo| redo.place.clone()).unwrap_or_default();
        told.map_err(|refusal| Refusal::UnderWay { step, what: refusal.to_string().into() })
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
