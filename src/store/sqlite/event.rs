//! Events as rows: by topic, each at its mark in the total order.

use rusqlite::{Connection, OptionalExtension as _, Row as Found, Rows, params};

use super::reader::Read;
use super::writer::Fault;
use super::{hiding, moment, nanos};
use crate::base::id::RunId;
use crate::base::time::Timestamp;
use crate::run::chain::Origin;
use crate::run::journal::{Broken, Emission, Happened, Mark};

/// The columns of `event` in the order [`as_event`] takes them.
const EVENT: &str = "mark, topic, at, payload, run, chain, sum";

pub(super) fn keep(connection: &Connection, mark: Mark, event: &Emission) -> Result<(), Fault> {
    let (payload, _) = hiding::write(connection, &event.topic, &event.payload)?;
    keep_stored(connection, mark, (&event.topic, event.at), &payload, event.origin.as_ref())
}

/// Keeps an event of which the payload is in stored form already.
pub(super) fn keep_stored(
    connection: &Connection,
    mark: Mark,
    (topic, at): (&str, Timestamp),
    payload: &[u8],
    origin: Option<&Origin>,
) -> Result<(), Fault> {
    let at = nanos(at);
    let sum = checksum(mark, topic, at, payload, origin);
    let (run, chain) = origin.map(|origin| (&*origin.run.0, origin.chain)).unzip();
    connection
        .prepare_cached(
            "INSERT INTO event (mark, topic, at, payload, run, chain, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![mark.0, topic, at, payload, run, chain.unwrap_or_default(), sum])?;
    Ok(())
}

/// Whoever waited for an event up to `mark` has heard of it.
pub(super) fn heard(connection: &Connection, mark: Mark) -> Result<(), Fault> {
    connection.prepare_cached("UPDATE heard SET mark = ?1, sum = seal(?1) WHERE mark < ?1")?.execute([mark.0])?;
    Ok(())
}

/// The event at `mark`, as it is stored: its secrets sealed.
pub(super) fn at(connection: &Connection, mark: Mark) -> Read<Option<Stored>> {
    let sql = format!("SELECT {EVENT} FROM event WHERE mark = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query([mark.0])?;
    found.next()?.map(as_stored).transpose()
}

/// Whether this event is kept already.
pub(super) fn is_there(connection: &Connection, (topic, at): (&str, Timestamp), payload: &[u8]) -> Result<bool, Fault> {
    let found = connection
        .prepare_cached("SELECT 1 FROM event WHERE topic = ?1 AND at = ?2 AND payload = ?3")?
        .query_row(params![topic, nanos(at), payload], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

pub(super) fn of_topic(connection: &Connection, topic: &str, after: Mark, limit: usize) -> Read<Vec<Happened>> {
    let sql = format!("SELECT {EVENT} FROM event WHERE topic = ?1 AND mark > ?2 ORDER BY mark LIMIT ?3");
    let mut statement = connection.prepare_cached(&sql)?;
    all(connection, statement.query(params![topic, after.0, i64::try_from(limit).unwrap_or(i64::MAX)])?)
}

pub(super) fn unheard(connection: &Connection, after: Mark, limit: usize) -> Read<Vec<Happened>> {
    let sql =
        format!("SELECT {EVENT} FROM event WHERE mark > max(?1, (SELECT mark FROM heard)) ORDER BY mark LIMIT ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    all(connection, statement.query(params![after.0, i64::try_from(limit).unwrap_or(i64::MAX)])?)
}

fn all(connection: &Connection, mut found: Rows<'_>) -> Read<Vec<Happened>> {
    let mut events = Vec::new();
    while let Some(row) = found.next()? {
        events.push(as_stored(row)?.open(connection)?);
    }
    Ok(events)
}

/// An event as it is stored.
pub(super) struct Stored {
    pub mark: Mark,
    pub at: Timestamp,
    pub topic: String,
    /// In stored form, its secrets sealed.
    pub payload: Vec<u8>,
    pub origin: Option<Origin>,
}

impl Stored {
    fn open(self, connection: &Connection) -> Read<Happened> {
        let Self { mark, at, topic, payload, origin } = self;
        let damaged = |what: &str| Broken(format!("the event at mark {} is damaged: {what}", mark.0).into());
        let payload = hiding::reveal(connection, &topic, payload).map_err(|fault| damaged(&fault.0))?;
        let payload = serde_json::from_slice(&payload).map_err(|error| damaged(&error.to_string()))?;
        Ok(Happened { mark, emission: Emission { at, topic: topic.into(), payload, origin } })
    }
}

fn as_stored(row: &Found<'_>) -> Read<Stored> {
    let (mark, topic, at): (u64, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let (payload, sum): (Vec<u8>, i64) = (row.get(3)?, row.get(6)?);
    let (run, chain): (Option<String>, u32) = (row.get(4)?, row.get(5)?);
    let origin = run.map(|run| Origin { run: RunId(run.into()), chain });
    let mark = Mark(mark);
    if sum != checksum(mark, &topic, at, &payload, origin.as_ref()) {
        return Err(Broken(format!("the event at mark {} is damaged: it is not what was written", mark.0).into()));
    }
    Ok(Stored { mark, at: moment(at), topic, payload, origin })
}

/// The first eight bytes of BLAKE3 over everything the row says.
fn checksum(mark: Mark, topic: &str, at: i64, payload: &[u8], origin: Option<&Origin>) -> i64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&mark.0.to_le_bytes());
    hasher.update(&at.to_le_bytes());
    hasher.update(&(topic.len() as u64).to_le_bytes());
    hasher.update(topic.as_bytes());
    hasher.update(payload);
    // Before version 4 of the tables nobody knew where an event came from.
    if let Some(Origin { run, chain }) = origin {
        hasher.update(&(payload.len() as u64).to_le_bytes());
        hasher.update(run.0.as_bytes());
        hasher.update(&chain.to_le_bytes());
    }
    let mut short = [0; 8];
    short.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    i64::from_le_bytes(short)
}
