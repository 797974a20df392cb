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
    let (name, known) = match decided {
        Decided::Fixed(name) => (name, true),
        Decided::Later(name) => (name, false),
    };
    match targets.iter_mut().find(|target| target.name == name && target.known == known) {
        Some(target) => {
            if !target.steps.iter().any(|known| known == step) {
                target.steps.push(step.to_owned());
            }
        }
        None => targets.push(Target { name, known, steps: vec![step.to_owned()] }),
    }
}

/// Who decides on a name.
pub(super) enum Decided {
    /// The program: this is the name, with `*` for what varies.
    Fixed(String),
    /// This expression, when it runs.
    Later(String),
}

impl Decided {
    pub(super) fn fixed(name: String) -> Self {
        Self::Fixed(name)
    }

    /// By a formula: its value, or its text with `*` in place of what it interpolates.
    pub(super) fn by(formula: &Formula) -> Self {
        match formula {
            Formula::Constant(value) => Self::Fixed(super::text(value)),
            Formula::Script(script) => match pattern(&script.source) {
                Some(pattern) if pattern.chars().any(|c| c.is_alphanumeric()) => Self::Fixed(pattern),
                _ => Self::Later(formula.to_string()),
            },
            Formula::List(items) if !items.is_empty() => {
                let items = items.iter().map(Self::by).map(|item| match item {
                    Self::Fixed(name) => name,
                    Self::Later(_) => "*".to_owned(),
                });
                Self::Fixed(items.collect::<Vec<_>>().join(" "))
            }
            Formula::Object(_) | Formula::List(_) => Self::Later(formula.to_string()),
        }
    }

    pub(super) fn named(self, name: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::Fixed(text) => Self::Fixed(name(text)),
            Self::Later(text) => Self::Later(name(text)),
        }
    }

    /// The host of a URL; a name that is no URL is a host as it is.
    pub(super) fn host(self) -> Self {
        let Self::Fixed(text) = self else { return self };
        let rest = text.split_once("://").map_or(&*text, |(_, rest)| rest);
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if host.is_empty() || host.starts_with('*') && !host.contains('.') {
            return Self::Later(text);
        }
        Self::Fixed(host.to_owned())
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

/// A formula of a connector, with what its `config` says by default where it is nothing but one of its fields.
pub(super) fn configured(formula: &Formula, connector: &Connector) -> Decided {
    let Formula::Script(script) = formula else { return Decided::by(formula) };
    let name = script.source.strip_prefix("config.").map(str::trim);
    name.and_then(|name| field(connector, name)).unwrap_or_else(|| Decided::by(formula))
}

/// What a field of a connector's `config` is by default; the settings may say otherwise.
pub(super) fn field(connector: &Connector, name: &str) -> Option<Decided> {
    let (field, default) = connector.config.iter().find(|(field, _)| &*field.name == name)?;
    Some(match default {
        Some(Formula::Constant(value)) if !value.is_unit() => Decided::fixed(super::text(value)),
        Some(formula) if !matches!(formula, Formula::Constant(Value::Unit)) => {
            Decided::Later(written::formula(formula))
        }
        _ => Decided::Later(format!("{}.{}", connector.name, field.name)),
    })
}
