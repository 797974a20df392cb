//! The journal of a run as it is kept, with the plan it is folded over: for whoever wants the run as it stood after any of its
//! events, and folds it themselves.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, Role};
use super::problem::Problem;
use super::query::Path;
use super::run::standing;
use super::server::Server;
use crate::base::id::RunId;
use crate::lang::plan::Plan;
use crate::lang::plan::compare::Past;
use crate::run::event::Record;

/// A journal and its plan.
#[derive(Serialize, ToSchema)]
struct Journal<'a> {
    /// How the run stands.
    status: &'static str,
    #[schema(value_type = Object)]
    plan: &'a Plan,
    /// What the plan holds of plans before it, if the run was moved: the records speak of that, too.
    #[schema(value_type = Object)]
    past: &'a Past,
    /// The records, with marks for values that JSON has no form for.
    #[schema(value_type = Vec<Object>)]
    records: Vec<Record>,
}

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(journal))
}

/// The journal of a run, for whoever folds it.
#[utoipa::path(
    get, path = "/v1/runs/{id}/journal", params(("id" = String, Path, description = "The run")),
    responses((status = 200, body = Journal), (status = 404, body = Problem, content_type = "application/problem+json"))
)]
async fn journal(State(server): State<Server>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    let run = RunId(id.into());
    let standing = standing(&server, &caller, Role::Viewer, &run).await?;
    let read = server.engine().read(&run).await?;
    let (plan, records) = read.ok_or_else(|| Problem::not_found(format!("there is no run `{run}`")))?;
    let status = standing.status.word();
    Ok(server.json(StatusCode::OK, &Journal { status, plan: &plan, past: &plan.past, records }))
}
