//! `[databases.NAME]`: which databases there are, and whether a program names another.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::needs::Lack;
use super::{Settings, code};
use crate::base::diagnostic::{Diagnostic, nearest};
use crate::base::span::{Source, Sources, Span};
use crate::base::value::Value;
use crate::connect::databases::{CONNECTIONS, Database, Databases, Place, ROWS_MAX};
use crate::connect::left_out;
use crate::lang::plan::{Plan, node::Kind};

/// What can be set of a database.
const FIELDS: [&str; 6] = ["url", "user", "password", "ca_file", "connections", "rows_max"];

/// The table of the settings.
const TABLE: &str = "databases";

/// A database that a step of a program names.
struct Asked<'p> {
    name: &'p str,
    /// How an address of its kind begins.
    example: &'static str,
    span: Span,
}

/// The databases that `plan` names by a fixed text, in its order.
fn asked(plan: &Plan) -> impl Iterator<Item = Asked<'_>> {
    plan.nodes.iter().filter_map(|node| {
        let Kind::Call { operation, params } = &node.kind else { return None };
        let example = match operation.split_once('.')? {
            ("sql", _) => "postgres://...",
            ("mongodb", _) => "mongodb://...",
            _ => return None,
        };
        let Some(Value::Text(name)) = super::needs::fixed(params, "database") else { return None };
        Some(Asked { name, example, span: node.span })
    })
}

/// What is wrong with a setting, and with which.
type Wrong = (&'static str, String);

impl Settings {
    /// The databases whose settings are right; of the others it was said what is wrong before anything runs.
    pub(super) fn databases(&self) -> Databases {
        let names = self.database_names();
        Databases::new(names.iter().filter_map(|name| self.database(name).ok())).beside(&self.directory)
    }

    /// What is wrong with the settings of databases.
    pub(super) fn check_databases(&self, sources: &mut Sources, diagnostics: &mut Vec<Diagnostic>) {
        for (path, entry) in self.file.iter().chain(&self.given) {
            let parts: Vec<&str> = path.iter().map(String::as_str).collect();
            let (name, field) = match parts.as_slice() {
                [TABLE, name, field] => (name, field),
                [TABLE, ..] => {
                    let message = format!("`{}` is no setting of a database", path.join("."));
                    let hint = "write `[databases.NAME]` with `url = \"postgres://...\"` in flow.toml";
                    diagnostics.push(Diagnostic::error(code::UNKNOWN, entry.name, message).hint(hint));
                    continue;
                }
                _ => continue,
            };
            if !FIELDS.contains(field) {
                let message = format!("a database has no setting `{field}`, as `{name}` is given here");
                let diagnostic = Diagnostic::error(code::UNKNOWN, entry.name, message);
                diagnostics.push(match nearest(field, FIELDS) {
                    Some(near) => diagnostic.hint(format!("did you mean `{near}`?")),
                    None => diagnostic.hint(format!("it has `{}`", FIELDS.join("`, `"))),
                });
            }
        }
        for name in self.database_names() {
            let Err((field, message)) = self.database(&name) else { continue };
            let span = self.database_span(&name, field, sources);
            let message = format!("`databases.{name}.{field}` {message}");
            diagnostics.push(Diagnostic::error(code::MISFIT, span, message));
        }
    }

    /// Databases that `plan` names and the settings do not.
    pub(super) fn needs_databases(&self, plan: &Plan, diagnostics: &mut Vec<Diagnostic>) {
        // In a sandbox nothing real is asked.
        if self.stands_in {
            return;
        }
        let names = self.database_names();
        for Asked { name, example, span } in asked(plan) {
            if let Some(known) = names.iter().find(|known| known.eq_ignore_ascii_case(name)) {
                let place = self.database(known).ok().map(|database| database.place);
                if let Some((what, feature)) = place.as_ref().and_then(left_out::database) {
                    let message = format!("the database `{name}` is one of {what}, and this build cannot ask it");
                    let hint = format!("`{}` makes one that can", left_out::way(&[feature]));
                    diagnostics.push(Diagnostic::error(code::MISFIT, span, message).label("asked here").hint(hint));
                }
                continue;
            }
            let message = format!("the settings name no database `{name}`");
            let diagnostic = Diagnostic::error(code::MISSING, span, message).label("asked here");
            let diagnostic = match nearest(name, names.iter().map(String::as_str)) {
                Some(near) => diagnostic.hint(format!("did you mean `{near}`?")),
                None => diagnostic,
            };
            diagnostics.push(
                diagnostic
                    .hint(format!("set the environment variable `{}`", variable(name, "url")))
                    .hint(format!("or write `url = \"{example}\"` under `[databases.{name}]` in flow.toml")),
            );
        }
    }

    /// Those databases, each once and with the variable that names it.
    pub(super) fn lacking_databases(&self, plan: &Plan) -> Vec<Lack> {
        let names = self.database_names();
        let unknown = asked(plan).filter(|asked| !names.iter().any(|known| known.eq_ignore_ascii_case(asked.name)));
        let mut lacks: Vec<Lack> = Vec::new();
        for Asked { name, span, .. } in unknown {
            let lack = Lack { what: format!("the database `{name}`"), variable: variable(name, "url"), span };
            if !lacks.iter().any(|known| known.variable == lack.variable) {
                lacks.push(lack);
            }
        }
        lacks
    }

    /// The databases that anything is set for.
    fn database_names(&self) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = BTreeSet::new();
        for path in self.file.keys().chain(self.given.keys()) {
            if let [table, name, _] = path.as_slice()
                && table == TABLE
            {
                names.insert(name.clone());
            }
        }
        for name in self.environment.keys() {
            let own = name.strip_prefix("FLOW_DATABASE_").and_then(|rest| rest.strip_suffix("_URL"));
            if let Some(own) = own.filter(|own| !own.is_empty())
                && !names.iter().any(|known| variable(known, "url") == *name)
            {
                names.insert(own.to_lowercase());
            }
        }
        names
    }

    /// Where a field was set.
    fn database_span(&self, name: &str, field: &str, sources: &mut Sources) -> Span {
        let path = format!("{TABLE}.{name}.{field}");
        let variable = variable(name, field);
        let (origin, shown) = match self.entry(&[TABLE, name, field]) {
            Some(entry) => return entry.span,
            // Only the name is shown: the value may hold a password.
            None if self.environment.contains_key(&variable) => ("environment", &variable),
            None => ("settings", &path),
        };
        Span::new(sources.add(Source::new(origin, shown)), 0..shown.len())
    }

    /// `--set`, then the environment, then the file.
    fn database_setting(&self, name: &str, field: &str) -> Option<Value> {
        let path = vec![TABLE.to_owned(), name.to_owned(), field.to_owned()];
        let given = self.given.get(&path).map(|entry| entry.value.clone());
        given
            .or_else(|| self.environment.get(&variable(name, field)).map(|text| text.as_str().into()))
            .or_else(|| self.file.get(&path).map(|entry| entry.value.clone()))
    }

    /// One database, all of its settings together.
    fn database(&self, name: &str) -> Result<Database, Wrong> {
        let text = |field: &'static str| match self.database_setting(name, field) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(_) => Err((field, "must be a text".to_owned())),
        };
        let count = |field: &'static str, default: usize| match self.database_setting(name, field) {
            None => Ok(default),
            Some(value) => {
                let number = value.as_int().or_else(|| value.as_text()?.trim().parse().ok());
                let number = number.and_then(|number| usize::try_from(number).ok()).filter(|number| *number > 0);
                number.ok_or((field, "must be a whole number of at least 1".to_owned()))
            }
        };
        let url = text("url")?.ok_or((
            "url",
            "is missing: `postgres://...`, `mysql://...`, `mongodb://...` or `sqlite:path`".to_owned(),
        ))?;
        // Before anything is said of it.
        encoded_password(&url).iter().for_each(|secret| self.mask.learn(secret));
        let mut place = Place::read(&url).map_err(|message| ("url", message))?;
        let (user, password, ca_file) = (text("user")?, text("password")?, text("ca_file")?);
        let named = [("user", &user), ("password", &password), ("ca_file", &ca_file)];
        match place.server_mut() {
            Some(server) => {
                server.user = user.map(|user| user.to_string()).or(server.user.take());
                server.password = password.map(|password| password.to_string()).or(server.password.take());
                server.ca_file = ca_file.map(|file| PathBuf::from(&*file));
                server.password.iter().for_each(|secret| self.mask.learn(secret));
            }
            None => {
                if let Some((field, _)) = named.into_iter().find(|(_, value)| value.is_some()) {
                    return Err((field, "means nothing to a SQLite file".to_owned()));
                }
            }
        }
        Ok(Database {
            name: name.into(),
            place,
            connections: count("connections", CONNECTIONS)?,
            rows_max: count("rows_max", ROWS_MAX)?,
        })
    }
}

/// The password as it stands in an address.
fn encoded_password(url: &str) -> Option<String> {
    let (before, _) = url.split_once("://")?.1.rsplit_once('@')?;
    Some(before.split_once(':')?.1.to_owned())
}

/// The environment variable that sets a field of a database.
fn variable(name: &str, field: &str) -> String {
    let word: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    format!("FLOW_DATABASE_{word}_{}", field.to_uppercase())
}
