//! What a condition says about the paths in it: that they lead to something.

use std::sync::Arc;

use super::super::path::{self, Segment};
use super::super::tree::{Kind, Node};
use super::call::TOLERANT;
use super::name::Resolver;
use crate::base::value::Value;

/// A path as the text by which facts know it.
pub(super) fn fact(root: &str, path: &[Segment]) -> String {
    path::written(root, path, path.len())
}

/// The text of a path that has been resolved, if the node is one.
pub(super) fn known(node: &Node, resolver: &Resolver<'_>) -> Option<(Arc<str>, Vec<Segment>)> {
    match &node.kind {
        Kind::Slot { read, .. } => {
            let read = &resolver.found.reads[*read];
            Some((read.root.clone(), read.path.clone()))
        }
        _ => None,
    }
}

/// A path and all that leads to it, as facts.
pub(super) fn prefixes((root, path): &(Arc<str>, Vec<Segment>)) -> Vec<String> {
    (0..=path.len()).map(|upto| fact(root, &path[..upto])).collect()
}

/// The paths that are known to lead to something once `condition` has turned out as `truth`.
pub(super) fn facts(condition: &Node, truth: bool, resolver: &Resolver<'_>) -> Vec<String> {
    proven(condition, truth, &|node| known(node, resolver).map(|path| prefixes(&path)).unwrap_or_default())
}

/// What is proven to be there once `condition` has turned out as `truth`; `of` says what follows where a node is there.
pub(in crate::lang::script) fn proven(condition: &Node, truth: bool, of: &dyn Fn(&Node) -> Vec<String>) -> Vec<String> {
    match &condition.kind {
        Kind::Slot { .. } | Kind::Variable(_) | Kind::Field { .. } | Kind::Index { .. } if truth => of(condition),
        Kind::Block(statements, _) => match statements.as_slice() {
            [only] => proven(only, truth, of),
            _ => Vec::new(),
        },
        Kind::Unary { op: "!", of: inner } => proven(inner, !truth, of),
        Kind::Binary { op, left, right, .. } => {
            let both = |left: Vec<String>, right: Vec<String>| left.into_iter().chain(right).collect();
            match (*op, truth) {
                ("&&", true) | ("||", false) => both(proven(left, truth, of), proven(right, truth, of)),
                ("==", false) | ("!=", true) if right.is_unit() => of(left),
                ("==", false) | ("!=", true) if left.is_unit() => of(right),
                ("==", true) | ("!=", false) if matches!(right.kind, Kind::Constant(_)) && !right.is_unit() => {
                    both(of(left), typed(left, right, true, of))
                }
                ("==", true) | ("!=", false) if matches!(left.kind, Kind::Constant(_)) && !left.is_unit() => of(right),
                ("==", false) | ("!=", true) => typed(left, right, false, of),
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
fn typed(left: &Node, right: &Node, equal: bool, of: &dyn Fn(&Node) -> Vec<String>) -> Vec<String> {
    let Kind::Constant(Value::Text(word)) = &right.kind else { return Vec::new() };
    let asked = match &left.kind {
        Kind::Call { name, args, .. } if &*name.text == "type_of" => args.first(),
        Kind::Method { of, name, .. } if &*name.text == "type_of" => Some(&**of),
        _ => None,
    };
    asked.filter(|_| equal == (&**word != "()")).map(of).unwrap_or_default()
}
