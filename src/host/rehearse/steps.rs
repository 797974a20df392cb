//! `steps` in tests: the records of all steps by name, wherever they stand.

use std::collections::BTreeMap;

use crate::base::time::Timestamp;
use crate::base::value::{Map, Value};
use crate::lang::plan::{Kind, NodeId, Plan};
use crate::run::event::{Event, Outcome, Record, Role, UnitId};
use crate::run::history::Run;
use crate::run::history::frame::StepRecord;

/// The records of all steps. Of a step in a loop, it is that of its last turn; of one that has not begun, it is `pending`.
pub fn of(plan: &Plan, run: &Run, journal: &[Record]) -> Value {
    let inner = from_journal(journal);
    let root = run.unit(UnitId::RUN).map(|unit| unit.frame);
    let mut map = Map::new();
    for node in &plan.nodes {
        let Some(name) = &node.name else { continue };
        if matches!(node.kind, Kind::Let(_)) {
            continue;
        }
        let outer = node.slot.filter(|slot| slot.depth == 0).zip(root);
        let outer = outer.and_then(|(slot, root)| run.frames.read(root, slot).cloned());
        match outer.as_ref().or_else(|| inner.get(&node.id)) {
            Some(record) => drop(map.insert(name.clone(), record.to_value())),
            None if !map.contains_key(name) => drop(map.insert(name.clone(), pending())),
            None => {}
        }
    }
    map.into()
}

fn pending() -> Value {
    Value::map([("status", "pending".into()), ("output", Value::Unit), ("error", Value::Unit)])
}

/// The last record of each node, read off the journal.
fn from_journal(journal: &[Record]) -> BTreeMap<NodeId, StepRecord> {
    let mut open: BTreeMap<UnitId, (NodeId, Timestamp, u32)> = BTreeMap::new();
    let mut ended = BTreeMap::new();
    for Record { at, event } in journal {
        match event {
            Event::Opened { unit, node, role: Role::Main, .. } => drop(open.insert(*unit, (*node, *at, 1))),
            Event::Attempted { unit, attempt, .. } => {
                if let Some((_, _, attempts)) = open.get_mut(unit) {
                    *attempts = *attempt;
                }
            }
            Event::Ended { unit, outcome } => {
                if let Some((node, started, attempts)) = open.remove(unit) {
                    ended.insert(node, record(outcome, started, *at, attempts));
                }
            }
            Event::Computed { node, value, .. } => drop(ended.insert(*node, StepRecord::of(value.clone(), *at))),
            _ => {}
        }
    }
    ended
}

fn record(outcome: &Outcome, started: Timestamp, ended: Timestamp, attempts: u32) -> StepRecord {
    StepRecord { status: outcome.word(), attempts, started, ..StepRecord::of(outcome.output(), ended) }
}
