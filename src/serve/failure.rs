//! Failures: which are open, and runs that go on from them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Sent;
use super::caller::{Caller, Role};
use super::problem::Problem;
use super::query::Path;
use super::run::standing;
use super::server::Server;
use crate::base::id::RunId;
use crate::base::value::Value;
use crate::run::machine::Command;
use crate::run::rewind::Request;

/// How a run goes on.
#[derive(Deserialize, Default, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct Retry {
    /// From which step: its place, or its name. Without it, where it failed.
    from: Option<Arc<str>>,
    /// The input from now on.
    #[schema(value_type = Option<Object>)]
    input: Option<Json>,
    /// Parameters of that step, or of the one that failed; those that are not named stay.
    #[schema(value_type = Option<Object>)]
    params: Option<Json>,
    /// Whether what would happen again may.
    accept: bool,
    /// Whether only to say what it would mean.
    preview: bool,
    /// Why.
    why: Option<Arc<str>>,
}

/// Open failures, grouped.
#[derive(Serialize, ToSchema)]
struct Failures {
    /// The kinds of failures, the latest first: `{ "id", "workflow", "step", "digest", "kind", "message", "count", "parked",
    /// "first", "last", "runs" }`.
    #[schema(value_type = Vec<Object>)]
    failures: Vec<crate::run::failure::Group>,
}

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(retry))
        .routes(routes!(dismiss))
        .routes(routes!(list))
        .routes(routes!(retry_all))
}

/// Lets a run that failed or was cancelled go on. The answer says what is done again, what would happen again, what is kept.
#[utoipa::path(
    post, path = "/v1/runs/{id}/retry", params(("id" = String, Path, description = "The run")),
    request_body = Option<Retry>,
    responses(
        (status = 200, description = "What it means", body = Object),
        (status = 409, body = Problem, content_type = "application/problem+json")
    )
)]
async fn retry(
    State(server): State<Server>,
    caller: Caller,
    Path(id): Path<String>,
    Sent(sent): Sent,
) -> Result<Response, Problem> {
    let run = RunId(id.into());
    standing(&server, &caller, Role::Operator, &run).await?;
    let retry = Retry::read(sent)?;
    let only_preview = retry.preview;
    let request = retry.request(&caller);
    let preview = match only_preview {
        true => server.engine().preview(&run, &request).await?,
        false => server.engine().rewind(&run, request).await?,
    };
    Ok(server.json(StatusCode::OK, &preview))
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
    request_body = Option<Retry>,
    responses(
        (status = 200, description = "What came of it", body = Object),
        (status = 409, body = Problem, content_type = "application/problem+json")
    )
)]
async fn retry_all(
    State(server): State<Server>,
    caller: Caller,
    Path(id): Path<String>,
    Sent(sent): Sent,
) -> Result<Response, Problem> {
    caller.may(Role::Operator)?;
    let groups = server.engine().failures().await?;
    let group = groups.iter().find(|group| *group.id == *id);
    if let Some(group) = group {
        caller.may_with(Role::Operator, &group.workflow)?;
    }
    let retry = Retry::read(sent)?;
    let only_preview = retry.preview;
    let mended = server.engine().retry_group(&id, &retry.request(&caller), only_preview).await?;
    Ok(server.json(StatusCode::OK, &mended))
}

impl Retry {
    fn read(sent: Value) -> Result<Self, Problem> {
        if sent.is_unit() {
            return Ok(Self::default());
        }
        serde_json::from_value(sent.to_json())
            .map_err(|error| Problem::bad_request(format!("the body does not say how to go on: {error}")))
    }

    fn request(self, caller: &Caller) -> Request {
        Request {
            from: self.from,
            input: self.input.map(Value::from_json),
            params: self.params.map(Value::from_json),
            accept: self.accept,
            by: caller.name.clone(),
            why: self.why,
            through: None,
        }
    }
}
