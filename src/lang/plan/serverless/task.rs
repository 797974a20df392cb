//! Statements that are no blocks.

use serde_json::{Map, Value as Json, json};

use super::auth::Proof;
use super::handler;
use super::writer::{Writer, kept};
use crate::base::value::Value;
use crate::lang::plan::node::{Kind, Node, Set, Wait};
use crate::lang::plan::written;
use crate::lang::plan::{Body, Formula, NodeId, Plan};

impl Writer<'_> {
    /// The tasks for a statement: mostly one.
    pub fn node(&mut self, node: &Node) -> Vec<Json> {
        let label = node.label.to_string();
        let mut task = self.done(node);
        let clauses = &node.clauses;
        // The one bounds an attempt, the other all of them.
        let mut bounds = [clauses.timeout.as_ref(), clauses.deadline.as_ref()];
        if clauses.handlers.is_empty() && bounds[0].is_none() {
            bounds.swap(0, 1);
        }
        let bounds = bounds.map(|bound| bound.map(|bound| json!({ "after": self.time(bound) })));
        let [inner, outer] = bounds;
        let is_bound_twice = clauses.handlers.is_empty() && outer.is_some();
        task.extend(inner.map(|after| ("timeout".to_owned(), after)));
        if node.restores && node.kind.bodies().iter().any(|body| sets(self.plan, body)) {
            self.later("variables that it set before it failed stay set there");
        }
        for (is_said, what) in [
            (is_bound_twice, "deadline"),
            (clauses.key.is_some(), "key"),
            (clauses.undo.is_some(), "undo"),
            (clauses.secret, "secret"),
            (!clauses.meanwhile.is_empty(), "remind` and `escalate"),
        ] {
            if is_said {
                self.later(format!("`{what}` is left out"));
            }
        }
        let handlers: Vec<_> = clauses.handlers.clone();
        let mut tasks = vec![self.finished(&label, task)];
        if matches!(node.kind, Kind::Until(_)) {
            tasks.extend(self.leaves(&label));
            return tasks;
        }
        if !handlers.is_empty() {
            tasks = self.handled(&label, tasks, &handlers);
        }
        // What is kept, and when it is done at all, is said of what stands outermost.
        if let Some(Json::Object(outermost)) = tasks.last_mut()
            && let Some(Json::Object(task)) = outermost.get_mut(&label)
        {
            if !handlers.is_empty() {
                task.extend(outer.map(|after| ("timeout".to_owned(), after)));
            }
            if let Some(name) = node.name.as_ref().filter(|_| node.slot.is_some() && !task.contains_key("export")) {
                task.insert("export".to_owned(), kept(name));
            }
            let condition = match (&clauses.when, &node.kind) {
                (Some(when), _) | (None, Kind::Fail { when: Some(when), .. }) => Some(when),
                _ => None,
            };
            if let Some(when) = condition {
                let condition = self.condition(when);
                task.insert("if".to_owned(), condition);
                std::mem::take(&mut self.pending).iter().for_each(|text| self.note(&label, text));
            }
        }
        tasks
    }

    fn done(&mut self, node: &Node) -> Map<String, Json> {
        let mut task = Map::new();
        match &node.kind {
            Kind::Call { operation, params } => return self.call(node, operation, params),
            Kind::Child { workflow, params } => {
                let input = self.value(params);
                task.insert("run".to_owned(), json!({ "workflow": workflow_named(workflow, input) }));
            }
            Kind::Start { workflow, params } => {
                if node.slot.is_some() {
                    self.later("what it gives is the id of the run that it started: there, nobody knows it");
                }
                let input = self.value(params);
                task.insert("run".to_owned(), json!({ "workflow": workflow_named(workflow, input), "await": false }));
            }
            Kind::Script(script) => return self.setting(&Formula::Script(script.clone())),
            Kind::Let(value) => return self.setting(value),
            Kind::Set(set) => return self.set(set),
            Kind::Emit { topic, payload } => {
                let data = self.value(payload);
                let with = json!({ "source": format!("flow://{}", self.plan.name), "type": &**topic, "data": data });
                task.insert("emit".to_owned(), json!({ "event": { "with": with } }));
            }
            Kind::Return(value) => {
                let mut task = self.setting(value.as_ref().unwrap_or(&Formula::Constant(Value::Unit)));
                task.insert("then".to_owned(), "end".into());
                return task;
            }
            Kind::Fail { kind, message, .. } => {
                let detail = message.as_ref().map(|message| self.value(message));
                task.insert("raise".to_owned(), json!({ "error": handler::raised(kind, detail) }));
            }
            Kind::Wait(Wait::For(time)) => {
                let time = self.time(time);
                task.insert("wait".to_owned(), time);
            }
            Kind::Wait(Wait::Event { topic, filter }) => {
                let mut with = json!({ "type": &**topic });
                if let Some(filter) = filter {
                    let condition = self.condition(filter);
                    with["data"] = condition;
                }
                task.insert("listen".to_owned(), json!({ "to": { "one": { "with": with } } }));
                task.insert("output".to_owned(), json!({ "as": "${ .[0] }" }));
            }
            Kind::Wait(Wait::Signal(name)) => {
                self.later("a signal is an event there, of this type");
                let with = json!({ "type": format!("signal.{name}") });
                task.insert("listen".to_owned(), json!({ "to": { "one": { "with": with } } }));
                task.insert("output".to_owned(), json!({ "as": "${ .[0] }" }));
            }
            Kind::Wait(Wait::Until(_)) | Kind::Reply { .. } => {
                self.later(format!("`{}` has no equal there: a function is called for it", written::head(&node.kind)));
                task.insert("call".to_owned(), written::head(&node.kind).split(' ').next().unwrap_or("step").into());
            }
            Kind::Ask(ask) => {
                self.later(format!("`{}` has no equal there: a function is called for it", written::head(&node.kind)));
                let with = self.value(&ask.params);
                task.insert("call".to_owned(), "ask".into());
                task.insert("with".to_owned(), with);
            }
            Kind::Until(condition) => {
                let when = self.condition(condition);
                match self.loops.last().cloned().flatten() {
                    None => {
                        task.insert("switch".to_owned(), json!([{ "enough": { "when": when, "then": "exit" } }]));
                    }
                    Some(flag) => {
                        task.insert("set".to_owned(), when);
                        let export = format!("${{ $context + {{ {flag}: . }} }}");
                        task.insert("export".to_owned(), json!({ "as": export }));
                    }
                }
            }
            Kind::If { .. }
            | Kind::Match { .. }
            | Kind::Sequence(_)
            | Kind::Parallel(_)
            | Kind::For(_)
            | Kind::While { .. }
            | Kind::Repeat { .. }
            | Kind::Race(_)
            | Kind::Lock { .. } => return self.block(node),
        }
        task
    }

    /// A call: a request over HTTP, or a function.
    fn call(&mut self, node: &Node, operation: &str, params: &Formula) -> Map<String, Json> {
        let mut task = Map::new();
        let with = self.value(params);
        let method = operation
            .strip_prefix("http.")
            .filter(|method| ["get", "head", "post", "put", "patch", "delete", "request"].contains(method));
        let Some(method) = method else {
            if operation == "process.run" {
                return self.command(params);
            }
            let function = self.function(operation);
            task.insert("call".to_owned(), function.into());
            task.insert("with".to_owned(), with);
            if node.clauses.auth.is_some() {
                self.later("`auth` is left out");
            }
            return task;
        };
        let mut said = Map::new();
        let own = with["method"].as_str().map(str::to_lowercase);
        said.insert("method".to_owned(), own.unwrap_or_else(|| method.to_owned()).into());
        let url = with["url"].clone();
        said.insert("endpoint".to_owned(), url.clone());
        for (name, value) in with.as_object().into_iter().flatten() {
            match name.as_str() {
                "url" | "method" => {}
                "headers" | "query" => {
                    said.insert(name.clone(), worded(value.clone()));
                }
                "body" => {
                    said.insert(name.clone(), value.clone());
                }
                other => self.later(format!("`{other}` of the request is left out")),
            }
        }
        if let Some(authentication) = self.authentication(node, &mut said) {
            said.insert("endpoint".to_owned(), json!({ "uri": url, "authentication": authentication }));
        }
        said.insert("output".to_owned(), "response".into());
        task.insert("call".to_owned(), "http".into());
        task.insert("with".to_owned(), said.into());
        // What a request gives has other names there.
        task.insert(
            "output".to_owned(),
            json!({ "as": "${ { status: .statusCode, headers: .headers, body: .content } }" }),
        );
        task
    }

    /// A command: what it gives has other names there.
    fn command(&mut self, params: &Formula) -> Map<String, Json> {
        let mut task = Map::new();
        let mut words = match self.value(params) {
            Json::Object(mut said) => {
                for field in ["dir", "input"] {
                    if said.contains_key(field) {
                        self.later(format!("`{field}` of the command is left out"));
                    }
                }
                match said.remove("command") {
                    Some(Json::Array(words)) => words.into_iter(),
                    _ => {
                        self.later("the words of the command are computed as a whole");
                        Vec::new().into_iter()
                    }
                }
            }
            _ => Vec::new().into_iter(),
        };
        let mut shell = Map::new();
        shell.insert("command".to_owned(), words.next().unwrap_or_else(|| "".into()));
        let arguments: Vec<Json> = words.collect();
        if !arguments.is_empty() {
            shell.insert("arguments".to_owned(), arguments.into());
        }
        task.insert("run".to_owned(), json!({ "shell": shell, "return": "all" }));
        let output = "${ { status: .code, stdout: .stdout, stderr: .stderr } }";
        task.insert("output".to_owned(), json!({ "as": output }));
        task
    }

    fn authentication(&mut self, node: &Node, said: &mut Map<String, Json>) -> Option<Json> {
        let auth = node.clauses.auth.as_ref()?;
        let place = match self.proof(auth) {
            Some(Proof::Policy(policy)) => return Some(policy),
            Some(Proof::Nothing) => return None,
            Some(Proof::Header(name, value)) => ("headers", name, value),
            Some(Proof::Query(name, value)) => ("query", name, value),
            None => {
                self.later(format!("`auth {}` is left out", auth.scheme));
                return None;
            }
        };
        let (place, name, value) = place;
        match said.entry(place).or_insert_with(|| json!({})) {
            Json::Object(fields) => drop(fields.insert(name, value)),
            _ => self.later(format!("`auth {}` goes into its `{place}`, which are computed as a whole", auth.scheme)),
        }
        None
    }

    /// A variable that is set: a task gives its new value, which is kept over the old one.
    fn set(&mut self, set: &Set) -> Map<String, Json> {
        let mut task = Map::new();
        let value = self.value(&set.value);
        let path = set.path.join(".");
        let (Some(name), false) = (set.path.first().filter(|_| set.path.len() == 1), set.state) else {
            self.later(format!("`set {}.{path}` is left out", if set.state { "state" } else { "vars" }));
            task.insert("set".to_owned(), "${ {} }".into());
            return task;
        };
        let value = if set.add { self.added(name, &set.value) } else { value };
        task.insert("set".to_owned(), json!({ &**name: value }));
        task.insert("export".to_owned(), json!({ "as": "${ $context + { vars: ($context.vars + .) } }" }));
        task
    }

    /// What a variable is when something was added to it.
    fn added(&mut self, name: &str, value: &Formula) -> Json {
        let plan = self.plan;
        let field = plan.vars.iter().find(|(field, _)| &*field.name == name).map(|(field, _)| &field.shape);
        let is_list = field.is_some_and(|shape| matches!(shape, crate::base::shape::Shape::List(..)));
        let jq = self.whole(value);
        match jq {
            Some(jq) if is_list => format!("${{ $context.vars.{name} + [{jq}] }}").into(),
            Some(jq) => format!("${{ $context.vars.{name} + ({jq}) }}").into(),
            None => {
                self.later(format!("jq has no equal of what is added to `{name}`: {value}"));
                format!("${{ $context.vars.{name} }}").into()
            }
        }
    }

    /// The tasks for a statement by its number.
    pub fn one(&mut self, id: NodeId) -> Vec<Json> {
        let plan = self.plan;
        self.node(plan.node(id))
    }
}

/// Fields whose values are texts, as those of headers and of a query are.
pub(super) fn worded(fields: Json) -> Json {
    match fields {
        Json::Object(fields) => {
            let worded = |(name, value): (String, Json)| match value {
                Json::Bool(_) | Json::Number(_) => (name, Json::from(value.to_string())),
                value => (name, value),
            };
            Json::Object(fields.into_iter().map(worded).collect())
        }
        other => other,
    }
}

/// Whether variables are set anywhere in a body.
fn sets(plan: &Plan, body: &Body) -> bool {
    body.statements.iter().any(|id| {
        let kind = &plan.node(*id).kind;
        matches!(kind, Kind::Set(_)) || kind.bodies().iter().any(|inner| sets(plan, inner))
    })
}

fn workflow_named(workflow: &str, input: Json) -> Json {
    let name = workflow.replace(['_', '.'], "-");
    json!({ "namespace": "flow", "name": name, "version": "latest", "input": input })
}
