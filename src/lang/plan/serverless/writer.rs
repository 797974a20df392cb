//! What is known while the tasks of a plan are written.

use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use crate::base::value::Value;
use crate::lang::plan::body::Body;
use crate::lang::plan::node::{For, Kind, Race, Runners};
use crate::lang::plan::{Connector, Formula, Operation, Plan};

/// A plan on its way to being a document.
pub(super) struct Writer<'a> {
    pub plan: &'a Plan,
    /// The connectors of the package.
    pub connectors: &'a IndexMap<Arc<str>, Arc<Connector>>,
    /// What is not the same.
    pub notes: Vec<String>,
    /// How many tasks were written.
    pub tasks: usize,
    /// The names of what loops go through: variables of their own in expressions.
    pub items: BTreeSet<Arc<str>>,
    /// What is not the same in the task that is being written.
    pub pending: Vec<String>,
    /// Operations of connectors, each as a task that is called by its name.
    pub functions: Map<String, Json>,
    /// How connectors prove who asks, by their names.
    pub authentications: Map<String, Json>,
    /// Settings of connectors that the document says, by connector.
    pub settings: Map<String, Json>,
    /// Operations that whoever runs the document has to provide.
    pub foreign: BTreeSet<Arc<str>>,
    /// The operation whose own expressions are being written.
    pub called: Option<Called<'a>>,
    /// The loops around, innermost last: the field of `$context` that says that enough was done, where one is needed.
    pub loops: Vec<Option<String>>,
    /// Whether the body that is being written next is a turn as a whole, and what it gives is not kept.
    pub ends_a_turn: bool,
}

/// An operation that a connector declares.
#[derive(Clone, Copy)]
pub(super) struct Called<'a> {
    pub connector: &'a Connector,
    pub operation: &'a Operation,
}

impl<'a> Writer<'a> {
    pub fn new(plan: &'a Plan, connectors: &'a IndexMap<Arc<str>, Arc<Connector>>) -> Self {
        let items = plan.nodes.iter().filter_map(|node| match &node.kind {
            Kind::For(For { name, .. }) | Kind::Race(Race { runners: Runners::Items { name, .. }, .. }) => {
                Some(name.clone())
            }
            _ => None,
        });
        Self {
            plan,
            connectors,
            notes: Vec::new(),
            tasks: 0,
            items: items.collect(),
            pending: Vec::new(),
            functions: Map::new(),
            authentications: Map::new(),
            settings: Map::new(),
            foreign: BTreeSet::new(),
            called: None,
            loops: Vec::new(),
            ends_a_turn: false,
        }
    }

    /// Something that is not the same, of what is called so.
    pub fn note(&mut self, name: &str, text: &str) {
        self.notes.push(format!("`{name}`: {text}"));
    }

    /// The same of the task that is being written.
    pub fn later(&mut self, text: impl Into<String>) {
        self.pending.push(text.into());
    }

    /// A task with what is not the same in it.
    pub fn finished(&mut self, name: &str, mut task: Map<String, Json>) -> Json {
        self.tasks += 1;
        let pending = std::mem::take(&mut self.pending);
        if !pending.is_empty() {
            pending.iter().for_each(|text| self.note(name, text));
            task.insert("metadata".to_owned(), json!({ "todo": pending }));
        }
        json!({ name: task })
    }

    /// The variables of the workflow, as they are at first.
    pub fn variables(&mut self) -> Vec<Json> {
        if self.plan.vars.is_empty() {
            return Vec::new();
        }
        let plan = self.plan;
        let fields = plan.vars.iter().map(|(field, first)| (field.name.clone(), first.clone()));
        let set = self.value(&Formula::Object(fields.collect()));
        let mut task = Map::new();
        task.insert("set".to_owned(), set);
        task.insert("export".to_owned(), kept("vars"));
        vec![self.finished("vars", task)]
    }

    /// The tasks of a body, and a last one with what it gives, under this name.
    pub fn body(&mut self, body: &Body, result: &str) -> Vec<Json> {
        let plan = self.plan;
        let mut tasks: Vec<Json> = Vec::new();
        for id in &body.statements {
            let node = plan.node(*id);
            tasks.extend(self.node(node));
            if node.kind.bodies().iter().any(|body| has_until(plan, body)) && !is_loop(&node.kind) {
                tasks.extend(self.leaves(&node.label));
            }
        }
        if let Some(output) = &body.output {
            let task = self.setting(output);
            tasks.push(self.finished(result, task));
        }
        tasks
    }

    /// Leaves the block if enough was done further in: `then: exit` leads out of the innermost block alone.
    pub fn leaves(&self, label: &str) -> Option<Json> {
        let flag = self.loops.last()?.as_ref()?;
        let when = format!("${{ $context.{flag} }}");
        Some(json!({ format!("{label}_over"): { "switch": [{ "enough": { "when": when, "then": "exit" } }] } }))
    }

    /// A task that gives a value.
    pub fn setting(&mut self, value: &Formula) -> Map<String, Json> {
        let mut task = Map::new();
        // Only an object or an expression can be set.
        let set = match (value, self.whole(value)) {
            (Formula::Object(_) | Formula::Constant(Value::Map(_)), _) | (_, None) => self.value(value),
            (_, Some(jq)) => format!("${{ {jq} }}").into(),
        };
        let set = if set.is_array() { "${ null }".into() } else { set };
        task.insert("set".to_owned(), set);
        task
    }
}

/// Keeps what a task gives in `$context`, under a name.
pub(super) fn kept(name: &str) -> Json {
    json!({ "as": format!("${{ $context + {{ {name}: . }} }}") })
}

/// Whether a node's body runs in turns.
pub(super) fn is_loop(kind: &Kind) -> bool {
    matches!(kind, Kind::For(_) | Kind::While { .. } | Kind::Repeat { .. })
}

/// Whether an `until` in a body ends the loop that the body is part of.
pub(super) fn has_until(plan: &Plan, body: &Body) -> bool {
    body.statements.iter().any(|id| {
        let kind = &plan.node(*id).kind;
        matches!(kind, Kind::Until(_)) || !is_loop(kind) && kind.bodies().iter().any(|inner| has_until(plan, inner))
    })
}

/// Whether such an `until` stands further in than the body itself, or in a `try`.
pub(super) fn has_until_within(plan: &Plan, body: &Body) -> bool {
    let is_within = |kind: &Kind| !is_loop(kind) && kind.bodies().iter().any(|inner| has_until(plan, inner));
    let statements = || body.statements.iter().map(|id| &plan.node(*id).kind);
    statements().any(is_within) || !body.handlers.is_empty() && statements().any(|kind| matches!(kind, Kind::Until(_)))
}
