//! What is known while the tasks of a plan are written.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::base::value::Value;
use crate::lang::plan::body::Body;
use crate::lang::plan::node::{For, Kind, Race, Runners};
use crate::lang::plan::{Formula, Plan};

/// A plan on its way to being a document.
pub(super) struct Writer<'a> {
    pub plan: &'a Plan,
    /// What is not the same.
    pub notes: Vec<String>,
    /// How many tasks were written.
    pub tasks: usize,
    /// The names of what loops go through: variables of their own in expressions.
    pub items: BTreeSet<Arc<str>>,
    /// What is not the same in the task that is being written.
    pub pending: Vec<String>,
}

impl<'a> Writer<'a> {
    pub fn new(plan: &'a Plan) -> Self {
        let items = plan.nodes.iter().filter_map(|node| match &node.kind {
            Kind::For(For { name, .. }) | Kind::Race(Race { runners: Runners::Items { name, .. }, .. }) => {
                Some(name.clone())
            }
            _ => None,
        });
        Self { plan, notes: Vec::new(), tasks: 0, items: items.collect(), pending: Vec::new() }
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
            tasks.extend(self.node(plan.node(*id)));
        }
        if let Some(output) = &body.output {
            let task = self.setting(output);
            tasks.push(self.finished(result, task));
        }
        tasks
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
