//! Answers "perform": carries out one attempt of one operation.
//!
//! In: an [`Act`](crate::run::world::Act): an operation of the plan, its parameters, the key of the intent. Out: an [`Outcome`](crate::run::world::Outcome): a value or a typed
//! failure, and whether it is certain what happened (semantics 47, 48). Never: a decision to try again, or a look at a run's
//! history; both are the machine's affair (held by `tests/architecture.rs`).

/// The connectors of one program, ready to act.
pub mod connectors;
/// How a request proves who asks.
pub mod credentials;
/// The databases that the settings name.
pub mod databases;
/// Files under the roots that the settings allow.
pub mod files;
/// Requests: declared operations and `http.*`. The only home of reqwest.
#[cfg(feature = "http")]
pub mod http;
/// What this build leaves out.
pub mod left_out;
/// Lines in the log of the run.
pub mod log;
/// `email.*` over SMTP and IMAP. The only home of lettre and imap-next.
#[cfg(feature = "mail")]
pub mod mail;
/// `mongodb.*`. The only home of its driver.
#[cfg(feature = "mongodb")]
pub mod mongodb;
/// Pages of streams, and what stays open between two of them.
pub mod page;
/// Programs that the settings allow.
pub mod process;
/// The bodies of native operations, by name.
pub mod registry;
/// `sql.*`. The only home of the drivers of databases, besides the store's own file.
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub mod sql;
/// Who the far side of an encrypted connection must prove itself to.
#[cfg(any(feature = "postgres", feature = "mail"))]
pub mod tls;
/// What goes out to far sides, seen as a whole: pace, circuits, figures.
pub mod traffic;
/// Credentials that the engine itself was given.
#[cfg(feature = "http")]
pub mod vault;
/// Sees the answers that come.
pub mod witness;

pub use connectors::{Configured, Connectors, Environment, fill_defaults};
pub use credentials::Credentials;
pub use registry::{Call, Native, Natives};
pub use traffic::Traffic;
pub use witness::Witness;
