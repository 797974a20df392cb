//! What a run has carried out, by the nodes of its plan.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::value::Value;
use crate::lang::plan::NodeId;
use crate::run::event::{Begin, Event, Outcome, Record, Role, UnitId};

/// What a run has carried out so far, by the nodes of its plan: also of what it holds no unit of any more.
#[derive(Clone, Debug, Default)]
pub struct Traces {
    /// Nodes with a record.
    pub(super) touched: BTreeSet<NodeId>,
    /// The arms that were taken of each choice.
    pub(super) arms: BTreeMap<NodeId, BTreeSet<u32>>,
    /// What nodes gave.
    pub(super) outputs: BTreeMap<NodeId, Vec<Value>>,
    units: BTreeMap<UnitId, NodeId>,
}

impl Traces {
    /// Reads the records that count, in order.
    pub fn of<'r>(records: impl Iterator<Item = &'r Record>) -> Self {
        let mut traces = Self::default();
        records.for_each(|record| traces.note(&record.event));
        traces
    }

    /// Takes one more event in.
    pub fn note(&mut self, event: &Event) {
        match event {
            Event::Opened { unit, node, role, .. } => {
                self.touched.insert(*node);
                if matches!(role, Role::Main | Role::Undo | Role::Notify(_)) {
                    self.units.insert(*unit, *node);
                }
            }
            Event::Began { unit, begin: Begin::Body { arm: Some(arm), .. }, .. } => {
                if let Some(node) = self.units.get(unit) {
                    self.arms.entry(*node).or_default().insert(*arm);
                }
            }
            Event::Ended { unit, outcome: Outcome::Completed { output } | Outcome::Skipped { output, .. } } => {
                if let Some(node) = self.units.remove(unit) {
                    self.outputs.entry(node).or_default().push(output.clone());
                }
            }
            Event::Ended { unit, .. } => drop(self.units.remove(unit)),
            Event::Computed { node, value, .. } => {
                self.touched.insert(*node);
                self.outputs.entry(*node).or_default().push(value.clone());
            }
            Event::Broke { node, .. }
            | Event::Assigned { node, .. }
            | Event::Passed { node, .. }
            | Event::Launched { node, .. }
            | Event::Emitted { node, .. }
            | Event::Replied { node, .. } => drop(self.touched.insert(*node)),
            _ => {}
        }
    }
}
