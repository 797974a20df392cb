//! Sees the answers that come: for whoever keeps an exchange as an example.

use std::sync::{Arc, Mutex, PoisonError};

use crate::base::value::Value;

/// The answers that came, in order. Clones share one list.
#[derive(Clone, Debug, Default)]
pub struct Witness(Arc<Mutex<Vec<Value>>>);

impl Witness {
    /// An answer came: `{ status, headers, body }`.
    pub fn see(&self, answer: &Value) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(answer.clone());
    }

    /// All that came so far.
    pub fn seen(&self) -> Vec<Value> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
