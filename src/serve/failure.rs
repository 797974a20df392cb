//! Failures: which are open, and one fix for all of a kind.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Sent;
use super::caller::{Caller, Role};
use super::problem::Problem;
use super::query::Path;
use super::rewind::Rewind;
use super::run::standing;
use super::server::Server;
use crate::base::id::RunId;
use crate::base::value::Value;
use crate::run::machine::Command;

/// Open failures, grouped.
#[derive(Serialize, ToSchema)]
struct Failures {
    /// The kinds of failures, the latest first: `{ "id", "workflow", "step", "digest", "kind", "message", "count", "parked",
    /// "first", "last", "runs" }`.
    #[schema(value_type = Vec<Object>)]
    failures: Vec<crate::run::failure::Group>,
}

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(dismiss)).routes(routes!(list)).routes(routes!(retry_all))
}

/// Says of a run that failed that it needs nothing more: it stays failed, and is no open failure any longer.
#[utoipa::path(
    post, path = "/v1/runs/{id}/dismiss", params(("id" = String, Path, description = "The run")),
    request_body = Option<Object>,
    responses(
        (status = 204, description = "It is dismissed"),
        (status = 409, body = Problem, content_type = "application/problem+json")
    )
)]
async fn dismiss(
    State(server): State<Server>,
    caller: Caller,
    Path(id): Path<String>,
    Sent(sent): Sent,
) -> Result<StatusCode, Problem> {
    let run = RunId(id.into());
    standing(&server, &caller, Role::Operator, &run).await?;
    let why = sent.get("why").and_then(Value::as_text).map(Arc::from);
    server.engine().tell(&run, Command::Dismiss { by: caller.name.clone(), why }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The failures that nobody has dealt with, by the steps and the types of the errors.
#[utoipa::path(get, path = "/v1/failures", responses((status = 200, body = Failures)))]
async fn list(State(server): State<Server>, caller: Caller) -> Result<Response, Problem> {
    caller.may(Role::Viewer)?;
    let mut failures = server.engine().failures().await?;
    failures.retain(|group| caller.sees(&group.workflow));
    Ok(server.json(StatusCode::OK, &Failures { failures }))
}

/// Lets all runs of a group go on with one fix. The answer says what that means for one of them, which go on, and which do not.
#[utoipa::path(
    post, path = "/v1/failures/{group}/retry", params(("group" = String, Path, description = "The group")),
    request_body = Option<Rewind>,
    responses(
        (status = 200, description = "What came of it", body = Object),
        (status = 409, body = Problem, content_type = "application/problem+json")
    )
)]
async fn retry_all(
    State(server): State<Server>,
    caller: Caller,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    caller.may(Role::Operator)?;
    let groups = server.engine().failures().await?;
    let group = groups.iter().find(|group| *group.id == *id);
    if let Some(group) = group {
        caller.may_with(Role::Operator, &group.workflow)?;
    }
    let (request, only_preview) = Rewind::read(sent, &caller)?;
    let mended = server.engine().retry_group(&id, &request, only_preview).await?;
    Ok(server.json(StatusCode::OK, &mended))
}
