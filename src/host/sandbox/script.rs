//! The answers of one example, one after the other, whatever is asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::http::{Answers, Asked};
use crate::base::value::Value;
use crate::lang::plan::connector::Answer;

/// What an example answers and has not answered yet.
pub struct Script {
    left: Mutex<VecDeque<Answer>>,
}

impl Script {
    /// These answers, in order.
    pub fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self { left: Mutex::new(answers.into_iter().collect()) }
    }
}

impl Answers for Script {
    fn answer(&self, asked: &Asked) -> (Option<Arc<str>>, Answer) {
        // Whoever held the lock did not leave half a change behind.
        let next = self.left.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        (Some(asked.operation.as_str().into()), next.unwrap_or_else(silence))
    }
}

/// Nothing is said of what is asked beyond the answers.
fn silence() -> Answer {
    let body = Value::map([("error", Value::from("the example has no answer for this request"))]);
    Answer { status: 404, body, ..Answer::default() }
}
