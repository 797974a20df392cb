//! What a run asks for on its way in: a key of its own, a pace, places (semantics 67 to 72). It is computed when the run is
//! submitted, and decided on when nobody else comes in.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Names, StartError};
use crate::base::failure::{Failure, Kind as FailureKind};
use crate::base::id::RunId;
use crate::base::limit;
use crate::base::time::{Duration, Timestamp};
use crate::base::value::Value;
use crate::lang::plan::trigger::Trigger;
use crate::lang::plan::{Formula, Plan};
use crate::run::admission::{Admission, Overflow, Pace, Place};
use crate::run::journal::Fact;

/// How the gates begin at which runs of one trigger wait for each other.
const OVERLAP: &str = "overlap/";

/// What a run asks for.
#[derive(Clone, Debug, Default)]
pub struct Claim {
    key: Option<Key>,
    pace: Option<Pace>,
    places: Vec<Place>,
    priority: u8,
}

/// `key input.order { keep 30d }`
#[derive(Clone, Debug)]
struct Key {
    fact: Arc<str>,
    keep: Option<Duration>,
}

/// What is known when a claim is decided on.
pub trait Known {
    /// What a fact is.
    ///
    /// # Errors
    /// If that has to be read first.
    fn fact(&self, name: &Arc<str>) -> Result<Option<Value>, Unread>;
}

impl Known for BTreeMap<Arc<str>, Value> {
    fn fact(&self, name: &Arc<str>) -> Result<Option<Value>, Unread> {
        Ok(self.get(name).cloned())
    }
}

/// A fact that has to be read before anything can be decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread(pub Arc<str>);

/// What was decided on a claim.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The run may come in.
    Admitted {
        /// What it needs before it may start.
        admission: Admission,
        /// What follows for others.
        facts: Vec<Fact>,
    },
    /// This run has its key.
    Held(RunId),
}

impl Claim {
    /// What a run with this input asks for, which came by a trigger or without one. What its key and its places depend on is
    /// the input, as it was checked, and `trigger`.
    ///
    /// # Errors
    /// Where something of it cannot be computed.
    pub fn of(plan: &Plan, trigger: Option<usize>, names: &Names<'_>) -> Result<Self, StartError> {
        let declared = trigger.and_then(|index| Some((index, plan.triggers.get(index)?)));
        let value = |formula: &Formula| formula.evaluate(plan.functions.library(), names);
        let key = plan.key.as_ref().map(|key| {
            let fact = format!("key/{}/{}", plan.name, value(&key.key)?.key()).into();
            Ok(Key { fact, keep: key.keep })
        });
        let pace = declared.and_then(|(index, trigger)| Self::pace(plan, index, trigger, names).transpose());
        let mut places: Vec<Place> =
            declared.iter().filter_map(|(index, trigger)| overlap(plan, *index, trigger)).collect();
        if let Some(concurrency) = &plan.concurrency {
            let per = concurrency.per.as_ref().map(value).transpose().map_err(StartError::Claim)?;
            let gate = match per {
                Some(per) => format!("runs/{}/{}", plan.name, per.key()),
                None => format!("runs/{}", plan.name),
            };
            let places_of = value(&concurrency.places).and_then(|places| at_least_one(&places));
            let overflow = Overflow::named(&concurrency.overflow);
            places.push(Place { gate: gate.into(), places: places_of.map_err(StartError::Claim)?, overflow });
        }
        let priority = plan.priority.as_ref().map(|priority| value(priority).and_then(|value| a_priority(&value)));
        Ok(Self {
            key: key.transpose().map_err(StartError::Claim)?,
            pace: pace.transpose().map_err(StartError::Claim)?,
            places,
            priority: priority.transpose().map_err(StartError::Claim)?.unwrap_or(limit::PRIORITY_DEFAULT),
        })
    }

    /// What a run asks for that rests and is to go on: what any run of its workflow does, and the place at the gate of its
    /// trigger that it had `before`. Somebody wants it to go on: it waits, whatever becomes of others that come late.
    ///
    /// # Errors
    /// Where something of it cannot be computed.
    pub fn again(plan: &Plan, before: &[Place], names: &Names<'_>) -> Result<Self, StartError> {
        let mut claim = Self::of(plan, None, names)?;
        claim.places.splice(0..0, before.iter().filter(|place| place.gate.starts_with(OVERLAP)).cloned());
        claim.places.iter_mut().for_each(|place| place.overflow = Overflow::Queue);
        Ok(claim)
    }

    /// The same without the workflow's key: whoever comes with that means another run.
    #[must_use]
    pub fn without_key(self) -> Self {
        Self { key: None, ..self }
    }

    fn pace(plan: &Plan, index: usize, trigger: &Trigger, names: &Names<'_>) -> Result<Option<Pace>, Failure> {
        let Some(throttle) = &trigger.throttle else { return Ok(None) };
        let by = throttle.by.as_ref().map(|by| by.evaluate(plan.functions.library(), names)).transpose()?;
        Ok(Some(Pace {
            workflow: plan.name.clone(),
            trigger: index,
            by: by.map(|by| by.key()).unwrap_or_default(),
            count: throttle.count,
            per: throttle.per,
        }))
    }

    /// Decides on it for `run`: its key first, then its pace; its places are asked for later (semantics 70). `gone` is a run that
    /// is not there any more, whatever the facts say.
    ///
    /// # Errors
    /// If a fact has to be read first; then it is asked again.
    pub fn decide(
        &self,
        run: &RunId,
        gone: Option<&RunId>,
        now: Timestamp,
        known: &dyn Known,
    ) -> Result<Verdict, Unread> {
        let mut facts = Vec::new();
        if let Some(key) = &self.key {
            if let Some(holder) = known.fact(&key.fact)?.and_then(|fact| holder(&fact, now))
                && holder != *run
                && Some(&holder) != gone
            {
                return Ok(Verdict::Held(holder));
            }
            facts.push(held_by(&key.fact, run, key.keep.map(|keep| keep.after(now))));
        }
        let not_before = match &self.pace {
            Some(pace) => pace.next(now, known, &mut facts)?,
            None => None,
        };
        let key = self.key.as_ref().map(|key| key.fact.clone());
        let pace = self.pace.clone().filter(|_| not_before.is_some());
        let admission = Admission { places: self.places.clone(), priority: self.priority, not_before, pace, key };
        Ok(Verdict::Admitted { admission, facts })
    }
}

impl Pace {
    /// When the next run may start, if not now: so many starts after the one that was `count` before it. Each start is a fact
    /// by its number, as long as it counts.
    ///
    /// # Errors
    /// If a fact has to be read first; then it is asked again.
    pub fn next(&self, now: Timestamp, known: &dyn Known, facts: &mut Vec<Fact>) -> Result<Option<Timestamp>, Unread> {
        let numbered: Arc<str> = format!("throttle/{}/{}/{}", self.workflow, self.trigger, self.by).into();
        let number = known.fact(&numbered)?.and_then(|fact| fact.as_int()).unwrap_or_default().unsigned_abs();
        let mut at = now;
        if let Some(before) = number.checked_sub(self.count).map(|number| self.start(number)) {
            if let Some(started) = known.fact(&before)?.as_ref().and_then(as_moment) {
                at = at.max(self.per.after(started));
            }
            facts.push(Fact { name: before, value: None, until: None });
        }
        let until = Some(self.per.after(at));
        let next = Value::Int(i64::try_from(number + 1).unwrap_or(i64::MAX));
        facts.push(Fact { name: numbered, value: Some(next), until });
        facts.push(Fact { name: self.start(number), value: Some(Value::moment(at)), until });
        Ok((at > now).then_some(at))
    }

    fn start(&self, number: u64) -> Arc<str> {
        format!("start/{}/{}/{number}/{}", self.workflow, self.trigger, self.by).into()
    }
}

/// The fact that a run has a key, or collects items, until then.
pub fn held_by(name: &Arc<str>, run: &RunId, until: Option<Timestamp>) -> Fact {
    let value = [("run", Value::Text(run.0.clone())), ("until", until.map(Value::moment).unwrap_or_default())];
    Fact { name: name.clone(), value: Some(Value::map(value)), until }
}

/// The run that has a key, or collects items, as long as it does.
pub fn holder(fact: &Value, now: Timestamp) -> Option<RunId> {
    let until = fact.get("until").and_then(as_moment);
    let run = fact.get("run")?.as_text()?;
    until.is_none_or(|until| now < until).then(|| RunId(run.into()))
}

/// The place that a run of a schedule needs, where runs of it may not overlap.
fn overlap(plan: &Plan, index: usize, trigger: &Trigger) -> Option<Place> {
    let overflow = Overflow::named(trigger.kind.overlap()?);
    Some(Place { gate: format!("{OVERLAP}{}/{index}", plan.name).into(), places: 1, overflow })
}

fn as_moment(value: &Value) -> Option<Timestamp> {
    match value {
        Value::DateTime(moment) => Some(moment.timestamp()),
        _ => None,
    }
}

fn at_least_one(places: &Value) -> Result<u64, Failure> {
    let count = places.as_int().and_then(|places| u64::try_from(places).ok()).filter(|places| *places > 0);
    count.ok_or_else(|| wrong(format!("`concurrency` is a whole number from 1 on, and here it is {places}")))
}

fn a_priority(priority: &Value) -> Result<u8, Failure> {
    let number = priority.as_int().and_then(|number| u8::try_from(number).ok()).filter(|number| *number <= 9);
    number.ok_or_else(|| wrong(format!("`priority` is a whole number from 0 to 9, and here it is {priority}")))
}

fn wrong(message: String) -> Failure {
    Failure::new(FailureKind::ScriptError, message)
}
