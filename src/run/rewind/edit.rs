//! Parameters that a person gives a step instead of those in the text (semantics 44).

use std::sync::Arc;

use super::scope::Scope;
use super::{Refusal, Why};
use crate::base::diagnostic::nearest;
use crate::base::shape::Misfit;
use crate::base::value::{Map, Value};
use crate::lang::plan::{Kind, Plan};
use crate::run::event::{Rewinding, UnitId};
use crate::run::history::lives::{Life, Lives};

/// The new parameters, by the place of the step with its new generation.
///
/// # Errors
/// If it is not clear which step is meant, or they do not fit.
pub(super) fn params(
    plan: &Plan,
    lives: &Lives<'_>,
    scope: &Scope,
    rewinding: &Rewinding,
    given: Option<&Value>,
) -> Result<Vec<(Arc<str>, Value)>, Refusal> {
    let Some(given) = given else { return Ok(Vec::new()) };
    let takes = |unit: &UnitId| lives.get(*unit).filter(|life| takes_params(plan, life));
    let mut meant: Vec<&Life<'_>> = Vec::new();
    for why in [Why::Asked, Why::Failed] {
        if meant.is_empty() {
            meant =
                scope.redone.iter().filter(|(_, other)| *other == why).filter_map(|(unit, _)| takes(unit)).collect();
        }
    }
    let [life] = meant.as_slice() else { return Err(Refusal::WhoseParams(meant.len())) };
    let params = merged(plan, life, given)?;
    let own = life.own_place();
    let generation = rewinding.generations.iter().find(|(place, _)| **place == *own).map_or(0, |(_, number)| *number);
    let place = if generation > 0 { format!("{own}~{generation}") } else { own.to_owned() };
    Ok(vec![(place.into(), params)])
}

fn takes_params(plan: &Plan, life: &Life<'_>) -> bool {
    life.is_work()
        && matches!(
            plan.node(plan.past.place_of(life.node)).kind,
            Kind::Call { .. } | Kind::Child { .. } | Kind::Ask(_)
        )
}

/// What the step was called with, with what is given instead.
fn merged(plan: &Plan, life: &Life<'_>, given: &Value) -> Result<Value, Refusal> {
    let refused = |misfits| Refusal::Params { step: life.place.clone(), misfits };
    let Some(fields) = given.as_map() else {
        let message = "parameters are an object: a field for each that changes".to_owned();
        return Err(refused(vec![Misfit { path: String::new(), message }]));
    };
    let mut params = match life.act.as_ref().and_then(|act| act.params.as_map()) {
        Some(old) => old.clone(),
        None => Map::new(),
    };
    params.extend(fields.iter().map(|(name, value)| (name.clone(), value.clone().received())));
    match &plan.node(plan.past.place_of(life.node)).kind {
        Kind::Call { operation, .. } => fit(plan, operation, params, fields).map_err(refused),
        _ => Ok(params.into()),
    }
}

/// The parameters as the operation takes them.
fn fit(plan: &Plan, operation: &str, mut params: Map, given: &Map) -> Result<Value, Vec<Misfit>> {
    let Some(operation) = plan.operations.get(operation) else { return Ok(params.into()) };
    let known = &operation.signature.params;
    let mut misfits = Vec::new();
    for (name, value) in given {
        let Some(field) = known.iter().find(|field| field.name == *name) else {
            let near = nearest(name, known.iter().map(|field| &*field.name));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            misfits.push(Misfit { path: name.to_string(), message: format!("is no parameter of it{near}") });
            continue;
        };
        match field.shape.check(&value.clone().received()) {
            Ok(value) => drop(params.insert(name.clone(), value)),
            Err(found) => misfits.extend(found.into_iter().map(|misfit| misfit.inside(name))),
        }
    }
    if misfits.is_empty() { Ok(params.into()) } else { Err(misfits) }
}
