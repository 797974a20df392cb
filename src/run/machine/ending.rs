//! The beginning and the end of a run (semantics 41 to 43).

use super::names::Given;
use super::{Action, Machine, Word};
use crate::base::failure::Failure;
use crate::base::value::{Map, Value};
use crate::lang::catalog::Effect;
use crate::lang::plan::{Kind, Moment};
use crate::run::event::{Event, Outcome, Role, UnitId};
use crate::run::history::Ending;
use crate::run::history::frame::error_value;
use crate::run::history::unit::Task;

impl Machine<'_> {
    /// Gives the variables their first values and begins.
    pub(super) fn start(&mut self, state: Value) {
        let plan = self.plan;
        let goes_on = self.run.has_begun();
        // The first values see `input` and each other in order; for that the run must have begun.
        self.record(Event::Started { state });
        if goes_on {
            return;
        }
        let mut vars = Map::new();
        for (field, formula) in &plan.vars {
            let given = Given { names: vec![("vars", vars.clone().into())], ..Given::default() };
            match self.compute_with(UnitId::RUN, formula, &given) {
                Ok(value) => drop(vars.insert(field.name.clone(), field.shape.hide(value))),
                Err(failure) => return self.raise(UnitId::RUN, failure),
            }
        }
        let deadline = plan.deadline.as_ref().map(|deadline| self.duration(UnitId::RUN, deadline)).transpose();
        match deadline {
            Ok(deadline) => {
                let deadline = deadline.map(|deadline| deadline.after(self.now));
                self.record(Event::Set { vars: vars.into(), deadline });
            }
            Err(failure) => self.raise(UnitId::RUN, failure),
        }
    }

    /// A run that was cancelled before it began runs no bodies (semantics 31).
    pub(super) fn never_run(&mut self) {
        self.record(Event::Decided { outcome: Outcome::Cancelled });
        self.come_to_rest();
    }

    /// The body has yielded the run's output.
    pub(super) fn decided(&mut self, output: Value) {
        match self.fitting(output) {
            Ok(output) => self.decide_outcome(Outcome::Completed { output }),
            Err(failure) => self.raise(UnitId::RUN, failure),
        }
    }

    /// What `return` gives, as the workflow's output.
    pub(super) fn returned(&self, output: Value) -> Result<Value, Failure> {
        if output.is_unit() { Ok(output) } else { self.fitting(output) }
    }

    fn fitting(&self, output: Value) -> Result<Value, Failure> {
        self.plan.output.check_answer(&output).map_err(|misfits| {
            let message = misfits.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            let kind = crate::base::failure::Kind::ValidationError;
            Failure::new(kind, format!("the output does not fit: {message}"))
        })
    }

    /// The outcome is decided: what follows cannot change it.
    pub(super) fn decide_outcome(&mut self, outcome: Outcome) {
        let also = self.run.unit(UnitId::RUN).map(|run| run.also.clone()).unwrap_or_default();
        let outcome = super::with_also(outcome, &also);
        self.record(Event::Decided { outcome });
    }

    /// What comes after the outcome: undos, then the lifecycle bodies, then rest.
    pub(super) fn after_decision(&mut self) {
        let plan = self.plan;
        let Ending::Decided(done) = self.run.ending else { return };
        let Some(run) = self.run.unit(UnitId::RUN) else { return };
        if !run.children.is_empty() {
            return;
        }
        let Some(outcome) = self.run.outcome.clone() else { return };
        let moment = match &outcome {
            Outcome::Completed { .. } | Outcome::Skipped { .. } => Moment::Success,
            Outcome::Failed { .. } => Moment::Failure,
            Outcome::Cancelled => Moment::Cancel,
        };
        let bodies = plan.lifecycle(moment);
        // Only what was done is undone: the run has ended before.
        let only_undoes = self.run.undone || self.run.is_rewinding();
        let keeps = moment == Moment::Success && !only_undoes;
        if (done == 0 || only_undoes) && !keeps && self.undo_next(UnitId::RUN) {
            return;
        }
        let index = done as usize;
        let lifecycle = if index < bodies.len() {
            Some((moment, index))
        } else {
            let index = index.saturating_sub(bodies.len());
            (index < plan.finally.len()).then_some((Moment::Finally, index))
        };
        match lifecycle.filter(|_| !only_undoes) {
            Some((moment, index)) => {
                let given = self.lifecycle_given(&outcome);
                let index = u32::try_from(index).unwrap_or(u32::MAX);
                let node = crate::lang::plan::NodeId(u32::MAX);
                self.opened(UnitId::RUN, node, Role::Lifecycle(moment, index), given);
            }
            None => self.come_to_rest(),
        }
    }

    /// What `error` and `output` stand for in a lifecycle body.
    fn lifecycle_given(&self, outcome: &Outcome) -> Value {
        match outcome {
            Outcome::Failed { failure } => {
                let step = failure.details.get("step").and_then(Value::as_text).unwrap_or_default().into();
                Value::map([("error", error_value(failure, &step, 1)), ("output", Value::Unit)])
            }
            Outcome::Completed { output } | Outcome::Skipped { output, .. } => {
                Value::map([("error", Value::Unit), ("output", output.clone())])
            }
            Outcome::Cancelled => Value::map([("error", Value::Unit), ("output", Value::Unit)]),
        }
    }

    /// Nothing is awaited, no body runs; what was under way is in doubt, what was not undone is told (semantics 32).
    pub(super) fn kill(&mut self) {
        let (mut acting, mut children, mut locks, mut left) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for unit in self.run.units() {
            left.extend(unit.undo.values().chain(unit.kept.values()).map(|entry| entry.place.clone()));
            match &unit.task {
                Task::Act(act) if act.in_flight => match unit.node(self.plan).map(|node| &node.kind) {
                    Some(Kind::Child { .. }) => children.extend(unit.child_run()),
                    Some(Kind::Call { .. }) if self.effect(unit) != Effect::Read => acting.push(unit.id),
                    _ => {}
                },
                Task::Gate(gate) => locks.push((unit.id, gate.key.clone())),
                _ => {}
            }
        }
        for id in acting {
            self.problem(id, "in_doubt", "it was under way when the run was killed");
        }
        for place in left {
            self.problem(UnitId::RUN, "not_undone", &format!("`{place}` was not undone: the run was killed"));
        }
        if self.run.outcome.is_none() {
            self.record(Event::Decided { outcome: Outcome::Cancelled });
        }
        self.come_to_rest();
        // Nobody waits for them, but children end in order, and others may have the places.
        let cancelled = children.into_iter().map(|run| Action::TellChild { run, word: Word::Cancel });
        self.actions.extend(cancelled);
        self.actions.extend(locks.into_iter().map(|(unit, key)| Action::LeaveLock { unit, key }));
    }
}
