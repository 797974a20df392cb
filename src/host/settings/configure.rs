//! The settings of connectors: each value from `--set`, the environment, the file, or the declared default, in this order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Entry, Settings, beside, code};
use crate::base::diagnostic::Diagnostic;
use crate::base::shape::{Field, Shape};
use crate::base::span::{Source, Sources, Span};
use crate::base::time::Timestamp;
use crate::base::value::{Map, Value};
use crate::connect::{Configured, Credentials};
use crate::lang::catalog::BASE_URL;
use crate::lang::plan::connector::{Auth, Connector, variable};
use crate::lang::plan::node::Kind;
use crate::lang::plan::source::{self, Poll};
use crate::lang::plan::trigger;
use crate::lang::plan::{Formula, Package, Plan, Root, Roots};
use crate::run::world::Settings as _;

/// What a run needs: its workflows, the operations they call, and where each connector is first called.
#[derive(Clone, Debug, Default)]
pub struct Uses {
    workflows: BTreeSet<Arc<str>>,
    operations: BTreeSet<Arc<str>>,
    places: BTreeMap<Arc<str>, Span>,
}

impl Uses {
    /// All that `workflow` and the workflows it calls use.
    pub fn of(package: &Package, workflow: &str) -> Self {
        let mut uses = Self::default();
        let mut open: Vec<Arc<str>> = vec![workflow.into()];
        while let Some(name) = open.pop() {
            let Some(plan) = package.plans.get(&name) else { continue };
            if !uses.workflows.contains(&name) {
                uses.take(plan, &mut open);
            }
        }
        uses
    }

    /// All that any workflow of the package uses.
    pub fn of_all(package: &Package) -> Self {
        let mut uses = Self::default();
        // Every workflow is visited anyway, so those that others call need not be followed.
        package.plans.values().for_each(|plan| uses.take(plan, &mut Vec::new()));
        // What starts runs matters only where all of them are carried out.
        package.plans.values().for_each(|plan| uses.hear(plan, package));
        uses
    }

    /// The settings of one connector, and nothing that calls it.
    pub fn of_connector(name: &str) -> Self {
        Self { places: BTreeMap::from([(name.into(), Span::default())]), ..Self::default() }
    }

    /// One operation, and nothing that calls it.
    pub fn of_operation(connector: &str, operation: &Arc<str>) -> Self {
        Self { operations: BTreeSet::from([operation.clone()]), ..Self::of_connector(connector) }
    }

    /// The same without these operations: somebody else answers for them.
    pub fn leave_out(&mut self, operations: &BTreeSet<Arc<str>>) {
        self.operations.retain(|operation| !operations.contains(operation));
        let left: BTreeSet<&str> =
            self.operations.iter().filter_map(|operation| Some(operation.rsplit_once('.')?.0)).collect();
        let gone = |connector: &str| {
            !left.contains(connector)
                && operations.iter().any(|it| it.rsplit_once('.').is_some_and(|it| it.0 == connector))
        };
        self.places.retain(|connector, _| !gone(connector));
    }

    /// The connectors that are called, by name.
    pub fn connectors(&self) -> impl Iterator<Item = &Arc<str>> {
        self.places.keys()
    }

    /// Whether something that is called proves who asks by the `auth` lines of `connector`.
    pub(super) fn rely_on(&self, connector: &Connector) -> bool {
        let asked = connector.sources.iter().flat_map(source::Source::operations);
        connector.operations.values().chain(asked).any(|operation| {
            operation.request.is_some()
                && operation.shaping.auth.is_empty()
                && self.operations.contains(&operation.signature.full_name())
        })
    }

    /// Whether something that is called can do nothing without this setting, while others of the connector can.
    pub(super) fn need(&self, field: &Field) -> bool {
        self.operations.iter().any(|operation| needed(operation) == Some(&*field.name))
    }

    fn take(&mut self, plan: &Plan, open: &mut Vec<Arc<str>>) {
        self.workflows.insert(plan.name.clone());
        for node in &plan.nodes {
            match &node.kind {
                Kind::Call { operation, .. } => self.call(operation, node.span),
                Kind::Child { workflow, .. } | Kind::Start { workflow, .. } => open.push(workflow.clone()),
                Kind::Ask(ask) => {
                    for (tool, _) in &ask.tools {
                        // A tool is an operation or a workflow; the other one finds nothing.
                        self.call(tool, node.span);
                        open.push(tool.clone());
                    }
                }
                _ => {}
            }
        }
    }

    /// The connectors by whose triggers a workflow listens, and what those ask by.
    fn hear(&mut self, plan: &Plan, package: &Package) {
        for trigger in &plan.triggers {
            let trigger::Kind::Connector { connector, name, .. } = &trigger.kind else { continue };
            self.places.entry(connector.clone()).or_insert(trigger.span);
            let declared = package.connectors.get(connector).map(|connector| connector.sources.iter());
            for source in declared.into_iter().flatten().filter(|source| source.name == *name) {
                let asks = source.operations().map(|operation| operation.signature.full_name());
                let called = source.poll().and_then(Poll::calls).map(|called| format!("{connector}.{called}").into());
                self.operations.extend(asks.chain(called));
            }
        }
    }

    fn call(&mut self, operation: &Arc<str>, span: Span) {
        if let Some((connector, _)) = operation.rsplit_once('.') {
            self.operations.insert(operation.clone());
            self.places.entry(connector.into()).or_insert(span);
        }
    }
}

impl Settings {
    /// The connectors that `uses` names, with their settings, and everything that is missing or wrong, also of what the
    /// workflows themselves need.
    pub fn configure(
        &self,
        package: &Package,
        uses: &Uses,
        sources: &mut Sources,
    ) -> (Vec<Configured>, Vec<Diagnostic>) {
        let mut diagnostics = Vec::new();
        let mut configured = Vec::new();
        for plan in uses.workflows.iter().filter_map(|name| package.plans.get(name)) {
            self.needs(plan, &mut diagnostics);
        }
        for (name, connector) in &package.connectors {
            self.unknown_fields(connector, sources, &mut diagnostics);
            if let Some(place) = uses.places.get(name) {
                configured.push(self.one(connector, *place, uses, sources, &mut diagnostics));
            }
        }
        self.unknown_connectors(package, &mut diagnostics);
        self.clashes(package, sources, &mut diagnostics);
        (configured, diagnostics)
    }

    /// How a person signs in to a connector that has a way to.
    ///
    /// # Errors
    /// The variables that say which app asks, as far as they are not set.
    pub fn login(&self, connector: &Configured) -> Result<Credentials, Vec<Arc<str>>> {
        let declared = &connector.connector;
        let scope = ConfigScope { settings: self, config: connector.config.clone() };
        let mut ways = declared.auth.iter().filter_map(|auth| evaluated(declared, auth, &scope));
        if let Some(way) = ways.find(|way| way.needs_login() && way.is_complete()) {
            return Ok(way);
        }
        let unset = declared.config.iter().filter(|(field, _)| connector.setting(&field.name).is_unit());
        let app = unset.filter(|(field, _)| field.name.starts_with("client_"));
        Err(app
            .filter_map(|(field, default)| variables(declared, field, default.as_ref()).into_iter().next())
            .collect())
    }

    /// One connector with its settings.
    pub(super) fn one(
        &self,
        connector: &Arc<Connector>,
        place: Span,
        uses: &Uses,
        sources: &mut Sources,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Configured {
        let (mut config, mut hosts) = (Map::new(), Vec::new());
        for (field, default) in &connector.config {
            let (value, span) = match self.set_value(connector, field, sources) {
                Some(entry) => {
                    let value = fitted(connector, field, &entry, diagnostics);
                    hosts.extend(host(field, &value));
                    (value, entry.span)
                }
                None => {
                    let value = self.default_value(connector, &config, field, default.as_ref());
                    // An address that the settings gave by way of `env("X")` is as good as one given by name.
                    if !matches!(default, None | Some(Formula::Constant(_))) {
                        hosts.extend(host(field, &value));
                    }
                    (value, place)
                }
            };
            #[cfg(feature = "http")]
            super::address::check(connector, field, &value, span, diagnostics);
            #[cfg(not(feature = "http"))]
            let _ = span;
            let is_wanted = !matches!(field.shape, Shape::Optional(_) | Shape::Any | Shape::Unit)
                || !self.stands_in && uses.need(field);
            if value.is_unit() && is_wanted {
                diagnostics.push(missing(connector, field, default.as_ref(), place));
            }
            // What stands in for a credential is none, and a word that people write.
            if is_secret(&field.shape) && !self.stands_in && !value.is_unit() {
                self.mask.learn(&value.open().to_string());
            }
            config.insert(field.name.clone(), value);
        }
        self.check_credentials(connector, &config, place, uses, diagnostics);
        Configured::new(connector.clone(), config, hosts)
    }

    /// What was set for a field, and where.
    fn set_value(&self, connector: &Connector, field: &Field, sources: &mut Sources) -> Option<Entry> {
        let path = vec!["connectors".to_owned(), connector.name.to_string(), field.name.to_string()];
        let variable = variable(&connector.name, &field.name);
        let from_environment = || {
            let text = self.environment.get(&variable)?;
            // Only the name is shown: the value may be a secret.
            let id = sources.add(Source::new("environment", &variable));
            let span = Span::new(id, 0..variable.len());
            Some(Entry { value: text.as_str().into(), span, name: span })
        };
        self.given.get(&path).cloned().or_else(from_environment).or_else(|| self.file.get(&path).cloned())
    }

    fn default_value(&self, connector: &Connector, config: &Map, field: &Field, default: Option<&Formula>) -> Value {
        let scope = ConfigScope { settings: self, config: Value::from(config.clone()) };
        // A default that asks for something that is not set has no value.
        let computed = default.and_then(|formula| formula.evaluate(connector.functions.library(), &scope).ok());
        let value = computed.or_else(|| field.default.clone()).unwrap_or_default();
        match (&value, value.as_text()) {
            (_, Some(text)) => typed(text, &field.shape),
            _ => value,
        }
    }

    /// Whether one of the `auth` lines has all its values, where an operation that is used needs one.
    fn check_credentials(
        &self,
        connector: &Connector,
        config: &Map,
        place: Span,
        uses: &Uses,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let missing_config = connector.config.iter().any(|(field, _)| {
            !matches!(field.shape, Shape::Optional(_)) && config.get(&field.name).is_none_or(Value::is_unit)
        });
        if connector.auth.is_empty() || !uses.rely_on(connector) || missing_config {
            return;
        }
        let scope = ConfigScope { settings: self, config: Value::from(config.clone()) };
        let ways = connector.auth.iter().filter_map(|auth| evaluated(connector, auth, &scope));
        let complete: Vec<Credentials> = ways.filter(Credentials::is_complete).collect();
        if !complete.is_empty() {
            let base_url = connector.config.iter().find(|(field, _)| &*field.name == BASE_URL);
            if let Some((field, default)) = base_url
                && config.get(BASE_URL).is_none_or(Value::is_unit)
                && connector.auth.iter().any(|auth| auth.base_url().is_some())
                && complete.iter().all(|way| way.base_url.is_none())
            {
                diagnostics.push(missing(connector, field, default.as_ref(), place));
            }
            return;
        }
        let unset = connector.config.iter().filter(|(field, _)| config.get(&field.name).is_none_or(Value::is_unit));
        let optional: Vec<Vec<Arc<str>>> =
            unset.map(|(field, default)| variables(connector, field, default.as_ref())).collect();
        let message = format!("`{}` has no credentials", connector.name);
        let mut diagnostic = Diagnostic::error(code::MISSING, place, message).label("called here");
        if let Some(first) = optional.first() {
            diagnostic = diagnostic.hint(format!("set the environment variable `{}`", first.join("` or `")));
        }
        if optional.len() > 1 {
            let others: Vec<&str> = optional[1..].iter().filter_map(|names| Some(&**names.last()?)).collect();
            let others = others.join("`, `");
            diagnostic = diagnostic.hint(format!("or those of another way to sign in, among `{others}`"));
        }
        diagnostics.push(diagnostic);
    }

    /// Fields in the settings of `connector` that it does not have.
    fn unknown_fields(&self, connector: &Connector, sources: &mut Sources, diagnostics: &mut Vec<Diagnostic>) {
        let known: Vec<&str> = connector.config.iter().map(|(field, _)| &*field.name).collect();
        for (path, entry) in self.file.iter().chain(&self.given) {
            if let [table, name, field, ..] = path.as_slice()
                && table == "connectors"
                && **name == *connector.name
                && !known.contains(&field.as_str())
            {
                let message = format!("the connector `{name}` has no setting `{field}`");
                let diagnostic = Diagnostic::error(code::UNKNOWN, entry.name, message);
                diagnostics.push(near(diagnostic, field, known.iter().copied()));
            }
        }
        let prefix = variable(&connector.name, "");
        for name in self.environment.keys() {
            let Some(field) = name.strip_prefix(&prefix) else { continue };
            if !known.iter().any(|known| known.eq_ignore_ascii_case(field)) && self.is_meant_for(connector, name) {
                let id = sources.add(Source::new("environment", name));
                let message = format!("the connector `{}` has no setting `{}`", connector.name, field.to_lowercase());
                let diagnostic = Diagnostic::warning(code::UNKNOWN, Span::new(id, 0..name.len()), message);
                let names: Vec<String> = known.iter().map(|field| variable(&connector.name, field)).collect();
                diagnostics.push(near(diagnostic, name, names.iter().map(String::as_str)));
            }
        }
    }

    /// Whether a variable with the prefix of `connector` cannot belong to one whose name is longer.
    fn is_meant_for(&self, connector: &Connector, variable: &str) -> bool {
        let rest = variable.strip_prefix(&self::variable(&connector.name, "")).unwrap_or_default();
        let known = connector.config.iter().map(|(field, _)| field.name.to_uppercase()).collect::<Vec<_>>();
        crate::base::diagnostic::nearest(rest, known.iter().map(String::as_str)).is_some()
    }

    /// Variables that are set and are the name of two settings: `a.b` and `a_b` are one word to a shell.
    fn clashes(&self, package: &Package, sources: &mut Sources, diagnostics: &mut Vec<Diagnostic>) {
        let fields = package.connectors.values().flat_map(|it| it.config.iter().map(move |(field, _)| (it, field)));
        let mut meant: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (connector, field) in fields {
            let path = format!("connectors.{}.{}", toml_key(&connector.name), field.name);
            meant.entry(variable(&connector.name, &field.name)).or_default().push(path);
        }
        for (name, paths) in
            meant.iter().filter(|(name, paths)| paths.len() > 1 && self.environment.contains_key(*name))
        {
            let id = sources.add(Source::new("environment", name));
            let message = format!("`{name}` sets `{}`", paths.join("` and `"));
            diagnostics.push(
                Diagnostic::warning(code::UNKNOWN, Span::new(id, 0..name.len()), message)
                    .hint("set one of them in flow.toml, or let the file be used by another name"),
            );
        }
    }

    /// Settings for connectors that the program does not name: `--set` means this program, while a file may serve several,
    /// so that there only a name is told that is almost that of one it does, and of none that the others name.
    fn unknown_connectors(&self, package: &Package, diagnostics: &mut Vec<Diagnostic>) {
        let given = self.given.iter().map(|entry| (true, entry));
        for (given, (path, entry)) in self.file.iter().map(|entry| (false, entry)).chain(given) {
            let [table, name, ..] = path.as_slice() else { continue };
            if table != "connectors" || package.connectors.contains_key(name.as_str()) {
                continue;
            }
            let meant = crate::base::diagnostic::nearest(name, package.connectors.keys().map(AsRef::as_ref));
            if given || meant.is_some() && !beside::names(&self.directory, name) {
                let message = format!("the program uses no connector `{name}`");
                let diagnostic = Diagnostic::warning(code::UNKNOWN, entry.name, message);
                let hint = meant.map(|meant| format!("did you mean `connectors.{meant}`?"));
                diagnostics.push(hint.into_iter().fold(diagnostic, Diagnostic::hint));
            }
        }
    }
}

/// The setting that an operation can do nothing without, while others of its connector can.
fn needed(operation: &str) -> Option<&'static str> {
    match operation.split_once('.') {
        Some(("email", "send")) => Some("host"),
        Some(("email", _)) => Some("imap_url"),
        _ => None,
    }
}

fn near<'a>(diagnostic: Diagnostic, wrong: &str, known: impl Iterator<Item = &'a str> + Clone) -> Diagnostic {
    match crate::base::diagnostic::nearest(wrong, known.clone()) {
        Some(name) => diagnostic.hint(format!("did you mean `{name}`?")),
        None => diagnostic.hint(format!("it has `{}`", known.collect::<Vec<_>>().join("`, `"))),
    }
}

/// A value that was set, as the field wants it.
fn fitted(connector: &Connector, field: &Field, entry: &Entry, diagnostics: &mut Vec<Diagnostic>) -> Value {
    let value = match entry.value.as_text() {
        Some(text) => typed(text, &field.shape),
        // The number of an account is a text all the same; a secret is written as it was given, with all its zeros.
        None if is_plain_text(&field.shape) && matches!(entry.value, Value::Int(_)) => entry.value.to_string().into(),
        None => entry.value.clone(),
    };
    match field.shape.check(&value) {
        Ok(value) => value,
        Err(misfits) => {
            for misfit in misfits {
                let what = if is_secret(&field.shape) { "is of the wrong type".to_owned() } else { misfit.message };
                let message = format!("`{}.{}` {what}", connector.name, field.name);
                diagnostics.push(Diagnostic::error(code::MISFIT, entry.span, message));
            }
            value
        }
    }
}

/// What a text stands for where the field wants something else than text.
fn typed(text: &str, shape: &Shape) -> Value {
    let plain = || Value::from(text);
    match shape {
        Shape::Optional(inner) => typed(text, inner),
        Shape::Int(_) => text.trim().parse().map_or_else(|_| plain(), Value::Int),
        Shape::Float(_) => text.trim().parse().map_or_else(|_| plain(), Value::Float),
        Shape::Bool => text.trim().parse().map_or_else(|_| plain(), Value::Bool),
        Shape::Duration => text.parse().map_or_else(|_| plain(), Value::Duration),
        Shape::List(inner, _) | Shape::Set(inner, _) if !text.trim_start().starts_with('[') => {
            Value::list(text.split(',').map(|item| typed(item.trim(), inner)))
        }
        Shape::List(..) | Shape::Set(..) | Shape::Map(..) | Shape::Object(_) => {
            serde_json::from_str(text).map_or_else(|_| plain(), Value::from_json)
        }
        _ => plain(),
    }
}

pub(super) fn is_secret(shape: &Shape) -> bool {
    match shape {
        Shape::Optional(inner) => is_secret(inner),
        shape => matches!(shape, Shape::Secret),
    }
}

fn is_plain_text(shape: &Shape) -> bool {
    match shape {
        Shape::Optional(inner) => is_plain_text(inner),
        shape => matches!(shape, Shape::Text(..)),
    }
}

/// Whether a field holds an address.
pub(super) fn is_address(field: &Field) -> bool {
    *field.shape.present() == Shape::Url || field.name.ends_with("url")
}

/// `host:port` of an address.
fn host(field: &Field, value: &Value) -> Option<Arc<str>> {
    let url = is_address(field).then(|| url::Url::parse(value.as_text()?).ok()).flatten()?;
    Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?).into())
}

/// The name of a connector in `flow.toml`: one of a used file has a dot in it.
fn toml_key(name: &str) -> String {
    if name.contains('.') { format!("\"{name}\"") } else { name.to_owned() }
}

fn missing(connector: &Connector, field: &Field, default: Option<&Formula>, place: Span) -> Diagnostic {
    let names = variables(connector, field, default);
    let message = format!("`{}` needs a setting that is missing: `{}`", connector.name, field.name);
    let diagnostic = Diagnostic::error(code::MISSING, place, message)
        .label("called here")
        .hint(format!("set the environment variable `{}`", names.join("` or `")));
    if is_secret(&field.shape) {
        return diagnostic;
    }
    diagnostic.hint(format!(
        "or write `{} = ...` under `[connectors.{}]` in flow.toml",
        field.name,
        toml_key(&connector.name)
    ))
}

/// The environment variables that set a field: those that its default reads, then its own.
pub(super) fn variables(connector: &Connector, field: &Field, default: Option<&Formula>) -> Vec<Arc<str>> {
    let asked = default.map(|default| settings_asked(default, connector)).unwrap_or_default();
    asked.into_iter().chain([variable(&connector.name, &field.name).into()]).collect()
}

/// The names in `env("X")` and `secret("X")` of a default.
fn settings_asked(default: &Formula, connector: &Connector) -> Vec<Arc<str>> {
    let Formula::Script(script) = default else { return Vec::new() };
    let library = connector.functions.library();
    script.compiled(library).uses_settings().map(|setting| setting.name.clone()).collect()
}

pub(super) fn evaluated(connector: &Connector, auth: &Auth, scope: &ConfigScope<'_>) -> Option<Credentials> {
    Credentials::of(auth, connector.functions.library(), scope).ok()
}

/// What defaults and `auth` lines see: settings, and the fields above them.
pub(super) struct ConfigScope<'a> {
    pub settings: &'a Settings,
    pub config: Value,
}

impl Roots for ConfigScope<'_> {
    fn root(&self, root: &Root) -> Option<Value> {
        matches!(root, Root::Config).then(|| self.config.clone())
    }
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
    fn draw(&self) -> u64 {
        0
    }
    fn print(&self, _: &str) {}
    fn env(&self, name: &str) -> Option<Value> {
        self.settings.env(name)
    }
    fn secret(&self, name: &str) -> Option<Value> {
        self.settings.secret(name)
    }
}
