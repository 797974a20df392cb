//! Every question the engine may ask its surroundings. Store, connectors and personas answer; so does the rehearsed world of `flow test`.

use std::sync::Arc;

use crate::base::failure::{Failure, Kind};
use crate::base::id::RunId;
use crate::base::limit;
use crate::base::secret::Secrets;
use crate::base::shape::Shape;
use crate::base::time::{Duration, Timestamp};
use crate::base::value::Value;
use crate::lang::catalog::Effect;
use crate::lang::plan::Operation;
use crate::run::journal::Journal;

/// A future that a trait object may return.
pub use futures_util::future::BoxFuture;

/// One attempt of an operation, to be carried out.
#[derive(Clone, Debug)]
pub struct Act {
    /// What is to be done.
    pub operation: Arc<Operation>,
    /// With what, an object; fields that are `()` are left out by whoever sends it.
    pub params: Value,
    /// The idempotency key of the intent.
    pub key: Arc<str>,
    /// Whether the program wrote a `key` clause.
    pub key_given: bool,
    /// How this call proves who asks, where the call itself says so: `{ scheme, args, fields }`.
    pub auth: Value,
    /// For a stream: how the page before said to go on; `()` for the first page.
    pub page: Value,
    /// Whether only one page is wanted, because the pages are streamed.
    pub streamed: bool,
    /// How long it may take.
    pub timeout: Duration,
    /// For which run.
    pub run: RunId,
    /// For which place in it.
    pub place: Arc<str>,
}

impl Act {
    /// What is hidden in what it is given.
    pub fn secrets(&self) -> Secrets {
        let mut secrets = self.params.secrets();
        secrets.join(&self.auth.secrets());
        secrets.join(&self.page.secrets());
        secrets
    }

    /// The act with nothing hidden: for whoever carries it out.
    #[must_use]
    pub fn opened(self) -> Self {
        Self { params: self.params.opened(), auth: self.auth.opened(), page: self.page.opened(), ..self }
    }
}

/// What came of an act.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The output, or what went wrong.
    pub result: Result<Value, Failure>,
    /// For a failure: whether it is certain that nothing happened (semantics 47, 48).
    pub certain: bool,
    /// For a stream: how to go on; `()` after the last page.
    pub next_page: Value,
}

impl Outcome {
    /// It worked.
    pub fn done(value: Value) -> Self {
        Self { result: Ok(value), certain: true, next_page: Value::Unit }
    }

    /// It failed, and nothing happened.
    pub fn failed(failure: Failure) -> Self {
        Self { result: Err(failure), certain: true, next_page: Value::Unit }
    }

    /// The same, with these hidden where they come back: a far side may say again what it was told.
    #[must_use]
    pub fn hiding(self, secrets: &Secrets) -> Self {
        let result = match self.result {
            Ok(value) => Ok(value.hiding(secrets)),
            Err(failure) => Err(failure.hiding(secrets)),
        };
        Self { result, next_page: self.next_page.hiding(secrets), ..self }
    }

    /// The type of the error that a call ends with whose repetition means `effect`.
    pub fn error(&self, effect: &Effect) -> Option<Kind> {
        let failure = self.result.as_ref().err()?;
        Some(if effect.leaves_doubt(self.certain) { Kind::OutcomeUnknown } else { failure.kind.clone() })
    }

    /// It failed, and may have happened.
    pub fn unknown(failure: Failure) -> Self {
        Self { certain: false, ..Self::failed(failure) }
    }
}

/// A question to a person, a persona or a model.
#[derive(Clone, Debug)]
pub struct Question {
    /// In which run.
    pub run: RunId,
    /// At which place.
    pub place: Arc<str>,
    /// The step's name.
    pub step: Arc<str>,
    /// Who is asked: `role finance`, `person a@b.c`, `persona sophia`, `model openai/gpt-4o-mini`.
    pub whom: Arc<str>,
    /// `question`, `system` and so on.
    pub params: Value,
    /// The type of the answer.
    pub answer: Shape,
}

/// Plain and secret settings, as they are for the whole of a run.
pub trait Settings: Send + Sync {
    /// A plain setting.
    fn env(&self, name: &str) -> Option<Value>;
    /// A secret setting, not hidden: a run hides it, a connector sends it.
    fn secret(&self, name: &str) -> Option<Value>;
    /// How many runs of one chain may come back to a workflow that lies before them in it.
    fn chain_runs(&self) -> u64 {
        limit::CHAIN_RUNS_MAX
    }
    /// How long one attempt of an operation may take where the program does not say.
    fn attempt_timeout(&self) -> Duration {
        Duration(limit::ATTEMPT_MILLIS_DEFAULT)
    }
}

/// What came of putting a question.
#[derive(Clone, Debug, PartialEq)]
pub enum Consulted {
    /// It was answered.
    Answered {
        /// The answer.
        value: Value,
        /// By whom.
        by: Arc<str>,
    },
    /// It was put to somebody who takes their time. Nothing waits in this process: whoever knows the answer tells the run, in
    /// this process or in one after it.
    Later,
}

/// What carries out operations.
pub trait Perform: Send + Sync {
    /// Carries out one attempt, for which it opens what is hidden in it. It ends by `act.timeout` at the latest, and says what it knows.
    fn perform(&self, act: Act) -> BoxFuture<'_, Outcome>;

    /// Carries a workflow out in the engine's stead, if it means to: a test may have a mock for it. What is given back comes to
    /// its end where a step waits for it.
    fn stand_in(&self, _run: &RunId, _workflow: &Arc<str>, _input: &Value) -> Option<BoxFuture<'static, Outcome>> {
        None
    }
}

/// What puts questions to people, personas and models.
pub trait Consult: Send + Sync {
    /// Waits for the answer, or says that it comes later. Dropping the future withdraws the question.
    fn consult(&self, question: Question) -> BoxFuture<'_, Result<Consulted, Failure>>;
}

/// All that surrounds the engine.
#[derive(Clone)]
pub struct World {
    /// Settings.
    pub settings: Arc<dyn Settings>,
    /// Connectors.
    pub perform: Arc<dyn Perform>,
    /// People, personas, models.
    pub consult: Arc<dyn Consult>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where what happens is kept, if it is to survive the process.
    pub journal: Option<Arc<dyn Journal>>,
}

/// The time.
pub trait Clock: Send + Sync {
    /// What o'clock it is.
    fn now(&self) -> Timestamp;
    /// Waits until then.
    fn sleep_until(&self, moment: Timestamp) -> BoxFuture<'_, ()>;
    /// How long it has run, from any beginning: goes on evenly, even where the time of day is set.
    fn elapsed(&self) -> std::time::Duration {
        Duration::between(Timestamp::UNIX_EPOCH, self.now()).to_std()
    }
    /// Waits so long, even where the time of day is set meanwhile.
    fn sleep(&self, pause: Duration) -> BoxFuture<'_, ()> {
        self.sleep_until(pause.after(self.now()))
    }
}
