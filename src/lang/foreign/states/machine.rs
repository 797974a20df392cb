//! What is known while the states of a machine are written.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::document::{Document, Reads};
use crate::lang::foreign::draft::Draft;
use crate::lang::foreign::source::Source;

/// A state machine on its way to being a workflow.
pub struct Machine<'a> {
    /// The document, for the lines of what is wrong.
    pub source: &'a Source<'a>,
    /// The program.
    pub draft: &'a mut Draft,
    /// What is read of the input.
    pub reads: Reads,
    /// Variables of the workflow, with what is declared of them.
    pub variables: IndexMap<String, &'static str>,
    /// Those that states assign, by the names they have there.
    assigned: IndexMap<String, String>,
    /// What the maps around go through, innermost last.
    pub items: Vec<Item>,
    /// The state that is being written.
    pub state: String,
    /// Whether the input of the machine is that of the workflow.
    pub input_is_near: bool,
    /// The language of its expressions, where a state names none.
    pub query: Query,
    /// That of the state that is being written.
    pub speaks: Query,
    /// Variables of the machine around that may be read here.
    pub outer: Option<BTreeSet<String>>,
    /// Those of them that are read, with the fields of the input that they come by.
    pub passed: IndexMap<String, String>,
    /// What is left to do and has no place yet: comments before the next line.
    pending: Vec<String>,
}

/// A language of expressions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Query {
    /// JSONPath.
    #[default]
    Path,
    /// JSONata.
    Jsonata,
}

impl Query {
    /// What a machine or a state names; what holds around it where it names none.
    pub fn of(json: &Json, around: Self) -> Self {
        match json["QueryLanguage"].as_str() {
            Some("JSONata") => Self::Jsonata,
            Some("JSONPath") => Self::Path,
            _ => around,
        }
    }
}

/// What a map goes through.
#[derive(Clone, Debug)]
pub struct Item {
    /// Where one of them stands in the list.
    pub index: String,
    /// One of them.
    pub value: Document,
}

/// What was written up to some point.
pub struct Snapshot {
    draft: Draft,
    variables: IndexMap<String, &'static str>,
    assigned: IndexMap<String, String>,
    items: Vec<Item>,
}

impl<'a> Machine<'a> {
    /// Before its first state.
    pub fn new(source: &'a Source<'a>, draft: &'a mut Draft, reads: Reads) -> Self {
        Self {
            source,
            draft,
            reads,
            variables: IndexMap::new(),
            assigned: IndexMap::new(),
            items: Vec::new(),
            state: String::new(),
            input_is_near: true,
            query: Query::Path,
            speaks: Query::Path,
            outer: None,
            passed: IndexMap::new(),
            pending: Vec::new(),
        }
    }

    /// Something to be said before the next statement.
    pub fn later(&mut self, text: String) {
        self.pending.push(text);
    }

    /// Says what is pending: comes before each statement, when its values are known.
    pub fn settle(&mut self) {
        let state = self.state.clone();
        std::mem::take(&mut self.pending).iter().for_each(|text| self.draft.todo(&format!("`{state}`: {text}")));
    }

    /// A new variable of the workflow.
    pub fn new_variable(&mut self, wanted: &str, declared: &'static str) -> String {
        let name = self.draft.name(wanted);
        self.variables.insert(name.clone(), declared);
        name
    }

    /// All that is written so far, to come back to.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            draft: self.draft.clone(),
            variables: self.variables.clone(),
            assigned: self.assigned.clone(),
            items: self.items.clone(),
        }
    }

    /// Takes back what was written since.
    pub fn restore(&mut self, before: Snapshot) {
        self.draft.back_to(before.draft);
        self.variables = before.variables;
        self.assigned = before.assigned;
        self.items = before.items;
        self.pending.clear();
    }

    /// The names of variables that states have assigned, here or around.
    pub fn assigned_names(&self) -> BTreeSet<String> {
        self.assigned.keys().chain(self.passed.keys()).cloned().collect()
    }

    /// What stands for a variable that states assign.
    pub fn assigned(&mut self, name: &str) -> String {
        if let Some(known) = self.assigned.get(name) {
            return known.clone();
        }
        if let Some(field) = self.passed.get(name) {
            return format!("input.{field}");
        }
        if let Some(outer) = &self.outer
            && outer.contains(name)
        {
            let field = self.draft.name(name);
            self.passed.insert(name.to_owned(), field.clone());
            return format!("input.{field}");
        }
        self.own_variable(name)
    }

    /// The variable that a state of this machine assigns.
    pub fn own_variable(&mut self, name: &str) -> String {
        if let Some(known) = self.assigned.get(name) {
            return known.clone();
        }
        let own = format!("vars.{}", self.new_variable(name, "any = ()"));
        self.assigned.insert(name.to_owned(), own.clone());
        own
    }
}
