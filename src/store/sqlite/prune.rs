//! Removing: in steps of one transaction each, small enough that nobody waits long for the writer behind them.
//!
//! A run goes in two: it and those it waited for leave the lists at once, and then their batches go, the last ones first. What
//! a crash leaves of that is gone on with by the next step.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::nanos;
use super::reader::Read;
use super::writer::Fault;
use crate::base::id::{Digest, RunId};
use crate::base::time::Timestamp;
use crate::run::journal::{Forgotten, Mark};

/// How many rows a step removes, about.
pub(super) const ROWS_AT_ONCE: usize = 1_000;

/// How many runs leave the lists in one step, not counting those they waited for.
pub(super) const RUNS_AT_ONCE: usize = 32;

/// One transaction's worth of removing.
pub(super) enum Step {
    /// Runs that have come to rest leave the lists, with those they waited for.
    Leave(Vec<RunId>),
    /// Batches of runs that have left.
    Batches,
    /// Facts that nobody asks for any more at this moment.
    Facts(Timestamp),
    /// Events.
    Events(Vec<Mark>),
    /// Plans, unless they were kept by this process.
    Plans(Vec<Digest>),
}

/// What a step did, and whether it would do more if it were taken again.
#[derive(Default)]
pub(super) struct Done {
    pub forgotten: Forgotten,
    pub more: bool,
}

impl Step {
    /// Takes the step. `kept` are the plans that were kept by this process.
    pub(super) fn take(&self, connection: &Connection, kept: &BTreeSet<Digest>) -> Result<Done, Fault> {
        match self {
            Self::Leave(runs) => leave(connection, runs),
            Self::Batches => batches(connection),
            Self::Facts(now) => facts(connection, *now),
            Self::Events(marks) => events(connection, marks),
            Self::Plans(digests) => plans(connection, digests.iter().filter(|digest| !kept.contains(digest))),
        }
    }
}

fn leave(connection: &Connection, runs: &[RunId]) -> Result<Done, Fault> {
    let mut done = Done::default();
    for run in runs {
        let family = family(connection, run)?;
        if family.iter().any(|member| !member.at_rest) {
            continue;
        }
        for Member { number, last, .. } in family {
            connection
                .prepare_cached("DELETE FROM run_by_tag WHERE number = ?1 AND tag IN (SELECT value FROM run, json_each(run.tags) WHERE run.number = ?1)")?
                .execute([number])?;
            connection.prepare_cached("DELETE FROM wait WHERE run = ?1")?.execute([number])?;
            connection.prepare_cached("DELETE FROM plan_of_run WHERE run = ?1")?.execute([number])?;
            connection.prepare_cached("DELETE FROM run WHERE number = ?1")?.execute([number])?;
            connection
                .prepare_cached("INSERT INTO leaving (number, last, sum) VALUES (?1, ?2, seal(?1, ?2))")?
                .execute([number, last])?;
            done.forgotten.runs += 1;
        }
    }
    Ok(done)
}

struct Member {
    number: u64,
    last: u64,
    at_rest: bool,
}

/// A run and all those it waited for, and those they waited for; none if there is no such run.
fn family(connection: &Connection, run: &RunId) -> Result<Vec<Member>, Fault> {
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE family (id, number, last, at_rest) AS (
             SELECT id, number, last, rested_at IS NOT NULL FROM run WHERE id = ?1
             UNION ALL
             SELECT run.id, run.number, run.last, run.rested_at IS NOT NULL FROM family JOIN run ON run.parent = family.id
         ) SELECT number, last, at_rest FROM family",
    )?;
    let found = statement
        .query_map([&*run.0], |row| Ok(Member { number: row.get(0)?, last: row.get(1)?, at_rest: row.get(2)? }))?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn batches(connection: &Connection) -> Result<Done, Fault> {
    let mut done = Done::default();
    let mut left = ROWS_AT_ONCE;
    while left > 0 {
        let next: Option<(u64, u64)> = connection
            .prepare_cached("SELECT number, last FROM leaving LIMIT 1")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((number, mut last)) = next else { return Ok(done) };
        removed(connection, last)?;
        while last > 0 && left > 0 {
            last = batch(connection, last, &mut done.forgotten)?;
            left -= 1;
        }
        match last {
            0 => connection.prepare_cached("DELETE FROM leaving WHERE number = ?1")?.execute([number])?,
            _ => connection
                .prepare_cached("UPDATE leaving SET last = ?2, sum = seal(number, ?2) WHERE number = ?1")?
                .execute([number, last])?,
        };
    }
    Ok(Done { more: true, ..done })
}

/// Removes a batch, and the large values that only it held; where the one before it is, or 0 if there is none.
fn batch(connection: &Connection, mark: u64, forgotten: &mut Forgotten) -> Result<u64, Fault> {
    let found: Option<(u64, u64)> = connection
        .prepare_cached("SELECT previous, length(records) FROM batch WHERE mark = ?1")?
        .query_row([mark], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    // Where the chain is broken, what came before can be found no more.
    let Some((previous, bytes)) = found else { return Ok(0) };
    connection.prepare_cached("DELETE FROM batch WHERE mark = ?1")?.execute([mark])?;
    forgotten.batches += 1;
    forgotten.bytes += bytes;
    let mut held = connection.prepare_cached("SELECT digest FROM content_of_batch WHERE mark = ?1")?;
    let digests: Vec<String> = held.query_map([mark], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for digest in digests {
        connection
            .prepare_cached("DELETE FROM content_of_batch WHERE digest = ?1 AND mark = ?2")?
            .execute(params![digest, mark])?;
        if is_held(connection, &digest)? {
            continue;
        }
        let mut pieces = connection.prepare_cached("DELETE FROM piece WHERE digest = ?1 RETURNING length(bytes)")?;
        for bytes in pieces.query_map([&digest], |row| row.get::<_, u64>(0))? {
            forgotten.bytes += bytes?;
        }
        forgotten.values += 1;
    }
    Ok(previous)
}

/// Whether a batch refers to a large value.
fn is_held(connection: &Connection, digest: &str) -> Result<bool, Fault> {
    let held = connection
        .prepare_cached("SELECT 1 FROM content_of_batch WHERE digest = ?1 LIMIT 1")?
        .query_row([digest], |_| Ok(()))
        .optional()?;
    Ok(held.is_some())
}

fn facts(connection: &Connection, now: Timestamp) -> Result<Done, Fault> {
    let gone = connection
        .prepare_cached("DELETE FROM fact WHERE name IN (SELECT name FROM fact WHERE until <= ?1 LIMIT ?2)")?
        .execute(params![nanos(now), ROWS_AT_ONCE as i64])?;
    Ok(Done { forgotten: Forgotten { facts: gone as u64, ..Forgotten::default() }, more: gone == ROWS_AT_ONCE })
}

fn events(connection: &Connection, marks: &[Mark]) -> Result<Done, Fault> {
    let mut done = Done::default();
    for mark in marks {
        done.forgotten.events +=
            connection.prepare_cached("DELETE FROM event WHERE mark = ?1")?.execute([mark.0])? as u64;
    }
    if let Some(last) = marks.iter().max() {
        removed(connection, last.0)?;
    }
    Ok(done)
}

fn plans<'a>(connection: &Connection, digests: impl Iterator<Item = &'a Digest>) -> Result<Done, Fault> {
    let mut done = Done::default();
    for digest in digests {
        connection.prepare_cached("DELETE FROM topic_of_plan WHERE plan = ?1")?.execute([digest.0])?;
        done.forgotten.plans +=
            connection.prepare_cached("DELETE FROM plan WHERE digest = ?1")?.execute([digest.0])? as u64;
    }
    Ok(done)
}

/// Notes that what was at this mark has gone, so that the mark is never given again.
fn removed(connection: &Connection, mark: u64) -> Result<(), Fault> {
    connection.prepare_cached("UPDATE removed SET mark = ?1, sum = seal(?1) WHERE mark < ?1")?.execute([mark])?;
    Ok(())
}

/// The events after `after` and from before `before` that were heard of and that no run needs, so many at most.
pub(super) fn old_events(connection: &Connection, before: Timestamp, after: Mark) -> Read<Vec<Mark>> {
    let mut statement = connection.prepare_cached(
        "SELECT mark FROM event_unneeded WHERE at < ?1 AND mark > ?2 AND mark <= (SELECT mark FROM heard)
         ORDER BY mark LIMIT ?3",
    )?;
    let found =
        statement.query_map(params![nanos(before), after.0, ROWS_AT_ONCE as i64], |row| row.get(0).map(Mark))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The plans after `after` that no run is pinned to or was, so many at most.
pub(super) fn free_plans(connection: &Connection, after: Digest) -> Read<Vec<Digest>> {
    let mut statement = connection.prepare_cached(
        "SELECT digest FROM plan WHERE digest > ?1
         AND digest NOT IN (SELECT plan FROM run) AND digest NOT IN (SELECT plan FROM plan_of_run)
         ORDER BY digest LIMIT ?2",
    )?;
    let found = statement.query_map(params![after.0, ROWS_AT_ONCE as i64], |row| row.get(0).map(Digest))?;
    Ok(found.collect::<Result<_, _>>()?)
}
