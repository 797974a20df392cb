//! Which settings there are, and of which type.

use std::collections::BTreeSet;

use super::{Entries, code};
use crate::base::diagnostic::Diagnostic;
use crate::base::time::Duration;
use crate::base::value::{Map, Value};

/// The type of a setting.
#[derive(Clone, Copy, Debug)]
enum Wanted {
    /// A text.
    Text,
    /// A list of texts.
    Texts,
    /// An address of the web.
    Address,
    /// A whole number of at least one.
    Count,
    /// A duration, as programs write it.
    Duration,
}

/// The fixed settings; `docs/settings.md` says what each does.
const KNOWN: [(&str, &str, Wanted); 14] = [
    ("http", "allow_hosts", Wanted::Texts),
    ("http", "ca_file", Wanted::Text),
    ("http", "no_proxy", Wanted::Texts),
    ("http", "proxy", Wanted::Address),
    ("http", "response_bytes_max", Wanted::Count),
    ("http", "saved_bytes_max", Wanted::Count),
    ("files", "roots", Wanted::Texts),
    ("process", "allow", Wanted::Texts),
    ("run", "chain_runs", Wanted::Count),
    ("run", "timeout", Wanted::Duration),
    ("serve", "patience", Wanted::Duration),
    ("store", "keep", Wanted::Duration),
    ("store", "keep_failed", Wanted::Duration),
    ("store", "keep_events", Wanted::Duration),
];

/// Tables whose names are the program's affair.
const OPEN: [&str; 4] = ["env", SECRETS, CONNECTORS, DATABASES];

/// The table of the secrets.
const SECRETS: &str = "secrets";
/// The table of the tables of databases.
const DATABASES: &str = "databases";
/// The table of the tables of connectors.
const CONNECTORS: &str = "connectors";

/// Reports what nobody knows and what has the wrong type. The settings of connectors are checked with the connector,
/// those of databases where they are put together.
pub fn check(entries: &Entries, diagnostics: &mut Vec<Diagnostic>) {
    for (path, entry) in entries {
        let parts: Vec<&str> = path.iter().map(String::as_str).collect();
        match parts.as_slice() {
            [table] if OPEN.contains(table) && *table != DATABASES && entry.value.as_map().is_none() => {
                let message = format!("`{table}` must be a table, such as `[{table}]` with a line for each setting");
                diagnostics.push(Diagnostic::error(code::MISFIT, entry.span, message));
            }
            [CONNECTORS, name] if entry.value.as_map().is_none() => {
                let message = format!("`{CONNECTORS}.{name}` must be a table: `[{CONNECTORS}.{name}]`");
                diagnostics.push(Diagnostic::error(code::MISFIT, entry.span, message));
            }
            [SECRETS, name, rest @ ..] if !rest.is_empty() || entry.value.as_text().is_none() => {
                let message = format!("`{SECRETS}.{name}` must be a text");
                let diagnostic = Diagnostic::error(code::MISFIT, entry.span, message);
                diagnostics.push(diagnostic.hint(format!("put it into quotes: `{name} = \"...\"`")));
            }
            [table, ..] if OPEN.contains(table) => {}
            // A table whose lines are all commented out.
            [table]
                if KNOWN.iter().any(|(known, ..)| known == table)
                    && entry.value.as_map().is_some_and(Map::is_empty) => {}
            [table, name] if KNOWN.iter().any(|(known, field, _)| known == table && field == name) => {
                let wanted = KNOWN.iter().find(|(known, field, _)| known == table && field == name);
                if let Some(message) = wanted.and_then(|(.., wanted)| misfit(*wanted, &entry.value)) {
                    let message = format!("`{}` must be {message}", path.join("."));
                    diagnostics.push(Diagnostic::error(code::MISFIT, entry.span, message));
                }
            }
            parts => diagnostics.push(unknown(parts, entry.name)),
        }
    }
}

/// Whether it is no affair of TOML which type the setting at `path` has: secrets are texts, and connectors declare theirs.
pub fn is_typed_elsewhere(path: &[String]) -> bool {
    path.first().is_some_and(|table| table == SECRETS || table == CONNECTORS)
}

/// Whether the setting at `path` is a list of texts.
pub fn is_list(path: &[String]) -> bool {
    let is = |table: &str, name: &str| matches!(path, [a, b] if a == table && b == name);
    KNOWN.iter().any(|(table, name, wanted)| matches!(wanted, Wanted::Texts) && is(table, name))
}

fn misfit(wanted: Wanted, value: &Value) -> Option<&'static str> {
    match wanted {
        Wanted::Text => value.as_text().is_none().then_some("a text"),
        Wanted::Texts => {
            let fits = value.as_list().is_some_and(|items| items.iter().all(|item| item.as_text().is_some()));
            (!fits).then_some("a list of texts, such as `[\"one\", \"two\"]`")
        }
        Wanted::Address => {
            let url = value.as_text().and_then(|text| url::Url::parse(text).ok());
            let fits = url.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
            (!fits).then_some("an address, such as `\"http://proxy.example:3128\"`")
        }
        Wanted::Count => value.as_int().is_none_or(|count| count <= 0).then_some("a whole number of at least 1"),
        Wanted::Duration => {
            let fits = value.as_text().is_some_and(|text| text.parse::<Duration>().is_ok_and(|it| it > Duration::ZERO));
            (!fits).then_some("a duration, such as `\"30s\"`")
        }
    }
}

fn unknown(parts: &[&str], span: crate::base::span::Span) -> Diagnostic {
    let shown = parts.join(".");
    let diagnostic = Diagnostic::error(code::UNKNOWN, span, format!("there is no setting `{shown}`"));
    let names: BTreeSet<String> = KNOWN.iter().map(|(table, field, _)| format!("{table}.{field}")).collect();
    let tables: BTreeSet<&str> = KNOWN.iter().map(|(table, ..)| *table).chain(OPEN).collect();
    let table = parts.first().copied().unwrap_or_default();
    let near = crate::base::diagnostic::nearest(&shown, names.iter().map(String::as_str)).or_else(|| {
        // A wrong table with right fields is told by its table alone.
        let wrong_table = !tables.contains(table);
        wrong_table.then(|| crate::base::diagnostic::nearest(table, tables.iter().copied())).flatten()
    });
    match near {
        Some(name) => diagnostic.hint(format!("did you mean `{name}`?")),
        None => diagnostic
            .hint(format!("the settings are {}, and the tables env, secrets, connectors and databases", {
                names.into_iter().collect::<Vec<_>>().join(", ")
            })),
    }
}
