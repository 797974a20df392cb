//! What an expression demands of one of its names in order to be true: `event.order.id == input.order && ...`.

use super::compute::Bindings;
use super::expr::{Expr, Scope};
use super::path::{Key, Segment};
use super::resolve::Read;
use super::tree::{Kind, Node};
use crate::base::value::Value;

/// That a field has a certain value.
#[derive(Clone, Debug, PartialEq)]
pub struct Demand {
    /// Where the field is, from the name on: `order.id`.
    pub path: String,
    /// The value.
    pub value: Value,
}

impl Expr {
    /// The first demand that is made of `name` by `==`, alone or joined to others by `&&`, with a value that does not depend on
    /// `name`. Where the demand is not met, the expression is not true. None where there is no such demand, or its value
    /// cannot be told without Rhai.
    pub fn demand(&self, name: &str, scope: &dyn Scope) -> Option<Demand> {
        let (tree, found) = self.tree();
        let mut bindings = Bindings::new(found, scope);
        let sides = equalities(tree).into_iter().flat_map(|(left, right)| [(left, right), (right, left)]);
        for (field, other) in sides {
            if let Some(path) = field_of(field, name, &found.reads)
                && is_apart(other, name, &found.reads)
                && let Ok(Some(value)) = bindings.compute(other)
            {
                return Some(Demand { path, value });
            }
        }
        None
    }

    /// Whether evaluating it may ask the clock, chance, or a function of the program, which may do so.
    pub fn asks(&self) -> bool {
        self.tree().1.asks
    }
}

/// Both sides of each `==` that must hold for `node` to be true.
fn equalities(node: &Node) -> Vec<(&Node, &Node)> {
    let (mut found, mut left_over) = (Vec::new(), vec![node]);
    while let Some(node) = left_over.pop() {
        match &node.kind {
            Kind::Binary { op: "&&", left, right, .. } => left_over.extend([&**right, &**left]),
            Kind::Binary { op: "==", left, right, .. } => found.push((&**left, &**right)),
            _ => {}
        }
    }
    found
}

/// The path of a field of `name`, if `node` is one and nothing else.
fn field_of(node: &Node, name: &str, reads: &[Read]) -> Option<String> {
    let Kind::Slot { read, .. } = node.kind else { return None };
    let read = reads.get(read).filter(|read| *read.root == *name && !read.path.is_empty())?;
    let parts = read.path.iter().map(part).collect::<Option<Vec<_>>>()?;
    Some(parts.join("."))
}

fn part(segment: &Segment) -> Option<&str> {
    match &segment.key {
        Key::Field(name) if !name.contains('.') => Some(name),
        Key::Field(_) | Key::Item(_) => None,
    }
}

/// Whether `node` neither reads `name` nor a setting, which is nobody's business elsewhere.
fn is_apart(node: &Node, name: &str, reads: &[Read]) -> bool {
    let mut apart = match &node.kind {
        Kind::Slot { read, .. } => reads.get(*read).is_some_and(|read| *read.root != *name),
        Kind::Setting(_) => false,
        _ => true,
    };
    node.kind.each_child(&mut |child| apart = apart && is_apart(child, name, reads));
    apart
}
