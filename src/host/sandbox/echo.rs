//! Making an example's answer fit another request: where the example's answer repeats a value that its own request sent, it
//! now repeats what this request sent in that place.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::base::value::Value;

/// `answer` with the values of `example` that it repeats replaced by those that stand in the same places of `actual`.
pub fn fit(answer: &Value, example: &Value, actual: &Value) -> Value {
    let mut pairs = Vec::new();
    pair(example, actual, &mut pairs);
    replace(answer, &pairs)
}

/// How much a request is like an example's: by how many values are the same, then by how few of the example's fields it lacks.
pub fn likeness(example: &Value, actual: &Value) -> (usize, Reverse<usize>) {
    let mut pairs = Vec::new();
    pair(example, actual, &mut pairs);
    (pairs.iter().filter(|(one, other)| one == other).count(), Reverse(lacking(example, actual)))
}

/// How many fields of the example are not there.
fn lacking(example: &Value, actual: &Value) -> usize {
    let Some(fields) = example.as_map() else { return 0 };
    let lack = |(name, value): (&Arc<str>, &Value)| actual.get(name).map_or(1, |other| lacking(value, other));
    fields.iter().map(lack).sum()
}

/// The values that stand in the same places, where a value is telling enough to be recognised.
fn pair(example: &Value, actual: &Value, pairs: &mut Vec<(Value, Value)>) {
    match (example, actual) {
        (Value::Map(example), Value::Map(actual)) => {
            for (name, value) in example.iter() {
                if let Some(other) = actual.get(name) {
                    pair(value, other, pairs);
                }
            }
        }
        (Value::List(example), Value::List(actual)) => {
            example.iter().zip(actual.iter()).for_each(|(one, other)| pair(one, other, pairs));
        }
        (Value::Text(text), other) if !text.is_empty() => pairs.push((example.clone(), other.clone())),
        (Value::Int(_) | Value::Float(_), other) => pairs.push((example.clone(), other.clone())),
        _ => {}
    }
}

fn replace(answer: &Value, pairs: &[(Value, Value)]) -> Value {
    match answer {
        Value::Map(map) => Value::map(map.iter().map(|(name, value)| (name.clone(), replace(value, pairs)))),
        Value::List(items) => Value::list(items.iter().map(|item| replace(item, pairs))),
        plain => pairs.iter().find(|(from, _)| from == plain).map_or_else(|| plain.clone(), |(_, to)| to.clone()),
    }
}
