//! A data directory that a command works on by itself, without a server.

use std::path::Path;

use tokio::runtime::{Builder, Runtime};

use super::exit::Refusal;
use crate::base::limit::STACK_BYTES;
use crate::store::Sqlite;
use crate::store::sqlite::OpenError;

/// Opens the store of a directory that is there.
///
/// # Errors
/// If there is none, or somebody is using it.
pub fn open(directory: &Path) -> Result<Sqlite, Refusal> {
    if !directory.join("flow.db").exists() {
        return Err(Refusal::new(format!("there is no store in `{}`", directory.display())).hint(
            "a data directory is what `flow run --data` and `flow serve --data` were given; `flow.db` is in it",
        ));
    }
    Sqlite::open(directory).map_err(|error| refused(&error))
}

/// Why a directory cannot be used, with a way out.
pub fn refused(error: &OpenError) -> Refusal {
    let refusal = Refusal::new(error.to_string());
    match error {
        OpenError::InUse { .. } => refusal.hint("stop that process first, or wait until it has ended"),
        _ => refusal,
    }
}

/// What runs the few things that a command waits for.
///
/// # Errors
/// If no thread can be started.
pub fn runtime() -> Result<Runtime, Refusal> {
    let runtime = Builder::new_current_thread().thread_stack_size(STACK_BYTES).enable_all().build();
    runtime.map_err(|error| Refusal::new(format!("no threads could be started: {error}")))
}

/// A number of things, with its word.
pub fn counted(count: u64, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}
