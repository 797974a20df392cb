//! What runs wait for, page by page, as far as the caller may see it.

use std::sync::Arc;

use serde::Deserialize;
use utoipa::IntoParams;

use super::caller::{Caller, Role};
use super::filter;
use super::problem::Problem;
use super::server::Server;
use crate::base::id::RunId;
use crate::base::limit::PAGE_ITEMS_MAX;
use crate::run::journal::Mark;
use crate::run::wait::{For, Open, Waiting};

/// Which are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Of this run.
    run: Option<String>,
    /// So many at most.
    #[param(minimum = 1, maximum = 1000, default = 1000)]
    limit: Option<usize>,
    /// Where the page before ended: its `next_cursor`.
    cursor: Option<String>,
}

/// Some of them, with the workflows of their runs.
pub(super) struct Page {
    pub open: Vec<(Arc<str>, Open)>,
    pub next_cursor: Option<String>,
}

/// What waits for something of this kind, in the order in which it began to.
pub(super) async fn page(server: &Server, caller: &Caller, kind: For, wanted: Wanted) -> Result<Page, Problem> {
    caller.may(Role::Viewer)?;
    let limit = filter::page(wanted.limit, PAGE_ITEMS_MAX)?;
    let after = wanted.cursor.as_deref().map(filter::opened).transpose()?.map_or(0, |mark| mark.0);
    let run = wanted.run.map(|run| RunId(run.into()));
    let found = server.engine().waiting(&Waiting { run, after, limit: limit + 1, ..Waiting::all(kind) }).await?;
    let more = found.len() > limit;
    let next = found.get(limit - 1).filter(|_| more).map(|open| filter::cursor(Mark(open.number)));
    let mut open = Vec::new();
    for wait in found.into_iter().take(limit) {
        let standing = server.engine().standing(&wait.run).await?;
        if let Some(standing) = standing.filter(|standing| caller.sees(&standing.workflow)) {
            open.push((standing.workflow, wait));
        }
    }
    Ok(Page { open, next_cursor: next })
}
