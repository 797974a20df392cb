//! Bodies: statements one after the other, or, in `parallel`, each as soon as what it waits for has ended.

use std::sync::Arc;

use super::Machine;
use crate::base::failure::{Failure, Kind as FailureKind};
use crate::base::id::RunId;
use crate::base::limit;
use crate::base::value::Value;
use crate::lang::plan::node::Set;
use crate::lang::plan::{ChainId, Formula, Kind, Node, NodeId};
use crate::run::event::{Event, Outcome, Role, Then, UnitId};
use crate::run::history::unit::{Step, Unit};
use crate::run::history::view;

/// Whether the body can go on at once.
enum Next {
    /// The statement is done.
    Go,
    /// It was opened, or something was raised: others will say when to go on.
    Wait,
}

impl Machine<'_> {
    /// Goes on with the statements of a unit.
    pub(super) fn body(&mut self, id: UnitId) {
        let plan = self.plan;
        loop {
            let Some(unit) = self.run.unit(id) else { return };
            let (Some(body), Some(progress)) = (unit.body(plan), unit.progress()) else { return };
            if progress.enough {
                return self.body_done(id);
            }
            if unit.is_parallel(plan) {
                return self.parallel(id);
            }
            let busy = unit.children.iter().any(|child| self.run.unit(*child).is_some_and(|c| c.role == Role::Main));
            if busy {
                return;
            }
            let Some(node) = body.statements.get(progress.done as usize) else { return self.body_done(id) };
            match self.statement(id, plan.node(*node)) {
                Next::Go => {}
                Next::Wait => return,
            }
            if self.run.unit(id).is_none_or(|unit| unit.closing.is_some() || unit.resting) {
                return;
            }
        }
    }

    /// Starts what can be started of a `parallel` body.
    fn parallel(&mut self, id: UnitId) {
        let plan = self.plan;
        let Some(body) = self.run.unit(id).and_then(|unit| unit.body(plan)) else { return };
        let count = body.statements.len();
        let all = |opened: u32| opened as usize == count;
        let mut moved = true;
        while moved && self.run.unit(id).and_then(Unit::progress).is_some_and(|progress| !all(progress.opened)) {
            moved = false;
            for (index, node) in body.statements.iter().enumerate() {
                let Some(unit) = self.run.unit(id) else { return };
                let Some(progress) = unit.progress() else { return };
                let state = |index: usize| progress.each.get(index).copied().unwrap_or_default();
                let node = plan.node(*node);
                let ready = node.waits.iter().all(|other| state(*other as usize) == Step::Done);
                // While an error is dealt with, steps beside go on; the statement that raised it is no step.
                if state(index) != Step::Pending || !ready || (unit.trouble.is_some() && !opens_unit(&node.kind)) {
                    continue;
                }
                match self.statement(id, node) {
                    Next::Go => moved = true,
                    Next::Wait => {}
                }
                if self.run.unit(id).is_none_or(|unit| unit.closing.is_some() || unit.resting) {
                    return;
                }
            }
        }
        if self.run.unit(id).and_then(Unit::progress).is_some_and(|progress| all(progress.done)) {
            self.body_done(id);
        }
    }

    /// All statements are done: the body yields its output.
    fn body_done(&mut self, id: UnitId) {
        let plan = self.plan;
        let Some(unit) = self.run.unit(id) else { return };
        if !unit.children.is_empty() || unit.trouble.is_some() {
            return;
        }
        let Some(body) = unit.body(plan) else { return };
        let output = match &body.output {
            None => Ok(Value::Unit),
            Some(formula) => self.compute(id, formula),
        };
        match output {
            Ok(output) if id == UnitId::RUN => self.decided(output),
            Ok(output) => self.complete(id, output),
            Err(failure) => self.raise_at(id, body.chain, failure),
        }
    }

    /// Carries out a statement: at once if it only computes, else by opening a unit for it.
    fn statement(&mut self, id: UnitId, node: &Node) -> Next {
        match &node.kind {
            Kind::Let(formula) => match self.compute(id, formula).and_then(|value| stated(node, value)) {
                Ok(value) => self.computed(id, node, Ok(value)),
                Err(failure) => {
                    let failure = Arc::new(failure);
                    self.record(Event::Broke { unit: id, node: node.id, failure });
                    Next::Go
                }
            },
            Kind::Script(script) if is_plain(node) => match self.compute_script(id, script) {
                Ok(value) => self.computed(id, node, Ok(value)),
                // As a unit it can fail: its handlers act on it. It has been computed; a second time would say the same.
                Err(failure) => {
                    let unit = self.opened(id, node.id, Role::Main, Value::Unit);
                    self.raise(unit, failure);
                    Next::Wait
                }
            },
            Kind::Set(set) => self.set(id, node, set),
            Kind::Emit { topic, payload } => match self.compute(id, payload) {
                Ok(payload) => {
                    let (topic, payload) = (topic.clone(), payload.without_absent());
                    self.record(Event::Emitted { unit: id, node: node.id, topic, payload });
                    Next::Go
                }
                Err(failure) => self.raised(id, node.chain, failure),
            },
            Kind::Reply { status, headers, body, raw } => self.reply(id, node, (status, headers, body), *raw),
            Kind::Return(formula) => {
                let value = formula.as_ref().map_or(Ok(Value::Unit), |formula| self.compute(id, formula));
                match value.and_then(|value| self.returned(value)) {
                    Ok(value) => self.leave_run(id, value),
                    Err(failure) => return self.raised(id, node.chain, failure),
                }
                Next::Wait
            }
            Kind::Fail { kind, message, when } => {
                let due = when.as_ref().map_or(Ok(true), |when| self.holds(id, when));
                let message = match due {
                    Ok(false) => return self.pass(id, node.id),
                    Ok(true) => message.as_ref().map_or(Ok(Value::Unit), |message| self.compute(id, message)),
                    Err(failure) => Err(failure),
                };
                let failure = match message {
                    Ok(Value::Unit) => Failure::new(kind.clone(), kind.name()),
                    Ok(message) => Failure::new(kind.clone(), message.to_string()),
                    Err(failure) => failure,
                };
                self.raised(id, node.chain, failure.at(node.span))
            }
            Kind::Until(script) => match self.holds(id, script) {
                Ok(false) => self.pass(id, node.id),
                Ok(true) => {
                    self.enough(id);
                    Next::Wait
                }
                Err(failure) => self.raised(id, node.chain, failure),
            },
            Kind::Start { workflow, .. } if self.run.starts_before(self.now) > limit::CHAIN_MAX => {
                let most = limit::CHAIN_MAX;
                let message = format!(
                    "`start {workflow}` comes after {most} starts in a row within little time; that is the bound (`CHAIN_MAX`): let the run wait before it starts the next one, or use a loop"
                );
                self.raised(id, node.chain, Failure::new(FailureKind::LimitExceeded, message).at(node.span))
            }
            Kind::Start { workflow, .. } if self.spent && self.run.line(self.now).comes_back(workflow).is_some() => {
                let failure = self.run.line(self.now).too_wide(workflow, self.settings.chain_runs());
                self.raised(id, node.chain, failure.at(node.span))
            }
            Kind::Start { workflow, params } => match self.compute(id, params) {
                Ok(input) => {
                    let run =
                        RunId(format!("{}:{}", self.run.accepted.run, self.run.place_in(self.plan, id, node)).into());
                    let workflow = workflow.clone();
                    let input = input.without_absent();
                    self.record(Event::Launched { unit: id, node: node.id, run, workflow, input });
                    Next::Go
                }
                Err(failure) => self.raised(id, node.chain, failure),
            },
            Kind::Call { .. }
            | Kind::Child { .. }
            | Kind::Script(_)
            | Kind::Ask(_)
            | Kind::Wait(_)
            | Kind::If { .. }
            | Kind::Match { .. }
            | Kind::Sequence(_)
            | Kind::Parallel(_)
            | Kind::For(_)
            | Kind::While { .. }
            | Kind::Repeat { .. }
            | Kind::Race(_)
            | Kind::Lock { .. } => self.open(id, node.id, Role::Main, Value::Unit),
        }
    }

    /// Opens a unit under another.
    pub(super) fn opened(&mut self, parent: UnitId, node: NodeId, role: Role, given: Value) -> UnitId {
        let unit = self.run.next_unit();
        self.record(Event::Opened { unit, parent, node, role, given });
        unit
    }

    fn open(&mut self, parent: UnitId, node: NodeId, role: Role, given: Value) -> Next {
        self.opened(parent, node, role, given);
        Next::Wait
    }

    fn pass(&mut self, id: UnitId, node: NodeId) -> Next {
        self.record(Event::Passed { unit: id, node });
        Next::Go
    }

    fn raised(&mut self, id: UnitId, chain: ChainId, failure: Failure) -> Next {
        self.raise_at(id, chain, failure);
        Next::Wait
    }

    fn computed(&mut self, id: UnitId, node: &Node, value: Result<Value, Failure>) -> Next {
        match value {
            Ok(value) => {
                self.record(Event::Computed { unit: id, node: node.id, value });
                Next::Go
            }
            Err(failure) => self.raised(id, node.chain, failure),
        }
    }

    fn set(&mut self, id: UnitId, node: &Node, set: &Set) -> Next {
        let value = match self.compute(id, &set.value) {
            Ok(value) => self.as_declared(set, value),
            Err(failure) => return self.raised(id, node.chain, failure),
        };
        if set.add {
            let tree = if set.state { self.run.state.clone() } else { self.run.vars(id) };
            let old = set.path.iter().try_fold(&tree, |tree, name| tree.open().get(name)).cloned().unwrap_or_default();
            // The tree shares what it holds with the run; it must not when the run adds to it in place.
            drop(tree);
            if !view::can_add(&old, &value) {
                let failure = Failure::script(format!("`+=` cannot add {} to {}", value.type_name(), old.type_name()));
                return self.raised(id, node.chain, failure.at(node.span));
            }
        }
        self.record(Event::Assigned { unit: id, node: node.id, add: set.add, value });
        Next::Go
    }

    /// The value of a variable or of the state, hidden where that is declared as `secret`.
    fn as_declared(&self, set: &Set, value: Value) -> Value {
        let fields = match &self.plan.state {
            Some(state) if set.state => &state.fields,
            _ => &self.plan.vars,
        };
        let [name] = set.path.as_slice() else { return value };
        match fields.iter().find(|(field, _)| field.name == *name) {
            Some((field, _)) if !set.add => field.shape.hide(value),
            _ => value,
        }
    }

    fn reply(&mut self, id: UnitId, node: &Node, parts: (&Formula, &Formula, &Formula), raw: bool) -> Next {
        let (status, headers, body) = parts;
        let parts = self.compute(id, status).and_then(|status| {
            let status = super::names::count_of(&status)?;
            Ok((status, self.compute(id, headers)?, self.compute(id, body)?))
        });
        match parts {
            Ok((status, headers, body)) => {
                if self.run.reply.is_some() && !self.run.replied_before {
                    self.problem(id, "replied_twice", "the caller was answered before; the first answer stands");
                }
                let status = i64::try_from(status).unwrap_or(500);
                self.record(Event::Replied { unit: id, node: node.id, status, headers, body, raw });
                Next::Go
            }
            Err(failure) => self.raised(id, node.chain, failure),
        }
    }

    /// `until` was true: the turn round the statement ends, and with it the loop.
    fn enough(&mut self, id: UnitId) {
        let mut turn = id;
        while let Some(unit) = self.run.unit(turn) {
            match (unit.role, unit.parent) {
                (Role::Turn(_), _) => break,
                (_, Some(parent)) => turn = parent,
                (_, None) => return,
            }
        }
        self.record(Event::Enough { unit: turn });
        let inside = self.run.unit(turn).map(|unit| unit.children.clone()).unwrap_or_default();
        for child in inside {
            // What still runs in the turn is not wanted any more; that is no failure.
            self.cut_short(child);
        }
    }

    /// `return`: the run ends well; the rest of it comes to rest, finished work stays (semantics 34).
    fn leave_run(&mut self, id: UnitId, output: Value) {
        let mut next = Some(id);
        while let Some(unit) = next.and_then(|id| self.run.unit(id)) {
            let (this, parent) = (unit.id, unit.parent);
            if let (Role::Branch(_), Some(race)) = (unit.role, parent) {
                // A branch that returns has won its race.
                let others = self.run.unit(race).map(|race| race.children.clone()).unwrap_or_default();
                for loser in others.into_iter().filter(|other| *other != this) {
                    self.give_up(loser, Outcome::Cancelled);
                }
            }
            next = parent;
        }
        self.record(Event::Closing { unit: UnitId::RUN, then: Then::End { outcome: Outcome::Completed { output } } });
    }
}

/// Whether a statement is carried out by a unit of its own.
fn opens_unit(kind: &Kind) -> bool {
    !matches!(
        kind,
        Kind::Let(_)
            | Kind::Set(_)
            | Kind::Emit { .. }
            | Kind::Reply { .. }
            | Kind::Return(_)
            | Kind::Fail { .. }
            | Kind::Until(_)
            | Kind::Start { .. }
    )
}

/// Whether a script step needs no unit of its own as long as nothing goes wrong.
fn is_plain(node: &Node) -> bool {
    let clauses = &node.clauses;
    clauses.when.is_none()
        && clauses.timeout.is_none()
        && clauses.deadline.is_none()
        && clauses.undo.is_none()
        && node.stated.is_none()
}

/// A value of the type that the program states for it.
pub(super) fn stated(node: &Node, value: Value) -> Result<Value, Failure> {
    let Some(shape) = &node.stated else { return Ok(value) };
    shape.check_answer(&value).map_err(|misfits| {
        let message = misfits.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        Failure { body: value, ..Failure::new(FailureKind::ValidationError, message) }
    })
}
