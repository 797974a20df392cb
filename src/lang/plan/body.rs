//! What stands in braces and runs: bodies, branches, patterns.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::formula::{Formula, Script, Slot};
use super::handler::{ChainId, HandlerId};
use super::node::NodeId;
use crate::base::span::Span;
use crate::base::value::Value;

/// Statements that run from top to bottom, or, in `parallel`, each as soon as what it waits for has ended.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Body {
    /// In order.
    pub statements: Vec<NodeId>,
    /// The handlers written in its braces, those that `handle` takes in included; the chains of what is inside hold them.
    pub handlers: Vec<HandlerId>,
    /// What the body yields, computed when it ends.
    pub output: Option<Formula>,
    /// The handlers that an error of the body itself meets, of its `output`: those of the braces and of what lies round them.
    pub chain: ChainId,
    /// If the body opens a frame: how many places it has. The frame's depth is one more than that of the frame around it.
    pub frame: Option<u32>,
}

/// A branch of `if`, `match` or `race`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Branch {
    /// Its name in a race; otherwise what leads into it, shortened, for people.
    pub name: Arc<str>,
    /// Where it stands.
    pub span: Span,
    /// What it does.
    pub body: Body,
}

/// A step inside a loop or race that is read outside it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Gather {
    /// Its place in the frame of the turn or branch.
    pub inner: Slot,
    /// The place outside that gets the list of outputs (`for`, `while`), the last (`repeat`) or the winner's (`race`).
    pub outer: Slot,
}

/// What a value may look like, in `match`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Pattern {
    /// Equal to this.
    Literal(Value),
    /// Between these.
    Range {
        /// First value in it.
        from: Option<Value>,
        /// Its end.
        to: Option<Value>,
        /// Whether the end is in it.
        inclusive: bool,
    },
    /// A list of exactly so many that fit.
    List(Vec<Pattern>),
    /// Anything, and it gets this place.
    Name(Slot),
    /// Anything.
    Any,
}

/// One arm of a `match`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Arm {
    /// Any of these.
    pub patterns: Vec<Pattern>,
    /// And this; it sees the names of the pattern.
    pub guard: Option<Script>,
    /// What is done.
    pub branch: Branch,
}
