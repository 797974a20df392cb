//! `sql.*` for the databases that the settings name: SQLite, PostgreSQL, MySQL and MariaDB.
//!
//! In: a call of `sql.*`. Out: rows, or what was changed. Never: a value in the text of a statement; more rows at once than the
//! settings allow; a change by `sql.query` (held by `tests/connect/sql`).

mod fault;
mod link;
#[cfg(feature = "mysql")]
mod mysql;
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod session;
#[cfg(feature = "sqlite")]
mod sqlite;
mod statement;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use self::fault::Fault;
use self::link::{Changed, Cursor};
use self::pool::Pool;
use self::statement::{Dialect, Put, Statement};
use super::databases::Database;
use super::page::{Bound, Results, Source};
use super::registry::{Call, Native, Natives};
use crate::base::diagnostic::nearest;
use crate::base::failure::{Failure, Kind};
use crate::base::time::Duration;
use crate::base::value::Value;
use crate::run::world::{BoxFuture, Outcome};

/// How long a result stays open that nobody reads.
const IDLE_MAX: std::time::Duration = std::time::Duration::from_secs(600);

/// Binds the operations of the standard library's `sql`.
pub fn register(natives: &mut Natives) {
    let open = Arc::new(Open { pools: Mutex::default(), results: Results::new(IDLE_MAX) });
    let verbs = [
        ("sql.query", Verb::Query),
        ("sql.execute", Verb::Execute),
        ("sql.insert", Verb::Insert),
        ("sql.upsert", Verb::Upsert),
        ("sql.transaction", Verb::Transaction),
    ];
    for (name, verb) in verbs {
        natives.bind(name, Body { verb, open: open.clone() });
    }
}

/// What is open: connections that are kept, and results that are read some rows at a time.
struct Open {
    pools: Mutex<BTreeMap<Arc<str>, Arc<Pool>>>,
    results: Arc<Results<Box<dyn Cursor>>>,
}

impl Open {
    fn pool(&self, call: &Call, database: &Arc<Database>) -> Arc<Pool> {
        let row_bytes = call.environment.response_bytes_max;
        // Whoever held the lock did not leave half a change behind.
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        match pools.get(&database.name) {
            Some(pool) if pool.database == *database && pool.row_bytes == row_bytes => pool.clone(),
            _ => {
                let pool = Pool::new(database.clone(), row_bytes);
                pools.insert(database.name.clone(), pool.clone());
                pool
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Verb {
    Query,
    Execute,
    Insert,
    Upsert,
    Transaction,
}

struct Body {
    verb: Verb,
    open: Arc<Open>,
}

impl Native for Body {
    fn call(&self, call: Call) -> BoxFuture<'static, Outcome> {
        let (verb, open) = (self.verb, self.open.clone());
        Box::pin(async move {
            let done = match verb {
                Verb::Query => query(&call, &open).await,
                Verb::Execute | Verb::Insert | Verb::Upsert | Verb::Transaction => change(&call, &open, verb).await,
            };
            done.unwrap_or_else(|fault| Outcome { certain: fault.certain, ..Outcome::failed(fault.failure) })
        })
    }
}

/// The database that a call names.
fn database(call: &Call) -> Result<Arc<Database>, Failure> {
    let name = call.text("database")?;
    let databases = &call.environment.databases;
    databases.get(&name).cloned().ok_or_else(|| {
        let near = nearest(&name, databases.names());
        let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        let message = format!("the settings name no database `{name}`: write `[databases.{name}]` in flow.toml{hint}");
        Failure::new(Kind::ValidationError, message).detail("database", &*name)
    })
}

/// How long the database itself may work: less than the attempt, so that its own word of it arrives in time.
fn time(call: &Call) -> Duration {
    Duration(call.act.timeout.0 - (call.act.timeout.0 / 10).min(1_000))
}

/// What a database is given to answer with, unless it is streamed.
fn bound(call: &Call, database: &Database) -> Bound {
    Bound { rows: database.rows_max, bytes: call.environment.response_bytes_max }
}

async fn query(call: &Call, open: &Open) -> Result<Outcome, Fault> {
    let database = database(call)?;
    let statement = Statement::new(link::dialect(&database)?, &call.text("sql")?, &call.param("params"))?;
    let pool = open.pool(call, &database);
    let work = async {
        if call.act.streamed && statement.is_selection() {
            return page(call, open, &pool, statement).await;
        }
        let mut taken = pool.take(time(call)).await?;
        let found = taken.link.query(&statement, bound(call, &database), time(call)).await;
        if found.as_ref().err().is_none_or(|fault| fault.reusable) {
            taken.give_back();
        }
        Ok(Outcome::done(Value::list(found?)))
    };
    in_time(call, &database, work).await
}

/// The next page of a loop: of its result, where that is open, or of the same query asked again.
async fn page(call: &Call, open: &Open, pool: &Pool, statement: Statement) -> Result<Outcome, Fault> {
    let time = time(call);
    let _place = pool.stream(time).await?;
    let (given, waiting) = open.results.take(&call.act);
    let kept = match waiting {
        Some(mut cursor) => match cursor.next(Bound::PAGE, time).await {
            Ok(page) => Some((cursor, page)),
            // It was cut off while it waited: it is asked again.
            Err(fault) if !fault.reusable => None,
            Err(fault) => return Err(fault),
        },
        None => None,
    };
    let (cursor, (rows, more)) = match kept {
        Some(kept) => kept,
        None => {
            let mut cursor = pool.connect(time).await?.open(statement, given, time).await?;
            let page = cursor.next(Bound::PAGE, time).await?;
            (cursor, page)
        }
    };
    let source = Source { name: &pool.database.name, most: pool.database.connections };
    Ok(open.results.page(&call.act, source, given, (rows, more.then_some(cursor))))
}

async fn change(call: &Call, open: &Open, verb: Verb) -> Result<Outcome, Fault> {
    let database = database(call)?;
    let statements = statements(call, link::dialect(&database)?, verb)?;
    let put = match verb {
        // How a database counts rows that were there already is its own affair; each of them is as it should be now.
        Verb::Upsert => Some(rows(call).len() as u64),
        Verb::Query | Verb::Execute | Verb::Insert | Verb::Transaction => None,
    };
    if statements.is_empty() {
        return Ok(Outcome::done(shown(Changed::default())));
    }
    let mut taken = open.pool(call, &database).take(time(call)).await?;
    let work = async {
        let changed = taken.link.change(&statements, time(call)).await;
        if changed.as_ref().err().is_none_or(|fault| fault.reusable) {
            taken.give_back();
        }
        let changed = changed?;
        Ok(Outcome::done(shown(Changed { affected: put.unwrap_or(changed.affected), ..changed })))
    };
    in_time(call, &database, work).await
}

/// Waits no longer than the attempt may take; what was on its way then may have happened.
async fn in_time(
    call: &Call,
    database: &Database,
    work: impl Future<Output = Result<Outcome, Fault>>,
) -> Result<Outcome, Fault> {
    let ended = tokio::time::timeout(call.act.timeout.to_std(), work).await;
    ended.unwrap_or_else(|_| Err(Fault::late(database, false)))
}

/// The statements that a call stands for.
fn statements(call: &Call, dialect: Dialect, verb: Verb) -> Result<Vec<Statement>, Failure> {
    match verb {
        Verb::Query | Verb::Execute => Ok(vec![Statement::new(dialect, &call.text("sql")?, &call.param("params"))?]),
        Verb::Insert => statement::put(dialect, &call.text("table")?, &rows(call), Put::Insert),
        Verb::Upsert => {
            let on: Vec<Arc<str>> = match call.param("on") {
                Value::List(names) => names.iter().map(|name| name.to_string().into()).collect(),
                one => vec![one.to_string().into()],
            };
            if on.is_empty() {
                return Err(Failure::new(Kind::ValidationError, "`on` names no column by which a row is known"));
            }
            statement::put(dialect, &call.text("table")?, &rows(call), Put::Upsert(&on))
        }
        Verb::Transaction => {
            let list = call.param("statements");
            let several = list.as_list().unwrap_or_default().iter().enumerate();
            several.map(|(index, item)| one_of_several(dialect, index, item)).collect()
        }
    }
}

fn rows(call: &Call) -> Vec<Value> {
    match call.param("rows") {
        Value::List(rows) => rows.to_vec(),
        Value::Unit => Vec::new(),
        row => vec![row],
    }
}

fn one_of_several(dialect: Dialect, index: usize, item: &Value) -> Result<Statement, Failure> {
    let (sql, params) = match item {
        Value::Text(sql) => (sql.clone(), Value::Unit),
        Value::Map(parts) => {
            match (parts.get("sql"), parts.keys().find(|name| !matches!(&***name, "sql" | "params"))) {
                (Some(Value::Text(sql)), None) => (sql.clone(), parts.get("params").cloned().unwrap_or_default()),
                _ => return Err(no_statement(index)),
            }
        }
        _ => return Err(no_statement(index)),
    };
    let named = |failure: Failure| Failure::new(failure.kind, format!("statement {}: {}", index + 1, failure.message));
    Statement::new(dialect, &sql, &params).map_err(named)
}

fn no_statement(index: usize) -> Failure {
    let message = format!("statement {} must be a text or {{ sql, params }}", index + 1);
    Failure::new(Kind::ValidationError, message)
}

fn shown(changed: Changed) -> Value {
    let affected = Value::Int(i64::try_from(changed.affected).unwrap_or(i64::MAX));
    Value::map([("affected", affected), ("last_id", changed.last_id)])
}

/// What to say where a query would change something: it may be asked again after a crash.
fn changes_something() -> Failure {
    let message = "`sql.query` only reads, and may do so twice: what changes something goes by `sql.execute`";
    Failure::new(Kind::ValidationError, message)
}

/// A value that is no plain one, as a text: moments in RFC 3339 and in UTC, so that a column without a zone gets what all
/// sessions count in, and texts are in the order of the moments; lists and objects in JSON.
fn text(value: &Value) -> String {
    if let Value::DateTime(moment) = value {
        return moment.timestamp().to_string();
    }
    match value.to_json() {
        serde_json::Value::String(text) => text,
        json => json.to_string(),
    }
}
