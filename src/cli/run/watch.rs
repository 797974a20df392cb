//! Watching a run to its end: its records, the person at the terminal, Ctrl-C.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::hurry;
use crate::base::id::RunId;
use crate::base::value::Value;
use crate::cli::ask::{Terminal, whoever};
use crate::cli::face::Face;
use crate::host::Engine;
use crate::host::clock::VirtualClock;
use crate::run::driver::Running;
use crate::run::driver::Summary;
use crate::run::event::{Decision, UnitId};
use crate::run::machine::{Command, Target};

/// How often the tree is drawn.
const FRAME: Duration = Duration::from_millis(80);

/// Shows a run until it rests. With a `clock` that is moved by hand, nothing that the run waits for takes any time.
pub async fn watch(
    engine: &Engine,
    mut running: Running,
    face: &mut Face,
    terminal: Option<&Arc<Terminal>>,
    clock: Option<&VirtualClock>,
) -> Summary {
    let mut passing = pin!(hurry::pass_time(engine, clock, terminal));
    let mut passes = clock.is_some();
    let mut interrupts = Interrupts::listen();
    let mut frames = tokio::time::interval(FRAME);
    frames.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let mut decisions = JoinSet::new();
    let mut interrupted = 0u32;
    // What is shown may be slower than what is done, a terminal that was stopped above all.
    running.keep_up();
    loop {
        tokio::select! {
            biased;
            () = interrupts.next() => {
                interrupted += 1;
                if interrupted == 1 {
                    running.cancel(&whoever());
                    face.say("cancelling: undoing, finishing ... (Ctrl-C again kills)");
                } else {
                    running.kill(&whoever());
                    face.say("killed");
                }
            }
            _ = frames.tick(), if face.is_live() => face.draw(engine.now()),
            () = &mut passing, if passes => {
                passes = false;
                face.say(&format!("it waited {} times, and the sandbox waits no more: cancelling", hurry::WAITS_MAX));
                running.cancel("sandbox");
            }
            record = running.next() => {
                let Some(record) = record else { break };
                face.take(&record);
                for (unit, step, trouble) in face.tree().take_parked() {
                    decide(engine, running.id(), unit, &step, &trouble, terminal, face, &mut decisions);
                }
            }
        }
    }
    // A question that nobody has answered is no longer one.
    decisions.shutdown().await;
    running.end().await
}

/// Lets whoever sits at the terminal decide about a parked step; without one, it fails.
#[expect(clippy::too_many_arguments, reason = "one call hands over all that a decision needs")]
fn decide(
    engine: &Engine,
    run: &RunId,
    unit: UnitId,
    step: &str,
    trouble: &str,
    terminal: Option<&Arc<Terminal>>,
    face: &Face,
    decisions: &mut JoinSet<()>,
) {
    let (engine, run) = (engine.clone(), run.clone());
    let tell = move |decision| {
        // The run may have ended meanwhile.
        engine.call_to(&run, Command::Unpark { step: Target::Unit(unit), by: whoever(), decision });
    };
    let Some(terminal) = terminal.cloned() else {
        face.say(&format!("`{step}` is parked, and nobody can decide here: stdin or stderr is no terminal; it fails"));
        return tell(Decision::Fail);
    };
    let heading = format!("{step} is parked: {trouble}");
    decisions.spawn(async move {
        let word = terminal.choose(&heading, &["retry", "skip", "fail"]).await;
        tell(match word.as_ref().and_then(Value::as_text) {
            Some("retry") => Decision::Retry { params: None },
            Some("skip") => Decision::Skip { value: Value::Unit },
            // The terminal was closed: nobody is left to decide.
            _ => Decision::Fail,
        });
    });
}

/// Ctrl-C, and what asks a process to end.
pub struct Interrupts {
    #[cfg(unix)]
    terminate: Option<tokio::signal::unix::Signal>,
    #[cfg(unix)]
    interrupt: Option<tokio::signal::unix::Signal>,
}

impl Interrupts {
    /// Begins to listen.
    #[cfg(unix)]
    pub fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        // Where the system lets nobody listen, Ctrl-C ends the process as always.
        Self { terminate: signal(SignalKind::terminate()).ok(), interrupt: signal(SignalKind::interrupt()).ok() }
    }

    /// Begins to listen.
    #[cfg(not(unix))]
    pub fn listen() -> Self {
        Self {}
    }

    /// Waits for the next one.
    #[cfg(unix)]
    pub async fn next(&mut self) {
        async fn one(signal: &mut Option<tokio::signal::unix::Signal>) {
            match signal {
                Some(signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            }
        }
        tokio::select! {
            () = one(&mut self.interrupt) => {}
            () = one(&mut self.terminate) => {}
        }
    }

    /// Waits for the next one.
    #[cfg(not(unix))]
    pub async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
