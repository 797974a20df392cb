//! Everything that requests are answered from, and the router. It needs no socket: who calls it in this process may.

use std::sync::{Arc, OnceLock};

use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::{Router, http};
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;

use super::limit::{Limits, Pace, keep_pace};
use super::metric::Requests;
use super::problem::Problem;
use super::token::Tokens;
use super::{
    caller, cause, clock, deployment, event, failure, health, journal, listening, metric, openapi, output, parked,
    question, rewind, run, step, stream, trigger, workflow, writable,
};
use crate::base::id::RunId;
use crate::host::clock::VirtualClock;
use crate::host::{Engine, Site};
use crate::trigger::Triggers;

/// One server. Clones share everything.
#[derive(Clone)]
pub struct Server {
    inner: Arc<Inner>,
}

struct Inner {
    site: Site,
    tokens: Option<Tokens>,
    limits: Limits,
    pace: Pace,
    stopping: CancellationToken,
    /// The time, if it is moved by hand.
    clock: Option<VirtualClock>,
    requests: Requests,
    /// The OpenAPI document, once the router was made.
    document: OnceLock<Vec<u8>>,
}

/// What a server is made of. Every part but what runs has a default.
pub struct Builder {
    site: Site,
    tokens: Option<Tokens>,
    limits: Limits,
    clock: Option<VirtualClock>,
}

impl Builder {
    /// A server for what runs, and for the requests its triggers wait for. Everybody may do everything.
    pub fn new(site: Site) -> Self {
        Self { site, tokens: None, limits: Limits::default(), clock: None }
    }

    /// Lets only those in who hold one of these tokens.
    #[must_use]
    pub fn tokens(mut self, tokens: Tokens) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// Allows so much at once.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Lets requests move `clock`, from which the engine takes its time.
    #[must_use]
    pub fn clock(mut self, clock: VirtualClock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// The server. It answers when somebody asks its router.
    pub fn build(self) -> Server {
        let Self { site, tokens, limits, clock } = self;
        let inner = Inner {
            site,
            tokens,
            limits,
            pace: Pace::new(limits),
            stopping: CancellationToken::new(),
            clock,
            requests: Requests::default(),
            document: OnceLock::new(),
        };
        Server { inner: Arc::new(inner) }
    }
}

impl Server {
    /// All routes.
    pub fn router(&self) -> Router {
        let known = || middleware::from_fn_with_state(self.clone(), caller::only_known);
        let routes: OpenApiRouter<Self> = OpenApiRouter::with_openapi(openapi::head())
            .merge(workflow::routes())
            .merge(run::routes())
            .merge(step::routes())
            .merge(output::routes())
            .merge(stream::routes())
            .merge(clock::routes())
            .merge(metric::routes())
            .merge(cause::routes())
            .merge(journal::routes())
            .merge(failure::routes())
            .merge(rewind::routes())
            .merge(question::routes())
            .merge(parked::routes())
            .merge(event::routes())
            .merge(deployment::routes())
            .merge(listening::routes())
            .merge(openapi::routes())
            .route_layer(known())
            .merge(health::routes());
        let (router, document) = routes.split_for_parts();
        self.inner.document.get_or_init(|| serde_json::to_vec(&document).unwrap_or_default());
        router
            .fallback(trigger::answer)
            .method_not_allowed_fallback(not_so)
            .layer(middleware::from_fn_with_state(self.clone(), writable::only_writable))
            .layer(middleware::from_fn_with_state(self.clone(), keep_pace))
            .layer(middleware::from_fn_with_state(self.clone(), metric::count))
            .with_state(self.clone())
    }

    /// From now on the server is not ready, streams end, and whoever waits for a run is answered with how it stands.
    pub fn stop(&self) {
        self.inner.stopping.cancel();
    }

    /// Cancelled when the server stops.
    pub fn stopping(&self) -> &CancellationToken {
        &self.inner.stopping
    }

    /// What runs the workflows.
    pub fn engine(&self) -> &Engine {
        self.inner.site.engine()
    }

    /// What runs, and where it comes from.
    pub(super) fn site(&self) -> &Site {
        &self.inner.site
    }

    /// What starts runs by requests of their own.
    pub(super) fn triggers(&self) -> Option<Triggers> {
        self.inner.site.triggers()
    }

    /// Who may ask; everybody where absent.
    pub(super) fn tokens(&self) -> Option<&Tokens> {
        self.inner.tokens.as_ref()
    }

    /// What is allowed at once.
    pub(super) fn limits(&self) -> Limits {
        self.inner.limits
    }

    /// The time, if it is moved by hand.
    pub(super) fn clock(&self) -> Option<&VirtualClock> {
        self.inner.clock.as_ref()
    }

    pub(super) fn requests(&self) -> &Requests {
        &self.inner.requests
    }

    pub(super) fn pace(&self) -> &Pace {
        &self.inner.pace
    }

    /// The OpenAPI document.
    pub(super) fn document(&self) -> &[u8] {
        self.inner.document.get().map_or(&[], Vec::as_slice)
    }

    /// The answer that a run was started, and where it is.
    pub(super) fn created(&self, run: &RunId, body: &impl Serialize) -> Response {
        let mut response = self.json(StatusCode::CREATED, body);
        if let Ok(location) = HeaderValue::from_str(&format!("/v1/runs/{run}")) {
            response.headers_mut().insert(LOCATION, location);
        }
        response
    }

    /// An answer in JSON, with every secret covered.
    pub(super) fn json(&self, status: StatusCode, body: &impl Serialize) -> Response {
        match serde_json::to_string(body) {
            Ok(text) => {
                let mut response = (status, self.engine().mask().cover(&text)).into_response();
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                response
            }
            Err(error) => Problem::unavailable(format!("the answer cannot be written: {error}")).into_response(),
        }
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("site", &self.site).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("site", &self.inner.site).finish_non_exhaustive()
    }
}

async fn not_so(method: http::Method, request: Request) -> Problem {
    Problem::method_not_allowed(format!("`{}` does not know the method {method}", request.uri().path()))
}
