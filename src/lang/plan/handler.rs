//! Handlers, and the chains in which errors meet them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::body::Body;
use super::formula::{Formula, Script};
use super::node::NodeId;
use crate::base::failure::{KINDS, Kind};
use crate::base::id::Digest;
use crate::base::span::Span;

/// A handler of one plan. Where `handle NAME` takes a chain in, each taking line has handlers of its own (semantics 12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HandlerId(pub u32);

/// A chain of one plan, by its place in `Plan::chains`; chains that are alike are one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChainId(pub u32);

/// The handlers an error meets, in order. Chain 0 is empty.
pub type Chain = Vec<Link>;

/// One link of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Link {
    /// A handler that is asked.
    Handler(HandlerId),
    /// The inner side of a block with handlers behind it: an error of a type the block handles itself goes no further
    /// here; the block fails with it and is asked then (semantics 14).
    Shield(NodeId),
    /// The outer side of that block, in its own chain: a failure that came from inside and is of a type the block does
    /// not handle goes no further, since the handlers further out were asked inside already (13, 14).
    Rim(NodeId),
}

/// Types of errors, as written after `on`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Types {
    /// None: no handler.
    #[default]
    None,
    /// `error`
    All,
    /// `error`, and these by their names as well: `error | outcome_unknown`.
    AllAnd(Vec<Kind>),
    /// These.
    Some(Vec<Kind>),
}

impl Types {
    /// Those that the clause `retry` is for: what passes by itself.
    pub fn worth_retrying() -> Self {
        Self::Some(KINDS.into_iter().map(|(_, kind)| kind).filter(Kind::is_worth_retrying).collect())
    }

    /// Whether `kind` is among them.
    pub fn has(&self, kind: &Kind) -> bool {
        match self {
            Self::None => false,
            Self::All | Self::AllAnd(_) => true,
            Self::Some(kinds) => kinds.contains(kind),
        }
    }

    /// Whether `kind` is among them by its own name.
    pub fn name(&self, kind: &Kind) -> bool {
        match self {
            Self::None | Self::All => false,
            Self::AllAnd(kinds) | Self::Some(kinds) => kinds.contains(kind),
        }
    }
}

/// `on TYPES action when guard`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Handler {
    /// Its place in the plan.
    pub id: HandlerId,
    /// Where it stands.
    pub span: Span,
    /// Its fingerprint; budgets follow it from plan to plan (semantics 74).
    pub digest: Digest,
    /// How deep the frame is in which it is written.
    pub depth: u16,
    /// For which errors.
    pub types: Types,
    /// Only if this is true.
    pub guard: Option<Script>,
    /// What it does.
    pub action: HandlerAction,
}

/// What a handler does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum HandlerAction {
    /// Tries again.
    Retry {
        /// How often; without it, as often as the deadline allows.
        times: Option<Formula>,
        /// How long it waits in between.
        pause: Pause,
    },
    /// Gives up, with this output.
    Skip(Option<Formula>),
    /// Gives up the turn of the innermost loop.
    SkipItem,
    /// Ends the search, perhaps with a new error.
    Fail {
        /// The new type.
        kind: Option<Kind>,
        /// The new message.
        message: Option<Formula>,
    },
    /// Does something else instead; the body opens a frame.
    Alternate(Arc<Body>),
    /// Tells somebody and passes the error on: a unit, mostly a call. It opens a frame without places, in which `error` is
    /// known: its expressions, and handlers of its own, stand one deeper than the handler.
    Notify(NodeId),
    /// Waits for a person.
    Park,
}

/// The pause between attempts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Pause {
    /// Always the same.
    Every(Formula),
    /// Exponential with full jitter between these.
    Backoff {
        /// The first bound.
        from: Formula,
        /// The last bound.
        to: Formula,
    },
}
