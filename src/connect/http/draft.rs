//! A request as data, before it is sent: it can be sent again, to another address, with other credentials.

use std::sync::Arc;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Url};

use super::payload::{Departure, Observed};
use crate::base::failure::{Failure, Kind};
use crate::base::value::{Map, Value};

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
    /// A text or bytes.
    pub raw: Value,
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
}

/// The body of a request.
#[derive(Clone, Debug)]
pub enum Payload {
    /// None.
    Empty,
    /// These bytes.
    Bytes(Vec<u8>),
    /// A multipart form.
    Parts(Vec<Part>),
}

/// A part of a multipart form.
#[derive(Clone, Debug)]
pub struct Part {
    field: Arc<str>,
    content: Vec<u8>,
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
    /// `validation_error` where they make none.
    pub fn draft(&self) -> Result<Draft, Failure> {
        let method = Method::from_bytes(self.method.to_uppercase().as_bytes())
            .map_err(|_| invalid(format!("`{}` is no method", self.method)))?;
        let mut url = address(&self.url)?;
        let pairs = pairs(&self.query);
        if !pairs.is_empty() {
            url.query_pairs_mut().extend_pairs(pairs);
        }
        let mut draft = Draft { method, url, headers: HeaderMap::new(), payload: Payload::Empty };
        for (name, value) in &self.headers {
            if !value.is_unit() {
                draft.header(name, &value.to_string())?;
            }
        }
        self.fill(&mut draft)?;
        Ok(draft)
    }

    fn fill(&self, draft: &mut Draft) -> Result<(), Failure> {
        let given = [("body", &self.body), ("form", &self.form), ("multipart", &self.multipart), ("raw", &self.raw)];
        let mut given = given.into_iter().filter(|(_, value)| !value.is_unit());
        let Some((name, value)) = given.next() else { return Ok(()) };
        if let Some((second, _)) = given.next() {
            return Err(invalid(format!("a request has one body: `{name}` and `{second}` exclude each other")));
        }
        let (bytes, media) = match name {
            "body" => (value.without_absent().to_json().to_string().into_bytes(), "application/json"),
            "form" => {
                let Some(map) = value.as_map() else { return Err(invalid("`form` must be an object")) };
                let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs(map)).finish();
                (text.into_bytes(), "application/x-www-form-urlencoded")
            }
            "multipart" => {
                let Some(map) = value.as_map() else { return Err(invalid("`multipart` must be an object")) };
                draft.payload = Payload::Parts(map.iter().flat_map(|(field, value)| parts(field, value)).collect());
                return Ok(());
            }
            _ => match value {
                Value::Bytes(bytes) => (bytes.to_vec(), "application/octet-stream"),
                other => (other.to_string().into_bytes(), "text/plain; charset=utf-8"),
            },
        };
        if !draft.headers.contains_key(CONTENT_TYPE) {
            draft.headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
        }
        draft.payload = Payload::Bytes(bytes);
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

/// The parts that one field of a multipart form makes: a list makes several.
fn parts(field: &Arc<str>, value: &Value) -> Vec<Part> {
    let content = |value: &Value| match value {
        Value::Bytes(bytes) => bytes.to_vec(),
        other => other.to_string().into_bytes(),
    };
    match value {
        Value::Unit => Vec::new(),
        Value::List(items) => items.iter().flat_map(|item| parts(field, item)).collect(),
        Value::Map(map) if map.contains_key("content") => {
            let text = |name: &str| map.get(name).and_then(Value::as_text).map(Arc::from);
            vec![Part {
                field: field.clone(),
                content: map.get("content").map(content).unwrap_or_default(),
                file: text("name").or_else(|| Some(field.clone())),
                media: text("type"),
            }]
        }
        Value::Bytes(bytes) => {
            vec![Part { field: field.clone(), content: bytes.to_vec(), file: Some(field.clone()), media: None }]
        }
        other => vec![Part { field: field.clone(), content: content(other), file: None, media: None }],
    }
}

impl Draft {
    /// Whether the request changes nothing on the far side.
    pub fn is_read(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD | Method::OPTIONS)
    }

    /// Sets a header.
    ///
    /// # Errors
    /// `validation_error` where the name or the value cannot stand in a header.
    pub fn header(&mut self, name: &str, value: &str) -> Result<(), Failure> {
        let header =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid(format!("`{name}` is no name of a header")))?;
        let value = HeaderValue::from_str(value)
            .map_err(|_| invalid(format!("the header `{name}` holds a character that headers cannot carry")))?;
        self.headers.insert(header, value);
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
        let request =
            client.request(self.method.clone(), self.url.clone()).headers(self.headers.clone()).timeout(timeout);
        Ok(match &self.payload {
            // Some servers refuse a POST without a length.
            Payload::Empty if matches!(self.method, Method::POST | Method::PUT | Method::PATCH) => {
                (request.header(reqwest::header::CONTENT_LENGTH, "0"), None)
            }
            Payload::Bytes(bytes) if !bytes.is_empty() => {
                let departure = Departure::default();
                let body = reqwest::Body::wrap(Observed::new(bytes.clone(), departure.clone()));
                (request.body(body), Some(departure))
            }
            Payload::Empty | Payload::Bytes(_) => (request, None),
            Payload::Parts(parts) => {
                let mut form = reqwest::multipart::Form::new();
                for part in parts {
                    let mut piece = reqwest::multipart::Part::bytes(part.content.clone());
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
