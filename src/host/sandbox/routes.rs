//! Which operation a request belongs to, by method and path, and what its examples answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use regex::Regex;

use super::http::{Answers, Asked, decoded};
use super::{CREDENTIAL, attempt, echo};
use crate::base::shape::Shape;
use crate::base::value::Value;
use crate::lang::plan::connector::{Answer, Example, Request, UrlPiece};
use crate::lang::plan::node::Kind;
use crate::lang::plan::{Connector, Operation, Package, Source};

/// The pattern of an address of which nothing is known beforehand.
const ANY: &str = "^/?.*$";

/// Answers requests as the services would.
pub struct Routes {
    routes: Vec<Route>,
    /// What steps that call `http.*` say the body is, by their name.
    wanted: BTreeMap<Arc<str>, Shape>,
    /// The requests that were answered with something made up.
    seen: Mutex<BTreeSet<(String, String)>>,
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

impl Routes {
    /// Those of all declared operations of `package`.
    pub fn new(package: &Package) -> Self {
        let mut routes = Vec::new();
        for connector in package.connectors.values() {
            let asked = connector.sources.iter().flat_map(Source::operations);
            let all = connector.operations.values().chain(asked);
            routes.extend(all.flat_map(|operation| Route::all(connector, operation)));
        }
        routes.sort_by_key(Route::rank);
        Self { routes, wanted: wanted(package), seen: Mutex::default() }
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
}

impl Answers for Routes {
    fn answer(&self, asked: &Asked) -> (Option<Arc<str>>, Answer) {
        if asked.path.starts_with("/-/") {
            return (None, good(token()));
        }
        let fits = |route: &&Route| {
            route.connector == asked.connector
                && (asked.operation.is_empty() || *route.operation == *asked.operation)
                && route.method.eq_ignore_ascii_case(&asked.method)
                && route.path.is_match(&asked.path)
        };
        let Some(route) = self.routes.iter().find(fits) else {
            let wanted = asked.step().and_then(|step| self.wanted.get(step));
            return (None, good(wanted.map_or_else(|| asked.echo(), |shape| self.made_up(asked, shape))));
        };
        let actual = asked.parts();
        let best = route.examples.iter().rev().max_by_key(|(_, example)| echo::likeness(example, &actual));
        let answer = match best {
            Some((answer, request)) => Answer { body: echo::fit(&answer.body, request, &actual), ..answer.clone() },
            // Services mostly answer with what the operation gives, or with something that has the same names.
            None => good(route.result.example()),
        };
        (Some(route.operation.clone()), answer)
    }
}

fn good(body: Value) -> Answer {
    Answer { body, ..Answer::default() }
}

/// What is answered who asks for a token.
fn token() -> Value {
    Value::map([
        ("access_token", Value::from(CREDENTIAL)),
        ("token_type", "Bearer".into()),
        ("expires_in", Value::Int(3600)),
    ])
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
fn pattern(request: &Request) -> Option<Regex> {
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

/// The request that an example makes; `()` where it cannot be told.
fn request_of(connector: &Arc<Connector>, operation: &Arc<Operation>, request: &Request, example: &Example) -> Value {
    let call = attempt::of(connector, operation, example);
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
