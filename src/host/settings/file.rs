//! Reading `flow.toml` and `--set`: every value with its path and its place.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::cover::Covered;
use super::{Entries, Entry, code, known};
use crate::base::diagnostic::Diagnostic;
use crate::base::span::{FileId, Span};
use crate::base::value::Value;

/// A text as diagnostics quote it.
#[derive(Debug)]
pub struct Quoted {
    /// What they quote.
    pub file: FileId,
    /// Where the places of the text lie in it.
    pub covered: Covered,
}

impl Quoted {
    fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.file, self.covered.place(range))
    }
}

/// All values in `text`, by path. Where it is no TOML, that is all there is to say about it.
pub fn parse(text: &str, quoted: &Quoted, diagnostics: &mut Vec<Diagnostic>) -> Entries {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = quoted.span(error.span().unwrap_or(0..0));
        let message = format!("flow.toml is no TOML here: {}", error.message().lines().next().unwrap_or_default());
        diagnostics.push(Diagnostic::error(code::UNREADABLE, span, message));
    }
    let mut entries = Entries::new();
    if diagnostics.iter().any(|found| found.code == code::UNREADABLE) {
        return entries;
    }
    collect(table.get_ref(), &mut Vec::new(), quoted, &mut entries);
    entries
}

/// The value that `path=value` sets: TOML where it is TOML, otherwise the text as it stands.
pub fn assignment(argument: &str, quoted: &Quoted) -> Result<(Vec<String>, Entry), Diagnostic> {
    let whole = quoted.span(0..argument.len());
    let wrong = || {
        Diagnostic::error(code::USAGE, whole, "`--set` needs a path and a value")
            .hint("write `--set http.allow_hosts=[\"127.0.0.1\"]`")
    };
    let (path, text) = argument.split_once('=').ok_or_else(wrong)?;
    let name = quoted.span(0..path.trim_end().len());
    let path = parts(path);
    if path.iter().any(String::is_empty) {
        return Err(wrong());
    }
    let start = argument.len() - text.len();
    let text = text.trim();
    let value = match DeValue::parse(text) {
        Ok(parsed) => value(parsed.get_ref()),
        Err(_) => text.into(),
    };
    // A shell has no quotes to tell a secret of digits from a number.
    let value = if known::is_typed_elsewhere(&path) && is_scalar(&value) { text.into() } else { value };
    let value = if known::is_list(&path) { listed(value, text) } else { value };
    Ok((path, Entry { value, span: quoted.span(start..argument.len()), name }))
}

fn is_scalar(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Float(_) | Value::Bool(_))
}

/// The parts of a path; what stands in quotes is one, whatever dots it has.
fn parts(path: &str) -> Vec<String> {
    let mut quoted = false;
    let outside = |c: char| {
        quoted ^= c == '"';
        c == '.' && !quoted
    };
    path.split(outside).map(|part| part.trim().trim_matches('"').to_owned()).collect()
}

/// What a list is set to on the command line: a list, or its items with commas between.
fn listed(value: Value, text: &str) -> Value {
    match value {
        Value::List(_) => value,
        Value::Text(whole) if !whole.starts_with('[') => Value::list(whole.split(',').map(|item| item.trim().into())),
        Value::Int(_) | Value::Float(_) => Value::list([text.into()]),
        other => other,
    }
}

fn collect(table: &DeTable<'_>, path: &mut Vec<String>, quoted: &Quoted, entries: &mut Entries) {
    for (key, item) in table {
        path.push(key.get_ref().to_string());
        match item.get_ref() {
            DeValue::Table(inner) if !inner.is_empty() => collect(inner, path, quoted, entries),
            // An empty table sets nothing, but its name may be wrong.
            item_value => {
                let span = quoted.span(place(key, item));
                entries.insert(path.clone(), Entry { value: value(item_value), span, name: span });
            }
        }
        path.pop();
    }
}

/// The key and its value, as they stand.
fn place(key: &Spanned<toml::de::DeString<'_>>, item: &Spanned<DeValue<'_>>) -> Range<usize> {
    let (key, item) = (key.span(), item.span());
    key.start..item.end.max(key.end)
}

fn value(item: &DeValue<'_>) -> Value {
    match item {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Boolean(truth) => Value::Bool(*truth),
        DeValue::Integer(number) => i64::from_str_radix(&number.as_str().replace('_', ""), number.radix())
            .map_or_else(|_| number.as_str().into(), Value::Int),
        DeValue::Float(number) => {
            number.as_str().replace('_', "").parse().map_or_else(|_| number.as_str().into(), Value::Float)
        }
        DeValue::Datetime(moment) => moment.to_string().into(),
        DeValue::Array(items) => Value::list(items.iter().map(|item| value(item.get_ref()))),
        DeValue::Table(table) => {
            Value::map(table.iter().map(|(key, item)| (key.get_ref().to_string(), value(item.get_ref()))))
        }
    }
}
