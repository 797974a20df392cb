//! Events from outside.

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
use super::server::Server;

/// An event that was taken in.
#[derive(Serialize, ToSchema)]
struct Published {
    topic: String,
    /// Its place in the order of all that happens: later events have larger ones.
    mark: u64,
}

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(publish))
}

/// Takes an event in. The body is what it carries. Runs that wait for it are told; those that were accepted before and begin to
/// wait for it later find it.
#[utoipa::path(
    post, path = "/v1/events/{topic}", params(("topic" = String, Path, description = "The topic")),
    request_body = Option<Object>, responses((status = 201, body = Published))
)]
async fn publish(
    State(server): State<Server>,
    caller: Caller,
    Path(topic): Path<String>,
    Sent(payload): Sent,
) -> Result<Response, Problem> {
    // An event is for the runs of any workflow.
    caller.may_with_all(Role::Operator)?;
    let mark = server.engine().publish(&topic, &payload).await?.0;
    Ok(server.json(StatusCode::CREATED, &Published { topic, mark }))
}
