//! Mocks: who answers in place of operations, workflows and people, and what.

use std::sync::Arc;

use crate::base::failure::{Failure, Kind};
use crate::base::shape::{Field, Shape};
use crate::base::time::Duration;
use crate::base::value::{Map, Value};
use crate::lang::plan::test::{Answer, Mock, Target};
use crate::lang::plan::{Package, Root, Roots, With};
use crate::run::world::Outcome;

/// All mocks of a test, and how far each is in its replies.
pub struct Mocks {
    package: Arc<Package>,
    mocks: Vec<Progress>,
}

struct Progress {
    mock: Mock,
    reply: usize,
    used: u64,
}

/// What a mock says.
pub struct Said {
    /// How long it takes.
    pub after: Duration,
    /// The answer; none if nothing ever comes.
    pub outcome: Option<Outcome>,
}

impl Mocks {
    /// These mocks, all before their first reply.
    pub fn new<'m>(package: Arc<Package>, mocks: impl Iterator<Item = &'m Mock>) -> Self {
        let mocks = mocks.map(|mock| Progress { mock: mock.clone(), reply: 0, used: 0 }).collect();
        Self { package, mocks }
    }

    /// What is answered for `target`; `None` if nobody does. A mock with a condition that holds comes before those
    /// without one.
    pub fn answer(&mut self, target: &Target, params: &Value, names: &dyn Roots) -> Option<Said> {
        let names = With { root: Root::Params, value: params, others: names };
        let library = self.package.functions.library();
        let mut chosen = None;
        for (index, progress) in self.mocks.iter().enumerate() {
            if !progress.mock.targets.contains(target) {
                continue;
            }
            let Some(reply) = progress.mock.replies.get(progress.reply) else { continue };
            match &reply.when {
                Some(when) => match when.evaluate(library, &names) {
                    Ok(value) if value.is_true() => {
                        chosen = Some(index);
                        break;
                    }
                    _ => {}
                },
                None => chosen = chosen.or(Some(index)),
            }
        }
        let progress = &mut self.mocks[chosen?];
        let reply = &progress.mock.replies[progress.reply];
        progress.used += 1;
        let is_last = progress.reply + 1 == progress.mock.replies.len();
        if !is_last && progress.used >= reply.times.unwrap_or(1) {
            progress.reply += 1;
            progress.used = 0;
        }
        let outcome = match &reply.answer {
            Answer::Never => None,
            Answer::Value(formula) => Some(match formula.evaluate(library, &names) {
                Ok(value) => Outcome::done(value),
                Err(failure) => Outcome::failed(failure),
            }),
            Answer::Fails { kind, message, fields } => {
                let text = message.as_ref().and_then(|message| message.evaluate(library, &names).ok());
                let text = text.map_or_else(|| format!("a mocked {kind}"), |text| text.to_string());
                let fields = fields.as_ref().and_then(|fields| fields.evaluate(library, &names).ok());
                Some(failed(kind, &text, fields.as_ref().and_then(Value::as_map)))
            }
        };
        Some(Said { after: reply.after.unwrap_or(Duration::ZERO), outcome })
    }
}

/// A mocked failure: definite, unless it says itself that nobody can know.
fn failed(kind: &Kind, message: &str, fields: Option<&Map>) -> Outcome {
    let mut failure = Failure::new(kind.clone(), message);
    if let Some(fields) = fields {
        failure.status = fields.get("status").and_then(Value::as_int).and_then(|status| u16::try_from(status).ok());
        failure.body = fields.get("body").cloned().unwrap_or_default();
        if let Some(Value::Map(details)) = fields.get("details") {
            failure.details = (**details).clone();
        }
        if let Some(Value::Duration(pause)) = fields.get("retry_after") {
            failure.retry_after = Some(*pause);
        }
        if let Some(Value::Text(text)) = fields.get("message") {
            failure.message = text.clone();
        }
    }
    if *kind == Kind::OutcomeUnknown { Outcome::unknown(failure) } else { Outcome::failed(failure) }
}

/// What a call was given, as a mock sees it: what is declared is never missing, it is `()`.
pub fn given(params: &Value, declared: &[Field]) -> Value {
    let Some(params) = params.as_map() else { return params.clone() };
    let absent = declared.iter().filter(|field| !params.contains_key(&field.name));
    let absent = absent.map(|field| (field.name.clone(), Value::Unit));
    Value::map(params.iter().map(|(name, value)| (name.clone(), value.clone())).chain(absent))
}

/// What an operation gave, as who called it sees it: optional fields are there, texts become moments. What is not of the declared
/// type stays as it came.
pub fn received(outcome: Outcome, declared: &Shape) -> Outcome {
    let fits = outcome.result.as_ref().ok().and_then(|value| declared.check_answer(value).ok());
    match fits {
        Some(value) => Outcome { result: Ok(value), ..outcome },
        None => outcome,
    }
}

/// What somebody is, and who, of whom a question asks: `role finance`.
pub fn asked(whom: &str) -> (&str, &str) {
    whom.split_once(' ').unwrap_or(("", whom))
}

/// The target that stands for an operation.
pub fn operation(name: &Arc<str>) -> Target {
    Target::Operation(name.clone())
}
