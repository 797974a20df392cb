//! Statements: texts with places for values, as each dialect writes them.
//!
//! Values are never put into a text. `?` and `:name` stand where they go, and become what the dialect writes there: `$1`,
//! `?`. Names of tables and columns that come from a program are quoted.

use std::sync::Arc;

use crate::base::diagnostic::nearest;
use crate::base::failure::{Failure, Kind};
use crate::base::value::{Map, Value};

/// How a database writes things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
}

/// How many values one statement may carry: less than any of the databases takes.
const VALUES_MAX: usize = 30_000;

/// What begins a statement that would leave a mark on the connection: the next one to use it may be anybody's.
const OWN_AFFAIR: [&str; 27] = [
    "abort",
    "attach",
    "begin",
    "close",
    "commit",
    "copy",
    "deallocate",
    "declare",
    "detach",
    "discard",
    "end",
    "execute",
    "fetch",
    "handler",
    "listen",
    "load",
    "lock",
    "move",
    "prepare",
    "release",
    "reset",
    "rollback",
    "savepoint",
    "set",
    "start",
    "unlock",
    "use",
];

/// A statement, ready to be sent.
#[derive(Clone, Debug)]
pub struct Statement {
    /// As the dialect writes it.
    pub text: String,
    /// What goes into its places, in order.
    pub values: Vec<Value>,
    /// Its first word, in lower case.
    pub verb: String,
    /// The table it puts rows into, where the connector wrote it; quoted.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(dead_code, reason = "only PostgreSQL must be asked for a table's key")
    )]
    pub table: Option<String>,
}

fn invalid(message: impl Into<Arc<str>>) -> Failure {
    Failure::new(Kind::ValidationError, message)
}

impl Statement {
    /// A program's statement with its values.
    ///
    /// # Errors
    /// `validation_error` where text and values do not fit each other.
    pub fn new(dialect: Dialect, sql: &str, params: &Value) -> Result<Self, Failure> {
        if sql.contains('\0') {
            return Err(invalid("the statement holds a character that no database takes: code 0"));
        }
        let verb = verb(dialect, sql);
        if verb.is_empty() {
            return Err(invalid("the statement is empty"));
        }
        if OWN_AFFAIR.contains(&verb.as_str()) {
            let message = format!(
                "`{verb}` is about the connection, which others use next: several statements that belong together go in `sql.transaction`"
            );
            return Err(invalid(message));
        }
        let mut places = Places { dialect, params, values: Vec::new(), named: Vec::new(), taken: 0 };
        let text = places.fill(sql)?;
        places.check()?;
        Ok(Self { text, values: places.values, verb, table: None })
    }

    /// Whether it puts new rows into a table.
    #[cfg(any(feature = "sqlite", feature = "mysql"))]
    pub fn inserts(&self) -> bool {
        matches!(self.verb.as_str(), "insert" | "replace")
    }

    /// Whether its rows can be had some at a time: what else gives rows gives few.
    pub fn is_selection(&self) -> bool {
        matches!(self.verb.as_str(), "select" | "with" | "values" | "table")
    }
}

/// The places of one statement, as they are filled.
struct Places<'a> {
    dialect: Dialect,
    params: &'a Value,
    values: Vec<Value>,
    /// The names met so far, in order.
    named: Vec<String>,
    /// How many `?` were met.
    taken: usize,
}

impl Places<'_> {
    fn fill(&mut self, sql: &str) -> Result<String, Failure> {
        let bytes = sql.as_bytes();
        let mut text = String::with_capacity(sql.len() + 16);
        let (mut at, mut copied) = (0, 0);
        while at < bytes.len() {
            if let Some(end) = passed_over(self.dialect, sql, at) {
                at = end;
                continue;
            }
            let (end, place) = match bytes[at] {
                // PostgreSQL has operators with a question mark; twice, it stands for itself.
                b'?' if bytes.get(at + 1) == Some(&b'?') => (at + 2, "?".to_owned()),
                b'?' if bytes.get(at + 1).is_some_and(u8::is_ascii_digit) => {
                    let message = "a `?` with a number behind it is no place for a value: write `?`, which takes the values in \
                                   their order, or `:name`";
                    return Err(invalid(message));
                }
                b'?' => (at + 1, self.next()?),
                b':' if bytes.get(at + 1) == Some(&b':') => (at + 2, "::".to_owned()),
                b':' if begins_name(bytes, at) => {
                    let length = bytes[at + 1..].iter().take_while(|byte| is_word(**byte)).count();
                    let end = at + 1 + length;
                    (end, self.named(&sql[at + 1..end])?)
                }
                _ => {
                    at += 1;
                    continue;
                }
            };
            text.push_str(&sql[copied..at]);
            text.push_str(&place);
            (at, copied) = (end, end);
        }
        text.push_str(&sql[copied..]);
        Ok(text)
    }

    fn next(&mut self) -> Result<String, Failure> {
        let items = match self.params {
            Value::List(items) => &items[..],
            Value::Map(_) => {
                return Err(invalid("`?` takes its values from a list, and `params` is an object: write `:name`"));
            }
            _ => &[],
        };
        self.taken += 1;
        // That there are too few is said once all are counted.
        self.values.push(items.get(self.taken - 1).cloned().unwrap_or_default());
        Ok(self.written(self.values.len()))
    }

    fn named(&mut self, name: &str) -> Result<String, Failure> {
        let value = match self.params {
            Value::Map(values) => values.get(name).cloned().ok_or_else(|| {
                let near = nearest(name, values.keys().map(AsRef::as_ref));
                let hint = near.map_or_else(String::new, |near| format!(", but `{near}`"));
                invalid(format!("the statement names `:{name}`, and `params` has no `{name}`{hint}"))
            })?,
            _ => return Err(invalid(format!("`:{name}` takes its value from an object: `params: {{ {name}: ... }}`"))),
        };
        if let Some(known) = self.named.iter().position(|known| known == name)
            && self.dialect != Dialect::Mysql
        {
            return Ok(self.written(known + 1));
        }
        self.named.push(name.to_owned());
        self.values.push(value);
        Ok(self.written(self.values.len()))
    }

    fn written(&self, number: usize) -> String {
        place(self.dialect, number)
    }

    /// Whether each value has its place.
    fn check(&self) -> Result<(), Failure> {
        match self.params {
            Value::List(items) if items.len() != self.taken => {
                Err(invalid(format!("the statement has {} `?`, and `params` has {} values", self.taken, items.len())))
            }
            Value::Map(values) => match values.keys().find(|name| !self.named.iter().any(|known| **known == ***name)) {
                Some(name) => {
                    Err(invalid(format!("`params` has `{name}`, which the statement does not name: `:{name}`")))
                }
                None => Ok(()),
            },
            Value::List(_) => Ok(()),
            _ if self.taken > 0 => {
                Err(invalid(format!("the statement has {} `?`, and `params` is missing: a list of values", self.taken)))
            }
            _ => Ok(()),
        }
    }
}

/// How the place of a value is written.
fn place(dialect: Dialect, number: usize) -> String {
    match dialect {
        Dialect::Sqlite => format!("?{number}"),
        Dialect::Postgres => format!("${number}"),
        Dialect::Mysql => "?".to_owned(),
    }
}

/// Whether a byte belongs to a word; all letters beyond ASCII do.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// Whether the `:` at `at` begins a name: in `a[lo:hi]` it does not.
fn begins_name(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).is_some_and(|before| is_word(bytes[before]) || matches!(bytes[before], b']' | b')'));
    let after = bytes.get(at + 1).is_some_and(|byte| is_word(*byte) && !byte.is_ascii_digit());
    after && !before
}

/// The end of what begins at `at` and holds no places: a text, a quoted name, a comment.
fn passed_over(dialect: Dialect, sql: &str, at: usize) -> Option<usize> {
    let rest = &sql.as_bytes()[at..];
    let end = |length: Option<usize>| Some(length.map_or(sql.len(), |length| at + length));
    match (rest[0], rest.get(1)) {
        (quote @ (b'\'' | b'"'), _) => {
            let escapes = match dialect {
                Dialect::Sqlite => false,
                Dialect::Mysql => true,
                Dialect::Postgres => quote == b'\'' && is_escaping(&sql.as_bytes()[..at]),
            };
            end(quoted(rest, quote, escapes))
        }
        (b'`', _) if dialect != Dialect::Postgres => end(quoted(rest, b'`', false)),
        (b'[', _) if dialect == Dialect::Sqlite => end(rest.iter().position(|byte| *byte == b']').map(|at| at + 1)),
        (b'-', Some(b'-')) if dialect != Dialect::Mysql || rest.get(2).is_none_or(u8::is_ascii_whitespace) => {
            end(line(rest))
        }
        (b'#', _) if dialect == Dialect::Mysql => end(line(rest)),
        (b'/', Some(b'*')) => end(comment(rest, dialect == Dialect::Postgres)),
        (b'$', _) if dialect == Dialect::Postgres => {
            let before = at.checked_sub(1).is_some_and(|before| is_word(sql.as_bytes()[before]));
            let tag = 1 + rest[1..].iter().take_while(|byte| is_word(**byte)).count();
            if before || rest.get(tag) != Some(&b'$') || rest[1].is_ascii_digit() {
                return None;
            }
            let tag = &sql[at..=at + tag];
            end(sql[at + tag.len()..].find(tag).map(|found| found + 2 * tag.len()))
        }
        _ => None,
    }
}

/// Whether a text after `before` is one with backslashes: `E'...'`.
fn is_escaping(before: &[u8]) -> bool {
    match before {
        [.., word, b'e' | b'E'] => !is_word(*word),
        [b'e' | b'E'] => true,
        _ => false,
    }
}

/// The length of what is quoted; a quote that is doubled is part of it.
fn quoted(rest: &[u8], quote: u8, escapes: bool) -> Option<usize> {
    let mut at = 1;
    while let Some(&byte) = rest.get(at) {
        match byte {
            b'\\' if escapes => at += 1,
            byte if byte == quote && rest.get(at + 1) == Some(&quote) => at += 1,
            byte if byte == quote => return Some(at + 1),
            _ => {}
        }
        at += 1;
    }
    None
}

fn line(rest: &[u8]) -> Option<usize> {
    rest.iter().position(|byte| *byte == b'\n').map(|at| at + 1)
}

fn comment(rest: &[u8], nested: bool) -> Option<usize> {
    let (mut depth, mut at) = (1, 2);
    while at + 1 < rest.len() {
        match (rest[at], rest[at + 1]) {
            (b'*', b'/') => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return Some(at);
                }
            }
            (b'/', b'*') if nested => {
                depth += 1;
                at += 2;
            }
            _ => at += 1,
        }
    }
    None
}

/// The first word, in lower case; blanks, comments and brackets before it do not count.
fn verb(dialect: Dialect, sql: &str) -> String {
    let mut at = 0;
    while let Some(&byte) = sql.as_bytes().get(at) {
        match passed_over(dialect, sql, at) {
            Some(end) if matches!(byte, b'-' | b'/' | b'#') => at = end,
            _ if byte.is_ascii_whitespace() || matches!(byte, b'(' | b';') => at += 1,
            _ => break,
        }
    }
    let word = sql.as_bytes()[at..].iter().take_while(|byte| is_word(**byte)).count();
    // What begins with something else is the database's to refuse.
    if word == 0 { sql[at..].chars().take(1).collect() } else { sql[at..at + word].to_ascii_lowercase() }
}

/// A name as the dialect quotes it; dots part a schema from a table.
///
/// # Errors
/// `validation_error` where it is none.
pub fn identifier(dialect: Dialect, name: &str) -> Result<String, Failure> {
    let parts = name.split('.').map(|part| quoted_name(dialect, part)).collect::<Result<Vec<_>, _>>();
    Ok(parts?.join("."))
}

fn quoted_name(dialect: Dialect, name: &str) -> Result<String, Failure> {
    if name.is_empty() || name.contains('\0') {
        return Err(invalid(format!("{name:?} is no name of a table or a column")));
    }
    let quote = if dialect == Dialect::Mysql { '`' } else { '"' };
    Ok(format!("{quote}{}{quote}", name.replace(quote, &format!("{quote}{quote}"))))
}

/// What rows are put down for.
#[derive(Clone, Copy, Debug)]
pub enum Put<'a> {
    /// They are new.
    Insert,
    /// They replace those that are known by these columns.
    Upsert(&'a [Arc<str>]),
}

/// The statements that put `rows` into `table`: as few as the databases take. Rows one after the other that have the same
/// columns share a statement; a column that a row does not have gets what the table says.
///
/// # Errors
/// `validation_error` for names and rows that are none.
pub fn put(dialect: Dialect, table: &str, rows: &[Value], put: Put<'_>) -> Result<Vec<Statement>, Failure> {
    let table = identifier(dialect, table)?;
    let mut statements = Vec::new();
    let mut at = 0;
    while at < rows.len() {
        let columns = columns(&rows[at], at)?;
        let most = (VALUES_MAX / columns.len().max(1)).max(1);
        let mut end = at + 1;
        while end < rows.len() && end - at < most && self::columns(&rows[end], end)? == columns {
            end += 1;
        }
        // MySQL tells the number of the first of several rows: the last one goes alone, so that it is known.
        if dialect == Dialect::Mysql && matches!(put, Put::Insert) && end == rows.len() && end - at > 1 {
            end -= 1;
        }
        statements.push(one_put(dialect, &table, &columns, &rows[at..end], put)?);
        at = end;
    }
    Ok(statements)
}

/// The columns of a row: what is `()` is left out.
fn columns(row: &Value, index: usize) -> Result<Vec<Arc<str>>, Failure> {
    let Some(row) = row.as_map() else {
        let message = format!("row {} must be an object, is of type {}", index + 1, row.type_name());
        return Err(invalid(message));
    };
    let columns: Vec<_> = row.iter().filter(|(_, value)| !value.is_unit()).map(|(name, _)| name.clone()).collect();
    if columns.is_empty() { Err(invalid(format!("row {} has no columns", index + 1))) } else { Ok(columns) }
}

fn one_put(
    dialect: Dialect,
    table: &str,
    columns: &[Arc<str>],
    rows: &[Value],
    put: Put<'_>,
) -> Result<Statement, Failure> {
    let names = columns.iter().map(|name| quoted_name(dialect, name)).collect::<Result<Vec<_>, _>>()?;
    let empty = Map::new();
    let mut values = Vec::with_capacity(rows.len() * columns.len());
    let mut tuples = Vec::with_capacity(rows.len());
    for row in rows {
        let row = row.as_map().unwrap_or(&empty);
        let mut places = Vec::with_capacity(columns.len());
        for column in columns {
            values.push(row.get(column).cloned().unwrap_or_default());
            places.push(place(dialect, values.len()));
        }
        tuples.push(format!("({})", places.join(", ")));
    }
    let mut text = format!("insert into {table} ({}) values {}", names.join(", "), tuples.join(", "));
    if let Put::Upsert(on) = put {
        text.push_str(&on_conflict(dialect, columns, on)?);
    }
    let (verb, table) = match put {
        Put::Insert => ("insert", Some(table.to_owned())),
        Put::Upsert(_) => ("upsert", None),
    };
    Ok(Statement { text, values, verb: verb.to_owned(), table })
}

fn on_conflict(dialect: Dialect, columns: &[Arc<str>], on: &[Arc<str>]) -> Result<String, Failure> {
    if let Some(lacking) = on.iter().find(|name| !columns.contains(name)) {
        return Err(invalid(format!("`on` names `{lacking}`, and a row has no `{lacking}`")));
    }
    let keys = on.iter().map(|name| quoted_name(dialect, name)).collect::<Result<Vec<_>, _>>()?;
    let changed = columns.iter().filter(|name| !on.contains(name)).map(|name| quoted_name(dialect, name));
    let changed = changed.collect::<Result<Vec<_>, _>>()?;
    if dialect == Dialect::Mysql {
        let set: Vec<String> = match changed.as_slice() {
            // A row that has nothing but its key stays as it is.
            [] => keys.iter().map(|name| format!("{name} = {name}")).collect(),
            changed => changed.iter().map(|name| format!("{name} = values({name})")).collect(),
        };
        return Ok(format!(" on duplicate key update {}", set.join(", ")));
    }
    let set: Vec<String> = changed.iter().map(|name| format!("{name} = excluded.{name}")).collect();
    let then = if set.is_empty() { "nothing".to_owned() } else { format!("update set {}", set.join(", ")) };
    Ok(format!(" on conflict ({}) do {then}", keys.join(", ")))
}
