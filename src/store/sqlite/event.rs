//! Events as rows: by topic, each at its mark in the total order.

use rusqlite::{Connection, OptionalExtension as _, Row as Found, Rows, params};

use super::reader::Read;
use super::writer::Fault;
use super::{moment, nanos};
use crate::base::id::RunId;
use crate::run::chain::Origin;
use crate::run::journal::{Broken, Emission, Happened, Mark};

/// The columns of `event` in the order [`as_event`] takes them.
const EVENT: &str = "mark, topic, at, payload, run, chain, sum";

pub(super) fn keep(connection: &Connection, mark: Mark, event: &Emission) -> Result<(), Fault> {
    let payload = serde_json::to_vec(&event.payload).map_err(|error| Broken(error.to_string().into()))?;
    let at = nanos(event.at);
    let sum = checksum(mark, &event.topic, at, &payload, event.origin.as_ref());
    let (run, chain) = event.origin.as_ref().map(|origin| (&*origin.run.0, origin.chain)).unzip();
    connection
        .prepare_cached(
            "INSERT INTO event (mark, topic, at, payload, run, chain, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![mark.0, &*event.topic, at, payload, run, chain.unwrap_or_default(), sum])?;
    Ok(())
}

/// Whoever waited for an event up to `mark` has heard of it.
pub(super) fn heard(connection: &Connection, mark: Mark) -> Result<(), Fault> {
    connection.prepare_cached("UPDATE heard SET mark = ?1, sum = seal(?1) WHERE mark < ?1")?.execute([mark.0])?;
    Ok(())
}

/// The event at `mark`.
pub(super) fn at(connection: &Connection, mark: Mark) -> Read<Option<Happened>> {
    let sql = format!("SELECT {EVENT} FROM event WHERE mark = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(all(statement.query([mark.0])?)?.pop())
}

/// Whether this event is kept already.
pub(super) fn is_there(connection: &Connection, event: &Emission) -> Result<bool, Fault> {
    let payload = serde_json::to_vec(&event.payload).map_err(|error| Broken(error.to_string().into()))?;
    let found = connection
        .prepare_cached("SELECT 1 FROM event WHERE topic = ?1 AND at = ?2 AND payload = ?3")?
        .query_row(params![&*event.topic, nanos(event.at), payload], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

pub(super) fn of_topic(connection: &Connection, topic: &str, after: Mark, limit: usize) -> Read<Vec<Happened>> {
    let sql = format!("SELECT {EVENT} FROM event WHERE topic = ?1 AND mark > ?2 ORDER BY mark LIMIT ?3");
    let mut statement = connection.prepare_cached(&sql)?;
    all(statement.query(params![topic, after.0, i64::try_from(limit).unwrap_or(i64::MAX)])?)
}

pub(super) fn unheard(connection: &Connection, after: Mark, limit: usize) -> Read<Vec<Happened>> {
    let sql =
        format!("SELECT {EVENT} FROM event WHERE mark > max(?1, (SELECT mark FROM heard)) ORDER BY mark LIMIT ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    all(statement.query(params![after.0, i64::try_from(limit).unwrap_or(i64::MAX)])?)
}

fn all(mut found: Rows<'_>) -> Read<Vec<Happened>> {
    let mut events = Vec::new();
    while let Some(row) = found.next()? {
        events.push(as_event(row)?);
    }
    Ok(events)
}

fn as_event(row: &Found<'_>) -> Read<Happened> {
    let (mark, topic, at): (u64, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let (payload, sum): (Vec<u8>, i64) = (row.get(3)?, row.get(6)?);
    let (run, chain): (Option<String>, u32) = (row.get(4)?, row.get(5)?);
    let origin = run.map(|run| Origin { run: RunId(run.into()), chain });
    let mark = Mark(mark);
    let damaged = |what: &str| Broken(format!("the event at mark {} is damaged: {what}", mark.0).into());
    if sum != checksum(mark, &topic, at, &payload, origin.as_ref()) {
        return Err(damaged("it is not what was written"));
    }
    let payload = serde_json::from_slice(&payload).map_err(|error| damaged(&error.to_string()))?;
    Ok(Happened { mark, emission: Emission { at: moment(at), topic: topic.into(), payload, origin } })
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
