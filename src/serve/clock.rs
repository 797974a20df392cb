//! The time of the server; where it is moved by hand, moving it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Sent;
use super::caller::{Caller, Role};
use super::problem::Problem;
use super::server::Server;
use crate::base::time::{Duration, Timestamp};

/// What o'clock it is.
#[derive(Serialize, ToSchema)]
struct Time {
    #[schema(value_type = String, format = DateTime)]
    now: Timestamp,
    /// Whether it stands still until it is moved.
    r#virtual: bool,
}

/// How far the clock is to be moved; one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Move {
    /// By so long, such as `3d`.
    #[schema(example = "3d")]
    by: Option<String>,
    /// To this moment.
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
}

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(show)).routes(routes!(advance))
}

/// What o'clock it is.
#[utoipa::path(get, path = "/v1/clock", responses((status = 200, body = Time)))]
async fn show(State(server): State<Server>, caller: Caller) -> Result<Response, Problem> {
    caller.may(Role::Viewer)?;
    Ok(time(&server))
}

/// Moves a virtual clock on: what comes due on the way is done at its moment, in order, and the answer comes when all of it
/// has settled.
#[utoipa::path(
    post, path = "/v1/clock/advance", request_body = Move,
    responses(
        (status = 200, body = Time),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "The clock is a real one"),
    )
)]
async fn advance(State(server): State<Server>, caller: Caller, Sent(body): Sent) -> Result<Response, Problem> {
    caller.may_with_all(Role::Admin)?;
    let Some(clock) = server.clock() else {
        let detail = "this clock cannot be moved: start the server with `--clock virtual`";
        return Err(Problem::conflict(detail));
    };
    let now = server.engine().now();
    let to = moment(body.to_json(), now)?;
    if to < now {
        return Err(Problem::conflict(format!("it is {now} already; the clock goes forward only")));
    }
    server.engine().advance(clock, to).await?;
    Ok(time(&server))
}

/// The moment that a body means.
fn moment(body: serde_json::Value, now: Timestamp) -> Result<Timestamp, Problem> {
    let how = "send `{ \"by\": \"3d\" }` or `{ \"to\": \"2026-03-29T00:00:00Z\" }`";
    let wrong = |reason: String| Problem::bad_request(format!("{reason}; {how}"));
    let Move { by, to } = serde_json::from_value(body).map_err(|error| wrong(error.to_string()))?;
    match (by, to) {
        (Some(by), None) => by.parse().map(|by: Duration| by.after(now)).map_err(wrong),
        (None, Some(to)) => Ok(to),
        (Some(_), Some(_)) => Err(wrong("both `by` and `to` were sent".to_owned())),
        (None, None) => Err(wrong("neither `by` nor `to` was sent".to_owned())),
    }
}

fn time(server: &Server) -> Response {
    let time = Time { now: server.engine().now(), r#virtual: server.clock().is_some() };
    server.json(StatusCode::OK, &time)
}
