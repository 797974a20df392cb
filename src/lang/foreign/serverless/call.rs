//! `call`: a request over HTTP, an operation of a service, a function.

use serde_json::Value as Json;

use super::author::{Author, Frame};
use super::expression::Scope;
use super::value::{Shape, Value};
use super::walk::Stop;
use crate::lang::foreign::term::Term;
use crate::lang::layout;
use crate::lang::openapi::naming;

/// Methods that are operations of their own.
const METHODS: [&str; 6] = ["get", "head", "post", "put", "patch", "delete"];

impl Author<'_> {
    /// Writes the call; what it gives, or nothing where nothing comes behind it.
    pub fn call(
        &mut self,
        name: &str,
        task: &Json,
        taken: &Value,
        clauses: &[String],
        frame: &Frame,
    ) -> Result<Option<Value>, Stop> {
        let scope = Scope::new(taken, frame);
        let with = &task["with"];
        Ok(Some(match task["call"].as_str().unwrap_or_default() {
            "http" => self.http(name, with, &scope, clauses),
            "openapi" => {
                let document = address(&with["document"]);
                let operation = with["operationId"].as_str().unwrap_or(name).to_owned();
                let service = host(&document);
                let arguments = with.get("parameters").cloned().unwrap_or_else(|| Json::Object(serde_json::Map::new()));
                self.stubbed(name, &service, &operation, &arguments, &scope, clauses)
            }
            "grpc" => {
                let service = with["service"]["name"].as_str().unwrap_or("service").to_owned();
                let method = with["method"].as_str().unwrap_or(name).to_owned();
                self.later(format!(
                    "gRPC is not spoken here: give the service a gateway that takes JSON over HTTP, and let `{}` post to it",
                    naming::parameter(&service)
                ));
                self.stubbed(name, &service, &method, &with["arguments"], &scope, clauses)
            }
            "asyncapi" => {
                let service = host(&address(&with["document"]));
                let channel = ["operation", "operationRef", "channel"].iter().find_map(|field| with[*field].as_str());
                let channel = channel.unwrap_or(name).to_owned();
                if !with["subscription"].is_null() {
                    self.later("a subscription is a `trigger` or a `wait event` here");
                }
                let payload =
                    if with["message"]["payload"].is_null() { &with["payload"] } else { &with["message"]["payload"] };
                self.stubbed(name, &service, &channel, payload, &scope, clauses)
            }
            function => return self.function(name, function, with, taken, clauses, frame),
        }))
    }

    /// A function that the document declares is written where it is called.
    fn function(
        &mut self,
        name: &str,
        function: &str,
        with: &Json,
        taken: &Value,
        clauses: &[String],
        frame: &Frame,
    ) -> Result<Option<Value>, Stop> {
        let scope = Scope::new(taken, frame);
        let Some(task) = self.shared("functions", function) else {
            let (function, catalog) = function.split_once('@').unwrap_or((function, "functions"));
            let function = function.split(':').next().unwrap_or(function).to_owned();
            let service = if catalog.is_empty() { "functions" } else { catalog }.to_owned();
            return Ok(Some(self.stubbed(name, &service, &function, with, &scope, clauses)));
        };
        let arguments = match with {
            Json::Null => taken.clone(),
            with => self.template(with, &scope),
        };
        self.task(name, task, arguments, &frame.within())
    }

    fn http(&mut self, name: &str, with: &Json, scope: &Scope, clauses: &[String]) -> Value {
        let method = with["method"].as_str().unwrap_or("get").to_lowercase();
        let mut params = Vec::new();
        let operation = if METHODS.contains(&&*method) {
            format!("http.{method}")
        } else {
            params.push(("method".to_owned(), Term::text(&method.to_uppercase())));
            "http.request".to_owned()
        };
        let endpoint = &with["endpoint"];
        let url = self.url(endpoint, scope);
        params.push(("url".to_owned(), url.clone()));
        for field in ["query", "headers", "body"] {
            if with[field].is_null() {
                continue;
            }
            let value = self.template(&with[field], scope).term(&mut self.reads);
            params.push((field.to_owned(), value));
        }
        if with["redirect"] == true {
            self.later("an answer that sends elsewhere is followed here, and no output");
        }
        let mut clauses = clauses.to_vec();
        clauses.extend(self.auth(endpoint, scope));
        self.settle();
        let step = self.draft.name(name);
        self.draft.step(&step, &operation, &params, &clauses);
        match with["output"].as_str() {
            Some("response") => {
                let text = |text: &str| Value::text(text);
                let address = Value::of(url, Shape::Text);
                let headers = params.iter().find(|(field, _)| field == "headers").map(|(_, term)| term.clone());
                let headers = headers.map_or_else(|| Term::Object(Vec::new()), open);
                let headers = Value::of(headers, Shape::Any);
                let request = vec![("method", text(&method.to_uppercase())), ("uri", address), ("headers", headers)];
                let request = Value::object(named(request), &mut self.reads);
                let response = vec![
                    ("request", request),
                    ("statusCode", Value::call(format!("{step}.status"), Shape::Number)),
                    ("headers", Value::path(format!("{step}.headers"))),
                    ("content", Value::path(format!("{step}.body"))),
                ];
                Value::object(named(response), &mut self.reads)
            }
            Some("raw") => Value::call(format!("base64({step}.body)"), Shape::Text),
            _ => Value::path(format!("{step}.body")),
        }
    }

    /// An address, in which `{name}` stands for a field of what the task is given.
    fn url(&mut self, endpoint: &Json, scope: &Scope) -> Term {
        let said = if endpoint.is_object() { &endpoint["uri"] } else { endpoint };
        let Some(text) = said.as_str() else {
            self.later("the call says no address");
            return Term::text("https://example.com/");
        };
        if text.contains("${") || !text.contains('{') {
            let address = self.template(said, scope);
            if address.shape == Shape::Nothing {
                self.later("put the address in, where a stand-in for it is");
                return Term::text("https://example.com/");
            }
            return address.term(&mut self.reads);
        }
        let mut made = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('{') {
            made.push_str(&layout::inside(before));
            let (field, after) = behind.split_once('}').unwrap_or((behind, ""));
            let value = self.expression(&format!(".{}", field.trim_start_matches('.')), scope);
            made.push_str(&self.in_text(&value));
            rest = after;
        }
        made.push_str(&layout::inside(rest));
        Term::Path(format!("\"{made}\""))
    }

    /// An operation of a service that has no connector here.
    pub fn stubbed(
        &mut self,
        name: &str,
        service: &str,
        operation: &str,
        arguments: &Json,
        scope: &Scope,
        clauses: &[String],
    ) -> Value {
        let request = self.template(arguments, scope).term(&mut self.reads);
        self.settle();
        let behind = format!(
            "(request: any) -> any {{\n        POST {} {{ body: request }}\n    }}",
            layout::text(&format!("/{operation}"))
        );
        let callee = self.draft.stub(service, service, operation, operation, ("once operation", &behind));
        let step = self.draft.name(name);
        self.draft.step(&step, &callee, &[("request".to_owned(), request)], clauses);
        Value::path(step)
    }
}

/// Headers without those that hold a secret: what was sent may be handed on, they may not.
fn open(headers: Term) -> Term {
    let is_open = |value: &Term| !value.expression().contains("secret(");
    match headers {
        Term::Object(fields) => Term::Object(fields.into_iter().filter(|(_, value)| is_open(value)).collect()),
        other if is_open(&other) => other,
        _ => Term::Object(Vec::new()),
    }
}

fn named(fields: Vec<(&str, Value)>) -> Vec<(String, Value)> {
    fields.into_iter().map(|(name, it)| (name.to_owned(), it)).collect()
}

/// The address of a document.
fn address(document: &Json) -> String {
    let endpoint = if document["endpoint"].is_null() { document } else { &document["endpoint"] };
    endpoint.as_str().or_else(|| endpoint["uri"].as_str()).unwrap_or_default().to_owned()
}

/// What a service is called by the address of its description: `petstore.swagger.io` is `petstore`.
fn host(address: &str) -> String {
    let host = address.split("://").last().unwrap_or(address).split('/').next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    let labels: Vec<&str> = host.split('.').filter(|label| !matches!(*label, "www" | "api")).collect();
    match labels.first() {
        Some(label) if !label.is_empty() => (*label).to_owned(),
        _ => "service".to_owned(),
    }
}
