//! What the bytes of a file mean: `text json jsonl csv bytes`.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use super::records::Records;
use super::rows;
use super::{broken, open};
use crate::base::failure::{Failure, Kind};
use crate::base::table::{Columns, line_at};
use crate::base::value::Value;
use crate::connect::registry::Call;

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// UTF-8.
    Text,
    /// One JSON value.
    Json,
    /// One JSON value per line.
    JsonLines,
    /// Rows, under a header or without one.
    Csv {
        /// Whether the first row names the columns.
        header: bool,
    },
    /// As they are.
    Bytes,
}

/// With which a file may say that it is UTF-8.
pub const MARK: &str = "\u{feff}";

fn invalid(message: impl Into<Arc<str>>) -> Failure {
    Failure::new(Kind::ValidationError, message)
}

impl Format {
    /// The format that a call names; where it names none, the one that the ending of `path` says.
    ///
    /// # Errors
    /// `validation_error` for another word, and for a `header` of what has none.
    pub fn of(call: &Call, path: &str) -> Result<Self, Failure> {
        let format = match call.param("format") {
            Value::Unit => Self::by_ending(path),
            word => word
                .as_text()
                .and_then(Self::named)
                .ok_or_else(|| invalid(format!("`format` must be text, json, jsonl, csv or bytes, is {word}")))?,
        };
        match (format, call.param("header")) {
            (format, Value::Unit) => Ok(format),
            (Self::Csv { .. }, Value::Bool(header)) => Ok(Self::Csv { header }),
            (Self::Csv { .. }, other) => Err(invalid(format!("`header` must be true or false, is {other}"))),
            _ => Err(invalid(format!("`header` is for CSV: with it, say `format: \"csv\"` for `{path}`"))),
        }
    }

    fn by_ending(path: &str) -> Self {
        let ending = Path::new(path).extension().map(|ending| ending.to_ascii_lowercase());
        match ending.as_ref().and_then(|ending| ending.to_str()) {
            Some("json") => Self::Json,
            Some("jsonl" | "ndjson") => Self::JsonLines,
            Some("csv") => Self::Csv { header: true },
            _ => Self::Text,
        }
    }

    fn named(word: &str) -> Option<Self> {
        Some(match word {
            "text" => Self::Text,
            "json" => Self::Json,
            "jsonl" => Self::JsonLines,
            "csv" => Self::Csv { header: true },
            "bytes" => Self::Bytes,
            _ => return None,
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
            Self::Json => serde_json::from_slice(bytes.strip_prefix(MARK.as_bytes()).unwrap_or(&bytes))
                .map(Value::from_json)
                .map_err(|error| invalid(format!("`{path}` is no JSON: {error}"))),
            Self::JsonLines | Self::Csv { .. } => rows::all(path, self, &bytes).map(Value::list),
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
            Self::Csv { .. } => {
                let rows = items(content)?;
                csv(&rows, &Columns::of(&rows), true)
            }
        }
    }

    /// The bytes that `content` becomes at the end of a file.
    ///
    /// # Errors
    /// As [`Format::write`]; for CSV also where the file's header cannot be read or lacks a column.
    pub fn append(self, path: &str, target: &Path, content: &Value) -> Result<Vec<u8>, Failure> {
        let bytes = match self {
            Self::Text | Self::Bytes => return self.write(content),
            Self::Json => {
                return Err(invalid(format!(
                    "nothing can be added to a JSON value: append to `{path}` with `format: \"jsonl\"`, or write it anew"
                )));
            }
            Self::JsonLines => match content {
                Value::List(_) | Value::Set(_) => self.write(content),
                one => self.write(&Value::list([one.clone()])),
            },
            Self::Csv { .. } => {
                let rows = match content {
                    Value::Map(_) => vec![content.clone()],
                    content => items(content)?,
                };
                match header(path, target)? {
                    Some(columns) => csv(&rows, &columns, false),
                    None => csv(&rows, &Columns::of(&rows), true),
                }
            }
        }?;
        // Otherwise what is added would be part of the last line.
        Ok(if ends_amid_a_line(path, target)? { [b"\n", &*bytes].concat() } else { bytes })
    }
}

/// The columns of the file that stands at `target`; none where it is not there, or is empty.
fn header(path: &str, target: &Path) -> Result<Option<Columns>, Failure> {
    if !target.exists() {
        return Ok(None);
    }
    let mut records = Records::from(path, open::to_read(path, target)?, 0)?;
    let Some(names) = records.next()?.map(|names| names.iter().map(Arc::from).collect::<Vec<Arc<str>>>()) else {
        return Ok(None);
    };
    Columns::named(names).map(Some).map_err(|wrong| records.fault(0, &wrong))
}

/// Whether the last line of the file at `target` is not ended.
fn ends_amid_a_line(path: &str, target: &Path) -> Result<bool, Failure> {
    if !target.exists() {
        return Ok(false);
    }
    let mut file = open::to_read(path, target)?;
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(-1)).is_ok() {
        file.read_exact(&mut last).map_err(|error| broken(path, &error))?;
    }
    Ok(last != *b"\n")
}

fn items(content: &Value) -> Result<Vec<Value>, Failure> {
    match content {
        Value::List(items) => Ok(items.to_vec()),
        Value::Set(items) => Ok(items.iter().cloned().collect()),
        other => Err(invalid(format!("`content` must be a list for this format, is of type {}", other.type_name()))),
    }
}

fn text(path: &str, bytes: Vec<u8>) -> Result<String, Failure> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to() as u64;
        not_utf8(path, line_at(error.as_bytes().iter().copied(), at))
    })?;
    Ok(text.strip_prefix(MARK).map(ToOwned::to_owned).unwrap_or(text))
}

/// What is said of a line that is no text.
pub fn not_utf8(path: &str, line: u64) -> Failure {
    let message =
        format!("`{path}`, line {line}, is not UTF-8: save the file as UTF-8, or read it with `format: \"bytes\"`");
    invalid(message).detail("path", path)
}

/// The value on one line.
pub fn json_line(path: &str, line: u64, text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map(Value::from_json).map_err(|error| {
        // The place in the line; that it is the first of one line says nothing.
        let (column, message) = (error.column(), error.to_string());
        let own = format!(" at line {} column {column}", error.line());
        let what = message.strip_suffix(&own).unwrap_or(&message);
        invalid(format!("`{path}`, line {line}, is no JSON: {what} at column {column}")).detail("path", path)
    })
}

fn csv(rows: &[Value], columns: &Columns, header: bool) -> Result<Vec<u8>, Failure> {
    columns.write(rows, header, b',').map_err(|wrong| invalid(format!("this cannot be written as CSV: {wrong}")))
}
