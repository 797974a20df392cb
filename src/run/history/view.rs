//! Variables, and the views of them that concurrent bodies have (semantics 40, 56).

use std::sync::Arc;

use crate::base::value::{Map, Set, Value};

/// The variables as a unit sees them: as at its start, plus what it set.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// All variables.
    pub vars: Value,
    /// The ones set here: what is merged when the unit ends well.
    pub written: Vec<Arc<str>>,
}

impl View {
    /// A view that begins with these variables.
    pub fn of(vars: Value) -> Self {
        Self { vars, written: Vec::new() }
    }

    /// Sets, or adds to, the variable at `path`.
    pub fn assign(&mut self, path: &[Arc<str>], add: bool, value: Value) {
        if let Some(name) = path.first()
            && !self.written.contains(name)
        {
            self.written.push(name.clone());
        }
        assign(&mut self.vars, path, add, value);
    }

    /// Takes over what `inner` has set.
    pub fn merge(&mut self, inner: &Self) {
        for name in &inner.written {
            let value = inner.vars.get(name).cloned().unwrap_or_default();
            self.assign(std::slice::from_ref(name), false, value);
        }
    }
}

/// Sets, or adds to, what lies at `path` in `tree`; objects on the way are made where missing.
pub fn assign(tree: &mut Value, path: &[Arc<str>], add: bool, value: Value) {
    let Some((name, rest)) = path.split_first() else {
        if add {
            plus(tree, value);
        } else {
            *tree = value;
        }
        return;
    };
    if let Value::Secret(hidden) = tree {
        let mut open = hidden.open().clone();
        assign(&mut open, path, add, value);
        *tree = open.hidden();
        return;
    }
    if !matches!(tree, Value::Map(_)) {
        *tree = Value::from(Map::new());
    }
    if let Value::Map(map) = tree {
        let map = Arc::make_mut(map);
        if !map.contains_key(name) {
            map.insert(name.clone(), Value::Unit);
        }
        if let Some(place) = map.get_mut(name) {
            assign(place, rest, add, value);
        }
    }
}

/// Whether `value` can be added to `to`: `+=` adds to numbers, texts, lists, sets, maps and durations.
pub fn can_add(to: &Value, value: &Value) -> bool {
    let (to, value) = (to.open(), value.open());
    matches!(
        (to, value),
        (Value::Unit | Value::List(_) | Value::Set(_), _)
            | (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_))
            | (Value::Text(_), Value::Text(_) | Value::Int(_) | Value::Float(_) | Value::Bool(_))
            | (Value::Map(_), Value::Map(_))
            | (Value::Duration(_), Value::Duration(_))
    ) && !matches!((to, value), (Value::Int(a), Value::Int(b)) if a.checked_add(*b).is_none())
}

/// Adds `value` in place; what cannot be added is left as it was: [`can_add`] was asked before.
fn plus(to: &mut Value, value: Value) {
    if matches!(to, Value::Secret(_)) || matches!((&*to, &value), (Value::Text(_) | Value::Int(_), Value::Secret(_))) {
        let mut sum = to.open().clone();
        plus(&mut sum, value.opened());
        *to = sum.hidden();
        return;
    }
    match (to, value.spread()) {
        (Value::List(items), Value::List(more)) => Arc::make_mut(items).extend(more.iter().cloned()),
        (Value::List(items), item) => Arc::make_mut(items).push(item),
        (Value::Set(set), value) => {
            let set: &mut Set = Arc::make_mut(set);
            match value {
                Value::List(more) => more.iter().cloned().for_each(|item| {
                    set.insert(item);
                }),
                Value::Set(more) => more.iter().cloned().for_each(|item| {
                    set.insert(item);
                }),
                item => drop(set.insert(item)),
            }
        }
        (Value::Map(map), Value::Map(more)) => {
            Arc::make_mut(map).extend(more.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        (Value::Int(a), Value::Int(b)) => *a = a.saturating_add(b),
        (Value::Float(a), Value::Float(b)) => *a += b,
        (Value::Float(a), Value::Int(b)) => *a += b as f64,
        (to @ Value::Int(_), Value::Float(b)) => *to = Value::Float(to.as_int().unwrap_or_default() as f64 + b),
        (Value::Text(text), more) => *text = format!("{text}{more}").into(),
        (Value::Duration(a), Value::Duration(b)) => a.0 = a.0.saturating_add(b.0),
        (to @ Value::Unit, value) => *to = value,
        _ => {}
    }
}
