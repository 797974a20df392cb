//! Where a value must be there and its type says that it may be absent; and what conditions around have shown to be there.

use super::super::path::Key;
use super::super::resolve::{Place, proven, wants};
use super::super::tree::{Arm, Kind, Node};
use super::super::{path, resolve};
use super::{Found, Infer, Wrong, present};
use crate::base::shape::{Object, Shape};
use crate::base::span::Span;
use crate::base::value::Value;

/// Functions that give `()` only of a list without items. As nobody is told that `list[0]` may find nothing, nobody is told
/// of these where what they give is used at once.
const OF_ITEMS: [&str; 4] = ["first", "last", "min", "max"];

impl Infer<'_> {
    /// The type of a node whose value must be there; `next` is the field or method that is asked of it.
    pub(super) fn there(&mut self, node: &Node, next: Option<(String, Span)>) -> Shape {
        let shape = self.value(node);
        if !matches!(shape, Shape::Optional(_)) {
            return shape;
        }
        // A path from outside has been followed by who knows what is outside; whoever asks a computed list by `?[` has
        // said that nothing may be there, and imported programs say it of every index.
        let asks = matches!(node.kind, Kind::Slot { .. } | Kind::Index { optional: true, .. });
        if !asks && !is_of_items(node) {
            let path = self.path(node);
            self.never(Some(Wrong::Absent { path, next, span: node.span }));
        }
        present(shape)
    }

    /// The types of what a function is given, of the first argument behind those that `skipped` counts on. What closures
    /// are given is known to who knows the function.
    pub(super) fn arguments(&mut self, name: &str, args: &[Node], skipped: usize) -> Vec<Shape> {
        let mut given = Vec::with_capacity(args.len());
        for (at, arg) in args.iter().enumerate() {
            given.push(match &arg.kind {
                Kind::Closure { .. } => Shape::Any,
                _ if wants(name, at + skipped) == resolve::Demand::Present => self.there(arg, None),
                _ => self.value(arg),
            });
        }
        given
    }

    /// Does `inner` where `condition` has turned out as `truth`.
    pub(super) fn where_proven(
        &mut self,
        condition: &Node,
        truth: bool,
        inner: impl FnOnce(&mut Self) -> Found,
    ) -> Found {
        let before = self.proven.len();
        self.prove(condition, truth);
        let found = inner(self);
        self.proven.truncate(before);
        found
    }

    /// From here on `condition` is known to have turned out as `truth`.
    pub(super) fn prove(&mut self, condition: &Node, truth: bool) {
        let found = self.shown(condition, truth);
        self.proven.extend(found);
    }

    fn shown(&self, condition: &Node, truth: bool) -> Vec<String> {
        proven(condition, truth, &|node| self.leading_to(node))
    }

    /// The type of a node, without `?` if a condition around has shown that it is there.
    pub(super) fn as_proven(&self, node: &Node, shape: Shape) -> Shape {
        if matches!(shape, Shape::Optional(_)) && self.is_proven(node) { present(shape) } else { shape }
    }

    /// Whether a condition around has shown that a node is there.
    pub(super) fn is_proven(&self, node: &Node) -> bool {
        !self.proven.is_empty() && self.path(node).is_some_and(|path| self.proven.contains(&path))
    }

    /// The type of the items for which a closure says `true`.
    pub(super) fn kept(&self, by: Option<&Node>, item: Shape) -> Shape {
        let Some(Node { kind: Kind::Closure { params, body }, .. }) = by else { return item };
        let Some(param) = params.first() else { return item };
        self.shown(body, true).into_iter().fold(item, |item, shown| match shown.strip_prefix(&*param.text) {
            Some(rest) => narrowed(item, rest),
            None => item,
        })
    }

    /// The left side of a `??`, if it is never `()`. What an index does not find is an error, and not `()`.
    pub(super) fn never_absent(&mut self, left: &Node, shape: &Shape) -> Option<Wrong> {
        // What a function is given may be absent where another calls it.
        if self.calls > 0 || shape.may_be_absent() {
            return None;
        }
        let path = self.path(left);
        let (asks, read, sign) = match &left.kind {
            Kind::Constant(_) | Kind::Text(_) | Kind::List(_) | Kind::Map(_) => (false, None, None),
            Kind::Binary { op, .. } if !matches!(*op, "??" | "&&" | "||") => (false, None, None),
            Kind::Index { of, index, optional: false } => {
                // A path costs little to be looked at twice; what holds another `??` would be again and again.
                self.path(of)?;
                let of = self.again(of)?;
                let sign = (left.span.end == index.span.end + 1).then(|| (sign_before(index.span), "?["));
                (matches!(of, Shape::List(..) | Shape::Map(..)), None, sign)
            }
            Kind::Slot { read, .. } => {
                let found = &self.found.reads[*read];
                let is_here = |place: &&Place| place.root.start == left.span.start && place.read == *read;
                let place = self.found.places.iter().find(is_here)?;
                let sign = place.segments.last().and_then(|last| match left.span.end.checked_sub(last.end)? {
                    0 => Some((sign_before(*last), "?.")),
                    1 => Some((sign_before(*last), "?[")),
                    _ => None,
                });
                (found.path.last().is_some_and(|last| !last.optional), Some(*read), sign)
            }
            _ => return None,
        };
        if matches!(left.kind, Kind::Index { .. }) && !asks {
            return None;
        }
        let asking = if asks { self.asking(left) } else { None };
        Some(Wrong::NeverAbsent { path, sign: sign.filter(|_| asking.is_some()), asking, read, span: left.span })
    }

    /// A path with a `?` before what it asks for last.
    fn asking(&self, node: &Node) -> Option<String> {
        let path = self.path(node)?;
        let before = match &node.kind {
            Kind::Index { of, .. } | Kind::Field { of, .. } => self.path(of)?,
            Kind::Slot { read, .. } => {
                let read = &self.found.reads[*read];
                path::written(&read.root, &read.path, read.path.len().checked_sub(1)?)
            }
            _ => return None,
        };
        Some(format!("{before}?{}", path.strip_prefix(&before)?))
    }

    /// The type of a node that has been looked at before: nothing is said of it twice.
    fn again(&mut self, node: &Node) -> Option<Shape> {
        let found = self.wrong.len();
        let shape = self.node(node);
        self.wrong.truncate(found);
        shape
    }

    /// A path that leads to a node, and all that lead to it.
    pub(super) fn leading_to(&self, node: &Node) -> Vec<String> {
        let mut found: Vec<String> = self.path(node).into_iter().collect();
        let mut here = node;
        while let Kind::Field { of, .. } | Kind::Index { of, .. } = &here.kind {
            here = of;
            found.extend(self.path(here));
        }
        if let Kind::Slot { read, .. } = &here.kind {
            let read = &self.found.reads[*read];
            found.extend((0..read.path.len()).map(|upto| path::written(&read.root, &read.path, upto)));
        }
        found
    }

    /// A node as people write it, if it is a path.
    pub(super) fn path(&self, node: &Node) -> Option<String> {
        Some(match &node.kind {
            Kind::Variable(name) => name.to_string(),
            Kind::Slot { read, .. } => {
                let read = &self.found.reads[*read];
                path::written(&read.root, &read.path, read.path.len())
            }
            Kind::Field { of, name, .. } => format!("{}{}", self.path(of)?, Key::Field(name.text.clone())),
            Kind::Index { of, index, .. } => {
                let of = self.path(of)?;
                match index.constant() {
                    Some(Value::Text(name)) => format!("{of}{}", Key::Field(name)),
                    Some(Value::Int(number)) => format!("{of}{}", Key::Item(number)),
                    Some(_) => return None,
                    None => format!("{of}[{}]", self.path(index)?),
                }
            }
            _ => return None,
        })
    }
}

/// The sign just before a place.
fn sign_before(span: Span) -> Span {
    Span { start: span.start.saturating_sub(1), end: span.start, ..span }
}

/// Whether a node is a call that gives `()` only where there are no items.
pub(super) fn is_of_items(node: &Node) -> bool {
    matches!(&node.kind, Kind::Call { name, .. } | Kind::Method { name, .. } if OF_ITEMS.contains(&&*name.text))
}

/// Whether one of the arms of a `switch` is taken for every value of this type.
pub(super) fn all_are_met(asked: &Shape, arms: &[Arm]) -> bool {
    let met = |value: &Value| {
        let takes =
            |arm: &Arm| arm.guard.is_none() && arm.patterns.iter().any(|at| at.constant().as_ref() == Some(value));
        arms.iter().any(takes)
    };
    match asked {
        Shape::OneOf(values) => values.iter().all(met),
        Shape::Bool => met(&Value::Bool(true)) && met(&Value::Bool(false)),
        Shape::Optional(inner) => met(&Value::Unit) && all_are_met(inner, arms),
        _ => false,
    }
}

/// A type in which the field at the end of a path, such as `.customer.name`, is there.
fn narrowed(shape: Shape, path: &str) -> Shape {
    if path.is_empty() {
        return present(shape);
    }
    let (Shape::Object(object), Some(path)) = (&shape, path.strip_prefix('.')) else { return shape };
    let (name, rest) = path.find(['.', '[']).map_or((path, ""), |end| path.split_at(end));
    let mut fields = object.fields.clone();
    for field in fields.iter_mut().filter(|field| &*field.name == name) {
        field.shape = narrowed(std::mem::take(&mut field.shape), rest);
    }
    Shape::Object(Object { name: object.name.clone(), fields }.into())
}
