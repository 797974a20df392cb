//! `Task`: what a state has others do.

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::document::Document;
use super::error;
use super::fork::Arm;
use super::jsonata::Seen;
use super::machine::Machine;
use super::walk::{Here, Stop, Way};
use crate::lang::foreign::term::Term;
use crate::lang::foreign::time;

/// A call of an operation, and what the state takes its output for.
struct Call {
    operation: String,
    params: Vec<(String, Term)>,
    /// How the output of the step is seen by `ResultSelector` and what follows.
    shape: Shape,
}

/// How an output looks there.
enum Shape {
    /// As it is.
    Plain,
    /// `{ Payload, StatusCode }`, as `lambda:invoke` gives it.
    Invoked,
    /// `{ ResponseBody, Headers, StatusCode }`, as `http:invoke` gives it.
    Answered,
}

impl Machine<'_> {
    /// Writes the call, and the ways behind it.
    pub fn task(&mut self, here: &Here<'_>) -> Result<Way, Stop> {
        let Here { name, state, document, .. } = *here;
        let resource = state["Resource"].as_str().unwrap_or_default();
        let call = self.call(name, resource, state, document);
        let mut clauses = Vec::new();
        if let Some(seconds) = state["TimeoutSeconds"].as_u64() {
            clauses.push(format!("timeout {}", time::seconds(seconds.max(1))));
        } else if let Some(text) = state["TimeoutSeconds"].as_str() {
            let seconds = self.evaluated_code(&Json::from(text), &Seen::of(document));
            clauses.push(format!("timeout (duration({seconds}, \"s\"))"));
        } else if let Some(path) = state["TimeoutSecondsPath"].as_str() {
            let seconds = self.read(path, document).term(&mut self.reads).expression();
            clauses.push(format!("timeout (duration({seconds}, \"s\"))"));
        }
        if !state["HeartbeatSeconds"].is_null() || !state["HeartbeatSecondsPath"].is_null() {
            self.later(
                "`HeartbeatSeconds`: nothing here tells between times that it is still at work: bound the whole by `timeout`, or ask in a \
                 `repeat every ...` how far it is"
                    .to_owned(),
            );
        }
        if !state["Credentials"].is_null() {
            self.later(
                "`Credentials`: the role goes into the `auth` of the connector, or into a connector of its own for each role".to_owned(),
            );
        }
        let waits = resource.contains(".waitForTaskToken");
        let handlers = self.handlers(state);
        self.declare_errors(&call.operation, state);
        self.settle();
        if waits {
            let step = self.answered(name, &call, &clauses, &handlers);
            let output = Document::Path(step.clone());
            return self.behind(here, &step, output);
        }
        clauses.extend(handlers);
        let step = self.draft.name(name);
        self.draft.step(&step, &call.operation, &call.params, &clauses);
        let output = shaped(&step, &call.shape);
        self.behind(here, &step, output)
    }

    /// Writes a call whose output comes later, from whoever got the token: a signal of the state's name.
    fn answered(&mut self, name: &str, call: &Call, bounds: &[String], handlers: &[String]) -> String {
        let request = self.draft.name(&format!("{name} request"));
        let step = self.draft.name(name);
        let (retries, caught): (Vec<String>, Vec<String>) =
            handlers.iter().cloned().partition(|one| one.contains(" retry "));
        self.draft.step(&request, &call.operation, &call.params, &retries);
        self.draft.todo(&format!(
            "`{name}`: whoever gets the token `run.id` answers by `flow signal RUN {step}`, with the output"
        ));
        let clauses: Vec<String> = bounds.iter().chain(&caught).cloned().collect();
        self.draft.step(&step, &format!("wait signal {}", crate::lang::layout::text(&step)), &[], &clauses);
        step
    }

    /// Goes on behind a step: with what it gave, or with the error that is caught.
    pub fn behind(&mut self, here: &Here<'_>, step: &str, output: Document) -> Result<Way, Stop> {
        let Here { graph, state, document, around, .. } = *here;
        let is_caught = state["Catch"].as_array().is_some_and(|catchers| !catchers.is_empty());
        if !is_caught {
            let then = self.given_on(state, document, output);
            self.settle();
            return Ok(Way::On(graph.next(state), then));
        }
        // What is made of the output is made where there is one.
        let place = self.draft.place();
        self.draft.deeper(true);
        let then = self.given_on(state, document, output);
        self.draft.deeper(false);
        let first = self.draft.cut(place);
        let mut arms = self.caught(graph, state, step, document);
        self.settle();
        arms.push(Arm { when: None, to: graph.next(state), document: then, first });
        let name = self.state.clone();
        self.fork(graph, &name, arms, around)
    }

    fn call(&mut self, name: &str, resource: &str, state: &Json, document: &Document) -> Call {
        let parts: Vec<&str> = resource.split(':').collect();
        match parts.as_slice() {
            ["arn", _, "lambda", _, _, "function", function, ..] => {
                self.invoke(function, state, document, Shape::Plain)
            }
            ["arn", _, "states", _, _, "lambda", action] if action.starts_with("invoke") => {
                let function = arguments(state)["FunctionName"].as_str().unwrap_or(name).to_owned();
                let function = function.split(":function:").last().unwrap_or(&function).to_owned();
                let function = function.split(':').next().unwrap_or(&function).to_owned();
                self.invoke(&function, state, document, Shape::Invoked)
            }
            ["arn", _, "states", _, _, "http", "invoke"] => self.http(state, document),
            ["arn", _, "states", _, _, "activity", activity] => self.stubbed("activity", activity, state, document),
            ["arn", _, "states", _, _, "aws-sdk", service, action] => self.stubbed(service, action, state, document),
            ["arn", _, "states", _, _, service, action] => {
                let action = action.split('.').next().unwrap_or(action);
                self.stubbed(service, action, state, document)
            }
            _ => self.invoke(name, state, document, Shape::Plain),
        }
    }

    /// A function of Lambda.
    fn invoke(&mut self, function: &str, state: &Json, document: &Document, shape: Shape) -> Call {
        let taken = self.taken_in(state, document);
        let payload = match shape {
            Shape::Invoked => taken.get("Payload", &mut self.reads),
            Shape::Plain | Shape::Answered => taken,
        };
        let behind = format!(
            "(payload: any) -> any {{\n        POST {} {{ body: payload }}\n    }}",
            crate::lang::layout::text(&format!("/{function}"))
        );
        let operation = self.draft.stub("aws_lambda", "AWS Lambda", function, function, ("once operation", &behind));
        let params = vec![("payload".to_owned(), payload.term(&mut self.reads))];
        Call { operation, params, shape }
    }

    /// An operation that posts its request to a service.
    pub fn posted(&mut self, service: &str, title: &str, action: &str) -> String {
        let behind = format!(
            "(request: any) -> any {{\n        POST {} {{ body: request }}\n    }}",
            crate::lang::layout::text(&format!("/{action}"))
        );
        self.draft.stub(service, title, action, action, ("once operation", &behind))
    }

    /// An action of another service.
    fn stubbed(&mut self, service: &str, action: &str, state: &Json, document: &Document) -> Call {
        let request = self.taken_in(state, document).term(&mut self.reads);
        let operation = self.posted(service, &format!("AWS {service}"), action);
        Call { operation, params: vec![("request".to_owned(), request)], shape: Shape::Plain }
    }

    /// A request to an address.
    fn http(&mut self, state: &Json, document: &Document) -> Call {
        let taken = self.taken_in(state, document);
        let method = arguments(state)["Method"].as_str().unwrap_or("GET").to_lowercase();
        let known = ["get", "head", "post", "put", "patch", "delete"];
        let mut params = Vec::new();
        let operation = if known.contains(&&*method) {
            format!("http.{method}")
        } else {
            params.push(("method".to_owned(), Term::text(&method.to_uppercase())));
            "http.request".to_owned()
        };
        let fields =
            [("ApiEndpoint", "url"), ("Headers", "headers"), ("QueryParameters", "query"), ("RequestBody", "body")];
        for (theirs, ours) in fields {
            if taken.has(theirs) == Some(true) {
                params.push((ours.to_owned(), taken.get(theirs, &mut self.reads).term(&mut self.reads)));
            }
        }
        if !arguments(state)["Authentication"].is_null() || !arguments(state)["InvocationConfig"].is_null() {
            self.later("the connection's credentials go into `auth`: `auth bearer secret(\"NAME\")`".to_owned());
        }
        Call { operation, params, shape: Shape::Answered }
    }

    /// Types of errors that handlers name are raised by the service.
    fn declare_errors(&mut self, operation: &str, state: &Json) {
        if operation.starts_with("http.") {
            return;
        }
        let lists = ["Retry", "Catch"].map(|field| state[field].as_array().into_iter().flatten());
        for name in lists.into_iter().flatten().flat_map(|one| one["ErrorEquals"].as_array().into_iter().flatten()) {
            let Some(name) = name.as_str() else { continue };
            let kind = error::kind(name);
            if !error::is_own(&kind) {
                let clause = format!(
                    "fail {kind} \"${{response.body?.errorMessage ?? \\\"failed\\\"}}\" when response.body?.errorType == {}",
                    crate::lang::layout::text(name)
                );
                self.draft.answer(operation, &clause.replace("\\\"", "\""));
            }
        }
    }
}

/// What a state gives to others, as it is written.
fn arguments(state: &Json) -> &Json {
    if state["Arguments"].is_null() { &state["Parameters"] } else { &state["Arguments"] }
}

/// The output of a step as the state sees it.
fn shaped(step: &str, shape: &Shape) -> Document {
    let path = |text: String| Document::Path(text);
    let fields: Vec<(&str, Document)> = match shape {
        Shape::Plain => return path(step.to_owned()),
        Shape::Invoked => {
            vec![("Payload", path(step.to_owned())), ("StatusCode", Document::Term(Term::Path("200".to_owned())))]
        }
        Shape::Answered => vec![
            ("ResponseBody", path(format!("{step}.body"))),
            ("Headers", path(format!("{step}.headers"))),
            ("StatusCode", path(format!("{step}.status"))),
        ],
    };
    Document::Made(None, fields.into_iter().map(|(name, it)| (name.to_owned(), it)).collect::<IndexMap<_, _>>())
}
