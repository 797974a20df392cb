//! A data directory that a command works on by itself, without a server.

use std::path::Path;

use super::exit::Refusal;
use super::log;
use crate::store::Sqlite;
use crate::store::keyring::KEY_VARIABLE;
use crate::store::sqlite::{FILE, OpenError};

/// Opens the store of a directory that is there.
///
/// # Errors
/// If there is none, or somebody is using it.
pub fn open(directory: &Path) -> Result<Sqlite, Refusal> {
    is_there(directory)?;
    take(directory)
}

/// Whether there is a store in a directory.
///
/// # Errors
/// If there is none.
pub fn is_there(directory: &Path) -> Result<(), Refusal> {
    match directory.join(FILE).exists() {
        true => Ok(()),
        false => Err(Refusal::new(format!("there is no store in `{}`", directory.display()))
            .hint("a data directory is what `flow run --data` and `flow serve --data` were given; `flow.db` is in it")),
    }
}

/// Opens the store of a directory, which is made if it is not there. What is found wrong with it is said on stderr.
///
/// # Errors
/// If the directory cannot be used.
pub fn take(directory: &Path) -> Result<Sqlite, Refusal> {
    log::heard(|| Sqlite::open_with(directory, key().as_deref())).map_err(|error| refused(&error))
}

/// Opens the store of a directory that is there, to look at it: where nothing can be written, only for that.
///
/// # Errors
/// If the directory cannot be used, nor looked at.
pub fn take_or_look(directory: &Path) -> Result<Sqlite, Refusal> {
    let key = key();
    let store = log::heard(|| match Sqlite::open_with(directory, key.as_deref()) {
        Err(error) if error.may_be_looked_at() => Sqlite::look(directory, key.as_deref()),
        opened => opened,
    });
    store.map_err(|error| refused(&error))
}

/// Opens the store of a directory only to look at it, where it can be looked at; nothing is said.
pub fn look(directory: &Path) -> Option<Sqlite> {
    Sqlite::look(directory, key().as_deref()).ok()
}

/// The key with which secrets are sealed, where the environment says it.
fn key() -> Option<String> {
    std::env::var(KEY_VARIABLE).ok().filter(|key| !key.is_empty())
}

/// Why a directory cannot be used, with a way out.
pub fn refused(error: &OpenError) -> Refusal {
    let refusal = Refusal::new(error.to_string());
    match error {
        OpenError::InUse { .. } => refusal.hint("stop that process first, or wait until it has ended"),
        _ => refusal,
    }
}

/// A number of things, with its word.
pub fn counted(count: u64, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}
