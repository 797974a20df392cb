//! What was done in a run, step by step, with its times.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, Role};
use super::filter::page;
use super::problem::Problem;
use super::query::{Asked, Path};
use super::run::standing;
use super::server::Server;
use crate::base::failure::Failure;
use crate::base::id::RunId;
use crate::base::limit::PAGE_ITEMS_MAX;
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::run::timeline;

/// A step of a run as it stands, in one of its generations.
#[derive(Serialize, ToSchema)]
struct Step {
    /// Its place in the run: `orders~1[3].reserve`.
    place: String,
    /// The place of the step it is part of.
    parent: Option<String>,
    /// What it does: the operation it calls, or how it is written.
    does: Arc<str>,
    /// `running completed skipped failed cancelled`
    status: &'static str,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// Each time it was tried to act.
    attempts: Vec<Attempt>,
    #[schema(value_type = Option<Object>)]
    output: Json,
    #[schema(value_type = Option<Object>)]
    error: Option<Json>,
}

/// One time it was tried to act.
#[derive(Serialize, ToSchema)]
struct Attempt {
    /// From 1.
    number: u32,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    #[schema(value_type = Option<Object>)]
    error: Option<Json>,
}

/// The steps of a run, in the order in which they were opened.
#[derive(Serialize, ToSchema)]
struct Steps {
    steps: Vec<Step>,
    /// What `from` is for the next page; `null` after the last step there is.
    next: Option<usize>,
}

/// Which steps are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// From the one with this number on; the first has 0.
    from: Option<usize>,
    /// So many at most.
    #[param(minimum = 1, maximum = 1000, default = 1000)]
    limit: Option<usize>,
}

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(steps))
}

/// What was done in a run, step by step.
#[utoipa::path(
    get, path = "/v1/runs/{id}/steps", params(("id" = String, Path, description = "The run"), Wanted),
    responses((status = 200, body = Steps), (status = 404, body = Problem, content_type = "application/problem+json"))
)]
async fn steps(
    State(server): State<Server>,
    caller: Caller,
    Path(id): Path<String>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    let run = RunId(id.into());
    standing(&server, &caller, Role::Viewer, &run).await?;
    let (from, limit) = (wanted.from.unwrap_or(0), page(wanted.limit, PAGE_ITEMS_MAX)?);
    let all = server.engine().steps(&run).await?;
    let next = Some(from.saturating_add(limit)).filter(|next| *next < all.len());
    let steps = all.into_iter().skip(from).take(limit).map(shown).collect();
    Ok(server.json(StatusCode::OK, &Steps { steps, next }))
}

fn shown(step: timeline::Step) -> Step {
    let attempts = step.attempts.iter().map(|attempt| Attempt {
        number: attempt.number,
        started_at: attempt.began_at,
        ended_at: attempt.ended_at,
        error: attempt.failure.as_deref().map(error),
    });
    Step {
        attempts: attempts.collect(),
        output: step.output.to_json(),
        error: step.failure.as_deref().map(error),
        place: step.place,
        parent: step.parent,
        does: step.does,
        status: step.status,
        started_at: step.opened_at,
        ended_at: step.ended_at,
    }
}

fn error(failure: &Failure) -> Json {
    Value::from(failure.to_value()).without_absent().to_json()
}
