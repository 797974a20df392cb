//! What a program can touch outside itself: operations, hosts, files, secrets, people, other workflows.
//!
//! In: a plan, and the package it belongs to. Out: an account of everything, as data and as text.
//! Never: what is only known while it runs; there the account says which expression decides (held by `tests/lang/plan.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::connector::{Auth, Connector, Operation, Request, UrlPiece};
use super::formula::{Formula, Root, Script};
use super::handler::{HandlerAction, HandlerId};
use super::node::{Ask, Kind, Node, NodeId, Wait, Whom};
use super::source::Poll;
use super::workflow::{Package, Plan};
use super::{trigger, visit, written};
use crate::base::value::Value;
use crate::lang::catalog::Effect;
use crate::lang::layout;
use crate::lang::script::{Key, Library, Setting};
use target::{Decided, known};

mod print;
mod target;

pub use target::Target;

/// What one workflow can touch, with all that the workflows it starts can.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effects {
    /// Whose account it is.
    pub workflow: Arc<str>,
    /// The workflows it runs or starts, and those that these do.
    pub workflows: BTreeSet<Arc<str>>,
    /// The operations it calls, sorted by name.
    pub operations: Vec<Called>,
    /// The hosts it speaks to.
    pub hosts: Vec<Target>,
    /// The files it reads or writes, by name or pattern.
    pub files: Vec<Target>,
    /// The databases it asks.
    pub databases: Vec<Target>,
    /// The programs it runs.
    pub programs: Vec<Target>,
    /// The secrets it reads, by name.
    pub secrets: BTreeSet<Arc<str>>,
    /// The plain settings it reads, by name.
    pub settings: BTreeSet<Arc<str>>,
    /// The personas it asks, or that can start it.
    pub personas: BTreeSet<Arc<str>>,
    /// The models it asks.
    pub models: Vec<Target>,
    /// The people it asks, by role or name.
    pub people: Vec<Target>,
    /// The topics of the events it emits.
    pub emits: BTreeSet<Arc<str>>,
    /// The topics of the events it waits for or is started by.
    pub awaits: BTreeSet<Arc<str>>,
    /// The signals it waits for.
    pub signals: BTreeSet<Arc<str>>,
    /// What starts it, as text.
    pub starts: Vec<String>,
}

/// One operation that is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Called {
    /// `connector.operation`
    pub operation: Arc<str>,
    /// What repeating it means: `read`, `keyed`, `once`.
    pub effect: Arc<str>,
    /// By which steps, as `workflow/step`.
    pub steps: Vec<String>,
}

/// What `plan` can touch, and what the workflows can that it starts.
pub fn effects(package: &Package, plan: &Plan) -> Effects {
    let mut account = Account {
        package,
        effects: Effects { workflow: plan.name.clone(), ..Effects::default() },
        seen: BTreeSet::new(),
    };
    account.plan(plan);
    account.effects.workflows.remove(&plan.name);
    let key = |called: &Called| (called.operation.clone(), called.effect.clone());
    account.effects.operations.sort_by_key(key);
    account.effects.starts = plan.triggers.iter().map(written::trigger).collect();
    account.effects
}

/// The settings and secrets that the expressions of `plan` itself read, each where it is read first.
pub fn settings_read(plan: &Plan) -> Vec<Setting> {
    let library = plan.functions.library();
    let mut found: Vec<Setting> = Vec::new();
    visit::plan(plan, &mut |script| found.extend(script.compiled(library).uses_settings().cloned()));
    found.sort_by_key(|setting| setting.span);
    let mut seen = BTreeSet::new();
    found.retain(|setting| seen.insert((setting.name.clone(), setting.secret)));
    found
}

/// The fields of the input that the expressions of one statement read; `None` among them is all of it.
pub fn input_read(plan: &Plan, node: &Node) -> BTreeSet<Option<Arc<str>>> {
    let library = plan.functions.library();
    let mut fields = BTreeSet::new();
    visit::node(node, &mut |script| {
        let reads =
            script.compiled(library).reads().iter().zip(&script.roots).filter(|(_, root)| **root == Root::Input);
        fields.extend(reads.map(|(read, _)| match read.path.first().map(|segment| &segment.key) {
            Some(Key::Field(field)) => Some(field.clone()),
            _ => None,
        }));
    });
    fields
}

struct Account<'a> {
    package: &'a Package,
    effects: Effects,
    seen: BTreeSet<Arc<str>>,
}

impl Account<'_> {
    fn plan(&mut self, plan: &Plan) {
        if !self.seen.insert(plan.name.clone()) {
            return;
        }
        let library = plan.functions.library();
        visit::plan(plan, &mut |script| self.script(script, library));
        for trigger in &plan.triggers {
            self.trigger(&trigger.kind);
        }
        let names = names(plan);
        for node in &plan.nodes {
            let name = names.get(&node.id).cloned().unwrap_or_else(|| node.label.to_string());
            self.node(node, &format!("{}/{name}", plan.name), plan);
        }
        let package = self.package;
        for operation in plan.operations.values() {
            let Some(connector) = package.connectors.get(&operation.signature.connector) else { continue };
            let library = connector.functions.library();
            visit::operation(operation, &mut |script| self.script(script, library));
            visit::connector(connector, &mut |script| self.script(script, library));
        }
        for trigger in &plan.triggers {
            let trigger::Kind::Connector { connector, name, .. } = &trigger.kind else { continue };
            let Some(connector) = package.connectors.get(connector) else { continue };
            let library = connector.functions.library();
            visit::connector(connector, &mut |script| self.script(script, library));
            for source in connector.sources.iter().filter(|source| source.name == *name) {
                visit::source(source, &mut |script| self.script(script, library));
                let called = source.poll().and_then(Poll::calls).and_then(|called| connector.operations.get(called));
                let params = Formula::Constant(Value::Unit);
                for operation in source.operations().chain(called) {
                    let (step, auth) = (format!("trigger {}.{name}", connector.name), &operation.shaping.auth);
                    let requests = operation.requests();
                    requests.for_each(|request| self.asked(request, auth, Some(connector), &params, &step));
                }
            }
        }
    }

    fn script(&mut self, script: &Script, library: &Library) {
        for setting in script.compiled(library).uses_settings() {
            let names = if setting.secret { &mut self.effects.secrets } else { &mut self.effects.settings };
            names.insert(setting.name.clone());
        }
    }

    fn trigger(&mut self, kind: &trigger::Kind) {
        match kind {
            trigger::Kind::File { glob, .. } => {
                target::add(&mut self.effects.files, Decided::fixed(glob.to_string()), "trigger file");
            }
            trigger::Kind::Event { topic } => {
                self.effects.awaits.insert(topic.clone());
            }
            trigger::Kind::Persona { personas, .. } => self.effects.personas.extend(personas.iter().cloned()),
            trigger::Kind::Api { .. }
            | trigger::Kind::Webhook { .. }
            | trigger::Kind::Schedule { .. }
            | trigger::Kind::Every { .. }
            | trigger::Kind::Form { .. }
            | trigger::Kind::Connector { .. } => {}
        }
    }

    fn node(&mut self, node: &Node, step: &str, plan: &Plan) {
        match &node.kind {
            Kind::Call { operation, params } => {
                let effect = plan.effect(node);
                self.call(operation, effect.as_ref(), params, step, plan);
            }
            Kind::Child { workflow, .. } | Kind::Start { workflow, .. } => self.workflow(workflow),
            Kind::Ask(ask) => self.ask(ask, step, plan),
            Kind::Wait(Wait::Event { topic, .. }) => {
                self.effects.awaits.insert(topic.clone());
            }
            Kind::Wait(Wait::Signal(name)) => {
                self.effects.signals.insert(name.clone());
            }
            Kind::Emit { topic, .. } => {
                self.effects.emits.insert(topic.clone());
            }
            Kind::Wait(Wait::For(_) | Wait::Until(_))
            | Kind::Script(_)
            | Kind::Let(_)
            | Kind::Set(_)
            | Kind::Reply { .. }
            | Kind::Return(_)
            | Kind::Fail { .. }
            | Kind::Until(_)
            | Kind::If { .. }
            | Kind::Match { .. }
            | Kind::Sequence(_)
            | Kind::Parallel(_)
            | Kind::For(_)
            | Kind::While { .. }
            | Kind::Repeat { .. }
            | Kind::Race(_)
            | Kind::Lock { .. } => {}
        }
    }

    fn ask(&mut self, ask: &Ask, step: &str, plan: &Plan) {
        let decided = |by: &Formula| Decided::by(&settled(by, plan));
        let effects = &mut self.effects;
        match &ask.whom {
            Whom::Persona(name) => drop(effects.personas.insert(name.clone())),
            Whom::Model(model) => target::add(&mut effects.models, decided(model), step),
            Whom::Role(role) => {
                target::add(&mut effects.people, decided(role).named(|role| format!("role {role}")), step);
            }
            Whom::Person(person) => target::add(&mut effects.people, decided(person), step),
        }
        for (tool, bound) in &ask.tools {
            match plan.operations.get(tool) {
                Some(operation) => self.call(tool, Some(&operation.signature.effect), bound, step, plan),
                None => self.workflow(tool),
            }
        }
    }

    fn workflow(&mut self, name: &Arc<str>) {
        self.effects.workflows.insert(name.clone());
        let package = self.package;
        if let Some(plan) = package.plans.get(name) {
            self.plan(plan);
        }
    }

    fn call(&mut self, name: &Arc<str>, effect: Option<&Effect>, params: &Formula, step: &str, plan: &Plan) {
        let operation = plan.operations.get(name);
        let effect = effect.map_or("", written::effect);
        let known = self.effects.operations.iter_mut();
        match known.filter(|called| &*called.effect == effect).find(|called| called.operation == *name) {
            Some(called) => called.steps.push(step.to_owned()),
            None => self.effects.operations.push(Called {
                operation: name.clone(),
                effect: effect.into(),
                steps: vec![step.to_owned()],
            }),
        }
        let Some(operation) = operation else { return };
        let package = self.package;
        let connector = package.connectors.get(&operation.signature.connector);
        let params = settled(params, plan);
        for request in operation.requests() {
            self.asked(request, &operation.shaping.auth, connector.map(|connector| &**connector), &params, step);
        }
        if operation.request.is_none() {
            self.native(operation, connector.map(|connector| &**connector), &params, step);
        }
    }

    /// The hosts of a request with credentials of its own or those of its connector: that of its path, or else that of its
    /// connector, and where tokens are fetched.
    fn asked(&mut self, request: &Request, auth: &[Auth], connector: Option<&Connector>, params: &Formula, step: &str) {
        let config = |formula: &Formula| {
            connector.map_or_else(|| Decided::by(formula), |connector| target::configured(formula, connector))
        };
        let host = match request.url.pieces.first() {
            Some(UrlPiece::Text(text)) if text.contains("://") => Decided::fixed(text.to_string()),
            // A parameter as it is: whoever calls says it.
            Some(UrlPiece::Value(value)) => match known(params, &value.to_string()) {
                Some(given) => Decided::by(&given),
                None => config(value),
            },
            Some(UrlPiece::Text(_)) | None => {
                match connector.and_then(|connector| target::field(connector, "base_url")) {
                    Some(field) => field,
                    None => return,
                }
            }
        };
        target::add(&mut self.effects.hosts, host.host(), step);
        let fallback: &[Auth] = connector.map_or(&[], |connector| &connector.auth);
        let auth = if auth.is_empty() { fallback } else { auth };
        for (_, value) in auth.iter().flat_map(|auth| &auth.fields).filter(|(name, _)| &**name == "token_url") {
            target::add(&mut self.effects.hosts, config(value).host(), step);
        }
    }

    /// What the parameters of a native operation say it touches: by the names that the standard library gives them.
    fn native(&mut self, operation: &Operation, connector: Option<&Connector>, params: &Formula, step: &str) {
        let effects = &mut self.effects;
        let mut takes = |name: &str, targets: fn(&mut Effects) -> &mut Vec<Target>, part: fn(Decided) -> Decided| {
            if operation.signature.params.iter().any(|param| &*param.name == name)
                && let Some(value) = known(params, name)
            {
                target::add(targets(effects), part(Decided::by(&value)), step);
            }
        };
        takes("url", |effects| &mut effects.hosts, Decided::host);
        takes("database", |effects| &mut effects.databases, |name| name);
        takes("command", |effects| &mut effects.programs, Decided::first);
        if &*operation.signature.connector == "files" {
            takes("path", |effects| &mut effects.files, |path| path);
            takes("to", |effects| &mut effects.files, |path| path);
        }
        for name in ["base_url", "host"] {
            if let Some(host) = connector.and_then(|connector| target::field(connector, name)) {
                target::add(&mut self.effects.hosts, host.host(), step);
            }
        }
    }
}

/// What the calls of handlers and of `undo` are called: by whom they belong to.
fn names(plan: &Plan) -> BTreeMap<NodeId, String> {
    let mut names = BTreeMap::new();
    let mut notified = |owner: &str, handlers: &[HandlerId]| {
        for handler in handlers.iter().filter_map(|id| plan.handlers.get(id.0 as usize)) {
            if let HandlerAction::Notify(call) = handler.action {
                let types = written::occasion(handler).0;
                names.insert(call, if owner.is_empty() { types } else { format!("{owner} {types}") });
            }
        }
    };
    notified("", &plan.body.handlers);
    for node in &plan.nodes {
        notified(&node.label, &node.clauses.handlers);
        node.kind.bodies().into_iter().for_each(|body| notified(&node.label, &body.handlers));
    }
    for node in &plan.nodes {
        if let Some(undo) = node.clauses.undo {
            names.insert(undo, format!("{} undo", node.label));
        }
    }
    names
}

/// A formula with the values of variables that are constant and that nobody sets.
fn settled(formula: &Formula, plan: &Plan) -> Formula {
    match formula {
        Formula::Script(script) => {
            let mut source = script.source.to_string();
            for (field, value) in &plan.vars {
                let Formula::Constant(value) = value else { continue };
                if !source.contains("vars.") || is_set(&field.name, plan) {
                    continue;
                }
                if *source == format!("vars.{}", field.name) {
                    return Formula::Constant(value.clone());
                }
                source = source.replace(&format!("${{vars.{}}}", field.name), &text(value));
            }
            Formula::Script(Script { source: source.into(), ..script.clone() })
        }
        Formula::Object(fields) => {
            Formula::Object(fields.iter().map(|(name, value)| (name.clone(), settled(value, plan))).collect())
        }
        Formula::Constant(_) | Formula::List(_) => formula.clone(),
    }
}

/// Whether some statement gives the variable another value.
fn is_set(variable: &str, plan: &Plan) -> bool {
    let sets = |node: &Node| match &node.kind {
        Kind::Set(set) => !set.state && set.path.first().is_some_and(|name| &**name == variable),
        _ => false,
    };
    plan.nodes.iter().any(sets)
}

/// A text that is known, without quotes.
fn text(value: &Value) -> String {
    value.as_text().map_or_else(|| layout::value(value), ToOwned::to_owned)
}
