//! A tree at another place: the same words, each as far further on.

use std::sync::Arc;

use super::*;
use crate::base::diagnostic::Diagnostic;
use crate::base::span::{FileId, Span};

/// Where to: which file, and how many bytes further on.
#[derive(Clone, Copy)]
pub(in crate::lang::syntax) struct Further {
    /// The file it lies in from then on.
    pub file: FileId,
    /// How many bytes.
    pub bytes: u32,
}

/// Has places, or parts that have some.
pub(in crate::lang::syntax) trait Moved {
    /// Moves every place in it.
    fn move_on(&mut self, further: Further);
}

impl Moved for Span {
    fn move_on(&mut self, further: Further) {
        self.file = further.file;
        self.start = self.start.saturating_add(further.bytes);
        self.end = self.end.saturating_add(further.bytes);
    }
}

impl Moved for Diagnostic {
    fn move_on(&mut self, further: Further) {
        self.spans_mut().for_each(|span| span.move_on(further));
    }
}

impl<T: Moved> Moved for Option<T> {
    fn move_on(&mut self, further: Further) {
        self.iter_mut().for_each(|part| part.move_on(further));
    }
}

impl<T: Moved> Moved for Vec<T> {
    fn move_on(&mut self, further: Further) {
        self.iter_mut().for_each(|part| part.move_on(further));
    }
}

impl<T: Moved> Moved for Box<T> {
    fn move_on(&mut self, further: Further) {
        (**self).move_on(further);
    }
}

impl<A: Moved, B: Moved> Moved for (A, B) {
    fn move_on(&mut self, further: Further) {
        self.0.move_on(further);
        self.1.move_on(further);
    }
}

/// What stands nowhere.
macro_rules! placeless {
    ($($name:ty),* $(,)?) => {$(
        impl Moved for $name {
            fn move_on(&mut self, _: Further) {}
        }
    )*};
}

/// Every field is named, so that one which is added cannot be forgotten.
macro_rules! records {
    ($($name:ident { $($field:ident),* $(,)? })*) => {$(
        impl Moved for $name {
            fn move_on(&mut self, further: Further) {
                let Self { $($field),* } = self;
                $($field.move_on(further);)*
            }
        }
    )*};
}

/// Likewise, every variant.
macro_rules! choices {
    ($($name:ident { $($variant:ident $(($($part:ident),*))? $({ $($field:ident),* })?),* $(,)? })*) => {$(
        impl Moved for $name {
            fn move_on(&mut self, further: Further) {
                match self {$(
                    Self::$variant $(($($part),*))? $({ $($field),* })? => {
                        $($($part.move_on(further);)*)?
                        $($($field.move_on(further);)*)?
                    }
                )*}
            }
        }
    )*};
}

placeless! { Arc<str>, bool, f64, Moment }

records! {
    Comment { span, own_line }
    Use { path, alias, span }
    TypeDeclaration { doc, name, ty, span }
    Function { doc, name, params, body, span }
    Workflow { doc, name, title, body, span }
    HandlerSet { doc, name, body, span }

    Name { text, span }
    Path { parts, span }
    Text { text, span }
    Expr { source, span }
    Code { source, span }
    Object { fields, span }
    Field { key, value, short, span }
    List { items, span }

    Type { kind, optional, span }
    Declare { doc, name, ty, value, keep, span }

    Block { items, span }
    Declarations { fields, span }
    State { by, fields, span }
    Let { name, ty, value, span }
    Set { target, add, value, span }
    Emit { topic, payload, span }
    Reply { status, fields, span }
    Return { value, span }
    Fail { kind, message, when, span }
    Until { condition, span }
    Output { form, span }
    Concurrency { places, per, overflow, span }
    RunKey { key, keep, span }
    If { arms, otherwise }
    Match { subject, arms }
    Arm { patterns, guard, body, span }
    For { parallel, item, source, max, tolerate, body }
    While { condition, max, body }
    Repeat { every, max, body }
    Race { wins, runners }
    Branch { name, body, span }
    Lock { key, max, body }

    Step { doc, name, ty, action, clauses, with, span, head }
    Call { callee, params }
    Ask { whom, params, tools, memory }
    Tool { callee, bound }
    Clause { kind, span }

    On { types, action, guard, span }
    Retry { times, pause, span }
    Lifecycle { moment, body, span }

    Trigger { doc, kind, clauses, span }
    TriggerClause { kind, span }

    Connector { doc, name, title, items, span }
    Operation { doc, effect, native, name, params, result, ahead, request, items, span }
    Ahead { name, kind }
    Request { method, url, fields, span }
    HeaderOf { unit, name }
    Auth { scheme, args, fields, span }
    Example { operation, params, gets, gives, fails, span }
    Gets { name, status, headers, body, span }
    Source {
        doc, kind, name, params, item_type, every, request, call, clauses, each, item, by, state, start, anew, items, span,
    }
    SourceCall { name, params }
    Anew { state, when }
    Persona { doc, name, title, items, span }

    Test { doc, title, workflow, items, span }
    Mock { targets, replies, span }
    MockReply { after, answer, times, when }
}

choices! {
    Declaration {
        Use(it), Type(it), Fn(it), Workflow(it), Handler(it), Connector(it), Persona(it), Test(it),
    }
    Value { Expr(it), Object(it), List(it) }
    Arg { Expr(it), Percent(number, span), All(span) }
    TypeKind { Named { name, arguments, bounds }, Object(fields), Union(members), Literal(it) }
    Bounds { Range { min, max, span }, Pattern { pattern, span } }
    Item {
        Step(it), Let(it), Set(it), Emit(it), Reply(it), Return(it), Fail(it), Until(it), Output(it), On(it), Handle(it),
        Lifecycle(it), Input(it), Vars(it), State(it), Trigger(it), Version(it), Deadline(limit, span), Concurrency(it),
        Key(it), Priority(it, span), Tags(tags, span),
    }
    OutputForm { Value(it), Fields(it) }
    Pattern { Literal(it), Range { from, to, inclusive, span }, List(items, span), Name(it), Any(span) }
    ForSource { Items(it), Stream(it) }
    Runners { Branches(it), Items { item, items, max, body } }
    Action {
        Call(it), Start(it), Script(it), Ask(it), Wait(it), Sequence(it), Parallel(it), If(it), Match(it), For(it),
        While(it), Repeat(it), Race(it), Lock(it),
    }
    Whom { Role(it), Person(it), Persona(it), Model(it) }
    Wait { For(it), Until(it), Event { topic, filter }, Signal { name } }
    ClauseKind {
        When(it), After(it), Timeout(it), Deadline(it), Retry(it), On(it), Handle(it), Undo(it), Key(it), Auth(it),
        Secret, Remind { every, body }, Escalate { after, body },
    }
    HandlerAction {
        Retry(it), Skip(it), SkipItem, Fail { kind, message }, Alternate(it), Notify(it), Park,
    }
    Pause { Every(it), Backoff { from, to } }
    TriggerKind {
        Api { method, path }, Webhook(it), Schedule(it), Every(it), File(it), Event(it), Form(it), Persona(it),
        Connector { path, params },
    }
    TriggerClauseKind {
        Auth(it), Input(it), Where(it), Verify { scheme, fields }, Challenge(it), Zone(it), Overlap(it), CatchUp(it),
        On(it), Intent(it), Debounce { quiet, by, max }, Batch { count, within, until }, Throttle { count, per, by },
    }
    ConnectorItem { Config(it), Default(it), Operation(it), Check(it), Example(it), Source(it), Hook(it) }
    Effect { Read(span), Keyed { carrier, keep, span }, Once(span) }
    AheadKind { Request(it), File(it) }
    RequestItem {
        Auth(it), Limit { count, per, span }, RetryAfter(it), Remaining { left, reset }, Fail(it), Accept(it),
        Paginate { kind, fields, span }, Output(it), Timeout(it), Field(it),
    }
    Start { Value(it), Request(it) }
    PersonaItem { About(it), Intent { name, fields, span }, On { event, params, body, span } }
    TestItem {
        Input(it), Trigger(it), State(it), At(it), Mock(it), Advance(it, span), Signal { name, payload, span },
        Event { topic, payload, span }, Cancel(span), Expect(it, span),
    }
    MockAnswer { Value(it), Fails { kind, message, fields }, Never(span) }
}
