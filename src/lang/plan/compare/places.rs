//! The place of each node of a plan as far as the plan alone gives it: without turns and generations.

use std::sync::Arc;

use super::super::body::Body;
use super::super::handler::{HandlerAction, HandlerId};
use super::super::node::{Inside, Kind, NodeId, Race, Runners};
use super::super::workflow::{Moment, Plan};
use super::pair::stream;

/// The places of all nodes, in their order. Calls of `notify` and `undo`, whose places follow from those they belong to, have
/// none, and neither have reminders.
pub fn places(plan: &Plan) -> Vec<Arc<str>> {
    let mut walk = Walk { plan, places: vec![Arc::default(); plan.nodes.len()] };
    walk.body(&plan.body, "");
    for moment in Moment::ALL {
        for (index, body) in plan.lifecycle(moment).iter().enumerate() {
            walk.body(body, &format!("{}-{index}", moment.word()));
        }
    }
    for (id, relic) in &plan.past.nodes {
        walk.places[id.0 as usize] = relic.path.clone();
    }
    walk.places
}

struct Walk<'p> {
    plan: &'p Plan,
    places: Vec<Arc<str>>,
}

impl Walk<'_> {
    fn body(&mut self, body: &Body, above: &str) {
        body.statements.iter().for_each(|id| self.node(*id, above));
        self.handlers(&body.handlers, above);
    }

    fn handlers(&mut self, handlers: &[HandlerId], above: &str) {
        let plan = self.plan;
        for id in handlers {
            if let HandlerAction::Alternate(body) = &plan.handlers[id.0 as usize].action {
                self.body(body, &format!("{above}/alternate"));
            }
        }
    }

    fn node(&mut self, id: NodeId, above: &str) {
        let plan = self.plan;
        let node = plan.node(id);
        let place = match (node.unit || node.name.is_some(), above) {
            (false, above) => above.to_owned(),
            (true, "") => node.label.to_string(),
            (true, above) => format!("{above}.{}", node.label),
        };
        self.places[id.0 as usize] = place.as_str().into();
        self.handlers(&node.clauses.handlers, &place);
        if let Some(call) = stream(&node.kind) {
            self.node(call, &place);
        }
        match node.kind.inside() {
            Inside::Nothing => {}
            Inside::Body(body) => {
                let turns = if body.frame.is_some() { "[]" } else { "" };
                self.body(body, &format!("{place}{turns}"));
            }
            Inside::Branches(branches) => {
                let named = matches!(node.kind, Kind::Race(Race { runners: Runners::Branches(_), .. }));
                for branch in branches {
                    let place = if named { format!("{place}.{}", branch.name) } else { place.clone() };
                    self.body(&branch.body, &place);
                }
            }
        }
    }
}
