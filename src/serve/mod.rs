//! The server: what the engine can do, over HTTP, one file per resource.
//!
//! In: requests, with a token. Out: JSON as the OpenAPI document describes it, and RFC 9457 problem documents. Never: a rule of
//! the machine, a table of the store; both are asked by way of `host` (held by `tests/architecture.rs`).

/// Why a step stands as it does.
mod cause;
/// Who asks, and what they may do.
pub mod caller;
/// Where a server is found: beside its data.
pub mod beacon;
/// What a request carries, read with a bound.
mod body;
/// The time of the server, and moving it.
mod clock;
/// Which version of the programs runs, and deploying another.
mod deployment;
/// Failures as resources, and one fix for all of a kind.
mod failure;
/// Which runs a list is to hold.
mod filter;
/// Whether the process lives, and whether it can work.
mod health;
/// The API from the other side.
pub mod client;
/// Journals, for whoever folds them.
mod journal;
/// Bounds on what one client may ask for.
pub mod limit;
/// Events from outside.
mod event;
/// What is still sent after the answer.
mod linger;
/// The socket: connections, their bounds, the graceful stop.
pub mod listen;
/// What starts runs, as resources.
mod listening;
/// What is reported, to stderr.
pub mod log;
/// How the server works, for Prometheus.
mod metric;
/// The document that describes all of this.
mod openapi;
mod output;
/// Parked steps as resources, and deciding about them.
mod parked;
/// What is said when something cannot be done.
pub mod problem;
/// The query and the path of a request.
mod query;
/// Questions as resources, and answering them.
mod question;
/// Records of a journal as others see them.
mod record;
/// Runs that rest and go on, and forks of runs.
mod rewind;
/// Runs as resources.
#[expect(unused_qualifications, reason = "utoipa's macro writes them")]
mod run;
/// Everything that requests are answered from, and the router.
pub mod server;
/// What was done in a run, step by step.
#[expect(unused_qualifications, reason = "utoipa's macro writes them")]
mod step;
/// What happens in all runs, as it happens.
#[expect(unused_qualifications, reason = "utoipa's macro writes them")]
mod stream;
/// Tokens: made once, kept as hashes.
pub mod token;
/// Each run as a trace, for an OpenTelemetry collector.
mod trace;
/// Requests by which the triggers of programs start runs.
mod trigger;
/// What runs wait for, page by page.
mod waiting;
/// What is refused while nothing can be written.
mod writable;
/// Workflows as resources, and starting them.
#[expect(unused_qualifications, reason = "utoipa's macro writes them")]
mod workflow;

pub use beacon::Beacon;
pub use caller::{Caller, Role};
pub use limit::Limits;
pub use listen::{Socket, listen};
pub use problem::Problem;
pub use server::{Builder, Server};
pub use token::Tokens;
pub use trace::Traces;
