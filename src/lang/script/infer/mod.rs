//! The type of an expression, as far as it can be known before the run.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::expr::Expr;
use super::library::Library;
use super::resolve::{Resolved, Setting, tolerates};
use super::stack;
use super::tree::{Kind, Leave, Name, Node, Part, Tail};
use crate::base::shape::{Bounds, Field, Object, Shape};
use crate::base::span::Span;
use crate::base::value::Value;

mod absent;
mod body;
mod call;
mod gap;
mod join;
mod method;
mod wrong;

pub use gap::Gap;
pub use join::{field, joined};
use join::{item, present};
pub use wrong::Wrong;

impl Expr {
    /// Its type, if the paths it reads have the types that `read` gives by their number in [`Expr::reads`], each the type
    /// of the value at the end of the path; [`Shape::Any`] where nothing is known. With it, what can never work in it.
    pub fn shape(&self, read: &dyn Fn(usize) -> Shape) -> (Shape, Vec<Wrong>) {
        let Infer { returned, wrong, .. } = self.inferred(read, None);
        (returned.unwrap_or(Shape::Unit), wrong)
    }

    /// All that is inferred of it, `returned` with the value at its end; with `hole`, what is known where that stands.
    fn inferred<'a>(&'a self, read: &dyn Fn(usize) -> Shape, hole: Option<&'a str>) -> Infer<'a> {
        let (tree, found) = self.tree();
        let reads: Vec<Shape> = (0..found.reads.len()).map(read).collect();
        stack::with_room(self.text(), || {
            let mut infer = Infer::new(found, self.library(), &found.settings, tree);
            infer.reads = reads;
            infer.hole = hole;
            let value = infer.node(tree);
            infer.returned = either(value, infer.returned.take());
            infer.never(wrong::in_place(tree));
            infer
        })
    }
}

/// The type of what is computed; `None` where the course of things never comes to give a value.
type Found = Option<Shape>;

struct Infer<'a> {
    found: &'a Resolved,
    /// The functions of the program.
    library: &'a Library,
    /// The settings that are read here.
    settings: &'a [Setting],
    /// How many calls of functions of the program are around.
    calls: usize,
    /// Those that were followed, with the types of what they were given.
    followed: Vec<(Arc<str>, Vec<Shape>)>,
    /// The names of the functions that the script declares itself.
    own: BTreeSet<Arc<str>>,
    /// The types of what is read.
    reads: Vec<Shape>,
    locals: Vec<(Arc<str>, Shape)>,
    /// Variables that are assigned to somewhere: their type may change, so nothing is said about it.
    changed: BTreeSet<Arc<str>>,
    /// What `return` gives.
    returned: Found,
    /// What was found that never works.
    wrong: Vec<Wrong>,
    /// How many `try` are around: what fails there is expected.
    tried: usize,
    /// Paths that a condition around has shown to lead to something, as text.
    proven: Vec<String>,
    /// The word that stands where a name is still to be written, if that is looked for.
    hole: Option<&'a str>,
    /// What is known there.
    gap: Option<Gap>,
    /// The type of what it is compared with.
    beside: Option<Shape>,
    /// The nodes below which it was looked for.
    looked: BTreeSet<(Span, usize)>,
}

const INT: Shape = Shape::Int(Bounds { min: None, max: None });
const FLOAT: Shape = Shape::Float(Bounds { min: None, max: None });
const TEXT: Shape = Shape::Text(Bounds { min: None, max: None }, None);

fn list(item: Shape) -> Shape {
    Shape::List(item.into(), Bounds::default())
}

fn map(value: Shape) -> Shape {
    Shape::Map(value.into(), Bounds::default())
}

fn optional(shape: Shape) -> Shape {
    joined(shape, Shape::Unit)
}

/// What one of two courses gives.
fn either(a: Found, b: Found) -> Found {
    match (a, b) {
        (Some(a), Some(b)) => Some(joined(a, b)),
        (a, b) => a.or(b),
    }
}

impl<'a> Infer<'a> {
    /// Nothing is known yet of what `tree` computes.
    fn new(found: &'a Resolved, library: &'a Library, settings: &'a [Setting], tree: &Node) -> Self {
        let (mut changed, mut own) = (BTreeSet::new(), BTreeSet::new());
        changes(tree, &mut changed);
        declares(tree, &mut own);
        Self {
            found,
            library,
            settings,
            calls: 0,
            followed: Vec::new(),
            own,
            reads: Vec::new(),
            locals: Vec::new(),
            changed,
            returned: None,
            wrong: Vec::new(),
            tried: 0,
            proven: Vec::new(),
            hole: None,
            gap: None,
            beside: None,
            looked: BTreeSet::new(),
        }
    }
}

impl Infer<'_> {
    /// The type of a node that is taken to give a value.
    fn value(&mut self, node: &Node) -> Shape {
        self.node(node).unwrap_or_default()
    }

    fn node(&mut self, node: &Node) -> Found {
        self.look_for_gap(node);
        let found = self.computed(node);
        self.look_below(node);
        found.map(|shape| self.as_proven(node, shape))
    }

    fn computed(&mut self, node: &Node) -> Found {
        Some(match &node.kind {
            Kind::Constant(value) => of_value(value),
            Kind::Char(_) | Kind::Text(_) => {
                if let Kind::Text(parts) = &node.kind {
                    for part in parts {
                        if let Part::Value(node) = part {
                            self.there(node, None);
                        }
                    }
                }
                TEXT
            }
            Kind::List(items) => {
                let items: Vec<Shape> = items.iter().map(|item| self.value(item)).collect();
                list(items.into_iter().reduce(joined).unwrap_or_default())
            }
            Kind::Map(entries) => {
                let fields = entries
                    .iter()
                    .map(|(key, value)| Field {
                        name: key.text.clone(),
                        shape: self.value(value),
                        default: None,
                        doc: None,
                    })
                    .collect();
                Shape::Object(Object { name: None, fields }.into())
            }
            Kind::Variable(name) => self.local(name),
            Kind::This => Shape::Any,
            Kind::Closure { .. } => {
                self.of_closure(Some(node), []);
                Shape::Any
            }
            Kind::Slot { read: at, .. } => {
                let read = &self.found.reads[*at];
                let shape = self.reads[*at].clone();
                if read.tested == Some(read.path.len()) { present(shape) } else { shape }
            }
            Kind::Setting(at) => {
                if self.settings[*at].secret {
                    Shape::Secret
                } else {
                    TEXT
                }
            }
            Kind::Field { of, name, optional: may } => {
                let of = if *may { self.value(of) } else { self.there(of, Some((name.text.to_string(), name.span))) };
                let absent = *may && matches!(of, Shape::Optional(_) | Shape::Unit);
                let of = present(of);
                if !*may && !self.is_proven(node) {
                    self.asked_for(&of, &name.text, name.span);
                }
                let found = field(&of, &name.text).unwrap_or_default();
                if absent { optional(found) } else { found }
            }
            Kind::Index { of, index, optional: may } => {
                let of = if *may { self.value(of) } else { self.there(of, None) };
                self.there(index, None);
                let found = match index.constant() {
                    Some(Value::Text(name)) => field(&present(of), &name).unwrap_or_default(),
                    _ => item(&present(of)),
                };
                if *may { optional(found) } else { found }
            }
            Kind::Unary { op, of } => {
                let found = self.there(of, None);
                match *op {
                    "!" => {
                        self.never(wrong::truth("!", of, &found));
                        Shape::Bool
                    }
                    _ if matches!(found, Shape::Int(_)) => INT,
                    _ if matches!(found, Shape::Float(_)) => FLOAT,
                    _ => found,
                }
            }
            Kind::Binary { op, op_span, left: left_side, right: right_side } => {
                let needed = !matches!(*op, "??" | "==" | "!=" | "in" | "!in");
                let left = if needed { self.there(left_side, None) } else { self.value(left_side) };
                if *op == "??" {
                    let idle = self.never_absent(left_side, &left);
                    self.never(idle);
                    let left = present(left);
                    let right = self.perhaps(|this| this.node(right_side));
                    return either((left != Shape::Unit).then_some(left), right);
                }
                let before = self.proven.len();
                let tried = self.tried;
                if matches!(*op, "&&" | "||") {
                    self.prove(left_side, *op == "&&");
                    self.tried += self.meant(left_side);
                }
                let needed = needed || matches!(*op, "in" | "!in");
                let right = if needed { self.there(right_side, None) } else { self.value(right_side) };
                self.proven.truncate(before);
                self.tried = tried;
                self.never(wrong::operands(op, *op_span, [(left_side, &left), (right_side, &right)]));
                binary(op, &left, &right)
            }
            Kind::Range { from, to, .. } => {
                for end in from.iter().chain(to) {
                    self.there(end, None);
                }
                list(INT)
            }
            Kind::Call { name, args, .. } => self.call(name, args),
            Kind::Method { of, name, args, optional: may } => {
                let tolerant = *may || tolerates(&name.text);
                let receiver =
                    if tolerant { self.value(of) } else { self.there(of, Some((called(name, args), name.span))) };
                let absent = *may && matches!(receiver, Shape::Optional(_) | Shape::Unit);
                let found = self.method(name, present(receiver), args);
                if absent { optional(found) } else { found }
            }
            Kind::Block(statements, tail) => return self.block(statements, *tail),
            Kind::If { condition, then, otherwise } => {
                self.there(condition, None);
                let meant = self.meant(condition);
                self.tried += meant;
                let then = self.where_proven(condition, true, |this| this.node(then));
                let otherwise = match otherwise {
                    Some(otherwise) => self.where_proven(condition, false, |this| this.node(otherwise)),
                    None => Some(Shape::Unit),
                };
                self.tried -= meant;
                return either(then, otherwise);
            }
            Kind::Switch { on, arms } => {
                let asked = self.value(on);
                let whole = arms.iter().any(|arm| arm.patterns.is_empty()) || absent::all_are_met(&asked, arms);
                let start = if whole { None } else { Some(Shape::Unit) };
                let meant = self.meant(on);
                self.tried += meant;
                let found = arms.iter().fold(start, |found, arm| {
                    let before = self.proven.len();
                    if !arm.patterns.is_empty() && !arm.patterns.iter().any(Node::is_unit) {
                        let leading = self.leading_to(on);
                        self.proven.extend(leading);
                    }
                    if let Some(guard) = &arm.guard {
                        self.there(guard, None);
                        self.prove(guard, true);
                    }
                    let body = self.node(&arm.body);
                    self.proven.truncate(before);
                    either(found, body)
                });
                self.tried -= meant;
                return found;
            }
            Kind::For { item: name, counter, over: over_node, body } => {
                let over = self.there(over_node, None);
                let before = self.locals.len();
                // The entries of a map are `#{ key, value }`.
                let turn = if matches!(over, Shape::Map(..) | Shape::Object(_)) { Shape::Any } else { item(&over) };
                self.declare(&name.text, turn);
                if let Some(counter) = counter {
                    self.declare(&counter.text, INT);
                }
                self.for_items(over_node, |this| this.node(body));
                self.locals.truncate(before);
                Shape::Any
            }
            Kind::While { condition, body } => {
                self.there(condition, None);
                self.perhaps(|this| this.where_proven(condition, true, |this| this.node(body)));
                Shape::Any
            }
            Kind::Loop { body } => {
                // What `break` gives is not followed.
                self.perhaps(|this| this.node(body));
                Shape::Any
            }
            Kind::Do { body, condition, .. } => {
                self.perhaps(|this| this.node(body));
                self.there(condition, None);
                Shape::Any
            }
            Kind::Try { body, handler, .. } => {
                self.tried += 1;
                let body = self.node(body);
                self.tried -= 1;
                self.node(handler);
                return either(body, Some(Shape::Unit));
            }
            Kind::Let { name, value, .. } => {
                let shape = value.as_ref().map_or(Shape::Unit, |value| self.value(value));
                let hopeful = value.as_ref().is_some_and(|value| absent::is_of_items(value));
                self.declare(&name.text, if hopeful { present(shape) } else { shape });
                Shape::Unit
            }
            Kind::Assign { value, .. } => {
                self.node(value);
                Shape::Unit
            }
            Kind::Leave { how, value } => {
                let value = value.as_ref().map_or(Shape::Unit, |value| self.value(value));
                if *how == Leave::Return {
                    self.returned = either(self.returned.take(), Some(value));
                }
                return None;
            }
            Kind::Function { .. } | Kind::Nothing => Shape::Unit,
        })
    }

    fn block(&mut self, statements: &[Node], tail: Tail) -> Found {
        let (locals, proven, tried) = (self.locals.len(), self.proven.len(), self.tried);
        let mut found = Some(Shape::Unit);
        for statement in statements {
            found = self.node(statement);
            if found.is_none() {
                break;
            }
            // Behind `if x == () { return 0; }` it is there.
            if let Kind::If { condition, then, otherwise: None } = &statement.kind
                && then.diverges()
            {
                self.prove(condition, false);
                self.tried += self.meant(condition);
            }
        }
        self.tried = tried;
        self.locals.truncate(locals);
        self.proven.truncate(proven);
        if tail == Tail::Nothing && found.is_some() { Some(Shape::Unit) } else { found }
    }

    /// From here on `name` means a value of this type, as far as it keeps it.
    fn declare(&mut self, name: &Arc<str>, shape: Shape) {
        let shape = if self.changed.contains(name) { Shape::Any } else { shape };
        self.locals.push((name.clone(), shape));
    }

    /// Whether a function is one of the program or of the script itself.
    fn is_own(&self, name: &str) -> bool {
        self.own.contains(name) || self.library.params(name).is_some()
    }

    fn local(&self, name: &str) -> Shape {
        let known = self.locals.iter().rev().find(|(local, _)| &**local == name);
        known.map_or(Shape::Any, |(_, shape)| shape.clone())
    }

    /// What a closure gives for an item of this type, or the field that stands in its place.
    fn of_item(&mut self, by: Option<&Node>, item: Shape) -> Shape {
        match by.and_then(Node::constant) {
            Some(Value::Text(name)) => {
                let span = by.map(|by| by.span).unwrap_or_default();
                self.asked_for(&item, &name, span);
                field(&item, &name).unwrap_or_default()
            }
            _ => self.of_closure(by, [item, INT]),
        }
    }

    /// What a closure gives for arguments of these types.
    fn of_closure<const N: usize>(&mut self, closure: Option<&Node>, given: [Shape; N]) -> Shape {
        if let Some((name, node)) = closure.and_then(|node| Some((body::pointed(node)?, node))) {
            let params = self.library.params(&name).unwrap_or(N).min(N);
            self.follow_call(&name, &given[..params], node.span);
            return Shape::Any;
        }
        let Some(Node { kind: Kind::Closure { params, body }, .. }) = closure else { return Shape::Any };
        let before = self.locals.len();
        for (at, param) in params.iter().enumerate() {
            self.declare(&param.text, given.get(at).cloned().unwrap_or_default());
        }
        let outer = self.returned.take();
        self.never(wrong::in_place(body));
        let value = self.node(body);
        let returned = std::mem::replace(&mut self.returned, outer);
        self.locals.truncate(before);
        either(value, returned).unwrap_or_default()
    }
}

impl Infer<'_> {
    /// A field is asked for strictly.
    fn asked_for(&mut self, of: &Shape, name: &Arc<str>, span: Span) {
        if wrong::lacks(of, name) {
            self.never(Some(Wrong::Field { of: of.clone(), name: name.clone(), span }));
        }
    }

    /// Keeps what never works, once for each place; inside of `try` it may be meant.
    fn never(&mut self, found: Option<Wrong>) {
        if self.tried == 0 {
            self.wrong.extend(found);
        }
    }
}

/// Methods of Rhai that give a map other fields, or a list items of another type.
const RESHAPING: [&str; 8] = ["set", "mixin", "fill_with", "push", "append", "insert", "pad", "splice"];

/// The names of variables that an assignment changes, or a method that gives them other fields.
fn changes(node: &Node, found: &mut BTreeSet<Arc<str>>) {
    let target = match &node.kind {
        Kind::Assign { target, .. } => Some(target),
        Kind::Method { of, name, .. } if RESHAPING.contains(&&*name.text) => Some(of),
        _ => None,
    };
    if let Some(target) = target {
        let mut root = &**target;
        while let Kind::Field { of, .. } | Kind::Index { of, .. } = &root.kind {
            root = of;
        }
        if let Kind::Variable(name) = &root.kind {
            found.insert(name.clone());
        }
    }
    node.kind.each_child(&mut |child| changes(child, found));
}

/// A method as people write it.
fn called(name: &Name, args: &[Node]) -> String {
    format!("{}({})", name.text, if args.is_empty() { "" } else { "..." })
}

/// The names of the functions that a script declares.
fn declares(node: &Node, found: &mut BTreeSet<Arc<str>>) {
    if let Kind::Function { name, .. } = &node.kind {
        found.insert(name.text.clone());
    }
    node.kind.each_child(&mut |child| declares(child, found));
}

/// The type of a value.
pub(super) fn of_value(value: &Value) -> Shape {
    match value {
        Value::Unit => Shape::Unit,
        Value::Null => Shape::Any,
        Value::Bool(_) => Shape::Bool,
        Value::Int(_) => INT,
        Value::Float(_) => FLOAT,
        Value::Text(_) => TEXT,
        Value::Bytes(_) => Shape::Bytes,
        Value::DateTime(_) => Shape::DateTime,
        Value::Date(_) => Shape::Date,
        Value::Duration(_) => Shape::Duration,
        Value::Secret(_) => Shape::Secret,
        Value::List(items) => list(items.iter().map(of_value).reduce(joined).unwrap_or_default()),
        Value::Set(set) => {
            Shape::Set(set.iter().map(of_value).reduce(joined).unwrap_or_default().into(), Bounds::default())
        }
        Value::Map(entries) => {
            let field = |(name, value): (&Arc<str>, &Value)| Field {
                name: name.clone(),
                shape: of_value(value),
                default: None,
                doc: None,
            };
            Shape::Object(Object { name: None, fields: entries.iter().map(field).collect() }.into())
        }
    }
}

fn binary(op: &str, left: &Shape, right: &Shape) -> Shape {
    use Shape::{Any, Bool, Date, DateTime, Duration, Float, Int, List, Object, Set, Text};
    match (op, left, right) {
        ("&&" | "||" | "==" | "!=" | "<" | ">" | "<=" | ">=" | "in" | "!in", _, _) => Bool,
        ("<<" | ">>", _, _) => INT,
        (_, Int(_), Int(_)) => INT,
        ("+" | "-" | "*" | "/" | "%" | "**", Int(_) | Float(_), Int(_) | Float(_)) => FLOAT,
        ("+" | "-", Set(item, bounds), _) => Set(item.clone(), *bounds),
        ("+", text, _) | ("+", _, text) if is_text(text) => TEXT,
        ("+", List(a, _), List(b, _)) => list(joined((**a).clone(), (**b).clone())),
        ("+", DateTime, Duration) | ("+", Duration, DateTime) | ("-", DateTime, Duration) => DateTime,
        ("+", Date, Duration) | ("+", Duration, Date) | ("-", Date, Duration) => Date,
        ("-", DateTime, DateTime) | ("-", Date, Date) | ("+" | "-", Duration, Duration) => Duration,
        ("*", Duration, Int(_) | Float(_)) | ("*", Int(_) | Float(_), Duration) => Duration,
        ("/", Duration, Int(_) | Float(_)) => Duration,
        ("/", Duration, Duration) => FLOAT,
        ("&" | "|" | "^", Bool, Bool) => Bool,
        ("+", Object(_) | Shape::Map(..), Object(_) | Shape::Map(..)) => Any,
        (_, Text(..), _) => Any,
        _ => Any,
    }
}

/// Whether every value of the type is a text.
fn is_text(shape: &Shape) -> bool {
    match shape {
        Shape::Text(..) | Shape::Email | Shape::Url | Shape::Uuid => true,
        Shape::OneOf(values) => values.iter().all(|value| matches!(value, Value::Text(_))),
        _ => false,
    }
}
