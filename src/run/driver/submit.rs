//! How runs are started: by hand, by other programs, by what triggers bring.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::entrance::Came;
use super::watching::watching;
use super::{Attached, Driver, Running, Told};
use crate::base::id::RunId;
use crate::base::value::Value;
use crate::lang::plan::Plan;
use crate::run::admission::Collects;
use crate::run::history::Collected;
use crate::run::intake::{self, Item, Options, StartError, Submitted, collection};
use crate::run::journal::Broken;

impl Driver {
    /// Starts a run of `workflow`, or lets it wait for its turn, and returns when it would survive a crash. Must be called
    /// inside a tokio runtime whose threads have stacks of [`limit::STACK_BYTES`](crate::base::limit::STACK_BYTES).
    ///
    /// # Errors
    /// Where there is no such workflow, the input does not fit (then with every fault by its path), or the journal cannot be
    /// written.
    pub async fn start(&self, workflow: &str, input: &Value) -> Result<Running, StartError> {
        self.start_with(workflow, input, Options::default()).await
    }

    /// Starts a run under a key, or joins the one that was started under it before: the same key gives the same run.
    ///
    /// # Errors
    /// As [`Driver::start`].
    pub async fn start_once(&self, workflow: &str, key: &str, input: &Value) -> Result<Running, StartError> {
        let options = Options { run: Some(RunId::of_key(workflow, key)), ..Options::default() };
        self.start_with(workflow, input, options).await
    }

    /// Starts a run with what is known beside its input. Where [`Options::run`] names a run that exists, or another one has its
    /// key, that one is joined.
    ///
    /// # Errors
    /// As [`Driver::start`].
    pub async fn start_with(&self, workflow: &str, input: &Value, options: Options) -> Result<Running, StartError> {
        let plan = self.inner.plan_of(workflow)?;
        Ok(match self.enter(plan, input, None, options).await? {
            Submitted::Started(run) | Submitted::Joined(run) | Submitted::Skipped(run) => run,
            Submitted::PassedOver | Submitted::Collected(_) => unreachable!("only a trigger does that"),
        })
    }

    /// Takes what a trigger of `workflow` brings, and returns when what became of it would survive a crash: its `where` and
    /// `input:` are computed, the input is checked, and the workflow's `debounce`, `batch`, `key`, `throttle` and
    /// `concurrency` say when a run starts with it. The same runtime as for [`Driver::start`] is needed.
    ///
    /// # Errors
    /// Where there is no such workflow or trigger, one of its clauses breaks, the input does not fit, or the journal cannot
    /// be written.
    pub async fn submit(&self, workflow: &str, item: Item) -> Result<Submitted<Running>, StartError> {
        self.submit_to(self.inner.plan_of(workflow)?, item).await
    }

    /// The same for a trigger of this plan: what starts by it are runs of that plan, whatever was deployed since.
    ///
    /// # Errors
    /// As [`Driver::submit`].
    pub(crate) async fn submit_to(&self, plan: Arc<Plan>, item: Item) -> Result<Submitted<Running>, StartError> {
        let world = &self.inner.world;
        let Some(mut input) = intake::input_of(&plan, &item, world.clock.now(), &*world.settings)? else {
            return Ok(Submitted::PassedOver);
        };
        let refused = self.inner.chain_too_long(&plan, &item).await.map_err(StartError::Store)?;
        let line = self.inner.line_behind(item.origin.as_ref()).await.map_err(StartError::Store)?;
        let starts = item.origin.as_ref().map(|origin| origin.chain).unwrap_or_default();
        let origin = item.origin.map(|origin| origin.run);
        let names = self.inner.names(&Value::Unit, &item.value);
        if let Some(from) = collection::collects(&plan, item.trigger, &names)? {
            let first = collection::item(&plan, item.trigger, &input)?;
            let trigger = item.value.clone().received().hiding(&first.secrets());
            let collected = Collected { input: first, trigger, chain: starts };
            if refused.is_none() {
                let options = Options { facts: item.facts, starts, line, origin, ..Options::default() };
                return self.collect(plan, from, collected, options).await.map(Submitted::Collected);
            }
            input = collection::gathered(&plan.triggers[item.trigger], &[collected]).0;
        }
        let (run, trigger, facts) = (item.run, item.value, item.facts);
        let options = Options { run, trigger, facts, starts, line, origin, refused, ..Options::default() };
        self.enter(plan, &input, Some(item.trigger), options).await
    }

    async fn enter(
        &self,
        plan: Arc<Plan>,
        input: &Value,
        trigger: Option<usize>,
        options: Options,
    ) -> Result<Submitted<Running>, StartError> {
        let (shown, watched) = watching();
        let (end, ended) = oneshot::channel();
        let (join, joined) = oneshot::channel();
        let attached = Attached { watch: Some(shown), end: Some(end), joined: Some(join), ..Attached::default() };
        let came = match options.run.clone() {
            Some(run) if self.inner.exists(&run).await.map_err(StartError::Store)? => {
                self.inner.tell(&run, Told::Attach(attached));
                Came::Joined(run)
            }
            _ => {
                let mut entering = self.inner.entering(plan, input, trigger, options)?;
                self.inner.come_in(&mut entering, attached).await?
            }
        };
        let running = |id, joined| Running { id, joined, driver: self.clone(), watched, ended };
        Ok(match came {
            Came::In(run, mark) => {
                self.inner.synced(mark).await.map_err(StartError::Store)?;
                Submitted::Started(running(run, false))
            }
            Came::Skipped(run, mark) => {
                self.inner.synced(mark).await.map_err(StartError::Store)?;
                Submitted::Skipped(running(run, false))
            }
            Came::Joined(run) => {
                let unreadable = || StartError::Store(Broken(format!("the run `{run}` cannot be read").into()));
                joined.await.map_err(|_| unreadable())?;
                Submitted::Joined(running(run, true))
            }
        })
    }

    /// Gives an item to the run that collects those it belongs to; which one that is. Without one, a new run begins to.
    async fn collect(
        &self,
        plan: Arc<Plan>,
        from: Collects,
        item: Collected,
        options: Options,
    ) -> Result<RunId, StartError> {
        let facts = options.facts.clone();
        let mut entering = self.inner.collecting(plan, from, item.clone(), options);
        loop {
            match self.inner.come_in(&mut entering, Attached::default()).await? {
                Came::In(run, mark) | Came::Skipped(run, mark) => {
                    self.inner.synced(mark).await.map_err(StartError::Store)?;
                    return Ok(run);
                }
                Came::Joined(run) => {
                    let (answer, taken) = oneshot::channel();
                    self.inner.tell(&run, Told::Collect(Box::new(item.clone()), facts.clone(), answer));
                    match taken.await {
                        Ok(Ok(())) => return Ok(run),
                        // It has all it takes: the next one begins to collect.
                        Ok(Err(_)) => entering.gone = Some(run),
                        Err(_) => {
                            let message = format!("what happens in the run `{run}` cannot be written now");
                            return Err(StartError::Store(Broken(message.into())));
                        }
                    }
                }
            }
        }
    }
}
