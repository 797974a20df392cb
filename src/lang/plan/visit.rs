//! Every script of a plan, wherever it stands.

use super::body::{Body, Branch};
use super::connector::{Ahead, Auth, Connector, Operation, Request, Shaping, UrlPiece};
use super::formula::{Formula, Script};
use super::handler::{Handler, HandlerAction, Pause};
use super::node::{Ask, For, ForSource, Kind, Node, Race, Runners, Tolerance, Wait, Whom};
use super::source::{Asks, Source, Start};
use super::trigger::{self, Trigger};
use super::workflow::{Moment, Plan};

/// What is done with each script.
pub type Visit<'v> = &'v mut dyn FnMut(&Script);

/// All scripts of a plan but those of the operations it calls.
pub(super) fn plan(plan: &Plan, visit: Visit<'_>) {
    head(plan, visit);
    body(&plan.body, visit);
    for moment in Moment::ALL {
        plan.lifecycle(moment).iter().for_each(|body| self::body(body, visit));
    }
    plan.nodes.iter().for_each(|node| self::node(node, visit));
    plan.handlers.iter().for_each(|handler| self::handler(handler, visit));
}

/// The scripts of a plan that belong to no statement, handler or body: how its runs begin, and what bounds them.
pub fn head(plan: &Plan, visit: Visit<'_>) {
    plan.vars.iter().for_each(|(_, value)| formula(value, visit));
    if let Some(state) = &plan.state {
        state.by.iter().for_each(&mut *visit);
        state.fields.iter().for_each(|(_, value)| formula(value, visit));
    }
    plan.triggers.iter().for_each(|trigger| self::trigger(trigger, visit));
    optional(&plan.deadline, visit);
    if let Some(concurrency) = &plan.concurrency {
        formula(&concurrency.places, visit);
        optional(&concurrency.per, visit);
    }
    plan.key.iter().for_each(|key| formula(&key.key, visit));
    optional(&plan.priority, visit);
}

/// The scripts of a connector itself, which all its operations share.
pub(super) fn connector(connector: &Connector, visit: Visit<'_>) {
    connector.config.iter().for_each(|(_, value)| optional(value, visit));
    connector.auth.iter().for_each(|auth| self::auth(auth, visit));
    shaping(&connector.defaults, visit);
}

/// The scripts of a trigger that a connector declares.
pub(super) fn source(source: &Source, visit: Visit<'_>) {
    source.verify.iter().for_each(|(_, value)| formula(value, visit));
    optional(&source.challenge, visit);
    [&source.each, &source.filter, &source.by].into_iter().flatten().for_each(&mut *visit);
    optional(&source.item, visit);
    source.operations().for_each(|operation| self::operation(operation, visit));
    let Some(poll) = source.poll() else { return };
    if let Some(Start::Value(value)) = &poll.start {
        formula(value, visit);
    }
    if let Asks::Call(_, params) = &poll.ask {
        formula(params, visit);
    }
    optional(&poll.state, visit);
    for anew in &poll.anew {
        optional(&anew.state, visit);
        visit(&anew.when);
    }
}

/// The scripts of an operation.
pub fn operation(operation: &Operation, visit: Visit<'_>) {
    operation.requests().for_each(|request| self::request(request, visit));
    for (_, ahead) in &operation.ahead {
        if let Ahead::File(path) = ahead {
            formula(path, visit);
        }
    }
    shaping(&operation.shaping, visit);
}

/// The scripts of a formula.
pub fn formula(formula: &Formula, visit: Visit<'_>) {
    match formula {
        Formula::Constant(_) => {}
        Formula::Script(script) => visit(script),
        Formula::Object(fields) => fields.iter().for_each(|(_, value)| self::formula(value, visit)),
        Formula::List(items) => items.iter().for_each(|item| self::formula(item, visit)),
    }
}

fn optional(formula: &Option<Formula>, visit: Visit<'_>) {
    formula.iter().for_each(|formula| self::formula(formula, visit));
}

/// What a body computes itself; its statements are nodes of the plan.
pub fn body(body: &Body, visit: Visit<'_>) {
    optional(&body.output, visit);
}

fn branch(branch: &Branch, visit: Visit<'_>) {
    body(&branch.body, visit);
}

/// The scripts of a handler itself.
pub fn handler(handler: &Handler, visit: Visit<'_>) {
    handler.guard.iter().for_each(&mut *visit);
    match &handler.action {
        HandlerAction::Retry { times, pause } => {
            optional(times, visit);
            match pause {
                Pause::Every(every) => formula(every, visit),
                Pause::Backoff { from, to } => [from, to].into_iter().for_each(|bound| formula(bound, visit)),
            }
        }
        HandlerAction::Skip(value) => optional(value, visit),
        HandlerAction::Fail { message, .. } => optional(message, visit),
        HandlerAction::Alternate(body) => self::body(body, visit),
        HandlerAction::SkipItem | HandlerAction::Notify(_) | HandlerAction::Park => {}
    }
}

fn trigger(trigger: &Trigger, visit: Visit<'_>) {
    trigger.filter.iter().for_each(&mut *visit);
    optional(&trigger.input, visit);
    trigger.verify.iter().for_each(|(_, value)| formula(value, visit));
    optional(&trigger.challenge, visit);
    trigger.debounce.iter().filter_map(|debounce| debounce.by.as_ref()).for_each(&mut *visit);
    trigger.throttle.iter().filter_map(|throttle| throttle.by.as_ref()).for_each(&mut *visit);
    if let trigger::Kind::Connector { params, .. } = &trigger.kind {
        formula(params, visit);
    }
}

/// The scripts of one statement; those of what is in it are not among them.
pub fn node(node: &Node, visit: Visit<'_>) {
    let clauses = &node.clauses;
    clauses.when.iter().for_each(&mut *visit);
    for value in [&clauses.timeout, &clauses.deadline, &clauses.key] {
        optional(value, visit);
    }
    clauses.auth.iter().for_each(|auth| self::auth(auth, visit));
    for meanwhile in &clauses.meanwhile {
        formula(&meanwhile.after, visit);
        body(&meanwhile.body, visit);
    }
    kind(&node.kind, visit);
}

fn kind(kind: &Kind, visit: Visit<'_>) {
    match kind {
        Kind::Call { params, .. } | Kind::Child { params, .. } | Kind::Start { params, .. } => formula(params, visit),
        Kind::Script(script) | Kind::Until(script) => visit(script),
        Kind::Ask(ask) => self::ask(ask, visit),
        Kind::Wait(wait) => self::wait(wait, visit),
        Kind::Let(value) => formula(value, visit),
        Kind::Set(set) => formula(&set.value, visit),
        Kind::Emit { payload, .. } => formula(payload, visit),
        Kind::Reply { status, headers, body, .. } => {
            [status, headers, body].into_iter().for_each(|part| formula(part, visit));
        }
        Kind::Return(value) => optional(value, visit),
        Kind::Fail { message, when, .. } => {
            optional(message, visit);
            when.iter().for_each(visit);
        }
        Kind::If { arms, otherwise } => {
            for (condition, branch) in arms {
                visit(condition);
                self::branch(branch, visit);
            }
            otherwise.iter().for_each(|branch| self::branch(branch, visit));
        }
        Kind::Match { subject, arms } => {
            visit(subject);
            for arm in arms {
                arm.guard.iter().for_each(&mut *visit);
                branch(&arm.branch, visit);
            }
        }
        Kind::Sequence(body) | Kind::Parallel(body) => self::body(body, visit),
        Kind::For(each) => self::each(each, visit),
        Kind::While { condition, max, body, .. } => {
            visit(condition);
            optional(max, visit);
            self::body(body, visit);
        }
        Kind::Repeat { every, max, body, .. } => {
            optional(every, visit);
            optional(max, visit);
            self::body(body, visit);
        }
        Kind::Race(race) => self::race(race, visit),
        Kind::Lock { key, places, body } => {
            formula(key, visit);
            formula(places, visit);
            self::body(body, visit);
        }
    }
}

fn ask(ask: &Ask, visit: Visit<'_>) {
    match &ask.whom {
        Whom::Role(whom) | Whom::Person(whom) | Whom::Model(whom) => formula(whom, visit),
        Whom::Persona(_) => {}
    }
    formula(&ask.params, visit);
    ask.tools.iter().for_each(|(_, bound)| formula(bound, visit));
    optional(&ask.memory, visit);
}

fn wait(wait: &Wait, visit: Visit<'_>) {
    match wait {
        Wait::For(time) => formula(time, visit),
        Wait::Until(condition) => visit(condition),
        Wait::Event { filter, .. } => filter.iter().for_each(visit),
        Wait::Signal(_) => {}
    }
}

fn each(each: &For, visit: Visit<'_>) {
    if let ForSource::Items(items) = &each.source {
        visit(items);
    }
    if let Some(Tolerance::Count(count)) = &each.tolerate {
        formula(count, visit);
    }
    optional(&each.max, visit);
    body(&each.body, visit);
}

fn race(race: &Race, visit: Visit<'_>) {
    optional(&race.wins, visit);
    match &race.runners {
        Runners::Branches(branches) => branches.iter().for_each(|branch| self::branch(branch, visit)),
        Runners::Items { items, max, body, .. } => {
            visit(items);
            optional(max, visit);
            self::body(body, visit);
        }
    }
}

fn auth(auth: &Auth, visit: Visit<'_>) {
    auth.args.iter().for_each(|arg| formula(arg, visit));
    auth.fields.iter().for_each(|(_, value)| formula(value, visit));
}

fn request(request: &Request, visit: Visit<'_>) {
    for piece in &request.url.pieces {
        if let UrlPiece::Value(value) = piece {
            formula(value, visit);
        }
    }
    request.fields.values().for_each(|value| formula(value, visit));
}

fn shaping(shaping: &Shaping, visit: Visit<'_>) {
    optional(&shaping.query, visit);
    optional(&shaping.headers, visit);
    shaping.auth.iter().for_each(|auth| self::auth(auth, visit));
    for rule in &shaping.rules {
        optional(&rule.message, visit);
        rule.when.iter().for_each(&mut *visit);
    }
    if let Some(paginate) = &shaping.paginate {
        paginate.next.iter().for_each(&mut *visit);
        visit(&paginate.items);
        optional(&paginate.size, visit);
        optional(&paginate.limit, visit);
    }
    optional(&shaping.output, visit);
}
