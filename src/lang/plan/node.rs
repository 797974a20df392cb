//! The nodes of a plan: one for each statement.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::body::{Arm, Body, Branch, Gather};
use super::formula::{Formula, Script, Slot};
use super::handler::{ChainId, HandlerId, Types};
use crate::base::failure;
use crate::base::id::Digest;
use crate::base::shape::Shape;
use crate::base::span::Span;

/// A node of one plan, by its place in `Plan::nodes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeId(pub u32);

/// One statement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Node {
    /// Its place in the plan.
    pub id: NodeId,
    /// The name that other statements know it by.
    pub name: Option<Arc<str>>,
    /// Its part of a place: the name, or the kind with a number where there is none (`for`, `parallel-2`).
    pub label: Arc<str>,
    /// Where its head stands.
    pub span: Span,
    /// The fingerprint of what it does by itself: clauses, parameters, head; not of the bodies in it.
    pub digest: Digest,
    /// Whether it has a record and one outcome and can be acted on (semantics 1). The others only group.
    pub unit: bool,
    /// Where its output goes.
    pub slot: Option<Slot>,
    /// The type its output must have, where the program states one.
    pub stated: Option<Shape>,
    /// The type of its output that those who read it count on, where anybody does and it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gives: Option<Shape>,
    /// In `parallel`: the siblings, by their place in the body, that must have ended before it starts.
    pub waits: Vec<u32>,
    /// How it is done.
    pub clauses: Clauses,
    /// The handlers that an error raised here meets (semantics 12 to 15). Of a unit: its own, its rim if it is a block with
    /// handlers behind it, then those of the braces round it, inside out. Of any other statement: those that the nearest
    /// unit round it meets when the error starts where the statement stands, so without shield or rim of that unit.
    pub chain: ChainId,
    /// For a block with handlers behind it: the types it handles itself.
    pub shield: Types,
    /// Whether the run can go on after it was given up, so that the variables it set must be forgotten (semantics 40).
    pub restores: bool,
    /// What it does.
    pub kind: Kind,
}

/// How a node is done.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Clauses {
    /// Its own handlers, in the order of the text; its chain begins with them.
    pub handlers: Vec<HandlerId>,
    /// Skipped unless true.
    pub when: Option<Script>,
    /// Bound on one attempt.
    pub timeout: Option<Formula>,
    /// Bound on all attempts and the pauses between them.
    pub deadline: Option<Formula>,
    /// The idempotency key.
    pub key: Option<Formula>,
    /// Compensation: a unit, mostly a call. It opens a frame without places, in which `output` and `key` are known: its
    /// expressions, and handlers of its own, stand one deeper than the step.
    pub undo: Option<NodeId>,
    /// Whether the compensation can run without knowing the output (semantics 36).
    pub undo_is_static: bool,
    /// Whether the output is never shown.
    pub secret: bool,
    /// What runs while it waits.
    pub meanwhile: Vec<Meanwhile>,
    /// For one call: how it proves who asks.
    pub auth: Option<super::connector::Auth>,
}

/// `remind` or `escalate`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Meanwhile {
    /// After how long.
    pub after: Formula,
    /// Whether again and again.
    pub repeats: bool,
    /// What is done; opens a frame.
    pub body: Body,
    /// Where it stands.
    pub span: Span,
}

/// What a node does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Kind {
    /// Calls an operation of a connector.
    Call {
        /// `connector.operation`; look it up in `Plan::operations`.
        operation: Arc<str>,
        /// An object.
        params: Formula,
    },
    /// Runs another workflow and waits for it.
    Child {
        /// Its name in the package.
        workflow: Arc<str>,
        /// An object: its input.
        params: Formula,
    },
    /// Starts another workflow and goes on; its output is the run's id.
    Start {
        /// Its name in the package.
        workflow: Arc<str>,
        /// An object: its input.
        params: Formula,
    },
    /// Computes.
    Script(Script),
    /// Asks somebody.
    Ask(Ask),
    /// Waits.
    Wait(Wait),
    /// Names a value.
    Let(Formula),
    /// Sets a variable.
    Set(Set),
    /// Tells whom it may concern.
    Emit {
        /// The topic.
        topic: Arc<str>,
        /// What the event carries.
        payload: Formula,
    },
    /// Answers the caller.
    Reply {
        /// The status.
        status: Formula,
        /// The headers, an object.
        headers: Formula,
        /// The body.
        body: Formula,
        /// Whether the body goes out as it is, not as JSON.
        raw: bool,
    },
    /// Ends the run well.
    Return(Option<Formula>),
    /// Raises an error.
    Fail {
        /// Its type.
        kind: failure::Kind,
        /// Its message.
        message: Option<Formula>,
        /// Only if this is true.
        when: Option<Script>,
    },
    /// Ends the innermost loop if true.
    Until(Script),
    /// One of several bodies.
    If {
        /// Conditions with their bodies.
        arms: Vec<(Script, Branch)>,
        /// The last `else`.
        otherwise: Option<Branch>,
    },
    /// One of several bodies, by the form of a value.
    Match {
        /// What is looked at.
        subject: Script,
        /// The first that fits is taken.
        arms: Vec<Arm>,
    },
    /// One after the other.
    Sequence(Body),
    /// All at once.
    Parallel(Body),
    /// Once for each item.
    For(For),
    /// As long as a condition holds.
    While {
        /// Looked at before each turn.
        condition: Script,
        /// Turns at most.
        max: Option<Formula>,
        /// Each turn.
        body: Body,
        /// What is read outside.
        gathers: Vec<Gather>,
    },
    /// Until an `until` in it is true.
    Repeat {
        /// The pause between turns.
        every: Option<Formula>,
        /// Turns at most.
        max: Option<Formula>,
        /// Each turn.
        body: Body,
        /// What is read outside.
        gathers: Vec<Gather>,
    },
    /// The first to succeed wins.
    Race(Race),
    /// Only so many at once, across all runs.
    Lock {
        /// What is locked.
        key: Formula,
        /// How many may be inside.
        places: Formula,
        /// What is done inside.
        body: Body,
    },
}

impl Kind {
    /// What runs inside of it, in the order of the text.
    pub fn inside(&self) -> Inside<'_> {
        match self {
            Self::Sequence(body)
            | Self::Parallel(body)
            | Self::Lock { body, .. }
            | Self::While { body, .. }
            | Self::Repeat { body, .. }
            | Self::For(For { body, .. })
            | Self::Race(Race { runners: Runners::Items { body, .. }, .. }) => Inside::Body(body),
            Self::If { arms, otherwise } => {
                Inside::Branches(arms.iter().map(|(_, branch)| branch).chain(otherwise).collect())
            }
            Self::Match { arms, .. } => Inside::Branches(arms.iter().map(|arm| &arm.branch).collect()),
            Self::Race(Race { runners: Runners::Branches(branches), .. }) => {
                Inside::Branches(branches.iter().collect())
            }
            Self::Call { .. }
            | Self::Child { .. }
            | Self::Start { .. }
            | Self::Script(_)
            | Self::Ask(_)
            | Self::Wait(_)
            | Self::Let(_)
            | Self::Set(_)
            | Self::Emit { .. }
            | Self::Reply { .. }
            | Self::Return(_)
            | Self::Fail { .. }
            | Self::Until(_) => Inside::Nothing,
        }
    }

    /// The topic of the event that it waits for.
    pub fn topic(&self) -> Option<&Arc<str>> {
        match self {
            Self::Wait(Wait::Event { topic, .. }) => Some(topic),
            _ => None,
        }
    }

    /// The bodies in it, in the order of the text.
    pub fn bodies(&self) -> Vec<&Body> {
        match self.inside() {
            Inside::Nothing => Vec::new(),
            Inside::Body(body) => vec![body],
            Inside::Branches(branches) => branches.into_iter().map(|branch| &branch.body).collect(),
        }
    }

    /// The same, to be changed.
    pub(super) fn bodies_mut(&mut self) -> Vec<&mut Body> {
        match self {
            Self::Sequence(body)
            | Self::Parallel(body)
            | Self::Lock { body, .. }
            | Self::While { body, .. }
            | Self::Repeat { body, .. }
            | Self::For(For { body, .. })
            | Self::Race(Race { runners: Runners::Items { body, .. }, .. }) => vec![body],
            Self::If { arms, otherwise } => {
                let branches = arms.iter_mut().map(|(_, branch)| branch).chain(otherwise);
                branches.map(|branch| &mut branch.body).collect()
            }
            Self::Match { arms, .. } => arms.iter_mut().map(|arm| &mut arm.branch.body).collect(),
            Self::Race(Race { runners: Runners::Branches(branches), .. }) => {
                branches.iter_mut().map(|branch| &mut branch.body).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// What runs inside of a node.
#[derive(Clone, Debug)]
pub enum Inside<'a> {
    /// Nothing: it is no block.
    Nothing,
    /// One body, once or in turns.
    Body(&'a Body),
    /// Several, of which one or some run to their end.
    Branches(Vec<&'a Branch>),
}

/// `for`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct For {
    /// Whether the turns run at once.
    pub parallel: bool,
    /// What the program calls the item.
    pub name: Arc<str>,
    /// Where the item goes, in the frame of the turn.
    pub item: Slot,
    /// What it goes through.
    pub source: ForSource,
    /// Turns at once if parallel, turns at all otherwise.
    pub max: Option<Formula>,
    /// How many turns may fail.
    pub tolerate: Option<Tolerance>,
    /// Each turn.
    pub body: Body,
    /// What is read outside.
    pub gathers: Vec<Gather>,
}

/// What a `for` goes through.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum ForSource {
    /// A list, a range, a map.
    Items(Script),
    /// The pages of an operation: a call node, asked again for each page. It is a unit inside the loop, but its expressions
    /// stand in the frame round the loop.
    Stream(NodeId),
}

/// How many turns may fail.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Tolerance {
    /// So many.
    Count(Formula),
    /// So many of a hundred.
    Percent(f64),
    /// Any number.
    All,
}

/// `race`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Race {
    /// How many successes decide.
    pub wins: Option<Formula>,
    /// Who runs.
    pub runners: Runners,
    /// What is read outside.
    pub gathers: Vec<Gather>,
}

/// Who takes part in a race.
#[expect(clippy::large_enum_variant, reason = "a plan has few races, and each is looked at often")]
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Runners {
    /// Branches written out; each opens a frame.
    Branches(Vec<Branch>),
    /// One branch per item.
    Items {
        /// What the program calls the item.
        name: Arc<str>,
        /// Where the item goes, in the frame of the branch.
        item: Slot,
        /// What it goes through.
        items: Script,
        /// Branches at once.
        max: Option<Formula>,
        /// Each branch.
        body: Body,
    },
}

/// `ask`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ask {
    /// Who is asked.
    pub whom: Whom,
    /// `question`, `system` and so on, an object.
    pub params: Formula,
    /// The type of the answer.
    pub answer: Shape,
    /// What a model or persona may use, with what is bound.
    pub tools: Vec<(Arc<str>, Formula)>,
    /// One memory per value of this.
    pub memory: Option<Formula>,
}

/// Who is asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Whom {
    /// Anybody with this role.
    Role(Formula),
    /// This person.
    Person(Formula),
    /// This persona.
    Persona(Arc<str>),
    /// This model.
    Model(Formula),
}

/// `wait`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Wait {
    /// So long.
    For(Formula),
    /// Until a moment comes or a condition holds.
    Until(Script),
    /// For an event.
    Event {
        /// The topic.
        topic: Arc<str>,
        /// Which event of the topic.
        filter: Option<Script>,
    },
    /// For a signal.
    Signal(Arc<str>),
}

/// `set`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Set {
    /// Whether it is `state`, not `vars`.
    pub state: bool,
    /// The variable, then the fields on the way down.
    pub path: Vec<Arc<str>>,
    /// Whether it is `+=`.
    pub add: bool,
    /// The new value, or what is added.
    pub value: Formula,
}
