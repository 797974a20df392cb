//! Operations of connectors: each that is called stands under `use.functions`, as the request that it is.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use super::auth::Proof;
use super::formula;
use super::handler;
use super::setting::{self, word};
use super::task::worded;
use super::writer::{Called, Writer};
use crate::base::shape;
use crate::lang::catalog::BASE_URL;
use crate::lang::plan::Formula;
use crate::lang::plan::connector::{Request, Rule, UrlPiece};

/// Leaves out what is not there.
const THERE: &str = "with_entries(select(.value != null))";
/// Makes a text of fields as a page sends its form.
const FORM: &str = "to_entries | map(\"\\(.key | @uri)=\\(.value | tostring | @uri)\") | join(\"&\")";

impl<'a> Writer<'a> {
    /// What a call of an operation is called there. What the operation does is written down once.
    pub fn function(&mut self, full_name: &str) -> String {
        let (connector, name) = full_name.rsplit_once('.').unwrap_or(("", full_name));
        let (connectors, plan) = (self.connectors, self.plan);
        let called = connectors.get(connector).zip(plan.operations.get(full_name));
        let called = called.map(|(connector, operation)| Called { connector, operation });
        match called {
            Some(called) if called.operation.request.is_some() && called.operation.ahead.is_empty() => {
                if !self.functions.contains_key(full_name) {
                    let task = self.requested(full_name, called);
                    self.functions.insert(full_name.to_owned(), task);
                }
                full_name.to_owned()
            }
            _ => {
                if self.foreign.insert(full_name.into()) {
                    let is_request = called.is_some_and(|called| called.operation.request.is_some());
                    let why = if is_request { "it is several requests" } else { "the engine itself does it" };
                    let text = format!("whoever runs the document provides a function of this name: here {why}");
                    self.note(full_name, &text);
                }
                format!("{name}@{connector}")
            }
        }
    }

    fn requested(&mut self, full_name: &str, called: Called<'a>) -> Json {
        let pending = std::mem::take(&mut self.pending);
        self.called = Some(called);
        let task = self.operation(called);
        self.called = None;
        let tasks = self.tasks;
        let mut task = self.finished(full_name, task);
        // It is a task of whoever calls it.
        (self.tasks, self.pending) = (tasks, pending);
        task[full_name].take()
    }

    fn operation(&mut self, called: Called<'a>) -> Map<String, Json> {
        let Called { connector, operation } = called;
        let Some(request) = &operation.request else { return Map::new() };
        let mut task = Map::new();
        let mut with = self.with(called, request);
        let rules: Vec<&Rule> = operation.shaping.rules.iter().chain(&connector.defaults.rules).collect();
        let output = operation.shaping.output.as_ref().or(connector.defaults.output.as_ref());
        let output = output.map(|output| match self.whole(output) {
            Some(jq) => format!("${{ {jq} }}"),
            None => {
                self.later(format!("jq has no equal of its `output {output}`: it gives the whole body"));
                "${ .content }".to_owned()
            }
        });
        if output.is_some() || !rules.is_empty() {
            with.insert("output".to_owned(), "response".into());
        }
        let call = [("call".to_owned(), Json::from("http")), ("with".to_owned(), with.into())];
        let mut failures = Vec::new();
        for (at, rule) in rules.into_iter().enumerate() {
            failures.extend(self.failure(at, rule));
        }
        if failures.is_empty() {
            task.extend(call);
        } else {
            let mut tasks = vec![json!({ "request": Map::from_iter(call) })];
            tasks.extend(failures);
            task.insert("do".to_owned(), tasks.into());
        }
        if output.is_some() || task.contains_key("do") {
            let output = output.unwrap_or_else(|| "${ .content }".to_owned());
            task.insert("output".to_owned(), json!({ "as": output }));
        }
        self.left_out(called, request);
        self.settings_told(called, &Json::Object(task.clone()));
        task
    }

    /// An answer that is a failure although its status says otherwise: an error is raised behind the request.
    fn failure(&mut self, at: usize, rule: &Rule) -> Option<Json> {
        let (Some(kind), Some(when)) = (&rule.kind, &rule.when) else {
            self.later("an answer that counts as good although its status says otherwise is an error there");
            return None;
        };
        let Some(holds) = self.jq(when) else {
            self.later(format!(
                "jq has no equal of `fail {} when {}`: there, such an answer is none",
                kind.name(),
                when.source.trim()
            ));
            return None;
        };
        let detail = rule.message.as_ref().map(|message| self.value(message));
        let raise = json!({ "error": handler::raised(kind, detail) });
        Some(json!({ format!("fail_{}", at + 1): { "if": format!("${{ {holds} }}"), "raise": raise } }))
    }

    /// `with` of the request.
    fn with(&mut self, called: Called<'a>, request: &Request) -> Map<String, Json> {
        let Called { connector, operation } = called;
        let shaping = &operation.shaping;
        let mut said = Map::new();
        said.insert("method".to_owned(), request.method.to_lowercase().into());
        let url = self.address(called, request);
        let own = |name: &str| request.fields.get(name);
        let mut headers =
            self.laid_over("headers", &[connector.defaults.headers.as_ref(), shaping.headers.as_ref(), own("headers")]);
        let mut query =
            self.laid_over("query", &[connector.defaults.query.as_ref(), shaping.query.as_ref(), own("query")]);
        let mut endpoint = url.clone();
        match self.proven(called) {
            Proof::Policy(policy) => {
                let name = connector.name.to_string();
                let there = self.authentications.entry(name.clone()).or_insert_with(|| policy.clone());
                let authentication = if *there == policy { json!({ "use": name }) } else { policy };
                endpoint = json!({ "uri": url, "authentication": authentication });
            }
            Proof::Header(name, value) => headers.push((name, value)),
            Proof::Query(name, value) => query.push((name, value)),
            Proof::Nothing => {}
        }
        said.insert("endpoint".to_owned(), endpoint);
        let body = if let Some(form) = own("form") {
            headers.push(("Content-Type".to_owned(), "application/x-www-form-urlencoded".into()));
            let whole = match self.sparse(form) {
                Json::String(text) => inside(&text).map(str::to_owned),
                _ => self.whole(form),
            };
            if whole.is_none() {
                self.later(format!("jq has no equal of its form: {form}"));
            }
            whole.map(|jq| format!("${{ {jq} | {FORM} }}").into())
        } else {
            own("body").or(own("raw")).map(|body| self.sparse(body))
        };
        for (name, fields) in [("headers", headers), ("query", query)] {
            if !fields.is_empty() {
                said.insert(name.to_owned(), worded(self.present(fields)));
            }
        }
        said.extend(body.map(|body| ("body".to_owned(), body)));
        said
    }

    /// Objects laid over each other, field by field.
    fn laid_over(&mut self, name: &str, layers: &[Option<&Formula>]) -> Vec<(String, Json)> {
        let mut fields: Vec<(String, Json)> = Vec::new();
        for layer in layers.iter().copied().flatten() {
            let own: Vec<(String, Json)> = match layer {
                Formula::Object(own) => own.iter().map(|(name, value)| (name.to_string(), self.value(value))).collect(),
                Formula::Constant(value) => match value.to_json() {
                    Json::Object(own) => own.into_iter().collect(),
                    _ => Vec::new(),
                },
                other => {
                    self.later(format!("its `{name}` are computed as a whole: {other}"));
                    Vec::new()
                }
            };
            for (name, value) in own {
                fields.retain(|(there, _)| *there != name);
                fields.push((name, value));
            }
        }
        fields
    }

    /// An object without the fields that may not be there.
    fn present(&self, fields: Vec<(String, Json)>) -> Json {
        if !fields.iter().any(|(_, value)| self.may_be_nothing(value)) {
            return Json::Object(fields.into_iter().collect());
        }
        let parts: Vec<String> = fields
            .iter()
            .map(|(name, value)| match value.as_str().and_then(inside) {
                Some(jq) => formula::entry(name, jq),
                None => formula::entry(name, &value.to_string()),
            })
            .collect();
        format!("${{ {{ {} }} | {THERE} }}", parts.join(", ")).into()
    }

    /// A body without the fields that may not be there.
    fn sparse(&mut self, body: &Formula) -> Json {
        match body {
            Formula::Object(fields) => {
                let fields = fields.iter().map(|(name, value)| (name.to_string(), self.sparse(value))).collect();
                self.present(fields)
            }
            other => self.value(other),
        }
    }

    /// Whether a value can be nothing: it reads a parameter that need not be given, or says so itself.
    fn may_be_nothing(&self, value: &Json) -> bool {
        let Some(text) = value.as_str().filter(|text| text.starts_with("${ ")) else { return value.is_null() };
        let params = self.called.map(|called| called.operation.signature.params.as_slice()).unwrap_or_default();
        let is_read = |name: &str| {
            text.match_indices(&format!("$input.{name}"))
                .any(|(at, read)| !text[at + read.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
        };
        text.contains("null")
            || params.iter().any(|field| {
                matches!(field.shape, shape::Shape::Optional(_)) && field.default.is_none() && is_read(&field.name)
            })
    }

    /// The address: a text where all of it is known, one with `{name}` where parameters stand in it, else an expression.
    fn address(&mut self, called: Called<'a>, request: &Request) -> Json {
        let base = match request.url.pieces.first() {
            Some(UrlPiece::Value(_)) => None,
            Some(UrlPiece::Text(text)) if text.starts_with("http://") || text.starts_with("https://") => None,
            _ => Some(self.configured(BASE_URL).unwrap_or_else(|| setting::read(&called.connector.name, BASE_URL))),
        };
        // Pieces are texts, or expressions.
        let mut pieces: Vec<Result<String, String>> = Vec::new();
        if let Some(base) = base {
            pieces.push(match serde_json::from_str::<String>(&base) {
                Ok(text) => Ok(text.trim_end_matches('/').to_owned()),
                Err(_) => Err(format!("{base} | rtrimstr(\"/\")")),
            });
        }
        for (at, piece) in request.url.pieces.iter().enumerate() {
            match piece {
                UrlPiece::Text(text) if at == 0 && !pieces.is_empty() => {
                    pieces.push(Ok(format!("/{}", text.trim_start_matches('/'))));
                }
                UrlPiece::Text(text) => pieces.push(Ok(text.to_string())),
                UrlPiece::Value(value) => {
                    let jq = self.whole(value).unwrap_or_else(|| {
                        self.later(format!("jq has no equal of what stands in its address: {value}"));
                        "null".to_owned()
                    });
                    pieces.push(Err(if at == 0 { jq } else { format!("{jq} | @uri") }));
                }
            }
        }
        let plain: Option<String> = pieces
            .iter()
            .map(|piece| match piece {
                Ok(text) if !text.contains(['{', '}']) => Some(text.clone()),
                Ok(_) => None,
                Err(jq) => {
                    let name = jq.strip_prefix("$input.")?.strip_suffix(" | @uri")?;
                    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_').then(|| format!("{{{name}}}"))
                }
            })
            .collect();
        if let Some(plain) = plain {
            return plain.into();
        }
        let mut made = String::new();
        for piece in pieces {
            match piece {
                Ok(text) => made.push_str(Json::from(text).to_string().trim_matches('"')),
                Err(jq) => {
                    let _ = write!(made, "\\({jq})");
                }
            }
        }
        format!("${{ \"{made}\" }}").into()
    }

    /// How the request proves who asks: the first of its ways that can be said there.
    fn proven(&mut self, called: Called<'a>) -> Proof {
        let own = &called.operation.shaping.auth;
        let ways = if own.is_empty() { &called.connector.auth } else { own };
        for auth in ways {
            if let Some(proof) = self.proof(auth) {
                if ways.len() > 1 {
                    self.later(format!("of {} ways to prove who asks it takes `auth {}`", ways.len(), auth.scheme));
                }
                return proof;
            }
        }
        if let Some(auth) = ways.first() {
            self.later(format!("`auth {}` is left out", auth.scheme));
        }
        Proof::Nothing
    }

    /// A setting of the connector in jq: what it is where nobody sets it, a secret of its name, or what the first task says.
    pub fn configured(&self, name: &str) -> Option<String> {
        let connector = self.called.as_ref()?.connector;
        let (field, first) = connector.config.iter().find(|(field, _)| &*field.name == name)?;
        let computed = match first {
            Some(Formula::Constant(value)) => return Some(value.to_json().to_string()),
            Some(Formula::Script(script)) => self.jq(script),
            Some(_) => None,
            None if field.default.is_some() => return field.default.as_ref().map(|value| value.to_json().to_string()),
            None => None,
        };
        Some(match computed {
            Some(computed) => computed,
            None if field.shape.has_secret() => {
                format!("$secrets.{}_{}", word(&connector.name).to_uppercase(), word(name).to_uppercase())
            }
            None => setting::read(&connector.name, name),
        })
    }

    /// Tells of settings that nothing but the document can say there.
    fn settings_told(&mut self, called: Called<'a>, task: &Json) {
        let connector = called.connector;
        for name in setting::names(task, &connector.name) {
            let field =
                connector.config.iter().find(|(field, _)| word(&field.name) == name).map(|(field, _)| &field.shape);
            self.later(format!("the setting `{}.{name}` is what the first task, `settings`, says", connector.name));
            let value = match field {
                Some(shape::Shape::Optional(_)) => Json::Null,
                _ if name == BASE_URL => "https://example.com".into(),
                _ => "".into(),
            };
            let own = self.settings.entry(word(&connector.name)).or_insert_with(|| json!({}));
            own[name] = value;
        }
    }

    /// What of the operation has no place in the request.
    fn left_out(&mut self, called: Called<'a>, request: &Request) {
        let Called { connector, operation } = called;
        for name in ["multipart", "related", "save", "as"] {
            if request.fields.contains_key(name) {
                self.later(format!("`{name}` of the request is left out"));
            }
        }
        let shaping = &operation.shaping;
        if shaping.paginate.is_some() {
            self.later("only the first page is asked for");
        }
        let both = [shaping, &connector.defaults];
        for (is_said, what) in [
            (both.iter().any(|shaping| shaping.limit.is_some()), "limit"),
            (both.iter().any(|shaping| shaping.retry_after.is_some() || shaping.remaining.is_some()), "retry_after"),
        ] {
            if is_said {
                self.later(format!("`{what}` is left out: nothing there waits until the service has time"));
            }
        }
    }
}

/// What stands in `${ }`.
fn inside(text: &str) -> Option<&str> {
    text.strip_prefix("${ ")?.strip_suffix(" }")
}
