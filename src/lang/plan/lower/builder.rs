//! One plan in the making: its nodes, handlers and chains so far, and the place in the text that is being read.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use super::super::handler::{Chain, ChainId, Handler, HandlerId, Link};
use super::super::node::{Node, NodeId};
use super::super::workflow::Plan;
use super::super::{Body, Connector, Operation};
use super::frame::Layout;
use super::value::Values;
use super::workflow::functions;
use crate::base::span::Span;
use crate::lang::check::{Checked, Module};
use crate::lang::syntax::ast;

/// The handlers round a place in the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope {
    /// Those that an error of a unit written here meets after its own.
    pub(super) units: ChainId,
    /// Those that an error of a statement meets that is no unit: it belongs to the nearest unit round it, so that unit's
    /// own handlers come in place of its shield (semantics 15).
    pub(super) own: ChainId,
}

impl Scope {
    /// Where every statement belongs to a unit that has no handlers of its own: a turn, a branch, the body of a handler.
    pub(super) fn unit(chain: ChainId) -> Self {
        Self { units: chain, own: chain }
    }
}

/// One plan in the making.
pub(super) struct Builder<'a> {
    pub(super) values: Values<'a>,
    pub(super) checked: &'a Checked,
    connectors: &'a IndexMap<Arc<str>, Arc<Connector>>,
    module: &'a Module,
    /// Ids are given before what they stand for is complete, since what is inside names what is round it.
    nodes: Vec<Option<Node>>,
    handlers: Vec<Option<Handler>>,
    chains: IndexSet<Chain>,
    operations: IndexMap<Arc<str>, Arc<Operation>>,
    labels: Labels,
    /// The `handler` declarations that are being taken in, so that one that takes in itself comes to an end.
    pub(super) taking: Vec<Span>,
    /// Layouts of `handler` declarations, each made once.
    layouts: BTreeMap<Span, Rc<Layout>>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(
        workflow: &ast::Workflow,
        module: &'a Module,
        checked: &'a Checked,
        connectors: &'a IndexMap<Arc<str>, Arc<Connector>>,
    ) -> Self {
        let layout = Rc::new(Layout::new(workflow.span, &workflow.body, checked));
        let names = checked.names.range(workflow.span.before()..);
        let names = names.take_while(|(span, _)| span.file == workflow.span.file && span.start < workflow.span.end);
        Self {
            values: Values { checked, layout, base: 0, home: None },
            checked,
            connectors,
            module,
            nodes: Vec::new(),
            handlers: Vec::new(),
            chains: IndexSet::from([Chain::new()]),
            operations: IndexMap::new(),
            labels: Labels { names: names.map(|(_, name)| name.clone()).collect(), scopes: Vec::new() },
            taking: Vec::new(),
            layouts: BTreeMap::new(),
        }
    }

    /// Puts what was built into its plan.
    pub(super) fn finish(self, plan: &mut Plan) {
        plan.nodes = self.nodes.into_iter().flatten().collect();
        plan.handlers = self.handlers.into_iter().flatten().collect();
        plan.chains = self.chains.into_iter().collect();
        plan.operations = self.operations;
        plan.functions = functions(self.module);
    }

    pub(super) fn fresh_node(&mut self) -> NodeId {
        self.nodes.push(None);
        NodeId(self.nodes.len() as u32 - 1)
    }

    pub(super) fn set_node(&mut self, node: Node) {
        let index = node.id.0 as usize;
        self.nodes[index] = Some(node);
    }

    pub(super) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes[id.0 as usize].as_ref()
    }

    pub(super) fn node_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.nodes[id.0 as usize].as_mut()
    }

    pub(super) fn fresh_handler(&mut self) -> HandlerId {
        self.handlers.push(None);
        HandlerId(self.handlers.len() as u32 - 1)
    }

    pub(super) fn set_handler(&mut self, handler: Handler) {
        let index = handler.id.0 as usize;
        self.handlers[index] = Some(handler);
    }

    /// The handlers among these links.
    pub(super) fn handlers<'l>(&'l self, links: &'l [Link]) -> impl Iterator<Item = &'l Handler> {
        links.iter().filter_map(|link| match link {
            Link::Handler(id) => self.handlers[id.0 as usize].as_ref(),
            Link::Shield(_) | Link::Rim(_) => None,
        })
    }

    pub(super) fn links(&self, chain: ChainId) -> &[Link] {
        self.chains.get_index(chain.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// The chain of `links` and then those of `chain`.
    pub(super) fn chain(&mut self, links: &[Link], chain: ChainId) -> ChainId {
        if links.is_empty() {
            return chain;
        }
        let whole = [links, self.links(chain)].concat();
        ChainId(self.chains.insert_full(whole).0 as u32)
    }

    /// Notes that the plan calls this operation.
    pub(super) fn calls(&mut self, connector: &str, operation: &str, full_name: &Arc<str>) {
        let known = self.connectors.get(connector).and_then(|connector| connector.operations.get(operation));
        if let Some(known) = known {
            self.operations.entry(full_name.clone()).or_insert_with(|| known.clone());
        }
    }

    /// Reads the text of a `handler` declaration as if it stood at `at`. In another file it sees the functions of that file.
    pub(super) fn elsewhere<T>(
        &mut self,
        set: &ast::HandlerSet,
        at: Span,
        module: &Module,
        read: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let checked = self.checked;
        let layout = self.layouts.entry(set.span).or_insert_with(|| Rc::new(Layout::new(set.span, &set.body, checked)));
        let base = self.values.base + self.values.layout.depth(at);
        let guest = module.program.file != self.module.program.file;
        let home = guest.then(|| Arc::new(functions(module)));
        let here = std::mem::replace(&mut self.values, Values { checked, layout: layout.clone(), base, home });
        self.taking.push(set.span);
        let result = read(self);
        self.taking.pop();
        self.values = here;
        result
    }

    /// How deep the frame is in which `span` stands.
    pub(super) fn depth(&self, span: Span) -> u16 {
        self.values.base + self.values.layout.depth(span)
    }

    /// A body that opens a frame, in which labels are counted anew.
    pub(super) fn opening(&mut self, block: &ast::Block, scope: Scope) -> Body {
        self.labelled(|builder| Body {
            frame: Some(builder.values.layout.size(block.span)),
            ..builder.body(block, scope)
        })
    }

    /// The body of the run, whose frame reaches over the whole workflow, and the scope inside it.
    pub(super) fn root(&mut self, workflow: &ast::Workflow) -> (Body, Scope) {
        let (handlers, scope) = self.scope(&workflow.body, Scope::unit(ChainId(0)));
        let frame = Some(self.values.layout.size(workflow.span));
        let body = self.labelled(|builder| builder.statements(&workflow.body, scope));
        (Body { handlers, frame, ..body }, scope)
    }

    /// Counts labels anew while `build` is at work.
    pub(super) fn labelled<T>(&mut self, build: impl FnOnce(&mut Self) -> T) -> T {
        self.labels.scopes.push(BTreeMap::new());
        let result = build(self);
        self.labels.scopes.pop();
        result
    }

    /// A label for what has no name: `word`, or with a number where that is taken in the unit round it.
    pub(super) fn label(&mut self, word: &str) -> Arc<str> {
        self.labels.next(word)
    }
}

/// The labels of nodes without a name. They are counted for each unit, not for each body: places are made of the labels of
/// units alone (semantics 2), so that the arms of an `if` share theirs.
struct Labels {
    /// Names of steps of the workflow, which no other node may have as its label.
    names: BTreeSet<Arc<str>>,
    scopes: Vec<BTreeMap<Arc<str>, u32>>,
}

impl Labels {
    fn next(&mut self, word: &str) -> Arc<str> {
        let first = if self.names.contains(word) { 1 } else { 0 };
        let Some(scope) = self.scopes.last_mut() else { return word.into() };
        let count = scope.entry(word.into()).or_insert(first);
        *count += 1;
        if *count == 1 { word.into() } else { format!("{word}-{count}").into() }
    }
}
