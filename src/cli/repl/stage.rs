//! Where what is said is carried out: the real engine, with the settings, the stand-ins and the answers by hand of the session.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::super::ask::Terminal;
#[cfg(unix)]
use super::super::ask::whoever;
use super::super::face::Face;
use super::super::paper::{Palette, colour_on_stderr, say, styled};
use super::super::run::watch::{Interrupts, watch as watched};
use super::super::screen::Screen;
use super::super::tree::Tree;
use super::super::{log, panic, stand_in};
use crate::base::id::RunId;
use crate::base::report;
use crate::base::secret::Mask;
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::host::answers::Answers;
use crate::host::clock::VirtualClock;
use crate::host::sandbox::Sandbox;
use crate::host::{BuildError, Builder, Engine, Faults, Program};
use crate::lang::plan::Plan;
use crate::run::driver::Summary;
use crate::run::intake::{self, StartError};
#[cfg(unix)]
use crate::run::machine::Command;
use crate::store::Memory;

/// How long a run that was killed has to say so.
const GRACE: Duration = Duration::from_secs(1);
/// How long a run whose terminal has gone has to come to its end in order.
#[cfg(unix)]
const LAST_PATIENCE: Duration = Duration::from_secs(10);
/// How a process ends that Ctrl-C has ended.
const INTERRUPTED: i32 = 130;
/// How one ends whose terminal has gone.
#[cfg(unix)]
const HUNG_UP: i32 = 129;

/// Where runs of a session are carried out.
pub struct Stage {
    runtime: Runtime,
    screen: Arc<Screen>,
    /// All secrets that any run has met.
    mask: Mask,
    /// `--set`.
    pub settings: Vec<String>,
    /// Whether stand-ins take everything.
    pub sandboxed: bool,
    /// Who answers by hand.
    pub answers: Option<Arc<Answers>>,
    /// Whether somebody can be asked.
    asks: bool,
    /// Whether something is carried out.
    busy: Arc<AtomicBool>,
    /// Whether the terminal has gone.
    gone: watch::Sender<bool>,
}

/// A run of the session, with what happened in it.
#[derive(Clone)]
pub struct Came {
    /// Its id.
    pub id: RunId,
    /// What it was a run of.
    pub plan: Arc<Plan>,
    /// Where its records are.
    pub store: Arc<Memory>,
    /// How it ended; none where it was left behind.
    pub summary: Option<Summary>,
}

/// Why nothing was carried out.
pub enum Trouble {
    /// Settings are missing or wrong.
    Build(Box<BuildError>),
    /// The run could not begin.
    Start(Box<StartError>),
}

/// How a run is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// As by `flow run`.
    Whole,
    /// Only as long as it takes.
    Fleeting,
}

impl Stage {
    /// A stage on these threads.
    pub fn new(runtime: Runtime, live: bool, settings: Vec<String>, sandboxed: bool, asks: bool) -> Self {
        let (screen, mask) = (Arc::new(Screen::new(Palette::for_stderr(), live)), Mask::default());
        screen.hide(mask.clone());
        panic::cover(mask.clone());
        log::listen(screen.clone());
        Self {
            runtime,
            screen,
            mask,
            settings,
            sandboxed,
            answers: None,
            asks,
            busy: Arc::default(),
            gone: watch::Sender::new(false),
        }
    }

    /// From now on Ctrl-C ends the process where nothing is carried out: nobody edits a line that it could drop.
    pub fn leave_when_interrupted(&self) {
        let busy = self.busy.clone();
        self.runtime.spawn(async move {
            let mut interrupts = Interrupts::listen();
            loop {
                interrupts.next().await;
                if !busy.load(Ordering::SeqCst) {
                    std::process::exit(INTERRUPTED);
                }
            }
        });
    }

    /// From now on a terminal that goes cancels what is carried out, and the session ends.
    #[cfg(unix)]
    pub fn leave_when_hung_up(&self) {
        use tokio::signal::unix::{SignalKind, signal};
        let (gone, busy) = (self.gone.clone(), self.busy.clone());
        self.runtime.spawn(async move {
            // Where the system lets nobody listen, it ends the process.
            let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
            hangup.recv().await;
            gone.send_replace(true);
            while busy.load(Ordering::SeqCst) {
                tokio::time::sleep(GRACE).await;
            }
            // Whoever waits for a key hears that none will come; who does not is not waited for.
            tokio::time::sleep(GRACE).await;
            std::process::exit(HUNG_UP);
        });
    }

    /// There is no such thing here.
    #[cfg(not(unix))]
    pub fn leave_when_hung_up(&self) {}

    /// Whether the terminal has gone.
    pub fn is_gone(&self) -> bool {
        *self.gone.borrow()
    }

    /// Ends when the terminal has gone and a run that was cancelled for it has not come to its end.
    #[cfg(unix)]
    async fn hung_up(&self, engine: &Engine, run: &RunId) {
        let mut gone = self.gone.subscribe();
        if gone.wait_for(|gone| *gone).await.is_err() {
            return std::future::pending().await;
        }
        engine.call_to(run, Command::Cancel { by: whoever() });
        tokio::time::sleep(LAST_PATIENCE).await;
        engine.call_to(run, Command::Kill { by: whoever() });
        tokio::time::sleep(GRACE).await;
    }

    #[cfg(not(unix))]
    async fn hung_up(&self, _: &Engine, _: &RunId) {
        std::future::pending().await
    }

    /// The colours of stderr.
    pub fn palette(&self) -> &Palette {
        &self.screen.palette
    }

    /// `text` without secrets.
    pub fn covered(&self, text: &str) -> String {
        self.mask.cover(text)
    }

    /// How wide the terminal is.
    pub fn width(&self) -> usize {
        self.screen.size().0
    }

    /// From now on Ctrl-C ends no process: whoever edits a line has it as a key, and what is carried out hears of it.
    pub fn stay_when_interrupted(&self) {
        let _inside = self.runtime.enter();
        drop(Interrupts::listen());
    }

    /// What some work comes to, on a thread of its own; none where Ctrl-C was pressed: it is left behind then, and meets its bounds.
    pub fn computed<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        self.busy.store(true, Ordering::SeqCst);
        let came = self.runtime.block_on(async {
            let mut interrupts = Interrupts::listen();
            let mut gone = self.gone.subscribe();
            tokio::select! {
                came = tokio::task::spawn_blocking(work) => came.ok(),
                () = interrupts.next() => None,
                Ok(_) = gone.wait_for(|gone| *gone) => None,
            }
        });
        self.busy.store(false, Ordering::SeqCst);
        came
    }

    /// Waits for something on the threads of the session.
    #[cfg(feature = "sqlite")]
    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Nothing more is carried out; what was left behind is not waited for.
    pub fn leave(self) {
        self.runtime.shutdown_background();
    }

    /// Carries a workflow out.
    ///
    /// # Errors
    /// Where it could not begin.
    pub fn perform(&self, program: Program, workflow: &str, input: &Value, look: Look) -> Result<Came, Trouble> {
        self.busy.store(true, Ordering::SeqCst);
        let came = self.runtime.block_on(self.to_the_end(program, workflow, input, look));
        self.busy.store(false, Ordering::SeqCst);
        came
    }

    async fn to_the_end(&self, program: Program, workflow: &str, input: &Value, look: Look) -> Result<Came, Trouble> {
        let Some(plan) = program.package.plans.get(workflow).cloned() else {
            return Err(Trouble::Start(Box::new(StartError::UnknownWorkflow(workflow.into()))));
        };
        let sandbox = match self.sandboxed {
            false => None,
            true => Some(Arc::new(
                Sandbox::start(&program.package, |_| {})
                    .await
                    .map_err(|error| Trouble::Build(Box::new(BuildError::NoSandbox(error.to_string().into()))))?,
            )),
        };
        let clock = self.sandboxed.then(|| VirtualClock::at(Timestamp::now()));
        let store = Arc::new(Memory::default());
        let data = program.directory.join(super::super::program::DATA);
        let mut builder = Builder::new(program)
            .environment()
            .only(workflow)
            .log(log::to_screen(self.screen.clone()))
            .credentials_in(&data)
            .journal(store.clone());
        builder = self.settings.iter().fold(builder, |builder, assignment| builder.set(assignment));
        if let Some(answers) = &self.answers {
            builder = builder.answers(answers.clone());
        }
        // As long as the run: what is typed then is no answer.
        let terminal = self.asks.then(|| Arc::new(Terminal::new(self.screen.clone())));
        if let Some(terminal) = &terminal {
            builder = builder.consult(terminal.clone());
        }
        if let Some(sandbox) = &sandbox {
            builder = builder.sandbox(sandbox.clone());
        }
        if let Some(clock) = &clock {
            builder = builder.clock(clock.clone());
        }
        let engine = builder.build().map_err(|error| Trouble::Build(Box::new(error)))?;
        self.mask.follow(engine.mask());
        if !engine.warnings().diagnostics.is_empty() {
            let Faults { diagnostics, sources } = &*engine.warnings();
            say(&report::to_text(diagnostics, sources, colour_on_stderr()));
        }
        let broken = |error| Trouble::Start(Box::new(StartError::Store(error)));
        engine.recover().await.map_err(broken)?;
        let given = intake::fit(&plan, input).map(|input| input.secrets()).unwrap_or_default();
        let _held = engine.mask().hold(given);
        let running = engine.start(workflow, input).await.map_err(|error| Trouble::Start(Box::new(error)))?;
        let id = running.id().clone();
        let tree = Tree::of_new(plan.clone(), engine.mask().clone());
        let mut face = match look {
            Look::Whole => Face::new(tree, self.screen.clone()),
            Look::Fleeting => Face::fleeting(tree, self.screen.clone()),
        };
        let summary = tokio::select! {
            summary = watched(&engine, running, &mut face, terminal.as_ref(), clock.as_ref()) => Some(summary),
            () = engine.attend() => None,
            () = patience_ends() => None,
            () = self.hung_up(&engine, &id) => None,
        };
        terminal.iter().for_each(|terminal| terminal.close());
        face.finish(engine.now());
        if let Some(sandbox) = sandbox.filter(|sandbox| !sandbox.sent().is_empty() || !sandbox.files().1.is_empty()) {
            say(&engine.mask().cover(&stand_in::report(&sandbox, self.palette())));
        }
        if summary.is_none() {
            say(&styled(
                self.palette().doubtful,
                "it computes, and hears nothing; it is left behind and ends by itself",
            ));
        }
        Ok(Came { id, plan, store, summary })
    }
}

/// Ends when a run was killed and has not said so: what computes without an end hears nothing.
async fn patience_ends() {
    let mut interrupts = Interrupts::listen();
    interrupts.next().await;
    interrupts.next().await;
    tokio::time::sleep(GRACE).await;
}
