//! Questions that runs ask, as resources, and their answers.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Sent;
use super::caller::Caller;
use super::problem::Problem;
use super::query::{Asked, Path};
use super::run;
use super::server::Server;
use super::waiting::{self, Page, Wanted};
use crate::base::time::Timestamp;
use crate::run::machine::{Command, Target};
use crate::run::wait::{For, Open};

/// A question that stands.
#[derive(Serialize, ToSchema)]
struct Question {
    run: Arc<str>,
    workflow: Arc<str>,
    /// The step that asks.
    step: Arc<str>,
    /// Its place in the run: what it is answered by where a step asks several times.
    place: Arc<str>,
    /// Who is asked: `role finance`, `person a@b.c`.
    whom: Arc<str>,
    /// What is asked.
    #[schema(value_type = Option<Object>)]
    question: Json,
    /// What the answer must be, as JSON Schema.
    #[schema(value_type = Object)]
    answer: Json,
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

/// Questions, the oldest first.
#[derive(Serialize, ToSchema)]
struct Questions {
    questions: Vec<Question>,
    /// What `cursor` is for the next page; `null` after the last one.
    next_cursor: Option<String>,
}

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(answer))
}

/// Questions that stand, the oldest first.
#[utoipa::path(get, path = "/v1/questions", params(Wanted), responses((status = 200, body = Questions)))]
async fn list(State(server): State<Server>, caller: Caller, Asked(wanted): Asked<Wanted>) -> Result<Response, Problem> {
    let Page { open, next_cursor } = waiting::page(&server, &caller, For::Answer, wanted).await?;
    let mut questions = Vec::new();
    for (workflow, open) in open {
        questions.extend(question(&server, workflow, open).await?);
    }
    Ok(server.json(StatusCode::OK, &Questions { questions, next_cursor }))
}

/// Answers the question of a step, by its name or its place. The body is the answer; the first one of the type that is asked
/// for counts.
#[utoipa::path(
    post, path = "/v1/runs/{id}/answers/{step}",
    params(("id" = String, Path, description = "The run"), ("step" = String, Path, description = "The step, or its place")),
    request_body = Option<Object>,
    responses(
        (status = 200, body = Object, description = "The run as it stands"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn answer(
    State(server): State<Server>,
    caller: Caller,
    Path((id, step)): Path<(String, String)>,
    Sent(value): Sent,
) -> Result<Response, Problem> {
    run::tell(&server, &caller, id, |by| Command::Respond { step: Target::Step(step.into()), value, by }).await
}

/// All that is known of a question; nothing if it was answered meanwhile.
async fn question(server: &Server, workflow: Arc<str>, open: Open) -> Result<Option<Question>, Problem> {
    let asked = server.engine().question(&open.run, &open.wait.place).await?;
    Ok(asked.map(|asked| Question {
        run: open.run.0,
        workflow,
        step: asked.step,
        place: asked.place,
        whom: asked.whom,
        question: asked.params.get("question").map_or(Json::Null, |text| text.to_json()),
        answer: asked.answer.to_json_schema(),
        since: open.wait.since,
    }))
}
