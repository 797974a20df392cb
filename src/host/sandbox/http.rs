//! The HTTP stand-in: finds the operation by method and path, and answers with its example.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use regex::Regex;
use tokio::net::TcpListener;

use super::{CREDENTIAL, Record, Sent, echo};
use crate::base::id::RunId;
use crate::base::limit::RESPONSE_BYTES_MAX;
use crate::base::shape::Shape;
use crate::base::time::Duration;
use crate::base::value::{Map, Value};
use crate::connect::files::passing::described;
use crate::connect::registry::Call;
use crate::connect::{Configured, Environment, fill_defaults};
use crate::lang::plan::connector::{Ahead, Answer, Example, UrlPiece};
use crate::lang::plan::node::Kind;
use crate::lang::plan::{self, Connector, Formula, Operation, Package, Source};
use crate::run::world::Act;

/// The pattern of an address of which nothing is known beforehand.
const ANY: &str = "^/?.*$";

/// Answers requests as the services would.
pub struct Desk {
    routes: Vec<Route>,
    /// What steps that call `http.*` say the body is, by their name.
    wanted: BTreeMap<Arc<str>, Shape>,
    /// The requests that were answered with something made up.
    seen: Mutex<BTreeSet<(String, String)>>,
    record: Record,
}

/// A request of an operation, and how it looks.
struct Route {
    connector: Arc<str>,
    operation: Arc<str>,
    method: Arc<str>,
    path: Regex,
    /// What the operation gives; of a request ahead nothing is known.
    result: Shape,
    /// The answers of examples of success, each with the request it answers.
    examples: Vec<(Answer, Value)>,
}

impl Desk {
    /// The routes of all declared operations of `package`.
    pub fn new(package: &Package, record: Record) -> Self {
        let mut routes = Vec::new();
        for connector in package.connectors.values() {
            let asked = connector.sources.iter().flat_map(Source::operations);
            let all = connector.operations.values().chain(asked);
            routes.extend(all.flat_map(|operation| Route::all(connector, operation)));
        }
        routes.sort_by_key(Route::rank);
        Self { routes, wanted: wanted(package), seen: Mutex::default(), record }
    }

    /// The answer to one request, with the name of the operation where it was found.
    fn answer(&self, asked: &Asked) -> (Option<Arc<str>>, u16, Value, Value) {
        if asked.path.starts_with("/-/") {
            let token = Value::map([
                ("access_token", Value::from(CREDENTIAL)),
                ("token_type", "Bearer".into()),
                ("expires_in", Value::Int(3600)),
            ]);
            return (None, 200, Value::Unit, token);
        }
        let fits = |route: &&Route| {
            route.connector == asked.connector
                && (asked.operation.is_empty() || *route.operation == *asked.operation)
                && route.method.eq_ignore_ascii_case(&asked.method)
                && route.path.is_match(&asked.path)
        };
        let Some(route) = self.routes.iter().find(fits) else {
            let wanted = asked.step().and_then(|step| self.wanted.get(step));
            return (None, 200, Value::Unit, wanted.map_or_else(|| asked.echo(), |shape| self.made_up(asked, shape)));
        };
        let actual = asked.parts();
        let best = route.examples.iter().rev().max_by_key(|(_, example)| echo::likeness(example, &actual));
        match best {
            Some((answer, request)) => {
                let body = echo::fit(&answer.body, request, &actual);
                (Some(route.operation.clone()), answer.status, answer.headers.clone(), body)
            }
            // Services mostly answer with what the operation gives, or with something that has the same names.
            None => (Some(route.operation.clone()), 200, Value::Unit, route.result.example()),
        }
    }

    /// A body of this type. Who asks for the second time does not get what may be absent: the name of a next page, above
    /// all, or a list would never end.
    fn made_up(&self, asked: &Asked, shape: &Shape) -> Value {
        let mut made = shape.example();
        // Whoever held the lock did not leave half a change behind.
        let mut seen = self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !seen.insert((asked.method.clone(), asked.path.clone()))
            && let (Value::Map(map), Shape::Object(object)) = (&mut made, shape)
        {
            let optional = object.fields.iter().filter(|field| matches!(field.shape, Shape::Optional(_)));
            let map = Arc::make_mut(map);
            optional.for_each(|field| drop(map.shift_remove(&field.name)));
        }
        made
    }

    async fn handle(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, RESPONSE_BYTES_MAX).collect().await else {
            return respond(413, &Value::Unit, &Value::map([("error", Value::from("too large"))]));
        };
        let asked = Asked::new(&head, &body.to_bytes());
        let (operation, status, headers, answer) = self.answer(&asked);
        self.record.take(Sent {
            connector: asked.connector.clone(),
            operation,
            summary: format!("{} {}", asked.method, asked.path).into(),
            body: asked.body.clone(),
            answer: answer.clone(),
        });
        respond(status, &headers, &answer)
    }
}

/// The type of the body, for each step that calls `http.*` and states one.
fn wanted(package: &Package) -> BTreeMap<Arc<str>, Shape> {
    let nodes = package.plans.values().flat_map(|plan| &plan.nodes);
    let stated = nodes.filter_map(|node| match (&node.kind, &node.stated) {
        (Kind::Call { operation, .. }, Some(Shape::Object(object))) if operation.starts_with("http.") => {
            let body = object.fields.iter().find(|field| &*field.name == "body")?;
            Some((node.label.clone(), body.shape.clone()))
        }
        _ => None,
    });
    stated.collect()
}

impl Route {
    /// A path without gaps says more than one with gaps: `/users/me` before `/users/{id}`; an address that an answer named
    /// could be any.
    fn rank(&self) -> (bool, usize) {
        (self.path.as_str() == ANY, self.path.as_str().matches("[^/]+").count())
    }

    /// One for each request of the operation.
    fn all(connector: &Arc<Connector>, operation: &Arc<Operation>) -> Vec<Self> {
        let last = operation.requests().count().saturating_sub(1);
        let good = operation.examples.iter().filter(|example| example.fails.is_none() && example.status < 400);
        let good: Vec<&Example> = good.collect();
        let routes = operation.requests().enumerate().filter_map(|(place, request)| {
            let examples = good.iter().filter_map(|example| {
                let answer = example.answers().nth(place)?;
                Some((answer, request_of(connector, operation, request, example)))
            });
            Some(Self {
                connector: connector.name.clone(),
                operation: operation.signature.name.clone(),
                method: request.method.clone(),
                path: pattern(request)?,
                result: if place == last { operation.signature.result.clone() } else { Shape::Any },
                examples: examples.collect(),
            })
        });
        routes.collect()
    }
}

/// How the paths look that `request` asks for.
fn pattern(request: &plan::connector::Request) -> Option<Regex> {
    let mut pattern = String::new();
    for (index, piece) in request.url.pieces.iter().enumerate() {
        match piece {
            // An absolute address comes with its host as the first segment.
            UrlPiece::Text(text) => {
                let text = text.strip_prefix("https://").or(text.strip_prefix("http://")).unwrap_or(text);
                pattern.push_str(&regex::escape(text.split('?').next().unwrap_or_default()));
            }
            UrlPiece::Value(_) if index == 0 => pattern.push_str(".*"),
            UrlPiece::Value(_) => pattern.push_str("[^/]+"),
        }
    }
    Regex::new(&format!("^/?{}$", pattern.trim_start_matches('/'))).ok()
}

/// What came of what comes before the request that counts, as an example tells it; its files are not looked at.
fn ahead_of(operation: &Operation, example: &Example) -> Map {
    let mut answers = example.answers();
    let kept = operation.ahead.iter().map(|(name, ahead)| {
        let value = match ahead {
            Ahead::Request(_) => answers.next().map(|answer| answer.to_value()).unwrap_or_default(),
            Ahead::File(_) => described("", "", 0),
        };
        (name.clone(), value)
    });
    kept.collect()
}

/// The request that an example makes; `()` where it cannot be told.
fn request_of(
    connector: &Arc<Connector>,
    operation: &Arc<Operation>,
    request: &plan::connector::Request,
    example: &Example,
) -> Value {
    let config: Map = connector
        .config
        .iter()
        .map(|(field, default)| {
            // An address becomes that of the stand-in; what else has a default is mostly left at it.
            let usual = default.as_ref().and_then(Formula::constant).filter(|_| &*field.name != "base_url");
            (field.name.clone(), usual.cloned().unwrap_or_else(|| CREDENTIAL.into()))
        })
        .collect();
    let mut act = Act {
        operation: operation.clone(),
        params: example.params.clone(),
        key: "example".into(),
        key_given: false,
        auth: Value::Unit,
        page: Value::Unit,
        streamed: false,
        timeout: Duration::seconds(1),
        run: RunId("example".into()),
        place: "example".into(),
    };
    fill_defaults(&mut act);
    let call = Call {
        act,
        connector: Arc::new(Configured::new(connector.clone(), config, Vec::new())),
        environment: Arc::new(Environment::at(".")),
        ahead: ahead_of(operation, example),
        found: None,
    };
    let Ok(parts) = crate::connect::http::rehearse(&call, request) else { return Value::Unit };
    let bodies = [
        ("json", parts.body),
        ("form", parts.form),
        ("multipart", parts.multipart),
        ("raw", parts.raw),
        ("related", parts.related),
    ];
    let (kind, body) = bodies.into_iter().find(|(_, part)| !part.is_unit()).unwrap_or_default();
    // A moment becomes a text on its way.
    let arrived = Value::from_json(body.without_absent().to_json());
    // Values in the path are found by their place, as those in the query and the body are.
    let path = parts.url.trim_start_matches(CREDENTIAL).split('?').next().unwrap_or_default();
    let segments = path.split('/').filter(|segment| !segment.is_empty()).map(|segment| decoded(segment).into());
    Value::map([
        ("path", Value::list(segments)),
        ("query", parts.query.into()),
        ("kind", kind.into()),
        ("body", arrived),
    ])
}

fn decoded(segment: &str) -> String {
    // `+` stands for itself in a path.
    let text = format!("={}", segment.replace('+', "%2B"));
    url::form_urlencoded::parse(text.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// A request that came.
struct Asked {
    connector: Arc<str>,
    method: String,
    path: String,
    query: Map,
    /// What the body is, in the word of a connector's request.
    kind: &'static str,
    body: Value,
    operation: String,
    place: String,
}

impl Asked {
    fn new(head: &hyper::http::request::Parts, body: &[u8]) -> Self {
        let path = head.uri.path().trim_start_matches('/');
        let (connector, path) = path.split_once('/').unwrap_or((path, ""));
        let mut query = Map::new();
        for (name, value) in url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()) {
            query.insert(name.as_ref().into(), value.as_ref().into());
        }
        let media = head.headers.get(CONTENT_TYPE).and_then(|media| media.to_str().ok()).unwrap_or_default();
        let told = |name: &str| head.headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned();
        Self {
            connector: connector.into(),
            method: head.method.to_string(),
            path: format!("/{path}"),
            query,
            kind: kind(media, body),
            body: read(media, body),
            operation: told(crate::connect::http::OPERATION_HEADER),
            place: told(crate::connect::http::PLACE_HEADER),
        }
    }

    /// The name of the step that asks: the last part of its place, without the turn and the generation.
    fn step(&self) -> Option<&str> {
        let last = self.place.rsplit(['.', '/']).next()?;
        last.split(['[', '~']).next()
    }

    fn parts(&self) -> Value {
        let segments =
            self.path.split('/').filter(|segment| !segment.is_empty()).map(|segment| decoded(segment).into());
        Value::map([
            ("path", Value::list(segments)),
            ("query", self.query.clone().into()),
            ("kind", self.kind.into()),
            ("body", self.body.clone()),
        ])
    }

    /// What nobody declared an answer for is answered with itself.
    fn echo(&self) -> Value {
        let mut echo = Map::new();
        echo.insert("ok".into(), true.into());
        echo.insert("method".into(), self.method.as_str().into());
        echo.insert("url".into(), format!("https:/{}", self.path).into());
        echo.insert("query".into(), self.query.clone().into());
        echo.insert("body".into(), self.body.clone());
        echo.into()
    }
}

/// In which word a connector writes a body of this media type.
fn kind(media: &str, body: &[u8]) -> &'static str {
    match media.split(';').next().unwrap_or_default() {
        _ if body.is_empty() => "",
        "application/json" => "json",
        "application/x-www-form-urlencoded" => "form",
        "multipart/form-data" => "multipart",
        "multipart/related" => "related",
        _ => "raw",
    }
}

/// A body by its media type.
fn read(media: &str, body: &[u8]) -> Value {
    if body.is_empty() {
        return Value::Unit;
    }
    if media.starts_with("application/x-www-form-urlencoded") {
        let pairs = url::form_urlencoded::parse(body);
        return Value::map(pairs.map(|(name, value)| (name.into_owned(), value.as_ref().into())));
    }
    if let Some(boundary) = media.strip_prefix("multipart/form-data").and_then(|rest| rest.split("boundary=").nth(1)) {
        return form(boundary.trim_matches('"'), body);
    }
    if media.starts_with("application/json")
        && let Ok(json) = serde_json::from_slice(body)
    {
        return Value::from_json(json);
    }
    match std::str::from_utf8(body) {
        Ok(text) => text.into(),
        Err(_) => Value::Bytes(body.into()),
    }
}

/// The parts of a multipart form by their names, in the form in which a connector writes them; of a file its name is kept.
fn form(boundary: &str, body: &[u8]) -> Value {
    let (text, boundary) = (String::from_utf8_lossy(body), format!("--{boundary}"));
    let parts = text.split(&boundary).filter_map(|part| {
        let (head, content) = part.split_once("\r\n\r\n")?;
        let attribute = |name: &str| head.split(&format!(" {name}=\"")).nth(1)?.split('"').next();
        let content = content.trim_end_matches("\r\n");
        let value = match attribute("filename") {
            Some(file) => Value::map([("name", Value::from(file)), ("path", Value::from(file))]),
            None => content.into(),
        };
        Some((attribute("name")?.to_owned(), value))
    });
    Value::map(parts)
}

fn respond(status: u16, headers: &Value, answer: &Value) -> Response<Full<Bytes>> {
    let stated = headers.as_map().into_iter().flatten().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let body = match answer {
        Value::Unit => String::new(),
        // A file, or a page: what it is stands in the example.
        Value::Text(text) if stated => text.to_string(),
        other => other.to_json().to_string(),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in headers.as_map().into_iter().flatten() {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value.to_string())) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Serves until it is aborted.
pub async fn serve(listener: TcpListener, desk: Arc<Desk>) {
    loop {
        let Ok((stream, _)): Result<(_, SocketAddr), _> = listener.accept().await else { continue };
        let desk = desk.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let desk = desk.clone();
                async move { Ok::<_, Infallible>(desk.handle(request).await) }
            });
            // A connection that breaks is the client's affair.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
