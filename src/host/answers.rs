//! Answers given by hand in place of operations and workflows, as tests give them; all else is carried out.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::rehearse::mocks::{self, Mocks, Said};
use crate::base::id::RunId;
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::lang::plan::test::{Target, Test};
use crate::lang::plan::{Package, Root, Roots};
use crate::run::world::{Act, BoxFuture, Clock, Outcome, Perform};

/// Who answers by hand, and how far each is in what they say. One value serves several engines in turn.
pub struct Answers {
    mocks: Mutex<Mocks>,
    targets: Vec<Target>,
}

impl Answers {
    /// Those that a test gives.
    pub fn of(package: Arc<Package>, test: &Test) -> Self {
        let targets = test.mocks.iter().flat_map(|mock| mock.targets.iter().cloned()).collect();
        Self { mocks: Mutex::new(Mocks::new(package, test)), targets }
    }

    /// The operations that nobody need carry out.
    pub(super) fn operations(&self) -> BTreeSet<Arc<str>> {
        let operations = self.targets.iter().filter_map(|target| match target {
            Target::Operation(name) => Some(name.clone()),
            Target::Workflow(_) | Target::Step(_) => None,
        });
        operations.collect()
    }

    fn say(&self, target: &Target, params: &Value, now: Timestamp) -> Option<Said> {
        let mut mocks = self.mocks.lock().unwrap_or_else(PoisonError::into_inner);
        mocks.answer(target, params, &Plain(now))
    }
}

/// What answers see beside `params`.
struct Plain(Timestamp);

impl Roots for Plain {
    fn root(&self, _: &Root) -> Option<Value> {
        None
    }
    fn now(&self) -> Timestamp {
        self.0
    }
    fn draw(&self) -> u64 {
        0
    }
    fn print(&self, _: &str) {}
    fn env(&self, name: &str) -> Option<Value> {
        Some(name.into())
    }
    fn secret(&self, name: &str) -> Option<Value> {
        Some(name.into())
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
