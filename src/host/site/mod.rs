//! A directory whose programs run: the engine, what listens for it, and how both are made anew when the directory has changed.
//!
//! In: an engine, and a way to make another of what stands in the directory now. Out: deployments. Never: a version that does
//! not compile; the one that runs goes on (held by `tests/serve/deployment.rs`).

/// What is said of a deployment, in the log.
mod told;
/// Deploying what changes.
#[cfg(feature = "serve")]
mod watch;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Mutex as Turn;

use super::builder::BuildError;
use super::deploy::Deployment;
use super::engine::Engine;
use super::program::Faults;
use crate::base::time::Timestamp;
use crate::run::journal::Broken;
use crate::run::world::BoxFuture;
use crate::trigger::{Listening, Triggers};

/// Makes engines of what stands in a directory.
pub trait Make: Send + Sync {
    /// An engine of what stands there now. It is never started.
    fn make(&self) -> BoxFuture<'_, Result<Engine, BuildError>>;
}

/// What runs of a directory. Clones share everything.
#[derive(Clone)]
pub struct Site {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    source: Option<Source>,
    /// Deployments come one after the other. What listens for the engine, as long as it is to.
    turn: Turn<Option<Listening>>,
    now: Mutex<Now>,
}

/// Where programs come from.
struct Source {
    directory: PathBuf,
    make: Box<dyn Make>,
}

/// How it stands.
struct Now {
    triggers: Option<Triggers>,
    version: Version,
}

/// Which version runs, and what became of later ones.
#[derive(Clone, Debug)]
pub struct Version {
    /// Since when it runs, as programs see the time.
    pub since: Timestamp,
    /// By whose word.
    pub by: Arc<str>,
    /// What its deployment meant for the runs that were under way; none for the one the process began with.
    pub deployment: Option<Arc<Deployment>>,
    /// The last version that was not taken, if what stands in the directory is not what runs.
    pub refused: Option<Arc<Refused>>,
}

/// A version that does not run.
#[derive(Clone, Debug)]
pub struct Refused {
    /// When it was looked at.
    pub at: Timestamp,
    /// Why.
    pub error: BuildError,
}

/// Why nothing was deployed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Undeployed {
    /// There is no directory.
    #[error("this engine was given its programs: there is no directory to deploy from")]
    NoDirectory,
    /// The programs cannot run.
    #[error(transparent)]
    Unfit(#[from] BuildError),
    /// The journal cannot be read or written.
    #[error(transparent)]
    Broken(#[from] Broken),
}

impl Site {
    /// What `engine` runs, and nothing else for ever.
    pub fn fixed(engine: Engine) -> Self {
        Self::with(engine, None)
    }

    /// What `engine` runs, which was made of what stands in `directory`; `make` makes later ones.
    pub fn of(engine: Engine, directory: &Path, make: impl Make + 'static) -> Self {
        // It is the same directory wherever it is named from.
        let directory = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
        Self::with(engine, Some(Source { directory, make: Box::new(make) }))
    }

    fn with(engine: Engine, source: Option<Source>) -> Self {
        let version = Version { since: engine.now(), by: "start".into(), deployment: None, refused: None };
        let now = Mutex::new(Now { triggers: None, version });
        Self { inner: Arc::new(Inner { engine, source, turn: Turn::default(), now }) }
    }

    /// What runs the workflows.
    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// Where programs come from, if a directory is deployed from.
    pub fn directory(&self) -> Option<&Path> {
        self.inner.source.as_ref().map(|source| source.directory.as_path())
    }

    /// Which version runs.
    pub fn version(&self) -> Version {
        self.now().version.clone()
    }

    /// What starts runs by requests of their own, if anything listens for them.
    pub fn triggers(&self) -> Option<Triggers> {
        self.now().triggers.clone()
    }

    /// Lets the triggers of the programs listen from now on, those of later versions too.
    ///
    /// # Errors
    /// Where two of them mean the same requests, or one asks for something that is not there.
    pub async fn listen(&self) -> Result<(), Faults> {
        let triggers = self.engine().triggers()?;
        *self.inner.turn.lock().await = Some(hearing(&triggers).await);
        self.now().triggers = Some(triggers);
        Ok(())
    }

    /// Lets nothing start runs any more. What triggers have taken is taken.
    pub async fn fall_silent(&self) {
        if let Some(listening) = self.inner.turn.lock().await.take() {
            listening.end().await;
        }
    }

    /// What deploying what stands in the directory now would mean for the runs under way. Nothing changes.
    ///
    /// # Errors
    /// If it cannot run, or the journal cannot be read.
    pub async fn preview(&self) -> Result<Deployment, Undeployed> {
        let newer = self.source()?.make.make().await?;
        self.engine().triggers_of(&newer).map_err(BuildError::Program)?;
        Ok(self.engine().would_mean(&newer.package()).await?)
    }

    /// Deploys what stands in the directory now, by the word of `by`: new runs are runs of it, its triggers listen instead of
    /// those before, and runs under way go on under it where they may. What the triggers before have taken is taken; those of
    /// now go on where they were.
    ///
    /// # Errors
    /// If it cannot run: then the version that runs goes on, and [`Site::version`] says so. If the journal cannot be read or
    /// written.
    pub async fn deploy(&self, by: &str) -> Result<Arc<Deployment>, Undeployed> {
        let source = self.source()?;
        let mut turn = self.inner.turn.lock().await;
        match source.make.make().await {
            Ok(newer) => self.take(newer, by, &mut turn).await,
            Err(error) => Err(self.refuse(error).into()),
        }
    }

    /// Offers what runs to the runs that began under programs of before the process.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn catch_up(&self) -> Result<(), Broken> {
        let _turn = self.inner.turn.lock().await;
        let package = self.engine().package();
        told::verdicts(&self.engine().offer_all(&package, &package, Some("start")).await?);
        Ok(())
    }

    /// Replaces what runs by `newer`.
    async fn take(
        &self,
        newer: Engine,
        by: &str,
        listening: &mut Option<Listening>,
    ) -> Result<Arc<Deployment>, Undeployed> {
        let engine = self.engine();
        if let Some(trouble) = engine.progress().trouble {
            return Err(Broken(format!("the journal cannot be written: {trouble}").into()).into());
        }
        let triggers = match engine.triggers_of(&newer) {
            Ok(triggers) => triggers,
            Err(faults) => return Err(self.refuse(BuildError::Program(faults)).into()),
        };
        let listened = listening.is_some();
        if let Some(listening) = listening.take() {
            listening.end().await;
        }
        let before = engine.package();
        engine.take_over(&newer);
        if listened {
            *listening = Some(hearing(&triggers).await);
            self.now().triggers = Some(triggers);
        }
        told::changes(&before, &engine.package());
        let deployment = Arc::new(engine.offer_all(&before, &engine.package(), Some(by)).await?);
        told::verdicts(&deployment);
        let version =
            Version { since: engine.now(), by: by.into(), deployment: Some(deployment.clone()), refused: None };
        self.now().version = version;
        Ok(deployment)
    }

    /// Keeps why a version was not taken.
    fn refuse(&self, error: BuildError) -> BuildError {
        let refused = Refused { at: self.engine().now(), error: error.clone() };
        self.now().version.refused = Some(Arc::new(refused));
        error
    }

    fn source(&self) -> Result<&Source, Undeployed> {
        self.inner.source.as_ref().ok_or(Undeployed::NoDirectory)
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        // Whoever held the lock did not leave half a change behind.
        self.inner.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets triggers listen, and waits until nothing that happens from now on is missed.
async fn hearing(triggers: &Triggers) -> Listening {
    let mut listening = triggers.listen();
    listening.hears().await;
    listening
}

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Site").field("engine", self.engine()).field("directory", &self.directory()).finish()
    }
}
