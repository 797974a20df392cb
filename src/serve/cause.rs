//! Why a step stands as it does: what led there, and what it waits for.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, Role};
use super::problem::Problem;
use super::query::Path;
use super::run::standing;
use super::server::Server;
use crate::base::id::RunId;

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(of_run)).routes(routes!(of_step))
}

/// What a run waits for, and how it ended.
#[utoipa::path(
    get, path = "/v1/runs/{id}/causes", params(("id" = String, Path, description = "The run")),
    responses((status = 200, body = Object), (status = 404, body = Problem, content_type = "application/problem+json"))
)]
async fn of_run(State(server): State<Server>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    told(&server, &caller, id, None).await
}

/// What led to how a step stands, event by event, and what it waits for.
#[utoipa::path(
    get, path = "/v1/runs/{id}/causes/{step}",
    params(("id" = String, Path, description = "The run"), ("step" = String, Path, description = "Its name or place")),
    responses((status = 200, body = Object), (status = 404, body = Problem, content_type = "application/problem+json"))
)]
async fn of_step(
    State(server): State<Server>,
    caller: Caller,
    Path((id, step)): Path<(String, String)>,
) -> Result<Response, Problem> {
    told(&server, &caller, id, Some(&step)).await
}

async fn told(server: &Server, caller: &Caller, id: String, step: Option<&str>) -> Result<Response, Problem> {
    let run = RunId(id.into());
    standing(server, caller, Role::Viewer, &run).await?;
    let account = server.engine().account(&run, step).await?;
    Ok(server.json(StatusCode::OK, &account))
}
