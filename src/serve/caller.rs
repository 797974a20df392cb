//! Who asks, and what they may do.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::problem::Problem;
use super::server::Server;

/// What the holder of a token may do. Each may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Look.
    Viewer,
    /// Start runs, and tell them things.
    Operator,
    /// Everything, also what concerns the server as a whole.
    Admin,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who: what journals say of who asked.
    pub name: Arc<str>,
    /// What they may do.
    pub role: Role,
    /// With which workflows; with all where absent.
    pub workflows: Option<Arc<[Arc<str>]>>,
}

impl Caller {
    /// Whoever owns the data: all is allowed.
    pub fn owner(name: &str) -> Self {
        Self { name: name.into(), role: Role::Admin, workflows: None }
    }

    /// Asks for a role that concerns no workflow more than others.
    ///
    /// # Errors
    /// A problem, if the caller has not this role.
    pub fn may(&self, role: Role) -> Result<(), Problem> {
        if self.role >= role {
            return Ok(());
        }
        let (has, wants) = (self.role.word(), role.word());
        Err(Problem::forbidden(format!("this token is of the role `{has}`; this takes the role `{wants}`")))
    }

    /// Asks for a role and for one workflow.
    ///
    /// # Errors
    /// A problem, if the caller has not this role, or not for this workflow.
    pub fn may_with(&self, role: Role, workflow: &str) -> Result<(), Problem> {
        self.may(role)?;
        if self.sees(workflow) {
            return Ok(());
        }
        Err(Problem::forbidden(format!("this token is not for the workflow `{workflow}`")))
    }

    /// Asks for a role for the server as a whole.
    ///
    /// # Errors
    /// A problem, if the caller has not this role, or only for some workflows.
    pub fn may_with_all(&self, role: Role) -> Result<(), Problem> {
        self.may(role)?;
        match &self.workflows {
            None => Ok(()),
            Some(_) => Err(Problem::forbidden("this token is for some workflows; this concerns all of them")),
        }
    }

    /// Whether the caller may look at runs of this workflow.
    pub fn sees(&self, workflow: &str) -> bool {
        self.workflows.as_ref().is_none_or(|workflows| workflows.iter().any(|known| **known == *workflow))
    }
}

impl FromRequestParts<Server> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Problem> {
        match parts.extensions.get::<Self>() {
            Some(caller) => Ok(caller.clone()),
            None => identify(server, &parts.headers),
        }
    }
}

/// Lets only callers through who are known.
pub(super) async fn only_known(
    State(server): State<Server>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    // Whoever calls in this process has said who they are.
    if request.extensions().get::<Caller>().is_none() {
        let caller = identify(&server, request.headers())?;
        server.pace().take_of_token(&caller.name)?;
        request.extensions_mut().insert(caller);
    }
    Ok(next.run(request).await)
}

/// Who holds the token of a request.
pub(super) fn identify(server: &Server, headers: &HeaderMap) -> Result<Caller, Problem> {
    let Some(tokens) = server.tokens() else {
        let detail = "no token is asked for here, so only programs of this machine may ask: neither pages of others (the header \
                      `Origin`) nor whoever calls this machine by another name (`Host`)";
        let owner = Caller::owner("nobody in particular");
        return if is_from_here(headers) { Ok(owner) } else { Err(Problem::forbidden(detail)) };
    };
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let Some(header) = given.next() else {
        let detail = "send the header `Authorization: Bearer TOKEN`; `flow token new` makes a token";
        return Err(Problem::unauthorized(None, detail));
    };
    let malformed = || {
        let detail = "the header `Authorization` must be `Bearer TOKEN`, with one token";
        Problem::unauthorized(Some("invalid_request"), detail)
    };
    let (scheme, token) = header.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(malformed)?;
    let token = token.trim();
    if given.next().is_some()
        || !scheme.eq_ignore_ascii_case("bearer")
        || token.is_empty()
        || token.contains(char::is_whitespace)
    {
        return Err(malformed());
    }
    tokens.holder(token).ok_or_else(|| {
        let detail = "nobody knows this token: it is misspelt, or was revoked";
        Problem::unauthorized(Some("invalid_token"), detail)
    })
}

/// Whether a request that brings no token comes from a program of this machine, and not from a page that somebody looks at: a
/// browser says by `Origin` whose page it is, and by `Host` under which name it found this machine.
fn is_from_here(headers: &HeaderMap) -> bool {
    let said = [HOST, ORIGIN].into_iter().filter_map(|name| headers.get(name));
    said.map(HeaderValue::to_str).all(|address| address.is_ok_and(is_here))
}

/// Whether an address, with its scheme and port or without, is of this machine.
fn is_here(address: &str) -> bool {
    let host = address.split_once("://").map_or(address, |(_, host)| host);
    let url = Url::parse(&format!("http://{host}"));
    match url.as_ref().ok().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
