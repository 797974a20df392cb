//! The HTTP stand-in: takes requests, and gives the answers of whoever knows them.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::{Record, Sent};
use crate::base::limit::RESPONSE_BYTES_MAX;
use crate::base::value::{Map, Value};
use crate::lang::plan::connector::Answer;

/// Who knows what is answered.
pub trait Answers: Send + Sync {
    /// The answer to a request, and the operation it belongs to where that can be told.
    fn answer(&self, asked: &Asked) -> (Option<Arc<str>>, Answer);
}

/// Takes requests, and has them answered.
pub struct Desk {
    answers: Box<dyn Answers>,
    record: Record,
}

impl Desk {
    /// One that answers what `answers` says, and keeps what came in `record`.
    pub fn new(answers: impl Answers + 'static, record: Record) -> Self {
        Self { answers: Box::new(answers), record }
    }

    async fn handle(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, RESPONSE_BYTES_MAX).collect().await else {
            let body = Value::map([("error", Value::from("too large"))]);
            return respond(&Answer { status: 413, body, ..Answer::default() });
        };
        let asked = Asked::new(&head, &body.to_bytes());
        let (operation, answer) = self.answers.answer(&asked);
        self.record.take(Sent {
            connector: asked.connector.clone(),
            operation,
            summary: format!("{} {}", asked.method, asked.path).into(),
            body: asked.body.clone(),
            answer: answer.body.clone(),
        });
        respond(&answer)
    }
}

/// A request that came.
pub struct Asked {
    /// By which connector.
    pub connector: Arc<str>,
    /// How.
    pub method: String,
    /// For what.
    pub path: String,
    query: Map,
    /// What the body is, in the word of a connector's request.
    kind: &'static str,
    body: Value,
    /// By which operation; empty where it does not say.
    pub operation: String,
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
    pub fn step(&self) -> Option<&str> {
        let last = self.place.rsplit(['.', '/']).next()?;
        last.split(['[', '~']).next()
    }

    /// Path, query and body, to be compared with those of an example.
    pub fn parts(&self) -> Value {
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
    pub fn echo(&self) -> Value {
        let mut echo = Map::new();
        echo.insert("ok".into(), true.into());
        echo.insert("method".into(), self.method.as_str().into());
        echo.insert("url".into(), format!("https:/{}", self.path).into());
        echo.insert("query".into(), self.query.clone().into());
        echo.insert("body".into(), self.body.clone());
        echo.into()
    }
}

/// A segment of a path as it was meant.
pub fn decoded(segment: &str) -> String {
    // `+` stands for itself in a path.
    let text = format!("={}", segment.replace('+', "%2B"));
    url::form_urlencoded::parse(text.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
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

fn respond(Answer { status, headers, body }: &Answer) -> Response<Full<Bytes>> {
    let stated = headers.as_map().into_iter().flatten().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let body = match body {
        Value::Unit => String::new(),
        // A file, or a page: what it is stands in the example.
        Value::Text(text) if stated => text.to_string(),
        other => other.to_json().to_string(),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = StatusCode::from_u16(*status).unwrap_or(StatusCode::OK);
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
