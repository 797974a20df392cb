//! Steps: from their clauses to their attempts.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Action, Child, Machine, Word};
use crate::base::failure::{Failure, Kind as FailureKind};
use crate::base::shape::Misfit;
use crate::base::time::{Duration, Timestamp};
use crate::base::value::Value;
use crate::lang::catalog::{Effect, Signature};
use crate::lang::plan::node::Whom;
use crate::lang::plan::{Formula, Kind, Node, Operation, Plan};
use crate::run::event::{Alarm, Begin, Event, Outcome, Role, Then, UnitId};
use crate::run::history::Run;
use crate::run::history::unit::{Stage, Task, Unit};
use crate::run::world::{Act, Question};

impl Machine<'_> {
    /// Begins what a unit was opened, or renewed, for.
    pub(super) fn begin(&mut self, id: UnitId) {
        let plan = self.plan;
        let Some(unit) = self.run.unit(id) else { return };
        let Some(node) = unit.node(plan) else { return };
        let is_undo = unit.role == Role::Undo;
        if is_undo && self.settles_undo(id) {
            return;
        }
        let Some(unit) = self.run.unit(id) else { return };
        // A child run without an undo of its own is undone by its own entries.
        if unit.unwinds_child() {
            return self.unwind(id);
        }
        if let Some(when) = &node.clauses.when {
            match self.holds(id, when) {
                Ok(true) => {}
                Ok(false) => return self.end(id, Outcome::Skipped { output: Value::Unit, failure: None }),
                Err(failure) => return self.raise(id, failure),
            }
        }
        if let Kind::Script(script) = &node.kind {
            return match self.compute_script(id, script) {
                Ok(output) => self.complete(id, output),
                Err(failure) => self.raise(id, failure),
            };
        }
        match self.beginning(id, node) {
            Ok(Some(begin)) => self.began(id, node, begin),
            Ok(None) => self.finish(id, Outcome::Completed { output: Value::Unit }),
            Err(failure) => self.raise(id, failure),
        }
    }

    /// What the unit will do, with everything computed; `None` if there is nothing to do.
    fn beginning(&mut self, id: UnitId, node: &Node) -> Result<Option<Begin>, Failure> {
        Ok(Some(match &node.kind {
            Kind::Call { params, operation } => {
                let params = self.params(id, params)?;
                if let Some(operation) = self.plan.operations.get(operation) {
                    fitting(&operation.signature, &params)?;
                }
                self.act(id, node, params)?
            }
            Kind::Child { params, .. } => {
                let params = self.params(id, params)?;
                let params = match self.operation(node) {
                    Some(operation) => operation.signature.hide(params),
                    None => params,
                };
                self.act(id, node, params)?
            }
            Kind::Ask(ask) => {
                let params = self.params(id, &ask.params)?;
                let whom = match &ask.whom {
                    Whom::Role(who) => format!("role {}", self.compute(id, who)?),
                    Whom::Person(who) => format!("person {}", self.compute(id, who)?),
                    Whom::Model(who) => format!("model {}", self.compute(id, who)?),
                    Whom::Persona(name) => format!("persona {name}"),
                };
                let params = match params {
                    Value::Map(mut map) => {
                        Arc::make_mut(&mut map).insert("whom".into(), whom.into());
                        Value::Map(map)
                    }
                    other => other,
                };
                self.act(id, node, params)?
            }
            Kind::Wait(wait) => self.waiting(id, wait)?,
            Kind::If { arms, otherwise } => return self.choose(id, arms, otherwise.is_some()),
            Kind::Match { subject, arms } => return self.fit(id, subject, arms),
            Kind::Sequence(_) | Kind::Parallel(_) => Begin::Body { arm: None, names: Vec::new() },
            Kind::For(each) => self.for_items(id, each)?,
            Kind::While { max, .. } => self.looping(id, max.as_ref(), None)?,
            Kind::Repeat { every, max, .. } => self.looping(id, max.as_ref(), every.as_ref())?,
            Kind::Race(race) => self.racing(id, race)?,
            Kind::Lock { key, places, .. } => {
                let key = named_by(&self.compute(id, key)?).into();
                Begin::Gate { key, places: self.count(id, places)?.max(1) }
            }
            // A script has ended before it began; the others are carried out by the body they stand in and never become units.
            Kind::Script(_)
            | Kind::Start { .. }
            | Kind::Let(_)
            | Kind::Set(_)
            | Kind::Emit { .. }
            | Kind::Reply { .. }
            | Kind::Return(_)
            | Kind::Fail { .. }
            | Kind::Until(_) => return Ok(None),
        }))
    }

    /// The parameters of an act: those in the text, unless a person has given others (semantics 44).
    fn params(&mut self, id: UnitId, formula: &Formula) -> Result<Value, Failure> {
        match self.run.unit(id).and_then(|unit| unit.edited.clone()) {
            Some(edited) => Ok(edited),
            None => self.compute(id, formula),
        }
    }

    /// An act on the world: parameters, key and credentials are computed once per generation (semantics 7).
    fn act(&mut self, id: UnitId, node: &Node, params: Value) -> Result<Begin, Failure> {
        let place = self.run.place(self.plan, id);
        // Generations are written with a `~`, which no name holds.
        let bare = match place.contains('~') {
            true => Cow::from(self.run.place_with(self.plan, id, false)),
            false => Cow::from(&*place),
        };
        let doubtful = self.run.doubtful_key(&bare, &params);
        let key = match &node.clauses.key {
            // A `keyed` step in doubt that is asked for the same again keeps its key: else it might happen twice.
            _ if doubtful.is_some() => doubtful.map(|key| key.to_string()).unwrap_or_default(),
            Some(formula) => {
                let base = named_by(&self.compute(id, formula)?);
                // What another run has asked for under this key is not for a fork of it (semantics 80).
                let base = match &self.run.accepted.fork {
                    Some(fork) => format!("{base}~{fork}"),
                    None => base,
                };
                // The same key after a refund would get the refunded charge back (semantics 45).
                match self.run.times_decided(&bare, &place) {
                    0 => base,
                    generation => format!("{base}~{generation}"),
                }
            }
            None => format!("{}:{place}", self.run.accepted.run),
        };
        let auth = match &node.clauses.auth {
            None => Value::Unit,
            Some(auth) => {
                let args = auth.args.iter().map(|arg| self.compute(id, arg)).collect::<Result<Vec<_>, _>>()?;
                let mut fields = Vec::new();
                for (name, formula) in &auth.fields {
                    fields.push((name.clone(), self.compute(id, formula)?));
                }
                Value::map([
                    ("scheme", Value::Text(auth.scheme.clone())),
                    ("args", Value::list(args)),
                    ("fields", Value::map(fields)),
                ])
            }
        };
        Ok(Begin::Act { params, key: key.into(), auth })
    }

    /// Notes what was computed, with the bounds in time.
    fn began(&mut self, id: UnitId, node: &Node, begin: Begin) {
        let bounds = self.bounds(id, node, &begin);
        let (timeout, deadline) = match bounds {
            Ok(bounds) => bounds,
            Err(failure) => return self.raise(id, failure),
        };
        let gate = match &begin {
            Begin::Gate { key, places } => Some((key.clone(), *places)),
            _ => None,
        };
        self.record(Event::Began { unit: id, timeout, deadline, begin });
        self.open_meanwhile(id, node);
        // An act is looked at next, and makes its first attempt.
        if let Some((key, places)) = gate {
            self.actions.push(Action::EnterLock { unit: id, key, places });
        }
    }

    /// When the attempt and when all attempts must have ended. Acts get their timeout with each attempt.
    fn bounds(
        &mut self,
        id: UnitId,
        node: &Node,
        begin: &Begin,
    ) -> Result<(Option<Timestamp>, Option<Timestamp>), Failure> {
        let now = self.now;
        let timeout = match &node.clauses.timeout {
            Some(formula) if !matches!(begin, Begin::Act { .. }) => Some(self.duration(id, formula)?.after(now)),
            _ => None,
        };
        let deadline = match &node.clauses.deadline {
            Some(formula) => Some(self.duration(id, formula)?.after(now)),
            None => None,
        };
        Ok((timeout, deadline))
    }

    /// Makes one more attempt.
    pub(super) fn attempt(&mut self, id: UnitId) {
        let plan = self.plan;
        let Some(unit) = self.run.unit(id) else { return };
        let Some(node) = unit.node(plan) else { return };
        let attempt = unit.attempts + 1;
        let bound = match self.attempt_bound(id, node) {
            Ok(bound) => bound,
            Err(failure) => return self.raise(id, failure),
        };
        let timeout = bound.map(|bound| bound.after(self.now));
        self.record(Event::Attempted { unit: id, attempt, timeout });
        self.perform(id, node, attempt, bound);
    }

    /// How long one attempt may take. Nothing is in flight for ever; but people and other runs may take their time.
    pub(super) fn attempt_bound(&mut self, id: UnitId, node: &Node) -> Result<Option<Duration>, Failure> {
        let clause = node.clauses.timeout.as_ref().map(|formula| self.duration(id, formula)).transpose()?;
        let fallback = matches!(node.kind, Kind::Call { .. }).then(|| self.settings.attempt_timeout());
        Ok(clause.or_else(|| self.operation_timeout(node)).or(fallback))
    }

    /// Lets the attempt that was recorded be carried out.
    pub(super) fn perform(&mut self, id: UnitId, node: &Node, attempt: u32, bound: Option<Duration>) {
        let bound = bound.unwrap_or_else(|| self.settings.attempt_timeout());
        let action = self.act_on_world(id, node, attempt, bound);
        match action {
            Some(action) => self.actions.push(action),
            None => self.raise(id, Failure::script("the plan names an operation that it does not have")),
        }
    }

    fn operation_timeout(&self, node: &Node) -> Option<Duration> {
        self.operation(node).and_then(|operation| operation.shaping.timeout)
    }

    pub(super) fn operation(&self, node: &Node) -> Option<&Arc<Operation>> {
        match &node.kind {
            Kind::Call { operation, .. } => self.plan.operations.get(operation),
            _ => None,
        }
    }

    /// The action of an attempt.
    fn act_on_world(&self, id: UnitId, node: &Node, attempt: u32, timeout: Duration) -> Option<Action> {
        let unit = self.run.unit(id)?;
        let Task::Act(act) = &unit.task else { return None };
        let run = self.run.accepted.run.clone();
        let place: Arc<str> = self.run.place(self.plan, id).into();
        Some(match &node.kind {
            Kind::Call { .. } => {
                let streamed = self.stream_page(unit);
                Action::Perform {
                    unit: id,
                    attempt,
                    act: Box::new(Act {
                        operation: self.operation(node)?.clone(),
                        params: act.params.clone(),
                        key: act.key.clone(),
                        key_given: node.clauses.key.is_some(),
                        auth: act.auth.clone(),
                        streamed: streamed.is_some(),
                        page: streamed.unwrap_or_default(),
                        timeout,
                        run,
                        place,
                    }),
                }
            }
            Kind::Child { workflow, .. } => match self.run.other_run(self.plan, unit)? {
                (run, true) => Action::UnwindChild { unit: id, attempt, run },
                (child, false) => Action::StartChild {
                    unit: id,
                    attempt,
                    child: Box::new(Child {
                        run: child,
                        workflow: workflow.clone(),
                        input: act.params.without_absent(),
                        parent: run,
                        depth: self.run.accepted.depth + 1,
                        within: self.run.gates_around(id),
                        continues: act.continues && attempt <= 1,
                        joined: act.joined.clone(),
                        // It is part of what this run does: the same chain, if there is one.
                        starts: self.run.starts_before(self.now).saturating_sub(1),
                        line: self.run.line(self.now),
                        fork: self.run.accepted.fork.clone(),
                    }),
                },
            },
            Kind::Ask(_) => {
                Action::Consult { unit: id, attempt, question: Box::new(question(self.plan, self.run, id)?) }
            }
            _ => return None,
        })
    }

    /// If the unit fetches a page of a stream for a loop: how the page before said to go on.
    fn stream_page(&self, unit: &Unit) -> Option<Value> {
        match &self.run.unit(unit.parent?)?.task {
            Task::Loop(turns) => Some(turns.page.clone().unwrap_or_default()),
            _ => None,
        }
    }

    /// A time has come for a unit. What it slept for, the fold has noted already.
    pub(super) fn alarm(&mut self, id: UnitId, alarm: Alarm) {
        let Some(unit) = self.run.unit(id) else { return };
        let which = match alarm {
            Alarm::Due => return,
            Alarm::Meanwhile(clause) => return self.meanwhile(id, clause),
            Alarm::Timeout => "attempt",
            Alarm::Deadline => "deadline",
        };
        // What is being dealt with already is not hurried: else a handler could never answer a deadline (semantics 8).
        if unit.closing.is_some() || unit.trouble.is_some() {
            return;
        }
        let bound = if alarm == Alarm::Timeout { "its timeout" } else { "its deadline" };
        let failure = Failure::new(FailureKind::Timeout, format!("it did not end within {bound}"))
            .detail("limit", Value::from(which));
        match &unit.task {
            Task::Act(act) if act.in_flight => {
                let attempt = unit.attempts;
                match unit.node(self.plan).map(|node| &node.kind) {
                    Some(Kind::Child { .. }) if unit.has_joined() => self.failed_attempt(id, attempt, failure, true),
                    Some(Kind::Child { .. }) => {
                        // It is awaited: if it completes before it hears of it, that is a fact.
                        let cancel = unit.child_run().map(|run| Action::TellChild { run, word: Word::Cancel });
                        self.actions.extend(cancel);
                    }
                    Some(Kind::Ask(_)) => {
                        self.actions.push(Action::Abandon { unit: id, attempt });
                        self.failed_attempt(id, attempt, failure, true);
                    }
                    // The world knows best whether something happened; it answers at once.
                    _ => self.actions.push(Action::Abandon { unit: id, attempt }),
                }
            }
            _ if unit.resting => {}
            Task::Body(_) | Task::Loop(_) | Task::Race(_) | Task::Gate(_) => {
                let then = Then::Raise { failure: Arc::new(failure), inner: false };
                self.record(Event::Closing { unit: id, then });
            }
            Task::None | Task::Sleep { .. } | Task::Listen(_) | Task::Act(_) if unit.stage != Stage::Opened => {
                self.raise(id, failure);
            }
            Task::None | Task::Sleep { .. } | Task::Listen(_) | Task::Act(_) => {}
        }
    }

    /// The effect of the operation that a unit calls; what is no operation may be repeated.
    pub(super) fn effect(&self, unit: &Unit) -> Effect {
        unit.node(self.plan).and_then(|node| self.plan.effect(node)).unwrap_or(Effect::Read)
    }
}

/// The text that a value is as a key.
fn named_by(value: &Value) -> String {
    if value.holds_secret() { value.key() } else { value.to_string() }
}

/// The question that a unit asks, as long as it is not answered.
pub fn question(plan: &Plan, run: &Run, id: UnitId) -> Option<Question> {
    let unit = run.unit(id)?;
    let (Task::Act(act), Kind::Ask(ask)) = (&unit.task, &unit.node(plan)?.kind) else { return None };
    act.in_flight.then(|| Question {
        run: run.accepted.run.clone(),
        place: run.place(plan, id).into(),
        step: run.step_name(plan, id),
        whom: act.params.get("whom").and_then(Value::as_text).unwrap_or_default().into(),
        params: act.params.clone(),
        answer: ask.answer.clone(),
    })
}

/// What a call is given must be of the types that its operation declares (semantics 7): what the check cannot know before the
/// run, values of `any` and bounds, is found here and not by the far side.
fn fitting(signature: &Signature, params: &Value) -> Result<(), Failure> {
    let misfits = signature.params.iter().flat_map(|field| match params.get(&field.name) {
        None | Some(Value::Unit) if field.default.is_some() || field.shape.may_be_absent() => Vec::new(),
        None => vec![Misfit { path: field.name.to_string(), message: "is missing".to_owned() }],
        Some(value) => {
            let misfits = field.shape.check_answer(value).err().unwrap_or_default();
            misfits.into_iter().map(|misfit| misfit.inside(&field.name)).collect()
        }
    });
    let misfits: Vec<String> = misfits.map(|misfit| misfit.to_string()).collect();
    if misfits.is_empty() {
        return Ok(());
    }
    let message = format!("`{}` was not asked: {}", signature.full_name(), misfits.join("; "));
    Err(Failure::new(FailureKind::ValidationError, message))
}
