//! A whole plan, and the package of all that one file and what it uses declare.

use std::sync::{Arc, OnceLock};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::compare::Past;
use super::connector::{Connector, Operation};
use super::formula::{Formula, Script};
use super::handler::{Chain, Handler};
use super::node::{Kind, Node, NodeId, Wait};
use super::test::Test;
use super::trigger::{self, Trigger};
use crate::base::id::Digest;
use crate::base::shape::{self, Shape};
use crate::base::span::Span;
use crate::base::time::Duration;
use crate::lang::catalog::Effect;
use crate::lang::script;

/// Everything that was compiled together.
#[derive(Clone, Debug, Default)]
pub struct Package {
    /// Workflows by name; those of used files as `alias.name`.
    pub plans: IndexMap<Arc<str>, Arc<Plan>>,
    /// The connectors the workflows and tests name.
    pub connectors: IndexMap<Arc<str>, Arc<Connector>>,
    /// The personas the file declares.
    pub personas: Vec<Arc<Persona>>,
    /// The tests of the file itself.
    pub tests: Vec<Arc<Test>>,
    /// The `fn`s of the file, for tests and connectors.
    pub functions: Functions,
}

/// A workflow, ready to run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// Its name.
    pub name: Arc<str>,
    /// Its title.
    pub title: Option<Arc<str>>,
    /// What it is for.
    pub doc: Option<Arc<str>>,
    /// Its version, as written.
    pub version: Option<Arc<str>>,
    /// The fingerprint of all of it.
    pub digest: Digest,
    /// Where its head stands.
    pub span: Span,
    /// What it takes.
    pub input: shape::Object,
    /// What it gives: the stated types, where the values allow no closer one.
    pub output: Shape,
    /// Its variables.
    pub vars: Vec<(shape::Field, Formula)>,
    /// What it keeps between runs.
    pub state: Option<State>,
    /// What starts it.
    pub triggers: Vec<Trigger>,
    /// Everything it does; `body.output` is the run's output. Its frame is the one of depth 0.
    pub body: Body,
    /// All statements, by id.
    pub nodes: Vec<Node>,
    /// All handlers, by id.
    pub handlers: Vec<Handler>,
    /// All chains, by id; the first is empty.
    pub chains: Vec<Chain>,
    /// The handlers of the workflow itself: what an error raised by the run meets (semantics 16).
    pub chain: super::handler::ChainId,
    /// `on success`, in order; each opens a frame.
    pub on_success: Vec<Body>,
    /// `on failure`
    pub on_failure: Vec<Body>,
    /// `on cancel`
    pub on_cancel: Vec<Body>,
    /// `finally`
    pub finally: Vec<Body>,
    /// Bound on the whole run.
    pub deadline: Option<Formula>,
    /// How many runs at once.
    pub concurrency: Option<Concurrency>,
    /// One run per value.
    pub key: Option<RunKey>,
    /// 0 to 9; higher ones enter gates first.
    pub priority: Option<Formula>,
    /// For finding it.
    pub tags: Vec<Arc<str>>,
    /// The operations it calls, by `connector.operation`.
    pub operations: IndexMap<Arc<str>, Arc<Operation>>,
    /// The `fn`s in its scope.
    pub functions: Functions,
    /// What it holds of plans before it, for runs that were moved from them. Made anew whenever such a run is read.
    #[serde(skip)]
    pub past: Past,
}

impl Plan {
    /// The node with this id. Ids come from the same plan.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// The topics of the events that it waits for, each once.
    pub fn topics(&self) -> Vec<Arc<str>> {
        let mut topics: Vec<Arc<str>> = self.nodes.iter().filter_map(|node| node.kind.topic()).cloned().collect();
        topics.sort();
        topics.dedup();
        topics
    }

    /// The topics of the events that start runs of it.
    pub fn heard(&self) -> impl Iterator<Item = Arc<str>> {
        self.triggers.iter().filter_map(|trigger| match &trigger.kind {
            trigger::Kind::Event { topic } => Some(topic.clone()),
            _ => None,
        })
    }

    /// Whether the node waits for a condition that time alone may change.
    pub fn looks_at_the_clock(&self, node: NodeId) -> bool {
        let Kind::Wait(Wait::Until(condition)) = &self.node(node).kind else { return false };
        condition.reads_the_clock(self.functions.library())
    }

    /// The bodies that run at this moment, in order.
    pub fn lifecycle(&self, moment: Moment) -> &[Body] {
        match moment {
            Moment::Success => &self.on_success,
            Moment::Failure => &self.on_failure,
            Moment::Cancel => &self.on_cancel,
            Moment::Finally => &self.finally,
        }
    }

    /// The same, to be changed.
    pub(super) fn lifecycle_mut(&mut self, moment: Moment) -> &mut [Body] {
        match moment {
            Moment::Success => &mut self.on_success,
            Moment::Failure => &mut self.on_failure,
            Moment::Cancel => &mut self.on_cancel,
            Moment::Finally => &mut self.finally,
        }
    }

    /// What repeating the call of this node means; `None` where it calls no operation.
    pub fn effect(&self, node: &Node) -> Option<Effect> {
        let Kind::Call { operation, .. } = &node.kind else { return None };
        Some(self.operations.get(operation)?.signature.effect_of(node.clauses.key.is_some()))
    }
}

/// When a body at the end of a run is carried out (semantics 41).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

impl Moment {
    /// All of them, in the order of the language's description.
    pub const ALL: [Self; 4] = [Self::Success, Self::Failure, Self::Cancel, Self::Finally];

    /// As programs write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Success => "on success",
            Self::Failure => "on failure",
            Self::Cancel => "on cancel",
            Self::Finally => "finally",
        }
    }
}

/// `fn`s, compiled when first needed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Functions {
    /// As written.
    pub sources: Vec<script::Function>,
    /// Compiled.
    #[serde(skip)]
    pub library: OnceLock<script::Library>,
}

impl Functions {
    /// The compiled functions.
    pub fn library(&self) -> &script::Library {
        self.library.get_or_init(|| script::Library::compile(&self.sources).0)
    }
}

/// What a workflow keeps between runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    /// One state per value of this.
    pub by: Option<Script>,
    /// Its fields, with what they are at first.
    pub fields: Vec<(shape::Field, Formula)>,
    /// For sets: how long members are kept.
    pub keep: IndexMap<Arc<str>, Duration>,
}

/// `concurrency 1 per KEY { overflow queue }`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Concurrency {
    /// How many runs at once.
    pub places: Formula,
    /// One count per value of this.
    pub per: Option<Formula>,
    /// `queue`, `skip` or `restart`.
    pub overflow: Arc<str>,
}

/// `key input.order { keep 1d }`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunKey {
    /// One run per value of this.
    pub key: Formula,
    /// For how long; for ever where absent.
    pub keep: Option<Duration>,
}

/// A persona.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Persona {
    /// Its name.
    pub name: Arc<str>,
    /// Its title.
    pub title: Option<Arc<str>>,
    /// What it is good for.
    pub about: Option<Arc<str>>,
    /// What people say to it, by intent.
    pub intents: IndexMap<Arc<str>, Vec<Arc<str>>>,
    /// Its script logic, by event, with the names of its parameters.
    pub scripts: IndexMap<Arc<str>, (Vec<Arc<str>>, Script)>,
}
