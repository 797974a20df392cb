//! The walk over the tree: which names are local, and which lead outside.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::code;
use super::super::library::{self, Library};
use super::super::path::{Key, Segment};
use super::super::tree::{Kind, Leave, Name, Node, Part, Tail};
use super::fact::{fact, facts, known, prefixes};
use super::{Demand, Place, Read, Resolved, Slot, sense};
use crate::base::diagnostic::{Diagnostic, nearest};
use crate::base::span::Span;
use crate::base::value::Value;

pub(super) struct Resolver<'a> {
    pub library: &'a Library,
    pub found: Resolved,
    /// The variables that are declared here, innermost last.
    pub locals: Vec<Name>,
    /// Which of them are constants.
    constants: BTreeSet<usize>,
    /// The `fn`s that this script declares itself, with how many parameters.
    pub functions: Vec<(Arc<str>, usize)>,
    /// The variables that a `fn` of this script sees when it is called as `name!(...)`: all, if any is called so.
    lent: Vec<Name>,
    /// Whether this is the body of a `fn`.
    pub function: bool,
    /// The alias of the file this function comes from, with its dot.
    pub space: Option<String>,
    /// How many closures are around.
    pub closures: usize,
    /// Paths that are known to lead to something, as text.
    pub facts: BTreeSet<String>,
}

impl<'a> Resolver<'a> {
    pub fn new(library: &'a Library) -> Self {
        Self {
            library,
            found: Resolved::default(),
            locals: Vec::new(),
            constants: BTreeSet::new(),
            functions: Vec::new(),
            lent: Vec::new(),
            function: false,
            space: None,
            closures: 0,
            facts: BTreeSet::new(),
        }
    }

    /// Functions of a script can be called before they are declared.
    pub fn hoist(&mut self, node: &Node) {
        let Kind::Block(statements, _) = &node.kind else { return };
        let mut known = BTreeSet::new();
        for statement in statements {
            if let Kind::Function { name, of, params, .. } = &statement.kind {
                let receiver = of.as_ref().map(|of| of.text.clone());
                if !known.insert((receiver, name.text.clone(), params.len())) {
                    let message = format!("the function `{}` is declared twice", name.text);
                    self.found.diagnostics.push(Diagnostic::error(code::PLACE, name.span, message));
                }
                self.functions.push((name.text.clone(), params.len()));
            }
        }
        if !self.functions.is_empty() && lends(node) {
            declared(node, &mut self.lent);
        }
    }

    pub fn is_local(&self, name: &str) -> bool {
        self.locals.iter().any(|local| &*local.text == name)
    }

    /// The function of the program that `name` means here: one of the same file first.
    pub fn program_function(&self, name: &str) -> Option<Arc<str>> {
        let own = self.space.as_ref().map(|space| format!("{space}{name}"));
        own.iter().map(String::as_str).chain([name]).find_map(|name| self.library.name(name))
    }

    fn scoped<T>(&mut self, inner: impl FnOnce(&mut Self) -> T) -> T {
        let (locals, facts) = (self.locals.len(), self.facts.clone());
        let result = inner(self);
        self.locals.truncate(locals);
        self.constants.retain(|at| *at < locals);
        self.facts = facts;
        result
    }

    pub fn declare(&mut self, names: impl IntoIterator<Item = Name>) {
        for name in names {
            if !self.found.declared.contains(&name.text) {
                self.found.declared.push(name.text.clone());
            }
            self.found.variables.push((name.span, name.span));
            self.locals.push(name);
        }
    }

    /// Notes a variable where it is read or set.
    fn seen(&mut self, name: &str, span: Span) {
        if let Some(local) = self.locals.iter().rev().find(|local| &*local.text == name) {
            self.found.variables.push((span, local.span));
        }
    }

    pub fn nodes(&mut self, nodes: &mut [Node], demand: Demand) {
        nodes.iter_mut().for_each(|node| self.node(node, demand));
    }

    pub fn node(&mut self, node: &mut Node, demand: Demand) {
        sense::complain(node, &mut self.found.diagnostics);
        if self.path(node, demand) {
            return;
        }
        let span = node.span;
        self.this(node);
        match &mut node.kind {
            Kind::Constant(_) | Kind::Char(_) | Kind::This | Kind::Slot { .. } | Kind::Setting(_) | Kind::Nothing => {}
            Kind::Variable(name) => {
                let name = name.clone();
                self.seen(&name, span);
            }
            Kind::Text(parts) => {
                for part in parts {
                    if let Part::Value(node) = part {
                        self.node(node, Demand::Present);
                    }
                }
            }
            Kind::List(items) => self.nodes(items, Demand::Nothing),
            Kind::Map(entries) => entries.iter_mut().for_each(|(_, value)| self.node(value, Demand::Nothing)),
            Kind::Field { of, optional, .. } => {
                let demand = if *optional { Demand::Nothing } else { Demand::Present };
                self.node(of, demand);
            }
            Kind::Index { of, index, optional } => {
                let demand = if *optional { Demand::Nothing } else { Demand::Present };
                self.node(of, demand);
                self.node(index, Demand::Present);
            }
            Kind::Unary { of, .. } => self.node(of, Demand::Present),
            Kind::Binary { op, left, right, .. } => self.binary(op, left, right, demand),
            Kind::Range { from, to, .. } => {
                from.iter_mut().for_each(|node| self.node(node, Demand::Present));
                to.iter_mut().for_each(|node| self.node(node, Demand::Present));
            }
            Kind::Call { .. } => self.call(node),
            Kind::Method { .. } => self.method(node),
            Kind::Closure { params, body } => {
                let params = params.clone();
                self.scoped(|this| {
                    this.closures += 1;
                    this.declare(params);
                    this.node(body, Demand::Nothing);
                    this.closures -= 1;
                });
            }
            Kind::Block(statements, tail) => {
                let tail = *tail;
                self.scoped(|this| this.block(statements, tail, demand));
            }
            Kind::If { condition, then, otherwise } => {
                self.node(condition, Demand::Present);
                let (yes, no) = (facts(condition, true, self), facts(condition, false, self));
                self.scoped(|this| {
                    this.facts.extend(yes);
                    this.node(then, demand);
                });
                if let Some(otherwise) = otherwise {
                    self.scoped(|this| {
                        this.facts.extend(no);
                        this.node(otherwise, demand);
                    });
                }
            }
            Kind::Switch { on, arms } => {
                self.node(on, Demand::Nothing);
                for arm in arms {
                    self.scoped(|this| {
                        let tests = !arm.patterns.is_empty() && !arm.patterns.iter().any(Node::is_unit);
                        if tests && let Some(path) = known(on, this) {
                            this.facts.extend(prefixes(&path));
                        }
                        if let Some(guard) = &mut arm.guard {
                            this.node(guard, Demand::Present);
                            let yes = facts(guard, true, this);
                            this.facts.extend(yes);
                        }
                        this.node(&mut arm.body, demand);
                    });
                }
            }
            Kind::While { condition, body } => {
                self.node(condition, Demand::Present);
                let yes = facts(condition, true, self);
                self.scoped(|this| {
                    this.facts.extend(yes);
                    this.node(body, Demand::Nothing);
                });
            }
            Kind::Loop { body } => self.node(body, Demand::Nothing),
            Kind::Do { body, condition, .. } => {
                self.node(body, Demand::Nothing);
                self.node(condition, Demand::Present);
            }
            Kind::For { item, counter, over, body } => {
                self.node(over, Demand::Present);
                let names: Vec<_> = [Some(&*item), counter.as_ref()].into_iter().flatten().cloned().collect();
                self.scoped(|this| {
                    this.declare(names);
                    this.node(body, Demand::Nothing);
                });
            }
            Kind::Try { body, error, handler } => {
                self.node(body, demand);
                let name = error.clone();
                self.scoped(|this| {
                    this.declare(name);
                    this.node(handler, demand);
                });
            }
            Kind::Let { name, value, constant } => {
                if let Some(value) = value {
                    self.node(value, Demand::Nothing);
                }
                if *constant {
                    self.constants.insert(self.locals.len());
                }
                self.declare([name.clone()]);
            }
            Kind::Assign { target, value, .. } => {
                self.target(target);
                self.node(value, Demand::Nothing);
            }
            Kind::Leave { how, value } => {
                let demand = if *how == Leave::Throw { Demand::Present } else { Demand::Nothing };
                if let Some(value) = value {
                    self.node(value, demand);
                }
            }
            Kind::Function { params, body, .. } => {
                // A function sees its parameters and nothing of what is around it, unless its caller lends that.
                let seen = self.lent.iter().chain(params.iter()).cloned().collect();
                let locals = std::mem::replace(&mut self.locals, seen);
                self.found.variables.extend(params.iter().map(|name| (name.span, name.span)));
                let constants = std::mem::take(&mut self.constants);
                let outer = std::mem::replace(&mut self.function, true);
                self.node(body, Demand::Nothing);
                self.function = outer;
                self.constants = constants;
                self.locals = locals;
            }
        }
        debug_assert_eq!(node.span, span, "resolving changes what a node is, never where it stands");
    }

    fn block(&mut self, statements: &mut [Node], tail: Tail, demand: Demand) {
        let last = statements.len().saturating_sub(1);
        for (at, statement) in statements.iter_mut().enumerate() {
            let wanted = if at == last && tail == Tail::Value { demand } else { Demand::Nothing };
            self.node(statement, wanted);
            // Behind `if x == () { return 0; }` the path is known to lead to something.
            if let Kind::If { condition, then, otherwise: None } = &statement.kind
                && then.diverges()
            {
                let no = facts(condition, false, self);
                self.facts.extend(no);
            }
        }
    }

    fn binary(&mut self, op: &str, left: &mut Node, right: &mut Node, demand: Demand) {
        match op {
            "&&" | "||" => {
                self.node(left, Demand::Present);
                let known = facts(left, op == "&&", self);
                self.scoped(|this| {
                    this.facts.extend(known);
                    this.node(right, Demand::Present);
                });
            }
            "??" => {
                self.node(left, Demand::Nothing);
                self.node(right, demand);
            }
            "==" | "!=" => {
                self.node(left, Demand::Nothing);
                self.node(right, Demand::Nothing);
            }
            "in" | "!in" => {
                self.node(left, Demand::Nothing);
                self.node(right, Demand::Present);
            }
            "<" | ">" | "<=" | ">=" => {
                let (wanted_left, wanted_right) = (compared_with(right), compared_with(left));
                self.node(left, wanted_left);
                self.node(right, wanted_right);
            }
            _ => {
                self.node(left, Demand::Present);
                self.node(right, Demand::Present);
            }
        }
    }

    /// Complains about a `this` outside of functions.
    fn this(&mut self, node: &Node) {
        if matches!(node.kind, Kind::This) && !self.function && self.closures == 0 {
            let found = Diagnostic::error(code::PLACE, node.span, "`this` means nothing outside of a function");
            self.found
                .diagnostics
                .push(found.hint("it is the value before the dot of a call: `fn double() { this * 2 }`, `x.double()`"));
        }
    }

    /// What stands on the left of an assignment.
    fn target(&mut self, target: &mut Node) {
        let mut root = &*target;
        while let Kind::Field { of, .. } | Kind::Index { of, .. } = &root.kind {
            root = of;
        }
        self.this(root);
        if let Kind::Variable(name) = &root.kind
            && !self.is_local(name)
        {
            let span = target.span;
            let message = format!("`{name}` stands outside of this script and cannot be changed by it");
            let mut found = Diagnostic::error(code::ASSIGNMENT, span, message);
            found = match &**name {
                "vars" | "state" => found
                    .hint("a script gives its result as its value: `set vars.x = ...` is a statement of the workflow"),
                _ => match nearest(name, self.locals.iter().map(|local| &*local.text)) {
                    Some(near) => found.fix(format!("did you mean `{near}`?"), root.span, near.to_owned()),
                    None => found.hint(format!("declare a variable of your own first: `let {name} = ...;`")),
                },
            };
            self.found.diagnostics.push(found);
            return;
        }
        if let Kind::Variable(name) = &root.kind {
            let (name, span) = (name.clone(), root.span);
            self.seen(&name, span);
        }
        if let Kind::Variable(name) = &root.kind
            && let Some(at) = self.locals.iter().rposition(|local| local.text == *name)
            && self.constants.contains(&at)
        {
            let message = format!("`{name}` is a constant and cannot be changed");
            let found = Diagnostic::error(code::ASSIGNMENT, target.span, message);
            self.found.diagnostics.push(found.hint(format!("declare it by `let {name} = ...;`")));
        }
        // Only the indexes inside are read.
        let mut node = target;
        loop {
            match &mut node.kind {
                Kind::Field { of, .. } => node = of,
                Kind::Index { of, index, .. } => {
                    self.node(index, Demand::Present);
                    node = of;
                }
                _ => return,
            }
        }
    }

    /// Takes a path into what stands outside; whether it is one.
    fn path(&mut self, node: &mut Node, demand: Demand) -> bool {
        let Some((root, path)) = self.outer(node) else { return false };
        let span = node.span;
        if path.is_empty()
            && (self.functions.iter().any(|(name, _)| *name == root) || self.program_function(&root).is_some())
        {
            // The bare name of a function is a pointer to it.
            let name = self.program_function(&root).unwrap_or(root);
            self.found.asks = true;
            node.kind = Kind::Call {
                name: Name { text: "Fn".into(), span },
                args: vec![Node { kind: Kind::Constant(Value::from(library::mangled(&name))), span, depth: 0 }],
                open: false,
            };
            return true;
        }
        if self.function {
            let message = format!("`{root}` stands outside of this `fn`, which sees only its parameters");
            let found = Diagnostic::error(code::OUTSIDE, span, message);
            self.found.diagnostics.push(match nearest(&root, self.locals.iter().map(|local| &*local.text)) {
                Some(near) => found.hint(format!("did you mean `{near}`?")),
                None => found.hint(format!("make it a parameter and pass `{root}` where the function is called")),
            });
            return true;
        }
        node.kind = self.slot(root, path, span, demand);
        node.depth = 0;
        true
    }

    pub fn slot(&mut self, root: Arc<str>, path: Vec<Segment>, span: Span, demand: Demand) -> Kind {
        let tested = (0..=path.len()).rev().find(|upto| self.facts.contains(&fact(&root, &path[..*upto])));
        let guarded = demand == Demand::Nothing || tested == Some(path.len());
        let reads = &mut self.found.reads;
        let same_path = |read: &Read| {
            read.root == root
                && read.path.len() == path.len()
                && read.path.iter().zip(&path).all(|(a, b)| a.key == b.key && a.optional == b.optional)
        };
        let at = reads.iter().position(|read| same_path(read) && read.guarded == guarded && read.tested == tested);
        let at = at.unwrap_or_else(|| {
            reads.push(Read { root: root.clone(), path: path.clone(), span, guarded, tested });
            reads.len() - 1
        });
        let end = span.start + root.len() as u32;
        let segments = path.iter().map(|segment| segment.span).collect();
        self.found.places.push(Place { read: at, root: Span { end, ..span }, segments });
        let captured = self.closures > 0;
        let reads = &self.found.reads;
        let slots = &mut self.found.slots;
        let same = slots.iter().position(|slot| slot.demand == demand && same_path(&reads[slot.read]));
        let slot = same.unwrap_or_else(|| {
            slots.push(Slot { read: at, demand, captured });
            slots.len() - 1
        });
        slots[slot].captured |= captured;
        Kind::Slot { slot, read: at }
    }

    /// The root and the segments of a path that begins outside.
    pub fn outer(&self, node: &Node) -> Option<(Arc<str>, Vec<Segment>)> {
        let mut path = Vec::new();
        let mut here = node;
        loop {
            match &here.kind {
                Kind::Variable(name) => {
                    path.reverse();
                    return (!self.is_local(name)).then(|| (name.clone(), path));
                }
                Kind::Field { of, name, optional } => {
                    let key = Key::Field(name.text.clone());
                    path.push(Segment { key, optional: *optional, span: name.span });
                    here = of;
                }
                Kind::Index { of, index, optional } => {
                    let key = match &index.kind {
                        Kind::Constant(Value::Int(number)) => Key::Item(*number),
                        Kind::Constant(Value::Text(text)) => Key::Field(text.clone()),
                        _ => return None,
                    };
                    path.push(Segment { key, optional: *optional, span: index.span });
                    here = of;
                }
                _ => return None,
            }
        }
    }
}

/// What a value must be that is compared by `<` with `other`.
fn compared_with(other: &Node) -> Demand {
    match &other.kind {
        Kind::Constant(Value::Int(_) | Value::Float(_)) => Demand::Number,
        Kind::Constant(Value::Text(_)) | Kind::Text(_) => Demand::Text,
        _ => Demand::Present,
    }
}

/// Whether a function is called somewhere with the variables of its caller: `name!(...)`.
fn lends(node: &Node) -> bool {
    let mut found = matches!(node.kind, Kind::Call { open: true, .. });
    node.kind.each_child(&mut |child| found = found || lends(child));
    found
}

/// The variables that a script declares outside of its functions.
fn declared(node: &Node, names: &mut Vec<Name>) {
    match &node.kind {
        Kind::Function { .. } => return,
        Kind::Let { name, .. } => names.push(name.clone()),
        Kind::For { item, counter, .. } => names.extend([Some(item), counter.as_ref()].into_iter().flatten().cloned()),
        _ => {}
    }
    node.kind.each_child(&mut |child| declared(child, names));
}
