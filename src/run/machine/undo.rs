//! Undoing: what was done in a unit that is discarded, latest completion first, one at a time (semantics 3, 35 to 38).

use super::Machine;
use crate::base::value::Value;
use crate::run::event::{Begin, Event, Outcome, Role, UnitId};

impl Machine<'_> {
    /// Begins the undo of the latest thing done in a unit; whether there was one.
    pub(super) fn undo_next(&mut self, id: UnitId) -> bool {
        let Some((_, entry)) = self.run.unit(id).and_then(|unit| unit.undo.last_key_value()) else { return false };
        let entry = entry.clone();
        let undo = self.plan.node(entry.step).clauses.undo;
        let given = Value::map([
            ("output", entry.output),
            ("key", Value::Text(entry.key)),
            ("doubt", Value::Bool(entry.doubt)),
            ("place", Value::Text(entry.place)),
            ("child", Value::Bool(undo.is_none())),
            ("static", Value::Bool(self.plan.node(entry.step).clauses.undo_is_static)),
        ]);
        // A child run without an undo of its own is undone by its own entries, in reverse.
        self.opened(id, undo.unwrap_or(entry.step), Role::Undo, given);
        true
    }

    /// Begins the undo of a child run by its own entries; it needs no parameters.
    pub(super) fn unwind(&mut self, id: UnitId) {
        let key = format!("{}:{}", self.run.accepted.run, self.run.place(self.plan, id)).into();
        let begin = Begin::Act { params: Value::Unit, key, auth: Value::Unit };
        self.record(Event::Began { unit: id, timeout: None, deadline: None, begin });
    }

    /// Settles an undo that cannot or need not be carried out; whether it was one.
    pub(super) fn settles_undo(&mut self, id: UnitId) -> bool {
        let Some(unit) = self.run.unit(id) else { return false };
        let says = |name: &str| unit.given.get(name).is_some_and(Value::is_true);
        if says("doubt") && !says("static") && !says("child") {
            let place = unit.given.get("place").map(ToString::to_string).unwrap_or_default();
            let message =
                format!("nobody knows whether `{place}` happened, and its undo needs its output; look into it by hand");
            self.problem(id, "in_doubt", &message);
            self.end(id, Outcome::Skipped { output: Value::Unit, failure: None });
            return true;
        }
        false
    }
}
