//! The API from the other side: a server somewhere, or its router in this process where none runs. One way to ask both.

use axum::Router;
use axum::body::Body;
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use axum::http::{Method, Request};
use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt as _};
use serde::Deserialize;
use serde_json::Value as Json;
use tower::ServiceExt as _;

/// Asks the API of one server.
#[derive(Clone, Debug)]
pub struct Client {
    way: Way,
    token: Option<String>,
}

/// Where the server is.
#[derive(Clone, Debug)]
enum Way {
    /// Behind a socket: where its paths begin, without a slash at the end.
    Socket { base: String, http: reqwest::Client },
    /// In this process.
    Router(Router),
}

/// Why there is no answer, or not the one that was asked for.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failed {
    /// Nobody answers there.
    #[error("no server answers at {0}: {1}")]
    Unreachable(String, String),
    /// It says that it cannot be done.
    #[error("{0}")]
    Problem(Problem),
    /// It answers something that no server of this kind does.
    #[error("what answers at {0} is no server of this kind: {1}")]
    Strange(String, String),
}

/// What a server says when something cannot be done (RFC 9457), as far as people are told of it.
#[derive(Clone, Debug, Deserialize, thiserror::Error)]
#[error("{detail}{}", .errors.iter().map(ToString::to_string).collect::<String>())]
pub struct Problem {
    /// The status of the answer.
    pub status: u16,
    /// What is wrong, and what to do about it.
    #[serde(default)]
    pub detail: String,
    /// What does not fit, each by its place.
    #[serde(default)]
    pub errors: Vec<Misfit>,
}

/// One thing that does not fit.
#[derive(Clone, Debug, Deserialize, thiserror::Error)]
#[error("\n  {}{}{message}", .path, if .path.is_empty() { "" } else { ": " })]
pub struct Misfit {
    /// Where.
    pub path: String,
    /// What is wrong with it.
    pub message: String,
}

/// One event of a live stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sent {
    /// Its id: with it the stream is gone on with.
    pub id: Option<String>,
    /// What kind of event it is.
    pub event: Option<String>,
    /// What it carries.
    pub data: String,
}

struct Answer {
    status: u16,
    body: BoxStream<'static, Result<Bytes, String>>,
}

impl Client {
    /// Asks the server whose paths begin with `base`: `http://127.0.0.1:8080`.
    pub fn at(base: &str, token: Option<String>) -> Self {
        // Fails only where a provider is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let way = Way::Socket { base: base.trim_end_matches('/').to_owned(), http: reqwest::Client::new() };
        Self { way, token }
    }

    /// Asks a router in this process.
    pub fn within(router: Router, token: Option<String>) -> Self {
        Self { way: Way::Router(router), token }
    }

    /// Whether the server is in this process.
    pub fn is_within(&self) -> bool {
        matches!(self.way, Way::Router(_))
    }

    /// What is at `path`, with its query.
    ///
    /// # Errors
    /// If nobody answers, or says that it cannot be done.
    pub async fn get(&self, path: &str) -> Result<Json, Failed> {
        let answer = self.send(Method::GET, path, &[], None).await?;
        self.json(answer).await
    }

    /// What is at `path`, piece by piece as it comes.
    ///
    /// # Errors
    /// If nobody answers, or says that it cannot be done.
    pub async fn pieces(&self, path: &str) -> Result<BoxStream<'static, Result<Bytes, Failed>>, Failed> {
        let answer = self.send(Method::GET, path, &[], None).await?;
        if answer.status >= 300 {
            return Err(self.refused(answer.status, &gather(answer.body).await.unwrap_or_default()));
        }
        let place = self.place();
        Ok(answer.body.map(move |piece| piece.map_err(|error| Failed::Unreachable(place.clone(), error))).boxed())
    }

    /// Has something done.
    ///
    /// # Errors
    /// If nobody answers, or says that it cannot be done.
    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: Option<&Json>) -> Result<Json, Failed> {
        let answer = self.send(Method::POST, path, headers, body).await?;
        self.json(answer).await
    }

    /// The events of a live stream, from the one after `last` on.
    ///
    /// # Errors
    /// If nobody answers, or says that it cannot be done.
    pub async fn stream(&self, path: &str, last: Option<&str>) -> Result<BoxStream<'static, Sent>, Failed> {
        let mut headers = vec![(ACCEPT.as_str(), "text/event-stream")];
        headers.extend(last.map(|last| ("last-event-id", last)));
        let answer = self.send(Method::GET, path, &headers, None).await?;
        if answer.status >= 300 {
            return Err(self.refused(answer.status, &gather(answer.body).await.unwrap_or_default()));
        }
        let parts = answer.body.scan(Lines::default(), |lines, part| {
            let sent = part.map(|part| lines.take(&part)).ok();
            std::future::ready(sent.map(futures_util::stream::iter))
        });
        Ok(parts.flatten().boxed())
    }

    async fn json(&self, answer: Answer) -> Result<Json, Failed> {
        let body = gather(answer.body).await.map_err(|error| Failed::Unreachable(self.place(), error))?;
        if answer.status >= 300 {
            return Err(self.refused(answer.status, &body));
        }
        if body.is_empty() {
            return Ok(Json::Null);
        }
        serde_json::from_slice(&body).map_err(|error| Failed::Strange(self.place(), error.to_string()))
    }

    fn refused(&self, status: u16, body: &[u8]) -> Failed {
        match serde_json::from_slice(body) {
            Ok(problem) => Failed::Problem(problem),
            Err(_) => Failed::Strange(self.place(), format!("it answers with the status {status}")),
        }
    }

    fn place(&self) -> String {
        match &self.way {
            Way::Socket { base, .. } => base.clone(),
            Way::Router(_) => "this process".to_owned(),
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Json>,
    ) -> Result<Answer, Failed> {
        let base = match &self.way {
            Way::Socket { base, .. } => base.as_str(),
            Way::Router(_) => "",
        };
        let mut request = Request::builder().method(method).uri(format!("{base}{path}"));
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let bytes = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let unreachable = |error: String| Failed::Unreachable(self.place(), error);
        match &self.way {
            Way::Socket { http, .. } => {
                let request = request.body(bytes).map_err(|error| unreachable(error.to_string()))?;
                let request = reqwest::Request::try_from(request).map_err(|error| unreachable(error.to_string()))?;
                let answer = http.execute(request).await.map_err(|error| unreachable(with_causes(&error)))?;
                let status = answer.status().as_u16();
                Ok(Answer { status, body: answer.bytes_stream().map(|part| part.map_err(|e| with_causes(&e))).boxed() })
            }
            Way::Router(router) => {
                let request = request.body(Body::from(bytes)).map_err(|error| unreachable(error.to_string()))?;
                let Ok(answer) = router.clone().oneshot(request).await;
                let status = answer.status().as_u16();
                let body = answer.into_body().into_data_stream();
                Ok(Answer { status, body: body.map(|part| part.map_err(|error| error.to_string())).boxed() })
            }
        }
    }
}

async fn gather(mut body: BoxStream<'static, Result<Bytes, String>>) -> Result<Vec<u8>, String> {
    let mut whole = Vec::new();
    while let Some(part) = body.next().await {
        whole.extend_from_slice(&part?);
    }
    Ok(whole)
}

/// An error with everything that led to it: the outermost says least.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// The lines of a stream of events (WHATWG HTML, section 9.2.6), as its parts come.
#[derive(Default)]
struct Lines {
    rest: Vec<u8>,
    event: Sent,
    has_data: bool,
}

impl Lines {
    /// The events that end in this part.
    fn take(&mut self, part: &[u8]) -> Vec<Sent> {
        self.rest.extend_from_slice(part);
        let mut sent = Vec::new();
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            sent.extend(self.line(line.trim_end_matches(['\n', '\r'])));
        }
        sent
    }

    fn line(&mut self, line: &str) -> Option<Sent> {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return std::mem::take(&mut self.has_data).then_some(event);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => self.event.id = Some(value.to_owned()),
            "event" => self.event.event = Some(value.to_owned()),
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            // A comment keeps the line open; other fields mean nothing here.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_whole_however_the_stream_is_cut() {
        let text = ": hello\n\nid: 7\nevent: record\ndata: {\"a\":\ndata: 1}\r\n\r\ndata\n\nid: 9\n\n";
        let whole = Lines::default().take(text.as_bytes());
        assert_eq!(whole.len(), 2);
        assert_eq!(whole[0], Sent { id: Some("7".into()), event: Some("record".into()), data: "{\"a\":\n1}".into() });
        assert_eq!(whole[1].data, "");
        let mut lines = Lines::default();
        let bytewise: Vec<Sent> = text.as_bytes().chunks(1).flat_map(|byte| lines.take(byte)).collect();
        assert_eq!(bytewise, whole);
    }
}
