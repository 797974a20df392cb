//! The types that functions give: those of the language by their declarations, more exact where they pass items on, and
//! those of Rhai that are called most.

use super::super::functions;
use super::super::tree::Node;
use super::{FLOAT, INT, Infer, TEXT, item, joined, list, map, optional, present};
use crate::base::shape::Shape;

impl Infer<'_> {
    /// A function that is called by its name alone.
    pub(super) fn call(&mut self, name: &str, args: &[Node]) -> Shape {
        let Some((first, rest)) = args.split_first() else {
            return functions::fixed(name).map_or(Shape::Any, |fixed| fixed.result.clone());
        };
        let receiver = self.value(first);
        if name == "first_of" {
            let others: Vec<Shape> = rest.iter().map(|arg| self.value(arg)).collect();
            return others.into_iter().fold(present(receiver), |all, shape| joined(all, present(shape)));
        }
        self.method(name, present(receiver), rest)
    }

    /// A function with its first argument before the dot.
    pub(super) fn method(&mut self, name: &str, receiver: Shape, args: &[Node]) -> Shape {
        let of_item = item(&receiver);
        let by = args.first();
        match name {
            // What passes items on.
            "first" | "last" => optional(of_item),
            "min" | "max" if matches!(receiver, Shape::List(..) | Shape::Set(..)) => {
                self.of_item(by, of_item.clone());
                optional(of_item)
            }
            "find" => {
                self.of_closure(by, [of_item.clone(), INT]);
                optional(of_item)
            }
            "sorted" | "sorted_by" | "unique" => {
                self.of_item(by, of_item.clone());
                list(of_item)
            }
            "flatten" => match of_item {
                Shape::List(inner, _) => list((*inner).clone()),
                other => list(other),
            },
            "filter" => {
                self.of_closure(by, [of_item, INT]);
                receiver
            }
            "some" | "all" => {
                self.of_closure(by, [of_item, INT]);
                Shape::Bool
            }
            "reduce" => {
                // What it adds up to may be wider than what it begins with.
                self.of_closure(by, [Shape::Any, of_item, INT]);
                Shape::Any
            }
            "chunks" => list(list(of_item)),
            "group_by" => {
                self.of_item(by, of_item.clone());
                map(list(of_item))
            }
            "index_by" => {
                self.of_item(by, of_item.clone());
                map(of_item)
            }
            "count_by" => {
                self.of_item(by, of_item);
                map(INT)
            }
            "map" => list(self.of_closure(by, [of_item, INT])),
            "flat_map" => match self.of_item(by, of_item) {
                Shape::List(inner, _) => list((*inner).clone()),
                other => list(other),
            },
            "sum" if args.is_empty() => match of_item {
                number @ (Shape::Int(_) | Shape::Float(_) | Shape::Duration) => bare(&number),
                _ => Shape::Any,
            },
            "sum" => match self.of_item(by, of_item) {
                number @ (Shape::Int(_) | Shape::Float(_) | Shape::Duration) => bare(&number),
                _ => Shape::Any,
            },
            "zip" if args.len() == 1 => {
                list(list(joined(of_item, by.map_or(Shape::Any, |other| item(&self.value(other))))))
            }
            "add" | "start_of" => receiver,
            "keys" => list(TEXT),
            "values" => list(match &receiver {
                Shape::Object(object) => {
                    object.fields.iter().map(|field| field.shape.clone()).reduce(joined).unwrap_or_default()
                }
                _ => of_item,
            }),
            _ => match functions::fixed(name) {
                Some(fixed) => fixed.result.clone(),
                None => rhai(name, &receiver),
            },
        }
    }
}

/// A number or a duration without its bounds.
fn bare(shape: &Shape) -> Shape {
    match shape {
        Shape::Int(_) => INT,
        Shape::Float(_) => FLOAT,
        other => other.clone(),
    }
}

/// What functions of Rhai give.
fn rhai(name: &str, receiver: &Shape) -> Shape {
    match name {
        "len" | "parse_int" | "to_int" | "index_of" | "sign" | "bits" => INT,
        "is_empty" | "contains" | "starts_with" | "ends_with" | "some" | "all" | "is_even" | "is_odd" | "is_zero"
        | "is_nan" | "is_finite" | "is_infinite" | "is_def_var" | "is_def_fn" => Shape::Bool,
        "to_string" | "to_upper" | "to_lower" | "sub_string" | "to_debug" | "to_json" | "type_of" | "to_hex"
        | "to_binary" | "to_octal" => TEXT,
        "parse_float" | "to_float" | "sqrt" | "exp" | "ln" | "log" | "sin" | "cos" | "tan" | "PI" | "E" => FLOAT,
        "floor" | "ceiling" | "round" | "int" | "fraction" if matches!(receiver, Shape::Float(_)) => FLOAT,
        "abs" => bare(receiver),
        "split" | "split_rev" => list(TEXT),
        "to_blob" => Shape::Bytes,
        "push" | "insert" | "clear" | "sort" | "sort_by" | "reverse" | "append" | "truncate" | "trim" | "replace"
        | "make_upper" | "make_lower" | "print" | "debug" | "for_each" => Shape::Unit,
        _ => Shape::Any,
    }
}
