//! Types and comments as programs write them.

use std::fmt::Write as _;

use crate::base::shape::{Object, Shape};
use crate::lang::layout;

/// A type as programs write it.
pub fn shape(of: &Shape) -> String {
    match of {
        Shape::List(item, bounds) => format!("list<{}>{bounds}", shape(item)),
        Shape::Map(item, bounds) => format!("map<{}>{bounds}", shape(item)),
        Shape::Optional(inner) => format!("{}?", shape(inner)),
        Shape::OneOf(values) => values.iter().map(layout::value).collect::<Vec<_>>().join(" | "),
        Shape::Union(members) => members.iter().map(shape).collect::<Vec<_>>().join(" | "),
        Shape::Object(object) if object.name.is_none() => {
            let fields: Vec<String> =
                object.fields.iter().map(|it| format!("{}: {}", layout::key(&it.name), shape(&it.shape))).collect();
            if fields.is_empty() { "map<any>".to_owned() } else { format!("{{ {} }}", fields.join(", ")) }
        }
        other => other.to_string(),
    }
}

/// A type with a name, and a blank line behind it.
pub fn declaration(out: &mut String, name: &str, object: &Object) {
    let _ = writeln!(out, "type {name} {{");
    for field in &object.fields {
        let _ = writeln!(out, "    {}: {}", layout::key(&field.name), shape(&field.shape));
    }
    out.push_str("}\n\n");
}

/// A comment of documentation.
pub fn doc(out: &mut String, indent: usize, text: &str) {
    let _ = writeln!(out, "{}/// {text}", " ".repeat(indent));
}
