//! Pages of a stream: how much each holds, and the results that stay open between two of them.
//!
//! In: the call of a loop that asks for its next page. Out: the result that stands there, if it is still open, and how much the
//! loop was given before. Never: a page that cannot be given without it: after a crash above all there is no result, and
//! whoever is asked asks its far side again and passes over what was given (held by `tests/connect/sql` and
//! `tests/connect/mongodb`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::base::value::Value;
use crate::run::world::{Act, Outcome};

/// How often results are looked for that nobody reads.
const LOOK: Duration = Duration::from_secs(60);

/// How much is taken at once.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// How many rows.
    pub rows: usize,
    /// How many bytes, about.
    pub bytes: usize,
}

impl Bound {
    /// What a page of a stream has at most.
    pub const PAGE: Self = Self { rows: 1_000, bytes: 4 * 1024 * 1024 };
    /// Everything.
    pub const NONE: Self = Self { rows: usize::MAX, bytes: usize::MAX };

    /// Whether nothing fits in beside so many rows with so many bytes.
    pub fn is_reached(&self, rows: usize, bytes: usize) -> bool {
        rows >= self.rows || bytes >= self.bytes
    }
}

/// Which loop reads a result: the run, and the key of the page's step.
type Reader = (Arc<str>, Arc<str>);

/// A result between two pages.
struct Waiting<T> {
    result: T,
    /// How many rows of it were given.
    given: u64,
    source: Arc<str>,
    since: Instant,
}

/// What results are read from.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Its name.
    pub name: &'a Arc<str>,
    /// How many results of it may be open at once.
    pub most: usize,
}

/// The results of a connector that are open.
pub struct Results<T> {
    waiting: Mutex<BTreeMap<Reader, Waiting<T>>>,
    idle_max: Duration,
}

impl<T: Send + 'static> Results<T> {
    /// None yet. One that nobody reads for so long is closed.
    pub fn new(idle_max: Duration) -> Arc<Self> {
        Arc::new(Self { waiting: Mutex::default(), idle_max })
    }

    /// How many rows the loop was given that `act` belongs to, and the result that stands behind them, if it is open.
    pub fn take(&self, act: &Act) -> (u64, Option<T>) {
        let given = act.page.get("rows").and_then(Value::as_int).and_then(|rows| u64::try_from(rows).ok());
        let given = given.unwrap_or_default();
        let waiting = self.waiting().remove(&reader(act)).filter(|waiting| waiting.given == given);
        (given, waiting.map(|waiting| waiting.result))
    }

    /// The rows that come after the `given` ones, as the outcome of a page. Where there are more, `rest` waits for the next.
    pub fn page(self: &Arc<Self>, act: &Act, source: Source<'_>, given: u64, page: (Vec<Value>, Option<T>)) -> Outcome {
        let (rows, rest) = page;
        let given = given + rows.len() as u64;
        let done = Outcome::done(Value::list(rows));
        let Some(result) = rest else { return done };
        let waiting = Waiting { result, given, source: source.name.clone(), since: Instant::now() };
        self.keep(reader(act), waiting, source.most);
        Outcome { next_page: Value::map([("rows", Value::Int(i64::try_from(given).unwrap_or(i64::MAX)))]), ..done }
    }

    /// Keeps a result open; where there are too many of one source, the one that waits longest makes room.
    fn keep(self: &Arc<Self>, reader: Reader, result: Waiting<T>, most: usize) {
        let mut waiting = self.waiting();
        let is_first = waiting.is_empty();
        let same = |(_, other): &(&Reader, &Waiting<T>)| other.source == result.source;
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

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<Reader, Waiting<T>>> {
        // Whoever held the lock did not leave half a change behind.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn reader(act: &Act) -> Reader {
    (act.run.0.clone(), act.key.clone())
}

/// Closes results that nobody reads any longer: the loop has ended, or is slow and will ask again.
async fn tidy<T: Send + 'static>(results: Weak<Results<T>>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(results) = results.upgrade() else { return };
        let mut waiting = results.waiting();
        waiting.retain(|_, result| result.since.elapsed() < results.idle_max);
        if waiting.is_empty() {
            return;
        }
    }
}
