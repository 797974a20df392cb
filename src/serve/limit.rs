//! Bounds on what one client may ask for.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use dashmap::DashMap;

use super::listen::Peer;
use super::problem::Problem;
use super::server::Server;
use crate::base::limit;

/// What is allowed at once, and how large it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How large a body may be.
    pub body_bytes: usize,
    /// How many requests each token, and each address, may make in a second.
    pub requests_per_second: u32,
    /// How many connections there may be at once.
    pub connections: u32,
    /// How long the head of a request may take to come, or its body, and how long a client may take nothing of its answer.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: limit::HTTP_BODY_BYTES_MAX,
            requests_per_second: limit::HTTP_REQUESTS_PER_SECOND_MAX,
            connections: limit::HTTP_CONNECTIONS_MAX,
            patience: Duration::from_secs(limit::HTTP_PATIENCE_SECONDS_MAX),
        }
    }
}

/// How many callers are remembered before those are forgotten that have been quiet.
const CALLERS_REMEMBERED: usize = 10_000;

/// Whose requests are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Who {
    Address(IpAddr),
    Token(Arc<str>),
}

/// How fast each caller asks: they have a second's worth of requests, and get them back as time goes by.
#[derive(Debug)]
pub(super) struct Pace {
    per_second: u32,
    left: DashMap<Who, (f64, Instant)>,
}

impl Pace {
    pub(super) fn new(limits: Limits) -> Self {
        Self { per_second: limits.requests_per_second.max(1), left: DashMap::new() }
    }

    /// Takes one request of a token.
    ///
    /// # Errors
    /// A problem, if there is none left now.
    pub(super) fn take_of_token(&self, name: &Arc<str>) -> Result<(), Problem> {
        self.take(Who::Token(name.clone()), "token", Instant::now())
    }

    fn take(&self, who: Who, what: &str, now: Instant) -> Result<(), Problem> {
        let most = f64::from(self.per_second);
        if self.left.len() > CALLERS_REMEMBERED {
            self.left.retain(|_, (_, last)| now.saturating_duration_since(*last).as_secs() < 1);
        }
        let mut entry = self.left.entry(who).or_insert((most, now));
        let (left, last) = *entry;
        let left = (left + now.saturating_duration_since(last).as_secs_f64() * most).min(most);
        *entry = (if left >= 1.0 { left - 1.0 } else { left }, now);
        if left >= 1.0 {
            return Ok(());
        }
        let detail = format!("{} requests a second are the most of one {what} (`--rate`)", self.per_second);
        Err(Problem::too_many(1, detail))
    }
}

/// Lets no address ask faster than it may. What is refused here has not been accepted: nothing of it is lost.
pub(super) async fn keep_pace(State(server): State<Server>, request: Request, next: Next) -> Result<Response, Problem> {
    if let Some(Peer(address)) = request.extensions().get::<Peer>() {
        server.pace().take(Who::Address(address.ip()), "address", Instant::now())?;
    }
    Ok(next.run(request).await)
}
