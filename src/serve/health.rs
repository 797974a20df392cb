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
}

const OK: Json<Health> = Json(Health { status: "ok" });

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(alive)).routes(routes!(ready))
}

/// Whether the process lives.
#[utoipa::path(get, path = "/healthz", security(()), responses((status = 200, body = Health)))]
async fn alive() -> Json<Health> {
    OK
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
        None => Ok(OK),
    }
}
