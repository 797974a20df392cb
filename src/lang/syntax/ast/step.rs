//! Steps: what is done, and the clauses that say how.

use super::block::{Block, For, If, Lock, Match, Race, Repeat, Runners, While};
use super::connector::Auth;
use super::handler::{On, Retry};
use super::types::Type;
use super::value::{Arg, Code, Expr, Field, Name, Path, Text};
use crate::base::span::Span;

/// `step NAME: TYPE = action { params and clauses } with { clauses }`; also a bare block or wait in a body, and a bare call in `notify` and `undo`.
#[derive(Clone, Debug)]
pub struct Step {
    /// The `///` above it.
    pub doc: Option<Text>,
    /// Its name, where written.
    pub name: Option<Name>,
    /// The type of its output, where written.
    pub ty: Option<Type>,
    /// What is done.
    pub action: Action,
    /// Clauses in its braces and behind `with`, in order.
    pub clauses: Vec<Clause>,
    /// Whether `with { }` is written.
    pub with: bool,
    /// All of it.
    pub span: Span,
    /// From its first word to the end of its header: what is underlined when the whole step is meant.
    pub head: Span,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Action {
    /// `slack.post_message { ... }` or `charge_card { ... }`
    Call(Call),
    /// `start WORKFLOW { ... }`
    Start(Call),
    /// `script { rhai }`
    Script(Code),
    /// `ask role "finance" { ... }`
    Ask(Ask),
    /// `wait ...`
    Wait(Wait),
    /// `sequence { }`
    Sequence(Block),
    /// `parallel { }`
    Parallel(Block),
    /// `if`
    If(If),
    /// `match`
    Match(Match),
    /// `for`, `parallel for`
    For(For),
    /// `while`
    While(While),
    /// `repeat`
    Repeat(Repeat),
    /// `race`
    Race(Race),
    /// `lock`
    Lock(Lock),
}

impl Action {
    /// The bodies of a block, in the order of the text; none of what is no block.
    pub fn bodies(&self) -> Vec<&Block> {
        match self {
            Self::Sequence(body) | Self::Parallel(body) => vec![body],
            Self::If(branches) => branches.arms.iter().map(|(_, body)| body).chain(&branches.otherwise).collect(),
            Self::Match(branches) => branches.arms.iter().map(|arm| &arm.body).collect(),
            Self::For(turns) => vec![&turns.body],
            Self::While(turns) => vec![&turns.body],
            Self::Repeat(turns) => vec![&turns.body],
            Self::Race(race) => match &race.runners {
                Runners::Branches(branches) => branches.iter().map(|branch| &branch.body).collect(),
                Runners::Items { body, .. } => vec![body],
            },
            Self::Lock(lock) => vec![&lock.body],
            Self::Call(_) | Self::Start(_) | Self::Script(_) | Self::Ask(_) | Self::Wait(_) => Vec::new(),
        }
    }
}

/// A callee with its parameters.
#[derive(Clone, Debug)]
pub struct Call {
    /// Who is called.
    pub callee: Path,
    /// With what.
    pub params: Vec<Field>,
}

/// `ask WHOM { question: ..., tools [...] }`
#[derive(Clone, Debug)]
pub struct Ask {
    /// Who is asked.
    pub whom: Whom,
    /// `question`, `system` and so on.
    pub params: Vec<Field>,
    /// What a model or persona may use.
    pub tools: Vec<Tool>,
    /// `memory by input.session`
    pub memory: Option<Arg>,
}

/// Who is asked.
#[derive(Clone, Debug)]
pub enum Whom {
    /// `role "finance"`
    Role(Arg),
    /// `person "a@b.c"`
    Person(Arg),
    /// `persona sophia`
    Persona(Name),
    /// `model "openai/gpt-4o-mini"`
    Model(Arg),
}

/// A tool with the parameters that are bound already.
#[derive(Clone, Debug)]
pub struct Tool {
    /// The workflow or operation.
    pub callee: Path,
    /// What the model can neither see nor change.
    pub bound: Vec<Field>,
}

/// What a step waits for.
#[derive(Clone, Debug)]
pub enum Wait {
    /// `wait 3d`
    For(Arg),
    /// `wait until expr`: a moment, or a condition
    Until(Expr),
    /// `wait event "topic" { where expr }`
    Event {
        /// The topic.
        topic: Text,
        /// Which event of the topic.
        filter: Option<Expr>,
    },
    /// `wait signal "name"`
    Signal {
        /// The name.
        name: Text,
    },
}

/// One clause of a step or of a block behind `with`.
#[derive(Clone, Debug)]
pub struct Clause {
    /// What it says.
    pub kind: ClauseKind,
    /// All of it.
    pub span: Span,
}

/// The clauses of steps.
#[derive(Clone, Debug)]
pub enum ClauseKind {
    /// `when expr`
    When(Expr),
    /// `after [a, b]`
    After(Vec<Name>),
    /// `timeout 30s`
    Timeout(Arg),
    /// `deadline 10m`
    Deadline(Arg),
    /// `retry 5 times every 10s`
    Retry(Retry),
    /// `on TYPE action`
    On(On),
    /// `handle NAME`
    Handle(Path),
    /// `undo CALLEE { ... }`
    Undo(Box<Step>),
    /// `key "charge-1"`
    Key(Arg),
    /// `auth bearer secret("X")`
    Auth(Auth),
    /// `secret`
    Secret,
    /// `remind every 1d { ... }`
    Remind {
        /// How often.
        every: Arg,
        /// What is done each time.
        body: Block,
    },
    /// `escalate after 2h { ... }`
    Escalate {
        /// When.
        after: Arg,
        /// What is done once.
        body: Block,
    },
}
