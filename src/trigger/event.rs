//! `trigger event "customer.created"`: each event of the topic that matches starts one run, also after a crash.
//!
//! How far the trigger has heard is a fact, written with the run's acceptance; the run has its id from the trigger and the
//! place of the event in the journal.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::declared::Declared;
use super::{Noting, Triggers};
use crate::base::value::{Map, Value};
use crate::run::intake::Item;
use crate::run::journal::{Broken, Emission, Fact, Happened, Journal, Mark};

/// How the names of the facts begin that say how far was heard.
pub(super) const FACTS: &str = "heard/";
/// How many events are read at once.
const PAGE: usize = 256;

impl Triggers {
    /// Starts a run for each event of the topic, from the moment on at which the trigger was first seen.
    pub(super) async fn hear(
        &self,
        declared: &Declared,
        topic: &str,
        notes: Noting,
        ending: &CancellationToken,
    ) -> Result<(), Broken> {
        let Some(journal) = self.driver().world().journal.clone() else {
            return Err(Broken("without a journal no event is kept for it".into()));
        };
        let mut published = self.driver().published();
        let mut heard = self.heard_until(declared).await?;
        drop(notes);
        loop {
            // Until what was published is taken, a clock that is moved by hand stands still.
            let more = tokio::select! {
                more = published.next() => more,
                () = ending.cancelled() => None,
            };
            let Some((last, _busy)) = more else { return Ok(()) };
            tokio::select! {
                synced = journal.synced(last) => synced?,
                () = ending.cancelled() => return Ok(()),
            }
            heard = self.hear_what_is_there(declared, topic, &*journal, heard, ending).await?;
        }
    }

    /// Takes the events after `heard` that are on disk; up to where it has heard then.
    async fn hear_what_is_there(
        &self,
        declared: &Declared,
        topic: &str,
        journal: &dyn Journal,
        mut heard: Mark,
        ending: &CancellationToken,
    ) -> Result<Mark, Broken> {
        loop {
            let events = journal.events(topic, heard, PAGE).await?;
            let mut is_last = events.len() < PAGE;
            let mut kept = true;
            for event in events {
                if ending.is_cancelled() {
                    is_last = true;
                    break;
                }
                heard = event.mark;
                kept = self.take_event(declared, event).await?;
            }
            if !kept {
                self.driver().note(vec![heard_fact(declared, heard)]).await?;
            }
            if is_last {
                return Ok(heard);
            }
        }
    }

    /// Up to where the trigger has heard; one that was never seen before, up to now.
    async fn heard_until(&self, declared: &Declared) -> Result<Mark, Broken> {
        match self.driver().fact(&fact_name(declared)).await? {
            Some(Value::Int(mark)) => Ok(Mark(mark.unsigned_abs())),
            _ => {
                // The place of a note may be taken again if the process ends now, but not one before it.
                let now = self.driver().note(Vec::new()).await?;
                let before = Mark(now.0.saturating_sub(1));
                self.driver().note(vec![heard_fact(declared, before)]).await?;
                Ok(before)
            }
        }
    }

    /// Takes one event; whether that is kept.
    async fn take_event(&self, declared: &Declared, event: Happened) -> Result<bool, Broken> {
        let Happened { mark, emission: Emission { at, topic, payload, origin } } = event;
        let trigger = Map::from_iter([
            ("type".into(), "event".into()),
            ("event".into(), topic.into()),
            ("id".into(), mark.0.to_string().into()),
            ("at".into(), Value::moment(at)),
            ("body".into(), payload),
        ]);
        let run = declared.run(&mark.0.to_string());
        let facts = vec![heard_fact(declared, mark)];
        self.offer(declared, Item { trigger: declared.index, value: trigger.into(), run: Some(run), facts, origin })
            .await
    }
}

fn fact_name(declared: &Declared) -> Arc<str> {
    format!("{FACTS}{}", declared.name).into()
}

fn heard_fact(declared: &Declared, mark: Mark) -> Fact {
    let mark = i64::try_from(mark.0).unwrap_or(i64::MAX);
    Fact { name: fact_name(declared), value: Some(Value::Int(mark)), until: None }
}
