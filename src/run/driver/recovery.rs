//! From the journal back into memory: after a crash, or because a run that left is needed again.

use std::cmp::Reverse;
use std::sync::Arc;

use futures_util::StreamExt as _;

use super::drive::Drive;
use super::inbox::inbox;
use super::{Inner, Place, Told, lock};
use crate::base::id::{Digest, RunId};
use crate::lang::plan::Plan;
use crate::run::admission::Turn;
use crate::run::event::{Event, Record, UnitId};
use crate::run::gate::Asked;
use crate::run::history::Run;
use crate::run::history::unit::Task;
use crate::run::intake::{self, Names};
use crate::run::journal::{Broken, Journal, Mark, Standing};
use crate::run::machine;

impl Inner {
    /// Takes up what the process before this one left, and wakes runs from now on when their time comes.
    pub(super) async fn recover(self: &Arc<Self>) -> Result<usize, Broken> {
        let Some(journal) = self.world.journal.clone() else { return Ok(0) };
        for plan in self.package().plans.values() {
            journal.keep(plan);
        }
        let mut cut_off = Vec::new();
        for run in journal.busy().await? {
            let (tell, inbox) = inbox(&self.activity);
            match self.read(&*journal, &run, tell).await? {
                Some(drive) => {
                    let said = journal.standing(&run).await?;
                    cut_off.push((drive, inbox, said));
                }
                None => tracing::error!(run = %run, "its journal has no beginning"),
            }
        }
        let waiting = self.stand_at_gates(journal.at_gates().await?);
        // All are there before the first of them goes on: it may tell another something, or ask for its place.
        for (drive, ..) in &cut_off {
            self.live.insert(drive.id().clone(), drive.tell());
            drive.hold_locks();
        }
        ask_for_locks(cut_off.iter().map(|(drive, ..)| drive));
        let count = cut_off.len();
        for (mut drive, inbox, said) in cut_off {
            tokio::spawn(async move {
                drive.take_up(said).await;
                drive.work(inbox).await;
            });
        }
        for (run, asked) in waiting {
            match asked {
                Asked::Waiting(others) => self.make_room(others, &run),
                Asked::Inside | Asked::Never(_) => drop(self.tell(&run, Told::Wake)),
            }
        }
        if self.duty == super::Duty::CarryOut {
            self.tell_events(Mark::default());
        }
        tokio::spawn(self.clone().wake_in_time(journal));
        Ok(count)
    }

    /// Lets runs be inside the gates of their workflows again that were, and the others wait in the order in which they were
    /// accepted. Those of them for whom there is something to be done now.
    fn stand_at_gates(&self, runs: Vec<(RunId, Turn)>) -> Vec<(RunId, Asked)> {
        let mut gates = lock(&self.gates);
        let (inside, mut outside): (Vec<_>, Vec<_>) = runs.into_iter().partition(|(_, turn)| turn.inside);
        // A place may be free: whose turn it is has it, not who came first.
        outside.sort_by_key(|(_, turn)| Reverse(turn.priority));
        for (run, turn) in inside {
            turn.places.iter().for_each(|place| gates.restore(&place.gate, (run.clone(), UnitId::RUN)));
        }
        let asked = outside.into_iter().map(|(run, turn)| {
            let asked = gates.admit(&run, &turn);
            (run, asked)
        });
        asked.filter(|(_, asked)| *asked != Asked::Waiting(Vec::new())).collect()
    }

    /// Reads a run back into memory, and tells it something. Whether anybody will hear it is not known yet.
    pub(super) fn load(self: &Arc<Self>, run: &RunId, told: Told) -> bool {
        let Some(journal) = self.world.journal.clone() else { return false };
        let (tell, inbox) = inbox(&self.activity);
        match self.live.entry(run.clone()) {
            Place::Occupied(place) => return place.get().send(told).is_ok(),
            Place::Vacant(place) => {
                let _ = tell.send(told);
                place.insert(tell.clone());
            }
        }
        let (inner, run) = (self.clone(), run.clone());
        tokio::spawn(async move {
            match inner.read(&*journal, &run, tell).await {
                Ok(Some(mut drive)) => {
                    drive.find_awaited();
                    drive.work(inbox).await;
                }
                // Whoever waits for an answer hears that there is none when the inbox goes.
                Ok(None) => drop(inner.live.remove(&run)),
                Err(broken) => {
                    tracing::error!(run = %run, "it cannot be read: {broken}");
                    inner.live.remove(&run);
                }
            }
        });
        true
    }

    async fn read(
        self: &Arc<Self>,
        journal: &dyn Journal,
        run: &RunId,
        tell: super::Tell,
    ) -> Result<Option<Drive>, Broken> {
        if let Some(replayed) = self.replay(journal, run).await? {
            return Ok(Some(self.clone().taken_up(replayed, tell)));
        }
        let history = journal.history(run, 0).await?;
        let Some(folded) = self.fold(journal, run, &history.records).await? else { return Ok(None) };
        let (accepted, last, noted) = (history.accepted, history.last, history.records.len() as u64);
        let origins = origins(&history.records);
        let replayed = Replayed { plan: folded.plan, run: folded.run, origins, noted, accepted, last };
        Ok(Some(self.clone().taken_up(replayed, tell)))
    }

    fn taken_up(self: Arc<Self>, replayed: Replayed, tell: super::Tell) -> Drive {
        let Replayed { plan, mut run, origins, noted, accepted, last } = replayed;
        // What it waits for was kept when it was written.
        drop(run.take_waits(&plan));
        let state_key = self.state_key(&plan, &origins);
        Drive::new(self, plan, run, state_key, tell).resumed(noted, accepted, last)
    }

    /// A run as its records leave it, folded as they are read, so that it may have any number of them. Not one that was rewound or
    /// has moved, of which what came before must be read again.
    async fn replay(&self, journal: &dyn Journal, run: &RunId) -> Result<Option<Replayed>, Broken> {
        let Some(mut replay) = journal.replay(run).await? else { return Ok(None) };
        let mut replayed: Option<Replayed> = None;
        while let Some(part) = replay.parts.next().await {
            for record in part? {
                let Some(known) = &mut replayed else {
                    let broken = |what: &str| Broken(format!("the run `{run}`: {what}").into());
                    let run = Run::accept(&record).map_err(broken)?;
                    let plan = self.plan(journal, run.accepted.plan).await?;
                    let (accepted, last) = (replay.accepted, replay.last);
                    replayed = Some(Replayed { plan, run, origins: vec![record], noted: 1, accepted, last });
                    continue;
                };
                match &record.event {
                    Event::Rewound(_) | Event::Moved { .. } => return Ok(None),
                    _ => known.run.apply(&known.plan, &record),
                }
                known.noted += 1;
                if matches!(record.event, Event::Gathered(_)) {
                    known.origins.push(record);
                }
            }
        }
        Ok(replayed)
    }

    /// Under which key a run keeps its workflow's state: what it was accepted with says so, whatever its input became since.
    pub(super) fn state_key(&self, plan: &Plan, records: &[Record]) -> Option<Arc<str>> {
        let run = Run::accept(records.first()?).ok()?;
        let gathered = records.iter().find_map(|record| match &record.event {
            Event::Gathered(gathered) => Some((&gathered.input, &gathered.trigger)),
            _ => None,
        });
        let (input, trigger) = gathered.unwrap_or((&run.accepted.input, &run.accepted.trigger));
        let names = Names { now: run.accepted_at, ..self.names(input, trigger) };
        intake::state_key(plan, &names).ok().flatten()
    }

    /// The plan that a run is pinned to.
    pub(super) async fn plan(&self, journal: &dyn Journal, digest: Digest) -> Result<Arc<Plan>, Broken> {
        if let Some(plan) = self.plans.get(&digest) {
            return Ok(plan.clone());
        }
        let plan = journal.plan(digest).await?.map(Arc::new);
        let plan = plan.ok_or_else(|| Broken(format!("there is no plan {digest}").into()))?;
        self.plans.insert(digest, plan.clone());
        Ok(plan)
    }
}

/// A run that was read back.
struct Replayed {
    plan: Arc<Plan>,
    run: Run,
    /// What it was accepted with, and what was gathered for it.
    origins: Vec<Record>,
    noted: u64,
    accepted: Mark,
    last: Mark,
}

fn origins(records: &[Record]) -> Vec<Record> {
    let gathered = records.iter().skip(1).filter(|record| matches!(record.event, Event::Gathered(_)));
    records.iter().take(1).chain(gathered).cloned().collect()
}

impl Drive {
    /// Takes up what was cut off. `said` is how it stands by the word of the store.
    async fn take_up(&mut self, said: Option<Standing>) {
        let mut actions = Vec::new();
        let world = &self.inner.world;
        machine::take_up(&self.plan, &mut self.run, world.clock.now(), &*world.settings, &mut actions);
        // A file of an earlier version did not keep what its runs wait for, nor does one that was damaged.
        self.run.touch_waits(&self.plan);
        self.said = said;
        self.joins = true;
        self.carry_out(&mut actions).await;
        self.joins = false;
    }

    fn hold_locks(&self) {
        for unit in self.run.outside() {
            if let Task::Gate(gate) = &unit.task
                && gate.entered
            {
                lock(&self.inner.gates).restore(&gate.key, (self.id().clone(), unit.id));
            }
        }
    }
}

/// Whoever waited for a place waits again, in the order of their asking.
fn ask_for_locks<'a>(drives: impl Iterator<Item = &'a Drive>) {
    let mut waiting = Vec::new();
    for drive in drives {
        waiting.extend(drive.run.outside().filter_map(|unit| match &unit.task {
            Task::Gate(gate) if gate.asked && !gate.entered => Some((gate.since, drive, unit.id, gate)),
            _ => None,
        }));
    }
    // Of those who asked at the same moment, the run comes first that was accepted first.
    waiting.sort_by_key(|(since, ..)| *since);
    for (_, drive, unit, gate) in waiting {
        drive.enter(unit, &gate.key, gate.places);
    }
}
