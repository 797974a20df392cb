//! One request of an operation and the judgement on its answer.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration as Span, Instant};

use reqwest::StatusCode;
use url::Position;

use super::answer::{self, As};
use super::auth;
use super::client::{Answer, Bounds, Broken, Clients, send};
use super::draft::{Draft, Parts, address};
use super::guard::Allowed;
use super::oauth::Issued;
use super::scope::Scope;
use super::template::library;
use crate::base::failure::{Failure, Kind};
use crate::base::time::{Duration, Timestamp};
use crate::base::value::Value;
use crate::connect::credentials::Credentials;
use crate::connect::registry::Call;
use crate::lang::catalog::{BASE_URL, Effect, KEY_HEADER};
use crate::lang::plan::Script;

/// Where a stand-in is told which operation asks: several may ask alike.
pub const OPERATION_HEADER: &str = "x-flow-operation";

/// Where a stand-in is told which step asks.
pub const PLACE_HEADER: &str = "x-flow-place";

/// How one request is sent and its answer read.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// How the body of the answer is read.
    pub reading: As,
    /// Whether credentials may go to its address.
    pub trusted: bool,
    /// Whether it is the one that counts: the key goes with it, and not with what is asked ahead.
    pub counts: bool,
}

/// The bounds of an attempt of `call` that begins now.
pub fn bounds(call: &Call) -> Bounds {
    let environment = &call.environment;
    let own = call.act.operation.shaping.timeout.or(call.connector.connector.defaults.timeout);
    let timeout = own.map_or(call.act.timeout, |own| own.min(call.act.timeout));
    Bounds {
        allowed: Allowed::new(environment.allow_hosts.iter().chain(&call.connector.hosts).cloned()),
        deadline: Instant::now() + timeout.to_std(),
        timeout,
        bytes_max: environment.response_bytes_max,
        saved_bytes_max: environment.saved_bytes_max,
    }
}

/// What the requests of one attempt have in common.
#[derive(Debug)]
pub struct Exchange<'a> {
    call: &'a Call,
    clients: Clients,
    bounds: Bounds,
    credentials: Option<Credentials>,
    /// How long it has waited for its turns by the engine's clock, in microseconds.
    waited: AtomicU64,
    /// The same by that of the machine, on which the bounds of connections run.
    stood: AtomicU64,
    /// Statuses that the call takes for no failure.
    accepted: Vec<u16>,
    /// Where the connector lives by the last token.
    home: Mutex<Option<Arc<str>>>,
}

/// By which paces a request goes, and who is asked.
#[derive(Debug)]
struct Lanes {
    /// That of the operation, where it has one of its own.
    own: Option<Arc<str>>,
    /// That of the connector; where it speaks to anybody, that of whom it asks.
    all: Arc<str>,
    /// The connector and whom it asks.
    origin: Arc<str>,
}

impl Lanes {
    fn of(call: &Call, url: &reqwest::Url) -> Self {
        let (operation, connector) = (&call.act.operation, &call.connector.connector);
        let host = &url[Position::BeforeHost..Position::AfterPort];
        let origin: Arc<str> = format!("{} ({}://{host})", connector.name, url.scheme()).into();
        let own = operation.shaping.limit.map(|_| operation.signature.full_name());
        let lives_somewhere =
            connector.defaults.limit.is_some() || connector.config.iter().any(|(field, _)| &*field.name == BASE_URL);
        Self { own, all: if lives_somewhere { connector.name.clone() } else { origin.clone() }, origin }
    }
}

impl<'a> Exchange<'a> {
    /// Makes ready for requests of `call` within `bounds`.
    ///
    /// # Errors
    /// Missing credentials, authorities that cannot be read, or no TLS on this machine.
    pub fn new(call: &'a Call, bounds: Bounds) -> Result<Self, Failure> {
        let clients = call.connector.http.clients(&call.connector, &call.environment)?;
        let credentials = auth::credentials(call)?;
        Ok(Self {
            call,
            clients,
            bounds,
            credentials,
            waited: AtomicU64::new(0),
            stood: AtomicU64::new(0),
            accepted: accepted(call)?,
            home: Mutex::default(),
        })
    }

    /// Sends the request that `parts` make.
    ///
    /// # Errors
    /// A failure by the connector's rules, by the status, or of the connection.
    pub async fn send(&self, parts: &Parts, manner: Manner) -> Result<(Answer, Value), Broken> {
        let call = self.call;
        let draft = if manner.counts { self.with_key(parts) } else { parts.draft(&call.environment) };
        let mut draft = draft.map_err(Broken::definite)?;
        if let Some(stand_in) = &call.environment.stand_in {
            if draft.url.origin() != stand_in.origin() {
                draft.url = rerouted(stand_in, &call.connector.connector.name, &draft.url);
            }
            // It answers with the example of the operation, or with what the step says it wants; what no header can carry
            // goes without.
            let _ = draft.header(OPERATION_HEADER, &call.act.operation.signature.name);
            let _ = draft.header(PLACE_HEADER, &call.act.place);
        }
        let lanes = Lanes::of(call, &draft.url);
        let bounds = self.bounds_in_turn(&lanes).await.map_err(Broken::definite)?;
        let mut proven = None;
        if manner.trusted
            && let Some(credentials) = &self.credentials
        {
            let plain = draft.clone();
            let token = self.prove(credentials, &mut draft, &bounds, None).await?;
            proven = token.map(|token| (credentials, token, plain));
        }
        let came = send(&self.clients, draft, &bounds).await;
        self.learn(&lanes, &came);
        let mut answer = came?;
        // A refused token did nothing: with a new one it is asked once more.
        if answer.status == StatusCode::UNAUTHORIZED
            && let Some((credentials, stale, mut again)) = proven
        {
            self.prove(credentials, &mut again, &bounds, Some(&stale)).await?;
            let came = send(&self.clients, again, &bounds).await;
            self.learn(&lanes, &came);
            answer = came?;
        }
        let response = answer::value(&answer, manner.reading);
        let response = match response {
            Ok(response) => response,
            // A failure is judged by what it says, even where it does not say it in JSON.
            Err(_) if Kind::from_status(answer.status.as_u16()).is_some() => {
                answer::value(&answer, As::Declared).map_err(Broken::unknown)?
            }
            Err(failure) => return Err(Broken::unknown(failure)),
        };
        if let Some(witness) = &call.environment.witness {
            witness.see(&response);
        }
        self.judge(&answer, &response)?;
        if let Some(file) = answer.saved.take() {
            file.finish().await.map_err(Broken::unknown)?;
        }
        Ok((answer, response))
    }

    /// Puts `credentials` into `draft`, and gives the token where it is one that was fetched. `stale` was refused.
    async fn prove(
        &self,
        credentials: &Credentials,
        draft: &mut Draft,
        bounds: &Bounds,
        stale: Option<&Issued>,
    ) -> Result<Option<Issued>, Broken> {
        let stale = stale.map(|stale| &*stale.access);
        let token = auth::apply(self.call, credentials, draft, &self.clients, bounds, stale).await?;
        if let Some(home) = token.as_ref().and_then(|token| token.base_url.clone()) {
            *self.home.lock().unwrap_or_else(PoisonError::into_inner) = Some(home);
        }
        Ok(token)
    }

    /// Whether credentials that may go to `own` may go to `link`, which an answer named.
    pub fn reaches(&self, own: &reqwest::Url, link: &reqwest::Url) -> bool {
        // Whoever held the lock did not leave half a change behind.
        let home = self.home.lock().unwrap_or_else(PoisonError::into_inner);
        let home = home.as_ref().and_then(|home| address(home).ok());
        own.origin() == link.origin() || home.is_some_and(|home| home.origin() == link.origin())
    }

    /// The draft of `parts`, with the key where the operation carries one.
    fn with_key(&self, parts: &Parts) -> Result<Draft, Failure> {
        let act = &self.call.act;
        let carrier = match &act.operation.signature.effect {
            Effect::Keyed { carrier: Some(carrier), .. } => Some(&**carrier),
            Effect::Keyed { carrier: None, .. } | Effect::Once | Effect::Read if act.key_given => Some(KEY_HEADER),
            Effect::Keyed { .. } | Effect::Once | Effect::Read => None,
        };
        let environment = &self.call.environment;
        let Some(carrier) = carrier else { return parts.draft(environment) };
        let key = Value::Text(act.key.clone());
        let mut parts = parts.clone();
        if let Some(name) = carrier.strip_prefix("body.") {
            let mut body = parts.body.as_map().cloned().unwrap_or_default();
            body.insert(name.into(), key);
            parts.body = body.into();
        } else if let Some(name) = carrier.strip_prefix("query.") {
            parts.query.insert(name.into(), key);
        } else {
            let text: String = act.key.chars().map(|c| if c.is_ascii_graphic() { c } else { '_' }).collect();
            // Two keys must not become one because they differ in a character that headers cannot carry.
            let text = if text == *act.key { text } else { format!("{text}-{}", short_hash(&act.key)) };
            parts.headers.insert(carrier.into(), text.into());
        }
        parts.draft(environment)
    }

    /// Waits until it is this call's turn, and gives the bounds of what it does then: the time of an attempt counts from there.
    async fn bounds_in_turn(&self, lanes: &Lanes) -> Result<Bounds, Failure> {
        let call = self.call;
        let (own, all) = (call.act.operation.shaping.limit, call.connector.connector.defaults.limit);
        let begun = Instant::now();
        let traffic = &call.environment.traffic;
        for (name, limit) in lanes.own.iter().map(|name| (name, own)).chain([(&lanes.all, all)]) {
            // A stand-in takes as much as comes.
            let limit = limit.filter(|_| call.environment.stand_in.is_none());
            let patience = self.bounds.timeout.to_std().saturating_sub(sum(&self.waited, Span::ZERO));
            let waited = traffic.turn(name, &call.act.run, limit, patience).await?;
            sum(&self.waited, waited);
        }
        traffic.admit(&lanes.origin)?;
        Ok(Bounds { deadline: self.bounds.deadline + sum(&self.stood, begun.elapsed()), ..self.bounds.clone() })
    }

    /// Takes in what came of a request for those that come after it.
    fn learn(&self, lanes: &Lanes, came: &Result<Answer, Broken>) {
        let traffic = &self.call.environment.traffic;
        match came {
            Ok(answer) => {
                let status = answer.status;
                let trouble = status.is_server_error().then(|| format!("it answered {}", status.as_u16()));
                traffic.went(&lanes.origin, trouble.as_deref());
                let asks = matches!(status.as_u16(), 429 | 503 | 529);
                let pause = if asks { self.retry_after(answer) } else { self.used_up(answer) };
                if let Some(pause) = pause {
                    traffic.hold(lanes.own.as_ref().unwrap_or(&lanes.all), pause);
                }
            }
            Err(Broken { failure, .. }) if matches!(failure.kind, Kind::ConnectionError | Kind::Timeout) => {
                traffic.went(&lanes.origin, Some(&failure.message));
            }
            Err(_) => {}
        }
    }

    /// Whether an answer is a failure: by the operation's rules, by the connector's, then by its status.
    fn judge(&self, answer: &Answer, response: &Value) -> Result<(), Broken> {
        let call = self.call;
        let operation = || call.act.operation.signature.full_name();
        let connector = &*call.connector.connector;
        let (scope, library) = (Scope::with(call, response), library(connector));
        // A rule that reads what this answer does not have says nothing about it.
        let holds = |when: &Script| when.evaluate(library, &scope).is_ok_and(|value| value.is_true());
        let mut rules = call.act.operation.shaping.rules.iter().chain(&connector.defaults.rules);
        if let Some(rule) = rules.find(|rule| rule.when.as_ref().is_none_or(holds)) {
            let Some(kind) = rule.kind.clone() else { return Ok(()) };
            let message = rule.message.as_ref().and_then(|message| message.evaluate(library, &scope).ok());
            let message = message.map(|message| message.to_string().into());
            // A service that broke may have done it all the same.
            let certain = !matches!(kind, Kind::OutcomeUnknown | Kind::ServerError | Kind::Timeout);
            let mut failure = answer::failure(kind, message, &operation(), answer, response);
            failure.retry_after = self.retry_after(answer);
            return Err(Broken { failure, certain });
        }
        let status = answer.status.as_u16();
        match Kind::from_status(status).filter(|_| !self.accepted.contains(&status)) {
            None => Ok(()),
            Some(kind) => {
                let mut failure = answer::failure(kind, None, &operation(), answer, response);
                failure.retry_after = self.retry_after(answer);
                Err(Broken { failure, certain: status < 500 && status != 408 && !answer.acted })
            }
        }
    }

    fn retry_after(&self, answer: &Answer) -> Option<Duration> {
        let shaping = &self.call.act.operation.shaping;
        let declared = shaping.retry_after.as_ref().or(self.call.connector.connector.defaults.retry_after.as_ref());
        answer::retry_after(&answer.headers, declared, Timestamp::now()).or_else(|| self.used_up(answer))
    }

    /// How long there are no calls left, where the answer says that there are none.
    fn used_up(&self, answer: &Answer) -> Option<Duration> {
        let shaping = &self.call.act.operation.shaping;
        let declared = shaping.remaining.as_ref().or(self.call.connector.connector.defaults.remaining.as_ref());
        declared.and_then(|(left, reset)| answer::used_up(&answer.headers, left, reset, Timestamp::now()))
    }
}

/// So long together with what is to be added, in microseconds.
fn sum(all: &AtomicU64, more: Span) -> Span {
    let more = u64::try_from(more.as_micros()).unwrap_or(u64::MAX);
    Span::from_micros(all.fetch_add(more, Ordering::Relaxed).saturating_add(more))
}

/// The statuses that a call of `http.*` takes for no failure.
fn accepted(call: &Call) -> Result<Vec<u16>, Failure> {
    if !call.act.operation.signature.native {
        return Ok(Vec::new());
    }
    let listed = call.param("accept");
    let statuses = listed.as_list().unwrap_or_default().iter();
    let read = statuses.map(|status| status.as_int().and_then(|status| u16::try_from(status).ok()));
    read.collect::<Option<_>>().ok_or_else(|| {
        Failure::new(
            Kind::ValidationError,
            format!("`accept` is a list of statuses, such as [404, 410], and is {listed}"),
        )
    })
}

/// The address of the same request at a stand-in, which learns from the path who was meant.
fn rerouted(stand_in: &reqwest::Url, connector: &str, url: &reqwest::Url) -> reqwest::Url {
    let mut there = stand_in.clone();
    there.set_path(&format!("/{connector}/{}{}", url.host_str().unwrap_or_default(), url.path()));
    there.set_query(url.query());
    there
}

fn short_hash(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex()[..16].to_owned()
}
