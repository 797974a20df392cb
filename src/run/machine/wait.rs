//! `wait`, and what runs meanwhile: `remind` and `escalate`.

use std::sync::Arc;

use super::Machine;
use super::names::Given;
use crate::base::failure::{Failure, Kind as FailureKind};
use crate::base::time::{Duration, Timestamp};
use crate::base::value::Value;
use crate::lang::plan::node::Wait;
use crate::lang::plan::{Kind, Node, Plan, Script};
use crate::run::event::{Begin, Event, Role, UnitId};
use crate::run::history::Run;
use crate::run::history::unit::{Sees, Task};
use crate::run::wait::Fit;

/// Where the events are that a unit which has begun to wait for one has not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// For which unit.
    pub unit: UnitId,
    /// Their topic.
    pub topic: Arc<str>,
    /// After which mark.
    pub after: u64,
}

/// Which events are to be told to a unit when it begins to wait for one, for a run that was accepted at the mark `accepted`;
/// none if it waits for no event (semantics 59, 60).
pub fn unseen(plan: &Plan, run: &Run, unit: UnitId, accepted: u64) -> Option<Unseen> {
    let waiting =
        run.unit(unit).filter(|unit| matches!(&unit.task, Task::Listen(listen) if listen.output.is_none()))?;
    let Kind::Wait(Wait::Event { topic, filter }) = &waiting.node(plan)?.kind else { return None };
    // What a filter has passed over once that always says the same, it passes over again.
    let settled = filter.as_ref().is_none_or(|filter| filter.is_settled(plan.functions.library()));
    let after = if settled { run.last_taken(waiting.node).max(accepted) } else { accepted };
    Some(Unseen { unit, topic: topic.clone(), after })
}

impl Machine<'_> {
    /// What a `wait` waits for.
    pub(super) fn waiting(&mut self, id: UnitId, wait: &Wait) -> Result<Begin, Failure> {
        match wait {
            Wait::For(formula) => Ok(Begin::Sleep { until: self.duration(id, formula)?.after(self.now) }),
            Wait::Until(script) => match self.compute_script(id, script)? {
                Value::Bool(_) => Ok(Begin::Listen { since: 0, fit: None }),
                value => Ok(Begin::Sleep { until: moment(&value)? }),
            },
            Wait::Event { filter, .. } => {
                let fit = filter.as_ref().and_then(|filter| self.wanted(id, filter));
                Ok(Begin::Listen { since: 0, fit })
            }
            Wait::Signal(_) => Ok(Begin::Listen { since: 0, fit: None }),
        }
    }

    /// Looks whether what a unit listens for has come.
    pub(super) fn listen(&mut self, id: UnitId) {
        let plan = self.plan;
        let Some(unit) = self.run.unit(id) else { return };
        let (Task::Listen(listen), Some(node)) = (&unit.task, unit.node(plan)) else { return };
        if let Some(output) = listen.output.clone() {
            return self.complete(id, output);
        }
        let Kind::Wait(wait) = &node.kind else { return };
        match wait {
            Wait::Until(script) => match self.holds(id, script) {
                Ok(true) => self.complete(id, Value::Bool(true)),
                // It is looked at again when something in the run has changed, or as time goes by.
                Ok(false) => {}
                Err(failure) => self.raise(id, failure),
            },
            Wait::Signal(name) => {
                if let Some(number) = self.run.signal(name) {
                    self.record(Event::Took { unit: id, number });
                }
            }
            // It is told of each event.
            Wait::Event { .. } | Wait::For(_) => {}
        }
    }

    /// Looks at the conditions that time alone may change.
    pub(super) fn look_at_the_clock(&mut self) {
        for id in self.run.clocked() {
            if self.run.unit(id).is_some_and(|unit| unit.trouble.is_none() && unit.closing.is_none() && !unit.resting) {
                self.listen(id);
            }
        }
    }

    /// An event happened: each wait for one of its topic takes it if it is for it. Of the waits of one node only one does
    /// (semantics 60). An event that nobody takes leaves no record.
    pub(super) fn hear(&mut self, mark: u64, topic: &Arc<str>, payload: &Value) {
        for id in self.run.listeners() {
            if !self.is_for(id, mark, topic, payload) {
                continue;
            }
            if self.run.event_at(mark).is_none() {
                self.record(Event::Arrived { topic: topic.clone(), payload: payload.clone(), mark });
            }
            if let Some(number) = self.run.event_at(mark) {
                self.record(Event::Took { unit: id, number });
            }
        }
    }

    fn is_for(&mut self, id: UnitId, mark: u64, topic: &str, payload: &Value) -> bool {
        let plan = self.plan;
        let Some(unit) = self.run.unit(id) else { return false };
        let (Task::Listen(listen), Some(node)) = (&unit.task, unit.node(plan)) else { return false };
        let Kind::Wait(Wait::Event { topic: wanted, filter }) = &node.kind else { return false };
        let over = unit.trouble.is_some() || unit.closing.is_some() || unit.resting || listen.output.is_some();
        if over || **wanted != *topic || self.run.has_taken(node.id, mark) {
            return false;
        }
        if listen.fit.as_ref().is_some_and(|fit| !fit.may_be(payload)) {
            return false;
        }
        let Some(filter) = filter else { return true };
        let Sees { vars, state, at } = listen.sees.clone();
        let names = vec![("event", payload.clone()), ("vars", vars), ("state", state)];
        match self.holds_with(id, filter, &Given { names, now: Some(at), ..Given::default() }) {
            Ok(fits) => fits,
            // A `where` that breaks does not match, and says so once (semantics 60).
            Err(failure) => {
                let place = self.run.place(plan, id);
                if !self.run.problems.iter().any(|problem| *problem.place == *place) {
                    self.problem(id, failure.kind.name(), &failure.message);
                }
                false
            }
        }
    }

    /// What an event must carry to be the one, as far as the filter says so by `==` with something known now.
    fn wanted(&mut self, id: UnitId, filter: &Script) -> Option<Fit> {
        let plan = self.plan;
        let demand = self.with_names(id, None, &Given::default(), filter.span.start, |names| {
            Ok(filter.demand_of_event(plan.functions.library(), names))
        });
        let demand = demand.ok()??;
        Some(Fit { path: demand.path.into(), value: Fit::form(&demand.value)? })
    }

    /// Sets the alarms of `remind` and `escalate`, counted from the opening of the wait (semantics 64).
    pub(super) fn open_meanwhile(&mut self, id: UnitId, node: &Node) {
        for (clause, meanwhile) in (0u32..).zip(&node.clauses.meanwhile) {
            match self.duration(id, &meanwhile.after) {
                Ok(after) => {
                    let at = after.after(self.now);
                    self.record(Event::Scheduled { unit: id, clause, at });
                }
                Err(failure) => self.problem(id, failure.kind.name(), &failure.message),
            }
        }
    }

    /// The time of a `remind` or `escalate` has come.
    pub(super) fn meanwhile(&mut self, id: UnitId, clause: u32) {
        let plan = self.plan;
        let Some(unit) = self.run.unit(id) else { return };
        let Some(meanwhile) = unit.node(plan).and_then(|node| node.clauses.meanwhile.get(clause as usize)) else {
            return;
        };
        let (node, opened) = (unit.node, unit.opened);
        let over = unit.closing.is_some() || unit.resting;
        // Whoever asks again goes on reminding; while an error is dealt with, nobody is reminded.
        let answered = unit.trouble.is_some();
        let role = Role::Meanwhile(clause);
        let busy = unit.children.iter().any(|child| self.run.unit(*child).is_some_and(|child| child.role == role));
        if over {
            return;
        }
        if meanwhile.repeats
            && let Ok(every) = self.duration(id, &meanwhile.after)
        {
            // Ticks that were missed are dropped: the next one is the first in the future.
            let passed = Duration::between(opened, self.now).0 / every.0.max(1) + 1;
            let next = Duration(every.0.max(1).saturating_mul(passed)).after(opened);
            self.record(Event::Scheduled { unit: id, clause, at: next });
        }
        if !busy && !answered {
            self.opened(id, node, role, Value::Unit);
        }
    }
}

/// A moment from a datetime, a date, or a text that says one.
fn moment(value: &Value) -> Result<Timestamp, Failure> {
    let wrong = || Failure::script(format!("`wait until` takes a datetime or a condition, not `{value}`"));
    match value {
        Value::DateTime(moment) => Ok(moment.timestamp()),
        Value::Date(date) => {
            date.to_zoned(jiff::tz::TimeZone::UTC).map(|moment| moment.timestamp()).map_err(|_| wrong())
        }
        Value::Text(text) => text.parse().map_err(|_| Failure::new(FailureKind::ValidationError, wrong().message)),
        _ => Err(wrong()),
    }
}
