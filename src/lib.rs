//! Orchestra Flow: a workflow language that is checked before it runs.
//!
//! Text becomes a tree, the tree is checked, what is checked becomes a plan, a pure machine decides from plan and history
//! what is to be done, and what was done becomes events:
//!
//! **text -> Ast -> Checked -> Plan -> Actions -> Events -> faces**
//!
//! Below is the map, lowest module first. A module names only those above it in the list; `tests/architecture.rs` reads
//! this file and fails on an import that points down.

/// Words: spans, values, shapes, failures, diagnostics, bounds. No I/O, no clock, no async.
pub mod base;
/// Text to plan: syntax, script, catalog, check, plan. Pure and total.
pub mod lang;
/// Texts from the disk: regular files, of bounded size.
pub mod disk;
/// What editors ask while a program is written: `flow lsp`.
#[cfg(feature = "lsp")]
pub mod lsp;
/// Plan to events: a pure machine and a thin driver around it.
pub mod run;
/// Answers "append" and "read": journals in memory or in one file.
pub mod store;
/// Answers "perform": declared HTTP, mail, files.
pub mod connect;
/// What starts runs: requests, clocks, files, events.
pub mod trigger;
/// One assembled engine: settings, wiring; the rehearsed world of `flow test`, the stand-ins of `--sandbox`.
pub mod host;
/// The engine over HTTP: one file per resource.
#[cfg(feature = "serve")]
pub mod serve;
/// The command line, one file per command.
#[cfg(feature = "cli")]
pub mod cli;

// The public face: what a program needs that embeds the engine. `examples/embed.rs` shows it at work.
pub use base::failure::{Failure, Kind as FailureKind};
pub use base::id::RunId;
pub use base::value::Value;
pub use host::{BuildError, Builder, Engine, Faults, Program};
pub use run::driver::{Driver, Running, Summary};
pub use run::event::{Event, Record};
pub use run::intake::{Item, StartError, Submitted};
pub use run::world::{BoxFuture, Consult, Consulted, Question};
