//! Where a service lives and how it is proved who asks: the settings and the `auth` lines.

use std::fmt::Write as _;

use serde_json::Value as Json;

use super::document::{Document, Entry};
use super::{naming, types, wording};
use crate::base::letter::is_header_name;
use crate::lang::layout;

/// What a connector says before its operations.
#[derive(Debug)]
pub struct Access {
    /// The name of the connector in variables.
    prefix: String,
    settings: Vec<Setting>,
    auth: Vec<String>,
    /// Headers and query parameters that prove something beside the `auth` line.
    beside: Vec<(&'static str, String)>,
    /// What could not be said.
    pub left: Vec<String>,
}

/// A field of `config`.
#[derive(Debug)]
struct Setting {
    name: String,
    kind: &'static str,
    default: Option<String>,
    doc: String,
}

impl Access {
    /// How the operations of `entries` are reached, by a connector called `name`.
    pub fn of(document: &Document, entries: &[&Entry<'_>], name: &str) -> Self {
        let prefix = name.to_uppercase();
        let mut access = Self { prefix, settings: Vec::new(), auth: Vec::new(), beside: Vec::new(), left: Vec::new() };
        access.proofs(document, entries);
        access.address(document);
        access
    }

    /// Whether nobody needs to prove anything.
    pub fn is_open(&self) -> bool {
        self.auth.is_empty()
    }

    /// `config { ... }` and what follows it.
    pub fn write(&self, out: &mut String) {
        out.push_str("    config {\n");
        for setting in &self.settings {
            types::doc(out, 8, &setting.doc);
            let default = setting.default.as_ref().map(|default| format!(" = {default}")).unwrap_or_default();
            let _ = writeln!(out, "        {}: {}{default}", setting.name, setting.kind);
        }
        out.push_str("    }\n");
        for left in &self.left {
            let _ = writeln!(out, "    // TODO: {left}");
        }
        for auth in &self.auth {
            let _ = writeln!(out, "    auth {auth}");
        }
        for part in ["headers", "query"] {
            let fields: Vec<String> =
                self.beside.iter().filter(|(of, _)| *of == part).map(|(_, field)| field.clone()).collect();
            if !fields.is_empty() {
                let _ = writeln!(out, "    {}", layout::bracketed(&format!("{part}: {{ "), &fields, " }", 4, 4));
            }
        }
    }

    fn set(&mut self, name: &str, kind: &'static str, default: Option<String>, doc: &str) {
        if !self.settings.iter().any(|setting| setting.name == name) {
            self.settings.push(Setting { name: name.to_owned(), kind, default, doc: doc.to_owned() });
        }
    }

    /// A setting that a variable of the connector's name sets.
    fn secret(&mut self, name: &str, kind: &'static str, doc: &str) {
        let (variable, word) = (name.to_uppercase(), if kind.starts_with("secret") { "secret" } else { "env" });
        let default = format!("{word}(\"{}_{variable}\")", self.prefix);
        self.set(name, kind, Some(default), doc);
    }

    /// The server that is named first, its variables as settings.
    fn address(&mut self, document: &Document) {
        let server = &document.top("servers")[0];
        let url = server["url"].as_str().unwrap_or_default().trim_end_matches('/');
        let mut written = String::new();
        let mut rest = url;
        while let Some((before, inside)) = rest.split_once('{') {
            let Some((name, tail)) = inside.split_once('}') else { break };
            let said = &server["variables"][name];
            let setting = naming::parameter(name);
            let default = said["default"].as_str().map(layout::text);
            let doc = wording::sentences(said["description"].as_str().unwrap_or_default());
            self.set(&setting, "string", default, &doc.unwrap_or_else(|| "A part of the address.".to_owned()));
            let _ = write!(written, "{}${{config.{setting}}}", layout::inside(before));
            rest = tail;
        }
        let doc = "Where the API lives.";
        let default = format!("\"{written}{}\"", layout::inside(rest));
        match url.starts_with("http://") || url.starts_with("https://") || url.starts_with('{') {
            true => self.set("base_url", "url", Some(default), doc),
            false if url.is_empty() => self.set("base_url", "url", None, doc),
            // The document lies where the API does, and only its reader knows where that is.
            false => self.set(
                "base_url",
                "url",
                None,
                &format!("Where the API lives; the address ends with `{}`.", wording::line(url)),
            ),
        }
    }

    /// The schemes that the operations ask for; all of them where they do not say.
    fn proofs(&mut self, document: &Document, entries: &[&Entry<'_>]) {
        let global = document.top("security").as_array();
        let own = entries.iter().filter_map(|entry| entry.json["security"].as_array()).flatten();
        let asked: Vec<&Json> = global.into_iter().flatten().chain(own).collect();
        let mut ways: Vec<Vec<&str>> = Vec::new();
        let named = |way: &Json| -> Vec<String> {
            way.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
        };
        let asked: Vec<Vec<String>> = asked.into_iter().map(named).filter(|way| !way.is_empty()).collect();
        let all: Vec<Vec<String>> = document.top("components")["securitySchemes"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| vec![name.clone()])
            .collect();
        let asked = if asked.is_empty() && global.is_none() { all } else { asked };
        for way in &asked {
            let way: Vec<&str> = way.iter().map(String::as_str).collect();
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
        let is_only = ways.len() == 1;
        for way in ways {
            let Some((first, others)) = way.split_first() else { continue };
            self.scheme(document.scheme(first), is_only);
            others.iter().for_each(|name| self.key_beside(name, document.scheme(name)));
        }
        self.auth.dedup();
    }

    fn scheme(&mut self, scheme: &Json, is_only: bool) {
        let secret = if is_only { "secret" } else { "secret?" };
        match (scheme["type"].as_str(), scheme["scheme"].as_str().map(str::to_lowercase).as_deref()) {
            (Some("http"), Some("basic")) => {
                self.secret("user", if is_only { "string" } else { "string?" }, "Who asks.");
                self.secret("password", secret, "The password, or what stands in for it.");
                self.push("basic { user: config.user, password: config.password }".to_owned());
            }
            (Some("http"), _) => {
                self.secret("token", secret, "The token.");
                self.push("bearer config.token".to_owned());
            }
            (Some("apiKey"), _) => {
                let wire = scheme["name"].as_str().unwrap_or("X-Api-Key");
                let name = layout::text(wire);
                match scheme["in"].as_str() {
                    Some("header") if !is_header_name(wire) => {
                        self.left.push(format!("it signs in by a header, and none is called {name}"));
                    }
                    Some(place @ ("header" | "query")) => {
                        self.secret("key", secret, "The key.");
                        self.push(format!("{place} {name} config.key"));
                    }
                    _ => self.left.push("it signs in by a cookie, which no `auth` sends".to_owned()),
                }
            }
            (Some("oauth2"), _) => self.flows(scheme),
            (Some("openIdConnect"), _) => {
                self.secret("token", secret, "The token.");
                self.push("bearer config.token".to_owned());
                let place = wording::line(scheme["openIdConnectUrl"].as_str().unwrap_or_default());
                self.left.push(format!("tokens come by OpenID Connect ({place}): `auth oauth2` can fetch them"));
            }
            _ => self.left.push("one of its ways to sign in is of a kind that no `auth` line has".to_owned()),
        }
    }

    fn push(&mut self, auth: String) {
        if !self.auth.contains(&auth) {
            self.auth.push(auth);
        }
    }

    /// A token of one's own, then what a person or an app may ask for.
    fn flows(&mut self, scheme: &Json) {
        self.secret("token", "secret?", "An access token, where one is at hand.");
        self.push("bearer config.token".to_owned());
        let flows = &scheme["flows"];
        let code = &flows["authorizationCode"];
        let app = &flows["clientCredentials"];
        if code.is_object() || app.is_object() {
            self.secret("client_id", "string?", "The app that asks.");
            self.secret("client_secret", "secret?", "Its secret.");
        }
        let url = |flow: &Json, name: &str| layout::text(flow[name].as_str().unwrap_or("https://login.example/"));
        let scopes = |flow: &Json| {
            let all: Vec<&str> =
                flow["scopes"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
            (!all.is_empty()).then(|| format!("scope: {}", layout::text(&all.join(" "))))
        };
        let client = "client_id: config.client_id, client_secret: config.client_secret".to_owned();
        let mut push = |grant: &str, places: Vec<String>, flow: &Json| {
            let head = vec![format!("grant: \"{grant}\"")];
            let parts: Vec<String> = [head, places, vec![client.clone()], scopes(flow).into_iter().collect()].concat();
            self.push(layout::bracketed("oauth2 { ", &parts, " }", 4, 9));
        };
        if code.is_object() {
            let places = vec![
                format!("authorize_url: {}", url(code, "authorizationUrl")),
                format!("token_url: {}", url(code, "tokenUrl")),
            ];
            push("authorization_code", places, code);
        }
        if app.is_object() {
            push("client_credentials", vec![format!("token_url: {}", url(app, "tokenUrl"))], app);
        }
    }

    /// A second key that is asked for together with the first.
    fn key_beside(&mut self, name: &str, scheme: &Json) {
        let setting = naming::parameter(name);
        let named = scheme["name"].as_str().unwrap_or_default();
        let wire = layout::key(named);
        match (scheme["type"].as_str(), scheme["in"].as_str()) {
            (Some("apiKey"), Some("header")) if is_header_name(named) => {
                self.secret(&setting, "secret", "A second key.");
                self.beside.push(("headers", format!("{wire}: config.{setting}")));
            }
            (Some("apiKey"), Some("query")) => {
                self.secret(&setting, "secret", "A second key.");
                self.beside.push(("query", format!("{wire}: config.{setting}")));
            }
            _ => self.left.push(format!("`{}` is asked for beside another way to sign in", wording::line(name))),
        }
    }
}
