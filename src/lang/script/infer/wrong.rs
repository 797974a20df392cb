//! What the types of an expression say can never work: fields that are not there, operators between what does not go
//! together. Only what is sure is said; where a type is not known, the run tells.

use std::sync::Arc;

use super::super::tree::{Kind, Node};
use super::is_text;
use crate::base::shape::{Lookup, Shape};
use crate::base::span::Span;
use crate::base::value::Value;

/// One place that never works.
#[derive(Clone, Debug, PartialEq)]
pub enum Wrong {
    /// A field of something whose fields are known, and it is not among them.
    Field {
        /// What has other fields.
        of: Shape,
        /// The field that was asked for.
        name: Arc<str>,
        /// Where it is named.
        span: Span,
    },
    /// A value that may be absent where it must be there.
    Absent {
        /// The value as people write it, if it is a path.
        path: Option<String>,
        /// The field or method that is asked of it, as people write it, with the place of its name.
        next: Option<(String, Span)>,
        /// Where it stands.
        span: Span,
    },
    /// A `??` whose left side is never `()`.
    NeverAbsent {
        /// The left side as people write it, if it is a path.
        path: Option<String>,
        /// The same with the `?` that makes it `()` where nothing is there, if it asks for an item or a key.
        asking: Option<String>,
        /// The bracket or dot that becomes `?[` or `?.` then, where it stands close by.
        sign: Option<(Span, &'static str)>,
        /// The read, if it is nothing else: who knows the outside says whether it is surely there.
        read: Option<usize>,
        /// Where it stands.
        span: Span,
    },
    /// An operator whose two sides never go together.
    Operands {
        /// The operator.
        op: &'static str,
        /// What stands on its left.
        left: Shape,
        /// What stands on its right.
        right: Shape,
        /// The operator's place.
        span: Span,
    },
    /// Two values that are compared and never equal.
    NeverEqual {
        /// The type of the first one.
        left: Shape,
        /// The type of the second one.
        right: Shape,
        /// Where the one stands that is written out, or the second one.
        span: Span,
    },
    /// A text that is compared with one of a few, and is none of them.
    NoneOf {
        /// The text.
        given: Arc<str>,
        /// Those that can be.
        known: Arc<[Value]>,
        /// Where it stands.
        span: Span,
    },
    /// A method that changes what stands before its dot, where there is nothing to be changed.
    InPlace {
        /// Its name.
        name: Arc<str>,
        /// The function that gives the changed value, if there is one.
        instead: Option<&'static str>,
        /// Where its name stands.
        span: Span,
    },
    /// A function that does not take a value of this type as its first argument, or before its dot.
    Receiver {
        /// Its name.
        name: Arc<str>,
        /// What it is given.
        of: Shape,
        /// What it takes, in words.
        takes: String,
        /// Whether it takes the items of what it is given.
        of_items: bool,
        /// Where its name stands.
        span: Span,
    },
    /// A method of Rhai with another number of arguments than it takes.
    Arguments {
        /// Its name.
        name: Arc<str>,
        /// How many it takes at least.
        least: usize,
        /// And at most.
        most: usize,
        /// How many it is given.
        given: usize,
        /// Where its name stands.
        span: Span,
    },
    /// An argument of a type that a function of the language does not take.
    Argument {
        /// The function.
        name: Arc<str>,
        /// The parameter.
        param: &'static str,
        /// What it takes.
        wanted: Shape,
        /// What it is given.
        given: Shape,
        /// How the function is called.
        signature: &'static str,
        /// Where the argument stands.
        span: Span,
    },
    /// The pattern of a moment that says nothing of it.
    Pattern {
        /// The pattern.
        pattern: Arc<str>,
        /// Where it stands.
        span: Span,
    },
    /// What goes wrong in a function of the program because of what a call gives it.
    Called {
        /// The function.
        name: Arc<str>,
        /// The types of what it is given.
        given: Vec<Shape>,
        /// Where it is called.
        call: Span,
        /// What goes wrong.
        wrong: Box<Self>,
    },
    /// Something that is neither true nor false where that is asked.
    Truth {
        /// What asks.
        op: &'static str,
        /// What it is instead.
        found: Shape,
        /// Where it stands.
        span: Span,
    },
}

/// What operators tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Bool,
    Number,
    Text,
    DateTime,
    Date,
    Duration,
    List,
    Set,
    Map,
}

/// What Rhai gives of numbers, and of everything, as if it were a field.
const PROPERTIES: [&str; 13] = [
    "bits",
    "ceiling",
    "floor",
    "fraction",
    "int",
    "is_even",
    "is_finite",
    "is_infinite",
    "is_nan",
    "is_odd",
    "is_zero",
    "round",
    "tag",
];

/// The field that every value of this type lacks, where all its fields are known.
pub(super) fn lacks(of: &Shape, name: &str) -> bool {
    match of {
        Shape::Bool
        | Shape::Int(_)
        | Shape::Float(_)
        | Shape::Text(..)
        | Shape::Date
        | Shape::DateTime
        | Shape::Duration => !matches!(of.field(name), Lookup::Found(_)) && !PROPERTIES.contains(&name),
        Shape::Object(object) => object.fields.iter().all(|field| &*field.name != name),
        // What other languages say; a range is known as a list, and has other fields.
        Shape::List(..) => matches!(name, "length" | "size" | "count" | "first" | "last"),
        _ => false,
    }
}

/// An operator with sides of these types, if it never works.
pub(super) fn operands(op: &'static str, op_span: Span, sides: [(&Node, &Shape); 2]) -> Option<Wrong> {
    if matches!(op, "&&" | "||") {
        return sides.into_iter().find_map(|(side, shape)| truth(op, side, shape));
    }
    if matches!(op, "==" | "!=") {
        return equal(sides.map(|(node, shape)| (node, shape.present())));
    }
    let [(_, left), (_, right)] = sides;
    let goes = go_together(op, class(left)?, class(right)?);
    (!goes).then(|| Wrong::Operands { op, left: left.clone(), right: right.clone(), span: op_span })
}

/// Two sides that are compared, if they are never equal.
fn equal(sides: [(&Node, &Shape); 2]) -> Option<Wrong> {
    let [(one, left), (other, right)] = sides;
    // Whoever compares two literals sees what comes of it.
    if one.constant().is_some() && other.constant().is_some() {
        return None;
    }
    for (node, shape) in [(other, left), (one, right)] {
        if let (Some(Value::Text(given)), Shape::OneOf(known)) = (node.constant(), shape)
            && known.iter().all(|known| known.as_text().is_some_and(|known| *known != *given))
        {
            return Some(Wrong::NoneOf { given, known: known.clone(), span: node.span });
        }
    }
    let span = if one.constant().is_some() { one.span } else { other.span };
    // A handler may put anything in the place of an object that a step gives.
    let (first, second) = (class(left)?, class(right)?);
    let never = first != second && first != Class::Map && second != Class::Map;
    never.then(|| Wrong::NeverEqual { left: left.clone(), right: right.clone(), span })
}

/// A value that is made by a method which makes none: what it changes is thrown away.
pub(super) fn in_place(node: &Node) -> Option<Wrong> {
    let Kind::Method { name, .. } = &node.kind else { return None };
    let instead = match &*name.text {
        "trim" => Some("trimmed"),
        "replace" => Some("replace_all"),
        "sort" | "sort_by" => Some("sorted"),
        "make_upper" => Some("to_upper"),
        "make_lower" => Some("to_lower"),
        "reverse" | "push" | "append" | "insert" | "clear" => None,
        _ => return None,
    };
    Some(Wrong::InPlace { name: name.text.clone(), instead, span: name.span })
}

/// What is asked for its truth and has none.
pub(super) fn truth(op: &'static str, node: &Node, shape: &Shape) -> Option<Wrong> {
    let never = class(shape)? != Class::Bool;
    // A literal has been reported where it stands.
    (never && node.constant().is_none()).then(|| Wrong::Truth { op, found: shape.clone(), span: node.span })
}

pub(super) fn class(shape: &Shape) -> Option<Class> {
    Some(match shape {
        Shape::Bool => Class::Bool,
        Shape::Int(_) | Shape::Float(_) => Class::Number,
        Shape::DateTime => Class::DateTime,
        Shape::Date => Class::Date,
        Shape::Duration => Class::Duration,
        Shape::List(..) => Class::List,
        Shape::Set(..) => Class::Set,
        Shape::Map(..) | Shape::Object(_) => Class::Map,
        Shape::Union(members) => {
            let mut classes = members.iter().map(class);
            let first = classes.next()??;
            return classes.all(|class| class == Some(first)).then_some(first);
        }
        text if is_text(text) => Class::Text,
        _ => return None,
    })
}

/// Whether the operator is there for these; as `tests/lang/check.rs` tries at run time.
fn go_together(op: &str, left: Class, right: Class) -> bool {
    use Class::{Date, DateTime, Duration, List, Map, Number, Set, Text};
    match op {
        "<" | ">" | "<=" | ">=" => left == right && !matches!(left, Map | Set),
        "+" => {
            left == Text
                || right == Text
                || left == Set
                || matches!(
                    (left, right),
                    (Number, Number)
                        | (Duration, Duration)
                        | (DateTime | Date, Duration)
                        | (Duration, DateTime | Date)
                        | (List, List)
                        | (Map, Map)
                )
        }
        "-" => {
            left == Set
                || matches!(
                    (left, right),
                    (Number, Number)
                        | (Text, Text)
                        | (Duration | DateTime | Date, Duration)
                        | (DateTime, DateTime)
                        | (Date, Date)
                )
        }
        "*" => matches!((left, right), (Number | Duration, Number) | (Number, Duration)),
        "/" => matches!((left, right), (Number | Duration, Number) | (Duration, Duration)),
        "%" | "**" => (left, right) == (Number, Number),
        _ => true,
    }
}
