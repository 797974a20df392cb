//! Answers given by hand in place of operations, workflows and people, as tests give them; all else is carried out.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::beside::Beside;
use super::rehearse::TestSettings;
use super::rehearse::mocks::{self, Mocks, Said};
use crate::base::failure::Failure;
use crate::base::id::RunId;
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::lang::plan::Package;
use crate::lang::plan::test::{Target, Test};
use crate::run::world::{Act, BoxFuture, Clock, Consult, Consulted, Outcome, Perform, Question};

/// Who answers by hand, and how far each is in what they say. One value serves several engines in turn.
pub struct Answers {
    mocks: Mutex<Mocks>,
    targets: Vec<Target>,
}

impl Answers {
    /// Those that tests give; of two that answer the same, the first counts.
    pub fn of(package: Arc<Package>, tests: &[Arc<Test>]) -> Self {
        let mocks = || tests.iter().flat_map(|test| &test.mocks);
        let targets = mocks().flat_map(|mock| mock.targets.iter().cloned()).collect();
        Self { mocks: Mutex::new(Mocks::new(package, mocks())), targets }
    }

    /// The operations that nobody need carry out.
    pub(super) fn operations(&self) -> BTreeSet<Arc<str>> {
        let operations = self.targets.iter().filter_map(|target| match target {
            Target::Operation(name) => Some(name.clone()),
            Target::Workflow(_) | Target::Step(_) => None,
        });
        operations.collect()
    }

    /// What is said in place of `target`; none where nobody answers for it.
    pub(super) fn say(&self, target: &Target, params: &Value, now: Timestamp) -> Option<Said> {
        let mut mocks = self.mocks.lock().unwrap_or_else(PoisonError::into_inner);
        mocks.answer(target, params, &Beside { now, settings: Some(&TestSettings) })
    }
}

/// Whoever carries out what is not answered by hand.
pub(super) struct Answered {
    pub answers: Arc<Answers>,
    pub others: Arc<dyn Perform>,
    pub clock: Arc<dyn Clock>,
}

/// What was said, when it is time.
async fn told(said: Said, clock: Arc<dyn Clock>) -> Outcome {
    clock.sleep(said.after).await;
    match said.outcome {
        Some(outcome) => outcome,
        None => std::future::pending().await,
    }
}

impl Perform for Answered {
    fn perform(&self, act: Act) -> BoxFuture<'_, Outcome> {
        let signature = act.operation.signature.clone();
        let target = mocks::operation(&signature.full_name());
        let params = mocks::given(&act.params.without_absent().received(), &signature.params);
        match self.answers.say(&target, &params, self.clock.now()) {
            Some(said) => {
                let told = told(said, self.clock.clone());
                Box::pin(async move { mocks::received(told.await, &signature.result) })
            }
            None => self.others.perform(act),
        }
    }

    fn stand_in(&self, run: &RunId, workflow: &Arc<str>, input: &Value) -> Option<BoxFuture<'static, Outcome>> {
        match self.answers.say(&Target::Workflow(workflow.clone()), input, self.clock.now()) {
            Some(said) => Some(Box::pin(told(said, self.clock.clone()))),
            None => self.others.stand_in(run, workflow, input),
        }
    }
}

/// Whoever puts questions that are not answered by hand.
pub(super) struct Asked {
    pub answers: Arc<Answers>,
    pub others: Arc<dyn Consult>,
    pub clock: Arc<dyn Clock>,
}

impl Consult for Asked {
    fn consult(&self, question: Question) -> BoxFuture<'_, Result<Consulted, Failure>> {
        match self.answers.say(&Target::Step(question.step.clone()), &question.params, self.clock.now()) {
            Some(said) => {
                let told = told(said, self.clock.clone());
                let by = mocks::asked(&question.whom).1.into();
                Box::pin(async move { told.await.result.map(|value| Consulted::Answered { value, by }) })
            }
            None => self.others.consult(question),
        }
    }
}
