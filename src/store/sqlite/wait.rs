//! What runs wait for from outside, as rows: who is to be told is found by an index, however many wait.

use rusqlite::{Connection, OptionalExtension as _, Row as Found, params};

use super::reader::{Read, word};
use super::writer::Fault;
use super::{moment, nanos};
use crate::base::id::RunId;
use crate::base::value::Value;
use crate::run::event::UnitId;
use crate::run::wait::{Fit, For, Open, Wait, Waiting};

/// The columns in the order [`as_open`] takes them.
const OPEN: &str = "wait.number, run.id, kind, name, place, since, path, value";

/// The units of a run that wait from now on, and those that wait no more.
pub(super) fn change(connection: &Connection, run: &RunId, waits: &[(UnitId, Option<Wait>)]) -> Result<(), Fault> {
    for (unit, wait) in waits {
        connection
            .prepare_cached("DELETE FROM wait WHERE run = (SELECT number FROM run WHERE id = ?1) AND unit = ?2")?
            .execute(params![&*run.0, unit.serial])?;
        if let Some(wait) = wait {
            open(connection, run, *unit, wait)?;
        }
    }
    Ok(())
}

fn open(connection: &Connection, run: &RunId, unit: UnitId, wait: &Wait) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT INTO wait (run, unit, kind, name, place, since, path, value, sum)
             SELECT number, ?2, ?3, ?4, ?5, ?6, ?7, ?8, seal(number, ?2, ?3, ?4, ?5, ?6, ?7, ?8) FROM run WHERE id = ?1",
        )?
        .execute(params![
            &*run.0,
            unit.serial,
            wait.kind.word(),
            &*wait.name,
            &*wait.place,
            nanos(wait.since),
            wait.fit.as_ref().map_or("", |fit| &fit.path),
            wait.fit.as_ref().map_or("", |fit| &fit.value),
        ])?;
    Ok(())
}

pub(super) fn waiting(connection: &Connection, query: &Waiting) -> Read<Vec<Open>> {
    match (&query.kind, &query.name, &query.event) {
        (Some(For::Event), Some(topic), Some(event)) => for_event(connection, query, topic, event),
        _ => listed(connection, query, None),
    }
}

/// Whoever may take an event: of each path that waits of its topic look at, those that want what it carries there.
fn for_event(connection: &Connection, query: &Waiting, topic: &str, event: &Value) -> Read<Vec<Open>> {
    let mut found = Vec::new();
    let mut path = first_path(connection, topic)?;
    while let Some(here) = path {
        let value = match Fit::at(event, &here) {
            _ if here.is_empty() => Some(None),
            None => None,
            Some(value) => Some(Fit::form(value)),
        };
        if let Some(value) = value {
            found.extend(listed(connection, query, Some((&here, value.as_deref())))?);
        }
        path = next_path(connection, topic, &here)?;
    }
    found.sort_by_key(|open| open.number);
    found.truncate(query.limit);
    Ok(found)
}

fn first_path(connection: &Connection, topic: &str) -> Read<Option<String>> {
    let sql = "SELECT path FROM wait WHERE kind = 'event' AND name = ?1 ORDER BY path LIMIT 1";
    Ok(connection.prepare_cached(sql)?.query_row([topic], |row| row.get(0)).optional()?)
}

fn next_path(connection: &Connection, topic: &str, path: &str) -> Read<Option<String>> {
    let sql = "SELECT path FROM wait WHERE kind = 'event' AND name = ?1 AND path > ?2 ORDER BY path LIMIT 1";
    Ok(connection.prepare_cached(sql)?.query_row([topic, path], |row| row.get(0)).optional()?)
}

/// The waits that `query` describes; of events, only those that look at this path, and want this value there.
fn listed(connection: &Connection, query: &Waiting, fit: Option<(&str, Option<&str>)>) -> Read<Vec<Open>> {
    let mut conditions = vec!["wait.number > ?1"];
    if query.kind.is_some() {
        conditions.push("kind = ?2");
    }
    if query.name.is_some() {
        conditions.push("name = ?3");
    }
    if query.run.is_some() {
        conditions.push("run = (SELECT number FROM run WHERE id = ?4)");
    }
    let (path, value) = fit.unwrap_or_default();
    if fit.is_some() {
        conditions.push("path = ?5");
    }
    if value.is_some() {
        conditions.push("value = ?6");
    }
    let sql = format!(
        "SELECT {OPEN} FROM wait JOIN run ON run.number = wait.run
         WHERE {} ORDER BY wait.number LIMIT ?7",
        conditions.join(" AND ")
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let found = statement.query_map(
        params![
            query.after,
            query.kind.map(For::word),
            query.name.as_deref(),
            query.run.as_ref().map(|run| &*run.0),
            path,
            value,
            i64::try_from(query.limit).unwrap_or(i64::MAX),
        ],
        as_open,
    )?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn as_open(row: &Found<'_>) -> rusqlite::Result<Open> {
    let text = |at: usize| row.get::<_, String>(at).map(std::sync::Arc::<str>::from);
    let path = text(6)?;
    let fit = (!path.is_empty()).then(|| Ok::<_, rusqlite::Error>(Fit { path: path.clone(), value: text(7)? }));
    Ok(Open {
        number: row.get(0)?,
        run: RunId(text(1)?),
        wait: Wait {
            kind: word(row, 2)?,
            name: text(3)?,
            place: text(4)?,
            since: moment(row.get(5)?),
            fit: fit.transpose()?,
        },
    })
}
