//! The stand-in for people, personas and models: answers every question at once, with something of the answer's type.

use super::{Record, Sent};
use crate::base::failure::Failure;
use crate::base::value::Value;
use crate::run::world::{BoxFuture, Consult, Consulted, Question};

/// Who a record says has answered.
const NAME: &str = "sandbox";

/// Answers what is asked.
pub struct StandIn {
    record: Record,
}

impl StandIn {
    /// One that keeps questions and answers in `record`.
    pub fn new(record: Record) -> Self {
        Self { record }
    }
}

impl Consult for StandIn {
    fn consult(&self, question: Question) -> BoxFuture<'_, Result<Consulted, Failure>> {
        let answer = question.answer.example();
        let asked = question.params.get("question").map(|text| format!(": {text}")).unwrap_or_default();
        self.record.take(Sent {
            connector: "ask".into(),
            operation: None,
            summary: format!("{}{asked}", question.whom).into(),
            body: Value::Unit,
            answer: answer.clone(),
        });
        Box::pin(std::future::ready(Ok(Consulted::Answered { value: answer, by: NAME.into() })))
    }
}
