//! One connection to one database, whatever its dialect.

use std::sync::Arc;

use super::fault::Fault;
use super::statement::{Dialect, Statement};
use crate::base::failure::{Failure, Kind};
use crate::base::time::Duration;
use crate::base::value::{Map, Value};
use crate::connect::databases::{Database, Place};
use crate::connect::page::Bound;
use crate::run::world::BoxFuture;

/// What a change came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changed {
    /// How many rows it touched.
    pub affected: u64,
    /// The number that the last new row got, or the first value that the statement returned of it.
    pub last_id: Value,
}

impl Changed {
    /// Both together: what came last tells the number.
    #[must_use]
    pub fn and(self, next: Self) -> Self {
        let last_id = if next.last_id.is_unit() { self.last_id } else { next.last_id };
        Self { affected: self.affected + next.affected, last_id }
    }
}

/// A connection.
pub trait Link: Send {
    /// All rows of a statement that changes nothing; a failure where they are more than `bound`.
    fn query<'a>(
        &'a mut self,
        statement: &'a Statement,
        bound: Bound,
        time: Duration,
    ) -> BoxFuture<'a, Result<Vec<Value>, Fault>>;

    /// Carries out statements that change something: all of them or, where one fails, none. One alone stands by itself.
    fn change<'a>(&'a mut self, statements: &'a [Statement], time: Duration) -> BoxFuture<'a, Result<Changed, Fault>>;

    /// The rows of a statement that changes nothing, some at a time, without the first `skipped`.
    fn open(
        self: Box<Self>,
        statement: Statement,
        skipped: u64,
        time: Duration,
    ) -> BoxFuture<'static, Result<Box<dyn Cursor>, Fault>>;

    /// Whether it can be used, as far as can be told from here.
    fn is_open(&mut self) -> BoxFuture<'_, bool>;

    /// Makes it as new: settings, locks, temporary tables of whoever has used it are gone. Whether that could be done.
    fn renew(&mut self) -> BoxFuture<'_, bool>;
}

/// A result that is read some rows at a time.
pub trait Cursor: Send {
    /// The next rows, and whether there are more.
    fn next(&mut self, bound: Bound, time: Duration) -> BoxFuture<'_, Result<(Vec<Value>, bool), Fault>>;
}

/// The dialect of a database.
///
/// # Errors
/// `validation_error` where it speaks no SQL.
pub fn dialect(database: &Database) -> Result<Dialect, Failure> {
    match database.place {
        Place::Sqlite { .. } => Ok(Dialect::Sqlite),
        Place::Postgres(_) => Ok(Dialect::Postgres),
        Place::Mysql(_) => Ok(Dialect::Mysql),
        Place::Mongodb { .. } => Err(foreign(database)),
    }
}

fn foreign(database: &Database) -> Failure {
    let message = format!("the database `{}` is one of MongoDB: ask it by `mongodb.*`", database.name);
    Failure::new(Kind::ValidationError, message).detail("database", &*database.name)
}

/// A new connection, by which no row comes that has more bytes than `row_bytes`.
///
/// # Errors
/// `connection_error`, `auth_error` and their like; nothing was done.
pub async fn connect(
    database: &Arc<Database>,
    row_bytes: usize,
    #[cfg_attr(
        not(feature = "sqlite"),
        expect(unused_variables, reason = "servers say themselves how long they wait")
    )]
    time: Duration,
) -> Result<Box<dyn Link>, Fault> {
    match &database.place {
        #[cfg(feature = "sqlite")]
        Place::Sqlite { path, access } => super::sqlite::connect(database, path, *access, row_bytes, time).await,
        #[cfg(not(feature = "sqlite"))]
        place @ Place::Sqlite { .. } => Err(lacking(place)),
        #[cfg(feature = "postgres")]
        Place::Postgres(server) => super::postgres::connect(database, server, row_bytes).await,
        #[cfg(not(feature = "postgres"))]
        place @ Place::Postgres(_) => Err(lacking(place)),
        #[cfg(feature = "mysql")]
        Place::Mysql(server) => super::mysql::connect(database, server, row_bytes).await,
        #[cfg(not(feature = "mysql"))]
        place @ Place::Mysql(_) => Err(lacking(place)),
        Place::Mongodb { .. } => Err(foreign(database).into()),
    }
}

#[cfg(not(all(feature = "sqlite", feature = "postgres", feature = "mysql")))]
fn lacking(place: &Place) -> Fault {
    use crate::connect::left_out;
    let (what, feature) = left_out::database(place).unwrap_or_default();
    let message = format!("this build has no {what}: `{}` makes one that has it", left_out::way(&[feature]));
    Fault::refused(Failure::new(Kind::ValidationError, message))
}

/// What to say of a row that is larger than may be.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub fn row_too_large(database: &Database, bytes: usize) -> Failure {
    let message = format!(
        "a row of the database `{}` has more than {bytes} bytes: ask for less of it, or raise the setting `http.response_bytes_max`",
        database.name
    );
    Failure::new(Kind::LimitExceeded, message).detail("database", &*database.name)
}

/// The names of the columns of a result, each once: the second `id` is `id_2`.
pub fn names<'a>(columns: impl Iterator<Item = &'a str>) -> Vec<Arc<str>> {
    let mut names: Vec<Arc<str>> = Vec::new();
    for column in columns {
        let taken = |name: &str| names.iter().any(|known| **known == *name);
        let own = (2..).map(|number| format!("{column}_{number}")).find(|name| !taken(name)).filter(|_| taken(column));
        names.push(own.map_or_else(|| column.into(), Into::into));
    }
    names
}

/// The rows of a result as they come, up to a bound.
pub struct Gathered {
    names: Vec<Arc<str>>,
    bound: Bound,
    /// What came so far.
    pub rows: Vec<Value>,
    weight: usize,
}

impl Gathered {
    /// None so far, with columns of these names.
    pub fn new<'a>(columns: impl Iterator<Item = &'a str>, bound: Bound) -> Self {
        Self { names: names(columns), bound, rows: Vec::new(), weight: 0 }
    }

    /// Takes one row in.
    ///
    /// # Errors
    /// That of its values.
    pub fn take(&mut self, values: impl Iterator<Item = Result<Value, Failure>>) -> Result<(), Failure> {
        let row: Map = self
            .names
            .iter()
            .cloned()
            .zip(values)
            .map(|(name, value)| Ok((name, value?)))
            .collect::<Result<_, Failure>>()?;
        let row = Value::from(row);
        self.weight += row.weight();
        self.rows.push(row);
        Ok(())
    }

    /// Whether no more fits in.
    pub fn is_full(&self) -> bool {
        self.bound.is_reached(self.rows.len(), self.weight)
    }

    /// What to say where a result is read as a whole and more comes than fits.
    pub fn overfull(&self, database: &Database) -> Failure {
        let what = if self.rows.len() >= self.bound.rows {
            format!("more than {} rows", self.bound.rows)
        } else {
            format!("more than {} bytes", self.bound.bytes)
        };
        let message = format!(
            "the query gives {what}: stream it with `for ... from sql.query`, ask for less, or raise the setting `databases.{}.rows_max`{}",
            database.name,
            if self.rows.len() >= self.bound.rows { "" } else { " or `http.response_bytes_max`" }
        );
        Failure::new(Kind::LimitExceeded, message).detail("database", &*database.name)
    }
}
