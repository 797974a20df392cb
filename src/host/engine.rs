//! One assembled engine: a program, its settings, connectors, whoever answers questions.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use super::clock::{VirtualClock, WallClock};
use super::program::{Faults, Program};
use super::replaceable::Replaceable;
#[cfg(feature = "sandbox")]
use super::sandbox::Sandbox;
use super::settings::Settings;
use super::settings::configure::Uses;
use crate::base::failure::{Failure, Kind};
use crate::base::id::{Digest, RunId};
use crate::base::secret::Mask;
use crate::base::time::{Duration, Timestamp};
use crate::base::value::Value;
use crate::connect::files::Roots;
use crate::connect::log::Log;
use crate::connect::{Call, Connectors, Native, Natives};
use crate::lang::plan::{Package, Plan};
use crate::run::activity::Activity;
use crate::run::cause::Account;
use crate::run::driver::{self, Duty, Figures, Mended, Started, Summary, Unaccounted};
use crate::run::event::{Decision, Record};
use crate::run::failure::Group;
use crate::run::intake::{Item, Options, StartError, Submitted};
use crate::run::journal::{
    Broken, Count, Follow, Forgotten, History, Journal, Mark, Page, Passage, Progress, Query, Standing,
};
use crate::run::machine::{Command, Refusal, Target};
use crate::run::prune::Retention;
use crate::run::rewind::{Preview, Refusal as NotRewound, Request};
use crate::run::timeline::Step;
use crate::run::wait::{Open, Waiting};
use crate::run::world::{BoxFuture, Clock, Consult, Consulted, Question, World};
use crate::trigger::Triggers;

/// How long something that does not answer holds a clock up that is moved by hand.
const SETTLING: std::time::Duration = std::time::Duration::from_secs(30);

/// What an engine is made of. Every part but the program has a default.
pub struct Builder {
    program: Program,
    environment: Vec<(String, String)>,
    given: Vec<String>,
    natives: Natives,
    consult: Option<Arc<dyn Consult>>,
    clock: Arc<dyn Clock>,
    log: Log,
    journal: Option<Arc<dyn Journal>>,
    duty: Duty,
    workflow: Option<Arc<str>>,
    #[cfg(feature = "sandbox")]
    sandbox: Option<Arc<Sandbox>>,
}

impl Builder {
    /// An engine for `program`: settings from its `flow.toml` alone, the operations of the standard library, nobody who
    /// answers questions.
    pub fn new(program: Program) -> Self {
        Self {
            program,
            environment: Vec::new(),
            given: Vec::new(),
            natives: Natives::standard(),
            consult: None,
            clock: Arc::new(WallClock),
            log: Log::default(),
            journal: None,
            duty: Duty::CarryOut,
            workflow: None,
            #[cfg(feature = "sandbox")]
            sandbox: None,
        }
    }

    /// Takes the environment of this process in: `FLOW_CONNECTOR_SLACK_TOKEN`, and what `env("X")` and `secret("X")` ask for.
    #[must_use]
    pub fn environment(mut self) -> Self {
        // What is no text cannot be a setting.
        self.environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        self
    }

    /// Sets one setting as `--set` does: `connectors.slack.token=...`.
    #[must_use]
    pub fn set(mut self, assignment: impl Into<String>) -> Self {
        self.given.push(assignment.into());
        self
    }

    /// Gives the native operation `connector.operation` its body. Its signature is declared in the program:
    /// `connector shop { native read operation price(sku: string) -> { cents: int } }`. The parameters come as `P` is read
    /// from JSON, and the result goes back as `R` is written; the program was checked against the declared types, and what
    /// comes back is checked against them. Where the body returns a failure, nothing happened, unless the failure's type is
    /// `outcome_unknown`.
    #[must_use]
    pub fn native<P, R, F, W>(mut self, name: &str, body: F) -> Self
    where
        P: DeserializeOwned,
        R: Serialize,
        F: Fn(P) -> W + Send + Sync + 'static,
        W: Future<Output = Result<R, Failure>> + Send + 'static,
    {
        let body = move |call: Call| {
            let params = serde_json::from_value::<P>(call.act.params.without_absent().to_json());
            let running = params.map(&body);
            async move {
                let work = running.map_err(|error| Failure::new(Kind::ValidationError, error.to_string()))?;
                let json = serde_json::to_value(work.await?);
                json.map(Value::from_json).map_err(|error| Failure::new(Kind::OutcomeUnknown, error.to_string()))
            }
        };
        self.natives.bind_fn(name, body);
        self
    }

    /// Gives the native operation `connector.operation` a body that sees all of the attempt: key, place, settings.
    #[must_use]
    pub fn native_body(mut self, name: &str, body: impl Native + 'static) -> Self {
        self.natives.bind(name, body);
        self
    }

    /// Lets `consult` answer what `ask` asks; otherwise nobody does, or in a sandbox its stand-in.
    #[must_use]
    pub fn consult(mut self, consult: impl Consult + 'static) -> Self {
        self.consult = Some(Arc::new(consult));
        self
    }

    /// Lets people answer when they come to it, by [`Engine::answer`]: until then the question stands, and the run that asks
    /// need not be in memory.
    #[must_use]
    pub fn people_answer_later(self) -> Self {
        self.consult(People)
    }

    /// Takes the time from `clock`.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sends the lines of `log.info` and its like to `log`; otherwise they go to `tracing`.
    #[must_use]
    pub fn log(mut self, log: Log) -> Self {
        self.log = log;
        self
    }

    /// Keeps what happens in `journal`: runs survive the end of the process. Before anything is started,
    /// [`Engine::recover`] takes up what was cut off.
    #[must_use]
    pub fn journal(mut self, journal: Arc<dyn Journal>) -> Self {
        self.journal = Some(journal);
        self
    }

    /// Carries nothing out: runs that are started are accepted, and what runs are told is written down. The next engine on this
    /// journal that carries out goes on from there.
    #[must_use]
    pub fn write_down_only(mut self) -> Self {
        self.duty = Duty::WriteDown;
        self
    }

    /// Wants settings only for what this workflow can call.
    #[must_use]
    pub fn only(mut self, workflow: &str) -> Self {
        self.workflow = Some(workflow.into());
        self
    }

    /// Points every connector at the stand-ins.
    #[cfg(feature = "sandbox")]
    #[must_use]
    pub fn sandbox(mut self, sandbox: Arc<Sandbox>) -> Self {
        self.sandbox = Some(sandbox);
        self
    }

    /// Reads the settings and puts the engine together.
    ///
    /// # Errors
    /// Settings that are missing or wrong, native operations without a body.
    pub fn build(self) -> Result<Engine, BuildError> {
        // A stand-in needs no settings, so none is read that could point elsewhere.
        let environment = if self.stands_in() { Vec::new() } else { self.environment };
        let Program { package, mut sources, directory, .. } = self.program;
        let (settings, mut diagnostics) = Settings::read(&directory, environment, &self.given, &mut sources);
        // Of a file that is broken nothing was read: what is missing may well stand in it.
        if diagnostics.iter().any(|found| found.code == super::settings::code::UNREADABLE) {
            return Err(BuildError::Settings(Faults { diagnostics, sources }));
        }
        #[cfg(feature = "sandbox")]
        let settings = self.sandbox.iter().fold(settings, |mut settings, sandbox| {
            sandbox.point(&mut settings);
            settings
        });
        let uses = match &self.workflow {
            Some(workflow) => Uses::of(&package, workflow),
            None => Uses::of_all(&package),
        };
        let (configured, found) = settings.configure(&package, &uses, &mut sources);
        diagnostics.extend(found);
        if diagnostics.iter().any(crate::base::diagnostic::Diagnostic::is_error) {
            return Err(BuildError::Settings(Faults { diagnostics, sources }));
        }
        let (environment, natives) = (settings.environment(self.log), self.natives);
        #[cfg(feature = "sandbox")]
        let (environment, natives) = match &self.sandbox {
            Some(sandbox) => (sandbox.enclose(environment), sandbox.natives(natives)),
            None => (environment, natives),
        };
        without_body(&package, &natives)?;
        let (mask, retention, patience) = (settings.mask().clone(), settings.retention(), settings.patience());
        let roots = Roots::of(&environment).ok();
        #[cfg(feature = "sandbox")]
        let consult = self.consult.or_else(|| self.sandbox.as_ref().map(|sandbox| sandbox.consult()));
        #[cfg(not(feature = "sandbox"))]
        let consult = self.consult;
        let perform = Arc::new(Connectors::new(environment, configured, natives));
        let parts = Arc::new(Replaceable::new(Arc::new(settings), perform));
        let world = World {
            settings: parts.clone(),
            perform: parts.clone(),
            consult: consult.unwrap_or_else(|| Arc::new(Nobody)),
            clock: self.clock,
            journal: self.journal,
        };
        let warnings = Arc::new(Faults { diagnostics, sources });
        let driver = driver::Engine::new(world, package, self.duty);
        Ok(Engine { driver, parts, mask, retention, warnings, roots, patience })
    }

    fn stands_in(&self) -> bool {
        #[cfg(feature = "sandbox")]
        return self.sandbox.is_some();
        #[cfg(not(feature = "sandbox"))]
        return false;
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("natives", &self.natives).finish_non_exhaustive()
    }
}

/// Whether each native operation that the package calls has a body.
fn without_body(package: &Package, natives: &Natives) -> Result<(), BuildError> {
    let called = package.plans.values().flat_map(|plan| plan.operations.iter());
    let bare = called.filter(|(name, operation)| operation.request.is_none() && natives.get(name).is_none());
    let mut names: Vec<Arc<str>> = bare.map(|(name, _)| name.clone()).collect();
    names.sort();
    names.dedup();
    if names.is_empty() { Ok(()) } else { Err(BuildError::NoBody(names)) }
}

/// Why an engine could not be put together.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BuildError {
    /// Settings are missing or wrong.
    #[error("{0}")]
    Settings(Faults),
    /// Native operations have no body in this engine.
    #[error("these native operations have no body here: {}{}", .0.join(", "), left_out(.0))]
    NoBody(Vec<Arc<str>>),
}

/// Which features of this crate would give the operations of the standard library their bodies.
fn left_out(names: &[Arc<str>]) -> String {
    let features = [("http.", "http", cfg!(feature = "http")), ("email.", "mail", cfg!(feature = "mail"))];
    let lacking = features.iter().filter(|(prefix, _, there)| !there && names.iter().any(|it| it.starts_with(prefix)));
    lacking.map(|(prefix, feature, _)| format!("; `{prefix}*` comes with the feature `{feature}`")).collect()
}

/// Runs the workflows of one program, many at once. Clones share everything.
#[derive(Clone)]
pub struct Engine {
    pub(super) driver: driver::Engine,
    parts: Arc<Replaceable>,
    mask: Mask,
    retention: Retention,
    warnings: Arc<Faults>,
    /// Where files are found, if any directory is open to them.
    roots: Option<Roots>,
    /// How long callers of triggers wait for an answer.
    patience: Duration,
}

impl Engine {
    /// Starts a run of `workflow`. Must be called inside a tokio runtime whose threads have stacks of
    /// [`limit::STACK_BYTES`](crate::base::limit::STACK_BYTES).
    ///
    /// # Errors
    /// Where there is no such workflow, or the input does not fit: then every fault by its path.
    pub async fn start(&self, workflow: &str, input: &Value) -> Result<Running, StartError> {
        self.start_as(workflow, input, Options::default()).await
    }

    /// Starts a run under a key, or joins the one that was started under it before: the same key gives the same run.
    ///
    /// # Errors
    /// As [`Engine::start`].
    pub async fn start_once(&self, workflow: &str, key: &str, input: &Value) -> Result<Running, StartError> {
        let options = Options { run: Some(RunId::of_key(workflow, key)), ..Options::default() };
        self.start_as(workflow, input, options).await
    }

    async fn start_as(&self, workflow: &str, input: &Value, options: Options) -> Result<Running, StartError> {
        self.driver.start(workflow, input, options).await.map(|started| self.running(started))
    }

    /// Takes what a trigger of `workflow` brings, and returns when what became of it would survive a crash: its `where` and
    /// `input:` are computed, the input is checked, and the workflow's `debounce`, `batch`, `key`, `throttle` and
    /// `concurrency` say when a run starts with it.
    ///
    /// # Errors
    /// Where there is no such workflow or trigger, one of its clauses breaks, or the input does not fit.
    pub async fn submit(&self, workflow: &str, item: Item) -> Result<Submitted<Running>, StartError> {
        Ok(match self.driver.submit(workflow, item).await? {
            Submitted::PassedOver => Submitted::PassedOver,
            Submitted::Collected(run) => Submitted::Collected(run),
            Submitted::Started(started) => Submitted::Started(self.running(started)),
            Submitted::Joined(started) => Submitted::Joined(self.running(started)),
            Submitted::Skipped(started) => Submitted::Skipped(self.running(started)),
        })
    }

    fn running(&self, Started { run, joined, records, ended }: Started) -> Running {
        Running { id: run, joined, engine: self.driver.clone(), records, ended }
    }

    /// Takes up what the process before this one left in the journal, and wakes runs from now on when their time comes. To be
    /// called once, before anything is started. How many runs were taken up.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn recover(&self) -> Result<usize, Broken> {
        self.driver.recover().await
    }

    /// The triggers of what it runs; they listen when they are told to. How far they have heard is kept in the journal.
    ///
    /// # Errors
    /// Where two of them mean the same requests, or one asks for something that is not there.
    pub fn triggers(&self) -> Result<Triggers, Faults> {
        let triggers = Triggers::new(self.driver.clone(), &self.package(), self.roots.clone(), self.patience);
        triggers.map_err(|diagnostics| Faults { diagnostics, sources: self.warnings.sources.clone() })
    }

    /// Lets go of the runs and events that were kept as long as the settings say, with all that only they needed; beside what
    /// is under way.
    ///
    /// # Errors
    /// If the journal cannot be read or written.
    pub async fn prune(&self) -> Result<Forgotten, Broken> {
        self.driver.prune(&self.retention).await
    }

    /// Prunes now and from time to time, for as long as somebody waits for it: a server does.
    pub async fn prune_in_time(self) {
        self.driver.prune_in_time(&self.retention).await;
    }

    /// What new runs are runs of.
    pub fn package(&self) -> Arc<Package> {
        self.driver.package()
    }

    /// Lets new runs be runs of the program of another engine, and all runs have its settings and connectors.
    pub(super) fn take_over(&self, newer: &Self) {
        self.parts.take_over(&newer.parts);
        self.mask.follow(&newer.mask);
        self.driver.replace(newer.package());
    }

    /// Takes an event in, and returns when it would survive a crash. Runs that wait for it are told; those that begin to wait
    /// for it later, and were accepted before, find it.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub async fn publish(&self, topic: &str, payload: &Value) -> Result<Mark, Broken> {
        self.driver.publish(topic, payload).await
    }

    /// The place of the last event, as it moves: whoever reads events from the journal learns here that there are more.
    pub fn published(&self) -> watch::Receiver<Mark> {
        self.driver.published()
    }

    /// What runs wait for from outside, in the order in which they began to: events, signals, answers, decisions.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn waiting(&self, query: &Waiting) -> Result<Vec<Open>, Broken> {
        self.driver.waiting(query).await
    }

    /// The question that a step of a run asks, by its name or its place; none if it asks none now.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn question(&self, run: &RunId, step: &str) -> Result<Option<Question>, Broken> {
        self.driver.question(run, step).await
    }

    /// Answers the question of a step, by its name or its place, and returns when that would survive a crash. The first answer
    /// of the stated type counts.
    ///
    /// # Errors
    /// If the answer does not fit, with every fault; if the question was answered before, or withdrawn; if the run has ended.
    pub async fn answer(&self, run: &RunId, step: &str, value: Value, by: &str) -> Result<(), Refusal> {
        self.driver.tell(run, Command::Respond { step: Target::Step(step.into()), value, by: by.into() }).await
    }

    /// Decides about a parked step, by its name or its place, and returns when that would survive a crash.
    ///
    /// # Errors
    /// If the step is not parked, or the run has ended.
    pub async fn decide(&self, run: &RunId, step: &str, decision: Decision, by: &str) -> Result<(), Refusal> {
        self.driver.tell(run, Command::Unpark { step: Target::Step(step.into()), by: by.into(), decision }).await
    }

    /// Sends a signal to a run.
    ///
    /// # Errors
    /// If the run has ended.
    pub async fn signal(&self, run: &RunId, name: &str, payload: Value) -> Result<(), Refusal> {
        self.driver.tell(run, Command::Signal { name: name.into(), payload }).await
    }

    /// Tells a run something, or asks it for something.
    ///
    /// # Errors
    /// If the run has ended.
    pub async fn tell(&self, run: &RunId, command: Command) -> Result<(), Refusal> {
        self.driver.tell(run, command).await
    }

    /// Tells a run something without waiting for what it makes of it.
    pub fn call_to(&self, run: &RunId, command: Command) {
        self.driver.call_to(run, command);
    }

    /// How a run stands; none if there is no such run, or nothing is kept of any.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn standing(&self, run: &RunId) -> Result<Option<Standing>, Broken> {
        self.driver.standing(run).await
    }

    /// The runs that `query` describes, the one accepted last first.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn runs(&self, query: &Query) -> Result<Page, Broken> {
        self.driver.runs(query).await
    }

    /// What happened in a run, from the record with this number on.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn history(&self, run: &RunId, from: u64) -> Result<History, Broken> {
        self.driver.history(run, from).await
    }

    /// The plan that runs are pinned to by this digest.
    ///
    /// # Errors
    /// If the journal cannot be read, or does not have it.
    pub async fn plan(&self, digest: Digest) -> Result<Arc<Plan>, Broken> {
        self.driver.plan(digest).await
    }

    /// What led to how a step of a run stands, and what it waits for; of the run itself where no step is named.
    ///
    /// # Errors
    /// If there is no such step, or the journal cannot be read.
    pub async fn account(&self, run: &RunId, step: Option<&str>) -> Result<Account, Unaccounted> {
        self.driver.account(run, step).await
    }

    /// How a run ended, or what there is of it so far; none if there is no such run.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn summary(&self, run: &RunId) -> Result<Option<Summary>, Broken> {
        self.driver.summary(run).await
    }

    /// What a rewind of a run would mean: what is done again, what would happen again, what is kept. Nothing is changed.
    ///
    /// # Errors
    /// Where the run cannot be rewound so.
    pub async fn preview(&self, run: &RunId, request: &Request) -> Result<Preview, NotRewound> {
        self.driver.preview(run, request).await
    }

    /// Lets a run that failed or was cancelled go on from a step, and returns when that would survive a crash.
    ///
    /// # Errors
    /// Where the run cannot be rewound so, or what would happen again was not accepted. Nothing has happened then.
    pub async fn rewind(&self, run: &RunId, request: Request) -> Result<Preview, NotRewound> {
        self.driver.rewind(run, request).await
    }

    /// The steps of a run, in the order in which they were opened; none if there is no such run.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn steps(&self, run: &RunId) -> Result<Vec<Step>, Broken> {
        self.driver.steps(run).await
    }

    /// Waits until something after `mark` is on disk, and says up to where it is then; for ever, where nothing is kept.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn written_after(&self, mark: Mark) -> Result<Mark, Broken> {
        self.driver.written_after(mark).await
    }

    /// The batches after `after` and up to `until` that `follow` describes, in order.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn passages(&self, after: Mark, until: Mark, follow: &Follow) -> Result<Vec<Passage>, Broken> {
        self.driver.passages(after, until, follow).await
    }

    /// How many runs of each workflow stand how.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn counts(&self) -> Result<Vec<Count>, Broken> {
        self.driver.counts().await
    }

    /// How writing goes.
    pub fn progress(&self) -> Progress {
        self.driver.progress()
    }

    /// What this process has written down since it began.
    pub fn figures(&self) -> Figures {
        self.driver.figures()
    }

    /// What o'clock it is, for programs.
    pub fn now(&self) -> Timestamp {
        self.driver.now()
    }

    /// Which runs come to rest in this process from now on, once that is on disk. Whoever is too slow misses some.
    pub fn rested(&self) -> broadcast::Receiver<RunId> {
        self.driver.rested()
    }

    /// What is under way in memory. Whoever has something to do at a moment of the clock counts here from that moment on.
    pub fn activity(&self) -> &Activity {
        self.driver.activity()
    }

    /// Moves `clock`, from which this engine takes its time, on to a moment. What comes due on the way is done at its own
    /// moment, in order; returns when all of it has settled. What does not answer is waited for half a minute each time, and no
    /// longer.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub async fn advance(&self, clock: &VirtualClock, to: Timestamp) -> Result<(), Broken> {
        self.settled(clock).await?;
        while let Some(moment) = clock.next_moment().filter(|moment| *moment <= to) {
            clock.set(moment);
            self.settled(clock).await?;
        }
        clock.set(to);
        self.settled(clock).await
    }

    async fn settled(&self, clock: &VirtualClock) -> Result<(), Broken> {
        let settled = async {
            loop {
                while clock.is_waking() {
                    tokio::task::yield_now().await;
                }
                self.driver.settled().await?;
                if !clock.is_waking() {
                    return Ok(());
                }
            }
        };
        tokio::time::timeout(SETTLING, settled).await.unwrap_or(Ok(()))
    }

    /// Decides nothing new any more; what is under way outside has `grace` to end, and is written down. Returns when all that
    /// happened is on disk. Runs go on where they are when the next process recovers.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub async fn stop(&self, grace: std::time::Duration) -> Result<(), Broken> {
        tokio::time::timeout(grace, self.driver.stop()).await.unwrap_or(Ok(()))
    }

    /// The failures that nobody has dealt with, by the steps and the types of the errors, the latest first.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn failures(&self) -> Result<Vec<Group>, Broken> {
        self.driver.failures().await
    }

    /// Lets all runs of a group of failures go on with one fix; with `preview`, only says what that would mean for one.
    ///
    /// # Errors
    /// If there is no such group, or the run that is looked at first cannot go on so.
    pub async fn retry_group(&self, group: &str, fix: &Request, preview: bool) -> Result<Mended, NotRewound> {
        self.driver.retry_group(group, fix, preview).await
    }

    /// What of the settings is probably not as meant: names that nobody knows.
    pub fn warnings(&self) -> &Faults {
        &self.warnings
    }

    /// The secrets handed out so far; every text for people passes through it.
    pub fn mask(&self) -> &Mask {
        &self.mask
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("workflows", &self.package().plans.keys()).finish_non_exhaustive()
    }
}

/// A run under way.
pub struct Running {
    id: RunId,
    joined: bool,
    engine: driver::Engine,
    records: mpsc::UnboundedReceiver<Record>,
    ended: oneshot::Receiver<Summary>,
}

impl Running {
    /// Its id.
    pub fn id(&self) -> &RunId {
        &self.id
    }

    /// Whether it was started before, under the same key.
    pub fn was_joined(&self) -> bool {
        self.joined
    }

    /// The next record of its journal; `None` when it has come to rest.
    pub async fn next(&mut self) -> Option<Record> {
        self.records.recv().await
    }

    /// Asks for its end, in order: what was done is undone, its `on cancel` and `finally` run. `by` is told to the journal. A
    /// run that has ended stays as it is.
    pub fn cancel(&self, by: &str) {
        self.engine.call_to(&self.id, Command::Cancel { by: by.into() });
    }

    /// Ends it at once: nothing is awaited, nothing undone. A run that has ended stays as it is.
    pub fn kill(&self, by: &str) {
        self.engine.call_to(&self.id, Command::Kill { by: by.into() });
    }

    /// Waits until it rests. Records that were not read are dropped.
    ///
    /// # Panics
    /// If the runtime it was started in was shut down.
    pub async fn end(mut self) -> Summary {
        self.records.close();
        match (&mut self.ended).await {
            Ok(summary) => summary,
            Err(_) => panic!("the runtime was shut down before the run came to rest"),
        }
    }
}

impl Drop for Running {
    /// The run goes on; it need not stay in memory for this.
    fn drop(&mut self) {
        self.records.close();
        self.ended.close();
        self.engine.let_go(&self.id);
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Nobody answers.
struct Nobody;

impl Consult for Nobody {
    fn consult(&self, question: Question) -> BoxFuture<'_, Result<Consulted, Failure>> {
        let message = format!("{} is asked, and nobody can answer here", question.whom);
        Box::pin(std::future::ready(Err(Failure::new(Kind::NotFound, message))))
    }
}

/// People answer when they come to it, by [`Engine::answer`]; nobody else does.
struct People;

impl Consult for People {
    fn consult(&self, question: Question) -> BoxFuture<'_, Result<Consulted, Failure>> {
        let is_person = question.whom.starts_with("role ") || question.whom.starts_with("person ");
        if is_person { Box::pin(std::future::ready(Ok(Consulted::Later))) } else { Nobody.consult(question) }
    }
}
