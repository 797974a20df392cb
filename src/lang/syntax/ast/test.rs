//! Tests as written.

use super::value::{Arg, Expr, Name, Object, Path, Text, Value};
use crate::base::span::Span;

/// `test "what it shows" for WORKFLOW { ... }`
#[derive(Clone, Debug)]
pub struct Test {
    /// The `///` above it.
    pub doc: Option<Text>,
    /// What it shows.
    pub title: Text,
    /// Which workflow.
    pub workflow: Path,
    /// In order.
    pub items: Vec<TestItem>,
    /// All of it.
    pub span: Span,
}

/// What may stand in a test.
#[derive(Clone, Debug)]
pub enum TestItem {
    /// `input: { ... }`
    Input(Value),
    /// `trigger: { ... }`
    Trigger(Object),
    /// `state: { ... }`
    State(Object),
    /// `at "2026-03-29T00:30:00Z"`
    At(Text),
    /// `mock ...`
    Mock(Mock),
    /// `advance 3d`
    Advance(Arg, Span),
    /// `signal "approve" { ... }`
    Signal {
        /// The name.
        name: Text,
        /// What it carries.
        payload: Option<Value>,
        /// All of it.
        span: Span,
    },
    /// `event "x" { ... }`
    Event {
        /// The topic.
        topic: Text,
        /// What it carries.
        payload: Option<Value>,
        /// All of it.
        span: Span,
    },
    /// `cancel`
    Cancel(Span),
    /// `expect expr`
    Expect(Expr, Span),
}

/// `mock TARGETS reply then reply ...`
#[derive(Clone, Debug)]
pub struct Mock {
    /// Operations, workflows or waiting steps.
    pub targets: Vec<Path>,
    /// One after the other; the last one stays.
    pub replies: Vec<MockReply>,
    /// All of it.
    pub span: Span,
}

/// `after 3h => value 2 times when expr`
#[derive(Clone, Debug)]
pub struct MockReply {
    /// How long the answer takes.
    pub after: Option<Arg>,
    /// The answer.
    pub answer: MockAnswer,
    /// How often, before the next one's turn comes.
    pub times: Option<Arg>,
    /// Only for calls for which this is true.
    pub when: Option<Expr>,
}

/// How a mock answers.
#[derive(Clone, Debug)]
pub enum MockAnswer {
    /// `=> value`
    Value(Value),
    /// `fails TYPE "text"`
    Fails {
        /// The type of the failure.
        kind: Name,
        /// Its message.
        message: Option<Expr>,
        /// `{ status: 409, body: ... }`: what else the failure carries.
        fields: Option<Object>,
    },
    /// `never`
    Never(Span),
}
