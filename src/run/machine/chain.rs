//! Walking the chain of handlers that an error meets (semantics 12 to 26).

use std::sync::Arc;

use super::Machine;
use super::names::Given;
use crate::base::failure::{Failure, Kind as FailureKind};
use crate::base::value::Value;
use crate::lang::plan::{Formula, Handler, HandlerAction, Kind, Link, NodeId, Types};
use crate::run::event::{Choice, Event, Outcome, Role, Then, UnitId};
use crate::run::history::unit::{Awaits, Task, Trouble};

impl Machine<'_> {
    /// Asks the handlers that have not been asked yet.
    pub(super) fn walk(&mut self, id: UnitId) {
        let plan = self.plan;
        let Some(unit) = self.run.unit(id) else { return };
        let Some(trouble) = unit.trouble.as_deref().cloned() else { return };
        match &trouble.awaits {
            Awaits::Nothing => {}
            // Nothing is unwound while the chain is walked: siblings go on (semantics 13).
            Awaits::Notify | Awaits::Alternate | Awaits::Person => return self.advance_beside(id),
            Awaits::Answered(outcome) => return self.alternate_ended(id, &trouble, (**outcome).clone()),
        }
        for link in &plan.chains[trouble.chain.0 as usize][trouble.cursor..] {
            match link {
                Link::Shield(block) if plan.node(*block).shield.has(&trouble.failure.kind) => break,
                Link::Rim(block) if trouble.inner && !plan.node(*block).shield.has(&trouble.failure.kind) => break,
                Link::Shield(_) | Link::Rim(_) => {}
                Link::Handler(handler) => {
                    let handler = &plan.handlers[handler.0 as usize];
                    if self.says_something(id, handler, &trouble) {
                        return;
                    }
                }
            }
        }
        self.record(Event::Chose { unit: id, handler: None, choice: Choice::Unsettled });
        self.fall(id, &trouble.failure, true);
    }

    /// A composite unit goes on with its work beside the walk.
    fn advance_beside(&mut self, id: UnitId) {
        let Some(unit) = self.run.unit(id) else { return };
        let at_rest = unit.trouble.as_ref().is_some_and(|trouble| trouble.at_rest);
        if matches!(unit.task, Task::Body(_)) && !at_rest && unit.is_parallel(self.plan) {
            self.body(id);
        }
    }

    /// Asks one handler; whether it has settled the error, or something is awaited before the walk goes on.
    fn says_something(&mut self, id: UnitId, handler: &Handler, trouble: &Trouble) -> bool {
        let is_run = id == UnitId::RUN;
        let failure = &trouble.failure;
        if !handler.types.has(&failure.kind) {
            return false;
        }
        // A doubt is retried only where it is named (semantics 19).
        if matches!(handler.action, HandlerAction::Retry { .. })
            && failure.kind == FailureKind::OutcomeUnknown
            && !handler.types.name(&failure.kind)
        {
            return false;
        }
        // The run itself cannot be retried, skipped or replaced (semantics 16).
        let acts = matches!(handler.action, HandlerAction::Notify(_) | HandlerAction::Fail { .. });
        if is_run && !acts {
            return false;
        }
        if matches!(handler.action, HandlerAction::SkipItem) && self.turn_round(id).is_none() {
            return false;
        }
        let given = self.given_error(id, trouble);
        if let Some(guard) = &handler.guard {
            let library = self.plan.functions.library();
            let holds = self
                .with_names(id, Some(handler.depth), &given, guard.span.start, |names| guard.evaluate(library, names));
            match holds.and_then(|value| super::names::truth(value, guard)) {
                Ok(true) => {}
                Ok(false) => return false,
                Err(broken) => {
                    self.problem(id, broken.kind.name(), &broken.message);
                    return false;
                }
            }
        }
        let choice = match self.choice(id, handler, trouble, &given) {
            Ok(Some(choice)) => choice,
            Ok(None) => return false,
            Err(broken) => {
                self.problem(id, broken.kind.name(), &broken.message);
                return false;
            }
        };
        self.follow(id, handler, choice, trouble);
        true
    }

    /// What a handler says that is for this error; `None` if it passes it on.
    fn choice(
        &mut self,
        id: UnitId,
        handler: &Handler,
        trouble: &Trouble,
        given: &Given,
    ) -> Result<Option<Choice>, Failure> {
        let compute = |machine: &mut Self, formula: &Formula| {
            let library = machine.plan.functions.library();
            let text = super::names::text_of(formula);
            machine.with_names(id, Some(handler.depth), given, text, |names| formula.evaluate(library, names))
        };
        Ok(Some(match &handler.action {
            HandlerAction::Retry { times, pause } => {
                let times = times.as_ref().map(|times| compute(self, times)).transpose()?;
                let times = times.map(|times| super::names::count_of(&times)).transpose()?;
                match self.retry_at(id, handler, times, pause, given, &trouble.failure)? {
                    Some(at) => Choice::Retry { at },
                    None => return Ok(None),
                }
            }
            HandlerAction::Skip(value) => {
                let value = value.as_ref().map_or(Ok(Value::Unit), |value| compute(self, value))?;
                Choice::Skip { value }
            }
            HandlerAction::SkipItem => Choice::SkipItem,
            HandlerAction::Fail { kind, message } => {
                let message = message.as_ref().map(|message| compute(self, message)).transpose()?;
                let failure = match (kind, message) {
                    (None, None) => trouble.failure.clone(),
                    (kind, message) => {
                        let old = &trouble.failure;
                        let text = message.map_or_else(|| old.message.clone(), |message| message.to_string().into());
                        let kind = kind.clone().unwrap_or_else(|| old.kind.clone());
                        Arc::new(Failure::new(kind, text).because((**old).clone()))
                    }
                };
                Choice::Fail { failure }
            }
            HandlerAction::Alternate(_) => Choice::Alternate,
            HandlerAction::Notify(_) => Choice::Notify,
            HandlerAction::Park => Choice::Park,
        }))
    }

    /// Does what a handler said.
    fn follow(&mut self, id: UnitId, handler: &Handler, choice: Choice, trouble: &Trouble) {
        self.record(Event::Chose { unit: id, handler: Some(handler.id), choice: choice.clone() });
        let node = self.run.unit(id).map_or(NodeId(u32::MAX), |unit| unit.node);
        let failure = Some(trouble.failure.clone());
        match choice {
            Choice::Pass | Choice::Park | Choice::Unsettled => {}
            Choice::Notify => {
                let HandlerAction::Notify(call) = handler.action else { return };
                let given = self.error_given(id, &trouble.failure, &trouble.step);
                self.opened(id, call, Role::Notify(handler.id), given.into());
            }
            Choice::Alternate => {
                let given = self.error_given(id, &trouble.failure, &trouble.step);
                self.opened(id, node, Role::Alternate(handler.id), given.into());
            }
            Choice::Retry { at } => {
                // An act is tried again as it is; anything else begins anew (semantics 2, 3).
                let act = self.run.unit(id).is_some_and(|unit| matches!(unit.task, Task::Act(_)));
                if !act {
                    self.record(Event::Closing { unit: id, then: Then::Anew { at } });
                }
            }
            Choice::Skip { value } => {
                let outcome = Outcome::Skipped { output: value, failure };
                self.record(Event::Closing { unit: id, then: Then::Discard { outcome } });
            }
            Choice::SkipItem => {
                let outcome = Outcome::Skipped { output: Value::Unit, failure };
                if let Some(turn) = self.turn_round(id) {
                    self.give_up(turn, outcome);
                }
            }
            Choice::Fail { failure } => self.fall(id, &failure, true),
        }
    }

    /// The turn of the innermost loop round a unit, or the unit itself if it is one. What is done beside a turn, as a
    /// `notify` or an `undo`, cannot give it up.
    fn turn_round(&self, id: UnitId) -> Option<UnitId> {
        let mut next = Some(id);
        while let Some(unit) = next.and_then(|id| self.run.unit(id)) {
            match unit.role {
                Role::Turn(_) => return Some(unit.id),
                Role::Main | Role::Branch(_) | Role::Alternate(_) => next = unit.parent,
                Role::Run | Role::Notify(_) | Role::Undo | Role::Meanwhile(_) | Role::Lifecycle(..) => return None,
            }
        }
        None
    }

    /// An `alternate` has ended: its output stands for the unit's, or its error for the unit's (semantics 21).
    fn alternate_ended(&mut self, id: UnitId, trouble: &Trouble, outcome: Outcome) {
        match outcome {
            Outcome::Completed { .. } | Outcome::Skipped { .. } => {
                let outcome = Outcome::Completed { output: outcome.output() };
                self.record(Event::Closing { unit: id, then: Then::Discard { outcome } });
            }
            Outcome::Failed { failure } => {
                let failure = (*failure).clone().because((*trouble.failure).clone());
                self.fall(id, &Arc::new(failure), true);
            }
            Outcome::Cancelled => self.record(Event::Closing { unit: id, then: Then::End { outcome } }),
        }
    }

    /// Nobody inside has settled an error: the unit decides, absorbs, or fails (semantics 23). `asked`: its own
    /// handlers have been asked.
    pub(super) fn fall(&mut self, id: UnitId, failure: &Arc<Failure>, asked: bool) {
        let failure = self.about(id, failure);
        // What only groups decides nothing: the unit round it does, and all of it comes to rest at once (semantics 27).
        let round = self.run.nearest_unit(self.plan, id);
        if round != id && self.run.unit(round).is_some_and(|unit| unit.trouble.is_none() && unit.closing.is_none()) {
            return self.fall(round, &failure, false);
        }
        let Some(unit) = self.run.unit(id) else { return };
        let failed = Outcome::Failed { failure: failure.clone() };
        let parent = unit.parent.unwrap_or(UnitId::RUN);
        let then = match unit.role {
            Role::Run => Then::Discard { outcome: failed },
            Role::Turn(_) if self.absorbs(parent) => Then::Discard { outcome: failed },
            Role::Branch(_) if self.winnable(parent) => Then::Discard { outcome: failed },
            Role::Main if !asked && self.decides(unit.node) => Then::Raise { failure, inner: true },
            Role::Undo
                if failure.kind == FailureKind::NotFound && unit.given.get("doubt").is_some_and(Value::is_true) =>
            {
                // What may not have happened need not be there (semantics 36).
                Then::End { outcome: Outcome::Completed { output: Value::Unit } }
            }
            Role::Main
            | Role::Turn(_)
            | Role::Branch(_)
            | Role::Alternate(_)
            | Role::Notify(_)
            | Role::Undo
            | Role::Meanwhile(_)
            | Role::Lifecycle(..) => Then::End { outcome: failed },
        };
        match (then, unit.children.is_empty()) {
            (Then::End { outcome }, true) => self.end(id, outcome),
            (then, _) => self.record(Event::Closing { unit: id, then }),
        }
    }

    /// Whether a block has handlers behind it, that are asked when it fails.
    fn decides(&self, node: NodeId) -> bool {
        let node = self.plan.node(node);
        let leaf = matches!(node.kind, Kind::Call { .. } | Kind::Child { .. } | Kind::Ask(_) | Kind::Script(_));
        !leaf && node.shield != Types::None
    }

    /// The failure with the name of the step it is about, for those who meet it further out.
    fn about(&self, id: UnitId, failure: &Arc<Failure>) -> Arc<Failure> {
        if failure.details.contains_key("step") {
            return failure.clone();
        }
        let unit = self.run.unit(id);
        let step = match unit.and_then(|unit| unit.trouble.as_ref()) {
            Some(trouble) => trouble.step.clone(),
            None => self.run.step_name(self.plan, id),
        };
        Arc::new((**failure).clone().detail("step", step))
    }

    fn given_error(&self, id: UnitId, trouble: &Trouble) -> Given {
        let map = self.error_given(id, &trouble.failure, &trouble.step);
        let error = map.get("error").cloned().unwrap_or_default();
        let params = match self.run.unit(id).map(|unit| &unit.task) {
            Some(Task::Act(act)) => act.params.clone(),
            _ => Value::Unit,
        };
        Given { names: vec![("error", error), ("params", params)], ..Given::default() }
    }
}
