//! Rows under a header, as CSV has them: no cell is lost on the way in, no field on the way out.

use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use super::value::{Map, Value};

/// How much of a cell or a header a message shows.
const SHOWN_MAX: usize = 60;

/// The columns of a table.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// A second one without a name is nowhere to be found under its name: nothing may stand in it.
    names: Vec<Option<Arc<str>>>,
}

impl Columns {
    /// Those that the first row of a table names.
    ///
    /// # Errors
    /// Where two have one name: of what stands in them only one could be kept.
    pub fn named(names: impl IntoIterator<Item = Arc<str>>) -> Result<Self, String> {
        let mut numbers: IndexMap<Arc<str>, usize> = IndexMap::new();
        let mut columns = Vec::new();
        for name in names {
            let number = columns.len() + 1;
            let first = *numbers.entry(name.clone()).or_insert(number);
            if first != number && !name.is_empty() {
                return Err(format!(
                    "columns {first} and {number} are both called `{}`: give one another name, or read rows as lists with `header: false`",
                    shown(&name)
                ));
            }
            columns.push((first == number).then_some(name));
        }
        Ok(Self { names: columns })
    }

    /// Those of all `rows` that are objects, in the order in which they first come.
    pub fn of(rows: &[Value]) -> Self {
        let names: IndexSet<Arc<str>> = rows.iter().filter_map(Value::as_map).flat_map(Map::keys).cloned().collect();
        Self { names: names.into_iter().map(Some).collect() }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// A row as an object. Where it ends early, the rest are empty texts.
    ///
    /// # Errors
    /// Where something stands in a cell that has no column.
    pub fn row<'a>(&self, cells: impl IntoIterator<Item = &'a str>) -> Result<Value, String> {
        let mut row: Map = self.names.iter().flatten().map(|name| (name.clone(), "".into())).collect();
        for (index, cell) in cells.into_iter().enumerate() {
            match self.names.get(index) {
                Some(Some(name)) => {
                    row.insert(name.clone(), cell.into());
                }
                _ if cell.is_empty() => {}
                _ => return Err(self.astray(index, cell)),
            }
        }
        Ok(row.into())
    }

    fn astray(&self, index: usize, cell: &str) -> String {
        let (cell, at, count) = (shown(cell), index + 1, self.names.len());
        format!(
            "cell {at}, `{cell}`, has no column: the header names {count}; a cell with a delimiter in it stands in quotes, \
             and `header: false` reads rows as lists"
        )
    }

    /// The cells of a row that is an object or a list.
    ///
    /// # Errors
    /// Where it has something that no column is for, or is no row.
    fn cells(&self, row: &Value) -> Result<Vec<String>, String> {
        match row {
            Value::Map(map) => {
                let fields: Vec<Option<&Value>> =
                    self.names.iter().map(|name| name.as_ref().and_then(|name| map.get(name))).collect();
                if fields.iter().flatten().count() < map.len() {
                    let is_new = |name: &&Arc<str>| !self.names.iter().flatten().any(|column| column == *name);
                    let new = map.keys().find(is_new).map(|name| shown(name)).unwrap_or_default();
                    return Err(format!("there is no column `{new}`"));
                }
                Ok(fields.into_iter().map(cell).collect())
            }
            Value::List(cells) if !self.is_empty() && cells.len() > self.names.len() => {
                Err(format!("it has {} cells for {} columns", cells.len(), self.names.len()))
            }
            Value::List(cells) => Ok(cells.iter().map(|value| cell(Some(value))).collect()),
            other => Err(format!("it is an object or a list, not of type {}", other.type_name())),
        }
    }

    /// `rows` as CSV under these columns, which are written before them where `header` says so.
    ///
    /// # Errors
    /// Where a row does not fit; the message says which.
    pub fn write(&self, rows: &[Value], header: bool, delimiter: u8) -> Result<Vec<u8>, String> {
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(Vec::new());
        if header && !self.is_empty() {
            let names = self.names.iter().map(|name| name.as_deref().unwrap_or_default());
            writer.write_record(names).map_err(|error| error.to_string())?;
        }
        for (index, row) in rows.iter().enumerate() {
            let cells = self.cells(row).map_err(|wrong| format!("row [{index}]: {wrong}"))?;
            writer.write_record(cells).map_err(|error| error.to_string())?;
        }
        writer.into_inner().map_err(|error| error.to_string())
    }
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Unit | Value::Null) => String::new(),
        Some(value) => value.to_string(),
    }
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// The line, from 1, on which what stands at `offset` of `bytes` begins; ends of lines before it are passed over.
pub fn line_at(bytes: impl IntoIterator<Item = u8>, offset: u64) -> u64 {
    let (mut line, mut at, mut after_return) = (1, 0, false);
    for byte in bytes {
        if at >= offset && !matches!(byte, b'\r' | b'\n') {
            break;
        }
        // A line ends with either of them, or with both.
        line += u64::from(byte == b'\r' || byte == b'\n' && !after_return);
        after_return = byte == b'\r';
        at += 1;
    }
    line
}
