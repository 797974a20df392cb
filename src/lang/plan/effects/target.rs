//! One thing that is touched: known by name, or by the expression that will decide.

use serde::{Deserialize, Serialize};

use super::super::connector::Connector;
use super::super::formula::Formula;
use super::super::written;
use crate::base::value::Value;

/// A host, a file, a database, a program, a model or a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Its name or pattern, with `*` for what varies; or, where nothing is fixed, the expression that decides at run time.
    pub name: String,
    /// Whether the name is known before the run.
    pub known: bool,
    /// The steps that touch it, as `workflow/step`.
    pub steps: Vec<String>,
}

/// Takes what a step touches into a list in which each thing stands once.
pub(super) fn add(targets: &mut Vec<Target>, decided: Decided, step: &str) {
    let Decided { name, known, .. } = decided;
    match targets.iter_mut().find(|target| target.name == name && target.known == known) {
        Some(target) => {
            if !target.steps.iter().any(|known| known == step) {
                target.steps.push(step.to_owned());
            }
        }
        None => targets.push(Target { name, known, steps: vec![step.to_owned()] }),
    }
}

/// A name, and who decides on it.
pub(super) struct Decided {
    /// The name with `*` for what varies, or the expression that decides.
    name: String,
    /// Whether it is the name.
    known: bool,
    /// As the program writes it.
    written: String,
}

impl Decided {
    /// The program says it.
    pub(super) fn fixed(name: String) -> Self {
        Self { written: name.clone(), name, known: true }
    }

    /// An expression says it, when it runs.
    pub(super) fn later(expression: String) -> Self {
        Self { written: expression.clone(), name: expression, known: false }
    }

    /// By a formula: its value, or its text with `*` in place of what it interpolates.
    pub(super) fn by(formula: &Formula) -> Self {
        let name = match formula {
            Formula::Constant(value) => Some(super::text(value)),
            Formula::Script(script) => {
                pattern(&script.source).filter(|pattern| pattern.chars().any(char::is_alphanumeric))
            }
            Formula::List(items) if !items.is_empty() => {
                let items = items.iter().map(Self::by).map(|item| if item.known { item.name } else { "*".to_owned() });
                Some(items.collect::<Vec<_>>().join(" "))
            }
            Formula::Object(_) | Formula::List(_) => None,
        };
        let later = Self::later(formula.to_string());
        match name {
            Some(name) => Self { name, known: true, ..later },
            None => later,
        }
    }

    pub(super) fn named(self, name: impl FnOnce(String) -> String) -> Self {
        Self { name: name(self.name), ..self }
    }

    /// The host of a URL; a name that is no URL is a host as it is.
    pub(super) fn host(self) -> Self {
        if !self.known {
            return self;
        }
        let rest = self.name.split_once("://").map_or(&*self.name, |(_, rest)| rest);
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if host.is_empty() || host.starts_with('*') && !host.contains('.') {
            return Self::later(self.written);
        }
        Self { name: host.to_owned(), ..self }
    }

    /// The first word: the program of a command.
    pub(super) fn first(self) -> Self {
        self.named(|text| {
            let text = text.trim_start_matches('[');
            text.split([' ', ',', ']']).next().unwrap_or_default().trim_matches('"').to_owned()
        })
    }
}

/// A string that interpolates, with `*` in place of each `${}`; `None` for any other expression.
fn pattern(source: &str) -> Option<String> {
    let text = source.strip_prefix(['"', '`'])?;
    let text = text.strip_suffix(['"', '`'])?;
    let (mut pattern, mut depth) = (String::new(), 0_usize);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '$' if depth == 0 && rest.peek() == Some(&'{') => {
                rest.next();
                depth = 1;
                pattern.push('*');
            }
            '{' if depth > 0 => depth += 1,
            '}' if depth > 0 => depth -= 1,
            // More than one string, or something that only looks like one.
            '"' | '`' if depth == 0 => return None,
            _ if depth == 0 => pattern.push(c),
            _ => {}
        }
    }
    Some(pattern)
}

/// A parameter of a call, if it is given.
pub(super) fn known(params: &Formula, name: &str) -> Option<Formula> {
    match params {
        Formula::Constant(value) => value.get(name).map(|value| Formula::Constant(value.clone())),
        Formula::Object(fields) => fields.iter().find(|(key, _)| &**key == name).map(|(_, value)| value.clone()),
        Formula::Script(_) | Formula::List(_) => None,
    }
}

/// A formula of a connector, with what its `config` says by default where it is, or begins with, one of its fields.
pub(super) fn configured(formula: &Formula, connector: &Connector) -> Decided {
    let Formula::Script(script) = formula else { return Decided::by(formula) };
    let begins = script.source.strip_prefix("\"${").and_then(|rest| rest.split_once('}')).map(|(value, _)| value);
    // What counts where nothing is set: `config.base_url ?? config.login_url`.
    let last = begins.unwrap_or(&script.source).rsplit("??").next().map(str::trim);
    let name = last.and_then(|last| last.strip_prefix("config."));
    name.and_then(|name| field(connector, name)).unwrap_or_else(|| Decided::by(formula))
}

/// What a field of a connector's `config` is by default; the settings may say otherwise.
pub(super) fn field(connector: &Connector, name: &str) -> Option<Decided> {
    let (field, default) = connector.config.iter().find(|(field, _)| &*field.name == name)?;
    Some(match default {
        Some(Formula::Constant(value)) if !value.is_unit() => Decided::fixed(super::text(value)),
        Some(formula) if !matches!(formula, Formula::Constant(Value::Unit)) => {
            Decided::later(written::formula(formula))
        }
        _ => Decided::later(format!("{}.{}", connector.name, field.name)),
    })
}
