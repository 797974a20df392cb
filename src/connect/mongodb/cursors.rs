//! Results that loops read some documents at a time.
//!
//! A result stays open between two pages, at the place its loop has reached. Whoever asks for a page that no open result
//! stands before, after a crash above all, gets it all the same: the question is asked again, and skips what was given.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration as Time, Instant};

use ::mongodb::Cursor;
use ::mongodb::bson::{Bson, Document};
use futures_util::TryStreamExt as _;

use super::fault::Fault;
use super::{Asked, document};
use crate::base::value::Value;
use crate::run::world::Outcome;

/// How many documents a page has at most.
const DOCUMENTS_PER_PAGE: usize = 1_000;
/// About how many bytes a page has at most.
const BYTES_PER_PAGE: usize = 4 * 1024 * 1024;
/// How long a result stays open that nobody reads; the database itself closes it after ten minutes.
const IDLE_MAX: Time = Time::from_secs(540);
/// How often results are looked for that nobody reads.
const LOOK: Time = Time::from_secs(60);

/// What gives documents.
#[derive(Clone, Debug)]
pub enum Question {
    /// A selection.
    Find(Box<Selection>),
    /// A pipeline.
    Aggregate {
        /// Its stages.
        pipeline: Vec<Document>,
    },
}

/// Which documents of a collection.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Those that it fits.
    pub filter: Document,
    /// Which of their fields.
    pub projection: Document,
    /// In which order.
    pub sort: Document,
    /// How many are passed over.
    pub skip: u64,
    /// How many at most.
    pub limit: Option<i64>,
}

impl Question {
    /// Asks it, without the first `given` documents.
    pub async fn ask(&self, asked: &Asked<'_>, given: u64) -> Result<Cursor<Document>, Fault> {
        let found = match self {
            Self::Find(selection) => {
                let Selection { filter, projection, sort, skip, limit } = &**selection;
                let mut find = asked.collection.find(filter.clone()).skip(skip + given).max_time(asked.time());
                if !projection.is_empty() {
                    find = find.projection(projection.clone());
                }
                if !sort.is_empty() {
                    find = find.sort(sort.clone());
                }
                if let Some(limit) = limit {
                    // A limit of nothing would be none at all.
                    find = find.limit((limit - i64::try_from(given).unwrap_or(i64::MAX)).max(1));
                }
                find.await
            }
            Self::Aggregate { pipeline } => {
                let skip = |given| [("$skip".to_owned(), Bson::Int64(given))].into_iter().collect::<Document>();
                let rest = i64::try_from(given).ok().filter(|given| *given > 0).map(skip);
                let stages = pipeline.iter().cloned().chain(rest);
                asked.collection.aggregate(stages).max_time(asked.time()).await
            }
        };
        found.map_err(|error| asked.fault(error))
    }
}

/// Which loop reads a result: the step of a run, and where it has come to.
type Reader = (Arc<str>, Arc<str>);

/// A result between two pages.
struct Waiting {
    cursor: Cursor<Document>,
    /// The document that comes next; it was looked at to know whether there is one.
    next: Document,
    /// How many documents of it were given.
    given: u64,
    since: Instant,
}

/// A page, and what comes after it where there is more.
type Page = (Vec<Value>, Option<(Cursor<Document>, Document)>);

/// The results that are open.
#[derive(Default)]
pub struct Cursors {
    waiting: Mutex<BTreeMap<Reader, Waiting>>,
}

impl Cursors {
    /// The next page of the loop that the call belongs to.
    pub async fn page(self: &Arc<Self>, asked: &Asked<'_>, question: &Question) -> Result<Outcome, Fault> {
        let act = &asked.call.act;
        let reader: Reader = (act.run.0.clone(), act.key.clone());
        let given = act.page.get("documents").and_then(Value::as_int).and_then(|given| u64::try_from(given).ok());
        let given = given.unwrap_or_default();
        let waiting = self.waiting().remove(&reader).filter(|waiting| waiting.given == given);
        let page = match waiting {
            // Where it was cut off while it waited, it is asked again.
            Some(waiting) => read(asked, Some(waiting.next), waiting.cursor).await.ok(),
            None => None,
        };
        let (documents, more) = match page {
            Some(page) => page,
            None => read(asked, None, question.ask(asked, given).await?).await?,
        };
        let given = given + documents.len() as u64;
        let done = Outcome::done(Value::list(documents));
        let Some((cursor, next)) = more else { return Ok(done) };
        self.keep(reader, Waiting { cursor, next, given, since: Instant::now() }, asked.database.connections);
        let next_page = Value::map([("documents", super::number(given))]);
        Ok(Outcome { next_page, ..done })
    }

    /// Keeps a result open; where there are too many, the one that waits longest makes room.
    fn keep(self: &Arc<Self>, reader: Reader, result: Waiting, most: usize) {
        let mut waiting = self.waiting();
        let is_first = waiting.is_empty();
        if waiting.len() >= most {
            let oldest = waiting.iter().min_by_key(|(_, other)| other.since).map(|(reader, _)| reader.clone());
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

/// Documents until a page is full.
async fn read(asked: &Asked<'_>, first: Option<Document>, mut cursor: Cursor<Document>) -> Result<Page, Fault> {
    let (mut values, mut bytes, mut next) = (Vec::new(), 0, first);
    loop {
        let document = match next.take() {
            Some(document) => Some(document),
            None => cursor.try_next().await.map_err(|error| asked.fault(error))?,
        };
        let Some(document) = document else { return Ok((values, None)) };
        if values.len() >= DOCUMENTS_PER_PAGE || bytes >= BYTES_PER_PAGE {
            return Ok((values, Some((cursor, document))));
        }
        let value = document::shown(document);
        bytes += value.weight();
        values.push(value);
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
