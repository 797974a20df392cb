//! What went wrong with a database: one table from its codes to the types of errors.

use crate::base::failure::{Failure, Kind};
use crate::connect::databases::Database;

/// A failure, and what is known beside it.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What happened.
    pub failure: Failure,
    /// Whether it is certain that nothing was changed.
    pub certain: bool,
    /// Whether the connection can be used again.
    pub reusable: bool,
}

impl Fault {
    /// What was refused before anything was sent.
    pub fn refused(failure: Failure) -> Self {
        Self { failure, certain: true, reusable: true }
    }

    /// What the database said: nothing was changed, by its own word. Of several codes for one thing the first that the table
    /// knows tells its type.
    pub fn said(database: &Database, codes: &[&str], message: &str) -> Self {
        let code =
            codes.iter().copied().find(|code| kind(code).is_some()).or(codes.first().copied()).unwrap_or_default();
        let shown = code.strip_prefix("MySQL ").unwrap_or(code);
        let message = format!("the database `{}` says: {message} ({shown})", database.name);
        let mut failure = Failure::new(kind(code).unwrap_or(Kind::ServerError), message)
            .detail("database", &*database.name)
            .detail("code", shown);
        if is_worth_another_try(code) {
            failure = failure.detail("retryable", true);
        }
        // Two codes say that the server itself does not know.
        let certain = !codes.iter().any(|code| matches!(*code, "08007" | "40003"));
        let reusable = failure.kind != Kind::ConnectionError;
        Self { failure, certain, reusable }
    }

    /// The server could not be reached; nothing was sent.
    pub fn unreached(database: &Database, reason: &str) -> Self {
        let message =
            format!("the database `{}` at {} cannot be reached: {reason}", database.name, database.place.shown());
        let failure = Failure::new(Kind::ConnectionError, message).detail("database", &*database.name);
        Self { failure, certain: true, reusable: false }
    }

    /// The connection broke after something was sent.
    pub fn broken(database: &Database, reason: &str) -> Self {
        let message = format!("the connection to the database `{}` broke: {reason}", database.name);
        let failure = Failure::new(Kind::ConnectionError, message).detail("database", &*database.name);
        Self { failure, certain: false, reusable: false }
    }

    /// Time ran out while the database was at work.
    pub fn late(database: &Database, certain: bool) -> Self {
        let message = format!("the database `{}` did not answer in time", database.name);
        let failure = Failure::new(Kind::Timeout, message).detail("database", &*database.name);
        Self { failure, certain, reusable: false }
    }

    /// Whatever it was, it was undone: all of it stood in a transaction that was not committed.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    #[must_use]
    pub fn undone(self) -> Self {
        Self { certain: true, ..self }
    }

    /// Adds what the database says beside its code: the constraint, the column.
    #[cfg(feature = "postgres")]
    #[must_use]
    pub fn detail(mut self, name: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.failure = self.failure.detail(name, value);
        }
        self
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self::refused(failure)
    }
}

/// Rows of the table: a code or the beginning of one, and the type of error it stands for. The first that fits counts.
///
/// Codes are SQLSTATEs; those of MySQL and SQLite that say more than a SQLSTATE stand with the name of their database.
const KINDS: [(&str, Kind); 60] = [
    // PostgreSQL, and whatever else has no code but a SQLSTATE.
    ("23505", Kind::Conflict),
    ("23P01", Kind::Conflict),
    ("40", Kind::Conflict),
    ("55P03", Kind::Conflict),
    ("28", Kind::AuthError),
    ("42501", Kind::PermissionDenied),
    ("42P01", Kind::NotFound),
    ("3D000", Kind::NotFound),
    ("3F000", Kind::NotFound),
    ("57014", Kind::Timeout),
    ("57P", Kind::ConnectionError),
    ("08", Kind::ConnectionError),
    ("53300", Kind::RateLimited),
    ("21", Kind::ValidationError),
    ("22", Kind::ValidationError),
    ("23", Kind::ValidationError),
    ("25006", Kind::ValidationError),
    ("42", Kind::ValidationError),
    ("0A", Kind::ValidationError),
    // MySQL and MariaDB.
    ("MySQL 1022", Kind::Conflict),
    ("MySQL 1062", Kind::Conflict),
    ("MySQL 1205", Kind::Conflict),
    ("MySQL 1213", Kind::Conflict),
    ("MySQL 1020", Kind::Conflict),
    ("MySQL 1044", Kind::PermissionDenied),
    ("MySQL 1045", Kind::AuthError),
    ("MySQL 1698", Kind::AuthError),
    ("MySQL 1142", Kind::PermissionDenied),
    ("MySQL 1143", Kind::PermissionDenied),
    ("MySQL 1049", Kind::NotFound),
    ("MySQL 1051", Kind::NotFound),
    ("MySQL 1146", Kind::NotFound),
    ("MySQL 1317", Kind::Timeout),
    ("MySQL 1969", Kind::Timeout),
    ("MySQL 3024", Kind::Timeout),
    ("MySQL 1040", Kind::RateLimited),
    ("MySQL 1203", Kind::RateLimited),
    ("MySQL 1226", Kind::RateLimited),
    ("MySQL 1053", Kind::ConnectionError),
    ("MySQL 1295", Kind::ValidationError),
    ("MySQL 1364", Kind::ValidationError),
    ("MySQL 1366", Kind::ValidationError),
    ("MySQL 3819", Kind::ValidationError),
    // SQLite.
    ("SQLITE_BUSY", Kind::Conflict),
    ("SQLITE_LOCKED", Kind::Conflict),
    ("SQLITE_CONSTRAINT_UNIQUE", Kind::Conflict),
    ("SQLITE_CONSTRAINT_PRIMARYKEY", Kind::Conflict),
    ("SQLITE_CONSTRAINT_ROWID", Kind::Conflict),
    ("SQLITE_CONSTRAINT", Kind::ValidationError),
    ("SQLITE_ERROR no such table", Kind::NotFound),
    ("SQLITE_ERROR", Kind::ValidationError),
    ("SQLITE_MISMATCH", Kind::ValidationError),
    ("SQLITE_RANGE", Kind::ValidationError),
    ("SQLITE_TOOBIG", Kind::LimitExceeded),
    ("SQLITE_NOTADB", Kind::ValidationError),
    ("SQLITE_CANTOPEN", Kind::NotFound),
    ("SQLITE_AUTH", Kind::PermissionDenied),
    ("SQLITE_PERM", Kind::PermissionDenied),
    ("SQLITE_INTERRUPT", Kind::Timeout),
    ("SQLITE_READONLY", Kind::PermissionDenied),
];

/// The type of error that a code stands for; `server_error` where the table says nothing.
fn kind(code: &str) -> Option<Kind> {
    KINDS.iter().find(|(begin, _)| code.starts_with(begin)).map(|(_, kind)| kind.clone())
}

/// Whether the same, done again from its start, may well succeed: the database gave up for the sake of somebody else.
fn is_worth_another_try(code: &str) -> bool {
    const CODES: [&str; 8] =
        ["40001", "40P01", "55P03", "MySQL 1205", "MySQL 1213", "MySQL 1020", "SQLITE_BUSY", "SQLITE_LOCKED"];
    CODES.iter().any(|begin| code.starts_with(begin))
}
