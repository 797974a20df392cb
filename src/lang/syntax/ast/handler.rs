//! Handlers and what they do, and the bodies that come at the end of a run.

use super::block::Block;
use super::step::Step;
use super::value::{Arg, Expr, Name, Value};
use crate::base::span::Span;

/// `on TYPE | TYPE action when guard`
#[derive(Clone, Debug)]
pub struct On {
    /// The types it is for; `error` is all.
    pub types: Vec<Name>,
    /// What it does.
    pub action: HandlerAction,
    /// Only if this is true.
    pub guard: Option<Expr>,
    /// All of it.
    pub span: Span,
}

/// What a handler does.
#[derive(Clone, Debug)]
pub enum HandlerAction {
    /// `retry 3 times every 60s`
    Retry(Retry),
    /// `skip`, `skip value`
    Skip(Option<Value>),
    /// `skip item`
    SkipItem,
    /// `fail`, `fail TYPE "text"`
    Fail {
        /// The new type, where written.
        kind: Option<Name>,
        /// The new message, where written.
        message: Option<Expr>,
    },
    /// `alternate { ... }`
    Alternate(Block),
    /// `notify CALLEE { ... }`
    Notify(Box<Step>),
    /// `park`
    Park,
}

/// `retry 5 times every 10s`, `retry 5 times backoff 1s to 5m`
#[derive(Clone, Debug)]
pub struct Retry {
    /// How often.
    pub times: Option<Arg>,
    /// How long it waits in between.
    pub pause: Option<Pause>,
    /// All of it.
    pub span: Span,
}

/// The pause between attempts.
#[derive(Clone, Debug)]
pub enum Pause {
    /// `every 10s`
    Every(Arg),
    /// `backoff 1s to 5m`
    Backoff {
        /// The first pause, before jitter.
        from: Arg,
        /// The longest pause.
        to: Option<Arg>,
    },
}

/// `on success { }`, `on failure { }`, `on cancel { }`, `finally { }`
#[derive(Clone, Debug)]
pub struct Lifecycle {
    /// Which.
    pub moment: Moment,
    /// What is done.
    pub body: Block,
    /// All of it.
    pub span: Span,
}

/// When a lifecycle body runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// `on success`
    Success,
    /// `on failure`
    Failure,
    /// `on cancel`
    Cancel,
    /// `finally`
    Finally,
}
