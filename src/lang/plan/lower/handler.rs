//! Handlers, and those that `handle NAME` takes in.

use std::sync::Arc;

use super::super::fingerprint;
use super::super::formula::{Formula, Script};
use super::super::handler::{ChainId, Handler, HandlerAction, Link, Pause, Types};
use super::builder::{Builder, Scope};
use super::step::Role;
use crate::base::failure::Kind;
use crate::base::id::Digest;
use crate::base::span::Span;
use crate::base::time::Duration;
use crate::base::value::Value;
use crate::lang::check::Module;
use crate::lang::syntax::ast::{self, Declaration, Item};

/// The first pause of a `retry` that says nothing of pauses.
const BACKOFF_FROM: Duration = Duration::seconds(1);
/// The longest one.
const BACKOFF_TO: Duration = Duration::seconds(5 * 60);
/// How often an `undo` without handlers of its own is tried again (semantics 37).
const UNDO_RETRIES: i64 = 5;

impl<'a> Builder<'a> {
    /// One handler. What runs in it sees only `outside`, the handlers round the scope that owns it (semantics 12).
    pub(super) fn handler(&mut self, on: &ast::On, outside: ChainId) -> Link {
        let action = match &on.action {
            ast::HandlerAction::Retry(retry) => self.retry(retry),
            ast::HandlerAction::Skip(value) => {
                HandlerAction::Skip(value.as_ref().map(|value| self.values.value(value)))
            }
            ast::HandlerAction::SkipItem => HandlerAction::SkipItem,
            ast::HandlerAction::Fail { kind, message } => HandlerAction::Fail {
                kind: kind.as_ref().map(|kind| Kind::named(&kind.text)),
                message: message.as_ref().map(|message| self.values.expr(message)),
            },
            ast::HandlerAction::Alternate(block) => {
                HandlerAction::Alternate(Arc::new(self.opening(block, Scope::unit(outside))))
            }
            ast::HandlerAction::Notify(call) => {
                HandlerAction::Notify(self.labelled(|builder| builder.call(call, Scope::unit(outside), Role::Notify)))
            }
            ast::HandlerAction::Park => HandlerAction::Park,
        };
        let guard = on.guard.as_ref().map(|guard| self.values.script(guard));
        self.add_handler(on.span, types(&on.types), guard, action)
    }

    /// The clause `retry`: short for a handler of what is worth retrying.
    pub(super) fn retry_clause(&mut self, retry: &ast::Retry) -> Link {
        let action = self.retry(retry);
        self.add_handler(retry.span, Types::worth_retrying(), None, action)
    }

    /// What an `undo` does about errors where it has no handlers of its own.
    pub(super) fn undo_retry(&mut self, span: Span) -> Link {
        let times = Some(Formula::Constant(Value::Int(UNDO_RETRIES)));
        self.add_handler(span, Types::worth_retrying(), None, HandlerAction::Retry { times, pause: backoff() })
    }

    /// The handlers that `handle NAME` stands for, made anew for this line.
    pub(super) fn taken(&mut self, path: &ast::Path, outside: ChainId) -> Vec<Link> {
        let Some((set, module)) = self.declared(path) else { return Vec::new() };
        if self.taking.contains(&set.span) {
            return Vec::new();
        }
        self.elsewhere(set, path.span, module, |builder| {
            let mut links = Vec::new();
            for item in &set.body.items {
                match item {
                    Item::On(on) => links.push(builder.handler(on, outside)),
                    Item::Handle(path) => links.extend(builder.taken(path, outside)),
                    _ => {}
                }
            }
            links
        })
    }

    /// The `handler` declaration with this name, seen from the file that is being read, and the module it stands in.
    fn declared(&self, path: &ast::Path) -> Option<(&'a ast::HandlerSet, &'a Module)> {
        let checked = self.checked;
        let here = self.values.module(path.span)?;
        let (name, module) = match path.parts.as_slice() {
            [name] => (name, here),
            [alias, name] => {
                let (_, place) = here.uses.iter().find(|(known, _)| *known == alias.text)?;
                (name, checked.modules.get(*place)?)
            }
            _ => return None,
        };
        let mut sets = module.program.declarations.iter().filter_map(|declaration| match declaration {
            Declaration::Handler(set) => Some(set),
            _ => None,
        });
        Some((sets.find(|set| set.name.text == name.text)?, module))
    }

    fn retry(&self, retry: &ast::Retry) -> HandlerAction {
        let pause = match &retry.pause {
            None => backoff(),
            Some(ast::Pause::Every(every)) => Pause::Every(self.values.arg(every)),
            Some(ast::Pause::Backoff { from, to }) => Pause::Backoff {
                from: self.values.arg(from),
                to: to.as_ref().map_or_else(|| constant(BACKOFF_TO), |to| self.values.arg(to)),
            },
        };
        HandlerAction::Retry { times: retry.times.as_ref().map(|times| self.values.arg(times)), pause }
    }

    fn add_handler(&mut self, span: Span, types: Types, guard: Option<Script>, action: HandlerAction) -> Link {
        let notified = match &action {
            HandlerAction::Notify(node) => self.node(*node).map(|node| node.digest),
            _ => None,
        };
        let id = self.fresh_handler();
        let mut handler =
            Handler { id, span, digest: Digest::default(), depth: self.depth(span), types, guard, action };
        handler.digest = fingerprint::handler(&handler, notified);
        self.set_handler(handler);
        Link::Handler(id)
    }
}

/// The types a block with these handlers behind it handles itself.
pub(super) fn shield<'h>(handlers: impl Iterator<Item = &'h Handler>) -> Types {
    let mut shield = Types::None;
    for handler in handlers {
        shield = match (shield, &handler.types) {
            (Types::All | Types::AllAnd(_), _) | (_, Types::All | Types::AllAnd(_)) => Types::All,
            (types, Types::None) => types,
            (Types::None, types) => types.clone(),
            (Types::Some(mut kinds), Types::Some(more)) => {
                more.iter()
                    .filter(|kind| !kinds.contains(kind))
                    .cloned()
                    .collect::<Vec<_>>()
                    .into_iter()
                    .for_each(|kind| kinds.push(kind));
                Types::Some(kinds)
            }
        };
    }
    shield
}

fn types(names: &[ast::Name]) -> Types {
    let (all, named): (Vec<_>, Vec<_>) = names.iter().partition(|name| &*name.text == "error");
    let named: Vec<Kind> = named.into_iter().map(|name| Kind::named(&name.text)).collect();
    match (all.is_empty(), named.is_empty()) {
        (true, _) => Types::Some(named),
        (false, true) => Types::All,
        (false, false) => Types::AllAnd(named),
    }
}

fn backoff() -> Pause {
    Pause::Backoff { from: constant(BACKOFF_FROM), to: constant(BACKOFF_TO) }
}

fn constant(duration: Duration) -> Formula {
    Formula::Constant(Value::Duration(duration))
}
