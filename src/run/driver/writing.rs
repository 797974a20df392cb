//! Writing down: what one decision recorded of a run goes into the journal together, with what it means for others.

use std::sync::Arc;

use super::Accepted;
use super::drive::Drive;
use crate::base::id::RunId;
use crate::base::value::Value;
use crate::lang::plan::{Kind, NodeId};
use crate::run::event::{Event, Record};
use crate::run::intake::Options;
use crate::run::journal::{Batch, Emission, Fact, Mark, Standing};
use crate::run::machine::Action;

impl Drive {
    /// Shows a record to whoever watches.
    pub(super) fn show(&self, record: &Record) {
        let watching = self.attached.iter().filter_map(|attached| attached.watch.as_ref());
        for watch in watching.filter(|watch| !watch.is_closed()) {
            // Whoever watched may have gone just now.
            let _ = watch.send(record.clone());
        }
    }

    /// A run that a statement starts: it is accepted in the same commit (semantics 48).
    pub(super) async fn launch(&self, run: &RunId, workflow: &Arc<str>, input: &Value) -> Option<Accepted> {
        if self.inner.world.perform.stand_in(run, workflow, input).is_some() {
            return None;
        }
        let starts = self.run.starts_before(self.inner.world.clock.now());
        let options = Options { run: Some(run.clone()), starts, ..Options::default() };
        let accepted = self.inner.accept(workflow, input, options).await;
        accepted.inspect_err(|error| tracing::error!(run = %run, "could not start `{workflow}`: {error}")).ok()
    }

    /// Whether a statement changes what the workflow keeps between runs.
    pub(super) fn is_state(&self, node: NodeId) -> bool {
        matches!(&self.plan.node(node).kind, Kind::Set(set) if set.state)
    }

    /// Takes the records out of `actions` and writes them down, together with the acceptance of the runs that they start.
    pub(super) fn write_down(&mut self, actions: &mut Vec<Action>, launched: Vec<Accepted>, sets_state: bool) {
        if self.inner.world.journal.is_none() {
            actions.retain(|action| !matches!(action, Action::Record(_)));
            self.inner.facts.keep(self.facts(sets_state));
            drop(self.run.take_waits(&self.plan));
            return launched.into_iter().for_each(Accepted::go);
        }
        let records = take_records(actions);
        if !records.is_empty() {
            self.append(records, launched, self.facts(sets_state));
        }
    }

    /// Writes a record down that no decision led to, as the first of a run, with what follows from it. Where it is.
    pub(super) fn note(&mut self, record: Record, facts: Vec<Fact>) -> Mark {
        self.show(&record);
        if self.inner.world.journal.is_none() {
            self.inner.facts.keep(facts);
        } else {
            self.append(vec![record], Vec::new(), facts);
        }
        self.last
    }

    fn append(&mut self, records: Vec<Record>, launched: Vec<Accepted>, facts: Vec<Fact>) {
        let Some(journal) = self.inner.world.journal.clone() else { return };
        let mut launched = launched;
        let batch = self.batch(records, facts);
        let marks = batch.marks();
        let mut batches = vec![batch];
        let accept =
            |other: &mut Accepted| other.drive.batch(vec![other.record.clone()], std::mem::take(&mut other.facts));
        batches.extend(launched.iter_mut().map(accept));
        batches.iter().for_each(|batch| self.inner.tally.count(batch));
        let last = self.inner.facts.append(&*journal, batches);
        self.last = Mark(last.0 + 1 - launched.len() as u64 - marks);
        for (mark, mut other) in (self.last.0 + marks..).zip(launched) {
            other.drive.last = Mark(mark);
            other.go();
        }
    }

    fn batch(&mut self, records: Vec<Record>, facts: Vec<Fact>) -> Batch {
        let first = self.noted;
        self.noted += records.len() as u64;
        self.ahead += records.iter().map(|record| record.event.weight()).sum::<usize>();
        let mut standing = Standing::of(&self.plan, &self.run);
        standing.busy |= self.listens && !self.run.is_at_rest();
        let waits = self.run.take_waits(&self.plan);
        let emitted = records.iter().filter_map(emission).collect();
        Batch { previous: self.last, first, records, standing, facts, waits, emitted }
    }

    /// What follows from what was recorded, for others than the run.
    fn facts(&self, sets_state: bool) -> Vec<Fact> {
        let name = self.state_key.clone().filter(|_| sets_state);
        name.map(|name| Fact { name, value: Some(self.run.state.clone()), until: None }).into_iter().collect()
    }
}

impl Accepted {
    /// Lets the run begin; its acceptance was written down.
    fn go(self) {
        let Self { drive, inbox, .. } = self;
        drive.inner.live.insert(drive.id().clone(), drive.tell());
        tokio::spawn(drive.work(inbox));
    }
}

/// The event that a record says was emitted.
fn emission(record: &Record) -> Option<Emission> {
    let Event::Emitted { topic, payload, .. } = &record.event else { return None };
    Some(Emission { at: record.at, topic: topic.clone(), payload: payload.clone() })
}

fn take_records(actions: &mut Vec<Action>) -> Vec<Record> {
    let mut records = Vec::with_capacity(actions.len());
    let acts = std::mem::take(actions).into_iter().filter_map(|action| match action {
        Action::Record(record) => {
            records.push(record);
            None
        }
        act => Some(act),
    });
    // In place: the room is used again for the next decision.
    *actions = acts.collect();
    records
}
