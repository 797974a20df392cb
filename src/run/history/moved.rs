//! What a run has recorded under one plan, as it would have been recorded under the plan it is moved to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ages::with_fields;
use crate::base::shape::{Object, Shape};
use crate::base::value::Value;
use crate::lang::plan::compare::{Graft, Translation};
use crate::lang::plan::workflow::State;
use crate::lang::plan::{NodeId, Plan};
use crate::run::event::{Acceptance, Begin, Event, Record, Role, UnitId};

/// Records, read in the plan of `graft`. What they say of what is the same in both plans is said of the new one;
/// what they say of the rest is said of what is left of the old one.
pub fn translate<'r>(records: impl Iterator<Item = &'r Record>, graft: &Graft) -> Vec<Record> {
    let mut reader = Reader { plan: &graft.plan, with: &graft.translation, units: BTreeMap::new() };
    records.map(|record| Record { at: record.at, event: reader.event(&record.event) }).collect()
}

struct Reader<'g> {
    plan: &'g Plan,
    with: &'g Translation,
    /// What each unit carries out, in the old plan.
    units: BTreeMap<UnitId, NodeId>,
}

impl Reader<'_> {
    fn event(&mut self, event: &Event) -> Event {
        let mut event = event.clone();
        match &mut event {
            Event::Accepted(accepted) => *accepted = Arc::new(self.acceptance(accepted)),
            Event::Gathered(gathered) => {
                let gathered = Arc::make_mut(gathered);
                gathered.input = with_defaults(&self.plan.input, &gathered.input);
            }
            Event::Started { state } => *state = self.state(state),
            Event::Set { vars, .. } => *vars = with_defaults(&variables(self.plan), vars),
            Event::Opened { unit, node, role, .. } => {
                self.units.insert(*unit, *node);
                (*node, *role) = (self.with.node(*node), self.role(*role));
            }
            Event::Began { unit, begin: Begin::Body { names, .. }, .. } => {
                let node = self.units.get(unit).copied();
                for (slot, _) in names.iter_mut() {
                    *slot = node.map_or(*slot, |node| self.with.slot(node, *slot));
                }
            }
            Event::RewindAsked(rewinding) | Event::Rewound(rewinding) => {
                for (_, node) in &mut Arc::make_mut(rewinding).statements {
                    *node = self.with.node(*node);
                }
            }
            Event::Raised { chain, .. } => *chain = self.with.chain(*chain),
            Event::Chose { handler, .. } => *handler = handler.map(|handler| self.with.handler(handler)),
            Event::Computed { node, .. }
            | Event::Broke { node, .. }
            | Event::Assigned { node, .. }
            | Event::Passed { node, .. }
            | Event::Launched { node, .. }
            | Event::Emitted { node, .. }
            | Event::Replied { node, .. } => *node = self.with.node(*node),
            _ => {}
        }
        event
    }

    /// What the workflow kept between runs, as the new plan keeps it; nothing where nothing was noted.
    fn state(&self, known: &Value) -> Value {
        match &self.plan.state {
            Some(state) if !known.is_unit() => with_fields(known, |known| with_defaults(&kept(state), known)),
            _ => known.clone(),
        }
    }

    fn role(&self, role: Role) -> Role {
        match role {
            Role::Alternate(handler) => Role::Alternate(self.with.handler(handler)),
            Role::Notify(handler) => Role::Notify(self.with.handler(handler)),
            other => other,
        }
    }

    fn acceptance(&self, accepted: &Acceptance) -> Acceptance {
        Acceptance {
            plan: self.plan.digest,
            input: with_defaults(&self.plan.input, &accepted.input),
            state: self.state(&accepted.state),
            ..accepted.clone()
        }
    }
}

/// The variables of a plan, as the fields of one object.
pub fn variables(plan: &Plan) -> Object {
    Object { fields: plan.vars.iter().map(|(field, _)| field.clone()).collect(), ..Object::default() }
}

/// What a workflow keeps between runs, as the fields of one object.
pub fn kept(state: &State) -> Object {
    Object { fields: state.fields.iter().map(|(field, _)| field.clone()).collect(), ..Object::default() }
}

/// The value as an object of this shape, with the defaults of fields it lacks; as it is, where it does not fit.
pub fn with_defaults(object: &Object, value: &Value) -> Value {
    Shape::Object(Arc::new(object.clone())).check(value).unwrap_or_else(|_| value.clone())
}
