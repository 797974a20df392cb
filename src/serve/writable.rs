//! What is to be written while the journal cannot be: it is refused, and nobody waits for an answer that may never come.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;

use super::problem::Problem;
use super::server::Server;

/// How long whoever was there before the trouble waits for its end.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often it is looked whether the trouble is over.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Refuses what would be written while the journal cannot be. What was on its way when the trouble began is answered when it is
/// over, or, if that takes too long, with the word that nobody knows what has become of it.
pub(super) async fn only_writable(
    State(server): State<Server>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(next.run(request).await);
    }
    if let Some(trouble) = server.engine().progress().trouble {
        return Err(Problem::unavailable(format!("the journal cannot be written: {trouble}; nothing was accepted")));
    }
    tokio::select! {
        response = next.run(request) => Ok(response),
        trouble = stuck(&server) => Err(Problem::unavailable(format!(
            "the journal cannot be written: {trouble}; what was asked for may be accepted yet, when it can be: whoever asks again \
             names it by the same `Idempotency-Key`"
        ))),
    }
}

/// Waits until the journal could not be written for too long: why.
async fn stuck(server: &Server) -> std::sync::Arc<str> {
    let mut since = None;
    loop {
        tokio::time::sleep(LOOK_AGAIN).await;
        let Some(trouble) = server.engine().progress().trouble else {
            since = None;
            continue;
        };
        if since.get_or_insert_with(tokio::time::Instant::now).elapsed() >= PATIENCE {
            return trouble;
        }
    }
}
