//! What stands in braces: statements, and the clauses of whoever owns the braces.

use super::handler::{Lifecycle, On};
use super::step::Step;
use super::trigger::Trigger;
use super::types::{Declare, Type};
use super::value::{Arg, Expr, Field, Name, Path, Text, Value};
use crate::base::span::Span;

/// `{ items }`
#[derive(Clone, Debug)]
pub struct Block {
    /// In the order written.
    pub items: Vec<Item>,
    /// Braces included.
    pub span: Span,
}

/// One item of a block. Which may stand where is the checker's affair, so that its messages can be good.
#[derive(Clone, Debug)]
pub enum Item {
    /// A step, a block with or without a name, a wait, an ask, a start.
    Step(Box<Step>),
    /// `let NAME = value`
    Let(Let),
    /// `set vars.x = value`, `set state.seen += value`
    Set(Set),
    /// `emit "topic" { ... }`
    Emit(Emit),
    /// `reply 202 { ... }`
    Reply(Reply),
    /// `return`, `return { ... }`
    Return(Return),
    /// `fail TYPE "text" when expr`
    Fail(Fail),
    /// `until expr`
    Until(Until),
    /// `output value`, `output { name: type = value }`
    Output(Output),
    /// `on TYPE action`
    On(On),
    /// `handle NAME`
    Handle(Path),
    /// `on success { ... }`, `on failure`, `on cancel`, `finally`
    Lifecycle(Lifecycle),
    /// `input { ... }`
    Input(Declarations),
    /// `vars { ... }`
    Vars(Declarations),
    /// `state { ... }`, `state by key { ... }`
    State(State),
    /// `trigger ...`
    Trigger(Box<Trigger>),
    /// `version "1.0.0"`
    Version(Text),
    /// `deadline 2h`
    Deadline(Arg, Span),
    /// `concurrency 1 per key { overflow queue }`
    Concurrency(Concurrency),
    /// `key input.order { keep 1d }`
    Key(RunKey),
    /// `priority 3`
    Priority(Arg, Span),
    /// `tags ["a", "b"]`
    Tags(Vec<Text>, Span),
}

/// The fields of `input`, `vars`, `config`.
#[derive(Clone, Debug)]
pub struct Declarations {
    /// In order.
    pub fields: Vec<Declare>,
    /// Keyword and braces included.
    pub span: Span,
}

/// `state by key { fields }`
#[derive(Clone, Debug)]
pub struct State {
    /// One state per value of this.
    pub by: Option<Arg>,
    /// In order.
    pub fields: Vec<Declare>,
    /// All of it.
    pub span: Span,
}

/// `let NAME = value`
#[derive(Clone, Debug)]
pub struct Let {
    /// Its name.
    pub name: Name,
    /// Its type, where written.
    pub ty: Option<Type>,
    /// What it stands for.
    pub value: Value,
    /// All of it.
    pub span: Span,
}

/// `set PATH = value` or `set PATH += value`
#[derive(Clone, Debug)]
pub struct Set {
    /// `vars.x` or `state.x`, perhaps deeper.
    pub target: Path,
    /// Whether it is `+=`.
    pub add: bool,
    /// The new value, or what is added.
    pub value: Value,
    /// All of it.
    pub span: Span,
}

/// `emit "topic" { ... }`
#[derive(Clone, Debug)]
pub struct Emit {
    /// The topic.
    pub topic: Text,
    /// What the event carries.
    pub payload: Option<Value>,
    /// All of it.
    pub span: Span,
}

/// `reply 202 { headers, body }`
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status; 200 where not written.
    pub status: Option<Arg>,
    /// `headers`, `raw`, `body`; other fields are the body itself.
    pub fields: Vec<Field>,
    /// All of it.
    pub span: Span,
}

/// `return value`
#[derive(Clone, Debug)]
pub struct Return {
    /// What the run puts out.
    pub value: Option<Value>,
    /// All of it.
    pub span: Span,
}

/// `fail TYPE "text" when expr`
#[derive(Clone, Debug)]
pub struct Fail {
    /// The type.
    pub kind: Name,
    /// The message.
    pub message: Option<Expr>,
    /// Only if this is true.
    pub when: Option<Expr>,
    /// All of it.
    pub span: Span,
}

/// `until expr`
#[derive(Clone, Debug)]
pub struct Until {
    /// The loop ends when this is true.
    pub condition: Expr,
    /// All of it.
    pub span: Span,
}

/// What a body yields.
#[derive(Clone, Debug)]
pub struct Output {
    /// The value; an object's fields may carry types.
    pub form: OutputForm,
    /// All of it.
    pub span: Span,
}

/// The two forms of `output`.
#[derive(Clone, Debug)]
pub enum OutputForm {
    /// `output expr`, `output [..]`
    Value(Value),
    /// `output { name: type = value, name: value, name }`; `Declare::value` is always there.
    Fields(Vec<Declare>),
}

/// `concurrency 1 per key { overflow queue }`
#[derive(Clone, Debug)]
pub struct Concurrency {
    /// How many runs at once.
    pub places: Arg,
    /// One count per value of this.
    pub per: Option<Arg>,
    /// `queue`, `skip` or `restart`.
    pub overflow: Option<Name>,
    /// All of it.
    pub span: Span,
}

/// `key input.order { keep 1d }`
#[derive(Clone, Debug)]
pub struct RunKey {
    /// One run per value of this.
    pub key: Arg,
    /// For how long.
    pub keep: Option<Arg>,
    /// All of it.
    pub span: Span,
}

/// `if expr { ... } else if expr { ... } else { ... }`
#[derive(Clone, Debug)]
pub struct If {
    /// Conditions with their bodies, in order.
    pub arms: Vec<(Expr, Block)>,
    /// The last `else`.
    pub otherwise: Option<Block>,
}

/// `match expr { pattern => { ... } }`
#[derive(Clone, Debug)]
pub struct Match {
    /// What is looked at.
    pub subject: Expr,
    /// In order; the first that fits is taken.
    pub arms: Vec<Arm>,
}

/// `"a" | "b" if guard => { ... }`
#[derive(Clone, Debug)]
pub struct Arm {
    /// Any of these.
    pub patterns: Vec<Pattern>,
    /// And this.
    pub guard: Option<Expr>,
    /// What is done.
    pub body: Block,
    /// All of it.
    pub span: Span,
}

/// What a value may look like.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// A number, a string, `true`, `false`, `()`, a duration.
    Literal(Expr),
    /// `1..10` (end excluded), `1..=10` (end included); either end may be missing.
    Range {
        /// First value in it.
        from: Option<Expr>,
        /// Its end.
        to: Option<Expr>,
        /// Whether the end is in it.
        inclusive: bool,
        /// All of it.
        span: Span,
    },
    /// `[first, second]`: a list of exactly so many.
    List(Vec<Pattern>, Span),
    /// A new name for the value.
    Name(Name),
    /// `_`
    Any(Span),
}

/// `for x in items { }`, `for x from call { }`, each also with `parallel` before it
#[derive(Clone, Debug)]
pub struct For {
    /// Whether the turns run at once.
    pub parallel: bool,
    /// The name of the item.
    pub item: Name,
    /// What it goes through.
    pub source: ForSource,
    /// `max N`: turns at once if parallel, turns at all otherwise.
    pub max: Option<Arg>,
    /// `tolerate 5%`
    pub tolerate: Option<Arg>,
    /// Each turn.
    pub body: Block,
}

/// What a `for` goes through.
#[derive(Clone, Debug)]
pub enum ForSource {
    /// `in expr`: a list, a range, a map.
    Items(Expr),
    /// `from connector.operation { ... }`: rows or pages, streamed.
    Stream(Box<Step>),
}

/// `while expr max N { }`
#[derive(Clone, Debug)]
pub struct While {
    /// Looked at before each turn.
    pub condition: Expr,
    /// Turns at most.
    pub max: Option<Arg>,
    /// Each turn.
    pub body: Block,
}

/// `repeat every 10s max 360 { }`
#[derive(Clone, Debug)]
pub struct Repeat {
    /// The pause between turns.
    pub every: Option<Arg>,
    /// Turns at most.
    pub max: Option<Arg>,
    /// Each turn.
    pub body: Block,
}

/// `race { branch a { } branch b { } }`, `race 2 for x in items { }`
#[derive(Clone, Debug)]
pub struct Race {
    /// How many successes decide; one where not written.
    pub wins: Option<Arg>,
    /// Who runs.
    pub runners: Runners,
}

/// Who takes part in a race.
#[derive(Clone, Debug)]
pub enum Runners {
    /// Branches written out.
    Branches(Vec<Branch>),
    /// One branch per item.
    Items {
        /// The name of the item.
        item: Name,
        /// What it goes through.
        items: Expr,
        /// `max N`: branches at once.
        max: Option<Arg>,
        /// Each branch.
        body: Block,
    },
}

/// `branch NAME { }`
#[derive(Clone, Debug)]
pub struct Branch {
    /// Its name.
    pub name: Name,
    /// What it does.
    pub body: Block,
    /// All of it.
    pub span: Span,
}

/// `lock "crm" max 3 { }`
#[derive(Clone, Debug)]
pub struct Lock {
    /// What is locked.
    pub key: Arg,
    /// How many may be inside; one where not written.
    pub max: Option<Arg>,
    /// What is done inside.
    pub body: Block,
}
