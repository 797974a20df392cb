//! One assembled engine, and the worlds it can stand in.
//!
//! In: a program, settings. Out: an engine that can run it. Never: a rule of the language; those live in `lang` and `run`
//! (held by `tests/architecture.rs`).

/// Steps that wait, answered by hand.
mod attend;
/// What is computed beside a run, for whoever looks at one.
mod beside;
/// A program, its settings, connectors, whoever answers questions, put together.
pub mod builder;
/// The time of this machine, and one that is moved by hand.
pub mod clock;
/// A newer program for an engine that runs.
pub mod deploy;
/// Answers given by hand in place of operations, workflows and people; all else is carried out.
pub mod answers;
/// All programs of a directory, as one.
mod directory;
/// A driver of runs with its program, settings and connectors.
pub mod engine;
/// Keys that services gave when they were told where to send.
#[cfg(feature = "http")]
mod lesson;
/// That programs were changed.
#[cfg(any(feature = "serve", feature = "cli"))]
pub mod lookout;
/// The examples of connectors, played.
#[cfg(feature = "sandbox")]
pub mod play;
/// A program with the files it uses, read and compiled.
pub mod program;
/// The rehearsed world of `flow test`: virtual time, mocks for everything outside.
pub mod rehearse;
/// What a newer program brings with it, replaced while runs go on.
mod replaceable;
/// Stand-ins on loopback for everything a program would call.
#[cfg(feature = "sandbox")]
pub mod sandbox;
/// A directory whose programs run, and are replaced when it has changed.
pub mod site;
/// A run as it stood at one of its events.
pub mod stood;
/// What is set beside the program: `flow.toml`, the environment, `--set`.
pub mod settings;

pub use builder::{BuildError, Builder};
pub use deploy::{Deployed, Deployment, Group, UNDER_WAY};
pub use engine::Engine;
#[cfg(feature = "http")]
pub use lesson::key_given_at;
pub use program::{Disk, Faults, Program, study};
pub use site::Site;
