//! Sending a draft and taking in the answer: redirects, bounds, and what is certain when it goes wrong.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Instant;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, StatusCode, Url};

use super::draft::{Draft, Payload, Proof};
use super::guard::{self, Allowed, Guarded, PrivateName};
use super::proxy::Route;
use super::trust::Trust;
use crate::base::failure::{Failure, Kind};
use crate::base::time::Duration;
use crate::connect::connectors::{Configured, Environment};
use crate::connect::files::passing::Incoming;

/// How many redirects are followed.
const REDIRECTS_MAX: usize = 10;
/// How long connecting may take; whoever is there answers sooner.
const CONNECT_SECONDS_MAX: u64 = 10;

/// One client for hosts that are allowed by name, one that refuses private addresses, one that goes by a proxy.
#[derive(Clone, Debug)]
pub struct Clients {
    open: Client,
    guarded: Client,
    by_proxy: Option<(Client, Route)>,
}

impl Clients {
    /// Builds them for `connector`.
    ///
    /// # Errors
    /// `connection_error` with what TLS lacks on this machine, `validation_error` where a file holds no certificates.
    pub fn of(connector: &Configured, environment: &Environment) -> Result<Self, Failure> {
        let (trust, route) = (Trust::of(connector, environment), Route::of(environment)?);
        // Fails only where a provider is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (own, beside) = (trust.own()?, trust.beside()?);
        let base = || {
            let builder = match (&own, &beside) {
                (Some(own), _) => Client::builder().tls_certs_only(own.clone()),
                (None, beside) => Client::builder().tls_certs_merge(beside.iter().flatten().cloned()),
            };
            builder
                .tls_version_min(reqwest::tls::Version::TLS_1_2)
                .user_agent(concat!("orchestra-flow/", env!("CARGO_PKG_VERSION")))
                .redirect(Policy::none())
                .referer(false)
                // Variables of the environment name none: a proxy resolves names where the guard cannot see it.
                .no_proxy()
                .connect_timeout(std::time::Duration::from_secs(CONNECT_SECONDS_MAX))
        };
        let tell = |error: reqwest::Error| {
            Failure::new(Kind::ConnectionError, format!("no HTTP client: {}", with_causes(&error)))
        };
        let by_proxy = match route {
            Some(route) => Some((route.client(base()).map_err(tell)?, route)),
            None => None,
        };
        let guarded = base().dns_resolver(Guarded).build().map_err(tell)?;
        Ok(Self { open: base().build().map_err(tell)?, guarded, by_proxy })
    }

    /// Who asks `url`, and by which proxy.
    ///
    /// # Errors
    /// `permission_denied` where it is private, as far as that is known before it is asked.
    async fn for_url(&self, url: &Url, allowed: &Allowed) -> Result<(&Client, Option<&Route>), Failure> {
        let permitted = allowed.permits(url);
        if !permitted {
            guard::check_literal(url)?;
        }
        match &self.by_proxy {
            Some((client, route)) if route.takes(url) => {
                if !permitted {
                    guard::check_name(url).await?;
                }
                Ok((client, Some(route)))
            }
            _ => Ok((if permitted { &self.open } else { &self.guarded }, None)),
        }
    }
}

/// An answer as it came.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, unless that goes into a file.
    pub body: Vec<u8>,
    /// The file that its body goes into: it has come whole, and has not taken its place.
    pub saved: Option<Incoming>,
    /// Where it came from, after redirects.
    pub url: Url,
    /// Whether the request that was asked for had been answered before: a redirect told to look elsewhere for what came of
    /// it. What is said there does not mean that nothing happened.
    pub acted: bool,
}

/// Something went wrong on the way.
#[derive(Debug)]
pub struct Broken {
    /// What.
    pub failure: Failure,
    /// Whether it is certain that nothing happened.
    pub certain: bool,
}

impl Broken {
    /// Nothing happened.
    pub fn definite(failure: Failure) -> Self {
        Self { failure, certain: true }
    }

    /// It may have happened.
    pub fn unknown(failure: Failure) -> Self {
        Self { failure, certain: false }
    }
}

/// The bounds of one exchange.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Hosts that may be private.
    pub allowed: Allowed,
    /// When it must be over.
    pub deadline: Instant,
    /// How long that was at first, for messages.
    pub timeout: Duration,
    /// How large the body may be, in bytes.
    pub bytes_max: usize,
    /// The same where it goes into a file.
    pub saved_bytes_max: u64,
}

impl Bounds {
    /// What is left of the time.
    pub fn left(&self) -> std::time::Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// The failure of a request that took too long.
    pub fn too_late(&self, url: &Url) -> Failure {
        Failure::new(Kind::Timeout, format!("{} did not answer within {}", shown(url), self.timeout))
            .detail("limit", "attempt")
    }
}

/// Sends `draft` and follows redirects.
///
/// # Errors
/// Whatever comes between the first byte out and the last byte in, with what is certain about it.
pub async fn send(clients: &Clients, mut draft: Draft, bounds: &Bounds) -> Result<Answer, Broken> {
    let changes = !draft.is_read();
    let mut acted = false;
    for hop in 0..=REDIRECTS_MAX {
        let answer = exchange(clients, &draft, bounds).await.map_err(|broken| Broken {
            // The first hop was answered, so something may have come of it.
            certain: broken.certain && (hop == 0 || !changes),
            ..broken
        })?;
        let Some(next) = redirected(&answer) else { return Ok(Answer { acted, ..answer }) };
        check_way(&draft, &next).map_err(|failure| Broken { failure, certain: !changes })?;
        draft = follow(draft, answer.status, next);
        acted = changes && draft.is_read();
    }
    let failure =
        Failure::new(Kind::ValidationError, format!("{} redirects more than {REDIRECTS_MAX} times", shown(&draft.url)));
    Err(if changes { Broken::unknown(failure) } else { Broken::definite(failure) })
}

/// Where an answer sends its reader, if it does.
fn redirected(answer: &Answer) -> Option<Url> {
    if !matches!(answer.status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = answer.headers.get(LOCATION)?.to_str().ok()?;
    answer.url.join(location).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// Whether a request may be sent on to `next`: what proves who asks is never sent on into the open, and what asks for a token stays
/// where it was sent.
fn check_way(draft: &Draft, next: &Url) -> Result<(), Failure> {
    let refused = |why: &str| {
        let message = format!("{} redirects a request with credentials to {}, {why}", shown(&draft.url), shown(next));
        Err(Failure::new(Kind::AuthError, message))
    };
    match draft.proof {
        Proof::Nothing => Ok(()),
        Proof::Head | Proof::Body if draft.url.scheme() == "https" && next.scheme() != "https" => {
            refused("which is not encrypted")
        }
        Proof::Body if draft.url.origin() != next.origin() => refused("which is somebody else"),
        Proof::Head | Proof::Body => Ok(()),
    }
}

/// The same request to another address. Another origin gets nothing that could be a credential.
fn follow(mut draft: Draft, status: StatusCode, next: Url) -> Draft {
    let becomes_get = status == StatusCode::SEE_OTHER && draft.method != Method::HEAD
        || matches!(status.as_u16(), 301 | 302) && draft.method == Method::POST;
    if becomes_get {
        draft.method = Method::GET;
        draft.payload = Payload::Empty;
        draft.headers.remove(CONTENT_TYPE);
    }
    if next.origin() != draft.url.origin() {
        let harmless = [ACCEPT, CONTENT_TYPE];
        let kept = harmless.into_iter().filter_map(|name| Some((name.clone(), draft.headers.get(&name)?.clone())));
        draft.headers = kept.collect();
    }
    draft.url = next;
    draft
}

/// One request, one answer.
async fn exchange(clients: &Clients, draft: &Draft, bounds: &Bounds) -> Result<Answer, Broken> {
    let (client, route) = clients.for_url(&draft.url, &bounds.allowed).await.map_err(Broken::definite)?;
    let (request, departure) = draft.to_request(client, bounds.left()).map_err(Broken::definite)?;
    let mut response = request.send().await.map_err(|error| {
        let mut broken = broken_request(&error, draft, bounds);
        // What has not begun to leave has not arrived.
        broken.certain |= departure.is_some_and(|departure| !departure.happened());
        match route {
            Some(route) => Broken { failure: route.told(broken.failure), ..broken },
            None => broken,
        }
    })?;
    if let Some(route) = route.filter(|_| response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED) {
        return Err(Broken::definite(route.refusal()));
    }
    let (status, url) = (response.status(), response.url().clone());
    let headers = std::mem::take(response.headers_mut());
    let mut body = Vec::new();
    // What is no success says in its body why: it is read.
    let mut saved = match &draft.save {
        Some(landing) if status.is_success() => Some(landing.begin().await.map_err(Broken::unknown)?),
        _ => None,
    };
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => match &mut saved {
                Some(file) => file.write(&chunk).await.map_err(Broken::unknown)?,
                None => body.extend_from_slice(&chunk),
            },
            Ok(None) => return Ok(Answer { status, headers, body, saved, url, acted: false }),
            Err(error) => return Err(broken_body(&error, &url, bounds)),
        }
        if body.len() > bounds.bytes_max {
            return Err(Broken::unknown(too_large(&url, bounds.bytes_max as u64, "http.response_bytes_max")));
        }
        if saved.as_ref().is_some_and(|file| file.bytes > bounds.saved_bytes_max) {
            return Err(Broken::unknown(too_large(&url, bounds.saved_bytes_max, "http.saved_bytes_max")));
        }
    }
}

fn too_large(url: &Url, max: u64, setting: &str) -> Failure {
    let message = format!("{} answered more than {max} bytes; the setting `{setting}` allows more", shown(url));
    Failure::new(Kind::LimitExceeded, message)
}

/// What is known when no answer began to come.
fn broken_request(error: &reqwest::Error, draft: &Draft, bounds: &Bounds) -> Broken {
    let url = &draft.url;
    if error.is_builder() {
        let failure =
            Failure::new(Kind::ValidationError, format!("the request to {} has a fault: {}", shown(url), cause(error)));
        return Broken::definite(failure);
    }
    if is_private_name(error) {
        return Broken::definite(guard::refusal(url));
    }
    if error.is_connect() {
        let kind = if error.is_timeout() { Kind::Timeout } else { Kind::ConnectionError };
        let failure = Failure::new(kind, format!("{} cannot be reached: {}", shown(url), cause(error)));
        return Broken::definite(failure);
    }
    if error.is_timeout() {
        return Broken::unknown(bounds.too_late(url));
    }
    Broken::unknown(Failure::new(
        Kind::ConnectionError,
        format!("the connection to {} broke before an answer came: {}", shown(url), cause(error)),
    ))
}

/// What is known when an answer began to come and did not end.
fn broken_body(error: &reqwest::Error, url: &Url, bounds: &Bounds) -> Broken {
    if error.is_timeout() {
        return Broken::unknown(bounds.too_late(url));
    }
    Broken::unknown(Failure::new(
        Kind::ConnectionError,
        format!("the connection to {} broke in the middle of the answer: {}", shown(url), cause(error)),
    ))
}

fn is_private_name(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(inner) = source {
        if inner.is::<PrivateName>() {
            return true;
        }
        source = inner.source();
    }
    false
}

/// The innermost cause of an error: the outer ones repeat the address, with its query.
fn cause(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(inner) = innermost.source() {
        innermost = inner;
    }
    innermost.to_string()
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}

/// An address as messages show it: without query, user and password.
pub fn shown(url: &Url) -> Arc<str> {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path()).into()
}
