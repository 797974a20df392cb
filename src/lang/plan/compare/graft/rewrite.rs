//! Parts of an old plan as parts of the one they are grafted upon: with its ids, and its places in frames.

use std::sync::Arc;

use super::super::super::body::{Arm, Body, Branch, Pattern};
use super::super::super::connector::Auth;
use super::super::super::formula::{Formula, Root, Script, Slot};
use super::super::super::handler::{Chain, ChainId, Handler, HandlerAction, HandlerId, Link, Pause};
use super::super::super::node::{
    Ask, Clauses, For, ForSource, Kind, Meanwhile, Node, NodeId, Race, Runners, Set, Tolerance, Wait, Whom,
};
use super::super::super::workflow::{Functions, Plan};
use super::super::super::{Gather, fingerprint};
use super::super::pair::Pairs;
use super::super::past::Owner;
use super::survey::{Survey, gathers};

/// Rewrites what is left of an old plan.
pub(super) struct Rewriter<'p> {
    old: &'p Plan,
    pub(super) survey: Survey<'p>,
    pub(super) nodes: Vec<NodeId>,
    pub(super) handlers: Vec<HandlerId>,
    pub(super) chains: Vec<ChainId>,
    /// The functions that its expressions see.
    home: Arc<Functions>,
    /// The names of its operations that mean something else in the new plan.
    renamed: Vec<(Arc<str>, Arc<str>)>,
}

impl<'p> Rewriter<'p> {
    pub(super) fn new(
        old: &'p Plan,
        survey: Survey<'p>,
        nodes: Vec<NodeId>,
        handlers: Vec<HandlerId>,
        chains: Vec<ChainId>,
    ) -> Self {
        let home = Arc::new(old.functions.clone());
        Self { old, survey, nodes, handlers, chains, home, renamed: Vec::new() }
    }

    pub(super) fn node_id(&self, old: NodeId) -> NodeId {
        self.nodes.get(old.0 as usize).copied().unwrap_or(old)
    }

    pub(super) fn handler_id(&self, old: HandlerId) -> HandlerId {
        self.handlers[old.0 as usize]
    }

    fn chain_id(&self, old: ChainId) -> ChainId {
        self.chains[old.0 as usize]
    }

    pub(super) fn keeps_handler(&self, old: HandlerId) -> bool {
        self.survey.handlers[old.0 as usize].kept
    }

    /// What opens a frame, by its ids in the grafted plan.
    pub(super) fn owner(&self, frame: Option<usize>) -> Owner {
        match frame.map_or(Owner::Run, |frame| self.survey.frames[frame].owner) {
            owner @ (Owner::Run | Owner::Lifecycle(..)) => owner,
            Owner::Turn(node) => Owner::Turn(self.node_id(node)),
            Owner::Branch(node, index) => Owner::Branch(self.node_id(node), index),
            Owner::Meanwhile(node, index) => Owner::Meanwhile(self.node_id(node), index),
            Owner::Given(node) => Owner::Given(self.node_id(node)),
            Owner::Alternate(handler) => Owner::Alternate(self.handler_id(handler)),
        }
    }

    pub(super) fn handler_owner(&self, old: HandlerId) -> Owner {
        self.owner(self.survey.handlers[old.0 as usize].frame)
    }

    /// The place in the new plan of what was left over from a plan before the old one.
    pub(super) fn inherited(&self, old: NodeId, pairs: &Pairs) -> Option<NodeId> {
        let place = self.old.past.nodes.get(&old)?.place?;
        if self.survey.nodes[place.0 as usize].placed { pairs.node(place) } else { None }
    }

    /// Puts the operations of the old plan beside those of the new one; those that mean something else get a name of their own.
    pub(super) fn operations(&mut self, plan: &mut Plan) {
        for (name, operation) in &self.old.operations {
            match plan.operations.get(name) {
                None => drop(plan.operations.insert(name.clone(), operation.clone())),
                Some(known) => {
                    let was = fingerprint::whole(&**operation);
                    if was != fingerprint::whole(&**known) {
                        let other: Arc<str> = format!("{name}@{}", was.short()).into();
                        plan.operations.insert(other.clone(), operation.clone());
                        self.renamed.push((name.clone(), other));
                    }
                }
            }
        }
    }

    /// Where what stood at `slot`, seen from `frame`, stands. A place that the new plan does not have is added.
    fn slot(&mut self, frame: Option<usize>, slot: Slot) -> Slot {
        let Some(frame) = frame else { return slot };
        let at = self.survey.at_depth(frame, slot.depth);
        if !self.survey.frames[at].kept {
            return slot;
        }
        let index = self.survey.give(at, slot.index);
        Slot { index, ..slot }
    }

    pub(super) fn chain(&self, chain: &Chain) -> Chain {
        let links = chain.iter().map(|link| match link {
            Link::Handler(handler) => Link::Handler(self.handler_id(*handler)),
            Link::Shield(node) => Link::Shield(self.node_id(*node)),
            Link::Rim(node) => Link::Rim(self.node_id(*node)),
        });
        links.collect()
    }

    pub(super) fn handler(&mut self, old: &Handler) -> Handler {
        let frame = self.survey.handlers[old.id.0 as usize].frame;
        let guard = old.guard.as_ref().map(|guard| self.script(frame, guard));
        let action = match &old.action {
            HandlerAction::Retry { times, pause } => HandlerAction::Retry {
                times: self.optional(frame, times),
                pause: match pause {
                    Pause::Every(every) => Pause::Every(self.formula(frame, every)),
                    Pause::Backoff { from, to } => {
                        Pause::Backoff { from: self.formula(frame, from), to: self.formula(frame, to) }
                    }
                },
            },
            HandlerAction::Skip(value) => HandlerAction::Skip(self.optional(frame, value)),
            HandlerAction::SkipItem => HandlerAction::SkipItem,
            HandlerAction::Fail { kind, message } => {
                HandlerAction::Fail { kind: kind.clone(), message: self.optional(frame, message) }
            }
            HandlerAction::Alternate(body) => {
                let inside = self.inside(Owner::Alternate(old.id), frame);
                HandlerAction::Alternate(Arc::new(self.body(inside, body)))
            }
            HandlerAction::Notify(call) => HandlerAction::Notify(self.node_id(*call)),
            HandlerAction::Park => HandlerAction::Park,
        };
        Handler { id: self.handler_id(old.id), guard, action, ..old.clone() }
    }

    /// The frame that `owner` opens; `frame` where it opens none.
    fn inside(&self, owner: Owner, frame: Option<usize>) -> Option<usize> {
        self.survey.frames.iter().position(|frame| frame.owner == owner).or(frame)
    }

    pub(super) fn node(&mut self, old: &Node) -> Node {
        let frame = self.survey.nodes[old.id.0 as usize].frame;
        // Where its output goes is said when it is known who reads it.
        Node {
            id: self.node_id(old.id),
            clauses: self.clauses(frame, old),
            chain: self.chain_id(old.chain),
            kind: self.kind(frame, old),
            ..old.clone()
        }
    }

    fn clauses(&mut self, frame: Option<usize>, old: &Node) -> Clauses {
        let clauses = &old.clauses;
        let mut meanwhile = Vec::new();
        for (index, each) in clauses.meanwhile.iter().enumerate() {
            let inside = self.inside(Owner::Meanwhile(old.id, index as u32), frame);
            let body = self.body(inside, &each.body);
            meanwhile.push(Meanwhile { after: self.formula(frame, &each.after), body, ..each.clone() });
        }
        Clauses {
            handlers: clauses.handlers.iter().map(|id| self.handler_id(*id)).collect(),
            when: clauses.when.as_ref().map(|when| self.script(frame, when)),
            timeout: self.optional(frame, &clauses.timeout),
            deadline: self.optional(frame, &clauses.deadline),
            key: self.optional(frame, &clauses.key),
            undo: clauses.undo.map(|undo| self.node_id(undo)),
            undo_is_static: clauses.undo_is_static,
            secret: clauses.secret,
            meanwhile,
            auth: clauses.auth.as_ref().map(|auth| self.auth(frame, auth)),
        }
    }

    fn auth(&mut self, frame: Option<usize>, auth: &Auth) -> Auth {
        Auth {
            args: auth.args.iter().map(|arg| self.formula(frame, arg)).collect(),
            fields: auth.fields.iter().map(|(name, value)| (name.clone(), self.formula(frame, value))).collect(),
            ..auth.clone()
        }
    }

    fn body(&mut self, frame: Option<usize>, body: &Body) -> Body {
        Body {
            statements: body.statements.iter().map(|id| self.node_id(*id)).collect(),
            handlers: body.handlers.iter().map(|id| self.handler_id(*id)).collect(),
            output: self.optional(frame, &body.output),
            chain: self.chain_id(body.chain),
            frame: body.frame,
        }
    }

    fn script(&mut self, frame: Option<usize>, script: &Script) -> Script {
        let roots = script.roots.iter().map(|root| match root {
            Root::Slot(slot) => Root::Slot(self.slot(frame, *slot)),
            Root::Record(name, slot) => Root::Record(name.clone(), self.slot(frame, *slot)),
            other => other.clone(),
        });
        let roots = roots.collect();
        let home = Some(script.home.clone().unwrap_or_else(|| self.home.clone()));
        Script { roots, home, ..script.clone() }
    }

    fn formula(&mut self, frame: Option<usize>, formula: &Formula) -> Formula {
        match formula {
            Formula::Constant(value) => Formula::Constant(value.clone()),
            Formula::Script(script) => Formula::Script(self.script(frame, script)),
            Formula::Object(fields) => {
                Formula::Object(fields.iter().map(|(key, value)| (key.clone(), self.formula(frame, value))).collect())
            }
            Formula::List(items) => Formula::List(items.iter().map(|item| self.formula(frame, item)).collect()),
        }
    }

    fn optional(&mut self, frame: Option<usize>, formula: &Option<Formula>) -> Option<Formula> {
        formula.as_ref().map(|formula| self.formula(frame, formula))
    }

    fn operation(&self, name: &Arc<str>) -> Arc<str> {
        self.renamed.iter().find(|(known, _)| known == name).map_or_else(|| name.clone(), |(_, other)| other.clone())
    }

    fn kind(&mut self, frame: Option<usize>, old: &Node) -> Kind {
        let turn = self.inside(Owner::Turn(old.id), frame);
        match &old.kind {
            Kind::Call { operation, params } => {
                Kind::Call { operation: self.operation(operation), params: self.formula(frame, params) }
            }
            Kind::Child { workflow, params } => {
                Kind::Child { workflow: workflow.clone(), params: self.formula(frame, params) }
            }
            Kind::Start { workflow, params } => {
                Kind::Start { workflow: workflow.clone(), params: self.formula(frame, params) }
            }
            Kind::Script(script) => Kind::Script(self.script(frame, script)),
            Kind::Ask(ask) => Kind::Ask(self.ask(frame, ask)),
            Kind::Wait(wait) => Kind::Wait(self.wait(frame, wait)),
            Kind::Let(value) => Kind::Let(self.formula(frame, value)),
            Kind::Set(set) => {
                let value = self.formula(frame, &set.value);
                Kind::Set(Set { value, ..set.clone() })
            }
            Kind::Emit { topic, payload } => Kind::Emit { topic: topic.clone(), payload: self.formula(frame, payload) },
            Kind::Reply { status, headers, body, raw } => Kind::Reply {
                status: self.formula(frame, status),
                headers: self.formula(frame, headers),
                body: self.formula(frame, body),
                raw: *raw,
            },
            Kind::Return(value) => Kind::Return(self.optional(frame, value)),
            Kind::Fail { kind, message, when } => Kind::Fail {
                kind: kind.clone(),
                message: self.optional(frame, message),
                when: when.as_ref().map(|when| self.script(frame, when)),
            },
            Kind::Until(condition) => Kind::Until(self.script(frame, condition)),
            Kind::If { arms, otherwise } => Kind::If {
                arms: arms
                    .iter()
                    .map(|(condition, branch)| (self.script(frame, condition), self.branch(frame, branch)))
                    .collect(),
                otherwise: otherwise.as_ref().map(|branch| self.branch(frame, branch)),
            },
            Kind::Match { subject, arms } => Kind::Match {
                subject: self.script(frame, subject),
                arms: arms.iter().map(|arm| self.arm(frame, arm)).collect(),
            },
            Kind::Sequence(body) => Kind::Sequence(self.body(frame, body)),
            Kind::Parallel(body) => Kind::Parallel(self.body(frame, body)),
            Kind::For(each) => Kind::For(self.each(frame, turn, each)),
            Kind::While { condition, max, body, gathers } => Kind::While {
                condition: self.script(frame, condition),
                max: self.optional(frame, max),
                body: self.body(turn, body),
                gathers: gathers.clone(),
            },
            Kind::Repeat { every, max, body, gathers } => Kind::Repeat {
                every: self.optional(frame, every),
                max: self.optional(frame, max),
                body: self.body(turn, body),
                gathers: gathers.clone(),
            },
            Kind::Race(race) => Kind::Race(self.race(frame, turn, old.id, race)),
            Kind::Lock { key, places, body } => Kind::Lock {
                key: self.formula(frame, key),
                places: self.formula(frame, places),
                body: self.body(frame, body),
            },
        }
    }

    fn branch(&mut self, frame: Option<usize>, branch: &Branch) -> Branch {
        Branch { body: self.body(frame, &branch.body), ..branch.clone() }
    }

    fn arm(&mut self, frame: Option<usize>, arm: &Arm) -> Arm {
        Arm {
            patterns: arm.patterns.iter().map(|pattern| self.pattern(frame, pattern)).collect(),
            guard: arm.guard.as_ref().map(|guard| self.script(frame, guard)),
            branch: self.branch(frame, &arm.branch),
        }
    }

    fn pattern(&mut self, frame: Option<usize>, pattern: &Pattern) -> Pattern {
        match pattern {
            Pattern::Name(slot) => Pattern::Name(self.slot(frame, *slot)),
            Pattern::List(items) => Pattern::List(items.iter().map(|item| self.pattern(frame, item)).collect()),
            other => other.clone(),
        }
    }

    fn ask(&mut self, frame: Option<usize>, ask: &Ask) -> Ask {
        let whom = match &ask.whom {
            Whom::Role(role) => Whom::Role(self.formula(frame, role)),
            Whom::Person(person) => Whom::Person(self.formula(frame, person)),
            Whom::Persona(name) => Whom::Persona(name.clone()),
            Whom::Model(model) => Whom::Model(self.formula(frame, model)),
        };
        Ask {
            whom,
            params: self.formula(frame, &ask.params),
            answer: ask.answer.clone(),
            tools: ask.tools.iter().map(|(tool, bound)| (self.operation(tool), self.formula(frame, bound))).collect(),
            memory: self.optional(frame, &ask.memory),
        }
    }

    fn wait(&mut self, frame: Option<usize>, wait: &Wait) -> Wait {
        match wait {
            Wait::For(time) => Wait::For(self.formula(frame, time)),
            Wait::Until(condition) => Wait::Until(self.script(frame, condition)),
            Wait::Event { topic, filter } => {
                Wait::Event { topic: topic.clone(), filter: filter.as_ref().map(|filter| self.script(frame, filter)) }
            }
            Wait::Signal(name) => Wait::Signal(name.clone()),
        }
    }

    fn each(&mut self, frame: Option<usize>, turn: Option<usize>, each: &For) -> For {
        For {
            source: match &each.source {
                ForSource::Items(items) => ForSource::Items(self.script(frame, items)),
                ForSource::Stream(call) => ForSource::Stream(self.node_id(*call)),
            },
            max: self.optional(frame, &each.max),
            tolerate: each.tolerate.as_ref().map(|tolerate| match tolerate {
                Tolerance::Count(count) => Tolerance::Count(self.formula(frame, count)),
                other => other.clone(),
            }),
            body: self.body(turn, &each.body),
            ..each.clone()
        }
    }

    fn race(&mut self, frame: Option<usize>, turn: Option<usize>, id: NodeId, race: &Race) -> Race {
        let runners = match &race.runners {
            Runners::Branches(branches) => {
                let mut written = Vec::new();
                for (index, branch) in branches.iter().enumerate() {
                    let inside = self.inside(Owner::Branch(id, index as u32), frame);
                    written.push(self.branch(inside, branch));
                }
                Runners::Branches(written)
            }
            Runners::Items { name, item, items, max, body } => Runners::Items {
                name: name.clone(),
                item: *item,
                items: self.script(frame, items),
                max: self.optional(frame, max),
                body: self.body(turn, body),
            },
        };
        Race { wins: self.optional(frame, &race.wins), runners, gathers: race.gathers.clone() }
    }

    /// Lets everything that is read by what is left over reach the place where it is read: outputs, and what loops and races
    /// carry out of their frames. Then the frames of the new plan are as large as that takes.
    pub(super) fn carry(&mut self, plan: &mut Plan, pairs: &Pairs) {
        // From the outside in: what a loop must carry out, a loop in it must carry out before.
        for old in &self.old.nodes {
            let (id, stand) = (old.id, self.survey.nodes[old.id.0 as usize]);
            let carried = gathers(&old.kind).to_vec();
            if carried.is_empty() || stand.frame.is_none() {
                continue;
            }
            let inside = self
                .survey
                .frames
                .iter()
                .position(|frame| matches!(frame.owner, Owner::Turn(node) | Owner::Branch(node, _) if node == id));
            let mut written = Vec::new();
            for gather in carried {
                let Some(outer) = self.read(stand.frame, gather.outer) else { continue };
                let inner = self.slot(inside, gather.inner);
                written.push(Gather { inner, outer });
            }
            let twin = self.node_id(id);
            let known = gathers_mut(&mut plan.nodes[twin.0 as usize].kind);
            if stand.kept {
                written.retain(|gather| !known.iter().any(|other| other.outer == gather.outer));
                known.extend(written);
            } else {
                *known = written;
            }
        }
        for old in &self.old.nodes {
            let stand = self.survey.nodes[old.id.0 as usize];
            let read = old.slot.and_then(|slot| self.read(stand.frame, slot));
            // What was changed since puts its output where the new plan reads that of the step in its place.
            let twin = pairs.node(old.id).filter(|_| stand.placed);
            let here = twin.and_then(|twin| plan.node(twin).slot);
            plan.nodes[self.node_id(old.id).0 as usize].slot = here.or(read);
        }
        self.sizes(plan);
    }

    /// Where what stood at `slot` is read, if anybody reads it.
    fn read(&self, frame: Option<usize>, slot: Slot) -> Option<Slot> {
        let frame = &self.survey.frames[self.survey.at_depth(frame?, slot.depth)];
        if !frame.kept {
            return Some(slot);
        }
        frame.places.get(&slot.index).map(|index| Slot { index: *index, ..slot })
    }

    fn sizes(&self, plan: &mut Plan) {
        for frame in self.survey.frames.iter().filter(|frame| frame.kept) {
            let body = match frame.owner {
                Owner::Run => Some(&mut plan.body),
                Owner::Lifecycle(moment, index) => plan.lifecycle_mut(moment).get_mut(index as usize),
                Owner::Turn(node) => plan.nodes[self.node_id(node).0 as usize].kind.bodies_mut().into_iter().next(),
                Owner::Branch(node, index) => {
                    plan.nodes[self.node_id(node).0 as usize].kind.bodies_mut().into_iter().nth(index as usize)
                }
                Owner::Meanwhile(node, index) => {
                    let clauses = &mut plan.nodes[self.node_id(node).0 as usize].clauses;
                    clauses.meanwhile.get_mut(index as usize).map(|meanwhile| &mut meanwhile.body)
                }
                Owner::Alternate(handler) => match &mut plan.handlers[self.handler_id(handler).0 as usize].action {
                    HandlerAction::Alternate(body) => Some(Arc::make_mut(body)),
                    _ => None,
                },
                Owner::Given(_) => None,
            };
            if let Some(body) = body {
                body.frame = Some(frame.size);
            }
        }
    }
}

fn gathers_mut(kind: &mut Kind) -> &mut Vec<Gather> {
    match kind {
        Kind::For(each) => &mut each.gathers,
        Kind::While { gathers, .. } | Kind::Repeat { gathers, .. } => gathers,
        Kind::Race(race) => &mut race.gathers,
        _ => unreachable!("only loops and races carry anything out of a frame"),
    }
}
