//! What can be seen never to work, whatever is computed: literals where they cannot stand.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::super::code;
use super::super::tree::{Arm, Kind, Name, Node};
use super::super::word::{self, CALLED_ONLY, NEVER_METHODS};
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;
use crate::base::value::Value;

/// Complains about a node that can never work.
pub(super) fn complain(node: &Node, found: &mut Vec<Diagnostic>) {
    match &node.kind {
        Kind::Binary { op: "&&" | "||", left, right, .. } => {
            truth(left, found);
            truth(right, found);
        }
        Kind::Binary { op: op @ ("in" | "!in"), left, right, .. } => membership(op, left, right, found),
        Kind::Binary { op: "==" | "!=", left, right, .. } => {
            kind_of(left, right, found);
            kind_of(right, left, found);
        }
        Kind::If { condition, .. } | Kind::While { condition, .. } | Kind::Do { condition, .. } => {
            truth(condition, found);
        }
        Kind::For { over, .. } => turns(over, found),
        Kind::Index { of, index, .. } => index_of(of, index, found),
        Kind::Field { of, name, optional: false } => field_of(of, name, found),
        Kind::Method { name, .. } => method(name, found),
        Kind::Map(entries) => {
            twice(entries.iter().map(|(key, _)| key), |name| format!("the map has two entries `{name}`"), found);
        }
        Kind::Closure { params, .. } => {
            twice(params, |name| format!("two parameters are called `{name}`"), found);
        }
        Kind::Switch { arms, .. } => switch(arms, found),
        _ => {}
    }
}

/// Says of a node that it can never work where it stands.
fn misplaced(node: &Node, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(code::PLACE, node.span, message.into())
}

fn membership(op: &str, left: &Node, right: &Node, found: &mut Vec<Diagnostic>) {
    let holds_nothing = matches!(
        right.kind,
        Kind::Constant(Value::Unit | Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Duration(_))
            | Kind::Char(_)
    );
    let never_in_text =
        matches!(left.kind, Kind::Constant(Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Unit));
    let is_text = matches!(right.kind, Kind::Constant(Value::Text(_)) | Kind::Text(_));
    if holds_nothing {
        let complaint = misplaced(right, format!("nothing can be `{op}` {}", literal(right)));
        found.push(complaint.hint("it looks in lists, sets, maps, texts and ranges"));
    } else if never_in_text && is_text {
        found.push(misplaced(left, format!("{} is never in a text", literal(left))));
    }
}

fn field_of(of: &Node, name: &Name, found: &mut Vec<Diagnostic>) {
    let plain = word::is_name(&name.text) && !CALLED_ONLY.contains(&&*name.text);
    let is_literal = matches!(of.kind, Kind::Constant(_) | Kind::Char(_) | Kind::Text(_) | Kind::List(_));
    if is_literal && !plain {
        let message = format!("{} has no field `{}`", literal(of), name.text);
        found.push(Diagnostic::error(code::PLACE, name.span, message));
    }
}

fn method(name: &Name, found: &mut Vec<Diagnostic>) {
    if NEVER_METHODS.contains(&&*name.text) {
        let message = format!("`{}` is a function and no method", name.text);
        found.push(Diagnostic::error(code::PLACE, name.span, message).hint(format!("write `{}(...)`", name.text)));
        return;
    }
    if !word::is_name(&name.text) {
        let hint = format!("a function that a map holds by this name is called by `[\"{}\"].call(...)`", name.text);
        let message = format!("`{}` is a word of Rhai and no method", name.text);
        found.push(Diagnostic::error(code::PLACE, name.span, message).hint(hint));
    }
}

fn turns(over: &Node, found: &mut Vec<Diagnostic>) {
    let Kind::Constant(value) = &over.kind else { return };
    if !matches!(
        value,
        Value::Unit | Value::Null | Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Duration(_)
    ) {
        return;
    }
    let message = format!("`for` goes through lists, sets, maps, texts and ranges, not through {}", literal(over));
    let complaint = misplaced(over, message);
    found.push(match value {
        Value::Int(number) => complaint.fix("for so many turns write a range", over.span, format!("0..{number}")),
        _ => complaint,
    });
}

fn index_of(of: &Node, index: &Node, found: &mut Vec<Diagnostic>) {
    let by_name = matches!(index.kind, Kind::Constant(Value::Text(_)) | Kind::Text(_));
    let by_number = matches!(index.kind, Kind::Constant(Value::Int(_)));
    let never = matches!(
        index.kind,
        Kind::Constant(Value::Unit | Value::Float(_) | Value::Bool(_) | Value::Null)
            | Kind::Char(_)
            | Kind::List(_)
            | Kind::Map(_)
            | Kind::Binary { op: "&&" | "||" | "==" | "!=" | "<" | "<=" | ">" | ">=", .. }
    );
    let wrong = match &of.kind {
        Kind::List(_) | Kind::Constant(Value::Text(_)) | Kind::Text(_) => by_name,
        Kind::Map(_) => by_number,
        Kind::Constant(_) | Kind::Char(_) => true,
        _ => false,
    };
    if wrong || never {
        found.push(
            misplaced(index, "nothing can be found by this index")
                .hint("items of a list have numbers, `[0]`; fields of a map have names, `[\"name\"]`"),
        );
    }
}

/// Complains about names of which one stands there twice.
fn twice<'n>(names: impl IntoIterator<Item = &'n Name>, message: impl Fn(&str) -> String, found: &mut Vec<Diagnostic>) {
    let mut known: BTreeMap<&str, Span> = BTreeMap::new();
    for name in names {
        match known.entry(&name.text) {
            Entry::Vacant(place) => drop(place.insert(name.span)),
            Entry::Occupied(first) => {
                let complaint = Diagnostic::error(code::PLACE, name.span, message(&name.text));
                found.push(complaint.also(*first.get(), "the first one"));
            }
        }
    }
}

fn switch(arms: &[Arm], found: &mut Vec<Diagnostic>) {
    let mut range = None;
    for arm in arms {
        arm.guard.iter().for_each(|guard| truth(guard, found));
        for pattern in &arm.patterns {
            match (&pattern.kind, range) {
                (Kind::Range { .. }, None) => range = Some(pattern.span),
                (Kind::Constant(Value::Int(_) | Value::Float(_)), Some(range)) => found.push(
                    misplaced(pattern, "a number stands behind a range in this `switch`")
                        .also(range, "the range")
                        .hint("put single numbers before the ranges"),
                ),
                _ => {}
            }
        }
    }
}

/// Complains about what is asked for its truth and is a literal of another type.
fn truth(node: &Node, found: &mut Vec<Diagnostic>) {
    let never = match &node.kind {
        Kind::Constant(value) => !matches!(value, Value::Bool(_)),
        Kind::Char(_) | Kind::Text(_) | Kind::List(_) | Kind::Map(_) | Kind::Range { .. } | Kind::Closure { .. } => {
            true
        }
        Kind::Assign { .. } => true,
        _ => false,
    };
    if never {
        let message = format!("{} is neither true nor false", literal(node));
        found.push(Diagnostic::error(code::PLACE, node.span, message).hint("compare it with something: `x == ...`"));
    }
}

/// Complains about `type_of(x) == "int"`: Rhai calls its types otherwise.
fn kind_of(call: &Node, name: &Node, found: &mut Vec<Diagnostic>) {
    let asks = matches!(&call.kind, Kind::Call { name, .. } | Kind::Method { name, .. } if &*name.text == "type_of");
    let Kind::Constant(Value::Text(word)) = &name.kind else { return };
    let ours = match &**word {
        "int" | "integer" | "number" => "i64",
        "float" | "double" => "f64",
        "list" | "tuple" => "array",
        "object" | "dict" => "map",
        "text" | "str" | "String" => "string",
        "boolean" => "bool",
        "undefined" | "none" | "None" => "()",
        "bytes" => "blob",
        "function" => "Fn",
        _ => return,
    };
    if asks {
        let complaint = Diagnostic::error(code::PLACE, name.span, format!("`type_of` never gives `{word}`"));
        found.push(complaint.fix(format!("it is called `{ours}` there"), name.span, format!("\"{ours}\"")));
    }
}

fn literal(node: &Node) -> String {
    match &node.kind {
        Kind::Constant(Value::Unit) => "`()`".into(),
        Kind::Constant(Value::Int(_) | Value::Float(_)) => "a number".into(),
        Kind::Constant(Value::Duration(_)) => "a duration".into(),
        Kind::Constant(Value::Bool(_)) => "a bool".into(),
        Kind::Constant(Value::Text(_)) | Kind::Text(_) => "a text".into(),
        Kind::Char(_) => "a character".into(),
        Kind::List(_) => "a list".into(),
        Kind::Map(_) => "a map".into(),
        Kind::Range { .. } => "a range".into(),
        Kind::Closure { .. } => "a function".into(),
        _ => "this".into(),
    }
}
