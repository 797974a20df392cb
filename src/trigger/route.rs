//! Which trigger a request is for: by method and path, where `{name}` stands for one part that varies.

use std::sync::Arc;

use super::declared::Declared;
use crate::base::value::{Map, Value};
use crate::lang::plan::trigger::Kind;

/// All triggers that requests start runs by.
#[derive(Debug, Default)]
pub struct Routes {
    routes: Vec<Route>,
}

/// One method of one path.
#[derive(Debug)]
struct Route {
    method: Arc<str>,
    path: Arc<str>,
    parts: Vec<Part>,
    declared: Declared,
}

/// What stands between two slashes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// This, letter by letter.
    Fixed(Arc<str>),
    /// Anything, under this name.
    Named(Arc<str>),
}

/// The trigger that a request is for.
#[derive(Clone, Debug)]
pub struct Matched {
    /// Which; of a path at which connectors are told something, the first of those that listen there.
    pub declared: Declared,
    /// The path, as it is declared.
    pub path: Arc<str>,
    /// The parts of the path that vary, by name.
    pub parts: Map,
}

/// Why no trigger is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmatched {
    /// Nothing starts at this path.
    Path,
    /// Something does, by these methods.
    Method(Vec<Arc<str>>),
}

/// Two triggers that mean the same requests.
#[derive(Clone, Debug)]
pub struct Clash {
    /// The first of them.
    pub first: Declared,
    /// The other.
    pub second: Declared,
}

impl Routes {
    /// The routes of these triggers; `told` are those of connectors that are told something, and where.
    ///
    /// # Errors
    /// Where two of them mean the same requests.
    pub fn of(all: &[Declared], told: &[(Arc<str>, Declared)]) -> Result<Self, Clash> {
        let mut routes: Vec<Route> = Vec::new();
        let own = all.iter().flat_map(|declared| {
            let methods = methods(&declared.trigger().kind).into_iter();
            methods.map(move |(method, path)| Route {
                method,
                parts: parts(path),
                path: path.into(),
                declared: declared.clone(),
            })
        });
        let told = told.iter().flat_map(|(path, declared)| {
            let route = |method: &str| Route {
                method: method.into(),
                parts: parts(path),
                path: path.clone(),
                declared: declared.clone(),
            };
            ["GET", "HEAD", "POST"].map(route)
        });
        for route in own.chain(told) {
            match routes.iter().find(|known| known.means_the_same(&route)) {
                // Services have one address for all that they tell.
                Some(first) if first.is_shared_with(&route) => {}
                Some(first) => return Err(Clash { first: first.declared.clone(), second: route.declared.clone() }),
                None => routes.push(route),
            }
        }
        // Where a path fits several, what is written out goes before what varies.
        routes.sort_by(|one, other| one.parts.cmp(&other.parts));
        Ok(Self { routes })
    }

    /// The trigger for a request.
    ///
    /// # Errors
    /// Where there is none.
    pub fn find(&self, method: &str, path: &str) -> Result<Matched, Unmatched> {
        let parts = path.strip_prefix('/').ok_or(Unmatched::Path)?.split('/');
        let given = parts.map(decoded).collect::<Option<Vec<String>>>().ok_or(Unmatched::Path)?;
        let fitting = || self.routes.iter().filter_map(|route| Some((route, route.values(&given)?)));
        match fitting().find(|(route, _)| &*route.method == method) {
            Some((route, parts)) => Ok(Matched { declared: route.declared.clone(), path: route.path.clone(), parts }),
            None => {
                let mut methods: Vec<Arc<str>> = fitting().map(|(route, _)| route.method.clone()).collect();
                methods.sort();
                methods.dedup();
                Err(if methods.is_empty() { Unmatched::Path } else { Unmatched::Method(methods) })
            }
        }
    }
}

impl Route {
    /// What the parts that vary are in a path; `None` if it does not fit.
    fn values(&self, given: &[String]) -> Option<Map> {
        if given.len() != self.parts.len() {
            return None;
        }
        let mut values = Map::new();
        for (part, given) in self.parts.iter().zip(given) {
            match part {
                Part::Fixed(text) if **text == **given => {}
                Part::Named(name) if !given.is_empty() => {
                    drop(values.insert(name.clone(), Value::from(given.as_str())))
                }
                Part::Fixed(_) | Part::Named(_) => return None,
            }
        }
        Some(values)
    }

    /// Whether both are told by connectors, at the very same path.
    fn is_shared_with(&self, other: &Self) -> bool {
        let told = |route: &Self| matches!(route.declared.trigger().kind, Kind::Connector { .. });
        told(self) && told(other) && self.path == other.path
    }

    /// Whether every request for one is for the other: the names of what varies make no difference.
    fn means_the_same(&self, other: &Self) -> bool {
        let same = |pair: (&Part, &Part)| match pair {
            (Part::Fixed(one), Part::Fixed(other)) => one == other,
            (Part::Named(_), Part::Named(_)) => true,
            (Part::Fixed(_), Part::Named(_)) | (Part::Named(_), Part::Fixed(_)) => false,
        };
        self.method == other.method
            && self.parts.len() == other.parts.len()
            && self.parts.iter().zip(&other.parts).all(same)
    }
}

/// By which methods a kind of trigger is asked, and where.
fn methods(kind: &Kind) -> Vec<(Arc<str>, &str)> {
    match kind {
        Kind::Api { method, path } => vec![(method.to_uppercase().into(), path)],
        Kind::Webhook { path } | Kind::Form { path } => vec![("GET".into(), path), ("POST".into(), path)],
        Kind::Schedule { .. }
        | Kind::Every { .. }
        | Kind::File { .. }
        | Kind::Event { .. }
        | Kind::Persona { .. }
        | Kind::Connector { .. } => Vec::new(),
    }
}

fn parts(path: &str) -> Vec<Part> {
    let named = |part: &str| part.strip_prefix('{').and_then(|part| part.strip_suffix('}')).map(Arc::from);
    let part = |part: &str| named(part).map_or_else(|| Part::Fixed(part.into()), Part::Named);
    path.strip_prefix('/').unwrap_or(path).split('/').map(part).collect()
}

/// A part of a path as it is meant: `%20` is a blank. None if it is no text: what is not known must not be taken for the same.
fn decoded(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let digits = behind.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).ok()
}
