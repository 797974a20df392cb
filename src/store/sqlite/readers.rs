//! Whoever reads has a connection of its own, on a thread that may wait for the disk.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};

use super::seal;
use crate::run::journal::Broken;
use crate::run::world::BoxFuture;

/// The connections of those who read one file. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Readers {
    file: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    /// Of this file, which is there.
    pub(super) fn of(file: PathBuf) -> Self {
        Self { file, idle: Arc::default() }
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

    fn connect(&self) -> Result<Connection, Broken> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.file, flags)?;
        seal::install(&connection)?;
        Ok(connection)
    }

    /// Closes the connections that nobody reads with.
    pub(super) fn rest(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
