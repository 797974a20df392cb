//! What a trigger brings, and what becomes of it.

use super::{Names, StartError};
use crate::base::failure::Failure;
use crate::base::id::RunId;
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::lang::plan::trigger::{Kind, Trigger};
use crate::lang::plan::{Plan, Root, Roots, With};
use crate::run::chain::Origin;
use crate::run::journal::Fact;
use crate::run::world::Settings;

/// What a trigger brings.
#[derive(Clone, Debug)]
pub struct Item {
    /// Which of the workflow's triggers, by its place among them.
    pub trigger: usize,
    /// What `trigger` is: `{ type, body, headers, due ... }`; `event` in its clauses is the body.
    pub value: Value,
    /// The id of the run it is to start, if the same item may come twice: the run that is there already is joined.
    pub run: Option<RunId>,
    /// What is known with it, and written in the same commit: how far its trigger has heard.
    pub facts: Vec<Fact>,
    /// The run that emitted it, for an event of a run.
    pub origin: Option<Origin>,
}

/// What became of an item; `R` is a run under way.
#[derive(Debug)]
pub enum Submitted<R> {
    /// `where` is not true of it.
    PassedOver,
    /// It is kept, for a run that starts when it has all its items.
    Collected(RunId),
    /// It was accepted as a run, which may have to wait for its turn.
    Started(R),
    /// A run was there before, under its key or its id.
    Joined(R),
    /// Its run was accepted and never starts: others have all the places and late ones are not wanted, or too many runs before
    /// it have started one another.
    Skipped(R),
}

/// The input that the workflow's trigger makes of an item, if its `where` is true of it.
///
/// # Errors
/// Where there is no such trigger, or one of its clauses breaks.
pub fn input_of(
    plan: &Plan,
    item: &Item,
    now: Timestamp,
    settings: &dyn Settings,
) -> Result<Option<Value>, StartError> {
    let unknown = || StartError::UnknownTrigger(plan.name.clone(), item.trigger);
    let trigger = plan.triggers.get(item.trigger).ok_or_else(unknown)?;
    let names = Names { input: &Value::Unit, trigger: &item.value, now, settings };
    taken(plan, trigger, &item.value, &names).map_err(StartError::Item)
}

/// Of all that a service tells, the input is what the workflow asks for.
fn asked_for(plan: &Plan, item: Value) -> Value {
    match item {
        Value::Map(item) => {
            let asked = |name: &str| plan.input.fields.iter().any(|field| *field.name == *name);
            Value::map(
                item.iter()
                    .filter(|(name, value)| asked(name) && !value.is_unit())
                    .map(|(name, value)| (name.clone(), value.clone())),
            )
        }
        other => other,
    }
}

/// The input that a trigger makes of what it brings, if its `where` is true of it: by its `input:`, else the body.
///
/// # Errors
/// Where one of its clauses breaks.
pub fn taken(plan: &Plan, trigger: &Trigger, value: &Value, names: &dyn Roots) -> Result<Option<Value>, Failure> {
    let body = value.get("body").cloned().unwrap_or_default();
    let names = With { root: Root::Trigger, value, others: &With { root: Root::Event, value: &body, others: names } };
    let library = plan.functions.library();
    if let Some(filter) = &trigger.filter
        && filter.evaluate(library, &names)? != Value::Bool(true)
    {
        return Ok(None);
    }
    match &trigger.input {
        Some(input) => input.evaluate(library, &names).map(Some),
        None if matches!(trigger.kind, Kind::Connector { .. }) => Ok(Some(asked_for(plan, body))),
        None => Ok(Some(body)),
    }
}
