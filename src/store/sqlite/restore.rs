//! Taking in what [`dump`](super::dump) wrote: all of it or nothing, each line held against its sum.

use std::collections::BTreeMap;
use std::io::{self, BufRead};
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Deserialize;

use super::directory::Directory;
use super::dump::{Amount, Batch, Happened, Known, Line, Stands, Sum, VERSION};
use super::row::Row;
use super::writer::{self, Fault};
use super::{OpenError, event, keyring_of, nanos, reader};
use crate::base::id::{Digest, RunId};
use crate::run::journal::{Broken, Mark};

/// What every line begins with, before the digits of its sum.
const OPENING: &[u8] = br#"{"sum":""#;

/// How many digits a sum has.
const DIGITS: usize = 32;

/// What was taken in, and what was there already.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Restored {
    /// How much the dump held.
    pub amount: Amount,
    /// The runs that were taken in and have not come to rest.
    pub open: Vec<RunId>,
    /// How many runs were there already, with the same journal.
    pub present: u64,
}

/// Why nothing was taken in.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The data directory cannot be used.
    #[error("{0}")]
    Open(#[from] OpenError),
    /// The dump cannot be read.
    #[error("the dump cannot be read: {0}")]
    Read(#[from] io::Error),
    /// It is no dump, or not as it was written.
    #[error("line {line} of the dump: {what}")]
    Line {
        /// Which line, counted from 1.
        line: u64,
        /// What is wrong.
        what: String,
    },
    /// A run is there with another journal.
    #[error("the run `{0}` is there already, and other things happened in it than the dump says")]
    Differs(RunId),
    /// The store cannot be read or written.
    #[error("{0}")]
    Broken(#[from] Broken),
}

impl From<rusqlite::Error> for RestoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Broken(error.into())
    }
}

impl From<Fault> for RestoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Disk(error) => Self::Broken(Broken(format!("the store cannot be written: {error}").into())),
            Fault::Broken(broken) => Self::Broken(broken),
        }
    }
}

/// Takes a dump into the store in `directory`, which is made if it is not there and which nobody else may be using.
///
/// # Errors
/// If the dump is damaged, a run of it is there with another journal, or the directory cannot be used. Nothing has changed then.
pub fn restore(directory: &Path, dump: &mut dyn BufRead) -> Result<Restored, RestoreError> {
    let mut directory = Directory::open(directory, &keyring_of(directory, None))?;
    let last = directory.last;
    let transaction = directory.connection.transaction()?;
    let mut restoring =
        Restoring { connection: &transaction, last, shift: None, runs: BTreeMap::new(), restored: Restored::default() };
    restoring.read(dump)?;
    let restored = restoring.restored;
    transaction.commit()?;
    Ok(restored)
}

struct Restoring<'a> {
    connection: &'a Connection,
    /// The highest mark in use.
    last: Mark,
    /// By how much marks grow: by nothing where the store is empty.
    shift: Option<u64>,
    /// The runs that were begun.
    runs: BTreeMap<RunId, Begun>,
    restored: Restored,
}

/// A run of which batches were read.
enum Begun {
    /// It is taken in: its first mark and its last one so far.
    New { number: Mark, last: Mark },
    /// It was there: the marks of its batches that are still to be held against the dump, the next one last.
    Present(Vec<Mark>),
}

impl Restoring<'_> {
    fn read(&mut self, dump: &mut dyn BufRead) -> Result<(), RestoreError> {
        let (mut sum, mut number, mut ended) = (Sum::default(), 0, false);
        let mut line = Vec::new();
        loop {
            line.clear();
            number += 1;
            if dump.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            let wrong = |what: &str| RestoreError::Line { line: number, what: what.to_owned() };
            let rest = rest(&mut line, &mut sum).ok_or_else(|| match number {
                1 => wrong("this is no dump"),
                _ => wrong("it is not what was written: the dump is damaged, or was changed"),
            })?;
            let mut json = serde_json::Deserializer::from_slice(rest);
            json.disable_recursion_limit();
            let said = Line::deserialize(&mut json).map_err(|error| wrong(&error.to_string()))?;
            match (&said, number) {
                (Line::FlowDump(head), 1) if head.version <= VERSION => continue,
                (Line::FlowDump(_), 1) => return Err(wrong("it was written by a later version of this program")),
                (_, 1) => return Err(wrong("this is no dump")),
                (Line::End(amount), _) => ended = *amount == self.restored.amount,
                _ => {}
            }
            self.take(said).map_err(|error| match error {
                RestoreError::Line { what, .. } => wrong(&what),
                other => other,
            })?;
        }
        match ended && self.runs.is_empty() {
            true => Ok(()),
            false => Err(RestoreError::Line { line: number, what: "the dump was cut off here".to_owned() }),
        }
    }

    fn take(&mut self, line: Line<'_>) -> Result<(), RestoreError> {
        let amount = &mut self.restored.amount;
        match line {
            Line::FlowDump(_) | Line::End(_) => Ok(()),
            Line::Plan(body) => {
                amount.plans += 1;
                self.plan(body.get())
            }
            Line::Content(bytes) => {
                amount.values += 1;
                writer::keep_content(self.connection, Digest::of(bytes.get().as_bytes()), bytes.get().as_bytes())?;
                Ok(())
            }
            Line::Batch(batch) => {
                amount.batches += 1;
                self.batch(&batch)
            }
            Line::Run(stands) => {
                amount.runs += 1;
                self.run(*stands)
            }
            Line::Event(event) => {
                amount.events += 1;
                self.event(event)
            }
            Line::Fact(fact) => {
                amount.facts += 1;
                self.fact(&fact)
            }
        }
    }

    fn plan(&self, body: &str) -> Result<(), RestoreError> {
        let plan = reader::as_plan(body.as_bytes()).map_err(|broken| wrong(&broken.to_string()))?;
        writer::keep_plan(self.connection, plan.digest, body.as_bytes(), &plan.topics())?;
        Ok(())
    }

    /// Where what was at `mark` is from now on.
    fn shifted(&mut self, mark: Mark) -> Mark {
        let last = self.last;
        let shift = *self.shift.get_or_insert_with(|| (last.0 + 1).saturating_sub(mark.0));
        Mark(mark.0 + shift)
    }

    fn batch(&mut self, batch: &Batch<'_>) -> Result<(), RestoreError> {
        if batch.first == 0 {
            let begun = match reader::marks(self.connection, &batch.run)? {
                Some(marks) => Begun::Present(marks),
                None => Begun::New { number: Mark::default(), last: Mark::default() },
            };
            self.runs.insert(batch.run.clone(), begun);
        }
        let mark = self.shifted(batch.mark);
        let connection = self.connection;
        match self.runs.get_mut(&batch.run) {
            None => Err(wrong("the beginning of the run is missing")),
            Some(Begun::Present(marks)) => {
                let there = marks.pop().ok_or_else(|| RestoreError::Differs(batch.run.clone()))?;
                let there = reader::batch(connection, &batch.run, there)?;
                let same = (there.first, there.version) == (batch.first, batch.version);
                let same = same && there.records == batch.records.get().as_bytes();
                if same { Ok(()) } else { Err(RestoreError::Differs(batch.run.clone())) }
            }
            Some(Begun::New { number, last }) => {
                let row = Row::sealed(mark, batch.run.clone(), *last, batch.first, batch.version, batch.records.get());
                writer::insert(connection, &row)?;
                for digest in &batch.contents {
                    writer::hold_content(connection, *digest, mark)?;
                }
                if *last == Mark::default() {
                    *number = mark;
                }
                *last = mark;
                Ok(())
            }
        }
    }

    fn run(&mut self, stands: Stands) -> Result<(), RestoreError> {
        let Stands { standing, plans, waits } = stands;
        match self.runs.remove(&standing.run) {
            None => return Err(wrong("the records of the run are missing")),
            Some(Begun::Present(marks)) if marks.is_empty() => self.restored.present += 1,
            Some(Begun::Present(_)) => return Err(RestoreError::Differs(standing.run)),
            Some(Begun::New { number, last }) => {
                writer::stand(self.connection, number, last, &standing)?;
                writer::tag(self.connection, number, &standing.tags)?;
                for plan in plans {
                    self.connection
                        .prepare_cached("INSERT INTO plan_of_run (plan, run) VALUES (?1, ?2)")?
                        .execute(params![plan.0, number.0])?;
                }
                for wait in waits {
                    self.connection
                        .prepare_cached(
                            "INSERT INTO wait (run, unit, kind, name, place, since, path, value, sum)
                             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, seal(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8))",
                        )?
                        .execute(params![
                            number.0,
                            wait.unit,
                            wait.kind,
                            wait.name,
                            wait.place,
                            nanos(wait.since),
                            wait.path,
                            wait.value
                        ])?;
                }
                if standing.rested_at.is_none() {
                    self.restored.open.push(standing.run);
                }
            }
        }
        Ok(())
    }

    /// An event that is there already is the same one.
    fn event(&mut self, event: Happened<'_>) -> Result<(), RestoreError> {
        let Happened { mark, at, topic, payload, origin } = event;
        let mark = self.shifted(mark);
        let payload = payload.get().as_bytes();
        if !event::is_there(self.connection, (&topic, at), payload)? {
            event::keep_stored(self.connection, mark, (&topic, at), payload, origin.as_ref())?;
        }
        Ok(())
    }

    /// What workflows keep here stays as it is.
    fn fact(&self, fact: &Known<'_>) -> Result<(), RestoreError> {
        let there = self
            .connection
            .prepare_cached("SELECT 1 FROM fact WHERE name = ?1")?
            .query_row([&fact.name], |_| Ok(()))
            .optional()?;
        if there.is_none() {
            writer::keep_stored(self.connection, &fact.name, fact.value.get().as_bytes(), fact.until)?;
        }
        Ok(())
    }
}

/// A fault of the line that is being read.
fn wrong(what: &str) -> RestoreError {
    RestoreError::Line { line: 0, what: what.to_owned() }
}

/// What a line says after its sum, as an object; none if that is not what was written.
fn rest<'a>(line: &'a mut Vec<u8>, sum: &mut Sum) -> Option<&'a [u8]> {
    let comma = OPENING.len() + DIGITS + 1;
    let whole = line.pop() == Some(b'\n') && line.starts_with(OPENING) && line.get(comma) == Some(&b',');
    let digits = std::str::from_utf8(line.get(OPENING.len()..OPENING.len() + DIGITS)?).ok()?;
    let said = Digest::read(digits)?;
    sum.add(line.get(comma + 1..)?);
    if !whole || sum.0 != said {
        return None;
    }
    line[comma] = b'{';
    line.get(comma..)
}
