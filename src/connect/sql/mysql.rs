//! MySQL and MariaDB.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::{Stream, StreamExt as _};
use mysql_async::consts::ColumnType;
use mysql_async::prelude::{Query as _, Queryable as _, WithParams as _};
use mysql_async::{Column, Conn, Error, OptsBuilder, Params, Row, SslOpts, Value as Wire};

use super::fault::Fault;
use super::link::{Changed, Cursor, Gathered, Link};
use super::session::{self, Session as _};
use super::statement::Statement;
use crate::base::failure::{Failure, Kind};
use crate::base::time::Duration;
use crate::base::value::Value;
use crate::connect::databases::{Database, Server};
use crate::connect::page::Bound;
use crate::run::world::BoxFuture;

/// The port of servers that name none.
const PORT: u16 = 3306;

/// The character set of columns that hold bytes.
const BINARY: u16 = 63;

/// How long the server waits for a loop that takes its time over the rows before it, in seconds.
const READER_SECONDS: u32 = 3_600;

/// Signs in to a server whose rows may have so many bytes.
///
/// # Errors
/// `connection_error`, `auth_error`, `not_found` for the database, `rate_limited` where the server has no room.
pub async fn connect(database: &Arc<Database>, server: &Server, row_bytes: usize) -> Result<Box<dyn Link>, Fault> {
    let mut options = OptsBuilder::default()
        .user(server.user.as_deref())
        .pass(server.password.as_deref())
        .db_name(server.database.as_deref())
        .prefer_socket(false)
        .max_allowed_packet(Some(row_bytes))
        .wait_timeout(Some(READER_SECONDS as usize));
    options = if server.is_socket() {
        options.socket(Some(server.host.as_str()))
    } else {
        let host = server.host.trim_start_matches('[').trim_end_matches(']');
        options.ip_or_hostname(host).tcp_port(server.port.unwrap_or(PORT))
    };
    if server.encrypted {
        // Where another part of the program has chosen one already, it is the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let roots = server.ca_file.iter().map(|file| file.clone().into()).collect::<Vec<_>>();
        let own = !roots.is_empty();
        options = options.ssl_opts(SslOpts::default().with_root_certs(roots).with_disable_built_in_roots(own));
    }
    let connected = Conn::new(options).await.map_err(|error| unreached(database, &error))?;
    let mut session = Session { database: database.clone(), connection: connected, is_mariadb: false, row_bytes };
    let version: Option<String> =
        session.connection.query_first("select version()").await.map_err(|error| unreached(database, &error))?;
    session.is_mariadb = version.is_some_and(|version| version.contains("MariaDB"));
    Ok(Box::new(session))
}

/// What went wrong before anything was sent.
fn unreached(database: &Database, error: &Error) -> Fault {
    match error {
        Error::Server(_) => Fault { reusable: false, ..said(database, error) },
        error => Fault::unreached(database, &error.to_string()),
    }
}

/// What the server said, or that the connection broke.
fn said(database: &Database, error: &Error) -> Fault {
    let Error::Server(said) = error else {
        return match error {
            Error::Driver(mysql_async::DriverError::StmtParamsMismatch { required, supplied }) => {
                let message =
                    format!("the statement has {required} places for values, and got {supplied}: write `?` or `:name`");
                Fault::refused(Failure::new(Kind::ValidationError, message))
            }
            error => Fault::broken(database, &error.to_string()),
        };
    };
    match said.code {
        1792 => Fault::refused(super::changes_something()),
        code => Fault::said(database, &[&format!("MySQL {code}"), &said.state], &said.message),
    }
}

/// A session on a server.
struct Session {
    database: Arc<Database>,
    connection: Conn,
    is_mariadb: bool,
    row_bytes: usize,
}

impl Session {
    /// Why a row did not come.
    fn unread(database: &Database, row_bytes: usize, error: &Error) -> Fault {
        match error {
            Error::Io(lost) if lost.to_string().contains("larger than max_allowed_packet") => {
                Fault { reusable: false, ..Fault::refused(super::link::row_too_large(database, row_bytes)) }
            }
            error => said(database, error),
        }
    }
}

impl session::Session for Session {
    /// Tells the server how long statements may take, and whether they may change something.
    async fn prepare(&mut self, reads_only: bool, time: Duration) -> Result<(), Fault> {
        let millis = time.0.max(1);
        let time = if self.is_mariadb {
            format!("max_statement_time = {}.{:03}", millis / 1_000, millis % 1_000)
        } else {
            // It stops selections only; what else takes too long is not waited for.
            format!("max_execution_time = {millis}")
        };
        // Who waits for another's row is told so before time is up.
        let locks = (millis * 4 / 5 / 1_000).max(1);
        let access = if reads_only { "read only" } else { "read write" };
        let text = format!(
            "set session {time}, innodb_lock_wait_timeout = {locks}, time_zone = '+00:00'; set session transaction {access}"
        );
        // The statement itself was not sent yet.
        self.batch(&text).await.map_err(Fault::undone)
    }

    async fn batch(&mut self, text: &str) -> Result<(), Fault> {
        self.connection.query_drop(text).await.map_err(|error| said(&self.database, &error))
    }

    async fn change_one(&mut self, statement: &Statement) -> Result<Changed, Fault> {
        let database = &self.database;
        let wrong = |error: Error| said(database, &error);
        let mut found = self.connection.exec_iter(statement.text.as_str(), params(statement)).await.map_err(wrong)?;
        let mut last_id = Value::Unit;
        while let Some(row) = found.next().await.map_err(wrong)? {
            last_id = values(&row).next().unwrap_or_default();
        }
        // What a statement returns says more than a number.
        if let (Some(id), true, true) = (found.last_insert_id(), statement.inserts(), last_id.is_unit()) {
            last_id = whole(id);
        }
        Ok(Changed { affected: found.affected_rows(), last_id })
    }
}

impl Link for Session {
    fn query<'a>(
        &'a mut self,
        statement: &'a Statement,
        bound: Bound,
        time: Duration,
    ) -> BoxFuture<'a, Result<Vec<Value>, Fault>> {
        Box::pin(async move {
            self.prepare(true, time).await?;
            let (database, row_bytes) = (&self.database, self.row_bytes);
            let wrong = |error: Error| Self::unread(database, row_bytes, &error);
            let mut found =
                self.connection.exec_iter(statement.text.as_str(), params(statement)).await.map_err(wrong)?;
            let mut gathered = {
                let names: Vec<_> = found.columns_ref().iter().map(|column| column.name_str().into_owned()).collect();
                Gathered::new(names.iter().map(String::as_str), bound)
            };
            while let Some(row) = found.next().await.map_err(wrong)? {
                if gathered.is_full() {
                    // What still comes is nobody's: the connection is closed.
                    return Err(Fault { reusable: false, ..Fault::refused(gathered.overfull(database)) });
                }
                gathered.take(values(&row).map(Ok))?;
            }
            Ok(gathered.rows)
        })
    }

    fn change<'a>(&'a mut self, statements: &'a [Statement], time: Duration) -> BoxFuture<'a, Result<Changed, Fault>> {
        Box::pin(session::change(self, statements, time))
    }

    fn open(
        mut self: Box<Self>,
        statement: Statement,
        skipped: u64,
        time: Duration,
    ) -> BoxFuture<'static, Result<Box<dyn Cursor>, Fault>> {
        Box::pin(async move {
            self.prepare(true, time).await?;
            // The rows come as fast as they are read; that is no time the statement takes.
            let limit = if self.is_mariadb { "max_statement_time = 0" } else { "max_execution_time = 0" };
            self.batch(&format!("set session {limit}, net_write_timeout = {READER_SECONDS}")).await?;
            let Self { database, connection, row_bytes, .. } = *self;
            let asked = statement.text.clone().with(params(&statement)).stream::<Row, _>(connection);
            let late = || Fault::late(&database, true);
            let rows = tokio::time::timeout(time.to_std(), asked).await.map_err(|_| late())?;
            let mut rows = rows.map_err(|error| said(&database, &error))?;
            for _ in 0..skipped {
                if rows.next().await.transpose().map_err(|error| said(&database, &error))?.is_none() {
                    break;
                }
            }
            Ok(Box::new(Open { database, row_bytes, rows: Box::pin(rows.fuse()), next: None }) as Box<dyn Cursor>)
        })
    }

    fn is_open(&mut self) -> BoxFuture<'_, bool> {
        Box::pin(async move { self.connection.ping().await.is_ok() })
    }

    fn renew(&mut self) -> BoxFuture<'_, bool> {
        // A server that is too old for it says so: the connection is not used again.
        Box::pin(async move { self.connection.reset().await.unwrap_or(false) })
    }
}

/// A result that the server sends as it is read.
struct Open {
    database: Arc<Database>,
    row_bytes: usize,
    rows: Pin<Box<dyn Stream<Item = Result<Row, Error>> + Send>>,
    /// The row that did not fit in the page before.
    next: Option<Row>,
}

impl Cursor for Open {
    fn next(&mut self, bound: Bound, _: Duration) -> BoxFuture<'_, Result<(Vec<Value>, bool), Fault>> {
        Box::pin(async move {
            let mut gathered: Option<Gathered> = None;
            loop {
                let row = match self.next.take() {
                    Some(row) => Some(row),
                    None => {
                        let wrong = |error| Session::unread(&self.database, self.row_bytes, &error);
                        self.rows.next().await.transpose().map_err(wrong)?
                    }
                };
                let Some(row) = row else {
                    return Ok((gathered.map(|gathered| gathered.rows).unwrap_or_default(), false));
                };
                let gathered = gathered.get_or_insert_with(|| {
                    let columns = row.columns_ref().iter();
                    let names: Vec<_> = columns.map(|column| column.name_str().into_owned()).collect();
                    Gathered::new(names.iter().map(String::as_str), bound)
                });
                if gathered.is_full() {
                    self.next = Some(row);
                    return Ok((std::mem::take(&mut gathered.rows), true));
                }
                gathered.take(values(&row).map(Ok))?;
            }
        })
    }
}

/// The values of a statement as they are sent.
fn params(statement: &Statement) -> Params {
    if statement.values.is_empty() {
        return Params::Empty;
    }
    Params::Positional(statement.values.iter().map(sent).collect())
}

fn sent(value: &Value) -> Wire {
    match value {
        Value::Unit | Value::Null => Wire::NULL,
        Value::Bool(truth) => Wire::Int((*truth).into()),
        Value::Int(number) => Wire::Int(*number),
        Value::Float(number) => Wire::Double(*number),
        Value::Bytes(bytes) => Wire::Bytes(bytes.to_vec()),
        // In UTC, as the session counts, and without the letters that not every version reads.
        Value::DateTime(moment) => {
            let utc = moment.with_time_zone(jiff::tz::TimeZone::UTC).datetime();
            Wire::Bytes(utc.to_string().replace('T', " ").into_bytes())
        }
        other => Wire::Bytes(super::text(other).into_bytes()),
    }
}

/// The values of a row.
fn values(row: &Row) -> impl Iterator<Item = Value> + '_ {
    row.columns_ref()
        .iter()
        .enumerate()
        .map(|(index, column)| row.as_ref(index).map_or(Value::Unit, |it| value(it, column)))
}

fn value(wire: &Wire, column: &Column) -> Value {
    use ColumnType as T;
    match (wire, column.column_type()) {
        (Wire::NULL, _) => Value::Unit,
        // What `boolean` makes.
        (Wire::Int(number @ (0 | 1)), T::MYSQL_TYPE_TINY) if column.column_length() == 1 => Value::Bool(*number == 1),
        (Wire::Int(number), _) => Value::Int(*number),
        (Wire::UInt(number), _) => whole(*number),
        (Wire::Float(number), _) => shortest(*number),
        (Wire::Double(number), _) => Value::Float(*number),
        (Wire::Bytes(bytes), T::MYSQL_TYPE_BIT) => {
            whole(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
        }
        (Wire::Bytes(bytes), T::MYSQL_TYPE_JSON) => {
            let json = serde_json::from_slice(bytes).ok();
            json.map_or_else(|| String::from_utf8_lossy(bytes).as_ref().into(), Value::from_json)
        }
        (Wire::Bytes(bytes), kind) if column.character_set() == BINARY && holds_bytes(kind) => {
            Value::Bytes(bytes.as_slice().into())
        }
        (Wire::Bytes(bytes), _) => String::from_utf8_lossy(bytes).as_ref().into(),
        (Wire::Date(year, month, day, hour, minute, second, micros), kind) => {
            let day = format!("{year:04}-{month:02}-{day:02}");
            if matches!(kind, T::MYSQL_TYPE_DATE | T::MYSQL_TYPE_NEWDATE) {
                return day.into();
            }
            // A timestamp is a moment; a datetime is whatever its table means by it.
            let zone = if matches!(kind, T::MYSQL_TYPE_TIMESTAMP | T::MYSQL_TYPE_TIMESTAMP2) { "Z" } else { "" };
            format!("{day}T{hour:02}:{minute:02}:{second:02}{}{zone}", fraction(*micros)).into()
        }
        (Wire::Time(negative, days, hours, minutes, seconds, micros), _) => {
            let sign = if *negative { "-" } else { "" };
            let hours = days * 24 + u32::from(*hours);
            format!("{sign}{hours:02}:{minutes:02}:{seconds:02}{}", fraction(*micros)).into()
        }
    }
}

fn fraction(micros: u32) -> String {
    if micros == 0 { String::new() } else { format!(".{micros:06}").trim_end_matches('0').to_owned() }
}

/// A number without a sign: as a text where it is too large for a number here.
fn whole(number: u64) -> Value {
    i64::try_from(number).map_or_else(|_| number.to_string().into(), Value::Int)
}

/// The number that was meant: 0.1 and not 0.10000000149.
fn shortest(number: f32) -> Value {
    Value::Float(number.to_string().parse().unwrap_or_else(|_| number.into()))
}

fn holds_bytes(kind: ColumnType) -> bool {
    use ColumnType as T;
    matches!(
        kind,
        T::MYSQL_TYPE_BLOB
            | T::MYSQL_TYPE_TINY_BLOB
            | T::MYSQL_TYPE_MEDIUM_BLOB
            | T::MYSQL_TYPE_LONG_BLOB
            | T::MYSQL_TYPE_STRING
            | T::MYSQL_TYPE_VAR_STRING
            | T::MYSQL_TYPE_VARCHAR
            | T::MYSQL_TYPE_GEOMETRY
    )
}
