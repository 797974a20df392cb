//! What stands in braces: the handlers of the scope, its statements, its output.

use super::super::Body;
use super::super::formula::Formula;
use super::super::handler::{ChainId, HandlerId};
use super::super::node::{Kind, Node, NodeId, Set};
use super::super::{Clauses, Types, fingerprint};
use super::builder::{Builder, Scope};
use super::step::ids;
use super::value::object;
use crate::base::failure;
use crate::base::id::Digest;
use crate::base::shape::Shape;
use crate::base::span::Span;
use crate::base::value::Value;
use crate::lang::syntax::ast::{self, Item};

/// The status of a `reply` that states none.
const STATUS_DEFAULT: i64 = 200;

impl Builder<'_> {
    /// The body of `block`, which stands in `outside`.
    pub(super) fn body(&mut self, block: &ast::Block, outside: Scope) -> Body {
        let (handlers, scope) = self.scope(block, outside);
        Body { handlers, ..self.statements(block, scope) }
    }

    /// The handlers written in the braces of `block`, and the scope inside them.
    pub(super) fn scope(&mut self, block: &ast::Block, outside: Scope) -> (Vec<HandlerId>, Scope) {
        let mut links = Vec::new();
        for item in &block.items {
            match item {
                Item::On(on) => links.push(self.handler(on, outside.units)),
                Item::Handle(path) => links.extend(self.taken(path, outside.units)),
                _ => {}
            }
        }
        let scope = Scope { units: self.chain(&links, outside.units), own: self.chain(&links, outside.own) };
        (ids(&links), scope)
    }

    /// The statements of `block`; `scope` has the handlers of its braces already.
    pub(super) fn statements(&mut self, block: &ast::Block, scope: Scope) -> Body {
        let mut body = Body { chain: scope.own, ..Body::default() };
        // Where the statements stand among the items, for the order that the checker counts by items.
        let mut places = Vec::new();
        for (place, item) in block.items.iter().enumerate() {
            if let Item::Output(output) = item {
                body.output = Some(self.values.output(output));
            } else if let Some(node) = self.statement(item, scope) {
                body.statements.push(node);
                places.push(place);
            }
        }
        if let Some(order) = self.checked.orders.get(&block.span) {
            for (index, place) in places.iter().enumerate() {
                let earlier = order.get(*place).into_iter().flatten();
                let mut waits: Vec<u32> =
                    earlier.filter_map(|item| places.binary_search(item).ok()).map(|index| index as u32).collect();
                waits.sort_unstable();
                waits.dedup();
                if let Some(node) = self.node_mut(body.statements[index]) {
                    node.waits = waits;
                }
            }
        }
        body
    }

    fn statement(&mut self, item: &Item, scope: Scope) -> Option<NodeId> {
        let own = scope.own;
        Some(match item {
            Item::Step(step) => self.step(step, scope),
            Item::Let(named) => {
                let kind = Kind::Let(self.values.value(&named.value));
                let id = self.plain("let", named.name.span, kind, own);
                let (slot, stated) =
                    (self.slot(named.name.span), named.ty.as_ref().map(|ty| self.values.shape(ty.span)));
                let gives = self.values.declared(named.ty.as_ref(), Some(&named.value));
                if let Some(node) = self.node_mut(id) {
                    node.name = Some(named.name.text.clone());
                    node.label = named.name.text.clone();
                    (node.slot, node.gives, node.stated) = (slot, slot.map(|_| gives), stated);
                    node.digest = fingerprint::node(node, &[]);
                }
                id
            }
            Item::Set(set) => {
                let kind = Kind::Set(Set {
                    state: set.target.parts.first().is_some_and(|root| &*root.text == "state"),
                    path: set.target.parts.iter().skip(1).map(|part| part.text.clone()).collect(),
                    add: set.add,
                    value: self.values.value(&set.value),
                });
                self.plain("set", set.span, kind, own)
            }
            Item::Emit(emit) => {
                let payload = self.values.optional(emit.payload.as_ref());
                self.plain("emit", emit.span, Kind::Emit { topic: emit.topic.text.clone(), payload }, own)
            }
            Item::Reply(reply) => {
                let kind = self.reply(reply);
                self.plain("reply", reply.span, kind, own)
            }
            Item::Return(ending) => {
                let kind = Kind::Return(ending.value.as_ref().map(|value| self.values.value(value)));
                self.plain("return", ending.span, kind, own)
            }
            Item::Fail(fail) => {
                let kind = Kind::Fail {
                    kind: failure::Kind::named(&fail.kind.text),
                    message: fail.message.as_ref().map(|message| self.values.expr(message)),
                    when: fail.when.as_ref().map(|when| self.values.script(when)),
                };
                self.plain("fail", fail.span, kind, own)
            }
            Item::Until(until) => {
                let kind = Kind::Until(self.values.script(&until.condition));
                self.plain("until", until.span, kind, own)
            }
            Item::Output(_)
            | Item::On(_)
            | Item::Handle(_)
            | Item::Lifecycle(_)
            | Item::Input(_)
            | Item::Vars(_)
            | Item::State(_)
            | Item::Trigger(_)
            | Item::Version(_)
            | Item::Deadline(..)
            | Item::Concurrency(_)
            | Item::Key(_)
            | Item::Priority(..)
            | Item::Tags(..) => return None,
        })
    }

    /// What is answered: `headers`, and `body` or `raw`; where neither is written, the other fields are the body.
    fn reply(&self, reply: &ast::Reply) -> Kind {
        let named = |name: &str| reply.fields.iter().find(|field| &*field.key.text == name);
        let headers = self.values.optional(named("headers").map(|field| &field.value));
        let raw = named("raw");
        let body = match named("body").or(raw) {
            Some(field) => self.values.value(&field.value),
            None => {
                let others = reply.fields.iter().filter(|field| &*field.key.text != "headers");
                let others: Vec<_> =
                    others.map(|field| (field.key.text.clone(), self.values.value(&field.value))).collect();
                if others.is_empty() { Formula::Constant(Value::Unit) } else { object(others) }
            }
        };
        let status = reply
            .status
            .as_ref()
            .map_or(Formula::Constant(Value::Int(STATUS_DEFAULT)), |status| self.values.arg(status));
        Kind::Reply { status, headers, body, raw: raw.is_some() }
    }

    /// A statement that is no unit: it has no clauses, and its errors belong to the nearest unit round it.
    fn plain(&mut self, word: &str, span: Span, kind: Kind, chain: ChainId) -> NodeId {
        let id = self.fresh_node();
        let mut node = Node {
            id,
            name: None,
            label: self.label(word),
            span,
            digest: Digest::default(),
            unit: false,
            slot: None,
            stated: None::<Shape>,
            gives: None,
            waits: Vec::new(),
            clauses: Clauses::default(),
            chain,
            shield: Types::None,
            restores: false,
            kind,
        };
        node.digest = fingerprint::node(&node, &[]);
        self.set_node(node);
        id
    }

    /// The place of what is defined at `span`, in the frames of the run.
    pub(super) fn slot(&self, span: Span) -> Option<super::super::Slot> {
        let mut slot = self.values.layout.defined(span)?;
        slot.depth += self.values.base;
        Some(slot)
    }
}
