//! Triggers that connectors declare, as data: what `trigger` needs to listen by one.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::connector::{Example, Operation};
use super::formula::{Formula, Script};
use crate::base::shape::{Field, Shape};
use crate::base::time::Duration;

/// A trigger that a connector declares.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Source {
    /// Its name.
    pub name: Arc<str>,
    /// What it is for.
    pub doc: Option<Arc<str>>,
    /// What it takes.
    pub params: Vec<Field>,
    /// What it gives.
    pub item_shape: Shape,
    /// How the items come.
    pub kind: SourceKind,
    /// How whoever tells something proves who it is: what happened, or of a poll that there is something to look for.
    pub verify: Option<(Arc<str>, Formula)>,
    /// What is answered when the sender asks whether anybody is there.
    pub challenge: Option<Formula>,
    /// What one delivery or answer brings, a list; all of it where absent.
    pub each: Option<Script>,
    /// Only these.
    pub filter: Option<Script>,
    /// What is made of each.
    pub item: Option<Formula>,
    /// What makes two of them the same.
    pub by: Option<Script>,
    /// Contract and documentation in one: what comes in, and the items it brings.
    pub examples: Vec<Example>,
}

/// How items come.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum SourceKind {
    /// They are sent.
    Webhook,
    /// They are asked for.
    Poll(Box<Poll>),
}

/// What asks for items.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Poll {
    /// How often.
    pub every: Duration,
    /// Where it stands before it has asked.
    pub start: Option<Start>,
    /// What it asks by.
    pub ask: Asks,
    /// What it keeps for the next time; what it kept before where absent.
    pub state: Option<Formula>,
    /// For which answers it begins anew.
    pub anew: Vec<Anew>,
}

/// What a poll asks by.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Asks {
    /// A request of its own: an operation that nobody else can name.
    Request(Arc<Operation>),
    /// An operation of the connector, with these parameters.
    Call(Arc<str>, Formula),
}

/// Where a poll stands before it has asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Start {
    /// There.
    Value(Formula),
    /// Where the answer of this says, by `state`.
    Request(Arc<Operation>),
}

/// For which answers what was kept is worth nothing any more.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Anew {
    /// What is kept instead.
    pub state: Option<Formula>,
    /// For these.
    pub when: Script,
}

impl Poll {
    /// The operation of the connector that it asks by, if it asks by one.
    pub fn calls(&self) -> Option<&Arc<str>> {
        match &self.ask {
            Asks::Request(_) => None,
            Asks::Call(operation, _) => Some(operation),
        }
    }
}

impl Source {
    /// What it asks by, if it asks.
    pub fn poll(&self) -> Option<&Poll> {
        match &self.kind {
            SourceKind::Webhook => None,
            SourceKind::Poll(poll) => Some(poll),
        }
    }

    /// The operations that are its own.
    pub fn operations(&self) -> impl Iterator<Item = &Arc<Operation>> {
        let poll = self.poll();
        let asks = poll.and_then(|poll| match &poll.ask {
            Asks::Request(operation) => Some(operation),
            Asks::Call(..) => None,
        });
        let starts = poll.and_then(|poll| match &poll.start {
            Some(Start::Request(operation)) => Some(operation),
            Some(Start::Value(_)) | None => None,
        });
        asks.into_iter().chain(starts)
    }
}
