//! Credentials: of one request, and of all requests of a connector.

use serde_json::{Map, Value as Json, json};

use super::writer::Writer;
use crate::base::value::Value;
use crate::lang::plan::Formula;
use crate::lang::plan::connector::Auth;

/// What of a proof stands where in a request.
pub(super) enum Proof {
    /// Under `authentication`.
    Policy(Json),
    /// In a header.
    Header(String, Json),
    /// In the address.
    Query(String, Json),
    /// There is none.
    Nothing,
}

impl Writer<'_> {
    /// What an `auth` clause says; `None` where that language has no word for it.
    pub fn proof(&mut self, auth: &Auth) -> Option<Proof> {
        let part = |place: usize, name: &str| {
            let named = auth.fields.iter().find(|(own, _)| &**own == name).map(|(_, value)| value);
            auth.args.get(place).or(named).cloned()
        };
        Some(match &*auth.scheme {
            "none" => Proof::Nothing,
            "bearer" => Proof::Policy(json!({ "bearer": { "token": self.value(&part(0, "token")?) } })),
            "basic" => {
                let (user, password) = (self.value(&part(0, "user")?), self.value(&part(1, "password")?));
                Proof::Policy(json!({ "basic": { "username": user, "password": password } }))
            }
            place @ ("header" | "query") => {
                let name = part(0, "name")?.constant()?.as_text()?.to_owned();
                let value = self.value(&part(1, "value")?);
                if place == "header" { Proof::Header(name, value) } else { Proof::Query(name, value) }
            }
            "oauth2" => Proof::Policy(json!({ "oauth2": self.oauth2(auth)? })),
            _ => return None,
        })
    }

    fn oauth2(&mut self, auth: &Auth) -> Option<Json> {
        let field = |name: &str| auth.fields.iter().find(|(own, _)| &**own == name).map(|(_, value)| value.clone());
        let grant = field("grant")?.constant()?.as_text()?.to_owned();
        if grant != "client_credentials" {
            return None;
        }
        let url = self.value(&field("token_url")?);
        let url = url.as_str().filter(|url| !url.contains("${"))?.to_owned();
        let (scheme, rest) = url.split_once("://")?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let mut said = Map::new();
        said.insert("authority".to_owned(), format!("{scheme}://{host}").into());
        said.insert("endpoints".to_owned(), json!({ "token": format!("/{path}") }));
        said.insert("grant".to_owned(), grant.into());
        let (id, own) = (self.value(&field("client_id")?), self.value(&field("client_secret")?));
        said.insert("client".to_owned(), json!({ "id": id, "secret": own }));
        if let Some(Formula::Constant(Value::Text(scope))) = field("scope") {
            let scopes: Vec<&str> = scope.split_whitespace().collect();
            said.insert("scopes".to_owned(), json!(scopes));
        }
        Some(said.into())
    }
}
