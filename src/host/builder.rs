//! What an engine is put together from: a program, its settings, connectors, whoever answers questions.

#[cfg(feature = "http")]
mod alone;
#[cfg(feature = "http")]
mod needs;

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
#[cfg(feature = "http")]
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::answers::{Answered, Answers, Asked};
use super::attend::Attendant;
use super::clock::WallClock;
use super::engine::Engine;
use super::program::{Faults, Program};
use super::replaceable::{Brought, Replaceable};
#[cfg(feature = "sandbox")]
use super::sandbox::Sandbox;
use super::settings::Settings;
use super::settings::configure::Uses;
use crate::base::failure::{Failure, Kind};
use crate::base::value::Value;
use crate::connect::files::Roots;
#[cfg(feature = "http")]
use crate::connect::http::login::Login;
use crate::connect::left_out;
use crate::connect::log::Log;
#[cfg(feature = "http")]
use crate::connect::vault::Vault;
use crate::connect::{Call, Configured, Connectors, Environment, Native, Natives, Traffic};
use crate::lang::plan::Package;
#[cfg(feature = "http")]
use crate::lang::plan::connector::Auth;
use crate::lang::plan::trigger;
use crate::run::driver::{Driver, Duty};
use crate::run::journal::Journal;
use crate::run::world::{BoxFuture, Clock, Consult, Consulted, Perform, Question, World};
#[cfg(feature = "http")]
use crate::store::keyring::{self, Keyring};

#[cfg(feature = "http")]
pub use alone::Alone;
#[cfg(feature = "http")]
pub use needs::Needs;

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
    answers: Option<Arc<Answers>>,
    #[cfg(feature = "http")]
    vault: Option<PathBuf>,
    #[cfg(feature = "sandbox")]
    sandbox: Option<Arc<Sandbox>>,
}

/// What the settings make of a program.
struct Prepared {
    package: Arc<Package>,
    settings: Settings,
    configured: Vec<Configured>,
    environment: Environment,
    natives: Natives,
    /// What of the settings is probably not as meant.
    warnings: Faults,
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
            answers: None,
            #[cfg(feature = "http")]
            vault: None,
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

    /// Lets people answer when they come to it, by [`Driver::answer`]: until then the question stands, and the run that asks
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
    /// [`Driver::recover`] takes up what was cut off.
    #[must_use]
    pub fn journal(mut self, journal: Arc<dyn Journal>) -> Self {
        self.journal = Some(journal);
        self
    }

    /// Keeps in `data` what the engine itself is given by those it asks, sealed: refresh tokens that the far side rotates, tokens of
    /// logins. Otherwise it forgets them with the process.
    #[cfg(feature = "http")]
    #[must_use]
    pub fn credentials_in(mut self, data: &Path) -> Self {
        self.vault = Some(data.join(keyring::DIRECTORY));
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

    /// Lets `answers` answer in place of the operations, workflows and waiting steps that they name: no settings are wanted for those.
    /// Steps that wait for no person are answered as long as [`Engine::attend`] is waited for.
    #[must_use]
    pub fn answers(mut self, answers: Arc<Answers>) -> Self {
        self.answers = Some(answers);
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
    pub fn build(mut self) -> Result<Engine, BuildError> {
        let mut uses = match &self.workflow {
            Some(workflow) => Uses::of(&self.program.package, workflow),
            None => Uses::of_all(&self.program.package),
        };
        let answers = self.answers.take();
        answers.iter().for_each(|answers| uses.leave_out(&answers.operations()));
        let consult = self.consult.take();
        let (clock, journal, duty) = (self.clock.clone(), self.journal.take(), self.duty);
        #[cfg(feature = "sandbox")]
        let sandbox = self.sandbox.clone();
        let Prepared { package, settings, configured, environment, natives, warnings } = self.prepare(&uses)?;
        without_body(&package, &natives)?;
        let (mask, retention, patience) = (settings.mask().clone(), settings.retention(), settings.patience());
        let (roots, traffic) = (Roots::of(&environment).ok(), environment.traffic.clone());
        #[cfg(feature = "sandbox")]
        let consult = consult.or_else(|| sandbox.as_ref().map(|sandbox| sandbox.consult()));
        let parts = Arc::new(Replaceable::new(Brought {
            settings: Arc::new(settings),
            connectors: Arc::new(Connectors::new(environment, configured, natives)),
            traffic: traffic.clone(),
            retention,
            roots,
            patience,
            warnings: Arc::new(warnings),
            #[cfg(feature = "sandbox")]
            _sandbox: sandbox,
        }));
        let consult = consult.unwrap_or_else(|| Arc::new(Nobody));
        let (perform, consult): (Arc<dyn Perform>, Arc<dyn Consult>) = match &answers {
            Some(answers) => (
                Arc::new(Answered { answers: answers.clone(), others: parts.clone(), clock: clock.clone() }),
                Arc::new(Asked { answers: answers.clone(), others: consult, clock: clock.clone() }),
            ),
            None => (parts.clone(), consult),
        };
        let world = World { settings: parts.clone(), perform, consult, clock: clock.clone(), journal };
        let driver = Driver::new(world, package, duty);
        traffic.waits_in(driver.activity());
        let attendant = answers.map(|answers| Arc::new(Attendant::new(answers, driver.clone(), clock)));
        Ok(Engine { driver, parts, mask, attendant })
    }

    /// Reads the settings and makes ready what `uses` needs of connectors.
    ///
    /// # Errors
    /// Settings that are missing or wrong.
    fn prepare(self, uses: &Uses) -> Result<Prepared, BuildError> {
        // A stand-in needs no settings, so none is read that could point elsewhere.
        let stands_in = self.stands_in();
        let environment = if stands_in { Vec::new() } else { self.environment };
        #[cfg(feature = "http")]
        let (key, environment) = without_key(environment);
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
        let (configured, found) = settings.configure(&package, uses, &mut sources);
        diagnostics.extend(found);
        if diagnostics.iter().any(crate::base::diagnostic::Diagnostic::is_error) {
            return Err(BuildError::Settings(Faults { diagnostics, sources }));
        }
        let (environment, natives) = (settings.environment(self.log), self.natives);
        let environment = Environment { traffic: Traffic::by(self.clock), ..environment };
        #[cfg(feature = "http")]
        let environment = closed(environment, self.vault.as_deref());
        #[cfg(feature = "http")]
        let environment = with_vault(environment, self.vault.filter(|_| !stands_in), key);
        #[cfg(feature = "sandbox")]
        let (environment, natives) = match &self.sandbox {
            Some(sandbox) => (sandbox.enclose(environment), sandbox.natives(natives)),
            None => (environment, natives),
        };
        Ok(Prepared { package, settings, configured, environment, natives, warnings: Faults { diagnostics, sources } })
    }

    /// Begins to sign a person in to the service of `connector`: who opens the login's address in a browser is asked there, and
    /// comes back to `port` of this machine, or to any that is free. What the service then gives lies where
    /// [`Builder::credentials_in`] says.
    ///
    /// # Errors
    /// A connector that has no such way to sign in, settings that are missing.
    #[cfg(feature = "http")]
    pub async fn login(self, connector: &str, port: u16) -> Result<Login, LoginError> {
        let Program { package, mut sources, directory, .. } = self.program;
        let declared = package.connectors.get(connector).ok_or_else(|| LoginError::Unknown(connector.into()))?;
        if !declared.auth.iter().any(Auth::needs_login) {
            return Err(LoginError::NoWay(connector.into()));
        }
        let (key, environment) = without_key(self.environment);
        let (settings, mut diagnostics) = Settings::read(&directory, environment, &self.given, &mut sources);
        let (mut configured, found) = settings.configure(&package, &Uses::of_connector(connector), &mut sources);
        diagnostics.extend(found);
        diagnostics.retain(crate::base::diagnostic::Diagnostic::is_error);
        if !diagnostics.is_empty() {
            return Err(LoginError::Settings(diagnostics));
        }
        let Some(configured) = configured.pop() else { return Err(LoginError::Unknown(connector.into())) };
        let credentials =
            settings.login(&configured).map_err(|lacking| LoginError::Lacking(connector.into(), lacking))?;
        let environment = with_vault(settings.environment(self.log), self.vault, key);
        Login::begin(configured, environment, credentials, port).await.map_err(LoginError::Failed)
    }

    fn stands_in(&self) -> bool {
        #[cfg(feature = "sandbox")]
        return self.sandbox.is_some();
        #[cfg(not(feature = "sandbox"))]
        return false;
    }
}

/// The key of the vault, and the other variables: it is for the engine, and no setting of a program.
#[cfg(feature = "http")]
fn without_key(variables: Vec<(String, String)>) -> (Option<String>, Vec<(String, String)>) {
    let (keys, others): (Vec<_>, Vec<_>) = variables.into_iter().partition(|(name, _)| name == keyring::KEY_VARIABLE);
    (keys.into_iter().map(|(_, key)| key).find(|key| !key.is_empty()), others)
}

#[cfg(feature = "http")]
fn with_vault(environment: Environment, directory: Option<PathBuf>, key: Option<String>) -> Environment {
    key.iter().for_each(|key| environment.mask.learn(key));
    let vault = |directory| Arc::new(Vault::new(Keyring::new(directory, key.as_deref())));
    Environment { vault: directory.map(vault), ..environment }
}

/// The engine's data are no files of its programs.
#[cfg(feature = "http")]
fn closed(mut environment: Environment, credentials: Option<&Path>) -> Environment {
    let data = credentials.and_then(Path::parent).and_then(|data| std::path::absolute(data).ok());
    environment.closed.extend(data);
    environment
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("natives", &self.natives).finish_non_exhaustive()
    }
}

/// Whether each operation that the package calls can be carried out: by this build, and, where it is native, by a body.
fn without_body(package: &Package, natives: &Natives) -> Result<(), BuildError> {
    let polled = package.plans.values().flat_map(|plan| &plan.triggers).filter_map(|trigger| match &trigger.kind {
        trigger::Kind::Connector { connector, name, .. } => package.connectors.get(connector)?.polled(name),
        _ => None,
    });
    let called = package.plans.values().flat_map(|plan| plan.operations.values()).chain(polled);
    let (mut bodiless, mut lacking, mut features) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for operation in called {
        let (name, choice) = (operation.signature.full_name(), left_out::features(operation));
        let has_body = natives.get(&name).is_some();
        if !has_body && !choice.is_empty() {
            lacking.insert(name);
            features.insert(choice);
        } else if !has_body && operation.request.is_none() {
            bodiless.insert(name);
        }
    }
    let listed = |names: BTreeSet<Arc<str>>| names.into_iter().collect::<Vec<_>>();
    match (lacking.is_empty(), bodiless.is_empty()) {
        (true, true) => Ok(()),
        (true, false) => Err(BuildError::NoBody(listed(bodiless))),
        (false, _) => {
            Err(BuildError::LeftOut { operations: listed(lacking), features: features.into_iter().collect() })
        }
    }
}

/// Why an engine could not be put together.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BuildError {
    /// The program is wrong.
    #[error("{0}")]
    Program(Faults),
    /// Settings are missing or wrong.
    #[error("{0}")]
    Settings(Faults),
    /// Native operations have no body in this engine.
    #[error("these native operations have no body here: {}", .0.join(", "))]
    NoBody(Vec<Arc<str>>),
    /// Operations of the standard library need features that this build does not have.
    #[error("this build cannot carry out {}: it needs {}", operations.join(", "), needed(features))]
    LeftOut {
        /// The operations, as programs name them.
        operations: Vec<Arc<str>>,
        /// What is needed: of each of these, one feature.
        features: Vec<&'static [&'static str]>,
    },
    /// The stand-ins of the sandbox found no free port.
    #[error("the stand-ins of the sandbox found no free port: {0}")]
    NoSandbox(Arc<str>),
}

impl BuildError {
    /// What is wrong with the texts, if that is it.
    pub fn faults(&self) -> Option<&Faults> {
        match self {
            Self::Program(faults) | Self::Settings(faults) => Some(faults),
            Self::NoBody(_) | Self::LeftOut { .. } | Self::NoSandbox(_) => None,
        }
    }
}

/// Why nobody can sign in.
#[cfg(feature = "http")]
#[derive(Clone, Debug, thiserror::Error)]
pub enum LoginError {
    /// No connector of the program has this name.
    #[error("there is no connector `{0}`")]
    Unknown(Arc<str>),
    /// The connector has no such way to sign in.
    #[error("nobody signs in to `{0}` in a browser: it has no `auth oauth2 {{ grant: \"authorization_code\" ... }}`")]
    NoWay(Arc<str>),
    /// The settings do not say which app asks.
    #[error("`{0}` needs an app that asks for access: {list}", list = lacking(.1))]
    Lacking(Arc<str>, Vec<Arc<str>>),
    /// Settings are missing or wrong.
    #[error("{}", .0.iter().map(|it| &*it.message).collect::<Vec<_>>().join("; "))]
    Settings(Vec<crate::base::diagnostic::Diagnostic>),
    /// It could not begin.
    #[error("{0}")]
    Failed(Failure),
}

/// What is to be set.
#[cfg(feature = "http")]
fn lacking(variables: &[Arc<str>]) -> String {
    match variables {
        [] => "its `auth oauth2` lacks `authorize_url`, `token_url` or `client_id`".to_owned(),
        variables => format!("set {}", variables.join(" and ")),
    }
}

fn needed(features: &[&[&str]]) -> String {
    features.iter().map(|choice| left_out::needed(choice)).collect::<Vec<_>>().join(" and ")
}

/// Nobody answers.
struct Nobody;

impl Consult for Nobody {
    fn consult(&self, question: Question) -> BoxFuture<'_, Result<Consulted, Failure>> {
        let message = format!(
            "{} is asked, and nobody can answer here; under `flow serve` people answer by `flow answer`",
            question.whom
        );
        Box::pin(std::future::ready(Err(Failure::new(Kind::NotFound, message))))
    }
}

/// People answer when they come to it, by [`Driver::answer`]; nobody else does.
struct People;

impl Consult for People {
    fn consult(&self, question: Question) -> BoxFuture<'_, Result<Consulted, Failure>> {
        let is_person = question.whom.starts_with("role ") || question.whom.starts_with("person ");
        if is_person { Box::pin(std::future::ready(Ok(Consulted::Later))) } else { Nobody.consult(question) }
    }
}
