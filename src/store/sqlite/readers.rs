//! Whoever reads has a connection of its own, on a thread that may wait for the disk.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};

use super::{hiding, seal};
use crate::run::journal::Broken;
use crate::run::world::BoxFuture;
use crate::store::keyring::Keyring;

/// The connections of those who read one file. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Readers {
    file: PathBuf,
    /// With what is opened what is sealed.
    keyring: Keyring,
    /// Whether the log beside the file is left alone, since it cannot be read.
    without_log: bool,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    /// Of this file, which is there.
    pub(super) fn of(file: PathBuf, keyring: Keyring) -> Self {
        Self { file, keyring, without_log: false, idle: Arc::default() }
    }

    /// Of this file, in a directory where nothing can be written: with the log beside it where SQLite can read that, without
    /// it where it cannot.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(super) fn looking(file: PathBuf, keyring: Keyring) -> Result<Self, rusqlite::Error> {
        let mut readers = Self::of(file, keyring);
        if readers.connect().is_err() {
            readers.without_log = true;
            readers.connect()?;
        }
        Ok(readers)
    }

    /// Whether the log beside the file is left alone.
    pub(super) fn are_without_log(&self) -> bool {
        self.without_log
    }

    /// Reads.
    pub(super) fn read<'a, T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Broken> + Send + 'static,
    ) -> BoxFuture<'a, Result<T, Broken>> {
        let readers = self.clone();
        let reading = move || {
            let connection = readers.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = connection.map_or_else(|| readers.connect(), Ok)?;
            let found = read(&connection);
            readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            found
        };
        Box::pin(async move {
            let read = tokio::task::spawn_blocking(reading).await;
            read.unwrap_or_else(|error| Err(Broken(error.to_string().into())))
        })
    }

    /// A connection that can read.
    pub(super) fn connect(&self) -> Result<Connection, rusqlite::Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = match self.without_log.then(|| still(&self.file)).flatten() {
            Some(name) => Connection::open_with_flags(name, flags | OpenFlags::SQLITE_OPEN_URI)?,
            None => Connection::open_with_flags(&self.file, flags)?,
        };
        seal::install(&connection)?;
        hiding::install(&connection, &self.keyring)?;
        // Whether it can is only known when it does.
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(connection)
    }

    /// Closes the connections that nobody reads with.
    pub(super) fn rest(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// What SQLite calls a file that nobody changes, and of which nothing lies elsewhere.
fn still(file: &Path) -> Option<String> {
    let mut name = url::Url::from_file_path(std::path::absolute(file).ok()?).ok()?;
    name.set_query(Some("immutable=1"));
    Some(name.into())
}
