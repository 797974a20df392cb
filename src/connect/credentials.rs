//! How a request proves who asks.

use std::sync::Arc;

use crate::base::failure::Failure;
use crate::base::value::{Map, Value};
use crate::lang::catalog::BASE_URL;
use crate::lang::plan::connector::{Auth, LOGIN};
use crate::lang::plan::{Formula, Roots};
use crate::lang::script::Library;

/// The fields that make tokens different ones.
const NAMING: [&str; 10] =
    ["token_url", "client_id", "refresh_token", "scope", "audience", "resource", "issuer", "subject", "key", "grant"];

/// An `auth` clause with its values.
#[derive(Clone, Default)]
pub struct Credentials {
    /// `bearer basic header query oauth2 jwt none`
    pub scheme: Arc<str>,
    /// What follows on the line.
    pub args: Vec<Value>,
    /// What stands in its braces.
    pub fields: Map,
    /// Where the answer that brings a token says that the connector lives, as far as it does.
    pub base_url: Option<Formula>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

impl Credentials {
    /// From `{ scheme, args, fields }`, as an act carries them; `None` where it carries none.
    pub fn from_value(value: &Value) -> Option<Self> {
        let scheme = value.get("scheme")?.as_text()?.into();
        let args = value.get("args").and_then(Value::as_list).unwrap_or_default().to_vec();
        let fields = value.get("fields").and_then(Value::as_map).cloned().unwrap_or_default();
        Some(Self { scheme, args, fields, base_url: None })
    }

    /// From a line of a connector, with the values it has now.
    ///
    /// # Errors
    /// What an expression raises.
    pub fn of(auth: &Auth, library: &Library, roots: &dyn Roots) -> Result<Self, Failure> {
        let args: Result<Vec<Value>, Failure> = auth.args.iter().map(|arg| arg.evaluate(library, roots)).collect();
        let now = auth.fields.iter().filter(|(name, _)| &**name != BASE_URL);
        let fields: Result<Map, Failure> =
            now.map(|(name, field)| Ok((name.clone(), field.evaluate(library, roots)?))).collect();
        Ok(Self { scheme: auth.scheme.clone(), args: args?, fields: fields?, base_url: auth.base_url().cloned() })
    }

    /// A value by the name of its field, or by its place on the line; a text that is not empty.
    pub fn value(&self, name: &str, place: Option<usize>) -> Option<String> {
        let value = self.fields.get(name).or_else(|| place.and_then(|place| self.args.get(place)))?;
        let text = if value.is_unit() { String::new() } else { value.to_string() };
        (!text.is_empty()).then_some(text)
    }

    /// Whether the scheme has what it needs.
    pub fn is_complete(&self) -> bool {
        let has = |name, place| self.value(name, Some(place)).is_some();
        let named = |name| self.value(name, None).is_some();
        match &*self.scheme {
            "bearer" => has("token", 0),
            "basic" => has("user", 0) && has("password", 1),
            "header" | "query" => has("name", 0) && has("value", 1),
            "oauth2" => {
                let own = match &*self.grant() {
                    "refresh_token" => "refresh_token",
                    LOGIN => "authorize_url",
                    _ => "client_secret",
                };
                ["token_url", "client_id", own].into_iter().all(named)
            }
            "jwt" => ["issuer", "audience", "key", "token_url"].into_iter().all(named),
            _ => true,
        }
    }

    /// How `oauth2` asks for tokens: as written, otherwise by what is there.
    pub fn grant(&self) -> String {
        self.value("grant", None).unwrap_or_else(|| {
            let refreshes = self.value("refresh_token", None).is_some();
            if refreshes { "refresh_token" } else { "client_credentials" }.to_owned()
        })
    }

    /// Whether what the far side gives takes the place of what the settings say.
    pub fn is_renewed_by_what_came(&self) -> bool {
        &*self.scheme == "oauth2" && (self.grant() == "refresh_token" || self.needs_login())
    }

    /// Whether a person must have signed in.
    pub fn needs_login(&self) -> bool {
        &*self.scheme == "oauth2" && self.grant() == LOGIN
    }

    /// What tokens for these credentials of `connector` are known by; it tells nothing of them. New values in the settings make
    /// a new name: what came of the old ones does not hide them.
    pub fn name(&self, connector: &str) -> String {
        let mut hasher = blake3::Hasher::new();
        // Whoever has agreed to less is told so by the service.
        let asked = NAMING.into_iter().filter(|name| *name != "scope" || !self.needs_login());
        for name in asked {
            let value = self.value(name, None).unwrap_or_default();
            hasher.update(&(value.len() as u64).to_le_bytes()).update(value.as_bytes());
        }
        let plain: String = connector.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        format!("{plain}-{}", &hasher.finalize().to_hex()[..16])
    }
}
