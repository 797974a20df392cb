//! Runs that rest are rewound: what that means is decided from their journals, written down, and folded anew.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::drive::Drive;
use super::facts::Door;
use super::{Driver, Duty, Inner, Told};
use crate::base::id::RunId;
use crate::lang::plan::Plan;
use crate::run::event::{Acceptance, Event, Record, Rewinding, UnitId};
use crate::run::history::moved::with_defaults;
use crate::run::history::{Entrance, fold};
use crate::run::intake::{Claim, StartError, Unread, Verdict};
use crate::run::journal::{Broken, Fact};
use crate::run::rewind::{self, Preview, Refusal, Request, Which};

impl Driver {
    /// What a rewind of a run would mean. Nothing is changed.
    ///
    /// # Errors
    /// Where the run cannot be rewound so.
    pub async fn preview(&self, run: &RunId, request: &Request) -> Result<Preview, Refusal> {
        let Some(journal) = &self.inner.world.journal else { return Err(Refusal::NoSuchRun) };
        let records = journal.history(run, 0).await?.records;
        let folded = self.inner.fold(&**journal, run, &records).await?.ok_or(Refusal::NoSuchRun)?;
        let decided = rewind::decide(&folded.plan, &folded.records, request)?;
        self.inner.on(request.plan, &folded.plan, &folded.records, decided).await.map(|(preview, _)| preview)
    }

    /// Lets a run that rests go on from a step (semantics 76 to 79), and returns when that would survive a crash.
    ///
    /// # Errors
    /// Where the run cannot be rewound so, or what would happen again was not accepted. Nothing has happened then.
    pub async fn rewind(&self, run: &RunId, request: Request) -> Result<Preview, Refusal> {
        let (answer, answered) = oneshot::channel();
        if !self.inner.tell(run, Told::Rewind(Box::new(request), answer)) {
            return Err(Refusal::NoSuchRun);
        }
        match answered.await {
            Ok(done) => done,
            Err(_) if self.inner.exists(run).await? => Err(Refusal::Store(unwritten())),
            Err(_) => Err(Refusal::NoSuchRun),
        }
    }
}

impl Inner {
    /// The same on the plan that is asked for.
    pub(super) async fn on(
        &self,
        which: Which,
        plan: &Arc<Plan>,
        records: &[Record],
        decided: (Preview, Rewinding),
    ) -> Result<(Preview, Rewinding), Refusal> {
        let Some(journal) = self.world.journal.as_ref().filter(|_| which == Which::Newest) else { return Ok(decided) };
        let newest = self.plan_of(&plan.name).map_err(|_| Refusal::NoNewerPlan(plan.name.clone()))?;
        if newest.digest == plan.digest {
            return Ok(decided);
        }
        let transition = self.transition(&**journal, plan, newest.digest).await?;
        rewind::onto(&transition, records, self.world.clock.now(), decided)
    }

    /// What a run needs that is to go on so.
    pub(super) fn claim_again(
        &self,
        plan: &Arc<Plan>,
        accepted: &Acceptance,
        rewinding: &Rewinding,
    ) -> Result<Claim, Refusal> {
        let newer = rewinding.plan.and_then(|digest| self.plans.get(&digest).map(|plan| plan.clone()));
        let plan = newer.as_ref().unwrap_or(plan);
        let input = with_defaults(&plan.input, rewinding.input.as_ref().unwrap_or(&accepted.input));
        let names = self.names(&input, &accepted.trigger);
        Claim::again(plan, &accepted.admission.places, &names).map_err(|error| match error {
            StartError::Claim(failure) => Refusal::Claim(failure),
            other => Refusal::Store(Broken(other.to_string().into())),
        })
    }
}

impl Drive {
    /// Whether it rests and is to go on: because what was to be undone before is undone, or because its parent has asked
    /// while it was coming to rest.
    pub(super) fn is_to_be_rewound(&self) -> bool {
        self.run.is_at_rest() && (self.run.is_rewinding() || self.asked_to_go_on.is_some())
    }

    /// It rests, and is to go on.
    pub(super) async fn begin_again(&mut self) -> Result<(), Broken> {
        if let Some(rewinding) = self.run.rewinding().cloned() {
            let records = self.records().await?;
            let inner = self.inner.clone();
            self.set_going(
                records,
                rewind::after_undo(&rewinding),
                &mut inner.facts.door(&*inner.world.clock),
                Vec::new(),
            );
        }
        match self.asked_to_go_on.take() {
            Some(request) if self.run.is_at_rest() => self.go_on(request).await,
            _ => Ok(()),
        }
    }

    /// Rewinds the run, if it may be.
    pub(super) async fn rewind(&mut self, request: &Request) -> Result<Preview, Refusal> {
        let records = self.records().await?;
        let decided = rewind::decide(&self.plan, &records, request)?;
        let (preview, rewinding) = self.inner.on(request.plan, &self.plan, &records, decided).await?;
        request.accepts(&preview)?;
        let claim = self.inner.claim_again(&self.plan, &self.run.accepted, &rewinding)?;
        let (facts, mut held, mut gone) = (self.inner.facts.clone(), Vec::new(), None);
        loop {
            match self.ask_again(&records, &rewinding, &claim, gone.as_ref()) {
                Ok(None) => return Ok(preview),
                Ok(Some(other)) if self.inner.exists(&other).await? => return Err(Refusal::KeyTaken(other)),
                Ok(Some(other)) => gone = Some(other),
                Err(Unread(fact)) => held.push(facts.hold(fact).await?),
            }
        }
    }

    /// Sets the run going at the door: it takes its key, and its turn among those who wait for a place. The run that has its key
    /// otherwise.
    fn ask_again(
        &mut self,
        records: &[Record],
        rewinding: &Rewinding,
        claim: &Claim,
        gone: Option<&RunId>,
    ) -> Result<Option<RunId>, Unread> {
        let inner = self.inner.clone();
        let mut door = inner.facts.door(&*inner.world.clock);
        let (admission, facts) = match claim.decide(self.id(), gone, door.now, &door)? {
            Verdict::Held(other) => return Ok(Some(other)),
            Verdict::Admitted { admission, facts } => (Some(admission), facts),
        };
        let rewinding = Rewinding { admission, ..rewinding.clone() };
        self.set_going(records.to_vec(), rewind::next(rewinding), &mut door, facts);
        if self.run.entrance == Entrance::Asking && inner.duty == Duty::CarryOut {
            // It is told again when it asks itself.
            drop(inner.ask(&self.run));
        }
        Ok(None)
    }

    /// The run that waits for this one was rewound: this one goes on where it failed, unless it does so already. What cannot
    /// go on has ended; that is told.
    pub(super) async fn go_on(&mut self, request: Box<Request>) -> Result<(), Broken> {
        let goes_on = self.run.through == request.through;
        if !self.run.is_at_rest() {
            self.asked_to_go_on = Some(request).filter(|_| !goes_on);
            return Ok(());
        }
        if goes_on {
            self.report();
            return Ok(());
        }
        match self.rewind(&request).await {
            Ok(_) => {}
            Err(Refusal::Store(broken)) => return Err(broken),
            Err(refusal) => {
                tracing::warn!(run = %self.id(), "it does not go on with the run that waits for it: {refusal}");
                self.report();
            }
        }
        Ok(())
    }

    /// What this run asks of one that a unit waits for.
    pub(super) fn request_of_parent(&self, unit: UnitId) -> Request {
        let by = Arc::from(format!("the run `{}`", self.id()));
        Request { by, through: Some((self.id().clone(), unit)), ..Request::default() }
    }

    /// Everything that was recorded of the run, as it is read in the plan that it goes on under.
    pub(super) async fn records(&self) -> Result<Vec<Record>, Broken> {
        let Some(journal) = &self.inner.world.journal else { return Err(unwritten()) };
        self.inner.synced(self.last).await?;
        let records = journal.history(self.id(), 0).await?.records;
        let folded = self.inner.fold(&**journal, self.id(), &records).await?;
        Ok(folded.map(|folded| folded.records.into_owned()).unwrap_or_default())
    }

    fn set_going(&mut self, mut records: Vec<Record>, event: Event, door: &mut Door<'_>, facts: Vec<Fact>) {
        let record = Record { at: door.now, event };
        records.push(record.clone());
        match fold(&self.plan, &records) {
            Ok(run) => self.run = run,
            Err(what) => unreachable!("it has been folded before: {what}"),
        }
        self.settled = false;
        self.awaited.clear();
        self.note(door, vec![record], facts);
    }
}

fn unwritten() -> Broken {
    Broken("what happens in the run cannot be written now, or is kept nowhere".into())
}
