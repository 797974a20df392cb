//! What is said when something cannot be done: an RFC 9457 problem document.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::base::shape::Misfit;
use crate::run::driver::{NoOutput, Unaccounted};
use crate::run::intake::StartError;
use crate::run::journal::Broken;
use crate::run::machine::Refusal;
use crate::run::rewind;
use crate::trigger::request;

/// A problem document, `application/problem+json`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Which kind of problem: `urn:flow:problem:...`; the same one always has the same status and title.
    #[serde(rename = "type")]
    kind: String,
    /// The kind of problem, for people.
    title: &'static str,
    /// The status of the answer.
    status: u16,
    /// What is wrong this time, and what to do about it.
    detail: String,
    /// For what was sent and does not fit: every fault by its place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
    /// The run that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<String>,
    /// The type of the error that the run failed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip)]
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// One thing that does not fit.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Fault {
    /// Where: `lines[3].price`; empty for the whole.
    path: String,
    /// What is wrong with it.
    message: String,
}

impl Problem {
    fn new(status: StatusCode, slug: &str, title: &'static str, detail: impl Into<String>) -> Self {
        let kind = format!("urn:flow:problem:{slug}");
        let (status, detail) = (status.as_u16(), detail.into());
        Self { kind, title, status, detail, errors: Vec::new(), run: None, error: None, headers: Vec::new() }
    }

    fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// The head of the request is larger than allowed.
    pub fn head_too_large(bytes_max: usize) -> Self {
        let detail = format!("the head of a request may have {bytes_max} bytes");
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        Self::new(status, "head-too-large", "The head of the request is too large", detail)
    }

    /// The request cannot be understood.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", "The request cannot be understood", detail)
    }

    /// The caller has not said who they are, or nobody knows them. `error` is one of RFC 6750, where a token was sent.
    pub fn unauthorized(error: Option<&str>, detail: impl Into<String>) -> Self {
        let challenge = match error {
            Some(error) => format!("Bearer realm=\"flow\", error=\"{error}\""),
            None => "Bearer realm=\"flow\"".to_owned(),
        };
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "A valid token is needed", detail)
            .header(WWW_AUTHENTICATE, &challenge)
    }

    /// The caller is known and may not do this.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "This token may not do that", detail)
    }

    /// What is asked for is not there.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "It is not there", detail)
    }

    /// There is a resource here, and it does not know this method.
    pub fn method_not_allowed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Not with this method", detail)
    }

    /// Not in the state in which it is.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", "It cannot do that now", detail)
    }

    /// The body took too long to come.
    pub fn too_slow(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "The body took too long", detail)
    }

    /// The body is larger than allowed.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large", detail)
    }

    /// The body is of a type that is not read here.
    pub fn unsupported(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-type", "The body is of another type", detail)
    }

    /// What was sent is understood and does not fit; every fault by its place.
    pub fn misfit(detail: impl Into<String>, misfits: Vec<Misfit>) -> Self {
        let errors = misfits.into_iter().map(|Misfit { path, message }| Fault { path, message }).collect();
        let title = "What was sent does not fit";
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "misfit", title, detail) }
    }

    /// Too many requests of one caller.
    pub fn too_many(seconds: u64, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many", "Too many requests", detail)
            .header(RETRY_AFTER, &seconds.to_string())
    }

    /// The server cannot do it now, and may later.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The server cannot do that now", detail)
            .header(RETRY_AFTER, "1")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.extend(self.headers);
        response
    }
}

impl From<Broken> for Problem {
    fn from(broken: Broken) -> Self {
        Self::unavailable(format!("the journal cannot be read or written: {broken}"))
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::AtRest | Refusal::NotAtRest | Refusal::NotWaiting | Refusal::NotOpen | Refusal::Several(_) => {
                Self::conflict(refusal.to_string())
            }
            Refusal::NoStep(_) => Self::not_found(refusal.to_string()),
            Refusal::Misfits(misfits) => Self::misfit("it does not have the type that is asked for", misfits),
            Refusal::Unwritten => Self::unavailable(refusal.to_string()),
        }
    }
}

impl From<rewind::Refusal> for Problem {
    /// Why a run is not rewound.
    fn from(refusal: rewind::Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            rewind::Refusal::NoSuchRun | rewind::Refusal::NoSuchStep(_) | rewind::Refusal::NoSuchGroup(_) => {
                Self::not_found(detail)
            }
            rewind::Refusal::Input(misfits) | rewind::Refusal::Params { misfits, .. } => Self::misfit(detail, misfits),
            rewind::Refusal::Store(broken) => broken.into(),
            rewind::Refusal::NotAtRest
            | rewind::Refusal::UnderWay { .. }
            | rewind::Refusal::Ended(_)
            | rewind::Refusal::Child { .. }
            | rewind::Refusal::NotRun(_)
            | rewind::Refusal::Gone(_)
            | rewind::Refusal::AtTheEnd(_)
            | rewind::Refusal::Ambiguous { .. }
            | rewind::Refusal::WhoseParams(_)
            | rewind::Refusal::Collects
            | rewind::Refusal::Stays(_)
            | rewind::Refusal::NoNewerPlan(_)
            | rewind::Refusal::KeyTaken(_)
            | rewind::Refusal::Claim(_)
            | rewind::Refusal::NotAccepted(_) => Self::conflict(detail),
        }
    }
}

impl From<request::Refusal> for Problem {
    /// Why a trigger does not answer a request as it was meant.
    fn from(refusal: request::Refusal) -> Self {
        let request::Refusal { status, detail, faults, more, headers } = refusal;
        let mut problem = match status {
            400 => Self::bad_request(detail),
            401 => Self::new(StatusCode::UNAUTHORIZED, "unproved", "The sender has not proved who it is", detail),
            403 => Self::new(StatusCode::FORBIDDEN, "denied", "The workflow may not do that", detail),
            404 => Self::not_found(detail),
            405 => Self::method_not_allowed(detail),
            409 => Self::conflict(detail),
            422 => Self::misfit(detail, faults),
            429 => Self::too_many(1, detail),
            502 => {
                Self::new(StatusCode::BAD_GATEWAY, "far-side", "Something that the workflow needs has failed", detail)
            }
            503 => Self::unavailable(detail),
            504 => Self::new(StatusCode::GATEWAY_TIMEOUT, "too-late", "It took the workflow too long", detail),
            _ => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "broken", "The workflow is broken", detail),
        };
        problem.run = more.get("run").map(ToString::to_string);
        problem.error = more.get("error").map(ToString::to_string);
        let pairs =
            headers.into_iter().filter_map(|(name, value)| Some((name.try_into().ok()?, value.try_into().ok()?)));
        problem.headers.extend(pairs);
        problem
    }
}

impl From<Unaccounted> for Problem {
    fn from(error: Unaccounted) -> Self {
        match error {
            Unaccounted::Step(step) => Self::not_found(step.to_string()),
            Unaccounted::Store(broken) => broken.into(),
        }
    }
}

impl From<NoOutput> for Problem {
    fn from(error: NoOutput) -> Self {
        match error {
            NoOutput::Step(_) | NoOutput::None { .. } => Self::not_found(error.to_string()),
            NoOutput::Store(broken) => broken.into(),
        }
    }
}

impl From<StartError> for Problem {
    fn from(error: StartError) -> Self {
        let detail = error.to_string();
        match error {
            StartError::UnknownWorkflow(_) | StartError::UnknownTrigger(..) => Self::not_found(detail),
            StartError::Input(misfits) => Self::misfit("the input does not fit what the workflow takes", misfits),
            StartError::Claim(_) | StartError::Item(_) => Self::misfit(detail, Vec::new()),
            StartError::Depth => Self::conflict(detail),
            StartError::Store(broken) => broken.into(),
        }
    }
}
