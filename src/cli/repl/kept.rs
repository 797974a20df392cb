//! Runs that are kept in a data directory, where the session was given one.

use std::path::Path;
use std::sync::Arc;

use super::session::Session;
use super::travel::Recorded;
use crate::base::id::RunId;
use crate::cli::data::{is_there, take_or_look};
use crate::cli::exit::{Refusal, Stop};
use crate::run::journal::{Broken, Journal as _, Query, Standing};
use crate::store::Sqlite;

/// How many of them are looked at.
const RUNS_MAX: usize = 10_000;

/// How the runs stand that are kept there, the one that was accepted last first; those whose ids begin with `id`, and no more than `most`.
///
/// # Errors
/// If the directory cannot be read.
pub fn runs(session: &Session, id: &str, most: usize) -> Result<Vec<Standing>, Stop> {
    let Some(data) = &session.data else { return Ok(Vec::new()) };
    let found = session.stage.wait(beginning_with(&opened(data)?, id, most));
    Ok(found.map_err(|broken| Refusal::new(broken.to_string()))?)
}

/// What is kept of a run: of this id, or of the last one whose id begins so.
///
/// # Errors
/// If the directory cannot be read.
pub fn run(session: &Session, id: &str) -> Result<Option<Recorded>, Stop> {
    let Some(data) = &session.data else { return Ok(None) };
    let store = opened(data)?;
    let read = async {
        let found = beginning_with(&store, id, 1).await?.into_iter().next();
        let run = found.map_or_else(|| RunId(id.into()), |standing| standing.run);
        let records = store.history(&run, 0).await?.records;
        let Some(digest) = records.iter().rev().find_map(|record| record.event.plan()) else { return Ok(None) };
        Ok::<_, Broken>(store.plan(digest).await?.map(|plan| (Arc::new(plan), records)))
    };
    Ok(session.stage.wait(read).map_err(|broken| Refusal::new(broken.to_string()))?)
}

fn opened(data: &Path) -> Result<Sqlite, Refusal> {
    is_there(data)?;
    take_or_look(data)
}

async fn beginning_with(store: &Sqlite, id: &str, most: usize) -> Result<Vec<Standing>, Broken> {
    let mut query = Query { limit: RUNS_MAX, ..Query::default() };
    let (mut found, mut looked) = (Vec::new(), 0);
    loop {
        let page = store.runs(&query).await?;
        looked += page.runs.len();
        found.extend(page.runs.into_iter().filter(|standing| standing.run.0.starts_with(id)));
        match page.next {
            Some(next) if found.len() < most && looked < RUNS_MAX => query.before = Some(next),
            _ => break,
        }
    }
    found.truncate(most);
    Ok(found)
}
