//! Looking through a tree for everything of one kind, without knowing what it means.

use crate::lang::syntax::ast::{
    Action, Arg, Ask, Auth, Block, Clause, ClauseKind, Code, Declare, Emit, Expr, Fail, Field, ForSource,
    HandlerAction, If, Item, Let, Match, Name, Object, On, Output, OutputForm, Path, Pattern, Pause, Race, Reply,
    Retry, Runners, Set, Step, Value, Wait, Whom,
};

/// Something on the way through a tree.
#[derive(Clone, Copy)]
pub(super) enum Seen<'a> {
    /// An expression.
    Expr(&'a Expr),
    /// Statements of Rhai.
    Code(&'a Code),
    /// A step, before what is in it.
    Step(&'a Step),
    /// Who is called or started.
    Callee(&'a Path),
    /// A `let`, before its value.
    Let(&'a Let),
    /// A `set`, before its value.
    Set(&'a Set),
    /// An `emit`, before what it carries.
    Emit(&'a Emit),
    /// A `fail`, before its message.
    Fail(&'a Fail),
    /// A handler, before its body.
    On(&'a On),
    /// A name behind `after`.
    After(&'a Name),
    /// A name that a loop or a pattern brings.
    Brings(&'a Name),
    /// `handle NAME`
    Handle,
}

/// What is shown to whoever looks.
pub(super) type Look<'a, 'f> = &'f mut dyn FnMut(Seen<'a>);

/// Everything in a block.
pub(super) fn block<'a>(block: &'a Block, look: Look<'a, '_>) {
    for item in &block.items {
        self::item(item, look);
    }
}

/// Everything in one item of a block.
pub(super) fn item<'a>(item: &'a Item, look: Look<'a, '_>) {
    match item {
        Item::Step(step) => self::step(step, look),
        Item::Let(binding) => {
            look(Seen::Let(binding));
            value(&binding.value, look);
        }
        Item::Set(set) => {
            look(Seen::Set(set));
            value(&set.value, look);
        }
        Item::Emit(emit) => {
            look(Seen::Emit(emit));
            emit.payload.iter().for_each(|payload| value(payload, look));
        }
        Item::Reply(Reply { status, fields, .. }) => {
            status.iter().for_each(|status| arg(status, look));
            self::fields(fields, look);
        }
        Item::Return(back) => back.value.iter().for_each(|given| value(given, look)),
        Item::Fail(fail) => self::fail(fail, look),
        Item::Until(until) => look(Seen::Expr(&until.condition)),
        Item::Output(output) => self::output(output, look),
        Item::On(on) => self::on(on, look),
        Item::Handle(_) => look(Seen::Handle),
        Item::Lifecycle(lifecycle) => block(&lifecycle.body, look),
        Item::Vars(vars) => vars.fields.iter().for_each(|declare| self::declare(declare, look)),
        Item::State(state) => {
            state.by.iter().for_each(|by| arg(by, look));
            state.fields.iter().for_each(|declare| self::declare(declare, look));
        }
        Item::Deadline(limit, _) | Item::Priority(limit, _) => arg(limit, look),
        Item::Concurrency(concurrency) => {
            arg(&concurrency.places, look);
            concurrency.per.iter().for_each(|per| arg(per, look));
        }
        Item::Key(key) => arg(&key.key, look),
        Item::Input(_) | Item::Trigger(_) | Item::Version(_) | Item::Tags(..) => {}
    }
}

/// Everything in a step: what it does, its clauses, the bodies in it.
pub(super) fn step<'a>(step: &'a Step, look: Look<'a, '_>) {
    look(Seen::Step(step));
    action(&step.action, look);
    step.clauses.iter().for_each(|clause| self::clause(clause, look));
}

fn action<'a>(action: &'a Action, look: Look<'a, '_>) {
    match action {
        Action::Call(call) | Action::Start(call) => {
            look(Seen::Callee(&call.callee));
            fields(&call.params, look);
        }
        Action::Script(code) => look(Seen::Code(code)),
        Action::Ask(ask) => self::ask(ask, look),
        Action::Wait(wait) => match wait {
            Wait::For(time) => arg(time, look),
            Wait::Until(condition) => look(Seen::Expr(condition)),
            Wait::Event { filter, .. } => filter.iter().for_each(|filter| look(Seen::Expr(filter))),
            Wait::Signal { .. } => {}
        },
        Action::Sequence(body) | Action::Parallel(body) => block(body, look),
        Action::If(If { arms, otherwise }) => {
            for (condition, body) in arms {
                look(Seen::Expr(condition));
                block(body, look);
            }
            otherwise.iter().for_each(|body| block(body, look));
        }
        Action::Match(Match { subject, arms }) => {
            look(Seen::Expr(subject));
            for arm in arms {
                arm.patterns.iter().for_each(|found| pattern(found, look));
                arm.guard.iter().for_each(|guard| look(Seen::Expr(guard)));
                block(&arm.body, look);
            }
        }
        Action::For(turns) => {
            look(Seen::Brings(&turns.item));
            match &turns.source {
                ForSource::Items(items) => look(Seen::Expr(items)),
                ForSource::Stream(source) => {
                    // The source is no step of its own, but its parts are looked at alike.
                    self::action(&source.action, look);
                    source.clauses.iter().for_each(|clause| self::clause(clause, look));
                }
            }
            turns.max.iter().chain(&turns.tolerate).for_each(|found| arg(found, look));
            block(&turns.body, look);
        }
        Action::While(turns) => {
            look(Seen::Expr(&turns.condition));
            turns.max.iter().for_each(|max| arg(max, look));
            block(&turns.body, look);
        }
        Action::Repeat(turns) => {
            turns.every.iter().chain(&turns.max).for_each(|found| arg(found, look));
            block(&turns.body, look);
        }
        Action::Race(Race { wins, runners }) => {
            wins.iter().for_each(|wins| arg(wins, look));
            match runners {
                Runners::Branches(branches) => branches.iter().for_each(|branch| block(&branch.body, look)),
                Runners::Items { item, items, max, body } => {
                    look(Seen::Brings(item));
                    look(Seen::Expr(items));
                    max.iter().for_each(|max| arg(max, look));
                    block(body, look);
                }
            }
        }
        Action::Lock(lock) => {
            arg(&lock.key, look);
            lock.max.iter().for_each(|max| arg(max, look));
            block(&lock.body, look);
        }
    }
}

fn ask<'a>(ask: &'a Ask, look: Look<'a, '_>) {
    match &ask.whom {
        Whom::Role(whom) | Whom::Person(whom) | Whom::Model(whom) => arg(whom, look),
        Whom::Persona(_) => {}
    }
    fields(&ask.params, look);
    for tool in &ask.tools {
        look(Seen::Callee(&tool.callee));
        fields(&tool.bound, look);
    }
    ask.memory.iter().for_each(|memory| arg(memory, look));
}

/// Everything in one clause.
pub(super) fn clause<'a>(clause: &'a Clause, look: Look<'a, '_>) {
    match &clause.kind {
        ClauseKind::When(condition) => look(Seen::Expr(condition)),
        ClauseKind::After(names) => names.iter().for_each(|name| look(Seen::After(name))),
        ClauseKind::Timeout(found) | ClauseKind::Deadline(found) | ClauseKind::Key(found) => arg(found, look),
        ClauseKind::Retry(retry) => self::retry(retry, look),
        ClauseKind::On(on) => self::on(on, look),
        ClauseKind::Handle(_) => look(Seen::Handle),
        ClauseKind::Undo(undo) => step(undo, look),
        ClauseKind::Auth(auth) => self::auth(auth, look),
        ClauseKind::Secret => {}
        ClauseKind::Remind { every: time, body } | ClauseKind::Escalate { after: time, body } => {
            arg(time, look);
            block(body, look);
        }
    }
}

fn on<'a>(on: &'a On, look: Look<'a, '_>) {
    look(Seen::On(on));
    match &on.action {
        HandlerAction::Retry(retry) => self::retry(retry, look),
        HandlerAction::Skip(given) => given.iter().for_each(|given| value(given, look)),
        HandlerAction::Fail { message, .. } => message.iter().for_each(|message| look(Seen::Expr(message))),
        HandlerAction::Alternate(body) => block(body, look),
        HandlerAction::Notify(step) => self::step(step, look),
        HandlerAction::SkipItem | HandlerAction::Park => {}
    }
    on.guard.iter().for_each(|guard| look(Seen::Expr(guard)));
}

fn retry<'a>(retry: &'a Retry, look: Look<'a, '_>) {
    retry.times.iter().for_each(|times| arg(times, look));
    match &retry.pause {
        Some(Pause::Every(time)) => arg(time, look),
        Some(Pause::Backoff { from, to }) => {
            arg(from, look);
            to.iter().for_each(|to| arg(to, look));
        }
        None => {}
    }
}

fn auth<'a>(auth: &'a Auth, look: Look<'a, '_>) {
    auth.args.iter().for_each(|found| arg(found, look));
    fields(&auth.fields, look);
}

fn fail<'a>(fail: &'a Fail, look: Look<'a, '_>) {
    look(Seen::Fail(fail));
    fail.message.iter().chain(&fail.when).for_each(|expr| look(Seen::Expr(expr)));
}

fn output<'a>(output: &'a Output, look: Look<'a, '_>) {
    match &output.form {
        OutputForm::Value(given) => value(given, look),
        OutputForm::Fields(fields) => fields.iter().for_each(|declare| self::declare(declare, look)),
    }
}

fn declare<'a>(declare: &'a Declare, look: Look<'a, '_>) {
    declare.value.iter().for_each(|given| value(given, look));
}

fn pattern<'a>(pattern: &'a Pattern, look: Look<'a, '_>) {
    match pattern {
        Pattern::Name(name) => look(Seen::Brings(name)),
        Pattern::List(items, _) => items.iter().for_each(|item| self::pattern(item, look)),
        Pattern::Literal(_) | Pattern::Range { .. } | Pattern::Any(_) => {}
    }
}

/// Everything in a list of fields.
pub(super) fn fields<'a>(fields: &'a [Field], look: Look<'a, '_>) {
    fields.iter().for_each(|field| value(&field.value, look));
}

/// Everything in a value.
pub(super) fn value<'a>(value: &'a Value, look: Look<'a, '_>) {
    match value {
        Value::Expr(expr) => look(Seen::Expr(expr)),
        Value::Object(Object { fields, .. }) => self::fields(fields, look),
        Value::List(list) => list.items.iter().for_each(|item| self::value(item, look)),
    }
}

fn arg<'a>(arg: &'a Arg, look: Look<'a, '_>) {
    match arg {
        Arg::Expr(expr) => look(Seen::Expr(expr)),
        Arg::Percent(..) | Arg::All(_) => {}
    }
}
