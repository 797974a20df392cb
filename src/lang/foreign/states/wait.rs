//! `Wait`: for so long, or until a moment.

use serde_json::Value as Json;

use super::document::Document;
use super::jsonata::Seen;
use super::machine::{Machine, Query};
use crate::lang::foreign::time;

impl Machine<'_> {
    /// Writes the wait; the document behind it.
    pub fn wait(&mut self, state: &Json, document: &Document) -> Document {
        let chosen = self.taken_in(state, document);
        let line = if let Some(seconds) = state["Seconds"].as_u64() {
            format!("wait {}", time::seconds(seconds))
        } else if self.speaks == Query::Jsonata && !state["Seconds"].is_null() {
            format!("wait (duration({}, \"s\"))", self.evaluated_code(&state["Seconds"], &Seen::of(document)))
        } else if self.speaks == Query::Jsonata && !state["Timestamp"].is_null() {
            format!("wait until datetime({})", self.evaluated_code(&state["Timestamp"], &Seen::of(document)))
        } else if let Some(moment) = state["Timestamp"].as_str() {
            format!("wait until datetime({})", crate::lang::layout::text(moment))
        } else if let Some(path) = state["SecondsPath"].as_str() {
            let seconds = self.read(path, &chosen).term(&mut self.reads).expression();
            format!("wait (duration({seconds}, \"s\"))")
        } else if let Some(path) = state["TimestampPath"].as_str() {
            let moment = self.read(path, &chosen).term(&mut self.reads).expression();
            format!("wait until datetime({moment})")
        } else {
            self.later("it does not say for how long".to_owned());
            "wait 1s".to_owned()
        };
        self.settle();
        self.draft.line(&line);
        self.given_on(state, document, chosen)
    }
}
