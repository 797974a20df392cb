//! Results that loops read some rows at a time.
//!
//! A result stays open between two pages, at the place its loop has reached. Whoever asks for a page that no open result
//! stands before, after a crash above all, gets it all the same: the query is asked again, and the rows before are passed over.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration as Time, Instant};

use super::fault::Fault;
use super::link::{Bound, Cursor};
use super::pool::Pool;
use super::statement::Statement;
use crate::base::time::Duration;
use crate::base::value::Value;
use crate::connect::databases::Database;
use crate::connect::registry::Call;
use crate::run::world::Outcome;

/// How many rows a page has at most.
const ROWS_PER_PAGE: usize = 1_000;
/// About how many bytes a page has at most.
const BYTES_PER_PAGE: usize = 4 * 1024 * 1024;
/// How long a result stays open that nobody reads.
const IDLE_MAX: Time = Time::from_secs(600);
/// How often results are looked for that nobody reads.
const LOOK: Time = Time::from_secs(60);

/// Which loop reads a result: the step of a run, and where it has come to.
type Reader = (Arc<str>, Arc<str>);

/// A result between two pages.
struct Waiting {
    cursor: Box<dyn Cursor>,
    /// How many rows of it were given.
    given: u64,
    database: Arc<str>,
    since: Instant,
}

/// The results that are open.
#[derive(Default)]
pub struct Cursors {
    waiting: Mutex<BTreeMap<Reader, Waiting>>,
}

impl Cursors {
    /// The next page of the loop that `call` belongs to.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn page(
        self: &Arc<Self>,
        pool: &Pool,
        call: &Call,
        statement: Statement,
        time: Duration,
    ) -> Result<Outcome, Fault> {
        let reader: Reader = (call.act.run.0.clone(), call.act.key.clone());
        let given = call.act.page.get("rows").and_then(Value::as_int).and_then(|rows| u64::try_from(rows).ok());
        let given = given.unwrap_or_default();
        let bound = || Bound { rows: ROWS_PER_PAGE, bytes: BYTES_PER_PAGE };
        let _place = pool.stream(time).await?;
        let waiting = self.waiting().remove(&reader).filter(|waiting| waiting.given == given);
        if let Some(mut waiting) = waiting {
            match waiting.cursor.next(bound(), time).await {
                Ok(page) => return Ok(self.given(reader, waiting.cursor, given, page, &pool.database)),
                // It was cut off while it waited: it is asked again.
                Err(fault) if !fault.reusable => {}
                Err(fault) => return Err(fault),
            }
        }
        let mut cursor = pool.connect(time).await?.open(statement, given, time).await?;
        let page = cursor.next(bound(), time).await?;
        Ok(self.given(reader, cursor, given, page, &pool.database))
    }

    /// The page as an outcome; where there is more, the result waits for the next.
    fn given(
        self: &Arc<Self>,
        reader: Reader,
        cursor: Box<dyn Cursor>,
        before: u64,
        (rows, more): (Vec<Value>, bool),
        database: &Database,
    ) -> Outcome {
        let given = before + rows.len() as u64;
        let done = Outcome::done(Value::list(rows));
        if !more {
            return done;
        }
        let waiting = Waiting { cursor, given, database: database.name.clone(), since: Instant::now() };
        self.keep(reader, waiting, database.connections);
        Outcome { next_page: Value::map([("rows", Value::Int(i64::try_from(given).unwrap_or(i64::MAX)))]), ..done }
    }

    /// Keeps a result open; where there are too many of one database, the one that waits longest makes room.
    fn keep(self: &Arc<Self>, reader: Reader, result: Waiting, most: usize) {
        let mut waiting = self.waiting();
        let is_first = waiting.is_empty();
        let same = |(_, other): &(&Reader, &Waiting)| other.database == result.database;
        if waiting.iter().filter(same).count() >= most {
            let oldest =
                waiting.iter().filter(same).min_by_key(|(_, other)| other.since).map(|(reader, _)| reader.clone());
            oldest.and_then(|reader| waiting.remove(&reader));
        }
        waiting.insert(reader, result);
        if is_first {
            tokio::spawn(tidy(Arc::downgrade(self)));
        }
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<Reader, Waiting>> {
        // Whoever held the lock did not leave half a change behind.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes results that nobody reads any longer: the loop has ended, or is slow and will ask again.
async fn tidy(cursors: Weak<Cursors>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(cursors) = cursors.upgrade() else { return };
        let mut waiting = cursors.waiting();
        waiting.retain(|_, result| result.since.elapsed() < IDLE_MAX);
        if waiting.is_empty() {
            return;
        }
    }
}
