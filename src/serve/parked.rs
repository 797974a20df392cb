//! Steps that wait for a person to decide, as resources.

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
use super::query::{Asked, Path};
use super::run;
use super::server::Server;
use super::waiting::{self, Page, Wanted};
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::run::event::Decision;
use crate::run::machine::{Command, Target};
use crate::run::wait::For;

/// A step that is parked.
#[derive(Serialize, ToSchema)]
struct Parked {
    run: Arc<str>,
    workflow: Arc<str>,
    step: Arc<str>,
    /// Its place in the run: what is decided by where several steps of that name are parked.
    place: Arc<str>,
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

/// Parked steps, the one parked first at the top.
#[derive(Serialize, ToSchema)]
struct ParkedSteps {
    parked: Vec<Parked>,
    /// What `cursor` is for the next page; `null` after the last one.
    next_cursor: Option<String>,
}

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(decide))
}

/// Steps that wait for a person to decide, the one parked first at the top.
#[utoipa::path(get, path = "/v1/parked", params(Wanted), responses((status = 200, body = ParkedSteps)))]
async fn list(State(server): State<Server>, caller: Caller, Asked(wanted): Asked<Wanted>) -> Result<Response, Problem> {
    let Page { open, next_cursor } = waiting::page(&server, &caller, For::Decision, wanted).await?;
    let parked = open.into_iter().map(|(workflow, open)| Parked {
        run: open.run.0,
        workflow,
        step: open.wait.name,
        place: open.wait.place,
        since: open.wait.since,
    });
    Ok(server.json(StatusCode::OK, &ParkedSteps { parked: parked.collect(), next_cursor }))
}

/// Decides about a parked step, by its name or its place. The body is `{ "decision": "retry", "params": { } }`, `{ "decision":
/// "skip", "value": ... }` or `{ "decision": "fail" }`; `params` and `value` may be left out.
#[utoipa::path(
    post, path = "/v1/runs/{id}/parked/{step}",
    params(("id" = String, Path, description = "The run"), ("step" = String, Path, description = "The step, or its place")),
    request_body = Object,
    responses(
        (status = 200, body = Object, description = "The run as it stands"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn decide(
    State(server): State<Server>,
    caller: Caller,
    Path((id, step)): Path<(String, String)>,
    Sent(body): Sent,
) -> Result<Response, Problem> {
    // Who may not is told so before what is wrong with the body.
    caller.may(Role::Operator)?;
    let decision = decision(&body)?;
    run::tell(&server, &caller, id, |by| Command::Unpark { step: Target::Step(step.into()), by, decision }).await
}

fn decision(body: &Value) -> Result<Decision, Problem> {
    let known = body.as_map().into_iter().flatten().find_map(|(name, _)| {
        let known = matches!(&**name, "decision" | "params" | "value");
        (!known).then(|| Problem::bad_request(format!("`{name}` is none of `decision`, `params` and `value`")))
    });
    if let Some(problem) = known {
        return Err(problem);
    }
    match body.get("decision").and_then(Value::as_text) {
        Some("retry") => Ok(Decision::Retry { params: body.get("params").cloned() }),
        Some("skip") => Ok(Decision::Skip { value: body.get("value").cloned().unwrap_or_default() }),
        Some("fail") => Ok(Decision::Fail),
        _ => Err(Problem::bad_request("`decision` must be \"retry\", \"skip\" or \"fail\"")),
    }
}
