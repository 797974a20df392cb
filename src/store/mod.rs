//! Journals kept: what answers the engine's questions about what happened.
//!
//! In: batches of records. Out: the same batches, after any crash but for a suffix that nobody was told of.
//! Never: what the records mean (held by `tests/architecture.rs`: of `run` only the vocabulary and the questions are named).

/// The key with which secrets are sealed. The only home of ring, beside signatures and chance for logins.
#[cfg(any(feature = "http", feature = "sqlite"))]
pub mod keyring;
/// A store in memory: for tests, and for runs that need not survive the process.
pub mod memory;
/// A store in one file, `flow.db`, that needs no set-up.
#[cfg(feature = "sqlite")]
pub mod sqlite;
/// What every store must hold.
pub mod suite;

pub use memory::Memory;
#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;
