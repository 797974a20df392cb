//! Requests over HTTP: the operations that connectors declare, and `http.*`.
//!
//! In: a call whose operation has a request, or is one of `http.*`. Out: an outcome by the mapping table of the language.
//! Never: a request to a private address that nobody allowed, credentials sent to another origin than the one asked, or
//! unencrypted where nobody wrote `http://`, a second attempt but the one after a refreshed token (held by `tests/connect/http.rs`).

mod answer;
mod auth;
mod client;
/// Operations that connectors declare.
pub mod declared;
mod draft;
mod exchange;
mod generic;
mod grant;
/// Which addresses may be asked.
pub mod guard;
mod home;
mod jwt;
mod link;
/// Signing a person in, in a browser.
pub mod login;
mod oauth;
mod paging;
mod payload;
/// Where credentials may go without encryption.
pub mod plain;
mod proxy;
mod scope;
mod template;
mod token;
mod trust;

pub use draft::Parts;
pub use exchange::{OPERATION_HEADER, PLACE_HEADER};
pub use generic::register;
pub use token::{token, token_credentials};

use std::sync::OnceLock;

use super::connectors::{Configured, Environment};
use super::registry::Call;
use crate::base::failure::Failure;
use crate::base::value::Value;
use crate::lang::plan::Formula;
use crate::lang::plan::connector::Request;

/// What the requests of one connector share.
#[derive(Debug, Default)]
pub struct Shared {
    clients: OnceLock<Result<client::Clients, Failure>>,
    tokens: oauth::Tokens,
}

impl Shared {
    /// The connections of `connector`, made when they are first needed.
    fn clients(&self, connector: &Configured, environment: &Environment) -> Result<client::Clients, Failure> {
        self.clients.get_or_init(|| client::Clients::of(connector, environment)).clone()
    }
}

/// What `request` of a declared operation asks for, without sending it.
///
/// # Errors
/// As when it is sent: what an expression raises, or parts that do not fit together.
pub fn rehearse(call: &Call, request: &Request) -> Result<Parts, Failure> {
    template::fill(call, request)
}

/// What `formula` of a declared operation comes to before anything is sent, such as the path of a file.
///
/// # Errors
/// What it raises.
pub fn computed(call: &Call, formula: &Formula) -> Result<Value, Failure> {
    formula.evaluate(template::library(&call.connector.connector), &scope::Scope::new(call))
}
