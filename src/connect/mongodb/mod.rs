//! `mongodb.*` for the databases that the settings name.
//!
//! In: a call of `mongodb.*`. Out: documents, or how many were changed. Never: a filter that lost a part because a value was
//! absent; a second document for one key: an insert's `_id` is made of the key (held by `tests/connect/mongodb`).

mod deployment;
mod document;
mod fault;
mod question;

use std::sync::Arc;

use ::mongodb::Collection;
use ::mongodb::bson::{Bson, Document};
use futures_util::TryStreamExt as _;

use self::deployment::Deployments;
use self::fault::Fault;
use self::question::{Question, Rest, Selection};
use super::databases::Database;
use super::page::Results;
use super::registry::{Call, Native, Natives};
use crate::base::failure::{Failure, Kind};
use crate::base::time::Duration;
use crate::base::value::Value;
use crate::run::world::{BoxFuture, Outcome};

/// Binds the operations of the standard library's `mongodb`.
pub fn register(natives: &mut Natives) {
    let open = Arc::new(Open { deployments: Deployments::default(), results: Results::new(question::IDLE_MAX) });
    let verbs = [
        ("mongodb.find", Verb::Find),
        ("mongodb.aggregate", Verb::Aggregate),
        ("mongodb.count", Verb::Count),
        ("mongodb.distinct", Verb::Distinct),
        ("mongodb.insert", Verb::Insert),
        ("mongodb.update", Verb::Update),
        ("mongodb.delete", Verb::Delete),
    ];
    for (name, verb) in verbs {
        natives.bind(name, Body { verb, open: open.clone() });
    }
}

/// What is open: clients with their connections, and results that are read some documents at a time.
struct Open {
    deployments: Deployments,
    results: Arc<Results<Rest>>,
}

#[derive(Clone, Copy)]
enum Verb {
    Find,
    Aggregate,
    Count,
    Distinct,
    Insert,
    Update,
    Delete,
}

struct Body {
    verb: Verb,
    open: Arc<Open>,
}

impl Native for Body {
    fn call(&self, call: Call) -> BoxFuture<'static, Outcome> {
        let (verb, open) = (self.verb, self.open.clone());
        Box::pin(async move {
            let done = carry_out(&call, verb, &open).await;
            done.unwrap_or_else(|fault| Outcome { certain: fault.certain, ..Outcome::failed(fault.failure) })
        })
    }
}

/// One call, and what it is about.
struct Asked<'a> {
    call: &'a Call,
    database: Arc<Database>,
    collection: Collection<Document>,
}

async fn carry_out(call: &Call, verb: Verb, open: &Open) -> Result<Outcome, Fault> {
    let database = deployment::named(call)?;
    let wanted = wanted(call, verb)?;
    let work = async {
        let collection = open.deployments.collection(&database, &call.text("collection")?).await?;
        let asked = Asked { call, database: database.clone(), collection };
        match wanted {
            Wanted::Documents(question) if call.act.streamed => question::page(&asked, &question, &open.results).await,
            Wanted::Documents(question) => Ok(Outcome::done(asked.all(&question).await?)),
            Wanted::Count(filter) => Ok(Outcome::done(asked.count(filter).await?)),
            Wanted::Distinct { field, filter } => Ok(Outcome::done(asked.distinct(&field, filter).await?)),
            Wanted::Insert(documents) => Ok(Outcome::done(asked.insert(documents).await?)),
            Wanted::Update(update) => Ok(Outcome::done(asked.update(update).await?)),
            Wanted::Delete(filter) => Ok(Outcome::done(asked.delete(filter).await?)),
        }
    };
    // What was on its way when time ran out may have happened.
    let ended = tokio::time::timeout(call.act.timeout.to_std(), work).await;
    ended.unwrap_or_else(|_| Err(Fault::late(&database)))
}

/// What a call asks for, in the words of the database.
enum Wanted {
    Documents(Question),
    Count(Document),
    Distinct { field: Arc<str>, filter: Document },
    Insert(Vec<Document>),
    Update(Update),
    Delete(Document),
}

/// A change of documents.
struct Update {
    filter: Document,
    update: Document,
    upsert: bool,
    many: bool,
}

fn wanted(call: &Call, verb: Verb) -> Result<Wanted, Failure> {
    let filter = || document::filter("filter", &call.param("filter"));
    let one = |name: &str| document::filter(name, &call.param(name));
    Ok(match verb {
        Verb::Find => Wanted::Documents(Question::Find(Box::new(Selection {
            filter: filter()?,
            projection: one("projection")?,
            sort: one("sort")?,
            skip: count(call, "skip"),
            limit: call.param("limit").as_int(),
        }))),
        Verb::Aggregate => {
            Wanted::Documents(Question::Aggregate { pipeline: document::pipeline(&call.param("pipeline"))? })
        }
        Verb::Count => Wanted::Count(filter()?),
        Verb::Distinct => Wanted::Distinct { field: call.text("field")?, filter: filter()? },
        Verb::Insert => Wanted::Insert(documents(call)?),
        Verb::Update => Wanted::Update(Update {
            filter: filter()?,
            update: document::update(&call.param("update"))?,
            upsert: call.param("upsert").is_true(),
            many: call.param("many").is_true(),
        }),
        Verb::Delete => Wanted::Delete(filter()?),
    })
}

fn count(call: &Call, name: &str) -> u64 {
    call.param(name).as_int().and_then(|count| u64::try_from(count).ok()).unwrap_or_default()
}

/// The documents of an insert; those without an `_id` get one that the key alone decides.
fn documents(call: &Call) -> Result<Vec<Document>, Failure> {
    let several = match (call.param("document"), call.param("documents")) {
        (Value::Unit, Value::List(several)) => several.to_vec(),
        (one, Value::Unit) if !one.is_unit() => vec![one],
        _ => {
            let message = "`mongodb.insert` takes `document`, or `documents`, and one of them";
            return Err(Failure::new(Kind::ValidationError, message));
        }
    };
    let with_id = |(index, value): (usize, &Value)| {
        let mut made = Document::new();
        let document = document::of("document", value)?;
        if !document.contains_key("_id") {
            made.insert("_id", document::id_of_key(&call.act, index));
        }
        made.extend(document);
        Ok(made)
    };
    several.iter().enumerate().map(with_id).collect()
}

impl Asked<'_> {
    /// How long the database itself may work: less than the attempt, so that its own word of it arrives in time.
    fn time(&self) -> std::time::Duration {
        let timeout = self.call.act.timeout;
        Duration(timeout.0 - (timeout.0 / 10).min(1_000)).to_std()
    }

    fn fault(&self, error: ::mongodb::error::Error) -> Fault {
        Fault::of(&self.database, error)
    }

    /// All documents; a failure where they are more than the settings allow.
    async fn all(&self, question: &Question) -> Result<Value, Fault> {
        let mut found = question.ask(self, 0).await?;
        let (mut values, mut bytes) = (Vec::new(), 0);
        let (rows_max, bytes_max) = (self.database.rows_max, self.call.environment.response_bytes_max);
        while let Some(document) = found.try_next().await.map_err(|error| self.fault(error))? {
            let value = document::shown(document);
            bytes += value.weight();
            values.push(value);
            if values.len() > rows_max || bytes > bytes_max {
                let bound = if values.len() > rows_max {
                    format!("{rows_max} documents, the `rows_max` of its settings")
                } else {
                    format!("{bytes_max} bytes, the setting `http.response_bytes_max`")
                };
                let message = format!(
                    "the database `{}` gave more than {bound}: stream them with `for ... from`, or give a `limit`",
                    self.database.name
                );
                return Err(Failure::new(Kind::LimitExceeded, message).into());
            }
        }
        Ok(Value::list(values))
    }

    async fn count(&self, filter: Document) -> Result<Value, Fault> {
        let count = self.collection.count_documents(filter).max_time(self.time()).await;
        Ok(number(count.map_err(|error| self.fault(error))?))
    }

    async fn distinct(&self, field: &str, filter: Document) -> Result<Value, Fault> {
        let values = self.collection.distinct(field, filter).max_time(self.time()).await;
        let values = values.map_err(|error| self.fault(error))?;
        Ok(Value::list(values.into_iter().map(document::shown_value)))
    }

    /// Inserts in order. What an earlier attempt of the same intent inserted is not inserted again.
    async fn insert(&self, documents: Vec<Document>) -> Result<Value, Fault> {
        let ids: Vec<Bson> = documents.iter().filter_map(|document| document.get("_id").cloned()).collect();
        let (mut open, mut some_are_there) = (documents, false);
        while !open.is_empty() {
            let Err(error) = self.collection.insert_many(&open).await else { break };
            let there = if fault::is_clash(&error) { self.there(&open).await? } else { Vec::new() };
            if there.is_empty() {
                let refused = fault::refused_document(&error).and_then(|index| open.get(index)?.get("_id"));
                let index = refused.and_then(|id| ids.iter().position(|other| other == id));
                let mut fault = self.fault(error);
                fault.certain &= !some_are_there;
                if let Some(index) = index {
                    fault.failure = fault.failure.detail("index", number(index as u64));
                }
                return Err(fault);
            }
            some_are_there = true;
            open.retain(|document| document.get("_id").is_none_or(|id| !there.contains(id)));
        }
        let answer = Value::map([
            ("inserted", number(ids.len() as u64)),
            ("ids", Value::list(ids.into_iter().map(document::shown_value))),
        ]);
        Ok(answer)
    }

    /// The ids made of this key that are in the collection already.
    async fn there(&self, documents: &[Document]) -> Result<Vec<Bson>, Fault> {
        let made = documents.iter().filter(|document| document::is_made_of_key(document, &self.call.act));
        let ids: Vec<Bson> = made.filter_map(|document| document.get("_id").cloned()).collect();
        let mut filter = Document::new();
        filter.insert("_id", [("$in".to_owned(), Bson::Array(ids))].into_iter().collect::<Document>());
        let only_id: Document = [("_id".to_owned(), Bson::Int32(1))].into_iter().collect();
        let found = self.collection.find(filter).projection(only_id).max_time(self.time()).await;
        let found = found.map_err(|error| self.fault(error))?;
        let documents: Vec<Document> = found.try_collect().await.map_err(|error| self.fault(error))?;
        Ok(documents.into_iter().filter_map(|mut document| document.remove("_id")).collect())
    }

    async fn update(&self, wanted: Update) -> Result<Value, Fault> {
        let Update { filter, update, upsert, many } = wanted;
        let done = match many {
            true => self.collection.update_many(filter, update).upsert(upsert).await,
            false => self.collection.update_one(filter, update).upsert(upsert).await,
        };
        // A change of many that ended early may have changed some.
        let done = done.map_err(|error| Fault {
            certain: !many && Fault::of(&self.database, error.clone()).certain,
            ..self.fault(error)
        })?;
        Ok(Value::map([
            ("matched", number(done.matched_count)),
            ("modified", number(done.modified_count)),
            ("upserted", done.upserted_id.map_or(Value::Unit, document::shown_value)),
        ]))
    }

    async fn delete(&self, filter: Document) -> Result<Value, Fault> {
        let done = self.collection.delete_many(filter).await.map_err(|error| self.fault(error))?;
        Ok(Value::map([("deleted", number(done.deleted_count))]))
    }
}

fn number(count: u64) -> Value {
    Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
}
