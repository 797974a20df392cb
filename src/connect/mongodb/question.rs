//! Questions for documents, and their answers some documents at a time. Whoever asks again skips what was given.

use std::sync::Arc;

use ::mongodb::Cursor;
use ::mongodb::bson::{Bson, Document};
use futures_util::TryStreamExt as _;

use super::fault::Fault;
use super::{Asked, document};
use crate::base::value::Value;
use crate::connect::page::{Bound, Results, Source};
use crate::run::world::Outcome;

/// How long a result stays open that nobody reads; the database itself closes it after ten minutes.
pub const IDLE_MAX: std::time::Duration = std::time::Duration::from_secs(540);

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

/// A result between two pages.
pub struct Rest {
    cursor: Cursor<Document>,
    /// The document that comes next; it was looked at to know whether there is one.
    next: Document,
}

/// A page, and what comes after it where there is more.
type Page = (Vec<Value>, Option<Rest>);

/// The next page of the loop that the call belongs to: of its result, where that is open, or of the same question asked again.
pub async fn page(asked: &Asked<'_>, question: &Question, open: &Arc<Results<Rest>>) -> Result<Outcome, Fault> {
    let (given, waiting) = open.take(&asked.call.act);
    let page = match waiting {
        // Where it was cut off while it waited, it is asked again.
        Some(rest) => read(asked, Some(rest.next), rest.cursor).await.ok(),
        None => None,
    };
    let page = match page {
        Some(page) => page,
        None => read(asked, None, question.ask(asked, given).await?).await?,
    };
    let source = Source { name: &asked.database.name, most: asked.database.connections };
    Ok(open.page(&asked.call.act, source, given, page))
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
        if Bound::PAGE.is_reached(values.len(), bytes) {
            return Ok((values, Some(Rest { cursor, next: document })));
        }
        let value = document::shown(document);
        bytes += value.weight();
        values.push(value);
    }
}
