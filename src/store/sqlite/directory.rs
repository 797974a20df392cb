//! A data directory, taken by this process: its file open and its tables up to date.

use std::fs::{DirBuilder, File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use super::{OpenError, hiding, log, mend, schema, seal};
use crate::run::journal::Mark;
use crate::store::keyring::Keyring;

/// The name of the file with the tables.
pub const FILE: &str = "flow.db";

/// How often it is looked who uses a directory, and how long is waited in between: a process that was killed just now, or is
/// about to end, holds it for a moment yet.
const LOOKS: u32 = 50;
const PAUSE: Duration = Duration::from_millis(10);

/// The name of the file that says who uses it.
const LOCK: &str = "flow.lock";

/// A data directory that nobody else may use as long as this is there.
pub(super) struct Directory {
    /// The file with the tables.
    pub file: PathBuf,
    /// For whoever writes.
    pub connection: Connection,
    /// The highest mark that was ever given.
    pub last: Mark,
    /// Held as long as the directory is used.
    pub lock: File,
}

impl Directory {
    /// Takes `directory`, which is made if it is not there.
    pub(super) fn open(directory: &Path, keyring: &Keyring) -> Result<Self, OpenError> {
        let unusable = |error| OpenError::Directory { directory: directory.into(), error };
        make(directory).map_err(unusable)?;
        let lock = take(directory)?;
        let file = directory.join(FILE);
        log::check(&file).map_err(unusable)??;
        let alone = !log::beside(&file).exists();
        keep_from_others(&file).map_err(unusable)?;
        let mut connection = connect(&file, keyring)?;
        if let Some(damage) = seal::check(&connection) {
            drop(connection);
            if !damage.can_be_mended() {
                return Err(OpenError::damaged(&file, &damage));
            }
            mend::mend(&file, &damage, keyring)?;
            connection = connect(&file, keyring)?;
        }
        if alone && connection.query_row("SELECT open FROM session", [], |row| row.get(0))? {
            tracing::error!(
                "a process that used `{0}` was ended in the middle, and its log `{0}-wal` is not there: what it wrote last is lost, unless another program has taken the log in",
                file.display()
            );
        }
        let last = connection.query_row(
            "SELECT max((SELECT coalesce(max(mark), 0) FROM batch),
                        (SELECT coalesce(max(mark), 0) FROM event),
                        (SELECT mark FROM removed))",
            [],
            |row| row.get(0).map(Mark),
        )?;
        Ok(Self { file, connection, last, lock })
    }
}

/// Makes a directory that only its owner may look into: what runs were given and gave is in it.
fn make(directory: &Path) -> io::Result<()> {
    let mut making = DirBuilder::new();
    making.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut making, 0o700);
    making.create(directory)
}

/// Makes a file that is not there such that only its owner may read it; SQLite makes its log like it.
fn keep_from_others(file: &Path) -> io::Result<()> {
    let mut making = File::options();
    making.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut making, 0o600);
    match making.open(file) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// A connection for whoever writes, to a file whose tables are up to date.
fn connect(file: &Path, keyring: &Keyring) -> Result<Connection, OpenError> {
    let mut connection = Connection::open(file)?;
    seal::install(&connection)?;
    hiding::install(&connection, keyring)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.set_prepared_statement_cache_capacity(64);
    schema::migrate(&mut connection, file)?;
    Ok(connection)
}

/// Who holds the lock. One that has just taken it may not have written that down yet.
fn holder(lock: &mut File) -> String {
    let mut pid = String::new();
    for _ in 0..LOOKS {
        // Who it is only helps to find them.
        let _ = lock.rewind().and_then(|()| lock.read_to_string(&mut pid));
        if !pid.is_empty() {
            return pid;
        }
        std::thread::sleep(PAUSE);
    }
    "that has just begun".to_owned()
}

/// Whether nobody uses the directory.
pub(super) fn is_free(directory: &Path) -> bool {
    File::open(directory.join(LOCK)).map_or(true, |lock| lock.try_lock().is_ok())
}

/// Takes the directory for this process.
fn take(directory: &Path) -> Result<File, OpenError> {
    let unusable = |error| OpenError::Directory { directory: directory.into(), error };
    let path = directory.join(LOCK);
    let mut file = File::options().read(true).write(true).create(true).truncate(false).open(path).map_err(unusable)?;
    let mut looks = 1;
    let locked = loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if looks < LOOKS => std::thread::sleep(PAUSE),
            locked => break locked,
        }
        looks += 1;
    };
    match locked {
        Ok(()) => {
            file.set_len(0).map_err(unusable)?;
            write!(file, "{}", std::process::id()).map_err(unusable)?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { directory: directory.into(), pid: holder(&mut file) }),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}
