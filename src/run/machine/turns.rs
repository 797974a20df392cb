//! Loops: `for`, `while`, `repeat`, and how many turns may fail.

use super::Machine;
use crate::base::failure::{Failure, Kind as FailureKind};
use crate::base::limit;
use crate::base::value::Value;
use crate::lang::plan::node::{For, ForSource, Tolerance};
use crate::lang::plan::{Formula, Kind};
use crate::run::event::{Begin, Event, Role, Tolerate, UnitId};
use crate::run::history::unit::Task;

impl Machine<'_> {
    /// What a `for` goes through.
    pub(super) fn for_items(&mut self, id: UnitId, each: &For) -> Result<Begin, Failure> {
        let items = match &each.source {
            ForSource::Items(script) => {
                items_of(self.compute_script(id, script)?).map_err(|failure| failure.at(script.span))?
            }
            ForSource::Stream(_) => Value::Unit,
        };
        let tolerate = match &each.tolerate {
            None => Tolerate::Count(0),
            Some(Tolerance::All) => Tolerate::All,
            Some(Tolerance::Percent(percent)) => Tolerate::Percent(*percent),
            Some(Tolerance::Count(formula)) => Tolerate::Count(self.count(id, formula)?),
        };
        let max = each.max.as_ref().map(|max| self.count(id, max)).transpose()?;
        Ok(Begin::Loop { items, max, tolerate, every: None })
    }

    /// The bounds of a `while` or `repeat`.
    pub(super) fn looping(
        &mut self,
        id: UnitId,
        max: Option<&Formula>,
        every: Option<&Formula>,
    ) -> Result<Begin, Failure> {
        let max = max.map(|max| self.count(id, max)).transpose()?;
        let every = every.map(|every| self.duration(id, every)).transpose()?;
        Ok(Begin::Loop { items: Value::Unit, max, tolerate: Tolerate::Count(0), every })
    }

    /// Goes on with a loop.
    pub(super) fn turns(&mut self, id: UnitId) {
        let plan = self.plan;
        let Some(unit) = self.run.unit(id) else { return };
        let (Task::Loop(turns), Some(node)) = (&unit.task, unit.node(plan)) else { return };
        if turns.enough {
            return self.leave_loop(id);
        }
        match &node.kind {
            Kind::For(each) if each.parallel => self.turns_at_once(id, each),
            Kind::For(each) => self.turns_in_order(id, each),
            Kind::While { condition, .. } => {
                if !unit.children.is_empty() {
                    return;
                }
                let (next, max) = (turns.next, turns.max);
                match self.holds(id, condition) {
                    Ok(false) => self.leave_loop(id),
                    Ok(true) => self.turn_within(id, next, max),
                    Err(failure) => self.raise(id, failure),
                }
            }
            Kind::Repeat { .. } => self.repeat(id),
            _ => {}
        }
    }

    fn turns_at_once(&mut self, id: UnitId, each: &For) {
        loop {
            let Some(unit) = self.run.unit(id) else { return };
            let Task::Loop(turns) = &unit.task else { return };
            let places = turns.max.unwrap_or(u64::MAX).max(1);
            if unit.children.len() as u64 >= places {
                return;
            }
            match turns.item().cloned() {
                Some(item) => {
                    let next = turns.next;
                    self.opened(id, unit.node, Role::Turn(next), item);
                }
                None => return self.after_last(id, each),
            }
        }
    }

    fn turns_in_order(&mut self, id: UnitId, each: &For) {
        let Some(unit) = self.run.unit(id) else { return };
        let Task::Loop(turns) = &unit.task else { return };
        if !unit.children.is_empty() {
            return;
        }
        match turns.item().cloned() {
            Some(item) if turns.max.is_none_or(|max| u64::from(turns.next) < max) => {
                let next = turns.next;
                self.opened(id, unit.node, Role::Turn(next), item);
            }
            Some(_) => self.used_up(id),
            None => self.after_last(id, each),
        }
    }

    /// All known items have been opened: the next page of a stream, or the end.
    fn after_last(&mut self, id: UnitId, each: &For) {
        let Some(unit) = self.run.unit(id) else { return };
        let Task::Loop(turns) = &unit.task else { return };
        let page = match &each.source {
            ForSource::Stream(node) if turns.page.as_ref().is_none_or(|page| !page.is_unit()) => Some(*node),
            _ => None,
        };
        match page {
            Some(node) => {
                let asked = unit.children.iter().any(|child| {
                    self.run.unit(*child).is_some_and(|child| child.role == Role::Main && child.node == node)
                });
                if !asked {
                    self.opened(id, node, Role::Main, Value::Unit);
                }
            }
            None if unit.children.is_empty() => self.leave_loop(id),
            None => {}
        }
    }

    fn repeat(&mut self, id: UnitId) {
        let Some(unit) = self.run.unit(id) else { return };
        let Task::Loop(turns) = &unit.task else { return };
        if !unit.children.is_empty() {
            return;
        }
        let (next, max, every, ready, due) = (turns.next, turns.max, turns.every, turns.ready, unit.due);
        if max.is_some_and(|max| u64::from(next) >= max) {
            return self.used_up(id);
        }
        match every {
            // It looks first, then waits.
            Some(every) if next > 0 && !ready => {
                if due.is_none() {
                    self.record(Event::Paused { unit: id, until: every.after(self.now) });
                }
            }
            _ => self.turn_within(id, next, max),
        }
    }

    fn turn_within(&mut self, id: UnitId, next: u32, max: Option<u64>) {
        let bound = max.unwrap_or(limit::LOOP_TURNS_MAX);
        let Some(node) = self.run.unit(id).map(|unit| unit.node) else { return };
        if u64::from(next) < bound {
            self.opened(id, node, Role::Turn(next), Value::Unit);
        } else {
            self.used_up(id);
        }
    }

    fn used_up(&mut self, id: UnitId) {
        let Some(unit) = self.run.unit(id) else { return };
        let Task::Loop(turns) = &unit.task else { return };
        let max = turns.max.unwrap_or(limit::LOOP_TURNS_MAX);
        let message = format!("the loop has taken its {max} turns and was not done; raise `max` if it may take more");
        let failure = Failure::new(FailureKind::LimitExceeded, message);
        self.raise(id, failure.detail("max", i64::try_from(max).unwrap_or(i64::MAX)));
    }

    /// The loop ends: all turns are done, or `until` was true.
    fn leave_loop(&mut self, id: UnitId) {
        let Some(unit) = self.run.unit(id) else { return };
        let Task::Loop(turns) = &unit.task else { return };
        if !unit.children.is_empty() {
            for child in unit.children.clone() {
                self.cut_short(child);
            }
            return;
        }
        // A share of a stream is known only at its end (semantics 29).
        if let (Tolerate::Percent(percent), Some(last)) = (turns.tolerate, &turns.failed.last)
            && turns.failed.count as f64 * 100.0 > percent * f64::from(turns.next)
        {
            let failure = last.clone();
            return self.fall(id, &failure, false);
        }
        let output = turns.outputs.value(turns.next);
        self.complete(id, output);
    }

    /// Whether a loop can do without one more turn.
    pub(super) fn absorbs(&self, id: UnitId) -> bool {
        let Some(Task::Loop(turns)) = self.run.unit(id).map(|unit| &unit.task) else { return false };
        match turns.tolerate {
            Tolerate::All => true,
            Tolerate::Count(count) => turns.absorbed < count,
            Tolerate::Percent(percent) => {
                turns.is_stream() || {
                    let allowed = percent * turns.known() as f64 / 100.0;
                    (turns.absorbed + 1) as f64 <= allowed
                }
            }
        }
    }
}

/// What can be gone through: a list, a set, or a map as `{ key, value }`.
pub(super) fn items_of(value: Value) -> Result<Value, Failure> {
    // The names of what is hidden are hidden with it.
    let whole = value.clone();
    match value.spread() {
        list @ Value::List(_) => Ok(list),
        Value::Set(set) => Ok(Value::list(set.iter().cloned())),
        Value::Map(map) => Ok(Value::list(map.iter().map(|(key, value)| {
            Value::map([("key", whole.part(Value::Text(key.clone()))), ("value", value.clone())])
        }))),
        other => Err(Failure::script(format!(
            "`for` goes through a list, a range, a set or a map; this is {}",
            if other.is_unit() {
                "`()`: write `?? []` behind it if it may be absent".to_owned()
            } else {
                format!("`{other}`")
            }
        ))),
    }
}
