//! `auth`: how a request proves who asks.

use super::checker::Checker;
use super::code;
use crate::base::diagnostic::Diagnostic;
use crate::base::shape::Shape;
use crate::base::value::Value;
use crate::lang::catalog::{self, BASE_URL};
use crate::lang::syntax::ast::{self, Arg, Auth, Field};

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

/// How `oauth2` can ask for a token.
const GRANTS: [&str; 3] = ["client_credentials", "refresh_token", "authorization_code"];
/// Fields that say one of a few words.
const WORDS: [(&str, &[&str]); 3] =
    [("grant", &GRANTS), ("client_auth", &["basic", "form"]), ("send", &["form", "json"])];
/// Fields that are addresses.
const ADDRESSES: [&str; 2] = ["token_url", "authorize_url"];

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
        if &*auth.scheme.text == "header"
            && let Some(Arg::Expr(name)) = auth.args.first()
            && let Some(Value::Text(text)) = self.constant(name)
        {
            self.header_name(&text, name.span);
        }
        self.fields_lacking(auth);
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
            self.said_of_tokens(name, &field.value);
        }
    }

    /// Whether what a field says for good can be meant.
    fn said_of_tokens(&mut self, name: &str, said: &'a ast::Value) {
        let Some(value) = catalog::types::constant(said).filter(|value| !value.is_unit()) else { return };
        let Some(text) = value.as_text() else {
            let message = format!("`{name}` of `auth` is a text, this is {}", Shape::of(&value).described());
            self.report(
                Diagnostic::error(code::MISMATCH, said.span(), message)
                    .hint("such as `config.NAME`, or a text in quotes"),
            );
            return;
        };
        // A service may have a grant of its own; then its name is an address.
        if let Some((_, known)) = WORDS.iter().find(|(field, _)| *field == name)
            && !known.contains(&text)
            && !text.contains(':')
        {
            let message = format!("`{name}` of `auth` knows no `{text}`");
            self.unknown_of(code::UNKNOWN_WORD, text, said.span(), message, known);
        }
        let is_address = text.starts_with("https://") || text.starts_with("http://");
        if ADDRESSES.contains(&name) && !is_address {
            let message = format!("`{name}` is no address");
            self.report(
                Diagnostic::error(code::CONNECTOR, said.span(), message)
                    .hint("write the whole address: `\"https://login.example/token\"`"),
            );
        }
    }

    /// The fields without which no token can be asked for.
    fn fields_lacking(&mut self, auth: &'a Auth) {
        let field = |name: &str| auth.fields.iter().find(|field| &*field.key.text == name);
        let grant = field("grant").map(|field| catalog::types::constant(&field.value).unwrap_or_default());
        let grant = match &grant {
            // Without a grant it is what there is a token for.
            None if field("refresh_token").is_some() => Some("refresh_token"),
            None => Some("client_credentials"),
            Some(written) => written.as_text(),
        };
        let wanted: &[&str] = match (&*auth.scheme.text, grant) {
            ("oauth2", Some("authorization_code")) => &["token_url", "authorize_url", "client_id"],
            ("oauth2", Some("refresh_token")) => &["token_url", "client_id", "refresh_token"],
            ("oauth2", Some(_)) => &["token_url", "client_id", "client_secret"],
            ("oauth2", None) => &["token_url", "client_id"],
            ("jwt", _) => &["token_url", "issuer", "audience", "key"],
            _ => return,
        };
        // One that is misspelt is told as such, and not missed.
        let known: &[&str] = if &*auth.scheme.text == "jwt" { &JWT } else { &OAUTH2 };
        if auth.fields.iter().any(|field| !known.contains(&&*field.key.text)) {
            return;
        }
        let lacking = wanted.iter().filter(|name| field(name).is_none());
        let lacking: Vec<&str> = lacking.copied().collect();
        if !lacking.is_empty() {
            let names = super::expression::listed(lacking.into_iter());
            let message = format!("`auth {}` lacks {names}", auth.scheme.text);
            self.report(
                Diagnostic::error(code::CONNECTOR, auth.span, message)
                    .hint("docs/credentials.md has an example of each; without these it never has a token"),
            );
        }
    }
}
