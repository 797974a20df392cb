//! The tables of `flow.db`, and how an older file becomes a newer one.

use std::cmp::Ordering;
use std::path::Path;

use rusqlite::Connection;

use super::OpenError;

/// What makes each version of the tables from the one before; the first makes them from nothing.
const VERSIONS: [&str; 6] = [
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
    include_str!("schema/5.sql"),
    include_str!("schema/6.sql"),
];

/// Brings the tables of the file up to date; a copy of what was there before stays beside it.
///
/// # Errors
/// If the file was written by a later version, or cannot be written.
pub(super) fn migrate(connection: &mut Connection, file: &Path) -> Result<(), OpenError> {
    let found: usize = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > VERSIONS.len() {
        return Err(OpenError::Later { file: file.into(), found, known: VERSIONS.len() });
    }
    if found > 0 && found < VERSIONS.len() {
        let copy = file.with_extension(format!("db.{found}"));
        tracing::warn!(copy = %copy.display(), "the tables of the store are brought up to date; a copy of the old ones is kept");
        connection.execute("VACUUM INTO ?1", [copy.to_string_lossy()])?;
    }
    for (version, sql) in VERSIONS.iter().enumerate().skip(found) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", version + 1)?;
        transaction.commit()?;
    }
    Ok(())
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
