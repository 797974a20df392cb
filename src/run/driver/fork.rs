//! Forks: new runs that begin with what another run has recorded (semantics 80).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::entrance::new_run;
use super::moving::Folded;
use super::{Driver, Duty, Inner};
use crate::base::id::RunId;
use crate::base::value::Value;
use crate::run::admission::Admission;
use crate::run::chain::Line;
use crate::run::event::{Acceptance, Event, Record, Rewinding};
use crate::run::history::Run;
use crate::run::intake::Verdict;
use crate::run::journal::{Batch, Mark};
use crate::run::rewind::{self, Fork, Preview, Refusal, Request};

/// A fork that was started.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Forked {
    /// Its id.
    pub id: RunId,
    /// What it means; none if it was started before, under the same key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview: Option<Preview>,
}

/// A fork that is about to come in: everything is decided, nothing has happened.
struct Forking {
    run: RunId,
    records: Vec<Record>,
    rewinding: Rewinding,
    preview: Preview,
}

impl Driver {
    /// What a fork of a run would mean. Nothing is changed.
    ///
    /// # Errors
    /// Where there cannot be one.
    pub async fn preview_fork(&self, of: &RunId, request: &Request) -> Result<Preview, Refusal> {
        self.inner.forking(new_run(), of, request).await.map(|forking| forking.preview)
    }

    /// Starts a run that begins with what another one has recorded up to a step, and returns when it would survive a crash. The
    /// other run may stand as it likes, and stays as it is. The same runtime as for [`Driver::start`] is needed.
    ///
    /// # Errors
    /// Where there cannot be one, or what would happen again was not accepted. Nothing has happened then.
    pub async fn fork(&self, of: &RunId, request: &Request) -> Result<Forked, Refusal> {
        self.fork_as(new_run(), of, request).await
    }

    /// Starts a fork under a key, unless one of the same run was started under it before: the same key gives the same fork.
    ///
    /// # Errors
    /// As [`Driver::fork`].
    pub async fn fork_once(&self, of: &RunId, key: &str, request: &Request) -> Result<Forked, Refusal> {
        // No workflow has a name with a blank in it.
        let run = RunId::of_key(&format!("fork {of}"), key);
        let _alone = self.inner.keyed_forks.lock().await;
        if self.inner.exists(&run).await? {
            return Ok(Forked { id: run, preview: None });
        }
        self.fork_as(run, of, request).await
    }

    async fn fork_as(&self, run: RunId, of: &RunId, request: &Request) -> Result<Forked, Refusal> {
        let forking = self.inner.forking(run.clone(), of, request).await?;
        request.accepts(&forking.preview)?;
        let preview = Some(forking.preview.clone());
        let mark = self.inner.begin_fork(forking).await?;
        self.inner.synced(mark).await?;
        Ok(Forked { id: run, preview })
    }
}

impl Inner {
    async fn forking(&self, run: RunId, of: &RunId, request: &Request) -> Result<Forking, Refusal> {
        let Some(journal) = &self.world.journal else { return Err(Refusal::NoSuchRun) };
        let own = journal.history(of, 0).await?.records;
        let Folded { plan, run: other, records } = self.fold(&**journal, of, &own).await?.ok_or(Refusal::NoSuchRun)?;
        let Fork { preview, rewinding, kept } = rewind::fork(&plan, &records, request)?;
        let first = own.first().and_then(|first| Run::accept(first).ok()).ok_or(Refusal::NoSuchRun)?;
        let input = rewinding.input.clone().unwrap_or_default();
        let accepted = acceptance(&run, &first.accepted, &other.accepted, input);
        let mut records = vec![Record { at: self.world.clock.now(), event: Event::Accepted(Arc::new(accepted)) }];
        records.extend(kept.into_iter().filter_map(|number| own.get(number).cloned()));
        let begun = self.fold(&**journal, &run, &records).await?.ok_or(Refusal::NoSuchRun)?;
        let (preview, rewinding) = self.on(request.plan, &begun.plan, &begun.records, (preview, rewinding)).await?;
        let claim = self.claim_again(&begun.plan, &other.accepted, &rewinding)?.without_key();
        let admission = match claim.decide(&run, None, self.world.clock.now(), &BTreeMap::new()) {
            Ok(Verdict::Admitted { admission, .. }) => Some(admission),
            Ok(Verdict::Held(_)) | Err(_) => unreachable!("nobody has a key that is not asked for"),
        };
        Ok(Forking { run, records, rewinding: Rewinding { admission, ..rewinding }, preview })
    }

    /// Lets a fork come in; where its first records are.
    async fn begin_fork(self: &Arc<Self>, forking: Forking) -> Result<Mark, Refusal> {
        let Forking { run, mut records, rewinding, .. } = forking;
        let Some(journal) = &self.world.journal else { return Err(Refusal::NoSuchRun) };
        records.push(Record { at: self.world.clock.now(), event: rewind::next(rewinding) });
        let Folded { plan, run: mut folded, .. } =
            self.fold(&**journal, &run, &records).await?.ok_or(Refusal::NoSuchRun)?;
        // What the other run has waited for is not for this one.
        drop(folded.take_waits(&plan));
        let state_key = self.state_key(&plan, &records);
        let mut door = self.facts.door(&*self.world.clock);
        if self.duty == Duty::CarryOut {
            // It is told again when it asks itself.
            drop(self.ask(&folded));
        }
        let mut accepted = self.come(plan, folded, records, state_key);
        accepted.enlist();
        let batch = Batch { emitted: Vec::new(), ..accepted.first_batch() };
        self.tally.count(&own(&batch));
        let mark = door.append(vec![batch]).first().copied().unwrap_or_default();
        drop(door);
        accepted.go(mark);
        Ok(mark)
    }
}

/// With what a fork is accepted: as the other run was, with the input that it has; nobody waits for it.
fn acceptance(run: &RunId, first: &Acceptance, other: &Acceptance, input: Value) -> Acceptance {
    Acceptance {
        run: run.clone(),
        workflow: first.workflow.clone(),
        plan: first.plan,
        input,
        trigger: other.trigger.clone(),
        state: Value::Unit,
        parent: None,
        depth: 0,
        within: Vec::new(),
        starts: 0,
        origin: None,
        line: Line::default(),
        admission: Admission::default(),
        collects: None,
        tags: other.tags.clone(),
        fork: Some(run.clone()),
    }
}

/// What is the fork's own in its first batch: that it was accepted, and from where it goes on.
fn own(batch: &Batch) -> Batch {
    let ends = [batch.records.first(), batch.records.last()];
    Batch {
        previous: batch.previous,
        first: batch.first,
        records: ends.into_iter().flatten().cloned().collect(),
        standing: batch.standing.clone(),
        facts: Vec::new(),
        waits: Vec::new(),
        emitted: Vec::new(),
    }
}
