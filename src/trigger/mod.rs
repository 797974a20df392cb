//! What starts runs: requests, clocks, files, events.
//!
//! In: what a program declares, and what happens outside. Out: items, submitted to the engine, each once. Never: a socket, or a
//! rule about when a run that was submitted begins (held by `tests/architecture.rs`).

mod answer;
mod api;
/// A trigger that listens, and the name it is known by.
pub mod declared;
mod due;
mod event;
mod every;
mod field;
mod file;
mod form;
mod hook;
/// What a trigger asks for and does not find.
mod lack;
/// Keys that a sender gives itself.
pub mod lesson;
mod names;
mod page;
/// What asks from time to time what is new, and how it goes.
pub mod poll;
/// A request as it came, and what is answered.
pub mod request;
/// Which trigger a request is for.
pub mod route;
mod schedule;
mod source;
mod verify;
/// What the system says of directories.
#[cfg(any(feature = "serve", feature = "cli"))]
pub(crate) mod watch;
mod webhook;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::base::calendar::Calendar;
use crate::base::diagnostic::Diagnostic;
use crate::base::id::RunId;
use crate::base::time::{Duration, Timestamp};
use crate::base::value::Value;
use crate::connect::files::Roots;
use crate::connect::{Connectors, Environment};
use crate::lang::plan::trigger::Kind;
use crate::lang::plan::{Formula, Package};
use crate::run::activity::Busy;
use crate::run::driver::{Driver, Running};
use crate::run::intake::{Item, StartError, Submitted};
use crate::run::journal::{Broken, Fact};
use crate::run::world::Clock;
use declared::Declared;
use due::CatchUp;
use every::Every;
use lesson::Lessons;
use names::Names;
use poll::{Asked, Standing};
use request::{Answer, Refusal, Request};
use route::{Matched, Routes, Unmatched};
use source::Sourced;
pub use source::{Brought, rehearse};

/// All triggers of a package, and the driver whose runs they start. Clones share everything.
#[derive(Clone)]
pub struct Triggers {
    inner: Arc<Inner>,
}

struct Inner {
    driver: Driver,
    all: Vec<Declared>,
    routes: Routes,
    /// Those that connectors declare.
    sources: Vec<Sourced>,
    /// What is asked for, for some of them.
    polls: Vec<Arc<Asked>>,
    /// The keys that senders gave.
    lessons: Lessons,
    outside: Outside,
}

/// What triggers may know of where they listen.
#[derive(Clone, Debug)]
pub struct Outside {
    /// Where files are found; `None` where no directory is open to files.
    pub roots: Option<Roots>,
    /// The connectors with their settings.
    pub connectors: Arc<Connectors>,
    /// How long a caller waits for its answer at most.
    pub patience: Duration,
}

/// What asks for something from time to time.
#[derive(Clone, Debug)]
pub struct Asks {
    /// The triggers that take what it brings, by the names they are known by.
    pub triggers: Vec<Arc<str>>,
    /// What it asks by: `jira.issue_updated`.
    pub source: Arc<str>,
    /// How often.
    pub every: Duration,
    /// How it goes.
    pub standing: Standing,
}

/// What keeps triggers listening: without it, they hear no more.
#[derive(Debug)]
pub struct Listening {
    /// Dropped, they end.
    tasks: JoinSet<()>,
    ending: CancellationToken,
    /// Ends when nobody is left who has yet to note from where on it hears.
    noting: mpsc::Receiver<()>,
}

/// Held by a trigger that has yet to note from where on it hears: nobody may do anything meanwhile that it would miss.
struct Noting {
    _busy: Busy,
    _held: mpsc::Sender<()>,
}

impl Listening {
    /// Waits until whatever happens from now on is heard, also after a crash.
    pub async fn hears(&mut self) {
        while self.noting.recv().await.is_some() {}
    }

    /// Ends it in order: what a trigger is about to take is taken, and how far it has heard is kept. Whoever listens next goes
    /// on there.
    pub async fn end(mut self) {
        self.ending.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Triggers {
    /// The triggers of what `driver` runs.
    ///
    /// # Errors
    /// Where two of them mean the same requests, or one asks for something that is not there.
    pub fn new(driver: Driver, package: &Package, outside: Outside) -> Result<Self, Vec<Diagnostic>> {
        let all = Declared::all(package);
        let files = outside.roots.is_some();
        let mut lacking: Vec<Diagnostic> =
            all.iter().filter_map(|declared| lack::of(declared, driver.world(), files)).collect();
        let mut sources = Vec::new();
        for declared in &all {
            match Sourced::of(declared, &outside.connectors, driver.world()) {
                Ok(sourced) => sources.extend(sourced),
                Err(diagnostic) => lacking.push(diagnostic),
            }
        }
        lacking.extend(sources.iter().filter_map(lack::of_source));
        let told = |sourced: &&Sourced| sourced.is_told(driver.world());
        let told: Vec<(Arc<str>, Declared)> =
            sources.iter().filter(told).map(|sourced| (sourced.path.clone(), sourced.declared.clone())).collect();
        let routes = Routes::of(&all, &told).map_err(|clash| vec![lack::clash(&clash)])?;
        if !lacking.is_empty() {
            return Err(lacking);
        }
        let (polls, lessons) = (Asked::all(&sources), Lessons::default());
        Ok(Self { inner: Arc::new(Inner { driver, all, routes, sources, polls, lessons, outside }) })
    }

    /// All of them, in the order of their programs.
    pub fn all(&self) -> &[Declared] {
        &self.inner.all
    }

    /// What asks for something from time to time, and how it goes.
    pub fn asks(&self) -> Vec<Asks> {
        let one = |asked: &Arc<Asked>| Asks {
            triggers: asked.listeners.iter().map(|listener| listener.declared.name.clone()).collect(),
            source: asked.listeners[0].full_name().into(),
            every: asked.every,
            standing: asked.standing(),
        };
        self.polls().iter().map(one).collect()
    }

    /// Where a trigger is told something by requests, if it is.
    pub fn path_of(&self, declared: &Declared) -> Option<Arc<str>> {
        match &declared.trigger().kind {
            Kind::Api { path, .. } | Kind::Webhook { path } | Kind::Form { path } => Some(path.clone()),
            Kind::Connector { .. } => {
                let told = |one: &&Sourced| one.declared.name == declared.name && one.is_told(self.driver().world());
                self.sources().iter().find(told).map(|one| one.path.clone())
            }
            Kind::Schedule { .. }
            | Kind::Every { .. }
            | Kind::File { .. }
            | Kind::Event { .. }
            | Kind::Persona { .. } => None,
        }
    }

    /// Listens to clocks, files and events, as long as what it returns is kept. The runtime of [`Driver::start`] is needed.
    pub fn listen(&self) -> Listening {
        let (mut tasks, ending) = (JoinSet::new(), CancellationToken::new());
        let (held, noting) = mpsc::channel(1);
        for declared in self.all() {
            let (triggers, declared, held) = (self.clone(), declared.clone(), held.clone());
            let notes = Noting { _busy: self.driver().activity().begin(), _held: held };
            let ending = ending.clone();
            tasks.spawn(async move {
                if let Err(broken) = triggers.attend(&declared, notes, &ending).await {
                    tracing::error!(trigger = %declared.name, "nothing starts by it any more: {broken}");
                }
            });
        }
        for asked in self.polls() {
            let (triggers, asked, busy) = (self.clone(), asked.clone(), self.driver().activity().begin());
            let ending = ending.clone();
            tasks.spawn(async move {
                if let Err(broken) = triggers.ask_in_time(&asked, busy, &ending).await {
                    tracing::error!(poll = %asked.name, "nothing starts by it any more: {broken}");
                }
            });
        }
        let (triggers, busy) = (self.clone(), self.driver().activity().begin());
        tasks.spawn(async move {
            if let Err(broken) = triggers.forget_those_gone().await {
                tracing::error!("what triggers have heard that are gone is still known: {broken}");
            }
            drop(busy);
        });
        Listening { tasks, ending, noting }
    }

    /// The trigger that a request is for.
    ///
    /// # Errors
    /// Where there is none for the path, or none for the method.
    pub fn route(&self, method: &str, path: &str) -> Result<Matched, Unmatched> {
        self.inner.routes.find(method, path)
    }

    /// What a request is answered. Whether its sender may ask was found out before, save for what the trigger itself verifies.
    ///
    /// # Errors
    /// Why it is not answered as it was meant.
    pub async fn answer(&self, matched: &Matched, request: &Request) -> Result<Answer, Refusal> {
        match &matched.declared.trigger().kind {
            Kind::Api { .. } => self.api(matched, request).await,
            Kind::Webhook { .. } => self.webhook(matched, request).await,
            Kind::Form { .. } => self.form(matched, request).await,
            Kind::Connector { .. } => self.told(&matched.path, request).await,
            Kind::Schedule { .. }
            | Kind::Every { .. }
            | Kind::File { .. }
            | Kind::Event { .. }
            | Kind::Persona { .. } => Err(Refusal::new(404, "nothing starts by such a request")),
        }
    }

    /// Waits for what a trigger waits for, again and again, until it is `ending`.
    async fn attend(&self, declared: &Declared, notes: Noting, ending: &CancellationToken) -> Result<(), Broken> {
        let Noting { _busy: busy, .. } = match &declared.trigger().kind {
            Kind::Event { topic } => return self.hear(declared, topic, notes, ending).await,
            _ => notes,
        };
        match &declared.trigger().kind {
            Kind::Schedule { cron, zone, catch_up, .. } => match Calendar::read(cron, zone.as_deref()) {
                Ok(calendar) => {
                    let catch_up = CatchUp::named(catch_up.as_deref());
                    self.keep_time(declared, &calendar, catch_up, busy, ending).await
                }
                Err(reason) => Err(Broken(reason.into())),
            },
            Kind::Every { every, catch_up, .. } => {
                self.keep_time(declared, &Every(*every), CatchUp::named(catch_up.as_deref()), busy, ending).await
            }
            Kind::File { glob, on } => {
                // Files lie outside, and come by the time of day.
                drop(busy);
                self.watch_files(declared, glob, on, ending).await
            }
            // Requests come by themselves, polls ask together with others; personas have nobody who listens yet.
            Kind::Api { .. }
            | Kind::Webhook { .. }
            | Kind::Form { .. }
            | Kind::Event { .. }
            | Kind::Persona { .. }
            | Kind::Connector { .. } => Ok(()),
        }
    }

    /// Forgets how far those have heard that no program declares any more: should one come back, it begins anew, and what
    /// happened meanwhile was not for it. Which files were taken stays known.
    async fn forget_those_gone(&self) -> Result<(), Broken> {
        let names = || self.all().iter().map(|declared| &declared.name);
        let polls = || self.polls().iter().map(|asked| &asked.name);
        let (triggers, polls): (BTreeSet<&Arc<str>>, BTreeSet<&Arc<str>>) = (names().collect(), polls().collect());
        for (prefix, there) in [(due::FACTS, &triggers), (event::FACTS, &triggers), (poll::FACTS, &polls)] {
            let known = self.driver().facts(prefix).await?;
            let is_gone = |name: &str| !name.strip_prefix(prefix).is_some_and(|name| there.contains(&Arc::from(name)));
            let gone: Vec<Fact> = known
                .into_keys()
                .filter(|name| is_gone(name))
                .map(|name| Fact { name, value: None, until: None })
                .collect();
            if !gone.is_empty() {
                self.driver().note(gone).await?;
            }
        }
        Ok(())
    }

    /// Submits what nobody waits for; either way the facts are kept.
    async fn take(&self, declared: &Declared, value: Value, run: RunId, facts: Vec<Fact>) -> Result<(), Broken> {
        let item = Item { trigger: declared.index, value, run: Some(run), facts: facts.clone(), origin: None };
        if self.offer(declared, item).await? { Ok(()) } else { self.driver().note(facts).await.map(drop) }
    }

    /// Submits what nobody waits for. What the workflow cannot take is said, and passed over. Whether the facts were kept with
    /// a run.
    async fn offer(&self, declared: &Declared, item: Item) -> Result<bool, Broken> {
        match self.driver().submit_to(declared.plan.clone(), item).await {
            Ok(Submitted::Started(_) | Submitted::Collected(_)) => Ok(true),
            Ok(Submitted::Joined(_) | Submitted::Skipped(_) | Submitted::PassedOver) => Ok(false),
            Err(StartError::Store(broken)) => Err(broken),
            Err(error) => {
                tracing::error!(trigger = %declared.name, "no run was started: {error}");
                Ok(false)
            }
        }
    }

    /// Submits what a request brings: the run, or what is answered where there is none to wait for.
    async fn submit(
        &self,
        declared: &Declared,
        value: Value,
        run: Option<RunId>,
        facts: Vec<Fact>,
    ) -> Result<Result<Running, Answer>, Refusal> {
        let item = Item { trigger: declared.index, value, run, facts, origin: None };
        let submitted = self.driver().submit_to(declared.plan.clone(), item).await.map_err(answer::not_started)?;
        match submitted {
            Submitted::Started(running) | Submitted::Joined(running) => Ok(Ok(running)),
            Submitted::PassedOver => Ok(Err(Answer::empty(204))),
            Submitted::Collected(run) => Ok(Err(answer::accepted(&run))),
            Submitted::Skipped(running) => {
                let refusal = Refusal::new(429, "other runs of this workflow have all the places");
                Err(refusal.with("run", running.id().0.clone()))
            }
        }
    }

    /// The value of a formula of a trigger.
    fn evaluate(&self, declared: &Declared, formula: &Formula, trigger: &Value) -> Result<Value, Refusal> {
        let world = self.driver().world();
        let names = Names { trigger, now: world.clock.now(), settings: &*world.settings };
        names.evaluate(&declared.plan, formula).map_err(|failure| Refusal::new(500, failure.to_string()))
    }

    fn driver(&self) -> &Driver {
        &self.inner.driver
    }

    fn clock(&self) -> &Arc<dyn Clock> {
        &self.driver().world().clock
    }

    fn now(&self) -> Timestamp {
        self.clock().now()
    }

    fn roots(&self) -> Option<&Roots> {
        self.inner.outside.roots.as_ref()
    }

    fn patience(&self) -> Duration {
        self.inner.outside.patience
    }

    /// The triggers that connectors declare.
    fn sources(&self) -> &[Sourced] {
        &self.inner.sources
    }

    fn polls(&self) -> &[Arc<Asked>] {
        &self.inner.polls
    }

    fn lessons(&self) -> &Lessons {
        &self.inner.lessons
    }

    fn environment(&self) -> &Environment {
        self.inner.outside.connectors.environment()
    }
}

impl fmt::Debug for Triggers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Triggers").field(&self.inner.all).finish()
    }
}
