//! PostgreSQL.

mod guarded;
mod tls;
mod value;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, Error, NoTls, RowStream};

use self::guarded::{Guarded, Limit};
use self::tls::Encrypted;
use self::value::Sent;
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
const PORT: u16 = 5432;

/// How many rows of a stream are fetched first: how large they are is not known yet.
const FIRST_ROWS: usize = 100;

/// The name of the cursor of a stream.
const CURSOR: &str = "flow_rows";

/// Makes the connection as new for whoever uses it next. All of it but what would take the driver's own statements away; a
/// transaction that is open has only read.
const AS_NEW: &str = "rollback; close all; set session authorization default; reset all; unlisten *; \
                      select pg_advisory_unlock_all(); discard temp; discard sequences";

/// Signs in to a server whose rows may have so many bytes.
///
/// # Errors
/// `connection_error`, `auth_error`, `not_found` for the database, `rate_limited` where the server has no room.
pub async fn connect(database: &Arc<Database>, server: &Server, row_bytes: usize) -> Result<Box<dyn Link>, Fault> {
    let mut config = Config::new();
    config.application_name("flow").user(server.user.as_deref().unwrap_or("postgres"));
    if let Some(password) = &server.password {
        config.password(password);
    }
    if let Some(name) = &server.database {
        config.dbname(name);
    }
    let limit = Limit::new(row_bytes);
    let port = server.port.unwrap_or(PORT);
    let lost = |error: std::io::Error| Fault::unreached(database, &error.to_string());
    let client = if server.is_socket() {
        let stream = UnixStream::connect(format!("{}/.s.PGSQL.{port}", server.host)).await.map_err(lost)?;
        sign_in(database, server, config, stream, &limit).await?
    } else {
        let host = server.host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((host, port)).await.map_err(lost)?;
        stream.set_nodelay(true).map_err(lost)?;
        sign_in(database, server, config, stream, &limit).await?
    };
    Ok(Box::new(Session { database: database.clone(), client, limit, keys: BTreeMap::new() }))
}

async fn sign_in(
    database: &Database,
    server: &Server,
    mut config: Config,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    limit: &Limit,
) -> Result<Client, Fault> {
    if server.encrypted {
        config.ssl_mode(SslMode::Require);
        let encrypted = Encrypted::new(server).and_then(|encrypted| encrypted.handshake(&server.host, limit.clone()));
        let handshake = encrypted.map_err(|reason| Fault::unreached(database, &reason))?;
        let made = config.connect_raw(stream, handshake).await;
        let (client, connection) = made.map_err(|error| unreached(database, &error))?;
        tokio::spawn(async move { drop(connection.await) });
        return Ok(client);
    }
    config.ssl_mode(SslMode::Disable);
    let made = config.connect_raw(Guarded::new(stream, limit.clone()), NoTls).await;
    let (client, connection) = made.map_err(|error| unreached(database, &error))?;
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}

/// What went wrong before anything was sent.
fn unreached(database: &Database, error: &Error) -> Fault {
    match error.as_db_error() {
        Some(_) => Fault { reusable: false, ..said(database, error) },
        None => Fault::unreached(database, &reason(error)),
    }
}

/// What the server said, or that the connection broke.
fn said(database: &Database, error: &Error) -> Fault {
    let Some(said) = error.as_db_error() else {
        // What was not understood here was not sent.
        return if error.is_closed()
            || std::error::Error::source(error).is_some_and(|source| source.is::<std::io::Error>())
        {
            Fault::broken(database, &reason(error))
        } else {
            let message = format!("the database `{}` and this statement do not fit: {}", database.name, reason(error));
            Fault::refused(Failure::new(Kind::ValidationError, message))
        };
    };
    if said.code().code() == "25006" {
        return Fault::refused(super::changes_something());
    }
    Fault::said(database, &[said.code().code()], said.message())
        .detail("detail", said.detail())
        .detail("hint", said.hint())
        .detail("constraint", said.constraint())
        .detail("table", said.table())
        .detail("column", said.column())
}

fn reason(error: &Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// A session on a server.
struct Session {
    database: Arc<Database>,
    client: Client,
    limit: Limit,
    /// The key of each table that rows were put into, if it is one column.
    keys: BTreeMap<String, Option<String>>,
}

impl Session {
    /// Sends a statement with its values.
    async fn send(&self, statement: &Statement) -> Result<(RowStream, Vec<String>), Fault> {
        let wrong = |error: Error| said(&self.database, &error);
        // Nothing has happened before it is carried out.
        let prepared = self.client.prepare(&statement.text).await.map_err(|error| wrong(error).undone())?;
        let (wanted, given) = (prepared.params().len(), statement.values.len());
        if wanted != given {
            let message =
                format!("the statement has {wanted} places for values, and got {given}: write `?` or `:name`");
            return Err(Fault::refused(Failure::new(Kind::ValidationError, message)));
        }
        let names = prepared.columns().iter().map(|column| column.name().to_owned()).collect();
        let values = statement.values.iter().map(Sent);
        let rows = self.client.query_raw(&prepared, values.collect::<Vec<_>>()).await.map_err(wrong)?;
        Ok((rows, names))
    }

    /// Reads rows until there are no more; where more come than fit, `Err` with the fault for it.
    async fn gather(&self, statement: &Statement, bound: Bound) -> Result<Gathered, Fault> {
        let (rows, names) = self.send(statement).await.map_err(|fault| self.unread(fault))?;
        let mut rows = std::pin::pin!(rows);
        let mut gathered = Gathered::new(names.iter().map(String::as_str), bound);
        while let Some(row) = rows.next().await {
            let row = row.map_err(|error| self.unread(said(&self.database, &error)))?;
            if gathered.is_full() {
                let failure = gathered.overfull(&self.database);
                // What still comes is nobody's: the connection is closed.
                return Err(Fault { reusable: false, ..Fault::refused(failure) });
            }
            gathered.take((0..row.len()).map(|index| value::read(&row, index)))?;
        }
        Ok(gathered)
    }

    /// What was said instead of rows, where that is not that one of them is too large.
    fn unread(&self, fault: Fault) -> Fault {
        if !self.limit.is_exceeded() {
            return fault;
        }
        Fault { reusable: false, ..Fault::refused(super::link::row_too_large(&self.database, self.limit.bytes)) }
    }

    /// The key of a table, quoted, if it is one column.
    async fn key(&mut self, table: &str) -> Result<Option<String>, Fault> {
        if let Some(key) = self.keys.get(table) {
            return Ok(key.clone());
        }
        let text = "select quote_ident(a.attname) as name from pg_index i \
                    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey) \
                    where i.indrelid = to_regclass($1) and i.indisprimary";
        let values = vec![table.into()];
        let asked = Statement { text: text.to_owned(), values, verb: "select".to_owned(), table: None };
        let bound = Bound { rows: 2, ..Bound::NONE };
        // More than two columns are as good as two: the key is not one.
        let found = self.gather(&asked, bound).await.map_err(Fault::undone)?.rows;
        let key = match found.as_slice() {
            [alone] => alone.get("name").and_then(Value::as_text).map(ToOwned::to_owned),
            _ => None,
        };
        self.keys.insert(table.to_owned(), key.clone());
        Ok(key)
    }
}

/// Whether the server's count is one of rows that were changed.
fn is_counted(verb: &str) -> bool {
    matches!(verb, "insert" | "upsert" | "update" | "delete" | "merge" | "with")
}

impl session::Session for Session {
    /// Tells the server how long statements may take. What only reads does so in a transaction that nobody commits: even what a
    /// function changes all the same is gone with it.
    async fn prepare(&mut self, reads_only: bool, time: Duration) -> Result<(), Fault> {
        let time = time.0.max(1);
        // Who waits for another's row is told so before time is up.
        let locks = (time * 4 / 5).max(1);
        let begin = if reads_only { "; begin read only" } else { "" };
        let text = format!("set statement_timeout = {time}; set lock_timeout = {locks}; set time zone 'UTC'{begin}");
        // The statement itself was not sent yet.
        self.batch(&text).await.map_err(Fault::undone)
    }

    async fn batch(&mut self, text: &str) -> Result<(), Fault> {
        self.client.batch_execute(text).await.map_err(|error| said(&self.database, &error))
    }

    async fn change_one(&mut self, statement: &Statement) -> Result<Changed, Fault> {
        let returning = match &statement.table {
            Some(table) => self.key(table).await?.map(|key| format!("{} returning {key}", statement.text)),
            None => None,
        };
        let statement = match returning {
            Some(text) => &Statement { text, ..statement.clone() },
            None => statement,
        };
        let (rows, _) = self.send(statement).await?;
        let mut rows = std::pin::pin!(rows);
        let mut last_id = Value::Unit;
        while let Some(row) = rows.next().await {
            let row = row.map_err(|error| said(&self.database, &error))?;
            if !row.is_empty() {
                // That it cannot be read changes nothing: what was done is done.
                last_id = value::read(&row, 0).unwrap_or_default();
            }
        }
        let affected = if is_counted(&statement.verb) { rows.rows_affected().unwrap_or_default() } else { 0 };
        Ok(Changed { affected, last_id })
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
            Ok(self.gather(statement, bound).await?.rows)
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
            let text = format!("declare {CURSOR} no scroll cursor for {}", statement.text);
            self.gather(&Statement { text, ..statement }, Bound { rows: 0, ..Bound::NONE }).await?;
            if skipped > 0 {
                self.batch(&format!("move forward {skipped} in {CURSOR}")).await?;
            }
            Ok(Box::new(Open { session: *self, rows: FIRST_ROWS }) as Box<dyn Cursor>)
        })
    }

    fn is_open(&mut self) -> BoxFuture<'_, bool> {
        Box::pin(std::future::ready(!self.client.is_closed()))
    }

    fn renew(&mut self) -> BoxFuture<'_, bool> {
        Box::pin(async move { self.batch(AS_NEW).await.is_ok() })
    }
}

/// A cursor on the server.
struct Open {
    session: Session,
    /// How many rows are fetched at once: as many as fit into a page, going by those before.
    rows: usize,
}

impl Cursor for Open {
    fn next(&mut self, bound: Bound, _: Duration) -> BoxFuture<'_, Result<(Vec<Value>, bool), Fault>> {
        Box::pin(async move {
            let (mut page, mut weight) = (Vec::new(), 0);
            while !bound.is_reached(page.len(), weight) {
                let wanted = self.rows.min(bound.rows - page.len());
                let text = format!("fetch forward {wanted} from {CURSOR}");
                let fetch = Statement { text, values: Vec::new(), verb: "fetch".to_owned(), table: None };
                // What was fetched has left the cursor: all of it is given.
                let all = Bound { rows: wanted, ..Bound::NONE };
                let rows = self.session.gather(&fetch, all).await?.rows;
                let is_last = rows.len() < wanted;
                weight += rows.iter().map(Value::weight).sum::<usize>();
                page.extend(rows);
                if is_last {
                    return Ok((page, false));
                }
                self.rows = (bound.bytes / (weight / page.len().max(1)).max(1)).clamp(1, bound.rows);
            }
            Ok((page, true))
        })
    }
}
