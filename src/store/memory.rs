//! A store in memory: for tests, and for runs that need not survive the process.

use std::collections::BTreeMap;
use std::ops::{Bound, Range};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::base::id::{Digest, RunId};
use crate::base::status::Status;
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::lang::plan::Plan;
use crate::run::admission::Turn;
use crate::run::event::{Event, Record, UnitId};
use crate::run::journal::{
    Batch, Broken, Count, Due, Emission, Fact, Follow, Forgotten, Happened, History, Journal, Mark, Page, Passage,
    Progress, Query, Standing,
};
use crate::run::wait::{Open, Waiting};
use crate::run::world::BoxFuture;

/// A store in memory.
#[derive(Debug, Default)]
pub struct Memory {
    kept: Mutex<Kept>,
    /// Up to where there is something.
    last: watch::Sender<Mark>,
}

#[derive(Debug, Default)]
struct Kept {
    last: Mark,
    runs: BTreeMap<RunId, Journaled>,
    /// Where which records of which run are.
    batches: BTreeMap<Mark, (RunId, Range<usize>)>,
    /// With the moment from when on nobody asks for them.
    facts: BTreeMap<Arc<str>, (Value, Option<Timestamp>)>,
    plans: BTreeMap<Digest, Plan>,
    events: BTreeMap<Mark, Emission>,
    heard: Mark,
    /// By their numbers.
    waits: BTreeMap<u64, (UnitId, Open)>,
    opened: u64,
}

#[derive(Debug)]
struct Journaled {
    records: Vec<Record>,
    batches: u64,
    accepted: Mark,
    last: Mark,
    standing: Standing,
}

impl Memory {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Each batch is taken in whole or the process ends.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journaled {
    fn fits(&self, query: &Query) -> bool {
        let input = || match self.records.first().map(|record| &record.event) {
            Some(Event::Accepted(accepted)) => query.takes(&accepted.input),
            _ => false,
        };
        query.holds(&self.standing) && (query.input.is_empty() || input())
    }
}

impl Kept {
    /// All runs, in the order they were accepted.
    fn in_order(&self) -> Vec<&Journaled> {
        let mut runs: Vec<&Journaled> = self.runs.values().collect();
        runs.sort_by_key(|run| run.accepted);
        runs
    }

    fn take(&mut self, batch: Batch) {
        self.last.0 += 1;
        let run = self.runs.entry(batch.standing.run.clone()).or_insert_with(|| Journaled {
            records: Vec::new(),
            batches: 0,
            accepted: self.last,
            last: self.last,
            standing: batch.standing.clone(),
        });
        let first = run.records.len();
        run.records.extend(batch.records);
        run.batches += 1;
        self.batches.insert(self.last, (batch.standing.run.clone(), first..run.records.len()));
        run.last = self.last;
        run.standing = batch.standing;
        let run = run.standing.run.clone();
        self.say(batch.facts);
        for (unit, wait) in batch.waits {
            self.waits.retain(|_, (other, open)| (*other, &open.run) != (unit, &run));
            if let Some(wait) = wait {
                self.opened += 1;
                let open = Open { number: self.opened, run: run.clone(), wait };
                self.waits.insert(open.number, (unit, open));
            }
        }
        batch.emitted.into_iter().for_each(|event| self.happen(event));
    }

    fn say(&mut self, facts: Vec<Fact>) {
        for fact in facts {
            match fact.value {
                Some(value) => drop(self.facts.insert(fact.name, (value, fact.until))),
                None => drop(self.facts.remove(&fact.name)),
            }
        }
    }

    /// A run and all those it waited for, and those they waited for; none if there is no such run.
    fn family(&self, run: &RunId) -> Vec<RunId> {
        let mut family: Vec<RunId> = self.runs.get_key_value(run).map(|(run, _)| run.clone()).into_iter().collect();
        let mut next = 0;
        while let Some(parent) = family.get(next).cloned() {
            let children = self.runs.values().filter(|run| run.standing.parent.as_ref() == Some(&parent));
            family.extend(children.map(|run| run.standing.run.clone()));
            next += 1;
        }
        family
    }

    fn forget(&mut self, runs: &[RunId]) -> Forgotten {
        let mut forgotten = Forgotten::default();
        for run in runs {
            let family = self.family(run);
            if family.iter().any(|run| self.runs[run].standing.rested_at.is_none()) {
                continue;
            }
            for run in family.iter().filter_map(|run| self.runs.remove(run)) {
                self.waits.retain(|_, (_, open)| open.run != run.standing.run);
                self.batches.retain(|_, (other, _)| *other != run.standing.run);
                forgotten.runs += 1;
                forgotten.batches += run.batches;
            }
        }
        forgotten
    }

    fn sweep(&mut self, now: Timestamp, before: Timestamp) -> Forgotten {
        let (facts, events) = (self.facts.len(), self.events.len());
        self.facts.retain(|_, (_, until)| until.is_none_or(|until| until > now));
        let old = |mark: &Mark, event: &Emission| event.at < before && *mark <= self.heard;
        let free: Vec<Mark> = self
            .events
            .iter()
            .filter(|(mark, event)| old(mark, event) && !self.needs(**mark, event))
            .map(|(mark, _)| *mark)
            .collect();
        free.iter().for_each(|mark| drop(self.events.remove(mark)));
        Forgotten {
            facts: (facts - self.facts.len()) as u64,
            events: (events - self.events.len()) as u64,
            ..Forgotten::default()
        }
    }

    /// Whether a run may take an event yet (semantics 61).
    fn needs(&self, mark: Mark, event: &Emission) -> bool {
        let names = |plan: &Plan| plan.topics().contains(&event.topic);
        self.runs.values().any(|run| {
            let open = run.accepted < mark && run.standing.rested_at.is_none();
            open && self.plans.get(&run.standing.plan).is_some_and(names)
        })
    }

    fn happen(&mut self, event: Emission) {
        self.last.0 += 1;
        self.events.insert(self.last, event);
    }

    /// The events after `after`.
    fn events(&self, after: Mark) -> impl Iterator<Item = Happened> {
        let later = self.events.range((Bound::Excluded(after), Bound::Unbounded));
        later.map(|(mark, event)| Happened { mark: *mark, emission: event.clone() })
    }
}

fn ready<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, Result<T, Broken>> {
    Box::pin(std::future::ready(Ok(value)))
}

impl Journal for Memory {
    fn append(&self, batches: Vec<Batch>) -> Mark {
        let mut kept = self.kept();
        batches.into_iter().for_each(|batch| kept.take(batch));
        self.last.send_replace(kept.last);
        kept.last
    }

    fn synced(&self, _: Mark) -> BoxFuture<'_, Result<(), Broken>> {
        ready(())
    }

    fn history<'a>(&'a self, run: &'a RunId, from: u64) -> BoxFuture<'a, Result<History, Broken>> {
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let history = self.kept().runs.get(run).map(|run| History {
            records: run.records.get(from..).unwrap_or_default().to_vec(),
            accepted: run.accepted,
            last: run.last,
        });
        ready(history.unwrap_or_default())
    }

    fn standing<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<Option<Standing>, Broken>> {
        ready(self.kept().runs.get(run).map(|run| run.standing.clone()))
    }

    fn runs<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Page, Broken>> {
        let kept = self.kept();
        let mut page = Page::default();
        let earlier = |run: &&Journaled| query.before.is_none_or(|before| run.accepted < before);
        let mut last = None;
        let alone = |run: &&Journaled| {
            let parent = run.standing.parent.as_ref();
            !query.roots || parent.is_none_or(|parent| !kept.runs.contains_key(parent))
        };
        let fitting = kept.in_order().into_iter().rev().filter(earlier).filter(|run| run.fits(query)).filter(alone);
        for run in fitting {
            if page.runs.len() == query.limit {
                page.next = last;
                break;
            }
            page.runs.push(run.standing.clone());
            last = Some(run.accepted);
        }
        ready(page)
    }

    fn busy(&self) -> BoxFuture<'_, Result<Vec<RunId>, Broken>> {
        let kept = self.kept();
        let busy = kept.in_order().into_iter().map(|run| &run.standing).filter(|standing| standing.busy);
        ready(busy.map(|standing| standing.run.clone()).collect())
    }

    fn at_gates(&self) -> BoxFuture<'_, Result<Vec<(RunId, Turn)>, Broken>> {
        let kept = self.kept();
        let standings = kept.in_order().into_iter().map(|run| &run.standing);
        ready(standings.filter_map(|standing| Some((standing.run.clone(), standing.turn.clone()?))).collect())
    }

    fn due(&self, until: Timestamp, limit: usize) -> BoxFuture<'_, Result<Due, Broken>> {
        let kept = self.kept();
        let mut timed: Vec<(Timestamp, RunId)> =
            kept.runs.values().filter_map(|run| Some((run.standing.wake?, run.standing.run.clone()))).collect();
        timed.sort();
        let count = timed.iter().take(limit).take_while(|(wake, _)| *wake <= until).count();
        let next = timed.get(count).map(|(wake, _)| *wake);
        ready(Due { runs: timed.into_iter().take(count).map(|(_, run)| run).collect(), next })
    }

    fn publish(&self, event: Emission) -> Mark {
        let mut kept = self.kept();
        kept.happen(event);
        self.last.send_replace(kept.last);
        kept.last
    }

    fn events<'a>(&'a self, topic: &'a str, after: Mark, limit: usize) -> BoxFuture<'a, Result<Vec<Happened>, Broken>> {
        let kept = self.kept();
        ready(kept.events(after).filter(|event| *event.emission.topic == *topic).take(limit).collect())
    }

    fn heard(&self, mark: Mark) {
        let mut kept = self.kept();
        kept.heard = kept.heard.max(mark);
    }

    fn unheard(&self, after: Mark, limit: usize) -> BoxFuture<'_, Result<Vec<Happened>, Broken>> {
        let kept = self.kept();
        ready(kept.events(after.max(kept.heard)).take(limit).collect())
    }

    fn waiting<'a>(&'a self, query: &'a Waiting) -> BoxFuture<'a, Result<Vec<Open>, Broken>> {
        let kept = self.kept();
        let open = kept.waits.values().map(|(_, open)| open);
        ready(open.filter(|open| query.holds(open)).take(query.limit).cloned().collect())
    }

    fn note(&self, facts: Vec<Fact>) -> Mark {
        let mut kept = self.kept();
        kept.last.0 += 1;
        kept.say(facts);
        self.last.send_replace(kept.last);
        kept.last
    }

    fn facts<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<Fact>, Broken>> {
        let kept = self.kept();
        let behind = kept.facts.range::<str, _>((Bound::Included(prefix), Bound::Unbounded));
        let found = behind.take_while(|(name, _)| name.starts_with(prefix));
        let fact = |(name, (value, until)): (&Arc<str>, &(Value, Option<Timestamp>))| Fact {
            name: name.clone(),
            value: Some(value.clone()),
            until: *until,
        };
        ready(found.map(fact).collect())
    }

    fn written_after(&self, mark: Mark) -> BoxFuture<'_, Result<Mark, Broken>> {
        let mut last = self.last.subscribe();
        Box::pin(async move {
            let reached = last.wait_for(|last| *last > mark).await;
            reached.map(|last| *last).map_err(|_| Broken("the store was closed".into()))
        })
    }

    fn passages<'a>(
        &'a self,
        after: Mark,
        until: Mark,
        follow: &'a Follow,
    ) -> BoxFuture<'a, Result<Vec<Passage>, Broken>> {
        let kept = self.kept();
        let batches = kept.batches.range((Bound::Excluded(after), Bound::Included(until.max(Mark(after.0 + 1)))));
        let passages = batches.filter(|(mark, _)| **mark <= until).filter_map(|(mark, (id, range))| {
            let run = kept.runs.get(id).filter(|run| follow.holds(id, &run.standing.workflow))?;
            let (workflow, records) = (run.standing.workflow.clone(), run.records.get(range.clone())?.to_vec());
            Some(Passage { mark: *mark, run: id.clone(), workflow, first: range.start as u64, records })
        });
        ready(passages.collect())
    }

    fn counts(&self) -> BoxFuture<'_, Result<Vec<Count>, Broken>> {
        let mut counts: BTreeMap<(Arc<str>, Status), u64> = BTreeMap::new();
        for run in self.kept().runs.values() {
            *counts.entry((run.standing.workflow.clone(), run.standing.status)).or_default() += 1;
        }
        ready(counts.into_iter().map(|((workflow, status), runs)| Count { workflow, status, runs }).collect())
    }

    fn progress(&self) -> Progress {
        let last = self.kept().last;
        Progress { taken: last, written: last, ..Progress::default() }
    }

    fn fact<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Value>, Broken>> {
        ready(self.kept().facts.get(name).map(|(value, _)| value.clone()))
    }

    fn forget(&self, runs: Vec<RunId>) -> BoxFuture<'_, Result<Forgotten, Broken>> {
        ready(self.kept().forget(&runs))
    }

    fn sweep(&self, now: Timestamp, events: Timestamp) -> BoxFuture<'_, Result<Forgotten, Broken>> {
        ready(self.kept().sweep(now, events))
    }

    fn keep(&self, plan: &Plan) -> Mark {
        let mut kept = self.kept();
        kept.plans.entry(plan.digest).or_insert_with(|| plan.clone());
        kept.last
    }

    fn plan(&self, digest: Digest) -> BoxFuture<'_, Result<Option<Plan>, Broken>> {
        ready(self.kept().plans.get(&digest).cloned())
    }
}
