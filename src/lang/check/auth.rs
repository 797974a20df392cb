//! `auth`: how a request proves who asks.

use super::checker::Checker;
use super::code;
use crate::base::diagnostic::Diagnostic;
use crate::base::shape::Shape;
use crate::lang::catalog::BASE_URL;
use crate::lang::syntax::ast::{Auth, Field};

const SCHEMES: [&str; 7] = ["bearer", "basic", "header", "query", "oauth2", "jwt", "none"];
/// What says how `oauth2` asks for tokens.
const OAUTH2: [&str; 12] = [
    "grant",
    "token_url",
    "authorize_url",
    "client_id",
    "client_secret",
    "refresh_token",
    "scope",
    "audience",
    "resource",
    "client_auth",
    "send",
    BASE_URL,
];
/// What says how `jwt` does.
const JWT: [&str; 12] = [
    "issuer",
    "subject",
    "audience",
    "scope",
    "key",
    "key_id",
    "token_url",
    "client_id",
    "client_secret",
    "client_auth",
    "send",
    BASE_URL,
];

impl<'a> Checker<'a> {
    /// `auth SCHEME args { fields }`, of a connector where `declared`, otherwise of a step.
    pub fn auth(&mut self, auth: &'a Auth, declared: bool) {
        if !SCHEMES.contains(&&*auth.scheme.text) {
            let message = format!("there is no way of signing called `{}`", auth.scheme.text);
            self.unknown_of(code::UNKNOWN_WORD, &auth.scheme.text, auth.scheme.span, message, &SCHEMES);
        }
        for arg in &auth.args {
            self.argument(arg, &Shape::Any, "`auth`");
        }
        self.keys_once(&auth.fields);
        for field in &auth.fields {
            self.auth_field(auth, field, declared);
        }
        let arguments = match &*auth.scheme.text {
            "bearer" => 1..=1,
            "header" | "query" => 2..=2,
            "basic" => 0..=2,
            _ => return,
        };
        if !arguments.contains(&auth.args.len()) && auth.fields.is_empty() {
            let hint = match &*auth.scheme.text {
                "bearer" => "`auth bearer secret(\"TOKEN\")`",
                "basic" => "`auth basic { user: ..., password: ... }`",
                "header" => "`auth header \"X-Api-Key\" secret(\"KEY\")`",
                _ => "`auth query \"key\" secret(\"KEY\")`",
            };
            let message = format!("`auth {}` is not complete", auth.scheme.text);
            self.report(Diagnostic::error(code::CONNECTOR, auth.span, message).hint(hint));
        }
    }

    fn auth_field(&mut self, auth: &'a Auth, field: &'a Field, declared: bool) {
        let (scheme, name) = (&*auth.scheme.text, &field.key.text);
        let known: &[&str] = match scheme {
            "oauth2" => &OAUTH2,
            "jwt" => &JWT,
            _ => {
                self.value(&field.value);
                return;
            }
        };
        if !known.contains(&&**name) {
            let message = format!("`auth {scheme}` has no `{name}`");
            self.unknown_of(code::UNKNOWN_PARAMETER, name, field.key.span, message, known);
        } else if &**name == BASE_URL && !declared {
            let message = "only a connector is told by its token where it lives";
            self.report(
                Diagnostic::error(code::CONNECTOR, field.key.span, message)
                    .hint("a step names the whole address that it asks: `url`"),
            );
            return;
        }
        if &**name == BASE_URL {
            // The answer that brought the token.
            self.answered(|this| this.value(&field.value));
        } else {
            self.value(&field.value);
        }
    }
}
