//! What follows from the journal, made again where it was damaged: into a new file, so that nothing of the damage goes along.
//!
//! How a run stands is folded by the engine, which takes up whatever is marked as busy; so each run that is open, or of which
//! nothing is known but its journal, is marked.

use std::fs::{self, File};
use std::path::Path;

use rusqlite::{Connection, params};

use super::reader::{self, Read};
use super::seal::{self, Damage, RUN};
use super::writer::{self, Fault};
use super::{OpenError, hiding, schema};
use crate::base::id::RunId;
use crate::base::status::Status;
use crate::base::time::Timestamp;
use crate::lang::plan::Plan;
use crate::run::event::{Acceptance, Event, Outcome, Record};
use crate::run::journal::{Broken, Mark, Standing};
use crate::store::keyring::Keyring;

/// The tables that nothing follows from, and what is of use of the others as it is. What two trees say is taken from both: it
/// only keeps something from being removed.
const COPY: &str = "
    INSERT INTO batch SELECT * FROM old.batch;
    INSERT INTO piece SELECT * FROM old.piece;
    INSERT INTO event SELECT * FROM old.event;
    INSERT INTO fact SELECT * FROM old.fact;
    INSERT INTO leaving SELECT * FROM old.leaving;
    INSERT INTO plan (digest, body, sum) SELECT digest, body, sum FROM old.plan WHERE sum IS seal(digest, body);
    INSERT INTO content_of_batch (digest, mark)
        SELECT digest, mark FROM old.content_of_batch
        UNION SELECT digest, mark FROM old.content_of_batch INDEXED BY content_by_batch WHERE mark > 0;
    INSERT INTO plan_of_run (plan, run)
        SELECT plan, run FROM old.plan_of_run
        UNION SELECT plan, run FROM old.plan_of_run INDEXED BY plan_by_run WHERE run > 0;
    UPDATE heard SET mark = coalesce((SELECT mark FROM old.heard WHERE sum IS seal(mark)), 0);
    UPDATE heard SET sum = seal(mark);
    -- No mark is given twice, so that far ahead of all that is known.
    UPDATE removed SET mark = coalesce((SELECT mark FROM old.removed WHERE sum IS seal(mark)),
        (SELECT 1048576 + max((SELECT coalesce(max(mark), 0) FROM batch), (SELECT coalesce(max(mark), 0) FROM event))));
    UPDATE removed SET sum = seal(mark);
    CREATE TEMP TABLE found AS SELECT run AS id, min(mark) AS number, max(mark) AS last FROM main.batch GROUP BY run;
    DELETE FROM found WHERE number IN (SELECT number FROM leaving);";

/// What is known of runs beside their journals, as far as it is in keeping with them.
const KNOWN: &str = "
    DELETE FROM run WHERE NOT EXISTS (
        SELECT 1 FROM found WHERE found.id = run.id AND found.number = run.number AND found.last = run.last);";

/// Makes the file anew, and keeps the damaged one beside it.
///
/// # Errors
/// If the journal itself is damaged, or the file cannot be read or written. The file is as it was then.
pub(super) fn mend(file: &Path, damage: &Damage, keyring: &Keyring) -> Result<(), OpenError> {
    let (new, aside) = (file.with_extension("db.new"), file.with_extension("db.damaged"));
    tracing::error!(
        "`{}` is damaged ({damage}): what follows from the journal is made again from it; the damaged file is kept as `{}`",
        file.display(),
        aside.display(),
    );
    let unusable = |error| OpenError::Directory { directory: file.into(), error };
    settle(file)?;
    if new.exists() {
        fs::remove_file(&new).map_err(unusable)?;
    }
    make(file, &new, keyring)?;
    if aside.exists() {
        fs::remove_file(&aside).map_err(unusable)?;
    }
    fs::hard_link(file, &aside).or_else(|_| fs::copy(file, &aside).map(drop)).map_err(unusable)?;
    fs::rename(&new, file).map_err(unusable)?;
    file.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all()).map_err(unusable)
}

/// Moves all that the log holds to its place, and looks whether the journal is whole.
fn settle(file: &Path) -> Result<(), OpenError> {
    let old = Connection::open(file)?;
    old.query_row("PRAGMA wal_checkpoint(truncate)", [], |_| Ok(()))?;
    for table in ["batch", "piece"] {
        if let Some(what) = seal::structure(&old, table) {
            return Err(OpenError::damaged(file, &Damage { table, what }));
        }
    }
    Ok(())
}

fn make(file: &Path, new: &Path, keyring: &Keyring) -> Result<(), OpenError> {
    let mut made = Connection::open(new)?;
    seal::install(&made)?;
    hiding::install(&made, keyring)?;
    made.pragma_update(None, "synchronous", "full")?;
    schema::migrate(&mut made, new)?;
    made.execute("ATTACH DATABASE ?1 AS old", [file.to_string_lossy()])?;
    let transaction = made.transaction()?;
    transaction.execute_batch(COPY)?;
    let done = runs(&transaction).and_then(|()| topics(&transaction));
    done.map_err(|fault| match fault {
        Fault::Disk(error) => OpenError::Sqlite(error),
        Fault::Broken(broken) => OpenError::damaged(file, &Damage { table: "batch", what: broken.to_string() }),
    })?;
    transaction.commit()?;
    made.execute("DETACH DATABASE old", [])?;
    Ok(())
}

fn runs(connection: &Connection) -> Result<(), Fault> {
    let known = format!(
        "INSERT OR IGNORE INTO run ({RUN}, sum) SELECT {RUN}, sum FROM old.run NOT INDEXED WHERE sum IS seal({RUN})"
    );
    if let Err(error) = connection.execute(&known, []) {
        tracing::error!("how runs stand cannot be read, and is made again for all of them: {error}");
    }
    is_whole(connection)?;
    connection.execute_batch(KNOWN)?;
    let mut unknown = connection.prepare("SELECT id, number, last FROM found WHERE id NOT IN (SELECT id FROM run)")?;
    let mut unknown = unknown.query([])?;
    while let Some(row) = unknown.next()? {
        let (run, number, last) = (RunId(row.get::<_, String>(0)?.into()), Mark(row.get(1)?), Mark(row.get(2)?));
        let accepted = as_accepted(connection, &run, number)?;
        writer::stand(connection, number, last, &accepted)?;
        let history = reader::outline(connection, &run)?;
        writer::stand(connection, number, last, &at_rest(accepted, &history.records))?;
    }
    let busy = RUN.replace("busy", "1");
    connection.execute(&format!("UPDATE run SET busy = 1, sum = seal({busy}) WHERE rested_at IS NULL"), [])?;
    connection.execute_batch(
        "INSERT INTO run_by_tag (tag, number, sum)
             SELECT DISTINCT value, number, seal(value, number) FROM run, json_each(run.tags);",
    )?;
    Ok(())
}

/// Whether the journal of each run goes as far as is known of it.
fn is_whole(connection: &Connection) -> Result<(), Fault> {
    let sql =
        "SELECT run.id, run.last FROM run LEFT JOIN found USING (id) WHERE found.last IS NULL OR found.last < run.last";
    let mut statement = connection.prepare(sql)?;
    let mut short = statement.query([])?;
    match short.next()? {
        None => Ok(()),
        Some(row) => {
            let (run, last): (String, u64) = (row.get(0)?, row.get(1)?);
            Err(Broken(format!("the journal of the run `{run}` is damaged: there is no mark {last}").into()).into())
        }
    }
}

/// How a run stood when it was accepted.
fn as_accepted(connection: &Connection, run: &RunId, number: Mark) -> Read<Standing> {
    let row = reader::batch(connection, run, number)?;
    let records: Vec<Record> = row.open(connection)?;
    match records.first() {
        Some(Record { at, event: Event::Accepted(accepted) }) => Ok(standing(accepted, *at)),
        _ => Err(Broken(format!("the journal of the run `{run}` is damaged: its beginning is not there").into())),
    }
}

/// How a run stands whose journal says that it has come to rest, so that whoever only looks finds it there. The rest is for the
/// engine to fold, which takes it up all the same.
fn at_rest(accepted: Standing, records: &[Record]) -> Standing {
    let mut standing = accepted;
    for record in records {
        match &record.event {
            Event::Decided { outcome } => {
                standing.status = outcome.status();
                standing.error = match outcome {
                    Outcome::Failed { failure } => Some(failure.kind.name().into()),
                    Outcome::Completed { .. } | Outcome::Skipped { .. } | Outcome::Cancelled => None,
                };
            }
            Event::Rested => standing.rested_at = Some(record.at),
            Event::Rewound(_) => standing.rested_at = None,
            _ => {}
        }
    }
    match standing.rested_at {
        Some(_) => standing,
        None => Standing { status: Status::Running, error: None, ..standing },
    }
}

fn standing(accepted: &Acceptance, accepted_at: Timestamp) -> Standing {
    Standing {
        run: accepted.run.clone(),
        workflow: accepted.workflow.clone(),
        plan: accepted.plan,
        parent: accepted.parent.clone(),
        fork_of: None,
        tags: accepted.tags.clone(),
        status: Status::Running,
        accepted_at,
        started_at: None,
        rested_at: None,
        error: None,
        open: Vec::new(),
        wake: None,
        turn: None,
        busy: true,
    }
}

/// The topics that the plans name.
fn topics(connection: &Connection) -> Result<(), Fault> {
    let mut statement = connection.prepare("SELECT body FROM plan")?;
    let mut found = statement.query(params![])?;
    while let Some(row) = found.next()? {
        let body: Vec<u8> = row.get(0)?;
        let plan: Plan = reader::as_plan(&body)?;
        writer::keep_plan(connection, plan.digest, &body, &plan.topics())?;
    }
    Ok(())
}
