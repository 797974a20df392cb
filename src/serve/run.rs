//! Runs as resources: lists, one as it stands, its journal, what it can be told.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Sent;
use super::caller::{Caller, Role};
use super::filter::{self, Wanted, page};
use super::problem::Problem;
use super::query::{Asked, Path};
use super::server::Server;
use crate::base::id::RunId;
use crate::base::limit::PAGE_ITEMS_MAX;
use crate::base::status::Status;
use crate::base::time::Timestamp;
use crate::run::driver::Summary;
use crate::run::journal::Standing;
use crate::run::machine::Command;

/// A run as it stands.
#[derive(Serialize, ToSchema)]
pub(super) struct Run {
    id: Arc<str>,
    workflow: Arc<str>,
    /// `queued running waiting paused parked completed failed cancelled skipped undone`
    #[schema(value_type = String)]
    status: Status,
    /// Its output, once it has completed; in lists it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    output: Option<Json>,
    /// The error it failed with; in lists only its type.
    #[schema(value_type = Option<Object>)]
    error: Option<Json>,
    /// When it was accepted: by this moment lists are in order, and `since` and `until` mean it.
    #[schema(value_type = String, format = DateTime)]
    accepted_at: Timestamp,
    /// When it started; `null` as long as it waits for its turn, and for one that never had it.
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// The run that waits for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<Arc<str>>,
    /// The run that it is a fork of.
    #[serde(skip_serializing_if = "Option::is_none")]
    fork_of: Option<Arc<str>>,
}

impl Run {
    /// As lists show it.
    fn listed(standing: Standing) -> Self {
        Self {
            id: standing.run.0,
            workflow: standing.workflow,
            status: standing.status,
            output: None,
            error: standing.error.map(|kind| serde_json::json!({ "type": kind })),
            accepted_at: standing.accepted_at,
            started_at: standing.started_at,
            ended_at: standing.rested_at,
            parent: standing.parent.map(|parent| parent.0),
            fork_of: standing.fork_of.map(|other| other.0),
        }
    }

    /// With all that is known of its end.
    fn whole(standing: Standing, summary: Option<Summary>) -> Self {
        let run = Self::listed(standing);
        match summary {
            Some(summary) => Self {
                output: Some(summary.output.to_json()),
                error: summary.error.map(|error| error.without_absent().to_json()),
                ..run
            },
            None => Self { output: Some(Json::Null), error: None, ..run },
        }
    }
}

/// Runs, the one accepted last first.
#[derive(Serialize, ToSchema)]
struct Runs {
    runs: Vec<Run>,
    /// What `cursor` is for the next page; `null` after the last one. A page may be short, and have more after it.
    next_cursor: Option<String>,
}

/// Which records of a journal are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Records {
    /// From the one with this number on; the first has 1.
    from: Option<u64>,
    /// So many at most.
    #[param(minimum = 1, maximum = 1000, default = 1000)]
    limit: Option<usize>,
}

/// What happened in a run.
#[derive(Serialize, ToSchema)]
struct Events {
    /// The records, each `{ "number", "at", "event", ... }`.
    #[schema(value_type = Vec<Object>)]
    events: Vec<Json>,
    /// What `from` is for the next page; `null` after the last record there is.
    next: Option<u64>,
}

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(events))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(cancel))
        .routes(routes!(signal))
}

/// Runs, the one accepted last first. `input.PATH=VALUE` wants a value in the input: `input.customer.id=42`.
#[utoipa::path(get, path = "/v1/runs", params(Wanted), responses((status = 200, body = Runs)))]
async fn list(
    State(server): State<Server>,
    caller: Caller,
    Asked(asked): Asked<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    caller.may(Role::Viewer)?;
    let wanted = Wanted::read(asked)?;
    if let Some(workflow) = &wanted.workflow {
        caller.may_with(Role::Viewer, workflow)?;
    }
    let mut query = wanted.query()?;
    let limit = query.limit;
    let mut runs: Vec<Run> = Vec::new();
    // Runs that the caller may not see are passed over.
    let next = loop {
        let page = server.engine().runs(&query).await?;
        runs.extend(page.runs.into_iter().filter(|standing| caller.sees(&standing.workflow)).map(Run::listed));
        query.limit = limit - runs.len();
        if query.limit == 0 || page.next.is_none() || caller.workflows.is_none() {
            break page.next;
        }
        query.before = page.next;
    };
    Ok(server.json(StatusCode::OK, &Runs { runs, next_cursor: next.map(filter::cursor) }))
}

/// A run as it stands.
#[utoipa::path(
    get, path = "/v1/runs/{id}", params(("id" = String, Path, description = "The run")),
    responses((status = 200, body = Run), (status = 404, body = Problem, content_type = "application/problem+json"))
)]
async fn show(State(server): State<Server>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    let standing = standing(&server, &caller, Role::Viewer, &RunId(id.into())).await?;
    answer(&server, standing).await
}

/// What happened in a run, in order.
#[utoipa::path(
    get, path = "/v1/runs/{id}/events", params(("id" = String, Path, description = "The run"), Records),
    responses((status = 200, body = Events), (status = 404, body = Problem, content_type = "application/problem+json"))
)]
async fn events(
    State(server): State<Server>,
    caller: Caller,
    Path(id): Path<String>,
    Asked(wanted): Asked<Records>,
) -> Result<Response, Problem> {
    let run = RunId(id.into());
    standing(&server, &caller, Role::Viewer, &run).await?;
    let (before, limit) = (wanted.from.unwrap_or(1).saturating_sub(1), page(wanted.limit, PAGE_ITEMS_MAX)?);
    let records = server.engine().history(&run, before).await?.records;
    let next = (records.len() > limit).then(|| before + limit as u64 + 1);
    let events = (before..).zip(records.iter().take(limit)).map(|(index, record)| super::record::shown(index, record));
    Ok(server.json(StatusCode::OK, &Events { events: events.collect(), next }))
}

/// Lets a run stand still: nothing new begins, what is under way ends.
#[utoipa::path(
    post, path = "/v1/runs/{id}/pause", params(("id" = String, Path, description = "The run")),
    responses((status = 200, body = Run), (status = 409, body = Problem, content_type = "application/problem+json"))
)]
async fn pause(State(server): State<Server>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    tell(&server, &caller, id, |by| Command::Pause { by }).await
}

/// Lets a paused run go on.
#[utoipa::path(
    post, path = "/v1/runs/{id}/resume", params(("id" = String, Path, description = "The run")),
    responses((status = 200, body = Run), (status = 409, body = Problem, content_type = "application/problem+json"))
)]
async fn resume(State(server): State<Server>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    tell(&server, &caller, id, |by| Command::Resume { by }).await
}

/// Ends a run in order: what was done is undone, its `on cancel` and `finally` run.
#[utoipa::path(
    post, path = "/v1/runs/{id}/cancel", params(("id" = String, Path, description = "The run")),
    responses((status = 200, body = Run), (status = 409, body = Problem, content_type = "application/problem+json"))
)]
async fn cancel(State(server): State<Server>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    tell(&server, &caller, id, |by| Command::Cancel { by }).await
}

/// Sends a signal to a run. The body is what it carries.
#[utoipa::path(
    post, path = "/v1/runs/{id}/signals/{name}",
    params(("id" = String, Path, description = "The run"), ("name" = String, Path, description = "The signal")),
    request_body = Option<Object>,
    responses((status = 200, body = Run), (status = 409, body = Problem, content_type = "application/problem+json"))
)]
async fn signal(
    State(server): State<Server>,
    caller: Caller,
    Path((id, name)): Path<(String, String)>,
    Sent(payload): Sent,
) -> Result<Response, Problem> {
    tell(&server, &caller, id, |_| Command::Signal { name: name.into(), payload }).await
}

/// Tells a run something on behalf of the caller, and shows how it stands then.
pub(super) async fn tell(
    server: &Server,
    caller: &Caller,
    id: String,
    command: impl FnOnce(Arc<str>) -> Command,
) -> Result<Response, Problem> {
    let run = RunId(id.into());
    standing(server, caller, Role::Operator, &run).await?;
    server.engine().tell(&run, command(caller.name.clone())).await?;
    let standing = standing(server, caller, Role::Operator, &run).await?;
    answer(server, standing).await
}

/// How a run stands that the caller may see.
pub(super) async fn standing(server: &Server, caller: &Caller, role: Role, run: &RunId) -> Result<Standing, Problem> {
    caller.may(role)?;
    match server.engine().standing(run).await? {
        Some(standing) => {
            caller.may_with(role, &standing.workflow)?;
            Ok(standing)
        }
        None => Err(Problem::not_found(format!("there is no run `{run}`"))),
    }
}

async fn answer(server: &Server, standing: Standing) -> Result<Response, Problem> {
    Ok(server.json(StatusCode::OK, &whole(server, standing).await?))
}

/// A run as it stands, with all that is known of its end.
pub(super) async fn whole(server: &Server, standing: Standing) -> Result<Run, Problem> {
    // As long as it runs there is neither output nor error, and its journal need not be read.
    let summary = match standing.rested_at {
        Some(_) => server.engine().summary(&standing.run).await?,
        None => None,
    };
    Ok(Run::whole(standing, summary))
}
