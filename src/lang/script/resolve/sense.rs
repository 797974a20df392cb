//! What can be seen never to work, whatever is computed: literals where they cannot stand.

use super::super::code;
use super::super::tree::{Kind, Node};
use crate::base::diagnostic::Diagnostic;
use crate::base::value::Value;

/// Complains about a node that can never work.
pub(super) fn complain(node: &Node, found: &mut Vec<Diagnostic>) {
    match &node.kind {
        Kind::Binary { op: "&&" | "||", left, right, .. } => {
            [left, right].into_iter().for_each(|side| truth(side, found))
        }
        Kind::Binary { op: op @ ("in" | "!in"), left, right, .. } => match (&left.kind, &right.kind) {
            (
                _,
                Kind::Constant(Value::Unit | Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Duration(_))
                | Kind::Char(_),
            ) => {
                let message = format!("nothing can be `{op}` {}", literal(right));
                found.push(
                    Diagnostic::error(code::PLACE, right.span, message)
                        .hint("it looks in lists, sets, maps, texts and ranges"),
                );
            }
            (
                Kind::Constant(Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Unit),
                Kind::Constant(Value::Text(_)) | Kind::Text(_),
            ) => {
                found.push(Diagnostic::error(code::PLACE, left.span, format!("{} is never in a text", literal(left))));
            }
            _ => {}
        },
        Kind::Binary { op: "==" | "!=", left, right, .. } => {
            kind_of(left, right, found);
            kind_of(right, left, found);
        }
        Kind::If { condition, .. } | Kind::While { condition, .. } | Kind::Do { condition, .. } => {
            truth(condition, found)
        }
        Kind::For { over, .. } => {
            if matches!(
                over.kind,
                Kind::Constant(
                    Value::Unit | Value::Null | Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Duration(_)
                )
            ) {
                let message =
                    format!("`for` goes through lists, sets, maps, texts and ranges, not through {}", literal(over));
                let complaint = Diagnostic::error(code::PLACE, over.span, message);
                found.push(match over.kind {
                    Kind::Constant(Value::Int(number)) => {
                        complaint.fix("for so many turns write a range", over.span, format!("0..{number}"))
                    }
                    _ => complaint,
                });
            }
        }
        Kind::Index { of, index, .. } => {
            let by_name = matches!(index.kind, Kind::Constant(Value::Text(_)) | Kind::Text(_));
            let by_number = matches!(index.kind, Kind::Constant(Value::Int(_)));
            let never = matches!(
                index.kind,
                Kind::Constant(Value::Unit | Value::Float(_) | Value::Bool(_) | Value::Null)
                    | Kind::Char(_)
                    | Kind::List(_)
                    | Kind::Map(_)
            );
            let wrong = match &of.kind {
                Kind::List(_) | Kind::Constant(Value::Text(_)) | Kind::Text(_) => by_name,
                Kind::Map(_) => by_number,
                Kind::Constant(_) | Kind::Char(_) => true,
                _ => false,
            };
            if wrong || never {
                found.push(
                    Diagnostic::error(code::PLACE, index.span, "nothing can be found by this index")
                        .hint("items of a list have numbers, `[0]`; fields of a map have names, `[\"name\"]`"),
                );
            }
        }
        Kind::Map(entries) => {
            for (at, (key, _)) in entries.iter().enumerate() {
                if let Some((first, _)) = entries[..at].iter().find(|(known, _)| known.text == key.text) {
                    let message = format!("the map has two entries `{}`", key.text);
                    found.push(Diagnostic::error(code::PLACE, key.span, message).also(first.span, "the first one"));
                }
            }
        }
        Kind::Closure { params, .. } => {
            for (at, param) in params.iter().enumerate() {
                if let Some(first) = params[..at].iter().find(|known| known.text == param.text) {
                    let message = format!("two parameters are called `{}`", param.text);
                    found.push(Diagnostic::error(code::PLACE, param.span, message).also(first.span, "the first one"));
                }
            }
        }
        Kind::Switch { arms, .. } => {
            let mut range = None;
            for arm in arms {
                if let Some(guard) = &arm.guard {
                    truth(guard, found);
                }
                for pattern in &arm.patterns {
                    match (&pattern.kind, range) {
                        (Kind::Range { .. }, None) => range = Some(pattern.span),
                        (Kind::Constant(Value::Int(_) | Value::Float(_)), Some(range)) => {
                            found.push(
                                Diagnostic::error(
                                    code::PLACE,
                                    pattern.span,
                                    "a number stands behind a range in this `switch`",
                                )
                                .also(range, "the range")
                                .hint("put single numbers before the ranges"),
                            );
                        }
                        _ => {}
                    }
                }
            }
        }
        _ => {}
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
        "null" | "undefined" | "none" | "None" => "()",
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
