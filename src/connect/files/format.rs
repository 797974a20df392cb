//! What the bytes of a file mean: `text json jsonl csv bytes`.

use std::path::Path;
use std::sync::Arc;

use super::broken;
use crate::base::failure::{Failure, Kind};
use crate::base::value::{Map, Value};

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// UTF-8.
    Text,
    /// One JSON value.
    Json,
    /// One JSON value per line.
    JsonLines,
    /// Rows with a header.
    Csv,
    /// As they are.
    Bytes,
}

fn invalid(message: impl Into<Arc<str>>) -> Failure {
    Failure::new(Kind::ValidationError, message)
}

impl Format {
    /// The format that `word` names; where it is absent, the one that the ending of `path` says.
    ///
    /// # Errors
    /// `validation_error` for another word.
    pub fn of(word: &Value, path: &str) -> Result<Self, Failure> {
        if word.is_unit() {
            let ending = Path::new(path).extension().map(|ending| ending.to_ascii_lowercase());
            return Ok(match ending.as_ref().and_then(|ending| ending.to_str()) {
                Some("json") => Self::Json,
                Some("jsonl" | "ndjson") => Self::JsonLines,
                Some("csv") => Self::Csv,
                _ => Self::Text,
            });
        }
        Ok(match word.as_text() {
            Some("text") => Self::Text,
            Some("json") => Self::Json,
            Some("jsonl") => Self::JsonLines,
            Some("csv") => Self::Csv,
            Some("bytes") => Self::Bytes,
            _ => return Err(invalid(format!("`format` must be text, json, jsonl, csv or bytes, is {word}"))),
        })
    }

    /// What `bytes` mean.
    ///
    /// # Errors
    /// `validation_error` that names the line.
    pub fn read(self, path: &str, bytes: Vec<u8>) -> Result<Value, Failure> {
        match self {
            Self::Bytes => Ok(Value::Bytes(bytes.into())),
            Self::Text => Ok(text(path, bytes)?.into()),
            Self::Json => serde_json::from_slice(without_mark(&bytes))
                .map(Value::from_json)
                .map_err(|error| invalid(format!("`{path}` is no JSON: {error}"))),
            Self::JsonLines => {
                let text = text(path, bytes)?;
                let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
                let values: Result<Vec<Value>, Failure> =
                    lines.map(|(index, line)| json_line(path, index + 1, line)).collect();
                Ok(Value::list(values?))
            }
            Self::Csv => {
                let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(without_mark(&bytes));
                let fail = |error: csv::Error| invalid(format!("`{path}` is no CSV: {error}"));
                let names: Vec<Arc<str>> = reader.headers().map_err(fail)?.iter().map(Arc::from).collect();
                let rows: Result<Vec<Value>, Failure> =
                    reader.records().map(|row| Ok(csv_row(&names, &row.map_err(fail)?))).collect();
                Ok(Value::list(rows?))
            }
        }
    }

    /// The bytes that `content` becomes.
    ///
    /// # Errors
    /// `validation_error` for content that the format cannot hold.
    pub fn write(self, content: &Value) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Text | Self::Bytes => Ok(match content {
                Value::Bytes(bytes) => bytes.to_vec(),
                Value::Unit => Vec::new(),
                other => other.to_string().into_bytes(),
            }),
            Self::Json => {
                let json = content.without_absent().to_json();
                let mut text = serde_json::to_string_pretty(&json).unwrap_or_else(|_| json.to_string());
                text.push('\n');
                Ok(text.into_bytes())
            }
            Self::JsonLines => {
                let items = items(content)?;
                Ok(items
                    .iter()
                    .flat_map(|item| format!("{}\n", item.without_absent().to_json()).into_bytes())
                    .collect())
            }
            Self::Csv => csv_text(&items(content)?, None),
        }
    }

    /// The bytes that `content` becomes at the end of a file.
    ///
    /// # Errors
    /// As [`Format::write`]; for CSV also where the file's header cannot be read or lacks a column.
    pub fn append(self, path: &str, target: &Path, content: &Value) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Text | Self::Bytes => self.write(content),
            Self::Json => Err(invalid(format!(
                "nothing can be added to a JSON value: append to `{path}` with `format: \"jsonl\"`, or write it anew"
            ))),
            Self::JsonLines => match content {
                Value::List(_) | Value::Set(_) => self.write(content),
                one => self.write(&Value::list([one.clone()])),
            },
            Self::Csv => {
                let rows = match content {
                    Value::Map(_) => vec![content.clone()],
                    content => items(content)?,
                };
                let filled = std::fs::metadata(target).is_ok_and(|metadata| metadata.len() > 0);
                if !filled {
                    return csv_text(&rows, None);
                }
                let file = std::fs::File::open(target).map_err(|error| broken(path, &error))?;
                let mut reader = csv::Reader::from_reader(file);
                let header =
                    reader.headers().map_err(|error| invalid(format!("`{path}` has no header to follow: {error}")))?;
                csv_text(&rows, Some(header.iter().map(Arc::from).collect()))
            }
        }
    }
}

fn items(content: &Value) -> Result<Vec<Value>, Failure> {
    match content {
        Value::List(items) => Ok(items.to_vec()),
        Value::Set(items) => Ok(items.iter().cloned().collect()),
        other => Err(invalid(format!("`content` must be a list for this format, is of type {}", other.type_name()))),
    }
}

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes)
}

fn text(path: &str, bytes: Vec<u8>) -> Result<String, Failure> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        invalid(format!("`{path}` is no text: byte {at} is no UTF-8; read it with `format: \"bytes\"`"))
    })?;
    Ok(text.strip_prefix('\u{feff}').map(ToOwned::to_owned).unwrap_or(text))
}

/// The value on one line.
pub fn json_line(path: &str, line: usize, text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text)
        .map(Value::from_json)
        .map_err(|error| invalid(format!("`{path}`, line {line}, is no JSON: {error}")))
}

/// A row as an object; cells beyond the header are dropped, missing ones are empty texts.
pub fn csv_row(names: &[Arc<str>], row: &csv::StringRecord) -> Value {
    Value::map(names.iter().enumerate().map(|(index, name)| (name.clone(), row.get(index).unwrap_or_default().into())))
}

/// Rows as CSV. Without `header` the names of all rows make one; lists have none.
fn csv_text(rows: &[Value], header: Option<Vec<Arc<str>>>) -> Result<Vec<u8>, Failure> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    let fail = |error: csv::Error| invalid(format!("this cannot be written as CSV: {error}"));
    let mut names = Map::new();
    for name in rows.iter().filter_map(Value::as_map).flat_map(Map::keys) {
        names.insert(name.clone(), Value::Unit);
    }
    let columns: Vec<Arc<str>> = match &header {
        Some(header) => {
            if let Some(new) = names.keys().find(|name| !header.contains(name)) {
                return Err(invalid(format!("the file has no column `{new}`")));
            }
            header.clone()
        }
        None => names.into_keys().collect(),
    };
    if header.is_none() && !columns.is_empty() {
        writer.write_record(columns.iter().map(|name| &**name)).map_err(fail)?;
    }
    let cell = |value: Option<&Value>| match value {
        None | Some(Value::Unit | Value::Null) => String::new(),
        Some(value) => value.to_string(),
    };
    for row in rows {
        let cells: Vec<String> = match row {
            Value::Map(map) => columns.iter().map(|name| cell(map.get(name))).collect(),
            Value::List(cells) => cells.iter().map(|value| cell(Some(value))).collect(),
            other => {
                let message = format!("a row of CSV is an object or a list, not of type {}", other.type_name());
                return Err(invalid(message));
            }
        };
        writer.write_record(cells).map_err(fail)?;
    }
    writer.into_inner().map_err(|error| invalid(format!("this cannot be written as CSV: {error}")))
}
