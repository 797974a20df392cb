//! Runs go on under newer plans (semantics 73 to 75).

use std::borrow::Cow;
use std::sync::Arc;

use super::drive::Drive;
use super::{Inner, Told};
use crate::base::id::{Digest, RunId};
use crate::lang::plan::Plan;
use crate::run::event::{Event, Record};
use crate::run::history::moved::translate;
use crate::run::history::{Fold, Run, fold};
use crate::run::journal::{Broken, Journal};
use crate::run::machine::Action;
use crate::run::upgrade::{Traces, Transition, Verdict, verdict};
use tokio::sync::oneshot;

/// A newer plan, for a run that may go on under it.
pub(super) struct Newer {
    /// The plan.
    pub plan: Arc<Plan>,
    /// By whose word.
    pub by: Arc<str>,
    /// Whether it is only asked what it would mean.
    pub asks_only: bool,
    /// Where the verdict goes.
    pub answer: oneshot::Sender<Verdict>,
}

/// A run as its records leave it.
pub(super) struct Folded<'r> {
    /// The plan it goes on under.
    pub plan: Arc<Plan>,
    /// The run.
    pub run: Run,
    /// The records, as they are read in that plan.
    pub records: Cow<'r, [Record]>,
}

impl Inner {
    /// Says what a newer plan means for a run, and lets it go on under it if it may. Nothing where there is no such run, or it
    /// rests.
    pub(super) async fn offer(
        self: &Arc<Self>,
        run: &RunId,
        plan: Arc<Plan>,
        by: Arc<str>,
        asks_only: bool,
    ) -> Option<Verdict> {
        let (answer, answered) = oneshot::channel();
        self.tell(run, Told::Newer(Newer { plan, by, asks_only, answer }));
        answered.await.ok()
    }

    /// From one plan to another; made once.
    pub(super) async fn transition(
        &self,
        journal: &dyn Journal,
        from: &Arc<Plan>,
        to: Digest,
    ) -> Result<Arc<Transition>, Broken> {
        let key: Vec<Digest> = from.past.lineage.iter().copied().chain([from.digest, to]).collect();
        if let Some(known) = self.transitions.get(&key) {
            return Ok(known.clone());
        }
        let to = self.plan(journal, to).await?;
        let made = Arc::new(Transition::new(from.clone(), to));
        Ok(self.transitions.entry(key).or_insert(made).clone())
    }

    /// A run as its records leave it, with the plan it goes on under.
    pub(super) async fn fold<'r>(
        &self,
        journal: &dyn Journal,
        run: &RunId,
        records: &'r [Record],
    ) -> Result<Option<Folded<'r>>, Broken> {
        let Some(first) = records.first() else { return Ok(None) };
        let broken = |what: &str| Broken(format!("the run `{run}`: {what}").into());
        let mut plan = self.plan(journal, Run::accept(first).map_err(broken)?.accepted.plan).await?;
        let mut read = Cow::Borrowed(records);
        for (at, record) in records.iter().enumerate() {
            if let Event::Moved { plan: to, .. } = &record.event {
                let transition = self.transition(journal, &plan, *to).await?;
                let mut own = translate(read[..at].iter(), &transition.graft);
                own.extend_from_slice(&records[at..]);
                plan = transition.graft.plan.clone();
                read = Cow::Owned(own);
            }
        }
        let run = fold(&plan, &read).map_err(broken)?;
        Ok(Some(Folded { plan, run, records: read }))
    }
}

impl Drive {
    /// A newer plan is offered.
    pub(super) async fn newer(&mut self, newer: Newer) -> Result<(), Broken> {
        let Newer { plan, by, asks_only, answer } = newer;
        let digest = plan.digest;
        if self.run.is_at_rest() || digest == self.plan.digest {
            return Ok(());
        }
        let Some(journal) = self.inner.world.journal.clone() else { return Ok(()) };
        let transition = self.inner.transition(&*journal, &self.plan, digest).await?;
        let found = self.judge(&transition).await?;
        if !asks_only {
            match &found {
                Verdict::Moves { .. } => self.move_to(&transition, by).await?,
                // It is asked again whenever something in it has ended (semantics 75).
                Verdict::Stays(_) => self.wish(digest, by).await,
                Verdict::Unaffected if self.run.wish().is_some() => self.wish(digest, by).await,
                Verdict::Unaffected => {}
            }
        }
        if self.run.wish().is_none() {
            self.traces = None;
        }
        self.once_written(answer, found);
        Ok(())
    }

    /// Asks again whether the run may go on under the plan it is to go on under, if something has ended since.
    pub(super) async fn ask_to_move(&mut self) -> Result<(), Broken> {
        let Some((plan, by)) = self.run.take_due_wish() else { return Ok(()) };
        let Some(journal) = self.inner.world.journal.clone() else { return Ok(()) };
        let transition = match self.inner.transition(&*journal, &self.plan, plan).await {
            Ok(transition) => transition,
            // A plan that nothing ran under may have been let go of: the run goes on as it is.
            Err(broken) => {
                tracing::warn!(run = %self.id(), "it stays on its plan: {broken}");
                return Ok(());
            }
        };
        if let Verdict::Moves { .. } = self.judge(&transition).await? {
            self.move_to(&transition, by).await?;
        }
        Ok(())
    }

    async fn judge(&mut self, transition: &Transition) -> Result<Verdict, Broken> {
        if self.traces.is_none() {
            let records = self.records().await?;
            self.traces = Some(traces(&self.plan, &records));
        }
        let traces = self.traces.get_or_insert_default();
        Ok(verdict(transition, &self.run, traces))
    }

    /// Writes down that the run is to go on under a plan.
    async fn wish(&mut self, plan: Digest, by: Arc<str>) {
        if self.run.wish().is_none_or(|(known, _)| known != plan) {
            self.record(Event::MoveAsked { plan, by }).await;
        }
        // It has just been asked.
        drop(self.run.take_due_wish());
    }

    /// The run goes on under the new plan: what it has recorded is read in it.
    async fn move_to(&mut self, transition: &Transition, by: Arc<str>) -> Result<(), Broken> {
        let plan = transition.graft.plan.clone();
        let own = translate(self.records().await?.iter(), &transition.graft);
        let mut run = fold(&plan, &own).map_err(|what| Broken(format!("the run `{}`: {what}", self.id()).into()))?;
        // What it waits for was kept when it was written.
        drop(run.take_waits(&plan));
        tracing::info!(run = %self.id(), "goes on under plan {}", plan.digest.short());
        (self.run, self.plan, self.traces) = (run, plan, None);
        self.record(Event::Moved { plan: self.plan.digest, by }).await;
        Ok(())
    }

    /// Lets something have happened that the machine did not decide.
    async fn record(&mut self, event: Event) {
        let record = Record { at: self.inner.world.clock.now(), event };
        self.run.apply(&self.plan, &record);
        self.carry_out(&mut vec![Action::Record(record)]).await;
    }
}

/// What a run has carried out: by the records that count.
fn traces(plan: &Plan, records: &[Record]) -> Traces {
    let Some((first, rest)) = records.split_first() else { return Traces::default() };
    let Ok(mut fold) = Fold::begin(plan, first) else { return Traces::default() };
    rest.iter().for_each(|record| fold.take(record));
    Traces::of(fold.counted().iter().copied())
}
