//! Runs as lines of text: out of one store, into another. `docs/durability.md` shows the format.
//!
//! Each line is `{"sum":"...",KIND:BODY}` on its own; the sum is over the body and the sum before it, so that nothing can be
//! changed, left out or put elsewhere unseen. Lines follow the total order; what a line needs stands before it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Row as Found, params};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::directory::{FILE, is_free};
use super::reader::{STANDING, as_standing};
use super::row::Row;
use super::{OpenError, content, event, keyring_of, log, look, moment, reader, seal};
use crate::base::id::{Digest, RunId};
use crate::base::time::Timestamp;
use crate::run::chain::Origin;
use crate::run::journal::{Broken, Mark, Standing};

/// The version of the format.
pub(super) const VERSION: u32 = 1;

/// Which runs are written out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// These, with those they waited for.
    pub runs: Vec<RunId>,
    /// All of this workflow, with those they waited for.
    pub workflow: Option<String>,
    /// All, with what workflows keep between runs, and all events.
    pub all: bool,
}

/// How much was written out or taken in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// Runs.
    pub runs: u64,
    /// Batches of their records.
    pub batches: u64,
    /// Large values.
    pub values: u64,
    /// Plans.
    pub plans: u64,
    /// Events.
    pub events: u64,
    /// Facts.
    pub facts: u64,
}

/// Why nothing, or not all, was written out.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// There is no store in the directory.
    #[error("there is no store in `{0}`")]
    NoStore(String),
    /// There is no such run.
    #[error("there is no run `{0}`")]
    NoRun(RunId),
    /// The store is of another version.
    #[error("{0}")]
    Open(#[from] OpenError),
    /// The store cannot be read.
    #[error("{0}")]
    Broken(#[from] Broken),
    /// What is written cannot be taken.
    #[error("the dump cannot be written: {0}")]
    Write(#[from] io::Error),
}

impl From<rusqlite::Error> for DumpError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Broken(error.into())
    }
}

impl From<serde_json::Error> for DumpError {
    fn from(error: serde_json::Error) -> Self {
        Self::Broken(Broken(error.to_string().into()))
    }
}

/// What a line says.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line<'a> {
    /// What this is.
    FlowDump(Head),
    /// A plan.
    #[serde(borrow)]
    Plan(&'a RawValue),
    /// A large value, in the form in which records refer to it.
    #[serde(borrow)]
    Content(&'a RawValue),
    /// Records of a run.
    #[serde(borrow)]
    Batch(Batch<'a>),
    /// How a run stands; all its records were said.
    Run(Box<Stands>),
    /// An event.
    #[serde(borrow)]
    Event(Happened<'a>),
    /// A fact.
    #[serde(borrow)]
    Fact(Known<'a>),
    /// That was all.
    End(Amount),
}

#[derive(Serialize, Deserialize)]
pub(super) struct Head {
    pub version: u32,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Batch<'a> {
    pub mark: Mark,
    pub run: RunId,
    pub first: u64,
    /// Of the vocabulary of the records.
    pub version: i64,
    /// The large values that the records refer to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contents: Vec<Digest>,
    #[serde(borrow)]
    pub records: &'a RawValue,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Stands {
    #[serde(flatten)]
    pub standing: Standing,
    /// The plans that it needs beside the one it is pinned to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plans: Vec<Digest>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits: Vec<Waits>,
}

/// What a unit of a run waits for from outside, as the tables hold it.
#[derive(Serialize, Deserialize)]
pub(super) struct Waits {
    pub unit: u32,
    pub kind: String,
    pub name: String,
    pub place: String,
    pub since: Timestamp,
    pub path: String,
    pub value: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Happened<'a> {
    pub mark: Mark,
    pub at: Timestamp,
    pub topic: String,
    /// In stored form, its secrets sealed.
    #[serde(borrow)]
    pub payload: &'a RawValue,
    /// The run that emitted it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Known<'a> {
    pub name: String,
    /// In stored form, its secrets sealed.
    #[serde(borrow)]
    pub value: &'a RawValue,
    pub until: Option<Timestamp>,
}

/// Writes runs of the store in `directory` out. A server may be using it: what is written is how it all stood at one moment.
///
/// # Errors
/// If there is no store or no such run, the store cannot be read, or `out` takes no more.
pub fn dump(directory: &Path, selection: &Selection, out: &mut dyn Write) -> Result<Amount, DumpError> {
    let file = directory.join(FILE);
    if !file.exists() {
        return Err(DumpError::NoStore(directory.display().to_string()));
    }
    if is_free(directory) {
        log::is_whole(&file)??;
    }
    // What is sealed stays so: no key is needed.
    let (_, mut connection) = look::connect(&file, keyring_of(directory, None))?;
    // One transaction: all of it as it stood at one moment.
    let connection = connection.transaction()?;
    if let Some(damage) = seal::check(&connection) {
        return Err(match damage.can_be_mended() {
            false => OpenError::damaged(&file, &damage).into(),
            true => Broken(format!("`{}` is damaged {damage}: use the directory once with `flow serve` or `flow run --data`, and that is made again from the journal", file.display()).into()).into(),
        });
    }
    choose(&connection, selection)?;
    let mut dumping = Dumping {
        connection: &connection,
        out: Lines::new(out),
        amount: Amount::default(),
        said: BTreeSet::new(),
        last: BTreeMap::new(),
    };
    dumping.out.say(&Line::FlowDump(Head { version: VERSION }))?;
    dumping.journal(selection.all)?;
    if selection.all {
        dumping.facts()?;
    }
    let amount = dumping.amount;
    dumping.out.say(&Line::End(amount))?;
    Ok(amount)
}

/// Notes which runs are chosen, each with those it waited for.
fn choose(connection: &Connection, selection: &Selection) -> Result<(), DumpError> {
    connection.execute_batch("CREATE TEMP TABLE chosen (id TEXT PRIMARY KEY)")?;
    if selection.all {
        connection.execute("INSERT INTO chosen SELECT id FROM run", [])?;
        return Ok(());
    }
    for run in &selection.runs {
        if connection.execute("INSERT OR IGNORE INTO chosen SELECT id FROM run WHERE id = ?1", [&*run.0])? == 0
            && !is_chosen(connection, run)?
        {
            return Err(DumpError::NoRun(run.clone()));
        }
    }
    if let Some(workflow) = &selection.workflow {
        connection.execute("INSERT OR IGNORE INTO chosen SELECT id FROM run WHERE workflow = ?1", [workflow])?;
    }
    connection.execute(
        "WITH RECURSIVE family (id) AS (
             SELECT id FROM chosen UNION SELECT run.id FROM family JOIN run ON run.parent = family.id
         ) INSERT OR IGNORE INTO chosen SELECT id FROM family",
        [],
    )?;
    Ok(())
}

fn is_chosen(connection: &Connection, run: &RunId) -> Result<bool, DumpError> {
    let found = connection.query_row("SELECT 1 FROM chosen WHERE id = ?1", [&*run.0], |_| Ok(())).optional()?;
    Ok(found.is_some())
}

struct Dumping<'a> {
    connection: &'a Connection,
    out: Lines<'a>,
    amount: Amount,
    /// The plans and large values that were said.
    said: BTreeSet<Digest>,
    /// The runs of which not all was said, with the marks of what was said of them last.
    last: BTreeMap<RunId, Mark>,
}

impl Dumping<'_> {
    /// Everything with a mark, in the total order.
    fn journal(&mut self, all: bool) -> Result<(), DumpError> {
        // Of events, a choice of runs takes those that they may still take themselves (semantics 60).
        let events = if all {
            "SELECT mark, NULL AS run FROM event"
        } else {
            "SELECT mark, NULL AS run FROM event WHERE EXISTS (
                 SELECT 1 FROM topic_of_plan JOIN run USING (plan) JOIN chosen USING (id)
                 WHERE topic_of_plan.topic = event.topic AND run.number < event.mark AND run.rested_at IS NULL
             )"
        };
        let batches = "SELECT mark, run FROM batch WHERE run IN (SELECT id FROM chosen)";
        let connection = self.connection;
        let mut statement = connection.prepare(&format!("{batches} UNION ALL {events} ORDER BY mark"))?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let mark = Mark(row.get(0)?);
            match row.get::<_, Option<String>>(1)? {
                Some(run) => self.batch(mark, &RunId(run.into()))?,
                None => self.event(mark)?,
            }
        }
        self.is_all()
    }

    /// Whether all of each chosen run was said.
    fn is_all(&self) -> Result<(), DumpError> {
        let unsaid = "SELECT id FROM chosen WHERE id NOT IN (SELECT run FROM batch) LIMIT 1";
        let unsaid = self.connection.query_row(unsaid, [], |row| row.get::<_, String>(0)).optional()?;
        match self.last.keys().next().map(|run| run.to_string()).or(unsaid) {
            Some(run) => {
                Err(Broken(format!("the journal of the run `{run}` is damaged: its end is not there").into()).into())
            }
            None => Ok(()),
        }
    }

    fn batch(&mut self, mark: Mark, run: &RunId) -> Result<(), DumpError> {
        let row = reader::batch(self.connection, run, mark)?;
        row.check()?;
        if self.last.insert(run.clone(), mark).unwrap_or_default() != row.previous {
            let what = format!("the journal of the run `{run}` is damaged: there is no mark {}", row.previous.0);
            return Err(Broken(what.into()).into());
        }
        self.plans(&row.records)?;
        let contents = self.contents(&row)?;
        let records = serde_json::from_slice(&row.records)?;
        let (first, version) = (row.first, row.version);
        self.out.say(&Line::Batch(Batch { mark, run: row.run.clone(), first, version, contents, records }))?;
        self.amount.batches += 1;
        self.stands(mark, run)
    }

    /// The plans that these records name: with their digests, in quotes.
    fn plans(&mut self, records: &[u8]) -> Result<(), DumpError> {
        for digest in quoted_digests(records) {
            if self.said.contains(&digest) {
                continue;
            }
            let body: Option<Vec<u8>> = self
                .connection
                .prepare_cached("SELECT body FROM plan WHERE digest = ?1")?
                .query_row([digest.0], |row| row.get(0))
                .optional()?;
            if let Some(body) = body {
                self.said.insert(digest);
                self.amount.plans += 1;
                self.out.say(&Line::Plan(serde_json::from_slice(&body)?))?;
            }
        }
        Ok(())
    }

    /// The large values that a batch refers to; each is said once.
    fn contents(&mut self, row: &Row) -> Result<Vec<Digest>, DumpError> {
        let mut statement =
            self.connection.prepare_cached("SELECT digest FROM content_of_batch WHERE mark = ?1 ORDER BY digest")?;
        let texts: Vec<String> = statement.query_map([row.mark.0], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let mut digests = Vec::new();
        for text in texts {
            let damaged = |fault: content::Fault| Broken(fault.0.into());
            let digest = Digest::read(&text)
                .ok_or_else(|| Broken("in the table `content_of_batch`: a row is not what was written".into()))?;
            if self.said.insert(digest) {
                let mut bytes = Vec::new();
                reader::content(self.connection, digest, &mut bytes).map_err(damaged)?;
                self.amount.values += 1;
                self.out.say(&Line::Content(serde_json::from_slice(&bytes)?))?;
            }
            digests.push(digest);
        }
        Ok(digests)
    }

    /// How a run stands, after its last batch.
    fn stands(&mut self, mark: Mark, run: &RunId) -> Result<(), DumpError> {
        let sql = format!("SELECT {STANDING} FROM run WHERE id = ?1 AND last = ?2");
        let standing =
            self.connection.prepare_cached(&sql)?.query_row(params![&*run.0, mark.0], as_standing).optional()?;
        let Some(standing) = standing else { return Ok(()) };
        self.last.remove(run);
        let mut statement = self.connection.prepare_cached(
            "SELECT unit, kind, wait.name, place, since, path, value FROM wait JOIN run ON run.number = wait.run
             WHERE run.id = ?1 ORDER BY wait.number",
        )?;
        let waits = statement.query_map([&*run.0], as_waits)?.collect::<Result<_, _>>()?;
        let mut statement = self.connection.prepare_cached(
            "SELECT plan_of_run.plan FROM plan_of_run JOIN run ON run.number = plan_of_run.run
             WHERE run.id = ?1 ORDER BY plan_of_run.plan",
        )?;
        let plans = statement.query_map([&*run.0], |row| row.get(0).map(Digest))?.collect::<Result<_, _>>()?;
        self.amount.runs += 1;
        self.out.say(&Line::Run(Box::new(Stands { standing, plans, waits })))?;
        Ok(())
    }

    fn event(&mut self, mark: Mark) -> Result<(), DumpError> {
        if let Some(found) = event::at(self.connection, mark)? {
            let event::Stored { at, topic, payload, origin, .. } = found;
            let payload = serde_json::from_slice(&payload)?;
            self.amount.events += 1;
            self.out.say(&Line::Event(Happened { mark, at, topic, payload, origin }))?;
        }
        Ok(())
    }

    fn facts(&mut self) -> Result<(), DumpError> {
        let mut statement = self.connection.prepare("SELECT name, value, until FROM fact ORDER BY name")?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let value: Vec<u8> = row.get(1)?;
            let until = row.get::<_, Option<i64>>(2)?.map(moment);
            let name = row.get::<_, String>(0)?;
            self.amount.facts += 1;
            self.out.say(&Line::Fact(Known { name, value: serde_json::from_slice(&value)?, until }))?;
        }
        Ok(())
    }
}

fn as_waits(row: &Found<'_>) -> rusqlite::Result<Waits> {
    Ok(Waits {
        unit: row.get(0)?,
        kind: row.get(1)?,
        name: row.get(2)?,
        place: row.get(3)?,
        since: moment(row.get(4)?),
        path: row.get(5)?,
        value: row.get(6)?,
    })
}

/// The digests that stand in quotes in a text.
fn quoted_digests(text: &[u8]) -> Vec<Digest> {
    const DIGITS: usize = 32;
    let quoted = |part: &&[u8]| part.len() == DIGITS && part.iter().all(u8::is_ascii_hexdigit);
    let parts = text.split(|byte| *byte == b'"').filter(quoted);
    parts.filter_map(|part| Digest::read(std::str::from_utf8(part).ok()?)).collect()
}

/// Lines with sums.
struct Lines<'a> {
    out: &'a mut dyn Write,
    sum: Sum,
}

impl<'a> Lines<'a> {
    fn new(out: &'a mut dyn Write) -> Self {
        Self { out, sum: Sum::default() }
    }

    fn say(&mut self, line: &Line<'_>) -> Result<(), DumpError> {
        let body = serde_json::to_vec(line)?;
        // The line's own brace stands in front of its sum.
        let rest = &body[1..];
        self.sum.add(rest);
        writeln!(self.out, "{{\"sum\":\"{}\",{}", self.sum.0, String::from_utf8_lossy(rest))?;
        Ok(())
    }
}

/// The sum over all lines so far.
#[derive(Default)]
pub(super) struct Sum(pub Digest);

impl Sum {
    /// Goes on with what a line says after its sum.
    pub(super) fn add(&mut self, rest: &[u8]) {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0.0);
        hasher.update(rest);
        self.0.0.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    }
}
