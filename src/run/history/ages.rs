//! Since when the members of sets are there that a state keeps for a time: `set<T> for 30d` (semantics 57).
//!
//! The moments are those of the records that added the members, and are kept beside the state; what is too old is left out by
//! the moment at which somebody looks.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::base::time::{Duration, Timestamp};
use crate::base::value::{Map, Set, Value};
use crate::lang::plan::workflow::State;

/// By field of a state: since when its members are there.
#[derive(Clone, Debug, Default)]
pub struct Ages(BTreeMap<Arc<str>, Dated>);

/// A set whose members go when they are too old.
#[derive(Clone, Debug)]
struct Dated {
    keep: Duration,
    /// When each member was added last, by its canonical text.
    since: IndexMap<String, Timestamp>,
    /// The earliest of these moments, or one before it.
    first: Timestamp,
}

impl Ages {
    /// A state as programs see it at a moment, and its ages, from what is kept of it. A member of which nobody noted since when
    /// it is there has come at that moment.
    pub fn of(declared: &State, kept: &Value, now: Timestamp) -> (Value, Self) {
        let mut ages = Self::default();
        let Value::Map(map) = kept else { return (kept.clone(), ages) };
        let mut state = Map::clone(map);
        for (field, keep) in &declared.keep {
            let noted = state.shift_remove(&since(field));
            if let Some(Value::Set(set)) = state.get(field) {
                let noted = noted.as_ref().and_then(Value::as_list).unwrap_or_default();
                ages.0.insert(field.clone(), Dated::of(set, noted, *keep, now));
            }
        }
        let mut state = Value::from(state);
        ages.forget(&mut state, now);
        (state, ages)
    }

    /// What is kept of a state: itself, and since when its members are there.
    pub fn kept(&self, state: &Value) -> Value {
        let Value::Map(map) = state else { return state.clone() };
        let mut kept = Map::clone(map);
        for (field, dated) in &self.0 {
            if let Some(Value::Set(set)) = map.get(field) {
                let moments = set.iter().filter_map(|member| dated.since.get(&member.canonical()));
                kept.insert(since(field), Value::list(moments.map(|moment| Value::moment(*moment))));
            }
        }
        kept.into()
    }

    /// A field of the state was set, or `added` was added to it. What is too old by then is forgotten.
    pub fn assigned(&mut self, state: &mut Value, path: &[Arc<str>], added: Option<&Value>, at: Timestamp) {
        if let Some(field) = path.first()
            && let Some(dated) = self.0.get_mut(field)
            && let Some(Value::Set(set)) = state.get(field)
        {
            match added {
                Some(Value::List(members)) => members.iter().for_each(|member| dated.came(member, at)),
                Some(Value::Set(members)) => members.iter().for_each(|member| dated.came(member, at)),
                Some(member) => dated.came(member, at),
                None => dated.replaced(set, at),
            }
        }
        self.forget(state, at);
    }

    /// A state as programs see it at a moment.
    pub fn young(&self, state: &Value, now: Timestamp) -> Value {
        let mut state = state.clone();
        for (field, dated) in self.0.iter().filter(|(_, dated)| dated.may_be_old(now)) {
            dated.leave_out(&mut state, field, now);
        }
        state
    }

    fn forget(&mut self, state: &mut Value, now: Timestamp) {
        for (field, dated) in self.0.iter_mut().filter(|(_, dated)| dated.may_be_old(now)) {
            dated.leave_out(state, field, now);
            let keep = dated.keep;
            dated.since.retain(|_, since| keep.after(*since) > now);
            dated.first = dated.since.values().min().copied().unwrap_or(now);
        }
    }
}

impl Dated {
    fn of(set: &Set, noted: &[Value], keep: Duration, now: Timestamp) -> Self {
        let moment = |noted: Option<&Value>| match noted {
            Some(Value::DateTime(moment)) => moment.timestamp(),
            _ => now,
        };
        let members = set.iter().enumerate();
        let since: IndexMap<String, Timestamp> =
            members.map(|(at, member)| (member.canonical(), moment(noted.get(at)))).collect();
        let first = since.values().min().copied().unwrap_or(now);
        Self { keep, since, first }
    }

    /// Whether a member may be too old.
    fn may_be_old(&self, now: Timestamp) -> bool {
        self.keep.after(self.first) <= now
    }

    fn came(&mut self, member: &Value, at: Timestamp) {
        self.first = self.first.min(at);
        self.since.insert(member.canonical(), at);
    }

    /// Who was there before keeps its age.
    fn replaced(&mut self, set: &Set, at: Timestamp) {
        let before = std::mem::take(&mut self.since);
        self.since = set
            .iter()
            .map(Value::canonical)
            .map(|key| (before.get(&key).copied().unwrap_or(at), key))
            .map(|(since, key)| (key, since))
            .collect();
        self.first = self.first.min(at);
    }

    fn leave_out(&self, state: &mut Value, field: &str, now: Timestamp) {
        let Value::Map(map) = state else { return };
        let Some(Value::Set(set)) = Arc::make_mut(map).get_mut(field) else { return };
        let is_young =
            |member: &&Value| self.since.get(&member.canonical()).is_none_or(|since| self.keep.after(*since) > now);
        *set = Arc::new(set.iter().filter(is_young).cloned().collect());
    }
}

/// Changes the fields of a state that is kept, and leaves beside them since when their members are there.
pub fn with_fields(kept: &Value, change: impl FnOnce(&Value) -> Value) -> Value {
    let Value::Map(map) = kept else { return change(kept) };
    let (since, fields): (Map, Map) =
        map.iter().map(|(name, value)| (name.clone(), value.clone())).partition(|(name, _)| name.ends_with(SINCE));
    match change(&fields.into()) {
        Value::Map(map) => {
            map.iter().map(|(name, value)| (name.clone(), value.clone())).chain(since).collect::<Map>().into()
        }
        other => other,
    }
}

/// No field of a state has a name with a blank in it.
const SINCE: &str = " since";

/// Under which name beside the state the moments are kept at which the members of a field were added, in their order.
fn since(field: &str) -> Arc<str> {
    format!("{field}{SINCE}").into()
}
