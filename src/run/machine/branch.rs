//! `if` and `match`: which body is carried out.

use super::Machine;
use super::names::Given;
use crate::base::failure::Failure;
use crate::base::value::Value;
use crate::lang::plan::body::Arm;
use crate::lang::plan::{Pattern, Script, Slot};
use crate::run::event::{Begin, UnitId};

impl Machine<'_> {
    /// The arm of an `if` whose condition holds first.
    pub(super) fn choose(
        &mut self,
        id: UnitId,
        arms: &[(Script, crate::lang::plan::Branch)],
        otherwise: bool,
    ) -> Result<Option<Begin>, Failure> {
        for (index, (condition, _)) in (0u32..).zip(arms) {
            if self.holds(id, condition)? {
                return Ok(Some(Begin::Body { arm: Some(index), names: Vec::new() }));
            }
        }
        let last = u32::try_from(arms.len()).unwrap_or(u32::MAX);
        Ok(otherwise.then_some(Begin::Body { arm: Some(last), names: Vec::new() }))
    }

    /// The arm of a `match` that fits first.
    pub(super) fn fit(&mut self, id: UnitId, subject: &Script, arms: &[Arm]) -> Result<Option<Begin>, Failure> {
        let value = self.compute_script(id, subject)?;
        for (index, arm) in (0u32..).zip(arms) {
            for pattern in &arm.patterns {
                let mut names = Vec::new();
                if !fits(pattern, &value, &mut names) {
                    continue;
                }
                let given = Given { slots: names, ..Given::default() };
                let taken = match &arm.guard {
                    None => true,
                    Some(guard) => self.holds_with(id, guard, &given)?,
                };
                if taken {
                    return Ok(Some(Begin::Body { arm: Some(index), names: given.slots }));
                }
            }
        }
        Ok(None)
    }
}

/// Whether a value has the form of a pattern; the names of the pattern get their values, which are as hidden as the whole.
fn fits(pattern: &Pattern, value: &Value, names: &mut Vec<(Slot, Value)>) -> bool {
    match pattern {
        Pattern::Any => true,
        Pattern::Name(slot) => {
            names.push((*slot, value.clone()));
            true
        }
        Pattern::Literal(literal) => literal.canonical() == value.canonical(),
        Pattern::Range { from, to, inclusive } => {
            let above = from.as_ref().is_none_or(|from| order(from, value).is_some_and(|order| order.is_le()));
            let below = to.as_ref().is_none_or(|to| {
                order(value, to).is_some_and(|order| if *inclusive { order.is_le() } else { order.is_lt() })
            });
            above && below
        }
        Pattern::List(patterns) => value.open().as_list().is_some_and(|items| {
            let mut pairs = patterns.iter().zip(items);
            items.len() == patterns.len()
                && pairs.all(|(pattern, item)| fits(pattern, &value.part(item.clone()), names))
        }),
    }
}

/// How two values of one kind follow each other.
fn order(a: &Value, b: &Value) -> Option<std::cmp::Ordering> {
    match (a.open(), b.open()) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Int(a), Value::Float(b)) => (*a as f64).partial_cmp(b),
        (Value::Float(a), Value::Int(b)) => a.partial_cmp(&(*b as f64)),
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
        (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
        (Value::DateTime(a), Value::DateTime(b)) => Some(a.timestamp().cmp(&b.timestamp())),
        _ => None,
    }
}
