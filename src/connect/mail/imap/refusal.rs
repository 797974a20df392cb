//! What it means that a server refuses a command.

use imap_next::imap_types::response::{Code, StatusBody, StatusKind};

use super::account::Account;
use crate::base::failure::{Failure, Kind};

/// Rows of the table: codes of RFC 5530 and its like, and the type of error they stand for.
const CODES: [(&str, Kind); 17] = [
    ("AUTHENTICATIONFAILED", Kind::AuthError),
    ("AUTHORIZATIONFAILED", Kind::AuthError),
    ("EXPIRED", Kind::AuthError),
    ("PRIVACYREQUIRED", Kind::AuthError),
    ("CONTACTADMIN", Kind::PermissionDenied),
    ("NOPERM", Kind::PermissionDenied),
    ("READ-ONLY", Kind::PermissionDenied),
    ("NONEXISTENT", Kind::NotFound),
    ("TRYCREATE", Kind::NotFound),
    ("ALREADYEXISTS", Kind::Conflict),
    ("INUSE", Kind::Conflict),
    ("OVERQUOTA", Kind::LimitExceeded),
    ("LIMIT", Kind::LimitExceeded),
    ("TOOBIG", Kind::LimitExceeded),
    ("CANNOT", Kind::ValidationError),
    ("BADCHARSET", Kind::ValidationError),
    ("UNAVAILABLE", Kind::ServerError),
];

/// The failure that a refusal of the command `name` stands for.
pub fn refused(account: &Account, name: &str, said: &StatusBody<'_>) -> Failure {
    let code = said.code.as_ref().map(word);
    let known = code.as_deref().and_then(|code| CODES.iter().find(|(known, _)| *known == code));
    let kind = known.map_or_else(|| by_command(name, said.kind), |(_, kind)| kind.clone());
    let failure = account.failure(kind, format!("refused {name}: {}", said.text));
    code.into_iter().fold(failure, |failure, code| failure.detail("code", code))
}

/// What a refusal means that has no code: servers of long ago say it in words alone.
fn by_command(name: &str, kind: StatusKind) -> Kind {
    match (name, kind) {
        ("LOGIN" | "AUTHENTICATE", _) => Kind::AuthError,
        ("SELECT" | "EXAMINE" | "COPY" | "MOVE" | "APPEND", StatusKind::No) => Kind::NotFound,
        _ => Kind::ServerError,
    }
}

/// The first word of a code, as it goes over the wire.
fn word(code: &Code<'_>) -> String {
    let text = match code {
        Code::BadCharset { .. } => "BADCHARSET".to_owned(),
        Code::TryCreate => "TRYCREATE".to_owned(),
        Code::ReadOnly => "READ-ONLY".to_owned(),
        Code::OverQuota => "OVERQUOTA".to_owned(),
        Code::TooBig => "TOOBIG".to_owned(),
        Code::Other(other) => String::from_utf8_lossy(other.inner()).into_owned(),
        other => format!("{other:?}"),
    };
    text.split([' ', '(']).next().unwrap_or_default().to_ascii_uppercase()
}
