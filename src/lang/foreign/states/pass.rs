//! `Pass`: a document made of another.

use serde_json::Value as Json;

use super::document::Document;
use super::machine::{Machine, Query};
use crate::lang::foreign::term::Term;

impl Machine<'_> {
    /// Writes what the state makes; the document behind it.
    pub fn pass(&mut self, name: &str, state: &Json, document: &Document) -> Document {
        if self.speaks == Query::Jsonata {
            let then = self.given_on(state, document, document.clone());
            self.settle();
            return then;
        }
        let result = match state.get("Result") {
            Some(result) => Document::Term(Term::of(result)),
            None => self.taken_in(state, document),
        };
        let is_constant = state.get("Result").is_some_and(|result| !result.is_object() && !result.is_array());
        let result = if is_constant { result } else { self.bound(name, result) };
        self.settle();
        self.given_on(state, document, result)
    }

    /// A value under a name of its own, where it is more than a name already.
    pub fn bound(&mut self, name: &str, value: Document) -> Document {
        let term = match &value {
            Document::Term(term) => term.clone(),
            Document::Made(None, fields) if !fields.is_empty() => value.term(&mut self.reads),
            _ => {
                self.settle();
                return value;
            }
        };
        self.settle();
        let own = self.draft.name(name);
        self.draft.statement(&format!("let {own}: any ="), &term);
        Document::Path(own)
    }
}
