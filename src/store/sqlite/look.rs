//! Looking at a store that cannot be written: on a medium or in a directory that takes nothing, not even a lock.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rusqlite::{Connection, ErrorCode};
use tokio::sync::watch;

use super::directory::FILE;
use super::readers::Readers;
use super::writer::Progress;
use super::{Inbox, OpenError, Sqlite, hiding, keyring_of, log, schema, seal};
use crate::run::journal::{Broken, Mark};
use crate::store::keyring::Keyring;

impl OpenError {
    /// Whether the directory may be looked at, though it cannot be used: nothing can be written there.
    pub fn may_be_looked_at(&self) -> bool {
        use ErrorCode::{CannotOpen, PermissionDenied, ReadOnly};
        match self {
            Self::Directory { error, .. } => {
                matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
            }
            Self::Sqlite(error) => {
                matches!(error.sqlite_error_code(), Some(CannotOpen | PermissionDenied | ReadOnly))
            }
            _ => false,
        }
    }
}

impl Sqlite {
    /// The store in `directory`, only to be read: nothing is written there, and whoever would write is told so. What cannot be
    /// read of it, and what is wrong with it, is said.
    ///
    /// # Errors
    /// If it cannot be read, or was written by another version of this program.
    pub fn look(directory: &Path, key: Option<&str>) -> Result<Self, OpenError> {
        let file = directory.join(FILE);
        let (readers, connection) = connect(&file, keyring_of(directory, key))?;
        if let Some(damage) = seal::check(&connection) {
            tracing::error!("`{}` is damaged {damage}: what follows may not be what was written", file.display());
        }
        let broken = Broken(format!("`{}` can only be read", directory.display()).into());
        let (_, progress) = watch::channel(Progress { broken: Some(broken), ..Progress::default() });
        let inbox = Mutex::new(Inbox { next: Mark(1), entries: None });
        Ok(Self { file, inbox, progress, readers, threads: Vec::new(), _lock: None })
    }
}

/// Whether all can be read that is in the store in `directory`, also what is sealed: nothing is written there.
///
/// # Errors
/// If it cannot, or was written by another version of this program.
pub fn examine(directory: &Path, key: Option<&str>) -> Result<(), OpenError> {
    let (file, keyring) = (directory.join(FILE), keyring_of(directory, key));
    let (_, connection) = connect(&file, keyring.clone())?;
    if let Some(damage) = seal::check(&connection) {
        return Err(OpenError::damaged(&file, &damage));
    }
    hiding::check(&connection, &keyring)?.map_err(|error| OpenError::Sealed { file, error: error.to_string() })
}

/// Connects to a file of this version that is only to be read. What was written last may be in a log that cannot be read.
///
/// # Errors
/// If the file cannot be read, or was written by another version of this program.
pub(super) fn connect(file: &Path, keyring: Keyring) -> Result<(Readers, Connection), OpenError> {
    let readers = Readers::looking(PathBuf::from(file), keyring)?;
    let connection = readers.connect()?;
    schema::check(&connection, file)?;
    let unusable = |error| OpenError::Directory { directory: file.into(), error };
    let left = if readers.are_without_log() { log::length(&log::beside(file)).map_err(unusable)? } else { 0 };
    if left > 0 {
        tracing::error!(
            "what was written last may be in `{0}-wal`, {left} bytes, which cannot be read where nothing can be written: what is shown is how all stood before; copy `{0}` and `{0}-wal` to where you can write, and look there",
            file.display()
        );
    }
    Ok((readers, connection))
}
