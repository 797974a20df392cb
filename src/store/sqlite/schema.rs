//! The tables of `flow.db`, and how an older file becomes a newer one.

use std::cmp::Ordering;
use std::path::Path;

use rusqlite::Connection;

use super::OpenError;

/// What makes each version of the tables from the one before; the first makes them from nothing.
const VERSIONS: [&str; 2] = [include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// Which version of the tables this program writes.
pub const VERSION: usize = VERSIONS.len();

/// Brings the tables of the file up to date; a copy of what was there before stays beside it.
///
/// # Errors
/// If the file was written by a later version, or cannot be written.
pub(super) fn migrate(connection: &mut Connection, file: &Path) -> Result<(), OpenError> {
    let found: usize = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > VERSIONS.len() {
        return Err(OpenError::Later { file: file.into(), found, known: VERSIONS.len() });
    }
    if found == VERSIONS.len() {
        return Ok(());
    }
    if found > 0 {
        keep_copy(connection, &file.with_extension(format!("db.{found}")))?;
    }
    // All at once: a process that ends in the midst of it leaves what it found.
    let transaction = connection.transaction()?;
    VERSIONS.iter().skip(found).try_for_each(|sql| transaction.execute_batch(sql))?;
    transaction.pragma_update(None, "user_version", VERSIONS.len())?;
    Ok(transaction.commit()?)
}

/// Keeps a copy of the store, whole or not at all: a process before this one may have ended in the midst of it.
fn keep_copy(connection: &Connection, copy: &Path) -> Result<(), OpenError> {
    let part = copy.with_added_extension("part");
    let unusable = |error| OpenError::Directory { directory: copy.parent().unwrap_or(copy).into(), error };
    if part.exists() {
        std::fs::remove_file(&part).map_err(unusable)?;
    }
    tracing::warn!(copy = %copy.display(), "the tables of the store are brought up to date; a copy of the old ones is kept");
    connection.execute("VACUUM INTO ?1", [part.to_string_lossy()])?;
    std::fs::rename(&part, copy).map_err(unusable)
}

/// Whether the tables of the file are those that this program knows.
///
/// # Errors
/// If they are older or newer.
pub(super) fn check(connection: &Connection, file: &Path) -> Result<(), OpenError> {
    let found: usize = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    match found.cmp(&VERSIONS.len()) {
        Ordering::Equal => Ok(()),
        Ordering::Less => Err(OpenError::Earlier { file: file.into(), found, known: VERSIONS.len() }),
        Ordering::Greater => Err(OpenError::Later { file: file.into(), found, known: VERSIONS.len() }),
    }
}
