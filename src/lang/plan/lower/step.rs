//! Steps: who is called with what, and how.

use std::sync::Arc;

use super::super::body::Body;
use super::super::connector::Auth;
use super::super::fingerprint;
use super::super::handler::{Handler, HandlerAction, HandlerId, Link, Types};
use super::super::node::{Ask, Clauses, Kind, Meanwhile, Node, NodeId, Wait, Whom};
use super::builder::{Builder, Scope};
use super::connector;
use super::handler::shield;
use crate::base::id::Digest;
use crate::base::shape::{Bounds, Shape};
use crate::lang::check::{Callee, Target};
use crate::lang::syntax::ast::{self, Action, ClauseKind, Step};

/// What a step is to the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A statement.
    Statement,
    /// The call of a handler `notify`; opens a frame.
    Notify,
    /// The call of an `undo`; opens a frame.
    Undo,
    /// What a loop streams.
    Stream,
}

impl Builder<'_> {
    pub(super) fn step(&mut self, step: &Step, scope: Scope) -> NodeId {
        self.call(step, scope, Role::Statement)
    }

    /// A step that stands in `scope`.
    pub(super) fn call(&mut self, step: &Step, scope: Scope, role: Role) -> NodeId {
        let id = self.fresh_node();
        let name =
            self.checked.names.get(&step.span).cloned().or_else(|| step.name.as_ref().map(|name| name.text.clone()));
        let label = match (role, &name) {
            (Role::Notify, _) => "notify".into(),
            (Role::Undo, _) => "undo".into(),
            (_, Some(name)) => name.clone(),
            (_, None) => self.label(word(&step.action)),
        };
        let mut own = self.clause_handlers(step, scope);
        if role == Role::Undo && own.is_empty() {
            own.push(self.undo_retry(step.span));
        }
        let block = is_block(&step.action);
        let unit = !groups(&step.action) || step.name.is_some() || step.with || !step.clauses.is_empty();
        let shield = if block { shield(self.handlers(&own)) } else { Types::None };
        let behind = block && !own.is_empty();
        let kind = self.kind(step, scope, id, behind.then_some(own.as_slice()), unit);
        let mut clauses = self.clauses(step, scope);
        clauses.handlers = ids(&own);
        let mut links = own.clone();
        if behind {
            links.push(Link::Rim(id));
        }
        let chain = if unit { self.chain(&links, scope.units) } else { scope.own };
        let restores = unit && block && self.is_given_up(&kind, &links, scope);
        let stated = step.ty.as_ref().map(|ty| self.values.shape(ty.span));
        let slot = self.slot(step.span);
        let gives =
            self.checked.shapes.get(&step.span).filter(|shape| slot.is_some() && **shape != Shape::Any).cloned();
        let mut node = Node {
            id,
            name,
            label,
            span: step.head,
            digest: Digest::default(),
            unit,
            slot,
            stated,
            gives,
            waits: Vec::new(),
            clauses,
            chain,
            shield,
            restores,
            kind,
        };
        let mut parts: Vec<Digest> = self.handlers(&own).map(|handler| handler.digest).collect();
        parts.extend(node.clauses.undo.and_then(|undo| self.node(undo)).map(|undo| undo.digest));
        parts.extend(stream(&node.kind).and_then(|call| self.node(call)).map(|call| call.digest));
        node.digest = fingerprint::node(&node, &parts);
        self.set_node(node);
        id
    }

    /// The handlers among the clauses of a step, in the order of the text.
    fn clause_handlers(&mut self, step: &Step, scope: Scope) -> Vec<Link> {
        let mut links = Vec::new();
        for clause in &step.clauses {
            match &clause.kind {
                ClauseKind::On(on) => links.push(self.handler(on, scope.units)),
                ClauseKind::Handle(path) => links.extend(self.taken(path, scope.units)),
                ClauseKind::Retry(retry) => links.push(self.retry_clause(retry)),
                ClauseKind::When(_)
                | ClauseKind::After(_)
                | ClauseKind::Timeout(_)
                | ClauseKind::Deadline(_)
                | ClauseKind::Undo(_)
                | ClauseKind::Key(_)
                | ClauseKind::Auth(_)
                | ClauseKind::Secret
                | ClauseKind::Remind { .. }
                | ClauseKind::Escalate { .. } => {}
            }
        }
        links
    }

    /// All other clauses. What runs in them sees the scopes they are written in, but not the step's own (semantics 12).
    fn clauses(&mut self, step: &Step, scope: Scope) -> Clauses {
        let outside = Scope::unit(scope.units);
        let mut clauses = Clauses::default();
        for clause in &step.clauses {
            match &clause.kind {
                ClauseKind::When(when) => clauses.when = Some(self.values.script(when)),
                ClauseKind::Timeout(timeout) => clauses.timeout = Some(self.values.arg(timeout)),
                ClauseKind::Deadline(deadline) => clauses.deadline = Some(self.values.arg(deadline)),
                ClauseKind::Key(key) => clauses.key = Some(self.values.arg(key)),
                ClauseKind::Secret => clauses.secret = true,
                ClauseKind::Auth(auth) => clauses.auth = Some(self.auth(auth)),
                ClauseKind::Undo(call) => {
                    clauses.undo_is_static = !self.reads_output(call, step);
                    clauses.undo = Some(self.labelled(|builder| builder.call(call, outside, Role::Undo)));
                }
                ClauseKind::Remind { every, body } => {
                    let body = self.opening(body, outside);
                    let after = self.values.arg(every);
                    clauses.meanwhile.push(Meanwhile { after, repeats: true, body, span: clause.span });
                }
                ClauseKind::Escalate { after, body } => {
                    let body = self.opening(body, outside);
                    let after = self.values.arg(after);
                    clauses.meanwhile.push(Meanwhile { after, repeats: false, body, span: clause.span });
                }
                // `after` is in the order of the block; the rest are handlers.
                ClauseKind::After(_) | ClauseKind::On(_) | ClauseKind::Handle(_) | ClauseKind::Retry(_) => {}
            }
        }
        clauses
    }

    fn auth(&self, auth: &ast::Auth) -> Auth {
        connector::auth(auth, &self.values)
    }

    /// Whether an `undo` needs to know what its step gave: by `output`, or by the step's name.
    fn reads_output(&self, undo: &Step, step: &Step) -> bool {
        let inside = self.checked.expressions.range(undo.span.before()..);
        let inside = inside.take_while(|(at, _)| at.file == undo.span.file && at.end <= undo.span.end);
        inside.flat_map(|(_, expression)| &expression.targets).any(|target| match target {
            Target::Scope(name) => &**name == "output",
            Target::Binding(_, spans) | Target::Record(_, spans) => spans.contains(&step.span),
            Target::Param(_) | Target::Calls | Target::Unknown => false,
        })
    }

    /// Whether some handler, or the node itself, can let the run go on after what is inside was given up.
    fn is_given_up(&self, kind: &Kind, links: &[Link], scope: Scope) -> bool {
        let absorbs = match kind {
            Kind::Race(_) => true,
            Kind::For(each) => each.tolerate.is_some(),
            _ => false,
        };
        absorbs
            || self.handlers(links).any(settles)
            || self.handlers(self.links(scope.units)).any(settles)
            || self.settles_inside(kind)
            || matches!(kind, Kind::For(_) | Kind::While { .. } | Kind::Repeat { .. }) && self.skips_item(kind)
    }

    /// Whether handlers in the braces of a block can act on it: on what is raised by a statement, not by a step, in it.
    fn settles_inside(&self, kind: &Kind) -> bool {
        kind.bodies().into_iter().any(|body| {
            let mut groups = body.statements.iter().filter_map(|node| self.node(*node)).filter(|node| !node.unit);
            self.handlers(&links(&body.handlers)).any(settles) || groups.any(|node| self.settles_inside(&node.kind))
        })
    }

    /// Whether something in a loop can give up the turn that it stands in.
    fn skips_item(&self, kind: &Kind) -> bool {
        kind.bodies().into_iter().any(|body| self.body_skips_item(body))
    }

    fn body_skips_item(&self, body: &Body) -> bool {
        let skips = |handlers: &[HandlerId]| {
            self.handlers(&links(handlers)).any(|handler| match &handler.action {
                HandlerAction::SkipItem => true,
                HandlerAction::Alternate(body) => self.body_skips_item(body),
                _ => false,
            })
        };
        let mut nodes = body.statements.iter().filter_map(|node| self.node(*node));
        skips(&body.handlers) || nodes.any(|node| skips(&node.clauses.handlers) || self.skips_item(&node.kind))
    }

    /// What the step does. `behind` are the handlers behind it, if it is a block that has some.
    fn kind(&mut self, step: &Step, scope: Scope, id: NodeId, behind: Option<&[Link]>, unit: bool) -> Kind {
        match &step.action {
            Action::Call(call) => self.callee(call, false),
            Action::Start(call) => self.callee(call, true),
            Action::Script(code) => Kind::Script(self.values.code(code)),
            Action::Ask(ask) => Kind::Ask(self.ask(ask, step)),
            Action::Wait(wait) => Kind::Wait(self.wait(wait)),
            Action::Sequence(_)
            | Action::Parallel(_)
            | Action::If(_)
            | Action::Match(_)
            | Action::For(_)
            | Action::While(_)
            | Action::Repeat(_)
            | Action::Race(_)
            | Action::Lock(_) => self.block(step, scope, id, behind, unit),
        }
    }

    fn callee(&mut self, call: &ast::Call, start: bool) -> Kind {
        let params = self.values.fields(&call.params);
        match self.checked.callees.get(&call.callee.span) {
            Some(Callee::Operation(signature)) => {
                let operation = signature.full_name();
                self.calls(&signature.connector, &signature.name, &operation);
                Kind::Call { operation, params }
            }
            Some(Callee::Workflow(workflow) | Callee::Step(workflow)) if start => {
                Kind::Start { workflow: workflow.clone(), params }
            }
            Some(Callee::Workflow(workflow) | Callee::Step(workflow)) => {
                Kind::Child { workflow: workflow.clone(), params }
            }
            // Callees nobody declares were not let through the check; the machine says so should one come by.
            None => Kind::Call { operation: call.callee.dotted().into(), params },
        }
    }

    fn ask(&mut self, ask: &ast::Ask, step: &Step) -> Ask {
        let whom = match &ask.whom {
            ast::Whom::Role(role) => Whom::Role(self.values.arg(role)),
            ast::Whom::Person(person) => Whom::Person(self.values.arg(person)),
            ast::Whom::Persona(name) => Whom::Persona(name.text.clone()),
            ast::Whom::Model(model) => Whom::Model(self.values.arg(model)),
        };
        let tools = ask.tools.iter().map(|tool| (self.tool(&tool.callee), self.values.fields(&tool.bound))).collect();
        let text = Shape::Text(Bounds::default(), None);
        Ask {
            whom,
            params: self.values.fields(&ask.params),
            answer: self.checked.shapes.get(&step.span).cloned().unwrap_or(text),
            tools,
            memory: ask.memory.as_ref().map(|memory| self.values.arg(memory)),
        }
    }

    /// The full name of what a model may use.
    fn tool(&mut self, callee: &ast::Path) -> Arc<str> {
        match self.checked.callees.get(&callee.span) {
            Some(Callee::Operation(signature)) => {
                let operation = signature.full_name();
                self.calls(&signature.connector, &signature.name, &operation);
                operation
            }
            Some(Callee::Workflow(name) | Callee::Step(name)) => name.clone(),
            None => callee.dotted().into(),
        }
    }

    fn wait(&self, wait: &ast::Wait) -> Wait {
        match wait {
            ast::Wait::For(time) => Wait::For(self.values.arg(time)),
            ast::Wait::Until(condition) => Wait::Until(self.values.script(condition)),
            ast::Wait::Event { topic, filter } => Wait::Event {
                topic: topic.text.clone(),
                filter: filter.as_ref().map(|filter| self.values.script(filter)),
            },
            ast::Wait::Signal { name } => Wait::Signal(name.text.clone()),
        }
    }
}

/// Whether a handler can let the run go on after what it acts on was given up.
fn settles(handler: &Handler) -> bool {
    match handler.action {
        HandlerAction::Retry { .. }
        | HandlerAction::Skip(_)
        | HandlerAction::SkipItem
        | HandlerAction::Alternate(_)
        | HandlerAction::Park => true,
        HandlerAction::Fail { .. } | HandlerAction::Notify(_) => false,
    }
}

/// Blocks that only group what is in them, unless they have a name or something behind `with`.
fn groups(action: &Action) -> bool {
    matches!(action, Action::Sequence(_) | Action::Parallel(_) | Action::If(_) | Action::Match(_) | Action::Lock(_))
}

fn is_block(action: &Action) -> bool {
    groups(action) || matches!(action, Action::For(_) | Action::While(_) | Action::Repeat(_) | Action::Race(_))
}

/// What a step without a name is called in a place.
fn word(action: &Action) -> &str {
    match action {
        Action::Call(call) | Action::Start(call) => call.callee.parts.last().map_or("call", |part| &part.text),
        Action::Script(_) => "script",
        Action::Ask(_) => "ask",
        Action::Wait(_) => "wait",
        Action::Sequence(_) => "sequence",
        Action::Parallel(_) => "parallel",
        Action::If(_) => "if",
        Action::Match(_) => "match",
        Action::For(_) => "for",
        Action::While(_) => "while",
        Action::Repeat(_) => "repeat",
        Action::Race(_) => "race",
        Action::Lock(_) => "lock",
    }
}

/// The handlers among these links, which are all of them that come from a text.
pub(super) fn ids(links: &[Link]) -> Vec<HandlerId> {
    links
        .iter()
        .filter_map(|link| match link {
            Link::Handler(id) => Some(*id),
            Link::Shield(_) | Link::Rim(_) => None,
        })
        .collect()
}

/// Handlers as the links of a chain.
fn links(handlers: &[HandlerId]) -> Vec<Link> {
    handlers.iter().map(|handler| Link::Handler(*handler)).collect()
}

fn stream(kind: &Kind) -> Option<NodeId> {
    match kind {
        Kind::For(each) => match each.source {
            super::super::node::ForSource::Stream(call) => Some(call),
            super::super::node::ForSource::Items(_) => None,
        },
        _ => None,
    }
}
