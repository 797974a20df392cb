//! Following what is written, whatever run it is of; and counting runs.

use rusqlite::{Connection, params};

use super::reader::Read;
use super::row::Row;
use crate::base::id::RunId;
use crate::run::journal::{Broken, Count, Follow, Mark, Passage};

/// The batches after `after` and up to `until` that `follow` describes, in order.
pub(super) fn passages(connection: &Connection, after: Mark, until: Mark, follow: &Follow) -> Read<Vec<Passage>> {
    let mut statement = connection.prepare_cached(
        "SELECT batch.mark, batch.run, batch.previous, batch.first, batch.version, batch.records, batch.sum, run.workflow
         FROM batch JOIN run ON run.id = batch.run
         WHERE batch.mark > ?1 AND batch.mark <= ?2 AND (?3 IS NULL OR batch.run = ?3) AND (?4 IS NULL OR run.workflow = ?4)
         ORDER BY batch.mark",
    )?;
    let run = follow.run.as_ref().map(|run| &*run.0);
    let mut found = statement.query(params![after.0, until.0, run, follow.workflow.as_deref()])?;
    let mut passages = Vec::new();
    while let Some(row) = found.next()? {
        let workflow = row.get::<_, String>(7)?.into();
        let row = Row {
            mark: Mark(row.get(0)?),
            run: RunId(row.get::<_, String>(1)?.into()),
            previous: Mark(row.get(2)?),
            first: row.get(3)?,
            version: row.get(4)?,
            records: row.get(5)?,
            sum: row.get(6)?,
        };
        let records = row.open(connection)?;
        passages.push(Passage { mark: row.mark, run: row.run, workflow, first: row.first, records });
    }
    Ok(passages)
}

/// How many runs of each workflow stand how.
pub(super) fn counts(connection: &Connection) -> Read<Vec<Count>> {
    let mut statement =
        connection.prepare_cached("SELECT workflow, status, count(*) FROM run GROUP BY workflow, status")?;
    let mut found = statement.query([])?;
    let mut counts = Vec::new();
    while let Some(row) = found.next()? {
        let (workflow, status): (String, String) = (row.get(0)?, row.get(1)?);
        let status = status.parse().map_err(|wrong: String| Broken(wrong.into()))?;
        counts.push(Count { workflow: workflow.into(), status, runs: row.get(2)? });
    }
    Ok(counts)
}
