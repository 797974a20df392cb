//! SQLite: a file, its statements on threads that may block.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::{Value as Stored, ValueRef};
use rusqlite::{Connection, ErrorCode, InterruptHandle, OpenFlags, Statement as Prepared};

use super::fault::Fault;
use super::link::{Changed, Cursor, Gathered, Link};
use super::statement::Statement;
use crate::base::failure::{Failure, Kind};
use crate::base::time::Duration;
use crate::base::value::Value;
use crate::connect::databases::{Access, Database};
use crate::connect::page::Bound;
use crate::run::world::BoxFuture;

/// How long somebody else may hold the file before it counts as taken.
const BUSY_MAX: std::time::Duration = std::time::Duration::from_secs(5);

/// Where the rows of a stream are set down.
const SPOOL: &str = "temp.flow_rows";

/// Opens the file of `database`.
///
/// # Errors
/// `not_found` where it is not there, and what else the file system says.
pub async fn connect(
    database: &Arc<Database>,
    path: &Path,
    access: Access,
    row_bytes: usize,
    time: Duration,
) -> Result<Box<dyn Link>, Fault> {
    let flags = match access {
        Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Access::Change => OpenFlags::SQLITE_OPEN_READ_WRITE,
        Access::Create => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    };
    let path = path.to_owned();
    let marked = Arc::new(AtomicBool::new(false));
    let marks = marked.clone();
    let open = move || {
        let mut connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, i32::try_from(row_bytes).unwrap_or(i32::MAX))?;
        connection.authorizer(Some(move |context: AuthContext<'_>| {
            if leaves_a_mark(&context) {
                marks.store(true, Ordering::Relaxed);
            }
            within_the_file(context)
        }))?;
        Ok(connection)
    };
    let opened = tokio::task::spawn_blocking(open).await;
    let opened = opened.map_err(|error| Fault::broken(database, &error.to_string()))?;
    let connection = opened.map_err(|error| said(database, &error))?;
    let mut file = File { database: database.clone(), connection: Some(connection), marked };
    // Whether it is a database shows when it is read.
    file.work(time, |connection| Ok(connection.query_row("select count(*) from sqlite_schema", [], |_| Ok(()))?))
        .await?;
    Ok(Box::new(file))
}

/// No statement reaches another file than that of the settings.
fn within_the_file(context: AuthContext<'_>) -> Authorization {
    match context.action {
        // Without a name it is what `vacuum` works in.
        AuthAction::Attach { filename: "" } => Authorization::Allow,
        AuthAction::Attach { .. } => Authorization::Deny,
        AuthAction::Function { function_name } if function_name.eq_ignore_ascii_case("load_extension") => {
            Authorization::Deny
        }
        _ => Authorization::Allow,
    }
}

/// Whether what a statement does stays on the connection: its settings, and tables that only it sees.
fn leaves_a_mark(context: &AuthContext<'_>) -> bool {
    matches!(
        context.action,
        AuthAction::Pragma { pragma_value: Some(_), .. }
            | AuthAction::CreateTempTable { .. }
            | AuthAction::CreateTempIndex { .. }
            | AuthAction::CreateTempTrigger { .. }
            | AuthAction::CreateTempView { .. }
    )
}

/// What is wrong with a piece of work: what SQLite says, or what was seen before it was asked.
enum Wrong {
    Said(rusqlite::Error),
    Refused(Failure),
}

impl From<rusqlite::Error> for Wrong {
    fn from(error: rusqlite::Error) -> Self {
        Self::Said(error)
    }
}

impl From<Failure> for Wrong {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure)
    }
}

/// An open file.
struct File {
    database: Arc<Database>,
    /// Not there while a thread has it, or after that thread broke.
    connection: Option<Connection>,
    /// Whether something is left on it of whoever has used it.
    marked: Arc<AtomicBool>,
}

/// Stops what a connection does when nobody waits for it any longer.
struct Interrupting(Option<InterruptHandle>);

impl Drop for Interrupting {
    fn drop(&mut self) {
        if let Some(handle) = &self.0 {
            handle.interrupt();
        }
    }
}

impl File {
    /// Works with the connection on a thread that may block. What is not done after `time` is interrupted, and undone.
    async fn work<T: Send + 'static>(
        &mut self,
        time: Duration,
        work: impl FnOnce(&mut Connection) -> Result<T, Wrong> + Send + 'static,
    ) -> Result<T, Fault> {
        let Some(mut connection) = self.connection.take() else {
            return Err(Fault::unreached(&self.database, "an earlier statement broke off"));
        };
        let mut interrupting = Interrupting(Some(connection.get_interrupt_handle()));
        let busy = BUSY_MAX.min(time.to_std() / 2);
        let mut task = tokio::task::spawn_blocking(move || {
            let done = connection.busy_timeout(busy).map_err(Wrong::Said).and_then(|()| work(&mut connection));
            (connection, done)
        });
        let ended = tokio::select! {
            ended = &mut task => ended,
            () = tokio::time::sleep(time.to_std()) => {
                drop(std::mem::replace(&mut interrupting, Interrupting(None)));
                task.await
            }
        };
        interrupting.0 = None;
        let (connection, done) = ended.map_err(|error| Fault::broken(&self.database, &error.to_string()))?;
        self.connection = Some(connection);
        done.map_err(|wrong| match wrong {
            Wrong::Said(error) => said(&self.database, &error),
            Wrong::Refused(failure) => Fault::refused(failure),
        })
    }
}

impl Link for File {
    fn query<'a>(
        &'a mut self,
        statement: &'a Statement,
        bound: Bound,
        time: Duration,
    ) -> BoxFuture<'a, Result<Vec<Value>, Fault>> {
        let (statement, database) = (statement.clone(), self.database.clone());
        Box::pin(self.work(time, move |connection| {
            let mut prepared = reading(connection, &statement)?;
            let mut gathered = gathered(&prepared, bound);
            if gather(&mut prepared, &mut gathered)? {
                return Err(gathered.overfull(&database).into());
            }
            Ok(gathered.rows)
        }))
    }

    fn change<'a>(&'a mut self, statements: &'a [Statement], time: Duration) -> BoxFuture<'a, Result<Changed, Fault>> {
        let statements = statements.to_vec();
        Box::pin(self.work(time, move |connection| {
            if let [alone] = statements.as_slice() {
                return change(connection, alone);
            }
            // At once a writer, so that nobody else can come between.
            let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let mut changed = Changed::default();
            for statement in &statements {
                changed = changed.and(change(&transaction, statement)?);
            }
            transaction.commit()?;
            Ok(changed)
        }))
    }

    fn open(
        mut self: Box<Self>,
        statement: Statement,
        skipped: u64,
        time: Duration,
    ) -> BoxFuture<'static, Result<Box<dyn Cursor>, Fault>> {
        Box::pin(async move {
            let columns = self.work(time, move |connection| spool(connection, &statement)).await?;
            Ok(Box::new(Spool { file: *self, columns, last: skipped }) as Box<dyn Cursor>)
        })
    }

    fn is_open(&mut self) -> BoxFuture<'_, bool> {
        Box::pin(std::future::ready(self.connection.is_some()))
    }

    fn renew(&mut self) -> BoxFuture<'_, bool> {
        // To open the file anew takes less than to know what there was.
        Box::pin(std::future::ready(!self.marked.load(Ordering::Relaxed)))
    }
}

/// A statement with its values, if it changes nothing.
fn reading<'c>(connection: &'c Connection, statement: &Statement) -> Result<Prepared<'c>, Wrong> {
    let prepared = prepared(connection, statement)?;
    if prepared.readonly() { Ok(prepared) } else { Err(super::changes_something().into()) }
}

fn prepared<'c>(connection: &'c Connection, statement: &Statement) -> Result<Prepared<'c>, Wrong> {
    let mut prepared = connection.prepare(&statement.text)?;
    for (index, value) in statement.values.iter().enumerate() {
        prepared.raw_bind_parameter(index + 1, stored(value))?;
    }
    Ok(prepared)
}

fn change(connection: &Connection, statement: &Statement) -> Result<Changed, Wrong> {
    let mut prepared = prepared(connection, statement)?;
    let mut last_id = Value::Unit;
    let returns = prepared.column_count() > 0;
    let mut rows = prepared.raw_query();
    while let Some(row) = rows.next()? {
        last_id = value(row.get_ref(0)?, None);
    }
    let counts = matches!(statement.verb.as_str(), "insert" | "replace" | "upsert" | "update" | "delete" | "with");
    let affected = if counts { connection.changes() } else { 0 };
    if statement.inserts() && !returns && affected > 0 {
        last_id = Value::Int(connection.last_insert_rowid());
    }
    Ok(Changed { affected, last_id })
}

fn gathered(prepared: &Prepared<'_>, bound: Bound) -> Gathered {
    Gathered::new(prepared.column_names(), bound)
}

/// Reads rows until they are enough; whether there are more.
fn gather(prepared: &mut Prepared<'_>, gathered: &mut Gathered) -> Result<bool, Wrong> {
    let kinds = kinds(prepared);
    let mut rows = prepared.raw_query();
    while let Some(row) = rows.next()? {
        if gathered.is_full() {
            return Ok(true);
        }
        let values = kinds.iter().enumerate().map(|(index, kind)| Ok(value(row.get_ref(index)?, *kind)));
        let values: Result<Vec<Value>, rusqlite::Error> = values.collect();
        gathered.take(values?.into_iter().map(Ok))?;
    }
    Ok(false)
}

/// What a column was declared as, where SQLite stores it as something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Declared {
    Truth,
    Json,
}

fn kinds(prepared: &Prepared<'_>) -> Vec<Option<Declared>> {
    let kind = |declared: &str| match declared.to_ascii_lowercase().as_str() {
        "bool" | "boolean" => Some(Declared::Truth),
        "json" => Some(Declared::Json),
        _ => None,
    };
    prepared.columns().map(|column| column.decl_type().and_then(kind)).collect()
}

fn value(stored: ValueRef<'_>, declared: Option<Declared>) -> Value {
    match (stored, declared) {
        (ValueRef::Null, _) => Value::Unit,
        (ValueRef::Integer(number @ (0 | 1)), Some(Declared::Truth)) => Value::Bool(number == 1),
        (ValueRef::Integer(number), _) => Value::Int(number),
        (ValueRef::Real(number), _) => Value::Float(number),
        (ValueRef::Text(bytes), declared) => {
            let text = String::from_utf8_lossy(bytes);
            let json = (declared == Some(Declared::Json)).then(|| serde_json::from_str(&text).ok()).flatten();
            json.map_or_else(|| text.as_ref().into(), Value::from_json)
        }
        (ValueRef::Blob(bytes), _) => Value::Bytes(bytes.into()),
    }
}

fn stored(value: &Value) -> Stored {
    match value {
        Value::Unit | Value::Null => Stored::Null,
        Value::Bool(truth) => Stored::Integer((*truth).into()),
        Value::Int(number) => Stored::Integer(*number),
        Value::Float(number) => Stored::Real(*number),
        Value::Bytes(bytes) => Stored::Blob(bytes.to_vec()),
        other => Stored::Text(super::text(other)),
    }
}

/// Sets the rows of a statement down in a table of this connection alone, on disk: while a loop takes its time over them, others
/// may write. Gives how the columns are called and what they were declared as.
fn spool(connection: &Connection, statement: &Statement) -> Result<Columns, Wrong> {
    let columns = {
        let prepared = reading(connection, statement)?;
        let names = prepared.column_names().map(ToOwned::to_owned).collect();
        Columns { names, kinds: kinds(&prepared) }
    };
    connection
        .execute_batch("pragma temp_store = file; pragma temp.journal_mode = off; pragma temp.synchronous = off")?;
    let text = format!("create table {SPOOL} as {}", statement.text);
    prepared(connection, &Statement { text, ..statement.clone() })?.raw_execute()?;
    Ok(columns)
}

/// The columns of a result.
#[derive(Clone, Debug)]
struct Columns {
    names: Vec<String>,
    kinds: Vec<Option<Declared>>,
}

/// Rows that were set down.
struct Spool {
    file: File,
    columns: Columns,
    /// The number of the row that was given last.
    last: u64,
}

impl Cursor for Spool {
    fn next(&mut self, bound: Bound, time: Duration) -> BoxFuture<'_, Result<(Vec<Value>, bool), Fault>> {
        Box::pin(async move {
            let (columns, last) = (self.columns.clone(), i64::try_from(self.last).unwrap_or(i64::MAX));
            let page = move |connection: &mut Connection| {
                let mut prepared =
                    connection.prepare_cached(&format!("select * from {SPOOL} where rowid > ? order by rowid"))?;
                prepared.raw_bind_parameter(1, last)?;
                let mut gathered = Gathered::new(columns.names.iter().map(String::as_str), bound);
                let mut rows = prepared.raw_query();
                while let Some(row) = rows.next()? {
                    if gathered.is_full() {
                        return Ok((gathered.rows, true));
                    }
                    let values = columns.kinds.iter().enumerate();
                    let values: Result<Vec<Value>, rusqlite::Error> =
                        values.map(|(index, kind)| Ok(value(row.get_ref(index)?, *kind))).collect();
                    gathered.take(values?.into_iter().map(Ok))?;
                }
                Ok((gathered.rows, false))
            };
            let (rows, more) = self.file.work(time, page).await?;
            self.last += rows.len() as u64;
            Ok((rows, more))
        })
    }
}

/// What SQLite says, by the name of its code.
fn said(database: &Database, error: &rusqlite::Error) -> Fault {
    let (code, message) = match error {
        rusqlite::Error::SqliteFailure(code, message) => (Some(code), message.clone()),
        rusqlite::Error::SqlInputError { error, msg, .. } => (Some(error), Some(msg.clone())),
        rusqlite::Error::MultipleStatement => {
            let message = "this is more than one statement: several go in `sql.transaction`";
            return Fault::refused(Failure::new(Kind::ValidationError, message));
        }
        _ => (None, None),
    };
    let message = message.unwrap_or_else(|| error.to_string());
    let Some(code) = code else { return Fault::said(database, &["SQLITE_ERROR"], &message) };
    let name = match (code.code, code.extended_code) {
        (ErrorCode::ConstraintViolation, rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE) => "SQLITE_CONSTRAINT_UNIQUE",
        (ErrorCode::ConstraintViolation, rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => "SQLITE_CONSTRAINT_PRIMARYKEY",
        (ErrorCode::ConstraintViolation, rusqlite::ffi::SQLITE_CONSTRAINT_ROWID) => "SQLITE_CONSTRAINT_ROWID",
        (ErrorCode::ConstraintViolation, rusqlite::ffi::SQLITE_CONSTRAINT_NOTNULL) => "SQLITE_CONSTRAINT_NOTNULL",
        (ErrorCode::ConstraintViolation, rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => "SQLITE_CONSTRAINT_FOREIGNKEY",
        (ErrorCode::ConstraintViolation, _) => "SQLITE_CONSTRAINT",
        (ErrorCode::DatabaseBusy, _) => "SQLITE_BUSY",
        (ErrorCode::DatabaseLocked, _) => "SQLITE_LOCKED",
        (ErrorCode::ReadOnly, _) => "SQLITE_READONLY",
        (ErrorCode::OperationInterrupted, _) => "SQLITE_INTERRUPT",
        (ErrorCode::CannotOpen, _) => "SQLITE_CANTOPEN",
        (ErrorCode::NotADatabase, _) => "SQLITE_NOTADB",
        (ErrorCode::AuthorizationForStatementDenied, _) => "SQLITE_AUTH",
        (ErrorCode::PermissionDenied, _) => "SQLITE_PERM",
        (ErrorCode::TypeMismatch, _) => "SQLITE_MISMATCH",
        (ErrorCode::ParameterOutOfRange, _) => "SQLITE_RANGE",
        (ErrorCode::TooBig, _) => "SQLITE_TOOBIG",
        (ErrorCode::DiskFull, _) => "SQLITE_FULL",
        (ErrorCode::SystemIoFailure, _) => "SQLITE_IOERR",
        (ErrorCode::DatabaseCorrupt, _) => "SQLITE_CORRUPT",
        (ErrorCode::Unknown, rusqlite::ffi::SQLITE_ERROR) if message.starts_with("no such table") => {
            "SQLITE_ERROR no such table"
        }
        (ErrorCode::Unknown, _) => "SQLITE_ERROR",
        _ => "SQLITE_INTERNAL",
    };
    Fault::said(database, &[name], &message)
}
