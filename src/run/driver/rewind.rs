//! Runs that rest are rewound: what that means is decided from their journals, written down, and folded anew.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::drive::Drive;
use super::{Driver, Told};
use crate::base::id::RunId;
use crate::run::event::{Event, Record, UnitId};
use crate::run::history::fold;
use crate::run::journal::Broken;
use crate::run::rewind::{self, Preview, Refusal, Request};

impl Driver {
    /// What a rewind of a run would mean. Nothing is changed.
    ///
    /// # Errors
    /// Where the run cannot be rewound so.
    pub async fn preview(&self, run: &RunId, request: &Request) -> Result<Preview, Refusal> {
        let Some(journal) = &self.inner.world.journal else { return Err(Refusal::NoSuchRun) };
        let records = journal.history(run, 0).await?.records;
        let folded = self.inner.fold(&**journal, run, &records).await?.ok_or(Refusal::NoSuchRun)?;
        rewind::decide(&folded.plan, &folded.records, request).map(|(preview, _)| preview)
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
            self.set_going(records, Event::Rewound(rewinding));
        }
        match self.asked_to_go_on.take() {
            Some(request) if self.run.is_at_rest() => self.go_on(request).await,
            _ => Ok(()),
        }
    }

    /// Rewinds the run, if it may be.
    pub(super) async fn rewind(&mut self, request: &Request) -> Result<Preview, Refusal> {
        let records = self.records().await?;
        let (preview, rewinding) = rewind::decide(&self.plan, &records, request)?;
        request.accepts(&preview)?;
        self.set_going(records, rewind::next(rewinding));
        Ok(preview)
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

    fn set_going(&mut self, mut records: Vec<Record>, event: Event) {
        let record = Record { at: self.inner.world.clock.now(), event };
        records.push(record.clone());
        match fold(&self.plan, &records) {
            Ok(run) => self.run = run,
            Err(what) => unreachable!("it has been folded before: {what}"),
        }
        self.settled = false;
        self.awaited.clear();
        let inner = self.inner.clone();
        self.note(&mut inner.facts.door(&*inner.world.clock), vec![record], Vec::new());
        inner.regain(&self.run);
    }
}

fn unwritten() -> Broken {
    Broken("what happens in the run cannot be written now, or is kept nowhere".into())
}
