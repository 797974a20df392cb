//! Credentials of calls, under `authentication`.

use serde_json::Value as Json;

use super::author::Author;
use super::expression::Scope;
use crate::lang::foreign::term::Term;
use crate::lang::layout;

/// A secret by the name the document gives it.
pub fn secret(name: &str) -> String {
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    format!("secret({})", layout::text(&name))
}

impl Author<'_> {
    /// The clause for what is said of credentials.
    pub fn auth(&mut self, endpoint: &Json, scope: &Scope) -> Option<String> {
        let said = endpoint.get("authentication").filter(|said| !said.is_null())?.clone();
        let name = said.as_str().or_else(|| said["use"].as_str());
        let policy = match name {
            None => said.clone(),
            Some(name) => match self.shared("authentications", name) {
                Some(policy) => policy.clone(),
                None => {
                    self.later(format!("`{name}` is nowhere under `use.authentications`"));
                    return None;
                }
            },
        };
        let (kind, said) = policy.as_object()?.iter().find(|(kind, _)| *kind != "use")?;
        let clause = match kind.as_str() {
            "basic" => {
                let (user, password) = (self.part(said, "username", scope), self.part(said, "password", scope));
                format!("auth basic {{ user: {user}, password: {password} }}")
            }
            "bearer" => {
                let token = self.part(said, "token", scope);
                let is_short = token.ends_with(')') && token.starts_with("secret(") || token.starts_with('"');
                if is_short { format!("auth bearer {token}") } else { format!("auth bearer ({token})") }
            }
            "oauth2" | "oidc" => self.oauth2(said, scope)?,
            other => {
                self.later(format!("`{other}` authentication goes into `auth`, which has no such scheme"));
                return None;
            }
        };
        Some(clause)
    }

    /// A part of credentials: said, or in a secret as a whole.
    fn part(&mut self, said: &Json, name: &str, scope: &Scope) -> String {
        if let Some(whole) = said["use"].as_str() {
            return secret(&format!("{whole}_{name}"));
        }
        let value = self.template(&said[name], scope);
        self.code(&value)
    }

    fn oauth2(&mut self, said: &Json, scope: &Scope) -> Option<String> {
        if let Some(whole) = said["use"].as_str() {
            self.later(format!("say in `auth oauth2 {{ .. }}` what the secret `{whole}` holds"));
            return None;
        }
        let grant = said["grant"].as_str().unwrap_or("client_credentials");
        if grant != "client_credentials" {
            self.later(format!("the grant `{grant}` goes into `auth oauth2 {{ .. }}`"));
            return None;
        }
        let authority = said["authority"].as_str().unwrap_or_default().trim_end_matches('/');
        let path = said["endpoints"]["token"].as_str().unwrap_or("/oauth2/token");
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{authority}{path}") };
        let (id, own) = (self.template(&said["client"]["id"], scope), self.template(&said["client"]["secret"], scope));
        let (id, own) = (self.code(&id), self.code(&own));
        let scopes: Vec<&str> = said["scopes"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
        let mut fields = vec![
            format!("grant: {}", layout::text(grant)),
            format!("token_url: {}", Term::text(&url).value()),
            format!("client_id: {id}"),
            format!("client_secret: {own}"),
        ];
        if !scopes.is_empty() {
            fields.push(format!("scope: {}", layout::text(&scopes.join(" "))));
        }
        Some(format!("auth oauth2 {{ {} }}", fields.join(", ")))
    }
}
