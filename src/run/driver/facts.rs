//! Facts that were said and may not be on disk yet: whoever asks sees what was said last.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;

use super::lock;
use crate::base::value::Value;
use crate::run::journal::{Batch, Broken, Fact, Journal, Mark};

/// With a journal, what is not on disk yet: as much as runs may be ahead of it. Without one, all there is.
#[derive(Debug, Default)]
pub(super) struct Facts {
    recent: Mutex<Recent>,
}

#[derive(Debug, Default)]
struct Recent {
    said: BTreeMap<Arc<str>, Said>,
    /// In which order it goes to disk.
    on_the_way: VecDeque<(Mark, Arc<str>)>,
}

#[derive(Debug)]
struct Said {
    value: Option<Value>,
    mark: Mark,
}

impl Facts {
    /// What a fact is.
    pub(super) async fn read(&self, journal: Option<&dyn Journal>, name: &str) -> Result<Option<Value>, Broken> {
        let known = lock(&self.recent).said.get(name).map(|said| said.value.clone());
        match (journal, known) {
            (_, Some(known)) => Ok(known),
            (Some(journal), None) => journal.fact(name).await,
            (None, None) => Ok(None),
        }
    }

    /// Appends batches to the journal; what they say is known at once, in the order of the journal.
    pub(super) fn append(&self, journal: &dyn Journal, batches: Vec<Batch>) -> Mark {
        let behind = |(number, batch): (usize, &Batch)| {
            let facts = batch.facts.clone();
            facts.into_iter().map(move |fact| (number, fact))
        };
        let facts: Vec<(usize, Fact)> = batches.iter().rev().enumerate().rev().flat_map(behind).collect();
        if facts.is_empty() {
            return journal.append(batches);
        }
        let mut recent = lock(&self.recent);
        let last = journal.append(batches);
        for (behind, fact) in facts {
            recent.say(fact, Mark(last.0 - behind as u64));
        }
        recent.forget_what_is_on_disk(journal);
        last
    }

    /// Keeps facts that follow from no run; where they are in the journal.
    pub(super) fn note(&self, journal: Option<&dyn Journal>, facts: Vec<Fact>) -> Mark {
        let Some(journal) = journal else {
            self.keep(facts);
            return Mark::default();
        };
        let mut recent = lock(&self.recent);
        let mark = journal.note(facts.clone());
        facts.into_iter().for_each(|fact| recent.say(fact, mark));
        recent.forget_what_is_on_disk(journal);
        mark
    }

    /// The facts whose names begin with `prefix`, by name. Whoever asks says none of them meanwhile.
    pub(super) async fn under(
        &self,
        journal: Option<&dyn Journal>,
        prefix: &str,
    ) -> Result<BTreeMap<Arc<str>, Value>, Broken> {
        let mut found: BTreeMap<Arc<str>, Value> = match journal {
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

    /// Keeps facts where there is no journal.
    pub(super) fn keep(&self, facts: Vec<Fact>) {
        let mut recent = lock(&self.recent);
        for Fact { name, value, .. } in facts {
            match value {
                Some(value) => drop(recent.said.insert(name, Said { value: Some(value), mark: Mark::default() })),
                None => drop(recent.said.remove(&name)),
            }
        }
    }
}

impl Recent {
    fn say(&mut self, fact: Fact, mark: Mark) {
        self.on_the_way.push_back((mark, fact.name.clone()));
        self.said.insert(fact.name, Said { value: fact.value, mark });
    }

    fn forget_what_is_on_disk(&mut self, journal: &dyn Journal) {
        while let Some((mark, name)) = self.on_the_way.front()
            && matches!(journal.synced(*mark).now_or_never(), Some(Ok(())))
        {
            if self.said.get(name).is_some_and(|said| said.mark == *mark) {
                self.said.remove(name);
            }
            self.on_the_way.pop_front();
        }
    }
}
