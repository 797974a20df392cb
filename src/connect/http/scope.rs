//! What the expressions of a connector see: `params`, `config`, `response`, and by their bare names the parameters
//! and the answers of the requests ahead.

use std::cell::Cell;

use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::connect::registry::Call;
use crate::lang::plan::Root;
use crate::lang::plan::evaluate::Roots;

/// The roots of one operation's expressions.
pub struct Scope<'a> {
    call: &'a Call,
    response: Option<&'a Value>,
    now: Timestamp,
    drawn: Cell<u64>,
}

impl<'a> Scope<'a> {
    /// Before there is an answer.
    pub fn new(call: &'a Call) -> Self {
        Self { call, response: None, now: Timestamp::now(), drawn: Cell::new(0) }
    }

    /// With the answer that came.
    pub fn with(call: &'a Call, response: &'a Value) -> Self {
        Self { response: Some(response), ..Self::new(call) }
    }
}

impl Roots for Scope<'_> {
    fn root(&self, root: &Root) -> Option<Value> {
        match root {
            Root::Params => Some(all_params(self.call)),
            Root::Param(name) => Some(self.call.ahead.get(name).cloned().unwrap_or_else(|| self.call.param(name))),
            Root::Config => Some(self.call.config()),
            Root::Response => self.response.cloned(),
            // What a poll keeps.
            Root::State => Some(self.call.param("state")),
            Root::Key => Some(Value::Text(self.call.act.key.clone())),
            _ => None,
        }
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn draw(&self) -> u64 {
        // The same numbers in every attempt of one intent (semantics 51): the far side must see the same request.
        let count = self.drawn.replace(self.drawn.get() + 1);
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.call.act.key.as_bytes()).update(&count.to_le_bytes());
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        u64::from_le_bytes(bytes)
    }

    fn print(&self, text: &str) {
        tracing::debug!(place = %self.call.act.place, "{}", self.call.environment.mask.cover(text));
    }

    fn env(&self, name: &str) -> Option<Value> {
        self.call.environment.settings.env(name)
    }

    fn secret(&self, name: &str) -> Option<Value> {
        self.call.environment.settings.secret(name)
    }
}

/// The parameters with every declared one present: an optional one that was not given is `()`, never missing.
fn all_params(call: &Call) -> Value {
    let mut params = call.act.params.as_map().cloned().unwrap_or_default();
    for field in &call.act.operation.signature.params {
        params.entry(field.name.clone()).or_default();
    }
    params.into()
}
