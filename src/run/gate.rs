//! Locks across runs: who is inside, who waits, in order of arrival (semantics 67 to 69).

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::event::UnitId;
use crate::base::id::RunId;

/// A unit of a run that is inside a lock or waits for it.
pub type Holder = (RunId, UnitId);

/// All locks.
#[derive(Debug, Default)]
pub struct Gates {
    gates: BTreeMap<Arc<str>, Gate>,
}

#[derive(Debug, Default)]
struct Gate {
    inside: Vec<Holder>,
    waiting: VecDeque<(Holder, u64)>,
}

/// What came of asking for a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The asker is inside.
    Inside,
    /// The asker will be told.
    Waiting,
    /// Everybody would wait for everybody: the asker closes a circle of locks.
    Circle,
}

impl Gates {
    /// Asks for one of `places` places inside `key`.
    pub fn enter(&mut self, key: &Arc<str>, places: u64, holder: Holder) -> Entry {
        let free =
            self.gates.get(key).is_none_or(|gate| gate.waiting.is_empty() && (gate.inside.len() as u64) < places);
        if !free && self.waits_for(key, &holder.0) {
            return Entry::Circle;
        }
        let gate = self.gates.entry(key.clone()).or_default();
        if free {
            gate.inside.push(holder);
            return Entry::Inside;
        }
        gate.waiting.push_back((holder, places));
        Entry::Waiting
    }

    /// Lets a holder be inside again that was when the process ended.
    pub fn restore(&mut self, key: &Arc<str>, holder: Holder) {
        self.gates.entry(key.clone()).or_default().inside.push(holder);
    }

    /// Gives a place back, or the wish for one; those who are inside now instead.
    pub fn leave(&mut self, key: &Arc<str>, holder: &Holder) -> Vec<Holder> {
        let mut entered = Vec::new();
        let Some(gate) = self.gates.get_mut(key) else { return entered };
        gate.inside.retain(|other| other != holder);
        gate.waiting.retain(|(other, _)| other != holder);
        while let Some((next, places)) = gate.waiting.front() {
            if gate.inside.len() as u64 >= *places {
                break;
            }
            gate.inside.push(next.clone());
            entered.push(next.clone());
            gate.waiting.pop_front();
        }
        if gate.inside.is_empty() && gate.waiting.is_empty() {
            self.gates.remove(key);
        }
        entered
    }

    /// Whether those inside `key` wait, one through the other, for something `run` holds.
    fn waits_for(&self, key: &Arc<str>, run: &RunId) -> bool {
        let mut seen: Vec<&Arc<str>> = Vec::new();
        let mut next: Vec<&Arc<str>> = vec![key];
        while let Some(key) = next.pop() {
            if seen.contains(&key) {
                continue;
            }
            seen.push(key);
            for (holder, _) in self.gates.get(key).iter().flat_map(|gate| &gate.inside) {
                if holder == run {
                    return true;
                }
                let awaited =
                    self.gates.iter().filter(|(_, gate)| gate.waiting.iter().any(|((other, _), _)| other == holder));
                next.extend(awaited.map(|(key, _)| key));
            }
        }
        false
    }
}
