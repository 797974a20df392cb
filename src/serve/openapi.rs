//! The document that describes the interface. It is put together from the routes themselves, so neither can lack the other.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use utoipa::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::server::Server;

#[derive(OpenApi)]
#[openapi(
    info(title = "Orchestra Flow", description = "Workflows as a service: start runs, look at them, tell them things."),
    security(("token" = [])),
    modifiers(&Bearer)
)]
struct Head;

/// Tokens are sent as `Authorization: Bearer`.
struct Bearer;

impl utoipa::Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// What the document begins with.
pub(super) fn head() -> utoipa::openapi::OpenApi {
    Head::openapi()
}

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(document))
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", responses((status = 200, description = "OpenAPI", body = Object)))]
async fn document(State(server): State<Server>) -> Response {
    ([(CONTENT_TYPE, "application/json")], server.document().to_vec()).into_response()
}
