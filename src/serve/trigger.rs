//! Requests by which the triggers of programs start runs: what the interface itself does not know is asked of them.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CONNECTION, CONTENT_LENGTH, TRAILER, TRANSFER_ENCODING, UPGRADE};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::body;
use super::caller::{Caller, Role, identify};
use super::listen::Peer;
use super::problem::Problem;
use super::server::Server;
use crate::trigger::request::{self, Answer};
use crate::trigger::route::Unmatched;

/// What says how a body is sent, and what becomes of the connection: a program that said something else would break it.
const OF_THE_CONNECTION: [HeaderName; 5] = [CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, TRAILER, UPGRADE];

/// Answers what no other route knows.
pub(super) async fn answer(State(server): State<Server>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let nothing =
        || Problem::not_found(format!("there is nothing at `{path}`; `/openapi.json` describes what there is"));
    let triggers = server.triggers().ok_or_else(nothing)?;
    let matched = match triggers.route(parts.method.as_str(), path) {
        Ok(matched) => matched,
        Err(Unmatched::Path) => return Err(nothing()),
        Err(Unmatched::Method(methods)) => return Ok(other_methods(&parts, &methods)),
    };
    let declared = &matched.declared;
    let caller = if declared.trigger().auth { Some(known(&server, &parts, &declared.plan.name)?) } else { None };
    let request = read(&server, parts, body, caller).await?;
    let answer = tokio::select! {
        answer = triggers.answer(&matched, &request) => answer?,
        () = server.stopping().cancelled() => {
            return Err(Problem::unavailable("the server stops; a run that was started goes on when it is there again"));
        }
    };
    Ok(shown(&server, answer))
}

/// Who asks, if they may start runs of this workflow.
fn known(server: &Server, parts: &Parts, workflow: &str) -> Result<Caller, Problem> {
    let caller = match parts.extensions.get::<Caller>() {
        Some(caller) => caller.clone(),
        None => {
            let caller = identify(server, &parts.headers)?;
            server.pace().take_of_token(&caller.name)?;
            caller
        }
    };
    caller.may_with(Role::Operator, workflow)?;
    Ok(caller)
}

async fn read(server: &Server, parts: Parts, body: Body, caller: Option<Caller>) -> Result<request::Request, Problem> {
    let body = body::read(&parts.headers, body, server.limits()).await?;
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Ok(request::Request {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect(),
        body: body.into(),
        from: parts.extensions.get::<Peer>().map(|Peer(address)| address.ip()),
        caller: caller.map(|caller| caller.name),
    })
}

fn other_methods(parts: &Parts, methods: &[Arc<str>]) -> Response {
    let detail = format!("`{}` does not know the method {}", parts.uri.path(), parts.method);
    let mut response = Problem::method_not_allowed(detail).into_response();
    if let Ok(allowed) = HeaderValue::from_str(&methods.join(", ")) {
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}

/// An answer with every secret covered. A header that no answer can have is left out, as is one that the connection is the
/// affair of.
fn shown(server: &Server, answer: Answer) -> Response {
    let mask = server.engine().mask();
    let body = match String::from_utf8(answer.body) {
        Ok(text) => mask.cover(&text).into_bytes(),
        Err(bytes) => bytes.into_bytes(),
    };
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Body::from(body)).into_response();
    let headers = response.headers_mut();
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(mask.cover(&value)))
            && !OF_THE_CONNECTION.contains(&name)
        {
            headers.append(name, value);
        }
    }
    response
}
