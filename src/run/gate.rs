//! Locks across runs: who is inside, who waits, in order of arrival (semantics 67 to 69).

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::event::Holder;

/// All locks.
#[derive(Debug, Default)]
pub struct Gates {
    gates: BTreeMap<Arc<str>, Gate>,
}

#[derive(Debug, Default)]
struct Gate {
    inside: Vec<Holder>,
    waiting: VecDeque<Waiter>,
}

#[derive(Debug)]
struct Waiter {
    holder: Holder,
    places: u64,
    /// The locks it is inside of: they are held until it has been in and out.
    within: Vec<Holder>,
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
    /// Asks for one of `places` places inside `key`, for somebody who is inside the locks `within` already.
    pub fn enter(&mut self, key: &Arc<str>, places: u64, holder: Holder, within: Vec<Holder>) -> Entry {
        let free =
            self.gates.get(key).is_none_or(|gate| gate.waiting.is_empty() && (gate.inside.len() as u64) < places);
        if !free && self.never_opens(key, &within, &mut Vec::new()) {
            return Entry::Circle;
        }
        let gate = self.gates.entry(key.clone()).or_default();
        if free {
            gate.inside.push(holder);
            return Entry::Inside;
        }
        gate.waiting.push_back(Waiter { holder, places, within });
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
        gate.waiting.retain(|waiter| waiter.holder != *holder);
        while gate.waiting.front().is_some_and(|next| (gate.inside.len() as u64) < next.places)
            && let Some(next) = gate.waiting.pop_front()
        {
            gate.inside.push(next.holder.clone());
            entered.push(next.holder);
        }
        if gate.inside.is_empty() && gate.waiting.is_empty() {
            self.gates.remove(key);
        }
        entered
    }

    /// Whether nobody inside `key` will ever leave if somebody waits for it who is inside the locks `within`: each of them is
    /// such a lock, or waits itself, somewhere inside, for a lock that never opens then. `seen` are the keys looked at.
    fn never_opens<'a>(&'a self, key: &'a Arc<str>, within: &[Holder], seen: &mut Vec<&'a Arc<str>>) -> bool {
        if seen.contains(&key) {
            return false;
        }
        seen.push(key);
        self.gates.get(key).is_some_and(|gate| {
            gate.inside.iter().all(|inside| within.contains(inside) || self.waits_for_ever(inside, within, seen))
        })
    }

    fn waits_for_ever<'a>(&'a self, inside: &Holder, within: &[Holder], seen: &mut Vec<&'a Arc<str>>) -> bool {
        self.gates.iter().any(|(key, gate)| {
            gate.waiting.iter().any(|waiter| waiter.within.contains(inside)) && self.never_opens(key, within, seen)
        })
    }
}
