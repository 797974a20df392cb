//! `wait`, and what runs meanwhile: `remind` and `escalate`.

use super::Machine;
use super::names::Given;
use crate::base::failure::{Failure, Kind as FailureKind};
use crate::base::time::{Duration, Timestamp};
use crate::base::value::Value;
use crate::lang::plan::node::Wait;
use crate::lang::plan::{Kind, Node};
use crate::run::event::{Begin, Event, Role, UnitId};
use crate::run::history::unit::Task;

/// How often a condition that nothing in the run changes is looked at again: it may read the clock.
const CONDITION_PAUSE: Duration = Duration::seconds(1);

impl Machine<'_> {
    /// What a `wait` waits for.
    pub(super) fn waiting(&mut self, id: UnitId, wait: &Wait) -> Result<Begin, Failure> {
        match wait {
            Wait::For(formula) => Ok(Begin::Sleep { until: self.duration(id, formula)?.after(self.now) }),
            Wait::Until(script) => match self.compute_script(id, script)? {
                Value::Bool(_) => Ok(Begin::Listen { since: 0, fit: None }),
                value => Ok(Begin::Sleep { until: moment(&value)? }),
            },
            Wait::Event { .. } | Wait::Signal(_) => Ok(Begin::Listen { since: 0, fit: None }),
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
                Ok(false) if self.run.unit(id).is_some_and(|unit| unit.due.is_none()) => {
                    self.record(Event::Paused { unit: id, until: CONDITION_PAUSE.after(self.now) });
                }
                Ok(false) => {}
                Err(failure) => self.raise(id, failure),
            },
            Wait::Signal(name) => {
                if let Some(number) = self.run.signal(name) {
                    self.record(Event::Took { unit: id, number });
                }
            }
            Wait::Event { topic, filter } => {
                let events = self.run.events_for(node.id, topic, listen.next);
                for number in &events {
                    let event = self.run.arrivals.get(*number as usize).map(|arrival| arrival.payload.clone());
                    let fits = match filter {
                        None => Ok(true),
                        Some(filter) => {
                            let names = vec![("event", event.unwrap_or_default())];
                            self.holds_with(id, filter, &Given { names, slots: Vec::new() })
                        }
                    };
                    match fits {
                        Ok(true) => return self.record(Event::Took { unit: id, number: *number }),
                        Ok(false) => {}
                        // A `where` that breaks does not match, and says so once (semantics 60).
                        Err(failure) => {
                            let place = self.run.place(self.plan, id);
                            let said = self.run.problems.iter().any(|problem| *problem.place == *place);
                            if !said {
                                self.problem(id, failure.kind.name(), &failure.message);
                            }
                        }
                    }
                }
                if let Some(last) = events.last() {
                    self.record(Event::Ignored { unit: id, before: last + 1 });
                }
            }
            Wait::For(_) => {}
        }
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
