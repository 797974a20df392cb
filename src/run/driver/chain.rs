//! Which runs started one another, as far as the journal still has them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::{Inner, lock};
use crate::base::failure::Failure;
use crate::base::id::RunId;
use crate::base::limit::CHAIN_MAX;
use crate::base::value::Value;
use crate::lang::plan::Plan;
use crate::run::chain::{By, Line, Link, Origin, too_long};
use crate::run::event::{Acceptance, Event};
use crate::run::history::Run;
use crate::run::intake::Item;
use crate::run::journal::Broken;

/// How many runs of a chain are named to whoever is told that it is too long.
const LINKS_TOLD: usize = 6;

/// How many runs are remembered at a time that emitted something, and how many chains that are spent.
const REMEMBERED: usize = 1_000;

/// What is known of chains without reading. The journal knows more: what is forgotten is read again, or found out again.
#[derive(Default)]
pub(super) struct Lines {
    /// What lies before the runs that are started by what these emit.
    behind: Mutex<BTreeMap<RunId, Line>>,
    /// The first runs of chains of which as many runs have come back as may.
    spent: RwLock<BTreeSet<RunId>>,
}

impl Lines {
    /// As many runs have come back in the chain that began with `first` as may.
    pub(super) fn spend(&self, first: &RunId) {
        let mut spent = self.spent.write().unwrap_or_else(PoisonError::into_inner);
        if spent.len() >= REMEMBERED {
            spent.clear();
        }
        spent.insert(first.clone());
    }

    /// Whether this is known of the chain of a run.
    pub(super) fn is_spent(&self, run: &Run) -> bool {
        let spent = self.spent.read().unwrap_or_else(PoisonError::into_inner);
        !spent.is_empty() && spent.contains(run.first_of_chain())
    }
}

impl Inner {
    /// What lies in its chain before a run that an event starts.
    pub(super) async fn line_behind(&self, origin: Option<&Origin>) -> Result<Line, Broken> {
        // Whoever took their time begins a new chain.
        let Some(Origin { run, .. }) = origin.filter(|origin| origin.chain > 0) else { return Ok(Line::default()) };
        if let Some(line) = lock(&self.lines.behind).get(run) {
            return Ok(line.clone());
        }
        let Some((accepted, _)) = self.beginning(run).await? else { return Ok(Line::default()) };
        let line = accepted.line.on(run, &accepted.workflow);
        let mut behind = lock(&self.lines.behind);
        if behind.len() >= REMEMBERED {
            behind.clear();
        }
        behind.insert(run.clone(), line.clone());
        Ok(line)
    }

    /// Why an item starts no run of its workflow, if too many runs lie behind it that started one another (semantics 66).
    pub(super) async fn chain_too_long(&self, plan: &Plan, item: &Item) -> Result<Option<Arc<Failure>>, Broken> {
        let Some(origin) = item.origin.as_ref().filter(|origin| origin.chain > CHAIN_MAX) else { return Ok(None) };
        let mut links = vec![Link { workflow: plan.name.clone(), by: by_event(&item.value).unwrap_or(By::Outside) }];
        let mut next = Some(origin.run.clone());
        while let Some(run) = next.filter(|_| links.len() < LINKS_TOLD) {
            let Some((accepted, trigger)) = self.beginning(&run).await? else { break };
            links.push(link(&accepted, &trigger));
            next = accepted.parent.clone().or_else(|| accepted.origin.clone());
        }
        links.reverse();
        Ok(Some(Arc::new(too_long(&links))))
    }

    /// What a run was accepted with, and what `trigger` was in it; in one that collects, the first item's.
    async fn beginning(&self, run: &RunId) -> Result<Option<(Arc<Acceptance>, Value)>, Broken> {
        let Some(journal) = &self.world.journal else { return Ok(None) };
        let records = journal.history(run, 0).await?.records;
        let Some(Event::Accepted(accepted)) = records.first().map(|record| &record.event) else { return Ok(None) };
        let trigger = match records.get(1).map(|record| &record.event) {
            Some(Event::Collected { trigger, .. }) => trigger,
            _ => &accepted.trigger,
        };
        Ok(Some((accepted.clone(), trigger.clone())))
    }
}

fn link(accepted: &Acceptance, trigger: &Value) -> Link {
    let by = match by_event(trigger) {
        Some(by) => by,
        None if accepted.parent.is_some() => By::Step,
        None if accepted.origin.is_some() => By::Start,
        None => By::Outside,
    };
    Link { workflow: accepted.workflow.clone(), by }
}

/// That an event started a run, if it did, by what `trigger` is in it.
fn by_event(trigger: &Value) -> Option<By> {
    trigger.get("type").and_then(Value::as_text).filter(|kind| *kind == "event")?;
    trigger.get("event").and_then(Value::as_text).map(|topic| By::Event(topic.into()))
}
