//! Outputs by themselves, from the store to the socket: however large one is, a few pieces of it are in memory.
//!
//! An output is read twice: first for its length and its digest, and to know that all of it is what was written; then it is sent.

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{self, StreamExt as _};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, Role};
use super::problem::Problem;
use super::query::Path;
use super::run::standing;
use super::server::Server;
use crate::base::id::{Digesting, RunId};
use crate::base::secret::Covering;
use crate::run::driver::Output;
use crate::run::journal::{Broken, Pieces};

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(of_run)).routes(routes!(of_step))
}

/// The output of a run by itself. `ETag` is its digest; with `If-None-Match` it is sent only if it is another.
#[utoipa::path(
    get, path = "/v1/runs/{id}/output",
    params(
        ("id" = String, Path, description = "The run"),
        ("If-None-Match" = Option<String>, Header, description = "An `ETag` that is known")
    ),
    responses(
        (status = 200, description = "The output", body = Object),
        (status = 304, description = "It is the one that is known"),
        (status = 404, body = Problem, content_type = "application/problem+json")
    )
)]
async fn of_run(
    State(server): State<Server>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    told(&server, &caller, RunId(id.into()), None, &headers).await
}

/// The output of a step by itself, as that of a run.
#[utoipa::path(
    get, path = "/v1/runs/{id}/steps/{step}/output",
    params(
        ("id" = String, Path, description = "The run"),
        ("step" = String, Path, description = "Its place or name; of several of that name, the one that was opened last"),
        ("If-None-Match" = Option<String>, Header, description = "An `ETag` that is known")
    ),
    responses(
        (status = 200, description = "The output", body = Object),
        (status = 304, description = "It is the one that is known"),
        (status = 404, body = Problem, content_type = "application/problem+json")
    )
)]
async fn of_step(
    State(server): State<Server>,
    caller: Caller,
    Path((id, step)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    told(&server, &caller, RunId(id.into()), Some(&step), &headers).await
}

async fn told(
    server: &Server,
    caller: &Caller,
    run: RunId,
    step: Option<&str>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    standing(server, caller, Role::Viewer, &run).await?;
    let output = server.engine().output(&run, step).await?;
    // Both times the same secrets are covered.
    let covering = server.engine().mask().covering();
    let Measured { length, tag } = measured(&output, covering.clone()).await?;
    let mut response = match headers.get(IF_NONE_MATCH) {
        Some(known) if is_among(&tag, known) => StatusCode::NOT_MODIFIED.into_response(),
        _ => {
            let mut response = Body::from_stream(covered(output.pieces().await?, covering)).into_response();
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response.headers_mut().insert(CONTENT_LENGTH, length.into());
            response
        }
    };
    response.headers_mut().insert(ETAG, tag);
    Ok(response)
}

struct Measured {
    length: u64,
    tag: HeaderValue,
}

async fn measured(output: &Output, covering: Covering) -> Result<Measured, Problem> {
    let (mut length, mut digesting) = (0, Digesting::default());
    let mut pieces = covered(output.pieces().await?, covering);
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        length += piece.len() as u64;
        digesting.add(&piece);
    }
    let tag = HeaderValue::from_str(&format!("\"{}\"", digesting.digest()));
    let tag = tag.map_err(|error| Problem::unavailable(format!("the output has no digest: {error}")))?;
    Ok(Measured { length, tag })
}

/// An output with every secret covered.
fn covered(pieces: Pieces, covering: Covering) -> Pieces {
    let ends = stream::once(std::future::ready(Ok::<_, Broken>(None)));
    let covered = pieces.map(|piece| piece.map(Some)).chain(ends).scan(covering, |covering, piece| {
        let shown = piece.map(|piece| match piece {
            Some(piece) => covering.take(&piece),
            None => covering.end(),
        });
        std::future::ready(Some(shown))
    });
    covered.boxed()
}

/// Whether a tag is among those that are known (RFC 9110, section 13.1.2).
fn is_among(tag: &HeaderValue, known: &HeaderValue) -> bool {
    let known = known.to_str().unwrap_or_default();
    known
        .split(',')
        .map(|one| one.trim().trim_start_matches("W/"))
        .any(|one| one == "*" || one.as_bytes() == tag.as_bytes())
}
