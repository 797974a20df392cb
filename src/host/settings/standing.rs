//! How a connector stands: what is still to be set before it can be called.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Settings;
use super::configure::{ConfigScope, Uses, evaluated, is_secret, variables};
use crate::base::shape::{Field, Shape};
use crate::base::span::{Sources, Span};
use crate::connect::Credentials;
use crate::lang::plan::connector::{Auth, Connector};
use crate::lang::plan::{Formula, Root};
use crate::lang::script::Key;

/// What a connector lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Settings without which nothing of it can be called.
    pub settings: Vec<Unset>,
    /// Where none of its ways to prove who asks is ready: each way, with what it lacks.
    pub ways: Vec<Way>,
    /// Whether it proves who asks at all.
    pub signs_in: bool,
}

/// A setting that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unset {
    /// Its name in `config`.
    pub field: Arc<str>,
    /// The environment variable that sets it: the one that its default reads, otherwise its own.
    pub variable: Arc<str>,
    /// Whether it is for no eyes.
    pub is_secret: bool,
}

/// A way to prove who asks that is not ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The settings that it lacks.
    pub lacks: Vec<Unset>,
    /// Whether a person must sign in, once the settings are there.
    pub needs_login: bool,
}

impl Standing {
    /// Whether it can be called, as far as that can be known from here.
    pub fn is_ready(&self) -> bool {
        self.settings.is_empty() && self.ways.is_empty()
    }

    /// What is to be set at least: the settings, and the way that is nearest to being ready.
    pub fn needed(&self) -> Vec<&Unset> {
        let nearest = self.ways.iter().filter(|way| !way.needs_login).min_by_key(|way| way.lacks.len());
        let nearest = nearest.or(self.ways.first());
        let others = nearest.into_iter().flat_map(|way| &way.lacks);
        self.settings.iter().chain(others.filter(|unset| !self.settings.contains(unset))).collect()
    }
}

impl Settings {
    /// How `connector` stands, for what `uses` calls of it, or, where that is not said, for whatever is called. `signed_in` says
    /// whether somebody has signed in by these credentials.
    pub fn standing(
        &self,
        connector: &Arc<Connector>,
        uses: Option<&Uses>,
        signed_in: &dyn Fn(&Credentials) -> bool,
    ) -> Standing {
        let relies = uses.is_none_or(|uses| uses.rely_on(connector));
        let is_needed = |field: &Field| uses.is_some_and(|uses| uses.need(field));
        let uses = Uses::of_connector(&connector.name);
        // What is missing is looked for below, what is wrong is said where it is called.
        let configured = self.one(connector, Span::default(), &uses, &mut Sources::default(), &mut Vec::new());
        let unset: Vec<(&Field, Unset)> = connector
            .config
            .iter()
            .filter(|(field, _)| configured.setting(&field.name).is_unit())
            .map(|(field, default)| (field, unset(connector, field, default.as_ref())))
            .collect();
        let may_be_absent = |field: &Field| matches!(field.shape, Shape::Optional(_) | Shape::Any | Shape::Unit);
        let missing = unset.iter().filter(|(field, _)| !may_be_absent(field) || is_needed(field));
        let settings = missing.map(|(_, unset)| unset.clone()).collect();
        let scope = ConfigScope { settings: self, config: configured.config.clone() };
        let mut ways = Vec::new();
        for auth in connector.auth.iter().filter(|_| relies) {
            let credentials = evaluated(connector, auth, &scope);
            let is_complete = credentials.as_ref().is_some_and(Credentials::is_complete);
            let waits = auth.needs_login() && !credentials.as_ref().is_some_and(signed_in);
            if is_complete && !waits {
                ways.clear();
                break;
            }
            let read = fields_read(connector, auth);
            let lacks = unset.iter().filter(|(field, _)| read.contains(&field.name)).map(|(_, unset)| unset.clone());
            ways.push(Way { lacks: lacks.collect(), needs_login: auth.needs_login() });
        }
        Standing { settings, ways, signs_in: relies && !connector.auth.is_empty() }
    }
}

fn unset(connector: &Connector, field: &Field, default: Option<&Formula>) -> Unset {
    let variable = variables(connector, field, default).into_iter().next().unwrap_or_default();
    Unset { field: field.name.clone(), variable, is_secret: is_secret(&field.shape) }
}

/// The fields of `config` that an `auth` line reads.
fn fields_read(connector: &Connector, auth: &Auth) -> BTreeSet<Arc<str>> {
    let mut read = BTreeSet::new();
    auth.args.iter().for_each(|arg| read_by(connector, arg, &mut read));
    auth.fields.iter().for_each(|(_, field)| read_by(connector, field, &mut read));
    read
}

fn read_by(connector: &Connector, formula: &Formula, read: &mut BTreeSet<Arc<str>>) {
    match formula {
        Formula::Constant(_) => {}
        Formula::Object(fields) => fields.iter().for_each(|(_, field)| read_by(connector, field, read)),
        Formula::List(items) => items.iter().for_each(|item| read_by(connector, item, read)),
        Formula::Script(script) => {
            let compiled = script.compiled(connector.functions.library());
            for (root, path) in script.roots.iter().zip(compiled.reads()).map(|(root, read)| (root, &read.path)) {
                if let (Root::Config, Some(Key::Field(name))) = (root, path.first().map(|segment| &segment.key)) {
                    read.insert(name.clone());
                }
            }
        }
    }
}
