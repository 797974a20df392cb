//! What a program declares and names here and there: its errors, events, signals, and steps that wait.

use std::collections::BTreeSet;

use crate::lang::Study;
use crate::lang::syntax::ast::{
    Action, Block, ClauseKind, Declaration, HandlerAction, Item, On, Step, TriggerKind, Wait, Workflow,
};

/// Names that stand in a program.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Errors that it raises.
    pub errors: BTreeSet<String>,
    /// Events that it emits, waits for or is started by.
    pub topics: BTreeSet<String>,
    /// Signals that it waits for.
    pub signals: BTreeSet<String>,
    /// Steps that wait or ask.
    pub waiting: BTreeSet<String>,
    /// Who is called.
    pub callees: BTreeSet<String>,
}

impl Names {
    /// The names in a whole program.
    pub fn of(study: &Study) -> Self {
        let mut names = Self::default();
        for tree in study.trees.iter().filter(|tree| !tree.standard) {
            for declaration in &tree.program.declarations {
                match declaration {
                    Declaration::Workflow(workflow) => names.block(&workflow.body),
                    Declaration::Handler(handler) => names.block(&handler.body),
                    _ => {}
                }
            }
        }
        names
    }

    /// The names in one workflow of the program.
    pub fn of_workflow(study: &Study, name: &str) -> Self {
        let mut names = Self::default();
        if let Some(workflow) = workflow(study, name) {
            names.block(&workflow.body);
        }
        names
    }

    fn block(&mut self, block: &Block) {
        for item in &block.items {
            match item {
                Item::Step(step) => self.step(step),
                Item::Fail(fail) => self.error(&fail.kind.text),
                Item::Emit(emit) => {
                    self.topics.insert(emit.topic.text.to_string());
                }
                Item::On(on) => self.on(on),
                Item::Lifecycle(lifecycle) => self.block(&lifecycle.body),
                Item::Trigger(trigger) => {
                    if let TriggerKind::Event(topic) = &trigger.kind {
                        self.topics.insert(topic.text.to_string());
                    }
                }
                _ => {}
            }
        }
    }

    fn error(&mut self, name: &str) {
        if crate::base::failure::Kind::named(name).built_in().is_none() && name != "error" {
            self.errors.insert(name.to_owned());
        }
    }

    fn on(&mut self, on: &On) {
        match &on.action {
            HandlerAction::Alternate(body) => self.block(body),
            HandlerAction::Notify(step) => self.step(step),
            HandlerAction::Fail { kind: Some(kind), .. } => self.error(&kind.text),
            HandlerAction::Fail { kind: None, .. }
            | HandlerAction::Retry(_)
            | HandlerAction::Skip(_)
            | HandlerAction::SkipItem
            | HandlerAction::Park => {}
        }
    }

    fn step(&mut self, step: &Step) {
        match &step.action {
            Action::Call(call) | Action::Start(call) => {
                self.callees.insert(call.callee.dotted());
            }
            Action::Wait(wait) => match wait {
                Wait::Event { topic, .. } => {
                    self.topics.insert(topic.text.to_string());
                }
                Wait::Signal { name } => {
                    self.signals.insert(name.text.to_string());
                }
                Wait::For(_) | Wait::Until(_) => {}
            },
            _ => {}
        }
        if let (Action::Wait(_) | Action::Ask(_), Some(name)) = (&step.action, &step.name) {
            self.waiting.insert(name.text.to_string());
        }
        step.action.bodies().into_iter().for_each(|body| self.block(body));
        for clause in &step.clauses {
            match &clause.kind {
                ClauseKind::On(on) => self.on(on),
                ClauseKind::Undo(undo) => self.step(undo),
                ClauseKind::Remind { body, .. } | ClauseKind::Escalate { body, .. } => self.block(body),
                _ => {}
            }
        }
    }
}

/// A workflow of the program by its name.
pub fn workflow<'s>(study: &'s Study, name: &str) -> Option<&'s Workflow> {
    study.trees.first()?.program.declarations.iter().find_map(|declaration| match declaration {
        Declaration::Workflow(workflow) if &*workflow.name.text == name => Some(workflow),
        _ => None,
    })
}
