//! Tests as data.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::formula::{Formula, Script};
use crate::base::failure;
use crate::base::span::Span;
use crate::base::time::{Duration, Timestamp};

/// One test.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Test {
    /// What it shows.
    pub title: Arc<str>,
    /// Which workflow, by its name in the package.
    pub workflow: Arc<str>,
    /// Where its head stands.
    pub span: Span,
    /// The input, an object.
    pub input: Option<Formula>,
    /// What `trigger` is, an object.
    pub trigger: Option<Formula>,
    /// The state before the run, an object.
    pub state: Option<Formula>,
    /// When it begins; a fixed moment where absent.
    pub at: Option<Timestamp>,
    /// What answers in place of operations, workflows and people.
    pub mocks: Vec<Mock>,
    /// What happens and what is expected, in order.
    pub acts: Vec<Act>,
}

/// What answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Mock {
    /// For whom: `connector.operation`, the name of a workflow, or of a waiting step.
    pub targets: Vec<Target>,
    /// One after the other; the last one stays.
    pub replies: Vec<Reply>,
    /// Where it stands.
    pub span: Span,
}

/// Whom a mock stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// `connector.operation`
    Operation(Arc<str>),
    /// The name of a workflow.
    Workflow(Arc<str>),
    /// The name of a step that waits or asks.
    Step(Arc<str>),
}

/// One answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reply {
    /// How long it takes.
    pub after: Option<Duration>,
    /// What it says.
    pub answer: Answer,
    /// How often, before the next one's turn comes.
    pub times: Option<u64>,
    /// Only for calls for which this is true.
    pub when: Option<Script>,
}

/// What a mock says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Answer {
    /// It worked; sees `params`.
    Value(Formula),
    /// It failed.
    Fails {
        /// The type.
        kind: failure::Kind,
        /// The message.
        message: Option<Formula>,
        /// `status`, `body`, `details`, an object.
        fields: Option<Formula>,
    },
    /// Nothing comes.
    Never,
}

/// One line of a test.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Act {
    /// Time passes.
    Advance(Duration, Span),
    /// A signal is sent to the run.
    Signal {
        /// Its name.
        name: Arc<str>,
        /// What it carries.
        payload: Formula,
        /// Where it stands.
        span: Span,
    },
    /// An event happens.
    Event {
        /// Its topic.
        topic: Arc<str>,
        /// What it carries.
        payload: Formula,
        /// Where it stands.
        span: Span,
    },
    /// The run is cancelled.
    Cancel(Span),
    /// This must be true.
    Expect(Script),
}
