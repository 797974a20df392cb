//! Plan to events: a pure machine and a thin driver around it.
//!
//! In: plans, and a world that answers. Out: journals. Never: how the world answers (held by `tests/architecture.rs`).

/// What a run waits for from outside.
pub mod wait;
/// Runs that start one another, and how many may.
pub mod chain;
/// What happened: an append-only vocabulary.
pub mod event;
/// What a run needs before it may start, and why one never does.
pub mod admission;
/// What nobody has dealt with yet.
pub mod failure;
/// A run as it stands: the fold of its events.
pub mod history;
/// Why a step stands as it does.
pub mod cause;
/// What was done in a run, step by step, with its times.
pub mod timeline;
/// Where what happened is kept, as a question.
pub mod journal;
/// Letting go of what has had its time.
pub mod prune;
/// Every question the engine may ask its surroundings.
pub mod world;
/// The clock of the operating system.
pub mod wall;
/// What is under way in memory.
pub mod activity;
/// Locks across runs.
pub mod gate;
/// Taking a run in.
pub mod intake;
/// Whether a run may go on under a newer plan.
pub mod upgrade;
/// What of a run is done again when it goes on from a step; forks.
pub mod rewind;
/// From a plan, a run and the time to what is to be done.
pub mod machine;
/// Decide, write down, carry out, until nothing is left to decide.
pub mod driver;
