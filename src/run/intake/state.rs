//! What a workflow keeps between its runs, as a run finds it (semantics 57).

use std::sync::Arc;

use super::Names;
use crate::base::failure::{Failure, Kind as FailureKind};
use crate::base::shape::Shape;
use crate::base::value::{Map, Value};
use crate::lang::plan::Plan;
use crate::run::history::ages::Ages;

/// What is kept of the state of a workflow before a run: what is `known` of it and is not too old, and for the rest what the
/// declaration says.
///
/// # Errors
/// Where a value of the declaration breaks, or what is known does not fit it.
pub fn first_state(plan: &Plan, names: &Names<'_>, known: Option<&Value>) -> Result<Value, Failure> {
    let Some(state) = &plan.state else { return Ok(Value::Unit) };
    let (known, ages) = known.map(|known| Ages::of(state, known, names.now)).unzip();
    let mut map = Map::new();
    for (field, formula) in &state.fields {
        let value = match known.as_ref().and_then(|known| known.get(&field.name)) {
            Some(value) => value.clone().received(),
            None => formula.evaluate(plan.functions.library(), names)?,
        };
        let value = if value.is_unit() { empty(&field.shape) } else { value };
        let value = field.shape.check(&value).map_err(|misfits| {
            let told: Vec<String> = misfits.iter().map(ToString::to_string).collect();
            let message = format!("what is kept as `state.{}` does not fit: {}", field.name, told.join("; "));
            Failure::new(FailureKind::ValidationError, message)
        })?;
        map.insert(field.name.clone(), value);
    }
    Ok(ages.unwrap_or_default().kept(&map.into()))
}

/// The name of the fact that a workflow's state is: one for all runs, or one for each value of `by`. None if it keeps nothing.
///
/// # Errors
/// Where the key cannot be computed.
pub fn state_key(plan: &Plan, names: &Names<'_>) -> Result<Option<Arc<str>>, Failure> {
    let Some(state) = &plan.state else { return Ok(None) };
    Ok(Some(match &state.by {
        None => format!("state/{}", plan.name).into(),
        Some(by) => {
            let key = by.evaluate(plan.functions.library(), names)?;
            format!("state/{}/{}", plan.name, key.key()).into()
        }
    }))
}

fn empty(shape: &Shape) -> Value {
    match shape {
        Shape::List(..) => Value::list([]),
        Shape::Set(..) => Value::Set(Arc::default()),
        Shape::Map(..) => Value::from(Map::new()),
        _ => Value::Unit,
    }
}
