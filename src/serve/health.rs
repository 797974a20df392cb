//! Whether the process lives, and whether it can work. Neither needs a token.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use super::server::Server;

/// How it is.
#[derive(Serialize, ToSchema)]
struct Health {
    /// `ok`
    status: &'static str,
    /// How many triggers ask somebody and are not answered; `GET /v1/triggers` says why.
    #[serde(skip_serializing_if = "is_none")]
    polls_failing: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_none(count: &usize) -> bool {
    *count == 0
}

/// The process works, whoever else does not.
fn well(server: &Server) -> Json<Health> {
    let asks = server.triggers().map(|triggers| triggers.asks()).unwrap_or_default();
    let failing = asks.iter().filter(|asks| asks.standing.failing.is_some());
    Json(Health { status: "ok", polls_failing: failing.count() })
}

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(alive)).routes(routes!(ready))
}

/// Whether the process lives.
#[utoipa::path(get, path = "/healthz", security(()), responses((status = 200, body = Health)))]
async fn alive(State(server): State<Server>) -> Json<Health> {
    well(&server)
}

/// Whether runs can be started and go on.
#[utoipa::path(
    get, path = "/readyz", security(()),
    responses((status = 200, body = Health), (status = 503, body = Problem, content_type = "application/problem+json"))
)]
async fn ready(State(server): State<Server>) -> Result<Json<Health>, Problem> {
    if server.stopping().is_cancelled() {
        return Err(Problem::unavailable("the server is stopping"));
    }
    match server.engine().progress().trouble {
        Some(trouble) => Err(Problem::unavailable(format!("the journal cannot be written: {trouble}"))),
        None => Ok(well(&server)),
    }
}
