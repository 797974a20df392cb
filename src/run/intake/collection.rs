//! Items that come together: what `debounce` and `batch` make of them (semantics 70, 72).

use super::{Names, StartError, fit};
use crate::base::calendar::Calendar;
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::lang::plan::Plan;
use crate::lang::plan::trigger::Trigger;
use crate::run::admission::Collects;
use crate::run::history::Collected;

/// For whom a run collects items that belong together with one that the trigger brings; `None` if each item is a run. Items
/// that come under another plan belong to another run: what is collected fits the plan under which it came.
///
/// # Errors
/// Where `by` breaks.
pub fn collects(plan: &Plan, index: usize, names: &Names<'_>) -> Result<Option<Collects>, StartError> {
    let Some(trigger) = plan.triggers.get(index).filter(|trigger| trigger.collects()) else { return Ok(None) };
    let by = trigger.debounce.as_ref().and_then(|debounce| debounce.by.as_ref());
    let by = by.map(|by| by.evaluate(plan.functions.library(), names)).transpose().map_err(StartError::Item)?;
    let by = by.map(|by| by.key()).unwrap_or_default();
    let fact = format!("collect/{}/{}/{index}/{by}", plan.name, plan.digest).into();
    Ok(Some(Collects { trigger: index, fact }))
}

/// An item as the workflow takes it: alone, or as one of `items`.
///
/// # Errors
/// Where it does not fit, for whoever sent it.
pub fn item(plan: &Plan, trigger: usize, input: &Value) -> Result<Value, StartError> {
    if plan.triggers.get(trigger).is_none_or(|trigger| trigger.batch.is_none()) {
        return fit(plan, input).map_err(StartError::Input);
    }
    let one = Value::map([("items", Value::list([input.clone()]))]);
    let one = fit(plan, &one).map_err(StartError::Input)?;
    let items = one.get("items").and_then(Value::as_list).unwrap_or_default();
    Ok(items.first().cloned().unwrap_or_default())
}

/// Until when it may take for a collection to be complete whose first item came at `first` and its last one `now`.
pub fn due(trigger: &Trigger, first: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let debounce = trigger.debounce.as_ref();
    let batch = trigger.batch.as_ref();
    let quiet = debounce.map(|debounce| debounce.quiet.after(now));
    let longest = debounce.and_then(|debounce| debounce.max).map(|max| max.after(first));
    let within = batch.and_then(|batch| batch.within).map(|within| within.after(first));
    let until = batch.and_then(|batch| Calendar::read(batch.until.as_ref()?, batch.zone.as_deref()).ok()?.next(first));
    [quiet, longest, within, until].into_iter().flatten().min()
}

/// What the run of a collection gets as its input, and as `trigger`: all items where they are batched, else the last.
pub fn gathered(trigger: &Trigger, items: &[Collected]) -> (Value, Value) {
    if trigger.batch.is_none() {
        return items.last().map(|last| (last.input.clone(), last.trigger.clone())).unwrap_or_default();
    }
    let input = Value::map([("items", Value::list(items.iter().map(|item| item.input.clone())))]);
    let all = Value::list(items.iter().map(|item| item.trigger.clone()));
    (input, Value::map([("type", Value::from(trigger.kind.word())), ("items", all)]))
}
