//! Runs that rest and go on, and forks: `POST /v1/runs/{id}/retry` and `/fork`, with one body.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
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
use super::run::{Run, standing, whole};
use super::server::Server;
use super::workflow::key;
use crate::base::id::RunId;
use crate::base::value::Value;
use crate::run::rewind::{Preview, Request, Which};

/// How a run goes on, or a fork of it.
#[derive(Deserialize, Default, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Rewind {
    /// From which step: its place, or its name. Without it, where it failed.
    from: Option<Arc<str>>,
    /// The input from now on.
    #[schema(value_type = Option<Object>)]
    input: Option<Json>,
    /// Parameters of that step, or of the one that failed; those that are not named stay.
    #[schema(value_type = Option<Object>)]
    params: Option<Json>,
    /// On which plan it goes on: `own`, or `newest`, the one of new runs, if the run may (where nothing that is done, and not done
    /// again, stands in the way).
    #[schema(value_type = String)]
    plan: Which,
    /// Whether what would happen again may.
    accept: bool,
    /// Whether only to say what it would mean.
    preview: bool,
    /// Why.
    why: Option<Arc<str>>,
}

/// A run that goes on.
#[derive(Serialize, ToSchema)]
struct Retried {
    /// As it stands then.
    #[serde(flatten)]
    run: Run,
    /// What that means: `{ "redo", "again", "kept", ... }`.
    #[schema(value_type = Object)]
    preview: Preview,
}

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(retry)).routes(routes!(fork))
}

/// Lets a run that failed or was cancelled go on. The answer shows it, and says what is done again, what would happen again, what
/// is kept; with `preview` only that is said, and nothing happens.
#[utoipa::path(
    post, path = "/v1/runs/{id}/retry", params(("id" = String, Path, description = "The run")),
    request_body = Option<Rewind>,
    responses(
        (status = 200, description = "The run; with `preview` only what it would mean", body = Retried),
        (status = 409, body = Problem, content_type = "application/problem+json")
    )
)]
async fn retry(
    State(server): State<Server>,
    caller: Caller,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let run = RunId(id.into());
    standing(&server, &caller, Role::Operator, &run).await?;
    let (request, only_preview) = Rewind::read(sent, &caller)?;
    if only_preview {
        return Ok(server.json(StatusCode::OK, &server.engine().preview(&run, &request).await?));
    }
    let preview = server.engine().rewind(&run, request).await?;
    let standing = standing(&server, &caller, Role::Operator, &run).await?;
    Ok(server.json(StatusCode::OK, &Retried { run: whole(&server, standing).await?, preview }))
}

/// Starts a run that begins with what this one, however it stands, has recorded up to a step. This one stays as it is. The answer
/// says what is done by the new run, what would happen again, what is kept; with `preview` nothing is started. The same
/// `Idempotency-Key` gives the same fork of this run, however often it is sent; the answer then names it, and no more.
#[utoipa::path(
    post, path = "/v1/runs/{id}/fork",
    params(
        ("id" = String, Path, description = "The run"),
        ("Idempotency-Key" = Option<String>, Header, description = "Names the fork, so that it can be asked for again"),
    ),
    request_body = Option<Rewind>,
    responses(
        (
            status = 201, description = "The new run, and what it means: `{ \"id\", \"preview\" }`", body = Object,
            headers(("Location" = String))
        ),
        (status = 200, description = "What it would mean", body = Object),
        (status = 409, body = Problem, content_type = "application/problem+json")
    )
)]
async fn fork(
    State(server): State<Server>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    sent: Sent,
) -> Result<Response, Problem> {
    let run = RunId(id.into());
    standing(&server, &caller, Role::Operator, &run).await?;
    let (request, only_preview) = Rewind::read(sent, &caller)?;
    let key = key(&headers)?;
    if only_preview {
        return Ok(server.json(StatusCode::OK, &server.engine().preview_fork(&run, &request).await?));
    }
    let forked = match key {
        Some(key) => server.engine().fork_once(&run, key, &request).await?,
        None => server.engine().fork(&run, &request).await?,
    };
    Ok(server.created(&forked.id, &forked))
}

impl Rewind {
    /// What is asked for, and whether only to say what it would mean.
    pub(super) fn read(sent: Sent, caller: &Caller) -> Result<(Request, bool), Problem> {
        let asked: Self = sent.read()?;
        let request = Request {
            from: asked.from,
            input: asked.input.map(Value::from_json),
            params: asked.params.map(Value::from_json),
            plan: asked.plan,
            accept: asked.accept,
            by: caller.name.clone(),
            why: asked.why,
            through: None,
        };
        Ok((request, asked.preview))
    }
}
