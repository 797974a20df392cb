//! What the names of a tree stand for: locals, paths outside, functions, settings; and what follows from it: what an
//! expression reads, and where a value that is absent does no harm.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::code;
use super::functions;
use super::library::Library;
use super::mistaken;
use super::path::{self, Key, Segment};
use super::tree::{Kind, Leave, Name, Node, Part, Tail};
use crate::base::diagnostic::{Diagnostic, nearest};
use crate::base::shape::Shape;
use crate::base::span::Span;
use crate::base::value::Value;

/// One outer path that an expression reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// The name in scope it begins with: `input`, a step, `vars` ...
    pub root: Arc<str>,
    /// How it goes on, as far as it is known before the run.
    pub path: Vec<Segment>,
    /// Its place, from the root to the last segment.
    pub span: Span,
    /// Whether `()` at its end does no harm here: it stands before `??`, is compared by `==`, is passed on as it is, or
    /// was tested before.
    pub guarded: bool,
    /// How many of its segments are known to lead to something here, because a test around it said so; with
    /// `path.len()` the value itself was tested. A field behind that may be `()` only where the next is `?.`.
    pub tested: usize,
}

/// One call of a function by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Called {
    /// The name as written; with its alias for a function of a used file.
    pub name: Arc<str>,
    /// The place of the name.
    pub span: Span,
    /// How many arguments are given, the value before the dot included.
    pub arguments: usize,
    /// Who knows it.
    pub origin: Origin,
}

/// Where a function comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A `fn` of the program.
    Program,
    /// One of the fixed functions of the language.
    Fixed,
    /// Rhai itself.
    Rhai,
    /// A `fn` or a closure of the same script.
    Local,
    /// Nobody that is known before the run: a method whose receiver may be a map that holds a closure.
    Unknown,
}

/// A setting that is read by its literal name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: Arc<str>,
    /// Whether it was asked for by `secret`, not by `env`.
    pub secret: bool,
    /// The place of the call.
    pub span: Span,
}

/// What must be true of a value where it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Demand {
    /// Nothing: it is passed on, or `()` is fine.
    Nothing,
    /// It must be there.
    Present,
    /// It is compared with a number.
    Number,
    /// It is compared with a text.
    Text,
}

/// A path that is bound before the evaluation. Paths that are read twice with the same demand share one.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    /// The read that asks for its root.
    pub read: usize,
    pub demand: Demand,
    /// Whether a closure reads it.
    pub captured: bool,
}

/// What there is to know about a tree.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    pub reads: Vec<Read>,
    pub slots: Vec<Slot>,
    pub settings: Vec<Setting>,
    pub called: Vec<Called>,
    pub diagnostics: Vec<Diagnostic>,
    /// Whether a clock, chance, a sink or a function of the program may be asked during the evaluation.
    pub asks: bool,
}

/// The operations the tests of a program ask about by a path that is no value: `calls(slack.post_message)`.
const ASKED_BY_PATH: [&str; 2] = ["calls", "emitted"];

/// Functions whose arguments may be `()` without harm.
const TOLERANT: [&str; 12] = [
    "type_of",
    "print",
    "debug",
    "to_debug",
    "blank",
    "first_of",
    "json",
    "is_def_var",
    "push",
    "contains",
    "text",
    "call",
];

/// Resolves the names of `node`. `params` are the locals at the beginning; inside of the `fn` called `inside` nothing
/// outer is seen. Settings are numbered on from those in `settings`.
pub(super) fn resolve(
    node: &mut Node,
    params: &[Name],
    inside: Option<&str>,
    library: &Library,
    settings: Vec<Setting>,
) -> Resolved {
    let mut resolver = Resolver {
        found: Resolved { settings, ..Resolved::default() },
        library,
        locals: params.iter().map(|name| name.text.clone()).collect(),
        function: inside.is_some(),
        space: inside.and_then(|name| name.rsplit_once('.')).map(|(space, _)| format!("{space}.")),
        ..Resolver::new(library)
    };
    resolver.hoist(node);
    resolver.node(node, Demand::Nothing);
    resolver.found
}

struct Resolver<'a> {
    library: &'a Library,
    found: Resolved,
    /// The variables that are declared here, innermost last.
    locals: Vec<Arc<str>>,
    /// The `fn`s that this script declares itself, with how many parameters.
    functions: Vec<(Arc<str>, usize)>,
    /// Whether this is the body of a `fn`.
    function: bool,
    /// The alias of the file this function comes from, with its dot.
    space: Option<String>,
    /// How many closures are around.
    closures: usize,
    /// Paths that are known to lead to something, as text.
    facts: BTreeSet<String>,
}

impl<'a> Resolver<'a> {
    fn new(library: &'a Library) -> Self {
        Self {
            library,
            found: Resolved::default(),
            locals: Vec::new(),
            functions: Vec::new(),
            function: false,
            space: None,
            closures: 0,
            facts: BTreeSet::new(),
        }
    }

    /// Functions of a script can be called before they are declared.
    fn hoist(&mut self, node: &Node) {
        let Kind::Block(statements, _) = &node.kind else { return };
        for statement in statements {
            if let Kind::Function { name, of, params, .. } = &statement.kind {
                let twice = self.functions.iter().any(|(known, count)| *known == name.text && *count == params.len());
                if twice && of.is_none() {
                    let message = format!("the function `{}` is declared twice", name.text);
                    self.found.diagnostics.push(Diagnostic::error(code::PLACE, name.span, message));
                }
                self.functions.push((name.text.clone(), params.len()));
            }
        }
    }

    fn is_local(&self, name: &str) -> bool {
        self.locals.iter().any(|local| &**local == name)
    }

    /// The function of the program that `name` means here: one of the same file first.
    fn program_function(&self, name: &str) -> Option<Arc<str>> {
        let own = self.space.as_ref().map(|space| format!("{space}{name}"));
        own.iter().map(String::as_str).chain([name]).find_map(|name| self.library.name(name))
    }

    fn scoped<T>(&mut self, inner: impl FnOnce(&mut Self) -> T) -> T {
        let (locals, facts) = (self.locals.len(), self.facts.clone());
        let result = inner(self);
        self.locals.truncate(locals);
        self.facts = facts;
        result
    }

    fn nodes(&mut self, nodes: &mut [Node], demand: Demand) {
        nodes.iter_mut().for_each(|node| self.node(node, demand));
    }

    fn node(&mut self, node: &mut Node, demand: Demand) {
        if self.path(node, demand) {
            return;
        }
        let span = node.span;
        match &mut node.kind {
            Kind::Constant(_) | Kind::Char(_) | Kind::This | Kind::Slot(_) | Kind::Setting(_) | Kind::Nothing => {}
            Kind::Variable(_) => {}
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
                let params: Vec<_> = params.iter().map(|name| name.text.clone()).collect();
                self.scoped(|this| {
                    this.closures += 1;
                    this.locals.extend(params);
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
                let names: Vec<_> =
                    [Some(&*item), counter.as_ref()].into_iter().flatten().map(|n| n.text.clone()).collect();
                self.scoped(|this| {
                    this.locals.extend(names);
                    this.node(body, Demand::Nothing);
                });
            }
            Kind::Try { body, error, handler } => {
                self.node(body, demand);
                let name = error.as_ref().map(|name| name.text.clone());
                self.scoped(|this| {
                    this.locals.extend(name);
                    this.node(handler, demand);
                });
            }
            Kind::Let { name, value, .. } => {
                if let Some(value) = value {
                    self.node(value, Demand::Nothing);
                }
                self.locals.push(name.text.clone());
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
                // A function sees its parameters and nothing of what is around it.
                let locals = std::mem::replace(&mut self.locals, params.iter().map(|name| name.text.clone()).collect());
                let outer = std::mem::replace(&mut self.function, true);
                self.node(body, Demand::Nothing);
                self.function = outer;
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

    /// What stands on the left of an assignment.
    fn target(&mut self, target: &mut Node) {
        let mut root = &*target;
        while let Kind::Field { of, .. } | Kind::Index { of, .. } = &root.kind {
            root = of;
        }
        if let Kind::Variable(name) = &root.kind
            && !self.is_local(name)
        {
            let span = target.span;
            let message = format!("`{name}` stands outside of this script and cannot be changed by it");
            let mut found = Diagnostic::error(code::ASSIGNMENT, span, message);
            found = match &**name {
                "vars" | "state" => found
                    .hint("a script gives its result as its value: `set vars.x = ...` is a statement of the workflow"),
                _ => match nearest(name, self.locals.iter().map(|local| &**local)) {
                    Some(near) => found.fix(format!("did you mean `{near}`?"), root.span, near.to_owned()),
                    None => found.hint(format!("declare a variable of your own first: `let {name} = ...;`")),
                },
            };
            self.found.diagnostics.push(found);
            return;
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
                args: vec![Node { kind: Kind::Constant(Value::from(super::library::mangled(&name))), span, depth: 0 }],
                open: false,
            };
            return true;
        }
        if self.function {
            let message = format!("`{root}` stands outside of this `fn`, which sees only its parameters");
            let found = Diagnostic::error(code::OUTSIDE, span, message);
            self.found.diagnostics.push(match nearest(&root, self.locals.iter().map(|local| &**local)) {
                Some(near) => found.hint(format!("did you mean `{near}`?")),
                None => found.hint(format!("make it a parameter and pass `{root}` where the function is called")),
            });
            return true;
        }
        let slot = self.slot(root, path, span, demand);
        node.kind = Kind::Slot(slot);
        node.depth = 0;
        true
    }

    fn slot(&mut self, root: Arc<str>, path: Vec<Segment>, span: Span, demand: Demand) -> usize {
        let tested = (1..=path.len()).rev().find(|upto| self.facts.contains(&fact(&root, &path[..*upto]))).unwrap_or(0);
        let whole = path.is_empty() && self.facts.contains(&*root);
        let guarded = demand == Demand::Nothing || whole || (tested == path.len() && tested > 0);
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
        let captured = self.closures > 0;
        let reads = &self.found.reads;
        let slots = &mut self.found.slots;
        let same = slots.iter_mut().position(|slot| slot.demand == demand && same_path(&reads[slot.read]));
        match same {
            Some(same) => {
                slots[same].captured |= captured;
                same
            }
            None => {
                slots.push(Slot { read: at, demand, captured });
                slots.len() - 1
            }
        }
    }

    /// The root and the segments of a path that begins outside.
    fn outer(&self, node: &Node) -> Option<(Arc<str>, Vec<Segment>)> {
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

    fn call(&mut self, node: &mut Node) {
        let span = node.span;
        let Kind::Call { name, args, .. } = &mut node.kind else { return };
        let (text, place) = (name.text.clone(), name.span);
        let declared = self.functions.iter().any(|(known, _)| *known == text);
        let program = if declared { None } else { self.program_function(&text) };
        if program.is_none() && !declared {
            if matches!(&*text, "env" | "secret") {
                return self.setting(node);
            }
            if ASKED_BY_PATH.contains(&&*text)
                && !self.is_local(&text)
                && !self.function
                && let [only] = args.as_slice()
                && let Some(key) = self.asked(only)
            {
                let key = Segment { key: Key::Field(key), optional: false, span: only.span };
                let slot = self.slot(text, vec![key], span, Demand::Nothing);
                node.kind = Kind::Slot(slot);
                node.depth = 0;
                return;
            }
        }
        let count = args.len();
        let origin = if declared {
            Origin::Local
        } else if let Some(full) = program {
            self.found.asks = true;
            let params = self.library.params(&full).unwrap_or(count);
            if params != count {
                self.arity(&text, span, &[params], count);
            }
            name.text = full;
            Origin::Program
        } else if let Some(found) = self.known(&text, place, span, count, false) {
            found
        } else {
            self.unknown(&text, place, false);
            Origin::Unknown
        };
        self.found.called.push(Called { name: text.clone(), span: place, arguments: count, origin });
        self.arguments(&text, origin, args, 0);
    }

    fn method(&mut self, node: &mut Node) {
        let span = node.span;
        let Kind::Method { of, name, args, .. } = &mut node.kind else { return };
        let (text, place) = (name.text.clone(), name.span);
        // `alerts.net(x)`: a function of a used file.
        if let Kind::Variable(alias) = &of.kind
            && !self.is_local(alias)
            && let Some(full) = self.program_function(&format!("{alias}.{text}"))
        {
            let count = args.len();
            let params = self.library.params(&full).unwrap_or(count);
            if params != count {
                self.arity(&full, span, &[params], count);
            }
            self.found.asks = true;
            let place = of.span.to(place);
            self.found.called.push(Called {
                name: full.clone(),
                span: place,
                arguments: count,
                origin: Origin::Program,
            });
            let mut args = std::mem::take(args);
            self.nodes(&mut args, Demand::Nothing);
            node.kind = Kind::Call { name: Name { text: full, span: place }, args, open: false };
            return;
        }
        if let Kind::Variable(alias) = &of.kind
            && !self.is_local(alias)
            && self.library.has_alias(alias)
            && functions::fixed(&text).is_none()
        {
            let known = self.library.names().filter_map(|name| name.strip_prefix(&format!("{alias}.")));
            let found = Diagnostic::error(code::FUNCTION, place, format!("`{alias}` has no function `{text}`"));
            self.found.diagnostics.push(found.near(&text, place, known.collect::<Vec<_>>()));
            return;
        }
        let count = args.len() + 1;
        let outer = self.outer(of).is_some() || matches!(of.kind, Kind::Constant(_) | Kind::Text(_));
        let declared = self.functions.iter().any(|(known, _)| *known == text);
        let origin = if declared {
            Origin::Local
        } else if let Some(found) = self.known(&text, place, span, count, true) {
            found
        } else {
            // Values from outside never hold functions; others may be maps that do.
            if outer {
                self.unknown(&text, place, true);
            }
            Origin::Unknown
        };
        self.found.called.push(Called { name: text.clone(), span: place, arguments: count, origin });
        let tolerant = TOLERANT.contains(&&*text) && !matches!(&*text, "push" | "contains");
        let optional = matches!(node.kind, Kind::Method { optional: true, .. });
        let Kind::Method { of, args, .. } = &mut node.kind else { return };
        self.node(of, if tolerant || optional { Demand::Nothing } else { Demand::Present });
        self.arguments(&text, origin, args, 1);
    }

    fn arguments(&mut self, name: &str, origin: Origin, args: &mut [Node], skipped: usize) {
        let fixed = if origin == Origin::Fixed { functions::fixed(name) } else { None };
        for (at, arg) in args.iter_mut().enumerate() {
            let demand = match (origin, fixed) {
                (Origin::Fixed, Some(fixed)) => match fixed.params.get(at + skipped).map(|param| &param.shape) {
                    None | Some(Shape::Any | Shape::Optional(_)) => Demand::Nothing,
                    Some(_) => Demand::Present,
                },
                (Origin::Rhai, _) if at + skipped == 0 && !TOLERANT.contains(&name) => Demand::Present,
                _ => Demand::Nothing,
            };
            self.node(arg, demand);
        }
    }

    /// The name of what `calls(...)` and `emitted(...)` ask about.
    fn asked(&self, arg: &Node) -> Option<Arc<str>> {
        if let Kind::Constant(Value::Text(text)) = &arg.kind {
            return Some(text.clone());
        }
        let (root, path) = self.outer(arg)?;
        Some(path::written(&root, &path, path.len()).into())
    }

    fn setting(&mut self, node: &mut Node) {
        let span = node.span;
        let Kind::Call { name, args, .. } = &node.kind else { return };
        let secret = &*name.text == "secret";
        let [Node { kind: Kind::Constant(Value::Text(setting)), .. }] = args.as_slice() else {
            let word = &name.text;
            let message = format!("`{word}` takes the name of a setting as a plain text");
            self.found.diagnostics.push(
                Diagnostic::error(code::SETTING, span, message)
                    .hint(format!("write `{word}(\"NAME\")`: `flow effects` can then say what a program reads")),
            );
            return;
        };
        let known = self.found.settings.iter().position(|known| known.name == *setting && known.secret == secret);
        let at = known.unwrap_or_else(|| {
            self.found.settings.push(Setting { name: setting.clone(), secret, span });
            self.found.settings.len() - 1
        });
        node.kind = Kind::Setting(at);
        node.depth = 0;
    }

    /// Who knows the function `name`, if anybody does; says so if the number of arguments is wrong.
    fn known(&mut self, name: &str, place: Span, span: Span, count: usize, method: bool) -> Option<Origin> {
        if let Some(forbidden) = functions::forbidden(name) {
            self.found.diagnostics.push(
                Diagnostic::error(code::FORBIDDEN, place, format!("`{name}` is not for scripts")).hint(forbidden),
            );
            return Some(Origin::Rhai);
        }
        if matches!(name, "now" | "today" | "uuid" | "random" | "print" | "debug" | "datetime" | "date" | "parse") {
            self.found.asks = true;
        }
        if let Some(fixed) = functions::fixed(name) {
            let (least, most) = fixed.arity();
            if count < least || count > most {
                let shown: Vec<usize> = if least == most { vec![most] } else { vec![least, most] };
                let less = usize::from(method);
                self.arity(name, span, &shown.iter().map(|n| n.saturating_sub(less)).collect::<Vec<_>>(), count - less);
            }
            return Some(Origin::Fixed);
        }
        functions::is_rhai(name).then_some(Origin::Rhai)
    }

    fn arity(&mut self, name: &str, span: Span, wanted: &[usize], given: usize) {
        let wanted = match wanted {
            [0] => "no argument".to_owned(),
            [1] => "1 argument".to_owned(),
            [one] => format!("{one} arguments"),
            [least, most] => format!("{least} to {most} arguments"),
            _ => "other arguments".to_owned(),
        };
        let message = format!("`{name}` takes {wanted}, here it gets {given}");
        let found = Diagnostic::error(code::FUNCTION, span, message);
        let signature =
            functions::fixed(name).map(|fixed| fixed.signature.to_owned()).or_else(|| self.library.signature(name));
        self.found.diagnostics.push(match signature {
            Some(signature) => found.hint(format!("it is `{signature}`")),
            None => found,
        });
    }

    fn unknown(&mut self, name: &str, place: Span, method: bool) {
        let found = Diagnostic::error(code::FUNCTION, place, format!("there is no function `{name}`"));
        let found = if let Some(ours) = mistaken::foreign_function(name) {
            found.fix(format!("it is called `{ours}` here"), place, ours.to_string())
        } else if self.is_local(name) && !method {
            found.hint(format!("call a closure by `{name}.call(...)`"))
        } else {
            let mut known: Vec<&str> = self.functions.iter().map(|(name, _)| &**name).collect();
            known.extend(self.library.names());
            functions::names().for_each(|name| known.push(name));
            let near = nearest(name, known).map(str::to_owned);
            match near {
                Some(near) => found.fix(format!("did you mean `{near}`?"), place, near),
                None => found.hint(format!("declare it at the top of the file: `fn {name}(x) {{ ... }}`")),
            }
        };
        self.found.diagnostics.push(found);
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

/// A path as the text by which facts know it.
fn fact(root: &str, path: &[Segment]) -> String {
    path::written(root, path, path.len())
}

/// The text of a path that has been resolved, if the node is one.
fn known(node: &Node, resolver: &Resolver<'_>) -> Option<(Arc<str>, Vec<Segment>)> {
    match &node.kind {
        Kind::Slot(slot) => {
            let read = &resolver.found.reads[resolver.found.slots[*slot].read];
            Some((read.root.clone(), read.path.clone()))
        }
        _ => None,
    }
}

/// A path and all that leads to it, as facts.
fn prefixes((root, path): &(Arc<str>, Vec<Segment>)) -> Vec<String> {
    (0..=path.len()).map(|upto| fact(root, &path[..upto])).collect()
}

/// The paths that are known to lead to something once `condition` has turned out as `truth`.
fn facts(condition: &Node, truth: bool, resolver: &Resolver<'_>) -> Vec<String> {
    let of = |node: &Node| known(node, resolver).map(|path| prefixes(&path)).unwrap_or_default();
    match &condition.kind {
        Kind::Slot(_) if truth => of(condition),
        Kind::Unary { op: "!", of: inner } => facts(inner, !truth, resolver),
        Kind::Binary { op, left, right, .. } => {
            let both = |left: Vec<String>, right: Vec<String>| left.into_iter().chain(right).collect();
            match (*op, truth) {
                ("&&", true) | ("||", false) => both(facts(left, truth, resolver), facts(right, truth, resolver)),
                ("==", false) | ("!=", true) if right.is_unit() => of(left),
                ("==", false) | ("!=", true) if left.is_unit() => of(right),
                ("==", true) | ("!=", false) if matches!(right.kind, Kind::Constant(_)) && !right.is_unit() => {
                    both(of(left), typed(left, right, true, resolver))
                }
                ("==", true) | ("!=", false) if matches!(left.kind, Kind::Constant(_)) && !left.is_unit() => of(right),
                ("==", false) | ("!=", true) => typed(left, right, false, resolver),
                ("in", true) | ("!in", false) => {
                    both(of(right), if matches!(right.kind, Kind::List(_)) { of(left) } else { Vec::new() })
                }
                // Who compares by `<` has found something to compare.
                ("<" | ">" | "<=" | ">=", _) => both(of(left), of(right)),
                _ => Vec::new(),
            }
        }
        // `!blank(x)`, `!x.blank()`
        Kind::Call { name, args, .. } if &*name.text == "blank" && !truth => args.first().map(of).unwrap_or_default(),
        Kind::Method { of: receiver, name, .. } if &*name.text == "blank" && !truth => of(receiver),
        // Who calls a method on it has found it.
        Kind::Method { of: receiver, name, optional: false, .. } if !TOLERANT.contains(&&*name.text) => of(receiver),
        _ => Vec::new(),
    }
}

/// What `type_of(x) == "string"` says about `x`, and `type_of(x) != "()"`.
fn typed(left: &Node, right: &Node, equal: bool, resolver: &Resolver<'_>) -> Vec<String> {
    let (Kind::Call { name, args, .. }, Kind::Constant(Value::Text(word))) = (&left.kind, &right.kind) else {
        return Vec::new();
    };
    match args.first() {
        Some(arg) if &*name.text == "type_of" && equal == (&**word != "()") => {
            known(arg, resolver).map(|path| prefixes(&path)).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}
