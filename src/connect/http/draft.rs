//! A request as data, before it is sent: it can be sent again, to another address, with other credentials.

use std::sync::Arc;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Request, RequestBuilder, Url};

use super::payload::{Departure, Observed, Piece};
use crate::base::failure::{Failure, Kind};
use crate::base::value::{Map, Value};
use crate::connect::connectors::Environment;
use crate::connect::files::passing::{Landing, Outgoing};

/// The parts of a request as the language names them.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// The method.
    pub method: String,
    /// The whole address.
    pub url: String,
    /// Query parameters; lists repeat their name.
    pub query: Map,
    /// Headers.
    pub headers: Map,
    /// A value, sent as JSON.
    pub body: Value,
    /// Fields of a form.
    pub form: Value,
    /// Parts of a multipart form.
    pub multipart: Value,
    /// A text, bytes, or `{ path }` of a file.
    pub raw: Value,
    /// Parts of a body of related parts, in order.
    pub related: Value,
    /// The file that the body of the answer goes into; it is not read then.
    pub save: Value,
}

/// A request, ready to be sent.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its method.
    pub method: Method,
    /// Its address.
    pub url: Url,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub payload: Payload,
    /// Where the body of the answer goes.
    pub save: Option<Landing>,
    /// What of it proves who asks.
    pub proof: Proof,
}

/// What of a request proves who asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Proof {
    /// Nothing that the engine knows of.
    #[default]
    Nothing,
    /// A header, or something of its address.
    Head,
    /// Its body, too: it asks for a token.
    Body,
}

/// The body of a request.
#[derive(Clone, Debug)]
pub enum Payload {
    /// None.
    Empty,
    /// These pieces, one after the other.
    Pieces(Vec<Piece>),
    /// A multipart form.
    Parts(Vec<Part>),
}

/// A part of a multipart form.
#[derive(Clone, Debug)]
pub struct Part {
    field: Arc<str>,
    content: Piece,
    file: Option<Arc<str>>,
    media: Option<Arc<str>>,
}

fn invalid(message: impl Into<Arc<str>>) -> Failure {
    Failure::new(Kind::ValidationError, message)
}

impl Parts {
    /// The request these parts make.
    ///
    /// # Errors
    /// `validation_error` where they make none, and what is wrong with a file.
    pub fn draft(&self, environment: &Environment) -> Result<Draft, Failure> {
        let method = Method::from_bytes(self.method.to_uppercase().as_bytes())
            .map_err(|_| invalid(format!("`{}` is no method", self.method)))?;
        let mut url = address(&self.url)?;
        let pairs = pairs(&self.query);
        if !pairs.is_empty() {
            url.query_pairs_mut().extend_pairs(pairs);
        }
        let save = match &self.save {
            Value::Unit => None,
            path => Some(Landing::find(environment, &path.to_string())?),
        };
        let mut draft =
            Draft { method, url, headers: HeaderMap::new(), payload: Payload::Empty, save, proof: Proof::Nothing };
        for (name, value) in &self.headers {
            if !value.is_unit() {
                draft.header(name, &value.to_string())?;
            }
        }
        self.fill(&mut draft, environment)?;
        Ok(draft)
    }

    fn fill(&self, draft: &mut Draft, environment: &Environment) -> Result<(), Failure> {
        let given = [
            ("body", &self.body),
            ("form", &self.form),
            ("multipart", &self.multipart),
            ("raw", &self.raw),
            ("related", &self.related),
        ];
        let mut given = given.into_iter().filter(|(_, value)| !value.is_unit());
        let Some((name, value)) = given.next() else { return Ok(()) };
        if let Some((second, _)) = given.next() {
            return Err(invalid(format!("a request has one body: `{name}` and `{second}` exclude each other")));
        }
        let (pieces, media) = match name {
            "body" => (vec![value.without_absent().to_json().to_string().into()], "application/json".to_owned()),
            "form" => {
                let Some(map) = value.as_map() else { return Err(invalid("`form` must be an object")) };
                let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs(map)).finish();
                (vec![text.into()], "application/x-www-form-urlencoded".to_owned())
            }
            "multipart" => {
                let Some(map) = value.as_map() else { return Err(invalid("`multipart` must be an object")) };
                let mut all = Vec::new();
                for (field, value) in map.iter() {
                    parts(field, value, environment, &mut all)?;
                }
                draft.payload = Payload::Parts(all);
                return Ok(());
            }
            "related" => related(value, environment)?,
            _ => {
                let media = match value {
                    Value::Bytes(_) | Value::Map(_) => "application/octet-stream",
                    _ => "text/plain; charset=utf-8",
                };
                (vec![content(value, environment)?], media.to_owned())
            }
        };
        if !draft.headers.contains_key(CONTENT_TYPE) {
            draft.header(CONTENT_TYPE.as_str(), &media)?;
        }
        draft.payload = Payload::Pieces(pieces);
        Ok(())
    }
}

/// An absolute HTTP address from its text.
///
/// # Errors
/// `validation_error` that says what is wrong with it.
pub fn address(text: &str) -> Result<Url, Failure> {
    let url = Url::parse(text).map_err(|error| {
        let shown = text.split(['?', '#']).next().unwrap_or_default();
        invalid(format!("`{shown}` is no address: {error}"))
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(invalid(format!("`{}:` addresses cannot be asked: only `http:` and `https:`", url.scheme())));
    }
    Ok(url)
}

/// Names and values of a query or a form; lists repeat their name, what is absent is left out.
fn pairs(map: &Map) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for (name, value) in map {
        match value {
            Value::Unit => {}
            Value::List(items) => pairs.extend(items.iter().map(|item| (name.to_string(), item.to_string()))),
            Value::Set(items) => pairs.extend(items.iter().map(|item| (name.to_string(), item.to_string()))),
            Value::Null => pairs.push((name.to_string(), String::new())),
            other => pairs.push((name.to_string(), other.to_string())),
        }
    }
    pairs
}

/// What a text, bytes, or `{ path }` of a file sends.
fn content(value: &Value, environment: &Environment) -> Result<Piece, Failure> {
    Ok(match value {
        Value::Bytes(bytes) => bytes.to_vec().into(),
        Value::Map(map) => match map.get("path").and_then(Value::as_text) {
            Some(path) => Piece::File(Outgoing::find(environment, path)?),
            None => return Err(invalid("an object is sent as it is only as a file: `{ path: \"a.pdf\" }`")),
        },
        other => other.to_string().into(),
    })
}

/// The parts that one field of a multipart form makes: a list makes several.
fn parts(field: &Arc<str>, value: &Value, environment: &Environment, all: &mut Vec<Part>) -> Result<(), Failure> {
    one_line("the name of a part", field)?;
    let part = |content, file, media| Part { field: field.clone(), content, file, media };
    match value {
        Value::Unit => {}
        Value::List(items) => items.iter().try_for_each(|item| parts(field, item, environment, all))?,
        Value::Map(map) if map.contains_key("content") || map.contains_key("path") => {
            let text = |name: &str| map.get(name).and_then(Value::as_text).map(Arc::from);
            let content = content(map.get("content").unwrap_or(value), environment)?;
            let own = match &content {
                Piece::File(file) => Some(file.name.clone()),
                // A text without a name is a field, of whatever type, and no file.
                Piece::Bytes(_) => map.get("content").is_none_or(|it| it.as_text().is_none()).then(|| field.clone()),
            };
            let name = text("name").or(own);
            name.iter().try_for_each(|name| one_line("the name of a file", name))?;
            all.push(part(content, name, text("type")));
        }
        Value::Bytes(_) => all.push(part(content(value, environment)?, Some(field.clone()), None)),
        other => all.push(part(other.to_string().into(), None, None)),
    }
    Ok(())
}

/// `[{ type, content }, { type, path }]` as one body (RFC 2387), and its media type.
fn related(value: &Value, environment: &Environment) -> Result<(Vec<Piece>, String), Failure> {
    let list = value.as_list().filter(|list| !list.is_empty());
    let Some(list) = list else { return Err(invalid("`related` must be a list of `{ type, content }`")) };
    let boundary = uuid::Uuid::now_v7().simple().to_string();
    let mut pieces = Vec::new();
    for part in list {
        let media = part.get("type").and_then(Value::as_text).unwrap_or("application/octet-stream");
        // Goes into a header of the part, where it must not begin a line of its own.
        if !media.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
            return Err(invalid(format!("{media:?} is no media type")));
        }
        pieces.push(format!("--{boundary}\r\nContent-Type: {media}\r\n\r\n").into());
        pieces.push(match part.get("content") {
            Some(content @ (Value::Map(_) | Value::List(_))) => content.without_absent().to_json().to_string().into(),
            Some(plain) => content(plain, environment)?,
            None => content(part, environment)?,
        });
        pieces.push("\r\n".into());
    }
    pieces.push(format!("--{boundary}--\r\n").into());
    Ok((pieces, format!("multipart/related; boundary={boundary}")))
}

/// Headers that say how a message travels: the connection's own business, whatever is handed on from another message.
const OF_THE_CONNECTION: [&str; 8] =
    ["connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];

/// What stands in the head of a part must not begin a line there.
fn one_line(what: &str, name: &str) -> Result<(), Failure> {
    if name.chars().any(char::is_control) {
        return Err(invalid(format!("`multipart`: {name:?} cannot be {what}: it holds a line break or the like")));
    }
    Ok(())
}

impl Draft {
    /// Whether the request changes nothing on the far side.
    pub fn is_read(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD | Method::OPTIONS)
    }

    /// Sets a header; one that says how the message travels is left out.
    ///
    /// # Errors
    /// `validation_error` where the name or the value cannot stand in a header.
    pub fn header(&mut self, name: &str, value: &str) -> Result<(), Failure> {
        let header =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid(format!("`{name}` is no name of a header")))?;
        let value = HeaderValue::from_str(value)
            .map_err(|_| invalid(format!("the header `{name}` holds a character that headers cannot carry")))?;
        if !OF_THE_CONNECTION.contains(&header.as_str()) {
            self.headers.insert(header, value);
        }
        Ok(())
    }

    /// As `client` sends it; also what tells whether it has begun to leave, where that can be told.
    ///
    /// # Errors
    /// `validation_error` for a media type that is none.
    pub fn to_request(
        &self,
        client: &Client,
        timeout: std::time::Duration,
    ) -> Result<(RequestBuilder, Option<Departure>), Failure> {
        let mut request = Request::new(self.method.clone(), self.url.clone());
        *request.headers_mut() = self.headers.clone();
        *request.timeout_mut() = Some(timeout);
        let request = RequestBuilder::from_parts(client.clone(), request);
        Ok(match &self.payload {
            // Some servers refuse a POST without a length.
            Payload::Empty if matches!(self.method, Method::POST | Method::PUT | Method::PATCH) => {
                (request.header(reqwest::header::CONTENT_LENGTH, "0"), None)
            }
            Payload::Empty => (request, None),
            Payload::Pieces(pieces) if pieces.iter().all(|piece| piece.len() == 0) => {
                (request.header(reqwest::header::CONTENT_LENGTH, "0"), None)
            }
            Payload::Pieces(pieces) => {
                let departure = Departure::default();
                let body = reqwest::Body::wrap(Observed::new(pieces.clone(), departure.clone()));
                (request.body(body), Some(departure))
            }
            Payload::Parts(parts) => {
                let mut form = reqwest::multipart::Form::new();
                for part in parts {
                    let mut piece = match &part.content {
                        Piece::Bytes(bytes) => reqwest::multipart::Part::bytes(bytes.to_vec()),
                        file => {
                            let body = Observed::new([file.clone()], Departure::default());
                            reqwest::multipart::Part::stream_with_length(reqwest::Body::wrap(body), file.len())
                        }
                    };
                    if let Some(file) = &part.file {
                        piece = piece.file_name(file.to_string());
                    }
                    if let Some(media) = &part.media {
                        piece = piece.mime_str(media).map_err(|_| invalid(format!("{media:?} is no media type")))?;
                    }
                    form = form.part(part.field.to_string(), piece);
                }
                (request.multipart(form), None)
            }
        })
    }
}
