//! Facts as they are now: those that were said may not be on disk yet, and whoever asks sees what was said last.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::FutureExt as _;

use super::lock;
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::run::intake::{Known, Unread};
use crate::run::journal::{Batch, Broken, Fact, Journal, Mark};
use crate::run::world::Clock;

/// With a journal, what is not on disk yet, and what somebody is about to decide on; without one, all there is.
#[derive(Default)]
pub(super) struct Facts {
    journal: Option<Arc<dyn Journal>>,
    recent: Mutex<Recent>,
}

#[derive(Debug, Default)]
struct Recent {
    said: BTreeMap<Arc<str>, Said>,
    /// In which order it goes to disk.
    on_the_way: VecDeque<(Mark, Arc<str>)>,
    /// How many are about to decide on a fact: it stays known until then.
    held: BTreeMap<Arc<str>, usize>,
}

#[derive(Debug)]
struct Said {
    value: Option<Value>,
    /// Where it was said; [`Mark::default`] if it was read.
    mark: Mark,
}

/// The door that runs come in by, one at a time: as long as it is held nobody else says anything.
pub(super) struct Door<'a> {
    facts: &'a Facts,
    recent: MutexGuard<'a, Recent>,
    /// When whoever holds it came.
    pub now: Timestamp,
    /// What those say who come in together, and is not appended yet.
    foreseen: Vec<Fact>,
}

/// A fact that stays known until this is dropped.
pub(super) struct Held {
    facts: Arc<Facts>,
    name: Arc<str>,
}

impl Facts {
    pub(super) fn of(journal: Option<Arc<dyn Journal>>) -> Self {
        Self { journal, recent: Mutex::default() }
    }

    /// What a fact is.
    pub(super) async fn read(self: &Arc<Self>, name: &Arc<str>) -> Result<Option<Value>, Broken> {
        let _held = self.hold(name.clone()).await?;
        Ok(lock(&self.recent).said.get(name).and_then(|said| said.value.clone()))
    }

    /// Has a fact known as long as what this gives is kept.
    pub(super) async fn hold(self: &Arc<Self>, name: Arc<str>) -> Result<Held, Broken> {
        let known = {
            let mut recent = lock(&self.recent);
            *recent.held.entry(name.clone()).or_default() += 1;
            recent.said.contains_key(&name)
        };
        let held = Held { facts: self.clone(), name };
        if let (false, Some(journal)) = (known, &self.journal) {
            let value = journal.fact(&held.name).await?;
            // What was said meanwhile is newer; it stays, because it is held.
            lock(&self.recent).said.entry(held.name.clone()).or_insert(Said { value, mark: Mark::default() });
        }
        Ok(held)
    }

    /// Keeps facts that follow from no run; where they are in the journal.
    pub(super) fn note(&self, facts: Vec<Fact>) -> Mark {
        let mut recent = lock(&self.recent);
        let Some(journal) = &self.journal else {
            facts.into_iter().for_each(|fact| recent.keep(fact));
            return Mark::default();
        };
        let mark = journal.note(facts.clone());
        facts.into_iter().for_each(|fact| recent.say(fact, mark));
        recent.forget_what_is_on_disk(&**journal);
        mark
    }

    /// The facts whose names begin with `prefix`, by name. Whoever asks says none of them meanwhile.
    pub(super) async fn under(&self, prefix: &str) -> Result<BTreeMap<Arc<str>, Value>, Broken> {
        let mut found: BTreeMap<Arc<str>, Value> = match &self.journal {
            Some(journal) => {
                let facts = journal.facts(prefix).await?;
                facts.into_iter().filter_map(|fact| Some((fact.name, fact.value?))).collect()
            }
            None => BTreeMap::new(),
        };
        for (name, said) in &lock(&self.recent).said {
            match &said.value {
                _ if !name.starts_with(prefix) => {}
                Some(value) => drop(found.insert(name.clone(), value.clone())),
                None => drop(found.remove(name)),
            }
        }
        Ok(found)
    }

    /// Waits at the door.
    pub(super) fn door(&self, clock: &dyn Clock) -> Door<'_> {
        let recent = lock(&self.recent);
        Door { facts: self, recent, now: clock.now(), foreseen: Vec::new() }
    }
}

impl Door<'_> {
    /// Appends batches to the journal, and gives their marks; what they say is known at once, in the order of the journal.
    /// Without a journal it is only known.
    pub(super) fn append(&mut self, batches: Vec<Batch>) -> Vec<Mark> {
        let Some(journal) = &self.facts.journal else {
            let marks = vec![Mark::default(); batches.len()];
            batches.into_iter().flat_map(|batch| batch.facts).for_each(|fact| self.recent.keep(fact));
            return marks;
        };
        let said: Vec<(u64, Vec<Fact>)> = batches.iter().map(|batch| (batch.marks(), batch.facts.clone())).collect();
        let total: u64 = said.iter().map(|(count, _)| count).sum();
        let mut next = journal.append(batches).0 + 1 - total;
        let mut marks = Vec::with_capacity(said.len());
        for (count, facts) in said {
            facts.into_iter().for_each(|fact| self.recent.say(fact, Mark(next)));
            marks.push(Mark(next));
            next += count;
        }
        self.recent.forget_what_is_on_disk(&**journal);
        marks
    }

    /// Lets those who come in next, and together with others, know what these will say.
    pub(super) fn foresee(&mut self, facts: &[Fact]) {
        self.foreseen.extend_from_slice(facts);
    }
}

impl Known for Door<'_> {
    fn fact(&self, name: &Arc<str>) -> Result<Option<Value>, Unread> {
        if let Some(fact) = self.foreseen.iter().rev().find(|fact| fact.name == *name) {
            return Ok(fact.value.clone());
        }
        match self.recent.said.get(name) {
            Some(said) => Ok(said.value.clone()),
            None if self.facts.journal.is_none() => Ok(None),
            None => Err(Unread(name.clone())),
        }
    }
}

impl Recent {
    fn say(&mut self, fact: Fact, mark: Mark) {
        self.on_the_way.push_back((mark, fact.name.clone()));
        self.said.insert(fact.name, Said { value: fact.value, mark });
    }

    fn keep(&mut self, Fact { name, value, .. }: Fact) {
        match value {
            Some(value) => drop(self.said.insert(name, Said { value: Some(value), mark: Mark::default() })),
            None => drop(self.said.remove(&name)),
        }
    }

    fn forget_what_is_on_disk(&mut self, journal: &dyn Journal) {
        while let Some((mark, name)) = self.on_the_way.front()
            && matches!(journal.synced(*mark).now_or_never(), Some(Ok(())))
        {
            let last_said = self.said.get(name).is_some_and(|said| said.mark == *mark);
            if last_said && !self.held.contains_key(name) {
                self.said.remove(name);
            }
            self.on_the_way.pop_front();
        }
    }

    /// Whether what is known of a fact is still on its way to disk.
    fn is_on_the_way(&self, mark: Mark) -> bool {
        self.on_the_way.front().is_some_and(|(first, _)| *first <= mark)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let recent = &mut *lock(&self.facts.recent);
        let Some(count) = recent.held.get_mut(&self.name) else { return };
        *count -= 1;
        if *count > 0 {
            return;
        }
        recent.held.remove(&self.name);
        // What was passed over while it was held is forgotten now.
        let known = recent.said.get(&self.name).map(|said| said.mark);
        if self.facts.journal.is_some() && known.is_some_and(|mark| !recent.is_on_the_way(mark)) {
            recent.said.remove(&self.name);
        }
    }
}
