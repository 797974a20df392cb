//! `files.rows`: the rows of a file, some at a time, so that a file may be larger than the memory.

use std::io::{BufRead as _, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use super::format::{Format, MARK, json_line, not_utf8};
use super::records::{ROW_BYTES_MAX, Records};
use super::{Roots, broken, open};
use crate::base::failure::{Failure, Kind};
use crate::base::table::Columns;
use crate::base::value::Value;
use crate::connect::connectors::invalid;
use crate::connect::page::Bound;
use crate::connect::registry::Call;
use crate::run::world::Outcome;

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
        let format = Format::of(call, &path)?;
        let target = roots.find(&path)?;
        let whole = Bound { bytes: call.environment.response_bytes_max, ..Bound::NONE };
        let wanted = if call.act.streamed { Bound::PAGE } else { whole };
        let position = Position::from_value(&call.act.page);
        let (rows, next) = match format {
            Format::Json => items(call, &path, &target, position, wanted)?,
            Format::Bytes => {
                return Ok(invalid("bytes have no rows: `format` must be text, json, jsonl or csv"));
            }
            format => page(&path, format, open::to_read(&path, &target)?, position, wanted)?,
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

/// All rows of a file that is held.
pub fn all(path: &str, format: Format, bytes: &[u8]) -> Result<Vec<Value>, Failure> {
    page(path, format, Cursor::new(bytes), Position::default(), Bound::NONE).map(|(rows, _)| rows)
}

fn page(path: &str, format: Format, source: impl Read + Seek, at: Position, wanted: Bound) -> Result<Page, Failure> {
    match format {
        Format::Csv { header } => records(path, header, source, at, wanted),
        format => lines(path, format, source, at, wanted),
    }
}

fn lines(
    path: &str,
    format: Format,
    mut source: impl Read + Seek,
    mut at: Position,
    wanted: Bound,
) -> Result<Page, Failure> {
    let fail = |error: std::io::Error| broken(path, &error);
    source.seek(SeekFrom::Start(at.offset)).map_err(fail)?;
    let mut reader = BufReader::new(source);
    let (mut rows, mut line) = (Rows::default(), Vec::new());
    while !rows.reach(wanted) {
        line.clear();
        let read = reader.by_ref().take(ROW_BYTES_MAX).read_until(b'\n', &mut line).map_err(fail)? as u64;
        if read == 0 {
            return Ok((rows.values, None));
        }
        at.offset += read;
        at.rows += 1;
        if read == ROW_BYTES_MAX {
            let message = format!("`{path}`, line {}, is longer than {ROW_BYTES_MAX} bytes", at.rows);
            return Err(Failure::new(Kind::LimitExceeded, message).detail("path", path));
        }
        let text = std::str::from_utf8(&line).map_err(|_| not_utf8(path, at.rows))?;
        let text = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
        let text = if at.rows == 1 { text.strip_prefix(MARK).unwrap_or(text) } else { text };
        match format {
            Format::JsonLines if text.trim().is_empty() => {}
            Format::JsonLines => rows.take(json_line(path, at.rows, text)?),
            _ => rows.take(text.into()),
        }
    }
    Ok((rows.values, Some(at)))
}

fn records(
    path: &str,
    header: bool,
    source: impl Read + Seek,
    mut at: Position,
    wanted: Bound,
) -> Result<Page, Failure> {
    let is_first = at.offset == 0;
    let mut records = Records::from(path, source, at.offset)?;
    if header && is_first {
        match records.next()? {
            Some(names) => at.names = names.iter().map(Arc::from).collect(),
            None => return Ok((Vec::new(), None)),
        }
    }
    let columns = Columns::named(at.names.iter().cloned()).map_err(|wrong| records.fault(0, &wrong))?;
    let mut rows = Rows::default();
    while !rows.reach(wanted) {
        let begun = records.offset();
        let Some(record) = records.next()? else { return Ok((rows.values, None)) };
        let row = if header { columns.row(record) } else { Ok(Value::list(record.iter().map(Value::from))) };
        at.rows += 1;
        rows.take(row.map_err(|wrong| records.fault(begun, &wrong))?);
    }
    at.offset = records.offset();
    Ok((rows.values, Some(at)))
}

fn items(call: &Call, path: &str, target: &Path, mut at: Position, wanted: Bound) -> Result<Page, Failure> {
    let value = Format::Json.read(path, open::whole(path, target, call.environment.response_bytes_max)?)?;
    let Some(items) = value.as_list() else {
        let message = format!("`{path}` has no rows: it holds a value of type {}, not a list", value.type_name());
        return Err(Failure::new(Kind::ValidationError, message));
    };
    let start = usize::try_from(at.offset).unwrap_or(usize::MAX).min(items.len());
    let end = start.saturating_add(wanted.rows).min(items.len());
    at.offset = end as u64;
    Ok((items[start..end].to_vec(), (end < items.len()).then_some(at)))
}
