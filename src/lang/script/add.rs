//! What `+=` of a workflow does to a value: `set state.seen += item.link`.

use std::sync::Arc;

use super::path;
use crate::base::value::Value;

/// `more` added to `value`: a sum of numbers or durations, a longer text, list, set or map. A list takes a list in item
/// by item and everything else as one item; a set likewise; `()` counts as nothing that was there. The error says why
/// the two cannot be added.
pub fn added(value: &Value, more: &Value) -> Result<Value, String> {
    let too_large = || "the number grows beyond what an int can hold".to_owned();
    Ok(match (value, more) {
        (Value::Unit, more) => more.clone(),
        (Value::Int(a), Value::Int(b)) => Value::Int(a.checked_add(*b).ok_or_else(too_large)?),
        (Value::Int(a), Value::Float(b)) | (Value::Float(b), Value::Int(a)) => Value::Float(*a as f64 + b),
        (Value::Float(a), Value::Float(b)) => Value::Float(a + b),
        (Value::Duration(a), Value::Duration(b)) => {
            Value::Duration(crate::base::time::Duration(a.0.checked_add(b.0).ok_or_else(too_large)?))
        }
        (Value::Text(a), Value::Text(b)) => Value::from([&**a, &**b].concat()),
        (Value::Text(text), Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Date(_) | Value::DateTime(_)) => {
            Value::from(format!("{text}{more}"))
        }
        (Value::List(items), Value::List(others)) => Value::list(items.iter().chain(others.iter()).cloned()),
        (Value::List(items), Value::Set(others)) => Value::list(items.iter().chain(others.iter()).cloned()),
        (Value::List(items), item) => Value::list(items.iter().chain([item]).cloned()),
        (Value::Set(set), more) => {
            let mut all = (**set).clone();
            match more {
                Value::Set(others) => others.iter().for_each(|item| {
                    all.insert(item.clone());
                }),
                Value::List(others) => others.iter().for_each(|item| {
                    all.insert(item.clone());
                }),
                item => {
                    all.insert(item.clone());
                }
            }
            Value::Set(Arc::new(all))
        }
        (Value::Map(map), Value::Map(others)) => {
            let mut all = (**map).clone();
            all.extend(others.iter().map(|(key, value)| (key.clone(), value.clone())));
            Value::from(all)
        }
        (value, more) => return Err(format!("{} cannot be added to {}", path::a(more), path::a(value))),
    })
}
