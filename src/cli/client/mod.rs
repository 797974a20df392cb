//! Commands that ask a server about its runs, or tell it what to do with them; one file per command.
//!
//! In: arguments. Out: what the server answers, for people or as JSON. Never: an answer that the server has not given: without
//! one, the same router is asked in this process.

mod clock;
mod deploy;
mod failures;
mod reach;
mod rewind;
mod runs;
mod show;
mod start;
mod tell;
mod timeline;
mod triggers;
mod watch;
mod why;

use clap::Subcommand;

use super::exit::{Exit, Stop};

/// What a server is asked.
#[derive(Debug, Subcommand)]
pub enum Verb {
    Start(start::Start),
    Runs(runs::Runs),
    Show(show::Show),
    Watch(watch::Watch),
    Why(why::Why),
    /// Let a run stand still: nothing new begins in it
    Pause(tell::One),
    /// Let a paused run go on
    Resume(tell::One),
    /// End a run in order: what was done is undone, what must be finished is finished
    Cancel(tell::One),
    Failures(failures::Failures),
    Retry(rewind::Retry),
    Fork(rewind::Fork),
    Dismiss(failures::Dismiss),
    Signal(tell::Signal),
    Answer(tell::Answer),
    Emit(tell::Emit),
    Deploy(deploy::Deploy),
    Triggers(triggers::Triggers),
}

impl Verb {
    /// Does it.
    ///
    /// # Errors
    /// If nobody can be asked, or it cannot be done.
    pub fn run(&self) -> Result<Exit, Stop> {
        match self {
            Self::Start(command) => command.run(),
            Self::Runs(command) => command.run(),
            Self::Show(command) => command.run(),
            Self::Watch(command) => command.run(),
            Self::Why(command) => command.run(),
            Self::Pause(command) => command.tell("pause"),
            Self::Resume(command) => command.tell("resume"),
            Self::Cancel(command) => command.tell("cancel"),
            Self::Failures(command) => command.run(),
            Self::Retry(command) => command.run(),
            Self::Fork(command) => command.run(),
            Self::Dismiss(command) => command.run(),
            Self::Signal(command) => command.run(),
            Self::Answer(command) => command.run(),
            Self::Emit(command) => command.run(),
            Self::Deploy(command) => command.run(),
            Self::Triggers(command) => command.run(),
        }
    }
}
