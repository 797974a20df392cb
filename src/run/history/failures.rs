//! What of a run is an open failure: that it failed, or that steps of it are parked.

use super::Run;
use super::unit::Unit;
use crate::base::failure::Failure;
use crate::lang::plan::{NodeId, Plan};
use crate::run::event::{Outcome, UnitId};
use crate::run::failure::Open;

impl Run {
    /// The failures of a run that nobody has dealt with.
    pub fn open_failures(&self, plan: &Plan) -> Vec<Open> {
        match (&self.outcome, self.rested_at.filter(|_| self.is_at_rest())) {
            // Whoever deals with a run deals with those that it waits for.
            (Some(Outcome::Failed { failure }), Some(at)) if !self.dismissed && self.accepted.parent.is_none() => {
                let origin = self.unit(UnitId::RUN).and_then(|unit| unit.origin);
                vec![Open { at, ..open(plan, origin, failure) }]
            }
            (None, None) => {
                self.parked.iter().filter_map(|unit| self.parked_failure(plan, self.unit(*unit)?)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn parked_failure(&self, plan: &Plan, unit: &Unit) -> Option<Open> {
        let trouble = unit.trouble.as_ref()?;
        let node = unit.node(plan).map(|_| unit.node);
        Some(Open { parked: Some(unit.id), at: unit.opened, ..open(plan, node, &trouble.failure) })
    }
}

fn open(plan: &Plan, node: Option<NodeId>, failure: &Failure) -> Open {
    let node = node.and_then(|node| plan.nodes.get(node.0 as usize));
    let (step, digest) = match node {
        Some(node) => (node.name.as_ref().unwrap_or(&node.label).clone(), node.digest),
        None => (plan.name.clone(), plan.digest),
    };
    let kind = failure.kind.name().into();
    Open { step, digest, kind, message: failure.message.clone(), at: Default::default(), parked: None }
}
