//! Steps that wait, answered by hand: whoever has begun to wait for a time, a signal, an event or a condition, and is named by an answer,
//! is told what that says.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::answers::Answers;
use super::rehearse::mocks::Said;
use crate::base::id::RunId;
use crate::base::value::Value;
use crate::lang::plan::NodeId;
use crate::lang::plan::test::Target;
use crate::run::driver::Driver;
use crate::run::event::{Begin, Event, Record, UnitId};
use crate::run::journal::{Broken, Follow, Mark, Passage};
use crate::run::machine::Command;
use crate::run::world::Clock;

/// Who answers is called so in journals.
const WHO: &str = "by hand";

/// Answers the runs of one engine.
pub(super) struct Attendant {
    answers: Arc<Answers>,
    driver: Driver,
    clock: Arc<dyn Clock>,
    seen: Mutex<Seen>,
}

/// How far it has looked.
#[derive(Default)]
struct Seen {
    /// Up to here.
    mark: Mark,
    /// What units carry out that may wait.
    nodes: BTreeMap<(RunId, UnitId), NodeId>,
}

impl Attendant {
    /// For the runs of `driver`, which takes its time from `clock`.
    pub fn new(answers: Arc<Answers>, driver: Driver, clock: Arc<dyn Clock>) -> Self {
        Self { answers, driver, clock, seen: Mutex::default() }
    }

    /// Answers for as long as somebody waits for it.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn attend(&self) -> Result<(), Broken> {
        loop {
            let mark = self.seen.lock().await.mark;
            self.driver.written_after(mark).await?;
            self.look().await?;
        }
    }

    /// Answers those who have begun to wait since it looked last; whether there was anybody.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn look(&self) -> Result<bool, Broken> {
        let mut seen = self.seen.lock().await;
        let until = self.driver.progress().written;
        let mut answered = false;
        for Passage { run, workflow, records, .. } in self.driver.passages(seen.mark, until, &Follow::default()).await?
        {
            for Record { event, .. } in &records {
                match event {
                    Event::Opened { unit, node, .. } => drop(seen.nodes.insert((run.clone(), *unit), *node)),
                    Event::Ended { unit, .. } => drop(seen.nodes.remove(&(run.clone(), *unit))),
                    Event::Began { unit, begin: Begin::Listen { .. } | Begin::Sleep { .. }, .. } => {
                        let node = seen.nodes.get(&(run.clone(), *unit)).copied();
                        let said = node.and_then(|node| self.said(&workflow, node));
                        answered |= said.is_some();
                        said.into_iter().for_each(|said| self.tell(&run, *unit, said));
                    }
                    _ => {}
                }
            }
        }
        seen.mark = until.max(seen.mark);
        Ok(answered)
    }

    /// What is said for a step.
    fn said(&self, workflow: &str, node: NodeId) -> Option<Said> {
        let package = self.driver.package();
        let name = package.plans.get(workflow)?.node(node).name.clone()?;
        self.answers.say(&Target::Step(name), &Value::Unit, self.clock.now())
    }

    /// Tells a run what was said for one of its units, when it is time.
    fn tell(&self, run: &RunId, unit: UnitId, said: Said) {
        // Nothing ever comes: it waits as it would.
        let Some(outcome) = said.outcome else { return };
        let busy = self.driver.activity().begin();
        let (driver, clock, run) = (self.driver.clone(), self.clock.clone(), run.clone());
        tokio::spawn(async move {
            let moment = said.after.after(clock.now());
            let mut sleep = clock.sleep_until(moment);
            drop(busy);
            (&mut sleep).await;
            let _busy = driver.activity().begin();
            drop(sleep);
            let command = Command::Answer { unit, attempt: 0, outcome, by: Some(WHO.into()) };
            // It may wait no more.
            let _ = driver.tell(&run, command).await;
        });
    }
}
