//! A newer program for an engine that runs: new runs are runs of it, and those under way go on under it where they may.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

use super::Engine;
use crate::base::id::RunId;
use crate::base::status::Status;
use crate::lang::plan::{Package, Plan};

use crate::run::journal::{Broken, Query};
use crate::run::upgrade::{Letter, Stay, Verdict};

/// How many runs are asked at a time.
const RUNS_AT_ONCE: usize = 64;

/// The states in which a run can be moved.
pub const UNDER_WAY: [Status; 5] = [Status::Queued, Status::Running, Status::Waiting, Status::Paused, Status::Parked];

/// What a newer program means for the runs that are under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// The workflows that are others now and have runs under way, in the order of the program.
    pub workflows: Vec<Deployed>,
}

/// What a newer plan means for the runs of one workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployed {
    /// The workflow.
    pub workflow: Arc<str>,
    /// Its runs, by what is said of them.
    pub groups: Vec<Group>,
}

/// Runs of which the same is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// What is said of them.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Which runs, the one accepted last first.
    pub runs: Vec<RunId>,
}

impl Engine {
    /// Takes over the program of `newer`, an engine that was built and never started: its workflows, its settings, its
    /// connectors. New runs are runs of it. Runs under way go on under it by the word of `by`: at once where they may, else as
    /// soon as they may (semantics 73 to 75); what was said of each is told. The journal and the clock stay.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn deploy(&self, newer: &Self, by: &str) -> Result<Deployment, Broken> {
        let before = self.package();
        self.take_over(newer);
        self.offer_all(&before, &newer.package(), Some(by)).await
    }

    /// What [`Engine::deploy`] would say of the runs under way. Nothing changes.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn would_mean(&self, package: &Package) -> Result<Deployment, Broken> {
        self.offer_all(&self.package(), package, None).await
    }

    /// Offers the plans of a package to the runs under way; without a word only asks what they would mean. `before` says which
    /// workflows there were.
    pub(super) async fn offer_all(
        &self,
        before: &Package,
        package: &Package,
        by: Option<&str>,
    ) -> Result<Deployment, Broken> {
        let mut deployment = Deployment::default();
        for plan in package.plans.values() {
            deployment.take(&plan.name, self.offer_plan(plan, by).await?);
        }
        for gone in before.plans.keys().filter(|name| !package.plans.contains_key(*name)) {
            deployment.take(gone, self.left_behind(gone).await?);
        }
        Ok(deployment)
    }

    /// The runs of a workflow that is gone: each goes on as it began.
    async fn left_behind(&self, workflow: &Arc<str>) -> Result<Vec<(RunId, Verdict)>, Broken> {
        let mut said = Vec::new();
        let mut query = under_way(workflow);
        loop {
            let page = self.driver.runs(&query).await?;
            let stay = Stay { because: Letter::A, node: workflow.clone(), words: "its workflow is gone".into() };
            said.extend(page.runs.into_iter().map(|standing| (standing.run, Verdict::Stays(stay.clone()))));
            if page.next.is_none() {
                return Ok(said);
            }
            query.before = page.next;
        }
    }

    /// Offers a plan to all runs of its workflow that are under way and on another.
    async fn offer_plan(&self, plan: &Arc<Plan>, by: Option<&str>) -> Result<Vec<(RunId, Verdict)>, Broken> {
        let mut said = Vec::new();
        let mut query = under_way(&plan.name);
        loop {
            let page = self.driver.runs(&query).await?;
            let others = page.runs.iter().filter(|standing| standing.plan != plan.digest);
            let asked = others.map(|standing| async move {
                let verdict = match by {
                    Some(by) => self.driver.offer(&standing.run, plan, by).await,
                    None => self.driver.ask(&standing.run, plan).await,
                };
                // A run that has come to rest meanwhile is not asked.
                Some((standing.run.clone(), verdict?))
            });
            said.extend(join_all(asked).await.into_iter().flatten());
            if page.next.is_none() {
                return Ok(said);
            }
            query.before = page.next;
        }
    }
}

impl Deployment {
    /// Takes in what is said of the runs of one workflow.
    fn take(&mut self, workflow: &Arc<str>, said: Vec<(RunId, Verdict)>) {
        let mut groups: BTreeMap<(u8, String), Group> = BTreeMap::new();
        for (run, verdict) in said {
            let group = groups.entry((rank(&verdict), verdict.to_string()));
            group.or_insert_with(|| Group { verdict, runs: Vec::new() }).runs.push(run);
        }
        if !groups.is_empty() {
            let groups = groups.into_values().collect();
            self.workflows.push(Deployed { workflow: workflow.clone(), groups });
        }
    }
}

/// The runs of a workflow that are under way.
fn under_way(workflow: &Arc<str>) -> Query {
    Query { workflow: Some(workflow.clone()), statuses: UNDER_WAY.to_vec(), limit: RUNS_AT_ONCE, ..Query::default() }
}

/// Runs that move are told first, then those that stay, then those that the change does not reach.
fn rank(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Moves { .. } => 0,
        Verdict::Stays(stay) => match stay.because {
            Letter::A => 1,
            Letter::B => 2,
            Letter::C => 3,
        },
        Verdict::Unaffected => 4,
    }
}
