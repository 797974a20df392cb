//! The types that functions give: those of the language by their declarations, more exact where they pass items on, and
//! those of Rhai that are called most.

use super::super::functions;
use super::super::tree::{Name, Node};
use super::{FLOAT, INT, Infer, TEXT, is_text, item, joined, list, map, method, optional, present};
use crate::base::shape::{Bounds, Shape};

impl Infer<'_> {
    /// A function that is called by its name alone.
    pub(super) fn call(&mut self, name: &Name, args: &[Node]) -> Shape {
        if self.is_own(&name.text) {
            let given: Vec<Shape> = args.iter().map(|arg| self.value(arg)).collect();
            if !self.own.contains(&name.text) {
                self.follow_call(&name.text, &given, name.span);
            }
            return Shape::Any;
        }
        let mut given = self.arguments(&name.text, args, 0);
        if given.is_empty() {
            return functions::fixed(&name.text).map_or(Shape::Any, |fixed| fixed.result.clone());
        }
        let receiver = present(given.remove(0));
        if &*name.text == "first_of" {
            return given.into_iter().fold(receiver, |all, shape| joined(all, present(shape)));
        }
        self.applied(name, receiver, &args[1..], &given)
    }

    /// A function with its first argument before the dot.
    pub(super) fn method(&mut self, name: &Name, receiver: Shape, args: &[Node]) -> Shape {
        if self.is_own(&name.text) {
            args.iter().for_each(|arg| drop(self.value(arg)));
            return Shape::Any;
        }
        let given = self.arguments(&name.text, args, 1);
        self.applied(name, receiver, args, &given)
    }

    /// A function of the language or of Rhai; `given` are the types of what it is given behind the first.
    fn applied(&mut self, name: &Name, receiver: Shape, args: &[Node], given: &[Shape]) -> Shape {
        self.never(method::misapplied(name, &receiver, args, given));
        let name = &*name.text;
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
                optional(self.kept(by, of_item))
            }
            "sorted" | "sorted_by" | "unique" => {
                self.of_item(by, of_item.clone());
                list(of_item)
            }
            "flatten" => match of_item {
                Shape::List(inner, _) => list((*inner).clone()),
                other => list(other),
            },
            "filter" => match receiver {
                Shape::List(item, bounds) => {
                    self.of_closure(by, [of_item, INT]);
                    Shape::List(self.kept(by, (*item).clone()).into(), Bounds { min: None, ..bounds })
                }
                Shape::Set(item, bounds) => {
                    self.of_closure(by, [of_item, INT]);
                    Shape::Set(self.kept(by, (*item).clone()).into(), Bounds { min: None, ..bounds })
                }
                // Of maps it takes names and values.
                other => {
                    self.of_closure(by, [Shape::Any, of_item]);
                    other
                }
            },
            "sort" | "sort_by" | "order_by" => {
                self.of_closure(by, [of_item.clone(), of_item]);
                rhai(name, &receiver)
            }
            "find_map" | "index_of" if matches!(receiver, Shape::List(..)) => {
                self.of_closure(by, [of_item, INT]);
                rhai(name, &receiver)
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
            "zip" if args.len() == 1 => list(list(joined(of_item, given.first().map_or(Shape::Any, item)))),
            "zip" => list(self.of_closure(args.get(1), [of_item, given.first().map_or(Shape::Any, item)])),
            "add" | "start_of" => receiver,
            "keys" => list(TEXT),
            "values" => list(match &receiver {
                Shape::Object(object) => {
                    object.fields.iter().map(|field| field.shape.clone()).reduce(joined).unwrap_or_default()
                }
                _ => of_item,
            }),
            _ => {
                for arg in args {
                    self.of_closure(Some(arg), []);
                }
                functions::fixed(name).map_or_else(|| rhai(name, &receiver), |fixed| fixed.result.clone())
            }
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
        // A list is cut into lists.
        "split" | "split_rev" if is_text(receiver) => list(TEXT),
        "to_blob" => Shape::Bytes,
        "push" | "insert" | "clear" | "sort" | "sort_by" | "reverse" | "append" | "truncate" | "trim" | "replace"
        | "make_upper" | "make_lower" | "print" | "debug" | "for_each" => Shape::Unit,
        _ => Shape::Any,
    }
}
