//! The invariants at the end of `docs/semantics.md`, read off journals and off what happened outside.

use std::collections::{BTreeMap, BTreeSet};

use orchestra_flow::base::id::RunId;
use orchestra_flow::lang::catalog::Effect;
use orchestra_flow::lang::plan::Moment;
#[cfg(feature = "sqlite")]
use orchestra_flow::run::event::Record;
use orchestra_flow::run::event::{Answer, Begin, Choice, Event, Outcome, Role, Then, UnitId};

use super::simulator::{Actor, Call};

/// What the journal of a run says of its units.
#[derive(Default)]
pub struct History {
    units: BTreeMap<UnitId, Life>,
    /// Units that were given up or began anew.
    discards: Vec<Discard>,
    outcome: Option<Outcome>,
    undone: bool,
}

/// A unit was given up or began anew.
struct Discard {
    unit: UnitId,
    /// The record with which that was over.
    until: usize,
    /// Whether what stood in for the unit stays.
    completes: bool,
}

struct Life {
    parent: UnitId,
    role: Role,
    node: usize,
    opened: usize,
    ended: Option<usize>,
    keys: Vec<String>,
}

impl History {
    /// What the journal of a run says.
    pub fn of(actor: &Actor) -> Self {
        let mut history = Self::default();
        let mut open: BTreeMap<UnitId, bool> = BTreeMap::new();
        for (at, record) in actor.journal.iter().enumerate() {
            match &record.event {
                Event::Opened { unit, parent, node, role, .. } => {
                    let node = node.0 as usize;
                    let life = Life { parent: *parent, role: *role, node, opened: at, ended: None, keys: Vec::new() };
                    history.units.insert(*unit, life);
                }
                Event::Began { unit, begin: Begin::Act { key, .. }, .. } => {
                    if let Some(life) = history.units.get_mut(unit) {
                        life.keys.push(key.to_string());
                    }
                }
                Event::Closing { unit, then: Then::Discard { outcome } } => {
                    open.insert(*unit, matches!(outcome, Outcome::Completed { .. }));
                }
                Event::Closing { unit, then: Then::Anew { .. } } => drop(open.insert(*unit, false)),
                Event::Ended { unit, .. } | Event::Renewed { unit } => {
                    if let Some(completes) = open.remove(unit) {
                        history.discards.push(Discard { unit: *unit, until: at, completes });
                    }
                    if let (Event::Ended { .. }, Some(life)) = (&record.event, history.units.get_mut(unit)) {
                        life.ended = Some(at);
                    }
                }
                Event::Decided { outcome } => history.outcome = Some(outcome.clone()),
                Event::UnwindAsked => history.undone = true,
                _ => {}
            }
        }
        history
    }

    /// A unit and those round it, each with whether it is no part of that but stands in for it, as an `alternate` does.
    fn round(&self, mut unit: UnitId) -> BTreeMap<UnitId, bool> {
        let mut round = BTreeMap::new();
        let mut stands_in = false;
        while let Some(life) = self.units.get(&unit) {
            round.insert(unit, stands_in);
            stands_in = matches!(life.role, Role::Alternate(_));
            unit = life.parent;
        }
        round
    }

    fn is_beneath(&self, mut unit: UnitId, fits: impl Fn(UnitId, &Life) -> bool) -> bool {
        while let Some(life) = self.units.get(&unit) {
            if fits(unit, life) {
                return true;
            }
            unit = life.parent;
        }
        false
    }

    /// Says what in the journal must not be.
    pub fn check(&self, actor: &Actor, killed: bool, say: &mut dyn FnMut(String)) {
        let (mut ended, mut closing) = (BTreeSet::new(), BTreeSet::new());
        let (mut attempts, mut budgets) = (BTreeMap::<_, u32>::new(), BTreeMap::<_, u32>::new());
        let mut finals = 0;
        let (mut paused, mut decided, mut rested, mut cancelled) = (false, false, false, false);
        let mut last_undo: BTreeMap<UnitId, usize> = BTreeMap::new();
        let beneath_undo = |unit: UnitId| self.is_beneath(unit, |_, life| life.role == Role::Undo);
        let after =
            |unit: UnitId| self.is_beneath(unit, |_, life| matches!(life.role, Role::Undo | Role::Lifecycle(..)));
        for (at, record) in actor.journal.iter().enumerate() {
            let event = &record.event;
            if rested && !matches!(event, Event::UnwindAsked) {
                say(format!("I2: {event:?} follows the end"));
            }
            match event {
                Event::UnwindAsked => rested = false,
                Event::Rested => rested = true,
                Event::PauseAsked { .. } => paused = true,
                Event::Resumed { .. } | Event::Killed { .. } => paused = false,
                Event::CancelAsked { .. } => {
                    paused = false;
                    cancelled = true;
                }
                Event::Decided { outcome } => {
                    decided = true;
                    if cancelled && *outcome != Outcome::Cancelled {
                        say(format!("I10: cancelled before the decision, and it is {outcome:?}"));
                    }
                }
                Event::Opened { unit, parent, role, given, .. } => {
                    if paused {
                        say(format!("I13: {event:?} while paused"));
                    }
                    if decided && !after(*unit) {
                        say(format!("I7: {event:?} after the decision"));
                    }
                    let closes = |unit: UnitId| self.is_beneath(unit, |id, _| closing.contains(&id));
                    if closes(*parent) && !beneath_undo(*unit) {
                        say(format!("I7: {event:?} in something that unwinds"));
                    }
                    if let Role::Lifecycle(Moment::Finally, 0) = role {
                        finals += 1;
                    }
                    if *role == Role::Undo {
                        let key = given.get("key").map(ToString::to_string).unwrap_or_default();
                        // A step in doubt may have kept the key of the generation before.
                        let mine = |life: &Life| life.keys.contains(&key) && life.role == Role::Main;
                        let steps = self.units.iter().filter(|(_, life)| mine(life) && life.opened < at);
                        let step = steps.max_by_key(|(_, life)| life.opened);
                        let done = step.and_then(|(_, life)| life.ended).unwrap_or(at);
                        // Within one discard the latest completion is undone first.
                        let before = last_undo.insert(*parent, done.min(at));
                        if before.is_some_and(|before| before < done) && done < at {
                            say(format!("I6: the undo of {key} comes too late"));
                        }
                    }
                }
                Event::Attempted { unit, .. } => {
                    if paused {
                        say(format!("I13: {event:?} while paused"));
                    }
                    let closes = self.is_beneath(*unit, |id, _| closing.contains(&id));
                    if closes && !beneath_undo(*unit) {
                        say(format!("I7: {event:?} in something that unwinds"));
                    }
                    let count = attempts.entry(*unit).or_default();
                    *count += 1;
                    if *count > 1 + budgets.get(unit).copied().unwrap_or_default() {
                        say(format!("I8: {event:?} has no budget"));
                    }
                }
                Event::Chose { unit, choice: Choice::Retry { .. }, .. } => *budgets.entry(*unit).or_default() += 1,
                Event::Emitted { .. } | Event::Replied { .. } | Event::Launched { .. } if paused => {
                    say(format!("I13: {event:?} while paused"));
                }
                Event::Closing { unit, .. } => {
                    closing.insert(*unit);
                    last_undo.remove(unit);
                }
                Event::Raised { unit, .. } => drop(closing.remove(unit)),
                Event::Renewed { unit } => {
                    closing.remove(unit);
                    attempts.remove(unit);
                    budgets.remove(unit);
                }
                Event::Ended { unit, .. } => {
                    closing.remove(unit);
                    if !ended.insert(*unit) {
                        say(format!("I1: {unit:?} ended twice"));
                    }
                }
                _ => {}
            }
        }
        if killed {
            return;
        }
        if !rested {
            say("I2: it does not rest".to_owned());
        }
        for (unit, life) in &self.units {
            if life.ended.is_none() {
                say(format!("I1: {unit:?} ({:?}) never ended", life.role));
            }
        }
        let started = actor.run.started_at.is_some();
        let wanted = usize::from(!actor.plan.finally.is_empty() && started);
        if finals != wanted {
            say(format!("I9: finally ran {finals} times"));
        }
    }
}

/// Says where more were inside a lock at a time than there are places (I14), of all that was recorded, in the order of the journal.
#[cfg(feature = "sqlite")]
pub fn check_locks(journal: &[(RunId, Record)], say: &mut dyn FnMut(String)) {
    let mut gates: BTreeMap<(&RunId, UnitId), (&str, u64)> = BTreeMap::new();
    let mut inside: BTreeMap<(&str, u64), BTreeSet<(&RunId, UnitId)>> = BTreeMap::new();
    for (run, record) in journal {
        match &record.event {
            Event::Began { unit, begin: Begin::Gate { key, places }, .. } => {
                gates.insert((run, *unit), (&**key, *places));
            }
            Event::Answered { unit, .. } => {
                let Some(gate @ (key, places)) = gates.get(&(run, *unit)).copied() else { continue };
                let inside = inside.entry(gate).or_default();
                inside.insert((run, *unit));
                if inside.len() as u64 > places {
                    let (many, at) = (inside.len(), record.at);
                    say(format!("I14: {many} are inside the lock {key} at {at}, and there are {places} places"));
                }
            }
            Event::Ended { unit, .. } | Event::Renewed { unit } => {
                if let Some(gate) = gates.get(&(run, *unit)) {
                    inside.entry(*gate).or_default().remove(&(run, *unit));
                }
            }
            _ => {}
        }
    }
}

/// Says what must not be of what happened outside.
pub fn check_effects(
    (runs, calls): (&BTreeMap<RunId, Actor>, &[Call]),
    histories: &BTreeMap<&RunId, History>,
    killed: bool,
    repeats_unknown: bool,
    say: &mut dyn FnMut(String),
) {
    let mut applied: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    let mut unknown: BTreeSet<&str> = BTreeSet::new();
    for call in calls {
        if call.applied {
            *applied.entry((&call.name, &call.key)).or_default() += 1;
        }
        if call.effect == Effect::Once && unknown.contains(&*call.key) && !repeats_unknown {
            say(format!("I4: {} is called again under {}, and nobody knows of the last time", call.name, call.key));
        }
        let journal = &runs[&call.run].journal;
        let answer = journal.get(call.records..).unwrap_or_default().iter().find_map(|record| match &record.event {
            Event::Answered { unit, attempt, answer } if *unit == call.unit && *attempt == call.attempt => Some(answer),
            _ => None,
        });
        match answer {
            Some(Answer::Failed { certain: false, .. }) => drop(unknown.insert(&call.key)),
            Some(_) => {}
            None if call.effect == Effect::Read || killed => {}
            None => say(format!("I3: the attempt {} of {} has no outcome", call.attempt, call.key)),
        }
    }
    for ((name, key), times) in &applied {
        if *times > 1 && *name == "far.act" && !repeats_unknown {
            say(format!("I4: {key} happened {times} times"));
        }
    }
    if killed {
        return;
    }
    let mut undone: BTreeMap<String, u32> = BTreeMap::new();
    for call in calls.iter().filter(|call| &*call.name == "far.undo" && call.applied) {
        *undone.entry(call.params.get("of").map(ToString::to_string).unwrap_or_default()).or_default() += 1;
    }
    let problems: BTreeSet<String> = runs
        .iter()
        .flat_map(|(id, actor)| actor.run.problems.iter().map(move |problem| format!("{id}:{}", problem.place)))
        // An undo that a person had tried again has a generation.
        .map(|place| place.split("/undo").next().unwrap_or_default().to_owned() + "/undo")
        .collect();
    let settled = settled_undos(runs);
    let mut seen = BTreeSet::new();
    for call in calls.iter().filter(|call| call.applied) {
        let history = &histories[&call.run];
        let Some(life) = history.units.get(&call.unit) else { continue };
        let node = runs[&call.run].plan.nodes.get(life.node);
        if life.role != Role::Main || node.is_none_or(|node| node.clauses.undo.is_none()) || !seen.insert(&call.key) {
            continue;
        }
        let times = undone.get(&*call.key).copied().unwrap_or_default();
        let names = [call.key.to_string(), format!("{}:{}", call.run, call.place)];
        let told = names.iter().any(|name| problems.contains(&format!("{name}/undo"))) || settled.contains(&*call.key);
        let gone = is_gone(runs, histories, &call.run, call.unit, call.records);
        if gone && times == 0 && !told {
            say(format!("I5: {} was given up and is not undone", call.key));
        }
        if !gone && times > 0 {
            say(format!("I5: {} is undone, and nobody gave it up", call.key));
        }
        if times > 1 {
            say(format!("I5: {} is undone {times} times", call.key));
        }
    }
}

/// The keys of steps whose undo ended well: an `alternate` may have done it in another way.
fn settled_undos(runs: &BTreeMap<RunId, Actor>) -> BTreeSet<String> {
    let mut settled = BTreeSet::new();
    for actor in runs.values() {
        let mut undos = BTreeMap::new();
        for record in &actor.journal {
            match &record.event {
                Event::Opened { unit, role: Role::Undo, given, .. } => {
                    undos.insert(*unit, given.get("key").map(ToString::to_string).unwrap_or_default());
                }
                Event::Ended { unit, outcome: Outcome::Completed { .. } } => settled.extend(undos.remove(unit)),
                _ => {}
            }
        }
    }
    settled
}

/// Whether what a unit did when its journal had so many records was given up.
fn is_gone(
    runs: &BTreeMap<RunId, Actor>,
    histories: &BTreeMap<&RunId, History>,
    run: &RunId,
    unit: UnitId,
    records: usize,
) -> bool {
    let history = &histories[run];
    // What is done by or beside an undo, a `notify` or a body at the end is a fact (39, 40).
    let fact = |_: UnitId, life: &Life| matches!(life.role, Role::Undo | Role::Notify(_) | Role::Lifecycle(..));
    if history.is_beneath(unit, fact) {
        return false;
    }
    let ended_well = matches!(history.outcome, Some(Outcome::Completed { .. }));
    if !ended_well || history.undone {
        return true;
    }
    let round = history.round(unit);
    // What stands in for a unit is given up with it, unless it is what the unit is completed with.
    let with = |discard: &Discard| round.get(&discard.unit).is_some_and(|stands_in| !(*stands_in && discard.completes));
    if history.discards.iter().any(|discard| with(discard) && records <= discard.until) {
        return true;
    }
    match &runs[run].parent {
        Some((parent, step, _)) => {
            // Whoever undoes it waits for it now; it was begun by the unit that has its id for a key.
            let key = run.0.split('#').next().unwrap_or_default();
            let begun = runs[parent].journal.iter().position(|record| match &record.event {
                Event::Began { begin: Begin::Act { key: other, .. }, .. } => **other == *key,
                _ => false,
            });
            let found = histories[parent].units.iter().find(|(_, life)| life.keys.iter().any(|other| other == key));
            let step = found.map_or(*step, |(unit, _)| *unit);
            begun.is_none_or(|begun| is_gone(runs, histories, parent, step, begun))
        }
        None => false,
    }
}
