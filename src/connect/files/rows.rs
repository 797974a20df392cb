//! `files.rows`: the rows of a file, some at a time, so that a file may be larger than the memory.

use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use super::format::{Format, csv_row, json_line};
use super::{Roots, broken, bytes};
use crate::base::failure::{Failure, Kind};
use crate::base::value::Value;
use crate::connect::connectors::invalid;
use crate::connect::page::Bound;
use crate::connect::registry::Call;
use crate::run::world::Outcome;

/// How long one row may be, in bytes.
const ROW_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Where the next page begins.
#[derive(Clone, Debug, Default)]
struct Position {
    /// In bytes; in items for JSON.
    offset: u64,
    /// How many rows came before, for messages.
    rows: u64,
    /// The header of CSV.
    names: Vec<Arc<str>>,
}

impl Position {
    fn from_value(value: &Value) -> Self {
        let number = |name: &str| value.get(name).and_then(Value::as_int).and_then(|n| u64::try_from(n).ok());
        let names = value.get("names").and_then(Value::as_list).unwrap_or_default();
        Self {
            offset: number("offset").unwrap_or_default(),
            rows: number("rows").unwrap_or_default(),
            names: names.iter().map(|name| name.to_string().into()).collect(),
        }
    }

    fn to_value(&self) -> Value {
        let number = |n: u64| Value::Int(i64::try_from(n).unwrap_or(i64::MAX));
        Value::map([
            ("offset", number(self.offset)),
            ("rows", number(self.rows)),
            ("names", Value::list(self.names.iter().cloned().map(Value::from))),
        ])
    }
}

/// One page of a stream, or all rows.
pub fn rows(call: &Call, roots: &Roots) -> Outcome {
    let run = || -> Result<Outcome, Failure> {
        let path = call.text("path")?;
        let format = Format::of(&call.param("format"), &path)?;
        let target = roots.find(&path)?;
        let whole = Bound { bytes: call.environment.response_bytes_max, ..Bound::NONE };
        let wanted = if call.act.streamed { Bound::PAGE } else { whole };
        let position = Position::from_value(&call.act.page);
        let (rows, next) = match format {
            Format::Text | Format::JsonLines => lines(&path, &target, format, position, wanted)?,
            Format::Csv => records(&path, &target, position, wanted)?,
            Format::Json => items(call, &path, &target, position, wanted)?,
            Format::Bytes => {
                return Ok(invalid("bytes have no rows: `format` must be text, json, jsonl or csv"));
            }
        };
        if next.is_some() && !call.act.streamed {
            let message = format!(
                "`{path}` has more than {} bytes of rows: go through them with `for row from files.rows`, or raise the setting `http.response_bytes_max`",
                wanted.bytes
            );
            return Err(Failure::new(Kind::LimitExceeded, message).detail("path", &*path));
        }
        Ok(Outcome { next_page: next.map_or(Value::Unit, |next| next.to_value()), ..Outcome::done(Value::list(rows)) })
    };
    run().unwrap_or_else(Outcome::failed)
}

type Page = (Vec<Value>, Option<Position>);

/// The rows of a page so far.
#[derive(Default)]
struct Rows {
    values: Vec<Value>,
    bytes: usize,
}

impl Rows {
    fn take(&mut self, row: Value) {
        self.bytes += row.weight();
        self.values.push(row);
    }

    fn reach(&self, bound: Bound) -> bool {
        bound.is_reached(self.values.len(), self.bytes)
    }
}

fn lines(path: &str, target: &Path, format: Format, mut at: Position, wanted: Bound) -> Result<Page, Failure> {
    let fail = |error: std::io::Error| broken(path, &error);
    let mut file = std::fs::File::open(target).map_err(fail)?;
    file.seek(SeekFrom::Start(at.offset)).map_err(fail)?;
    let mut reader = BufReader::new(file);
    let mut rows = Rows::default();
    while !rows.reach(wanted) {
        let mut line = String::new();
        let read = reader.by_ref().take(ROW_BYTES_MAX).read_line(&mut line).map_err(fail)? as u64;
        if read == 0 {
            return Ok((rows.values, None));
        }
        if read == ROW_BYTES_MAX {
            let message = format!("`{path}`, line {}, is longer than {ROW_BYTES_MAX} bytes", at.rows + 1);
            return Err(Failure::new(Kind::LimitExceeded, message));
        }
        at.offset += read;
        at.rows += 1;
        let text = line.trim_end_matches(['\n', '\r']);
        let text = if at.rows == 1 { text.trim_start_matches('\u{feff}') } else { text };
        match format {
            Format::JsonLines if text.trim().is_empty() => {}
            Format::JsonLines => rows.take(json_line(path, usize::try_from(at.rows).unwrap_or(usize::MAX), text)?),
            _ => rows.take(text.into()),
        }
    }
    Ok((rows.values, Some(at)))
}

fn records(path: &str, target: &Path, mut at: Position, wanted: Bound) -> Result<Page, Failure> {
    let fail = |error: csv::Error| {
        Failure::new(Kind::ValidationError, format!("`{path}` is no CSV: {error}")).detail("path", path)
    };
    let mut file = std::fs::File::open(target).map_err(|error| broken(path, &error))?;
    file.seek(SeekFrom::Start(at.offset)).map_err(|error| broken(path, &error))?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(file);
    let (mut rows, mut record) = (Rows::default(), csv::StringRecord::new());
    while !rows.reach(wanted) {
        let before = reader.position().byte();
        if !reader.read_record(&mut record).map_err(fail)? {
            return Ok((rows.values, None));
        }
        if at.names.is_empty() && at.offset + before == 0 {
            at.names = record.iter().map(|name| name.trim_start_matches('\u{feff}').into()).collect();
            continue;
        }
        at.rows += 1;
        rows.take(csv_row(&at.names, &record));
    }
    at.offset += reader.position().byte();
    Ok((rows.values, Some(at)))
}

fn items(call: &Call, path: &str, target: &Path, mut at: Position, wanted: Bound) -> Result<Page, Failure> {
    let value = Format::Json.read(path, bytes(call, path, target)?)?;
    let Some(items) = value.as_list() else {
        let message = format!("`{path}` has no rows: it holds a value of type {}, not a list", value.type_name());
        return Err(Failure::new(Kind::ValidationError, message));
    };
    let start = usize::try_from(at.offset).unwrap_or(usize::MAX).min(items.len());
    let end = start.saturating_add(wanted.rows).min(items.len());
    at.offset = end as u64;
    Ok((items[start..end].to_vec(), (end < items.len()).then_some(at)))
}
