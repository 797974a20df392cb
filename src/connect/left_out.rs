//! What this build leaves out, and which feature of the crate would bring it.

use super::databases::Place;
use crate::lang::plan::connector::Operation;

/// The features that carry out native operations of the standard library, and whether this build has one of them.
const NATIVE: [(&str, &[&str], bool); 4] = [
    ("http", &["http"], cfg!(feature = "http")),
    ("email", &["mail"], cfg!(feature = "mail")),
    ("sql", &["sqlite", "postgres", "mysql"], cfg!(any(feature = "sqlite", feature = "postgres", feature = "mysql"))),
    ("mongodb", &["mongodb"], cfg!(feature = "mongodb")),
];

/// The features of which one would carry out `operation`; none where this build can, or no build could.
pub fn features(operation: &Operation) -> &'static [&'static str] {
    if operation.request.is_some() {
        return if cfg!(feature = "http") { &[] } else { &["http"] };
    }
    let connector = &*operation.signature.connector;
    let lacking = NATIVE.iter().find(|(name, _, is_there)| *name == connector && !is_there);
    lacking.map_or(&[], |(_, features, _)| features)
}

/// What a database is, and the feature that would ask it; none where this build can.
pub fn database(place: &Place) -> Option<(&'static str, &'static str)> {
    let (what, feature, is_there) = match place {
        Place::Sqlite { .. } => ("SQLite", "sqlite", cfg!(feature = "sqlite")),
        Place::Postgres(_) => ("PostgreSQL", "postgres", cfg!(feature = "postgres")),
        Place::Mysql(_) => ("MySQL", "mysql", cfg!(feature = "mysql")),
        Place::Mongodb { .. } => ("MongoDB", "mongodb", cfg!(feature = "mongodb")),
    };
    (!is_there).then_some((what, feature))
}

/// What to say that a build needs: one of these features.
pub fn needed(features: &[&str]) -> String {
    match features {
        [one] => format!("the feature `{one}`"),
        several => format!("one of the features `{}`", several.join("`, `")),
    }
}

/// What to type for a build with `features`.
pub fn way(features: &[&str]) -> String {
    format!("cargo build --release --features {}", features.join(","))
}
