//! Gates across runs: who is inside, who waits, in order of arrival (semantics 67 to 69). A lock of a step is one, and so are
//! the places of a workflow's runs.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::admission::{Overflow, Reason, Turn};
use super::event::{Holder, UnitId};
use super::history::Run;
use crate::base::id::RunId;

/// All gates.
#[derive(Debug, Default)]
pub struct Gates {
    gates: BTreeMap<Name, Gate>,
    /// For holders that stay inside until somebody else has been in and out of other gates: which, and for how many.
    held_up: BTreeMap<Holder, BTreeMap<Name, usize>>,
    arrivals: u64,
}

/// Which gate. What a program calls a lock never meets what the engine calls the places of runs, also where both are one text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    /// The places of runs.
    Runs(Arc<str>),
    /// A lock.
    Lock(Arc<str>),
}

impl Name {
    /// The gate that somebody means by `key`.
    fn of(key: &Arc<str>, (_, unit): &Holder) -> Self {
        if *unit == UnitId::RUN { Self::Runs(key.clone()) } else { Self::Lock(key.clone()) }
    }
}

/// How it stands at a gate, for somebody who waits there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// Who is inside, in the order in which they entered.
    pub inside: Vec<Holder>,
    /// How many wait before the one who asks.
    pub ahead: usize,
}

#[derive(Debug, Default)]
struct Gate {
    /// In the order in which they entered.
    inside: Vec<Holder>,
    waiting: BTreeMap<Order, Waiter>,
    turns: BTreeMap<Holder, Order>,
}

/// Whose turn is earlier: the higher priority, then the earlier arrival.
type Order = (Reverse<u8>, u64);

#[derive(Debug)]
struct Waiter {
    holder: Holder,
    places: u64,
    within: Box<[Holder]>,
}

/// Somebody asks for a place.
#[derive(Clone, Debug)]
pub struct Asker {
    /// Who.
    pub holder: Holder,
    /// Higher ones enter first.
    pub priority: u8,
    /// The gates it is inside of: they are held until it has been in and out.
    pub within: Vec<Holder>,
}

impl Asker {
    /// A unit of a run that asks for a lock.
    pub fn of(run: &Run, unit: UnitId) -> Self {
        let priority = run.accepted.admission.priority;
        Self { holder: (run.accepted.run.clone(), unit), priority, within: run.gates_around(unit) }
    }
}

/// What came of asking for all the places a run needs.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// It has them.
    Inside,
    /// It waits; these runs are to make room for it.
    Waiting(Vec<RunId>),
    /// It will not get them.
    Never(Reason),
}

/// What came of asking for a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The asker is inside.
    Inside,
    /// The asker will be told. These are to leave for it.
    Waiting {
        /// Who; nobody, where late ones queue.
        instead_of: Vec<Holder>,
    },
    /// All places are taken, and late ones are not wanted.
    Full,
    /// Everybody would wait for everybody: the asker closes a circle.
    Circle,
}

impl Gates {
    /// Asks for one of `places` places inside `key`. Who asks again is told how it stands, and keeps its turn.
    pub fn enter(&mut self, key: &Arc<str>, places: u64, overflow: Overflow, asker: Asker) -> Entry {
        let Asker { holder, priority, within } = asker;
        let turn = (Reverse(priority), self.arrivals);
        let key = &Name::of(key, &holder);
        let mut free = true;
        if let Some(gate) = self.gates.get(key) {
            if gate.inside.contains(&holder) {
                return Entry::Inside;
            }
            if gate.turns.contains_key(&holder) {
                return Entry::Waiting { instead_of: Vec::new() };
            }
            let first = gate.waiting.first_key_value().is_none_or(|(other, _)| turn < *other);
            free = first && (gate.inside.len() as u64) < places;
        }
        // Whoever holds nothing is waited for by nobody.
        if !free && !within.is_empty() && self.never_opens(key, &within) {
            return Entry::Circle;
        }
        let gate = self.gates.entry(key.clone()).or_default();
        if free {
            gate.inside.push(holder);
            return Entry::Inside;
        }
        let instead_of = match overflow {
            Overflow::Queue => Vec::new(),
            Overflow::Skip => return Entry::Full,
            Overflow::Restart => gate.all_but_the_last(places.saturating_sub(1)),
        };
        self.arrivals += 1;
        gate.turns.insert(holder.clone(), turn);
        for held in &within {
            *self.held_up.entry(held.clone()).or_default().entry(key.clone()).or_default() += 1;
        }
        gate.waiting.insert(turn, Waiter { holder, places, within: within.into() });
        Entry::Waiting { instead_of }
    }

    /// Asks for the places that a run needs before it may start, one after the other.
    pub fn admit(&mut self, run: &RunId, turn: &Turn) -> Asked {
        let holder = (run.clone(), UnitId::RUN);
        let mut asker = Asker { holder, priority: turn.priority, within: turn.within.clone() };
        for place in &turn.places {
            match self.enter(&place.gate, place.places, place.overflow, asker.clone()) {
                Entry::Inside => {}
                Entry::Waiting { instead_of } => {
                    return Asked::Waiting(instead_of.into_iter().map(|(run, _)| run).collect());
                }
                Entry::Full => return Asked::Never(Reason::Full { gate: place.gate.clone() }),
                Entry::Circle => return Asked::Never(Reason::Circle { gate: place.gate.clone() }),
            }
            // What it has already it keeps while it waits for the next.
            if asker.within.last() != Some(&asker.holder) {
                asker.within.push(asker.holder.clone());
            }
        }
        Asked::Inside
    }

    /// Lets a holder be inside again that was when the process ended.
    pub fn restore(&mut self, key: &Arc<str>, holder: Holder) {
        let inside = &mut self.gates.entry(Name::of(key, &holder)).or_default().inside;
        if !inside.contains(&holder) {
            inside.push(holder);
        }
    }

    /// Gives a place back, or the wish for one; those who are inside now instead.
    pub fn leave(&mut self, key: &Arc<str>, holder: &Holder) -> Vec<Holder> {
        let mut entered = Vec::new();
        let key = &Name::of(key, holder);
        let Some(gate) = self.gates.get_mut(key) else { return entered };
        let mut gone = Vec::new();
        match gate.turns.remove(holder) {
            Some(turn) => gone.extend(gate.waiting.remove(&turn)),
            None => gate.inside.retain(|other| other != holder),
        }
        while let Some(next) = gate.waiting.first_entry()
            && (gate.inside.len() as u64) < next.get().places
        {
            let next = next.remove();
            gate.turns.remove(&next.holder);
            gate.inside.push(next.holder.clone());
            entered.push(next.holder.clone());
            gone.push(next);
        }
        if gate.inside.is_empty() && gate.waiting.is_empty() {
            self.gates.remove(key);
        }
        for waiter in gone {
            waiter.within.iter().for_each(|held| self.waits_no_more(held, key));
        }
        entered
    }

    /// How it stands at a gate, for `holder` who waits there; nothing if it does not.
    pub fn queue(&self, key: &Arc<str>, holder: &Holder) -> Option<Queue> {
        let gate = self.gates.get(&Name::of(key, holder))?;
        let turn = gate.turns.get(holder)?;
        Some(Queue { inside: gate.inside.clone(), ahead: gate.waiting.range(..turn).count() })
    }

    fn inside(&self, gate: &Name) -> &[Holder] {
        self.gates.get(gate).map_or(&[], |gate| &gate.inside)
    }

    /// Nobody who keeps `held` inside waits at `key` any more, as far as this one waiter goes.
    fn waits_no_more(&mut self, held: &Holder, key: &Name) {
        let Some(gates) = self.held_up.get_mut(held) else { return };
        if let Some(count) = gates.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                gates.remove(key);
            }
        }
        if gates.is_empty() {
            self.held_up.remove(held);
        }
    }

    /// Whether nobody inside `key` will ever leave if somebody waits for it who is inside the gates `within`: each of them is
    /// such a holder, or is held up by a gate that never opens either.
    fn never_opens(&self, key: &Name, within: &[Holder]) -> bool {
        let mut shut = self.gates_behind(key, within);
        loop {
            let opens = shut.iter().find(|gate| self.opens(gate, within, &shut)).cloned();
            match opens {
                Some(gate) => drop(shut.remove(&gate)),
                None => return shut.contains(key),
            }
        }
    }

    /// Whether somebody inside `gate` will leave if only these gates never open.
    fn opens(&self, gate: &Name, within: &[Holder], shut: &BTreeSet<Name>) -> bool {
        self.inside(gate).iter().any(|inside| {
            let waits = self.held_up.get(inside).is_some_and(|gates| gates.keys().any(|gate| shut.contains(gate)));
            !within.contains(inside) && !waits
        })
    }

    /// The gates that decide whether `key` opens: those its holders are held up by, and so on.
    fn gates_behind(&self, key: &Name, within: &[Holder]) -> BTreeSet<Name> {
        let (mut found, mut next) = (BTreeSet::from([key.clone()]), vec![key.clone()]);
        while let Some(gate) = next.pop() {
            let others = self.inside(&gate).iter().filter(|inside| !within.contains(inside));
            for gate in others.filter_map(|inside| self.held_up.get(inside)).flat_map(BTreeMap::keys) {
                if found.insert(gate.clone()) {
                    next.push(gate.clone());
                }
            }
        }
        found
    }
}

impl Gate {
    /// All who are inside or wait, but so many who came last.
    fn all_but_the_last(&self, kept: u64) -> Vec<Holder> {
        let all = self.inside.iter().chain(self.waiting.values().map(|waiter| &waiter.holder));
        let count = (self.inside.len() + self.waiting.len()) as u64;
        all.take(usize::try_from(count.saturating_sub(kept)).unwrap_or(usize::MAX)).cloned().collect()
    }
}
