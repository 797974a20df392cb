//! What went wrong with MongoDB: one table from its codes to the types of errors.

use ::mongodb::error::{Error, ErrorKind, WriteFailure};

use crate::base::failure::{Failure, Kind};
use crate::connect::databases::Database;

/// A failure, and whether it is certain that nothing was changed.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What happened.
    pub failure: Failure,
    /// Whether it is certain that nothing was changed.
    pub certain: bool,
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self { failure, certain: true }
    }
}

/// What the database said: its code, the name of it, its words.
struct Said<'a> {
    code: i32,
    name: &'a str,
    message: &'a str,
}

impl Fault {
    /// What the driver reports.
    pub fn of(database: &Database, error: Error) -> Self {
        let said = |code, name, message| Self::said(database, &Said { code, name, message });
        match &*error.kind {
            ErrorKind::Command(command) => said(command.code, &command.code_name, &command.message),
            ErrorKind::Write(WriteFailure::WriteError(write)) => {
                said(write.code, write.code_name.as_deref().unwrap_or_default(), &write.message)
            }
            // It was done, and the other members did not say so in time.
            ErrorKind::Write(WriteFailure::WriteConcernError(concern)) => {
                Self { certain: false, ..said(concern.code, &concern.code_name, &concern.message) }
            }
            ErrorKind::InsertMany(many) => match (many.write_errors.iter().flatten().next(), &many.write_concern_error)
            {
                (Some(write), None) => {
                    let fault = said(write.code, write.code_name.as_deref().unwrap_or_default(), &write.message);
                    // Documents are inserted in order: those before the one that was refused are there.
                    Self { certain: fault.certain && write.index == 0, ..fault }
                }
                (_, Some(concern)) => {
                    Self { certain: false, ..said(concern.code, &concern.code_name, &concern.message) }
                }
                (None, None) => Self::broken(database, Kind::ServerError, "it told no reason", false),
            },
            ErrorKind::Authentication { message, .. } => Self::broken(database, Kind::AuthError, message, true),
            ErrorKind::ServerSelection { message, .. } | ErrorKind::DnsResolve { message, .. } => {
                Self::broken(database, Kind::ConnectionError, message, true)
            }
            ErrorKind::InvalidArgument { message, .. } => Self::broken(database, Kind::ValidationError, message, true),
            ErrorKind::InvalidTlsConfig { message, .. } => Self::broken(database, Kind::ConnectionError, message, true),
            ErrorKind::BsonSerialization(_) | ErrorKind::Bson(_) => {
                Self::broken(database, Kind::ValidationError, &error.kind.to_string(), true)
            }
            ErrorKind::Io(io) => {
                // What broke while the connection was made had carried no request yet.
                let certain = io.kind() == std::io::ErrorKind::ConnectionRefused
                    || error.contains_label(::mongodb::error::SYSTEM_OVERLOADED_ERROR);
                let kind =
                    if io.kind() == std::io::ErrorKind::TimedOut { Kind::Timeout } else { Kind::ConnectionError };
                Self::broken(database, kind, &io.to_string(), certain)
            }
            ErrorKind::ConnectionPoolCleared { message, .. } => {
                Self::broken(database, Kind::ConnectionError, message, false)
            }
            other => Self::broken(database, Kind::ServerError, &other.to_string(), false),
        }
    }

    /// Time ran out while the database was at work.
    pub fn late(database: &Database) -> Self {
        let message = format!("the database `{}` did not answer in time", database.name);
        let failure = Failure::new(Kind::Timeout, message).detail("database", &*database.name);
        Self { failure, certain: false }
    }

    fn said(database: &Database, said: &Said<'_>) -> Self {
        let Said { code, name, message } = said;
        let shown = if name.is_empty() { code.to_string() } else { format!("{code} {name}") };
        let message = format!("the database `{}` says: {message} ({shown})", database.name);
        let mut failure =
            Failure::new(kind(*code), message).detail("database", &*database.name).detail("code", i64::from(*code));
        if matches!(code, 112 | 251) {
            failure = failure.detail("retryable", true);
        }
        Self { failure, certain: !UNCERTAIN.contains(code) }
    }

    fn broken(database: &Database, kind: Kind, reason: &str, certain: bool) -> Self {
        let place = database.place.shown();
        let message = match (&kind, certain) {
            (Kind::ConnectionError, true) => {
                format!("the database `{}` at {place} cannot be reached: {reason}", database.name)
            }
            (Kind::ConnectionError | Kind::Timeout, _) => {
                format!("the connection to the database `{}` broke: {reason}", database.name)
            }
            (Kind::AuthError, _) => {
                format!("the database `{}` at {place} refuses who signs in: {reason}", database.name)
            }
            _ => format!("the database `{}`: {reason}", database.name),
        };
        Self { failure: Failure::new(kind, message).detail("database", &*database.name), certain }
    }
}

/// Codes after which some of it may have been done: it was interrupted, or its members do not agree yet.
const UNCERTAIN: [i32; 11] = [6, 7, 50, 64, 89, 91, 189, 262, 9001, 11_600, 11_602];

/// Rows of the table: codes, and the type of error they stand for.
const KINDS: [(&[i32], Kind); 9] = [
    (&[11_000, 11_001, 12_582, 112, 117], Kind::Conflict),
    (&[26, 73], Kind::NotFound),
    (&[18, 8_000], Kind::AuthError),
    (&[13], Kind::PermissionDenied),
    (&[24, 50, 202, 262], Kind::Timeout),
    // What MongoDB's own language in other databases says when it is asked too fast.
    (&[16_500], Kind::RateLimited),
    (&[6, 7, 89, 91, 189, 9_001, 10_058, 10_107, 11_600, 11_602, 13_435, 13_436], Kind::ConnectionError),
    (&[146, 292], Kind::LimitExceeded),
    (
        &[
            2, 4, 5, 9, 14, 15, 16, 17, 20, 22, 28, 40, 52, 53, 54, 55, 56, 57, 59, 66, 72, 115, 121, 10_334, 17_280,
            17_419,
        ],
        Kind::ValidationError,
    ),
];

/// The type of error that a code stands for. The places of MongoDB's own checks have codes beyond 15,000: what they refuse is
/// the question.
fn kind(code: i32) -> Kind {
    let known = KINDS.iter().find(|(codes, _)| codes.contains(&code)).map(|(_, kind)| kind.clone());
    known.unwrap_or(if code > 15_000 { Kind::ValidationError } else { Kind::ServerError })
}

/// Whether something unique is there already. Some servers say it of a document, some of the whole request.
pub fn is_clash(error: &Error) -> bool {
    match &*error.kind {
        ErrorKind::InsertMany(many) => many.write_errors.iter().flatten().any(|error| error.code == 11_000),
        ErrorKind::Command(command) => command.code == 11_000,
        _ => false,
    }
}

/// Which document of an insert was refused, where the server says it of one.
pub fn refused_document(error: &Error) -> Option<usize> {
    let ErrorKind::InsertMany(many) = &*error.kind else { return None };
    many.write_errors.iter().flatten().map(|error| error.index).next()
}
