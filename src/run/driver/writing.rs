//! Writing down: what one decision recorded of a run goes into the journal together, with what it means for others.

use std::sync::{Arc, PoisonError};

use super::Summary;
use super::bus::Order;
use super::drive::Drive;
use super::entrance::{Accepted, Entering};
use super::facts::Door;
use crate::base::id::RunId;
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::lang::plan::{Kind, NodeId};
use crate::run::admission::Reason;
use crate::run::chain::Origin;
use crate::run::event::{Event, Outcome, Record};
use crate::run::intake::{self, Known as _, Options, Unread};
use crate::run::journal::{Batch, Broken, Emission, Fact, Mark, Standing};
use crate::run::machine::{Action, Unseen};

impl Drive {
    /// Shows a record to whoever watches.
    pub(super) fn show(&mut self, record: &Record) {
        let watching = self.attached.iter_mut().filter_map(|attached| attached.watch.as_mut());
        watching.filter(|watch| !watch.is_closed()).for_each(|watch| watch.show(record.clone()));
    }

    /// A run that a statement starts: it is accepted in the same commit (semantics 48).
    pub(super) fn launch(&self, run: &RunId, workflow: &Arc<str>, input: &Value) -> Option<Entering> {
        if self.inner.world.perform.stand_in(run, workflow, input).is_some() {
            return None;
        }
        let starts = self.run.starts_before(self.inner.world.clock.now());
        let line = self.run.line(self.inner.world.clock.now());
        let (origin, fork) = (Some(self.id().clone()), self.run.accepted.fork.clone());
        let options = Options { run: Some(run.clone()), starts, line, origin, fork, ..Options::default() };
        let plan = self.inner.plan_of(workflow);
        let entering = plan.and_then(|plan| self.inner.entering(plan, input, None, options));
        entering.inspect_err(|error| tracing::error!(run = %run, "could not start `{workflow}`: {error}")).ok()
    }

    /// Whether a statement changes what the workflow keeps between runs.
    pub(super) fn is_state(&self, node: NodeId) -> bool {
        matches!(&self.plan.node(node).kind, Kind::Set(set) if set.state)
    }

    /// Takes the records out of `actions` and writes them down, together with the acceptance of the runs that they start; unless
    /// an event was published meanwhile that a unit has not seen which begins to wait. Whether it did.
    pub(super) async fn write_down(
        &mut self,
        actions: &mut Vec<Action>,
        launches: &[Entering],
        sets_state: bool,
        unseen: &[Unseen],
    ) -> Result<bool, Broken> {
        let mut records = take_records(actions);
        if records.is_empty() {
            return Ok(true);
        }
        let leaves = self.names_left(&records);
        let concerns_others = sets_state || !launches.is_empty() || !leaves.is_empty();
        let (facts, mut held) = (self.inner.facts.clone(), Vec::new());
        let written = loop {
            if !concerns_others {
                break self.write_alone(&mut records, unseen);
            }
            match self.write_at_the_door(&mut records, launches, &leaves, sets_state, unseen) {
                Ok(written) => break written,
                Err(Unread(fact)) => held.push(facts.hold(fact).await?),
            }
        };
        actions.splice(0..0, records.into_iter().map(Action::Record));
        Ok(written)
    }

    /// Writes records down that say nothing to other runs, if no event is left that a unit has not seen.
    fn write_alone(&mut self, records: &mut Vec<Record>, unseen: &[Unseen]) -> bool {
        let inner = self.inner.clone();
        let mut order = inner.bus.order();
        let seen = order.is_seen(unseen);
        if seen {
            self.put_down(&mut order, std::mem::take(records));
        }
        seen
    }

    fn put_down(&mut self, order: &mut Order, records: Vec<Record>) {
        let inner = self.inner.clone();
        let batch = self.batch(records, Vec::new());
        let behind = batch.marks() - 1;
        let marks = inner.append(order, vec![batch], |batches| match &inner.world.journal {
            Some(journal) => {
                batches.iter().for_each(|batch| inner.tally.count(batch));
                vec![Mark(journal.append(batches).0 - behind)]
            }
            None => vec![Mark::default()],
        });
        self.last = marks.first().copied().unwrap_or_default();
    }

    /// Writes down how a run stands that was taken up, and what it waits for, where the store says otherwise and no record
    /// has told of it since.
    pub(super) fn stand(&mut self) {
        let Some(said) = self.said.take() else { return };
        let inner = self.inner.clone();
        if self.run.has_touched_waits() || inner.carries_out() && said != Standing::of(&self.plan, &self.run) {
            self.put_down(&mut inner.bus.order(), Vec::new());
        }
    }

    /// Writes records down that say something to others than the run, as long as nobody else says anything.
    fn write_at_the_door(
        &mut self,
        records: &mut Vec<Record>,
        launches: &[Entering],
        leaves: &[Arc<str>],
        sets_state: bool,
        unseen: &[Unseen],
    ) -> Result<bool, Unread> {
        let inner = self.inner.clone();
        let mut door = inner.facts.door(&*inner.world.clock);
        let mut facts = self.given_back(leaves, &door)?;
        let state = self.state_key.clone().filter(|_| sets_state);
        facts.extend(state.map(|name| Fact { name, value: Some(self.run.kept_state()), until: None }));
        // Whatever is unread is asked for before anything is done.
        for entering in launches {
            entering.decide(&door)?;
        }
        let mut order = inner.bus.order();
        if !order.is_seen(unseen) {
            return Ok(false);
        }
        let mut accepted = Vec::with_capacity(launches.len());
        for entering in launches {
            let verdict = entering.decide(&door)?;
            let run = inner.accept(entering, verdict, door.now);
            door.foresee(run.facts());
            accepted.push(run);
        }
        let mut batches = vec![self.batch(std::mem::take(records), facts)];
        batches.extend(accepted.iter_mut().map(Accepted::first_batch));
        accepted.iter().for_each(Accepted::enlist);
        batches.iter().for_each(|batch| inner.tally.count(batch));
        let mut marks = inner.append(&mut order, batches, |batches| door.append(batches)).into_iter();
        drop(order);
        drop(door);
        self.last = marks.next().unwrap_or_default();
        accepted.into_iter().zip(marks).for_each(|(run, mark)| run.go(mark));
        Ok(true)
    }

    /// The facts that hold no more with these records, if they name this run: what it collects for, and its key unless it has
    /// done what it was started for (semantics 71). Without a journal a key is as lasting as its run.
    fn names_left(&self, records: &[Record]) -> Vec<Arc<str>> {
        let rests = records.iter().any(|record| matches!(record.event, Event::Rested));
        if !rests || self.run.is_rewinding() {
            return Vec::new();
        }
        let accepted = &self.run.accepted;
        let done = matches!(self.run.outcome, Some(Outcome::Completed { .. })) && !self.run.undone;
        let keeps = done && self.inner.world.journal.is_some();
        let key = accepted.admission.key.iter().filter(|_| !keeps);
        key.chain(accepted.collects.iter().map(|from| &from.fact)).cloned().collect()
    }

    /// That these facts hold no more, those that name this run.
    pub(super) fn given_back<'a>(
        &self,
        names: impl IntoIterator<Item = &'a Arc<str>>,
        door: &Door<'_>,
    ) -> Result<Vec<Fact>, Unread> {
        let mut facts = Vec::new();
        for name in names {
            let held = door.fact(name)?.and_then(|fact| intake::holder(&fact, Timestamp::MIN));
            if held.as_ref() == Some(self.id()) {
                facts.push(Fact { name: name.clone(), value: None, until: None });
            }
        }
        Ok(facts)
    }

    pub(super) fn batch(&mut self, records: Vec<Record>, facts: Vec<Fact>) -> Batch {
        self.said = None;
        let first = self.noted;
        self.noted += records.len() as u64;
        self.ahead += records.iter().map(|record| record.event.weight()).sum::<usize>();
        let standing = Standing::of(&self.plan, &self.run);
        let waits = self.run.take_waits(&self.plan);
        let emitted = self.emitted(&records);
        Batch { previous: self.last, first, records, standing, facts, waits, emitted }
    }

    /// The events of these records: what the run emitted, and that it rests.
    fn emitted(&self, records: &[Record]) -> Vec<Emission> {
        // The end of a chain that is too long starts nothing more.
        let refused = |record: &Record| matches!(&record.event, Event::TurnedAway { reason: Reason::Chain { .. } });
        let rests = |record: &&Record| record.event == Event::Rested && !records.iter().any(refused);
        let ends = records.iter().filter(rests).filter_map(|record| self.end(record.at));
        records.iter().filter_map(|record| self.emission(record)).chain(ends).collect()
    }

    /// The event that a record says was emitted.
    fn emission(&self, record: &Record) -> Option<Emission> {
        let Event::Emitted { topic, payload, .. } = &record.event else { return None };
        let (topic, payload) = (topic.clone(), payload.clone());
        Some(Emission { at: record.at, topic, payload, origin: self.origin(record.at) })
    }

    /// That this run emits something at a moment.
    fn origin(&self, at: Timestamp) -> Option<Origin> {
        Some(Origin { run: self.id().clone(), chain: self.run.starts_before(at) })
    }

    /// What the engine itself emits of a run that rests, if any program could hear of it.
    fn end(&self, at: Timestamp) -> Option<Emission> {
        let topic = match self.run.outcome.as_ref().filter(|_| !self.run.undone)? {
            Outcome::Completed { .. } => "run.completed",
            Outcome::Failed { .. } => "run.failed",
            Outcome::Cancelled => "run.cancelled",
            Outcome::Skipped { .. } => return None,
        };
        let topic = self.inner.topics.read().unwrap_or_else(PoisonError::into_inner).get(topic)?.clone();
        let Summary { status, output, error, .. } = Summary::of(&self.run);
        let payload = Value::map([
            ("run", self.id().0.clone().into()),
            ("workflow", self.plan.name.clone().into()),
            ("status", status.word().into()),
            ("output", output),
            ("error", error.unwrap_or_default()),
        ]);
        Some(Emission { at, topic, payload, origin: self.origin(at) })
    }
}

pub(super) fn take_records(actions: &mut Vec<Action>) -> Vec<Record> {
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
