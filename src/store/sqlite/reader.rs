//! What is read: by connections of their own, beside the writer.

use std::str::FromStr;
use std::sync::Arc;

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Row as Found, params};
use serde::Deserialize as _;
use serde::de::DeserializeOwned;

use super::content::Fault;
use super::row::Row;
use super::seal::{FACT, RUN};
use super::{hiding, moment, nanos};
use crate::base::id::{Digest, RunId};
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::lang::plan::Plan;
use crate::run::admission::Turn;
use crate::run::event::Record;
use crate::run::journal::{Broken, Due, Fact, History, Mark, Standing};

/// The columns of `run` in the order [`as_standing`] takes them.
pub(super) const STANDING: &str = "id, workflow, plan, parent, tags, status, accepted_at, rested_at, error, wake, busy, failures, turn, started_at, fork_of";

pub(super) type Read<T> = Result<T, Broken>;

impl From<rusqlite::Error> for Broken {
    fn from(error: rusqlite::Error) -> Self {
        Self(format!("the store cannot be read: {error}").into())
    }
}

fn missing(run: &RunId, mark: Mark, what: &str) -> Broken {
    Broken(format!("the journal of the run `{run}` is damaged at mark {}: {what}", mark.0).into())
}

/// The records of a run from the one with this number on.
pub(super) fn history(connection: &Connection, run: &RunId, from: u64) -> Read<History> {
    let mut batches: Vec<Vec<Record>> = Vec::new();
    let ends = along(connection, run, from, |row| {
        let records: Vec<Record> = row.open(connection)?;
        let count = records.len();
        let skipped = usize::try_from(from.saturating_sub(row.first)).unwrap_or(usize::MAX).min(count);
        batches.push(records.into_iter().skip(skipped).collect());
        Ok(count)
    })?;
    let Some((accepted, last)) = ends else { return Ok(History::default()) };
    Ok(History { records: batches.into_iter().rev().flatten().collect(), accepted, last })
}

/// The records of the batch at `mark`, before which there are so many of the run.
pub(super) fn part(connection: &Connection, run: &RunId, mark: Mark, before: u64) -> Read<Vec<Record>> {
    let row = batch(connection, run, mark)?;
    if row.run != *run || row.first != before {
        return Err(missing(run, mark, "what came before it is not there"));
    }
    row.open(connection)
}

/// The records of a run without their large parts.
pub(super) fn outline(connection: &Connection, run: &RunId) -> Read<History> {
    let mut batches: Vec<Vec<Record>> = Vec::new();
    let ends = along(connection, run, 0, |row| {
        batches.push(row.outline(connection)?);
        Ok(batches.last().map_or(0, Vec::len))
    })?;
    let Some((accepted, last)) = ends else { return Ok(History::default()) };
    Ok(History { records: batches.into_iter().rev().flatten().collect(), accepted, last })
}

/// The output that the record with this number says of what ended with it, in JSON with marks where its large parts are.
pub(super) fn output(connection: &Connection, run: &RunId, number: u64) -> Read<Option<Vec<u8>>> {
    let mut output = None;
    along(connection, run, number, |row| {
        if row.first <= number {
            output = row.output(usize::try_from(number - row.first).unwrap_or(usize::MAX))?;
        }
        row.count()
    })?;
    Ok(output)
}

/// Goes along the chain of the batches of a run, from the last to the one that holds record `from`. `look` says how many
/// records there are in each. Where the first and the last are; none if there is no such run.
fn along(
    connection: &Connection,
    run: &RunId,
    from: u64,
    mut look: impl FnMut(&Row) -> Read<usize>,
) -> Read<Option<(Mark, Mark)>> {
    let ends = connection
        .prepare_cached(&format!("SELECT number, last, sum IS seal({RUN}) FROM run WHERE id = ?1"))?
        .query_row([&*run.0], |row| Ok((Mark(row.get(0)?), Mark(row.get(1)?), row.get::<_, bool>(2)?)))
        .optional()?;
    let Some((accepted, last, sound)) = ends else { return Ok(None) };
    if !sound {
        return Err(unsound(&format!("how the run `{run}` stands")));
    }
    let (mut mark, mut end) = (last, None);
    loop {
        let row = batch(connection, run, mark)?;
        let count = look(&row)? as u64;
        if row.run != *run || end.is_some_and(|end| row.first + count != end) {
            return Err(missing(run, mark, "what came before it is not there"));
        }
        let (first, previous) = (row.first, row.previous);
        if first <= from || previous == Mark::default() {
            if previous == Mark::default() && first != 0 {
                return Err(missing(run, mark, "its beginning is not there"));
            }
            return Ok(Some((accepted, last)));
        }
        (mark, end) = (previous, Some(first));
    }
}

/// The marks of the batches of a run, the last one first; none if there is no such run.
pub(super) fn marks(connection: &Connection, run: &RunId) -> Read<Option<Vec<Mark>>> {
    let last = connection
        .prepare_cached("SELECT last FROM run WHERE id = ?1")?
        .query_row([&*run.0], |row| row.get(0).map(Mark))
        .optional()?;
    let Some(mut mark) = last else { return Ok(None) };
    let mut marks = Vec::new();
    while mark != Mark::default() {
        marks.push(mark);
        let previous = connection
            .prepare_cached("SELECT previous FROM batch WHERE mark = ?1")?
            .query_row([mark.0], |row| row.get(0).map(Mark))
            .optional()?;
        mark = previous.ok_or_else(|| missing(run, mark, "it is not there"))?;
    }
    Ok(Some(marks))
}

pub(super) fn batch(connection: &Connection, run: &RunId, mark: Mark) -> Read<Row> {
    let row = connection
        .prepare_cached("SELECT run, previous, first, version, records, sum FROM batch WHERE mark = ?1")?
        .query_row([mark.0], |row| {
            Ok(Row {
                mark,
                run: RunId(row.get::<_, String>(0)?.into()),
                previous: Mark(row.get(1)?),
                first: row.get(2)?,
                version: row.get(3)?,
                records: row.get(4)?,
                sum: row.get(5)?,
            })
        })
        .optional()?;
    row.ok_or_else(|| Broken(format!("the journal of the run `{run}` is damaged: there is no mark {}", mark.0).into()))
}

/// Appends a large part of a record, as it was written.
pub(super) fn content(connection: &Connection, digest: Digest, whole: &mut Vec<u8>) -> Result<(), Fault> {
    let start = whole.len();
    while let Some(piece) = piece(connection, digest, (whole.len() - start) as u64)? {
        whole.extend_from_slice(&piece);
    }
    let bytes = whole.get(start..).unwrap_or_default();
    is_sound(digest, bytes.len() as u64, Digest::of(bytes))
}

/// The piece of a large part that begins with this byte, if there is one.
pub(super) fn piece(connection: &Connection, digest: Digest, start: u64) -> rusqlite::Result<Option<Vec<u8>>> {
    connection
        .prepare_cached("SELECT bytes FROM piece WHERE digest = ?1 AND start = ?2")?
        .query_row(params![digest.to_string(), start], |row| row.get(0))
        .optional()
}

/// The first byte of a large part.
pub(super) fn begins(connection: &Connection, digest: Digest) -> Result<Vec<u8>, Fault> {
    let begins = connection
        .prepare_cached("SELECT substr(bytes, 1, 1) FROM piece WHERE digest = ?1 AND start = 0")?
        .query_row([digest.to_string()], |row| row.get(0))
        .optional()?;
    begins.ok_or_else(|| Fault(format!("the part {digest} is not there")))
}

/// Whether a large part, of which so many bytes were read, is what was written.
pub(super) fn is_sound(digest: Digest, bytes: u64, sum: Digest) -> Result<(), Fault> {
    match (bytes, sum == digest) {
        (0, _) => Err(Fault(format!("the part {digest} is not there"))),
        (_, false) => Err(Fault(format!("the part {digest} is not what was written"))),
        (_, true) => Ok(()),
    }
}

pub(super) fn standing(connection: &Connection, run: &RunId) -> Read<Option<Standing>> {
    let sql = format!("SELECT {STANDING} FROM run WHERE id = ?1");
    Ok(connection.prepare_cached(&sql)?.query_row([&*run.0], as_standing).optional()?)
}

pub(super) fn busy(connection: &Connection) -> Read<Vec<RunId>> {
    let mut statement = connection.prepare_cached("SELECT id FROM run WHERE busy ORDER BY number")?;
    let found = statement.query_map([], as_run)?;
    Ok(found.collect::<Result<_, _>>()?)
}

pub(super) fn at_gates(connection: &Connection) -> Read<Vec<(RunId, Turn)>> {
    let mut statement = connection.prepare_cached("SELECT id, turn FROM run WHERE turn IS NOT NULL ORDER BY number")?;
    let found = statement.query_map([], |row| Ok((as_run(row)?, as_data(row, 1)?)))?;
    let found = found.filter_map(|at| at.map(|(run, turn)| Some((run, turn?))).transpose());
    Ok(found.collect::<Result<_, _>>()?)
}

pub(super) fn due(connection: &Connection, until: Timestamp, limit: usize) -> Read<Due> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement =
        connection.prepare_cached("SELECT id, wake FROM run WHERE wake IS NOT NULL ORDER BY wake, number LIMIT ?1")?;
    // One more than may be woken: the next one.
    let mut found = statement.query([limit.saturating_add(1)])?;
    let mut due = Due::default();
    while let Some(row) = found.next()? {
        let wake: i64 = row.get(1)?;
        if wake > nanos(until) || due.runs.len() as i64 >= limit {
            due.next = Some(moment(wake));
            break;
        }
        due.runs.push(as_run(row)?);
    }
    Ok(due)
}

pub(super) fn fact(connection: &Connection, name: &str) -> Read<Option<Value>> {
    let found: Option<(Vec<u8>, bool)> = connection
        .prepare_cached(&format!("SELECT value, sum IS seal({FACT}) FROM fact WHERE name = ?1"))?
        .query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    found.map(|(value, sound)| as_value(connection, name, value, sound)).transpose()
}

pub(super) fn facts(connection: &Connection, prefix: &str) -> Read<Vec<Fact>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT name, value, until, sum IS seal({FACT}) FROM fact WHERE name >= ?1 ORDER BY name COLLATE BINARY"
    ))?;
    let mut found = statement.query([prefix])?;
    let mut facts = Vec::new();
    while let Some(row) = found.next()? {
        let name: String = row.get(0)?;
        if !name.starts_with(prefix) {
            break;
        }
        let (value, until): (Vec<u8>, Option<i64>) = (row.get(1)?, row.get(2)?);
        let value = as_value(connection, &name, value, row.get(3)?)?;
        facts.push(Fact { name: name.into(), value: Some(value), until: until.map(moment) });
    }
    Ok(facts)
}

pub(super) fn plan(connection: &Connection, digest: Digest) -> Read<Option<Plan>> {
    let found: Option<(Vec<u8>, bool)> = connection
        .prepare_cached("SELECT body, sum IS seal(digest, body) FROM plan WHERE digest = ?1")?
        .query_row([digest.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match found {
        Some((_, false)) => Err(unsound(&format!("the plan {digest}"))),
        Some((body, true)) => as_plan(&body).map(Some),
        None => Ok(None),
    }
}

/// A plan as it is kept: how deep it may be nested was seen to when it was made.
pub(super) fn as_plan(body: &[u8]) -> Read<Plan> {
    let mut json = serde_json::Deserializer::from_slice(body);
    json.disable_recursion_limit();
    Plan::deserialize(&mut json).map_err(|error| Broken(format!("a plan cannot be read: {error}").into()))
}

fn as_value(connection: &Connection, name: &str, value: Vec<u8>, sound: bool) -> Read<Value> {
    if !sound {
        return Err(unsound(&format!("the fact `{name}`")));
    }
    let unreadable = |why: String| Broken(format!("the fact `{name}` cannot be read: {why}").into());
    let value = hiding::reveal(connection, name, value).map_err(|fault| unreadable(fault.0))?;
    serde_json::from_slice(&value).map_err(|error| unreadable(error.to_string()))
}

fn unsound(what: &str) -> Broken {
    Broken(format!("{what} is not what was written: the store was damaged since it was opened; open it again to have it looked through").into())
}

fn as_run(row: &Found<'_>) -> rusqlite::Result<RunId> {
    Ok(RunId(row.get::<_, String>(0)?.into()))
}

/// A word of a fixed vocabulary.
pub(super) fn word<T: FromStr<Err = String>>(row: &Found<'_>, at: usize) -> rusqlite::Result<T> {
    let word: String = row.get(at)?;
    word.parse().map_err(|error: String| rusqlite::Error::FromSqlConversionFailure(at, Type::Text, error.into()))
}

pub(super) fn as_standing(row: &Found<'_>) -> rusqlite::Result<Standing> {
    let text = |at: usize| row.get::<_, String>(at).map(Arc::from);
    let maybe = |at: usize| row.get::<_, Option<String>>(at).map(|text| text.map(Arc::from));
    Ok(Standing {
        run: RunId(text(0)?),
        workflow: text(1)?,
        plan: Digest(row.get(2)?),
        parent: maybe(3)?.map(RunId),
        tags: as_data(row, 4)?.unwrap_or_default(),
        status: word(row, 5)?,
        accepted_at: moment(row.get(6)?),
        rested_at: row.get::<_, Option<i64>>(7)?.map(moment),
        error: maybe(8)?,
        wake: row.get::<_, Option<i64>>(9)?.map(moment),
        busy: row.get(10)?,
        open: as_data(row, 11)?.unwrap_or_default(),
        turn: as_data(row, 12)?,
        started_at: row.get::<_, Option<i64>>(13)?.map(moment),
        fork_of: maybe(14)?.map(RunId),
    })
}

/// What a column holds in JSON.
fn as_data<T: DeserializeOwned>(row: &Found<'_>, at: usize) -> rusqlite::Result<Option<T>> {
    let data = row.get::<_, Option<String>>(at)?.map(|json| serde_json::from_str(&json)).transpose();
    data.map_err(|error| rusqlite::Error::FromSqlConversionFailure(at, Type::Text, Box::new(error)))
}
