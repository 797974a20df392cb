//! The server without a socket: what is asked in this process is answered as over HTTP, by the same router.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use serde_json::Value as Json;
use tower::ServiceExt as _;

use super::caller::Caller;
use super::server::Server;

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status, as in HTTP.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Server {
    /// Asks on behalf of `caller`, who needs no token. None if `method` or `path` are none.
    pub async fn ask(&self, caller: Caller, method: &str, path: &str, body: Option<&Json>) -> Option<Answer> {
        let request = Request::builder().method(method).uri(path).extension(caller);
        let request = match body {
            Some(json) => request.header(CONTENT_TYPE, "application/json").body(Body::from(json.to_string())),
            None => request.body(Body::empty()),
        };
        let Ok(response) = self.router().oneshot(request.ok()?).await;
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.ok()?;
        Some(Answer { status, body: body.into() })
    }
}
