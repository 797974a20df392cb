//! Sums over the rows of what follows from the journal, and whether these tables are what was written. The rows of the journal
//! have sums of their own, which are looked at when they are read.

use std::fmt;

use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _};

/// The columns of `run` that its sum is over.
pub(super) const RUN: &str = "number, last, id, workflow, plan, parent, fork_of, tags, accepted_at, status, started_at, rested_at, error, wake, busy, failures, turn";

/// The columns of `fact` that its sum is over.
pub(super) const FACT: &str = "name, value, until";

/// The tables, each with the columns that its sum is over; those without keep what they say twice, and say it to their indexes.
const TABLES: [(&str, &str); 12] = [
    ("fact", FACT),
    ("leaving", "number, last"),
    ("event", ""),
    ("run", RUN),
    ("run_by_tag", "tag, number"),
    ("wait", "run, unit, kind, name, place, since, path, value"),
    ("plan", "digest, body"),
    ("topic_of_plan", "plan, topic"),
    ("heard", "mark"),
    ("removed", "mark"),
    ("plan_of_run", ""),
    ("content_of_batch", ""),
];

/// Lets the SQL of this connection use `seal(...)`: the first eight bytes of BLAKE3 over all that it is given.
pub(super) fn install(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function(c"seal", -1, flags, |row| {
        let mut sealing = blake3::Hasher::new();
        (0..row.len()).for_each(|at| add(&mut sealing, row.get_raw(at)));
        let mut short = [0; 8];
        short.copy_from_slice(&sealing.finalize().as_bytes()[..8]);
        Ok(i64::from_le_bytes(short))
    })
}

/// Each with its kind and its length: nothing can pass for something else.
fn add(sealing: &mut blake3::Hasher, value: ValueRef<'_>) {
    let (kind, bytes): (u8, &[u8]) = match value {
        ValueRef::Null => (0, &[]),
        ValueRef::Integer(number) => (1, &number.to_le_bytes()),
        ValueRef::Real(number) => (2, &number.to_le_bytes()),
        ValueRef::Text(text) => (3, text),
        ValueRef::Blob(bytes) => (4, bytes),
    };
    sealing.update(&[kind]);
    sealing.update(&(bytes.len() as u64).to_le_bytes());
    sealing.update(bytes);
}

/// What is damaged of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Damage {
    /// In which table.
    pub table: &'static str,
    /// How that was seen.
    pub what: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "in the table `{}`: {}", self.table, self.what)
    }
}

impl Damage {
    /// Whether all of the table follows from what else is in the store. What workflows keep between runs outlives the runs that
    /// it follows from, and a run that is being removed has no end any more.
    pub(super) fn can_be_mended(&self) -> bool {
        !matches!(self.table, "fact" | "leaving" | "event")
    }
}

/// Looks at all that follows from the journal. What is damaged there, the worst first.
pub(super) fn check(connection: &Connection) -> Option<Damage> {
    TABLES.into_iter().find_map(|(table, columns)| {
        let what = structure(connection, table).or_else(|| sums(connection, table, columns))?;
        Some(Damage { table, what })
    })
}

/// What is wrong with the pages of a table and of its indexes.
pub(super) fn structure(connection: &Connection, table: &str) -> Option<String> {
    let sql = format!("PRAGMA integrity_check({table})");
    match connection.query_row(&sql, [], |row| row.get::<_, String>(0)) {
        Ok(said) => (said != "ok").then(|| said.lines().next_back().unwrap_or_default().to_owned()),
        Err(error) => Some(error.to_string()),
    }
}

/// What is wrong with the rows of a table.
fn sums(connection: &Connection, table: &str, columns: &str) -> Option<String> {
    if columns.is_empty() {
        return None;
    }
    let sql = format!("SELECT 1 FROM {table} WHERE sum IS NOT seal({columns}) LIMIT 1");
    match connection.query_row(&sql, [], |_| Ok(())).optional() {
        Ok(found) => found.map(|()| "a row is not what was written".to_owned()),
        Err(error) => Some(error.to_string()),
    }
}
