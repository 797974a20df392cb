//! What a session knows by name: what steps gave, what was named by `let`, with its type.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::base::shape::{Bounds, Field, Shape};
use crate::base::value::Value;
use crate::lang::layout;

/// One value that has a name.
#[derive(Clone, Debug)]
pub struct Known {
    /// What is known of it.
    pub shape: Shape,
    /// What it is.
    pub value: Value,
}

/// All of them, the one that was named last at the end.
#[derive(Clone, Debug, Default)]
pub struct Names {
    values: IndexMap<Arc<str>, Known>,
    /// What `steps.NAME` holds of steps that were carried out, those that failed too.
    records: IndexMap<Arc<str>, Known>,
}

impl Names {
    /// Gives a value a name; it stands before another of this name.
    pub fn learn(&mut self, name: &str, shape: Shape, value: Value) {
        self.values.shift_remove(name);
        self.values.insert(name.into(), Known { shape, value });
    }

    /// The value of this name.
    pub fn get(&self, name: &str) -> Option<&Known> {
        self.values.get(name)
    }

    /// Each with its name.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Known)> {
        self.values.iter()
    }

    /// Keeps the record of a step. What it has not given has no type: the type in the program is that of a step that went well.
    pub fn record(&mut self, name: &str, shape: &Shape, value: Value) {
        let held = |field: &Field| {
            let is_held = value.get(&field.name).is_some_and(|value| field.shape.check(value).is_ok());
            (field.name.clone(), if is_held { field.shape.clone() } else { Shape::Any })
        };
        let shape = match shape.present() {
            Shape::Object(object) => Shape::object(object.fields.iter().map(held)),
            _ => Shape::Any,
        };
        self.records.insert(name.into(), Known { shape, value });
    }

    /// Forgets the record of what is no step any more.
    pub fn forget_record(&mut self, name: &str) {
        self.records.shift_remove(name);
    }

    /// The record of each step.
    pub fn records(&self) -> impl Iterator<Item = (&Arc<str>, &Known)> {
        self.records.iter()
    }
}

impl Known {
    /// Its type as a program would write it; `any` where the value does not hold to it, or no program could write it.
    pub fn written_type(&self) -> String {
        let fits = self.shape.check(&self.value).is_ok_and(|value| value == self.value);
        fits.then(|| written(&self.shape)).flatten().unwrap_or_else(|| "any".to_owned())
    }
}

/// A type as a program writes it, with what its names stand for; `None` where it cannot be written.
fn written(shape: &Shape) -> Option<String> {
    let inside = |item: &Shape, word: &str, bounds: &Bounds| Some(format!("{word}<{}>{bounds}", written(item)?));
    Some(match shape {
        Shape::Unit => return None,
        Shape::List(item, bounds) => inside(item, "list", bounds)?,
        Shape::Set(item, bounds) => inside(item, "set", bounds)?,
        Shape::Map(item, bounds) => inside(item, "map", bounds)?,
        Shape::Object(object) => {
            let fields = object.fields.iter().map(field).collect::<Option<Vec<_>>>()?;
            format!("{{ {} }}", fields.join(", "))
        }
        Shape::OneOf(values) => {
            let literal = |value: &Value| match value {
                Value::Text(_) | Value::Int(_) => Some(layout::value(value)),
                _ => None,
            };
            values.iter().map(literal).collect::<Option<Vec<_>>>()?.join(" | ")
        }
        Shape::Union(members) => members.iter().map(written).collect::<Option<Vec<_>>>()?.join(" | "),
        Shape::Optional(inner) => format!("{}?", written(inner)?),
        plain => plain.to_string(),
    })
}

fn field(field: &Field) -> Option<String> {
    Some(format!("{}: {}", layout::key(&field.name), written(&field.shape)?))
}
